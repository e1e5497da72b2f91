"""Pseudonyms: stable, keyed, apart by kind; and the salt that they hang on."""

import os
import re
import stat
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from insights_backend.enrichment.pseudonyms import Pseudonyms, is_pseudonym
from insights_backend.enrichment.salts import load_or_create_salt, previous_salts, rotate_salt
from insights_backend.errors import ConfigError
from insights_backend.settings.readers import salt

SALT = bytes(range(32))


def test_every_way_of_writing_a_user_has_one_pseudonym() -> None:
    names = Pseudonyms(SALT)
    written = ["user:default/jane", "User:Default/Jane", "user:jane", "jane"]
    assert len({names.user(ref) for ref in written}) == 1
    assert names.user("user:other/jane") != names.user("user:default/jane")


def test_it_is_a_name_of_safe_characters_with_the_key_id_inside() -> None:
    names = Pseudonyms(SALT)
    assert re.fullmatch(r"u_cfvu_[a-z2-7]{32}", names.user("user:default/jane"))
    assert re.fullmatch(r"s_cfvu_[a-z2-7]{32}", names.session("abc"))
    assert re.fullmatch(r"x_cfvu_[a-z2-7]{32}", names.opaque("abc"))


def test_it_is_the_same_in_every_process_for_ever() -> None:
    assert Pseudonyms(SALT).user("user:default/jane") == "u_cfvu_qbwgjgiv7huuckqb4mwj7wsh3gd3dah6"


def test_a_user_a_session_and_a_thing_of_one_text_share_nothing() -> None:
    names = Pseudonyms(SALT)
    assert len({made[7:] for made in (names.user("abc"), names.session("abc"), names.opaque("abc"))}) == 3


def test_a_change_of_salt_shows_and_changes_everything() -> None:
    old, new = (Pseudonyms(salt).user("jane").split("_") for salt in (SALT, SALT[::-1]))
    assert [old[0] == new[0], old[1] == new[1], old[2] == new[2]] == [True, False, False]


def test_a_pseudonym_that_is_named_again_stays_as_it_is() -> None:
    made = Pseudonyms(SALT).user("jane")
    assert Pseudonyms(SALT[::-1]).user(made) == made
    assert Pseudonyms(SALT).session(made) == made


@pytest.mark.parametrize("text", ["u_abcd", "u_abcd_jane", "user:default/jane", "t_abcd_" + "a" * 32, ""])
def test_what_only_begins_like_a_pseudonym_is_none(text: str) -> None:
    assert not is_pseudonym(text)


@given(st.text(alphabet=st.characters(), max_size=40))
def test_any_text_gets_a_pseudonym_even_one_that_is_no_reference(text: str) -> None:
    names = Pseudonyms(SALT)
    assert is_pseudonym(names.user(text))
    assert is_pseudonym(names.session(text + "\ud800"))


def test_a_short_salt_is_refused_without_being_shown() -> None:
    with pytest.raises(ConfigError, match="32 bytes") as caught:
        Pseudonyms(b"hunter2")
    assert "hunter2" not in str(caught.value)


def test_a_salt_that_is_no_text_is_refused_without_a_piece_of_it() -> None:
    """As a variable holds it that was filled from a file of bytes."""
    with pytest.raises(ValueError, match=r"^must be a text of at least 32 bytes in UTF-8$"):
        salt("hunter2" * 5 + "\udc8a")


def test_the_salt_is_made_once_for_its_owner_only(tmp_path: Path) -> None:
    path = tmp_path / "salt"
    made = load_or_create_salt(path, lambda size: b"a" * size)
    assert made == b"61" * 32
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert load_or_create_salt(path, lambda size: b"b" * size) == made
    assert os.listdir(tmp_path) == ["salt"]  # noqa: PTH208 - the names alone are compared


def test_those_who_start_at_once_agree_on_one_salt(tmp_path: Path) -> None:
    with ThreadPoolExecutor(8) as pool:
        salts = list(pool.map(lambda _: load_or_create_salt(tmp_path / "salt", os.urandom), range(16)))
    assert len(set(salts)) == 1


def test_of_two_writers_the_first_wins(tmp_path: Path) -> None:
    path = tmp_path / "salt"

    def slow(size: int) -> bytes:
        path.write_bytes(b"f" * 32)  # another process was faster
        return b"s" * size

    assert load_or_create_salt(path, slow) == b"f" * 32
    assert [item.name for item in tmp_path.iterdir()] == ["salt"]


def test_a_salt_can_be_written_into_the_configuration_and_names_people_as_before(tmp_path: Path) -> None:
    """As where a service on one machine grows to several."""
    made = Pseudonyms(load_or_create_salt(tmp_path / "salt", os.urandom))
    moved = Pseudonyms(salt((tmp_path / "salt").read_text("ascii")).reveal().encode())
    assert moved.user("user:default/jane") == made.user("user:default/jane")


@pytest.mark.parametrize("content", [b"", b"short", b"x" * 33, b"f" * 63])
def test_a_damaged_salt_is_an_error_and_is_left_alone(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "salt"
    path.write_bytes(content)
    with pytest.raises(ConfigError, match="damaged"):
        load_or_create_salt(path, os.urandom)
    assert path.read_bytes() == content


def test_a_salt_that_cannot_be_made_is_an_error_that_names_the_file(tmp_path: Path) -> None:
    path = tmp_path / "missing" / "salt"
    with pytest.raises(ConfigError, match=re.escape(str(path))):
        load_or_create_salt(path, os.urandom)


# --- another salt -------------------------------------------------------------------------------------------------

OLDEST, OLDER, NEW = bytes(32), SALT, SALT[::-1]


def test_a_previous_pseudonym_has_one_name_of_now_the_same_as_what_it_names() -> None:
    names = Pseudonyms(NEW, [OLDEST, OLDER])
    before, later = Pseudonyms(OLDEST), Pseudonyms(OLDER, [OLDEST])
    for made in ("user", "session", "opaque"):
        now = getattr(names, made)("jane")
        assert getattr(names, made)(getattr(before, made)("jane")) == now
        assert getattr(names, made)(getattr(later, made)("jane")) == now
        assert getattr(names, made)(now) == now
    assert names.all_of_user("jane") == (before.user("jane"), later.user("jane"), names.user("jane"))
    assert names.previous_pattern
    for old in (before, later):
        assert re.fullmatch(names.previous_pattern, old.user("jane"))
        assert not re.fullmatch(names.previous_pattern, old.session("jane"))
    assert not re.fullmatch(names.previous_pattern, names.user("jane"))
    assert before.previous_pattern is None


def test_the_old_salt_alone_does_not_tell_the_names_of_now() -> None:
    now = Pseudonyms(NEW, [OLDER]).user("jane")
    assert now not in {Pseudonyms(OLDER).user("jane"), Pseudonyms(NEW).user("jane")}


def test_a_pseudonym_of_nobodys_salt_stays_as_it_is() -> None:
    foreign = Pseudonyms(OLDEST).user("jane")
    assert Pseudonyms(NEW, [OLDER]).all_of_user(foreign) == (foreign,)


def test_the_same_salt_twice_is_refused() -> None:
    with pytest.raises(ConfigError, match="make another"):
        Pseudonyms(NEW, [NEW])


def test_rotating_the_salt_keeps_each_one_before_it(tmp_path: Path) -> None:
    path = tmp_path / "salt"
    first = load_or_create_salt(path, os.urandom)
    assert previous_salts(path) == ()
    rotate_salt(path, os.urandom)
    second = load_or_create_salt(path, os.urandom)
    rotate_salt(path, os.urandom)
    assert previous_salts(path) == (first, second)
    assert load_or_create_salt(path, os.urandom) not in {first, second}
    assert {stat.S_IMODE(file.stat().st_mode) for file in tmp_path.iterdir()} == {0o600}


def test_a_rotation_that_was_cut_short_changes_nothing_and_is_done_by_the_next_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "salt"
    first = load_or_create_salt(path, os.urandom)

    def fail(size: int) -> bytes:
        raise OSError(28, "No space left on device")

    with pytest.raises(ConfigError, match="No space left"):
        rotate_salt(path, fail)
    monkeypatch.setattr(os, "fsync", fail)
    with pytest.raises(ConfigError, match="No space left"):
        rotate_salt(path, os.urandom)
    monkeypatch.undo()
    assert {file.name for file in tmp_path.iterdir()} == {"salt", "salt.1"}
    assert (load_or_create_salt(path, os.urandom), previous_salts(path)) == (first, ())
    rotate_salt(path, os.urandom)
    assert previous_salts(path) == (first,)

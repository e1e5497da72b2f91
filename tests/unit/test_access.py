import os
import sqlite3
import stat
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from pathlib import Path
from typing import cast

import pytest

from insights_backend.access import SCOPES, Scope, TokenInfo, TokenStore
from insights_backend.errors import (
    ConfigError,
    ForbiddenError,
    InvalidParameterError,
    UnauthenticatedError,
    UnavailableError,
)

NOW = 1_795_416_600.0
STRANGER = "ibt_" + "A" * 43


def counting_randomness() -> Callable[[int], bytes]:
    """Bytes that are known beforehand and differ with each call."""
    numbers: Iterator[int] = iter(range(1, 1000))
    return lambda size: next(numbers).to_bytes(size, "big")


@pytest.fixture
def path(tmp_path: Path) -> Path:
    directory = tmp_path / "var"
    directory.mkdir()
    return directory / "tokens.sqlite3"


@pytest.fixture
def store(path: Path) -> TokenStore:
    return TokenStore(path, lambda: NOW, counting_randomness())


def edit(path: Path, statement: str) -> None:
    with closing(sqlite3.connect(path)) as database, database:
        database.execute(statement)


def test_a_token_is_the_prefix_and_the_32_random_bytes(path: Path) -> None:
    store = TokenStore(path, lambda: NOW, lambda size: b"\xff" * size)
    assert store.create("machine-a", "upload") == "ibt_" + "_" * 42 + "8"


def test_a_created_token_verifies_as_what_it_was_created_for(store: TokenStore) -> None:
    first, second = store.create("machine-a", "upload"), store.create("ann", "view")
    assert store.verify(first) == TokenInfo("machine-a", "upload", NOW, None)
    assert store.verify(second) == TokenInfo("ann", "view", NOW, None)


@pytest.mark.parametrize(
    "change",
    [
        lambda _: STRANGER,
        lambda _: "",
        lambda token: token[:-1],
        lambda token: token + "A",
        lambda token: token + "\n",
        lambda token: token.removeprefix("ibt_"),
        lambda token: token.upper(),
        lambda token: token[:-1] + "é",
        lambda token: token * 10_000,
        lambda _: "' OR 1=1 --",
    ],
)
def test_what_is_not_exactly_a_token_of_ours_verifies_as_nothing(
    store: TokenStore, change: Callable[[str], str]
) -> None:
    token = store.create("ann", "view")
    assert store.verify(change(token)) is None


def test_the_list_shows_all_tokens_oldest_first_and_nothing_secret(path: Path) -> None:
    times = iter((NOW, NOW + 1, NOW + 2))
    store = TokenStore(path, lambda: next(times), counting_randomness())
    token = store.create("zoe", "admin")
    store.create("ann", "view")
    store.revoke("zoe")
    assert store.list() == [TokenInfo("zoe", "admin", NOW, NOW + 2), TokenInfo("ann", "view", NOW + 1, None)]
    assert token not in repr(store.list())


def test_the_token_itself_is_nowhere_on_disk(store: TokenStore, path: Path) -> None:
    token = store.create("ann", "view")
    files = list(path.parent.iterdir())
    assert path in files
    assert all(token.removeprefix("ibt_").encode() not in file.read_bytes() for file in files)


def test_a_revoked_token_verifies_no_more_and_the_others_still_do(store: TokenStore) -> None:
    revoked, other = store.create("ann", "view"), store.create("bob", "view")
    assert store.revoke("ann")
    assert store.verify(revoked) is None
    assert store.verify(other) is not None


def test_revoking_says_whether_there_was_a_live_token(store: TokenStore) -> None:
    store.create("ann", "view")
    assert [store.revoke("nobody"), store.revoke("ann"), store.revoke("ann")] == [False, True, False]


def test_a_revocation_through_another_store_on_the_file_holds_at_once(store: TokenStore, path: Path) -> None:
    token = store.create("ann", "view")
    assert store.verify(token) is not None
    assert TokenStore(path, lambda: NOW, os.urandom).revoke("ann")
    assert store.verify(token) is None


def test_tokens_outlive_the_process(store: TokenStore, path: Path) -> None:
    token = store.create("ann", "view")
    assert TokenStore(path, lambda: NOW, os.urandom).verify(token) == TokenInfo("ann", "view", NOW, None)


def test_a_name_is_unique_among_the_live_and_free_again_after_its_revocation(store: TokenStore) -> None:
    first = store.create("ann", "view")
    with pytest.raises(InvalidParameterError, match="live token"):
        store.create("ann", "admin")
    store.revoke("ann")
    second = store.create("ann", "admin")
    assert store.verify(first) is None
    assert store.verify(second) == TokenInfo("ann", "admin", NOW, None)


@pytest.mark.parametrize("name", ["", "a" * 65, "two words", "line\n", "ann\n", "é", "a/b", "user:default/ann"])
def test_a_name_of_other_characters_or_length_is_refused(store: TokenStore, name: str) -> None:
    with pytest.raises(InvalidParameterError, match=r"^name: expected"):
        store.create(name, "view")
    assert store.list() == []


def test_the_name_of_the_services_own_portal_is_not_that_of_one_that_uploads(store: TokenStore) -> None:
    with pytest.raises(InvalidParameterError, match=r"^name: local is what this service calls its own portal; choose"):
        store.create("local", "upload")
    assert store.list() == []
    store.create("local", "view")
    store.create("locals", "upload")


def test_every_allowed_character_makes_a_name(store: TokenStore) -> None:
    for name in ("a", "9", ".", "_", "-", "a" * 64):
        store.create(name, "view")
    assert len(store.list()) == 6


def test_an_unknown_scope_is_refused(store: TokenStore) -> None:
    with pytest.raises(InvalidParameterError, match="upload, view, admin"):
        store.create("ann", cast("Scope", "root"))


@pytest.mark.parametrize(
    ("held", "granted"), [("upload", {"upload"}), ("view", {"view"}), ("admin", {"view", "admin"})]
)
def test_a_scope_grants_its_own_work_and_admin_also_view(store: TokenStore, held: Scope, granted: set[Scope]) -> None:
    token = store.create("ann", held)
    for scope in SCOPES:
        if scope in granted:
            assert store.require(token, scope).scope == held
        else:
            with pytest.raises(ForbiddenError, match=f"scope {scope}; the given one has {held}"):
                store.require(token, scope)


def test_no_token_an_unknown_one_and_a_revoked_one_are_unauthenticated(store: TokenStore) -> None:
    revoked = store.create("ann", "admin")
    store.revoke("ann")
    for token in (None, STRANGER, revoked):
        with pytest.raises(UnauthenticatedError) as caught:
            store.require(token, "view")
        assert token is None or token not in str(caught.value)


def test_only_the_owner_can_read_the_files(store: TokenStore, path: Path) -> None:
    with closing(sqlite3.connect(path)) as reader:
        reader.execute("SELECT 1 FROM tokens").fetchall()
        store.create("ann", "view")
        modes = {file.name: stat.S_IMODE(file.stat().st_mode) for file in path.parent.iterdir()}
    assert modes == dict.fromkeys((path.name, path.name + "-wal", path.name + "-shm"), 0o600)


def test_threads_that_open_and_write_one_file_together_all_succeed(path: Path) -> None:
    def work(number: int) -> TokenInfo | None:
        store = TokenStore(path, lambda: NOW, os.urandom)
        return store.verify(store.create(f"machine-{number}", "upload"))

    with ThreadPoolExecutor(8) as pool:
        found = list(pool.map(work, range(16)))
    assert [info and info.name for info in found] == [f"machine-{number}" for number in range(16)]


def test_of_many_who_create_one_name_exactly_one_succeeds(store: TokenStore) -> None:
    def work(_: int) -> bool:
        try:
            store.create("ann", "view")
        except InvalidParameterError:
            return False
        return True

    with ThreadPoolExecutor(4) as pool:
        assert sum(pool.map(work, range(8))) == 1


def test_a_file_of_a_newer_version_is_left_alone(store: TokenStore, path: Path) -> None:
    edit(path, "PRAGMA user_version = 99")
    with pytest.raises(ConfigError, match="newer version"):
        TokenStore(path, lambda: NOW, os.urandom)


def test_a_migration_that_fails_leaves_nothing_half_done(path: Path) -> None:
    edit(path, "CREATE TABLE tokens_live_name (x)")
    with pytest.raises(ConfigError):
        TokenStore(path, lambda: NOW, os.urandom)
    with closing(sqlite3.connect(path)) as database:
        assert database.execute("PRAGMA user_version").fetchone() == (0,)
        assert database.execute("SELECT name FROM sqlite_master").fetchall() == [("tokens_live_name",)]


def test_a_start_does_without_a_file_that_cannot_be_opened_now(
    store: TokenStore, path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As on a full disk, where the service shall deliver what waits."""
    token = store.create("ann", "view")

    def full(*_: object, **__: object) -> None:
        raise sqlite3.OperationalError("database or disk is full")

    with monkeypatch.context() as disk:
        disk.setattr(sqlite3, "connect", full)
        started = TokenStore(path, lambda: NOW, os.urandom)
        with pytest.raises(UnavailableError):
            started.require(token, "view")
        with pytest.raises(ConfigError, match=r"dataDir: .*another cannot be opened"):
            TokenStore(path.with_name("another"), lambda: NOW, os.urandom)
    assert started.require(token, "view").name == "ann"


def test_a_file_that_cannot_be_made_names_the_setting(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(ConfigError, match=r"dataDir: cannot write .*tokens.sqlite3"):
        TokenStore(tmp_path / "file" / "tokens.sqlite3", lambda: NOW, os.urandom)


@pytest.mark.parametrize("harm", [Path.unlink, lambda path: path.write_bytes(b"no database" * 1000)])
def test_a_file_that_is_lost_or_damaged_lets_nobody_in(
    store: TokenStore, path: Path, harm: Callable[[Path], object]
) -> None:
    token = store.create("ann", "view")
    harm(path)
    with pytest.raises(UnavailableError, match=r"tokens\.sqlite3"):
        store.require(token, "view")


def test_a_lost_file_is_not_made_again_with_open_permissions(store: TokenStore, path: Path) -> None:
    path.unlink()
    with pytest.raises(UnavailableError):
        store.list()
    assert not path.exists()


def test_a_start_with_a_damaged_file_says_which_and_what_to_do(store: TokenStore, path: Path) -> None:
    path.write_bytes(b"no database" * 1000)
    with pytest.raises(ConfigError, match=r"dataDir: .*tokens\.sqlite3 cannot be opened \(DatabaseError\); if it"):
        TokenStore(path, lambda: NOW, os.urandom)

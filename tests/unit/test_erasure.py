import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from insights_backend.audit import AuditLog
from insights_backend.enrichment.pseudonyms import Pseudonyms
from insights_backend.erasure import Erasure, Place
from insights_backend.errors import InvalidEntityRefError, UnavailableError
from insights_backend.model.person import Erased, Person
from tests.fakes import Clock

PSEUDONYMS = Pseudonyms(b"a salt of thirty-two bytes, or so")
JANE = PSEUDONYMS.user("user:default/jane")


class MemoryPlace:
    """A place where a number of events of anybody's are kept, and which can refuse."""

    def __init__(self, events: int = 0, mentions: int = 0, *, down: bool = False) -> None:
        self.kept = Erased(events, mentions)
        self.down = down
        self.asked: list[Person] = []

    def erase(self, person: Person) -> Erased:
        self.asked.append(person)
        if self.down:
            raise UnavailableError("the place is down")
        kept, self.kept = self.kept, Erased()
        return kept

    def about(self, person: Person) -> Iterator[dict[str, Any]]:
        self.asked.append(person)
        if self.down:
            raise UnavailableError("the place is down")
        yield {"user": person.pseudonym, "sessionId": "s", "userMetadata": {"a": 1}, "groups": ["g"], "subject": "/"}
        yield {"user": "u_other", "sessionId": "s", "userMetadata": {"a": 1}, "groups": ["g"], "subject": "/jane"}


def erasure(directory: Path, *places: Place, pseudonyms: Pseudonyms | None = PSEUDONYMS) -> Erasure:
    return Erasure(places, pseudonyms, AuditLog(directory / "audit.log", Clock()))


def audited(directory: Path) -> list[dict[str, object]]:
    return [json.loads(line) for line in (directory / "audit.log").read_bytes().splitlines()]


@pytest.mark.parametrize("ref", ["user:default/jane", "jane", "User:Default/JANE", "default/jane"])
def test_a_person_is_known_by_both_names_however_the_reference_is_written(tmp_path: Path, ref: str) -> None:
    place = MemoryPlace()
    person, _ = erasure(tmp_path, place).erase(ref, None)
    assert place.asked == [person]
    assert (person.pseudonym, str(person.ref)) == (JANE, "user:default/jane")


@pytest.mark.parametrize("pseudonyms", [PSEUDONYMS, None])
def test_a_pseudonym_is_taken_as_it_is(tmp_path: Path, pseudonyms: Pseudonyms | None) -> None:
    person, _ = erasure(tmp_path, pseudonyms=pseudonyms).erase(JANE, None)
    assert person == Person(JANE)


@pytest.mark.parametrize(
    "ref", ["", "component:default/smith", "a:b:c", "user:", "jane smith", PSEUDONYMS.session("smith"), "x" * 600]
)
def test_what_is_no_user_is_refused_without_being_repeated(tmp_path: Path, ref: str) -> None:
    with pytest.raises(InvalidEntityRefError) as refused:
        erasure(tmp_path).erase(ref, None)
    assert "smith" not in str(refused.value)
    assert not (tmp_path / "audit.log").exists()


def test_without_a_salt_a_reference_is_refused_and_the_way_out_is_said(tmp_path: Path) -> None:
    with pytest.raises(InvalidEntityRefError, match="give the pseudonym"):
        erasure(tmp_path, pseudonyms=None).erase("user:default/jane", None)


def test_what_all_places_held_is_counted_together_and_nothing_the_second_time(tmp_path: Path) -> None:
    asked = erasure(tmp_path, MemoryPlace(2, 1), MemoryPlace(30, 10))
    assert [asked.erase("jane", None)[1] for _ in range(2)] == [Erased(32, 11), Erased(0, 0)]


def test_the_audit_log_keeps_who_did_it_and_when_and_not_to_whom(tmp_path: Path) -> None:
    erasure(tmp_path, MemoryPlace(2, 1)).erase("jane", "privacy-office")
    erasure(tmp_path).erase(JANE, None)
    begun, done, *others = audited(tmp_path)
    common = {"at": "2026-11-23T10:00:00.000Z", "action": "erase-user", "by": "privacy-office"}
    common["person"] = Person(JANE).digest
    assert begun == {**common, "outcome": "begun"}
    assert done == {**common, "outcome": "done", "erased": 2, "mentions": 1}
    assert [(entry["by"], entry["person"]) for entry in others] == [(None, common["person"])] * 2
    assert (tmp_path / "audit.log").stat().st_mode & 0o077 == 0


def test_what_could_not_be_finished_is_an_error_and_is_kept_as_such(tmp_path: Path) -> None:
    with pytest.raises(UnavailableError, match="the place is down"):
        erasure(tmp_path, MemoryPlace(2), MemoryPlace(30, down=True)).erase("jane", None)
    entry = audited(tmp_path)[-1]
    assert (entry["outcome"], entry["erased"]) == ("failed", 2)


def test_nothing_is_erased_where_the_audit_log_cannot_be_written(tmp_path: Path) -> None:
    (tmp_path / "audit.log").mkdir()
    place = MemoryPlace(2)
    with pytest.raises(UnavailableError, match=r"audit\.log cannot be written \(IsADirectoryError\)"):
        erasure(tmp_path, place).erase("jane", None)
    assert place.asked == []


def test_what_is_stored_about_a_person_tells_nothing_of_others(tmp_path: Path) -> None:
    own, mention = erasure(tmp_path, MemoryPlace()).export("user:default/jane", "admin-1")
    assert own == {
        "user": JANE, "sessionId": "s", "userMetadata": {"a": 1}, "groups": ["g"], "subject": "/", "isMention": False,
    }  # fmt: skip
    assert mention == {
        "user": None, "sessionId": None, "userMetadata": {}, "groups": [], "subject": "/jane", "isMention": True,
    }  # fmt: skip
    (entry,) = audited(tmp_path)
    assert (entry["action"], entry["by"], entry["person"]) == ("export-user", "admin-1", Person(JANE).digest)
    assert "jane" not in json.dumps(entry)


def test_a_previous_pseudonym_leads_to_all_later_ones(tmp_path: Path) -> None:
    names = Pseudonyms(bytes(32), [b"a salt of thirty-two bytes, or so"])
    place = MemoryPlace()
    person, _ = erasure(tmp_path, place, pseudonyms=names).erase(JANE, None)
    assert person.names == {JANE, names.user("jane")}
    person, _ = erasure(tmp_path, place, pseudonyms=names).erase("jane", None)
    assert {JANE, names.user("jane"), "user:default/jane"} <= person.names


def test_half_an_entry_that_a_full_disk_has_left_takes_no_other_along(tmp_path: Path) -> None:
    log = tmp_path / "audit.log"
    log.write_bytes(b'{"at":"2026-11-23T10:00:00.000Z","acti')
    erasure(tmp_path).erase(JANE, None)
    half, *whole = log.read_bytes().splitlines(keepends=True)
    assert half == b'{"at":"2026-11-23T10:00:00.000Z","acti\n'
    assert [json.loads(line)["outcome"] for line in whole] == ["begun", "done"]

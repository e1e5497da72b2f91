"""A person is taken out of the outbox: out of its rows, and out of the bytes of its files."""

import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from random import Random
from tempfile import TemporaryDirectory

import orjson
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from insights_backend.delivery.destination import DeadLetter
from insights_backend.delivery.dispatcher import Dispatcher
from insights_backend.delivery.outbox import Outbox
from insights_backend.errors import UnavailableError
from insights_backend.model.event_key import digest, keys_of, numbers
from insights_backend.model.person import Erased, Person
from tests.fakes import Clock, MemoryDestination
from tests.records import lines, record

JANE, JOHN = "u_k3vq_" + "a" * 32, "u_k3vq_" + "b" * 32
PERSON = Person(JANE)

THEIRS = record(id="theirs", user=JANE)
MENTION = record(id="mention", user=JOHN, entity=JANE)
OTHER = record(id="other", user=JOHN)


@pytest.fixture
def outbox(tmp_path: Path) -> Iterator[Outbox]:
    with closing(Outbox(tmp_path, max_bytes=10**7, clock=Clock())) as outbox:
        yield outbox


def append(outbox: Outbox, *records: dict[str, object]) -> None:
    outbox.append(lines(*records), events=len(records), received_at=0)


def waiting(outbox: Outbox) -> list[str]:
    batch = outbox.claim(max_events=1000)
    return [orjson.loads(line)["id"] for line in batch.lines.splitlines()] if batch else []


def is_in_files(name: str, directory: Path) -> bool:
    return any(name.encode() in path.read_bytes() for path in directory.iterdir())


rows = st.lists(st.lists(st.sampled_from([THEIRS, MENTION, OTHER]), min_size=1, max_size=3), max_size=5)


@settings(max_examples=10)
@given(requests=rows, letters=rows, claimed=st.integers(0, 4))
def test_all_of_the_person_goes_and_the_sums_stay_right(
    requests: list[list[dict[str, object]]], letters: list[list[dict[str, object]]], claimed: int
) -> None:
    with TemporaryDirectory() as name, closing(Outbox(Path(name), max_bytes=10**7, clock=Clock())) as outbox:
        bury(outbox, letters)
        for request in requests:
            append(outbox, *request)
        outbox.claim(max_events=claimed)
        everything = [event for row in (*requests, *letters) for event in row]
        assert outbox.erase(PERSON) == Erased(everything.count(THEIRS), everything.count(MENTION))
        left = [len(row) - row.count(THEIRS) for row in requests if row.count(THEIRS) < len(row)]
        backlog = outbox.backlog()
        kept = b"".join(iter_claims(outbox))
        assert (backlog.requests, backlog.events, backlog.bytes) == (len(left), sum(left), len(kept))
        assert sum(letter.events for letter in outbox.dead_letters()) == sum(map(len, letters)) - sum(
            row.count(THEIRS) for row in letters
        )
        assert not is_in_files(JANE, Path(name))
        assert outbox.erase(PERSON) == Erased()


def bury(outbox: Outbox, letters: list[list[dict[str, object]]]) -> None:
    append(outbox, OTHER)
    batch = outbox.claim(max_events=1)
    assert batch is not None
    outbox.arrived(batch, [DeadLetter("http_422", len(row), lines(*row)) for row in letters])


def iter_claims(outbox: Outbox) -> Iterator[bytes]:
    while batch := outbox.claim(max_events=1000):
        yield batch.lines
        outbox.arrived(batch)


def test_what_was_delivered_long_ago_is_left_in_no_unused_page(outbox: Outbox, tmp_path: Path) -> None:
    for _ in range(30):
        append(outbox, THEIRS, OTHER)  # too little to be packed
    list(iter_claims(outbox))
    assert is_in_files(JANE, tmp_path)
    assert outbox.erase(PERSON) == Erased()
    assert not is_in_files(JANE, tmp_path)


def test_a_damaged_dead_letter_keeps_nobody_from_being_erased_or_shown(outbox: Outbox, tmp_path: Path) -> None:
    append(outbox, OTHER)
    batch = outbox.claim(max_events=1)
    assert batch is not None
    outbox.arrived(batch, [DeadLetter("damaged", 1, lines(THEIRS).replace(b":", b"\0", 1))])
    append(outbox, THEIRS)
    assert [event["id"] for event in outbox.about(PERSON)] == ["theirs"]
    assert outbox.erase(PERSON) == Erased(events=2)
    assert not is_in_files(JANE, tmp_path)


def test_a_person_goes_from_a_large_request_too(outbox: Outbox) -> None:
    append(outbox, *[OTHER] * 50, THEIRS, MENTION)
    assert outbox.erase(PERSON) == Erased(1, 1)
    kept = b"".join(iter_claims(outbox))
    assert kept.count(b"\n") == 51
    assert JANE.encode() not in kept


def test_the_numbers_of_events_go_with_them(outbox: Outbox) -> None:
    request = lines(THEIRS, OTHER)
    outbox.append(request, events=2, received_at=0, keys=keys_of(request.splitlines()))
    outbox.erase(PERSON)
    batch = outbox.claim(max_events=10)
    assert batch
    assert (batch.events, batch.keys) == (1, None)


def test_a_batch_that_held_something_of_the_persons_stays_that_batch_and_says_what_it_held(outbox: Outbox) -> None:
    held = [OTHER, THEIRS, MENTION]
    append(outbox, OTHER)
    append(outbox, THEIRS, MENTION)
    before = outbox.claim(max_events=10)
    outbox.erase(PERSON)
    after = outbox.claim(max_events=10)
    assert before is not None
    assert after is not None
    assert (after.id, after.digest) == (before.id, digest(numbers(keys_of(lines(*held).splitlines()))))
    assert after.lines == lines(OTHER, {**MENTION, "entity": "[erased]"})
    assert after.events == 2


def test_a_batch_without_them_stays_that_batch(outbox: Outbox) -> None:
    append(outbox, OTHER)
    batch = outbox.claim(max_events=10)
    append(outbox, THEIRS)
    outbox.erase(PERSON)
    assert outbox.claim(max_events=10) == batch


def test_dead_letters_that_are_queued_again_meanwhile_are_met_once(outbox: Outbox) -> None:
    class Meddling(Person):
        def taken_out_of(self, lines: bytes) -> tuple[bytes, Erased]:
            outbox.requeue()
            return super().taken_out_of(lines)

    bury(outbox, [[THEIRS], [THEIRS, OTHER]])
    assert outbox.erase(Meddling(JANE)) == Erased(2, 0)
    assert waiting(outbox) == ["other"]


def test_a_file_that_another_process_reads_is_to_be_rewritten_later(outbox: Outbox, tmp_path: Path) -> None:
    append(outbox, THEIRS)
    outbox._database._db.execute("PRAGMA busy_timeout=0")
    with closing(sqlite3.connect(tmp_path / "outbox.sqlite3", isolation_level=None)) as reader:
        reader.execute("BEGIN")
        reader.execute("SELECT * FROM request").fetchone()
        with pytest.raises(UnavailableError, match="cannot be used"):
            outbox.erase(PERSON)
    outbox.erase(PERSON)
    assert not is_in_files(JANE, tmp_path)


def test_a_damaged_file_that_was_set_aside_is_named_since_it_cannot_be_searched(
    outbox: Outbox, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    (tmp_path / "outbox.sqlite3.damaged-1").touch()
    outbox.erase(PERSON)
    assert "outbox.sqlite3.damaged-1 cannot be searched" in caplog.text


# The dispatcher


Made = tuple[Outbox, MemoryDestination, Dispatcher]


@pytest.fixture
def made(outbox: Outbox) -> Made:
    destination = MemoryDestination()
    dispatcher = Dispatcher(outbox=outbox, destination=destination, monotonic=Clock(), random=Random(1))  # noqa: S311 - spreads retries
    return outbox, destination, dispatcher


def ids(destination: MemoryDestination) -> list[str]:
    return [event["id"] for event in destination.events]


def test_what_is_under_way_arrives_before_the_rest_is_searched(made: Made) -> None:
    outbox, destination, dispatcher = made
    append(outbox, THEIRS)
    outbox.claim(max_events=1)
    append(outbox, THEIRS, OTHER)
    assert dispatcher.erase(PERSON) == Erased(1, 0)
    assert ids(destination) == ["theirs"]


def test_what_nobody_has_begun_to_deliver_leaves_for_no_erasure(made: Made) -> None:
    outbox, destination, dispatcher = made
    append(outbox, THEIRS, OTHER)
    assert dispatcher.erase(PERSON) == Erased(1, 0)
    assert ids(destination) == []
    dispatcher.drain()
    assert ids(destination) == ["other"]


def test_whatever_goes_wrong_with_a_delivery_the_person_is_erased(made: Made, monkeypatch: pytest.MonkeyPatch) -> None:
    outbox, destination, dispatcher = made
    monkeypatch.setattr(destination, "deliver", lambda _: 1 // 0)
    append(outbox, THEIRS, OTHER)
    outbox.claim(max_events=1)
    assert dispatcher.erase(PERSON) == Erased(1, 0)
    assert dispatcher.last_failure == "ZeroDivisionError"


def test_nothing_of_theirs_arrives_afterwards_though_nothing_could_arrive_before(made: Made) -> None:
    outbox, destination, dispatcher = made
    destination.down = True
    append(outbox, THEIRS, OTHER)
    assert dispatcher.erase(PERSON) == Erased(1, 0)
    destination.down = False
    dispatcher.drain()
    assert ids(destination) == ["other"]


def test_what_arrives_later_is_new_and_is_delivered(made: Made) -> None:
    outbox, destination, dispatcher = made
    dispatcher.erase(PERSON)
    append(outbox, THEIRS)
    dispatcher.drain()
    assert ids(destination) == ["theirs"]


def test_nothing_is_erased_while_somebody_else_delivers(made: Made) -> None:
    outbox, _, dispatcher = made
    append(outbox, THEIRS)
    dispatcher.stop(0)  # which also ends its waiting
    with outbox.right_to_deliver(), pytest.raises(UnavailableError, match="try again"):
        dispatcher.erase(PERSON)
    assert outbox.backlog().events == 1

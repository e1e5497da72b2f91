import sqlite3
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from pathlib import Path
from random import Random

import pytest

from insights_backend.delivery.destination import DeadLetter
from insights_backend.delivery.outbox import MAX_BATCH_BYTES, Grave, Outbox
from insights_backend.errors import UnavailableError
from insights_backend.model.event_key import digest, keys_of, numbers
from insights_backend.model.person import Erased, Person
from tests.fakes import NOW, Clock
from tests.outboxes import Open, append
from tests.records import lines, record


def test_what_is_appended_is_claimed_in_order_as_one_batch(outbox: Outbox) -> None:
    append(outbox, b"a\nb\n", 2)
    last = append(outbox, b"c\n")
    batch = outbox.claim(max_events=10)
    assert batch is not None
    assert (batch.lines, batch.events, batch.last_request) == (b"a\nb\nc\n", 3, last)


def test_numbers_of_events_come_along_where_all_are_known(outbox: Outbox) -> None:
    outbox.append(b"a\nb\n", events=2, received_at=7, keys=b"8 bytes.8 bytes,")
    outbox.append(b"c\n", events=1, received_at=7, keys=b"8 bytes;")
    batch = outbox.claim(max_events=2)
    assert batch
    assert batch.keys == b"8 bytes.8 bytes,"
    outbox.arrived(batch)
    append(outbox)
    batch = outbox.claim(max_events=10)
    assert batch
    assert (batch.events, batch.keys) == (2, None)


def test_an_empty_outbox_has_no_batch(outbox: Outbox) -> None:
    assert outbox.claim(max_events=10) is None


def test_a_batch_that_has_not_arrived_is_claimed_again_under_its_id_and_without_newcomers(
    outbox: Outbox,
) -> None:
    append(outbox, b"1\n")
    first = outbox.claim(max_events=10)
    append(outbox, b"2\n")
    assert outbox.claim(max_events=10) == first


def test_a_batch_keeps_its_id_over_a_restart(outbox: Outbox, open_outbox: Open) -> None:
    append(outbox)
    first = outbox.claim(max_events=10)
    assert open_outbox().claim(max_events=10) == first


def test_a_batch_that_arrived_is_gone_and_the_next_has_another_id(outbox: Outbox) -> None:
    append(outbox, b"a\n")
    first = outbox.claim(max_events=10)
    assert first is not None
    append(outbox, b"b\n")
    outbox.arrived(first)
    second = outbox.claim(max_events=10)
    assert second is not None
    assert second.lines == b"b\n"
    assert second.id != first.id


def test_a_batch_ends_before_the_request_that_would_overfill_it(outbox: Outbox) -> None:
    for events in (2, 2, 2):
        append(outbox, b"x\n" * events, events)
    batch = outbox.claim(max_events=5)
    assert batch is not None
    assert batch.events == 4


def test_a_batch_ends_before_the_request_that_would_make_it_too_large(open_outbox: Open) -> None:
    outbox = open_outbox(4 * MAX_BATCH_BYTES)
    large = b"x" * (MAX_BATCH_BYTES // 2 + 1)
    rows = [outbox.append(large, events=1, received_at=0) for _ in range(3)]
    for row in rows:
        batch = outbox.claim(max_events=1000)
        assert batch is not None
        assert (batch.last_request, batch.events) == (row, 1)
        outbox.arrived(batch)


def test_a_request_larger_than_a_batch_is_a_batch_of_its_own(outbox: Outbox) -> None:
    append(outbox, b"x\n" * 9, 9)
    append(outbox)
    batch = outbox.claim(max_events=5)
    assert batch is not None
    assert batch.events == 9


def test_a_full_outbox_refuses_and_keeps_nothing_of_what_it_refused(outbox: Outbox) -> None:
    append(outbox, b"x" * 999 + b"\n")
    with pytest.raises(UnavailableError, match=r"full \(outbox.maxBytes\)"):
        append(outbox)
    assert outbox.backlog().requests == 1
    assert not outbox.is_writable()


def test_there_is_room_again_once_a_batch_has_arrived(outbox: Outbox) -> None:
    append(outbox, b"x" * 999 + b"\n")
    batch = outbox.claim(max_events=1)
    assert batch is not None
    outbox.arrived(batch)
    append(outbox)
    assert outbox.is_writable()


def test_however_often_it_is_asked_whether_the_disk_takes_a_write_it_is_tried_once_a_second(
    open_outbox: Open,
) -> None:
    clock = Clock()
    outbox = open_outbox(clock=clock)
    before = outbox._database._db.total_changes
    assert all(outbox.is_writable() for _ in range(100))
    cost = outbox._database._db.total_changes - before
    clock.now += 1.0
    assert all(outbox.is_writable() for _ in range(100))
    assert outbox._database._db.total_changes - before == 2 * cost > 0


@pytest.mark.parametrize("later", [1.0, 3600.0, -1.0, -3600.0])
def test_a_disk_that_refuses_shows_within_a_second_and_so_does_its_recovery(open_outbox: Open, later: float) -> None:
    clock = Clock()
    outbox = open_outbox(clock=clock)
    seen = [outbox.is_writable()]
    for refuses in ("ON", "OFF"):
        outbox._database._db.execute(f"PRAGMA query_only={refuses}")
        clock.now += later
        seen.append(outbox.is_writable())
    assert seen == [True, False, True]


def test_the_backlog_says_what_waits(outbox: Outbox) -> None:
    assert outbox.backlog().oldest is None
    outbox.append(b"a\nb\n", events=2, received_at=5)
    outbox.append(b"c\n", events=1, received_at=6)
    waiting = outbox.backlog()
    assert (waiting.requests, waiting.events, waiting.bytes, waiting.oldest) == (2, 3, 6, 5)


def test_a_disk_that_refuses_is_an_error_that_can_be_tried_again(outbox: Outbox) -> None:
    (pages,) = outbox._database._db.execute("PRAGMA page_count").fetchone()
    outbox._database._db.execute(f"PRAGMA max_page_count={pages}")
    outbox._max_bytes = 1_000_000
    with pytest.raises(UnavailableError, match=r"cannot be used \(OperationalError\)") as failure:
        append(outbox, Random(1).randbytes(100_000))  # noqa: S311 - what does not pack
    assert failure.value.retry_after > 0
    assert outbox.backlog().requests == 0
    outbox._database._db.execute("PRAGMA max_page_count=1000000")
    append(outbox)


def test_a_lock_that_cannot_be_opened_is_an_error_that_can_be_tried_again(outbox: Outbox, tmp_path: Path) -> None:
    (tmp_path / "outbox.lock").mkdir()
    with pytest.raises(UnavailableError, match=r"cannot be locked \(IsADirectoryError\)"), outbox.right_to_deliver():
        pass


def test_dead_letters_are_kept_by_reason_until_they_are_queued_again(outbox: Outbox) -> None:
    append(outbox, b"a\nb\nc\n", 3)
    batch = outbox.claim(max_events=10)
    assert batch is not None
    letters = [DeadLetter("http_422", 1, b"a\n"), DeadLetter("http_410", 1, b"b\n"), DeadLetter("http_422", 1, b"c\n")]
    outbox.arrived(batch, letters)
    assert outbox.graves() == [Grave("http_410", 1, 1, int(NOW * 1000)), Grave("http_422", 2, 2, int(NOW * 1000))]
    assert list(outbox.dead_letters()) == letters
    assert outbox.requeue() == 3
    assert outbox.graves() == []
    again = outbox.claim(max_events=10)
    assert again is not None
    assert again.lines == b"a\nb\nc\n"


def test_the_right_to_deliver_has_one_holder_among_threads_and_processes(outbox: Outbox, open_outbox: Open) -> None:
    other = open_outbox()
    with outbox.right_to_deliver() as mine, other.right_to_deliver() as theirs, outbox.right_to_deliver() as twice:
        assert (mine, theirs, twice) == (True, False, False)
    with other.right_to_deliver() as theirs:
        assert theirs


def test_threads_append_without_losing_a_request(open_outbox: Open) -> None:
    boxes = [open_outbox(max_bytes=10**6) for _ in range(2)]
    with ThreadPoolExecutor(8) as pool:
        rows = list(pool.map(lambda n: append(boxes[n % 2], b"%d\n" % n), range(100)))
    assert len(set(rows)) == 100
    batch = boxes[0].claim(max_events=1000)
    assert batch is not None
    assert sorted(map(int, batch.lines.split())) == list(range(100))


JANE = "u_abcd_" + "a" * 32
LARGE = lines(*(record(id=f"large-{number}") for number in range(20)))


def damage(directory: Path, row: int, change: Callable[[bytes], bytes]) -> None:
    """Change what lies on the disk, as a disk that fails does."""
    with closing(sqlite3.connect(directory / "outbox.sqlite3")) as database, database:
        ((stored,),) = database.execute("SELECT lines FROM request WHERE id = ?", (row,)).fetchall()
        database.execute("UPDATE request SET lines = ? WHERE id = ?", (change(stored), row))


@pytest.mark.parametrize(
    "change",
    [
        lambda stored: stored[: len(stored) // 2],
        lambda stored: stored + b"x",
        lambda stored: stored[:-20] + bytes([stored[-20] ^ 1]) + stored[-19:],
    ],
    ids=["cut off", "too long", "a bit"],
)
def test_a_request_that_the_disk_has_damaged_goes_to_the_dead_letters_and_the_others_go_on(
    change: Callable[[bytes], bytes], open_outbox: Open, tmp_path: Path
) -> None:
    outbox = open_outbox(10**6)
    rows = [outbox.append(LARGE, events=20, received_at=0) for _ in range(3)]
    damage(tmp_path, rows[1], change)
    outbox.claim(max_events=1000)  # what cannot be read does not arrive
    batch = outbox.claim(max_events=1000)
    assert batch is not None
    assert (batch.events, batch.lines) == (40, LARGE * 2)
    assert [(grave.reason, grave.events) for grave in outbox.graves()] == [("damaged", 20)]
    outbox.arrived(batch)
    assert outbox.backlog().events == 0


def test_a_small_request_that_is_damaged_goes_there_too(open_outbox: Open, tmp_path: Path) -> None:
    outbox = open_outbox()
    rows = [append(outbox) for _ in range(2)]
    damage(tmp_path, rows[0], lambda stored: stored.replace(b'"', b"\0"))
    outbox.claim(max_events=1000)
    batch = outbox.claim(max_events=1000)
    assert batch is not None
    assert (batch.events, batch.last_request) == (1, rows[1])
    assert outbox.graves()[0].reason == "damaged"


@pytest.mark.parametrize("is_known", [True, False], ids=["numbers known", "not known"])
def test_a_batch_that_lost_a_damaged_request_stays_that_batch_and_says_what_it_held_if_that_is_known(
    is_known: bool, open_outbox: Open, tmp_path: Path
) -> None:
    outbox, keys = open_outbox(10**6), keys_of(LARGE.splitlines())
    rows = [outbox.append(LARGE, events=20, received_at=0, keys=keys if is_known else None) for _ in range(2)]
    before = outbox.claim(max_events=1000)
    damage(tmp_path, rows[0], lambda stored: stored[: len(stored) // 2])
    after = outbox.claim(max_events=1000)
    assert before is not None
    assert after is not None
    assert (after.id, after.events) == (before.id, 20)
    assert after.digest == (digest(numbers(keys * 2)) if is_known else None)


def test_a_damaged_request_keeps_nobody_from_being_erased(open_outbox: Open, tmp_path: Path) -> None:
    outbox = open_outbox(10**6)
    row = outbox.append(LARGE, events=20, received_at=0)
    append(outbox, lines(record(user=JANE)))
    damage(tmp_path, row, lambda stored: stored[: len(stored) // 2])
    assert outbox.erase(Person(JANE)) == Erased(events=1)

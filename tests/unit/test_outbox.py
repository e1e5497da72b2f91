import sqlite3
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from insights_backend.delivery.outbox import Outbox
from insights_backend.errors import UnavailableError


@pytest.fixture
def outbox(tmp_path: Path) -> Outbox:
    return Outbox(tmp_path, max_bytes=1000)


def append(outbox: Outbox, lines: bytes = b'{"id":"1"}\n', events: int = 1) -> int:
    return outbox.append(lines, events=events, received_at=7)


def test_what_is_appended_is_claimed_in_order_as_one_batch(outbox: Outbox) -> None:
    append(outbox, b"a\nb\n", 2)
    last = append(outbox, b"c\n")
    batch = outbox.claim(max_events=10)
    assert batch is not None
    assert (batch.lines, batch.events, batch.last_request) == (b"a\nb\nc\n", 3, last)


def test_an_empty_outbox_has_no_batch(outbox: Outbox) -> None:
    assert outbox.claim(max_events=10) is None


def test_a_batch_that_has_not_arrived_is_claimed_again_under_its_id_and_without_newcomers(
    outbox: Outbox,
) -> None:
    append(outbox, b"a\n")
    first = outbox.claim(max_events=10)
    append(outbox, b"b\n")
    assert outbox.claim(max_events=10) == first


def test_a_batch_keeps_its_id_over_a_restart(outbox: Outbox, tmp_path: Path) -> None:
    append(outbox)
    first = outbox.claim(max_events=10)
    assert Outbox(tmp_path, max_bytes=1000).claim(max_events=10) == first


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


def test_the_backlog_says_what_waits(outbox: Outbox) -> None:
    assert outbox.backlog().oldest is None
    outbox.append(b"a\nb\n", events=2, received_at=5)
    outbox.append(b"c\n", events=1, received_at=6)
    waiting = outbox.backlog()
    assert (waiting.requests, waiting.events, waiting.bytes, waiting.oldest) == (2, 3, 6, 5)


def test_a_disk_that_refuses_is_an_error_that_can_be_tried_again(outbox: Outbox, tmp_path: Path) -> None:
    holder = sqlite3.connect(tmp_path / "outbox.sqlite3", isolation_level=None)
    (pages,) = holder.execute("PRAGMA page_count").fetchone()
    outbox._db.execute(f"PRAGMA max_page_count={pages}")
    outbox._max_bytes = 1_000_000
    with pytest.raises(UnavailableError, match=r"cannot be written \(OperationalError\)") as failure:
        append(outbox, b"x" * 100_000)
    assert failure.value.retry_after > 0
    assert outbox.backlog().requests == 0
    outbox._db.execute("PRAGMA max_page_count=1000000")
    append(outbox)


def test_the_right_to_deliver_has_one_holder_among_threads_and_processes(outbox: Outbox, tmp_path: Path) -> None:
    other = Outbox(tmp_path, max_bytes=1000)
    with outbox.right_to_deliver() as mine, other.right_to_deliver() as theirs, outbox.right_to_deliver() as twice:
        assert (mine, theirs, twice) == (True, False, False)
    with other.right_to_deliver() as theirs:
        assert theirs


def test_threads_append_without_losing_a_request(tmp_path: Path) -> None:
    boxes = [Outbox(tmp_path, max_bytes=10**6) for _ in range(2)]
    with ThreadPoolExecutor(8) as pool:
        rows = list(pool.map(lambda n: append(boxes[n % 2], b"%d\n" % n), range(100)))
    assert len(set(rows)) == 100
    batch = boxes[0].claim(max_events=1000)
    assert batch is not None
    assert sorted(map(int, batch.lines.split())) == list(range(100))


def test_the_files_are_for_the_owner_only(tmp_path: Path) -> None:
    Outbox(tmp_path / "new", max_bytes=1)
    assert (tmp_path / "new").stat().st_mode & 0o077 == 0

import sqlite3
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing
from pathlib import Path
from random import Random

import pytest

from insights_backend.delivery.destination import Batch, DeadLetter
from insights_backend.delivery.dispatcher import (
    CATCH_UP_EVENTS,
    LONE_EVENTS,
    OUTAGE_EVENTS,
    PACE,
    Dispatcher,
)
from insights_backend.delivery.outbox import Outbox
from tests.fakes import Clock, MemoryDestination
from tests.process import eventually

BATCH_EVENTS = MemoryDestination.batch_events


class TimedDestination(MemoryDestination):
    """A destination that takes some seconds for a batch."""

    def __init__(self, clock: Clock) -> None:
        super().__init__()
        self.clock = clock
        self.seconds = 0.0
        self.during: Callable[[], object] = lambda: None

    def deliver(self, batch: Batch) -> Sequence[DeadLetter]:
        self.during()
        self.clock.now += self.seconds
        return super().deliver(batch)


class Delivery:
    """An outbox, a destination, and the dispatcher between them, on a clock that tests move."""

    def __init__(self, directory: Path) -> None:
        self.directory = directory
        self.clock = Clock()
        self.outbox = Outbox(directory, max_bytes=10**8, clock=self.clock)
        self.destination = TimedDestination(self.clock)
        self.dispatcher = self.restarted()

    def restarted(self) -> Dispatcher:
        return Dispatcher(
            outbox=self.outbox,
            destination=self.destination,
            monotonic=self.clock,
            random=Random(1),  # noqa: S311 - spreads retries
        )

    def send(self, events: int = 1) -> bool:
        row = self.outbox.append(b'{"id":"x"}\n' * events, events=events, received_at=0)
        return self.dispatcher.offer(row)


@pytest.fixture
def delivery(tmp_path: Path) -> Iterator[Delivery]:
    delivery = Delivery(tmp_path)
    yield delivery
    delivery.outbox.close()


def test_a_lone_requests_events_arrive_before_it_is_answered(delivery: Delivery) -> None:
    assert delivery.send()
    assert delivery.outbox.backlog().requests == 0


def test_requests_in_quick_succession_wait_and_go_together(delivery: Delivery) -> None:
    assert [delivery.send() for _ in range(3)] == [True, False, False]
    delivery.dispatcher.drain()
    assert [batch.events for batch in delivery.destination.batches] == [1, 2]


def test_a_request_after_the_pace_takes_along_what_waits(delivery: Delivery) -> None:
    delivery.send()
    delivery.send()
    delivery.clock.now += PACE
    assert delivery.send()
    assert [batch.events for batch in delivery.destination.batches] == [1, 2]


def test_a_request_does_not_wait_for_a_delivery_by_another(delivery: Delivery) -> None:
    with delivery.outbox.right_to_deliver():
        assert not delivery.send()
    assert delivery.destination.attempts == 0


def test_looking_at_an_empty_outbox_does_not_hold_up_the_next_request(delivery: Delivery) -> None:
    delivery.dispatcher.drain()
    assert delivery.send()


def test_a_failed_delivery_keeps_everything_and_is_repeated_under_the_same_id(delivery: Delivery) -> None:
    delivery.destination.down = True
    assert not delivery.send()
    waiting = delivery.outbox.claim(max_events=1)
    assert waiting is not None
    delivery.destination.down = False
    delivery.dispatcher.drain()
    assert [batch.id for batch in delivery.destination.batches] == [waiting.id]
    assert delivery.outbox.backlog().requests == 0


def test_while_the_destination_fails_requests_do_not_try_it(delivery: Delivery) -> None:
    delivery.destination.down = True
    for _ in range(5):
        assert not delivery.send()
    assert delivery.destination.attempts == 1


def test_a_lock_that_cannot_be_opened_is_a_failed_delivery_and_no_error_of_the_request(
    delivery: Delivery, tmp_path: Path
) -> None:
    (tmp_path / "outbox.lock").mkdir()
    assert not delivery.send()
    assert delivery.dispatcher.failures == 1
    assert delivery.outbox.backlog().requests == 1


def test_what_the_destination_refuses_for_good_is_kept_apart(delivery: Delivery) -> None:
    delivery.destination.refused = [DeadLetter("http_422", 1, b"x\n")]
    assert not delivery.send(), "what was refused has not arrived"
    assert delivery.outbox.backlog().requests == 0
    assert list(delivery.outbox.dead_letters()) == delivery.destination.refused


def test_failures_are_counted_until_one_succeeds(delivery: Delivery) -> None:
    delivery.destination.down = True
    delivery.send()
    delivery.dispatcher.drain()
    assert delivery.dispatcher.failures == 2
    delivery.destination.down = False
    delivery.dispatcher.drain()
    assert delivery.dispatcher.failures == 0


def test_a_drain_goes_on_while_batches_are_full(delivery: Delivery) -> None:
    delivery.destination.down = True
    for _ in range(3):
        delivery.send(BATCH_EVENTS)
    delivery.destination.down = False
    delivery.dispatcher.drain()
    assert [batch.events for batch in delivery.destination.batches] == [BATCH_EVENTS] * 3


def test_after_a_failure_requests_leave_it_to_the_background_thread_however_much_time_has_passed(
    delivery: Delivery,
) -> None:
    delivery.destination.down = True
    delivery.send()
    delivery.clock.now += 3600
    assert not delivery.send()
    assert delivery.destination.attempts == 1


def test_a_long_backlog_is_caught_up_with_in_large_batches(delivery: Delivery) -> None:
    delivery.destination.down = True
    for _ in range(30):
        delivery.send(999)  # no multiple of it fills a batch to the brim
    delivery.destination.down = False
    delivery.dispatcher.drain()
    first, *others = [batch.events for batch in delivery.destination.batches]
    assert first == 999  # the batch that had failed
    assert set(others) == {BATCH_EVENTS // 999 * 999}
    assert delivery.outbox.backlog().events < BATCH_EVENTS


def test_what_an_outage_left_behind_goes_in_small_batches_until_little_of_it_is_left(delivery: Delivery) -> None:
    delivery.destination.down = True
    for _ in range(OUTAGE_EVENTS // 999 + 4):
        delivery.send(999)
    delivery.destination.down = False
    delivery.dispatcher.drain()
    sizes = [batch.events for batch in delivery.destination.batches]
    large = BATCH_EVENTS // 999 * 999
    small = sizes.index(large)
    assert set(sizes[:small]) == {999} == {CATCH_UP_EVENTS // 999 * 999}
    assert set(sizes[small:]) == {large}
    assert small == 4


def test_what_comes_faster_than_small_batches_go_goes_in_large_ones(delivery: Delivery) -> None:
    delivery.destination.down = True
    for _ in range(OUTAGE_EVENTS // 999 + 4):
        delivery.send(999)
    delivery.destination.down = False
    delivery.destination.during = lambda: delivery.send(999)
    delivery.dispatcher.deliver_batch(1)  # and nothing less waits than before
    delivery.dispatcher.drain()
    sizes = [batch.events for batch in delivery.destination.batches]
    assert sizes[:3] == [999, CATCH_UP_EVENTS // 999 * 999, BATCH_EVENTS // 999 * 999]


def test_a_request_that_finds_much_waiting_leaves_it_to_the_background_thread(delivery: Delivery) -> None:
    delivery.send()
    delivery.send(LONE_EVENTS)
    delivery.clock.now += PACE
    assert not delivery.send()
    assert delivery.destination.attempts == 1


def test_after_a_slow_delivery_no_request_waits_until_one_was_quick(delivery: Delivery) -> None:
    delivery.destination.seconds = 2 * PACE
    assert delivery.send()
    assert not delivery.send()
    delivery.destination.seconds = 0.0
    delivery.dispatcher.drain()
    delivery.clock.now += PACE
    assert delivery.send()


def test_a_disk_that_refuses_a_delivery_is_a_failure_and_no_error_of_the_request(delivery: Delivery) -> None:
    """The request's events are kept: were it refused, its sender would send them again."""
    with closing(sqlite3.connect(delivery.directory / "outbox.sqlite3")) as database:
        database.execute("CREATE TRIGGER full BEFORE INSERT ON claim BEGIN SELECT raise(FAIL, 'x'); END")
        assert not delivery.send()
        assert (delivery.dispatcher.failures, delivery.outbox.backlog().events) == (1, 1)
        database.execute("DROP TRIGGER full")
    delivery.dispatcher.drain()
    assert len(delivery.destination.batches) == 1
    assert delivery.dispatcher.failures == 0


def test_a_disk_that_cannot_be_read_is_no_error_of_the_request_that_it_took(delivery: Delivery) -> None:
    row = delivery.outbox.append(b"{}\n", events=1, received_at=0)
    with closing(sqlite3.connect(delivery.directory / "outbox.sqlite3")) as database:
        database.execute("ALTER TABLE backlog RENAME TO elsewhere")
        assert not delivery.dispatcher.offer(row)
        database.execute("ALTER TABLE elsewhere RENAME TO backlog")
    delivery.dispatcher.drain()
    assert len(delivery.destination.batches) == 1


def test_what_has_arrived_but_cannot_be_forgotten_is_delivered_again_under_the_same_id(delivery: Delivery) -> None:
    with closing(sqlite3.connect(delivery.directory / "outbox.sqlite3")) as database:
        database.execute("CREATE TRIGGER full BEFORE DELETE ON request BEGIN SELECT raise(FAIL, 'x'); END")
        assert not delivery.send()
        database.execute("DROP TRIGGER full")
    delivery.dispatcher.drain()
    assert len({batch.id for batch in delivery.destination.batches}) == 1
    assert delivery.outbox.backlog().requests == 0


def test_the_background_thread_delivers_what_an_earlier_process_left(delivery: Delivery) -> None:
    delivery.destination.down = True
    delivery.send()
    delivery.destination.down = False
    delivery.clock.now += 60
    dispatcher = delivery.restarted()
    dispatcher.start()
    try:
        assert eventually(lambda: delivery.outbox.backlog().requests == 0, seconds=5)
    finally:
        dispatcher.stop(5)
    assert len(delivery.destination.batches) == 1


def test_a_stopped_dispatcher_leaves_what_waits_in_the_outbox(delivery: Delivery) -> None:
    delivery.send()
    delivery.send()
    delivery.dispatcher.stop(1)
    delivery.dispatcher.drain()
    assert delivery.outbox.backlog().requests == 1


def test_whatever_a_destination_raises_the_request_is_accepted_and_the_failure_is_told(delivery: Delivery) -> None:
    def broken() -> None:
        raise KeyError("secret")

    delivery.destination.during = broken
    assert not delivery.send()
    assert delivery.outbox.backlog().events == 1
    assert delivery.dispatcher.last_failure == "KeyError"
    delivery.destination.during = lambda: None
    delivery.dispatcher.drain()
    assert delivery.outbox.backlog().events == 0
    assert delivery.dispatcher.last_failure is None

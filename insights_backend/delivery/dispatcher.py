"""Draining the outbox: the one way from disk to destination.

A request that finds little waiting and the destination idle delivers at once, and can answer that its events have
arrived. Under load requests only append, and a background thread delivers a second's worth together, since the
destination wants few, large batches. From a destination that is slow no request waits again, and after a failure only
the thread tries again, at growing intervals.
"""

import logging
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from random import Random
from threading import Event, Thread
from typing import Any

from insights_backend.delivery.destination import Batch, Destination
from insights_backend.delivery.outbox import Outbox
from insights_backend.errors import UnavailableError
from insights_backend.metrics import DELIVERED_EVENTS, DELIVERIES, timed
from insights_backend.model.person import Erased, Person

_log = logging.getLogger(__name__)

PACE = 1.0
"""Seconds between two deliveries under load; a destination that takes longer for one is slow."""

LONE_EVENTS = 1000
"""Up to so many events are delivered by the request that finds them waiting; more would keep it too long."""

OUTAGE_EVENTS = 200_000
"""Where more than so many wait, an outage left most behind: those have time, and the requests of now go first."""

CATCH_UP_EVENTS = 1000
"""How large their batches are: a small one keeps the disk and the processor from requests for a shorter time."""

_CATCH_UP_REST = 2.0  # after each of their batches, as a multiple of the time that it took
_MAX_PAUSE = 30.0  # seconds, after failures
_LOOKS, _SECONDS_A_LOOK = 600, 0.05  # whether the right to deliver is free: for half a minute


class Dispatcher:
    """Delivers what the outbox holds.

    Args:
        outbox: what to drain.
        destination: where to.
        monotonic: a clock that never goes back, in seconds.
        random: draws the pauses after failures.
    """

    def __init__(
        self, *, outbox: Outbox, destination: Destination, monotonic: Callable[[], float], random: Random
    ) -> None:
        self._outbox = outbox
        self._destination = destination
        self._batch_events = destination.batch_events
        self._monotonic = monotonic
        self._random = random
        self._not_before = 0.0
        self._failures = 0
        self._last_failure = ""
        self._is_slow = False
        self._stop = Event()
        self._thread = Thread(target=self._run, name="insights-dispatcher", daemon=True)

    @property
    def failures(self) -> int:
        """How many attempts have failed since the last that did not."""
        return self._failures

    @property
    def last_failure(self) -> str | None:
        """Why the latest attempt failed; None after one that did not."""
        return self._last_failure if self._failures else None

    def start(self) -> None:
        """Begin to drain in the background, with what an earlier process left behind."""
        self._thread.start()

    def stop(self, timeout: float) -> None:
        """End the background thread; what waits stays in the outbox.

        Args:
            timeout: seconds to wait for a delivery under way.
        """
        self._stop.set()
        if self._thread.is_alive():
            self._thread.join(timeout)

    def offer(self, request: int) -> bool:
        """Deliver at once if little waits, and the destination is idle and quick: by the calling thread.

        Args:
            request: the outbox row that the caller appended.

        Returns:
            Whether that request's events have arrived; if not, they will without the caller, or lie among the dead
            letters.
        """
        if self._failures or self._is_slow or self._monotonic() < self._not_before:
            return False
        try:
            waiting = self._outbox.backlog().events
        except UnavailableError:  # they are on disk already, and so accepted
            return False
        batch, refused = (None, 0) if waiting > LONE_EVENTS else self._deliver(self._batch_events)
        return batch is not None and batch.last_request >= request and not refused

    def deliver_batch(self, max_events: int | None = None) -> Batch | None:
        """Deliver one batch, if nobody else is delivering and something waits.

        Args:
            max_events: where it ends, if it was not begun before; by default where the destination likes it to.

        Returns:
            The batch that arrived; None where none did.
        """
        batch, _ = self._deliver(max_events or self._batch_events)
        return batch

    def _deliver(self, max_events: int) -> tuple[Batch | None, int]:
        """Deliver one batch; returns it, and how many of its events were refused for good."""
        delivered: tuple[Batch | None, int] = None, 0
        with self._failure_noted(), self._outbox.right_to_deliver() as mine:
            if mine:
                delivered = self._deliver_next(max_events)
        return delivered

    def _deliver_next(self, max_events: int | None) -> tuple[Batch | None, int]:
        batch = self._outbox.claim(max_events=max_events)
        if batch is None:
            return None, 0
        began = self._monotonic()
        self._not_before = began + PACE
        with timed(DELIVERIES):
            dead_letters = self._destination.deliver(batch)
        self._outbox.arrived(batch, dead_letters)
        refused = sum(letter.events for letter in dead_letters)
        DELIVERED_EVENTS.labels("refused").inc(refused)
        DELIVERED_EVENTS.labels("stored").inc(batch.events - refused)
        self._failures = 0
        self._is_slow = self._monotonic() - began > PACE
        return batch, refused

    def drain(self) -> None:
        """Deliver until less than a batch waits, or one fails; gently what an outage left, while that gets less."""
        waiting, is_growing = self._outbox.backlog().events, False
        while not self._stop.is_set():
            began, is_gentle = self._monotonic(), waiting > OUTAGE_EVENTS and not is_growing
            if self.deliver_batch(CATCH_UP_EVENTS if is_gentle else self._batch_events) is None:
                return
            if is_gentle:
                self._stop.wait(min(PACE, _CATCH_UP_REST * (self._monotonic() - began)))
            before, waiting = waiting, self._outbox.backlog().events
            is_growing = waiting >= before
            if waiting < self._batch_events:
                return

    def erase(self, person: Person) -> Erased:
        """Take a person out of the outbox, while nothing is delivered: what is under way arrives first, if it can.

        Nothing of theirs that has been accepted by now is delivered after this has returned.

        Raises:
            UnavailableError: another thread or process goes on delivering, or the disk refuses; to be done again.
        """
        for _ in range(_LOOKS):
            with self._outbox.right_to_deliver() as mine:
                if mine:
                    with self._failure_noted():
                        self._deliver_next(None)  # what has not been begun can be erased here, and need not leave
                    return self._outbox.erase(person)
            self._stop.wait(_SECONDS_A_LOOK)
        raise UnavailableError("events are being delivered without a pause; try again")

    def about(self, person: Person) -> Iterator[dict[str, Any]]:
        """Yield the events in the outbox that are a person's or name the person, with the place as `storedIn`.

        Raises:
            UnavailableError: the disk refuses.
        """
        return self._outbox.about(person)

    @contextmanager
    def _failure_noted(self) -> Iterator[None]:
        """Go on after a delivery inside the `with` that failed, whatever the reason: the events are on disk."""
        try:
            yield
        except UnavailableError as error:  # the destination, or the disk
            self._failed(str(error))
        except Exception as error:  # noqa: BLE001 - no request and no erasure shall fail since a delivery did
            self._failed(type(error).__name__)

    def _failed(self, reason: str) -> None:
        self._failures += 1
        self._last_failure = reason
        # Full jitter: many senders that an outage stopped must not come back in step.
        pause = self._random.uniform(0, min(_MAX_PAUSE, 2.0**self._failures))
        self._not_before = self._monotonic() + max(PACE, pause)
        _log.warning("delivery failed, attempt %d: %s", self._failures, reason)

    def _run(self) -> None:
        while not self._stop.wait(self._pause()):
            if self._failures and self._monotonic() < self._not_before:
                continue  # a request's attempt has failed meanwhile
            try:
                self.drain()
            except Exception as error:  # noqa: BLE001 - the thread must outlive whatever a disk can do
                _log.error("draining the outbox failed: %s", type(error).__name__)
                self._not_before = self._monotonic() + _MAX_PAUSE

    def _pause(self) -> float:
        """Seconds to the next look: what is left of the pace, or of what a failure holds us off."""
        return max(PACE / 4, self._not_before - self._monotonic())

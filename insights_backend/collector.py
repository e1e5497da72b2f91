"""The collector: takes batches of stored events from the services of other portals."""

import logging
from collections.abc import Callable, Sequence
from math import floor
from threading import Lock
from typing import Any

import orjson

from insights_backend.delivery.destination import Batch
from insights_backend.errors import RateLimitedError
from insights_backend.model.total_users import TotalUsers
from insights_backend.warehouse.engine import WarehouseUnavailableError
from insights_backend.warehouse.events import EventStore
from insights_backend.warehouse.total_users import TotalUsersRecord

_log = logging.getLogger(__name__)

_BURST = 60.0


class Collector:
    """Stores the batches of other instances, each once.

    Args:
        events: where they are stored.
        total_users: where the numbers of people are recorded that come along.
    """

    def __init__(self, events: EventStore, total_users: TotalUsersRecord) -> None:
        self._events = events
        self._total_users = total_users

    def receive(self, instance: str, key: str, events: Sequence[dict[str, Any]], total: TotalUsers | None) -> int:
        """Store a batch; when this returns, its events are stored for good.

        Args:
            instance: the name of the instance that sends; every event gets it.
            key: the instance's own name for the batch. Sent again under it, the batch is stored once.
            events: the validated events.
            total: how many people could use the instance's portal, if it tells.

        Returns:
            The number of events in the batch, so that a batch that comes again gets the same answer.

        Raises:
            DeliveryError: it cannot be stored now; nothing of it was.
        """
        lines = b"".join(
            orjson.dumps({**event, "instance": instance}, option=orjson.OPT_APPEND_NEWLINE) for event in events
        )
        # Instances choose their keys each for itself, so the name of the batch here holds both.
        self._events.deliver(Batch(f"{instance}:{key}", last_request=0, events=len(events), lines=lines))
        if total is not None:
            self._record(instance, total)
        return len(events)

    def _record(self, instance: str, total: TotalUsers) -> None:
        """Record a number, or let it go: the next batch brings it again, and the events of this one are stored."""
        try:
            self._total_users.record(instance, total)
        except WarehouseUnavailableError as error:
            _log.warning("the total users of %s could not be recorded: %s", instance, error)


class EventRate:
    """How many events each instance may send: a token bucket for each, which holds a minute's worth.

    A batch is taken whole while anything is left in the bucket, and what it lacks is a debt that time pays: a batch
    larger than a minute's worth would otherwise never arrive. Each process counts for itself.

    Args:
        per_minute: events a minute; None is no limit.
        monotonic: a clock that never goes back, in seconds.
    """

    def __init__(self, per_minute: int | None, monotonic: Callable[[], float]) -> None:
        self._seconds_an_event = 60.0 / per_minute if per_minute else 0.0
        self._monotonic = monotonic
        # All that must be known of a bucket: when it will be full again. Names are those of tokens, so they are few.
        self._full_at: dict[str, float] = {}
        self._lock = Lock()

    def admit(self, instance: str) -> None:
        """Let an instance that has something left in its bucket go on.

        Raises:
            RateLimitedError: there is nothing left; says when there will be.
        """
        with self._lock:
            over = self._full_at.get(instance, 0.0) - self._monotonic() - _BURST
        if over >= 0:
            raise RateLimitedError(
                "this instance sends more events than it may; wait as long as Retry-After says", floor(over) + 1
            )

    def charge(self, instance: str, events: int) -> None:
        """Take so many events out of an instance's bucket."""
        with self._lock:
            now = self._monotonic()
            self._full_at[instance] = max(self._full_at.get(instance, now), now) + events * self._seconds_an_event

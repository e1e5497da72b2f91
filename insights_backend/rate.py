"""How fast a sender may send."""

from collections.abc import Callable
from math import floor
from threading import Lock

from cachetools import LRUCache

from insights_backend.errors import RateLimitedError

_BURST = 60.0
_MAX_SENDERS = 100_000


class EventRate:
    """How many events each sender may send: a token bucket for each, which holds a minute's worth.

    A batch is taken whole while anything is left in the bucket, and what it lacks is a debt that time pays: a batch
    larger than a minute's worth would otherwise never arrive. Each process counts for itself.

    Args:
        per_minute: events a minute; None is no limit.
        monotonic: a clock that never goes back, in seconds.
    """

    def __init__(self, per_minute: int | None, monotonic: Callable[[], float]) -> None:
        self._seconds_an_event = 60.0 / per_minute if per_minute else 0.0
        self._monotonic = monotonic
        # All that must be known of a bucket: when it will be full again. One that is forgotten is full.
        self._full_at: LRUCache[str, float] = LRUCache(_MAX_SENDERS)
        self._lock = Lock()

    def admit(self, sender: str) -> None:
        """Let a sender that has something left in its bucket go on.

        Raises:
            RateLimitedError: there is nothing left; says when there will be.
        """
        if not self._seconds_an_event:
            return
        with self._lock:
            over = self._full_at.get(sender, 0.0) - self._monotonic() - _BURST
        if over >= 0:
            raise RateLimitedError(
                "this sender sends more events than it may; wait as long as Retry-After says", floor(over) + 1
            )

    def charge(self, sender: str, events: int) -> None:
        """Take so many events out of a sender's bucket."""
        if not self._seconds_an_event:
            return
        with self._lock:
            now = self._monotonic()
            self._full_at[sender] = max(self._full_at.get(sender, now), now) + events * self._seconds_an_event

"""A bounded memory in front of a source that is asked in bulk and may be down."""

import threading
from collections import OrderedDict
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import Future
from dataclasses import dataclass, replace
from typing import Generic, TypeVar

from insights_backend.errors import CatalogUnavailableError
from insights_backend.metrics import CATALOG_LOOKUPS

MAX_STALE = 24 * 3600.0  # how long past its time to live an answer is better than none
HOLD_OFF = 5.0  # how long a source that failed is left alone, so that not every request waits for its timeout

K = TypeVar("K")
V = TypeVar("V")


@dataclass(frozen=True, slots=True)
class Held(Generic[V]):
    """A value, when it was learnt, and whether it is past its time to live.

    Args:
        value: what the source said.
        at: when it said so, by the clock of the memory.
        until: how long it is good.
        stale: whether it is given only because the source is down.
    """

    value: V
    at: float
    until: float
    stale: bool = False


Answers = dict[K, Held[V] | None]
Flight = Future[Answers[K, V]]

_HIT, _MISS, _SHARED, _UNANSWERED = map(CATALOG_LOOKUPS.labels, ("hit", "miss", "shared", "unanswered"))


class ReadThrough(Generic[K, V]):
    """Answers from memory, and asks the source for what is missing: once, however many threads want it.

    Args:
        fetch: asks the source for several keys, and gives a value for each, in their order; it raises
            CatalogUnavailableError when the source is down.
        ttl: seconds for which a value is good.
        max_entries: how many values are kept, those used last.
        clock: the time in seconds; it may jump.
    """

    def __init__(
        self,
        fetch: Callable[[Sequence[K]], Sequence[V]],
        ttl: Callable[[V], float],
        max_entries: int,
        clock: Callable[[], float],
    ) -> None:
        self._fetch = fetch
        self._ttl = ttl
        self._clock = clock
        self._lock = threading.Lock()  # guards all that follows
        # Those used last come last. An LRUCache of cachetools takes several times as long to be asked.
        self._memory: OrderedDict[K, Held[V]] = OrderedDict()
        self._max_entries = max_entries
        self._flights: dict[K, Flight[K, V]] = {}
        self._failed_at: float | None = None
        self.last_failure: CatalogUnavailableError | None = None

    def get(self, keys: Iterable[K]) -> Answers[K, V]:
        """Answer for every key, with at most one call to the source.

        Returns:
            For each key its value, or None while the source is down and nothing is known.
        """
        found, mine, flight, theirs = self._board(dict.fromkeys(keys))
        _count(found, len(mine), len(theirs))
        if flight:
            found |= self._fly(mine, flight)
        if theirs:
            # Only now, with our own flight landed, is it safe to wait for others: nobody can be waiting for us.
            found |= {key: other.result()[key] for key, other in theirs.items()}
        return found

    def _board(self, keys: Iterable[K]) -> tuple[Answers[K, V], list[K], Flight[K, V] | None, dict[K, Flight[K, V]]]:
        """Sort keys: those with an answer; those to be asked for, and a flight of our own for them; others' flights."""
        found: Answers[K, V] = {}
        mine: list[K] = []
        theirs: dict[K, Flight[K, V]] = {}
        with self._lock:
            now = self._clock()
            for key in keys:
                held = self._memory.get(key)
                if held is not None and held.at <= now < held.until:
                    self._memory.move_to_end(key)
                    found[key] = held
                elif key in self._flights:
                    theirs[key] = self._flights[key]
                elif self._holds_off(now):
                    found[key] = self._fallback(key, now)
                else:
                    mine.append(key)
            flight: Flight[K, V] | None = None
            if mine:
                flight = Future()
                self._flights.update(dict.fromkeys(mine, flight))
        return found, mine, flight, theirs

    def _fly(self, keys: list[K], flight: Flight[K, V]) -> Answers[K, V]:
        """Ask the source, and let the others know, whatever happens."""
        values: dict[K, V] | None = None
        failure: CatalogUnavailableError | None = None
        try:
            values = dict(zip(keys, self._fetch(keys), strict=True))
        except CatalogUnavailableError as error:
            failure = error
        finally:
            outcome = self._land(keys, values, failure)
            flight.set_result(outcome)
        return outcome

    def _land(self, keys: list[K], values: dict[K, V] | None, failure: CatalogUnavailableError | None) -> Answers[K, V]:
        with self._lock:
            now = self._clock()
            for key in keys:
                del self._flights[key]
            if failure is not None:
                self._failed_at, self.last_failure = now, failure
            if values is None:
                return {key: self._fallback(key, now) for key in keys}
            self._failed_at = self.last_failure = None
            learnt = {key: Held(value, now, now + self._ttl(value)) for key, value in values.items()}
            self._remember(learnt)
            return dict(learnt)

    def _remember(self, learnt: dict[K, Held[V]]) -> None:
        for key, held in learnt.items():
            self._memory[key] = held
            self._memory.move_to_end(key)
        while len(self._memory) > self._max_entries:
            self._memory.popitem(last=False)

    def _holds_off(self, now: float) -> bool:
        return self._failed_at is not None and 0 <= now - self._failed_at < HOLD_OFF

    def _fallback(self, key: K, now: float) -> Held[V] | None:
        held = self._memory.get(key)
        if held is None or now >= held.until + MAX_STALE:
            return None
        self._memory.move_to_end(key)
        return replace(held, stale=True)


def _count(found: Answers[K, V], misses: int, shared: int) -> None:
    unanswered = sum(held is None or held.stale for held in found.values())
    for counter, number in (
        (_HIT, len(found) - unanswered),
        (_UNANSWERED, unanswered),
        (_MISS, misses),
        (_SHARED, shared),
    ):
        if number:
            counter.inc(number)

"""The ids of the events that came last."""

from collections.abc import Callable, Collection
from threading import Lock


class RecentIds:
    """Remembers ids for some time, the latest ones where there are too many.

    They are kept in two generations, of which the older is forgotten as a whole: that costs next to nothing an id.

    Args:
        most: how many ids are remembered, at least half of them.
        seconds: for how long, at least half of it.
        clock: now, in seconds since 1970; it may jump.
    """

    def __init__(self, most: int, seconds: float, clock: Callable[[], float]) -> None:
        self._size = most // 2
        self._age = seconds / 2
        self._clock = clock
        self._lock = Lock()
        self._young: set[str] = set()
        self._old: set[str] = set()
        self._since = clock()

    def known(self, ids: Collection[str]) -> set[str]:
        """Return those of the ids that are remembered."""
        with self._lock:
            self._turn()
            return self._young.intersection(ids) | self._old.intersection(ids)

    def add(self, ids: Collection[str]) -> None:
        """Remember ids."""
        with self._lock:
            self._turn()
            self._young.update(ids)

    def _turn(self) -> None:
        """Begin a new generation when the young one is full, or has come of age."""
        now = self._clock()
        self._since = min(self._since, now)  # a clock that was set back makes nobody forget
        age = now - self._since
        if len(self._young) < self._size and age < self._age:
            return
        self._old = self._young if age < 2 * self._age else set()
        self._young, self._since = set(), now

"""Parts that many records have in common: made once, and cleaned once, however many events come."""

from collections.abc import Callable, Hashable
from typing import Any, Generic, TypeVar

Record = dict[str, Any]
"""An event as it is stored, by the names of the stored event; or a part of one."""

_MOST = 10_000  # keys; when there are more, all are forgotten

K = TypeVar("K", bound=Hashable)
T = TypeVar("T")


class Shared:
    """A part of many records.

    Args:
        part: the part before it is cleaned; nobody changes it any more.
    """

    def __init__(self, part: Record) -> None:
        self._part = part
        self._clean: Record | None = None

    def clean(self, redact: Callable[[Record], Record]) -> Record:
        """Return the part without personal data; who gets it must not change it."""
        if self._clean is None:
            self._clean = redact(self._part)
        return self._clean


class Remembered(Generic[K, T]):
    """What was made for each key, such as an entity, as long as it would be made of the same thing again.

    Args:
        make: makes it, of that thing.
    """

    def __init__(self, make: Callable[[K, Any], T]) -> None:
        self._make = make
        self._made: dict[K, tuple[Any, T]] = {}

    def of(self, key: K, thing: Any) -> T:
        """Return what is made of a thing for a key.

        Args:
            key: such as an entity.
            thing: what is known of it. From the catalog's cache it is mostly the same object, and quickly compared.
        """
        held = self._made.get(key)
        if held is None or held[0] != thing:
            held = thing, self._make(key, thing)
            if len(self._made) >= _MOST:
                self._made.clear()
            self._made[key] = held
        return held[1]

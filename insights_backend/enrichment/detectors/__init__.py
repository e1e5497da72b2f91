"""What personal data and secrets look like: one regular expression each, and a check of what it found.

Every expression is linear in its input: it starts only where a token starts (a look-behind), takes a token
whole (possessive repeats) or takes at most a fixed number of characters. Where it can, it looks ahead at the
first character before all else, which makes it three times as fast. A found text is named by its type;
personal names are found by their field, never by guessing at text.
"""

from collections.abc import Iterable, Iterator, Sequence
from itertools import groupby

from insights_backend.enrichment.detectors import (
    addresses,
    assignments,
    contact,
    credentials,
    numbers,
    people,
    queries,
)
from insights_backend.enrichment.detectors.base import Detector, Found, Hint

__all__ = ["DETECTORS", "Detector", "Found", "find", "find_written"]

DETECTORS = (
    *credentials.DETECTORS,
    *assignments.DETECTORS,
    *contact.EMAIL,
    *addresses.DETECTORS,
    *numbers.DETECTORS,
    *contact.PHONE,
    *people.DETECTORS,
    *queries.DETECTORS,
)
"""Every detector, the surest first: where two find the same text, the first one names it."""

_WRITTEN = (*assignments.DETECTORS, addresses.IPV6, *queries.DETECTORS)


def _by_hint(detectors: Sequence[Detector]) -> list[tuple[Hint, tuple[Detector, ...]]]:
    return [(hint, tuple(those)) for hint, those in groupby(detectors, key=lambda d: d.hint)]


_ALL_BY_HINT, _WRITTEN_BY_HINT = _by_hint(DETECTORS), _by_hint(_WRITTEN)


def find(text: str) -> Iterator[Found | None]:
    """Yield everything in a text that must not stay, references to users first, and None for each refused candidate.

    Args:
        text: plain text, any escapes already undone; about 20 µs for a line, linear in its length.
    """
    lower = text.lower()
    if people.REF_HINT(lower):
        yield from people.user_refs(text)
    yield from _found(_ALL_BY_HINT, text, lower)


def find_written(text: str) -> Iterator[Found | None]:
    """Yield in the same way what must be seen as it is written: an escaped `&` does not end the value of a key."""
    return _found(_WRITTEN_BY_HINT, text, text.lower())


def _found(by_hint: Iterable[tuple[Hint, tuple[Detector, ...]]], text: str, lower: str) -> Iterator[Found | None]:
    for hint, detectors in by_hint:
        if hint(lower):
            for detector in detectors:
                yield from detector.find(text)

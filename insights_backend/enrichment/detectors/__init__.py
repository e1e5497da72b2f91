"""What personal data and secrets look like: one regular expression each, and a check of what it found.

Every expression is linear in its input: it starts only where a token starts (a look-behind), takes a token
whole (possessive repeats) or takes at most a fixed number of characters. Where it can, it looks ahead at the
first character before all else, which makes it three times as fast. A found text is named by its type;
personal names are found by their field, never by guessing at text.
"""

from collections.abc import Callable, Iterator, Sequence
from itertools import groupby

from insights_backend.enrichment.detectors import (
    addresses,
    assignments,
    credentials,
    emails,
    numbers,
    people,
    phones,
    queries,
)
from insights_backend.enrichment.detectors.base import Detector, Found, Hint

__all__ = ["DETECTORS", "Detector", "Found", "Look", "looks"]

DETECTORS = (
    *credentials.DETECTORS,
    *assignments.DETECTORS,
    *emails.DETECTORS,
    *addresses.DETECTORS,
    *numbers.DETECTORS,
    *phones.DETECTORS,
    *people.DETECTORS,
    *queries.DETECTORS,
)
"""Every detector, the surest first: where two find the same text, the first one names it."""

_WRITTEN = (*assignments.DETECTORS, addresses.IPV6, *queries.DETECTORS)

Look = Callable[[str], Iterator[Found | None]]
"""Yields what it finds in a text, and None for each candidate that it refuses."""


def _by_hint(detectors: Sequence[Detector]) -> list[tuple[Hint, list[Look]]]:
    return [(hint, [detector.find for detector in those]) for hint, those in groupby(detectors, key=lambda d: d.hint)]


_ALL_BY_HINT: list[tuple[Hint, list[Look]]] = [(people.REF_HINT, [people.user_refs]), *_by_hint(DETECTORS)]
_WRITTEN_BY_HINT = _by_hint(_WRITTEN)


def looks(text: str, *, written: bool = False) -> list[Look]:
    """Return all that must look at a text, since its sign is there: for references to users first.

    Args:
        text: plain text, any escapes already undone.
        written: only what must see a text as it is written: an escaped `&` does not end the value of a key.
    """
    lower = text.lower()
    return [look for hint, those in (_WRITTEN_BY_HINT if written else _ALL_BY_HINT) if hint(lower) for look in those]

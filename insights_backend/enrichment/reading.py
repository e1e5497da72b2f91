"""The ways in which a text must be read to find everything in it, and all that must look at it."""

from collections.abc import Iterator, Sequence
from typing import NamedTuple

from insights_backend.enrichment.detectors import Found, Look, looks
from insights_backend.enrichment.readable import readable


class Reading(NamedTuple):
    """A text in one way in which it can be read.

    Args:
        text: what is read.
        starts: where in the text as it is written each character began, and the end.
        looks: all that must look at it.
    """

    text: str
    starts: Sequence[int]
    looks: Sequence[Look]

    def find(self) -> Iterator[Found | None]:
        """Yield all that is found, at its place in the text as it is written, and None for each refused candidate."""
        for look in self.looks:
            for found in look(self.text):
                yield found and found._replace(start=self.starts[found.start], end=self.starts[found.end])


def read(text: str) -> list[Reading]:
    """Read a text as people do and, if escapes are undone for that, as it is written: an escaped `&` ends no secret."""
    as_it_is = range(len(text) + 1)
    plain, starts = (text, as_it_is) if text.isascii() and "%" not in text else readable(text)
    first = Reading(plain, starts, looks(plain))
    return [first] if plain == text or "%" not in text else [first, Reading(text, as_it_is, looks(text, written=True))]

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
    """Read a text as people do, also with the blanks of its query, and as it is written if escapes are undone.

    An escaped `&` ends no secret; and a `+` in a query may be a blank, or itself.
    """
    first = _as_people_do(text)
    readings = [first]
    if "+" in text and (with_blanks := _with_blanks(text)) != text:
        readings.append(_as_people_do(with_blanks))
    if "%" in text and first.text != text:
        readings.append(Reading(text, range(len(text) + 1), looks(text, written=True)))
    return readings


def _as_people_do(text: str) -> Reading:
    is_plain = text.isascii() and "%" not in text
    plain, starts = (text, range(len(text) + 1)) if is_plain else readable(text)
    return Reading(plain, starts, looks(plain))


def _with_blanks(text: str) -> str:
    """Put blanks for the `+` behind a `?`, as the URL Standard reads a form; one that is meant is an escape there."""
    page, mark, query = text.partition("?")
    return f"{page}{mark}{query.replace('+', ' ')}"

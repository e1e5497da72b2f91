"""The ways in which a text must be read to find everything in it, and all that must look at it."""

from collections.abc import Iterator, Sequence
from typing import NamedTuple

from insights_backend.enrichment.detectors import Found, Look, looks
from insights_backend.enrichment.detectors.emails import PLAIN
from insights_backend.enrichment.readable import readable, without_marks

_PLUS = "\0"  # stands in no text by people; one that does is read like a plus


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

    An escaped `&` ends no secret; and a `+` in a query may be a blank, or itself. Mail addresses are also sought
    without marks.
    """
    marked = _with_pluses_marked(text) if "+" in text else text
    is_plain = marked.isascii() and "%" not in marked
    plain, starts = (marked, range(len(text) + 1)) if is_plain else readable(marked)
    ways = [plain] if marked == text else [plain.replace(_PLUS, "+"), plain.replace(_PLUS, " ")]
    readings = [Reading(way, starts, looks(way)) for way in ways]
    if "@" in ways[0] and (bare := without_marks(ways[0], starts))[0] != ways[0]:
        readings.append(Reading(*bare, [PLAIN.find]))
    if "%" in text and ways[0] != text:
        readings.append(Reading(text, range(len(text) + 1), looks(text, written=True)))
    return readings


def _with_pluses_marked(text: str) -> str:
    """Mark each `+` behind a `?`, before an escaped one, which is itself, becomes another: escapes are undone once."""
    page, mark, query = text.partition("?")
    return f"{page}{mark}{query.replace('+', _PLUS)}"

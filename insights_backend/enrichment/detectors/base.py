"""What a detector is, and what it finds."""

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import NamedTuple

Span = tuple[int, int]
Match = re.Match[str]

AT = re.compile("@")
"""The hint of an address or a URL's user."""

SEVEN_DIGITS = re.compile(r"\d(?:[^\d]{0,3}\d){6}")
"""The hint of a number that is long enough to be somebody's."""

_LONGEST_NUMBER = 64  # an IBAN with a separator after each character


class Found(NamedTuple):
    """A piece of text that must not stay.

    Args:
        label: its type, such as `email`.
        start: index of its first character.
        end: index after its last character.
        ref: the user that it names, when it is a reference to one.
    """

    label: str
    start: int
    end: int
    ref: str | None = None


def captured(match: Match) -> Span | None:
    """Return where the group that matched stands, or the whole match."""
    return match.span(match.lastindex or 0)


def whole(match: Match) -> Span | None:
    """Return where the whole match stands."""
    return match.span()


def _resume(match: Match, span: Span | None) -> int:
    """Return where to look on: inside a refused candidate, but only a short one, to keep growth linear."""
    if span is not None:
        return span[1]
    return match.end() if match.end() - match.start() > _LONGEST_NUMBER else match.start() + 1


@dataclass(frozen=True, slots=True)
class Detector:
    """One way in which one type of data shows itself.

    Args:
        label: the type that replaces what is found.
        hint: matches somewhere in every text in which the pattern could; cheap, and shared where it can be.
        pattern: matches candidates; what is to be replaced is its last group, or all of it.
        check: returns where the data stands in a candidate, or None when it is something else.
    """

    label: str
    hint: re.Pattern[str]
    pattern: re.Pattern[str]
    check: Callable[[Match], Span | None] = captured

    def find(self, text: str) -> Iterator[Found]:
        """Yield what is found, in order; a candidate that is refused does not hide the next one."""
        match = self.pattern.search(text)
        while match is not None:
            span = self.check(match)
            if span is not None:
                yield Found(self.label, *span)
            match = self.pattern.search(text, max(_resume(match, span), match.start() + 1))

"""What a detector is, and what it finds."""

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import NamedTuple

Span = tuple[int, int]
Match = re.Match[str]

Hint = Callable[[str], object]
"""Tells cheaply, of a text in lower case, whether a pattern could match somewhere in it."""

_LONGEST_NUMBER = 64  # an IBAN with a separator after each character


class Found(NamedTuple):
    """A piece of text that must not stay.

    Args:
        rule: which detector found it, such as `phone/named`.
        start: index of its first character.
        end: index after its last character.
        ref: the user that it names, when it is a reference to one.
    """

    rule: str
    start: int
    end: int
    ref: str | None = None

    @property
    def label(self) -> str:
        """Its type, such as `phone`."""
        return self.rule.partition("/")[0]


def words(first: str, *others: str) -> Hint:
    """Make the hint that one of some words is there; to look for a fixed word is many times faster than a pattern."""
    if not others:
        return lambda text: first in text
    return lambda text: first in text or any(map(text.__contains__, others))


def both(first: Hint, second: Hint) -> Hint:
    """Make the hint that two hints say yes."""
    return lambda text: first(text) and second(text)


AT = words("@")
"""The hint of an address or a URL's user."""

SEVEN_DIGITS: Hint = re.compile(r"\d(?:[^\d]{0,3}\d){6}").search
"""The hint of a number that is long enough to be somebody's."""


LABEL = re.compile(r"\[[a-z]{2,12}\]")
"""What stands where something was found: its type, such as `[phone]`."""

USER_INFO_BEFORE = re.compile(r"://[^\s/?#\"'<>]*\Z")
"""What stands before what belongs to the user of a URL, which has a detector of its own."""


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
        rule: its name: the type that replaces what is found, and after a slash how it shows itself.
        hint: says yes to every text in which the pattern could match; cheap, and shared where it can be.
        pattern: matches candidates; what is to be replaced is its last group, or all of it.
        check: returns where the data stands in a candidate, or None when it is something else.
    """

    rule: str
    hint: Hint
    pattern: re.Pattern[str]
    check: Callable[[Match], Span | None] = captured

    def find(self, text: str) -> Iterator[Found | None]:
        """Yield what is found, in order, and None for a candidate that is refused, which does not hide the next one."""
        match = self.pattern.search(text)
        while match is not None:
            span = self.check(match)
            yield Found(self.rule, *span) if span else None
            match = self.pattern.search(text, max(_resume(match, span), match.start() + 1))

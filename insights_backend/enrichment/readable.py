"""A text as people read it: percent-encoding undone, look-alike characters replaced, invisible ones taken out."""

import re
import unicodedata
from collections.abc import Iterator, Sequence
from functools import cache

_MAX_DECODINGS = 3
_ESCAPES = re.compile(r"((?:%[0-9A-Fa-f]{2})+)")
_ASCII = {f"%{form.format(code)}": chr(code) for code in range(128) for form in ("{:02x}", "{:02X}")}
_LOOKALIKES = {
    **{code: chr(code - 0xFEE0) for code in range(0xFF01, 0xFF5F)},  # full-width forms of ASCII
    **{zero + digit: str(digit) for zero in (0x0660, 0x06F0, 0x0966) for digit in range(10)},  # Arabic, Indic
    **dict.fromkeys(range(0x2010, 0x2016), "-"),
    **dict.fromkeys([0x00A0, 0x1680, *range(0x2000, 0x200B), 0x202F, 0x205F, 0x3000], " "),
    **dict.fromkeys([0x3002, 0xFF61], "."),
    0x2212: "-",
    0xFE6B: "@",
}


# Made when the first text needs them that is not ASCII: to ask for the category of each character takes longer than to
# import most packages.


@cache
def _invisible() -> frozenset[str]:
    selectors = map(chr, range(0xFE00, 0xFE10))  # of the variant of the character before
    return _of_categories("Cf").union(selectors)


@cache
def _marks() -> frozenset[str]:
    return _of_categories("Mn", "Mc", "Me")


@cache
def _replacements() -> dict[int, str | None]:
    return {**_LOOKALIKES, **dict.fromkeys(map(ord, _invisible()))}


@cache
def _unreadable() -> re.Pattern[str]:
    return re.compile(f"[{re.escape(''.join(map(chr, _replacements())))}]")


def _of_categories(*some: str) -> frozenset[str]:
    return frozenset(char for char in map(chr, range(0x80, 0xFFFF)) if unicodedata.category(char) in some)


def readable(text: str) -> tuple[str, Sequence[int]]:
    """Undo percent-encoding (RFC 3986) and look-alikes; also say where each character began, and the end."""
    starts: Sequence[int] = range(len(text) + 1)
    for _ in range(_MAX_DECODINGS):
        if not _ESCAPES.search(text):
            break
        text, places = _decoded(text)
        starts = [*map(starts.__getitem__, places)]
    if text.isascii() or not _unreadable().search(text):
        return text, starts
    return text.translate(_replacements()), _starts_without(_invisible(), text, starts)


def without_marks(text: str, starts: Sequence[int]) -> tuple[str, Sequence[int]]:
    """Take accents and vowel signs that are characters of their own out of what is readable.

    To `re` they are no part of a word. They are one of a name, so that a name must be taken from the text with them.
    """
    if text.isascii() or _marks().isdisjoint(text):
        return text, starts
    marks = _marks()
    return "".join(char for char in text if char not in marks), _starts_without(marks, text, starts)


def _starts_without(chars: frozenset[str], text: str, starts: Sequence[int]) -> Sequence[int]:
    if chars.isdisjoint(text):
        return starts
    return [*(start for start, char in zip(starts, text, strict=False) if char not in chars), starts[-1]]


def _decoded(text: str) -> tuple[str, list[int]]:
    pieces = _ESCAPES.split(text)
    places: list[int] = []
    position = 0
    for index in range(1, len(pieces), 2):
        start = position + len(pieces[index - 1])
        places += range(position, start)
        position = start + len(pieces[index])
        pieces[index] = _ASCII.get(pieces[index]) or _unescaped(pieces[index])
        places += range(start, position, 3) if pieces[index].isascii() else _places(pieces[index], start)
    return "".join(pieces), [*places, *range(position, len(text) + 1)]


def _unescaped(escapes: str) -> str:
    return bytes.fromhex(escapes.replace("%", "")).decode("utf-8", "surrogateescape")


def _places(chars: str, start: int) -> Iterator[int]:
    """Yield where each decoded character began, three for an octet."""
    for char in chars:
        yield start
        start += 3 * len(char.encode("utf-8", "surrogateescape"))

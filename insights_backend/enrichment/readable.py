"""A text as people read it: percent-encoding undone, look-alike characters replaced, invisible ones taken out."""

import re
from collections.abc import Iterable, Sequence
from itertools import repeat

_MAX_DECODINGS = 3
_ESCAPES = re.compile(r"((?:%[0-9A-Fa-f]{2})+)")
_INVISIBLE = frozenset("\u00ad\u200b\u200c\u200d\u2060\ufeff")
_LOOKALIKES = {
    **{code: chr(code - 0xFEE0) for code in range(0xFF01, 0xFF5F)},  # full-width forms of ASCII
    **{zero + digit: str(digit) for zero in (0x0660, 0x06F0, 0x0966) for digit in range(10)},  # Arabic, Indic
    **dict.fromkeys(range(0x2010, 0x2016), "-"),
    **dict.fromkeys([0x00A0, 0x2007, 0x2009, 0x202F, 0x3000], " "),
    **dict.fromkeys([0x3002, 0xFF61], "."),
    0x2212: "-",
    0xFE6B: "@",
}


def readable(text: str) -> tuple[str, Sequence[int]]:
    """Undo percent-encoding (RFC 3986) and look-alikes; also say where each character began, and the end."""
    starts: Sequence[int] = range(len(text) + 1)
    for _ in range(_MAX_DECODINGS):
        if not _ESCAPES.search(text):
            break
        text, places = _decoded(text)
        starts = [starts[place] for place in places]
    if text.isascii():
        return text, starts
    visible = [index for index, char in enumerate(text) if char not in _INVISIBLE]
    plain = "".join(text[index] for index in visible).translate(_LOOKALIKES)
    return plain, [*(starts[index] for index in visible), starts[-1]]


def _decoded(text: str) -> tuple[str, list[int]]:
    pieces = _ESCAPES.split(text)
    places: list[int] = []
    position = 0
    for index in range(1, len(pieces), 2):
        before, escapes = pieces[index - 1], pieces[index]
        places += range(position, position + len(before))
        position += len(before)
        pieces[index] = bytes.fromhex(escapes.replace("%", "")).decode("utf-8", "surrogateescape")
        for width in _widths(pieces[index]):
            places.append(position)
            position += width
    return "".join(pieces), [*places, *range(position, len(text) + 1)]


def _widths(chars: str) -> Iterable[int]:
    """Return how many characters each decoded one took, three an octet."""
    if chars.isascii():
        return repeat(3, len(chars))
    return (3 * len(char.encode("utf-8", "surrogateescape")) for char in chars)

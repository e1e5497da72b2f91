"""The gate before the detectors: one expression that tells of most texts that there is nothing to look at.

It must never let pass what a detector would find; to send on what none finds costs time and nothing else. A text passes
if it consists of short words and the seams between them, has six digits at most, and no word begins as something
does that a detector looks for.
"""

import re
from collections.abc import Callable

from insights_backend.enrichment.detectors.assignments import NAME_WORDS

_SHORT = 64  # to ask google-re2 takes a microsecond

# What may go on after a seam, and so is not seen by its length; see the patterns of `credentials`.
_MADE = (
    r"gl[a-z]{1,5}[-_]|github_pat|xox|xapp|whsec|pypi|dckr|SG\.|sq0|sk-|[rsp]k_|AIza|ya29|GOCSPX|hv[sbr]\.|AT[AC]TT3"
    r"|NRII|lin_|fig[do]_|fo1_|fm[12]|PMAK|sntry|dp\.|atlasv1|eyJ|hooks|webhook|discord|snyk_|pscale_"
)
_MADE_TOO = "ibt_|CFPAT|HRKU"  # to try these is faster than to look at letters that so many words begin with
# A blank may be written as a plus: see `reading`.
_PERSON_START = (
    r"[hH][oO][mM][eE]/|[uU][sS][eE][rR][sS]?[:/]|[sS]ettings/|[sS]ETTINGS/|[dD][oO][cC][uU][mM][eE][nN][tT][sS][ +]"
    r"|[aA][tT][\s+]?[\])}>]|[dD][oO][tT][ +]|[bB][eE][aA][rR][eE][rR][\s+]|[bB][aA][sS][iI][cC][\s+]"
    r"|[tT][oO][kK][eE][nN][\s+]|[aA][cC][cC][eE][sS][sS]_[kK][eE][yY][\s+]"
)
_NUMBER_START = r"\d{1,3}\.\d+\.\d+\.\d|1//0"  # an address, or a token of Google
STARTS = {"gwxpdSskrhAyGNlfPae": _MADE, "hHuUsSdDaAbBtT": _PERSON_START, "0-9": _NUMBER_START, "": _MADE_TOO}
"""How something begins that a detector looks for, by the first characters of that, or by any."""

WORD = 15
"""How long a word can be at most of which nothing need be known."""

_LETTERS = r"À-ɏΑ-ώЀ-ӿぁ-ヿ一-鿿가-힣"  # of other scripts, none of which looks like ASCII to a computer
SEAM = rf"\t\n ,./_()\[\]{{}}<>'\"#&?!;*|^`+${_LETTERS}"
"""What may stand between words, beside a single `-`, and a `:` that does not give a name of JSON its value."""

# The first letter is asked before the whole list: most words begin with none of them.
_START = "|".join(rf"(?=[{first}])(?:{start})" if first else start for first, start in STARTS.items())
_A_WORD = rf"(?!{_START})[A-Za-z0-9]{{1,{WORD}}}+(?![A-Za-z0-9])"
_A_SEAM = rf"[{SEAM}]++|-(?!-|[uU][ +=])|:(?<!\":)(?<!\"[ +]:)(?![^:]{{0,4}}:)"
_PLAIN = re.compile(rf"(?!(?:\D*+\d){{7}})(?:(?:{_A_WORD})?+(?:{_A_SEAM}))*+(?:{_A_WORD})?+")

Gate = Callable[[str], bool]
"""Tells cheaply that no detector can find anything in a text; False means only that they must look."""


def is_plain(text: str) -> bool:
    """Be such a gate, by Python's own expressions."""
    return _PLAIN.fullmatch(text) is not None and not names_a_secret(text)


def names_a_secret(text: str) -> bool:
    """Tell whether a word and a colon are there that could name a secret and give it."""
    return ":" in text and bool(NAME_WORDS(text.lower()))


def fastest() -> Gate:
    """Return the fastest gate: google-re2 takes longer to begin with, and much less for each character."""
    try:
        from insights_backend.enrichment.detectors import gate_re2  # noqa: PLC0415 - only where it is installed
    except ImportError:
        return is_plain
    return lambda text: is_plain(text) if len(text) < _SHORT else gate_re2.is_plain(text)

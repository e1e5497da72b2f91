"""The gate before the detectors: one expression that tells of most texts that there is nothing to look at.

It must never let pass what a detector would find; to send on what none finds costs time and nothing else. A text passes
if it consists of short words and the seams between them, has six digits at most, and no word begins as something
does that a detector looks for.
"""

import re

from insights_backend.enrichment.detectors.assignments import NAME_WORDS

# What may go on after a seam, and so is not seen by its length; see the patterns of `credentials`.
_MADE = (
    r"gl[a-z]{1,5}[-_]|github_pat|xox|xapp|whsec|pypi|dckr|SG\.|sq0|sk-|[rsp]k_|AIza|ya29|GOCSPX|hv[sbr]\.|AT[AC]TT3"
    r"|NRII|lin_|fig[do]_|PMAK|sntry|dp\.|atlasv1|eyJ|hooks|webhook|discord"
)
_PERSON_START = (
    r"[hH][oO][mM][eE]/|[uU][sS][eE][rR][sS]?[:/]|[sS]ettings/|[sS]ETTINGS/|[dD][oO][cC][uU][mM][eE][nN][tT][sS] "
    r"|[aA][tT]\s?[\])}>]|[dD][oO][tT] |[bB][eE][aA][rR][eE][rR]\s|[bB][aA][sS][iI][cC]\s|[tT][oO][kK][eE][nN]\s"
)
_ADDRESS_START = r"\d{1,3}\.\d+\.\d+\.\d"
# The first letter is asked before the whole list: most words begin with none of them.
_STARTS = rf"(?=[gwxpdSskrhAyGNlfPae])(?:{_MADE})|(?=[hHuUsSdDaAbBtT])(?:{_PERSON_START})|(?=[0-9]){_ADDRESS_START}"
_WORD = rf"(?!{_STARTS})[A-Za-z0-9]{{1,15}}+(?![A-Za-z0-9])"
_LETTERS = r"À-ɏΑ-ώЀ-ӿぁ-ヿ一-鿿가-힣"  # of other scripts, none of which looks like ASCII to a computer
_SEAM = rf"[ \t\n,./_()\[\]{{}}<>'\"#&?!;*|^`+${_LETTERS}]++|-(?!-|[uU][ =])|:(?![^:]{{0,4}}:)"
_PLAIN = re.compile(rf"(?!(?:\D*+\d){{7}})(?:(?:{_WORD})?+(?:{_SEAM}))*+(?:{_WORD})?+")


def is_plain(text: str) -> bool:
    """Tell cheaply that no detector can find anything in a text; False means only that they must look."""
    return _PLAIN.fullmatch(text) is not None and not (":" in text and NAME_WORDS(text.lower()))

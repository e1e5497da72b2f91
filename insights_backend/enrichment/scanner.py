"""Replaces in a text what the detectors find, until nothing more is found."""

from collections.abc import Callable, Iterable, Sequence
from itertools import chain, islice

from insights_backend.enrichment.detectors import Found
from insights_backend.enrichment.detectors.gate import Gate, fastest
from insights_backend.enrichment.pseudonyms import is_pseudonym
from insights_backend.enrichment.reading import Reading, read
from insights_backend.metrics import REDACTIONS

NEVER_HASHED = frozenset({"card", "ssn", "credential"})
"""The types of which there are too few not to be tried, or that open something: no user is named by one."""

_LONG_TEXT, _USUAL_READINGS = 1024, 2
_MAX_ROUNDS, _MAX_ROUNDS_OF_LONG_TEXT = 3, 2  # the last one finds nothing more
_MAX_LOOKS, _OF_LENGTH = 36, 4096  # in all rounds: one takes 0.1 ms for 4 KB at most; at shorter ones as many more
_LOOKS_TO_READ, _LOOKS_TO_READ_AGAIN = 4, 10  # that take as long
_MAX_PIECES = 16
_LONGEST_PAGE = 256
_MAX_CANDIDATES = 128  # found or refused: a text of 4 KB by people has a few
_REDACTED = "[redacted]"
_MEMO_SIZE = 8192
_MEMO_TEXT = 256
_GATE = fastest()


class Scanner:
    """Replaces what the detectors find by its type, also behind percent-encoding and look-alike letters.

    Args:
        name_user: gives the pseudonym of a user's entity reference; None leaves references as they are.
        is_plain: tells of most texts that there is nothing to look at.
    """

    def __init__(self, name_user: Callable[[str], str] | None, is_plain: Gate = _GATE) -> None:
        self._name_user = name_user
        self._is_plain = is_plain
        self._clean: set[str] = set()

    def clean(self, text: str) -> str:
        """Return the text without personal data and secrets; cleaning the result changes nothing.

        A text that holds very much of it, or that does not settle because each replacement uncovers something
        else, is replaced as a whole; but of a page that carries a form in its query, the page stays.
        """
        cleaned = self._cleaned(text)
        return self._without_form(text) if cleaned == _REDACTED and "?" in text else cleaned

    def _without_form(self, text: str) -> str:
        page, _, _ = text.partition("?")
        kept = f"{self._cleaned(page[: _LONGEST_PAGE + 1])}?{_REDACTED}"
        return kept if len(page) <= _LONGEST_PAGE and self._cleaned(kept) == kept else _REDACTED

    def _cleaned(self, text: str) -> str:
        if text in self._clean:
            return text
        if self._is_plain(text):
            self._remember(text)
            return text
        readings = read(text)
        for left in reversed(range(_rounds(readings))):
            cleaned = self._replace(text, readings)
            if cleaned == text:
                self._remember(text)
                return text
            if left:
                text, readings = cleaned, read(cleaned)
        return _REDACTED

    def findings(self, text: str) -> list[Found]:
        """Say what `clean` replaces at first, in order, overlaps joined; for people who ask why."""
        readings = read(text)
        everything = _find_everywhere(readings) if _rounds(readings) else None
        if everything is None:
            return [Found("redacted/hostile", 0, len(text))]
        return [found._replace(start=start, end=end) for start, end, found in _merged(everything)]

    def _remember(self, text: str) -> None:
        if len(text) <= _MEMO_TEXT:
            if len(self._clean) >= _MEMO_SIZE:
                self._clean.clear()
            self._clean.add(text)

    def _replace(self, text: str, readings: Sequence[Reading]) -> str:
        parts, position = [], 0
        everything = _find_everywhere(readings)
        pieces = _merged(everything or ())
        if everything is None or len(pieces) > _MAX_PIECES:
            return _REDACTED
        for start, end, found in pieces:
            parts += [text[position:start], self._replacement(found, text[start:end])]
            position = end
        return "".join([*parts, text[position:]])

    def _replacement(self, found: Found, original: str) -> str:
        if found.ref is None:
            REDACTIONS.labels(found.label).inc()
            return f"[{found.label}]"
        name = found.ref.rpartition("/")[2]
        if is_pseudonym(name):
            return name
        return original if self._name_user is None else self._name_user(found.ref)


def _rounds(readings: Sequence[Reading]) -> int:
    """Return how often to look at most.

    At a text that is long, or read in many ways, and shows nearly every sign: once, or not at all.
    """
    length = max(len(reading.text) for reading in readings)
    if length <= _LONG_TEXT and len(readings) <= _USUAL_READINGS:
        return _MAX_ROUNDS
    work = _LOOKS_TO_READ + sum(len(reading.looks) for reading in readings)
    work += _LOOKS_TO_READ_AGAIN * (len(readings) - 1)
    most = _MAX_ROUNDS if length <= _LONG_TEXT else _MAX_ROUNDS_OF_LONG_TEXT
    return min(most, max(_MAX_LOOKS, _MAX_LOOKS * _OF_LENGTH // length) // work)


def _find_everywhere(readings: Sequence[Reading]) -> list[Found] | None:
    """Return all that is found; None where there is too much to look at."""
    looked_at = list(islice(chain.from_iterable(reading.find() for reading in readings), _MAX_CANDIDATES + 1))
    return None if len(looked_at) > _MAX_CANDIDATES else [found for found in looked_at if found]


def _merged(found: Iterable[Found]) -> list[tuple[int, int, Found]]:
    """Join what overlaps; what `_outranks` the rest of what was joined gives it its name."""
    merged: list[tuple[int, int, Found]] = []
    for item in sorted(found, key=lambda f: f.start):
        if merged and item.start < merged[-1][1]:
            start, end, best = merged[-1]
            merged[-1] = (start, max(end, item.end), item if _outranks(item, best) else best)
        else:
            merged.append((item.start, item.end, item))
    return merged


def _outranks(item: Found, best: Found) -> bool:
    """Tell whether one is longer than the other, or is what a user must not be named by."""
    if (item.ref is None) != (best.ref is None):
        other = best if item.ref else item
        if other.label in NEVER_HASHED:
            return other is item
    return item.end - item.start > best.end - best.start

"""How well something finds: precision, recall and F1 by type, false alarms, and what it takes."""

import re
import time
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from typing import NamedTuple

from tests.bench.redaction.samples import Sample, Span

Find = Callable[[str], Iterable[Span]]

_FOUR_PARTS = re.compile(r"(?:^|[^\d.])\d{1,4}(?:\.\d{1,4}){3}(?:$|[^\d.])")
_ROUNDS = 3


class Score(NamedTuple):
    """Of one type: the spans there are, those found whole, and findings that are nothing of that type."""

    there: int
    found: int
    false: int

    @property
    def recall(self) -> float:
        """How much of what is there is found."""
        return self.found / self.there if self.there else 1.0

    @property
    def precision(self) -> float:
        """How much of what is found is there."""
        return self.found / (self.found + self.false) if self.found + self.false else 1.0

    @property
    def f1(self) -> float:
        """The harmonic mean of both."""
        both = self.precision + self.recall
        return 2 * self.precision * self.recall / both if both else 0.0


def scores(find: Find, samples: Sequence[Sample], labels: Iterable[str]) -> dict[str, Score]:
    """Score each type: a span counts as found when findings of its type cover it from begin to end."""
    there, found, false = Counter[str](), Counter[str](), Counter[str]()
    for sample in samples:
        got = list(find(sample.text))
        there.update(span.label for span in sample.spans)
        found.update(span.label for span in sample.spans if any(_covers(one, span) for one in got))
        false.update(one.label for one in got if not any(_touches(one, span) for span in sample.spans))
    return {label: Score(there[label], found[label], false[label]) for label in labels}


def total(of: Iterable[Score]) -> Score:
    """Add scores up."""
    return Score(*(sum(column) for column in zip(*of, strict=True)))


def false_alarms(find: Find, samples: Sequence[Sample]) -> tuple[float, float]:
    """Return in what share of the texts that must stay something is found: but four-part versions, and in these.

    They cannot always be told from addresses.
    """
    stay = [sample.text for sample in samples if not sample.spans]
    versions = [text for text in stay if _FOUR_PARTS.search(text)]
    others = [text for text in stay if not _FOUR_PARTS.search(text)]
    return _share(find, others), _share(find, versions)


def microseconds(work: Callable[[], object], times: int) -> float:
    """Return the processor's time of one piece of work, of which `work` does so many; the best of three rounds."""
    best = float("inf")
    for _ in range(_ROUNDS):
        begin = time.process_time()
        work()
        best = min(best, time.process_time() - begin)
    return best / times * 1e6


def _covers(one: Span, span: Span) -> bool:
    return one.label == span.label and one.start <= span.start and span.end <= one.end


def _touches(one: Span, span: Span) -> bool:
    return one.label == span.label and one.start < span.end and span.start < one.end


def _share(find: Find, texts: Sequence[str]) -> float:
    return sum(any(True for _ in find(text)) for text in texts) / len(texts) if texts else 0.0

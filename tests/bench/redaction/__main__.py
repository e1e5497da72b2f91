"""Measure redaction: what it finds, what it finds wrongly, and how long it takes.

    python -m tests.bench.redaction [FILE] [--seed N] [--each N]

FILE holds labelled samples, JSON lines with `text` and `spans` (`start`, `end`, `type`), or plain lines that must stay.
Without it samples are made up from the seed.
"""

import argparse
from collections.abc import Callable, Sequence
from itertools import count, cycle, islice
from pathlib import Path
from typing import Any

from insights_backend.enrichment.policy import Policy
from insights_backend.enrichment.pseudonyms import Pseudonyms
from insights_backend.enrichment.redactor import Redactor
from insights_backend.enrichment.scanner import Scanner
from tests.bench.redaction import growth, presidio
from tests.bench.redaction.files import read
from tests.bench.redaction.samples import Sample, Span, samples
from tests.bench.redaction.scoring import Find, false_alarms, microseconds, scores, total

_LABELS = ("email", "phone", "ip", "card", "iban", "ssn", "credential", "username")
_COMPARED = _LABELS[:6]
_VALUES = 2000
_EVENTS = 500
_BATCHES = 10


def main() -> None:
    """Print the measurements."""
    arguments = _arguments()
    those = read(arguments.file) if arguments.file else samples(arguments.seed, arguments.each)
    print(f"{arguments.file or f'samples made up from seed {arguments.seed}'}: {len(those)} texts")
    _print_scores("here", _found, those, _LABELS)
    try:
        _print_scores("Presidio", presidio.finder(), those, _COMPARED)
    except ImportError:
        print("Presidio is not installed: pip install --editable '.[bench]'")
    _print_times()
    _print_growth(arguments.seed)


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description="Measure redaction.")
    parser.add_argument("file", nargs="?", type=Path, help="labelled samples; without it they are made up")
    parser.add_argument("--seed", type=int, default=1, help="of the samples that are made up")
    parser.add_argument("--each", type=int, default=500, help="how many of each type")
    return parser.parse_args()


def _found(text: str) -> list[Span]:
    found = Scanner(lambda _: "u_abcd_" + "a" * 32).findings(text)
    return [Span(one.label, one.start, one.end) for one in found]


def _print_scores(name: str, find: Find, those: Sequence[Sample], labels: Sequence[str]) -> None:
    by_label = {label: score for label, score in scores(find, those, labels).items() if score.there or score.false}
    six = total(score for label, score in by_label.items() if label in _COMPARED) if by_label else None
    print(f"\n{name:<12}{'spans':>8}{'precision':>11}{'recall':>9}{'F1':>9}")
    for label, score in [*by_label.items(), *([("all six", six)] if six else [])]:
        print(f"{label:<12}{score.there:>8}{score.precision:>11.4f}{score.recall:>9.4f}{score.f1:>9.4f}")
    others, versions = false_alarms(find, those)
    print(f"false alarms in texts that must stay: {others:.2%}; in four-part versions: {versions:.2%}")
    some = [sample.text for sample in islice(cycle(those), _VALUES // 4)]
    print(f"time for a value of these: {microseconds(lambda: [list(find(text)) for text in some], len(some)):.1f} µs")


def _print_times() -> None:
    texts = [f"/catalog/default/component/petstore-{number}/docs" for number in range(_VALUES)]
    scans = (Scanner(None).clean for _ in range(_VALUES))  # each remembers nothing yet
    known = next(scans)
    first = microseconds(lambda: _each(next(scans), texts), _VALUES)
    again = microseconds(lambda: _each(known, texts), _VALUES)
    print(f"\na clean value seen for the first time: {first:.2f} µs, seen before: {again:.2f} µs")
    redact = _redactor().redact
    batches = ([_event(number) for number in range(start, start + _EVENTS)] for start in count(0, _EVENTS))
    old = next(batches)
    _each(redact, old)
    new = iter([next(batches) for _ in range(_BATCHES)])
    unseen = microseconds(lambda: _each(redact, next(new)), _EVENTS)
    warm = microseconds(lambda: _each(redact, old), _EVENTS)
    print(f"an event of 17 strings: {warm:.1f} µs warm, {unseen:.1f} µs when its texts are new")


def _each(work: Callable[[Any], object], given: Sequence[Any]) -> None:
    for one in given:
        work(one)


def _redactor() -> Redactor:
    return Redactor(Policy({}), Pseudonyms(bytes(32)), "pseudonymous", enabled=True)


def _event(number: int) -> dict[str, Any]:
    name = f"petstore-{number}"
    return {
        "id": f"{number:032x}",
        "time": "2026-11-23T10:00:00.123Z",
        "receivedAt": "2026-11-23T10:00:00.456Z",
        "environment": "production",
        "action": "navigate",
        "subject": f"/catalog/default/component/{name}",
        "pluginId": "catalog",
        "routeRef": "catalog:entity",
        "attributes": {"kind": "component", "namespace": "default", "name": name},
        "user": f"user:default/person-{number % 100}",
        "groups": ["group:default/team-a"],
        "entity": f"component:default/{name}",
        "entityMetadata": {"kind": "Component", "spec.type": "service", "spec.owner": "group:default/team-a"},
        "view": True,
    }


def _print_growth(seed: int) -> None:
    print("\nthe hostile text that takes longest")
    for size in growth.SIZES:
        taken, made_of = growth.worst(size, seed)
        print(f"{size:>6} characters: {taken / 1000:.2f} ms, of {made_of!r}")
    ratio, which = growth.steepest()
    print(f"where a hostile text doubles, the work of a detector grows at most {ratio:.2f} times ({which})")


if __name__ == "__main__":
    main()

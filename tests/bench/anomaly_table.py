"""Prints, in Markdown, how well changes in made-up portals are found.

    python -m tests.bench.anomaly_table [--portals 32] [--seed 1000]

`tests/portals.py` says what the portals are like, and `tests/anomaly_scores.py` what counts as found and as right. The
constants of the search were chosen on other seeds: those below 100.
"""

import argparse
from itertools import pairwise
from pathlib import Path
from tempfile import TemporaryDirectory

from insights_backend.warehouse.engine import Engine
from tests.anomaly_scores import Score, rows, score
from tests.portals import KINDS, Portal, portal

_SIZES = (20, 100, 1000, 20000)
_STEPS = (2, 3, 4, 5, 6, 8, 12, 1000)


def main() -> None:
    """Print the tables."""
    parser = argparse.ArgumentParser(description="How well anomalies are found")
    parser.add_argument("--portals", type=int, default=32, help="of each kind and size")
    parser.add_argument("--seed", type=int, default=1000, help="of the first one")
    arguments = parser.parse_args()
    with TemporaryDirectory() as directory:
        engine = Engine(f"chdb:///{Path(directory) / 'warehouse'}")
        seeds = range(arguments.seed, arguments.seed + arguments.portals)
        _print_kinds(engine, seeds)
        _print_quiet(engine, seeds)
        engine.close()


def _portals(seeds: range, size: int, *kinds: str) -> list[Portal]:
    return [portal(seed, size, kinds) for seed in seeds]


def _print_kinds(engine: Engine, seeds: range) -> None:
    heads = [f"{size} users a day" for size in _SIZES]
    _print_row("change", *heads, "all: precision", "all: recall")
    _print_row(*["---"] * (len(heads) + 3))
    every = Score()
    for kind in KINDS:
        scores = [score(engine, _portals(seeds, size, kind)) for size in _SIZES]
        of_kind = Score()
        for one in scores:
            of_kind.add(one)
        every.add(of_kind)
        _print_row(kind, *map(_both, scores), f"{of_kind.precision:.3f}", f"{of_kind.recall:.3f}")
    print()
    _print_row("size of the change, in standard deviations", "changes", "found")
    _print_row("---", "---", "---")
    for low, high in pairwise(_STEPS):
        hits = [hit for size, hit in every.sizes if low <= size < high]
        _print_row(f"{low} to {high}", str(len(hits)), f"{sum(hits) / max(1, len(hits)):.2f}")


def _print_quiet(engine: Engine, seeds: range) -> None:
    """What is told of portals where nothing happens but holidays."""
    print()
    _print_row("nothing happens", "series-days", "rows", "holidays", "of them with a drop of active users")
    _print_row(*["---"] * 5)
    for size in _SIZES:
        days = told = away = cried = 0
        for quiet in _portals(seeds, size):
            found = rows(engine, quiet)
            days += len(found) * 182
            told += sum(map(len, found.values()))
            asked = {day for day in quiet.holidays if day >= 91}
            away += len(asked)
            cried += len(asked & {finding.day for finding in found.get("activeUsers", ())})
        _print_row(f"{size} users a day", str(days), str(told), str(away), str(cried))


def _both(one: Score) -> str:
    return f"{one.right}/{one.rows} right, {one.found}/{one.made} found"


def _print_row(*cells: str) -> None:
    print("|", " | ".join(cells), "|")


if __name__ == "__main__":
    main()

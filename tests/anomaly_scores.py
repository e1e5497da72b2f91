"""How many of the changes made to a portal are found, and how many of those found were made.

A portal is asked for 26 weeks, thirty days at a time, each with the 13 weeks before. A change counts as found if a
series that it was made to has a row in its direction: of a spike or drop on one of its days, of a shift within ten
days, of a drift until three weeks after its end. Only changes of six standard deviations of a day's own chance or more
must be found. A row is right if a change of its series and direction explains it: a spike or drop on its days, a shift
in the nine weeks from it on, a drift until five weeks after its end. Of a kind's rows, all of its portals' count.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from datetime import date

from insights_backend.reports.anomaly.findings import findings
from insights_backend.reports.anomaly.holidays import holidays
from insights_backend.reports.anomaly.series import Series
from insights_backend.reports.anomaly.sources import decomposed
from insights_backend.reports.anomaly.unusual import Finding, too_thin
from insights_backend.warehouse.engine import Engine
from tests.portals import ASKED, BEFORE, DRIFT_DAYS, Change, Portal

_BEGIN = date(2026, 1, 5)
_PIECE = 30
_LEAST_SIZE = 6.0
_GIVEN = """
SELECT item.1 AS key, item.2 AS whole
FROM (SELECT arrayJoin({given:Array(Tuple(String, Array(UInt64)))}) AS item)
"""


@dataclass(slots=True)
class Score:
    """What became of some changes.

    Args:
        made: how many there were to find.
        found: how many of them were found.
        rows: how many rows there were.
        right: how many of them a change explains.
        sizes: of all changes, those too small to have to be found included, the size and whether it was found.
    """

    made: int = 0
    found: int = 0
    rows: int = 0
    right: int = 0
    sizes: list[tuple[float, bool]] = field(default_factory=list)

    @property
    def recall(self) -> float:
        """The share of the changes that were found."""
        return self.found / self.made if self.made else 1.0

    @property
    def precision(self) -> float:
        """The share of the rows that are right."""
        return self.right / self.rows if self.rows else 1.0

    def add(self, other: "Score") -> None:
        """Count another score's changes and rows too."""
        self.made += other.made
        self.found += other.found
        self.rows += other.rows
        self.right += other.right
        self.sizes += other.sizes


def score(engine: Engine, portals: Iterable[Portal]) -> Score:
    """Look for anomalies in some portals."""
    total = Score()
    for portal in portals:
        for name, found in rows(engine, portal).items():
            total.add(_of_series(name, found, portal.changes))
    return total


def rows(engine: Engine, portal: Portal) -> dict[str, list[Finding]]:
    """Find what is out of the ordinary in each series that can be judged, by its name; a portal's first day is 0."""
    found: dict[str, list[Finding]] = {}
    for first in range(BEFORE, BEFORE + ASKED, _PIECE):
        days = range(first, min(first + _PIECE, BEFORE + ASKED))
        series = {one.name: one for one in _series(engine, portal, days)}
        quiet = holidays(series["activeUsers"], series["events"])
        for name, one in series.items():
            if not too_thin(one):
                found.setdefault(name, []).extend(findings(one, days, BEFORE + ASKED, quiet))
    return found


def _series(engine: Engine, portal: Portal, days: range) -> Iterator[Series]:
    begin = days.start - BEFORE
    given = [(name, counts[begin : days.stop]) for name, counts in portal.counts.items()]
    for one in decomposed(engine, _GIVEN, {"given": given}, _BEGIN, ""):
        yield Series(one.name, one.begin - _BEGIN.toordinal() + begin, one.counts, one.week, one.noise)


def _of_series(name: str, found: list[Finding], changes: list[Change]) -> Score:
    mine = [change for change in changes if name in change.factors]
    hits = [any(_finds(finding, change, name) for finding in found) for change in mine]
    sizes = [(change.sizes[name], hit) for change, hit in zip(mine, hits, strict=True)]
    large = [hit for size, hit in sizes if size >= _LEAST_SIZE]
    right = sum(any(_explains(change, finding, name) for change in mine) for finding in found)
    return Score(len(large), sum(large), len(found), right, sizes)


def _finds(finding: Finding, change: Change, name: str) -> bool:
    after = {"spike": change.days, "drop": change.days, "shift": 10, "drift": DRIFT_DAYS + 21}[change.kind]
    return _in_direction(finding, change, name) and change.day <= finding.day < change.day + after


def _explains(change: Change, finding: Finding, name: str) -> bool:
    after = {"spike": change.days, "drop": change.days, "shift": 63, "drift": DRIFT_DAYS + 35}[change.kind]
    return _in_direction(finding, change, name) and change.day <= finding.day < change.day + after


def _in_direction(finding: Finding, change: Change, name: str) -> bool:
    return (finding.score > 0) == (change.factors[name] > 1)

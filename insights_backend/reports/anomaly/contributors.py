"""What moved a series: the plugins, groups, pages or terms that were furthest from their own usual.

The usual of each is the median of the same weekday in the five weeks before, or before a drift began. Of each dimension
the three that moved furthest, in the direction of the whole, are told, if they moved by a tenth of it or more.
"""

from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import date, timedelta
from functools import partial
from typing import Any

from insights_backend.reports.anomaly.sources import DIMENSIONS, Kind
from insights_backend.reports.anomaly.unusual import Finding
from insights_backend.reports.answer import Row
from insights_backend.reports.at_once import at_once
from insights_backend.reports.query import ReportQuery
from insights_backend.warehouse.engine import Engine

_WEEKS = 5
_LEAST = 0.1
_AT_ONCE = 500  # they stand in the URL of the question, and a server takes no longer one than a megabyte

Found = tuple[str, Finding]
"""A finding in the series of a key."""

_SQL = """
SELECT series, key, target.2 AS day, counts[day] AS actual, arrayReduce('medianExact', arrayMap(
    week -> counts[day - target.3 - 7 * week], range(1, 6))) AS expected
FROM (
    SELECT series, key, CAST((groupArray(day), groupArray(count)), 'Map(Date, UInt64)') AS counts
    FROM (
        SELECT {series} AS series, {key} AS key, {day} AS day, {counted} AS count
        FROM {source} AND {day} IN {{days:Array(Date)}}
        GROUP BY series, key, day HAVING series IN {{names:Array(String)}} AND key != '')
    GROUP BY series, key)
ARRAY JOIN arrayFilter(target -> target.1 = series, {{targets:Array(Tuple(String, Date, UInt16))}}) AS target
WHERE actual != expected
ORDER BY abs(actual - expected) DESC, key LIMIT 3 BY series, day, actual > expected
"""


def contributors(engine: Engine, query: ReportQuery, kind: Kind, found: Sequence[Found]) -> list[list[Row]]:
    """Say of each finding what moved it most.

    Args:
        engine: where the events are.
        query: of the days found, with filters and time zone.
        kind: of which kind the series are.
        found: the findings, each with its series' key.

    Returns:
        The contributors of each, those that moved furthest first.
    """
    moved: defaultdict[tuple[str, int], list[Row]] = defaultdict(list)
    for begin in range(0, len(found), _AT_ONCE):
        some = found[begin : begin + _AT_ONCE]
        of_dimensions = at_once(*(partial(_moved, engine, query, kind, dimension, some) for dimension in kind.movers))
        for dimension, rows in zip(kind.movers, of_dimensions, strict=True):
            for row in rows:
                moved[row["series"], row["day"].toordinal()].append({**row, "dimension": dimension})
    return [list(_of(finding, moved[key, finding.day])) for key, finding in found]


def _of(finding: Finding, moved: list[Row]) -> Iterator[Row]:
    distance = finding.actual - finding.expected
    for row in sorted(moved, key=lambda row: abs(row["actual"] - row["expected"]), reverse=True):
        if (row["actual"] - row["expected"]) / distance >= _LEAST:
            yield {name: row[name] for name in ("dimension", "key", "actual", "expected")}


def _moved(engine: Engine, query: ReportQuery, kind: Kind, dimension: str, found: Sequence[Found]) -> list[Row]:
    days = sorted({day for _, finding in found for day in _compared(finding)})
    # What is typed just before midnight is typed on the day after.
    needed = {*days, *(day + timedelta(1) for day in days)} if kind.searches else days
    asked = replace(query, first=days[0], last=min(max(needed), query.last), needed=sorted(needed))
    sql = _SQL.format(
        series=kind.key,
        key=DIMENSIONS[dimension],
        day=query.day(),
        counted=kind.counted,
        source=kind.source(asked, dimension),
    )
    given: dict[str, Any] = {
        "days": days,
        "names": sorted({key for key, _ in found}),
        "targets": [(key, date.fromordinal(finding.day), finding.gap) for key, finding in found],
    }
    return engine.rows(sql, {**asked.parameters(), **given})


def _compared(finding: Finding) -> list[date]:
    """List a finding's day and those that its usual is made of."""
    day = date.fromordinal(finding.day)
    return [day, *(day - timedelta(finding.gap + 7 * week) for week in range(1, _WEEKS + 1))]

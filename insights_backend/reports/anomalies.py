"""`anomalies`: the days on which the portal was not used as usual, and what moved it.

Looked at are the series `activeUsers`, `events`, `searchesWithoutResults` (as `searches` counts them), `plugin:<id>`
(each plugin's events) and `group:<ref>` (each group's active users), day by day over the period and the 13 weeks
before it. The engine's STL takes each apart into trend, week and rest; a day is expected to be its level times its
weekday, as `anomaly/unusual.py` says it of days, `anomaly/drifts.py` of what slides slowly, `anomaly/holidays.py` of
holidays, and `anomaly/contributors.py` of who moved it.

A series begins with its first day that counts anything. `skipped` names those that cannot be judged: `too_short`, with
fewer than five weeks before all days of the period; `too_thin`, when even a day without any would not be unusual. Of
the day that is not over, only rises are told; days to come are not looked at.
"""

from collections.abc import Iterator, Set
from dataclasses import replace
from datetime import date, timedelta
from functools import partial
from itertools import chain

from insights_backend.reports.anomaly.contributors import contributors
from insights_backend.reports.anomaly.findings import findings
from insights_backend.reports.anomaly.holidays import holidays
from insights_backend.reports.anomaly.series import Series
from insights_backend.reports.anomaly.sources import KINDS, Kind, daily_series
from insights_backend.reports.anomaly.unusual import HISTORY, Finding, too_thin
from insights_backend.reports.answer import Answer, Row, Sources
from insights_backend.reports.at_once import at_once
from insights_backend.reports.query import ReportQuery

_BEFORE = timedelta(weeks=13)


def report(sources: Sources, query: ReportQuery) -> Answer:
    """Answer with a row an unusual day of a series; of one day, the most unusual first."""
    query = replace(query, last=min(query.last, query.today))
    if query.last < query.first:
        return Answer(rows=[], more={"skipped": []})
    history = query.since(query.first - _BEFORE)
    found = at_once(*(partial(daily_series, sources.engine, history, kind) for kind in KINDS))
    series = dict(zip(KINDS, found, strict=True))
    quiet = _holidays(series)
    of_kinds = at_once(*(partial(_rows, sources, query, kind, of_kind, quiet) for kind, of_kind in series.items()))
    rows = list(chain.from_iterable(of_kinds))
    rows.sort(key=lambda row: (row["date"], -abs(row["score"]), row["series"]))
    return Answer(rows=rows, more={"skipped": list(_skipped(series, query))})


def _holidays(series: dict[Kind, list[Series]]) -> set[int]:
    users, events = (series[kind] for kind in KINDS[:2])
    return holidays(users[0], events[0]) if users and events else set()


def _skipped(series: dict[Kind, list[Series]], query: ReportQuery) -> Iterator[Row]:
    for kind, of_kind in series.items():
        if kind.of is None and not of_kind:  # nothing was ever counted
            yield {"series": kind.prefix, "reason": "too_short"}
        for one in of_kind:
            if reason := _reason(one, query):
                yield {"series": one.name, "reason": reason}


def _reason(series: Series, query: ReportQuery) -> str | None:
    """Say why a series cannot be judged, if it cannot."""
    if query.last.toordinal() < series.begin + HISTORY:
        return "too_short"
    return "too_thin" if too_thin(series) else None


def _rows(sources: Sources, query: ReportQuery, kind: Kind, series: list[Series], quiet: Set[int]) -> list[Row]:
    days = range(query.first.toordinal(), query.last.toordinal() + 1)
    found = [
        (one.name.removeprefix(kind.prefix), finding)
        for one in series
        if not _reason(one, query)
        for finding in findings(one, days, query.today.toordinal(), quiet)
    ]
    moved = contributors(sources.engine, query, kind, found)
    return [_row(kind.prefix + key, finding, by) for (key, finding), by in zip(found, moved, strict=True)]


def _row(name: str, finding: Finding, moved: list[Row]) -> Row:
    return {
        "date": date.fromordinal(finding.day).isoformat(),
        "series": name,
        "actual": finding.actual,
        "expected": round(finding.expected, 1),
        "low": finding.low,
        "high": finding.high,
        "score": round(finding.score, 1),
        "direction": "up" if finding.score > 0 else "down",
        "contributors": moved,
    }

"""`adoption`: which share of the people who could use the portal do use it, interval by interval.

*Active*: at least one event in the interval; one that the period cuts counts as far as the period goes. *Total*: as it
was recorded on the interval's last day within the period.
"""

from collections.abc import Sequence
from datetime import date, timedelta

from insights_backend.reports.answer import Answer, Row, Sources
from insights_backend.reports.query import OF_NEARLY_ALL, ReportQuery, next_start
from insights_backend.reports.total_users import total_users

_ACTIVE = """
SELECT interval, count() AS active
FROM (
    SELECT arrayJoin(groupUniqArray({bucket})) AS interval
    FROM {table} WHERE userKey != 0 AND {where} GROUP BY userKey)
GROUP BY interval
"""


def report(sources: Sources, query: ReportQuery) -> Answer:
    """Answer with a row an interval of the period, empty ones included."""
    starts = query.intervals()
    sql = _ACTIVE.format(bucket=query.bucket(), table=query.table(), where=query.where())
    rows = sources.engine.rows(f"{sql} {OF_NEARLY_ALL}", query.parameters())
    active = {row["interval"]: row["active"] for row in rows}
    totals = total_users(sources, query, _last_days(query, starts))
    return Answer(rows=[_row(day, active.get(day, 0), total) for day, total in zip(starts, totals, strict=True)])


def _last_days(query: ReportQuery, starts: Sequence[date]) -> list[date]:
    return [min(next_start(start, query.interval) - timedelta(1), query.last) for start in starts]


def _row(start: date, active: int, total: int | None) -> Row:
    return {
        "date": start.isoformat(),
        "active": active,
        "total": total,
        "adoption": active / total if total else None,
    }

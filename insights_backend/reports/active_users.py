"""`active-users`: how many people use the portal, interval by interval.

*New*: the first event ever stored for the user falls in the interval. *Returning*: active, and first seen before it.
*Lost*: active in the interval before, and not in this one. An interval that the period cuts counts as far as the
period goes.
"""

from datetime import date, timedelta

from insights_backend.reports.answer import Answer, Row, Sources
from insights_backend.reports.query import OF_NEARLY_ALL, ReportQuery
from insights_backend.warehouse.engine import Engine

# One pass over each user's days: in which intervals was the user active, and when first ever. The interval before the
# period is counted whole, to know who was lost; of a first interval that the period cuts, only the period's days.
_SQL = """
SELECT interval, count() AS active, countIf(isNew) AS new, countIf(stays) AS staying
FROM (
    SELECT arrayJoin(intervals) AS interval,
        interval = {bucket_of_first} AND first >= {{first:Date}} AS isNew,
        has(intervals, {following}) AS stays
    FROM (
        SELECT userKey, min({day}) AS first, groupUniqArrayIf({bucket},
            {day} >= {{first:Date}} OR ({day} >= {{before:Date}} AND {day} < {{begin:Date}})) AS intervals
        FROM {table} WHERE userKey != 0 AND {where_until} GROUP BY userKey))
GROUP BY interval
"""
_BUCKET_OF_FIRST = {"day": "first", "week": "toMonday(first)", "month": "toStartOfMonth(first)"}
_FOLLOWING = {"day": "interval + 1", "week": "interval + 7", "month": "addMonths(interval, 1)"}
_NOBODY = {"active": 0, "new": 0, "staying": 0}


def report(sources: Sources, query: ReportQuery) -> Answer:
    """Answer with a row an interval of the period, empty ones included."""
    starts = query.intervals()
    before = query.interval_of(starts[0] - timedelta(1))
    counted = _counted(sources.engine, query, before, starts[0])
    rows = [
        _row(start, counted.get(start, _NOBODY), counted.get(earlier, _NOBODY))
        for earlier, start in zip([before, *starts], starts, strict=False)
    ]
    return Answer(rows=rows)


def _row(start: date, now: dict[str, int], then: dict[str, int]) -> Row:
    return {
        "date": start.isoformat(),
        "active": now["active"],
        "new": now["new"],
        "returning": now["active"] - now["new"],
        "lost": then["active"] - then["staying"],
    }


def _counted(engine: Engine, query: ReportQuery, before: date, begin: date) -> dict[date, dict[str, int]]:
    sql = _SQL.format(
        day=query.day(),
        bucket=query.bucket(),
        bucket_of_first=_BUCKET_OF_FIRST[query.interval],
        following=_FOLLOWING[query.interval],
        table=query.table(),
        where_until=query.where_until(),
    )
    days = {"first": query.first, "before": before, "begin": begin}
    rows = engine.rows(f"{sql} {OF_NEARLY_ALL}", {**query.parameters(), **days})
    return {row["interval"]: row for row in rows}

"""How many people could use the portals, as it was recorded day by day.

A portal is an instance in an environment. Its number on a day is the last one recorded on or before that day, or its
first one before there was any; the numbers of all portals are added up. What this service's own catalog says now counts
as recorded, so that a period which includes today has the number of today. Only the filters `instance` and
`environment` apply: the others narrow what people did, not who they are.
"""

from bisect import bisect_right
from collections.abc import Mapping, Sequence
from datetime import UTC, date, datetime
from itertools import accumulate
from typing import Any

from insights_backend.model.event import OWN_INSTANCE
from insights_backend.model.total_users import TotalUsers
from insights_backend.model.zones import zone
from insights_backend.reports.answer import Row, Sources
from insights_backend.reports.query import FILTERS, ReportQuery

# Each portal's record as steps: its first number for all days up to the next one, then only by how much it changed.
_STEPS = """
SELECT instance, arraySort(groupArray((day, number))) AS numbers, arrayJoin(arrayZip(
    arrayPushFront(arrayPopFront(numbers.1), toDate32('1900-01-01')),
    arrayPopFront(arrayDifference(arrayPushFront(numbers.2, 0))))) AS step
FROM (
    SELECT environment, instance, day, argMax(total, (recordedAt, total)) AS number
    FROM ({recorded}) WHERE {where} GROUP BY environment, instance, day)
GROUP BY environment, instance
"""
_BY_DAY = "SELECT step.1 AS day, sum(step.2) AS change FROM ({steps}) GROUP BY day ORDER BY day"
_BY_INSTANCE = "SELECT instance, sum(step.2) AS total FROM ({steps}) WHERE step.1 <= {{day:Date32}} GROUP BY instance"
_RECORDED = "SELECT environment, instance, day, total, recordedAt FROM total_users"
_NOW = """ UNION ALL
SELECT {ownEnvironment:String}, {ownInstance:String}, {today:Date32}, {totalNow:UInt64},
    fromUnixTimestamp64Milli({now:Int64}, 'UTC')
"""
_NARROWING = ("instance", "environment")


def total_users(sources: Sources, query: ReportQuery, days: Sequence[date]) -> list[int | None]:
    """Return the number of people on each of some days; None where none was ever recorded.

    Args:
        sources: where to ask, and the number of now.
        query: its time zone and filters apply.
        days: any, in any order.
    """
    rows = _rows(sources, query, _BY_DAY, {})
    changes = [row["day"] for row in rows]
    totals = list(accumulate(row["change"] for row in rows))
    return [totals[bisect_right(changes, day) - 1] if totals else None for day in days]


def total_users_by_instance(sources: Sources, query: ReportQuery, day: date) -> dict[str, int]:
    """Return the number of people of each instance on a day, as far as it was recorded; arguments as above."""
    return {row["instance"]: row["total"] for row in _rows(sources, query, _BY_INSTANCE, {"day": day})}


def _rows(sources: Sources, query: ReportQuery, sql: str, parameters: Mapping[str, Any]) -> list[Row]:
    now = sources.total_users()
    steps = _STEPS.format(
        recorded=_RECORDED + _NOW if now else _RECORDED,
        where=" AND ".join(["1", *(FILTERS[name] for name in _NARROWING if name in query.filters)]),
    )
    given = {**query.parameters(), **(_now(now, query.timezone) if now else {}), **parameters}
    return sources.engine.rows(sql.format(steps=steps), given)


def _now(total: TotalUsers, timezone: str) -> dict[str, Any]:
    moment = datetime.fromtimestamp(total.as_of / 1000, UTC)
    return {
        "ownEnvironment": total.environment,
        "ownInstance": OWN_INSTANCE,
        "today": moment.astimezone(zone(timezone)).date(),
        "totalNow": total.number,
        "now": total.as_of,
    }

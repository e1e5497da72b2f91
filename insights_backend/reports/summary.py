"""`summary`: the period in one row.

Events; active users (at least one event); new users (first event ever in the period); sessions (distinct session
ids, and where there is none a user's events with no gap over 30 minutes); total users, as the catalog counts them now;
adoption (active ÷ total); stickiness (mean daily actives ÷ actives, over the period's last 28 days); the top plugins.
"""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

from insights_backend.reports import plugins
from insights_backend.reports.query import ReportQuery
from insights_backend.warehouse.engine import Engine

_STICKY_DAYS = 28
_TOP = 5

_COUNTS = """
SELECT count() AS events, uniqExactIf(user, user != '') AS activeUsers, uniqExactIf(sessionId, sessionId != '') AS named
FROM events WHERE {where}
"""
_NEW_USERS = """
SELECT count() AS users
FROM (SELECT user, min(time) AS first FROM events WHERE user != '' AND {where_until} GROUP BY user)
WHERE first >= fromUnixTimestamp64Milli({{start:Int64}})
"""
# The window's first row has no one before it: it begins a session.
_UNNAMED_SESSIONS = """
SELECT countIf(gap IS NULL OR gap > 1800000) AS sessions
FROM (
    SELECT toUnixTimestamp64Milli(time)
        - lagInFrame(toNullable(toUnixTimestamp64Milli(time))) OVER (
            PARTITION BY user ORDER BY time ROWS BETWEEN UNBOUNDED PRECEDING AND UNBOUNDED FOLLOWING) AS gap
    FROM events WHERE user != '' AND sessionId = '' AND {where})
"""
_DAILY = """
SELECT uniqExact(user) AS active, uniqExact(({day}, user)) AS userDays
FROM events WHERE user != '' AND {where}
"""


def report(engine: Engine, query: ReportQuery, total_users: Callable[[], int | None]) -> list[dict[str, Any]]:
    """Answer with one row.

    Args:
        engine: where the events are.
        query: the period and filters.
        total_users: the number of people who could use the portal; None where it is not known.
    """
    parameters = query.parameters()
    where = {"where": query.where(), "where_until": query.where_until(), "day": query.day()}
    counts = engine.rows(_COUNTS.format(**where), parameters)[0]
    total = total_users()
    return [
        {
            "events": counts["events"],
            "activeUsers": counts["activeUsers"],
            "newUsers": engine.rows(_NEW_USERS.format(**where), parameters)[0]["users"],
            "sessions": counts["named"] + engine.rows(_UNNAMED_SESSIONS.format(**where), parameters)[0]["sessions"],
            "totalUsers": total,
            "adoption": counts["activeUsers"] / total if total else None,
            "stickiness": _stickiness(engine, query),
            "topPlugins": plugins.report(engine, query)[0][:_TOP],
        }
    ]


def _stickiness(engine: Engine, query: ReportQuery) -> float | None:
    days = min(query.days, _STICKY_DAYS)
    last = query.since(query.last - timedelta(days - 1))
    row = engine.rows(_DAILY.format(day=last.day(), where=last.where()), last.parameters())[0]
    return row["userDays"] / days / row["active"] if row["active"] else None

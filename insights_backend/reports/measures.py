"""How much a portal is used, in a few numbers: of everything that is asked for, or of each of its parts.

Events; active users (at least one event); new users (first event ever in the period); sessions (distinct session ids,
and where there is none a user's events with no gap over 30 minutes); total users, as recorded for the period's last
day; adoption (active ÷ total); stickiness (mean daily actives ÷ actives, over the period's last 28 days).

A part has the numbers that the same question would have if a filter left this part alone.
"""

from collections import ChainMap
from collections.abc import Callable, Mapping
from datetime import timedelta
from functools import partial
from itertools import chain
from typing import Any

from insights_backend.reports.answer import Row, Sources, at_once
from insights_backend.reports.query import OF_NEARLY_ALL, ReportQuery
from insights_backend.reports.total_users import total_users, total_users_by_instance
from insights_backend.warehouse.engine import Engine

_STICKY_DAYS = 28

_WHOLE = "''"
_WHOLE_AND_GROUPS = "arrayJoin(arrayPushFront(arrayIntersect(groups, {group:Array(String)}), ''))"
_INSTANCE = "instance"

_COUNTS = """
SELECT {part} AS part, sum(events) AS events, uniqExactIf(sessionKey, sessionKey != 0) AS namedSessions
FROM {table} WHERE {where} GROUP BY part
"""
# A gap of half an hour never lies between the first and last event of one quarter hour: those two are enough. It lies
# where as many quarters have ended as have begun, so that each may be sorted by itself.
_USERS = """
SELECT part, count() AS activeUsers, countIf(days > 0) AS stickyUsers, sum(days) AS userDays,
    sum(notEmpty(firsts) + arrayCount((first, last) -> first - last > 1800000,
        arrayPopFront(arraySort(firsts)), arrayPopBack(arraySort(lasts)))) AS unnamedSessions
FROM (
    SELECT {part} AS part, userKey, uniqExactIf({day}, {day} >= {{lately:Date}}) AS days,
        groupArrayIf(toUnixTimestamp64Milli(firstAt), sessionKey = 0) AS firsts,
        groupArrayIf(toUnixTimestamp64Milli(lastAt), sessionKey = 0) AS lasts
    FROM {table} WHERE userKey != 0 AND {where} GROUP BY part, userKey)
GROUP BY part
"""
# Asked of all of history, which holds when each user came first by month (the projection `arrivals`): no condition but
# those of the filters may stand where the rows are read.
_NEW_USERS = """
SELECT part, count() AS newUsers
FROM (
    SELECT {part} AS part, userKey, min(quarter) AS first FROM {table} WHERE userKey != 0 AND {where_ever}
    GROUP BY part, userKey
    HAVING first >= toDateTime({{start:UInt32}}, 'UTC') AND first < toDateTime({{end:UInt32}}, 'UTC'))
GROUP BY part
"""
_NOTHING = dict.fromkeys(
    ("events", "activeUsers", "namedSessions", "unnamedSessions", "newUsers", "stickyUsers", "userDays"), 0
)


def of_whole(sources: Sources, query: ReportQuery) -> Row:
    """Measure everything that a question asks for."""
    return _measured(sources.engine, query, _WHOLE, lambda: {"": _total_users(sources, query)})[""]


def of_groups(sources: Sources, query: ReportQuery) -> dict[str, Row]:
    """Measure everything that a question asks for, under an empty name, and each group that its filter names."""
    groups = query.filters.get("group", ())
    part = _WHOLE_AND_GROUPS if groups else _WHOLE
    return _measured(sources.engine, query, part, lambda: dict.fromkeys(("", *groups), _total_users(sources, query)))


def of_instances(sources: Sources, query: ReportQuery) -> dict[str, Row]:
    """Measure each instance that has an event in the period."""
    totals = partial(total_users_by_instance, sources, query, query.last)
    measured = _measured(sources.engine, query, _INSTANCE, totals)
    return {instance: row for instance, row in measured.items() if row["events"]}


def change(value: float | None, previous: float | None) -> float | None:
    """Return by which part of the previous value a value differs; None where there is nothing to compare with."""
    return (value - previous) / previous if value is not None and previous else None


def _total_users(sources: Sources, query: ReportQuery) -> int | None:
    (total,) = total_users(sources, query, [query.last])
    return total


def _measured(engine: Engine, query: ReportQuery, part: str, known: Callable[[], Mapping[str, Any]]) -> dict[str, Row]:
    """Measure the parts of which the total users are known, in their order, and then others that have events."""
    days = min(query.days, _STICKY_DAYS)
    totals, *found = at_once(
        known,
        partial(_by_part, engine, query, _COUNTS, part, "session"),
        partial(_by_part, engine, query, _USERS, part, "session"),
        partial(_by_part, engine, query, _NEW_USERS, part),
    )
    return {
        name: _row(ChainMap(*(counts.get(name, {}) for counts in found), _NOTHING), totals.get(name), days)
        for name in dict.fromkeys(chain(totals, *found))
    }


def _by_part(engine: Engine, query: ReportQuery, sql: str, part: str, *asked: str) -> dict[str, Row]:
    written = sql.format(
        part=part, table=query.table(*asked), where=query.where(), where_ever=query.where_ever(), day=query.day()
    )
    lately = query.last - timedelta(_STICKY_DAYS - 1)
    rows = engine.rows(f"{written} {OF_NEARLY_ALL}", {**query.parameters(), "lately": lately})
    return {row.pop("part"): row for row in rows}


def _row(counts: Mapping[str, int], total: int | None, days: int) -> Row:
    active, sticky = counts["activeUsers"], counts["stickyUsers"]
    return {
        "events": counts["events"],
        "activeUsers": active,
        "newUsers": counts["newUsers"],
        "sessions": counts["namedSessions"] + counts["unnamedSessions"],
        "totalUsers": total,
        "adoption": active / total if total else None,
        "stickiness": counts["userDays"] / days / sticky if sticky else None,
    }

"""How much a portal is used, in a few numbers: of everything that is asked for, or of each of its parts.

Events; active users (at least one event); new users (first event ever in the period); sessions (distinct session ids,
and where there is none a user's events with no gap over 30 minutes); total users, as recorded for the period's last
day; adoption (active ÷ total); stickiness (mean daily actives ÷ actives, over the period's last 28 days).

A part has the numbers that the same question would have if a filter left this part alone.
"""

from collections import ChainMap
from collections.abc import Callable, Mapping, Sequence
from datetime import timedelta
from functools import partial
from itertools import chain
from typing import Any

from insights_backend.reports.answer import Row, Sources
from insights_backend.reports.at_once import at_once
from insights_backend.reports.query import OF_NEARLY_ALL, ReportQuery
from insights_backend.reports.total_users import total_users, total_users_by_instance
from insights_backend.warehouse.engine import Engine

_STICKY_DAYS = 28

_WHOLE = "''"
_WHOLE_AND_GROUPS = "arrayJoin(arrayPushFront(arrayIntersect(groups, {group:Array(String)}), ''))"
_INSTANCE = "instance"

_COUNTS = """
SELECT {part} AS part, {is_before} AS before, sum(events) AS events,
    uniqExactIf(sessionKey, sessionKey != 0) AS namedSessions
FROM {table} WHERE {where} GROUP BY part, before
"""
# A gap of half an hour never lies between the first and last event of one quarter hour: those two are enough. It lies
# where as many quarters have ended as have begun, so that each may be sorted by itself. Both are gathered as one number
# whose last 20 bits are the milliseconds between them, and the days as bits: to gather is what takes the time.
_USERS = """
SELECT part, before, count() AS activeUsers, countIf(days > 0) AS stickyUsers, sum(days) AS userDays,
    sum(notEmpty(spans) + arrayCount((first, last) -> first - last > 1800000,
        arrayPopFront(arraySort(arrayMap(span -> bitShiftRight(span, 20), spans))),
        arrayPopBack(arraySort(arrayMap(span -> bitShiftRight(span, 20) + bitAnd(span, 1048575), spans)))))
        AS unnamedSessions
FROM (
    SELECT {part} AS part, {is_before} AS before, userKey,
        {{lately:Date}} - if(before, {{days:UInt32}}, 0) AS lately,
        bitCount(groupBitOrIf(bitShiftLeft(toUInt32(1), greatest({day} - lately, 0)), {day} >= lately)) AS days,
        groupArrayIf(bitShiftLeft(toUnixTimestamp64Milli(firstAt), 20)
            + (toUnixTimestamp64Milli(lastAt) - toUnixTimestamp64Milli(firstAt)), sessionKey = 0) AS spans
    FROM {table} WHERE userKey != 0 AND {where} GROUP BY part, before, userKey)
GROUP BY part, before
"""
# Asked of all of history, which holds when each user came first by month (the projection `arrivals`): no condition but
# those of the filters may stand where the rows are read.
_NEW_USERS = """
SELECT part, first < toDateTime({{begin:UInt32}}, 'UTC') AS before, count() AS newUsers
FROM (
    SELECT {part} AS part, userKey, min(quarter) AS first FROM {table} WHERE userKey != 0 AND {where_ever}
    GROUP BY part, userKey
    HAVING first >= toDateTime({{start:UInt32}}, 'UTC') AND first < toDateTime({{end:UInt32}}, 'UTC'))
GROUP BY part, before
"""
_NOTHING = dict.fromkeys(
    ("events", "activeUsers", "namedSessions", "unnamedSessions", "newUsers", "stickyUsers", "userDays"), 0
) | {"totalUsers": None}
_Found = dict[tuple[str, int], Row]
"""What was found of each part, in the period (0) or the one before (1)."""


def of_whole(sources: Sources, periods: Sequence[ReportQuery]) -> list[Row]:
    """Measure everything that a question asks for, in its period and perhaps in the one before.

    Args:
        sources: where to look.
        periods: the question, and perhaps its `previous()`, which then costs hardly more.

    Returns:
        What was measured in each.
    """
    measured = _measured(sources.engine, periods, _WHOLE, partial(_total_users, sources, periods, [""]))
    return [of_parts[""] for of_parts in measured]


def of_groups(sources: Sources, query: ReportQuery) -> list[dict[str, Row]]:
    """Measure everything that a question asks for, under an empty name, and each group that its filter names.

    Returns:
        What was measured in its period, and in the one before.
    """
    groups, periods = query.filters.get("group", ()), [query, query.previous()]
    totals = partial(_total_users, sources, periods, ["", *groups])
    return _measured(sources.engine, periods, _WHOLE_AND_GROUPS if groups else _WHOLE, totals)


def of_instances(sources: Sources, query: ReportQuery) -> dict[str, Row]:
    """Measure each instance that has an event in the period."""
    (measured,) = _measured(sources.engine, [query], _INSTANCE, partial(_total_users_by_instance, sources, query))
    return {instance: row for instance, row in measured.items() if row["events"]}


def change(value: float | None, previous: float | None) -> float | None:
    """Return by which part of the previous value a value differs; None where there is nothing to compare with."""
    return (value - previous) / previous if value is not None and previous else None


def _total_users(sources: Sources, periods: Sequence[ReportQuery], names: Sequence[str]) -> _Found:
    totals = total_users(sources, periods[0], [period.last for period in periods])
    return {(name, before): {"totalUsers": total} for before, total in enumerate(totals) for name in names}


def _total_users_by_instance(sources: Sources, query: ReportQuery) -> _Found:
    totals = total_users_by_instance(sources, query, query.last)
    return {(instance, 0): {"totalUsers": total} for instance, total in totals.items()}


def _measured(
    engine: Engine, periods: Sequence[ReportQuery], part: str, totals: Callable[[], _Found]
) -> list[dict[str, Row]]:
    """Measure a period, and perhaps the one before it by the same questions.

    Args:
        engine: what is asked.
        periods: the one or two, the latest first.
        part: tells the parts apart.
        totals: gives the total users of parts.

    Returns:
        Of each period the parts of which the total users are known, in their order, and then others that have events.
    """
    found = at_once(
        totals,
        partial(_by_part, engine, periods, _COUNTS, part, "session"),
        partial(_by_part, engine, periods, _USERS, part, "session"),
        partial(_by_part, engine, periods, _NEW_USERS, part),
    )
    days = min(periods[0].days, _STICKY_DAYS)
    measured: list[dict[str, Row]] = [{} for _ in periods]
    for name, before in dict.fromkeys(chain(*found)):
        counts = ChainMap(*(of_parts.get((name, before), {}) for of_parts in found), _NOTHING)
        measured[before][name] = _row(counts, days)
    return measured


def _by_part(engine: Engine, periods: Sequence[ReportQuery], sql: str, part: str, *asked: str) -> _Found:
    latest = periods[0]
    query = latest.since(periods[-1].first)
    written = sql.format(
        part=part,
        # Where there is but one, it is not asked of each row.
        is_before="false" if len(periods) == 1 else "quarter < toDateTime({begin:UInt32}, 'UTC')",
        table=query.table(*asked),
        where=query.where(),
        where_ever=query.where_ever(),
        day=query.day(),
    )
    given = {
        "begin": latest.parameters()["start"],
        "lately": latest.last - timedelta(_STICKY_DAYS - 1),
        "days": latest.days,
    }
    rows = engine.rows(f"{written} {OF_NEARLY_ALL}", {**query.parameters(), **given})
    return {(row.pop("part"), row.pop("before")): row for row in rows}


def _row(counts: Mapping[str, Any], days: int) -> Row:
    total, active, sticky = counts["totalUsers"], counts["activeUsers"], counts["stickyUsers"]
    return {
        "events": counts["events"],
        "activeUsers": active,
        "newUsers": counts["newUsers"],
        "sessions": counts["namedSessions"] + counts["unnamedSessions"],
        "totalUsers": total,
        "adoption": active / total if total else None,
        "stickiness": counts["userDays"] / days / sticky if sticky else None,
    }

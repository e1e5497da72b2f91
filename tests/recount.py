"""The reports counted again in plain Python, by the words of their definitions. Slow and obvious."""

from collections import defaultdict
from collections.abc import Callable, Iterable
from datetime import UTC, date, datetime, timedelta
from itertools import pairwise
from typing import Any
from zoneinfo import ZoneInfo

from insights_backend.reports.query import ReportQuery

Record = dict[str, Any]

_HALF_AN_HOUR = timedelta(minutes=30)


def moment(record: Record) -> datetime:
    return datetime.fromisoformat(record["time"])


def day_of(record: Record, query: ReportQuery) -> date:
    return moment(record).astimezone(ZoneInfo(query.timezone)).date()


def matching(records: Iterable[Record], query: ReportQuery) -> list[Record]:
    """The events that the filters leave, of any time."""
    values: dict[str, Callable[[Record], list[str]]] = {
        "group": lambda r: r["groups"],
        "plugin": lambda r: [r["pluginId"]],
        "environment": lambda r: [r["environment"]],
        "instance": lambda r: [r["instance"]],
        "entity": lambda r: [r["entity"]],
        "owner": lambda r: [r["entityMetadata"].get("spec.owner")],
        "type": lambda r: [r["entityMetadata"].get("spec.type")],
        "lifecycle": lambda r: [r["entityMetadata"].get("spec.lifecycle")],
        "action": lambda r: [r["action"]],
    }
    return [
        record
        for record in records
        if all(set(wanted) & set(values[name](record)) for name, wanted in query.filters.items())
    ]


def within(records: Iterable[Record], query: ReportQuery) -> list[Record]:
    """Those of them in the period."""
    return [record for record in matching(records, query) if query.first <= day_of(record, query) <= query.last]


def users(records: Iterable[Record]) -> set[str]:
    return {record["user"] for record in records if record["user"]}


def first_days(records: Iterable[Record], query: ReportQuery) -> dict[str, date]:
    """The day of each user's first event ever."""
    first: dict[str, date] = {}
    for record in sorted(matching(records, query), key=moment):
        if record["user"]:
            first.setdefault(record["user"], day_of(record, query))
    return first


def active_users(records: list[Record], query: ReportQuery) -> list[Record]:
    firsts = first_days(records, query)
    begins = query.intervals()
    before = query.interval_of(begins[0] - timedelta(1))
    in_period, all_days = within(records, query), matching(records, query)

    def active(begin: date, events: list[Record]) -> set[str]:
        return users(r for r in events if query.interval_of(day_of(r, query)) == begin)

    rows = []
    earlier = active(before, all_days)
    for begin in begins:
        now = active(begin, in_period)
        new = {u for u in now if firsts[u] >= query.first and query.interval_of(firsts[u]) == begin}
        rows.append(
            {
                "date": begin.isoformat(),
                "active": len(now),
                "new": len(new),
                "returning": len(now - new),
                "lost": len(earlier - now),
            }
        )
        earlier = now
    return rows


def sessions(records: list[Record]) -> int:
    named = {record["sessionId"] for record in records if record["sessionId"]}
    times: defaultdict[str, list[datetime]] = defaultdict(list)
    for record in records:
        if record["user"] and not record["sessionId"]:
            times[record["user"]].append(moment(record))
    begun = 0
    for of_user in times.values():
        of_user.sort()
        begun += 1 + sum(b - a > _HALF_AN_HOUR for a, b in pairwise(of_user))
    return len(named) + begun


def plugins(records: list[Record], query: ReportQuery) -> tuple[list[Record], int]:
    by_plugin: defaultdict[str, list[Record]] = defaultdict(list)
    for record in within(records, query):
        by_plugin[record["pluginId"]].append(record)
    rows: list[Record] = [{"plugin": p, "events": len(r), "users": len(users(r))} for p, r in by_plugin.items()]
    rows.sort(key=lambda row: (-row["events"], row["plugin"]))
    return rows[: query.limit], len(rows)


def summary(records: list[Record], query: ReportQuery, total: int | None) -> Record:
    events = within(records, query)
    active = len(users(events))
    firsts = first_days(records, query)
    days = min(query.days, 28)
    sticky = [r for r in events if day_of(r, query) > query.last - timedelta(days)]
    daily = {(day_of(r, query), r["user"]) for r in sticky if r["user"]}
    sticky_users = len(users(sticky))
    return {
        "events": len(events),
        "activeUsers": active,
        "newUsers": sum(query.first <= first <= query.last for first in firsts.values()),
        "sessions": sessions(events),
        "totalUsers": total,
        "adoption": active / total if total else None,
        "stickiness": len(daily) / days / sticky_users if sticky_users else None,
    }


def iso(time: datetime) -> str:
    return time.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.000Z")

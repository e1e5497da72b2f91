"""Adoption, stickiness and retention counted again in plain Python, by the words of their definitions."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from insights_backend.reports.query import ReportQuery
from tests.recount import Record, day_of, first_days, matching, within


@dataclass(frozen=True)
class Told:
    """What a portal's catalog told once: how many people could use it."""

    instance: str
    environment: str
    moment: datetime
    number: int


def total(recorded: Iterable[Told], now: Told | None, query: ReportQuery, day: date) -> int | None:
    """The number on a day: of each portal the last one recorded on or before it, else its first; all of them together.

    A number stands for the day of its moment in UTC, and the last of a day for all of it. What is told now is a
    number of today, in the zone of the question.
    """
    dated = [(told, told.moment.astimezone(UTC).date()) for told in recorded]
    if now:
        dated.append((now, now.moment.astimezone(ZoneInfo(query.timezone)).date()))
    portals: dict[tuple[str, str], dict[date, int]] = {}
    for told, on in sorted(dated, key=lambda each: each[0].moment):
        if asked_for(told, query):
            portals.setdefault((told.instance, told.environment), {})[on] = told.number
    numbers = [days[max([d for d in days if d <= day] or [min(days)])] for days in portals.values()]
    return sum(numbers) if numbers else None


def asked_for(told: Told, query: ReportQuery) -> bool:
    instances, environments = query.filters.get("instance"), query.filters.get("environment")
    return told.instance in (instances or [told.instance]) and told.environment in (environments or [told.environment])


def adoption(records: list[Record], recorded: list[Told], now: Told | None, query: ReportQuery) -> list[Record]:
    rows = []
    seen = [(day_of(r, query), r["user"]) for r in within(records, query) if r["user"]]
    for begin in query.intervals():
        days = [day for day in days_of(query) if query.interval_of(day) == begin]
        active = len({user for day, user in seen if day in days})
        people = total(recorded, now, query, days[-1])
        share = active / people if people else None
        rows.append({"date": begin.isoformat(), "active": active, "total": people, "adoption": share})
    return rows


def stickiness(records: list[Record], query: ReportQuery) -> list[Record]:
    rows: list[dict[str, Any]] = []
    seen = [(day_of(r, query), r["user"]) for r in matching(records, query) if r["user"]]
    for day in days_of(query):
        dau, wau, mau = (
            len({user for then, user in seen if day - timedelta(length) < then <= day}) for length in (1, 7, 28)
        )
        row = {"date": day.isoformat(), "dau": dau, "wau": wau, "mau": mau}
        rows.append({**row, "dauWau": dau / wau if wau else None, "dauMau": dau / mau if mau else None})
    return rows


def retention(records: list[Record], query: ReportQuery) -> list[Record]:
    firsts = first_days(records, query)
    seen = [(monday(day_of(r, query)), r["user"]) for r in within(records, query) if r["user"]]
    rows = []
    for cohort in sorted({monday(day) for day in days_of(query)}):
        members = {user for user, first in firsts.items() if first in days_of(query) and monday(first) == cohort}
        shares, week = [], cohort
        while members and week + timedelta(6) <= query.last and week + timedelta(6) < query.today:
            there = {user for then, user in seen if then == week}
            shares.append(len(there & members) / len(members))
            week += timedelta(7)
        rows.append({"cohort": cohort.isoformat(), "size": len(members), "weeks": shares})
    return rows


def days_of(query: ReportQuery) -> list[date]:
    return [query.first + timedelta(number) for number in range(query.days)]


def monday(day: date) -> date:
    return day - timedelta(day.weekday())

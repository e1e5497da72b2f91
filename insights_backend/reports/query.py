"""What is asked of a report: dates, their time zone and interval, and filters."""

from collections.abc import Mapping, Sequence, Set
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, time, timedelta
from typing import Any, Literal

from insights_backend.model.event import Millis
from insights_backend.model.zones import zone
from insights_backend.warehouse.moments import seconds

Interval = Literal["day", "week", "month"]

EPOCH = date(1970, 1, 1)
"""The day from which the engine counts days."""

_DAY = 24 * 60 * 60  # seconds

FILTERS: Mapping[str, str] = {
    "group": "hasAny(groups, {group:Array(String)})",
    "plugin": "pluginId IN {plugin:Array(String)}",
    "environment": "environment IN {environment:Array(String)}",
    "instance": "instance IN {instance:Array(String)}",
    "entity": "entity IN {entity:Array(String)}",
    "owner": "entityOwner IN {owner:Array(String)}",
    "type": "entityType IN {type:Array(String)}",
    "lifecycle": "entityLifecycle IN {lifecycle:Array(String)}",
    "action": "action IN {action:Array(String)}",
    "page": "page IN {page:Array(String)}",
    "term": "term IN {term:Array(String)}",
}
"""The filters by name, each with its condition. A repeated one is OR, different ones are AND."""

_ROLLUPS: Mapping[str, Set[str]] = {
    "presence": {"group", "environment", "instance", "session"},
    "views": {"group", "environment", "instance", "plugin", "page", "entity", "owner", "type", "lifecycle", "view"},
    "steps": {"group", "environment", "instance", "plugin", "action", "search", "template"},
}
"""The tables made of the events, and what each knows of an event beside its quarter hour and user; the first that can
answer is asked."""

_OF_SOME: Mapping[str, Set[str]] = {"views": {"view"}, "steps": {"search", "template"}}
"""Those that have some of the events alone, and what to ask for, one or the other, so that they do."""

USERS = "uniqExact(userKey) - (min(userKey) = 0)"
"""Counts the users of a group of rows. Nobody, whose key is 0, is counted along and taken off: to look at each row for
whose it is takes longer."""

OF_NEARLY_ALL = "SETTINGS optimize_move_to_prewhere = 0"
"""Ends a question whose conditions are fulfilled by nearly all rows that the index leaves: to find out first by which,
and then to read the rest of those, takes an eighth longer."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ReportQuery:
    """The question that a report answers.

    Args:
        first: the first day.
        last: the last day, included.
        interval: what a row of a report over time covers. Weeks start on Monday.
        timezone: the IANA name of the zone whose calendar days count.
        filters: values by filter name.
        limit: how many rows a ranked list has at most.
        today: the day that is not over yet, in the zone; by default all days are over.
        needed: the days of the period that must be read, of the others some may be left out; by default it is all.
    """

    first: date
    last: date
    interval: Interval = "day"
    timezone: str = "UTC"
    filters: Mapping[str, tuple[str, ...]]
    limit: int = 20
    today: date = date.max
    needed: Sequence[date] = ()

    @property
    def days(self) -> int:
        """How many days are asked for."""
        return (self.last - self.first).days + 1

    def previous(self) -> "ReportQuery":
        """Ask the same of the period of equal length before."""
        return replace(self, first=self.first - timedelta(self.days), last=self.first - timedelta(1))

    def since(self, first: date) -> "ReportQuery":
        """Ask the same of a period that begins on another day."""
        return replace(self, first=first)

    def intervals(self) -> list[date]:
        """List the first days of the intervals that the period touches."""
        starts = [self.interval_of(self.first)]
        while (following := next_start(starts[-1], self.interval)) <= self.last:
            starts.append(following)
        return starts

    def interval_of(self, day: date) -> date:
        """Return the first day of the interval that a day lies in."""
        match self.interval:
            case "day":
                return day
            case "week":
                return day - timedelta(day.weekday())
            case "month":
                return day.replace(day=1)

    @property
    def start(self) -> Millis:
        """The first moment of the period."""
        return midnight(self.first, self.timezone)

    @property
    def end(self) -> Millis:
        """The first moment after the period."""
        return midnight(self.last + timedelta(1), self.timezone)

    def table(self, *asked: str) -> str:
        """Name the smallest table that can answer.

        All have `quarter` and `userKey`, and but for `steps` also `events` and `views`, so that a sum over either is
        the same number.

        Args:
            asked: what the report has to know beside the filters: names of filters, `session` for `sessionKey`,
                `firstAt` and `lastAt`, `view` if it asks for views alone, `search` if for the `term` and `value` of
                events `search` and `discover` alone, `template` if for it and the `value` of a `templateStep` alone.
        """
        needed = {*self.filters, *asked}
        could = (table for table, known in _ROLLUPS.items() if needed <= known)
        return next((table for table in could if table not in _OF_SOME or _OF_SOME[table] & {*asked}), "events")

    def where(self) -> str:
        """Write the condition that an event of the period and of the filters fulfils."""
        # By its date in UTC the engine finds what lies on a day.
        dates = "toDate(quarter) IN {dates:Array(Date)} AND " if self.needed else ""
        return f"{dates}quarter >= toDateTime({{start:UInt32}}, 'UTC') AND {self.where_until()}"

    def where_until(self) -> str:
        """Write the same condition for all events up to the end of the period, however old."""
        return f"quarter < toDateTime({{end:UInt32}}, 'UTC') AND {self.where_ever()}"

    def where_ever(self) -> str:
        """Write the condition that an event of the filters fulfils, whenever it was."""
        return " AND ".join(FILTERS[name] for name in self.filters) or "true"

    def day(self) -> str:
        """Write the calendar day of an event."""
        return "toDate(quarter, {timezone:String})"

    def bucket(self) -> str:
        """Write the first day of the interval of an event."""
        match self.interval:
            case "day":
                return self.day()
            case "week":
                return f"toMonday({self.day()})"
            case "month":
                return f"toStartOfMonth({self.day()})"

    def parameters(self) -> dict[str, Any]:
        """Give the values of the parameters that the conditions name."""
        values = {name: list(texts) for name, texts in self.filters.items()}
        return {
            "start": seconds(self.start),
            "end": seconds(self.end),
            "timezone": self.timezone,
            "limit": self.limit,
            **({"dates": _dates(self.needed, self.timezone)} if self.needed else {}),
            **values,
        }


def _dates(days: Sequence[date], timezone: str) -> list[date]:
    """List the dates in UTC on which some days of a zone have a moment."""
    dates: set[date] = set()
    for day in days:
        begin, end = (seconds(midnight(edge, timezone)) for edge in (day, day + timedelta(1)))
        dates.update(EPOCH + timedelta(number) for number in range(begin // _DAY, -(-end // _DAY)))
    return sorted(dates)


def next_start(start: date, interval: Interval) -> date:
    """Return the first day of the interval after the one that starts on a day."""
    match interval:
        case "day":
            return start + timedelta(1)
        case "week":
            return start + timedelta(7)
        case "month":
            return (start + timedelta(31)).replace(day=1)


def midnight(day: date, timezone: str) -> Millis:
    """Return the moment at which a calendar day begins in a zone."""
    begin = datetime.combine(day, time(), zone(timezone)).astimezone(UTC)
    return int(begin.timestamp()) * 1000

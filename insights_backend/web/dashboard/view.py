"""What a page shows, as its address says it: the question, and the addresses of the views beside it."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from typing import Any, get_args

from marshmallow import fields, validate
from werkzeug.datastructures import MultiDict

from insights_backend.reports.query import Interval, ReportQuery
from insights_backend.web.parameters import ReportSchema, parameters, report_query

PRESETS: Mapping[int, str] = {7: "1 week", 28: "4 weeks", 91: "13 weeks", 364: "52 weeks"}
"""The ranges that are offered, in days up to today: whole weeks, so that a day lies beside the same weekday before."""

ORIGINS = ("environment", "instance")
"""The filters that a form offers; one value of each."""

_DEFAULT_DAYS = 28
_MOST_SINGLE_DAYS = 100
"""How many days a page shows one by one where its address does not say; of more, it shows weeks."""

Arguments = dict[str, Any]
"""The query string of an address, by name; a list is a repeated one."""


class ViewSchema(ReportSchema):
    """The query string of a page."""

    days = fields.Integer(validate=validate.OneOf(PRESETS))
    interval = fields.String(validate=validate.OneOf(get_args(Interval)))


@dataclass(frozen=True, slots=True)
class View:
    """What a page shows.

    Args:
        query: the question that all its panels answer.
        days: how many days up to today it covers; None where it has dates of its own.
    """

    query: ReportQuery
    days: int | None

    def arguments(self) -> Arguments:
        """Return what the view's address says; what goes without saying is left out."""
        query = self.query
        said: Arguments = {} if self.days == _DEFAULT_DAYS else {"days": self.days}
        if self.days is None:
            said = {"from": query.first.isoformat(), "to": query.last.isoformat()}
        if query.interval != _usual_interval(query):
            said["interval"] = query.interval
        return {**said, **narrowing(query)}

    def over(self, days: int) -> Arguments:
        """Return the address of the same, for so many days up to today."""
        query = _up_to(self.query, self.query.today, days)
        if self.query.interval == _usual_interval(self.query):
            query = replace(query, interval=_usual_interval(query))
        return View(query, days).arguments()

    def filtered(self, name: str, value: str) -> Arguments:
        """Return the address of the same, narrowed to one value of a filter."""
        return {**self.arguments(), name: [value]}

    def without(self, name: str, value: str) -> Arguments:
        """Return the address of the same, no longer narrowed by a value of a filter."""
        kept = [other for other in self.query.filters[name] if other != value]
        return {**self.arguments(), name: kept}

    def fields(self, *without: str) -> list[tuple[str, str]]:
        """Return what a form sends along beside its own fields, whose names are given."""
        return [
            (name, str(value))
            for name, values in self.arguments().items()
            if name not in without
            for value in (values if isinstance(values, list) else [values])
        ]

    def chips(self) -> list[tuple[str, str]]:
        """Return the filters and values that the page is narrowed by, but for those that a form shows."""
        return [
            (name, value)
            for name, values in self.query.filters.items()
            if name not in ORIGINS or len(values) > 1
            for value in values
        ]

    def named(self) -> list[tuple[str, str]]:
        """Return all filters and values."""
        return [(name, value) for name, values in self.query.filters.items() for value in values]

    def is_unfinished(self, day: str) -> bool:
        """Tell whether the interval that begins on a day is not over yet."""
        return self.query.interval_of(self.query.today).isoformat() == day

    @property
    def is_so_far(self) -> bool:
        """Whether the last day is not over yet, so that the period before had more time."""
        return self.query.last >= self.query.today

    def chosen(self, name: str) -> tuple[str, ...]:
        """Return the values of a filter."""
        return self.query.filters.get(name, ())

    def at_least(self, days: int) -> "View":
        """Return the same of so many days up to the last one, where it covers fewer."""
        return self if self.query.days >= days else View(self.query.since(self.query.last - timedelta(days - 1)), None)

    def by_week(self) -> "View":
        """Return the same by week, where it is by day."""
        return replace(self, query=replace(self.query, interval="week")) if self.query.interval == "day" else self

    def by_day(self) -> "View":
        """Return the same by day."""
        return replace(self, query=replace(self.query, interval="day"))

    def report(self, **more: Any) -> Arguments:
        """Return the query string that asks a report the same, for good: with its dates and its interval."""
        return {**replace(self, days=None).arguments(), "interval": self.query.interval, **more}


def narrowing(query: ReportQuery) -> Arguments:
    """Return what an address says of a question beside its dates: the time zone and the filters."""
    zone = {} if query.timezone == "UTC" else {"timezone": query.timezone}
    return {**zone, **{name: list(values) for name, values in query.filters.items()}}


def read_view(arguments: MultiDict[str, str], now: datetime) -> View:
    """Read the query string of a page.

    Args:
        arguments: the query string.
        now: with its zone; what the last days are counted from.

    Raises:
        InvalidParameterError: names each parameter that is unknown or wrong.
    """
    # A form sends its empty fields too.
    said = MultiDict((name, value) for name, value in arguments.items(multi=True) if value)
    given = parameters(ViewSchema(exclude=("format", "compare", "limit")), said)
    days = None if "from_" in given or "to" in given else given.get("days", _DEFAULT_DAYS)
    query = report_query(given, now)
    if days:
        query = _up_to(query, query.last, days)
    if "interval" not in given:
        query = replace(query, interval=_usual_interval(query))
    return View(query, days)


def _up_to(query: ReportQuery, last: date, days: int) -> ReportQuery:
    return replace(query, first=last - timedelta(days - 1), last=last)


def _usual_interval(query: ReportQuery) -> Interval:
    return "day" if query.days <= _MOST_SINGLE_DAYS else "week"

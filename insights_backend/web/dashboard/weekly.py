"""The weekly summary: one page that prints well, and that can be sent as a mail as it is."""

import base64
import hashlib
from collections.abc import Callable
from dataclasses import replace
from datetime import date, datetime, timedelta

from flask import Blueprint, Response, make_response, render_template, request
from marshmallow import fields
from werkzeug.datastructures import MultiDict

from insights_backend.reports.answer import Sources
from insights_backend.reports.query import ReportQuery
from insights_backend.web.dashboard import contents
from insights_backend.web.dashboard.assets import Assets
from insights_backend.web.dashboard.contents import Ask
from insights_backend.web.dashboard.site import CONTENT_POLICY, policy
from insights_backend.web.dashboard.view import Arguments, narrowing
from insights_backend.web.parameters import ReportSchema, parameters, report_query, within_years

_ROWS = 5
_WEEK = 7
_WEEKDAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")

_SECTIONS: dict[str, Ask] = {
    "days": contents.compared("active-users", "active"),
    "unusual": contents.anomalies,
    "plugins": contents.rows_of("plugins"),
    "pages": contents.rows_of("pages"),
    "templates": contents.rows_of("templates"),
    "missed": contents.found_nothing,
    "groups": contents.rows_of("groups"),
}


class WeeklySchema(ReportSchema):
    """The query string of a weekly summary."""

    week = fields.Date(load_default=None)


def add_weekly(site: Blueprint, sources: Sources, assets: Assets, now: Callable[[], datetime]) -> None:
    """Add the page of the weekly summary.

    Args:
        site: where to.
        sources: what the reports ask.
        assets: its style, which stands in the page so that it needs no other file.
        now: the time, with its zone.
    """
    style = assets.text("weekly.css")
    digest = base64.b64encode(hashlib.sha256(style.encode()).digest()).decode()
    content_policy = policy({**CONTENT_POLICY, "script-src": "'none'", "style-src": f"'sha256-{digest}'"})

    @site.get("/weekly")
    def weekly() -> Response:
        query = read_week(request.args, now())
        sections = {name: ask(sources, query) for name, ask in _SECTIONS.items()}
        summary = contents.summary(sources, query)
        page = render_template(
            "insights/weekly.html",
            style=style,
            query=query,
            names=_WEEKDAYS,
            summary=summary,
            beside=_beside(query),
            **sections,
        )
        return make_response(page, {"Content-Security-Policy": content_policy})


def read_week(arguments: MultiDict[str, str], now: datetime) -> ReportQuery:
    """Read the query string of a weekly summary: the week of a day, by default the last one that is over.

    Args:
        arguments: the query string.
        now: the time, with its zone.

    Raises:
        InvalidParameterError: names each parameter that is unknown or wrong.
    """
    exclude = ("format", "compare", "limit", "interval", "from_", "to")
    given = parameters(WeeklySchema(exclude=exclude), arguments)
    query = replace(report_query(given, now), limit=_ROWS)
    day: date = within_years(given["week"] or query.today - timedelta(_WEEK), "week")
    monday = within_years(day - timedelta(day.weekday()), "week")
    return replace(query, first=monday, last=within_years(monday + timedelta(_WEEK - 1), "week"))


def _beside(query: ReportQuery) -> dict[str, Arguments]:
    """Return the addresses of the weeks before and after, and of the dashboard, narrowed alike."""
    weeks = {"before": query.first - timedelta(_WEEK), "after": query.first + timedelta(_WEEK)}
    found: dict[str, Arguments] = {
        name: {"week": monday.isoformat(), **narrowing(query)} for name, monday in weeks.items()
    }
    return {**found, "page": narrowing(query)}

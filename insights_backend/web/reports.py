"""Reports and the export: what reads the warehouse."""

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

from flask import Blueprint, Response, jsonify, request
from flask.typing import ResponseReturnValue
from werkzeug.exceptions import PreconditionFailed

from insights_backend.errors import NotFoundError
from insights_backend.metrics import REPORTS_MADE
from insights_backend.reports.all_reports import REPORTS
from insights_backend.reports.answer import Answer, Row, Sources
from insights_backend.reports.query import ReportQuery
from insights_backend.warehouse.events import EVENT, EventStore
from insights_backend.web.guard import Guard
from insights_backend.web.openapi.reports import ROWS
from insights_backend.web.parameters import ExportSchema, ReportSchema, parameters, report_query
from insights_backend.web.tables import begun, csv_answer, ndjson, saved_as

_HOUR = 3600


def create_reports(
    sources: Sources,
    events: EventStore,
    *,
    guard: Guard,
    max_age: float,
    clock: Callable[[], float],
) -> Blueprint:
    """Make the blueprint of reports and export.

    Args:
        sources: what the reports ask.
        events: what the export gives out.
        guard: tells who may read.
        max_age: seconds that an event may come late; a period may change for so long after it is over.
        clock: now, in seconds since 1970.
    """
    site = Blueprint("insights_reports", __name__)

    def now() -> datetime:
        return datetime.fromtimestamp(clock(), UTC)

    @site.get("/reports/<name>")
    def report(name: str) -> ResponseReturnValue:
        guard("view")
        if name not in REPORTS:
            raise NotFoundError(f"there is no such report; there are {', '.join(REPORTS)}")
        given = parameters(ReportSchema(), request.args)
        query = report_query(given, now())
        with REPORTS_MADE.labels(name).time():
            answer = REPORTS[name](sources, query)
        if given["format"] == "csv":
            response = csv_answer(answer.rows, ROWS[name]().fields, name)
        else:
            previous = REPORTS[name](sources, query.previous()).rows if given.get("compare") else []
            response = jsonify(_described(name, query, answer, previous))
        return _cached(response, settled=query.end / 1000 + max_age < clock())

    @site.get("/export")
    def export() -> ResponseReturnValue:
        guard("admin")
        given = parameters(ExportSchema(), request.args)
        query = report_query(given, now())
        if given["format"] == "parquet":
            content = events.parquet(query.start, query.end)
            return Response(content, mimetype="application/vnd.apache.parquet", headers=saved_as("events.parquet"))
        rows = begun(events.read(query.start, query.end))
        if given["format"] == "csv":
            return csv_answer(rows, EVENT, "events")
        return Response(ndjson({name: row[name] for name in EVENT} for row in rows), mimetype="application/x-ndjson")

    return site


def _described(name: str, query: ReportQuery, answer: Answer, previous: list[Row]) -> dict[str, Any]:
    described = {
        "report": name,
        "from": query.first.isoformat(),
        "to": query.last.isoformat(),
        "timezone": query.timezone,
        "rows": answer.rows,
        "previous": previous,
        **answer.more,
    }
    return described if answer.total is None else {**described, "total": answer.total}


def _cached(response: Response, *, settled: bool) -> Response:
    """Let a browser keep an answer: for an hour what can hardly change any more, else only to ask whether it did."""
    response.cache_control.private = True
    if settled:
        response.cache_control.max_age = _HOUR
    else:
        response.cache_control.no_cache = True
    response.add_etag()
    response.make_conditional(request)
    if response.status_code == PreconditionFailed.code:
        raise PreconditionFailed
    return response

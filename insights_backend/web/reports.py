"""Reports and the export: what reads the warehouse."""

from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from typing import Any

import orjson
from flask import Blueprint, Response, jsonify, request
from flask.typing import ResponseReturnValue

from insights_backend.reports import active_users, plugins, summary
from insights_backend.reports.query import ReportQuery
from insights_backend.warehouse.engine import Engine
from insights_backend.warehouse.events import EventStore
from insights_backend.web.guard import Guard
from insights_backend.web.parameters import ExportSchema, ReportSchema, parameters, report_query
from insights_backend.web.problems import problem
from insights_backend.web.tables import csv_lines

Rows = list[dict[str, Any]]

_COLUMNS = (
    "id", "time", "receivedAt", "environment", "instance", "action", "subject", "value", "pluginId", "routeRef",
    "extension", "sessionId", "attributes", "context", "user", "userMetadata", "groups", "entity", "entityMetadata",
    "target", "view", "notes",
)  # fmt: skip
_LINES_A_CHUNK = 500


def create_reports(
    engine: Engine,
    events: EventStore,
    *,
    guard: Guard,
    total_users: Callable[[], int | None],
    clock: Callable[[], float],
) -> Blueprint:
    """Make the blueprint of reports and export.

    Args:
        engine: what the reports ask.
        events: what the export gives out.
        guard: tells who may read.
        total_users: the number of people who could use the portal; None where it is not known.
        clock: now, in seconds since 1970.
    """
    site = Blueprint("insights_reports", __name__)
    # Each answers with its rows, and with how many there were before the limit where there is one.
    by_name: dict[str, Callable[[ReportQuery], tuple[Rows, int | None]]] = {
        "summary": lambda query: (summary.report(engine, query, total_users), None),
        "active-users": lambda query: (active_users.report(engine, query), None),
        "plugins": lambda query: plugins.report(engine, query),
    }

    def now() -> datetime:
        return datetime.fromtimestamp(clock(), UTC)

    @site.get("/reports/<name>")
    def report(name: str) -> ResponseReturnValue:
        guard("view")
        if name not in by_name:
            return problem("not_found", f"there is no such report; there are {', '.join(by_name)}", 404)
        given = parameters(ReportSchema(), request.args)
        query = report_query(given, now())
        rows, total = by_name[name](query)
        if given["format"] == "csv":
            return _csv(rows, list(rows[0]) if rows else [], name)
        previous = by_name[name](query.previous())[0] if given.get("compare") else []
        answer = {
            "report": name,
            "from": query.first.isoformat(),
            "to": query.last.isoformat(),
            "timezone": query.timezone,
            "rows": rows,
            "previous": previous,
        }
        return jsonify(answer if total is None else {**answer, "total": total})

    @site.get("/export")
    def export() -> ResponseReturnValue:
        guard("admin")
        given = parameters(ExportSchema(), request.args)
        query = report_query(given, now())
        if given["format"] == "parquet":
            return Response(events.parquet(query.start, query.end), mimetype="application/vnd.apache.parquet")
        engine.open()  # what cannot begin must say so before the answer's first line has gone out
        rows = events.read(query.start, query.end)
        if given["format"] == "csv":
            return _csv(rows, _COLUMNS, "events")
        return Response(_ndjson(rows), mimetype="application/x-ndjson")

    return site


def _csv(rows: Any, columns: Any, name: str) -> Response:
    headers = {"Content-Disposition": f'attachment; filename="{name}.csv"'}
    return Response(csv_lines(rows, columns), mimetype="text/csv", headers=headers)


def _ndjson(rows: Iterator[dict[str, Any]]) -> Iterator[bytes]:
    lines: list[bytes] = []
    for row in rows:
        lines.append(orjson.dumps({name: row[name] for name in _COLUMNS}, option=orjson.OPT_APPEND_NEWLINE))
        if len(lines) == _LINES_A_CHUNK:
            yield b"".join(lines)
            lines.clear()
    yield b"".join(lines)

"""Where Red Hat's Adoption Insights modules look for their backend: events in, and the numbers of their page out.

What each of its types counts stands in `reports.adoption_insights`. A refusal of an event or a parameter has the shape
that its page knows, `{"message": …, "errors": {field: [message]}}`; all else that goes wrong has ours.
"""

from collections.abc import Sequence
from typing import Any

from flask import Blueprint, Response, jsonify, request
from flask.typing import ResponseReturnValue
from marshmallow import ValidationError

from insights_backend.reports.adoption_insights import INSIGHTS
from insights_backend.reports.answer import Sources
from insights_backend.web.guard import Guard
from insights_backend.web.insight_query import insight_of, insight_parameters
from insights_backend.web.intake import Intake
from insights_backend.web.openapi.insights import GROUPED, INSIGHT_ROWS
from insights_backend.web.origins import admit_origins
from insights_backend.web.problems import register_problems
from insights_backend.web.tables import csv_lines
from insights_backend.wire import adoption_insights

ADOPTION_PREFIX = "/api/adoption-insights"
"""Where the modules look, below the portal's `backend.baseUrl`, whatever discovery says."""


def create_adoption_events(intake: Intake, allowed_origins: Sequence[str]) -> Blueprint:
    """Make the blueprint that takes the module's events.

    Args:
        intake: takes the events.
        allowed_origins: the portals whose pages may send; any page, and none across origins, where empty.
    """
    site = _site("insights_adoption_events", allowed_origins)

    @site.post("/events")
    def capture() -> ResponseReturnValue:
        caller = intake.caller()
        taken = intake.take(caller, adoption_insights.documents(intake.body()))
        if taken.refused:
            return _refusal("no event was valid", dict(taken.rejections[0].errors))
        return jsonify(success=True, message="Event received")

    return site


def create_adoption_reports(sources: Sources, guard: Guard, allowed_origins: Sequence[str]) -> Blueprint:
    """Make the blueprint that the page reads.

    Args:
        sources: what is asked.
        guard: tells who may read.
        allowed_origins: the portals whose pages may read across origins.
    """
    site = _site("insights_adoption_reports", allowed_origins)

    @site.get("/events")
    def insight() -> ResponseReturnValue:
        guard("view")
        try:
            given = insight_parameters(request.args)
        except ValidationError as error:
            return _refusal("the query cannot be used", error.messages_dict)
        asked = insight_of(given)
        rows = INSIGHTS[given["type"]](sources, asked)
        if given["format"] == "csv":
            return _csv(given["type"], rows)
        head = {"grouping": asked.grouping} if given["type"] in GROUPED else {}
        return jsonify({**head, "data": rows})

    return site


def _site(name: str, allowed_origins: Sequence[str]) -> Blueprint:
    site = Blueprint(name, __name__, url_prefix=ADOPTION_PREFIX)
    register_problems(site)
    admit_origins(site, allowed_origins)
    return site


def _refusal(message: str, errors: dict[Any, Any]) -> ResponseReturnValue:
    return jsonify(message=message, errors=errors), 400


def _csv(name: str, rows: list[dict[str, Any]]) -> Response:
    headers = {"Content-Disposition": f'attachment; filename="adoption_insights_{name}.csv"'}
    return Response(csv_lines(rows, list(INSIGHT_ROWS[name]().fields)), mimetype="text/csv", headers=headers)

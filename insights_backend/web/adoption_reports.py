"""The numbers of the page of Red Hat's Adoption Insights; what each counts stands in `reports.adoption_insights`."""

from collections.abc import Sequence

from flask import Blueprint, jsonify, request
from flask.typing import ResponseReturnValue
from marshmallow import ValidationError

from insights_backend.reports.adoption_insights import INSIGHTS
from insights_backend.reports.answer import Sources
from insights_backend.web.adoption_insights import adoption_site, refusal
from insights_backend.web.guard import Guard
from insights_backend.web.insight_query import insight_of, insight_parameters
from insights_backend.web.openapi.insights import GROUPED, INSIGHT_ROWS
from insights_backend.web.tables import csv_answer


def create_adoption_reports(sources: Sources, guard: Guard, allowed_origins: Sequence[str]) -> Blueprint:
    """Make the blueprint that the page reads.

    Args:
        sources: what is asked.
        guard: tells who may read.
        allowed_origins: the portals whose pages may read across origins.
    """
    site = adoption_site("insights_adoption_reports", allowed_origins)

    @site.get("/events")
    def insight() -> ResponseReturnValue:
        guard("view")
        try:
            given = insight_parameters(request.args)
        except ValidationError as error:
            return refusal("the query cannot be used", error.messages_dict)
        asked = insight_of(given)
        rows = INSIGHTS[given["type"]](sources, asked)
        if given["format"] == "csv":
            name = given["type"]
            return csv_answer(rows, INSIGHT_ROWS[name]().fields, f"adoption_insights_{name}")
        head = {"grouping": asked.grouping} if given["type"] in GROUPED else {}
        return jsonify({**head, "data": rows})

    return site

"""Ingest and config: what a portal's front end, a relay or curl talks to."""

from collections.abc import Sequence
from datetime import UTC, datetime

from flask import Blueprint, Response, jsonify
from flask.typing import ResponseReturnValue

from insights_backend.errors import CatalogUnavailableError
from insights_backend.service import InsightsService
from insights_backend.web.foreign import add_foreign_formats
from insights_backend.web.intake import Intake, answer_of
from insights_backend.web.origins import admit_origins
from insights_backend.web.problems import register_problems
from insights_backend.wire import native

PREFIX = "/api/backstage-insights"
"""Where the blueprints are by default: where the portal's discovery looks for a plugin of this name."""


def create_api(service: InsightsService, intake: Intake, allowed_origins: Sequence[str]) -> Blueprint:
    """Make the blueprint of ingest and config.

    Args:
        service: tells about itself.
        intake: takes events, in our own format and in those of others.
        allowed_origins: the portals whose pages may send; where empty, nothing is refused, and no other page is let in.
    """
    api = Blueprint("insights", __name__, url_prefix=PREFIX)
    register_problems(api)
    admit_origins(api, allowed_origins)
    add_foreign_formats(api, intake)

    @api.post("/events")
    def ingest_events() -> ResponseReturnValue:
        caller = intake.caller()
        return answer_of(intake.take(caller, native.unwrap(intake.body())))

    @api.get("/config")
    def config() -> Response:
        return jsonify(service.config())

    @api.get("/total-users")
    def total_users() -> Response:
        try:
            count = service.total_users()
        except CatalogUnavailableError:
            # Anyone may ask: why, with the catalog's address, is for the log, where the census tells it.
            raise CatalogUnavailableError("the catalog does not say how many there are; the log says why") from None
        as_of = datetime.fromtimestamp(int(count.as_of), UTC).isoformat().replace("+00:00", "Z")
        return jsonify(totalUsers=count.number, asOf=as_of, stale=count.stale)

    return api

"""Ingest and config: what a portal's front end, a relay or curl talks to."""

from collections.abc import Callable, Sequence
from datetime import UTC, datetime

from flask import Blueprint, Response, jsonify, request
from flask.typing import ResponseReturnValue
from flask_cors import CORS

from insights_backend.errors import ForbiddenError
from insights_backend.service import InsightsService
from insights_backend.settings.values import IngestSettings
from insights_backend.web.body import read_json
from insights_backend.web.callers import Authenticate
from insights_backend.web.problems import register_problems
from insights_backend.wire import native

PREFIX = "/api/backstage-insights"
"""Where the blueprints are by default: where the portal's discovery looks for a plugin of this name."""


def create_api(
    service: InsightsService,
    *,
    authenticate: Authenticate,
    ingest: IngestSettings,
    allowed_origins: Sequence[str],
    clock: Callable[[], float],
) -> Blueprint:
    """Make the blueprint of ingest and config.

    Args:
        service: does the work.
        authenticate: tells who sends.
        ingest: what one request may bring.
        allowed_origins: the portals whose pages may send; any page, and none across origins, where empty.
        clock: now, in seconds since 1970.
    """
    api = Blueprint("insights", __name__, url_prefix=PREFIX)
    register_problems(api)
    if allowed_origins:
        CORS(
            api,
            origins=list(allowed_origins),
            methods=["GET", "POST"],
            allow_headers=["authorization", "content-type", "content-encoding"],
            max_age=3600,
        )

    @api.before_request
    def refuse_other_origins() -> None:
        # A request without an origin is no browser's: curl, a relay, a health check.
        origin = request.headers.get("Origin")
        if allowed_origins and request.method == "POST" and origin and origin.lower() not in allowed_origins:
            raise ForbiddenError("events of this origin are not taken (allowedOrigins)")

    @api.post("/events")
    def ingest_events() -> ResponseReturnValue:
        received_at = int(clock() * 1000)
        caller = authenticate(request.headers)
        documents = native.unwrap(read_json(request, ingest.max_body_bytes), ingest.max_events)
        events, rejections = native.read(
            documents,
            user=caller.user,
            relay=caller.relay,
            received_at=received_at,
            max_age=ingest.max_age,
        )
        receipt = service.ingest(events, received_at)
        rejected = [{"index": rejection.index, "errors": rejection.errors} for rejection in rejections]
        body = jsonify(accepted=receipt.accepted, duplicates=receipt.duplicates, rejected=rejected)
        if documents and not events:
            return body, 422
        return body, 200 if receipt.delivered else 202

    @api.get("/config")
    def config() -> Response:
        return jsonify(service.config())

    @api.get("/total-users")
    def total_users() -> Response:
        count = service.total_users()
        as_of = datetime.fromtimestamp(int(count.as_of), UTC).isoformat().replace("+00:00", "Z")
        return jsonify(totalUsers=count.number, asOf=as_of, stale=count.stale)

    return api

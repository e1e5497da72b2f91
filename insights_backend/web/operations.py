"""For whoever runs the service: does it live, can it take events, and what does it serve."""

from collections.abc import Callable

from flask import Blueprint, Response, current_app, jsonify
from flask.typing import ResponseReturnValue


def create_operations(
    is_writable: Callable[[], bool],
    degraded: Callable[[], dict[str, str]],
    metrics: Callable[[], Response],
    *,
    name: str,
) -> Blueprint:
    """Make the blueprint of health, readiness, metrics and the OpenAPI document.

    Args:
        is_writable: tells whether events could be accepted now.
        degraded: says in a sentence what is less than whole, by part of the service.
        metrics: answers with all that is measured.
        name: the blueprint's name, since it may be registered at more than one place.
    """
    site = Blueprint(name, __name__)

    @site.get("/healthz")
    def healthz() -> ResponseReturnValue:
        return jsonify(status="ok")

    @site.get("/readyz")
    def readyz() -> ResponseReturnValue:
        accepts = is_writable()
        problems = degraded()
        if not accepts:
            problems["outbox"] = "cannot take events: the disk refuses, or it is full (outbox.maxBytes)"
        return jsonify(status="ready" if accepts else "unready", degraded=problems), 200 if accepts else 503

    @site.get("/metrics")
    def prometheus() -> Response:
        return metrics()

    @site.get("/openapi.json")
    def openapi() -> ResponseReturnValue:
        # Imported by who asks for it: a tenth of what the whole package takes to import.
        from insights_backend.web.openapi.document import document  # noqa: PLC0415

        return jsonify(document(current_app))

    return site

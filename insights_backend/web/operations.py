"""For whoever runs the service: does it live, and can it take events."""

from collections.abc import Callable, Mapping

from flask import Blueprint, jsonify
from flask.typing import ResponseReturnValue

from insights_backend.delivery.outbox import Outbox


def create_operations(outbox: Outbox, degraded: Mapping[str, Callable[[], str | None]], *, name: str) -> Blueprint:
    """Make the blueprint of health and readiness.

    Args:
        outbox: what must be writable to accept events.
        degraded: by part of the service, what says in a sentence how it is less than whole, or None.
        name: the blueprint's name, since it may be registered at more than one place.
    """
    site = Blueprint(name, __name__)

    @site.get("/healthz")
    def healthz() -> ResponseReturnValue:
        return jsonify(status="ok")

    @site.get("/readyz")
    def readyz() -> ResponseReturnValue:
        accepts = outbox.is_writable()
        problems = {part: text for part, check in degraded.items() if (text := check()) is not None}
        if not accepts:
            problems["outbox"] = "cannot take events: the disk refuses, or it is full (outbox.maxBytes)"
        return jsonify(status="ready" if accepts else "unready", degraded=problems), 200 if accepts else 503

    return site

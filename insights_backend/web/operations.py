"""For whoever runs the service: does it live, and can it take events."""

from collections.abc import Callable

from flask import Blueprint, jsonify
from flask.typing import ResponseReturnValue


def create_operations(
    is_writable: Callable[[], bool], degraded: Callable[[], dict[str, str]], *, name: str
) -> Blueprint:
    """Make the blueprint of health and readiness.

    Args:
        is_writable: tells whether events could be accepted now.
        degraded: says in a sentence what is less than whole, by part of the service.
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

    return site

"""The routes by which is shown what is stored about a person, and by which the person is erased."""

from flask import Blueprint, Response, jsonify
from flask.typing import ResponseReturnValue

from insights_backend.erasure import Erasure
from insights_backend.web.guard import Guard
from insights_backend.web.tables import begun, ndjson


def create_erasure(erasure: Erasure, guard: Guard) -> Blueprint:
    """Make the blueprint of erasure and of what it would erase.

    Args:
        erasure: does the work.
        guard: tells who may have it done.
    """
    site = Blueprint("insights_erasure", __name__)

    # A reference holds a slash, and a server hands it on as one however it was written.
    @site.delete("/users/<path:ref>")
    def erase_user(ref: str) -> ResponseReturnValue:
        person, erased = erasure.erase(ref, guard("admin"))
        return jsonify(erased=erased.events, mentions=erased.mentions, pseudonym=person.pseudonym)

    @site.get("/users/<path:ref>/export")
    def export_user(ref: str) -> ResponseReturnValue:
        events = begun(erasure.export(ref, guard("admin")))
        return Response(ndjson(events), mimetype="application/x-ndjson")

    return site

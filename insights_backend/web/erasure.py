"""The route by which a person is erased."""

from flask import Blueprint, jsonify
from flask.typing import ResponseReturnValue

from insights_backend.erasure import Erasure
from insights_backend.web.guard import Guard


def create_erasure(erasure: Erasure, guard: Guard) -> Blueprint:
    """Make the blueprint of erasure.

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

    return site

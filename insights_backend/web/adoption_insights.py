"""Where Red Hat's Adoption Insights module sends its events.

A refusal of an event or a parameter has the shape that the modules know, `{"message": …, "errors": {field: …}}`, with a
list of messages for each field; all else that goes wrong has ours.
"""

from collections.abc import Sequence
from typing import Any

from flask import Blueprint, jsonify
from flask.typing import ResponseReturnValue

from insights_backend.web.intake import Intake
from insights_backend.web.origins import admit_origins
from insights_backend.web.problems import register_problems
from insights_backend.wire import adoption_insights

ADOPTION_PREFIX = "/api/adoption-insights"
"""Where the modules look, below the portal's `backend.baseUrl`, whatever discovery says."""


def create_adoption_events(intake: Intake, allowed_origins: Sequence[str]) -> Blueprint:
    """Make the blueprint that takes the module's events.

    Args:
        intake: takes the events.
        allowed_origins: the portals whose pages may send; where empty, nothing is refused, and no other page is let in.
    """
    site = adoption_site("insights_adoption_events", allowed_origins)

    @site.post("/events")
    def capture() -> ResponseReturnValue:
        caller = intake.caller()
        taken = intake.take(caller, adoption_insights.documents(intake.body()))
        if taken.refused:
            return refusal("no event was valid", dict(taken.rejections[0].errors))
        return jsonify(success=True, message="Event received")

    return site


def adoption_site(name: str, allowed_origins: Sequence[str]) -> Blueprint:
    """Make a blueprint where the modules look.

    Args:
        name: the blueprint's.
        allowed_origins: the portals whose pages may use it across origins.
    """
    site = Blueprint(name, __name__, url_prefix=ADOPTION_PREFIX)
    register_problems(site)
    admit_origins(site, allowed_origins)
    return site


def refusal(message: str, errors: dict[Any, Any]) -> ResponseReturnValue:
    """Answer that a request is refused, in the shape that the modules know."""
    return jsonify(message=message, errors=errors), 400

"""Ingest in the formats that other analytics modules of Backstage speak, and answers that they understand.

Each module is told this service's address where it asks for that of its own. A relay's token may come as what the
module is configured with: HTTP Basic or Bearer for the generic one, the website's id for Umami, the write key for
Segment. Errors have the one shape of all our errors: these modules look at the status alone.
"""

from flask import Blueprint, jsonify
from flask.typing import ResponseReturnValue

from insights_backend.errors import InsightsError, NotFoundError
from insights_backend.web.intake import Intake, Taken, answer_of
from insights_backend.wire import generic, segment, umami


class InvalidEventError(InsightsError):
    """None of the events of a request is valid; says what is wrong with the first."""

    code = "invalid_event"


def add_foreign_formats(api: Blueprint, intake: Intake) -> None:
    """Add a route for each foreign format.

    Args:
        api: whose origins are judged and whose errors are answered already.
        intake: takes the events.
    """

    @api.post("/generic")
    def generic_events() -> ResponseReturnValue:
        caller = intake.caller()
        return answer_of(intake.take(caller, generic.documents(intake.body())))

    @api.post("/umami/api/send")
    def umami_event() -> ResponseReturnValue:
        body = intake.body()
        caller = intake.caller(umami.website(body))
        _require_a_valid_one(intake.take(caller, umami.documents(body)))
        return jsonify({})

    @api.post("/segment/v1/<call>")
    def segment_events(call: str) -> ResponseReturnValue:
        if call not in segment.CALLS:
            raise NotFoundError(f"there is no such call; there are {', '.join(segment.CALLS)}")
        body = intake.body()
        caller = intake.caller(segment.write_key(body))
        _require_a_valid_one(intake.take(caller, segment.documents(segment.CALLS[call], body)))
        return jsonify(success=True)


def _require_a_valid_one(taken: Taken) -> None:
    """Refuse a request none of whose events is valid, where the answer has no room to name each.

    Raises:
        InvalidEventError: says what is wrong with the first.
    """
    if taken.refused:
        errors = taken.rejections[0].errors
        raise InvalidEventError("; ".join(f"{field}: {' '.join(texts)}" for field, texts in errors.items()))

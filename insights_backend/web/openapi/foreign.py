"""The operations in the formats of other modules, as data."""

from collections.abc import Mapping
from typing import Any

from marshmallow import fields

from insights_backend.web.insight_query import InsightSchema
from insights_backend.web.openapi.answers import ProblemSchema, ReceiptSchema
from insights_backend.web.openapi.examples import (
    CAPTURE_REFUSAL,
    EVENT,
    INSIGHT,
    INSIGHT_CSV,
    INSIGHT_REFUSAL,
    REJECTION,
)
from insights_backend.web.openapi.insights import INSIGHT_ANSWERS, CapturedSchema, InsightRefusalSchema
from insights_backend.web.openapi.shapes import AnswerSchema
from insights_backend.web.openapi.shared import headers, json_answer, problems
from insights_backend.wire.segment import CALLS

_SENDERS: list[dict[str, list[str]]] = [{"backstageToken": []}, {"relayToken": []}, {"developmentUser": []}]
_FAILURES = (400, 401, 403, 408, 413, 415, 429, 503)
_TEXT_FIELD = {"type": ["string", "null"], "maxLength": 256}
_OPEN = {"type": "object"}
_OPTIONAL = {"type": ["object", "null"]}

_CAPTURED = {"schema": {"type": "array", "items": _OPEN}, "example": [EVENT]}
_GENERIC = {
    "schema": {
        "type": "array",
        "items": {
            "type": "object",
            "required": ["event"],
            "properties": {"event": _OPEN, "timestamp": _TEXT_FIELD, "user": _TEXT_FIELD, "sessionId": _TEXT_FIELD},
        },
    },
    "example": [{"event": EVENT, "user": "user:default/jane"}],
}
_UMAMI = {
    "schema": {
        "type": "object",
        "required": ["type", "payload"],
        "properties": {
            "type": {"type": "string", "enum": ["event", "identify"]},
            "payload": {
                "type": "object",
                "required": ["url"],
                "properties": {"url": {"type": "string"}, "title": {"type": "string"}, "name": {"type": "string"}},
            },
        },
    },
    "example": {"type": "event", "payload": {"title": "catalog", "url": "/catalog", "website": "portal-website"}},
}
_SEGMENT = {
    "schema": {
        "type": "object",
        "properties": {
            "batch": {"type": "array", "items": _OPEN},
            "event": {"type": "string"},
            "name": {"type": "string"},
            "category": {"type": "string"},
            "properties": _OPTIONAL,
        },
    },
    "example": {
        "event": "click",
        "category": "catalog",
        "name": "/catalog",
        "properties": {"subject": "Create", "context": {"pluginId": "catalog"}},
        "batch": [],
    },
}
_RECEIPT = {"accepted": 1, "duplicates": 0, "rejected": []}
_CALL = {"name": "call", "in": "path", "required": True, "schema": {"type": "string", "enum": list(CALLS)}}


class NothingSchema(AnswerSchema):
    """Nothing that would have to be said."""


class SuccessSchema(AnswerSchema):
    """The events are on disk."""

    success = fields.Boolean(required=True)


def _body(shape: dict[str, Any]) -> dict[str, Any]:
    return {"required": True, "content": {"application/json": shape, "text/plain": shape}}


def _refused(description: str, example: dict[str, Any]) -> dict[str, Any]:
    shape = {"schema": {"anyOf": [InsightRefusalSchema, ProblemSchema]}, "example": example}
    return {"description": description, "content": {"application/json": shape}}


FOREIGN_OPERATIONS: Mapping[str, dict[str, Any]] = {
    "capture": {
        "tags": ["other modules"],
        "summary": "Send events, as Red Hat's analytics module does",
        "description": "The user is the caller, whatever the context claims, unless the caller is a relay. Valid "
        "events are accepted beside invalid ones.",
        "security": _SENDERS,
        "requestBody": _body(_CAPTURED),
        "responses": {
            "200": json_answer(
                "The valid events are on disk.", CapturedSchema, {"success": True, "message": "Event received"}
            ),
            **problems(*_FAILURES),
            "400": _refused("The body cannot be used, or no event was valid.", CAPTURE_REFUSAL),
        },
    },
    "insight": {
        "tags": ["other modules"],
        "summary": "Ask a question, as Red Hat's page does",
        "description": "Needs the scope `view`.",
        "security": [{"apiToken": []}, {"backstageToken": []}],
        "parameters": [{"in": "query", "schema": InsightSchema}],
        "responses": {
            "200": {
                "description": "The rows.",
                "headers": headers("Content-Disposition"),
                "content": {
                    "application/json": {"schema": {"anyOf": list(INSIGHT_ANSWERS.values())}, "example": INSIGHT},
                    "text/csv": {"schema": {"type": "string"}, "example": INSIGHT_CSV},
                },
            },
            **problems(401, 403, 503),
            "400": _refused("The query cannot be used.", INSIGHT_REFUSAL),
        },
    },
    "generic_events": {
        "tags": ["other modules"],
        "summary": "Send events, as the generic HTTP module does",
        "security": _SENDERS,
        "requestBody": _body(_GENERIC),
        "responses": {
            "200": json_answer("Every accepted event is at its destination.", ReceiptSchema, _RECEIPT),
            "202": json_answer("The accepted events are on disk and will be delivered.", ReceiptSchema, _RECEIPT),
            "422": json_answer(
                "No event was valid.", ReceiptSchema, {"accepted": 0, "duplicates": 0, "rejected": [REJECTION]}
            ),
            **problems(*_FAILURES),
        },
    },
    "umami_event": {
        "tags": ["other modules"],
        "summary": "Send an event, as Umami's clients do",
        "description": "A relay's token may come as the id of the website.",
        "security": _SENDERS,
        "requestBody": _body(_UMAMI),
        "responses": {"200": json_answer("The event is on disk.", NothingSchema, {}), **problems(*_FAILURES)},
    },
    "segment_events": {
        "tags": ["other modules"],
        "summary": "Send events, as Segment's clients do",
        "description": "A relay's token may come as the write key, in the body or as the user of HTTP Basic. A call "
        "goes by its first letter too.",
        "security": _SENDERS,
        "parameters": [_CALL],
        "requestBody": _body(_SEGMENT),
        "responses": {
            "200": json_answer("The valid events are on disk.", SuccessSchema, {"success": True}),
            **problems(*_FAILURES, 404),
        },
    },
}
"""The operations by the name of the view that serves them."""

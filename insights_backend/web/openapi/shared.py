"""What the described operations share: security schemes, errors, headers, and how an answer is written."""

from collections.abc import Mapping
from typing import Any

from insights_backend.web.openapi.answers import ProblemSchema
from insights_backend.web.sessions import COOKIE

SECURITY_SCHEMES: Mapping[str, dict[str, Any]] = {
    "backstageToken": {
        "type": "http",
        "scheme": "bearer",
        "bearerFormat": "JWT",
        "description": "A Backstage user's token. For events where `auth.mode` is `backstage`; for reports, if the "
        "user or a group of theirs is one of the `viewers`.",
    },
    "relayToken": {
        "type": "http",
        "scheme": "bearer",
        "description": "One of `auth.tokens`, where `auth.mode` is `static`. The relay names the user in each event, "
        "as `user` or `context.userName`.",
    },
    "developmentUser": {
        "type": "apiKey",
        "in": "header",
        "name": "X-Insights-User",
        "description": "An entity reference, believed as it stands where `auth.mode` is `none`; may be left out then.",
    },
    "dashboardSession": {
        "type": "apiKey",
        "in": "cookie",
        "name": COOKIE,
        "description": "What the dashboard's login sets, where `dashboard.access` is `token`; it lasts 30 days, or "
        "until the token that began it is revoked. It grants `view` and nothing else.",
    },
    "apiToken": {
        "type": "http",
        "scheme": "bearer",
        "description": "Made by `insights token create`, with the scope that the operation names. "
        "May be left out where `dashboard.access` is `open`.",
    },
}
"""Ways to say who one is; which of an operation's are taken, the configuration of the process decides."""

HEADERS: Mapping[str, dict[str, Any]] = {
    "X-Request-Id": {
        "description": "What the request is known by in the service's log: its own `X-Request-Id` if that is a UUID.",
        "required": True,
        "schema": {"type": "string"},
    },
    "ETag": {
        "description": "Changes when the answer does; send it as `If-None-Match` to be answered 304 until then.",
        "required": True,
        "schema": {"type": "string"},
    },
    "Cache-Control": {
        "description": "`private`, and `max-age` where the period can hardly change any more, else `no-cache`.",
        "required": True,
        "schema": {"type": "string"},
    },
    "Content-Disposition": {
        "description": "The name to save it under; with CSV and Parquet only.",
        "schema": {"type": "string"},
    },
    "Retry-After": {"description": "Seconds to wait.", "required": True, "schema": {"type": "integer"}},
    "WWW-Authenticate": {"description": "`Bearer`.", "required": True, "schema": {"type": "string"}},
}
"""What answers say beside their bodies; the first of them with every answer."""


def json_answer(description: str, schema: Any, example: object) -> dict[str, Any]:
    """Write an answer in JSON, with an example."""
    return {"description": description, "content": {"application/json": {"schema": schema, "example": example}}}


def problems(*statuses: int) -> dict[str, str]:
    """Refer to the errors with these statuses."""
    return {str(status): str(status) for status in statuses}


def headers(*names: str) -> dict[str, str]:
    """Refer to the headers with these names."""
    return {name: name for name in names}


def _problem(code: str, message: str, description: str, *sent: str) -> dict[str, Any]:
    example = {"error": {"code": code, "message": message}}
    return {**json_answer(description, ProblemSchema, example), "headers": headers(*sent)}


PROBLEMS: Mapping[int, dict[str, Any]] = {
    400: _problem(
        "malformed_json",
        "the body is not JSON: line 1, column 2",
        "The body or a parameter cannot be read (`malformed_json`, `invalid_parameter`, `invalid_entity_ref`), or no "
        "event is valid (`invalid_event`).",
    ),
    401: _problem(
        "unauthenticated",
        "no credentials; send the header Authorization: Bearer <token>",
        "There are no credentials, or they do not verify (`unauthenticated`).",
        "WWW-Authenticate",
    ),
    403: _problem(
        "forbidden",
        "events of this origin are not taken (allowedOrigins)",
        "The caller is known and may not do this, or sends from an origin that may not (`forbidden`).",
    ),
    404: _problem(
        "not_found",
        "there is no such report; there are summary, active-users, plugins",
        "There is no such thing (`not_found`).",
    ),
    408: _problem(
        "request_timeout",
        "the body ended before its end, or took too long; send it again",
        "The body did not come whole, or not in time (`request_timeout`); nothing was stored.",
    ),
    412: _problem(
        "precondition_failed",
        "The precondition on the request for the URL evaluated positive on the client.",
        "The answer is none of those that `If-Match` names (`precondition_failed`).",
    ),
    413: _problem(
        "payload_too_large",
        "the body is larger than 1048576 bytes (ingest.maxBodyBytes)",
        "The body has too many bytes, counted after decompression, or too many events (`payload_too_large`).",
    ),
    415: _problem(
        "unsupported_media_type",
        "send the events as application/json or text/plain",
        "Another content type, charset or encoding than is taken (`unsupported_media_type`).",
    ),
    429: _problem(
        "rate_limited",
        "this sender sends more events than it may; wait as long as Retry-After says",
        "The caller is over its rate (`rate_limited`).",
        "Retry-After",
    ),
    503: _problem(
        "unavailable",
        "the outbox is full (outbox.maxBytes)",
        "It cannot be done now and may be tried again (`unavailable`, `delivery_failed`, `catalog_unavailable`, …); "
        "nothing was stored.",
        "Retry-After",
    ),
}
"""The errors by status."""

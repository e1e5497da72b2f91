"""From errors to answers of one shape, `{"error": {"code": …, "message": …}}`.

Only a refusal that tells of single fields has another: a receipt of events, and what Red Hat's modules are told.
"""

import logging
import traceback

from flask import Blueprint, Flask, Response, jsonify
from werkzeug.exceptions import HTTPException, RequestEntityTooLarge

from insights_backend.errors import (
    InsightsError,
    PayloadTooLargeError,
    RateLimitedError,
    UnauthenticatedError,
    UnavailableError,
)

_log = logging.getLogger(__name__)

_STATUS = {
    "malformed_json": 400,
    "invalid_parameter": 400,
    "invalid_entity_ref": 400,
    "invalid_event": 400,
    "unauthenticated": 401,
    "forbidden": 403,
    "not_found": 404,
    "request_timeout": 408,
    "payload_too_large": 413,
    "unsupported_media_type": 415,
    "rate_limited": 429,
}

# Of an address in our own words, since the library's are about spelling.
_ADDRESSES = {
    404: "there is nothing at this address; /openapi.json lists those that there are",
    405: "this address does not take this method; the header Allow lists those that it takes",
}


def register_problems(site: Flask | Blueprint) -> None:
    """Make a site answer every error in the one shape."""
    site.register_error_handler(InsightsError, _ours)
    site.register_error_handler(HTTPException, _http)
    site.register_error_handler(Exception, _unexpected)


def status_of(error: InsightsError) -> int:
    """Return the status of the answer to an error."""
    return 503 if isinstance(error, UnavailableError) else _STATUS.get(error.code, 500)


def log_unexpected(error: BaseException) -> None:
    """Log an error that nobody foresaw."""
    # Where it happened and of which class; not its message, which may quote what was being handled.
    frames = "".join(traceback.format_tb(error.__traceback__))
    _log.error("unexpected %s\n%s", type(error).__name__, frames)


def _ours(error: InsightsError) -> Response:
    answer = _problem(error.code, error.message, status_of(error))
    if isinstance(error, UnavailableError | RateLimitedError):
        answer.headers["Retry-After"] = str(error.retry_after)
    if isinstance(error, UnauthenticatedError):
        # RFC 6750, section 3: a 401 names the scheme that would have been taken.
        answer.headers["WWW-Authenticate"] = "Bearer"
    return answer


def code_of(error: HTTPException) -> str:
    """Return the code of an error that only HTTP knows, such as `method_not_allowed`."""
    if isinstance(error, RequestEntityTooLarge):  # by the limit of an app that the blueprint is part of
        return PayloadTooLargeError.code
    return (error.name or "error").lower().replace(" ", "_")


def _http(error: HTTPException) -> Response:
    code, status = code_of(error), error.code or 500
    answer = _problem(code, _ADDRESSES.get(status) or error.description or code, status)
    answer.headers.extend(header for header in error.get_headers() if header[0].lower() != "content-type")
    return answer


def _unexpected(error: Exception) -> Response:
    log_unexpected(error)
    return _problem("internal_error", "something went wrong here; the log of the service says where", 500)


def _problem(code: str, message: str, status: int) -> Response:
    answer = jsonify(error={"code": code, "message": message})
    answer.status_code = status
    return answer

"""The format of the generic HTTP module: an array of events, each beside its time, user and session.

Source: `backstage-plugin-analytics-generic`, which adds the user's `teamMetadata` too; the catalog is asked for that.
"""

from typing import Any

from insights_backend.errors import MalformedJsonError


def documents(body: object) -> list[Any]:
    """Turn a body into events of our own format, which says what is valid.

    Raises:
        MalformedJsonError: it is no array.
    """
    if not isinstance(body, list):
        raise MalformedJsonError('the body must be [{"event": …, "timestamp": …, "user": …, "sessionId": …}, …]')
    return [_document(item) for item in body]


def _document(item: Any) -> Any:
    event = item.get("event") if isinstance(item, dict) else None
    if not isinstance(event, dict):
        return event
    return {
        **event,
        "timestamp": item.get("timestamp"),
        "user": item.get("user", item.get("userId")),  # earlier versions write userId
        "sessionId": item.get("sessionId"),
    }

"""The format of Red Hat's analytics module: a bare array of events that carry their time and user in their context.

Source: `@red-hat-developer-hub/backstage-plugin-analytics-module-adoption-insights` 1.0.
"""

from typing import Any

from insights_backend.errors import MalformedJsonError


def documents(body: object) -> list[Any]:
    """Turn a body into events of our own format, which says what is valid.

    Raises:
        MalformedJsonError: it is no array.
    """
    if not isinstance(body, list):
        raise MalformedJsonError("the body must be [event, …]")
    return [_document(event) for event in body]


def _document(event: Any) -> Any:
    context = event.get("context") if isinstance(event, dict) else None
    if not isinstance(context, dict):
        return event
    return {"subject": "", **event, "timestamp": context.get("timestamp")}

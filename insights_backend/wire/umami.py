"""The format of Umami's clients: one event, or one page view, a body.

Backstage's module for it writes the plugin into `title` and, unless it is a page view, `{subject}-{action}` into
`name`; it leaves the rest of the context out. Source: `@axis-backstage/plugin-analytics-module-umami`, and Umami's
`POST /api/send`.
"""

from collections.abc import Mapping
from typing import Any

from insights_backend.errors import MalformedJsonError

_HYPHENATED = "-not-found"  # the one action of Backstage's own that has a hyphen


def website(body: object) -> str | None:
    """Return the id of the website that a body is for, which is what it shows of a right to send."""
    found = _payload(body).get("website")
    return found if isinstance(found, str) else None


def documents(body: object) -> list[Any]:
    """Turn a body into events of our own format: one, or none where it only identifies a visitor.

    Raises:
        MalformedJsonError: it is no object with a payload.
    """
    payload = _payload(body)
    return [_document(payload)] if isinstance(body, dict) and body.get("type") == "event" else []


def _payload(body: object) -> Mapping[str, Any]:
    payload = body.get("payload") if isinstance(body, dict) else None
    if not isinstance(payload, dict):
        raise MalformedJsonError('the body must be {"type": "event", "payload": {…}}')
    return payload


def _document(payload: Mapping[str, Any]) -> dict[str, Any]:
    subject, action = _named(payload)
    title = payload.get("title")
    return {
        "action": action,
        "subject": subject,
        "attributes": payload.get("data"),
        "context": {} if title is None else {"pluginId": title},
        "timestamp": _millis(payload.get("timestamp")),
        "user": payload.get("id"),
    }


def _named(payload: Mapping[str, Any]) -> tuple[Any, Any]:
    name = payload.get("name")
    if not isinstance(name, str):
        return payload.get("url"), "navigate"
    hyphen = -len(_HYPHENATED) if name.endswith(_HYPHENATED) else name.rfind("-")
    return (name[:hyphen], name[hyphen:].removeprefix("-")) if hyphen != -1 else ("", name)


def _millis(seconds: Any) -> Any:
    """Turn Umami's seconds since 1970 into milliseconds; what is no number is for others to refuse."""
    is_number = isinstance(seconds, int | float) and not isinstance(seconds, bool)
    return seconds * 1000 if is_number else seconds

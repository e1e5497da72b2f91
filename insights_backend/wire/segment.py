"""The format of Segment's clients, and of all that speak its HTTP API: tracked actions and pages, alone or in a batch.

Backstage's module for it sends a `navigate` as a page, named by its subject in the category of its plugin, with the
context as properties; and all else as a track with the properties `subject`, `context` and `attributes`. Its `userId`
is a hash: where a relay is believed, people are counted by it, and nothing of the catalog is known of them. Source:
`@backstage-community/plugin-analytics-provider-segment`, and Segment's "HTTP API Source".
"""

from collections.abc import Mapping
from typing import Any

from insights_backend.errors import MalformedJsonError

CALLS: Mapping[str, str] = {
    "track": "track",
    "t": "track",
    "page": "page",
    "p": "page",
    "identify": "identify",
    "i": "identify",
    "batch": "batch",
    "b": "batch",
}
"""What is called by its name or, as the browser's client does, by its first letter."""

# What the browser's client adds to the properties of a page.
_OF_PAGE = frozenset({"name", "category", "path", "referrer", "search", "title", "url"})


def write_key(body: object) -> str | None:
    """Return the write key that a body carries, if it does."""
    found = body.get("writeKey") if isinstance(body, dict) else None
    return found if isinstance(found, str) else None


def documents(call: str, body: object) -> list[Any]:
    """Turn a body into events of our own format; calls that are about no event, such as identify, are left out.

    Args:
        call: one of the values of `CALLS`; what it is not told by, a message in a batch tells as its `type`.
        body: the message, or the batch of them.

    Raises:
        MalformedJsonError: it is no object, or holds no batch where one is called for.
    """
    if not isinstance(body, dict):
        raise MalformedJsonError("the body must be an object")
    if call != "batch":
        return _events([{**body, "type": call}])
    if not isinstance(body.get("batch"), list):
        raise MalformedJsonError('the body must be {"batch": [message, …]}')
    return _events(body["batch"])


def _events(messages: list[Any]) -> list[Any]:
    events: list[Any] = []
    for message in messages:
        if not isinstance(message, dict):
            events.append(message)
        elif message.get("type") == "track":
            events.append({**_track(message), **_common(message)})
        elif message.get("type") == "page":
            events.append({**_page(message), **_common(message)})
    return events


def _common(message: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "id": message.get("messageId"),
        "timestamp": message.get("timestamp"),
        "user": message.get("userId"),
    }


def _track(message: Mapping[str, Any]) -> dict[str, Any]:
    properties = _properties(message)
    return {
        "action": message.get("event"),
        "subject": properties.get("subject", ""),
        "value": properties.get("value"),
        "attributes": properties.get("attributes"),
        "context": properties.get("context", {}),
    }


def _page(message: Mapping[str, Any]) -> dict[str, Any]:
    properties = _properties(message)
    category = message.get("category")
    return {
        "action": "navigate",
        "subject": message.get("name") or properties.get("path"),
        "context": {
            **({} if category is None else {"pluginId": category}),
            **{key: value for key, value in properties.items() if key not in _OF_PAGE},
        },
    }


def _properties(message: Mapping[str, Any]) -> Mapping[str, Any]:
    properties = message.get("properties")
    return properties if isinstance(properties, dict) else {}

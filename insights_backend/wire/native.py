"""Our own format: Backstage's AnalyticsEvent with an optional `id`, `timestamp` and `sessionId`.

Each field's rule is declared once, in `RULES`.
"""

from collections.abc import Mapping
from functools import lru_cache
from typing import Any

import orjson

from insights_backend.errors import InvalidEntityRefError, MalformedJsonError
from insights_backend.model.entity_ref import EntityRef
from insights_backend.model.event import (
    REMEMBERED_BYTES,
    REMEMBERED_CONTENTS,
    Content,
    Event,
    Millis,
    Scalar,
    parse_timestamp,
    time_of,
)
from insights_backend.wire.rules import Rejection, Rule, Shape, number, text

_MAX_ITEMS = 64
_MAX_KEY = 128
_MAX_TEXT = 4096
_MAX_SUBJECT = 16384  # a scaffolder page carries its whole form in the query

# What transports write into the context that all of a portal's modules share. It describes the transport, not the
# event, and is often stale or another user's.
_LEFT_BEHIND = frozenset({"userName", "userId", "timestamp"})


def _scalars(value: Any) -> str | None:
    if not isinstance(value, dict):
        return "must be an object"
    if len(value) > _MAX_ITEMS:
        return f"must have at most {_MAX_ITEMS} keys"
    for key, item in value.items():
        if len(key) > _MAX_KEY:
            return f"must have keys of at most {_MAX_KEY} characters"
        if isinstance(item, str):
            if len(item) > _MAX_TEXT:
                return f"must have strings of at most {_MAX_TEXT} characters"
        elif item is not None and not isinstance(item, (bool, int, float)):
            return "must have only strings, numbers and booleans as values"
    return None


def _timestamp(value: Any) -> str | None:
    try:
        parse_timestamp(value)
    except ValueError as error:
        return str(error)
    return None


_SCALARS = {
    "type": "object",
    "maxProperties": _MAX_ITEMS,
    "propertyNames": {"maxLength": _MAX_KEY},
    "additionalProperties": {"type": ["string", "number", "boolean", "null"], "maxLength": _MAX_TEXT},
}
_TIMESTAMP = {
    "type": ["string", "number"],
    "description": "An ISO 8601 time, UTC where it has no offset, or milliseconds since 1970; up to the year 9999.",
    "maxLength": 40,
    "exclusiveMinimum": -1,  # parts of a millisecond are cut off, so that -0.5 is still 0
    "maximum": parse_timestamp("9999-12-31T23:59:59.999Z"),
}

_CONTENT_RULES: Mapping[str, Rule] = {
    "action": text(1, 256, required=True),
    "subject": text(0, _MAX_SUBJECT, required=True),
    "context": Rule(_scalars, _SCALARS, required=True),
    "attributes": Rule(_scalars, _SCALARS),
}
_OWN_RULES: Mapping[str, Rule] = {
    "value": number(),
    "id": text(1, 128),
    "sessionId": text(1, 256),
}

RULES: Mapping[str, Rule] = {**_CONTENT_RULES, **_OWN_RULES, "timestamp": Rule(_timestamp, _TIMESTAMP)}
"""The fields of an event. An optional one that is null counts as absent; other keys are ignored."""

_SHAPE = Shape("EventSchema", RULES)
_CONTENT, _OWN = Shape("ContentSchema", _CONTENT_RULES), Shape("OwnSchema", _OWN_RULES)
EventSchema = _SHAPE.schema
"""The same rules as a marshmallow schema, which explains refusals and documents the format."""

explain = _SHAPE.explain


def unwrap(document: object) -> list[Any]:
    """Take the events out of one of the three shapes of a body.

    Args:
        document: `{"events": [E, …]}`, `[E, …]` or one `E`, decoded.

    Raises:
        MalformedJsonError: it is none of the three.
    """
    if isinstance(document, dict):
        document = document.get("events", [document])
    if not isinstance(document, list):
        raise MalformedJsonError('the body must be {"events": [event, …]}, [event, …] or one event')
    return document


def read(
    documents: list[Any], *, user: EntityRef | None, relay: bool, received_at: Millis, max_age: float
) -> tuple[list[Event], list[Rejection]]:
    """Turn decoded JSON values into events, each on its own: a bad one is refused, its neighbours are not.

    Args:
        documents: what `unwrap` gave.
        user: the verified caller, who is the user of every event.
        relay: whether the caller is a trusted relay, whose events name their users themselves.
        received_at: when the body arrived.
        max_age: seconds before arrival beyond which an event is refused.

    Returns:
        The events, in order, and the refusals with the index that each had.
    """
    events: list[Event] = []
    rejections: list[Rejection] = []
    for index, document in enumerate(documents):
        content = _content(document)
        if content is None or not _OWN.is_valid(document):
            rejections.append(Rejection(index, explain(document)))
            continue
        try:
            who = _asserted_user(document) if relay else user
            events.append(_event(document, content, who, received_at, max_age))
        except InvalidEntityRefError as error:
            rejections.append(Rejection(index, {"user": [str(error)]}))
        except ValueError as error:
            rejections.append(Rejection(index, {"timestamp": [str(error)]}))
    return events, rejections


def _asserted_user(document: Mapping[str, Any]) -> EntityRef | None:
    claim = document.get("user")
    if claim is None or claim == "":
        claim = document["context"].get("userName")
    if claim is None or claim == "":
        return None
    if not isinstance(claim, str):
        raise InvalidEntityRefError("must be the entity reference of a user, such as user:default/jane")
    ref = EntityRef.parse(claim, default_kind="user")
    if ref.kind != "user":
        raise InvalidEntityRefError("must be of kind user, such as user:default/jane")
    return ref


def _content(document: object) -> Content | None:
    """Read what an event says; the same content for the same text, where it is remembered. None for an invalid one."""
    if not isinstance(document, dict):
        return None
    context = document.get("context")
    if isinstance(context, dict) and not _LEFT_BEHIND.isdisjoint(context):
        if _scalars(context) is not None:
            return None
        context = {key: value for key, value in context.items() if key not in _LEFT_BEHIND}
    try:
        text = orjson.dumps([document.get("action"), document.get("subject"), context, document.get("attributes")])
    except orjson.JSONEncodeError:  # nested deeper than it writes
        return None
    # As a string, since the bytes hold on to four times the memory that they need.
    return _remembered(text.decode()) if len(text) <= REMEMBERED_BYTES else _read_content(text)


def _read_content(text: str | bytes) -> Content | None:
    content = dict(zip(_CONTENT_RULES, orjson.loads(text), strict=True))
    if not _CONTENT.is_valid(content):
        return None
    return Content(
        action=content["action"],
        subject=content["subject"],
        attributes=_present(content["attributes"] or {}),
        context=_present(content["context"]),
    )


_remembered = lru_cache(REMEMBERED_CONTENTS)(_read_content)


def _event(
    document: Mapping[str, Any], content: Content, user: EntityRef | None, received_at: Millis, max_age: float
) -> Event:
    timestamp = document.get("timestamp")
    millis = None if timestamp is None else parse_timestamp(timestamp)
    return Event(
        id=document.get("id"),
        timestamp=millis,
        time=time_of(millis, received_at, max_age),
        content=content,
        value=document.get("value"),
        session_id=document.get("sessionId"),
        user=user,
    )


def _present(scalars: Mapping[str, Scalar | None]) -> dict[str, Scalar]:
    return {key: value for key, value in scalars.items() if value is not None}

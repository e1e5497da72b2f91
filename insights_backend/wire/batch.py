"""The format between services: a batch of stored events, as an uploader sends it and a collector takes it.

Each field's rule is declared once, in `RULES`. Events come enriched and redacted, so the bounds are wider than those of
ingest and of what is captured: a redactor's replacement may be longer than what it replaces, and what a service has
accepted its collector must never refuse.
"""

import re
from collections.abc import Mapping
from datetime import datetime
from typing import Any

import orjson

from insights_backend.errors import MalformedJsonError, PayloadTooLargeError
from insights_backend.model.event import parse_timestamp
from insights_backend.model.total_users import MAX_TOTAL_USERS, TotalUsers
from insights_backend.wire.rules import Rejection, Rule, Shape, number, text

MAX_BYTES = 64 * 1024 * 1024
"""How large a batch may be, as sent and after decompression."""

MAX_EVENTS = 20_000
"""How many events a batch may hold."""

MAX_MONTHS = 100
"""In how many calendar months a batch's events may lie: the engine stores by month, and takes so many at once."""

MAX_REJECTIONS = 100
"""How many invalid events of a batch are named; the answer would have no bound otherwise."""

_MAX_TEXT = 32_768
_MAX_SUBJECT = 131_072
_MAX_REF = 1024
_MAX_ITEMS = 10_000
_MAX_OBJECT_BYTES = 4 * 1024 * 1024
_MAX_DEPTH = 64
_TIME = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}\.[0-9]{3}Z")
_YEARS = range(1970, 2106)  # in which the engine counts seconds


def _time(value: Any) -> str | None:
    if not isinstance(value, str) or not _TIME.fullmatch(value):
        return "must be a time such as 2026-11-23T10:00:00.123Z"
    try:
        year = datetime.fromisoformat(value).year
    except ValueError:
        return "must be a time that exists, such as 2026-11-23T10:00:00.123Z"
    return None if year in _YEARS else f"must lie in the years {_YEARS[0]} to {_YEARS[-1]}"


def _object(value: Any) -> str | None:
    if not isinstance(value, dict):
        return "must be an object"
    if not _is_shallow(value, _MAX_DEPTH):
        return f"must be nested at most {_MAX_DEPTH} levels deep"
    if len(orjson.dumps(value)) > _MAX_OBJECT_BYTES:
        return f"must have at most {_MAX_OBJECT_BYTES} bytes as JSON"
    return None


def _is_shallow(value: Any, levels: int) -> bool:
    if not isinstance(value, dict | list):
        return True
    items = value.values() if isinstance(value, dict) else value
    return levels > 0 and all(_is_shallow(item, levels - 1) for item in items)


def _list_of(item: Rule) -> Rule:
    def check(value: Any) -> str | None:
        if not isinstance(value, list) or len(value) > _MAX_ITEMS:
            return f"must be a list of at most {_MAX_ITEMS} strings"
        return next((f"each {found}" for each in value if (found := item.problem(each)) is not None), None)

    return Rule(check, {"type": "array", "maxItems": _MAX_ITEMS, "items": item.documented})


def _boolean(value: Any) -> str | None:
    return None if isinstance(value, bool) else "must be true or false"


_TIME_DOCUMENTED = {"type": "string", "format": "date-time", "pattern": f"^{_TIME.pattern}$"}
_OBJECT_DOCUMENTED = {
    "type": "object",
    "description": f"At most {_MAX_OBJECT_BYTES} bytes as JSON, nested at most {_MAX_DEPTH} levels deep.",
}

RULES: Mapping[str, Rule] = {
    "id": text(1, 128, required=True),
    "time": Rule(_time, _TIME_DOCUMENTED, required=True),
    "receivedAt": Rule(_time, _TIME_DOCUMENTED, required=True),
    "environment": text(0, _MAX_REF),
    "action": text(1, _MAX_TEXT, required=True),
    "subject": text(0, _MAX_SUBJECT),
    "value": number(),
    "pluginId": text(0, _MAX_TEXT),
    "routeRef": text(0, _MAX_TEXT),
    "extension": text(0, _MAX_TEXT),
    "sessionId": text(0, _MAX_REF),
    "attributes": Rule(_object, _OBJECT_DOCUMENTED),
    "context": Rule(_object, _OBJECT_DOCUMENTED),
    "user": text(0, _MAX_REF),
    "userMetadata": Rule(_object, _OBJECT_DOCUMENTED),
    "groups": _list_of(text(0, _MAX_REF)),
    "entity": text(0, _MAX_REF),
    "entityMetadata": Rule(_object, _OBJECT_DOCUMENTED),
    "target": text(0, _MAX_REF),
    "view": Rule(_boolean, {"type": "boolean"}),
    "notes": _list_of(text(0, _MAX_REF)),
}
"""The fields of a stored event. One that may be absent may be null; other keys are left out, `instance` among them:
who sent a batch is told by its token alone."""

_SHAPE = Shape("StoredEventSchema", RULES)
StoredEventSchema = _SHAPE.schema
"""The same rules as a marshmallow schema, which explains refusals and documents the format."""

is_valid = _SHAPE.is_valid
explain = _SHAPE.explain


def _people(value: Any) -> str | None:
    fine = isinstance(value, int | float) and not isinstance(value, bool) and 0 <= value <= MAX_TOTAL_USERS
    return None if fine and value == int(value) else f"must be a whole number from 0 to {MAX_TOTAL_USERS}"


_PEOPLE_DOCUMENTED = {"type": "integer", "exclusiveMinimum": -1, "maximum": MAX_TOTAL_USERS}

TOTAL_USERS_RULES: Mapping[str, Rule] = {
    "number": Rule(_people, _PEOPLE_DOCUMENTED, required=True),
    "asOf": Rule(_time, _TIME_DOCUMENTED, required=True),
    "environment": text(0, _MAX_REF),
}
"""The fields of how many people could use the sender's portal."""

_TOTAL_USERS_SHAPE = Shape("PortalTotalUsersSchema", TOTAL_USERS_RULES)
PortalTotalUsersSchema = _TOTAL_USERS_SHAPE.schema
"""The same rules as a marshmallow schema."""


def unwrap(document: object) -> list[Any]:
    """Take the events out of a batch's body.

    Args:
        document: `{"events": [event, …]}`, decoded; other keys are none of its business.

    Raises:
        MalformedJsonError: it has another shape.
        PayloadTooLargeError: it holds more than `MAX_EVENTS`.
    """
    events = document.get("events") if isinstance(document, dict) else None
    if not isinstance(events, list):
        raise MalformedJsonError('the body must be {"events": [event, …]}')
    if len(events) > MAX_EVENTS:
        raise PayloadTooLargeError(f"the batch holds {len(events)} events; send at most {MAX_EVENTS} at once")
    return events


def total_users(document: Mapping[str, Any]) -> TotalUsers | None:
    """Take the number of people out of a batch's body; None where the sender does not tell.

    Args:
        document: a body that `unwrap` has taken events out of.

    Raises:
        MalformedJsonError: it has another shape; names the field.
    """
    told = document.get("totalUsers")
    if told is None:
        return None
    problems = _TOTAL_USERS_SHAPE.explain(told)
    if problems:
        raise MalformedJsonError("; ".join(f"totalUsers.{field}: {found[0]}" for field, found in problems.items()))
    return TotalUsers(
        number=int(told["number"]),
        as_of=parse_timestamp(told["asOf"]),
        environment=told.get("environment") or "",
    )


def read(documents: list[Any]) -> tuple[list[dict[str, Any]], list[Rejection]]:
    """Validate a batch, which is to be taken as a whole or not at all.

    Args:
        documents: what `unwrap` gave.

    Returns:
        The valid events, rebuilt from the fields in `RULES`, absent ones null; and the first `MAX_REJECTIONS` refusals.
    """
    events: list[dict[str, Any]] = []
    rejections: list[Rejection] = []
    months: set[str] = set()
    for index, document in enumerate(documents):
        errors = {} if is_valid(document) else explain(document)
        errors = errors or _month_errors(document, months)
        if not errors:
            events.append({name: document.get(name) for name in RULES})
        elif len(rejections) < MAX_REJECTIONS:
            rejections.append(Rejection(index, errors))
    return events, rejections


def _month_errors(event: Mapping[str, Any], months: set[str]) -> dict[str, list[str]]:
    """Refuse an event of one month too many; `months` holds those of the events before it."""
    month = event["time"][: len("2026-11")]
    if month not in months and len(months) == MAX_MONTHS:
        return {"time": [f"events of more than {MAX_MONTHS} months must come in several batches"]}
    months.add(month)
    return {}

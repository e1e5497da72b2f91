"""Stored events for tests."""

from typing import Any

import orjson


def record(**changes: Any) -> dict[str, Any]:
    """Make a stored event: a navigate by nobody, but for the changes."""
    return {
        "id": "1",
        "time": "2026-11-23T10:00:00.000Z",
        "receivedAt": "2026-11-23T10:00:00.000Z",
        "environment": "production",
        "instance": "local",
        "action": "navigate",
        "subject": "/catalog",
        "value": None,
        "pluginId": "catalog",
        "routeRef": None,
        "extension": None,
        "sessionId": None,
        "attributes": {},
        "context": {},
        "user": None,
        "userMetadata": {},
        "groups": [],
        "entity": None,
        "entityMetadata": {},
        "target": None,
        "view": False,
        "notes": [],
        **changes,
    }


def lines(*records: dict[str, Any]) -> bytes:
    """Write stored events as they travel, a line each."""
    return b"".join(orjson.dumps(record, option=orjson.OPT_APPEND_NEWLINE) for record in records)

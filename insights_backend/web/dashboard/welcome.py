"""How a first event is sent: the command, right for this service as it runs."""

import shlex
from collections.abc import Mapping

import orjson

from insights_backend.settings.values import AuthMode

_EVENT = {"action": "navigate", "subject": "/catalog", "context": {"pluginId": "catalog"}}
_CREDENTIALS: Mapping[AuthMode, str] = {
    "none": "X-Insights-User: user:default/jane",
    "static": "Authorization: Bearer $RELAY_TOKEN",
    "backstage": "Authorization: Bearer $BACKSTAGE_TOKEN",
}


def first_event(url: str, mode: AuthMode) -> str:
    """Write the command that sends an event.

    Args:
        url: where events are taken.
        mode: how senders are known; where they need a token, the command takes it from a variable of the shell.
    """
    event = {**_EVENT, "user": "user:default/jane"} if mode == "static" else _EVENT
    lines = (
        "curl -H 'Content-Type: application/json'",
        f'-H "{_CREDENTIALS[mode]}"',
        f"--data {shlex.quote(orjson.dumps(event).decode())}",
        shlex.quote(url),
    )
    return " \\\n  ".join(lines)

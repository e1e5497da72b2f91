"""How a batch is written for whom it is uploaded to: another service of ours, or what speaks Segment's batch API.

Both store what comes twice once: a collector by the batch's Idempotency-Key, Segment by each event's messageId.
"""

import zlib
from collections.abc import Callable, Iterable, Mapping, Set
from typing import Any, Protocol

import orjson
from requests.auth import AuthBase, HTTPBasicAuth

from insights_backend.http_client import BearerAuth
from insights_backend.model.event import iso
from insights_backend.model.total_users import TotalUsers
from insights_backend.settings.values import UploadFormatName

MAX_SEGMENT_BATCH = 500_000
MAX_SEGMENT_EVENT = 32_000
"""Bytes of JSON. Source: Segment, "HTTP API Source", which says 500 KB and 32 KB."""

_GZIP = 31  # zlib: the largest window, in gzip's format
_GZIP_LEVEL = 6  # the highest would take several times as long for a few per cent
_TOKEN_KEY = "backstageInsights.upload.token"  # noqa: S105 - the name of a setting
# What a message of Segment's has a place of its own for, and a page besides.
_PLACED = frozenset({"id", "time", "user", "sessionId", "action"})
_PLACED_IN_PAGE = _PLACED | {"subject", "pluginId"}


class UploadFormat(Protocol):
    """The form of a request, and of the answer that means success."""

    @property
    def path(self) -> str:
        """What stands after the address."""
        ...

    def auth(self, token: str | None) -> AuthBase:
        """Say how a token is shown; raises ConfigError where it cannot be."""
        ...

    def headers(self, batch_id: str) -> Mapping[str, str]:
        """Give the headers beyond those of every request."""
        ...

    def body(self, pieces: Iterable[bytes], total: TotalUsers | None) -> bytes | None:
        """Write events, of which each piece has some, a line each; None where they are too large to be sent at once."""
        ...

    def tells_success(self, media_type: str, content: bytes) -> bool:
        """Tell whether the answer to a request that succeeded by its status comes from whom it was meant for."""
        ...


class InsightsFormat:
    """What a collector of ours takes."""

    path = "/v1/batches"

    def auth(self, token: str | None) -> AuthBase:
        """Show the token as a bearer token."""
        return BearerAuth(token, _TOKEN_KEY)

    def headers(self, batch_id: str) -> Mapping[str, str]:
        """Name the batch, and say that it is compressed."""
        return {"Content-Encoding": "gzip", "Idempotency-Key": batch_id}

    def body(self, pieces: Iterable[bytes], total: TotalUsers | None) -> bytes:
        """Write the events as they are, and how many people could use the portal."""
        gzip = zlib.compressobj(_GZIP_LEVEL, wbits=_GZIP)
        written = [gzip.compress(b'{"events":[')]
        for number, piece in enumerate(pieces):
            written.append(gzip.compress((b"," if number else b"") + piece[:-1].replace(b"\n", b",")))
        return b"".join([*written, gzip.compress(b"]" + _told(total) + b"}"), gzip.flush()])

    def tells_success(self, media_type: str, content: bytes) -> bool:  # noqa: ARG002 - the signature is the protocol's
        """Look for the collector's own word: something else may stand at its address, or before it."""
        try:
            answer = orjson.loads(content)
        except orjson.JSONDecodeError:
            return False
        return isinstance(answer, dict) and type(answer.get("accepted")) is int


def _told(total: TotalUsers | None) -> bytes:
    if total is None:
        return b""
    told = {"number": total.number, "asOf": iso(total.as_of), "environment": total.environment}
    return b',"totalUsers":' + orjson.dumps(told)


class SegmentFormat:
    """What Segment's public batch API takes, and with it RudderStack, PostHog, Jitsu and others.

    A navigate is a page, named by its subject in the category of its plugin; all else is a track. The rest of a stored
    event are its properties. There is no place for how many people could use the portal.
    """

    path = "/v1/batch"

    def auth(self, token: str | None) -> AuthBase:
        """Show the write key as the user of HTTP Basic."""
        return HTTPBasicAuth(token or "", "")

    def headers(self, batch_id: str) -> Mapping[str, str]:  # noqa: ARG002 - the signature is the protocol's
        """Add none: each event has a name of its own."""
        return {}

    def body(self, pieces: Iterable[bytes], total: TotalUsers | None) -> bytes | None:  # noqa: ARG002 - as above
        """Write each event as a message."""
        messages = [orjson.dumps(_message(orjson.loads(line))) for piece in pieces for line in piece.splitlines()]
        body = b'{"batch":[' + b",".join(messages) + b"]}"
        if len(body) > MAX_SEGMENT_BATCH or any(len(message) > MAX_SEGMENT_EVENT for message in messages):
            return None
        return body

    def tells_success(self, media_type: str, content: bytes) -> bool:  # noqa: ARG002 - as above
        """Take any answer but a page for people: what else is said differs from one service to the next."""
        return media_type != "text/html"


def _message(event: Mapping[str, Any]) -> dict[str, Any]:
    """Write a stored event; one of nobody is its session's, since a message must be somebody's."""
    user, session = event.get("user"), event.get("sessionId")
    call, placed = _call(event)
    message = {
        **call,
        "messageId": event["id"],
        "timestamp": event.get("time"),
        "userId": user,
        "anonymousId": session if session or user else "anonymous",
        "properties": _said({name: value for name, value in event.items() if name not in placed}),
    }
    return _said(message)


def _call(event: Mapping[str, Any]) -> tuple[dict[str, Any], Set[str]]:
    """Write what kind of message an event is; returns as well what need not be among its properties."""
    if event.get("action") == "navigate":
        return {"type": "page", "category": event.get("pluginId"), "name": event.get("subject")}, _PLACED_IN_PAGE
    return {"type": "track", "event": event.get("action")}, _PLACED


def _said(fields: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in fields.items() if value is not None}


FORMATS: Mapping[UploadFormatName, Callable[[], UploadFormat]] = {"insights": InsightsFormat, "segment": SegmentFormat}
"""Makes a format, by the name that `upload.format` gives it."""

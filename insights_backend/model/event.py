"""The analytics event as a portal sends it, and its time.

Source: `AnalyticsEvent` of Backstage's core-plugin-api (`action`, `subject`, `value`, `attributes`, `context`), to
which a transport may add an id, a time, a session and, for a trusted relay, the user.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from hashlib import blake2b

import orjson

from insights_backend.model.entity_ref import EntityRef

Scalar = str | bool | int | float
Millis = int
"""Milliseconds since 1970-01-01T00:00Z."""

OWN_INSTANCE = "local"
"""What a service calls its own portal among those whose events it stores."""

MAX_AHEAD: Millis = 5 * 60 * 1000
"""How far a client's clock may run ahead before its time is replaced by the time of arrival."""

REMEMBERED_CONTENTS = 10_240
"""How many contents are remembered, and what was made of each."""

REMEMBERED_BYTES = 1024
"""How long those are, as JSON: longer ones are rarely said again, and would fill the memory."""

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MILLISECOND = timedelta(milliseconds=1)
_REST = tuple(f".{millis:03d}Z" for millis in range(1000))
_LATEST: Millis = 253_402_300_799_999  # 9999-12-31, the last day that ISO 8601 writes with four digits


class Content:
    """What an event says, whoever did it and whenever.

    A portal's people do the same things again and again, so that most events say what another has said before. They
    share one content then, and what follows from it is found out once: a content is equal to itself alone.

    Args:
        action: what was done.
        subject: what it was done to.
        attributes: the event's own.
        context: as sent, without what transports leave behind in it.
    """

    __slots__ = ("_rest", "action", "digest", "extension_id", "is_short", "subject")

    def __init__(
        self, action: str, subject: str, attributes: Mapping[str, Scalar], context: Mapping[str, Scalar]
    ) -> None:
        self.action = action
        self.subject = subject
        self.extension_id = context.get("extensionId")
        """What of the context is asked at each event."""
        # The rest is needed once or twice, and many contents are remembered: as a text it takes a fifth of the memory.
        self._rest = orjson.dumps([attributes, context]).decode()
        text = orjson.dumps([action, subject, attributes, context], option=orjson.OPT_SORT_KEYS)
        self.digest = blake2b(text, digest_size=32).digest()
        """The same for all that say the same."""
        self.is_short = len(text) <= REMEMBERED_BYTES
        """Whether it may be remembered, and what was made of it."""

    @property
    def attributes(self) -> dict[str, Scalar]:
        """The event's own attributes."""
        attributes: dict[str, Scalar] = orjson.loads(self._rest)[0]
        return attributes

    @property
    def context(self) -> dict[str, Scalar]:
        """The context, as sent, without what transports leave behind in it."""
        context: dict[str, Scalar] = orjson.loads(self._rest)[1]
        return context


# Not frozen, though nobody changes one: to make one would take three times as long.
@dataclass(slots=True, kw_only=True)
class Event:
    """One validated event, before enrichment.

    Args:
        id: the sender's own name for the event; None where it gave none.
        timestamp: when it happened by the sender's clock; None where it did not say.
        time: when it happened as we count it: the sender's time within bounds, else the time of arrival.
        content: what it says.
        value: the number that it carries, if any.
        session_id: the sender's name for the user's session, if it tells.
        user: the verified, or by a relay asserted, user.
    """

    id: str | None
    timestamp: Millis | None
    time: Millis
    content: Content
    value: int | float | None
    session_id: str | None
    user: EntityRef | None


def parse_timestamp(value: object) -> Millis:
    """Read a client's time.

    Args:
        value: an ISO 8601 text (without an offset it is UTC) or a number of epoch milliseconds.

    Raises:
        ValueError: it is neither, or lies outside of the years 1970 to 9999.
    """
    if isinstance(value, str) and len(value) <= 40:  # noqa: PLR2004 - the longest ISO form has 35 characters
        millis = _from_iso(value)
    elif isinstance(value, int | float) and not isinstance(value, bool) and abs(value) <= _LATEST:
        millis = int(value)
    else:
        raise ValueError("must be an ISO 8601 time or epoch milliseconds")
    if not 0 <= millis <= _LATEST:
        raise ValueError("must lie between the years 1970 and 9999")
    return millis


def _from_iso(text: str) -> Millis:
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        raise ValueError("must be an ISO 8601 time or epoch milliseconds") from None
    if moment.tzinfo is None:
        moment = moment.replace(tzinfo=UTC)
    # Whole numbers all the way: a float of seconds would round some milliseconds down.
    return (moment - _EPOCH) // _MILLISECOND


def time_of(timestamp: Millis | None, received_at: Millis, max_age: float) -> Millis:
    """Decide when an event happened.

    Args:
        timestamp: the sender's time, if it gave one.
        received_at: the time of arrival; also taken where the sender's clock is over five minutes ahead.
        max_age: seconds before arrival beyond which an event is too old.

    Raises:
        ValueError: the event is older than `max_age`.
    """
    if timestamp is None or timestamp > received_at + MAX_AHEAD:
        return received_at
    if timestamp < received_at - max_age * 1000:
        raise ValueError(f"is older than {max_age / 86400:g} days (ingest.maxAge)")
    return timestamp


def iso(millis: Millis) -> str:
    """Write a time as ISO 8601 in UTC with milliseconds, such as `2026-11-23T10:00:00.123Z`."""
    seconds, rest = divmod(millis, 1000)
    return _iso_second(seconds) + _REST[rest]


# Many events happen in one second.
@lru_cache(maxsize=4096)
def _iso_second(seconds: int) -> str:
    return f"{datetime.fromtimestamp(seconds, UTC):%Y-%m-%dT%H:%M:%S}"

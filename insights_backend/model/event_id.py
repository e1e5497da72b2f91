"""Ids for events whose sender gave none that can be used, made so that a batch sent again gets the same ones.

The id is a keyed digest of user, time and content: without the key nobody can test a guess about an event's content
against the id that is stored and shown.
"""

from collections.abc import Callable, Sequence
from functools import lru_cache
from hashlib import blake2b
from uuid import uuid4

import orjson

from insights_backend.model.event import Event

_DIGEST_BYTES = 12  # among a billion events of an instance, the chance that any two share an id is 1 in 10¹¹


def event_ids(events: Sequence[Event], key: bytes, can_name: Callable[[str], bool]) -> list[str]:
    """Name the events of one batch.

    Args:
        events: the batch, in the order in which it was sent.
        key: the secret under which ids are derived; 16 to 64 bytes of it count.
        can_name: tells whether a sender's id can be used; an event with another is named as one without.

    Returns:
        One id an event: the sender's own; else, where the event carries a timestamp, one derived from user, time,
        content and, among equal events of the batch, its ordinal; else a random one.
    """
    seen: dict[bytes, int] = {}
    return [event.id if event.id and can_name(event.id) else _derived(event, key, seen) for event in events]


def _derived(event: Event, key: bytes, seen: dict[bytes, int]) -> str:
    if event.timestamp is None:
        return uuid4().hex
    user = str(event.user) if event.user else None
    own = orjson.dumps([user, event.timestamp, event.value, event.session_id])
    content = event.content.digest + own
    ordinal = seen.get(content, 0)
    seen[content] = ordinal + 1
    digest = _keyed(key[:64], ordinal).copy()
    digest.update(content)
    return digest.hexdigest()


# A copy of one that knows the key already takes half the time of another one. Batches rarely repeat an event.
@lru_cache(maxsize=16)
def _keyed(key: bytes, ordinal: int) -> blake2b:
    return blake2b(key=key, digest_size=_DIGEST_BYTES, person=b"event id", salt=b"%d" % ordinal)

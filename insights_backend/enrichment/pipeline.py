"""From validated events to redacted lines.

A line tells what, who and when. What is remembered as long as the content, and who as long as the request, both as they
are written: to make, to clean and to write a part takes longer than all else, and most events share two of their three.
"""

import logging
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import NamedTuple

import orjson

from insights_backend.catalog.cache import CachedCatalog, Lookup
from insights_backend.enrichment.entities import entity_of, target_of
from insights_backend.enrichment.extractors import Extractor, Extractors, K, What, Who
from insights_backend.enrichment.redactor import Redactor
from insights_backend.enrichment.shared import Record, Shared
from insights_backend.model.entity_ref import EntityRef
from insights_backend.model.event import OWN_INSTANCE, REMEMBERED_CONTENTS, Content, Event, Millis, iso

_log = logging.getLogger(__name__)

_NOTHING_SAID: Record = {"attributes": {}, "context": {}, "entityMetadata": {}}
# What this service itself says of an event.
_OWN: Record = {
    "id": 24 * "0",
    "instance": OWN_INSTANCE,
    "time": iso(0),
    "receivedAt": iso(0),
    "value": None,
    "view": False,
}
_NOBODY: Record = {"userMetadata": {}, "groups": []}


class _Part(NamedTuple):
    """What many lines have in common: the fields as they stand in an object, and what could not be looked up."""

    fields: bytes
    notes: Sequence[str]


@dataclass(slots=True)
class _Topic:
    """What is remembered of a content: its entities, and the part that was made of it and of what the catalog said."""

    entity: EntityRef | None
    target: EntityRef | None
    made: tuple[Lookup | None, _Part] | None = None


class Pipeline:
    """Runs every extractor over every event, and the redactor over what comes out.

    The catalog is asked in bulk, once for all entities and users of a request. An extractor that fails leaves a note
    and loses no event.

    Args:
        catalog: where entities are looked up.
        extractors: what to run.
        redactor: takes personal data out; nothing that was sent or looked up leaves the pipeline without it.
    """

    def __init__(self, *, catalog: CachedCatalog, extractors: Extractors, redactor: Redactor) -> None:
        self._catalog = catalog
        self._extractors = extractors
        self._redact = redactor.redact
        self._cleans_own = redactor.redact(_OWN) != _OWN
        self._topic = lru_cache(REMEMBERED_CONTENTS)(_topic)

    def run(self, events: Sequence[Event], ids: Sequence[str], received_at: Millis) -> list[bytes]:
        """Make the records of one request's events.

        Args:
            events: the request's events, in order.
            ids: their ids.
            received_at: when the request arrived.

        Returns:
            One clean record an event, as a line of JSON, ready to be stored.
        """
        contents = [event.content for event in events]
        topics = [self._topic(content) if content.is_short else _topic(content) for content in contents]
        senders = {(event.user, event.session_id) for event in events}
        refs = {topic.entity for topic in topics}.union(user for user, _ in senders)
        lookups = self._catalog.lookup(ref for ref in refs if ref)
        parts = {sender: self._who(sender, lookups) for sender in senders}
        received = iso(received_at)
        lines = []
        for event, id_, topic in zip(events, ids, topics, strict=True):
            who = parts[event.user, event.session_id]
            what = self._what(event.content, topic, lookups[topic.entity] if topic.entity else None)
            notes = [*what.notes, *who.notes]
            when = self._when(event, id_, received, notes)
            noted = self._noted(notes) if notes else b"[]"
            lines.append(b"".join((b"{", when, b",", who.fields, b",", what.fields, b',"notes":', noted, b"}\n")))
        return lines

    def _who(self, sender: tuple[EntityRef | None, str | None], lookups: Mapping[EntityRef, Lookup]) -> _Part:
        user, session_id = sender
        who = Who(user, session_id, lookups[user] if user else None)
        return self._part(self._extractors.who, who, _NOBODY)

    def _what(self, content: Content, topic: _Topic, lookup: Lookup | None) -> _Part:
        made = topic.made
        if made is None or (made[0] is not lookup and made[0] != lookup):
            what = What(content, topic.entity, topic.target, lookup)
            made = topic.made = lookup, self._part(self._extractors.what, what, _NOTHING_SAID)
        return made[1]

    def _part(self, extractors: Sequence[Extractor[K]], known: K, nothing: Record) -> _Part:
        """Run extractors, clean and write what they return; the part's notes are those of all of them."""
        record = dict(nothing)
        own: Record = {}
        for name, extract in extractors:
            try:
                part = extract(known)
            except Exception as error:  # noqa: BLE001 - whatever a strange entity does to an extractor, the event stays
                known.notes.append(_failed(name, error))
            else:
                if isinstance(part, Shared):
                    _add(record, part.clean(self._redact), known.notes)
                else:
                    own.update(part)
        if own:
            _add(record, self._redact(own), known.notes)
        return _Part(_written(record), known.notes)

    def _when(self, event: Event, id_: str, received: str, notes: list[str]) -> bytes:
        """Write what an event shares with no other.

        What the sender has not written itself is cleaned only where the policy leaves no event like it as it is.
        """
        time, view = iso(event.time), self._view(event, notes)
        if event.id is None and event.value is None and not self._cleans_own:
            # Nothing in it needs to be escaped, and to write it so takes a third of the time.
            return (
                f'"id":"{id_}","instance":"{OWN_INSTANCE}","time":"{time}","receivedAt":"{received}",'
                f'"value":null,"view":{"true" if view else "false"}'
            ).encode()
        record: Record = {
            "id": id_,
            "instance": OWN_INSTANCE,
            "time": time,
            "receivedAt": received,
            "value": event.value,
            "view": view,
        }
        _add(record, self._redact(record if self._cleans_own else {"id": id_, "value": event.value}), notes)
        return _written(record)

    def _view(self, event: Event, notes: list[str]) -> bool:
        try:
            return self._extractors.is_view(event)
        except Exception as error:  # noqa: BLE001 - as above
            notes.append(_failed("view", error))
            return False

    def _noted(self, notes: Sequence[str]) -> bytes:
        return orjson.dumps(self._redact({"notes": list(dict.fromkeys(notes))})["notes"])


def _topic(content: Content) -> _Topic:
    return _Topic(entity_of(content), target_of(content))


def _add(record: Record, clean: Record, notes: list[str]) -> None:
    """Add a clean part to a record, and what the part notes to the event's notes."""
    notes += clean.get("notes", ())
    record.update(clean)
    record.pop("notes", None)


def _written(record: Record) -> bytes:
    """Write fields as they stand in an object."""
    return orjson.dumps(record)[1:-1]


def _failed(extractor: str, error: Exception) -> str:
    # The class alone: a message may hold what it tripped over, and that may be personal data.
    _log.warning("extractor %s failed: %s", extractor, type(error).__name__)
    return f"{extractor}_failed"

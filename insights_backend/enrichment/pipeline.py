"""From validated events to redacted records.

A record tells what, who and when. What is remembered as long as the content, and who as long as the request: to make
and to clean a part takes longer than all else, and most events share two of their three.
"""

import logging
from collections.abc import Sequence
from dataclasses import dataclass
from weakref import WeakKeyDictionary

from insights_backend.catalog.cache import CachedCatalog, Lookup
from insights_backend.enrichment.entities import entity_of, target_of
from insights_backend.enrichment.extractors import Extractor, Extractors, K, What, When, Who
from insights_backend.enrichment.redactor import Redactor
from insights_backend.enrichment.shared import Record, Shared
from insights_backend.model.entity_ref import EntityRef
from insights_backend.model.event import Content, Event

_log = logging.getLogger(__name__)

# In the order in which a record is written: what an event is known by stands first.
_NOTHING_KNOWN: Record = {
    "id": None,
    "instance": None,
    "value": None,
    "attributes": {},
    "context": {},
    "userMetadata": {},
    "groups": [],
    "entityMetadata": {},
    "view": False,
}


@dataclass(slots=True)
class _Topic:
    """What is remembered of a content: its entities, and the part that was made of it and of what the catalog said."""

    entity: EntityRef | None
    target: EntityRef | None
    made: tuple[Lookup | None, Record] | None = None


class Pipeline:
    """Runs every extractor over every event, and the redactor over what comes out.

    The catalog is asked in bulk, once for all entities and users of a request. An extractor that fails leaves a note
    and loses no event.

    Args:
        catalog: where entities are looked up.
        extractors: what to run.
        redactor: takes personal data out; nothing leaves the pipeline without it.
    """

    def __init__(self, *, catalog: CachedCatalog, extractors: Extractors, redactor: Redactor) -> None:
        self._catalog = catalog
        self._extractors = extractors
        self._redact = redactor.redact
        self._topics = WeakKeyDictionary[Content, _Topic]()

    def run(self, events: Sequence[Event], ids: Sequence[str]) -> list[Record]:
        """Make the records of one request's events.

        Args:
            events: the request's events, in order.
            ids: their ids.

        Returns:
            One clean record an event, ready to be stored.
        """
        topics = [self._topic(event.content) for event in events]
        refs = {event.user for event in events}.union([topic.entity for topic in topics])
        lookups = self._catalog.lookup({ref for ref in refs if ref})
        senders: dict[object, Record] = {}
        records = []
        for event, id_, topic in zip(events, ids, topics, strict=True):
            sender = event.user, event.session_id, event.received_at
            if (who := senders.get(sender)) is None:
                known = Who(*sender, lookups[event.user] if event.user else None)
                who = senders[sender] = self._part(self._extractors.who, known)
            what = self._what(event.content, topic, lookups[topic.entity] if topic.entity else None)
            when = self._part(self._extractors.when, When(event, id_))
            records.append(self._record(what, who, when))
        return records

    def _topic(self, content: Content) -> _Topic:
        topic = self._topics.get(content)
        if topic is None:
            topic = self._topics[content] = _Topic(entity_of(content), target_of(content))
        return topic

    def _what(self, content: Content, topic: _Topic, lookup: Lookup | None) -> Record:
        made = topic.made
        if made is None or made[0] != lookup:
            what = What(content, topic.entity, topic.target, lookup)
            made = topic.made = lookup, self._part(self._extractors.what, what)
        return made[1]

    def _part(self, extractors: Sequence[Extractor[K]], known: K) -> Record:
        """Run extractors, and clean what they return; the part's notes are those of all of them."""
        record: Record = {}
        for name, extract in extractors:
            try:
                part = extract(known)
            except Exception as error:  # noqa: BLE001 - whatever a strange entity does to an extractor, the event stays
                # The class alone: a message may hold what it tripped over, and that may be personal data.
                _log.warning("extractor %s failed: %s", name, type(error).__name__)
                known.notes.append(f"{name}_failed")
            else:
                clean = part.clean(self._redact) if isinstance(part, Shared) else self._redact(part)
                record.update(clean)
                known.notes += clean.get("notes", ())
        record["notes"] = known.notes
        return record

    def _record(self, what: Record, who: Record, when: Record) -> Record:
        notes = dict.fromkeys([*what["notes"], *who["notes"], *when["notes"]])
        clean = self._redact({"notes": list(notes)})["notes"] if notes else []
        return {**_NOTHING_KNOWN, **what, **who, **when, "notes": clean}

"""From validated events to redacted records."""

import logging
from collections.abc import Iterable, Mapping, Sequence

from insights_backend.catalog.cache import CachedCatalog, Lookup
from insights_backend.enrichment.entities import entity_of, target_of
from insights_backend.enrichment.extractors import Extractor, Known
from insights_backend.enrichment.redactor import Redactor
from insights_backend.enrichment.shared import Record, Shared
from insights_backend.model.entity_ref import EntityRef
from insights_backend.model.event import Event

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


class Pipeline:
    """Runs every extractor over every event, and the redactor over what comes out.

    The catalog is asked in bulk, once for all entities and users of a request. An extractor that fails leaves a note
    and loses no event.

    Args:
        catalog: where entities are looked up.
        extractors: what to run, by name, in order.
        redactor: takes personal data out; nothing leaves the pipeline without it.
    """

    def __init__(
        self,
        *,
        catalog: CachedCatalog,
        extractors: Sequence[tuple[str, Extractor]],
        redactor: Redactor,
    ) -> None:
        self._catalog = catalog
        self._extractors = extractors
        self._redact = redactor.redact

    def run(self, events: Sequence[Event], ids: Sequence[str]) -> list[Record]:
        """Make the records of one request's events.

        Args:
            events: the request's events, in order.
            ids: their ids.

        Returns:
            One clean record an event, ready to be stored.
        """
        entities = [entity_of(event) for event in events]
        lookups = self._look_up(events, entities)
        return [
            self._record(Known(event, id_, entity, target_of(event), lookups))
            for event, id_, entity in zip(events, ids, entities, strict=True)
        ]

    def _look_up(self, events: Iterable[Event], entities: Iterable[EntityRef | None]) -> Mapping[EntityRef, Lookup]:
        users = (event.user for event in events)
        return self._catalog.lookup({ref for ref in (*users, *entities) if ref})

    def _record(self, known: Known) -> Record:
        record = dict(_NOTHING_KNOWN)
        for name, extract in self._extractors:
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
        record["notes"] = self._redact({"notes": list(dict.fromkeys(known.notes))})["notes"] if known.notes else []
        return record

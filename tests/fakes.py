"""Stand-ins for what lies outside: clocks that tests move, a catalog in memory, a destination that can fail."""

from collections.abc import Mapping, Sequence
from typing import Any

import orjson

from insights_backend.catalog.interface import Entity
from insights_backend.delivery.destination import Batch, DeadLetter, DeliveryError
from insights_backend.errors import CatalogUnavailableError
from insights_backend.model.entity_filter import EntityFilterQuery
from insights_backend.model.entity_ref import EntityRef
from insights_backend.model.event import Content, Event

NOW = 1_795_428_000.0
"""2026-11-23T10:00:00Z, when most tests play."""


class Clock:
    """A clock that stands still until it is moved."""

    def __init__(self, now: float = NOW) -> None:
        self.now = now

    def __call__(self) -> float:
        return self.now


class MemoryCatalog:
    """A catalog of given entities that keeps its calls, and can be down."""

    def __init__(self, *entities: Mapping[str, Any]) -> None:
        self.by_ref: dict[EntityRef, Entity] = {ref_of(entity): entity for entity in entities}
        self.calls: list[list[str]] = []
        self.searches = 0
        self.down = False

    def entities(self, refs: Sequence[EntityRef]) -> list[Entity | None]:
        self.calls.append([str(ref) for ref in refs])
        if self.down:
            raise CatalogUnavailableError("the catalog is down")
        return [self.by_ref.get(ref) for ref in refs]

    def find(self, query: EntityFilterQuery) -> list[EntityRef]:
        self.searches += 1
        if self.down:
            raise CatalogUnavailableError("the catalog is down")
        return [ref for ref, entity in self.by_ref.items() if query.matches(entity)]

    def count(self, query: EntityFilterQuery) -> int:
        return len(self.find(query))

    def members(self) -> dict[EntityRef, int]:
        raise NotImplementedError  # nobody counts them here


def ref_of(entity: Mapping[str, Any]) -> EntityRef:
    metadata = entity["metadata"]
    return EntityRef.of(entity["kind"], metadata["name"], metadata.get("namespace"))


class MemoryDestination:
    """A destination that keeps what it is given, or refuses while it is down."""

    batch_events = 15_000

    def __init__(self) -> None:
        self.batches: list[Batch] = []
        self.attempts = 0
        self.down = False
        self.refused: Sequence[DeadLetter] = ()

    def deliver(self, batch: Batch) -> Sequence[DeadLetter]:
        self.attempts += 1
        if self.down:
            raise DeliveryError("the destination is down")
        self.batches.append(batch)
        return self.refused

    @property
    def events(self) -> list[dict[str, Any]]:
        return [orjson.loads(line) for batch in self.batches for line in batch.lines.splitlines()]


def event(**changes: Any) -> Event:
    """Make an event: a navigate to the catalog by nobody, but for the changes."""
    said = {name: changes.pop(name) for name in ("action", "subject", "attributes", "context") if name in changes}
    fields: dict[str, Any] = {
        "id": None,
        "timestamp": None,
        "time": int(NOW * 1000),
        "content": content(**said),
        "value": None,
        "session_id": None,
        "user": None,
    }
    return Event(**{**fields, **changes})


def content(**changes: Any) -> Content:
    """Make what an event says: a navigate to the catalog, but for the changes."""
    fields: dict[str, Any] = {
        "action": "navigate",
        "subject": "/catalog",
        "attributes": {},
        "context": {"pluginId": "catalog", "extension": "App", "routeRef": "catalog"},
    }
    return Content(**{**fields, **changes})


def user(name: str = "jane") -> EntityRef:
    return EntityRef("user", "default", name)

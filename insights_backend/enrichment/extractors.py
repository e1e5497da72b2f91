"""The extractors: each adds one group of fields to an event's record, in the order of `extractors`.

An extractor reads what is known and returns the fields that it knows. What many events have in common it returns as
one shared part, since cleaning takes longer than all else. What it cannot look up it notes. The notes are a fixed
vocabulary: `entity_not_found`, `user_not_found`, `catalog_unavailable`, and `<extractor>_failed`.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

from insights_backend.catalog.cache import Lookup
from insights_backend.catalog.interface import Entity
from insights_backend.enrichment.fields import field_at
from insights_backend.enrichment.shared import Record, Remembered, Shared
from insights_backend.errors import InvalidEntityRefError
from insights_backend.model.entity_ref import EntityRef
from insights_backend.model.event import OWN_INSTANCE, Event, iso

ENTITY_FIELDS = ("kind", "metadata.namespace", "spec.type", "spec.lifecycle", "spec.owner")
# What of the context has a place of its own in the record.
_PLACED_BY_ID = frozenset({"pluginId", "routeRef", "extensionId"})
_PLACED = _PLACED_BY_ID | {"extension"}
_MAX_PLACES = 1000  # their names may be long

IDENTITY_FIELDS = ("metadata.namespace", "spec.memberOf")


@dataclass(slots=True)
class Known:
    """What is known about an event while its record is made.

    Args:
        event: what arrived.
        id: its id, given or derived.
        entity: the entity that it is about.
        target: the entity that it leads to.
        lookups: what the catalog answered, for every entity and user of the request.
        notes: what could not be looked up; extractors add to it.
    """

    event: Event
    id: str
    entity: EntityRef | None
    target: EntityRef | None
    lookups: Mapping[EntityRef, Lookup]
    notes: list[str] = field(default_factory=list)

    def look_up(self, ref: EntityRef | None, missing: str) -> Entity | None:
        """Return what the catalog has under a reference; where it has nothing, note why."""
        if ref is None:
            return None
        lookup = self.lookups[ref]
        if lookup.entity is None:
            self.notes.append(missing if lookup.available else "catalog_unavailable")
        return lookup.entity


Extractor = Callable[[Known], Record | Shared]

KeepGroups = Callable[[Sequence[EntityRef]], Sequence[EntityRef] | None]
"""Tells which of a user's groups are captured; None where the catalog cannot tell."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Capture:
    """What is captured beside the event itself: the effective lists, defaults included.

    Args:
        entity_fields: dot paths into the event's entity.
        identity_fields: dot paths into the user's entity.
        environment: the label on every event.
        instance: the name of this portal among those that report to one place.
    """

    entity_fields: tuple[str, ...] = ENTITY_FIELDS
    identity_fields: tuple[str, ...] = IDENTITY_FIELDS
    environment: str = "production"
    instance: str = OWN_INSTANCE

    @classmethod
    def of(
        cls,
        *,
        more_entity_fields: Sequence[str],
        more_identity_fields: Sequence[str],
        environment: str,
    ) -> "Capture":
        """Add what the operator asked for to the defaults, each path once."""
        return cls(
            entity_fields=tuple(dict.fromkeys((*ENTITY_FIELDS, *more_entity_fields))),
            identity_fields=tuple(dict.fromkeys((*IDENTITY_FIELDS, *more_identity_fields))),
            environment=environment,
        )

    def catalog_fields(self) -> tuple[str, ...]:
        """Name the fields that the catalog must send, in a stable order, each once."""
        return tuple(dict.fromkeys((*self.entity_fields, *self.identity_fields)))


def extractors(
    capture: Capture, is_view: Callable[[Event], bool], keep_groups: KeepGroups
) -> tuple[tuple[str, Extractor], ...]:
    """List the extractors by name, in order.

    Args:
        capture: what is captured.
        is_view: tells whether an event counts as a view of a page.
        keep_groups: tells which of a user's groups are captured.
    """
    labels = Shared({"environment": capture.environment, "instance": capture.instance})
    view, no_view = Shared({"view": True}), Shared({"view": False})
    return (
        # What was sent comes first: if all else fails, this is the event.
        ("event", _sent),
        ("labels", lambda _: labels),
        ("origin", _origin()),
        ("view", lambda known: view if is_view(known.event) else no_view),
        ("entity", _entity(capture.entity_fields)),
        # The user's own fields before the groups: they share the lookup, and its note is made once.
        ("identity", _identity(capture.identity_fields)),
        ("groups", _groups(keep_groups)),
    )


def _sent(known: Known) -> Record:
    event = known.event
    part: Record = {
        "id": known.id,
        "time": iso(event.time),
        "receivedAt": iso(event.received_at),
        "action": event.action,
        "subject": event.subject,
        "value": event.value,
        "sessionId": event.session_id,
        "user": str(event.user) if event.user else None,
        "entity": str(known.entity) if known.entity else None,
        "target": str(known.target) if known.target else None,
    }
    if event.attributes:
        part["attributes"] = event.attributes
    placed = _PLACED_BY_ID if "extensionId" in event.context else _PLACED
    if context := {key: value for key, value in event.context.items() if key not in placed}:
        part["context"] = context
    return part


def _origin() -> Extractor:
    """Tell where in the app events come from, which are few places."""
    described = Remembered[tuple[str | None, ...], Shared](_place, most=_MAX_PLACES)

    def extract(known: Known) -> Shared:
        get = known.event.context.get
        # The new front-end system always names the extension by its id, and may add a component's name to it.
        extension = get("extensionId", get("extension"))
        return described.of((_text(get("pluginId")), _text(get("routeRef")), _text(extension)))

    return extract


def _place(origin: tuple[str | None, ...], _: object) -> Shared:
    plugin, route, extension = origin
    # What Backstage calls the app itself is "root".
    return Shared({"pluginId": plugin or "root", "routeRef": route, "extension": extension})


def _text(value: object) -> str | None:
    return None if value is None else str(value)


def _entity(paths: Sequence[str]) -> Extractor:
    described = Remembered[EntityRef, Shared](
        lambda ref, entity: Shared({"entityMetadata": _fields(entity, ref, paths)})
    )

    def extract(known: Known) -> Record | Shared:
        entity = known.look_up(known.entity, "entity_not_found")
        return described.of(known.entity, entity) if known.entity and entity else {}

    return extract


def _identity(paths: Sequence[str]) -> Extractor:
    own = [path for path in paths if path != "spec.memberOf"]
    described = Remembered[EntityRef, Shared](lambda ref, entity: Shared({"userMetadata": _fields(entity, ref, own)}))

    def extract(known: Known) -> Record | Shared:
        user = known.event.user
        entity = known.look_up(user, "user_not_found")
        return described.of(user, entity) if user and entity else {}

    return extract


def _groups(keep_groups: KeepGroups) -> Extractor:
    listed = Remembered[EntityRef, Sequence[EntityRef]](member_of)
    described = Remembered[EntityRef, Shared](lambda _, groups: Shared({"groups": [str(group) for group in groups]}))

    def extract(known: Known) -> Record | Shared:
        user = known.event.user
        entity = known.look_up(user, "user_not_found")
        if user is None or entity is None:
            return {}
        groups = keep_groups(listed.of(user, entity))
        if groups is None:
            known.notes.append("catalog_unavailable")
        return described.of(user, groups or ())

    return extract


def member_of(user: EntityRef, entity: Entity) -> list[EntityRef]:
    """Read a user's own groups: `spec.memberOf`, where a short reference is a group of the user's namespace."""
    listed = field_at(entity, "spec.memberOf")
    groups = (_group(item, user.namespace) for item in listed) if isinstance(listed, list) else ()
    return list(dict.fromkeys(group for group in groups if group is not None))


def _group(ref: object, namespace: str) -> EntityRef | None:
    if not isinstance(ref, str):
        return None
    try:
        return EntityRef.parse(ref, default_kind="group", default_namespace=namespace)
    except InvalidEntityRefError:
        return None


def _fields(entity: Entity, ref: EntityRef, paths: Sequence[str]) -> Record:
    found = {path: value for path in paths if (value := field_at(entity, path)) is not None}
    if isinstance(found.get("spec.owner"), str):
        owner = _group(found["spec.owner"], ref.namespace)
        found["spec.owner"] = str(owner) if owner else found["spec.owner"]
    return found

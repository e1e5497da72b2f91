"""The extractors: each adds one group of fields to an event's record, in the order of `extractors`.

An extractor reads what is known of what events are about, of whose they are, or of one event, and returns the fields
that it knows; where many have those in common, as one shared part. What it cannot look up it notes. The notes are a
fixed vocabulary: `entity_not_found`, `user_not_found`, `catalog_unavailable`, and `<extractor>_failed`.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, TypeVar

import orjson

from insights_backend.catalog.cache import Lookup
from insights_backend.catalog.interface import Entity, is_membership
from insights_backend.enrichment.fields import field_at
from insights_backend.enrichment.shared import Record, Remembered, Shared
from insights_backend.errors import InvalidEntityRefError
from insights_backend.model.entity_ref import EntityRef
from insights_backend.model.event import Content, Event

ENTITY_FIELDS = ("kind", "metadata.namespace", "spec.type", "spec.lifecycle", "spec.owner")
# What of the context has a place of its own in the record.
_PLACED_BY_ID = frozenset({"pluginId", "routeRef", "extensionId"})
_PLACED = _PLACED_BY_ID | {"extension"}

_MOST_BYTES = 16 * 1024  # of a captured field, as JSON

IDENTITY_FIELDS = ("metadata.namespace", "spec.memberOf")


class Notes(list[str]):
    """What could not be looked up."""

    def entity(self, lookup: Lookup | None, missing: str) -> Entity | None:
        """Return what the catalog has; where it was asked and has nothing, note why."""
        if lookup is None:
            return None
        if lookup.entity is None and (note := missing if lookup.available else "catalog_unavailable") not in self:
            self.append(note)
        return lookup.entity


@dataclass(slots=True)
class What:
    """What events of one content are about.

    Args:
        content: what they say.
        entity: the entity that they are about.
        target: the entity that they lead to.
        lookup: what the catalog answered for the entity.
        notes: extractors add to them.
    """

    content: Content
    entity: EntityRef | None
    target: EntityRef | None
    lookup: Lookup | None
    notes: Notes = field(default_factory=Notes)


@dataclass(slots=True)
class Who:
    """Whose events of a request they are.

    Args:
        user: the user, if any.
        session_id: the user's session, if the sender tells.
        lookup: what the catalog answered for the user.
        notes: extractors add to them.
    """

    user: EntityRef | None
    session_id: str | None
    lookup: Lookup | None
    notes: Notes = field(default_factory=Notes)


K = TypeVar("K", What, Who)
Extractor = tuple[str, Callable[[K], Record | Shared]]
"""A name, and what it does with what is known."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Extractors:
    """The extractors, in order, by what they read: the less of an event, the more events share what they return.

    Args:
        what: read what events are about.
        who: read whose events they are.
        is_view: reads one event, and tells whether it counts as a view of a page: the extractor `view`.
    """

    what: Sequence[Extractor[What]]
    who: Sequence[Extractor[Who]]
    is_view: Callable[[Event], bool]


KeepGroups = Callable[[Sequence[EntityRef]], Sequence[EntityRef] | None]
"""Tells which of a user's groups are captured; None where the catalog cannot tell."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Capture:
    """What is captured beside the event itself: the effective lists, defaults included.

    Args:
        entity_fields: dot paths into the event's entity.
        identity_fields: dot paths into the user's entity.
        environment: the label on every event.
    """

    entity_fields: tuple[str, ...] = ENTITY_FIELDS
    identity_fields: tuple[str, ...] = IDENTITY_FIELDS
    environment: str = "production"

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


def extractors(capture: Capture, is_view: Callable[[Event], bool], keep_groups: KeepGroups) -> Extractors:
    """List the extractors by name, in order.

    Args:
        capture: what is captured.
        is_view: tells whether an event counts as a view of a page.
        keep_groups: tells which of a user's groups are captured.
    """
    labels = Shared({"environment": capture.environment})
    return Extractors(
        # What was sent comes first: if all else fails, this is the event.
        what=(("content", _said), ("origin", _origin), ("entity", _entity(capture.entity_fields))),
        who=(
            ("sender", _sender()),
            ("labels", lambda _: labels),
            ("identity", _identity(capture.identity_fields)),
            ("groups", _groups(keep_groups)),
        ),
        is_view=is_view,
    )


def _sender() -> Callable[[Who], Shared]:
    named = Remembered[tuple[EntityRef | None, str | None], Shared](
        lambda sender, _: Shared({"user": str(sender[0]) if sender[0] else None, "sessionId": sender[1]})
    )
    return lambda who: named.of((who.user, who.session_id), None)


def _said(what: What) -> Record:
    content = what.content
    attributes, sent = content.attributes, content.context  # each is read out of a text
    part: Record = {
        "action": content.action,
        "subject": content.subject,
        "entity": str(what.entity) if what.entity else None,
        "target": str(what.target) if what.target else None,
    }
    if attributes:
        part["attributes"] = attributes
    placed = _PLACED_BY_ID if "extensionId" in sent else _PLACED
    if context := {key: value for key, value in sent.items() if key not in placed}:
        part["context"] = context
    return part


def _origin(what: What) -> Record:
    """Tell where in the app events come from."""
    get = what.content.context.get
    return {
        # What Backstage calls the app itself is "root".
        "pluginId": _text(get("pluginId")) or "root",
        "routeRef": _text(get("routeRef")),
        # The new front-end system always names the extension by its id, and may add a component's name to it.
        "extension": _text(get("extensionId", get("extension"))),
    }


def _text(value: object) -> str | None:
    return None if value is None else str(value)


def _entity(paths: Sequence[str]) -> Callable[[What], Record | Shared]:
    described = Remembered[EntityRef, Shared](
        lambda ref, entity: _bounded("entity", "entityMetadata", _fields(entity, ref, paths))
    )

    def extract(what: What) -> Record | Shared:
        entity = what.notes.entity(what.lookup, "entity_not_found")
        return described.of(what.entity, entity) if what.entity and entity else {}

    return extract


def _identity(paths: Sequence[str]) -> Callable[[Who], Record | Shared]:
    own = [path for path in paths if path != "spec.memberOf"]
    described = Remembered[EntityRef, Shared](
        lambda ref, entity: _bounded("identity", "userMetadata", _without_groups(_fields(entity, ref, own)))
    )

    def extract(who: Who) -> Record | Shared:
        entity = who.notes.entity(who.lookup, "user_not_found")
        return described.of(who.user, entity) if who.user and entity else {}

    return extract


def _groups(keep_groups: KeepGroups) -> Callable[[Who], Record | Shared]:
    listed = Remembered[EntityRef, Sequence[EntityRef]](member_of)
    described = Remembered[EntityRef, Shared](lambda _, groups: Shared({"groups": [str(group) for group in groups]}))

    def extract(who: Who) -> Record | Shared:
        entity = who.notes.entity(who.lookup, "user_not_found")
        if who.user is None or entity is None:
            return {}
        groups = keep_groups(listed.of(who.user, entity))
        if groups is None:
            who.notes.append("catalog_unavailable")
        return described.of(who.user, groups or ())

    return extract


def member_of(user: EntityRef, entity: Entity) -> list[EntityRef]:
    """Read a user's own groups: `spec.memberOf`, and those whose own `spec.members` name the user.

    A short reference is a group of the user's namespace. What a group says of its members stands in the user's
    relations, from which Backstage itself takes who is in which group.
    """
    listed = [*_list_at(entity, "spec.memberOf"), *_related_groups(entity)]
    groups = (_group(item, user.namespace) for item in listed)
    return list(dict.fromkeys(group for group in groups if group is not None))


def _related_groups(entity: Entity) -> Iterator[str]:
    for relation in filter(is_membership, _list_at(entity, "relations")):
        target = relation.get("targetRef")
        if isinstance(target, str) and target.lower().startswith("group:"):
            yield target


def _list_at(entity: Entity, path: str) -> list[Any]:
    found = field_at(entity, path)
    return found if isinstance(found, list) else []


def _group(ref: object, namespace: str) -> EntityRef | None:
    if not isinstance(ref, str):
        return None
    try:
        return EntityRef.parse(ref, default_kind="group", default_namespace=namespace)
    except InvalidEntityRefError:
        return None


def _bounded(extractor: str, field: str, found: Record) -> Shared:
    """Make a part of captured fields; what is too large to go along with each event is left out, and noted."""
    small = {path: value for path, value in found.items() if len(orjson.dumps(value, default=str)) <= _MOST_BYTES}
    notes = {} if len(small) == len(found) else {"notes": [f"{extractor}_failed"]}
    return Shared({field: small, **notes})


def _without_groups(found: Record) -> Record:
    """Take out groups that stand in what was captured whole: which of them are captured is said elsewhere."""
    if isinstance(spec := found.get("spec"), Mapping):
        found["spec"] = {key: value for key, value in spec.items() if key != "memberOf"}
    if isinstance(relations := found.get("relations"), list):
        found["relations"] = [each for each in relations if not is_membership(each)]
    return found


def _fields(entity: Entity, ref: EntityRef, paths: Sequence[str]) -> Record:
    found = {path: value for path in paths if (value := field_at(entity, path)) is not None}
    if isinstance(found.get("spec.owner"), str):
        owner = _group(found["spec.owner"], ref.namespace)
        found["spec.owner"] = str(owner) if owner else found["spec.owner"]
    return found

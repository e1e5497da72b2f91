"""The relations that follow from entity descriptors.

Source: Backstage, "Well-known Relations between Catalog Entities"; `BuiltinKindsEntityProcessor` of
`@backstage/plugin-catalog-backend` and, for templates, the scaffolder's `ScaffolderEntitiesProcessor`.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from insights_backend.errors import InvalidEntityRefError
from insights_backend.model.entity_ref import EntityRef


@dataclass(frozen=True, slots=True, order=True)
class Relation:
    """One entity's relation to another, in one direction."""

    source: EntityRef
    type: str
    target: EntityRef


@dataclass(frozen=True, slots=True)
class _Link:
    """A field of `spec` that names other entities, and the relations there and back that follow from it."""

    field: str
    default_kind: str | None
    there: str
    back: str


_OWNER = _Link("owner", "group", "ownedBy", "ownerOf")
_SYSTEM = _Link("system", "system", "partOf", "hasPart")
_DEPENDS_ON = _Link("dependsOn", None, "dependsOn", "dependencyOf")
_DEPENDENCY_OF = _Link("dependencyOf", None, "dependencyOf", "dependsOn")

_LINKS: Mapping[str, tuple[_Link, ...]] = {
    "component": (
        _OWNER,
        _Link("subcomponentOf", "component", "partOf", "hasPart"),
        _Link("providesApis", "api", "providesApi", "apiProvidedBy"),
        _Link("consumesApis", "api", "consumesApi", "apiConsumedBy"),
        _DEPENDS_ON,
        _DEPENDENCY_OF,
        _SYSTEM,
    ),
    "api": (_OWNER, _SYSTEM),
    "resource": (_OWNER, _DEPENDS_ON, _DEPENDENCY_OF, _SYSTEM),
    "user": (_Link("memberOf", "group", "memberOf", "hasMember"),),
    "group": (
        _Link("parent", "group", "childOf", "parentOf"),
        _Link("children", "group", "parentOf", "childOf"),
        _Link("members", "user", "hasMember", "memberOf"),
    ),
    "system": (_OWNER, _Link("domain", "domain", "partOf", "hasPart")),
    "domain": (_OWNER, _Link("subdomainOf", "domain", "partOf", "hasPart")),
    "template": (_OWNER,),
}


def derived_relations(ref: EntityRef, entity: Mapping[str, Any]) -> Iterator[Relation]:
    """Derive the relations that an entity's descriptor establishes, there and back.

    Args:
        ref: the entity's own reference; short references in its `spec` are read in its namespace.
        entity: the descriptor.

    Raises:
        InvalidEntityRefError: a field that should name entities does not; the message names the field.
    """
    spec = entity.get("spec")
    if not isinstance(spec, Mapping):
        return
    for link in _LINKS.get(ref.kind, ()):
        for target in _targets(link, spec.get(link.field), ref.namespace):
            yield Relation(ref, link.there, target)
            yield Relation(target, link.back, ref)


def _targets(link: _Link, value: object, namespace: str) -> Iterator[EntityRef]:
    for text in value if isinstance(value, list) else [value] if value else []:
        if not isinstance(text, str):
            raise InvalidEntityRefError(f"spec.{link.field} is not a text or a list of texts")
        try:
            yield EntityRef.parse(text, default_kind=link.default_kind, default_namespace=namespace)
        except InvalidEntityRefError as error:
            raise InvalidEntityRefError(f"spec.{link.field}: {error}") from None

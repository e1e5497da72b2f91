"""A catalog read from a file of entity descriptors, for those without a running Backstage."""

from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from pathlib import Path

from insights_backend.catalog.descriptors import Descriptor, read_descriptors
from insights_backend.catalog.interface import Entity
from insights_backend.catalog.relations import Relation, derived_relations
from insights_backend.errors import InvalidEntityRefError
from insights_backend.model.entity_filter import EntityFilterQuery
from insights_backend.model.entity_ref import EntityRef


class FileCatalog:
    """The entities of one YAML file, with the relations that a running catalog would derive from them.

    Args:
        path: the file; it is read once, here.

    Raises:
        ConfigError: the file cannot be used; the message names the place in it.
    """

    def __init__(self, path: Path) -> None:
        self._entities = _with_relations(_by_ref(path))

    def entities(self, refs: Sequence[EntityRef]) -> list[Entity | None]:
        """Look entities up: one item a reference, in their order, None where there is no such entity."""
        return [self._entities.get(ref) for ref in refs]

    def find(self, query: EntityFilterQuery) -> list[EntityRef]:
        """Name all entities that match a filter."""
        return [ref for ref, entity in self._entities.items() if query.matches(entity)]

    def count(self, query: EntityFilterQuery) -> int:
        """Count the entities that match a filter."""
        return len(self.find(query))

    def members(self) -> Mapping[EntityRef, int]:
        """Count the direct members of all groups that have any."""
        users = [entity for ref, entity in self._entities.items() if ref.kind == "user"]
        relations = [relation for user in users for relation in user["relations"]]
        return Counter(EntityRef.parse(each["targetRef"]) for each in relations if each["type"] == "memberOf")


def _by_ref(path: Path) -> dict[EntityRef, Descriptor]:
    found: dict[EntityRef, Descriptor] = {}
    for descriptor in read_descriptors(path):
        ref = _ref(descriptor)
        if ref in found:
            descriptor.fail(f"the entity stands twice, first at {found[ref].place}")
        found[ref] = descriptor
    return found


def _ref(descriptor: Descriptor) -> EntityRef:
    metadata = descriptor.entity["metadata"]
    try:
        return EntityRef.of(descriptor.entity["kind"], metadata["name"], metadata["namespace"])
    except InvalidEntityRefError as error:
        descriptor.fail(f"kind, metadata.namespace and metadata.name make no reference: {error}")


def _with_relations(descriptors: dict[EntityRef, Descriptor]) -> dict[EntityRef, Entity]:
    relations: defaultdict[EntityRef, set[Relation]] = defaultdict(set)
    for ref, descriptor in descriptors.items():
        try:
            for relation in derived_relations(ref, descriptor.entity):
                relations[relation.source].add(relation)
        except InvalidEntityRefError as error:
            descriptor.fail(str(error))
    return {ref: descriptor.entity | {"relations": _written(relations[ref])} for ref, descriptor in descriptors.items()}


def _written(relations: set[Relation]) -> list[dict[str, str]]:
    """Write relations as the catalog's JSON does, sorted by type and target."""
    return [{"type": relation.type, "targetRef": str(relation.target)} for relation in sorted(relations)]

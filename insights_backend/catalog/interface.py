"""The catalog as the rest of the house sees it."""

from collections.abc import Mapping, Sequence
from typing import Any, Protocol

from insights_backend.model.entity_filter import EntityFilterQuery
from insights_backend.model.entity_ref import EntityRef

Entity = Mapping[str, Any]
"""An entity as the catalog's JSON gives it, possibly with only the fields that were asked for."""


def is_membership(relation: object) -> bool:
    """Tell whether a relation of an entity says what it is a direct member of."""
    return isinstance(relation, Mapping) and relation.get("type") == "memberOf"


class Catalog(Protocol):
    """A software catalog: asked over HTTP, or read from descriptor files."""

    def entities(self, refs: Sequence[EntityRef]) -> list[Entity | None]:
        """Look entities up in bulk; with a user come at least those relations that are memberships.

        Args:
            refs: what to look for; any number.

        Returns:
            One item a reference, in their order; None where the catalog has no such entity or hides it.

        Raises:
            CatalogUnavailableError: the catalog gave no usable answer.
        """
        ...

    def find(self, query: EntityFilterQuery) -> list[EntityRef]:
        """Name all entities that match a filter, in no order.

        Raises:
            CatalogUnavailableError: the catalog gave no usable answer.
            InvalidFilterError: the filter cannot be expressed in a request.
        """
        ...

    def count(self, query: EntityFilterQuery) -> int:
        """Count the entities that match a filter.

        Raises:
            CatalogUnavailableError: the catalog gave no usable answer.
            InvalidFilterError: the filter cannot be expressed in a request.
        """
        ...

    def members(self) -> Mapping[EntityRef, int]:
        """Count the direct members of all groups that have any.

        Raises:
            CatalogUnavailableError: the catalog gave no usable answer.
        """
        ...

"""The catalog as the rest of the house sees it."""

from collections.abc import Mapping, Sequence
from typing import Any, Protocol

from insights_backend.model.entity_filter import EntityFilterQuery
from insights_backend.model.entity_ref import EntityRef

Entity = Mapping[str, Any]
"""An entity as the catalog's JSON gives it, possibly with only the fields that were asked for."""


class Catalog(Protocol):
    """A software catalog: asked over HTTP, or read from descriptor files."""

    def entities(self, refs: Sequence[EntityRef]) -> list[Entity | None]:
        """Look entities up in bulk.

        Args:
            refs: what to look for; any number.

        Returns:
            One item a reference, in their order; None where the catalog has no such entity or hides it.

        Raises:
            CatalogUnavailableError: the catalog gave no usable answer.
        """
        ...

    def count(self, query: EntityFilterQuery) -> int:
        """Count the entities that match a filter.

        Raises:
            CatalogUnavailableError: the catalog gave no usable answer.
            InvalidFilterError: the filter cannot be expressed in a request.
        """
        ...

"""The catalog's answers, remembered, so that a warm request asks nothing and an outage costs little."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace

from insights_backend.catalog.interface import Catalog, Entity
from insights_backend.catalog.read_through import Held, ReadThrough
from insights_backend.errors import CatalogUnavailableError
from insights_backend.model.entity_filter import EntityFilterQuery
from insights_backend.model.entity_ref import EntityRef

MAX_NEGATIVE_TTL = 60.0  # a new user or component should show soon

_MAX_COUNTS = 16  # the queries come from the configuration, which knows one


@dataclass(frozen=True, slots=True)
class Lookup:
    """What is known of an entity.

    Args:
        entity: the entity, or None: there is none, or nothing is known because the catalog is not available.
        available: whether anything is known; False while the catalog is down and has never told.
        stale: whether the answer is older than its time to live, for want of a newer one.
    """

    entity: Entity | None
    available: bool
    stale: bool = False


@dataclass(frozen=True, slots=True)
class Count:
    """A number of entities, and when the catalog gave it.

    Args:
        number: how many entities match.
        as_of: when that was so, in seconds since the epoch.
        stale: whether it is older than its time to live, for want of a newer one.
    """

    number: int
    as_of: float
    stale: bool


_UNKNOWN = Lookup(None, available=False)


def _late(held: Held[Lookup] | None) -> Lookup:
    """Answer with what was learnt last, where the catalog is down and it is past its time to live."""
    return replace(held.value, stale=True) if held else _UNKNOWN


class CachedCatalog:
    """A catalog's answers, remembered. Several threads may use it; they share what one of them is asking.

    Args:
        catalog: where answers come from.
        ttl: seconds for which an answer is good; that there is no such entity is good for a minute at most.
        max_entries: how many entities are remembered, those used last.
        clock: the time in seconds since the epoch.
    """

    def __init__(self, catalog: Catalog, ttl: float, max_entries: int, clock: Callable[[], float]) -> None:
        negative_ttl = min(ttl, MAX_NEGATIVE_TTL)
        # Lookups and not entities, so that each is made once, and not at every question.
        self._entities: ReadThrough[EntityRef, Lookup] = ReadThrough(
            lambda refs: [Lookup(entity, available=True) for entity in catalog.entities(refs)],
            lambda lookup: negative_ttl if lookup.entity is None else ttl,
            max_entries,
            clock,
        )
        self._counts: ReadThrough[EntityFilterQuery, int] = ReadThrough(
            lambda queries: [catalog.count(query) for query in queries], lambda _: ttl, _MAX_COUNTS, clock
        )
        self._members: ReadThrough[None, Mapping[EntityRef, int]] = ReadThrough(
            lambda _: [catalog.members()], lambda _: ttl, 1, clock
        )

    @property
    def last_failure(self) -> CatalogUnavailableError | None:
        """Why the catalog did not answer the last question about entities or their number; None where it did."""
        return self._entities.last_failure or self._counts.last_failure

    def lookup(self, refs: Iterable[EntityRef]) -> Mapping[EntityRef, Lookup]:
        """Look entities up, with at most one call to the catalog.

        Returns:
            What is known of every one of the references.
        """
        known = self._entities.get(refs)
        return {ref: held.value if held and not held.stale else _late(held) for ref, held in known.items()}

    def count(self, query: EntityFilterQuery) -> Count:
        """Count the entities that match a filter, or give the last known number while the catalog is down.

        Raises:
            CatalogUnavailableError: the catalog is down and no number is known.
            InvalidFilterError: the filter cannot be expressed in a request.
        """
        held = self._counts.get([query])[query]
        if held is None:
            reason = self._counts.last_failure or "the catalog could not be asked"
            raise CatalogUnavailableError(f"the number of entities is not known: {reason}")
        return Count(held.value, held.at, held.stale)

    def members(self, groups: Iterable[EntityRef]) -> Mapping[EntityRef, int | None]:
        """Count the direct members of groups, as of the last time that the catalog told.

        Returns:
            For every one of the groups its number; None where the catalog never told, or has no such group.
        """
        refs = list(groups)
        held = self._members.get([None])[None]
        if held is None:
            return dict.fromkeys(refs)
        # The catalog names no group that has no member: whether there is such a group has to be looked up.
        others = self.lookup(ref for ref in refs if ref not in held.value)
        empty = {ref: 0 for ref, lookup in others.items() if lookup.entity is not None}
        return {ref: held.value.get(ref, empty.get(ref)) for ref in refs}

"""EntityFilterQuery, Backstage's filter over catalog entities: read, sent to the catalog, or evaluated here.

A query is one record or several, of which any may match; a record is keys, of which all must match; a key has
values, of which one must be there, or none, and then the key must exist. Keys are literal, dots and all.
Source: Backstage, "Catalog API" (filtering) and `@backstage/catalog-client`, `EntityFilterQuery`.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from insights_backend.errors import InvalidFilterError
from insights_backend.model.entity_search import SearchIndex, javascript_string, search_index

_MAX_ITEMS = 100  # records of a query, keys of a record, values of a key

# The catalog trims keys and values with JavaScript's trim(), which takes these (ECMA-262, WhiteSpace).
_WHITE_SPACE = "\t\n\v\f\r \u00a0\u1680\u2000\u2001\u2002\u2003\u2004\u2005\u2006\u2007\u2008\u2009\u200a"
_WHITE_SPACE += "\u2028\u2029\u202f\u205f\u3000\ufeff"


@dataclass(frozen=True, slots=True)
class Condition:
    """A key and the values of which one must be there; no values means that the key must exist."""

    key: str
    values: tuple[str, ...] = ()

    def holds(self, index: SearchIndex) -> bool:
        """Tell whether an entity with this search index fulfils the condition; case does not matter."""
        found = index.get(self.key.lower())
        if found is None:
            return False
        return not self.values or any(value.lower() in found for value in self.values)

    def statements(self) -> list[str]:
        """Write the condition as a URL does: the key alone, or `key=value` for each value.

        Raises:
            InvalidFilterError: the catalog would read the key or a value as something else.
        """
        if "=" in self.key:
            raise InvalidFilterError(f"filter key {self.key!r}: a filter in a URL cannot carry a key with '='")
        if any("," in text for text in (self.key, *self.values)):
            raise InvalidFilterError(
                f"filter key {self.key!r}: a filter in a URL cannot carry a comma, neither in a key "
                "nor in a value; choose one without"
            )
        return [f"{self.key}={value}" for value in self.values] or [self.key]


Record = tuple[Condition, ...]


@dataclass(frozen=True, slots=True)
class EntityFilterQuery:
    """A filter over entities: one record must hold, with all its conditions; no records match nothing."""

    records: tuple[Record, ...]

    @classmethod
    def parse(cls, config: object) -> "EntityFilterQuery":
        """Read a query from configuration.

        Args:
            config: an object or a list of objects; their values are text, booleans, numbers, lists of these,
                or None for a key that must exist. None beside values in a list adds nothing to them.

        Raises:
            InvalidFilterError: it has another shape; the message names the key.
        """
        records = config if isinstance(config, list) else [config]
        if not 0 < len(records) <= _MAX_ITEMS:
            raise InvalidFilterError(f"a filter is an object or a list of 1 to {_MAX_ITEMS} objects")
        return cls(tuple(_record(record) for record in records))

    def encode(self) -> list[str]:
        """Write the query as values of the URL parameter `filter`, one a record, not yet percent-encoded.

        Returns:
            Texts such as `kind=user,relations.memberOf=group:default/rnd`; an empty list for a query that
            matches nothing, which must not be sent: to the catalog, no filter means everything.

        Raises:
            InvalidFilterError: a key or a value cannot stand in a URL; the catalog has no escape for commas.
        """
        return [
            ",".join(statement for condition in record for statement in condition.statements())
            for record in self.records
        ]

    def as_config(self) -> list[dict[str, list[str] | None]]:
        """Write the query as configuration has it, so that `parse` would read the same again."""
        return [{each.key: list(each.values) or None for each in record} for record in self.records]

    def restricted_to(self, kind: str) -> "EntityFilterQuery":
        """Narrow the query to one kind of entity, in every record.

        Args:
            kind: the kind, such as `user`; its case does not matter.

        Returns:
            A query whose records start with the kind. A record that asks for other kinds only can never match
            and is left out, so that the result may have no record.
        """
        wanted = Condition("kind", (kind,))
        index = {"kind": frozenset({kind.lower()})}
        return EntityFilterQuery(
            tuple(
                (wanted, *(condition for condition in record if not _is_kind(condition)))
                for record in self.records
                if all(condition.holds(index) for condition in record if _is_kind(condition))
            )
        )

    def matches(self, entity: Mapping[str, Any]) -> bool:
        """Tell whether the catalog would find the entity by this query.

        Args:
            entity: an entity with all of its fields.
        """
        index = search_index(entity)
        return any(all(condition.holds(index) for condition in record) for record in self.records)


def _is_kind(condition: Condition) -> bool:
    return condition.key.lower() == "kind"


def _record(config: object) -> Record:
    if not isinstance(config, Mapping) or not config:
        raise InvalidFilterError("a filter is an object with at least one key, or a list of such objects")
    if len(config) > _MAX_ITEMS:
        raise InvalidFilterError(f"a filter object has more than {_MAX_ITEMS} keys")
    seen: set[str] = set()
    conditions = tuple(_condition(key, value) for key, value in config.items())
    for condition in conditions:
        if condition.key.lower() in seen:
            raise InvalidFilterError(f"filter key {condition.key!r} stands twice; the case of keys does not matter")
        seen.add(condition.key.lower())
    return conditions


def _condition(key: object, config: object) -> Condition:
    name = key.strip(_WHITE_SPACE) if isinstance(key, str) else ""
    if not name:
        raise InvalidFilterError(f"filter key {key!r}: a key is a text, and not empty")
    values = config if isinstance(config, list) else [config]
    if not 0 < len(values) <= _MAX_ITEMS:
        raise InvalidFilterError(f"filter key {name!r}: a list has 1 to {_MAX_ITEMS} values")
    return Condition(name, tuple(_value(name, value) for value in values if value is not None))


def _value(key: str, value: object) -> str:
    if not isinstance(value, str | int | float):
        raise InvalidFilterError(
            f"filter key {key!r}: a value is a text, a boolean, a number or a list of these; quote a date, "
            "and write the key in full with its dots rather than nesting objects"
        )
    return javascript_string(value).strip(_WHITE_SPACE)

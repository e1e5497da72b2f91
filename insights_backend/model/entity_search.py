"""What the catalog's search index holds of an entity, computed here.

Source: Backstage, `@backstage/plugin-catalog-backend`, `buildEntitySearch`. Filters look at this index and
never at the entity itself, so it decides what `metadata.tags.java=true` or `relations.memberOf=…` mean.
"""

import math
from collections.abc import Iterator, Mapping
from decimal import Decimal
from typing import Any

from insights_backend.model.entity_ref import DEFAULT_NAMESPACE

SearchIndex = Mapping[str, frozenset[str]]
"""For each key in lower case its values in lower case; a key without values exists, and equals nothing."""

_MAX_LENGTH = 200  # of a key, and of a value
_PLAIN_EXPONENTS = range(-6, 21)  # where JavaScript writes a number without an exponent
_NOT_INDEXED = frozenset({"attachments", "relations", "status", "metadata.etag"})
_ALWAYS_INDEXED = ("name", "namespace", "uid")


def search_index(entity: Mapping[str, Any]) -> SearchIndex:
    """Index an entity as the catalog does.

    Args:
        entity: an entity as JSON gives it, possibly with only some of its fields.

    Returns:
        The values of every key. Keys over 200 characters are left out; so are values, while their keys stay.
    """
    index: dict[str, set[str]] = {}
    for raw_key, raw_value in _rows(entity):
        key = raw_key.lower()
        if len(key) > _MAX_LENGTH:
            continue
        values = index.setdefault(key, set())
        value = None if raw_value is None else javascript_string(raw_value).lower()
        if value is not None and len(value) <= _MAX_LENGTH:
            values.add(value)
    return {key: frozenset(values) for key, values in index.items()}


def javascript_string(scalar: str | float) -> str:
    """Write a scalar as JavaScript's `String()` does: `true`, `1` for 1.0, `1e+21`.

    Source: ECMA-262, "Number::toString". Whole numbers beyond 2⁵³ are rounded, as they are in JavaScript.
    """
    if isinstance(scalar, str):
        return str(scalar)
    if isinstance(scalar, bool):
        return "true" if scalar else "false"
    number = _double(scalar)
    if not math.isfinite(number):
        return "NaN" if math.isnan(number) else "Infinity" if number > 0 else "-Infinity"
    decimal = Decimal(repr(number + 0.0)).normalize()  # + 0.0 takes the sign off a negative zero
    return format(decimal, "f") if decimal.adjusted() in _PLAIN_EXPONENTS else str(decimal).lower()


def _double(number: float) -> float:
    try:
        return float(number)
    except OverflowError:
        return math.inf if number > 0 else -math.inf


def _rows(entity: Mapping[str, Any]) -> Iterator[tuple[str, str | float | None]]:
    """Give the key and the scalar of every row, as they are written in the entity."""
    yield from _leaves(entity)
    metadata = _mapping(entity.get("metadata"))
    for name in _ALWAYS_INDEXED:
        value = metadata.get(name)
        yield f"metadata.{name}", value if isinstance(value, str) else None
    if not metadata.get("namespace"):
        yield "metadata.namespace", DEFAULT_NAMESPACE
    relations = entity.get("relations")
    for relation in relations if isinstance(relations, list) else ():
        type_, target = _mapping(relation).get("type"), _mapping(relation).get("targetRef")
        if isinstance(type_, str) and isinstance(target, str):
            yield f"relations.{type_}", target


def _mapping(value: object) -> Mapping[str, Any]:
    return value if isinstance(value, Mapping) else {}


def _leaves(entity: Mapping[str, Any]) -> Iterator[tuple[str, str | float | None]]:
    """Walk with a list of what is still to visit, since JSON from outside may be deeper than our stack."""
    ahead: list[tuple[str, object]] = [("", entity)]
    while ahead:
        path, value = ahead.pop()
        if path in _NOT_INDEXED or len(path) > _MAX_LENGTH:
            continue
        if value is None or isinstance(value, str | int | float):
            yield path, value
        elif isinstance(value, Mapping):
            ahead.extend((f"{path}.{key}" if path else str(key), item) for key, item in value.items())
        elif isinstance(value, list):
            ahead.extend((path, item) for item in value)
            yield from ((f"{path}.{item}", True) for item in value if isinstance(item, str))

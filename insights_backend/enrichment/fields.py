"""Reading a field of an entity by its dot path."""

from collections.abc import Mapping
from typing import Any


def field_at(entity: Mapping[str, Any], path: str) -> Any:
    """Read a field by its dot path, such as `metadata.annotations.backstage.io/techdocs-ref`.

    Keys may hold dots themselves: at each level the longest key that fits wins, as the catalog reads them.

    Returns:
        The value, or None where there is none.
    """
    if path in entity:
        return entity[path]
    end = len(path)
    while (end := path.rfind(".", 0, end)) > 0:
        inner = entity.get(path[:end])
        if isinstance(inner, Mapping) and (found := field_at(inner, path[end + 1 :])) is not None:
            return found
    return None

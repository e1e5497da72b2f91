"""What each key of the configuration resolves to, and which file or variable says so."""

from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

import orjson
from marshmallow import fields

from insights_backend.settings.keys import BASE_URL, ROOT, KeyPath
from insights_backend.settings.schema import OWN_KEYS
from insights_backend.settings.show import as_config
from insights_backend.settings.tree import ConfigTree
from insights_backend.settings.values import Settings


class Resolved(NamedTuple):
    """A key, what it resolves to with secrets masked, and who says so: a file, a variable, or `default`."""

    key: str
    value: str
    origin: str


def resolved(tree: ConfigTree, settings: Settings) -> Iterator[Resolved]:
    """List every key, in the order of its declaration.

    Args:
        tree: the configuration.
        settings: what was made of it.
    """
    if tree.value(BASE_URL) is not None:
        yield Resolved(".".join(BASE_URL), _written(tree.value(BASE_URL)), _origin(tree, BASE_URL))
    shown = as_config(settings)
    for path in _paths():
        value = _at(shown, path)
        yield Resolved(".".join((ROOT, *path)), _written(value), _origin(tree, (ROOT, *path)))


def _paths() -> Iterator[KeyPath]:
    for name, field in OWN_KEYS.fields.items():
        if isinstance(field, fields.Nested):
            yield from ((name, inner.data_key or "") for inner in field.schema.fields.values())
        else:
            yield (field.data_key or "",)


def _at(shown: Mapping[str, Any], path: KeyPath) -> Any:
    value: Any = shown
    for key in path:
        value = value[key]
    return value


def _origin(tree: ConfigTree, path: KeyPath) -> str:
    """Say who set a key: more than one where it is an object that several files add to."""
    if tree.value(path) is None:
        return "default"
    length = len(path)
    return ", ".join(dict.fromkeys(name for set_, name in tree.origins.items() if set_[:length] == path))


def _written(value: object) -> str:
    if value is None:
        return "not set"
    return value if isinstance(value, str) else orjson.dumps(value).decode()

"""Refusals: one line that names the file, the key, and what to do, and never repeats a value."""

from collections.abc import Iterator, Mapping
from typing import Any

from insights_backend.errors import ConfigError
from insights_backend.settings.keys import KeyPath, place, printable
from insights_backend.settings.tree import ConfigTree


def problem(tree: ConfigTree, path: KeyPath, sentence: str) -> ConfigError:
    """Refuse what stands at a key, or that nothing does."""
    return ConfigError(f"{place(tree.origin(path), path)}: {sentence}")


def unset_secret(tree: ConfigTree, path: KeyPath) -> ConfigError:
    """Refuse a secret that was written and dropped, since its variable is not set."""
    dropped = tree.dropped[path]
    variable = printable(dropped.variable)
    return ConfigError(f"{place(dropped.file, path)}: a secret left unset; set {variable}, or take the key out")


def first_problem(tree: ConfigTree, messages: Mapping[Any, Any]) -> ConfigError:
    """Refuse the first of the keys that marshmallow has messages on, and count the others."""
    (path, sentence), *others = _flat(messages, ())
    return problem(tree, path, f"{sentence} (and {len(others)} more)" if others else sentence)


def _flat(messages: Mapping[Any, Any], path: KeyPath) -> Iterator[tuple[KeyPath, str]]:
    """Flatten marshmallow's nested messages to one sentence a key."""
    for key, below in messages.items():
        here = path if key == "_schema" else (*path, str(key))
        if isinstance(below, Mapping):
            yield from _flat(below, here)
        else:
            yield here, str(below[0])

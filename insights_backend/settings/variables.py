"""The variables `APP_CONFIG_*` as the uppermost layer: keys joined by `_`, values in JSON or as plain text.

Source: Backstage, "Static Configuration", and the package `@backstage/config-loader` (`EnvConfigSource`).
"""

import json
import re
from collections.abc import Mapping
from typing import Any

from insights_backend.errors import ConfigError
from insights_backend.settings.keys import KeyPath, is_wanted
from insights_backend.settings.tree import ConfigTree, Notes

_PREFIX = "APP_CONFIG_"
_KEY = re.compile(r"[A-Za-z][A-Za-z0-9]*(?:-[A-Za-z][A-Za-z0-9]*)*")


def read_variables(environ: Mapping[str, str]) -> ConfigTree:
    """Read the variables whose names lead to a key of this service; an empty one counts as not set.

    Raises:
        ConfigError: a variable has a wrong name or value, or two of them set the same key; names one of them.
    """
    data: dict[str, Any] = {}
    notes = Notes()
    for name in sorted(environ):
        path = tuple(name.removeprefix(_PREFIX).split("_"))
        if name.startswith(_PREFIX) and environ[name] and is_wanted(path):
            value = _json_or_text(environ[name], name)
            _insert(data, path, name, _wanted_part(value, path, name, notes))
    return ConfigTree(data, notes.origins, notes.dropped)


def _json_or_text(text: str, name: str) -> Any:
    try:
        value = json.loads(text, parse_constant=_refuse_constant)
    except ValueError:
        return text
    except RecursionError:
        raise ConfigError(f"{name}: nested too deep") from None
    if value is None:
        raise ConfigError(f"{name}: may not be null; unset the variable, or write null in a file")
    return value


def _refuse_constant(_: str) -> None:
    raise ValueError("JSON has no NaN and no Infinity")


def _wanted_part(node: Any, path: KeyPath, name: str, notes: Notes) -> Any:
    """Return the part of a value that this service reads, and note its origin; nothing is substituted."""
    notes.keep(path, name)
    if isinstance(node, dict):
        paths = {key: (*path, key) for key in node}
        return {key: _wanted_part(node[key], below, name, notes) for key, below in paths.items() if is_wanted(below)}
    if isinstance(node, list):
        return [_wanted_part(item, (*path, str(index)), name, notes) for index, item in enumerate(node)]
    return node


def _insert(data: dict[str, Any], path: KeyPath, name: str, value: Any) -> None:
    if not all(_KEY.fullmatch(key) for key in path):
        raise ConfigError(f"{name}: not the name of a key; write APP_CONFIG_ and keys joined by '_'")
    target: Any = data
    for key in path[:-1]:
        target = target.setdefault(key, {}) if isinstance(target, dict) else None
    if not isinstance(target, dict) or path[-1] in target:
        raise ConfigError(f"{name}: another APP_CONFIG_ variable sets this key already; take one of them out")
    target[path[-1]] = value

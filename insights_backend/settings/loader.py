"""Which files the configuration is made of, and their layers merged into one tree that knows its origins.

Source: Backstage, "Static Configuration" and "Writing Configuration Files", and the package
`@backstage/config-loader`.
"""

import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, TypeVar

from insights_backend.errors import ConfigError
from insights_backend.settings.keys import KeyPath
from insights_backend.settings.layer import read_layer
from insights_backend.settings.tree import ConfigTree
from insights_backend.settings.variables import read_variables

T = TypeVar("T")

_ENVIRONMENT_NAME = re.compile(r"[A-Za-z0-9_][A-Za-z0-9._-]*")


def load(files: Sequence[Path], environ: Mapping[str, str], root: Path) -> ConfigTree:
    """Read and merge configuration files, the last one on top, and `APP_CONFIG_*` variables above them all.

    Args:
        files: what `find_files` found.
        environ: the environment variables.
        root: the directory that the service is started in.

    Raises:
        ConfigError: a file is missing, cannot be read, or cannot be understood; names the file and the place.
    """
    return _merged([*(read_layer(file, environ, root) for file in files), read_variables(environ)])


def find_files(environ: Mapping[str, str], root: Path, paths: Sequence[Path] = ()) -> list[Path]:
    """Say which files the configuration is made of, lowest first.

    Args:
        environ: the environment variables; `INSIGHTS_CONFIG` names files, separated by commas, as Backstage's
            repeated `--config` does.
        root: the directory that relative names of files are in, and the default layers.
        paths: the files, instead of those in `INSIGHTS_CONFIG`; with none, those there.

    Raises:
        ConfigError: none is named, and there is none of Backstage's default layers.
    """
    names = [name.strip() for name in environ.get("INSIGHTS_CONFIG", "").split(",") if name.strip()]
    return [root / path for path in paths or names] or _default_files(environ, root)


def _default_files(environ: Mapping[str, str], root: Path) -> list[Path]:
    environments = [name.strip() for name in environ.get("BACKSTAGE_ENV", "").split(",") if name.strip()]
    if not all(_ENVIRONMENT_NAME.fullmatch(name) for name in environments):
        raise ConfigError("BACKSTAGE_ENV: not a name; use letters, digits, '.', '_' and '-', separated by commas")
    suffixes = ["", *(f".{name}" for name in environments)]
    names = [f"app-config{suffix}{local}.yaml" for local in ("", ".local") for suffix in suffixes]
    found = [root / name for name in names if (root / name).exists()]
    if not found:
        raise ConfigError(f"no configuration: looked for {', '.join(names)}; INSIGHTS_CONFIG can name other files")
    return found


def _merged(layers: Sequence[ConfigTree]) -> ConfigTree:
    merged = ConfigTree({}, {}, {})
    for layer in layers:
        replaced = {path for path in layer.origins if not isinstance(layer.value(path), dict)}
        # Variables note no objects around what they set, which may stand where something else did.
        replaced |= {
            path
            for path in merged.origins
            if isinstance(layer.value(path), dict) and not isinstance(merged.value(path), dict)
        }
        merged = ConfigTree(
            _laid_over(merged.data, layer.data),
            _outside(replaced, merged.origins) | dict(layer.origins),
            _outside(replaced, merged.dropped) | dict(layer.dropped),
        )
    return merged


def _laid_over(below: Mapping[str, Any], above: Mapping[str, Any]) -> dict[str, Any]:
    """Lay one object over another: objects merge, everything else replaces, null included."""
    merged = dict(below)
    for key, value in above.items():
        both = isinstance(value, dict) and isinstance(merged.get(key), dict)
        merged[key] = _laid_over(merged[key], value) if both else value
    return merged


def _outside(replaced: set[KeyPath], notes: Mapping[KeyPath, T]) -> dict[KeyPath, T]:
    """Return the notes on keys that neither are replaced nor stand below one that is."""
    return {path: note for path, note in notes.items() if replaced.isdisjoint(_prefixes(path))}


def _prefixes(path: KeyPath) -> set[KeyPath]:
    return {path[:length] for length in range(len(path) + 1)}

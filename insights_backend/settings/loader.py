"""Reading app-config: Backstage's layers, substitutions and includes, as one tree that knows its origins.

Source: Backstage, "Static Configuration" and "Writing Configuration Files", and the package
`@backstage/config-loader`. Only the keys that this service reads are transformed: a variable of another
plugin need not be set here.
"""

import json
import os
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from ruamel.yaml import YAML
from ruamel.yaml.composer import ComposerError
from ruamel.yaml.constructor import DuplicateKeyError, SafeConstructor
from ruamel.yaml.error import YAMLError
from ruamel.yaml.nodes import MappingNode, Node, SequenceNode
from ruamel.yaml.reader import ReaderError

from insights_backend.errors import ConfigError

KeyPath = tuple[str, ...]
"""The way from the root to a value; a list's item is named by its index, in digits. A key may hold dots."""

_WANTED: dict[str, Any] = {
    "backend": {"baseUrl": None},
    "spotify": {"apiToken": None},
    "backstageInsights": None,
}
_MAX_BYTES = 4 * 1024 * 1024
_MAX_VALUES = 100_000  # aliases can make a small file large
_MAX_DEPTH = 64
_MAX_INCLUDES = 16
_MAX_NAME = 200
_ABSENT: Any = object()
_INCLUDES = ("$env", "$file", "$include")
_ENV_PREFIX = "APP_CONFIG_"
_KEY_PART = re.compile(r"[A-Za-z][A-Za-z0-9]*(?:-[A-Za-z][A-Za-z0-9]*)*")
_ENVIRONMENT_NAME = re.compile(r"[A-Za-z0-9_][A-Za-z0-9._-]*")
_SUBSTITUTION = re.compile(r"(\$?\$\{[^{}]*\})")


@dataclass(frozen=True, slots=True)
class Dropped:
    """A key that is written in `file`, and absent because the variable is not set."""

    variable: str
    file: str


@dataclass(frozen=True, slots=True)
class ConfigTree:
    """The configuration after substitution, includes and merging; a null is kept, as None.

    Args:
        data: nested dictionaries, lists and scalars.
        origins: what `origin` looks up.
        dropped: the keys that were written and whose variable is not set; another layer may still have given
            `data` a value there.
    """

    data: Mapping[str, Any] = field(repr=False)
    origins: Mapping[KeyPath, str]
    dropped: Mapping[KeyPath, Dropped]

    def origin(self, path: KeyPath) -> str:
        """Return the file or variable that set a key, or else the nearest object around it."""
        nearest = (path[:length] for length in range(len(path), -1, -1))
        return next((self.origins[key] for key in nearest if key in self.origins), "the configuration")

    def value(self, path: KeyPath) -> Any:
        """Return what stands at a path of object keys, or None."""
        return _at(self.data, path)


def load(paths: Sequence[Path] | None, environ: Mapping[str, str], root: Path) -> ConfigTree:
    """Read and merge configuration files, the last one on top, and `APP_CONFIG_*` variables above them all.

    Args:
        paths: the files, relative to `root` or absolute; None for Backstage's default layers in `root`.
        environ: the environment variables.
        root: the directory that the service is started in.

    Raises:
        ConfigError: a file is missing, cannot be read, or cannot be understood; names the file and the place.
    """
    files = _default_files(environ, root) if paths is None else [root / path for path in paths]
    layers = [_Layer(environ, root).read(_normal(file)) for file in files]
    return _merge_layers([*layers, _read_environment(environ)])


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


# --- one layer: a file with all that it includes ---------------------------------------------------


@dataclass(frozen=True, slots=True)
class _Source:
    """Where a value is written: its file, the file's name for people, and the includes that led there."""

    file: Path
    name: str
    chain: tuple[str, ...]


class _Layer:
    """One file's tree being transformed, with the origin of each key and the keys that were dropped."""

    def __init__(self, environ: Mapping[str, str], root: Path) -> None:
        self.data: Any = {}
        self.origins: dict[KeyPath, str] = {}
        self.dropped: dict[KeyPath, Dropped] = {}
        self._environ = environ
        self._root = _normal(root)
        self._parsed: dict[Path, Any] = {}
        self._count = 0

    def read(self, file: Path) -> "_Layer":
        """Read the file that this layer is made of."""
        name = self._name(file)
        node = self._parse(file, name)
        self.data = self._value({} if node is None else node, (), _Source(file, name, (name,)), _WANTED)
        if not isinstance(self.data, dict):
            raise ConfigError(f"{name}: the root must be an object, such as backstageInsights: {{…}}")
        return self

    def put(self, node: Any, path: KeyPath, name: str, wanted: dict[str, Any] | None) -> Any:
        """Take a value as it is, without substitution; return its wanted part and record its origin."""
        self._check_bounds(path, name)
        self.origins[path] = name
        if isinstance(node, dict):
            return {
                key: self.put(item, (*path, key), name, _below(wanted, key))
                for key, item in node.items()
                if _is_wanted(wanted, key)
            }
        if isinstance(node, list):
            return [self.put(item, (*path, str(index)), name, None) for index, item in enumerate(node)]
        return node

    def _value(self, node: Any, path: KeyPath, source: _Source, wanted: dict[str, Any] | None) -> Any:
        self._check_bounds(path, source.name)
        if isinstance(node, dict) and any(key in node for key in _INCLUDES):
            return self._included(node, path, source, wanted)
        if isinstance(node, str):
            node = self._substituted(node, path, source)
        if node is not _ABSENT:
            self.origins[path] = source.name
        if isinstance(node, dict):
            return self._members(node, path, source, wanted)
        if isinstance(node, list):
            items = [self._value(item, (*path, str(i)), source, None) for i, item in enumerate(node)]
            return [item for item in items if item is not _ABSENT]
        return node

    def _members(
        self, node: dict[Any, Any], path: KeyPath, source: _Source, wanted: dict[str, Any] | None
    ) -> dict[str, Any]:
        named = {_key(key, path, source.name): item for key, item in node.items()}
        members = {
            key: self._value(item, (*path, key), source, _below(wanted, key))
            for key, item in named.items()
            if _is_wanted(wanted, key)
        }
        return {key: item for key, item in members.items() if item is not _ABSENT}

    def _substituted(self, text: str, path: KeyPath, source: _Source) -> Any:
        parts = _SUBSTITUTION.split(text)
        for index in range(1, len(parts), 2):
            part = parts[index]
            resolved = part[1:] if part.startswith("$$") else self._expanded(part[2:-1], path, source)
            if resolved is None:
                return _ABSENT
            parts[index] = resolved
        return "".join(parts)

    def _expanded(self, expression: str, path: KeyPath, source: _Source) -> str | None:
        """Return what `${expression}` stands for: a variable, or what follows `:-` if that is empty."""
        name, has_default, default = (part.strip() for part in expression.partition(":-"))
        if not has_default:
            return self._variable(name, path, source)
        text = self._environ.get(name, "").strip() or default
        # A default that is empty is no default: the key is dropped.
        return text or self._drop(name, path, source)

    def _variable(self, name: str, path: KeyPath, source: _Source) -> str | None:
        """Return a variable's trimmed text; None, and a note of it, where it is not set."""
        value = self._environ.get(name)
        return self._drop(name, path, source) if value is None else value.strip()

    def _drop(self, name: str, path: KeyPath, source: _Source) -> str | None:
        self.dropped[path] = Dropped(name[:_MAX_NAME], source.name)
        return None

    def _included(self, node: dict[Any, Any], path: KeyPath, source: _Source, wanted: dict[str, Any] | None) -> Any:
        where = _where(source.name, path)
        keyword = next(key for key in _INCLUDES if key in node)
        if len(node) != 1 or not isinstance(node[keyword], str):
            raise ConfigError(f"{where}: {keyword} must be the only key of its object, and have a text")
        target = self._substituted(node[keyword], path, source)
        if target is _ABSENT:
            raise ConfigError(f"{where}: {keyword} needs a variable; set {self.dropped[path].variable}")
        if keyword == "$include":
            return self._include(target, path, source, wanted)
        self.origins[path] = source.name
        if keyword == "$file":
            file = _sibling(source.file, target)
            return _read_text(file, f"{where}: {self._name(file)}").rstrip()
        value = self._variable(target.strip(), path, source)
        return _ABSENT if value is None else value

    def _include(self, target: str, path: KeyPath, source: _Source, wanted: dict[str, Any] | None) -> Any:
        file_text, _, fragment = target.partition("#")
        file = _sibling(source.file, file_text)
        name = self._name(file)
        link = f"{name}#{fragment}" if fragment else name
        chain = (*source.chain, link)
        if link in source.chain or len(chain) > _MAX_INCLUDES:
            raise ConfigError(f"{_where(source.name, path)}: includes go round or too deep: {' -> '.join(chain)}")
        if file.suffix not in {".json", ".yaml", ".yml"}:
            raise ConfigError(f"{_where(source.name, path)}: $include takes .json, .yaml or .yml, not {name}")
        node = self._parse(file, f"{_where(source.name, path)}: {name}")
        for part in fragment.split(".") if fragment else ():
            if not isinstance(node, dict) or part not in node:
                raise ConfigError(f"{_where(source.name, path)}: {name} has nothing at {fragment}")
            node = node[part]
        return self._value(node, path, _Source(file, name, chain), wanted)

    def _parse(self, file: Path, subject: str) -> Any:
        if file not in self._parsed:
            text = _read_text(file, subject)
            parse = _parse_json if file.suffix == ".json" else _parse_yaml
            self._parsed[file] = parse(text, self._name(file))
        return self._parsed[file]

    def _name(self, file: Path) -> str:
        return str(file.relative_to(self._root) if file.is_relative_to(self._root) else file)

    def _check_bounds(self, path: KeyPath, name: str) -> None:
        self._count += 1
        if self._count > _MAX_VALUES or len(path) > _MAX_DEPTH:
            raise ConfigError(f"{name}: over {_MAX_VALUES} values or nested over {_MAX_DEPTH} deep; make it smaller")


def _is_wanted(wanted: dict[str, Any] | None, key: str) -> bool:
    return wanted is None or key in wanted


def _below(wanted: dict[str, Any] | None, key: str) -> dict[str, Any] | None:
    return None if wanted is None else wanted[key]


def _key(key: object, path: KeyPath, name: str) -> str:
    """Return a key's text; numbers, booleans and null become text as they do in JavaScript."""
    if isinstance(key, str):
        return key
    if key is None or isinstance(key, bool | int | float):
        return json.dumps(key)
    raise ConfigError(f"{_where(name, path)}: a key must be a text")


def _where(name: str, path: KeyPath) -> str:
    return f"{name}: {'.'.join(path)}" if path else name


# --- files -----------------------------------------------------------------------------------------


def _normal(path: Path) -> Path:
    return Path(os.path.abspath(path))  # noqa: PTH100 - resolve() would show the targets of mounted links


def _sibling(file: Path, target: str) -> Path:
    return _normal(file.parent / target)


def _read_text(file: Path, subject: str) -> str:
    """Read a bounded UTF-8 text; an error begins with the subject, which names the file and who wanted it."""
    try:
        if not file.is_file():
            raise ConfigError(f"{subject}: no such file; create it, or correct the path")
        with file.open("rb") as stream:
            content = stream.read(_MAX_BYTES + 1)
        if len(content) > _MAX_BYTES:
            raise ConfigError(f"{subject}: over {_MAX_BYTES} bytes; make it smaller")
        return content.decode("utf-8-sig")
    except UnicodeDecodeError:
        raise ConfigError(f"{subject}: not UTF-8; save it as UTF-8") from None
    except (OSError, ValueError) as error:
        reason = error.strerror if isinstance(error, OSError) else "not a path"
        raise ConfigError(f"{subject}: cannot be read: {reason}") from None


class _CoreConstructor(SafeConstructor):
    """The core schema of YAML 1.2: `<<` is a plain key, dates and foreign tags are plain values."""

    def flatten_mapping(self, node: Any) -> None:
        """Merge nothing in."""

    def plain(self, node: Node) -> Any:
        """Build a value by the form that it is written in."""
        if isinstance(node, MappingNode):
            return self.construct_yaml_map(node)
        return self.construct_yaml_seq(node) if isinstance(node, SequenceNode) else node.value


for _tag in ("merge", "timestamp", "binary", "omap", "pairs", "set"):
    _CoreConstructor.add_constructor(f"tag:yaml.org,2002:{_tag}", _CoreConstructor.plain)
_CoreConstructor.add_constructor(None, _CoreConstructor.plain)


def _parse_yaml(text: str, name: str) -> Any:
    yaml = YAML(typ="safe", pure=True)
    yaml.version = (1, 2)
    yaml.Constructor = _CoreConstructor
    try:
        return yaml.load(text)
    except YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        place = f", line {mark.line + 1}, column {mark.column + 1}" if mark else ""
        raise ConfigError(f"{name}{place}: not valid YAML: {_yaml_problem(error)}") from None
    except (ValueError, RecursionError):
        raise ConfigError(f"{name}: not valid YAML: a number too long, or nested too deep") from None


def _yaml_problem(error: YAMLError) -> str:
    """Describe an error in words of our own: the parser's may repeat a value, and a value may be a secret."""
    if isinstance(error, DuplicateKeyError):
        return "a key is written twice"
    if isinstance(error, ComposerError):
        return "a second document, or an alias without its anchor"
    if isinstance(error, ReaderError):
        return "a character that YAML does not allow"
    return "check indentation, quotes and brackets"


def _parse_json(text: str, name: str) -> Any:
    try:
        return json.loads(text)
    except json.JSONDecodeError as error:
        place = f"line {error.lineno}, column {error.colno}"
        raise ConfigError(f"{name}, {place}: not valid JSON: check quotes, commas and brackets") from None
    except (ValueError, RecursionError):
        raise ConfigError(f"{name}: not valid JSON: a number too long, or nested too deep") from None


# --- variables and layers --------------------------------------------------------------------------


def _read_environment(environ: Mapping[str, str]) -> _Layer:
    layer = _Layer(environ, Path())
    for name in sorted(environ):
        parts = name.removeprefix(_ENV_PREFIX).split("_")
        if name.startswith(_ENV_PREFIX) and environ[name] and _leads_to_wanted(parts):
            _set_from_variable(layer, name, parts, _json_or_text(environ[name], name))
    return layer


def _leads_to_wanted(parts: Sequence[str]) -> bool:
    wanted: dict[str, Any] | None = _WANTED
    for part in parts:
        if not _is_wanted(wanted, part):
            return False
        wanted = _below(wanted, part)
    return True


def _set_from_variable(layer: _Layer, name: str, parts: Sequence[str], value: Any) -> None:
    target, wanted = layer.data, _below(_WANTED, parts[0])
    for part in parts[:-1]:
        target = target.setdefault(part, {}) if isinstance(target, dict) else None
    for part in parts[1:]:
        wanted = _below(wanted, part)
    if not all(_KEY_PART.fullmatch(part) for part in parts):
        raise ConfigError(f"{name}: not the name of a key; write APP_CONFIG_ and keys joined by '_'")
    if not isinstance(target, dict) or parts[-1] in target:
        raise ConfigError(f"{name}: another APP_CONFIG_ variable sets this key already; take one of them out")
    target[parts[-1]] = layer.put(value, tuple(parts), name, wanted)


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


def _merge_layers(layers: Sequence[_Layer]) -> ConfigTree:
    data: dict[str, Any] = {}
    origins: dict[KeyPath, str] = {}
    dropped: dict[KeyPath, Dropped] = {}
    for layer in layers:
        data = _merged(data, layer.data)
        replaced = {path for path in layer.origins if not isinstance(_at(layer.data, path), dict)}
        for remembered in (origins, dropped):
            for path in [path for path in remembered if not replaced.isdisjoint(_prefixes(path))]:
                del remembered[path]
        origins |= layer.origins
        dropped |= layer.dropped
    return ConfigTree(data, origins, dropped)


def _merged(below: Mapping[str, Any], above: Mapping[str, Any]) -> dict[str, Any]:
    """Lay one object over another: objects merge, everything else replaces, null included."""
    merged = dict(below)
    for key, value in above.items():
        both = isinstance(value, dict) and isinstance(merged.get(key), dict)
        merged[key] = _merged(merged[key], value) if both else value
    return merged


def _at(data: Any, path: KeyPath) -> Any:
    for key in path:
        data = data.get(key) if isinstance(data, dict) else None
    return data


def _prefixes(path: KeyPath) -> set[KeyPath]:
    return {path[:length] for length in range(len(path) + 1)}

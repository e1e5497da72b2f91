"""One file as a layer of the configuration: its variables substituted, and what it includes put in place.

Source: Backstage, "Writing Configuration Files" (includes), and the package `@backstage/config-loader`. Only the
keys that this service reads are transformed: a variable or file of another plugin need not be here.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from insights_backend.errors import ConfigError
from insights_backend.settings.files import absolute, parse_json, parse_yaml
from insights_backend.settings.keys import KeyPath, is_wanted, place, printable
from insights_backend.settings.substitution import Unset, substitute, variable
from insights_backend.settings.tree import ConfigTree, Notes
from insights_backend.text_file import read_text

_KEYWORDS = ("$env", "$file", "$include")
_MAX_BYTES = 4 * 1024 * 1024
_MAX_INCLUDES = 16


def read_layer(file: Path, environ: Mapping[str, str], root: Path) -> ConfigTree:
    """Read a configuration file with all that it includes.

    Args:
        file: the path, relative to the working directory or absolute.
        environ: the environment variables.
        root: the directory that messages name files from.

    Raises:
        ConfigError: a file cannot be read or understood, or an include is wrong; names the file and the place.
    """
    reader = _Reader(environ, absolute(root))
    data = reader.read(absolute(file))
    return ConfigTree(data, reader.notes.origins, reader.notes.dropped)


@dataclass(frozen=True, slots=True)
class _Source:
    """Where a value is written: its file, the file's name for people, and the includes that led there."""

    file: Path
    name: str
    chain: tuple[str, ...]


class _Reader:
    """One file's tree being transformed."""

    def __init__(self, environ: Mapping[str, str], root: Path) -> None:
        self.notes = Notes()
        self._environ = environ
        self._root = root
        self._documents: dict[Path, Any] = {}

    def read(self, file: Path) -> dict[str, Any]:
        name = self._name(file)
        document = self._document(file, name)
        data = self._value({} if document is None else document, (), _Source(file, name, (name,)))
        if not isinstance(data, dict):
            raise ConfigError(f"{name}: the root must be an object, such as backstageInsights: {{…}}")
        return data

    def _value(self, node: Any, path: KeyPath, source: _Source) -> Any:
        """Transform a value; it is `Unset` where a variable is."""
        if isinstance(node, dict) and any(keyword in node for keyword in _KEYWORDS):
            return self._included(node, path, source)
        if isinstance(node, str):
            return self._text(substitute(node, self._environ), path, source)
        self.notes.keep(path, source.name)
        if isinstance(node, dict):
            return self._members(node, path, source)
        if isinstance(node, list):
            items = [self._value(item, (*path, str(index)), source) for index, item in enumerate(node)]
            return [item for item in items if not isinstance(item, Unset)]
        return node

    def _members(self, node: dict[Any, Any], path: KeyPath, source: _Source) -> dict[str, Any]:
        named = {_key(key, path, source.name): item for key, item in node.items()}
        members = {
            key: self._value(item, (*path, key), source) for key, item in named.items() if is_wanted((*path, key))
        }
        return {key: item for key, item in members.items() if not isinstance(item, Unset)}

    def _text(self, text: str | Unset, path: KeyPath, source: _Source) -> str | Unset:
        if isinstance(text, Unset):
            self.notes.drop(path, text.variable, source.name)
        else:
            self.notes.keep(path, source.name)
        return text

    def _included(self, node: dict[Any, Any], path: KeyPath, source: _Source) -> Any:
        where = place(source.name, path)
        keyword = next(keyword for keyword in _KEYWORDS if keyword in node)
        if len(node) != 1 or not isinstance(node[keyword], str):
            raise ConfigError(f"{where}: {keyword} must be the only key of its object, and have a text")
        target = substitute(node[keyword], self._environ)
        if isinstance(target, Unset):
            raise ConfigError(f"{where}: {keyword} needs a variable; set {printable(target.variable)}")
        if keyword == "$include":
            return self._include(target, path, source)
        if keyword == "$env":
            return self._text(variable(target.strip(), self._environ), path, source)
        file = absolute(source.file.parent / target)
        return self._text(read_text(file, f"{where}: {self._name(file)}", _MAX_BYTES).rstrip(), path, source)

    def _include(self, target: str, path: KeyPath, source: _Source) -> Any:
        where = place(source.name, path)
        file_text, _, fragment = target.partition("#")
        file = absolute(source.file.parent / file_text)
        name = self._name(file)
        link = f"{name}#{fragment}" if fragment else name
        chain = (*source.chain, link)
        if link in source.chain or len(chain) > _MAX_INCLUDES:
            raise ConfigError(f"{where}: includes go round or too deep: {' -> '.join(chain)}")
        if file.suffix not in {".json", ".yaml", ".yml"}:
            raise ConfigError(f"{where}: $include takes .json, .yaml or .yml, not {name}")
        node = self._document(file, f"{where}: {name}")
        for part in fragment.split(".") if fragment else ():
            if not isinstance(node, dict) or part not in node:
                raise ConfigError(f"{where}: {name} has nothing at {fragment}")
            node = node[part]
        return self._value(node, path, _Source(file, name, chain))

    def _document(self, file: Path, subject: str) -> Any:
        """Return what a file holds; it is read once, however often it is included."""
        if file not in self._documents:
            parse = parse_json if file.suffix == ".json" else parse_yaml
            self._documents[file] = parse(read_text(file, subject, _MAX_BYTES), self._name(file))
        return self._documents[file]

    def _name(self, file: Path) -> str:
        return str(file.relative_to(self._root) if file.is_relative_to(self._root) else file)


def _key(key: object, path: KeyPath, name: str) -> str:
    """Return a key's text; numbers, booleans and null become text as they do in JavaScript."""
    if isinstance(key, str):
        return key
    if key is None or isinstance(key, bool | int | float):
        return json.dumps(key)
    raise ConfigError(f"{place(name, path)}: a key must be a text")

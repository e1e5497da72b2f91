"""Entity descriptors in YAML, read into plain data.

Source: Backstage, "Descriptor Format of Catalog Entities"; YAML 1.2.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Never

from ruamel.yaml import YAML
from ruamel.yaml.constructor import DuplicateKeyError
from ruamel.yaml.error import MarkedYAMLError, YAMLError
from ruamel.yaml.nodes import Node
from ruamel.yaml.reader import ReaderError

from insights_backend.errors import ConfigError
from insights_backend.model.entity_ref import DEFAULT_NAMESPACE
from insights_backend.text_file import read_text
from insights_backend.yaml_core import CoreConstructor

MAX_FILE_BYTES = 64 * 1024 * 1024


class _Constructor(CoreConstructor):
    """Makes what JSON knows: a timestamp stays the text that it is in YAML 1.2's core schema."""


_Constructor.add_constructor("tag:yaml.org,2002:timestamp", CoreConstructor.construct_yaml_str)


@dataclass(frozen=True, slots=True)
class Descriptor:
    """An entity as it was written, with the namespace filled in, and where it was written."""

    place: str
    entity: dict[str, Any]

    def fail(self, problem: str) -> Never:
        """Raise a ConfigError that names the place."""
        raise ConfigError(f"{self.place}: {problem}")


def read_descriptors(path: Path) -> Iterator[Descriptor]:
    """Read the entities of a file, one a YAML document; empty documents are passed over.

    Args:
        path: a file in UTF-8, of 64 MiB at most.

    Raises:
        ConfigError: the file cannot be read, is not YAML, or holds something that is not an entity; the
            message names the file and, where there is one, the line, column and document.
    """
    text = read_text(path, str(path), MAX_FILE_BYTES)
    yaml = YAML(typ="safe", pure=True)
    yaml.Constructor = _Constructor
    for number, node in enumerate(_compose(path, yaml, text), 1):
        document = f"{path}, document {number}"
        place = f"{document}, line {node.start_mark.line + 1}"
        value = _plain(place, _construct(document, place, yaml, node), len(text))
        if value is not None:
            yield Descriptor(place, _entity(place, value))


def _compose(path: Path, yaml: YAML, text: str) -> list[Node]:
    nodes: list[Node] = []
    try:
        nodes.extend(yaml.compose_all(text))
    except ReaderError as error:
        line = text.count("\n", 0, error.position) + 1
        raise ConfigError(f"{path}, line {line}: a control character cannot stand in YAML") from None
    except (YAMLError, RecursionError) as error:
        document = f"{path}, document {len(nodes) + 1}"
        _not_yaml(document, document, error)
    return nodes


def _construct(document: str, place: str, yaml: YAML, node: Node) -> object:
    try:
        return yaml.constructor.construct_document(node)
    except (YAMLError, RecursionError, ValueError) as error:
        _not_yaml(document, place, error)


def _not_yaml(document: str, place: str, error: Exception) -> Never:
    """Say where it is broken, and only as much of what is broken as repeats no value."""
    if isinstance(error, MarkedYAMLError) and error.problem_mark:
        place = f"{document}, line {error.problem_mark.line + 1}, column {error.problem_mark.column + 1}"
    problem = "cannot be read as YAML"
    if isinstance(error, DuplicateKeyError):
        problem = "the same key stands twice"
    elif isinstance(error, RecursionError):
        problem = "is nested too deeply"
    raise ConfigError(f"{place}: {problem}") from None


def _plain(place: str, value: object, size: int) -> Any:
    try:
        return _PlainCopy(place, size).of(value)
    except RecursionError:
        raise ConfigError(f"{place}: is nested too deeply") from None


class _PlainCopy:
    """Copies what YAML made into what JSON could hold.

    A copy shares no parts, so that a few aliases of aliases could fill the memory: it has at most `size`
    values, which no text of that many characters exceeds without such a trick.
    """

    def __init__(self, place: str, size: int) -> None:
        self._place = place
        self._left = size

    def of(self, value: object) -> Any:
        self._left -= 1
        if self._left < 0:
            raise ConfigError(f"{self._place}: its aliases unfold to more than the file could hold")
        if isinstance(value, dict):
            return {self._key(key): self.of(item) for key, item in value.items()}
        if isinstance(value, list):
            return [self.of(item) for item in value]
        if value is None or isinstance(value, str | int | float):
            return value
        raise ConfigError(f"{self._place}: a value of type {type(value).__name__} cannot stand in an entity; quote it")

    def _key(self, key: object) -> str:
        if not isinstance(key, str):
            raise ConfigError(f"{self._place}: a key is not a text; quote it")
        return key


def _entity(place: str, value: object) -> dict[str, Any]:
    metadata = value.get("metadata") if isinstance(value, dict) else None
    if not isinstance(value, dict) or not isinstance(metadata, dict):
        raise ConfigError(f"{place}: is not an entity, an object with apiVersion, kind and metadata.name")
    if metadata.get("namespace") is None:
        metadata["namespace"] = DEFAULT_NAMESPACE
    required = {field: value.get(field) for field in ("apiVersion", "kind")}
    required |= {f"metadata.{field}": metadata.get(field) for field in ("name", "namespace")}
    for field, text in required.items():
        if not isinstance(text, str) or not text:
            raise ConfigError(f"{place}: {field} is missing or not a text")
    return value

"""Configuration files: their paths, and their text parsed as YAML 1.2 or as JSON.

An error names the file and the place in it and never repeats a value, since that may be a secret.
"""

import json
import os
from pathlib import Path
from typing import Any

from ruamel.yaml import YAML
from ruamel.yaml.composer import ComposerError
from ruamel.yaml.constructor import DuplicateKeyError
from ruamel.yaml.error import YAMLError
from ruamel.yaml.nodes import MappingNode, Node, SequenceNode
from ruamel.yaml.reader import ReaderError

from insights_backend.errors import ConfigError
from insights_backend.yaml_core import CoreConstructor


def absolute(path: Path) -> Path:
    """Return the absolute path without `..`; links stay, so that messages show the path that was written."""
    return Path(os.path.abspath(path))  # noqa: PTH100 - resolve() would show the targets of mounted links


class _Constructor(CoreConstructor):
    """Makes what JSON knows: `<<` is a plain key, dates and foreign tags are plain values."""

    def flatten_mapping(self, node: Any) -> None:
        """Merge nothing in."""

    def plain(self, node: Node) -> Any:
        """Build a value by the form that it is written in."""
        if isinstance(node, MappingNode):
            return self.construct_yaml_map(node)
        return self.construct_yaml_seq(node) if isinstance(node, SequenceNode) else node.value


for _tag in ("merge", "timestamp", "binary", "omap", "pairs", "set"):
    _Constructor.add_constructor(f"tag:yaml.org,2002:{_tag}", _Constructor.plain)
_Constructor.add_constructor(None, _Constructor.plain)


def parse_yaml(text: str, name: str) -> Any:
    """Parse one YAML document; an empty one is None.

    Raises:
        ConfigError: it is not valid; begins with the name, and gives line and column where there are any.
    """
    yaml = YAML(typ="safe", pure=True)
    yaml.version = (1, 2)
    yaml.Constructor = _Constructor
    try:
        return yaml.load(text)
    except YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        where = f", line {mark.line + 1}, column {mark.column + 1}" if mark else ""
        raise ConfigError(f"{name}{where}: not valid YAML: {_yaml_problem(error)}") from None
    except (ValueError, RecursionError):
        raise ConfigError(f"{name}: not valid YAML: a number too long, or nested too deep") from None


def _yaml_problem(error: YAMLError) -> str:
    """Describe an error in words of our own: the parser's may repeat a value."""
    if isinstance(error, DuplicateKeyError):
        return "a key is written twice"
    if isinstance(error, ComposerError):
        return "a second document, or an alias without its anchor"
    if isinstance(error, ReaderError):
        return "a character that YAML does not allow"
    return "check indentation, quotes and brackets"


def parse_json(text: str, name: str) -> Any:
    """Parse a JSON document; raises as `parse_yaml` does."""
    try:
        return json.loads(text)
    except json.JSONDecodeError as error:
        where = f"line {error.lineno}, column {error.colno}"
        raise ConfigError(f"{name}, {where}: not valid JSON: check quotes, commas and brackets") from None
    except (ValueError, RecursionError):
        raise ConfigError(f"{name}: not valid JSON: a number too long, or nested too deep") from None

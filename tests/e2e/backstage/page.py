"""The page for operators, taken apart: with what it tells to write, Backstage and the modules are run."""

import re
from typing import Any

from ruamel.yaml import YAML

from tests.process import REPOSITORY

SERVICE = "https://insights.example.com"
"""How the page calls the service."""

_TEXT = (REPOSITORY / "docs" / "in-your-backstage.md").read_text()


def shown(language: str, mark: str) -> str:
    """The one example in a language that holds a mark, as it stands in the page."""
    examples: list[str] = re.findall(rf"^```{language}\n(.*?)^```", _TEXT, re.MULTILINE | re.DOTALL)
    (found,) = [example for example in examples if mark in example]
    return found


def settings_shown(mark: str, service: str) -> dict[str, Any]:
    """The one example in YAML that holds a mark, read, for a service with another address."""
    read: dict[str, Any] = YAML(typ="safe").load(shown("yaml", mark).replace(SERVICE, service))
    return read

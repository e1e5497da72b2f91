"""Environment variables in the texts of app-config: `${NAME}`, `${NAME:-default}`, and `$${NAME}` for a literal one.

Source: Backstage, "Writing Configuration Files", and the package `@backstage/config-loader`.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass

_EXPRESSION = re.compile(r"(\$?\$\{[^{}]*\})")


@dataclass(frozen=True, slots=True)
class Unset:
    """Stands for a text that needs a variable which is not set: its key is to be dropped."""

    variable: str


def substitute(text: str, environ: Mapping[str, str]) -> str | Unset:
    """Put the values of variables into a text; what they bring in is not substituted again."""
    parts = _EXPRESSION.split(text)
    for index in range(1, len(parts), 2):
        part = parts[index]
        resolved = part[1:] if part.startswith("$$") else _expanded(part[2:-1], environ)
        if isinstance(resolved, Unset):
            return resolved
        parts[index] = resolved
    return "".join(parts)


def variable(name: str, environ: Mapping[str, str]) -> str | Unset:
    """Return a variable's text without the space around it."""
    return environ[name].strip() if name in environ else Unset(name)


def _expanded(expression: str, environ: Mapping[str, str]) -> str | Unset:
    """Return what `${expression}` stands for: a variable, or what follows `:-` if that is empty."""
    name, has_default, default = (part.strip() for part in expression.partition(":-"))
    if not has_default:
        return variable(name, environ)
    # A default that is empty is no default: the key is dropped.
    return environ.get(name, "").strip() or default or Unset(name)

"""The effective settings as text, for people: defaults included, secrets masked."""

import io
from dataclasses import fields, is_dataclass
from ipaddress import IPv4Network, IPv6Network
from pathlib import Path
from typing import Any

from ruamel.yaml import YAML

from insights_backend.model.entity_filter import EntityFilterQuery
from insights_backend.settings.keys import ROOT
from insights_backend.settings.values import Secret, Settings


def as_yaml(settings: Settings) -> str:
    """Write the settings as YAML, by the names and in the notation that app-config has for them."""
    yaml = YAML(typ="safe", pure=True)
    yaml.default_flow_style = False
    yaml.sort_base_mapping_type_on_output = False  # type: ignore[assignment] # the library annotates it as None
    buffer = io.StringIO()
    yaml.dump({ROOT: as_config(settings)}, buffer)
    return buffer.getvalue()


def as_config(settings: Settings) -> dict[str, Any]:
    """Return the settings as app-config has them below `backstageInsights`, the secrets masked."""
    shown: dict[str, Any] = _plain(settings)
    return shown


def _plain(value: Any) -> Any:
    if isinstance(value, Secret | Path | IPv4Network | IPv6Network):
        return str(value)
    if isinstance(value, float):
        return f"{value:.15g}s"  # every float of the settings is a duration
    if isinstance(value, EntityFilterQuery):
        return value.as_config()
    if is_dataclass(value):
        return {_camel(field.name): _plain(getattr(value, field.name)) for field in fields(value)}
    if isinstance(value, tuple):
        return [_plain(item) for item in value]
    return dict(value) if isinstance(value, dict) else value


def _camel(name: str) -> str:
    first, *rest = name.split("_")
    return first + "".join(word.capitalize() for word in rest)

"""The reference of the configuration, written from what the schema says of its keys; `make docs` keeps it."""

import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from marshmallow import fields

from insights_backend.settings.declaration import Key, Section
from insights_backend.settings.schema import OWN_KEYS
from insights_backend.settings.show import as_config
from insights_backend.settings.values import Secret, Settings, WarehouseSettings

_BEGIN = "<!-- written by `make docs` -->"
_UNITS = (("d", 86400), ("h", 3600), ("m", 60), ("s", 1))
_NONE = "none"


def with_reference(page: str) -> str:
    """Return a page whose part below the mark is the reference as it is now."""
    by_hand, mark, _ = page.partition(_BEGIN)
    return f"{by_hand}{mark}\n{reference()}" if mark else page


def reference() -> str:
    """Write all keys in Markdown: a table for those that stand by themselves, and one for each object of keys."""
    defaults = as_config(Settings(warehouse=WarehouseSettings(dsn=Secret(""))))
    return "\n".join(["", *_table("", OWN_KEYS, defaults), *_sections(defaults)])


def _sections(defaults: Mapping[str, Any]) -> Iterator[str]:
    for name, field in OWN_KEYS.fields.items():
        if isinstance(field, fields.Nested) and isinstance(field.schema, Section):
            yield from ("", f"## {name}", "", field.schema.__doc__ or "", "")
            yield from _table(f"{name}.", field.schema, defaults[name])


def _table(prefix: str, section: Section, defaults: Mapping[str, Any]) -> Iterator[str]:
    yield from ("| key | takes | default | |", "|---|---|---|---|")
    for key in section.fields.values():
        if isinstance(key, Key):
            cells = (f"`{prefix}{key.data_key}`", key.takes, _default(key, defaults), key.metadata["description"])
            yield "| {} |".format(" | ".join(cell.replace("|", "\\|") for cell in cells))


def _default(key: Key, defaults: Mapping[str, Any]) -> str:
    value = defaults[key.data_key or ""]
    if key.unset:
        return key.unset
    return _NONE if value is None else f"`{_written(value)}`"


def _written(value: object) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    text = str(value)
    return _duration(int(text[:-1])) if text.endswith("s") and text[:-1].isdecimal() else text


def _duration(seconds: int) -> str:
    return next(f"{seconds // size}{unit}" for unit, size in _UNITS if seconds % size == 0)


if __name__ == "__main__":
    _page = Path(sys.argv[1])
    _page.write_text(with_reference(_page.read_text()))

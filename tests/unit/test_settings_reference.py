"""The reference of the configuration is written from its schema, and the page has it as it is."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from marshmallow import fields

from insights_backend.settings.declaration import Key, Section
from insights_backend.settings.reference import reference, with_reference
from insights_backend.settings.schema import OWN_KEYS
from insights_backend.settings.values import AuthMode, DashboardAccess


def keys(section: Section) -> Iterator[Key]:
    for field in section.fields.values():
        if isinstance(field, Key):
            yield field
        elif isinstance(field, fields.Nested) and isinstance(field.schema, Section):
            yield from keys(field.schema)


def row(key: str) -> list[str]:
    (line,) = (line for line in reference().splitlines() if line.startswith(f"| `{key}` |"))
    return [cell.strip() for cell in line.strip("|").split(" | ")]


def test_the_page_has_the_reference_as_it_is_now(repository: Path) -> None:
    page = (repository / "docs" / "configuration.md").read_text()
    assert with_reference(page) == page, "run `make docs`"
    assert with_reference(page.replace("`auth.mode`", "`auth.colour`")) == page


def test_a_page_without_the_mark_is_left_alone() -> None:
    assert with_reference("# Another page\n") == "# Another page\n"


def test_every_key_is_in_it_and_says_what_it_is_for_and_what_it_takes() -> None:
    described = list(keys(OWN_KEYS))
    assert len([line for line in reference().splitlines() if line.startswith("| `")]) == len(described)
    assert all(len(key.metadata["description"]) > 10 and len(key.takes) > 5 for key in described)


@pytest.mark.parametrize(
    ("key", "takes", "default"),
    [
        ("auth.mode", "one of backstage, static, none", "`backstage`"),
        ("auth.jwksUrl", "an absolute http or https URL without query and fragment", "from `backend.baseUrl`"),
        ("catalog.cacheTtl", "a duration such as 10m, PT10M or {minutes: 10}", "`10m`"),
        ("catalog.file", "a text", "none"),
        ("ingest.maxAge", "a duration such as 10m, PT10M or {minutes: 10}", "`7d`"),
        ("debug", "true or false", "`false`"),
        ("outbox.maxBytes", "a whole number from 1 to 1125899906842624", "`1073741824`"),
    ],
)
def test_a_row_says_what_the_reader_takes_and_what_the_settings_begin_with(key: str, takes: str, default: str) -> None:
    assert row(key)[1:3] == [takes, default]


@pytest.mark.parametrize(("key", "words"), [("auth.mode", AuthMode), ("dashboard.access", DashboardAccess)])
def test_a_choice_explains_each_of_its_words(key: str, words: object) -> None:
    about = row(key)[3]
    assert all(f"`{word}`" in about for word in words.__args__)  # type: ignore[attr-defined] # of a Literal

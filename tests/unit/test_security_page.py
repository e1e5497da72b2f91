"""SECURITY.md names tests that exist, and for each threat at least one."""

import ast
import re
from pathlib import Path

import pytest

NAMED = re.compile(r"`(tests/[\w/]+\.py)::(\w+)`")


@pytest.fixture
def rows(repository: Path) -> list[str]:
    lines = (repository / "SECURITY.md").read_text().splitlines()
    return [line for line in lines if line.startswith("| ") and not line.startswith("| threat")]


def test_every_threat_has_a_test_that_shows_what_is_done(rows: list[str]) -> None:
    assert len(rows) > 30
    assert [row for row in rows if not NAMED.search(row)] == []


def test_every_test_that_is_named_exists(rows: list[str], repository: Path) -> None:
    for file, test in NAMED.findall("\n".join(rows)):
        tree = ast.parse((repository / file).read_text())
        assert test in {node.name for node in tree.body if isinstance(node, ast.FunctionDef)}, f"{file}::{test}"

"""What the documents say of the repository is true: links lead somewhere, modules exist, commands can be run."""

import re
import subprocess
from functools import cache
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest

from insights_backend.settings.loader import load
from insights_backend.settings.schema import read_settings
from tests.documents import Block, all_blocks, documents
from tests.process import REPOSITORY

LINK = re.compile(r"\]\(([^)\s]+)\)")
SOURCE = re.compile(r"`((?:[\w.-]+/)*[\w.-]+\.(?:py|sql|js|yaml|service))(?:::(\w+))?`")


VARIABLE = re.compile(r"\$\{(\w+)")


def configurations() -> list[Any]:
    """The blocks of YAML, each with where it stands."""
    return [
        pytest.param(found[1], id=f"{named(document)}-{document.read_text().count(chr(10), 0, found.start(1)) + 1}")
        for document in documents()
        for found in re.finditer(r"^```yaml\n(.*?)^```$", document.read_text(), re.M | re.S)
    ]


@cache
def files() -> list[str]:
    places = ("insights_backend", "tests", "config", "deploy", "examples")
    below = [file for place in places for file in (REPOSITORY / place).rglob("*.*")]
    return [str(file.relative_to(REPOSITORY)) for file in (*REPOSITORY.glob("*.*"), *below)]


def named(document: Path) -> str:
    return str(document.relative_to(REPOSITORY))


def anchors(document: Path) -> set[str]:
    """The anchors of a document's headings, as GitHub makes them."""
    headings = re.findall(r"^#+ (.*)$", document.read_text(), re.M)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


@pytest.mark.parametrize("document", documents(), ids=named)
def test_every_link_to_a_file_or_heading_of_ours_leads_there(document: Path) -> None:
    for target in LINK.findall(document.read_text()):
        parts = urlsplit(target)
        if parts.scheme:
            continue
        file = (document.parent / parts.path).resolve() if parts.path else document
        assert file.exists(), target
        assert not parts.fragment or parts.fragment in anchors(file), target


@pytest.mark.parametrize("document", documents(), ids=named)
def test_every_source_file_that_is_named_exists(document: Path) -> None:
    for path, _ in SOURCE.findall(document.read_text()):
        if "packages/" not in path:  # of a portal
            assert any(f"/{file}".endswith(f"/{path}") for file in files()), path


def test_every_block_of_commands_is_run_or_says_why_not() -> None:
    excused = [block for block in all_blocks() if block.reason is not None]
    assert all(len(block.reason or "") > 20 for block in excused)
    assert len(excused) < len(all_blocks()) / 2


@pytest.mark.parametrize("block", all_blocks(), ids=lambda block: f"{block.document}-{block.line}")
def test_a_shell_can_read_every_block(block: Block) -> None:
    read = subprocess.run(["sh", "-n"], input=block.script, capture_output=True, text=True, check=False)
    assert read.returncode == 0, read.stderr


@pytest.mark.parametrize("shown", configurations())
def test_a_configuration_that_is_shown_can_be_used(shown: str, tmp_path: Path) -> None:
    """That of a portal, too, is YAML at least."""
    portal, file = tmp_path / "portal.yaml", tmp_path / "shown.yaml"
    portal.write_text("backend: {baseUrl: https://backstage.example.com}")
    file.write_text(shown)
    variables = {name: f"a secret of 32 bytes or more: {name}".replace(" ", "-") for name in VARIABLE.findall(shown)}
    assert read_settings(load([portal, file], variables, tmp_path))

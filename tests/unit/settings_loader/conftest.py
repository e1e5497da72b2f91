"""What the tests of reading a configuration share."""

from pathlib import Path
from typing import Any

import pytest

from insights_backend.settings.loader import find_files, load
from insights_backend.settings.tree import ConfigTree
from tests.unit.settings_loader.files import OURS, Ours, Read, Write


@pytest.fixture
def write(tmp_path: Path) -> Write:
    def write_file(name: str, text: str) -> Path:
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
        return path

    return write_file


@pytest.fixture
def read(tmp_path: Path) -> Read:
    """Load files as layers and return the whole tree."""

    def read_files(*names: str, **environ: str) -> ConfigTree:
        files = find_files(environ, tmp_path, [Path(name) for name in names])
        return load(files, environ, tmp_path)

    return read_files


@pytest.fixture
def ours(write: Write, read: Read) -> Ours:
    """Load one file that holds the text given below our key, and return our part."""

    def read_text(text: str, **environ: str) -> Any:
        write("c.yaml", f"{OURS}:\n" + "".join(f"  {line}\n" for line in text.splitlines()))
        return read("c.yaml", **environ).data[OURS]

    return read_text

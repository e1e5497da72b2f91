"""What these tests share: the warehouse's events, and whole services, each test's own."""

import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest

from insights_backend.warehouse.engine import Engine
from insights_backend.warehouse.events import EventStore
from tests.app import Make, Service, running, settings_for

_MEMORY, _ROOM = "/dev/shm", 1024**3  # noqa: S108 - whatever is made there has a name of its own


def pytest_configure() -> None:
    """Keep the tests' files in memory where there is room: the engine makes and deletes hundreds of them a test."""
    if "TMPDIR" not in os.environ and os.access(_MEMORY, os.W_OK) and shutil.disk_usage(_MEMORY).free > _ROOM:
        tempfile.tempdir = _MEMORY


@pytest.fixture
def store(engine: Engine) -> EventStore:
    return EventStore(engine)


@pytest.fixture
def make(tmp_path: Path, warehouse_dsn: str, engine: Engine) -> Iterator[Make]:
    """Make services in the test's own directory, on the warehouse that is open; each is closed when the test ends."""
    with ExitStack() as stack:

        def build(**changes: Any) -> Service:
            return stack.enter_context(running(settings_for(tmp_path, warehouse_dsn, **changes), engine))

        yield build


@pytest.fixture
def service(make: Make) -> Service:
    return make()

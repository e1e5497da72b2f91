"""What these tests share: the warehouse's events, and whole services, each test's own."""

from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest

from insights_backend.warehouse.engine import Engine
from insights_backend.warehouse.events import EventStore
from tests.app import Make, Service, running, settings_for


@pytest.fixture
def store(engine: Engine) -> EventStore:
    return EventStore(engine)


@pytest.fixture
def make(tmp_path: Path, warehouse_dsn: str, engine: Engine) -> Iterator[Make]:
    """Make services in the test's own directory; each is closed when the test ends."""
    with ExitStack() as stack:

        def build(**changes: Any) -> Service:
            return stack.enter_context(running(settings_for(tmp_path, warehouse_dsn, **changes)))

        yield build


@pytest.fixture
def service(make: Make) -> Service:
    return make()

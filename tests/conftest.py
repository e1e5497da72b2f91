"""What several test files share: one warehouse a test process, since the embedded engine belongs to one path."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from insights_backend.warehouse.engine import Engine


@pytest.fixture(scope="session")
def warehouse_dsn(tmp_path_factory: pytest.TempPathFactory) -> str:
    return f"chdb:///{tmp_path_factory.mktemp('warehouse')}"


@pytest.fixture
def engine(warehouse_dsn: str) -> Iterator[Engine]:
    """The real engine, with its schema and without events."""
    engine = Engine(warehouse_dsn)
    engine.rows("TRUNCATE TABLE events", {})
    yield engine
    engine.close()


@pytest.fixture(scope="session")
def repository() -> Path:
    return Path(__file__).parent.parent

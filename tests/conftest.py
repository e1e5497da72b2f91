"""What several test files share: one warehouse a test process, since the embedded engine belongs to one path."""

import gc
import os
from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing
from functools import cache
from pathlib import Path

import pytest
from hypothesis import settings

from insights_backend.warehouse.engine import Engine
from tests.clickhouse_process import clickhouse, database
from tests.tables import KEPT_DAYS, empty

settings.register_profile("untimed", deadline=None)
settings.load_profile("untimed")


def pytest_collection_finish() -> None:
    """Leave what was imported out of each collection of garbage from here on, as the service does."""
    gc.freeze()


@pytest.fixture(scope="session")
def warehouse_dsn(tmp_path_factory: pytest.TempPathFactory) -> str:
    return f"chdb:///{tmp_path_factory.mktemp('warehouse')}"


@pytest.fixture(scope="session")
def clickhouse_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The DSN of a ClickHouse server: the one in CLICKHOUSE_URL, or one on chDB that is started for these tests."""
    if os.environ.get("CLICKHOUSE_URL"):
        yield os.environ["CLICKHOUSE_URL"]
    else:
        with clickhouse(tmp_path_factory.mktemp("clickhouse")) as server:
            yield server


@pytest.fixture(scope="session")
def server_dsn(clickhouse_server: str) -> Iterator[str]:
    """A database on a ClickHouse server that tests share, as they share the warehouse in their process."""
    with database(clickhouse_server) as dsn:
        yield dsn


@pytest.fixture(scope="module")
def clickhouse_dsn(clickhouse_server: str) -> Iterator[str]:
    """A database of the module's own on a ClickHouse server; it does not exist yet."""
    with database(clickhouse_server) as dsn:
        yield dsn


@pytest.fixture(scope="session")
def engine_at() -> Iterator[Callable[[str], Engine]]:
    """The engine of a DSN, which stays open until the last test: to open it takes longer than most tests."""
    with ExitStack() as stack:
        yield cache(lambda dsn: stack.enter_context(closing(Engine(dsn, retention_days=KEPT_DAYS))))


@pytest.fixture
def engine(warehouse_dsn: str, engine_at: Callable[[str], Engine]) -> Engine:
    """The real engine, with its schema and without events."""
    return _empty(engine_at(warehouse_dsn))


@pytest.fixture(params=["chdb", "http"])
def either_engine(request: pytest.FixtureRequest, engine_at: Callable[[str], Engine]) -> Engine:
    """The real engine inside this process, and as a server: what uses it runs on both."""
    dsn = request.getfixturevalue("warehouse_dsn" if request.param == "chdb" else "server_dsn")
    return _empty(engine_at(dsn))


def _empty(engine: Engine) -> Engine:
    empty(engine)
    return engine


@pytest.fixture(scope="session")
def repository() -> Path:
    return Path(__file__).parent.parent

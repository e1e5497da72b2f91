"""What is older than `warehouse.retentionDays` is forgotten, by the engine itself, in every table that knows people."""

from collections.abc import Callable, Iterator
from contextlib import closing
from datetime import UTC, datetime, timedelta
from uuid import uuid4

import pytest

from insights_backend.delivery.destination import Batch
from insights_backend.warehouse.engine import Engine
from insights_backend.warehouse.events import EventStore
from insights_backend.warehouse.migrations import _FORGOTTEN
from tests.process import eventually
from tests.records import lines, record
from tests.tables import empty

Keep = Callable[[int | None], Engine]
"""Opens the engine anew, with so many days."""


@pytest.fixture(params=["chdb", "http"])
def keep(request: pytest.FixtureRequest) -> Iterator[Keep]:
    dsn = request.getfixturevalue("warehouse_dsn" if request.param == "chdb" else "server_dsn")
    yield lambda days: opened(dsn, days)
    with closing(opened(dsn, None)) as engine:
        empty(engine)


def opened(dsn: str, days: int | None) -> Engine:
    engine = Engine(dsn, retention_days=days)
    engine.open()
    return engine


def store(engine: Engine) -> None:
    """Store an event of today and one of each of the ages that tests ask about."""
    empty(engine)
    times = {age: f"{datetime.now(UTC) - timedelta(age):%Y-%m-%dT%H:%M:%S}.000Z" for age in (0, 20, 60)}
    events = [record(id=str(age), user="u_1", action="search", view=True, time=moment) for age, moment in times.items()]
    EventStore(engine).deliver(Batch.of(uuid4().hex, 1, 3, lines(*events)))


def rows(engine: Engine) -> set[int]:
    """How many rows the tables have; one number where all have as many."""
    return {engine.rows(f"SELECT count() AS rows FROM {table}", {})[0]["rows"] for table in _FORGOTTEN}  # noqa: S608 - ours


def test_what_is_too_old_goes_from_the_events_and_the_rollups_alike(keep: Keep) -> None:
    with closing(keep(30)) as engine:
        store(engine)
        for table in _FORGOTTEN:
            engine.rows(f"OPTIMIZE TABLE {table} FINAL", {})
        assert rows(engine) == {2}


@pytest.mark.parametrize("keep", ["chdb"], indirect=True)
def test_of_the_embedded_engine_nobody_has_to_ask_it(keep: Keep) -> None:
    with closing(keep(30)) as engine:
        store(engine)
    with closing(keep(30)) as engine:
        assert eventually(lambda: rows(engine) == {2}, seconds=10)


@pytest.mark.parametrize("keep", ["chdb"], indirect=True)
def test_another_number_of_days_holds_for_what_is_there_already(keep: Keep) -> None:
    with closing(keep(None)) as engine:
        store(engine)
    with closing(keep(30)) as engine:
        assert eventually(lambda: rows(engine) == {2}, seconds=10)
    with closing(keep(10)) as engine:
        assert eventually(lambda: rows(engine) == {1}, seconds=10)


@pytest.mark.parametrize("keep", ["chdb"], indirect=True)
def test_without_a_number_of_days_nothing_is_forgotten(keep: Keep) -> None:
    keep(30).close()
    with closing(keep(None)) as engine:
        store(engine)
        for table in _FORGOTTEN:
            engine.rows(f"OPTIMIZE TABLE {table} FINAL", {})
        assert rows(engine) == {3}


def test_the_same_number_of_days_changes_nothing(keep: Keep) -> None:
    keep(30).close()
    with closing(keep(30)) as engine:
        mutations = "SELECT count() AS n FROM system.mutations WHERE database = currentDatabase()"
        before = engine.rows(mutations, {})
    with closing(keep(30)) as engine:
        assert engine.rows(mutations, {}) == before

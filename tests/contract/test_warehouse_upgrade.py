"""A warehouse that an earlier version left behind takes the schema files that came since, with its rows in it."""

from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest
from clickhouse_connect import get_client

from insights_backend.delivery.destination import Batch
from insights_backend.settings.dsn import client_arguments
from insights_backend.warehouse import migrations
from insights_backend.warehouse.engine import Engine
from insights_backend.warehouse.events import EventStore
from insights_backend.warehouse.failures import WarehouseUnavailableError
from insights_backend.warehouse.migrations import Dialect, migrate, schema_files
from tests.clickhouse_process import database
from tests.records import lines, record
from tests.tables import KEPT_DAYS

FIRST = ("001_events.sql", "002_event_ids.sql", "003_rollups.sql", "004_total_users.sql", "005_steps.sql")
"""The schema of the first version, in the order in which it was applied. What came later is added after it."""

FILES = schema_files(clustered=False)
OLD, NEW = record(id="old", user="u_1"), record(id="new", user="u_2", time="2026-11-24T10:00:00.000Z")


@pytest.fixture
def dsn(clickhouse_server: str) -> Iterator[str]:
    with database(clickhouse_server) as dsn:
        yield dsn


def left_by(dsn: str, files: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """Leave a database as it was when there were so many schema files, with an event in it."""
    arguments = client_arguments(dsn)
    with closing(get_client(**{**arguments, "database": None})) as client:
        client.command(f"CREATE DATABASE {arguments['database']}")
    with monkeypatch.context() as before, closing(get_client(**arguments)) as client:
        before.setattr(migrations, "schema_files", lambda clustered: FILES[:files])  # noqa: ARG005 - the name counts
        migrate(client, Dialect(None), lambda: None)
        read = {"date_time_input_format": "best_effort", "input_format_json_read_objects_as_strings": 1}
        client.raw_insert("events", insert_block=lines(OLD), fmt="JSONEachRow", settings=read)


def test_the_first_files_are_what_they_were_and_later_ones_come_after() -> None:
    names = [name for name, _ in FILES]
    assert tuple(names[: len(FIRST)]) == FIRST
    assert names == sorted(set(names))


@pytest.mark.parametrize("files", [1, len(FILES) - 1])
def test_the_files_that_came_since_are_applied_over_rows_and_lose_none(
    dsn: str, files: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    left_by(dsn, files, monkeypatch)
    with closing(Engine(dsn, retention_days=KEPT_DAYS)) as engine:
        store = EventStore(engine)
        store.deliver(Batch.of("batch", 1, 1, lines(NEW)))
        assert [row["id"] for row in store.read(0, 2**41)] == ["old", "new"]
        assert engine.rows("SELECT sum(events) AS events FROM presence WHERE userKey = sipHash64('u_2')", {}) == [
            {"events": 1}
        ]
        done = [row["name"] for row in engine.rows("SELECT name FROM migrations ORDER BY name", {})]
    assert done == [name for name, _ in FILES]


def test_a_warehouse_with_tables_of_another_version_is_left_alone(dsn: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Of a table that is not known nobody would be erased."""
    left_by(dsn, 1, monkeypatch)
    with closing(get_client(**client_arguments(dsn))) as client:
        client.command("INSERT INTO migrations (name) VALUES ('900_later.sql')")
        tables = client.query("SHOW TABLES").result_rows
        with closing(Engine(dsn, retention_days=KEPT_DAYS)) as engine:
            with pytest.raises(WarehouseUnavailableError, match=r"another version.*900_later\.sql.*run that one"):
                engine.open()
            assert engine.obstacle
            assert "900_later.sql" in engine.obstacle
        assert client.query("SHOW TABLES").result_rows == tables


def test_a_schema_file_that_cannot_be_applied_is_named(
    dsn: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    wrong = tmp_path / "900_later.sql"
    wrong.write_text("ALTER TABLE events DROP COLUMN missing")
    monkeypatch.setattr(migrations, "schema_files", lambda clustered: [*FILES, (wrong.name, wrong)])  # noqa: ARG005 - as above
    with (
        closing(Engine(dsn, retention_days=KEPT_DAYS)) as engine,
        pytest.raises(WarehouseUnavailableError, match=r"brought up to date by 900_later\.sql"),
    ):
        engine.open()

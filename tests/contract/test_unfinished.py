"""An insert that a crash cut short between its token and its part is done again, and nothing else is."""

import fcntl
import shutil
from contextlib import closing
from pathlib import Path

import pytest

from insights_backend.delivery.destination import Batch
from insights_backend.warehouse.engine import Engine
from insights_backend.warehouse.events import EventStore
from insights_backend.warehouse.unfinished import forget_unfinished
from tests.records import lines, record
from tests.tables import KEPT_DAYS

TABLES = ("events", "presence", "views", "steps")
VIEW, SEARCH = {"view": True, "user": "u_a"}, {"action": "search", "pluginId": "search", "value": 1}


def batch(name: str) -> Batch:
    return Batch.of(name, 1, 2, lines(record(id=f"{name} 1", **VIEW), record(id=f"{name} 2", **SEARCH)))


def rows(engine: Engine) -> dict[str, int]:
    """How many events each table knows of."""
    asked = ", ".join(
        f"(SELECT sum({'events' if table == 'presence' else 1}) FROM {table}) AS {table}"  # noqa: S608 - ours
        for table in TABLES
    )
    return engine.rows(f"SELECT {asked}", {})[0]


def newest_parts(directory: Path) -> list[Path]:
    """The part of each table, and of the ids, that the last insert made."""
    logs = directory.glob("store/*/*/deduplication_logs/*.txt")
    return [log.parent.parent / log.read_text().splitlines()[-1].split("\t")[1] for log in logs if log.stat().st_size]


@pytest.mark.parametrize("lost", [*TABLES, "all"])
def test_a_batch_of_which_the_engine_noted_the_token_alone_is_stored_when_it_comes_again(
    lost: str, warehouse_dsn: str
) -> None:
    directory = Path(warehouse_dsn.removeprefix("chdb:///"))
    with closing(Engine(warehouse_dsn, retention_days=KEPT_DAYS)) as engine:
        for table in (*TABLES, "event_ids"):
            engine.rows(f"TRUNCATE TABLE {table}", {})
            engine.rows(f"SYSTEM STOP MERGES {table}", {})
        store = EventStore(engine)
        store.deliver(batch("first"))
        store.deliver(batch(f"second {lost}"))
        engine.rows("TRUNCATE TABLE event_ids", {})  # they would have come last
        asked = "SELECT name, data_paths[1] AS path FROM system.tables WHERE has({tables:Array(String)}, name)"
        places = {Path(row["path"]).name: row["name"] for row in engine.rows(asked, {"tables": [*TABLES]})}
    for part in newest_parts(directory):
        if places.get(part.parent.name) in (lost, *(TABLES if lost == "all" else ())):
            shutil.rmtree(part)
    with closing(Engine(warehouse_dsn, retention_days=KEPT_DAYS)) as engine:
        assert (rows(engine)["events"] == 2) is (lost in ("events", "all"))
        EventStore(engine).deliver(batch(f"second {lost}"))
        assert rows(engine) == {"events": 4, "presence": 4, "views": 2, "steps": 2}
        for table in TABLES:
            engine.rows(f"SYSTEM START MERGES {table}", {})


@pytest.fixture
def log(tmp_path: Path) -> Path:
    """A log of two blocks, of which the second is nowhere, and of one that was merged with others."""
    table = tmp_path / "store" / "abc" / "table"
    log = table / "deduplication_logs" / "deduplication_log_1.txt"
    log.parent.mkdir(parents=True)
    log.write_text("1\t202611_1_1_0\ta\n1\t202611_9_9_0\tb\n1\t202610_4_4_0\tc\n1\t2026")
    for part, sums in (
        ("202611_1_1_0", "x"),
        ("202611_9_9_0", ""),
        ("202610_2_6_1", "x"),
        ("tmp_insert_202611_9_9_0", "x"),
    ):
        (table / part).mkdir()
        (table / part / "checksums.txt").write_text(sums)
    return log


def test_tokens_whose_blocks_are_in_a_part_stay(log: Path, tmp_path: Path) -> None:
    forget_unfinished(tmp_path)
    assert log.read_text() == "1\t202611_1_1_0\ta\n1\t202610_4_4_0\tc\n"


def test_an_engine_that_is_open_is_left_alone(log: Path, tmp_path: Path) -> None:
    before = log.read_text()
    with (tmp_path / "status").open("w") as status:
        fcntl.flock(status, fcntl.LOCK_EX)
        forget_unfinished(tmp_path)
    assert log.read_text() == before
    forget_unfinished(tmp_path)  # killed: the file is there, and nobody holds it
    assert log.read_text() != before

"""The warehouse on the real engine, inside this process and as a server."""

import subprocess
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from pathlib import Path
from typing import Any

import orjson
import pytest

from insights_backend.delivery.destination import Batch, DeliveryError
from insights_backend.delivery.packing import is_packed, packed
from insights_backend.settings.dsn import client_arguments
from insights_backend.warehouse.engine import Engine
from insights_backend.warehouse.events import EventStore
from insights_backend.warehouse.failures import WarehouseUnavailableError
from tests.fakes import NOW
from tests.records import lines, record
from tests.tables import KEPT_DAYS

FOREVER = 2**41


def batch(*records: dict[str, Any], id: str = "batch") -> Batch:  # noqa: A002 - as the batch has it
    return Batch.of(id, 1, len(records), lines(*records))


@pytest.fixture
def engine(either_engine: Engine) -> Engine:
    return either_engine


def stored(store: EventStore) -> list[dict[str, Any]]:
    return [orjson.loads(orjson.dumps(row)) for row in store.read(0, FOREVER)]


def test_an_event_comes_out_as_it_went_in(store: EventStore) -> None:
    whole = record(
        id="q\"uo'te\\%s{x:String}",
        subject="größe 日本 <script>\t\n\x00",
        value=3,
        sessionId="s_1",
        attributes={"templateSteps": 2, "flag": True, "to": 'a"b', "ratio": 0.5},
        context={"searchTypes": ""},
        user="u_1",
        userMetadata={"metadata.namespace": "default", "metadata.list": ["a", {"b": None}]},
        groups=["group:default/a"],
        entity="component:default/x",
        entityMetadata={"spec.owner": "group:default/a"},
        target="api:default/y",
        view=True,
        notes=["entity_not_found"],
    )
    store.deliver(batch(whole))
    assert stored(store) == [whole]


def test_what_is_absent_is_null_again(store: EventStore) -> None:
    store.deliver(batch(record()))
    (row,) = stored(store)
    assert [row[name] for name in ("value", "routeRef", "sessionId", "user", "entity", "target")] == [None] * 6


def test_a_batch_delivered_again_is_stored_once(store: EventStore) -> None:
    for _ in range(3):
        store.deliver(batch(record(id="1"), record(id="2")))
    assert len(stored(store)) == 2


def test_an_event_that_comes_again_in_another_batch_is_stored_once(store: EventStore) -> None:
    store.deliver(batch(record(id="1"), id="one"))
    store.deliver(batch(record(id="2"), record(id="1"), record(id="2"), id="two"))
    assert sorted(row["id"] for row in stored(store)) == ["1", "2"]


def test_an_event_that_comes_again_with_another_time_is_stored_once(store: EventStore) -> None:
    store.deliver(batch(record(id="1", time="2026-11-17T10:00:00.000Z"), id="one"))
    store.deliver(batch(record(id="1", time="2026-11-23T10:00:00.000Z"), id="two"))
    assert [row["time"] for row in stored(store)] == ["2026-11-17T10:00:00.000Z"]


def test_an_event_of_a_long_outage_that_comes_again_is_stored_once(store: EventStore) -> None:
    for name in ("one", "two"):
        store.deliver(batch(record(id="1", time="2025-01-01T10:00:00.000Z"), record(id="2"), id=name))
    assert [row["id"] for row in stored(store)] == ["1", "2"]


def test_other_events_under_the_id_of_a_batch_are_another_batch(store: EventStore) -> None:
    for name in ("1", "2", "1"):
        store.deliver(batch(record(id=name), id="counted up"))
    assert sorted(row["id"] for row in stored(store)) == ["1", "2"]


def test_a_batch_without_events_is_nothing_to_store(store: EventStore) -> None:
    assert store.deliver(batch()) == []
    assert stored(store) == []


def test_requests_that_lie_packed_or_as_they_came_are_stored_once_each_event(store: EventStore) -> None:
    large = [[record(id=f"{request}-{number}", subject="/s" * 50) for number in range(20)] for request in range(3)]
    small = [[record(id="small-1")], [record(id="small-2"), record(id="small-1")]]
    requests = [large[0], small[0], large[1], small[1], large[2]]
    laid = [packed(lines(*request)) for request in requests]
    assert [is_packed(some) for some in laid] == [True, False, True, False, True]
    store.deliver(Batch("twice in it", 5, 63, laid))
    expected = {row["id"] for request in requests for row in request}
    assert sorted(row["id"] for row in stored(store)) == sorted(expected)
    new = [record(id=f"new-{number}", subject="/s" * 50) for number in range(20)]
    store.deliver(Batch("all new", 1, 20, [packed(lines(*new[:19])), packed(lines(new[19]))]))
    store.deliver(Batch("some again", 2, 40, [packed(lines(*large[0])), packed(lines(*new))]))
    assert sorted(row["id"] for row in stored(store)) == sorted(expected | {row["id"] for row in new})
    assert {row["subject"] for row in stored(store)} == {"/s" * 50, "/catalog"}


def test_two_portals_may_give_the_same_id(store: EventStore) -> None:
    store.deliver(batch(record(id="1", instance="a"), id="one"))
    store.deliver(batch(*(record(id="1", instance=name) for name in ("a", "b", "b")), id="two"))
    assert sorted(row["instance"] for row in stored(store)) == ["a", "b"]


def test_an_event_that_two_batches_bring_at_once_is_stored_once(store: EventStore) -> None:
    batches = [batch(record(id="1"), record(id=name), id=name) for name in "abcdefgh"]
    with ThreadPoolExecutor(len(batches)) as threads:
        list(threads.map(store.deliver, batches))
    assert sorted(row["id"] for row in stored(store)) == ["1", *"abcdefgh"]


@pytest.mark.parametrize("value", [0, -3, 0.5, 2**53 - 1, 1e17, 1e308])
def test_a_number_comes_out_as_it_went_in_whatever_its_size(store: EventStore, value: float) -> None:
    store.deliver(batch(record(value=value)))
    assert stored(store)[0]["value"] == value


def test_a_large_batch_of_long_ids_is_stored(store: EventStore) -> None:
    store.deliver(batch(*(record(id=f"{n:0128d}") for n in range(5000))))
    assert sum(1 for _ in store.read(0, FOREVER)) == 5000


def test_events_are_read_by_time_with_the_end_left_out(store: EventStore) -> None:
    now = int(NOW * 1000)
    store.deliver(batch(record(id="b", time="2026-11-23T10:00:00.001Z"), record(id="a")))
    assert [row["id"] for row in store.read(now, now + 2)] == ["a", "b"]
    assert [row["id"] for row in store.read(now, now + 1)] == ["a"]


def test_stored_events_survive_closing_the_engine(store: EventStore, engine: Engine) -> None:
    store.deliver(batch(record(id="1")))
    engine.close()
    assert [row["id"] for row in stored(store)] == ["1"]


def test_opening_twice_applies_the_schema_once(engine: Engine) -> None:
    engine.close()
    engine.open()
    rows = engine.rows("SELECT count() AS n FROM migrations WHERE name = '001_events.sql'", {})
    assert rows == [{"n": 1}]


def test_what_its_first_inserts_alone_needed_is_given_back_as_well(
    warehouse_dsn: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    given_back: list[str] = []
    monkeypatch.setattr("insights_backend.warehouse.residence.leave_on_disk", lambda _: given_back.append("now"))
    monkeypatch.setattr("insights_backend.warehouse.engine._FIRST_INSERTS", 4)  # a batch and its keys are two
    with closing(Engine(warehouse_dsn, retention_days=KEPT_DAYS)) as engine:
        counts = []
        for name in ("one", "two", "three", "four"):
            EventStore(engine).deliver(batch(record(id=f"first {name}"), id=f"first {name}"))
            counts.append(len(given_back))
    assert counts == [1, 2, 2, 2]


def test_a_batch_that_the_engine_cannot_take_stays_where_it_is(store: EventStore, engine: Engine) -> None:
    engine.rows("RENAME TABLE events TO away", {})
    try:
        with pytest.raises(DeliveryError, match="the warehouse refused"):
            store.deliver(batch(record()))
    finally:
        engine.rows("RENAME TABLE away TO events", {})


def being_answered(engine: Engine, questions: int) -> list[Iterator[dict[str, Any]]]:
    answers = [engine.stream("SELECT number FROM numbers(2)", {}) for _ in range(questions)]
    assert [next(answer)["number"] for answer in answers] == [0] * questions
    return answers


def test_a_question_waits_while_sixteen_are_answered(engine: Engine) -> None:
    first, *others = being_answered(engine, 16)
    with ThreadPoolExecutor(1) as pool:
        asked = pool.submit(engine.rows, "SELECT 1 AS one", {})
        with pytest.raises(TimeoutError):
            asked.result(timeout=0.1)
        assert [row["number"] for row in first] == [1]
        assert asked.result(timeout=10) == [{"one": 1}]
    assert [[row["number"] for row in answer] for answer in others] == [[1]] * 15


def test_a_question_that_has_waited_as_long_as_one_may_take_is_given_up(warehouse_dsn: str) -> None:
    with closing(Engine(warehouse_dsn, max_seconds=0.5)) as engine:
        answers = being_answered(engine, 16)
        with pytest.raises(WarehouseUnavailableError, match="too many questions"):
            engine.rows("SELECT 1 AS one", {})
        assert [[row["number"] for row in answer] for answer in answers] == [[1]] * 16


def test_who_reads_an_export_may_take_longer_than_a_question(engine: Engine) -> None:
    ask = "SELECT getSetting('max_execution_time') AS seconds"
    assert [row["seconds"] for row in engine.stream(ask, {})] == [0]
    assert engine.rows(ask, {})[0]["seconds"] > 0


def test_another_path_cannot_be_opened_beside_the_first(warehouse_dsn: str, tmp_path: Path) -> None:
    with closing(Engine(warehouse_dsn)) as first:
        first.open()
        second = EventStore(Engine(f"chdb:///{tmp_path}"))
        with pytest.raises(DeliveryError, match="this process uses another warehouse"):
            second.deliver(batch(record()))


@pytest.mark.parametrize(
    ("dsn", "expected"),
    [
        ("chdb:///var/warehouse", {"interface": "chdb", "path": "var/warehouse"}),
        ("chdb:////srv/warehouse", {"interface": "chdb", "path": "/srv/warehouse"}),
        (
            "clickhouse://in:p%40ss@db.example.com:9443/insights?secure=true",
            {
                "interface": "https",
                "host": "db.example.com",
                "port": 9443,
                "username": "in",
                "password": "p@ss",
                "database": "insights",
            },
        ),
        (
            "clickhouse://localhost",
            {
                "interface": "http",
                "host": "localhost",
                "port": 8123,
                "username": "default",
                "password": "",
                "database": "default",
            },
        ),
    ],
)
def test_the_dsn_decides_which_engine(dsn: str, expected: dict[str, Any]) -> None:
    assert client_arguments(dsn) == expected


@pytest.mark.parametrize(
    "dsn",
    [
        "",
        "chdb:///",
        "chdb://host/x",
        "postgres://u:secret@h/d",
        "clickhouse://h:x/d",
        "clickhouse://h?a=secret",
        "clickhouse://u:12#secret@h/d",
        "chdb:///a#b/warehouse",
        "clickhouse://h?secure=maybe",
        "clickhouse://h?secure=",
    ],
)
def test_another_dsn_is_refused_without_being_repeated(dsn: str) -> None:
    with pytest.raises(ValueError, match=r"must be|not a URL") as failure:
        client_arguments(dsn)
    assert "secret" not in str(failure.value)


OPENED = """
import sys
from pathlib import Path
from insights_backend.warehouse.engine import Engine
Engine(sys.argv[1]).open()
print(sorted({"numpy", "pandas", "pyarrow"} & sys.modules.keys()))
memory = dict(line.split(":") for line in Path("/proc/self/status").read_text().splitlines())
print(*(int(memory[name].split()[0]) for name in ("VmHWM", "VmRSS")))
"""


def test_the_embedded_engine_takes_no_more_memory_than_it_needs(tmp_path: Path) -> None:
    """It comes without libraries of tables, which hold 80 MB, and what only its start needed is given back."""
    command = [sys.executable, "-c", OPENED, f"chdb:///{tmp_path / 'warehouse'}"]
    libraries, memory = subprocess.run(command, capture_output=True, check=True, text=True).stdout.splitlines()
    at_most, now = map(int, memory.split())
    assert libraries == "[]"
    assert now < at_most - 50_000

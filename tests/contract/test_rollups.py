"""The rollups know what the events know, and the schema is fit for a cluster."""

from typing import Any

import pytest
from hypothesis import strategies as st

from insights_backend.delivery.destination import Batch, DeliveryError
from insights_backend.model.person import Person
from insights_backend.warehouse import erasing
from insights_backend.warehouse.engine import Engine
from insights_backend.warehouse.events import EventStore
from insights_backend.warehouse.failures import QueryLimitError
from insights_backend.warehouse.migrations import Dialect, schema_files
from tests.questions import law, records, stored
from tests.records import lines, record

SUMS = "sum(events) AS events, sum(views) AS views, uniqExactIf(userKey, userKey != 0) AS users"
KEYS = "sessionKey, environment, instance, groups"
VIEWED = (
    "time, quarter, userKey, pluginId, page, entity, entityKind, entityOwner, entityType, entityLifecycle,"
    " environment, instance, groups, events, views"
)
STEP = "time, quarter, userKey, action, term, templateStep, template, value, pluginId, environment, instance, groups"


@pytest.fixture
def engine(either_engine: Engine) -> Engine:
    return either_engine


def sums(engine: Engine, table: str) -> list[dict[str, Any]]:
    keys = f"quarter, userKey, {KEYS}"
    return engine.rows(f"SELECT {keys}, {SUMS} FROM {table} GROUP BY {keys} ORDER BY ALL", {})  # noqa: S608 - ours


@law(6, events=st.lists(records, max_size=40))
def test_an_event_knows_the_quarter_hour_it_lies_in(engine: Engine, events: list[dict[str, Any]]) -> None:
    stored(engine, events)
    lies = "toUnixTimestamp(quarter) % 900 = 0 AND events.time BETWEEN quarter AND quarter + 899.999"
    elsewhere = f"SELECT count() AS n FROM events WHERE NOT ({lies})"  # noqa: S608 - ours
    assert engine.rows(elsewhere, {}) == [{"n": 0}]


@law(6, events=st.lists(records, max_size=40))
def test_presence_has_the_sums_of_the_events(engine: Engine, events: list[dict[str, Any]]) -> None:
    stored(engine, events)
    assert sums(engine, "presence") == sums(engine, "events")


@law(6, events=st.lists(records, max_size=40))
def test_the_views_are_those_of_the_events(engine: Engine, events: list[dict[str, Any]]) -> None:
    stored(engine, events)
    kept, seen = (
        engine.rows(f"SELECT {VIEWED} FROM {table} WHERE view ORDER BY ALL", {})  # noqa: S608 - ours
        for table in ("views", "events")
    )
    assert kept == seen


STEPS = st.builds(
    record,
    user=st.sampled_from([None, "u_a", "u_b"]),
    action=st.sampled_from(["search", "discover", "create", "click"]),
    subject=st.sampled_from([" Kafka", "Create", "Template has been opened"]),
    value=st.sampled_from([None, 0, 2.5]),
    pluginId=st.sampled_from(["search", "scaffolder"]),
    entity=st.sampled_from([None, "component:default/a", "template:default/t"]),
)


@law(6, events=st.lists(STEPS, min_size=1, max_size=40))
def test_the_steps_are_those_of_the_events(engine: Engine, events: list[dict[str, Any]]) -> None:
    stored(engine, events)
    taken = "action IN ('search', 'discover') OR templateStep != ''"
    kept, seen = (
        engine.rows(f"SELECT {STEP} FROM {table} WHERE {taken} ORDER BY ALL", {})  # noqa: S608 - ours
        for table in ("steps", "events")
    )
    assert kept == seen


def test_presence_knows_the_first_and_last_event_of_a_quarter_hour(engine: Engine) -> None:
    times = [f"2026-11-23T10:{minute}:00.000Z" for minute in ("14", "01", "09", "15")]
    stored(engine, [record(user="u_1", time=time) for time in times])
    rows = engine.rows("SELECT toString(firstAt) AS first, toString(lastAt) AS last FROM presence ORDER BY first", {})
    assert rows == [
        {"first": "2026-11-23 10:01:00.000", "last": "2026-11-23 10:14:00.000"},
        {"first": "2026-11-23 10:15:00.000", "last": "2026-11-23 10:15:00.000"},
    ]


def arrivals(engine: Engine, table: str, settings: str = "") -> list[dict[str, Any]]:
    keys = "userKey, environment, instance, groups"
    sql = f"SELECT {keys}, min(quarter) AS first FROM {table} GROUP BY {keys} ORDER BY ALL {settings}"  # noqa: S608 - ours
    return engine.rows(sql, {})


@law(6, events=st.lists(records, min_size=1, max_size=40))
def test_presence_keeps_ready_when_each_user_came_first_and_forgets_whoever_is_erased(
    engine: Engine, events: list[dict[str, Any]]
) -> None:
    ready = "SETTINGS force_optimize_projection_name = 'arrivals'"  # or the engine refuses
    stored(engine, [*events, record(user="u_1"), record(user="u_2")])
    assert arrivals(engine, "presence", ready) == arrivals(engine, "events")
    erasing.erase(engine, Person("u_1"))
    assert arrivals(engine, "presence", ready) == arrivals(engine, "events")


def test_what_an_entity_is_asked_by_is_a_text_of_its_metadata_and_null_is_none(engine: Engine) -> None:
    metadata = {"kind": 'Compo"né\nt', "spec.owner": None, "spec.lifecycle": "", "metadata": {"spec.type": "nested"}}
    stored(engine, [record(entity="component:default/a", entityMetadata=metadata)])
    asked = "entityKind, entityOwner, entityType, entityLifecycle"
    assert engine.rows(f"SELECT {asked} FROM events", {}) == [  # noqa: S608 - ours
        {"entityKind": 'Compo"né\nt', "entityOwner": "", "entityType": "", "entityLifecycle": ""}
    ]


class CutShort(Engine):
    """An engine that dies after the events are in, and before their ids are."""

    def insert(self, table: str, *rows: Any, **more: Any) -> None:
        if table == "event_ids":
            raise DeliveryError("killed")
        super().insert(table, *rows, **more)


def test_a_batch_that_was_cut_short_reaches_what_it_missed_and_nothing_twice(
    engine: Engine, warehouse_dsn: str, request: pytest.FixtureRequest
) -> None:
    in_process = "chdb" in request.node.name
    batch = Batch.of("cut", 1, 2, lines(record(id="1", view=True), record(id="2", view=True)))
    (view,) = engine.rows("SHOW CREATE TABLE presence_of_events", {})
    dying = CutShort(warehouse_dsn if in_process else request.getfixturevalue("server_dsn"))
    engine.rows("DROP TABLE presence_of_events", {})
    try:
        with pytest.raises(DeliveryError, match="killed"):
            EventStore(dying).deliver(batch)
    finally:
        engine.rows(view["statement"], {})
        dying.close()
    EventStore(engine).deliver(batch)
    for table in ("events", "presence", "views"):
        assert engine.rows(f"SELECT sum(events) AS n FROM {table}", {}) == [{"n": 2}]  # noqa: S608 - ours


@pytest.mark.parametrize("limit", [{"max_seconds": 0.05}, {"max_bytes": 1_000_000}])
def test_a_question_over_its_limits_is_refused_and_the_next_one_answered(
    warehouse_dsn: str, limit: dict[str, Any]
) -> None:
    engine = Engine(warehouse_dsn, **limit)
    try:
        with pytest.raises(QueryLimitError, match="shorter period"):
            engine.rows("SELECT number AS n, count() FROM numbers(100000000) GROUP BY n", {})
        assert engine.rows("SELECT 1 AS n", {}) == [{"n": 1}]
    finally:
        engine.close()


class Overwhelmed(Engine):
    """An engine that has too little memory for an insert, as a busy server may."""

    def insert(self, *_: Any, **__: Any) -> None:
        raise QueryLimitError


def test_a_batch_that_needs_more_memory_than_there_is_stays_where_it_is(warehouse_dsn: str) -> None:
    engine = Overwhelmed(warehouse_dsn)
    try:
        with pytest.raises(DeliveryError):
            EventStore(engine).deliver(Batch.of("large", 1, 1, lines(record(id="never"))))
    finally:
        engine.close()


@pytest.mark.parametrize("cluster", [None, "analytics"])
def test_every_statement_of_the_schema_can_be_read_by_the_engine(engine: Engine, cluster: str | None) -> None:
    dialect = Dialect(cluster)
    files = schema_files(clustered=cluster is not None)
    statements = [statement for _, file in files for statement in dialect.write(file.read_text())]
    for statement in statements:
        assert engine.rows("SELECT formatQuery({statement:String}) AS read", {"statement": statement})


def test_on_a_cluster_every_table_is_replicated_and_stands_under_a_distributed_one() -> None:
    dialect = Dialect("analytics")
    statements = [s for _, file in schema_files(clustered=True) for s in dialect.write(file.read_text())]
    tables = [s for s in statements if s.startswith("CREATE TABLE")]
    local = {s.split()[5] for s in tables if "ENGINE = Replicated" in s}
    distributed = {s.split()[5] for s in tables if "ENGINE = Distributed('analytics', currentDatabase()" in s}
    assert all("ON CLUSTER 'analytics'" in statement for statement in statements)
    assert local == {f"{name}_local" for name in distributed}
    assert len(tables) == len(local) + len(distributed)

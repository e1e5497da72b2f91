"""Events that the engine cannot read hold up no others: they are found, and all others are stored once."""

from collections.abc import Sequence
from contextlib import closing
from pathlib import Path
from random import Random
from typing import Any

import pytest

from insights_backend.delivery.destination import Batch, DeadLetter, DeliveryError
from insights_backend.delivery.dispatcher import Dispatcher
from insights_backend.delivery.outbox import Outbox
from insights_backend.delivery.packing import packed
from insights_backend.warehouse import refusing
from insights_backend.warehouse.engine import Engine
from insights_backend.warehouse.events import EventStore
from insights_backend.warehouse.failures import QueryLimitError, WarehouseUnavailableError
from tests.fakes import Clock
from tests.records import lines, record

SPOILT = {
    b',"subject":"\\ud83d"}': 25,
    b',"subject":"secret': 26,
    b',"subject" "secret"}': 27,
    b',"time":': 32,
    b',"subject":"secret"': 33,
    b',"time":"secret"}': 41,
    b',"time":' + b"1" * 40 + b"}": 69,
    b',"value":"secret"}': 72,
    b',"attributes":secret}': 117,
    b',"groups":"secret"}': 130,
    b',"unknown":' + b"[" * 100_000 + b"]" * 100_000 + b"}": 306,
    b',"view":"secret"}': 467,
}


def spoilt(rest: bytes, id: str = "bad") -> bytes:  # noqa: A002 - as the event has it
    """An event that begins as this service writes it."""
    return b'{"id":"%s","instance":"local"%s\n' % (id.encode(), rest)


BAD = spoilt(b',"time":"secret"}')
DEAD = DeadLetter("warehouse_41", 1, BAD)


def batch(*stored: bytes) -> Batch:
    return Batch("b", 1, sum(some.count(b"\n") for some in stored), stored)


def good(*ids: str) -> bytes:
    return lines(*(record(id=id_, view=True) for id_ in ids))


def counts(engine: Engine) -> dict[str, int]:
    tables = ("events", "presence", "views")
    return {table: engine.rows(f"SELECT sum(events) AS n FROM {table}", {})[0]["n"] for table in tables}  # noqa: S608 - ours


def everywhere(number: int) -> dict[str, int]:
    return {"events": number, "presence": number, "views": number}


@pytest.fixture
def engine(either_engine: Engine) -> Engine:
    return either_engine


def test_whatever_the_engine_cannot_read_is_a_dead_letter_and_all_others_are_stored(
    store: EventStore, engine: Engine, caplog: pytest.LogCaptureFixture
) -> None:
    bad = {spoilt(rest, f"bad-{code}"): code for rest, code in SPOILT.items()}
    letters = store.deliver(batch(good("1"), *bad, good("2")))
    assert letters == [DeadLetter(f"warehouse_{code}", 1, line) for line, code in bad.items()]
    assert counts(engine) == everywhere(2)
    assert all(f"the warehouse refused 1 events for good (warehouse_{code})" in caplog.text for code in bad.values())
    assert "secret" not in caplog.text


def test_it_is_found_where_the_engine_quotes_half_a_letter_of_it(store: EventStore, engine: Engine) -> None:
    bad = [spoilt(b" " * shift + "日".encode() * 200, str(shift)) for shift in range(3)]
    assert [letter.reason for letter in store.deliver(batch(*bad, good("good")))] == ["warehouse_27"] * 3
    assert counts(engine) == everywhere(1)


def test_they_are_found_among_packed_events_however_many_there_are(
    store: EventStore, engine: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(refusing, "_AT_ONCE", 3)
    bad = [spoilt(b',"view":"secret"}', f"bad-{number}") for number in range(7)]
    letters = store.deliver(batch(packed(good("1") + b"".join(bad[:4]) + good("2")), good("3"), b"".join(bad[4:])))
    assert sorted(letter.lines for letter in letters) == sorted(bad)
    assert counts(engine) == everywhere(3)


def test_a_batch_with_some_that_comes_again_has_the_same_outcome(store: EventStore, engine: Engine) -> None:
    for _ in range(2):
        assert store.deliver(batch(good("1"), BAD, good("2"))) == [DEAD]
    assert counts(engine) == everywhere(2)


class CutShort(Engine):
    """An engine that dies after the events are in, and before their ids are."""

    def insert(self, table: str, *rows: Any, **more: Any) -> None:
        if table == "event_ids":
            raise WarehouseUnavailableError("killed")
        super().insert(table, *rows, **more)


class Busy(Engine):
    """An engine that has no memory left to look for what it cannot read."""

    def try_reading(self, *_: Any) -> None:
        raise QueryLimitError


@pytest.mark.parametrize("kind", [CutShort, Busy])
def test_what_a_crash_cut_short_is_neither_lost_nor_doubled(
    kind: type[Engine], store: EventStore, engine: Engine, request: pytest.FixtureRequest
) -> None:
    name = "warehouse_dsn" if "chdb" in request.node.name else "server_dsn"
    with closing(kind(request.getfixturevalue(name))) as dying, pytest.raises(DeliveryError):
        EventStore(dying).deliver(batch(good("1"), BAD, good("2")))
    assert store.deliver(batch(good("1"), BAD, good("2"))) == [DEAD]
    assert counts(engine) == everywhere(2)


def test_no_event_is_given_up_for_what_a_view_of_somebody_else_refuses(store: EventStore, engine: Engine) -> None:
    engine.run("CREATE TABLE theirs (x DateTime) ENGINE = MergeTree ORDER BY x")
    engine.run("CREATE MATERIALIZED VIEW their_view TO theirs AS SELECT toDateTime(subject) AS x FROM events")
    try:
        with pytest.raises(DeliveryError, match="code 41"):
            store.deliver(batch(good("1", "2")))
    finally:
        for table in ("their_view", "theirs"):
            engine.run(f"DROP TABLE {table} SYNC")
    assert store.deliver(batch(good("1", "2"))) == []
    assert counts(engine) == everywhere(2)


def test_no_event_is_given_up_while_a_table_is_missing(store: EventStore, engine: Engine) -> None:
    engine.run("RENAME TABLE events TO away")
    try:
        with pytest.raises(DeliveryError, match="code 60"):
            store.deliver(batch(good("1"), BAD))
    finally:
        engine.run("RENAME TABLE away TO events")
    assert store.deliver(batch(good("1"), BAD)) == [DEAD]
    assert counts(engine) == everywhere(1)


def test_what_waits_behind_them_arrives(store: EventStore, engine: Engine, tmp_path: Path) -> None:
    clock = Clock()
    with closing(Outbox(tmp_path, max_bytes=10**6, clock=clock)) as outbox:
        dispatcher = Dispatcher(outbox=outbox, destination=store, monotonic=clock, random=Random(1))  # noqa: S311
        for request in (good("1"), BAD, good("2")):
            outbox.append(request, events=1, received_at=0)
        dispatcher.drain()
        assert dispatcher.last_failure is None
        assert outbox.backlog().requests == 0
        letters: Sequence[DeadLetter] = list(outbox.dead_letters())
    assert letters == [DEAD]
    assert counts(engine) == everywhere(2)

"""A batch that was stored by half counts once, whatever happens before it comes again."""

from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from random import Random

import pytest

from insights_backend.delivery.dispatcher import Dispatcher
from insights_backend.delivery.outbox import Outbox
from insights_backend.model.event_key import keys_of
from insights_backend.warehouse.engine import Engine
from insights_backend.warehouse.events import EventStore
from tests.fakes import Clock
from tests.records import lines, record
from tests.unit.test_outbox import damage

COUNTED = """
WITH sipHash64({user:String}) AS number
SELECT (SELECT count() FROM events WHERE userKey = number) AS events,
    (SELECT sum(events) FROM presence WHERE userKey = number) AS presence,
    (SELECT count() FROM views WHERE userKey = number) AS views
"""
HALVES = pytest.mark.parametrize("full", ["event_ids", "views"])


@contextmanager
def filled(engine: Engine, table: str) -> Iterator[None]:
    """Let a table take nothing, as on a disk that is full when its turn comes."""
    engine.rows(f"ALTER TABLE {table} ADD CONSTRAINT full CHECK 0", {})
    try:
        yield
    finally:
        engine.rows(f"ALTER TABLE {table} DROP CONSTRAINT full", {})


def counts(engine: Engine, user: str = "u_a") -> dict[str, int]:
    """How often each table has what a user did."""
    (row,) = engine.rows(COUNTED, {"user": user})
    return row


def dispatcher_of(outbox: Outbox, engine: Engine) -> Dispatcher:
    return Dispatcher(outbox=outbox, destination=EventStore(engine), monotonic=Clock(), random=Random(1))  # noqa: S311 - spreads retries


@HALVES
def test_where_a_request_of_it_is_damaged_the_others_count_once(
    either_engine: Engine, tmp_path: Path, full: str
) -> None:
    with closing(Outbox(tmp_path, max_bytes=10**7, clock=Clock())) as outbox:
        dispatcher = dispatcher_of(outbox, either_engine)
        for id_, user in ("1", "u_a"), ("2", "u_a"), ("3", "u_b"):
            request = lines(record(id=id_, user=user, view=True))
            row = outbox.append(request, events=1, received_at=0, keys=keys_of(request.splitlines()))
        with filled(either_engine, full):
            dispatcher.drain()
        damage(tmp_path, row, lambda stored: stored.replace(b'"', b"\0"))
        dispatcher.drain()
        assert outbox.backlog().requests == 0
        assert [(grave.reason, grave.events) for grave in outbox.graves()] == [("damaged", 1)]
    assert counts(either_engine) == {"events": 2, "presence": 2, "views": 2}

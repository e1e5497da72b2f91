"""Events of more months than an insert of the engine may touch by default."""

from insights_backend.delivery.destination import Batch
from insights_backend.warehouse.engine import Engine
from insights_backend.warehouse.events import EventStore
from tests.records import lines, record

FOREVER = 2**41


def test_events_of_many_years_may_come_at_once(either_engine: Engine) -> None:
    months = [f"{year}-{month:02}-15T10:00:00.000Z" for year in range(2017, 2026) for month in range(1, 13)]
    store = EventStore(either_engine)
    store.deliver(Batch.of("batch", 1, len(months), lines(*(record(id=month, time=month) for month in months))))
    assert len(list(store.read(0, FOREVER))) == len(months)

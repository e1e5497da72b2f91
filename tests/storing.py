"""`python -m tests.storing DSN DAYS NAME…` stores batches in an embedded engine, and says what its tables then know.

A process of its own, since the engine is closed for certain only with the process that opened it.
"""

import json
import sys
from contextlib import closing

from insights_backend.delivery.destination import Batch
from insights_backend.warehouse.engine import Engine
from insights_backend.warehouse.events import EventStore
from tests.records import lines, record

TABLES = ("events", "presence", "views", "steps")
_VIEW, _SEARCH = {"view": True, "user": "u_a"}, {"action": "search", "pluginId": "search", "value": 1}
_COUNTS = ", ".join(
    f"(SELECT sum({'events' if table == 'presence' else 1}) FROM {table}) AS {table}"  # noqa: S608 - ours
    for table in TABLES
)
_PLACES = "SELECT name, data_paths[1] AS path FROM system.tables WHERE has({tables:Array(String)}, name)"


def main(dsn: str, days: str, *names: str) -> None:
    """Store two events a name, and forget the ids of the last: they are written when all else is in its place.

    Args:
        dsn: where the engine is.
        days: how long events are kept; 0 is for ever.
        names: of the batches.
    """
    with closing(Engine(dsn, retention_days=int(days) or None)) as engine:
        for name in names:
            engine.open()
            for table in TABLES:
                engine.rows(f"SYSTEM STOP MERGES {table}", {})
            events = lines(record(id=f"{name} 1", **_VIEW), record(id=f"{name} 2", **_SEARCH))
            EventStore(engine).deliver(Batch.of(name, 1, 2, events))
        engine.rows("TRUNCATE TABLE event_ids", {})
        places = {
            row["path"].rstrip("/").rpartition("/")[2]: row["name"]
            for row in engine.rows(_PLACES, {"tables": [*TABLES]})
        }
        rows = engine.rows(f"SELECT {_COUNTS}", {})[0]
    sys.stdout.write(json.dumps({"rows": rows, "places": places}))


if __name__ == "__main__":
    main(*sys.argv[1:])

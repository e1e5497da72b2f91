"""The events table: storing batches, each event once, and giving them back."""

from collections.abc import Callable, Iterator, Sequence
from threading import Lock
from typing import Any

import orjson

from insights_backend.delivery.destination import Batch, DeadLetter, DeliveryError
from insights_backend.model.event import Millis, iso
from insights_backend.warehouse.engine import Engine, WarehouseUnavailableError

_DAY: Millis = 86_400_000
_RESEND_DAYS = 7
_LARGEST_COUNT = 2**53  # beyond it a float is no count any more, and soon too long for a JSON integer

_Head = tuple[str, str, str | None]
"""Of an event: its instance, id and time."""

_COLUMNS = (
    "id, toUnixTimestamp64Milli(time) AS time, toUnixTimestamp64Milli(receivedAt) AS receivedAt, environment,"
    " instance, action, subject, value, pluginId, routeRef, extension, sessionId, attributes, context, user,"
    " userMetadata, groups, entity, entityMetadata, target, view, notes"
)
_RANGE = (
    "FROM events WHERE events.time >= fromUnixTimestamp64Milli({start:Int64})"
    " AND events.time < fromUnixTimestamp64Milli({end:Int64}) ORDER BY events.time, id"
)
_OBJECTS = ("attributes", "context", "userMetadata", "entityMetadata")
_NULLABLE = ("routeRef", "extension", "sessionId", "user", "entity", "target")


class EventStore:
    """The destination that is the warehouse itself.

    Args:
        engine: where the table is.
        clock: now, in seconds since 1970.
        max_age: seconds that an event may be older than its arrival; bounds the search for one that was sent before.
    """

    def __init__(self, engine: Engine, *, clock: Callable[[], float], max_age: float) -> None:
        self._engine = engine
        self._clock = clock
        self._max_age = max_age
        self._delivering = Lock()

    def deliver(self, batch: Batch) -> Sequence[DeadLetter]:
        """Store a batch; events that are there already, or twice in it, are left out.

        Raises:
            DeliveryError: the engine could not take it now.
        """
        try:
            # One at a time: between the look and the insert, nobody else may store the same events.
            with self._delivering:
                lines = self._unknown(batch)
                if lines:
                    self._engine.insert("events", lines, token=batch.id)
        except WarehouseUnavailableError as error:
            raise DeliveryError(str(error), error.retry_after) from error
        return ()

    def _unknown(self, batch: Batch) -> bytes:
        """Return the lines of a batch whose events are new, each once."""
        lines = batch.lines.splitlines(keepends=True)
        if not lines:
            return b""
        heads = [_head(orjson.loads(line)) for line in lines]
        seen = self._stored(heads)
        new = []
        for (instance, id_, _), line in zip(heads, lines, strict=True):
            if (instance, id_) not in seen:
                seen.add((instance, id_))
                new.append(line)
        return b"".join(new)

    def _stored(self, heads: list[_Head]) -> set[tuple[str, str]]:
        """Return what is there already, by instance and id: two portals may give the same id."""
        instances, ids, times = zip(*heads, strict=True)
        # An event that is sent again had arrived within the days of the promise, at most max_age after its time.
        since = int((self._clock() - self._max_age) * 1000) - _RESEND_DAYS * _DAY
        # After a long outage of the way to a collector it comes later than that, but with the time that it had.
        oldest = min(iso(since), *filter(None, times))
        rows = self._engine.ask_as_writer(
            "SELECT instance, id FROM events WHERE time >= parseDateTime64BestEffort(%(oldest)s, 3, 'UTC')"
            " AND instance IN %(instances)s AND id IN %(ids)s",
            {"oldest": oldest, "instances": tuple(set(instances)), "ids": ids},
        )
        return {(instance, id_) for instance, id_ in rows}

    def read(self, start: Millis, end: Millis) -> Iterator[dict[str, Any]]:
        """Stream the stored events of a time range as they are shown, oldest first.

        Args:
            start: first moment, included.
            end: last moment, excluded.
        """
        for row in self._engine.stream(f"SELECT {_COLUMNS} {_RANGE}", {"start": start, "end": end}):
            yield _shown(row)

    def parquet(self, start: Millis, end: Millis) -> bytes:
        """Return the stored events of a time range as a Parquet file."""
        columns = _COLUMNS.replace("toUnixTimestamp64Milli(time) AS time", "time")
        columns = columns.replace("toUnixTimestamp64Milli(receivedAt) AS receivedAt", "receivedAt")
        return self._engine.file(f"SELECT {columns} {_RANGE}", {"start": start, "end": end}, "Parquet")


def _head(event: dict[str, Any]) -> _Head:
    return event["instance"], event["id"], event["time"]


def _shown(row: dict[str, Any]) -> dict[str, Any]:
    row["time"], row["receivedAt"] = iso(row["time"]), iso(row["receivedAt"])
    for name in _OBJECTS:
        row[name] = orjson.Fragment(row[name] or "{}")
    for name in _NULLABLE:
        row[name] = row[name] or None
    value = row["value"]
    if value is not None and value.is_integer() and abs(value) < _LARGEST_COUNT:
        row["value"] = int(value)  # as it was sent: a rank or a count, not 3.0
    return row

"""The events table: storing batches, each event once, and giving them back."""

from collections.abc import Callable, Iterator
from typing import Any

import orjson

from insights_backend.delivery.destination import Batch, DeliveryError
from insights_backend.model.event import Millis, iso
from insights_backend.warehouse.engine import Engine, WarehouseUnavailableError

_DAY: Millis = 86_400_000
_RESEND_DAYS = 7

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

    def deliver(self, batch: Batch) -> None:
        """Store a batch; events that are there already, or twice in it, are left out.

        Raises:
            DeliveryError: the engine could not take it now.
        """
        try:
            lines = self._unknown(batch)
            if lines:
                self._engine.insert("events", lines, token=batch.id)
        except WarehouseUnavailableError as error:
            raise DeliveryError(str(error), error.retry_after) from error

    def _unknown(self, batch: Batch) -> bytes:
        """Return the lines of a batch whose ids are new, each once."""
        ids = [orjson.loads(line)["id"] for line in batch.lines.splitlines()]
        seen = self._stored(ids)
        if not seen and len(set(ids)) == len(ids):
            return batch.lines
        new = []
        for id_, line in zip(ids, batch.lines.splitlines(keepends=True), strict=True):
            if id_ not in seen:
                seen.add(id_)
                new.append(line)
        return b"".join(new)

    def _stored(self, ids: list[str]) -> set[str]:
        # An event that is sent again had arrived within the days of the promise, at most max_age after its time.
        since = int((self._clock() - self._max_age) * 1000) - _RESEND_DAYS * _DAY
        rows = self._engine.ask_as_writer(
            "SELECT id FROM events WHERE time >= fromUnixTimestamp64Milli(%(since)s) AND id IN %(ids)s",
            {"since": since, "ids": tuple(ids)},
        )
        return {row[0] for row in rows}

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


def _shown(row: dict[str, Any]) -> dict[str, Any]:
    row["time"], row["receivedAt"] = iso(row["time"]), iso(row["receivedAt"])
    for name in _OBJECTS:
        row[name] = orjson.Fragment(row[name] or "{}")
    for name in _NULLABLE:
        row[name] = row[name] or None
    if row["value"] is not None and row["value"].is_integer():
        row["value"] = int(row["value"])  # as it was sent: a rank or a count, not 3.0
    return row

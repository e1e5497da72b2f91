"""The events table: storing batches, each event once, and giving them back."""

from array import array
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass, replace
from io import BytesIO
from itertools import chain
from threading import Lock
from typing import Any

import orjson

from insights_backend.delivery.destination import Batch, DeadLetter, DeliveryError, log_refused
from insights_backend.delivery.packing import is_packed, unpacked
from insights_backend.model.event import Millis, iso
from insights_backend.model.event_key import digest, keys_of, numbers
from insights_backend.model.person import Erased, Person
from insights_backend.warehouse import erasing
from insights_backend.warehouse.engine import Engine
from insights_backend.warehouse.failures import UnreadableError, WarehouseUnavailableError
from insights_backend.warehouse.moments import seconds
from insights_backend.warehouse.refusing import UnreadableEventsError, check_readable

_LARGEST_COUNT = 2**53  # beyond it a float is no count any more, and soon too long for a JSON integer

_RANGE = (
    "FROM events WHERE events.time >= fromUnixTimestamp64Milli({start:Int64})"
    " AND events.time < fromUnixTimestamp64Milli({end:Int64})"
    # What the engine finds them by.
    " AND quarter >= toStartOfFifteenMinutes(toDateTime({first:UInt32}, 'UTC'))"
    " AND quarter <= toDateTime({last:UInt32}, 'UTC') ORDER BY events.time, id"
)
EVENT = {
    "id": "String",
    "time": "DateTime64(3, 'UTC')",
    "receivedAt": "DateTime64(3, 'UTC')",
    "environment": "String",
    "instance": "String",
    "action": "String",
    "subject": "String",
    "value": "Nullable(Float64)",
    "pluginId": "String",
    "routeRef": "String",
    "extension": "String",
    "sessionId": "String",
    "attributes": "String",
    "context": "String",
    "user": "String",
    "userMetadata": "String",
    "groups": "Array(String)",
    "entity": "String",
    "entityMetadata": "String",
    "target": "String",
    "view": "Bool",
    "notes": "Array(String)",
}
"""What a stored event has, and as what it is read."""

_OBJECTS = ("attributes", "context", "userMetadata", "entityMetadata")
_NULLABLE = ("routeRef", "extension", "sessionId", "user", "entity", "target")


def _columns(written: Mapping[str, str]) -> str:
    """Write the columns of an event, some of them as is said, to be asked for."""
    return ", ".join(f"{written[name]} AS {name}" if name in written else name for name in EVENT)


_IN_JSON = _columns({name: f"toUnixTimestamp64Milli({name})" for name in ("time", "receivedAt")})
_IN_PARQUET = _columns({name: f"nullIf({name}, '')" for name in _NULLABLE})


@dataclass(frozen=True, slots=True)
class _Events:
    """Events as they travel, and the number of each.

    Args:
        keys: the numbers.
        stored: the events, a line each; some at a time, as the outbox keeps them.
    """

    keys: Sequence[int]
    stored: Sequence[bytes]

    @classmethod
    def of(cls, batch: Batch) -> "_Events":
        return cls(numbers(batch.keys or keys_of(_lines(batch.stored))), batch.stored)

    def without(self, known: Iterable[int]) -> "_Events":
        """Leave out those that are known, and those that come a second time."""
        seen = set(known)
        if not seen and len(set(self.keys)) == len(self.keys):
            return self  # as nearly always, and not copied
        kept: dict[int, bytes] = {}
        for key, line in zip(self.keys, _lines(self.stored), strict=True):
            if key not in seen:
                kept.setdefault(key, line)
        return _Events(list(kept), list(kept.values()))


def _lines(stored: Iterable[bytes]) -> Iterator[bytes]:
    return chain.from_iterable(BytesIO(unpacked(some)) for some in stored)


class EventStore:
    """The destination that is the warehouse itself.

    Args:
        engine: where the table is.
    """

    # A large block costs a third of what small ones do, and lies in memory while it is stored.
    batch_events = 30_000

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._delivering = Lock()

    def deliver(self, batch: Batch) -> Sequence[DeadLetter]:
        """Store a batch; events that are there already, or twice in it, are left out.

        Returns:
            The events that the engine cannot read, each by itself.

        Raises:
            DeliveryError: the engine could not take it now.
        """
        dead: list[DeadLetter] = []
        while True:
            try:
                self.store(batch)
            except UnreadableEventsError as error:
                dead += error.letters
                batch = _without(batch, error.letters)
            else:
                log_refused("the warehouse", dead)
                return dead

    def store(self, batch: Batch) -> None:
        """Store a batch as a whole, or nothing of it; events that are there already, or twice in it, are left out.

        Raises:
            UnreadableEventsError: the engine cannot read some of them.
            DeliveryError: the engine could not take it now.
        """
        events = _Events.of(batch)
        try:
            # One at a time: between the look and the insert, nobody else may store the same events.
            with self._delivering:
                new = events.without(self._stored(events.keys))
                if new.keys:
                    # What else comes under the same id is another batch, unless it says what it held before.
                    self._store(f"{batch.id}-{batch.digest or digest(events.keys)}", new)
        except WarehouseUnavailableError as error:
            raise DeliveryError(str(error), error.retry_after) from error

    def _store(self, token: str, events: _Events) -> None:
        # The keys come last. Whatever is cut short is inserted again whole, under the same token: that reaches what it
        # did not reach before, a rollup perhaps, and nothing twice.
        frames = [some for some in events.stored if is_packed(some)]
        rows = [some for some in events.stored if not is_packed(some)]
        try:
            self._engine.insert("events", rows, frames=frames, token=token, columns=EVENT)
        except UnreadableError:
            check_readable(self._engine, list(_lines(events.stored)), EVENT)
            raise  # it is not the events' fault
        keys = array("Q", events.keys).tobytes()
        self._engine.insert("event_ids", [keys], token=token, columns={"key": "UInt64"}, fmt="RowBinary")

    def _stored(self, keys: Sequence[int]) -> list[int]:
        """Return which of the keys belong to an event that is there already."""
        # As one text, which takes a fifth of the time that a list takes to be read.
        given = f"CAST(splitByChar(',', '{','.join(map(str, keys)) or 0}'), 'Array(UInt64)')"
        return self._engine.numbers_as_writer(
            f"SELECT DISTINCT key FROM event_ids WHERE key IN (SELECT arrayJoin({given}))"  # noqa: S608 - numbers
        )

    def erase(self, person: Person) -> Erased:
        """Take a person out for good, while events are stored and questions answered.

        What is replaced leaves the disk of the embedded engine before this returns, and that of a server after its
        `old_parts_lifetime`, by default eight minutes.

        Returns:
            What was taken out; nothing where it had been before.

        Raises:
            WarehouseUnavailableError: it was not all done; to be done again.
        """
        with closing(self._engine.unhurried()) as engine:
            erased = erasing.erase(engine, person)
            engine.clean_up()
        return erased

    def about(self, person: Person) -> Iterator[dict[str, Any]]:
        """Stream the events that are a person's or name the person as they are shown, with the place as `storedIn`.

        Raises:
            WarehouseUnavailableError: the engine is not there, or refuses.
        """
        for row in erasing.about(self._engine, person, _IN_JSON):
            yield {**_shown(row), "storedIn": "warehouse"}

    def read(self, start: Millis, end: Millis) -> Iterator[dict[str, Any]]:
        """Stream the stored events of a time range as they are shown, oldest first.

        Args:
            start: first moment, included.
            end: last moment, excluded.

        Raises:
            WarehouseUnavailableError: the engine is not there, or refuses.
        """
        for row in self._engine.stream(f"SELECT {_IN_JSON} {_RANGE}", _range(start, end)):
            yield _shown(row)

    def parquet(self, start: Millis, end: Millis) -> bytes:
        """Return the stored events of a time range, as in `read`, as a Parquet file.

        Raises:
            QueryLimitError: it needs more time or memory than a question may have.
            WarehouseUnavailableError: the engine is not there, or refuses.
        """
        return self._engine.file(f"SELECT {_IN_PARQUET} {_RANGE}", _range(start, end), "Parquet")


def _without(batch: Batch, letters: Iterable[DeadLetter]) -> Batch:
    """Take these out of a batch, which stays that batch: also where a person is taken out before it comes again."""
    refused = {letter.lines for letter in letters}
    kept = [line for line in _lines(batch.stored) if line not in refused]
    held = batch.digest or digest(_Events.of(batch).keys)
    return replace(Batch.of(batch.id, batch.last_request, len(kept), b"".join(kept)), digest=held)


def _range(start: Millis, end: Millis) -> dict[str, int]:
    return {"start": start, "end": end, "first": seconds(start), "last": seconds(end)}


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

"""People in the outbox, in what waits, is under way or was refused: they are found, taken out, or named anew."""

import logging
import re
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import suppress
from io import BytesIO
from typing import Any

import orjson

from insights_backend.delivery.database import Database
from insights_backend.delivery.packing import DamagedError, packed, unpacked
from insights_backend.model.event_key import digest, keys_of, numbers
from insights_backend.model.person import Erased, Person

_log = logging.getLogger(__name__)

# Dead letters first: one that is queued again meanwhile is met among the requests.
_TABLES = ("dead_letter", "request")
_SHOWN = {"dead_letter": "dead letters", "request": "outbox"}
_CHANGED = {
    "dead_letter": "UPDATE dead_letter SET events = events - :gone, lines = :lines WHERE id = :id",
    "request": "UPDATE request SET events = events - :gone, lines = :lines, bytes = :bytes, keys = NULL WHERE id = :id",
}


def about(database: Database, person: Person) -> Iterator[dict[str, Any]]:
    """Yield the events that are a person's or name the person, with the place as `storedIn`.

    Raises:
        sqlite3.Error: the disk refuses.
    """
    for table in _TABLES:
        for _, lines in _rows(database, table):
            for event in person.found_in(lines):
                yield {**event, "storedIn": _SHOWN[table]}


def erase(database: Database, person: Person) -> Erased:
    """Take a person out, and rewrite the file so that nothing of what was deleted is left in it.

    Only for the holder of the right to deliver. A batch that is under way stays that batch without the person: what its
    destination may have stored of it is not stored again. Nothing is left that waits when this is called; what is
    appended meanwhile may be.

    Returns:
        What was taken out.

    Raises:
        sqlite3.Error: the disk refuses, or another process reads; to be done again.
    """
    erased = Erased()
    for table in _TABLES:
        erased += _from(database, table, person)
    database.scrub()
    return erased


def rename(database: Database, pattern: str, name_now: Callable[[str], str]) -> None:
    """Replace names in all that waits and in the dead letters, and leave nothing of the old ones in the file.

    Only for the holder of the right to deliver.

    Args:
        database: the outbox.
        pattern: what finds the names.
        name_now: returns what one is called now.

    Raises:
        sqlite3.Error: the disk refuses, or another process reads; to be done again.
    """

    def renamed(found: re.Match[bytes]) -> bytes:
        return name_now(found[0].decode()).encode()

    for table in _TABLES:
        for row, lines in _rows(database, table):
            now = re.sub(pattern.encode(), renamed, lines)
            if now != lines:
                with database.transaction() as db:
                    _replace(db, table, row, now, Erased())
    database.scrub()


def _from(database: Database, table: str, person: Person) -> Erased:
    erased = Erased()
    for row, lines in _rows(database, table):
        kept, gone = person.taken_out_of(lines)
        if kept != lines:
            with database.transaction() as db:
                erased += gone if _replace(db, table, row, kept, gone) else Erased()
    return erased


def _rows(database: Database, table: str) -> Iterator[tuple[int, bytes]]:
    """Yield what a table holds now, one at a time: there may be much, and who appends must not wait for all."""
    row = 0
    ((last,),) = database.rows(f"SELECT coalesce(max(id), 0) FROM {table}")  # noqa: S608 - ours
    one_more = f"SELECT id, lines FROM {table} WHERE id > ? AND id <= ? ORDER BY id LIMIT 1"  # noqa: S608 - ours
    while rows := database.rows(one_more, (row, last)):
        row, stored = rows[0]
        try:
            yield row, unpacked(stored)
        except DamagedError:
            _log.warning("%s %d is damaged and cannot be searched for people", table, row)


def keep_digest(db: sqlite3.Connection, row: int) -> None:
    """Note what the batch that a row is in has held so far: by that a destination knows what it has stored.

    Args:
        db: the outbox, in a transaction in which something of the row is taken out next.
        row: the row.
    """
    claimed = db.execute("SELECT last FROM claim WHERE last >= ? AND digest IS NULL", (row,)).fetchone()
    if claimed:
        held = db.execute("SELECT lines, keys FROM request WHERE id <= ? ORDER BY id", claimed)
        with suppress(DamagedError, orjson.JSONDecodeError):  # nobody can tell: then it is what is left
            keys = b"".join(keys or keys_of(BytesIO(unpacked(lines))) for lines, keys in held)
            db.execute("UPDATE claim SET digest = ?", (digest(numbers(keys)),))


def _replace(db: sqlite3.Connection, table: str, row: int, kept: bytes, gone: Erased) -> bool:
    """Write what is kept of a row, and tell whether the row was still there."""
    values = {"id": row, "lines": kept, "bytes": len(kept), "gone": gone.events}
    if table == "request":
        values["lines"] = packed(kept)
        keep_digest(db, row)
    changed = db.execute(_CHANGED[table], values).rowcount > 0
    if not kept:
        db.execute(f"DELETE FROM {table} WHERE id = ?", (row,))  # noqa: S608 - ours
    return changed

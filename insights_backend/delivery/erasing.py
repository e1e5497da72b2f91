"""Taking a person out of the outbox: out of what waits, what is under way, and the dead letters."""

import sqlite3

from insights_backend.delivery.database import Database
from insights_backend.model.person import Erased, Person

# Dead letters first: one that is queued again meanwhile is met among the requests.
_TABLES = ("dead_letter", "request")
_CHANGED = {
    "dead_letter": "UPDATE dead_letter SET events = events - :gone, lines = :lines WHERE id = :id",
    "request": "UPDATE request SET events = events - :gone, lines = :lines, bytes = length(:lines) WHERE id = :id",
}
# What a batch holds must never change under its id: a destination knows by it what it has stored.
_FREED = "UPDATE request SET batch = NULL WHERE batch = (SELECT batch FROM request WHERE id = :id)"


def erase(database: Database, person: Person) -> Erased:
    """Take a person out, and rewrite the file so that nothing of what was deleted is left in it.

    Only for the holder of the right to deliver. A batch that is under way and holds something of the person's is none
    any more; its other events will be in another. Nothing is left that waits when this is called; what is appended
    meanwhile may be.

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


def _from(database: Database, table: str, person: Person) -> Erased:
    erased, row = Erased(), 0
    ((last,),) = database.rows(f"SELECT coalesce(max(id), 0) FROM {table}")  # noqa: S608 - ours
    # One at a time, each in a transaction of its own: there may be many, and who appends must not wait for all.
    one_more = f"SELECT id, lines FROM {table} WHERE id > ? AND id <= ? ORDER BY id LIMIT 1"  # noqa: S608 - ours
    while rows := database.rows(one_more, (row, last)):
        row, lines = rows[0]
        kept, gone = person.taken_out_of(lines)
        if kept != lines:
            with database.transaction() as db:
                erased += gone if _replace(db, table, row, kept, gone) else Erased()
    return erased


def _replace(db: sqlite3.Connection, table: str, row: int, kept: bytes, gone: Erased) -> bool:
    """Write what is kept of a row, and tell whether the row was still there."""
    values = {"id": row, "lines": kept, "gone": gone.events}
    if table == "request":
        db.execute(_FREED, values)
    changed = db.execute(_CHANGED[table], values).rowcount > 0
    if not kept:
        db.execute(f"DELETE FROM {table} WHERE id = ?", (row,))  # noqa: S608 - ours
    return changed

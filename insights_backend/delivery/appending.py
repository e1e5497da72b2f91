"""Putting requests on disk, several at once where several wait: a write to the disk takes longer than all else.

Whoever's turn it is writes for all who came by then, in one transaction; the others find it done.
"""

import sqlite3
from collections import deque
from collections.abc import Iterator
from concurrent.futures import Future
from contextlib import contextmanager
from threading import Lock
from typing import NamedTuple

from insights_backend.delivery.database import Database
from insights_backend.delivery.packing import packed
from insights_backend.errors import UnavailableError

FULL_RETRY_AFTER = 30


class _Entry(NamedTuple):
    stored: bytes
    bytes: int
    events: int
    received_at: int
    max_bytes: int
    row: "Future[int]"


class Appending:
    """Appends requests to the outbox's file.

    Args:
        database: the file.
    """

    def __init__(self, database: Database) -> None:
        self._database = database
        self._entries: deque[_Entry] = deque()
        self._turn = Lock()

    def append(self, lines: bytes, *, events: int, received_at: int, max_bytes: int) -> int:
        """Put one request's events on disk; see `Outbox.append`.

        Args:
            lines: the events.
            events: how many there are.
            received_at: when they arrived.
            max_bytes: how many bytes of events may wait, these included.
        """
        entry = _Entry(packed(lines), len(lines), events, received_at, max_bytes, Future())
        self._entries.append(entry)
        with self._turn:
            if not entry.row.done():
                self._write([self._entries.popleft() for _ in range(len(self._entries))])
        return entry.row.result()

    def _write(self, entries: list[_Entry]) -> None:
        """Write all or none of the entries, but for those that there is no room for; tell each what became of it."""
        try:
            with available(), self._database.transaction() as db:
                rows = self._insert(db, entries)
        except BaseException as error:
            for entry in entries:
                entry.row.set_exception(error)
            raise
        for entry, row in zip(entries, rows, strict=True):
            if row is None:
                entry.row.set_exception(UnavailableError("the outbox is full (outbox.maxBytes)", FULL_RETRY_AFTER))
            else:
                entry.row.set_result(row)

    @staticmethod
    def _insert(db: sqlite3.Connection, entries: list[_Entry]) -> list[int | None]:
        (waiting,) = db.execute("SELECT bytes FROM backlog").fetchone()
        rows: list[int | None] = []
        for stored, size, events, received_at, max_bytes, _ in entries:
            if waiting + size > max_bytes:
                rows.append(None)
                continue
            waiting += size
            insert = "INSERT INTO request (received_at, events, bytes, lines) VALUES (?, ?, ?, ?)"
            rows.append(db.execute(insert, (received_at, events, size, stored)).lastrowid)
        return rows


@contextmanager
def available() -> Iterator[None]:
    """Make an error that says when to come again of what SQLite says of a disk that is full or fails."""
    try:
        yield
    except sqlite3.Error as error:
        # The class says which, the text may name paths.
        reason = type(error).__name__
        raise UnavailableError(f"the outbox cannot be written ({reason})", FULL_RETRY_AFTER) from error

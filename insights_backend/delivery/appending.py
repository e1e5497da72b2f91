"""Putting requests on disk, several at once where several wait: a write to the disk takes longer than all else.

Whoever's turn it is writes for all who came by then, in one transaction; the others find it done.
"""

import sqlite3
from collections import deque
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from threading import Lock

from insights_backend.delivery.database import Database
from insights_backend.errors import UnavailableError

FULL_RETRY_AFTER = 30

_INSERT = "INSERT INTO request (received_at, events, bytes, lines, keys)"
_ROW = "(?, ?, ?, ?, ?)"


@dataclass(slots=True)
class Entry:
    """A request that waits for its turn, and what became of it: its row; an error; neither, where it had no room.

    Args:
        received_at: when it arrived, in epoch milliseconds.
        events: how many it has.
        size: how many bytes they are.
        stored: the events as they are to be stored.
        keys: their numbers, where they are known.
        is_over: whether its turn has been.
        row: the number that it got.
        error: what went wrong.
    """

    received_at: int
    events: int
    size: int
    stored: bytes
    keys: bytes | None
    is_over: bool = False
    row: int | None = None
    error: BaseException | None = None

    @property
    def values(self) -> tuple[int, int, int, bytes, bytes | None]:
        """What stands in its row."""
        return self.received_at, self.events, self.size, self.stored, self.keys


class Appending:
    """Appends requests to the outbox's file.

    Args:
        database: the file.
    """

    def __init__(self, database: Database) -> None:
        self._database = database
        self._entries: deque[Entry] = deque()
        self._turn = Lock()

    def append(self, entry: Entry, max_bytes: int) -> int:
        """Put one request's events on disk; see `Outbox.append`.

        Args:
            entry: the request, which is appended once.
            max_bytes: how many bytes of events may wait, these included.
        """
        self._entries.append(entry)
        with self._turn:
            if not entry.is_over:
                self._write([self._entries.popleft() for _ in range(len(self._entries))], max_bytes)
        if entry.row is None:
            raise entry.error or UnavailableError("the outbox is full (outbox.maxBytes)", FULL_RETRY_AFTER)
        return entry.row

    def _write(self, entries: list[Entry], max_bytes: int) -> None:
        """Write all or none of the entries, but for those that there is no room for; tell each what became of it."""
        try:
            with available():
                if not self._insert_all(entries, max_bytes):
                    self._insert_what_fits(entries, max_bytes)
        except BaseException as error:
            for entry in entries:
                entry.row, entry.error = None, error
            raise
        finally:
            for entry in entries:
                entry.is_over = True

    def _insert_all(self, entries: Sequence[Entry], max_bytes: int) -> bool:
        """Insert all by one statement, or none where there is no room for all.

        By one, since after each the thread may have to wait until it can go on, and all others wait for it.
        """
        rows = ", ".join([_ROW] * len(entries))
        room = "(SELECT bytes FROM backlog) + ? <= ?"
        values = [value for entry in entries for value in entry.values]
        last = self._database.insert(
            f"{_INSERT} SELECT * FROM (VALUES {rows}) WHERE {room}",  # noqa: S608 - only question marks
            (*values, sum(entry.size for entry in entries), max_bytes),
        )
        if last is None:
            return False
        for row, entry in enumerate(entries, last - len(entries) + 1):
            entry.row = row
        return True

    def _insert_what_fits(self, entries: Sequence[Entry], max_bytes: int) -> None:
        with self._database.transaction() as db:
            (waiting,) = db.execute("SELECT bytes FROM backlog").fetchone()
            for entry in entries:
                if waiting + entry.size <= max_bytes:
                    waiting += entry.size
                    entry.row = db.execute(f"{_INSERT} VALUES {_ROW}", entry.values).lastrowid


@contextmanager
def available() -> Iterator[None]:
    """Make an error that says when to come again of what SQLite says of a disk that is full or fails."""
    try:
        yield
    except sqlite3.Error as error:
        # The class says which, the text may name paths.
        reason = type(error).__name__
        raise UnavailableError(f"the outbox cannot be used ({reason})", FULL_RETRY_AFTER) from error

"""The outbox: accepted events on disk, until they have arrived.

When `append` returns, the events survive a kill and a loss of power. One row is one request. When rows are claimed for
delivery they become a batch with an id of its own, and stay that batch whatever happens, so that a batch which a crash
cut off is delivered again under the same id.

The right to deliver is a lock of the operating system on a file beside the database: one holder among all threads
and processes, and a killed holder loses it at once. Whoever holds it finds no batch under way but its own, or one
that a crash left behind.
"""

import logging
import math
import sqlite3
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from uuid import uuid4

from insights_backend.delivery.appending import Appending, Entry, available
from insights_backend.delivery.database import Database
from insights_backend.delivery.destination import Batch, DeadLetter
from insights_backend.delivery.erasing import about, erase, keep_digest, rename
from insights_backend.delivery.packing import is_sound, packed
from insights_backend.delivery.schema import MIGRATIONS
from insights_backend.errors import UnavailableError
from insights_backend.file_lock import lock_file, tried_lock
from insights_backend.model.person import Erased, Person

_log = logging.getLogger(__name__)

MAX_BATCH_BYTES = 32 * 1024**2
"""Of events of half a kilobyte this is twice what any destination takes at once; larger ones go fewer at a time."""

DAMAGED = "damaged"
"""The reason of dead letters that are not what was stored: a disk has changed them."""

_TRIAL_SECONDS = 1.0  # for which the outcome of a trial is good, since each costs a write


@dataclass(frozen=True, slots=True)
class Backlog:
    """What waits: requests, their events and bytes, and the arrival of the oldest in epoch milliseconds."""

    requests: int
    events: int
    bytes: int
    oldest: int | None


@dataclass(frozen=True, slots=True)
class Grave:
    """The dead letters of one reason: how many, their events, and when the last came, in epoch milliseconds."""

    reason: str
    letters: int
    events: int
    last: int


class Outbox:
    """The durable queue between answering a request and delivering its events.

    Args:
        directory: where its files are.
        max_bytes: how many bytes of events may wait before `append` refuses more.
        clock: now, in seconds since 1970.

    Raises:
        ConfigError: the file can neither be opened nor made, or a newer version of this service wrote it.
    """

    def __init__(self, directory: Path, *, max_bytes: int, clock: Callable[[], float]) -> None:
        self._max_bytes = max_bytes
        self._clock = clock
        self._trial = (-math.inf, False)  # when, and what came of it
        self._lock_file = directory / "outbox.lock"
        self._database = Database(directory / "outbox.sqlite3", MIGRATIONS, clock)
        self._appending = Appending(self._database)

    @property
    def set_aside(self) -> Path | None:
        """Where the latest damaged file was put, for as long as it lies there."""
        return max(self._lock_file.parent.glob("outbox.sqlite3.damaged-*[0-9]"), default=None)

    def append(self, lines: bytes, *, events: int, received_at: int, keys: bytes | None = None) -> int:
        """Put one request's events on disk.

        Args:
            lines: the events as newline-delimited JSON, each line ended.
            events: how many there are.
            received_at: when they arrived, in epoch milliseconds.
            keys: their numbers, where they are known; see `Batch`.

        Returns:
            The number of the row, which grows with each request.

        Raises:
            UnavailableError: the outbox is at its limit, or the disk refuses; nothing was kept.
        """
        entry = Entry(received_at, events, len(lines), packed(lines), keys)
        return self._appending.append(entry, self._max_bytes)

    @contextmanager
    def right_to_deliver(self) -> Iterator[bool]:
        """Try to take the right to deliver, and hold it inside the `with`.

        Yields:
            Whether it was free.

        Raises:
            UnavailableError: the lock's file cannot be opened.
        """
        try:
            # Opened anew each time: the lock belongs to the open file, so it keeps threads apart as well.
            file = lock_file(self._lock_file)
        except OSError as error:
            raise UnavailableError(f"the outbox cannot be locked ({type(error).__name__})") from error
        with file, tried_lock(file) as mine:
            yield mine

    def claim(self, *, max_events: int | None) -> Batch | None:
        """Take what waits, oldest first, as one batch. Only for the holder of the right to deliver.

        A request that the disk has damaged goes to the dead letters, as `damaged`; the others go on without it.

        Args:
            max_events: where a new batch ends, if not at `MAX_BATCH_BYTES`; a single request may go over either. None
                begins no new one.

        Returns:
            A batch that was claimed before and has not arrived, else a new one; None where there is neither.

        Raises:
            UnavailableError: the disk refuses; nothing was claimed.
        """
        if self.backlog().requests == 0:  # asked often: it costs no write lock
            return None
        with available(), self._database.transaction() as db:
            # One of which nothing is left, since a person was taken out, is none.
            under_way = "SELECT batch, last, digest FROM claim WHERE last >= (SELECT min(id) FROM request)"
            begun = claimed = db.execute(under_way).fetchone()
            if claimed is None:
                if max_events is None:
                    return None
                claimed = (*self._new_claim(db, max_events), None)
            batch_id, last, digest = claimed
            read = "SELECT id, events, lines, keys FROM request WHERE id <= ? ORDER BY id"
            rows = db.execute(read, (last,)).fetchall()
            # What has not arrived at once may be what cannot be read, so it is looked at more closely then.
            damaged = [row for row in rows if not is_sound(row[2], thoroughly=begun is not None)]
            if damaged:
                self._bury(db, [DeadLetter(DAMAGED, events, lines) for _, events, lines, _ in damaged])
                keep_digest(db, damaged[0][0])
                db.executemany("DELETE FROM request WHERE id = ?", [row[:1] for row in damaged])
                _log.error("%d damaged requests cannot be delivered: dead letters", len(damaged))
        return self.claim(max_events=max_events) if damaged else self._batch(batch_id, last, digest, rows)

    def _bury(self, db: sqlite3.Connection, letters: Iterable[DeadLetter]) -> None:
        now = int(self._clock() * 1000)
        db.executemany(
            "INSERT INTO dead_letter (buried_at, reason, events, lines) VALUES (?, ?, ?, ?)",
            [(now, letter.reason, letter.events, letter.lines) for letter in letters],
        )

    @staticmethod
    def _batch(
        batch_id: str, last: int, digest: str | None, rows: Sequence[tuple[int, int, bytes, bytes | None]]
    ) -> Batch | None:
        if not rows:
            return None
        _, events, stored, keys = zip(*rows, strict=True)
        return Batch(batch_id, last, sum(events), stored, None if None in keys else b"".join(keys), digest)

    @staticmethod
    def _new_claim(db: sqlite3.Connection, max_events: int) -> tuple[str, int]:
        batch_id = uuid4().hex
        (last,) = db.execute(
            """
            SELECT coalesce(max(id), 0)
            FROM (
                SELECT id, events, sum(events) OVER earlier AS running, sum(bytes) OVER earlier AS size
                FROM request WINDOW earlier AS (ORDER BY id) ORDER BY id LIMIT ?)
            WHERE running - events = 0 OR (running <= ? AND size <= ?)
            """,
            (max_events, max_events, MAX_BATCH_BYTES),
        ).fetchone()
        db.execute("DELETE FROM claim")
        db.execute("INSERT INTO claim (batch, last) VALUES (?, ?)", (batch_id, last))
        return batch_id, last

    def arrived(self, batch: Batch, dead_letters: Iterable[DeadLetter] = ()) -> None:
        """Forget a batch that its destination has stored, and keep apart what of it the destination refused.

        Raises:
            UnavailableError: the disk refuses; the batch will be claimed and delivered again.
        """
        with available(), self._database.transaction() as db:
            db.execute("DELETE FROM request WHERE id <= (SELECT last FROM claim WHERE batch = ?)", (batch.id,))
            db.execute("DELETE FROM claim WHERE batch = ?", (batch.id,))
            self._bury(db, dead_letters)

    def graves(self) -> list[Grave]:
        """Say which events were refused for good, by reason.

        Raises:
            UnavailableError: the disk refuses.
        """
        by_reason = "SELECT reason, count(*), sum(events), max(buried_at) FROM dead_letter GROUP BY reason ORDER BY 1"
        with available():
            rows = self._database.rows(by_reason)
        return [Grave(*row) for row in rows]

    def dead_letters(self) -> Iterator[DeadLetter]:
        """Read the dead letters, oldest first.

        Raises:
            UnavailableError: the disk refuses.
        """
        last = 0
        # One at a time: there may be many, and a writer must not wait for who reads them.
        one_more = "SELECT id, reason, events, lines FROM dead_letter WHERE id > ? ORDER BY id LIMIT 1"
        with available():
            while rows := self._database.rows(one_more, (last,)):
                last, *letter = rows[0]
                yield DeadLetter(*letter)

    def requeue(self) -> int:
        """Let all dead letters wait for delivery again; returns their number of events.

        Raises:
            UnavailableError: the disk refuses; nothing was changed.
        """
        with available(), self._database.transaction() as db:
            db.execute(
                "INSERT INTO request (received_at, events, bytes, lines)"
                " SELECT buried_at, events, length(lines), lines FROM dead_letter ORDER BY id"
            )
            (events,) = db.execute("SELECT coalesce(sum(events), 0) FROM dead_letter").fetchone()
            db.execute("DELETE FROM dead_letter")
        return int(events)

    def erase(self, person: Person) -> Erased:
        """Take a person out of what waits and of the dead letters. Only for the holder of the right to deliver.

        When this returns, nothing of theirs is left in the file, deleted rows included. While the file is rewritten,
        which takes long where much waits, `append` waits. Damaged files that were set aside cannot be searched.

        Raises:
            UnavailableError: it was not all done; to be done again.
        """
        for aside in self._lock_file.parent.glob("outbox.sqlite3.damaged-*"):
            _log.warning("%s cannot be searched for the person who is erased; delete it", aside.name)
        with available():
            return erase(self._database, person)

    def rename(self, pattern: str, name_now: Callable[[str], str]) -> None:
        """Replace names in what waits and in the dead letters. Only for the holder of the right to deliver.

        Args:
            pattern: what finds the names.
            name_now: returns what one is called now.

        Raises:
            UnavailableError: it was not all done; to be done again.
        """
        with available():
            rename(self._database, pattern, name_now)

    def about(self, person: Person) -> Iterator[dict[str, Any]]:
        """Yield the events that are a person's or name the person, with the place as `storedIn`.

        Raises:
            UnavailableError: the disk refuses.
        """
        with available():
            yield from about(self._database, person)

    def backlog(self) -> Backlog:
        """Say what waits.

        Raises:
            UnavailableError: the disk refuses.
        """
        oldest = "SELECT received_at FROM request ORDER BY id LIMIT 1"
        with available():
            (row,) = self._database.rows(f"SELECT requests, events, bytes, ({oldest}) FROM backlog")  # noqa: S608 - ours
        return Backlog(*row)

    def is_writable(self) -> bool:
        """Tell whether a request could be appended, now or less than a second ago: however often this is asked."""
        now = self._clock()
        tried_at, writable = self._trial
        # A trial that is yet to come is none: the clock was set back.
        if not 0 <= now - tried_at < _TRIAL_SECONDS:
            writable = self._try_to_append()
            self._trial = now, writable
        return writable

    def _try_to_append(self) -> bool:
        """Append an empty request that nobody sees, and look at the room."""
        try:
            with available(), self._database.transaction() as db:
                # The lock alone would do on a full disk too, and so would an update that changes nothing.
                row = db.execute("INSERT INTO request (received_at, events, bytes, lines) VALUES (0, 0, 0, '')")
                db.execute("DELETE FROM request WHERE id = ?", (row.lastrowid,))
            return self.backlog().bytes < self._max_bytes
        except UnavailableError:
            return False

    def close(self) -> None:
        """Close the file; what waits stays in it."""
        self._database.close()

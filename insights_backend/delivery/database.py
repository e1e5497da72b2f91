"""The SQLite file behind the outbox: opening, checking, migrating, transactions.

Write-ahead mode with `synchronous=FULL`: what a transaction wrote survives a kill and a loss of power once the
transaction has ended. Source: SQLite, "Write-Ahead Logging" and "PRAGMA synchronous".
"""

import fcntl
import logging
import sqlite3
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, closing, contextmanager, suppress
from pathlib import Path
from threading import Lock
from typing import IO, Any

from insights_backend.durable import write_ahead
from insights_backend.errors import ConfigError
from insights_backend.file_lock import lock_file

_log = logging.getLogger(__name__)

_BUSY_SECONDS = 5.0


class Database:
    """One SQLite file, readable by its owner only, for all threads of this process and beside other processes.

    A file that is damaged is not lost and does not stop the start: it is set aside under another name, and a new
    one begun; but not while another process has it open, which would go on writing into it.

    Args:
        path: the file.
        migrations: the schema's versions in order, each a list of statements; they are applied once.
        clock: now, in seconds since 1970; part of the name of a file that is set aside.

    Raises:
        ConfigError: the file can neither be opened nor made, is damaged and in use, or a newer version of this service
            wrote it.
    """

    def __init__(self, path: Path, migrations: Sequence[Sequence[str]], clock: Callable[[], float]) -> None:
        self._mutex = Lock()
        with _opening(path), ExitStack() as unless_whole:
            self._in_use = unless_whole.enter_context(_in_use(path))
            self._db = unless_whole.enter_context(closing(self._sound(path, clock)))
            self._migrate(path, migrations)
            unless_whole.pop_all()

    def _sound(self, path: Path, clock: Callable[[], float]) -> sqlite3.Connection:
        try:
            return _opened(path)
        except sqlite3.OperationalError:  # of what may be sound
            raise
        except sqlite3.DatabaseError:
            try:
                fcntl.flock(self._in_use, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                raise ConfigError(
                    f"backstageInsights.dataDir: {path} is damaged, and another process uses it; stop that, and what"
                    " starts next sets the file aside"
                ) from None
            _put_aside(path, int(clock()))
            fcntl.flock(self._in_use, fcntl.LOCK_SH)
            return _opened(path)

    @contextmanager
    def transaction(self) -> Iterator[sqlite3.Connection]:
        """Write inside the `with`: all of it is on disk when that ends, or none.

        Raises:
            sqlite3.Error: the file could not be written; nothing was.
        """
        with self._mutex:
            self._db.execute("BEGIN IMMEDIATE")
            try:
                yield self._db
                self._db.execute("COMMIT")
            except BaseException:
                if self._db.in_transaction:  # SQLite has ended it itself when the disk is full
                    self._db.execute("ROLLBACK")
                raise

    def insert(self, sql: str, parameters: Sequence[Any]) -> int | None:
        """Insert by one statement, which is on disk when this returns, as a transaction of its own.

        Returns:
            The number of the last row; None where the statement inserted none.

        Raises:
            sqlite3.Error: the file could not be written; nothing was.
        """
        with self._mutex:
            inserted = self._db.execute(sql, parameters)
            return inserted.lastrowid if inserted.rowcount > 0 else None

    def rows(self, sql: str, parameters: Sequence[Any] = ()) -> list[tuple[Any, ...]]:
        """Read, without waiting for writers of other processes."""
        with self._mutex:
            return self._db.execute(sql, parameters).fetchall()

    def scrub(self) -> None:
        """Rewrite the file, so that nothing of what was deleted is left in it or beside it.

        Raises:
            sqlite3.Error: the disk has no room for it, or another process uses it; what was deleted may be left.
        """
        with self._mutex:
            self._db.execute("VACUUM")
            ((busy, *_),) = self._db.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchall()
        if busy:
            raise sqlite3.OperationalError("another process reads the file")

    def close(self) -> None:
        """Close the file."""
        with self._mutex:
            self._db.close()
            self._in_use.close()

    def _migrate(self, path: Path, migrations: Sequence[Sequence[str]]) -> None:
        with self.transaction() as db:
            (version,) = db.execute("PRAGMA user_version").fetchone()
            if version > len(migrations):
                raise ConfigError(f"{path} was written by a newer version of this service; run that one")
            for number, statements in enumerate(migrations[version:], version + 1):
                for statement in statements:
                    db.execute(statement)
                # Not without need: a file on a full disk can still be opened and delivered from.
                db.execute(f"PRAGMA user_version={number}")


@contextmanager
def _opening(path: Path) -> Iterator[None]:
    """Make an error that names the setting of what the disk or SQLite says while a file is opened."""
    try:
        yield
    except (OSError, sqlite3.Error) as error:
        reason = error.strerror if isinstance(error, OSError) else error
        raise ConfigError(f"backstageInsights.dataDir: {path} cannot be opened ({reason})") from None


def _opened(path: Path) -> sqlite3.Connection:
    # For its owner alone, and so are the files that SQLite puts beside it.
    path.touch(mode=0o600)
    db = sqlite3.connect(path, timeout=_BUSY_SECONDS, isolation_level=None, check_same_thread=False)
    try:
        write_ahead(db)
        db.execute("PRAGMA synchronous=FULL")
        sound = db.execute("PRAGMA quick_check(1)").fetchall() == [("ok",)]
    except BaseException:
        db.close()
        raise
    if not sound:
        db.close()
        raise sqlite3.DatabaseError("quick_check found damage")
    return db


def _in_use(path: Path) -> IO[bytes]:
    """Tell other processes for as long as what is returned is open that this one has the file open."""
    file = lock_file(path.with_name(f"{path.name}.in-use"))
    fcntl.flock(file, fcntl.LOCK_SH)
    return file


def _put_aside(path: Path, now: int) -> None:
    aside = path.with_name(f"{path.name}.damaged-{now}")
    for suffix in ("", "-wal", "-shm"):
        with suppress(FileNotFoundError):
            path.with_name(path.name + suffix).rename(aside.with_name(aside.name + suffix))
    _log.error("%s is damaged; it was set aside as %s, and a new one begun", path, aside.name)

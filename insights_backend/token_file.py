"""The SQLite file in which API tokens are kept."""

import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

from insights_backend.durable import write_ahead
from insights_backend.errors import ConfigError, UnavailableError

_BUSY_TIMEOUT = 5.0
_VERSION = 1
_SCHEMA = (
    """
    CREATE TABLE tokens (
        name TEXT NOT NULL,
        hash BLOB NOT NULL UNIQUE,
        scope TEXT NOT NULL CHECK (scope IN ('upload', 'view', 'admin')),
        created_at REAL NOT NULL,
        revoked_at REAL
    )
    """,
    "CREATE UNIQUE INDEX tokens_live_name ON tokens (name) WHERE revoked_at IS NULL",
    f"PRAGMA user_version = {_VERSION}",
)


class TokenFile:
    """The file of the tokens, readable by its owner only, which threads and processes share.

    Args:
        path: where it is; it is made where there is none.

    Raises:
        ConfigError: it can neither be opened nor made, or a newer version of this service wrote it.
    """

    def __init__(self, path: Path) -> None:
        self._path = path.absolute()
        self._make()
        try:
            self._migrate()
        except UnavailableError as error:
            # On a full disk not even a file that is there can be opened; events shall be delivered all the same.
            if self._version_on_disk() != _VERSION:
                raise ConfigError(
                    f"backstageInsights.dataDir: {self._path} cannot be opened ({type(error.__cause__).__name__});"
                    " if it is damaged, put it aside and make the tokens anew"
                ) from error

    @contextmanager
    def open(self) -> Iterator[sqlite3.Connection]:
        """Open it inside the `with`; each statement is a transaction of its own.

        Raises:
            UnavailableError: it cannot be read or written now.
        """
        # mode=rw: a file that was deleted under us is an error, not an empty store with open permissions.
        uri = f"{self._path.as_uri()}?mode=rw"
        try:
            with (
                closing(sqlite3.connect(uri, uri=True, timeout=_BUSY_TIMEOUT, isolation_level=None)) as connection,
                connection,
            ):
                yield connection
        except sqlite3.Error as error:
            raise UnavailableError(f"the token store {self._path.name} cannot be used now") from error

    def _make(self) -> None:
        try:
            # SQLite gives its journal files the permissions of the database.
            self._path.touch(mode=0o600)
        except OSError as error:
            raise ConfigError(f"backstageInsights.dataDir: cannot write {self._path}: {error.strerror}") from error

    def _version_on_disk(self) -> int:
        """Read the version without opening the file as a database (SQLite, "Database File Format", section 1.3)."""
        with self._path.open("rb") as file:
            return int.from_bytes(file.read(64)[60:])

    def _migrate(self) -> None:
        with self.open() as database:
            database.execute("BEGIN IMMEDIATE")
            (version,) = database.execute("PRAGMA user_version").fetchone()
            if version > _VERSION:
                raise ConfigError(f"{self._path} was written by a newer version; upgrade, or set another dataDir")
            if version == 0:
                for statement in _SCHEMA:
                    database.execute(statement)
            database.execute("COMMIT")
            write_ahead(database)

"""Talking to the engine: inserts, changes and questions.

It is chDB inside this process, or a ClickHouse server over HTTP. The DSN decides.
"""

import time
from collections.abc import Iterator, Mapping, Sequence, Set
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from tempfile import TemporaryFile
from typing import TYPE_CHECKING, Any, cast

from insights_backend.delivery.packing import unpacked
from insights_backend.warehouse.client import leave_code_on_disk
from insights_backend.warehouse.connections import Connections
from insights_backend.warehouse.failures import engine_errors, measured
from insights_backend.warehouse.migrations import Dialect

if TYPE_CHECKING:
    from clickhouse_connect.driver.query import QueryResult

_MAX_SECONDS = 30
_UNHURRIED_SECONDS = 3600
_MAX_BYTES = 4 * 1024**3
_REPLACED = "SELECT table, name FROM system.parts WHERE NOT active AND database = currentDatabase()"
_SIZES = """
SELECT table, sum(rows) AS rows, sum(bytes_on_disk) AS bytes FROM system.parts
WHERE active AND database = currentDatabase() GROUP BY table
"""
_CLEAN_UPS, _CLEAN_UP_PAUSE = 50, 0.1
_FIRST_INSERTS = 100  # by then the engine has done everything that it does again and again
_READING = 2  # threads that read what is inserted; a third has no more to do, since the rest of an insert is one's
_ONE_BLOCK = {
    # However large it is: done again, it is the same one.
    "min_insert_block_size_rows": 10**9,
    "min_insert_block_size_bytes": 0,
}
_NO_HURRY = {"max_execution_time": 0}


@dataclass(frozen=True, slots=True)
class Size:
    """How much a table holds: rows, and bytes on disk."""

    rows: int
    bytes: int


class Engine:
    """The engine: who writes is never held up by who asks, and who asks too much at once waits.

    Args:
        dsn: see `client_arguments`.
        cluster: the cluster's name in the server's configuration, if it is one.
        retention_days: how long events are kept; None is for ever.
        max_seconds: how long a question may take, and wait for others before.
        max_bytes: how much memory a question may take.
        processors: on which the embedded engine works; by default on those of the thread that makes this.
    """

    def __init__(
        self,
        dsn: str,
        *,
        cluster: str | None = None,
        retention_days: int | None = None,
        max_seconds: float = _MAX_SECONDS,
        max_bytes: int = _MAX_BYTES,
        processors: Set[int] | None = None,
    ) -> None:
        self._dialect = Dialect(cluster)
        self._retention_days = retention_days
        self._connections = Connections(
            dsn,
            self._dialect,
            retention_days=retention_days,
            max_seconds=max_seconds,
            max_bytes=max_bytes,
            processors=processors,
        )
        self._inserts = 0

    def unhurried(self) -> "Engine":
        """Make another engine at the same place, for work that takes its time and must hold nobody up."""
        return Engine(
            self._connections.dsn,
            cluster=self._dialect.cluster,
            retention_days=self._retention_days,
            max_seconds=_UNHURRIED_SECONDS,
            processors=self._connections.processors,
        )

    @property
    def is_open(self) -> bool:
        """Whether the engine has answered and its schema is in place."""
        return self._connections.is_open

    @property
    def obstacle(self) -> str | None:
        """Why it could not be opened the last time; None where it could, or nobody has tried."""
        return self._connections.obstacle

    def open(self) -> None:
        """Connect and bring the schema up to date; does nothing where that has been done.

        Raises:
            WarehouseUnavailableError: it cannot be done now; calling again tries again.
        """
        self._connections.open()

    def insert(
        self,
        table: str,
        rows: Sequence[bytes],
        *,
        frames: Sequence[bytes] = (),
        token: str,
        columns: Mapping[str, str],
        fmt: str = "JSONEachRow",
    ) -> None:
        """Insert rows as one block.

        Args:
            table: where to.
            rows: the rows in the format, some at a time; in which order they are stored is not said.
            frames: more of them, each some packed as a frame of Zstandard (RFC 8878).
            token: the block's name; the same one twice is stored once, where the table remembers blocks.
            columns: the columns that the rows have, and as what they are read. Texts that repeat are read as texts, and
                made into what the table has a column at a time, which takes half as long.
            fmt: one of the engine's input formats.

        Raises:
            UnreadableError: the engine cannot read one of the rows.
            WarehouseUnavailableError: the engine is not there, or refuses; some tables may have the block already.
        """
        names, structure = ", ".join(columns), _structure(columns)
        target, read = f"{table} ({names})", f"SELECT {names} FROM"
        settings = {**_ONE_BLOCK, "insert_deduplication_token": token}
        with self._connections.writer() as client, measured("insert"):
            if self._connections.path is None:
                source = f"{read} input('{structure}')"
                block = b"".join((*rows, unpacked(b"".join(frames))))
                client.raw_insert(f"{target} {source}", insert_block=block, fmt=fmt, settings=settings)
                return
            with self._files(rows, frames) as files:
                sources = (
                    f"{read} file('/dev/fd/{file}', '{fmt}', '{structure}', '{method}')" for file, method in files
                )
                client.command(f"INSERT INTO {target} {' UNION ALL '.join(sources)}", settings=settings)
            self._inserts += 1
            if self._inserts == _FIRST_INSERTS:
                leave_code_on_disk()

    def try_reading(self, rows: Sequence[bytes], columns: Mapping[str, str]) -> None:
        """Read rows as `insert` would, and store none.

        Raises:
            UnreadableError: one of them cannot be read.
            WarehouseUnavailableError: the engine is not there, or refuses.
        """
        self.insert(f"FUNCTION null('{_structure(columns)}')", rows, token="", columns=columns)

    @contextmanager
    def _files(self, rows: Sequence[bytes], frames: Sequence[bytes]) -> Iterator[list[tuple[int, str]]]:
        """Write rows to files for the threads that read them; gives the descriptor and the compression of each.

        Each is written at once, and unpacked by the engine: after every step outside of the interpreter a thread waits
        until it can go on, and under load that took most of the time of an insert.
        """
        with ExitStack() as stack:
            files = []
            for pieces, method in ((rows, "none"), (frames, "zstd")):
                for reader in range(min(_READING, len(pieces))):
                    file = stack.enter_context(TemporaryFile(dir=self._connections.path))
                    file.write(b"".join(pieces[reader::_READING]))
                    file.seek(0)  # also where a file that is opened once more goes on where it was
                    files.append((file.fileno(), method))
            yield files

    def change(self, table: str, commands: str, parameters: Mapping[str, Any]) -> None:
        """Change rows of a table, or take them out for good; no question finds the old ones when this returns.

        Args:
            table: which.
            commands: what `ALTER TABLE` shall do; its parameters are written `%(name)s`.
            parameters: their values.

        Raises:
            WarehouseUnavailableError: the engine is not there, or refuses, or there is no room for it.
        """
        alter = f"ALTER TABLE {table}{self._dialect.local} {self._dialect.on_cluster} {commands}"
        with self._connections.writer() as client, measured("change"):
            self._connections.need_room()
            client.command(alter, parameters=dict(parameters))

    def need_room(self) -> None:
        """Make sure that there is room for a change of the tables, which a full disk would break for good.

        Raises:
            WarehouseUnavailableError: there is none.
        """
        self._connections.need_room()

    def run(self, sql: str) -> None:
        """Have a statement run that answers nothing.

        Raises:
            WarehouseUnavailableError: the engine is not there, or refuses.
        """
        with self._connections.writer() as client, engine_errors():
            client.command(sql)

    def clean_up(self) -> None:
        """Have what was replaced or taken out so far taken off the disk of the embedded engine.

        The engine does so within a minute by itself, and here in a second or two. What a question reads that still runs
        stays until then. A server has a delay of its own (`old_parts_lifetime`).

        Raises:
            WarehouseUnavailableError: the engine is not there, or refuses.
        """
        if self._connections.path:
            old = self._replaced_parts()
            for _ in range(_CLEAN_UPS):
                with self._connections.writer() as client, engine_errors():
                    client.command("SYSTEM START CLEANUP")  # wakes who does it, and who looks once a second
                if old.isdisjoint(self._replaced_parts()):
                    return
                time.sleep(_CLEAN_UP_PAUSE)  # the engine tells nobody when it is done

    def _replaced_parts(self) -> set[tuple[str, str]]:
        return {(row["table"], row["name"]) for row in self.rows(_REPLACED, {})}

    def numbers_as_writer(self, sql: str) -> list[int]:
        """Ask for a column of UInt64 on the writer's connection: what must be known before an insert.

        Raises:
            WarehouseUnavailableError: the engine is not there, or refuses.
        """
        with self._connections.writer() as client, measured("ask"):
            return memoryview(bytes(client.raw_query(sql, fmt="RowBinary"))).cast("Q").tolist()

    def rows(self, sql: str, parameters: Mapping[str, Any]) -> list[dict[str, Any]]:
        """Ask, and return the rows by column name.

        Raises:
            QueryLimitError: it needs more time or memory than a question may have.
            WarehouseUnavailableError: the engine is not there, or refuses.
        """
        with self._connections.reader() as reader, measured("ask"):
            return list(reader.query(sql, parameters=dict(parameters)).named_results())

    def stream(self, sql: str, parameters: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
        """Ask, and hand the rows on as they come, in bounded memory, for as long as their reader takes.

        There is no limit of time: the embedded engine would count the reader's time too, and end without an error.

        Raises:
            QueryLimitError: it needs more memory than a question may have.
            WarehouseUnavailableError: the engine is not there, or refuses.
        """
        with (
            self._connections.reader() as reader,
            engine_errors(),
            reader.query_rows_stream(sql, parameters=dict(parameters), settings=_NO_HURRY) as stream,
        ):
            names = cast("QueryResult", stream.source).column_names
            for row in stream:
                yield dict(zip(names, row, strict=True))

    def file(self, sql: str, parameters: Mapping[str, Any], fmt: str) -> bytes:
        """Ask, and return the answer as a file in one of the engine's formats, such as `Parquet`; raises as `rows`."""
        with self._connections.reader() as reader, measured("ask"):
            return bytes(reader.raw_query(sql, parameters=dict(parameters), fmt=fmt))

    def sizes(self) -> dict[str, Size]:
        """Say how much is stored in each table, on the server that is asked.

        Raises:
            WarehouseUnavailableError: the engine is not there, or refuses.
        """
        return {row["table"]: Size(row["rows"], row["bytes"]) for row in self.rows(_SIZES, {})}

    def close(self) -> None:
        """Close all connections."""
        self._connections.close()


def _structure(columns: Mapping[str, str]) -> str:
    """Write columns and their types as the engine's functions take them, inside of quotes."""
    return ", ".join(f"{name} {type_}" for name, type_ in columns.items()).replace("'", "\\'")

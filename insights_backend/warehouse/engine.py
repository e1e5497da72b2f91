"""Talking to the engine: chDB inside this process, or a ClickHouse server over HTTP. The DSN decides.

The embedded engine belongs to one process. It is opened when it is first needed and, while another process holds it,
tried again then, so that a service which is restarted starts even before the old one has let go.
"""

import time
from collections.abc import Iterator, Mapping, Sequence, Set
from contextlib import ExitStack, closing, contextmanager, nullcontext
from dataclasses import dataclass
from pathlib import Path
from queue import Empty, LifoQueue
from tempfile import TemporaryFile
from threading import Lock
from typing import TYPE_CHECKING, Any, cast

from insights_backend.delivery.packing import unpacked
from insights_backend.settings.dsn import client_arguments
from insights_backend.warehouse.connecting import client, leave_code_on_disk
from insights_backend.warehouse.failures import NOT_INSTALLED, WarehouseUnavailableError, engine_errors, measured
from insights_backend.warehouse.migrations import Dialect, keep_for, migrate
from insights_backend.warehouse.processors import allowed, running_on
from insights_backend.warehouse.unfinished import is_open, mended, need_room

if TYPE_CHECKING:
    from clickhouse_connect.driver.client import Client
    from clickhouse_connect.driver.query import QueryResult

_MAX_SECONDS = 30
_ANSWER_SECONDS = 300  # for which a server may be silent: the client's own default
_UNHURRIED_SECONDS = 3600
_MAX_BYTES = 4 * 1024**3
_READERS = 16  # each question takes processors and memory: more of them at once would all be later
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
_CANNOT_OPEN = "the warehouse cannot be opened"
_NO_HURRY = {"max_execution_time": 0}
_WRITE_SETTINGS = {
    # A server may gather inserts in memory first, past their tokens.
    "async_insert": 0,
    # What is inserted under one token is one block.
    "max_insert_threads": 1,
    # The tables that are made of the events are written side by side.
    "parallel_view_processing": 1,
    # A batch that is sent again reaches a rollup that it did not reach before, and no rollup twice.
    "deduplicate_blocks_in_dependent_materialized_views": 1,
    # Through a distributed table too, an insert that was acknowledged is on the shards.
    "distributed_foreground_insert": 1,
    "date_time_input_format": "best_effort",
    "input_format_null_as_default": 1,
    "input_format_json_read_objects_as_strings": 1,
    # A batch is read by one thread in less time than it takes to deal it out to two.
    "input_format_parallel_parsing": 0,
    # Events of a few years may come at once.
    "max_partitions_per_insert_block": 0,
    # A batch's ids are written into the question which of them are there already.
    "max_query_size": 16 * 1024**2,
    # What is taken out is gone when the answer comes, on all replicas.
    "mutations_sync": 2,
}


@dataclass(frozen=True, slots=True)
class Size:
    """How much a table holds: rows, and bytes on disk."""

    rows: int
    bytes: int


class Engine:
    """Connections to the engine: one that writes, and up to 16 readers that never hold it up; who asks more waits.

    Args:
        dsn: see `client_arguments`.
        cluster: the cluster's name in the server's configuration, if it is one.
        retention_days: how long events are kept; None is for ever.
        max_seconds: how long a question may take, and wait for others before.
        max_bytes: how much memory a question may take.
        processors: on which the embedded engine works; by default on those of the thread that makes this.
    """

    _opening = Lock()
    """One for all, so that of two in a process the second finds the directory made."""

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
        self._dsn = dsn
        self._arguments = client_arguments(dsn)
        self._dialect = Dialect(cluster)
        self._retention_days = retention_days
        self._max_seconds = max_seconds
        self._read_settings = {"max_execution_time": max_seconds, "max_memory_usage": max_bytes}
        self._is_embedded = "path" in self._arguments
        self._processors: Set[int] = frozenset()
        if self._is_embedded:
            self._processors = allowed() if processors is None else processors
            # Now: the engine's own import changes the working directory for a moment.
            self._arguments["path"] = str(Path(self._arguments["path"]).absolute())
            self._dsn = f"chdb:///{self._arguments['path']}"
        else:
            # One session would allow one question at a time.
            self._arguments["autogenerate_session_id"] = False
            self._arguments["send_receive_timeout"] = max(max_seconds, _ANSWER_SECONDS)
        self._writing = Lock()
        self._writer: Client | None = None
        self._inserts = 0
        self._idle: LifoQueue[Client | None] = LifoQueue()  # the latest first; those not made yet are None
        for _ in range(_READERS):
            self._idle.put(None)

    def unhurried(self) -> "Engine":
        """Make another engine at the same place, for work that takes its time and must hold nobody up."""
        return Engine(
            self._dsn,
            cluster=self._dialect.cluster,
            retention_days=self._retention_days,
            max_seconds=_UNHURRIED_SECONDS,
            processors=self._processors,
        )

    @property
    def is_open(self) -> bool:
        """Whether the engine has answered and its schema is in place."""
        return self._writer is not None

    def open(self) -> None:
        """Connect and bring the schema up to date; does nothing where that has been done.

        Raises:
            WarehouseUnavailableError: it cannot be done now; calling again tries again.
        """
        if self.is_open:  # as nearly always, also while another one opens
            return
        with self._opening:
            if self._writer is None:
                try:
                    import clickhouse_connect  # noqa: F401, PLC0415 - the core installs without the engine
                except ImportError:
                    raise WarehouseUnavailableError(NOT_INSTALLED) from None
                with running_on(self._processors), engine_errors(_CANNOT_OPEN):
                    self._writer = self._opened()

    def _opened(self) -> "Client":
        place = mended(Path(self._arguments["path"])) if self._is_embedded else nullcontext()
        with ExitStack() as unless_whole:
            with place:
                # Closed, since the engine would go on with what it has in memory and not on the disk.
                writer = unless_whole.enter_context(closing(self._connect(_WRITE_SETTINGS)))
                with engine_errors():
                    migrate(writer, self._dialect, self.need_room)
                    keep_for(writer, self._dialect, self._retention_days, self.need_room)
            unless_whole.pop_all()
        if self._is_embedded:
            leave_code_on_disk()
        return writer

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
        """
        names, structure = ", ".join(columns), _structure(columns)
        target, read = f"{table} ({names})", f"SELECT {names} FROM"
        settings = {**_ONE_BLOCK, "insert_deduplication_token": token}
        with self._write() as client, measured("insert"):
            if not self._is_embedded:
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
                    file = stack.enter_context(TemporaryFile(dir=self._arguments["path"]))
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
        with self._write() as client, measured("change"):
            self.need_room()
            client.command(alter, parameters=dict(parameters))

    def need_room(self) -> None:
        """Make sure that there is room for a change of the tables, which a full disk would break for good.

        Raises:
            WarehouseUnavailableError: there is none.
        """
        if self._is_embedded:
            need_room(Path(self._arguments["path"]))

    def run(self, sql: str) -> None:
        """Have a statement run that answers nothing."""
        with self._write() as client, engine_errors():
            client.command(sql)

    def clean_up(self) -> None:
        """Have what was replaced or taken out so far taken off the disk of the embedded engine.

        The engine does so within a minute by itself, and here in a second or two. What a question reads that still runs
        stays until then. A server has a delay of its own (`old_parts_lifetime`).
        """
        if self._is_embedded:
            old = self._replaced_parts()
            for _ in range(_CLEAN_UPS):
                with self._write() as client, engine_errors():
                    client.command("SYSTEM START CLEANUP")  # wakes who does it, and who looks once a second
                if old.isdisjoint(self._replaced_parts()):
                    return
                time.sleep(_CLEAN_UP_PAUSE)  # the engine tells nobody when it is done

    def _replaced_parts(self) -> set[tuple[str, str]]:
        return {(row["table"], row["name"]) for row in self.rows(_REPLACED, {})}

    def numbers_as_writer(self, sql: str) -> list[int]:
        """Ask for a column of UInt64 on the writer's connection: what must be known before an insert."""
        with self._write() as client, measured("ask"):
            return memoryview(bytes(client.raw_query(sql, fmt="RowBinary"))).cast("Q").tolist()

    def rows(self, sql: str, parameters: Mapping[str, Any]) -> list[dict[str, Any]]:
        """Ask, and return the rows by column name.

        Raises:
            QueryLimitError: it needs more time or memory than a question may have.
            WarehouseUnavailableError: the engine is not there, or refuses.
        """
        with self._reader() as reader, measured("ask"):
            return list(reader.query(sql, parameters=dict(parameters)).named_results())

    def stream(self, sql: str, parameters: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
        """Ask, and hand the rows on as they come, in bounded memory, for as long as their reader takes.

        There is no limit of time, in which the embedded engine would count the reader's, and end without an error.
        """
        with (
            self._reader() as reader,
            engine_errors(),
            reader.query_rows_stream(sql, parameters=dict(parameters), settings=_NO_HURRY) as stream,
        ):
            names = cast("QueryResult", stream.source).column_names
            for row in stream:
                yield dict(zip(names, row, strict=True))

    def file(self, sql: str, parameters: Mapping[str, Any], fmt: str) -> bytes:
        """Ask, and return the answer as a file in one of the engine's formats, such as `Parquet`."""
        with self._reader() as reader, measured("ask"):
            return bytes(reader.raw_query(sql, parameters=dict(parameters), fmt=fmt))

    def sizes(self) -> dict[str, Size]:
        """Say how much is stored in each table, on the server that is asked.

        Raises:
            WarehouseUnavailableError: the engine is not there, or refuses.
        """
        return {row["table"]: Size(row["rows"], row["bytes"]) for row in self.rows(_SIZES, {})}

    def close(self) -> None:
        """Close all connections."""
        with self._opening:
            if self._writer is not None:
                self._writer.close()
                self._writer = None
            for reader in [self._idle.get_nowait() for _ in range(self._idle.qsize())]:
                if reader is not None:
                    reader.close()
                self._idle.put(None)

    @contextmanager
    def _write(self) -> Iterator["Client"]:
        with self._writing, running_on(self._processors):
            self.open()
            if self._writer is None:  # closed by another thread in between: the process is ending
                raise WarehouseUnavailableError("the warehouse is closed")
            yield self._writer

    @contextmanager
    def _reader(self) -> Iterator["Client"]:
        self.open()
        try:
            reader = self._idle.get(timeout=self._max_seconds)
        except Empty:
            raise WarehouseUnavailableError("too many questions are asked at once; ask again later") from None
        try:
            with running_on(self._processors):
                if reader is None:
                    reader = self._connect(self._read_settings)
                yield reader
        finally:
            self._idle.put(reader)

    def _connect(self, settings: Mapping[str, Any]) -> "Client":
        try:
            with engine_errors(_CANNOT_OPEN):
                return client(self._arguments, settings)
        except WarehouseUnavailableError as error:
            raise WarehouseUnavailableError(f"{error}: {self._obstacle()}") from error

    def _obstacle(self) -> str:
        """Say why the engine could not be opened, as far as it can be seen from here."""
        if not self._is_embedded:
            return "a server must answer at warehouse.dsn"
        if is_open(Path(self._arguments["path"])):
            return "the embedded engine belongs to one process, and one has it open"
        return (
            "nobody has it open, but the disk is full, its files are damaged, or this process uses another warehouse; "
            "the engine says which in the log. Make room, or restore a backup"
        )


def _structure(columns: Mapping[str, str]) -> str:
    """Write columns and their types as the engine's functions take them, inside of quotes."""
    return ", ".join(f"{name} {type_}" for name, type_ in columns.items()).replace("'", "\\'")

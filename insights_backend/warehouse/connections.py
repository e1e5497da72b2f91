"""The connections to the engine: one that writes, and up to 16 readers that never hold it up.

They are opened when they are first needed, which brings the schema up to date. The embedded engine belongs to one
process: while another one holds it, opening fails and is tried again when it is needed again, so that a service which
is restarted starts even before the old one has let go.
"""

from collections.abc import Iterator, Mapping, Set
from contextlib import ExitStack, closing, contextmanager, nullcontext
from pathlib import Path
from queue import Empty, LifoQueue
from threading import Lock
from typing import TYPE_CHECKING, Any

from insights_backend.settings.dsn import client_arguments
from insights_backend.warehouse.client import connect, leave_code_on_disk
from insights_backend.warehouse.failures import NOT_INSTALLED, WarehouseUnavailableError, engine_errors
from insights_backend.warehouse.migrations import Dialect, keep_for, migrate
from insights_backend.warehouse.processors import allowed, running_on
from insights_backend.warehouse.unfinished import is_open, mended, need_room

if TYPE_CHECKING:
    from clickhouse_connect.driver.client import Client

_ANSWER_SECONDS = 300  # for which a server may be silent: the client's own default
_READERS = 16  # each question takes processors and memory: more of them at once would all be later
_CANNOT_OPEN = "the warehouse cannot be opened"
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


class Connections:
    """Connections to one engine; who finds all readers busy waits for one.

    Args:
        dsn: see `client_arguments`.
        dialect: how tables are written there.
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
        dialect: Dialect,
        *,
        retention_days: int | None,
        max_seconds: float,
        max_bytes: int,
        processors: Set[int] | None,
    ) -> None:
        self.dsn = dsn
        self.path: Path | None = None
        """The directory of the embedded engine; None where a server is asked."""
        self.processors: Set[int] = frozenset()
        self._arguments = client_arguments(dsn)
        self._dialect = dialect
        self._retention_days = retention_days
        self._max_seconds = max_seconds
        self._read_settings = {"max_execution_time": max_seconds, "max_memory_usage": max_bytes}
        if "path" in self._arguments:
            self.processors = allowed() if processors is None else processors
            # Now: the engine's own import changes the working directory for a moment.
            self.path = Path(self._arguments["path"]).absolute()
            self._arguments["path"] = str(self.path)
            self.dsn = f"chdb:///{self.path}"
        else:
            # One session would allow one question at a time.
            self._arguments["autogenerate_session_id"] = False
            self._arguments["send_receive_timeout"] = max(max_seconds, _ANSWER_SECONDS)
        self._writing = Lock()
        self._writer: Client | None = None
        self.obstacle: str | None = None
        """Why it could not be opened the last time; None where it could, or nobody has tried."""
        self._idle: LifoQueue[Client | None] = LifoQueue()  # the latest first; those not made yet are None
        for _ in range(_READERS):
            self._idle.put(None)

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
                    self._writer, self.obstacle = self._opened(), None
                except WarehouseUnavailableError as error:
                    self.obstacle = str(error)
                    raise

    def _opened(self) -> "Client":
        try:
            import clickhouse_connect  # noqa: F401, PLC0415 - the core installs without the engine
        except ImportError:
            raise WarehouseUnavailableError(NOT_INSTALLED) from None
        with running_on(self.processors), engine_errors(_CANNOT_OPEN):
            return self._up_to_date()

    def _up_to_date(self) -> "Client":
        place = mended(self.path) if self.path else nullcontext()
        with ExitStack() as unless_whole:
            with place:
                # Closed, since the engine would go on with what it has in memory and not on the disk.
                writer = unless_whole.enter_context(closing(self._connect(_WRITE_SETTINGS)))
                with engine_errors():
                    migrate(writer, self._dialect, self.need_room)
                    keep_for(writer, self._dialect, self._retention_days, self.need_room)
            unless_whole.pop_all()
        if self.path:
            leave_code_on_disk()
        return writer

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
    def writer(self) -> Iterator["Client"]:
        """Have the one that writes to oneself inside the `with`; others wait.

        Raises:
            WarehouseUnavailableError: the engine is not there.
        """
        with self._writing, running_on(self.processors):
            self.open()
            if self._writer is None:  # closed by another thread in between: the process is ending
                raise WarehouseUnavailableError("the warehouse is closed")
            yield self._writer

    @contextmanager
    def reader(self) -> Iterator["Client"]:
        """Have a reader to oneself inside the `with`.

        Raises:
            WarehouseUnavailableError: the engine is not there, or too many questions are asked at once.
        """
        self.open()
        try:
            reader = self._idle.get(timeout=self._max_seconds)
        except Empty:
            raise WarehouseUnavailableError("too many questions are asked at once; ask again later") from None
        try:
            with running_on(self.processors):
                if reader is None:
                    reader = self._connect(self._read_settings)
                yield reader
        finally:
            self._idle.put(reader)

    def need_room(self) -> None:
        """Make sure that there is room for a change of the tables, which a full disk would break for good.

        Raises:
            WarehouseUnavailableError: there is none.
        """
        if self.path:
            need_room(self.path)

    def _connect(self, settings: Mapping[str, Any]) -> "Client":
        try:
            with engine_errors(_CANNOT_OPEN):
                return connect(self._arguments, settings)
        except WarehouseUnavailableError as error:
            raise WarehouseUnavailableError(f"{error}: {self._why_closed()}") from error

    def _why_closed(self) -> str:
        """Say why the engine could not be opened, as far as it can be seen from here."""
        if self.path is None:
            return "a server must answer at warehouse.dsn"
        if is_open(self.path):
            return "the embedded engine belongs to one process, and one has it open"
        return (
            "nobody has it open, but the disk is full, its files are damaged, or this process uses another warehouse; "
            "the engine says which in the log. Make room, or restore a backup"
        )

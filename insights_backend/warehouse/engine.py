"""Talking to the engine: chDB inside this process, or a ClickHouse server over HTTP. The DSN decides.

The embedded engine belongs to one process. It is opened when it is first needed and, while another process holds it,
tried again then, so that a service which is restarted starts even before the old one has let go.
"""

import logging
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from importlib import resources
from pathlib import Path
from queue import Empty, LifoQueue
from threading import Lock
from typing import TYPE_CHECKING, Any, cast
from urllib.parse import parse_qsl, unquote, urlsplit

from insights_backend.errors import ConfigError, UnavailableError

if TYPE_CHECKING:
    from clickhouse_connect.driver.client import Client
    from clickhouse_connect.driver.query import QueryResult

_log = logging.getLogger(__name__)

_RETRY_AFTER = 10
_READ_SETTINGS = {"max_execution_time": 30, "max_memory_usage": 4 * 1024**3}
_WRITE_SETTINGS = {
    "date_time_input_format": "best_effort",
    "input_format_null_as_default": 1,
    "input_format_json_read_objects_as_strings": 1,
    # A batch's ids are written into the question which of them are there already.
    "max_query_size": 16 * 1024**2,
}


class WarehouseUnavailableError(UnavailableError):
    """The engine cannot be opened, or did not do what it was asked."""

    code = "warehouse_unavailable"

    def __init__(self, message: str) -> None:
        super().__init__(message, _RETRY_AFTER)


def client_arguments(dsn: str) -> dict[str, Any]:
    """Read a DSN into the arguments of `clickhouse_connect.get_client`.

    Args:
        dsn: `chdb:///relative/path`, `chdb:////absolute/path`, or
            `clickhouse://user:password@host:port/database?secure=true`.

    Raises:
        ConfigError: it is neither; the message does not repeat it, since it may hold a password.
    """
    try:
        parts = urlsplit(dsn)
        port = parts.port
    except ValueError:
        raise ConfigError("warehouse.dsn: not a URL") from None
    options = dict(parse_qsl(parts.query))
    if parts.scheme == "chdb" and not parts.netloc and len(parts.path) > 1 and not options:
        return {"interface": "chdb", "path": parts.path.removeprefix("/")}
    if parts.scheme == "clickhouse" and parts.hostname and not options.keys() - {"secure"}:
        secure = options.get("secure", "false").lower() in {"1", "true", "yes"}
        return {
            "interface": "https" if secure else "http",
            "host": parts.hostname,
            "port": port or (8443 if secure else 8123),
            "username": unquote(parts.username or "default"),
            "password": unquote(parts.password or ""),
            "database": parts.path.strip("/") or "default",
        }
    raise ConfigError("warehouse.dsn: write chdb:///path or clickhouse://user:password@host:port/database?secure=true")


class Engine:
    """A connection to the engine for each use: one that writes, and readers that never hold it up.

    Args:
        dsn: see `client_arguments`.
    """

    def __init__(self, dsn: str) -> None:
        self._arguments = client_arguments(dsn)
        if "path" in self._arguments:
            # Now: the engine's own import changes the working directory for a moment.
            self._arguments["path"] = str(Path(self._arguments["path"]).absolute())
        self._opening = Lock()
        self._writing = Lock()
        self._writer: Client | None = None
        self._idle: LifoQueue[Client] = LifoQueue()

    @property
    def is_open(self) -> bool:
        """Whether the engine has answered and its schema is in place."""
        return self._writer is not None

    def open(self) -> None:
        """Connect and bring the schema up to date; does nothing where that has been done.

        Raises:
            WarehouseUnavailableError: it cannot be done now; calling again tries again.
        """
        with self._opening:
            if self._writer is None:
                writer = self._connect(_WRITE_SETTINGS)
                with _engine_errors():
                    _migrate(writer)
                self._writer = writer

    def insert(self, table: str, lines: bytes, *, token: str) -> None:
        """Insert newline-delimited JSON as one block.

        Args:
            table: where to.
            lines: the rows.
            token: the block's name; the same one twice is stored once.
        """
        with self._writing, _engine_errors():
            self._client().raw_insert(
                table, insert_block=lines, fmt="JSONEachRow", settings={"insert_deduplication_token": token}
            )

    def ask_as_writer(self, sql: str, parameters: Mapping[str, Any]) -> list[Sequence[Any]]:
        """Ask on the writer's connection, for what must be known before an insert."""
        with self._writing, _engine_errors():
            return list(self._client().query(sql, parameters=dict(parameters)).result_rows)

    def rows(self, sql: str, parameters: Mapping[str, Any]) -> list[dict[str, Any]]:
        """Ask, and return the rows by column name.

        Raises:
            WarehouseUnavailableError: the engine is not there, or refuses, or the limits of time or memory are reached.
        """
        with self._reader() as reader, _engine_errors():
            return list(reader.query(sql, parameters=dict(parameters)).named_results())

    def stream(self, sql: str, parameters: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
        """Ask, and hand the rows on as they come, in bounded memory."""
        with (
            self._reader() as reader,
            _engine_errors(),
            reader.query_rows_stream(sql, parameters=dict(parameters)) as stream,
        ):
            names = cast("QueryResult", stream.source).column_names
            for row in stream:
                yield dict(zip(names, row, strict=True))

    def file(self, sql: str, parameters: Mapping[str, Any], fmt: str) -> bytes:
        """Ask, and return the answer as a file in one of the engine's formats, such as `Parquet`."""
        with self._reader() as reader, _engine_errors():
            return bytes(reader.raw_query(sql, parameters=dict(parameters), fmt=fmt))

    def close(self) -> None:
        """Close all connections."""
        with self._opening:
            if self._writer is not None:
                self._writer.close()
                self._writer = None
            while not self._idle.empty():
                self._idle.get_nowait().close()

    def _client(self) -> "Client":
        self.open()
        if self._writer is None:  # closed by another thread in between: the process is ending
            raise WarehouseUnavailableError("the warehouse is closed")
        return self._writer

    @contextmanager
    def _reader(self) -> Iterator["Client"]:
        self.open()
        try:
            reader = self._idle.get_nowait()
        except Empty:
            reader = self._connect(_READ_SETTINGS)
        try:
            yield reader
        finally:
            self._idle.put(reader)

    def _connect(self, settings: Mapping[str, Any]) -> "Client":
        try:
            import clickhouse_connect  # noqa: PLC0415 - the core installs without the engine
        except ImportError:
            raise WarehouseUnavailableError(
                "the engine is not installed: pip install 'insights-backend[warehouse]', or set upload.url"
            ) from None
        arguments = dict(self._arguments)
        if "path" in arguments:
            Path(arguments["path"]).mkdir(parents=True, exist_ok=True, mode=0o700)
        else:
            # One session would allow one question at a time.
            arguments["autogenerate_session_id"] = False
        with _engine_errors(
            "the warehouse cannot be opened: the embedded engine belongs to one process, "
            "and a server must answer at warehouse.dsn"
        ):
            return clickhouse_connect.get_client(**arguments, settings=dict(settings))


@contextmanager
def _engine_errors(doing: str = "the warehouse refused a question, or did not answer") -> Iterator[None]:
    """Make the library's errors ours, without their text: it quotes data."""
    from clickhouse_connect.driver.exceptions import Error  # noqa: PLC0415 - as above

    try:
        yield
    except (Error, OSError) as error:
        code = getattr(error, "code", None)
        reason = f"{type(error).__name__}, code {code}" if code else type(error).__name__
        raise WarehouseUnavailableError(f"{doing} ({reason})") from error


def _migrate(client: "Client") -> None:
    """Apply the schema files that are new, in their order; each is recorded once it is in place."""
    client.command(
        "CREATE TABLE IF NOT EXISTS migrations (name String, at DateTime DEFAULT now())"
        " ENGINE = MergeTree ORDER BY name"
    )
    done = {name for (name,) in client.query("SELECT name FROM migrations").result_rows}
    files = resources.files("insights_backend.warehouse") / "schema"
    for file in sorted(files.iterdir(), key=lambda file: file.name):
        if file.name.endswith(".sql") and file.name not in done:
            for statement in _statements(file.read_text()):
                client.command(statement)
            client.insert("migrations", [[file.name]], column_names=["name"])
            _log.info("warehouse schema: %s applied", file.name)


def _statements(sql: str) -> list[str]:
    code = "\n".join(line for line in sql.splitlines() if not line.lstrip().startswith("--"))
    return [statement for statement in code.split(";") if statement.strip()]

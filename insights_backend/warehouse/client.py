"""The engine's client: of chDB inside this process, or of a ClickHouse server over HTTP."""

import sys
from collections.abc import Iterator, Mapping
from contextlib import closing, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from clickhouse_connect.driver.client import Client

UNKNOWN_DATABASE = 81
"""The code of the error of a server that has no such database."""


def connect(arguments: Mapping[str, Any], settings: Mapping[str, Any]) -> "Client":
    """Connect to the engine, making the database first where the server does not have it yet."""
    if arguments.get("interface") == "chdb" and "chdb" not in sys.modules:
        with _without("pyarrow"):
            import chdb.session  # noqa: F401, PLC0415 - the core installs without the engine
    from clickhouse_connect import get_client  # noqa: PLC0415 - the core installs without the engine
    from clickhouse_connect.driver.exceptions import DatabaseError  # noqa: PLC0415 - as above

    try:
        return _discreet(get_client(**arguments, settings=dict(settings)))
    except DatabaseError as error:
        # Not asked for beforehand: who may use a database may not be allowed to make one.
        if getattr(error, "code", None) != UNKNOWN_DATABASE:
            raise
    with closing(get_client(**{**arguments, "database": None})) as client:
        client.command("CREATE DATABASE IF NOT EXISTS {name:Identifier}", parameters={"name": arguments["database"]})
    return _discreet(get_client(**arguments, settings=dict(settings)))


def _discreet(client: "Client") -> "Client":
    """Keep it from connecting a second time at once: it would log the address, where a question's parameters stand."""
    from clickhouse_connect.driver.httpclient import HttpClient  # noqa: PLC0415 - as above

    if isinstance(client, HttpClient):
        client.http_retries = 0
    return client


def leave_code_on_disk() -> None:
    """Give back the memory of the embedded engine's code: of 180 MB that its start needs, a third is used later on."""
    from chdb import _chdb  # noqa: PLC0415 - the core installs without the engine

    from insights_backend.warehouse.residence import leave_on_disk  # noqa: PLC0415 - nor does it need this

    leave_on_disk(Path(_chdb.__file__))


@contextmanager
def _without(module: str) -> Iterator[None]:
    """Let a module that is not imported yet seem not to be installed: one who can do without it does.

    The embedded engine takes Arrow wherever it is installed, to hand out tables in its form. Nobody asks for one here,
    and it would hold 30 MB.
    """
    if module in sys.modules:
        yield
        return
    sys.modules[module] = None  # type: ignore[assignment] # as the import system marks what must not be found
    try:
        yield
    finally:
        sys.modules.pop(module, None)  # another thread may have been as quick

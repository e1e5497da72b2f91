"""A ClickHouse server as a process of its own, and databases on it for tests."""

import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from secrets import token_hex
from urllib.parse import quote, urlsplit

from clickhouse_connect import get_client

from insights_backend.settings.dsn import client_arguments
from tests.process import REPOSITORY, await_answer, free_port

_PASSWORD = "p@ss word/"


@contextmanager
def clickhouse(directory: Path) -> Iterator[str]:
    """Run a server inside the `with`, and give its DSN without a database.

    Args:
        directory: for its tables; started again on it, it has them again.
    """
    port, log = free_port(), directory / "log"
    environment = {**os.environ, "CLICKHOUSE_USER": "insights", "CLICKHOUSE_PASSWORD": _PASSWORD}
    command = [sys.executable, "-m", "tests.clickhouse", "--port", str(port), "--path", str(directory / "tables")]
    with log.open("ab") as output:
        process = subprocess.Popen(command, cwd=REPOSITORY, env=environment, stdout=output, stderr=output)
    try:
        await_answer(process, f"http://127.0.0.1:{port}/ping", log)
        yield f"clickhouse://insights:{quote(_PASSWORD, safe='')}@127.0.0.1:{port}"
    finally:
        process.terminate()
        process.wait(timeout=10)


@contextmanager
def database(server: str) -> Iterator[str]:
    """Have a database of a new name on a server inside the `with`, and give its DSN.

    Args:
        server: the DSN of the server; a database that it names is left alone.
    """
    name = f"insights_{token_hex(4)}"
    dsn = urlsplit(server)._replace(path=f"/{name}").geturl()
    try:
        yield dsn
    finally:
        with closing(get_client(**client_arguments(server))) as client:
            client.command(f"DROP DATABASE IF EXISTS {name}")

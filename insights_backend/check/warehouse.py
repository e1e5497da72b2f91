"""Whether there is a place where events can be stored."""

from contextlib import closing
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from insights_backend.check.finding import Finding
from insights_backend.check.storage import check_directory
from insights_backend.settings.dsn import client_arguments
from insights_backend.settings.values import WarehouseSettings
from insights_backend.warehouse.client import UNKNOWN_DATABASE
from insights_backend.warehouse.failures import NOT_INSTALLED

_PART = "warehouse.dsn"


def check_warehouse(settings: WarehouseSettings) -> Finding:
    """Look for the engine, and ask a server for its version; the embedded one is the service's and is not opened."""
    arguments = client_arguments(settings.dsn.reveal())
    needed = ["clickhouse_connect", "chdb"] if "path" in arguments else ["clickhouse_connect"]
    if not all(find_spec(package) for package in needed):
        return Finding(_PART, "failed", NOT_INSTALLED)
    if "path" in arguments:
        return check_directory(_PART, Path(arguments["path"]))
    return _ask(arguments, settings.cluster)


def _ask(arguments: dict[str, Any], cluster: str | None) -> Finding:
    from clickhouse_connect import get_client  # noqa: PLC0415 - the core installs without the engine
    from clickhouse_connect.driver.exceptions import Error  # noqa: PLC0415 - as above

    name = f"ClickHouse at {arguments['host']}:{arguments['port']}"
    try:
        with closing(get_client(**arguments, connect_timeout=5, send_receive_timeout=10)) as client:
            version = client.command("SELECT version()")
            known = client.query("SELECT count() FROM system.clusters WHERE cluster = {n:String}", {"n": cluster or ""})
    except (Error, OSError) as error:
        return _failure(name, arguments["database"], error)
    if cluster and not known.result_rows[0][0]:
        return Finding("warehouse.cluster", "failed", f"{name} knows no cluster {cluster}; see its remote_servers")
    return Finding(_PART, "ok", f"{name} answers, version {version}")


def _failure(name: str, database: str, error: Exception) -> Finding:
    # The text of the engine's errors may quote what it was asked, and by whom.
    code = getattr(error, "code", None)
    if code == UNKNOWN_DATABASE:
        return Finding(_PART, "ok", f"{name} answers; the database {database} is made at the first start")
    reason = f"{type(error).__name__}, code {code}" if code else type(error).__name__
    return Finding(_PART, "failed", f"{name} cannot be used ({reason}); check address, user and password")

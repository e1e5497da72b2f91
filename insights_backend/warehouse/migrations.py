"""The schema: files of SQL, each applied once, in their order; on a cluster on all of its machines.

A file is written for both sizes. `$local` ends a table's name where the cluster keeps a table on each machine under a
`Distributed` one, `$on_cluster` and `$replicated` are empty on a single machine. What only a cluster needs stands in
the file of the same name under `cluster/`.
"""

import logging
from collections.abc import Callable
from importlib import resources
from string import Template
from typing import TYPE_CHECKING

from insights_backend.warehouse.failures import WarehouseUnavailableError, engine_errors

if TYPE_CHECKING:
    from importlib.resources.abc import Traversable

    from clickhouse_connect.driver.client import Client

_log = logging.getLogger(__name__)

_MIGRATIONS = Template("""
CREATE TABLE IF NOT EXISTS migrations$local $on_cluster (name String, at DateTime DEFAULT now())
ENGINE = ${replicated}MergeTree ORDER BY name
""")
_FORGOTTEN = ("events", "presence", "views", "steps")
"""The tables that know of people."""

_MOMENT = "toDate(quarter)"  # a date reaches to 2149, a moment in seconds only to 2106


class Dialect:
    """How the same table is written for one machine, and for a cluster.

    Args:
        cluster: the cluster's name in the server's configuration; None is a single machine.
    """

    def __init__(self, cluster: str | None) -> None:
        self.cluster = cluster
        self.local = "_local" if cluster else ""
        self.on_cluster = f"ON CLUSTER '{cluster}'" if cluster else ""

    def write(self, sql: str) -> list[str]:
        """Write the statements of a schema file."""
        code = "\n".join(line for line in sql.splitlines() if not line.lstrip().startswith("--"))
        filled = Template(code).substitute(
            cluster=self.cluster or "",
            local=self.local,
            on_cluster=self.on_cluster,
            replicated="Replicated" if self.cluster else "",
            window="replicated_deduplication_window" if self.cluster else "non_replicated_deduplication_window",
        )
        return [statement.strip() for statement in filled.split(";") if statement.strip()]


def migrate(client: "Client", dialect: Dialect, need_room: Callable[[], None]) -> None:
    """Apply the schema files that are new; each is recorded once it is in place.

    Tables that another version has made are left alone: of those that are not known here nobody could be erased.

    Args:
        client: the engine.
        dialect: how it is written there.
        need_room: raises where there is no room for a change; asked before each.

    Raises:
        WarehouseUnavailableError: a file that is not known here was applied before, or one cannot be applied.
    """
    for statement in dialect.write(_MIGRATIONS.template):
        client.command(statement)
    names = client.query(f"SELECT name FROM migrations{dialect.local}").result_rows  # noqa: S608 - our own name
    done = {name for (name,) in names}
    files = schema_files(clustered=dialect.cluster is not None)
    if unknown := done - {name for name, _ in files}:
        raise WarehouseUnavailableError(
            f"the warehouse was made by another version of this service ({', '.join(sorted(unknown))}); run that one, "
            "or restore a backup"
        )
    for name, file in files:
        if name not in done:
            need_room()
            with engine_errors(f"the warehouse cannot be brought up to date by {name}"):
                for statement in dialect.write(file.read_text()):
                    client.command(statement)
            # Not by the client's `insert`, which brings all of pandas into memory.
            record = f"INSERT INTO migrations{dialect.local} (name) VALUES (%(name)s)"  # noqa: S608 - our own name
            client.command(record, parameters={"name": name})
            _log.info("warehouse schema: %s applied", name)


def schema_files(*, clustered: bool) -> "list[tuple[str, Traversable]]":
    """List the schema files by name, in the order in which they are applied."""
    schema = resources.files("insights_backend.warehouse") / "schema"
    names = sorted(file.name for file in schema.iterdir() if file.name.endswith(".sql"))
    found = []
    for name in names:
        found.append((name, schema / name))
        if clustered and (schema / "cluster" / name).is_file():
            found.append((f"cluster/{name}", schema / "cluster" / name))
    return found


def keep_for(client: "Client", dialect: Dialect, days: int | None, need_room: Callable[[], None]) -> None:
    """Let the engine forget what is older than so many days, or nothing; changes only what is not so already.

    The engine forgets by itself from then on: what is over its time goes with the next merge of its part, which comes
    at once after a start and then at least every four hours (`merge_with_ttl_timeout`). Where the days are changed, it
    looks through what is there in the background: minutes for ten million events, and nobody waits for it.

    Args:
        client: the engine.
        dialect: how it is written there.
        days: how many.
        need_room: as for `migrate`.
    """
    for table in _FORGOTTEN:
        name = f"{table}{dialect.local}"
        defined = client.query(
            "SELECT create_table_query FROM system.tables WHERE database = currentDatabase() AND name = %(name)s",
            parameters={"name": name},
        ).result_rows[0][0]
        alter = f"ALTER TABLE {name} {dialect.on_cluster}"
        if days is None and " TTL " in defined:
            need_room()
            client.command(f"{alter} REMOVE TTL")
        if days is not None and f" TTL {_MOMENT} + toIntervalDay({days}) " not in defined:
            need_room()
            # In two steps, of which the long one is not waited for.
            client.command(
                f"{alter} MODIFY TTL {_MOMENT} + toIntervalDay({days})", settings={"materialize_ttl_after_modify": 0}
            )
            client.command(f"{alter} MATERIALIZE TTL", settings={"mutations_sync": 0})

"""The record of how many people could use each portal, day by day."""

from datetime import UTC, datetime
from hashlib import blake2b

import orjson

from insights_backend.model.event import iso
from insights_backend.model.total_users import TotalUsers
from insights_backend.warehouse.engine import Engine

_KNOWN = """
SELECT count() AS rows FROM total_users
WHERE day = {day:Date32} AND environment = {environment:String} AND instance = {instance:String}
    AND recordedAt >= fromUnixTimestamp64Milli({asOf:Int64})
"""


TOTAL_USERS = {
    "day": "Date32",
    "environment": "String",
    "instance": "String",
    "total": "UInt64",
    "recordedAt": "DateTime64(3, 'UTC')",
}
"""What a record has, and as what it is read."""


class TotalUsersRecord:
    """Keeps of each day, in UTC, the last number that each portal's catalog gave.

    Args:
        engine: where the table is.
    """

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def record(self, instance: str, total: TotalUsers) -> None:
        """Record a number; one that comes again, or after a later one of its day, changes nothing.

        Args:
            instance: whose number it is; with `total.environment` the name of a portal.
            total: the number, which stands for the day of its moment.

        Raises:
            WarehouseUnavailableError: it cannot be recorded now.
        """
        day = datetime.fromtimestamp(total.as_of / 1000, UTC).date()
        portal = {"environment": total.environment, "instance": instance, "day": day}
        # Each batch of events may bring a number: looking is cheaper than a write that survives a kill.
        if not self._engine.rows(_KNOWN, {**portal, "asOf": total.as_of})[0]["rows"]:
            row = orjson.dumps({**portal, "total": total.number, "recordedAt": iso(total.as_of)})
            self._engine.insert(
                "total_users", [row], token=blake2b(row, digest_size=16).hexdigest(), columns=TOTAL_USERS
            )

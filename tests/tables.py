"""The warehouse's tables, for tests that begin with none of their rows."""

from insights_backend.warehouse.engine import Engine

TABLES = ("events", "event_ids", "presence", "views", "steps", "total_users")

KEPT_DAYS = 15_000
"""How long the tests' warehouses keep events: all the same, since a change takes a while."""


def empty(engine: Engine) -> None:
    filled = {table for table, size in engine.sizes().items() if size.rows}
    for table in filled.intersection(TABLES):
        engine.rows(f"TRUNCATE TABLE {table}", {})

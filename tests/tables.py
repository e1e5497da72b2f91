"""The warehouse's tables, for tests that begin with none of their rows."""

from insights_backend.warehouse.engine import Engine

TABLES = ("events", "event_ids", "presence", "usage", "searches", "total_users")


def empty(engine: Engine) -> None:
    for table in TABLES:
        engine.rows(f"TRUNCATE TABLE {table}", {})

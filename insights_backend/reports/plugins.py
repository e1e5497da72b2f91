"""`plugins`: which plugins are used, by how many events and users."""

from typing import Any

from insights_backend.reports.query import ReportQuery
from insights_backend.warehouse.engine import Engine

_SQL = """
SELECT pluginId AS plugin, count() AS events, uniqExactIf(user, user != '') AS users, count() OVER () AS total
FROM events WHERE {where}
GROUP BY plugin ORDER BY events DESC, plugin LIMIT {{limit:UInt32}}
"""


def report(engine: Engine, query: ReportQuery) -> tuple[list[dict[str, Any]], int]:
    """Answer with a row a plugin, the most used first, and how many plugins there were."""
    rows = engine.rows(_SQL.format(where=query.where()), query.parameters())
    total = rows[0]["total"] if rows else 0
    return [{name: row[name] for name in ("plugin", "events", "users")} for row in rows], total

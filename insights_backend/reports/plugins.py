"""`plugins`: which plugins are used, by how many events and users."""

from insights_backend.reports.answer import Answer, Sources, ranked
from insights_backend.reports.query import ReportQuery

_SQL = """
SELECT pluginId AS plugin, sum(events) AS events, uniqExactIf(userKey, userKey != 0) AS users, count() OVER () AS total
FROM {table} WHERE {where} GROUP BY plugin ORDER BY events DESC, plugin LIMIT {{limit:UInt32}}
"""


def report(sources: Sources, query: ReportQuery) -> Answer:
    """Answer with a row a plugin, the most used first."""
    return ranked(sources, query, _SQL.format(table=query.table("plugin"), where=query.where()))

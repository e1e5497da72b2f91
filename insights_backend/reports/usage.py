"""`plugins` and `actions`: what is used and what is done, by how many events and users."""

from insights_backend.reports.answer import Answer, Sources, ranked
from insights_backend.reports.query import USERS, ReportQuery

_SQL = """
SELECT {column} AS {name}, sum(events) AS events, {users} AS users, count() OVER () AS total
FROM {table} WHERE {where} GROUP BY {name} ORDER BY events DESC, {name} LIMIT {{limit:UInt32}}
"""


def plugins(sources: Sources, query: ReportQuery) -> Answer:
    """Answer with a row a plugin, the most used first."""
    return _used(sources, query, "plugin", "pluginId")


def actions(sources: Sources, query: ReportQuery) -> Answer:
    """Answer with a row an action, the most frequent first."""
    return _used(sources, query, "action", "action")


def _used(sources: Sources, query: ReportQuery, name: str, column: str) -> Answer:
    sql = _SQL.format(name=name, column=column, users=USERS, table=query.table(name), where=query.where())
    return ranked(sources, query, sql)

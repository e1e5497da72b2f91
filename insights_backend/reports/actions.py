"""`actions`: what is done, by how many events and users."""

from insights_backend.reports.answer import Answer, Sources, ranked
from insights_backend.reports.query import ReportQuery

_SQL = """
SELECT action, sum(events) AS events, uniqExactIf(userKey, userKey != 0) AS users, count() OVER () AS total
FROM {table} WHERE {where} GROUP BY action ORDER BY events DESC, action LIMIT {{limit:UInt32}}
"""


def report(sources: Sources, query: ReportQuery) -> Answer:
    """Answer with a row an action, the most frequent first."""
    return ranked(sources, query, _SQL.format(table=query.table("action"), where=query.where()))

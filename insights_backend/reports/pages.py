"""`pages`: which pages are viewed, how often and by how many.

A page is the path of its views' subject, without query, hash and trailing slash. In it `:namespace/:kind/:name` stand
for an entity's own route parameters (`:namespace/:name` below `/create/templates`), in any case and also where a
browser has encoded them, and `:id` for a segment that is a number, written in digits, or a UUID. It is worked out when
an event is stored.
"""

from insights_backend.reports.answer import Answer, Sources, ranked
from insights_backend.reports.query import USERS, ReportQuery

_SQL = """
SELECT page, count() AS views, {users} AS users, count() OVER () AS total
FROM {table} WHERE view AND {where}
GROUP BY page ORDER BY views DESC, page LIMIT {{limit:UInt32}}
"""


def report(sources: Sources, query: ReportQuery) -> Answer:
    """Answer with a row a page, the most viewed first."""
    return ranked(sources, query, _SQL.format(users=USERS, table=query.table("page", "view"), where=query.where()))

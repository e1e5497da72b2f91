"""`groups`: which groups use the portal, by how many users and events, and which share of their members that is.

An event counts for each of its user's captured groups. A filter narrows the events, not the groups: with `group=a`
those of people in `a` are counted, for the other groups of these people too. *Members*: the direct ones, as the catalog
says now; null where it does not know the group. *Adoption*: users ÷ members.
"""

from insights_backend.reports.answer import Answer, Row, Sources, ranked
from insights_backend.reports.query import USERS, ReportQuery

_SQL = """
SELECT arrayJoin(arrayDistinct(groups)) AS `group`, {users} AS users, sum(events) AS events,
    count() OVER () AS total
FROM {table} WHERE {where}
GROUP BY `group` ORDER BY users DESC, `group` LIMIT {{limit:UInt32}}
"""


def report(sources: Sources, query: ReportQuery) -> Answer:
    """Answer with a row a group, the one with most users first."""
    answer = ranked(sources, query, _SQL.format(users=USERS, table=query.table("group"), where=query.where()))
    members = sources.members([row["group"] for row in answer.rows])
    return Answer(rows=[_row(row, members[row["group"]]) for row in answer.rows], total=answer.total)


def _row(counted: Row, members: int | None) -> Row:
    return {**counted, "members": members, "adoption": counted["users"] / members if members else None}

"""`entities` and `docs`: which entities are viewed, how often and by how many.

`docs` counts the views of the plugin `techdocs`, `entities` those of all. Kind, type and owner are the entity's as of
the latest of its views that count, and null where that does not say; of several at one moment the one with the greatest
texts is taken. An entity without a view does not appear.
"""

from insights_backend.reports.answer import Answer, Row, Sources, ranked
from insights_backend.reports.query import USERS, ReportQuery

_VIEWS = """
SELECT entity, count() AS views, count() OVER () AS total
FROM {table} WHERE view AND entity != '' AND {where}
GROUP BY entity ORDER BY views DESC, entity LIMIT {{limit:UInt32}}
"""
# Asked of those alone that are shown, since to count users and to find a latest view takes longer than to count views.
_REST = """
SELECT entity, {users} AS users, max((time, entityKind, entityType, entityOwner)) AS latest
FROM {table} WHERE view AND entity IN {{shown:Array(String)}} AND {where}
GROUP BY entity
"""
_DOCS = "pluginId = 'techdocs'"


def report(sources: Sources, query: ReportQuery) -> Answer:
    """Answer with a row an entity, the most viewed first."""
    return _viewed(sources, query, query.where())


def docs(sources: Sources, query: ReportQuery) -> Answer:
    """Answer with a row an entity of which documentation was viewed, the most viewed first."""
    return _viewed(sources, query, f"{_DOCS} AND {query.where()}")


def _viewed(sources: Sources, query: ReportQuery, where: str) -> Answer:
    table = query.table("entity", "view")
    answer = ranked(sources, query, _VIEWS.format(table=table, where=where))
    shown = {"shown": [row["entity"] for row in answer.rows]}
    rest = sources.engine.rows(_REST.format(users=USERS, table=table, where=where), {**query.parameters(), **shown})
    by_entity = {row["entity"]: row for row in rest}
    return Answer(rows=[_row(row["views"], by_entity[row["entity"]]) for row in answer.rows], total=answer.total)


def _row(views: int, rest: Row) -> Row:
    _, kind, type_, owner = rest["latest"]
    return {
        "entity": rest["entity"],
        "kind": kind or None,
        "type": type_ or None,
        "owner": owner or None,
        "views": views,
        "users": rest["users"],
    }

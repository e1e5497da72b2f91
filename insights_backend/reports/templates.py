"""`templates`: which software templates are opened, started and finished, by how many, and the minutes that they save.

*Opened*: a click "Template has been opened". *Started*: a click "Create" of the plugin `scaffolder`. *Finished*: a
`create`; the minutes saved are the sum of its values. The template is the entity of these events; one whose entity is
none is not counted. *Users*: those with any of them.

Source: the analytics events of `@backstage/plugin-scaffolder`, whose context names the template as `entityRef`.
"""

from insights_backend.reports.answer import Answer, Sources, ranked
from insights_backend.reports.query import USERS, ReportQuery

_SQL = """
SELECT template, countIf(templateStep = 'opened') AS opened, countIf(templateStep = 'started') AS started,
    countIf(templateStep = 'finished') AS finished,
    if(isFinite(sumIf(ifNull(value, 0), templateStep = 'finished') AS minutes), minutes, NULL) AS minutesSaved,
    {users} AS users, count() OVER () AS total
FROM {table} WHERE templateStep != '' AND {where}
GROUP BY template ORDER BY opened DESC, template LIMIT {{limit:UInt32}}
"""


def report(sources: Sources, query: ReportQuery) -> Answer:
    """Answer with a row a template, the most opened first."""
    return ranked(sources, query, _SQL.format(users=USERS, table=query.table("template"), where=query.where()))

"""`retention`: how many of those who came for the first time are still there in the weeks after.

A cohort is the users whose first event ever lies in one week of the period; a week that the period cuts counts as far
as the period goes. `weeks[n]` is the share of them active in the n-th week after it, so that `weeks[0]` is 1. There is
one for each week that is over: its Sunday lies in the period and before today. Without anybody there is no share.
"""

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import replace
from datetime import date, timedelta

from insights_backend.reports.answer import Answer, Row, Sources
from insights_backend.reports.query import OF_NEARLY_ALL, ReportQuery

_COHORTS = """
SELECT toMonday(first) AS cohort, arrayJoin(weeks) AS week, count() AS users
FROM (
    SELECT min({day}) AS first, groupUniqArrayIf(toMonday({day}), {day} >= {{first:Date}}) AS weeks
    FROM {table} WHERE userKey != 0 AND {where_until} GROUP BY userKey HAVING first >= {{first:Date}})
GROUP BY cohort, week
"""

Cohorts = defaultdict[date, defaultdict[date, int]]
"""By cohort and week: how many of the cohort were active in the week."""


def report(sources: Sources, query: ReportQuery) -> Answer:
    """Answer with a row a week of the period, the first one first."""
    weekly = replace(query, interval="week")
    cohorts = _cohorts(sources, weekly)
    over = [
        week for week in weekly.intervals() if week + timedelta(6) <= query.last and week + timedelta(6) < query.today
    ]
    return Answer(rows=[_row(cohort, cohorts[cohort], over) for cohort in weekly.intervals()])


def _cohorts(sources: Sources, query: ReportQuery) -> Cohorts:
    sql = _COHORTS.format(day=query.day(), table=query.table(), where_until=query.where_until())
    cohorts: Cohorts = defaultdict(lambda: defaultdict(int))
    for row in sources.engine.rows(f"{sql} {OF_NEARLY_ALL}", {**query.parameters(), "first": query.first}):
        cohorts[row["cohort"]][row["week"]] = row["users"]
    return cohorts


def _row(cohort: date, active: Mapping[date, int], over: list[date]) -> Row:
    size = active[cohort]
    shares = [active[week] / size for week in over if week >= cohort] if size else []
    return {"cohort": cohort.isoformat(), "size": size, "weeks": shares}

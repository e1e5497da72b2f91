"""`stickiness`: how often people come back, day by day, whatever the interval.

`dau`, `wau` and `mau` are the users active on the day, in the seven days and in the 28 days that end with it; such days
may lie before the period. `dauWau` and `dauMau` are the first by the others, null on a day where these are 0.
"""

from collections import defaultdict
from datetime import date, timedelta

from insights_backend.reports.answer import Answer, Row, Sources
from insights_backend.reports.query import OF_NEARLY_ALL, ReportQuery

_WEEK, _MONTH = 7, 28

# A user is in the window of a day by the last day on which they were active: until the next such day, and that is as
# much as has to be known of each. One after the window, or none, is as good as one at its end.
_GAPS = """
SELECT toDate(visit.1) AS day, least(visit.2, {{month:UInt8}}) AS gap, count() AS users
FROM (
    SELECT arraySort(groupUniqArray(toUInt16({day}))) AS days,
        arrayJoin(arrayZip(days, arrayShiftLeft(arrayDifference(days), 1, {{month:UInt8}}))) AS visit
    FROM {table} WHERE userKey != 0 AND {where} GROUP BY userKey)
GROUP BY day, gap
"""

Stays = defaultdict[date, list[int]]
"""By day, how many of its users were not back within so many days: the day itself, the day after, and so on."""


def report(sources: Sources, query: ReportQuery) -> Answer:
    """Answer with a row a day of the period."""
    stays = _stays(sources, query.since(query.first - timedelta(_MONTH - 1)))
    days = [query.first + timedelta(number) for number in range(query.days)]
    return Answer(rows=[_row(day, stays) for day in days])


def _stays(sources: Sources, query: ReportQuery) -> Stays:
    sql = _GAPS.format(day=query.day(), table=query.table(), where=query.where())
    stays: Stays = defaultdict(lambda: [0] * _MONTH)
    for row in sources.engine.rows(f"{sql} {OF_NEARLY_ALL}", {**query.parameters(), "month": _MONTH}):
        for later in range(row["gap"]):
            stays[row["day"]][later] += row["users"]
    return stays


def _row(day: date, stays: Stays) -> Row:
    last_seen = [stays[day - timedelta(ago)][ago] for ago in range(_MONTH)]
    dau, wau, mau = last_seen[0], sum(last_seen[:_WEEK]), sum(last_seen)
    return {
        "date": day.isoformat(),
        "dau": dau,
        "wau": wau,
        "mau": mau,
        "dauWau": dau / wau if wau else None,
        "dauMau": dau / mau if mau else None,
    }

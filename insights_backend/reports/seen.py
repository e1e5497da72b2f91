"""What was seen at all: whether there is an event, from where events come, and how many come when.

No reports of their own: they tell a page what to offer, and draw the small line beside a number.
"""

from dataclasses import replace

from insights_backend.reports.answer import Answer, Sources
from insights_backend.reports.query import ReportQuery

_MAX_ORIGINS = 200

_ANY = "SELECT 1 AS one FROM presence LIMIT 1"
_ORIGINS = """
SELECT arraySort(groupUniqArray({most})(environment)) AS environment,
    arraySort(groupUniqArray({most})(instance)) AS instance
FROM presence WHERE {where}
"""
_COUNTS = "SELECT {bucket} AS interval, sum(events) AS events FROM {table} WHERE {where} GROUP BY interval"


def any_event(sources: Sources) -> bool:
    """Tell whether an event was ever stored."""
    return bool(sources.engine.rows(_ANY, {}))


def origins(sources: Sources, query: ReportQuery) -> dict[str, list[str]]:
    """Return the environments and instances that sent events in the period, whatever the filters say."""
    everywhere = replace(query, filters={})
    sql = _ORIGINS.format(most=_MAX_ORIGINS, where=everywhere.where())
    return sources.engine.rows(sql, everywhere.parameters())[0]


def event_counts(sources: Sources, query: ReportQuery) -> Answer:
    """Answer with the number of events of each interval of the period, empty ones included."""
    sql = _COUNTS.format(bucket=query.bucket(), table=query.table(), where=query.where())
    counted = {row["interval"]: row["events"] for row in sources.engine.rows(sql, query.parameters())}
    return Answer(rows=[{"date": day.isoformat(), "events": counted.get(day, 0)} for day in query.intervals()])

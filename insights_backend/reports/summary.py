"""`summary`: the period in one row, with all that is measured of a portal's use."""

from insights_backend.reports.answer import Answer, Sources
from insights_backend.reports.measures import of_whole
from insights_backend.reports.query import ReportQuery


def report(sources: Sources, query: ReportQuery) -> Answer:
    """Answer with one row."""
    return Answer(rows=of_whole(sources, [query]))

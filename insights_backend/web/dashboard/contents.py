"""What stands in a panel: the answers of reports, put side by side as a panel shows them."""

from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import date
from itertools import zip_longest
from typing import Any

from insights_backend.reports import seen
from insights_backend.reports.all_reports import REPORTS
from insights_backend.reports.answer import Report, Row, Sources
from insights_backend.reports.measures import change, of_whole
from insights_backend.reports.query import ReportQuery

Content = dict[str, Any]
"""What a panel's template is given, by name."""

Ask = Callable[[Sources, ReportQuery], Content]
"""Finds what stands in a panel. The question's `limit` says how many rows a list may have."""

_OPENING_IS_LEFT_OUT = {"action", "term"}

MOST_TERMS = 1000
"""Among how many terms those are looked for that found nothing."""


def rows_of(report: str) -> Ask:
    """Show the rows of a report, and how many a list has in all."""

    def ask(sources: Sources, query: ReportQuery) -> Content:
        answer = REPORTS[report](sources, query)
        return {"rows": answer.rows, "total": answer.total, **answer.more}

    return ask


def compared(report: str, key: str) -> Ask:
    """Show the rows of a report over time, and beside each what `key` was in the period before."""

    def ask(sources: Sources, query: ReportQuery) -> Content:
        rows = REPORTS[report](sources, query).rows
        before = [row[key] for row in REPORTS[report](sources, query.previous()).rows]
        # Of months, the period before may have one more or less.
        beside = zip_longest(rows, before[: len(rows)])
        return {"rows": [{**row, "previous": value} for row, value in beside]}

    return ask


def summary(sources: Sources, query: ReportQuery) -> Content:
    """Show the period in numbers, and how each changed since the period before."""
    now, before = of_whole(sources, [query, query.previous()])
    changes = {key: change(value, before[key]) for key, value in now.items()}
    return {"now": now, "before": before, "changes": changes}


def trend(report: Report, key: str, kind: str) -> Ask:
    """Show one number of a report over time, as a line in a box of 100 by 30."""

    def ask(sources: Sources, query: ReportQuery) -> Content:
        values = [row[key] for row in report(sources, query).rows if row[key] is not None]
        return {"values": values, "line": _line(values), "kind": kind}

    return ask


def _line(values: Sequence[float]) -> str:
    most = max(values, default=0) or 1
    step = 100 / max(len(values) - 1, 1)
    return " ".join(f"{index * step:.1f},{30 - 28 * value / most:.1f}" for index, value in enumerate(values))


def searches(sources: Sources, query: ReportQuery) -> Content:
    """Show what is searched for; whether it is found only where no filter leaves out what was opened."""
    answer = REPORTS["searches"](sources, query)
    unknown = {} if _OPENING_IS_LEFT_OUT.isdisjoint(query.filters) else {"clickThrough": None, "averageRank": None}
    return {"rows": [{**row, **unknown} for row in answer.rows], "total": answer.total}


def found_nothing(sources: Sources, query: ReportQuery) -> Content:
    """Show the searches that found nothing, of the most frequent ones, by how often they did not."""
    rows = REPORTS["searches"](sources, replace(query, limit=MOST_TERMS)).rows
    empty = sorted((row for row in rows if row["noResults"]), key=lambda row: (-row["noResults"], row["term"]))
    return {"rows": empty[: query.limit], "total": len(empty)}


def retention(sources: Sources, query: ReportQuery) -> Content:
    """Show who stayed."""
    rows = REPORTS["retention"](sources, query).rows
    return {"rows": rows, "weeks": max((len(row["weeks"]) for row in rows), default=0)}


def anomalies(sources: Sources, query: ReportQuery) -> Content:
    """Show what was out of the ordinary, the latest first; what of it is marked on the chart of active users."""
    answer = REPORTS["anomalies"](sources, query)
    rows = sorted(answer.rows, key=lambda row: (row["date"], abs(row["score"])), reverse=True)
    marks = [{**row, "at": _interval(row, query)} for row in answer.rows if row["series"] == "activeUsers"]
    is_too_early = {"series": "activeUsers", "reason": "too_short"} in answer.more["skipped"]
    return {
        "rows": rows[: query.limit],
        "total": len(rows),
        "marks": marks,
        "is_too_early": is_too_early,
        **answer.more,
    }


def _interval(row: Row, query: ReportQuery) -> str:
    return query.interval_of(date.fromisoformat(row["date"])).isoformat()


def choices(sources: Sources, query: ReportQuery) -> Content:
    """Show from where events come, and from where they are asked for."""
    found = seen.origins(sources, query)
    return {"found": {name: sorted({*values, *query.filters.get(name, ())}) for name, values in found.items()}}

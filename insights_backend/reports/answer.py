"""What every report is given beside its question, and what it answers with."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from insights_backend.model.total_users import TotalUsers
from insights_backend.reports.query import ReportQuery
from insights_backend.warehouse.engine import Engine

Row = dict[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class Sources:
    """Where reports find what they count.

    Args:
        engine: the warehouse, which knows the events.
        total_users: how many people could use this service's own portal, as its catalog says now; None where it never
            told.
        members: how many members each of some groups has, by the group's ref; None where the catalog does not tell.
    """

    engine: Engine
    total_users: Callable[[], TotalUsers | None]
    members: Callable[[Sequence[str]], Mapping[str, int | None]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """The rows of a report.

    Args:
        rows: one an interval, or one a thing that is ranked.
        total: how many rows a ranked list had before its limit; None where there is no limit.
        more: what else the answer says, by name.
    """

    rows: list[Row]
    total: int | None = None
    more: Mapping[str, Any] = field(default_factory=dict)


Report = Callable[[Sources, ReportQuery], Answer]


def ranked(sources: Sources, query: ReportQuery, sql: str) -> Answer:
    """Ask for a ranked list.

    Args:
        sources: where to ask.
        query: the question, whose parameters the SQL uses.
        sql: what is asked; its rows have a last column `total`, of how many there are without the limit.
    """
    rows = sources.engine.rows(sql, query.parameters())
    totals = [row.pop("total") for row in rows]
    return Answer(rows=rows, total=totals[0] if totals else 0)

"""What every report is given beside its question, and what it answers with."""

from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextvars import copy_context
from dataclasses import dataclass, field
from typing import Any, TypeVar

from insights_backend.model.total_users import TotalUsers
from insights_backend.reports.query import ReportQuery
from insights_backend.warehouse.engine import Engine

Row = dict[str, Any]
Found = TypeVar("Found")


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


def at_once(*questions: Callable[[], Found]) -> list[Found]:
    """Ask at the same time what does not need one another's answer, and return the answers in that order.

    One question has stretches in which it uses a single processor, and a server is not waited for several times. Each
    knows the request that it is asked for, and its log lines name it.
    """
    with ThreadPoolExecutor(len(questions)) as pool:
        # A copy for each, since a context can be in one thread at a time only.
        return [asked.result() for asked in [pool.submit(copy_context().run, question) for question in questions]]


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

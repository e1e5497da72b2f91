"""The report `searches` counted again in plain Python, by the words of its definition. Slow and obvious."""

from collections import defaultdict
from datetime import timedelta
from itertools import pairwise
from math import isfinite
from typing import Any

from insights_backend.reports.query import ReportQuery
from tests.recount import Record, moment, users, within

_TYPING = timedelta(seconds=10)
_FOLLOWS = timedelta(minutes=5)
_WHITE_SPACE = "".join(chr(code) for code in range(0x10000) if chr(code).isspace() and not 0x1C <= code <= 0x1F)


def term_of(record: Record) -> str:
    return str(record["subject"]).strip(_WHITE_SPACE).lower()


def searches(records: list[Record], query: ReportQuery) -> tuple[list[Record], int]:
    by_term: defaultdict[str, list[tuple[Record, list[Record]]]] = defaultdict(list)
    for search, found in counted(within(records, query)):
        by_term[term_of(search)].append((search, found))
    rows = [_row(term, of_term) for term, of_term in by_term.items()]
    rows.sort(key=lambda row: (-row["searches"], row["term"].encode()))
    return rows[: query.limit], len(rows)


def counted(records: list[Record]) -> list[tuple[Record, list[Record]]]:
    """The searches that count, each with what was discovered by it."""
    of_nobody = [(r, list[Record]()) for r in records if r["action"] == "search" and not r["user"]]
    return of_nobody + [pair for user in users(records) for pair in _of_user([r for r in records if r["user"] == user])]


def _of_user(records: list[Record]) -> list[tuple[Record, list[Record]]]:
    typed = sorted((r for r in records if r["action"] == "search"), key=_order)
    whole = [now for now, after in pairwise(typed) if not _typed_on(now, after)] + typed[-1:]
    found = [r for r in records if r["action"] == "discover"]
    return [
        (now, [r for r in found if _follows(r, now) and not (after and moment(r) >= moment(after))])
        for now, after in zip(whole, [*whole[1:], None], strict=False)
    ]


def _order(record: Record) -> tuple[Any, ...]:
    value = record["value"]
    return moment(record), term_of(record).encode(), value is None, value or 0


def _typed_on(now: Record, after: Record) -> bool:
    one, other = term_of(now), term_of(after)
    return moment(after) - moment(now) <= _TYPING and (one.startswith(other) or other.startswith(one))


def _follows(found: Record, search: Record) -> bool:
    return timedelta() <= moment(found) - moment(search) <= _FOLLOWS


def _row(term: str, of_term: list[tuple[Record, list[Record]]]) -> Record:
    searched = [search for search, _ in of_term]
    ranks = [r["value"] for _, found in of_term for r in found if r["value"] is not None]
    rank = sum(ranks) / len(ranks) if ranks else None
    return {
        "term": term,
        "searches": len(of_term),
        "users": len(users(searched)),
        "noResults": sum(search["value"] == 0 for search in searched),
        "clickThrough": sum(bool(found) for _, found in of_term) / len(of_term),
        "averageRank": rank if rank is not None and isfinite(rank) else None,
    }

"""The report `benchmark` counted again in plain Python, by the words of its definition."""

from collections.abc import Sequence
from dataclasses import replace

from insights_backend.reports.query import ReportQuery
from tests import recount
from tests.recount import Record, within
from tests.recount_adoption import Told, total

_METRICS = ["events", "activeUsers", "newUsers", "sessions", "adoption", "stickiness"]
_ENOUGH = 5


def benchmark(records: list[Record], recorded: list[Told], query: ReportQuery) -> list[Record]:
    def measured(asked: ReportQuery) -> Record:
        return recount.summary(records, asked, total(recorded, None, asked, asked.last))

    peers = {instance: measured(only(query, "instance", instance)) for instance in instances(records, query)}
    rows = rows_of(measured(query), measured(query.previous()), None)
    for row in rows:
        known = {instance: peer[row["metric"]] for instance, peer in peers.items() if peer[row["metric"]] is not None}
        if len(known) >= _ENOUGH:
            row["quartiles"] = quartiles(sorted(known.values()))
            row["position"] = position(row["value"], known, query.filters.get("instance", ()))
    for group in dict.fromkeys(query.filters.get("group", ())):
        asked = only(query, "group", group)
        rows += rows_of(measured(asked), measured(asked.previous()), group)
    return rows


def only(query: ReportQuery, name: str, value: str) -> ReportQuery:
    return replace(query, filters={**query.filters, name: (value,)})


def instances(records: list[Record], query: ReportQuery) -> set[str]:
    everywhere = replace(query, filters={name: v for name, v in query.filters.items() if name != "instance"})
    return {record["instance"] for record in within(records, everywhere)}


def rows_of(now: Record, before: Record, group: str | None) -> list[Record]:
    rows = []
    for metric in _METRICS:
        value, previous = now[metric], before[metric]
        unknown = value is None or previous is None or previous == 0
        change = None if unknown else (value - previous) / previous
        compared = {"metric": metric, "value": value, "previous": previous, "change": change}
        rows.append({**compared, "quartiles": None, "position": None, "group": group})
    return rows


def quartiles(numbers: Sequence[float]) -> list[float]:
    """The numbers a quarter, a half and three quarters of the way from the least to the greatest."""
    found = []
    for quarter in (1, 2, 3):
        place, rest = divmod(quarter * (len(numbers) - 1), 4)
        above = numbers[min(place + 1, len(numbers) - 1)]
        found.append((numbers[place] * (4 - rest) + above * rest) / 4)
    return found


def position(value: float | None, known: dict[str, float], named: Sequence[str]) -> float | None:
    if value is None or len(set(named)) != 1:
        return None
    others = [number for instance, number in known.items() if instance not in named]
    return len([number for number in others if number <= value]) / len(others)

"""`benchmark`: how the period compares with the one before, with other instances, and group with group.

A row for each metric of `summary` but the total users. *Previous*: the same in the period of equal length before.
*Change*: (value - previous) / previous; null where previous is 0 or not known. *Quartiles*: of the metric over all
instances with an event in the period, whatever the filter `instance` says, as the first quartile, median and third
quartile, linear between the two nearest values (the inclusive method of Python's `statistics.quantiles`). *Position*:
where the question is about one instance, the share of the others whose metric is at most as great. Both are null with
fewer than five instances of which the metric is known: of so few, a number could be told to be a certain portal's.

Where the filter `group` names groups, the rows of everything that is asked for are followed by each group's own: these
are compared with each other, and not with instances.
"""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from functools import partial
from statistics import quantiles

from insights_backend.reports.answer import Answer, Row, Sources
from insights_backend.reports.at_once import at_once
from insights_backend.reports.measures import change, of_groups, of_instances
from insights_backend.reports.query import ReportQuery

METRICS = ("events", "activeUsers", "newUsers", "sessions", "adoption", "stickiness")
"""What is compared, in the order of the rows."""

_FEWEST = 5
# Of all times, which the projection `arrivals` knows: where there were never enough, there are not in a period.
_INSTANCES = "SELECT count() AS instances FROM (SELECT instance FROM {table} WHERE {where_ever} GROUP BY instance)"

_Number = int | float
_Known = Mapping[str, _Number]


def report(sources: Sources, query: ReportQuery) -> Answer:
    """Answer with a row for each metric of the whole, and then of each group that is named."""
    own, rows = _only_instance(query), []
    (peers,), (now, before) = at_once(lambda: [_peers(sources, query)], partial(of_groups, sources, query))
    for group, measured in now.items():
        for metric in METRICS:
            value, known = measured[metric], {} if group else _known(metric, peers)
            compared = {"metric": metric, **_compared(value, before[group][metric]), **_placed(value, known, own)}
            rows.append({**compared, "group": group or None})
    return Answer(rows=rows)


def _only_instance(query: ReportQuery) -> str | None:
    named = set(query.filters.get("instance", ()))
    return named.pop() if len(named) == 1 else None


def _peers(sources: Sources, query: ReportQuery) -> dict[str, Row]:
    """Measure all instances, unless they are too few to be shown."""
    others = {name: values for name, values in query.filters.items() if name != "instance"}
    everywhere = replace(query, filters=others)
    sql = _INSTANCES.format(table=everywhere.table("instance"), where_ever=everywhere.where_ever())
    (found,) = sources.engine.rows(sql, everywhere.parameters())
    return of_instances(sources, everywhere) if found["instances"] >= _FEWEST else {}


def _known(metric: str, peers: Mapping[str, Row]) -> _Known:
    return {instance: row[metric] for instance, row in peers.items() if row[metric] is not None}


def _compared(value: _Number | None, previous: _Number | None) -> Row:
    return {"value": value, "previous": previous, "change": change(value, previous)}


def _placed(value: _Number | None, known: _Known, own: str | None) -> Row:
    if len(known) < _FEWEST:
        return {"quartiles": None, "position": None}
    others = [number for instance, number in known.items() if instance != own]
    return {
        "quartiles": quantiles(known.values(), n=4, method="inclusive"),
        "position": None if own is None or value is None else _share_at_most(value, others),
    }


def _share_at_most(value: _Number, numbers: Sequence[_Number]) -> float:
    return sum(number <= value for number in numbers) / len(numbers)

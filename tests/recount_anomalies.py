"""What the report `anomalies` counts and compares, again in plain Python, by the words of its definition."""

from collections import defaultdict
from collections.abc import Callable, Iterable
from datetime import date, timedelta
from math import asinh, expm1, log, pi, sqrt
from statistics import median
from typing import TypeVar

from insights_backend.reports.anomaly.unusual import Finding
from insights_backend.reports.query import ReportQuery
from tests.recount import Record, day_of, users, within
from tests.recount_searches import counted, term_of

Key = TypeVar("Key")
Measure = Callable[[list[Record]], int]


def _active(records: list[Record]) -> int:
    return len(users(records))


def of_series(name: str, records: list[Record], query: ReportQuery) -> tuple[list[Record], Measure]:
    """The events that a series is made of, and how it counts them."""
    events = within(records, query)
    match name.partition(":"):
        case ("activeUsers", _, _):
            return events, _active
        case ("searchesWithoutResults", _, _):
            return [search for search, _ in counted(events) if search["value"] == 0], len
        case ("plugin", _, plugin):
            return [event for event in events if event["pluginId"] == plugin], len
        case ("group", _, _):
            return [event for event in events if name in event["groups"]], _active
    return events, len


def names(records: list[Record], query: ReportQuery) -> list[str]:
    """All series that count anything."""
    events = within(records, query)
    plugins = {f"plugin:{event['pluginId']}" for event in events}
    groups = {group for event in events for group in event["groups"]}
    everyone = {"activeUsers", "events", "searchesWithoutResults"}
    return [name for name in everyone | plugins | groups if counts(name, records, query)[1]]


def counts(name: str, records: list[Record], query: ReportQuery) -> tuple[date, list[int]]:
    """The first day of a series that counts anything, and its counts from then on, a day each."""
    events, measure = of_series(name, records, query)
    by_day = _by(events, lambda event: [day_of(event, query)])
    days = [query.first + timedelta(number) for number in range(query.days)]
    whole = [measure(by_day.get(day, [])) for day in days]
    begin = next((place for place, count in enumerate(whole) if count), len(whole))
    return query.first + timedelta(begin), whole[begin:]


def contributors(name: str, finding: Finding, records: list[Record], query: ReportQuery) -> list[Record]:
    """What moved a series on a day by a tenth of the whole or more, in its direction."""
    day, distance = date.fromordinal(finding.day), finding.actual - finding.expected
    query = query.since(day - timedelta(finding.gap + 35))
    events, measure = of_series(name, records, query)
    keys: dict[str, Callable[[Record], Iterable[str]]] = {
        "plugin": lambda event: [event["pluginId"]],
        "group": lambda event: event["groups"],
        "page": lambda event: [event["subject"]] if event["view"] else [],
        "term": lambda event: [term_of(event)],
    }
    parts: list[Record] = []
    for dimension in _movers(name):
        moved: list[Record] = [
            {"dimension": dimension, "key": key, **_moved(of_key, measure, day, finding.gap, query)}
            for key, of_key in _by(events, keys[dimension]).items()
            if key
        ]
        far = [part for part in moved if (part["actual"] - part["expected"]) / distance >= 0.1]
        parts += sorted(far, key=lambda part: (-_distance(part), part["key"].encode()))[:3]
    return sorted(parts, key=_distance, reverse=True)


def _movers(name: str) -> tuple[str, ...]:
    if name == "searchesWithoutResults":
        return ("term",)
    if name.startswith("plugin:"):
        return ("group", "page")
    return ("plugin", "page") if name.startswith("group:") else ("plugin", "group", "page")


def _moved(events: list[Record], measure: Measure, day: date, gap: int, query: ReportQuery) -> dict[str, int]:
    by_day = _by(events, lambda event: [day_of(event, query)])
    before = [measure(by_day.get(day - timedelta(gap + 7 * week), [])) for week in range(1, 6)]
    return {"actual": measure(by_day.get(day, [])), "expected": sorted(before)[2]}


def _distance(part: Record) -> int:
    return abs(int(part["actual"]) - int(part["expected"]))


def _by(events: list[Record], keys: Callable[[Record], Iterable[Key]]) -> dict[Key, list[Record]]:
    groups: defaultdict[Key, list[Record]] = defaultdict(list)
    for event in events:
        for key in keys(event):
            groups[key].append(event)
    return groups


def unusual(
    counted_: list[int], week: list[float], noise: float, day: int, holidays: set[int]
) -> tuple[float, float] | None:
    """The score of a day and what was expected of it, if it is unusual. Days are places in the counts."""

    def level(of: int) -> float:
        return log(1 + counted_[of]) - week[of % 7]

    def place(count: float) -> float:
        return 2 / 0.05 * asinh(0.05 * sqrt(count + 3 / 8 * noise * noise)) / noise

    if day < 35:
        return None
    ordinary = [level(of) for of in range(day) if of not in holidays]
    scores = []
    for levels in (ordinary[-28:], ordinary[-7:], [level(day - 7 * back) for back in (1, 2, 3, 4, 5)]):
        expected = max(0.0, expm1(median(levels) + week[day % 7]))
        doubt = sqrt(1 + pi / 2 / len(levels))
        scores.append(((place(counted_[day]) - place(expected)) / doubt, expected))
    below = all(score < -4.5 for score, _ in scores) and day not in holidays
    above = all(score > 4.5 for score, _ in scores)
    return min(scores, key=lambda pair: abs(pair[0])) if above or below else None

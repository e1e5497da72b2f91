"""The series in which anomalies are looked for: what each counts, and how the engine takes it apart."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any

from insights_backend.reports.anomaly.series import STEADINESS, Series
from insights_backend.reports.query import EPOCH, ReportQuery
from insights_backend.reports.searches import RUNS
from insights_backend.warehouse.engine import Engine

_EVENTS = ("sum", "events")
_USERS = ("uniqExactIf", "userKey, userKey != 0")
_ROWS = ("count", "")

DIMENSIONS: Mapping[str, str] = {"plugin": "pluginId", "group": "arrayJoin(groups)", "page": "page", "term": "term"}
"""What can move a series, by name, as the engine calls it."""

# Whether a search counts hangs on the user's next within ten seconds: of the others, those near one without results do.
_WITHOUT_RESULTS = """
(SELECT toStartOfFifteenMinutes(fromUnixTimestamp64Milli(run[1].1, 'UTC')) AS quarter, run[1].3 AS term FROM ({runs})
WHERE NOT run[1].2 AND run[1].4 = 0) WHERE true
"""
# User and ten seconds are mixed into one number, which is looked up in half the time; others that make the same one do
# no harm.
_NEAR_ONE_WITHOUT_RESULTS = """
userKey + 0x9E3779B97F4A7C15 * toUInt64(intDiv(toUnixTimestamp64Milli(time), 10000)) GLOBAL IN (
    SELECT arrayJoin([tenSeconds, tenSeconds + 0x9E3779B97F4A7C15]) FROM (
        SELECT userKey + 0x9E3779B97F4A7C15 * toUInt64(intDiv(toUnixTimestamp64Milli(time), 10000)) AS tenSeconds
        FROM {table} WHERE value = 0 AND {searched}))
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Kind:
    """A series, or one for each plugin or group.

    Args:
        prefix: what the names begin with.
        of: the dimension of which each has a series; None where there is but one.
        counting: the engine's function that counts, and its arguments.
        movers: the dimensions in which to look for what moved it.
        searches: whether only searches without results are counted.
    """

    prefix: str
    of: str | None = None
    counting: tuple[str, str]
    movers: tuple[str, ...]
    searches: bool = False

    @property
    def counted(self) -> str:
        """Write the count."""
        function, arguments = self.counting
        return f"{function}({arguments})"

    def counted_daily(self, query: ReportQuery) -> str:
        """Write the counts of each day of a question, as an array."""
        function, arguments = self.counting
        begin = (query.first - EPOCH).days
        days = f"toInt32({query.day()})"
        return f"{function}Resample({begin}, {begin + query.days}, 1)({f'{arguments}, {days}' if arguments else days})"

    @property
    def key(self) -> str:
        """Write what tells the series of this kind apart."""
        return DIMENSIONS[self.of] if self.of else "''"

    def source(self, query: ReportQuery, *asked: str) -> str:
        """Write where the counted comes from, as what stands between FROM and GROUP BY.

        Args:
            query: of which days and filters.
            asked: the dimensions that must be known beside its own.
        """
        if self.searches:
            table, searched = query.table("search"), f"action = 'search' AND {query.where()}"
            near = _NEAR_ONE_WITHOUT_RESULTS.format(table=table, searched=searched)
            return _WITHOUT_RESULTS.format(runs=RUNS.format(table=table, where=f"{searched} AND {near}"))
        known = [*asked, self.of] if self.of else [*asked]
        if "page" in asked:  # which views alone have
            known.append("view")
        return f"{query.table(*known)} WHERE {query.where()}"


KINDS = (
    Kind(prefix="activeUsers", counting=_USERS, movers=("plugin", "group", "page")),
    Kind(prefix="events", counting=_EVENTS, movers=("plugin", "group", "page")),
    Kind(prefix="searchesWithoutResults", counting=_ROWS, movers=("term",), searches=True),
    Kind(prefix="plugin:", of="plugin", counting=_EVENTS, movers=("group", "page")),
    Kind(prefix="", of="group", counting=_USERS, movers=("plugin", "page")),
)
"""All series, the portal's own two first. A group's is named as the group itself."""

_COUNTED = "SELECT {key} AS key, {counted} AS whole FROM {source} GROUP BY key"

# A single odd day would bend trend and week of all days near it: what goes into the decomposition is the median of the
# same weekday in five weeks, as far as there are so many. Weeks grow with the level, so it is of logarithms. A few days
# are filled up to the two weeks that the decomposition needs; nobody looks at what comes of them.
_DECOMPOSED = """
SELECT key, place, counts, week, arrayReduce('median', arrayMap((count, usual) ->
    abs(count - usual) / sqrt(1 + usual + pow({{steadiness:Float64}} * usual, 2)), counts,
    arrayMap((trend, number) -> greatest(0, exp(trend + week[(number - 1) % 7 + 1]) - 1), parts[2], numbers))) AS wobble
FROM (
    SELECT key, place, counts, numbers, parts, arrayMap(weekday -> arrayReduce('median', arrayFilter(
        (season, number) -> (number - 1) % 7 = weekday, parts[1], numbers)), range(7)) AS week
    FROM (
        SELECT key, place, counts, arrayEnumerate(counts) AS numbers, arrayMap(count -> log(1 + count), counts) AS logs,
            arrayMap((a, b, c, d, e) -> arrayReduce('median', arrayFilter(log -> log >= 0, [a, b, c, d, e])),
                arrayShiftRight(logs, 14, -1.), arrayShiftRight(logs, 7, -1.), logs,
                arrayShiftLeft(logs, 7, -1.), arrayShiftLeft(logs, 14, -1.)) AS usual,
            arrayMap(part -> arrayResize(part, length(counts)), arraySlice(
                seriesDecomposeSTL(arrayResize(usual, greatest(14, length(usual))), 7), 1, 2)) AS parts
        FROM (SELECT key, arrayFirstIndex(count -> count > 0, whole) AS place, arraySlice(whole, place) AS counts
            FROM ({counted}) WHERE place > 0)))
ORDER BY key
"""


def daily_series(engine: Engine, query: ReportQuery, kind: Kind) -> list[Series]:
    """Count and decompose the series of a kind, each from its first day with any count.

    Args:
        engine: where the events are.
        query: of which days and filters.
        kind: which series.

    Returns:
        Those that count anything, by their names.
    """
    counted = _COUNTED.format(key=kind.key, counted=kind.counted_daily(query), source=kind.source(query))
    return decomposed(engine, counted, query.parameters(), query.first, kind.prefix)


def decomposed(engine: Engine, counted: str, given: Mapping[str, Any], first: date, prefix: str) -> list[Series]:
    """Decompose series by the engine's STL into their weeks and the rest.

    Args:
        engine: what decomposes them.
        counted: a SELECT of `key` and `whole`, which has a count a day, zeros included.
        given: its parameters.
        first: the day of the first count.
        prefix: what the series' names begin with; the key follows.
    """
    rows = engine.rows(_DECOMPOSED.format(counted=counted), {**given, "steadiness": STEADINESS})
    return [
        Series(
            prefix + row["key"],
            first.toordinal() + row["place"] - 1,
            row["counts"],
            row["week"],
            # The median absolute deviation, as a standard deviation.
            max(1.0, 1.4826 * row["wobble"]),
        )
        for row in rows
    ]

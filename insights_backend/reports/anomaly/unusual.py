"""Which days of a series are unusual, and by how much.

A day is compared with what the days before it foretell, in three ways: with the level of the seven days before, with
that of the 28 days before, and with the same weekday of the five weeks before; each time the median counts, so that a
few odd days foretell nothing. It is unusual if it lies outside of what all three allow, on the same side. So a level
that has changed is unusual for about four days, what comes back every week for about three weeks; and who comes back
to the level of a month ago is not unusual at all. The *expected* count is the nearest of the three.

The *score* is the distance from it in standard deviations, beyond `LIMIT` of which a day is unusual. One standard
deviation is what chance does to a count (Poisson) plus five percent, times the series' own noise, and a little more
since a median of few days is not exact either.

Holidays foretell nothing, and are no drops.
"""

from collections.abc import Iterable, Iterator, Set
from dataclasses import dataclass
from itertools import accumulate
from math import ceil, floor, pi, sqrt
from statistics import fmean, median

from insights_backend.reports.anomaly.series import STEADINESS, Series

LIMIT = 4.5
"""How many standard deviations from the expected count a day must lie to be unusual."""

HISTORY = 35
"""How many days a series must have before a day can be judged."""

_NEAR, _FAR, _WEEKS = 7, 28, 5


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """A day that is out of the ordinary.

    Args:
        day: in the numbers of `date.toordinal`.
        actual: its count.
        expected: what it would usually have been.
        low: the least count that would not have been unusual.
        high: the largest that would not have been.
        score: how many standard deviations it is above the expected count; negative if below.
        gap: how many days lie between it and what it is compared with.
    """

    day: int
    actual: int
    expected: float
    low: int
    high: int
    score: float
    gap: int = 0


class Past:
    """What the days before a day foretell.

    Args:
        series: the days.
        holidays: those of them that foretell nothing.
    """

    def __init__(self, series: Series, holidays: Set[int]) -> None:
        self._begin = series.begin
        ordinary = [day not in holidays for day in range(series.begin, series.end)]
        self._levels = [level for level, counts in zip(series.levels, ordinary, strict=True) if counts]
        self._until = list(accumulate(ordinary, initial=0))

    def level(self, day: int, size: int) -> float:
        """Return the median level of so many ordinary days before a day, or of as many as there are."""
        until = self._until[day - self._begin]
        return median(self._levels[max(0, until - size) : until])


def too_thin(series: Series) -> bool:
    """Tell whether even a day without any would not be unusual."""
    return series.spread(fmean(series.counts)) - series.spread(0) <= LIMIT


def unusual_days(series: Series, days: Iterable[int], holidays: Set[int]) -> list[Finding]:
    """Find the unusual ones of some days.

    Args:
        series: what is counted.
        days: the days to judge; those without enough history are left out.
        holidays: the days that are no drops and foretell nothing.
    """
    past = Past(series, holidays)
    found = (_judged(series, past, day) for day in days if day >= series.begin + HISTORY)
    return [finding for finding in found if finding and (finding.score > 0 or finding.day not in holidays)]


def _judged(series: Series, past: Past, day: int) -> Finding | None:
    # Most days end here: so near, no score can reach the limit.
    if abs(series.level(day) - past.level(day, _FAR)) < LIMIT * STEADINESS:
        return None
    return _outside(series, day, _foretold(series, past, day))


def _foretold(series: Series, past: Past, day: int) -> Iterator[tuple[int, float]]:
    """Yield the levels to compare a day with, each after the number of days that it is the median of."""
    yield _FAR, past.level(day, _FAR)
    yield _NEAR, past.level(day, _NEAR)
    yield _WEEKS, median(series.level(day - 7 * week) for week in range(1, _WEEKS + 1))


def _outside(series: Series, day: int, foretold: Iterable[tuple[int, float]]) -> Finding | None:
    actual = series.count(day)
    references, scores = [], []
    for size, level in foretold:
        expected = series.expected(day, level)
        place = series.spread(expected)
        # The median of n days has a variance of pi / 2n of one day's.
        deviation = sqrt(1 + pi / 2 / size)
        score = (series.spread(actual) - place) / deviation
        if abs(score) <= LIMIT:
            return None
        references.append((place, deviation))
        scores.append((score, expected))
    if min(scores)[0] < 0 < max(scores)[0]:
        return None
    score, expected = min(scores, key=_distance)
    low = ceil(min(series.count_at(place - LIMIT * deviation) for place, deviation in references))
    high = floor(max(series.count_at(place + LIMIT * deviation) for place, deviation in references))
    return Finding(day=day, actual=actual, expected=expected, low=low, high=high, score=score)


def _distance(scored: tuple[float, float]) -> float:
    return abs(scored[0])

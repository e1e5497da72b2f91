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

from bisect import bisect_left, insort
from collections.abc import Iterable, Iterator, Sequence, Set
from dataclasses import dataclass
from itertools import accumulate, compress
from math import ceil, floor, nan, pi, sqrt
from statistics import fmean, median

from insights_backend.reports.anomaly.series import Series

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
    """What the days of a series foretell.

    Args:
        series: the days.
        holidays: those of them that are no drops and foretell nothing.
    """

    def __init__(self, series: Series, holidays: Set[int]) -> None:
        self.series = series
        self.holidays = holidays
        ordinary = [day not in holidays for day in range(series.begin, series.end)]
        self._levels = list(compress(series.levels, ordinary))
        self._until = list(accumulate(ordinary, initial=0))

    def level(self, day: int, size: int) -> float:
        """Return the median level of so many ordinary days before a day, or of as many as there are."""
        until = self._until[day - self.series.begin]
        return median(self._levels[max(0, until - size) : until])

    def levels(self, days: range, size: int) -> list[float]:
        """Return the same of each of some days in a row."""
        until = self._until[days.start - self.series.begin : days.stop - self.series.begin]
        begin = max(0, until[0] - size) if until else 0
        medians = _rolling_medians(self._levels[begin:], size)
        return [medians[place - begin] for place in until]


def too_thin(series: Series) -> bool:
    """Tell whether even a day without any would not be unusual."""
    return series.spread(fmean(series.counts)) - series.spread(0) <= LIMIT


def unusual_days(past: Past, days: range) -> list[Finding]:
    """Find the unusual ones of some days; those without enough history are left out."""
    series = past.series
    judged = range(max(days.start, series.begin + HISTORY), days.stop)
    # Most days end here: so near, no score can reach the limit.
    near = LIMIT / series.steepest()
    suspects = [
        day
        for day, level in zip(judged, past.levels(judged, _FAR), strict=True)
        if abs(series.level(day) - level) > near
    ]
    found = (_outside(series, day, _foretold(past, day)) for day in suspects)
    return [finding for finding in found if finding and (finding.score > 0 or finding.day not in past.holidays)]


def _rolling_medians(values: Sequence[float], size: int) -> list[float]:
    """Return the median of the so many values before each place, or of as many as there are, and that after all."""
    window: list[float] = []
    medians = [nan]
    for place, value in enumerate(values):
        if place >= size:
            del window[bisect_left(window, values[place - size])]
        insort(window, value)
        medians.append((window[(len(window) - 1) // 2] + window[len(window) // 2]) / 2)
    return medians


def _foretold(past: Past, day: int) -> Iterator[tuple[int, float]]:
    """Yield the levels to compare a day with, each after the number of days that it is the median of."""
    series = past.series
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

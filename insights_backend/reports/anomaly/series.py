"""A count a day, split into a level, the usual week, and noise; and the scale on which counts of all sizes compare."""

from collections.abc import Sequence
from math import asinh, expm1, log1p, sinh, sqrt

STEADINESS = 0.05
"""By how much the days of a large and steady crowd differ all the same, as a share."""

_NEARLY_NONE = 3 / 8  # Anscombe's: with it, the square root of a Poisson count spreads alike from four a day on


class Series:
    """A count a day without gaps, and how much of it is the weekday's doing.

    Args:
        name: what is counted.
        begin: the first day, in the numbers of `date.toordinal`.
        counts: one a day.
        week: of the first seven days, how far days like them usually lie above the level; natural logarithms.
        noise: how many times more than a steady crowd's the days differ by chance; 1 or more.
    """

    def __init__(self, name: str, begin: int, counts: Sequence[int], week: Sequence[float], noise: float) -> None:
        self.name = name
        self.begin = begin
        self.end = begin + len(counts)
        self.counts = counts
        self.week = week
        self.noise = noise
        # The level that each day speaks for: its count without the weekday's doing, as a logarithm.
        self.levels = [log1p(count) - week[place % 7] for place, count in enumerate(counts)]

    def count(self, day: int) -> int:
        """Return a day's count."""
        return self.counts[day - self.begin]

    def level(self, day: int) -> float:
        """Return the level that a day speaks for."""
        return self.levels[day - self.begin]

    def expected(self, day: int, level: float) -> float:
        """Return the count that a level means on a day."""
        return max(0.0, expm1(level + self.week[(day - self.begin) % 7]))

    def spread(self, count: float) -> float:
        """Put a count on a scale on which chance moves counts of all sizes alike, about 1 up or down.

        Where chance adds a variance of `count + (STEADINESS * count)²`, times `noise²`, this is the transformation
        that makes it constant (F. J. Anscombe, The transformation of Poisson, binomial and negative-binomial data,
        Biometrika 35, 1948).
        """
        steady = sqrt(count + _NEARLY_NONE * self.noise**2)
        return 2 / STEADINESS * asinh(STEADINESS * steady) / self.noise

    def steepest(self) -> float:
        """Return how far a place on that scale moves, at most, when the level moves by one: at the largest count."""
        largest = max(1.0, expm1(max(self.levels) + max(self.week)))
        steady = largest + _NEARLY_NONE * self.noise**2
        return (1 + largest) / (self.noise * sqrt(steady * (1 + STEADINESS**2 * steady)))

    def count_at(self, spread: float) -> float:
        """Return the count that stands at a place on that scale; none where it is below all counts."""
        steady = sinh(max(spread, 0.0) * self.noise * STEADINESS / 2) / STEADINESS
        return max(0.0, steady**2 - _NEARLY_NONE * self.noise**2)

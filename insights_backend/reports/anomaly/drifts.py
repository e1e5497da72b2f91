"""Which series slide away slowly, too slowly for any one day to be unusual.

Once a week, on the series' busiest weekday, the level of two weeks is compared with that of two weeks, six weeks
before. It has drifted if it changed by more than a third up or a quarter down, and by more than chance would; the day
itself must lie outside of these bounds too. A drift is told when it shows, and not in the next three weeks; not at all
if three days of the same direction were unusual in these eight weeks, since then it was told.
"""

from math import ceil, exp, floor, log1p, pi, sqrt

from insights_backend.reports.anomaly.series import STEADINESS
from insights_backend.reports.anomaly.unusual import Finding, Past, unusual_days

_SIZE = 14
_GAP = 42
_LEAST = 0.28  # as a logarithm: a third up, a quarter down
_LIMIT = 5.0
_SILENCE = 21
_TOLD = 3


def drifts(past: Past, days: range) -> list[Finding]:
    """Find the days on which a drift shows, of some that are all over."""
    series = past.series
    busiest = max(range(7), key=lambda weekday: series.week[weekday])
    judged = [
        finding
        for day in range(days.start - _SILENCE, days.stop)
        if (day - series.begin) % 7 == busiest and day >= series.begin + _GAP + _SIZE and day not in past.holidays
        if (finding := _drifted(past, day))
    ]
    return [
        finding
        for finding in judged
        if finding.day in days and not _just_told(finding, judged) and not _unusual_before(past, finding)
    ]


def _drifted(past: Past, day: int) -> Finding | None:
    series = past.series
    before = past.level(day + 1 - _GAP, _SIZE)
    change = past.level(day + 1, _SIZE) - before
    if abs(change) <= _LEAST:  # as nearly always
        return None
    expected = series.expected(day, before)
    # Of a difference of two medians of n days the variance is pi / n of one day's; as a share of the count.
    deviation = series.noise * sqrt(1 / max(expected, 1.0) + STEADINESS**2) * sqrt(pi / _SIZE)
    bound = max(_LEAST, _LIMIT * deviation)
    changes = (change, log1p(series.count(day)) - log1p(expected))
    if min(changes) <= bound and max(changes) >= -bound:
        return None
    return Finding(
        day=day,
        actual=series.count(day),
        expected=expected,
        low=max(0, ceil((expected + 1) * exp(-bound) - 1)),
        high=floor((expected + 1) * exp(bound) - 1),
        score=change / deviation,
        gap=_GAP - 7,
    )


def _same_way(one: Finding, other: Finding) -> bool:
    return (one.score > 0) == (other.score > 0)


def _just_told(finding: Finding, judged: list[Finding]) -> bool:
    return any(0 < finding.day - other.day <= _SILENCE and _same_way(finding, other) for other in judged)


def _unusual_before(past: Past, finding: Finding) -> bool:
    days = range(finding.day - _GAP - _SIZE + 1, finding.day + 1)
    return sum(_same_way(finding, day) for day in unusual_days(past, days)) >= _TOLD

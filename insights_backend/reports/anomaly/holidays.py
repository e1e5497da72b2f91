"""Which working days were holidays, as far as the portal itself can tell.

There is no calendar to look at. But on a holiday the whole portal is as quiet as on a day of rest, and those few who
come do what they always do; in an outage those who come find little. *Days of rest* are the weekdays on which usually
less than half as many people are active as on the busiest one. A working day is a holiday if

- users and events are as few as on the days of rest: not over 1.6 times as many as on the busiest of them, nor under
  a 1.6th of the quietest, give or take chance;
- the events for each user are not fewer than on days of rest, by more than a fifth and chance; and
- it is one of the first five such working days in a row, and of the first two without any event.

A portal that is as busy on Sundays as on Mondays has no holidays, nor has one with too few people to tell.
"""

from math import log, sqrt
from statistics import fmean, median

from insights_backend.reports.anomaly.series import STEADINESS, Series
from insights_backend.reports.anomaly.unusual import HISTORY, LIMIT, too_thin

_ALIKE = 1.6
_BUSY = 1.25
_CHANCE = 2.5
_DAYS = 28
_LONGEST, _LONGEST_SILENT = 5, 2


def holidays(users: Series, events: Series) -> set[int]:
    """Find the holidays.

    Args:
        users: the active users of the whole portal.
        events: its events, of the same days or more.

    Returns:
        The days, in the numbers of `date.toordinal`.
    """
    rest = [place for place, weight in enumerate(users.week) if weight < max(users.week) - log(2)]
    if not rest or too_thin(users) or too_thin(events):
        return set()
    found: set[int] = set()
    in_a_row = silent = 0
    for day in range(users.begin + HISTORY, users.end):
        if (day - users.begin) % 7 in rest:
            continue
        resting = [day - (day - users.begin) % 7 + place for place in rest]
        quiet = _quiet(users, events, day, resting)
        in_a_row = in_a_row + 1 if quiet else 0
        silent = silent + 1 if quiet and not events.count(day) else 0
        if quiet and in_a_row <= _LONGEST and silent <= _LONGEST_SILENT:
            found.add(day)
    return found


def _quiet(users: Series, events: Series, day: int, resting: list[int]) -> bool:
    """Tell whether a day is like the days of rest of its week would usually be."""
    fewer, chance = [], 0.0
    for series in (users, events):
        level = median(map(series.level, range(day - _DAYS, day)))
        usual = [series.expected(other, level) for other in resting]
        place = series.spread(series.count(day))
        lowest, highest = series.spread(min(usual) / _ALIKE) - _CHANCE, series.spread(max(usual) * _ALIKE) + _CHANCE
        if not lowest <= place <= min(highest, series.spread(series.expected(day, level)) - LIMIT / 2):
            return False
        weight = fmean(series.week[(other - series.begin) % 7] for other in resting)
        fewer.append(series.level(day) + series.week[(day - series.begin) % 7] - level - weight)
        chance += series.noise**2 * (1 / max(min(usual), 1.0) + STEADINESS**2)
    return fewer[0] - fewer[1] <= log(_BUSY) + _CHANCE * sqrt(chance)

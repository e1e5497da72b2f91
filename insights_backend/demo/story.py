"""What happens in the made-up portal, day by day: working weeks, holidays, outages, and plugins that are launched."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from math import exp

_WEEK = (0.95, 1.05, 1.05, 1.0, 0.8, 0.06, 0.05)  # Monday to Sunday
_HOLIDAYS = {(1, 1), (1, 6), (5, 1), (10, 3), (11, 1), (12, 24), (12, 25), (12, 26), (12, 31)}
_HOLIDAY, _CHRISTMAS, _SUMMER = 0.07, 0.5, 0.8
_OUTAGE_HOURS = range(8, 15)
_WEDNESDAY = 2
_NOVELTY_DAYS = 25.0


@dataclass(frozen=True, slots=True)
class Plugin:
    """A plugin with a page of its own.

    Args:
        id: its id.
        page: its path.
        weight: how often it is looked at, among the others.
        launched: when it came, as a share of the story's length.
    """

    id: str
    page: str
    weight: float
    launched: float = 0.0


PLUGINS: Sequence[Plugin] = (
    Plugin("home", "/home", 5.0),
    Plugin("api-docs", "/api-docs", 2.5),
    Plugin("catalog-graph", "/catalog-graph", 0.8),
    Plugin("kubernetes", "/kubernetes", 1.5),
    Plugin("ci-cd", "/ci-cd", 2.0),
    Plugin("tech-radar", "/tech-radar", 0.4),
    Plugin("cost-insights", "/cost-insights", 1.2, launched=0.35),
    Plugin("tech-insights", "/tech-insights", 2.0, launched=0.7),
)


@dataclass(frozen=True, slots=True)
class Story:
    """The days that are told.

    Args:
        begin: the day from which people and plugins are dated, the first of a month: told again a few days later, the
            story is still the same.
        days: its length.
    """

    begin: date
    days: int

    @classmethod
    def up_to(cls, last: date, days: int) -> "Story":
        """Tell of so many days up to a last one."""
        return cls((last - timedelta(days - 1)).replace(day=1), days)

    def number(self, day: date) -> int:
        """Count a day from the beginning."""
        return (day - self.begin).days

    @staticmethod
    def crowd(day: date) -> float:
        """Return how many of those who might come do so on a day: 1 is an ordinary working day."""
        season = 1.0
        if (day.month, day.day) >= (12, 20) or (day.month, day.day) <= (1, 3):
            season = _CHRISTMAS
        elif (7, 15) <= (day.month, day.day) <= (8, 25):
            season = _SUMMER
        return season * (min(_HOLIDAY, _WEEK[day.weekday()]) if is_holiday(day) else _WEEK[day.weekday()])

    def weights(self, day: date) -> list[float]:
        """Return how often each of `PLUGINS` is looked at on a day; a new one draws a crowd at first."""
        return [self._weight(plugin, self.number(day) - plugin.launched * self.days) for plugin in PLUGINS]

    @staticmethod
    def _weight(plugin: Plugin, age: float) -> float:
        if plugin.launched == 0:
            return plugin.weight
        return 0.0 if age < 0 else plugin.weight * (1 + 4 * exp(-age / _NOVELTY_DAYS))


def is_holiday(day: date) -> bool:
    """Tell whether hardly anybody works, whatever the day of the week."""
    return (day.month, day.day) in _HOLIDAYS


def is_outage(day: date) -> bool:
    """Tell whether the portal is down for most of a working day: once a quarter, on a second Wednesday."""
    return day.month % 3 == 2 and day.weekday() == _WEDNESDAY and 8 <= day.day <= 14  # noqa: PLR2004 - the second week


def is_down(day: date, second: float) -> bool:
    """Tell whether the portal is down at a second of a day, in UTC."""
    return is_outage(day) and int(second // 3600) in _OUTAGE_HOURS

"""Portals that never were: counts a day, with weeks, growth, chance and holidays, and changes made on purpose."""

import math
from collections.abc import Sequence
from dataclasses import dataclass, field
from random import Random

BEFORE, ASKED = 13 * 7, 26 * 7
"""How many days are history, and how many are asked for after them. The first is a Monday."""

KINDS = ("spike", "drop", "shift", "drift")
DRIFT_DAYS = 42


@dataclass(frozen=True, slots=True)
class Habit:
    """How a series moves when nothing happens.

    Args:
        mean: its count on a usual working day.
        bunch: how many come together; the variance of a count is so many times its mean.
        wobble: by how much the days' means differ beyond that, as a share.
    """

    mean: float
    bunch: float = 1.0
    wobble: float = 0.0


@dataclass(frozen=True, slots=True)
class Change:
    """What was done to some series.

    Args:
        kind: a spike or a drop of a day or two, a level that shifts for good, or one that drifts for six weeks.
        day: its first day.
        days: how long it lasts; a shift and a drift never end.
        factors: by what each series is multiplied, by name.
        sizes: how many standard deviations of a day's own chance that is, by name.
    """

    kind: str
    day: int
    days: int
    factors: dict[str, float]
    sizes: dict[str, float]

    def on(self, name: str, day: int) -> float:
        """The factor of a series on a day."""
        over = self.kind in {"spike", "drop"} and day >= self.day + self.days
        if name not in self.factors or day < self.day or over:
            return 1.0
        grown = min(1.0, (day - self.day + 1) / DRIFT_DAYS) if self.kind == "drift" else 1.0
        return float(self.factors[name] ** grown)


@dataclass(slots=True)
class Portal:
    """The counts of a portal.

    Args:
        counts: one a day, by the series' names.
        changes: what was done to them.
        holidays: the days on which people were away.
    """

    counts: dict[str, list[int]]
    changes: list[Change] = field(default_factory=list)
    holidays: set[int] = field(default_factory=set)


def portal(seed: int, size: int, kinds: Sequence[str]) -> Portal:
    """Make a portal.

    Args:
        seed: the same one makes the same portal.
        size: its active users on a working day.
        kinds: the kinds of changes to make, in turn by chance; none makes a portal where nothing happens.
    """
    chance = Random(f"{seed} {size} {kinds}")  # noqa: S311 - the same portal each time is the point
    common = chance.uniform(0.02, 0.07)
    habits = _habits(chance, size)
    holidays = _holidays(chance)
    days = _days(chance, common, holidays)
    changes = _changes(chance, habits, common, kinds, holidays)
    counts = {
        name: [
            _count(chance, habit, habit.mean * share * math.prod(change.on(name, day) for change in changes))
            for day, share in enumerate(days)
        ]
        for name, habit in habits.items()
    }
    return Portal(counts, changes, holidays)


def _habits(chance: Random, size: int) -> dict[str, Habit]:
    """Somebody's visit is several events, so events come in bunches."""
    habits = {"activeUsers": Habit(size), "events": Habit(8 * size, chance.uniform(4, 12), 0.02)}
    for number, share in enumerate((0.4, 0.2, 0.1, 0.05, 0.02)):
        habits[f"plugin:{number}"] = Habit(8 * size * share, chance.uniform(2, 8), chance.uniform(0.02, 0.06))
    for number, share in enumerate((0.3, 0.15, 0.08, 0.05, 0.03)):
        habits[f"group:{number}"] = Habit(size * share, 1.0, chance.uniform(0, 0.05))
    return habits


def _holidays(chance: Random) -> set[int]:
    """Single ones, bridges, and weeks in which all is closed; one of them in five weeks."""
    first = [begin + chance.randrange(28) for begin in range(0, BEFORE + ASKED, 35)]
    days = {day + more for day in first for more in range(chance.choice((1, 1, 1, 1, 2, 2, 5)))}
    return {day for day in days if day % 7 < 5 and day < BEFORE + ASKED}


def _days(chance: Random, common: float, holidays: set[int]) -> list[float]:
    """What each day is of a usual one: its weekday, growth, and moods that last a few days and that all share."""
    rest = math.exp(chance.uniform(math.log(0.05), math.log(0.35)))
    week = [*(chance.uniform(0.88, 1.08) for _ in range(5)), rest * chance.uniform(0.8, 1.2), rest]
    growth = chance.uniform(-0.004, 0.015) / 7
    mood, shares = 0.0, []
    for day in range(BEFORE + ASKED):
        mood = 0.4 * mood + math.sqrt(1 - 0.4**2) * common * chance.gauss(0, 1)
        share = rest * chance.uniform(0.7, 1.4) if day in holidays else week[day % 7]
        shares.append(share * math.exp(growth * day + mood))
    return shares


def _changes(
    chance: Random, habits: dict[str, Habit], common: float, kinds: Sequence[str], holidays: set[int]
) -> list[Change]:
    if not kinds:
        return []
    pause = 12 if {"shift", "drift"} & {*kinds} else 6
    weeks = [BEFORE // 7 + chance.randrange(1, 4) + pause * number for number in range(24 // pause)]
    return [
        _change(chance, habits, common, chance.choice(kinds), _working_day(chance, week, holidays)) for week in weeks
    ]


def _working_day(chance: Random, week: int, holidays: set[int]) -> int:
    day = week * 7 + chance.randrange(4)
    while day in holidays or day + 1 in holidays or day % 7 > 3:
        day += 1
    return day


def _change(chance: Random, habits: dict[str, Habit], common: float, kind: str, day: int) -> Change:
    up = chance.random() < 0.5
    ranges = {
        "spike": (1.5, 3.0),
        "drop": (0.0, 0.5),
        "shift": (1.4, 2.0) if up else (0.4, 0.7),
        "drift": (1.5, 2.0) if up else (0.45, 0.65),
    }
    factor = chance.uniform(*ranges[kind])
    scope = chance.choice(("", "plugin:", "group:"))
    names = [name for name in habits if name.startswith(scope)]
    names = [chance.choice(names)] if scope else names
    # In an outage of the whole portal, many still come, and find little.
    factors = {
        name: math.sqrt(factor) if kind == "drop" and not scope and habits[name].bunch == 1 else factor
        for name in names
    }
    sizes = {name: _size(habits[name], common, factors[name]) for name in names}
    return Change(kind, day, chance.choice((1, 1, 2)) if kind == "drop" else 1, factors, sizes)


def _size(habit: Habit, common: float, factor: float) -> float:
    """How far a factor moves a count, on the scale on which the chance that we put into it is 1."""
    wobble = math.hypot(common, habit.wobble)

    def place(count: float) -> float:
        return 2 / wobble * math.asinh(wobble * math.sqrt(count / habit.bunch + 3 / 8))

    return abs(place(habit.mean * factor) - place(habit.mean))


def _count(chance: Random, habit: Habit, mean: float) -> int:
    if mean < 1e-9:
        return 0
    if habit.wobble:
        mean *= chance.lognormvariate(-(habit.wobble**2) / 2, habit.wobble)
    if habit.bunch > 1:
        mean = chance.gammavariate(mean / (habit.bunch - 1), habit.bunch - 1)
    return _poisson(chance, mean)


def _poisson(chance: Random, mean: float) -> int:
    if mean > 50:
        return max(0, round(chance.gauss(mean, math.sqrt(mean))))
    left, number = math.exp(-mean), 0
    product = chance.random()
    while product > left:
        product *= chance.random()
        number += 1
    return number

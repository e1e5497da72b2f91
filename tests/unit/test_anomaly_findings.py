"""What is out of the ordinary in a series, word by word of its definition."""

from math import log

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from insights_backend.reports.anomaly.drifts import drifts
from insights_backend.reports.anomaly.findings import findings
from insights_backend.reports.anomaly.holidays import holidays
from insights_backend.reports.anomaly.series import Series
from insights_backend.reports.anomaly.unusual import HISTORY, Past, too_thin, unusual_days
from tests import recount_anomalies

BUSY, REST = 1.0, 0.1
WEEK = [BUSY] * 5 + [REST] * 2
MONDAY = 16 * 7  # of the seventeenth week, when all is known
TUESDAY, FRIDAY, SATURDAY = MONDAY + 1, MONDAY + 4, MONDAY + 5
ALL = range(1000)


def series(usual: float, changes: dict[int, float] | None = None, *, days: int = 21 * 7, noise: float = 1.0) -> Series:
    """A series that is as usual each week, but for what some days are multiplied by; the first is the Monday 0."""
    counts = [round(usual * WEEK[day % 7] * (changes or {}).get(day, 1.0)) for day in range(days)]
    return Series("events", 0, counts, [log(weight) for weight in WEEK], noise)


def told(of: Series, quiet: set[int] | None = None, today: int = 1000) -> list[int]:
    return [finding.day for finding in findings(of, range(of.end), today, quiet or set())]


def test_a_series_that_is_as_usual_tells_nothing() -> None:
    assert told(series(1000)) == []


@pytest.mark.parametrize(("factor", "direction"), [(2.0, 1), (0.4, -1), (0.0, -1)])
def test_a_day_far_from_the_usual_is_told_with_what_would_have_been_usual(factor: float, direction: int) -> None:
    (finding,) = unusual_days(Past(series(1000, {TUESDAY: factor}), set()), ALL[: 21 * 7])
    assert (finding.day, finding.actual, round(finding.expected)) == (TUESDAY, 1000 * factor, 1000)
    assert (finding.score > 0) == (direction > 0)
    assert finding.low < 1000 < finding.high
    assert not finding.low <= finding.actual <= finding.high


@pytest.mark.parametrize(
    ("usual", "noise", "factor", "is_told"),
    [
        (100_000, 1.0, 1.2, False),  # no crowd is so steady that a fifth is news
        (100_000, 1.0, 1.4, True),
        (20, 1.0, 1.8, False),  # chance alone does that to twenty people
        (20, 1.0, 0.0, True),
        (100_000, 3.0, 1.4, False),  # nor is it news where every day is different
        (100_000, 3.0, 3.0, True),
    ],
)
def test_what_chance_may_do_depends_on_size_and_noise(usual: int, noise: float, factor: float, is_told: bool) -> None:
    assert told(series(usual, {TUESDAY: factor}, noise=noise)) == ([TUESDAY] if is_told else [])


def test_a_weekend_is_no_drop_and_a_weekend_like_a_working_day_is_a_rise() -> None:
    assert told(series(1000, {SATURDAY: BUSY / REST})) == [SATURDAY]


def test_a_day_with_fewer_than_five_weeks_before_is_not_judged() -> None:
    assert told(series(1000, {HISTORY - 1: 5.0})) == []
    assert told(series(1000, {HISTORY + 1: 5.0})) == [HISTORY + 1]


def test_a_level_that_changed_is_told_for_four_days_and_then_usual() -> None:
    changes = dict.fromkeys(range(TUESDAY, 1000), 0.5)
    assert told(series(1000, changes)) == [TUESDAY, TUESDAY + 1, TUESDAY + 2, TUESDAY + 3]


def test_who_comes_back_after_a_week_of_outage_is_not_told() -> None:
    changes = dict.fromkeys(range(MONDAY, MONDAY + 7), 0.2)
    assert told(series(1000, changes)) == [MONDAY, MONDAY + 1, MONDAY + 2, MONDAY + 3]


def test_what_comes_back_every_week_is_told_three_times() -> None:
    changes = {TUESDAY + 7 * week: 3.0 for week in range(5)}
    assert told(series(1000, changes)) == [TUESDAY, TUESDAY + 7, TUESDAY + 14]


def test_of_a_day_that_is_not_over_only_a_rise_is_told() -> None:
    assert told(series(1000, {TUESDAY: 0.1}), today=TUESDAY) == []
    assert told(series(1000, {TUESDAY: 2.0}), today=TUESDAY) == [TUESDAY]
    assert told(series(1000, {TUESDAY: 0.1}), today=TUESDAY + 1) == [TUESDAY]


@pytest.mark.parametrize(("usual", "thin"), [(0, True), (9, True), (15, False), (1000, False)])
def test_a_series_is_too_thin_when_a_day_without_any_would_be_usual(usual: int, thin: bool) -> None:
    assert too_thin(series(usual)) is thin


def test_a_holiday_is_no_drop_and_foretells_nothing() -> None:
    away = {TUESDAY, TUESDAY + 1, TUESDAY + 2, FRIDAY}
    portal = series(1000, dict.fromkeys(away, REST))
    assert told(portal, away) == []
    assert told(portal) == [TUESDAY, TUESDAY + 1, TUESDAY + 2, FRIDAY]


def drifting(factor: float, usual: int = 2000) -> Series:
    """A series that slides to a factor in six weeks, from a Monday on."""
    steps = {day: factor ** min(1.0, (day - MONDAY + 1) / 42) for day in range(MONDAY, 1000)}
    return series(usual, steps, days=30 * 7)


@pytest.mark.parametrize("factor", [0.55, 1.8])
def test_a_slow_drift_is_told_once_while_it_lasts(factor: float) -> None:
    (finding,) = findings(drifting(factor), range(210), 1000, set())
    assert MONDAY < finding.day < MONDAY + 42
    assert not finding.low <= finding.actual <= finding.high
    assert (finding.score > 0) == (factor > 1)
    assert round(finding.expected) == 2000
    assert finding.gap == 35


def test_a_day_that_is_unusual_in_a_drift_is_told_once() -> None:
    (drift,) = findings(drifting(0.55), range(210), 1000, set())
    counts = list(drifting(0.55).counts)
    counts[drift.day] //= 4
    both = Series("events", 0, counts, [log(weight) for weight in WEEK], 1.0)
    assert drifts(Past(both, set()), range(210))[0].day == drift.day
    (day,) = findings(both, range(210), 1000, set())
    assert (day.day, day.gap) == (drift.day, 0)


@pytest.mark.parametrize(("usual", "is_told"), [(20, False), (2000, True)])
def test_a_drift_that_may_be_chance_is_not_told(usual: int, is_told: bool) -> None:
    assert bool(drifts(Past(drifting(0.65, usual=usual), set()), range(210))) is is_told


def test_growth_of_a_percent_a_week_is_no_drift() -> None:
    growth = {day: 1.01 ** (day / 7) for day in range(1000)}
    assert told(series(2000, growth, days=40 * 7)) == []


def test_a_level_that_changed_at_once_is_not_told_as_a_drift_as_well() -> None:
    shifted = series(2000, dict.fromkeys(range(MONDAY, 1000), 0.5), days=30 * 7)
    assert drifts(Past(shifted, set()), range(210)) == []


def portal(changes: dict[int, tuple[float, float]], usual: int = 1000) -> set[int]:
    """The holidays of a portal, of whose users and events some days are multiplied."""
    users = series(usual, {day: of_users for day, (of_users, _) in changes.items()})
    events = series(8 * usual, {day: of_events for day, (_, of_events) in changes.items()})
    return holidays(users, events)


@pytest.mark.parametrize(
    "days", [{TUESDAY}, {TUESDAY, TUESDAY + 1}, {FRIDAY, MONDAY + 7}, {*range(MONDAY, FRIDAY + 1)}]
)
def test_working_days_as_quiet_as_a_weekend_are_holidays(days: set[int]) -> None:
    assert portal(dict.fromkeys(days, (0.12, 0.12))) == days


@pytest.mark.parametrize(
    "quiet",
    [
        (0.5, 0.5),  # not as quiet as a weekend
        (0.12, 0.5),  # the events are not
        (0.03, 0.03),  # it is much quieter
        (0.15, 0.065),  # those who came found little
        (0.0, 0.0),  # not even a weekend is silent
        (1.0, 0.1),  # they all came
    ],
)
def test_an_outage_is_no_holiday(quiet: tuple[float, float]) -> None:
    assert portal({TUESDAY: quiet}) == set()


def test_only_the_first_five_working_days_in_a_row_are_holidays() -> None:
    away = {day: (0.1, 0.1) for day in range(MONDAY, MONDAY + 12) if day % 7 < 5}
    assert portal(away) == set(range(MONDAY, FRIDAY + 1))


def test_where_weekends_are_silent_only_two_silent_days_in_a_row_are_holidays() -> None:
    def working(usual: int) -> Series:
        counts = [0 if day % 7 >= 5 or MONDAY <= day <= FRIDAY else usual for day in range(140)]
        return Series("events", 0, counts, [0.0] * 5 + [-log(1 + usual)] * 2, 1.0)

    assert holidays(working(40), working(320)) == {MONDAY, TUESDAY}


def test_a_portal_without_days_of_rest_has_no_holidays() -> None:
    counts = [1000] * 140
    counts[TUESDAY] = 100
    always = Series("events", 0, counts, [0.0] * 7, 1.0)
    assert holidays(always, always) == set()


def test_a_portal_with_too_few_users_to_tell_has_no_holidays() -> None:
    assert portal({TUESDAY: (0.1, 0.1)}, usual=8) == set()


counts_of_days = st.lists(st.integers(0, 60) | st.integers(0, 10**12), min_size=36, max_size=60)
weeks = st.lists(st.floats(-5, 5), min_size=7, max_size=7)


@settings(max_examples=60)
@given(counts=counts_of_days, week=weeks, noise=st.floats(1, 30), quiet=st.sets(st.integers(30, 60), max_size=3))
@example(counts=[0] * 36, week=[0.0] * 7, noise=1.0, quiet=set())
@example(counts=[5] * 40 + [10**12], week=[0.0] * 7, noise=1.0, quiet=set())
def test_unusual_days_are_those_that_the_definition_names(
    counts: list[int], week: list[float], noise: float, quiet: set[int]
) -> None:
    found = {f.day: f for f in unusual_days(Past(Series("x", 0, counts, week, noise), quiet), range(len(counts)))}
    for day, count in enumerate(counts):
        expected = recount_anomalies.unusual(counts, week, noise, day, quiet)
        assert (day in found) == (expected is not None)
        if expected:
            finding = found[day]
            assert (finding.score, finding.expected) == pytest.approx(expected)
            assert 0 <= finding.low <= finding.expected <= finding.high
            assert count == finding.actual
            assert not finding.low <= count <= finding.high


@given(count=st.floats(0, 1e12), noise=st.floats(1, 100))
def test_a_count_stands_at_its_own_place_on_the_scale(count: float, noise: float) -> None:
    one = Series("x", 0, [], [], noise)
    assert one.count_at(one.spread(count)) == pytest.approx(count, rel=1e-6, abs=1e-6 * noise**2)


@pytest.mark.parametrize("count", [4, 40, 400, 4000, 400_000])
def test_on_the_scale_a_standard_deviation_is_one_at_every_size(count: int) -> None:
    one = Series("x", 0, [], [], 1.0)
    deviation = (count + (0.05 * count) ** 2) ** 0.5
    assert one.spread(count + deviation / 2) - one.spread(count - deviation / 2) == pytest.approx(1, rel=0.1)

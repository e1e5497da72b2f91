import pytest
from hypothesis import given
from hypothesis import strategies as st

from insights_backend.settings.duration import parse_duration

DAY = 86400.0


@pytest.mark.parametrize(
    ("value", "seconds"),
    [
        ("7d", 7 * DAY),
        ("10m", 600),
        ("1.5 hours", 5400),
        (".5s", 0.5),
        ("250ms", 0.25),
        ("2 Weeks", 14 * DAY),
        ("1y", 365 * DAY),
        (" 3 mins ", 180),
        ("0s", 0),
        ("PT10M", 600),
        ("P1DT2H", DAY + 7200),
        ("P1M", 30 * DAY),
        ("P1Y2W", 379 * DAY),
        ("PT0S", 0),
        ("PT1,5S", 1.5),
        ({"days": 7, "hours": 1}, 7 * DAY + 3600),
        ({"minutes": "10"}, 600),
        ({"years": 1, "months": 1, "weeks": 1}, 402 * DAY),
        ({"milliseconds": 500, "days": None}, 0.5),
    ],
)
def test_each_of_backstages_notations_is_read(value: object, seconds: float) -> None:
    assert parse_duration(value) == pytest.approx(seconds)


@pytest.mark.parametrize(
    "value",
    [
        None,
        True,
        10,
        1.5,
        [],
        "",
        "10",
        "1.5",
        "m",
        "-1m",
        "1h 30m",
        "10 fortnights",
        "٣m",
        "9" * 99 + "mm",
        "1" * 200 + "m",
        "P",
        "PT",
        "P-1D",
        "-P1D",
        "PT1D",
        "p1d",
        {},
        {"days": None},
        {"day": 1},
        {1: 1},
        {"days": -1},
        {"days": "many"},
        {"days": True},
        {"days": []},
        {"days": float("nan")},
        {"days": float("inf")},
        {"days": 10**400},
        {"years": 1e308},
    ],
)
def test_anything_else_is_refused(value: object) -> None:
    with pytest.raises(ValueError, match="duration"):
        parse_duration(value)


def test_a_refusal_does_not_repeat_the_value() -> None:
    with pytest.raises(ValueError, match="such as 10m") as refusal:
        parse_duration("hunter2")
    assert "hunter2" not in str(refusal.value)


@given(days=st.integers(0, 9999), hours=st.integers(0, 23), minutes=st.integers(0, 59))
def test_an_object_and_its_iso_text_are_the_same_duration(days: int, hours: int, minutes: int) -> None:
    units = {"days": days, "hours": hours, "minutes": minutes}
    assert parse_duration(units) == parse_duration(f"P{days}DT{hours}H{minutes}M")

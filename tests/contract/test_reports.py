"""Every report equals a plain recount of the same events."""

from datetime import UTC, date, datetime
from typing import Any

import pytest
from hypothesis import strategies as st

from insights_backend.reports import active_users, summary, usage
from insights_backend.reports.answer import Answer
from insights_backend.reports.query import ReportQuery, midnight
from insights_backend.warehouse.engine import Engine
from tests import recount
from tests.questions import asked, law, queries, records, stored


@pytest.fixture
def engine(either_engine: Engine) -> Engine:
    return either_engine


@law(10, events=st.lists(records, max_size=60), query=queries(), total=st.sampled_from([None, 0, 7]))
def test_reports_equal_a_recount(
    engine: Engine, events: list[dict[str, Any]], query: ReportQuery, total: int | None
) -> None:
    numbered = stored(engine, events)
    sources = asked(engine, total)
    assert active_users.report(sources, query).rows == recount.active_users(numbered, query)
    answer = usage.plugins(sources, query)
    assert (answer.rows, answer.total) == recount.plugins(numbered, query)
    (row,) = summary.report(sources, query).rows
    expected = recount.summary(numbered, query, total)
    assert row == {**expected, "stickiness": pytest.approx(expected["stickiness"])}


def test_an_empty_warehouse_gives_zeros_and_empty_days(engine: Engine) -> None:
    query = ReportQuery(first=date(2026, 10, 1), last=date(2026, 10, 2), filters={})
    nobody = {"active": 0, "new": 0, "returning": 0, "lost": 0}
    assert active_users.report(asked(engine), query).rows == [
        {"date": "2026-10-01", **nobody},
        {"date": "2026-10-02", **nobody},
    ]
    (row,) = summary.report(asked(engine, 0), query).rows
    assert (row["events"], row["adoption"], row["stickiness"]) == (0, None, None)


def test_a_filter_value_is_data_and_never_sql(engine: Engine) -> None:
    query = ReportQuery(
        first=date(2026, 10, 1),
        last=date(2026, 10, 1),
        filters={"plugin": ("x') OR 1=1 --", "{to:String}", "%s")},
    )
    assert usage.plugins(asked(engine), query) == Answer(rows=[], total=0)


@pytest.mark.parametrize(
    ("day", "zone", "expected"),
    [
        (date(2026, 10, 25), "Europe/Berlin", "2026-10-24T22:00:00.000Z"),
        (date(2026, 10, 26), "Europe/Berlin", "2026-10-25T23:00:00.000Z"),  # the day had 25 hours
        (date(2026, 11, 1), "Asia/Kolkata", "2026-10-31T18:30:00.000Z"),
        (date(2026, 9, 6), "America/Santiago", "2026-09-06T04:00:00.000Z"),  # this day begins at one o'clock
    ],
)
def test_a_day_begins_at_midnight_of_its_zone(day: date, zone: str, expected: str) -> None:
    assert recount.iso(datetime.fromtimestamp(midnight(day, zone) / 1000, UTC)) == expected


@pytest.mark.parametrize(
    ("interval", "first", "last", "expected"),
    [
        ("day", date(2026, 2, 27), date(2026, 3, 1), ["2026-02-27", "2026-02-28", "2026-03-01"]),
        ("week", date(2026, 11, 25), date(2026, 12, 1), ["2026-11-23", "2026-11-30"]),  # from a Wednesday
        ("month", date(2026, 12, 31), date(2027, 2, 1), ["2026-12-01", "2027-01-01", "2027-02-01"]),
    ],
)
def test_every_interval_that_the_period_touches_has_a_row(
    interval: Any, first: date, last: date, expected: list[str]
) -> None:
    query = ReportQuery(first=first, last=last, interval=interval, filters={})
    assert [start.isoformat() for start in query.intervals()] == expected


def test_the_previous_period_is_as_long_and_ends_the_day_before() -> None:
    previous = ReportQuery(first=date(2026, 3, 1), last=date(2026, 3, 7), filters={}).previous()
    assert (previous.first, previous.last) == (date(2026, 2, 22), date(2026, 2, 28))

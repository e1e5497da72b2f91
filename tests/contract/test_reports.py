"""Every report equals a plain recount of the same events."""

from datetime import UTC, date, datetime, timedelta
from typing import Any

import orjson
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from insights_backend.delivery.destination import Batch
from insights_backend.reports import active_users, plugins, summary
from insights_backend.reports.query import ReportQuery, midnight
from insights_backend.warehouse.engine import Engine
from insights_backend.warehouse.events import EventStore
from tests import recount
from tests.fakes import Clock
from tests.records import record

# Berlin ends its summer time on 2026-10-25; Kolkata and Kathmandu lie off the full hour; Kiritimati is a day ahead.
ZONES = ["UTC", "Europe/Berlin", "Asia/Kolkata", "Asia/Kathmandu", "Pacific/Kiritimati", "America/St_Johns"]
BEGIN = datetime(2026, 10, 1, tzinfo=UTC)

moments = st.integers(0, 60 * 24 * 60).map(lambda minute: recount.iso(BEGIN + timedelta(minutes=minute)))
records = st.builds(
    record,
    time=moments,
    user=st.sampled_from([None, "u_a", "u_b", "u_c", "u_d"]),
    pluginId=st.sampled_from(["catalog", "techdocs", "search"]),
    sessionId=st.sampled_from([None, None, "s_1", "s_2"]),
    groups=st.lists(st.sampled_from(["group:default/x", "group:default/y"]), unique=True),
    action=st.sampled_from(["navigate", "click"]),
    entityMetadata=st.sampled_from([{}, {"spec.owner": "group:default/x", "spec.type": "service"}]),
)
filters = st.dictionaries(
    st.sampled_from(["group", "plugin", "owner", "action", "type"]),
    st.lists(st.sampled_from(["group:default/x", "catalog", "search", "click", "service"]), min_size=1, max_size=2).map(
        tuple
    ),
    max_size=2,
)


@st.composite
def queries(draw: st.DrawFn) -> ReportQuery:
    first = date(2026, 10, 1) + timedelta(draw(st.integers(-3, 60)))
    return ReportQuery(
        first=first,
        last=first + timedelta(draw(st.integers(0, 45))),
        interval=draw(st.sampled_from(["day", "week", "month"])),
        timezone=draw(st.sampled_from(ZONES)),
        filters=draw(st.just({}) | filters),
        limit=draw(st.sampled_from([1, 20])),
    )


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(events=st.lists(records, max_size=60), query=queries(), total=st.sampled_from([None, 0, 7]))
def test_reports_equal_a_recount(
    engine: Engine, events: list[dict[str, Any]], query: ReportQuery, total: int | None
) -> None:
    numbered = [{**event, "id": str(number)} for number, event in enumerate(events)]
    engine.rows("TRUNCATE TABLE events", {})
    store(engine, numbered)
    assert active_users.report(engine, query) == recount.active_users(numbered, query)
    assert plugins.report(engine, query) == recount.plugins(numbered, query)
    (row,) = summary.report(engine, query, lambda: total)
    expected = recount.summary(numbered, query, total)
    assert row == {**expected, "stickiness": pytest.approx(expected["stickiness"])}


def store(engine: Engine, events: list[dict[str, Any]]) -> None:
    if events:
        lines = b"".join(orjson.dumps(event, option=orjson.OPT_APPEND_NEWLINE) for event in events)
        # What the events are decides the batch's id, or one of an earlier example would be taken for it.
        name = f"{hash(lines)}-{engine.rows('SELECT now64(9) AS n', {})[0]['n']}"
        EventStore(engine, clock=Clock(), max_age=7 * 86400.0).deliver(Batch(name, 1, len(events), lines))


def test_an_empty_warehouse_gives_zeros_and_empty_days(engine: Engine) -> None:
    query = ReportQuery(first=date(2026, 10, 1), last=date(2026, 10, 2), filters={})
    nobody = {"active": 0, "new": 0, "returning": 0, "lost": 0}
    assert active_users.report(engine, query) == [
        {"date": "2026-10-01", **nobody},
        {"date": "2026-10-02", **nobody},
    ]
    (row,) = summary.report(engine, query, lambda: 0)
    assert (row["events"], row["adoption"], row["stickiness"]) == (0, None, None)


def test_a_filter_value_is_data_and_never_sql(engine: Engine) -> None:
    query = ReportQuery(
        first=date(2026, 10, 1),
        last=date(2026, 10, 1),
        filters={"plugin": ("x') OR 1=1 --", "{to:String}", "%s")},
    )
    assert plugins.report(engine, query) == ([], 0)


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

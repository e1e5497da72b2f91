"""Adoption, stickiness and retention equal a plain recount, and mean what their definitions say."""

from collections.abc import Iterable
from datetime import UTC, date, datetime, timedelta
from typing import Any
from uuid import uuid4

import orjson
import pytest
from hypothesis import strategies as st

from insights_backend.model.event import parse_timestamp
from insights_backend.model.total_users import TotalUsers
from insights_backend.reports import adoption, retention, stickiness, summary
from insights_backend.reports.answer import Sources
from insights_backend.reports.query import ReportQuery
from insights_backend.warehouse.engine import Engine
from insights_backend.warehouse.total_users import TOTAL_USERS
from tests import recount_adoption as recount
from tests.app import VISIT, Service
from tests.questions import ZONES, law, moments, stored
from tests.records import record
from tests.recount import iso
from tests.recount_adoption import Told

INSTANCES = ["local", "portal-a", "ünï'\"{x:String}%s\n"]
ENVIRONMENTS = ["production", "", "{first:Date}'%"]
GROUPS = ["group:default/x", "group:default/größe'"]
PLUGINS = ["catalog", "%s{}\\"]
BEGIN = datetime(2026, 9, 20, tzinfo=UTC)

events = st.builds(
    record,
    time=moments,
    user=st.sampled_from([None, "u_a", "u_b", "u_c", "u_d", "u_e"]),
    instance=st.sampled_from(INSTANCES),
    environment=st.sampled_from(ENVIRONMENTS),
    groups=st.lists(st.sampled_from(GROUPS), unique=True),
    pluginId=st.sampled_from(PLUGINS),
    entity=st.sampled_from([None, "component:default/ü"]),
)
told = st.builds(
    Told,
    st.sampled_from(INSTANCES),
    st.sampled_from(ENVIRONMENTS),
    st.integers(0, 80 * 24 * 60).map(lambda minute: BEGIN + timedelta(minutes=minute)),
    st.integers(0, 9),
)
# Of a moment that is no whole minute, so that none of the others is of the same.
told_now = st.none() | told.map(lambda t: Told("local", "production", t.moment + timedelta(seconds=1), t.number))
filters = st.fixed_dictionaries(
    {},
    optional={
        "instance": st.lists(st.sampled_from([*INSTANCES, "nobody"]), min_size=1, max_size=2).map(tuple),
        "environment": st.lists(st.sampled_from(ENVIRONMENTS), min_size=1, max_size=2).map(tuple),
        "group": st.sampled_from(GROUPS).map(lambda group: (group,)),
        "plugin": st.sampled_from(PLUGINS).map(lambda plugin: (plugin,)),
        "entity": st.just(("component:default/ü",)),
    },
)


@st.composite
def queries(draw: st.DrawFn) -> ReportQuery:
    first = date(2026, 9, 28) + timedelta(draw(st.integers(0, 66)))
    last = first + timedelta(draw(st.integers(0, 45)))
    return ReportQuery(
        first=first,
        last=last,
        interval=draw(st.sampled_from(["day", "week", "month"])),
        timezone=draw(st.sampled_from(ZONES)),
        filters=draw(st.just({}) | filters),
        today=draw(st.just(date.max) | st.integers(-9, 2).map(lambda days: last + timedelta(days))),
    )


def write(engine: Engine, recorded: Iterable[Told]) -> None:
    """Record numbers as one block, in which a day may have several."""
    rows = [
        {
            "day": told.moment.date().isoformat(),
            "environment": told.environment,
            "instance": told.instance,
            "total": told.number,
            "recordedAt": iso(told.moment),
        }
        for told in recorded
    ]
    lines = b"".join(orjson.dumps(row, option=orjson.OPT_APPEND_NEWLINE) for row in rows)
    engine.insert("total_users", [lines], token=str(uuid4()), columns=TOTAL_USERS)


def asked(engine: Engine, now: Told | None = None) -> Sources:
    total = (
        TotalUsers(number=now.number, as_of=parse_timestamp(iso(now.moment)), environment=now.environment)
        if now
        else None
    )
    return Sources(engine=engine, total_users=lambda: total, members=dict.fromkeys)


@law(
    12,
    given_events=st.lists(events, max_size=60),
    recorded=st.lists(told, max_size=8, unique_by=lambda t: (t.instance, t.environment, t.moment)),
    now=told_now,
    query=queries(),
)
def test_the_reports_equal_a_recount(
    either_engine: Engine,
    given_events: list[dict[str, Any]],
    recorded: list[Told],
    now: Told | None,
    query: ReportQuery,
) -> None:
    numbered = stored(either_engine, given_events)
    if recorded:
        write(either_engine, recorded)
    sources = asked(either_engine, now)
    assert adoption.report(sources, query).rows == recount.adoption(numbered, recorded, now, query)
    assert stickiness.report(sources, query).rows == recount.stickiness(numbered, query)
    assert retention.report(sources, query).rows == recount.retention(numbered, query)


def visits(**days_by_user: list[str]) -> list[dict[str, Any]]:
    """An event of each user at noon of each of their days."""
    return [record(user=user, time=f"{day}T12:00:00.000Z") for user, days in days_by_user.items() for day in days]


def query_of(first: str, last: str, **more: Any) -> ReportQuery:
    return ReportQuery(**{"first": date.fromisoformat(first), "last": date.fromisoformat(last), "filters": {}, **more})


def of(moment: str, number: int, instance: str = "local", environment: str = "production") -> Told:
    return Told(instance, environment, datetime.fromisoformat(moment), number)


# Total users


def totals(engine: Engine, query: ReportQuery, now: Told | None = None) -> list[int | None]:
    return [row["total"] for row in adoption.report(asked(engine, now), query).rows]


def test_a_day_has_the_last_number_up_to_it_and_before_the_first_one_that(engine: Engine) -> None:
    write(engine, [of("2026-11-11T10:00Z", 5), of("2026-11-13T10:00Z", 7), of("2026-11-13T09:00Z", 6)])
    assert totals(engine, query_of("2026-11-10", "2026-11-14")) == [5, 5, 5, 7, 7]


def test_an_interval_has_the_number_of_its_last_day_within_the_period(engine: Engine) -> None:
    write(engine, [of(f"2026-11-{day:02d}T10:00Z", day) for day in range(1, 31)])
    # The weeks end on Sunday the 15th, on Sunday the 22nd, and here with the period.
    assert totals(engine, query_of("2026-11-11", "2026-11-24", interval="week")) == [15, 22, 24]
    assert totals(engine, query_of("2026-10-30", "2026-11-24", interval="month")) == [1, 24]


def test_the_numbers_of_all_portals_are_added_up_each_as_of_its_own_record(engine: Engine) -> None:
    staging = of("2026-11-12T10:00Z", 30, environment="staging")
    write(engine, [of("2026-11-10T10:00Z", 1), of("2026-11-11T10:00Z", 2), staging, of("2026-11-13T00:00Z", 400, "a")])
    assert totals(engine, query_of("2026-11-10", "2026-11-13")) == [431, 432, 432, 432]
    only = {"instance": ("local",), "environment": ("production", "other")}
    assert totals(engine, query_of("2026-11-10", "2026-11-13", filters=only)) == [1, 2, 2, 2]


def test_filters_by_what_people_did_leave_their_number_as_it_is(engine: Engine) -> None:
    write(engine, [of("2026-11-10T10:00Z", 9)])
    filters = {"plugin": ("x",), "group": ("group:default/x",), "entity": ("component:default/x",)}
    assert totals(engine, query_of("2026-11-10", "2026-11-10", filters=filters)) == [9]


def test_where_nothing_was_ever_recorded_there_is_no_number(engine: Engine) -> None:
    assert adoption.report(asked(engine), query_of("2026-11-10", "2026-11-10")).rows == [
        {"date": "2026-11-10", "active": 0, "total": None, "adoption": None}
    ]


def test_a_portal_without_people_has_no_share_of_them(engine: Engine) -> None:
    stored(engine, visits(u_a=["2026-11-10"]))
    write(engine, [of("2026-11-10T10:00Z", 0)])
    (row,) = adoption.report(asked(engine), query_of("2026-11-10", "2026-11-10")).rows
    assert (row["active"], row["total"], row["adoption"]) == (1, 0, None)


def test_the_number_of_now_stands_for_today_and_what_was_recorded_for_days_before(engine: Engine) -> None:
    write(engine, [of("2026-11-22T10:00Z", 5), of("2026-11-23T09:00Z", 6), of("2026-11-20T10:00Z", 100, "portal-a")])
    now = of("2026-11-23T10:00Z", 7)
    assert totals(engine, query_of("2026-11-22", "2026-11-24"), now) == [105, 107, 107]
    assert totals(engine, query_of("2026-11-23", "2026-11-23", filters={"instance": ("portal-a",)}), now) == [100]


@pytest.mark.parametrize(
    ("zone", "expected"),
    [("UTC", [5, 5, 6, 7]), ("America/Los_Angeles", [5, 5, 7, 6]), ("Pacific/Kiritimati", [5, 5, 6, 7])],
)
def test_today_is_that_of_the_questions_zone(engine: Engine, zone: str, expected: list[int]) -> None:
    # In Los Angeles it is the evening of the 23rd still. Records stand for days in UTC.
    write(engine, [of("2026-11-21T10:00Z", 5), of("2026-11-23T10:00Z", 6), of("2026-11-24T01:00Z", 6)])
    now = of("2026-11-24T02:00Z", 7)
    assert totals(engine, query_of("2026-11-21", "2026-11-24", timezone=zone), now) == expected


def test_before_anything_was_recorded_the_number_of_now_is_the_best_there_is(engine: Engine) -> None:
    assert totals(engine, query_of("2026-11-01", "2026-11-02"), of("2026-11-23T10:00Z", 7)) == [7, 7]


def test_the_summary_has_the_number_of_the_periods_last_day(engine: Engine) -> None:
    stored(engine, visits(u_a=["2026-11-10"]))
    write(engine, [of("2026-11-09T10:00Z", 3), of("2026-11-10T10:00Z", 4), of("2026-11-11T10:00Z", 5)])
    sources = asked(engine, of("2026-11-23T10:00Z", 8))
    for last, expected in (("2026-11-10", 4), ("2026-11-22", 5), ("2026-11-23", 8)):
        (row,) = summary.report(sources, query_of("2026-11-01", last)).rows
        assert (row["totalUsers"], row["adoption"]) == (expected, 1 / expected)


# Stickiness


def counts(engine: Engine, query: ReportQuery) -> list[tuple[int, int, int]]:
    return [(row["dau"], row["wau"], row["mau"]) for row in stickiness.report(asked(engine), query).rows]


def test_a_window_ends_with_its_day_and_holds_seven_or_28_of_them(engine: Engine) -> None:
    stored(engine, visits(u_a=["2026-10-01"]))
    found = counts(engine, query_of("2026-10-01", "2026-10-29"))
    assert found == [(1, 1, 1)] + [(0, 1, 1)] * 6 + [(0, 0, 1)] * 21 + [(0, 0, 0)]
    # Days before the period count as well.
    assert counts(engine, query_of("2026-10-28", "2026-10-29")) == found[-2:]


def test_who_comes_often_counts_once_in_a_window(engine: Engine) -> None:
    stored(engine, visits(u_a=["2026-10-01", "2026-10-02", "2026-10-02", "2026-10-20"], u_b=["2026-10-02"]))
    rows = stickiness.report(asked(engine), query_of("2026-10-01", "2026-10-20", interval="month")).rows
    assert len(rows) == 20
    assert rows[1] == {"date": "2026-10-02", "dau": 2, "wau": 2, "mau": 2, "dauWau": 1.0, "dauMau": 1.0}
    assert rows[12] == {"date": "2026-10-13", "dau": 0, "wau": 0, "mau": 2, "dauWau": None, "dauMau": 0.0}
    assert rows[19] == {"date": "2026-10-20", "dau": 1, "wau": 1, "mau": 2, "dauWau": 1.0, "dauMau": 0.5}


# Retention

FOUR_WEEKS = ("2026-09-28", "2026-10-25")


def test_a_cohort_is_followed_week_by_week_through_those_who_left_and_came_back(engine: Engine) -> None:
    stored(engine, visits(u_a=["2026-09-29", "2026-10-12"], u_b=["2026-10-04", "2026-10-05"], u_c=["2026-10-19"]))
    assert retention.report(asked(engine), query_of(*FOUR_WEEKS)).rows == [
        {"cohort": "2026-09-28", "size": 2, "weeks": [1.0, 0.5, 0.5, 0.0]},
        {"cohort": "2026-10-05", "size": 0, "weeks": []},
        {"cohort": "2026-10-12", "size": 0, "weeks": []},
        {"cohort": "2026-10-19", "size": 1, "weeks": [1.0]},
    ]


@pytest.mark.parametrize(
    ("last", "today", "weeks"),
    [
        ("2026-10-25", date.max, 4),
        ("2026-10-24", date.max, 3),  # the period ends before the fourth week's Sunday
        ("2026-10-25", date(2026, 10, 25), 3),  # that Sunday is not over yet
        ("2026-10-25", date(2026, 10, 26), 4),
        ("2026-11-30", date(2026, 10, 14), 2),
        ("2026-10-02", date.max, 0),  # the cohort's own week is not over
    ],
)
def test_a_week_that_is_not_over_is_absent(engine: Engine, last: str, today: date, weeks: int) -> None:
    stored(engine, visits(u_a=["2026-09-28"]))
    first, *_ = retention.report(asked(engine), query_of("2026-09-28", last, today=today)).rows
    assert first == {"cohort": "2026-09-28", "size": 1, "weeks": [1.0, 0.0, 0.0, 0.0][:weeks]}


def test_a_first_week_that_the_period_cuts_has_only_who_came_within_the_period(engine: Engine) -> None:
    stored(engine, visits(u_a=["2026-09-29", "2026-09-30"], u_b=["2026-09-30"], u_c=["2026-08-01", "2026-09-30"]))
    (row,) = retention.report(asked(engine), query_of("2026-09-30", "2026-10-04", interval="day")).rows
    assert row == {"cohort": "2026-09-28", "size": 1, "weeks": [1.0]}


def test_the_first_event_ever_is_the_first_of_those_that_the_filters_leave(engine: Engine) -> None:
    earlier = record(user="u_a", time="2026-09-01T12:00:00.000Z", pluginId="search")
    stored(engine, [earlier, *visits(u_a=["2026-10-01"])])
    query = query_of("2026-09-28", "2026-10-04")
    assert [row["size"] for row in retention.report(asked(engine), query).rows] == [0]
    query = query_of("2026-09-28", "2026-10-04", filters={"plugin": ("catalog",)})
    assert [row["size"] for row in retention.report(asked(engine), query).rows] == [1]


def test_the_week_that_is_not_over_is_told_by_the_clock_and_the_questions_zone(service: Service) -> None:
    service.post(VISIT)  # on Monday the 23rd, at ten o'clock
    question = "/reports/retention?from=2026-11-23&to=2026-11-29"

    def weeks(zone: str) -> list[float]:
        (row,) = service.get(f"{question}&timezone={zone}").json["rows"]
        assert (row["cohort"], row["size"]) == ("2026-11-23", 1)
        found: list[float] = row["weeks"]
        return found

    assert weeks("UTC") == []
    service.clock.now += 6 * 86_400
    assert weeks("UTC") == []
    assert weeks("Pacific/Kiritimati") == [1.0]  # where Monday has begun
    service.clock.now += 86_400
    assert weeks("UTC") == [1.0]

"""The filters that narrow to a page and to what was searched for."""

from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest

from insights_backend.reports import active_users, pages, searches, summary, usage
from insights_backend.reports.query import ReportQuery
from insights_backend.warehouse.engine import Engine
from tests import recount
from tests.questions import ZONES, asked, stored
from tests.records import record

ENTITY = {"entity": "component:default/petstore", "subject": "/catalog/default/component/petstore/ci?x=1"}
EVENTS: list[dict[str, Any]] = [
    record(user="u_a", view=True, **ENTITY),
    record(user="u_b", view=True, **ENTITY),
    record(user="u_b", view=True, subject="/catalog/"),
    record(user="u_c", action="click", **ENTITY),
    record(user="u_c", action="search", pluginId="search", subject="  Kafka\u00a0", value=0),
    record(user="u_a", action="search", pluginId="search", subject="oauth", value=3),
    record(user="u_a", action="discover", pluginId="search", subject="kafka", value=1),
]


def query(**filters: tuple[str, ...]) -> ReportQuery:
    return ReportQuery(first=date(2026, 11, 23), last=date(2026, 11, 23), filters=filters)


@pytest.fixture
def engine(either_engine: Engine) -> Engine:
    stored(either_engine, EVENTS)
    return either_engine


def test_a_page_leaves_its_views_and_nothing_else(engine: Engine) -> None:
    narrowed = query(page=("/catalog/:namespace/:kind/:name/ci", "/nowhere"))
    assert usage.actions(asked(engine), narrowed).rows == [{"action": "navigate", "events": 2, "users": 2}]
    assert [row["page"] for row in pages.report(asked(engine), narrowed).rows] == ["/catalog/:namespace/:kind/:name/ci"]
    assert active_users.report(asked(engine), narrowed).rows[0]["active"] == 2
    assert usage.plugins(asked(engine), query(page=("/catalog",))).rows[0]["events"] == 1


def test_a_term_leaves_its_searches_and_nothing_else(engine: Engine) -> None:
    narrowed = query(term=("kafka",))
    assert usage.actions(asked(engine), narrowed).rows == [{"action": "search", "events": 1, "users": 1}]
    (row,) = searches.report(asked(engine), narrowed).rows
    assert (row["term"], row["searches"], row["noResults"]) == ("kafka", 1, 1)
    assert summary.report(asked(engine), narrowed).rows[0]["activeUsers"] == 1
    assert searches.report(asked(engine), query(term=("kafka", "oauth"))).total == 2


@pytest.mark.parametrize(
    ("first", "last", "events"),
    [
        (date(1970, 1, 1), date(1970, 1, 3), 0),
        (date(2026, 11, 23), date(2036, 11, 22), 7),
        (date(2100, 1, 1), date(2109, 12, 31), 0),
        (date(2190, 12, 31), date(2200, 12, 31), 0),
    ],
)
def test_a_question_may_reach_beyond_what_the_engine_can_count(
    engine: Engine, first: date, last: date, events: int
) -> None:
    far = ReportQuery(first=first, last=last, timezone="Asia/Tokyo", filters={})  # in which 1970 begins before it
    assert summary.report(asked(engine), far).rows[0]["events"] == events
    assert sum(row["events"] for row in usage.plugins(asked(engine), far).rows) == events


def test_of_days_that_are_needed_every_hour_is_read_and_others_are_left_out(either_engine: Engine) -> None:
    """Those around the change of Berlin's clocks too, on a day of 25 hours."""
    begin = datetime(2026, 10, 18, tzinfo=UTC)
    hours = [begin + timedelta(hours=hour) for hour in range(15 * 24)]
    stored(either_engine, [record(time=recount.iso(hour)) for hour in hours])
    needed = [date(2026, 10, 22), date(2026, 10, 25), date(2026, 10, 29)]
    for zone in ZONES:
        narrowed = ReportQuery(
            first=date(2026, 10, 19), last=date(2026, 10, 31), timezone=zone, filters={}, needed=needed
        )
        where = narrowed.where()
        sql = f"SELECT {narrowed.day()} AS day, count() AS n FROM events WHERE {where} GROUP BY day"  # noqa: S608 - ours
        read = {row["day"]: row["n"] for row in either_engine.rows(sql, narrowed.parameters())}
        assert [read[day] for day in needed] == [24, 25 if zone == "Europe/Berlin" else 24, 24]
        assert date(2026, 10, 20) not in read
        assert date(2026, 10, 27) not in read

"""The report `anomalies` counts what a plain recount does, finds what was put there, and says what it cannot judge."""

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from random import Random
from typing import Any

import pytest
from hypothesis import strategies as st

from insights_backend.reports import anomalies
from insights_backend.reports.anomaly.contributors import contributors
from insights_backend.reports.anomaly.series import Series
from insights_backend.reports.anomaly.sources import KINDS, Kind, daily_series, decomposed
from insights_backend.reports.anomaly.unusual import Finding
from insights_backend.reports.answer import Answer
from insights_backend.reports.query import ReportQuery
from insights_backend.warehouse.engine import Engine
from insights_backend.web.openapi.reports import ROWS, SkippedSchema
from tests import recount_anomalies
from tests.anomaly_scores import rows, score
from tests.portals import KINDS as CHANGES
from tests.portals import portal
from tests.questions import BEGIN, COMMON_FILTERS, ZONES, asked, law, one_of, stored
from tests.records import record
from tests.recount import iso

PLUGINS = ["catalog", "search", "it's", "%s {x}", "a\nb", "日本"]
FILTERS = {**COMMON_FILTERS, "plugin": PLUGINS, "action": ["search", "navigate"]}
events = st.builds(
    record,
    # In few weeks, around the hours at which days of some zones begin, seconds apart.
    time=st.builds(
        lambda day, hour, second: iso(BEGIN + timedelta(days=day, hours=hour, seconds=second)),
        st.integers(0, 40),
        st.sampled_from([0, 12, 18, 22, 23]),
        st.sampled_from([0, 5, 1799, 1800, 3599]),
    ),
    user=st.sampled_from([None, "u_a", "u_b", "u_c"]),
    pluginId=st.sampled_from(PLUGINS),
    environment=st.sampled_from(FILTERS["environment"]),
    instance=st.sampled_from(FILTERS["instance"]),
    groups=st.lists(st.sampled_from(FILTERS["group"]), unique=True),
    action=st.sampled_from(["search", "search", "navigate", "discover"]),
    subject=st.sampled_from(["/one", "/two", "/Two", "/日本", "/%s"]),
    value=st.sampled_from([None, 0, 0, 2]),
    view=st.booleans(),
    entity=st.sampled_from([None, "component:default/a"]),
    entityMetadata=st.sampled_from(
        [{}, {"spec.owner": "group:default/x", "spec.type": "service", "spec.lifecycle": "production"}]
    ),
)
queries = st.builds(
    lambda first, days, zone, wanted: ReportQuery(
        first=BEGIN.date() + timedelta(first),
        last=BEGIN.date() + timedelta(first + days),
        timezone=zone,
        filters=wanted,
    ),
    st.integers(-3, 45),
    st.integers(0, 70),
    st.sampled_from(ZONES),
    st.just({}) | one_of(FILTERS),
)
findings = st.builds(
    lambda day, distance, gap: finding_of(BEGIN.date() + timedelta(day), 100 + distance, 100, gap),
    st.integers(0, 45),
    st.sampled_from([-30, -10, -3, 1, 10, 40]),
    st.sampled_from([0, 35]),
)


questions = st.tuples(queries, st.sampled_from(KINDS), st.integers(0, 5), findings)


@law(4, given_=st.lists(events, min_size=5, max_size=80), asked_=st.lists(questions, min_size=3, max_size=4))
def test_series_and_contributors_equal_a_recount(
    either_engine: Engine,
    given_: list[dict[str, Any]],
    asked_: list[tuple[ReportQuery, Kind, int, Finding]],
) -> None:
    numbered = stored(either_engine, given_)
    for query, kind, place, finding in asked_:
        names = [name for name in recount_anomalies.names(numbered, query) if of_kind(name, kind)]
        found = daily_series(either_engine, query, kind)
        assert {series.name: (date.fromordinal(series.begin), list(series.counts)) for series in found} == {
            name: recount_anomalies.counts(name, numbered, query) for name in names
        }
        if names:
            name = sorted(names)[place % len(names)]
            longer = replace(query, last=max(query.last, date.fromordinal(finding.day)))
            moved = contributors(either_engine, longer, kind, [(name.removeprefix(kind.prefix), finding)])
            assert moved == [recount_anomalies.contributors(name, finding, numbered, longer)]


def of_kind(name: str, kind: Kind) -> bool:
    return name.startswith("group:") if kind.of == "group" else name.startswith(kind.prefix)


def test_the_usual_of_a_contributor_is_the_median_of_five_weeks_before_or_before_the_gap(engine: Engine) -> None:
    day = date(2026, 11, 17)
    by_week = [9, 1, 2, 50, 40, 3, 5, 6, 60, 70, 7]
    stored(engine, [at(day - timedelta(7 * week), "a") for week, events_ in enumerate(by_week) for _ in range(events_)])
    query = ReportQuery(first=day, last=day, filters={})
    for gap, expected in ((0, 3), (35, 7)):
        (parts,) = contributors(engine, query, KINDS[1], [("", finding_of(day, 9, expected, gap))])
        assert parts == [{"dimension": "plugin", "key": "a", "actual": 9, "expected": expected}]


def test_searches_without_results_are_searches_that_found_none_and_were_not_typed_on(engine: Engine) -> None:
    searched = [("one", 0, 0), ("two", 1, 2), ("three", 2, None), ("fou", 30, 0), ("four", 31, 0)]
    searched += [("fi", 49, 0), ("five", 59, 0)]  # ten seconds, which are still typing
    stored(engine, [search(*step) for step in searched])
    day = date(2026, 11, 17)
    query = ReportQuery(first=day, last=day, filters={})
    (series,) = daily_series(engine, query, KINDS[2])
    assert list(series.counts) == [3]
    (parts,) = contributors(engine, query, KINDS[2], [("", finding_of(day, 3, 0, 0))])
    assert {part["key"]: part["actual"] for part in parts} == {"one": 1, "four": 1, "five": 1}


def search(term: str, second: int, found: int | None) -> dict[str, Any]:
    return record(time=f"2026-11-17T10:00:{second:02}.000Z", user="u_a", action="search", subject=term, value=found)


def test_of_each_dimension_the_three_that_moved_furthest_in_the_direction_are_told(engine: Engine) -> None:
    day = date(2026, 11, 17)
    up = [at(day, plugin) for plugin, count in zip("abcde", (20, 30, 30, 25, 9), strict=True) for _ in range(count)]
    down = [at(day - timedelta(7 * week), "z") for week in range(1, 6) for _ in range(60)]
    stored(engine, up + down)
    query = ReportQuery(first=day, last=day, filters={})
    (rise,) = contributors(engine, query, KINDS[1], [("", finding_of(day, 114, 60, 0))])
    assert [part["key"] for part in rise] == ["b", "c", "d"]
    (fall,) = contributors(engine, query, KINDS[1], [("", finding_of(day, 0, 600, 0))])
    assert [(part["key"], part["expected"]) for part in fall] == [("z", 60)]


def at(day: date, plugin: str) -> dict[str, Any]:
    return record(time=f"{day}T10:00:00.000Z", pluginId=plugin)


def finding_of(day: date, actual: int, expected: int, gap: int) -> Finding:
    return Finding(day=day.toordinal(), actual=actual, expected=expected, low=0, high=0, score=1.0, gap=gap)


# A portal of 15 weeks, of forty people each working day, a few on weekends and on a holiday, and this Thursday so far.
TODAY = date(2026, 11, 19)
FIRST = TODAY - timedelta(15 * 7 + 3)
HOLIDAY, OUTAGE, SPIKE = date(2026, 10, 29), date(2026, 11, 4), date(2026, 11, 10)
MONTH = ReportQuery(first=date(2026, 10, 22), last=date(2026, 11, 22), filters={}, today=TODAY)


def history() -> list[dict[str, Any]]:
    chance = Random(7)  # noqa: S311 - the same history each time is the point
    days = [FIRST + timedelta(number) for number in range((TODAY - FIRST).days + 1)]
    new = [event for user in range(40) for event in visit(chance, SPIKE, user, ["/docs/new"] * 3)]
    return new + [event for day in days for event in of_day(chance, day)]


def of_day(chance: Random, day: date) -> list[dict[str, Any]]:
    rest = day.weekday() >= 5 or day == HOLIDAY
    people = {TODAY: 3, OUTAGE: 25}.get(day, 6 if rest else 40)
    pages = ["/catalog"] if day == OUTAGE else ["/catalog", "/catalog/a"]
    return [event for user in chance.sample(range(60), people) for event in visit(chance, day, user, pages)]


def visit(chance: Random, day: date, user: int, pages: list[str]) -> list[dict[str, Any]]:
    begin = datetime(day.year, day.month, day.day, 8, tzinfo=UTC) + timedelta(minutes=chance.randrange(240))
    return [
        record(
            time=iso(begin + timedelta(minutes=number)),
            user=f"u_{user}",
            pluginId="techdocs" if page.startswith("/docs") else "catalog",
            subject=page,
            view=True,
            groups=["group:default/even" if user % 2 == 0 else "group:default/odd"],
        )
        for number, page in enumerate(pages)
    ]


def described(answer: Answer) -> set[tuple[str, str, str]]:
    return {(row["date"], row["series"], row["direction"]) for row in answer.rows}


def test_what_was_put_into_a_history_is_found_and_the_rest_is_quiet(either_engine: Engine) -> None:
    stored(either_engine, history())
    answer = anomalies.report(asked(either_engine), MONTH)
    assert described(answer) == {
        ("2026-11-04", "events", "down"),
        ("2026-11-04", "plugin:catalog", "down"),
        ("2026-11-10", "events", "up"),
    }
    assert answer.more == {
        "skipped": [
            {"series": "searchesWithoutResults", "reason": "too_short"},
            {"series": "plugin:techdocs", "reason": "too_short"},
        ]
    }
    new = answer.rows[-1]
    assert new["contributors"][:2] == [
        {"dimension": "plugin", "key": "techdocs", "actual": 120, "expected": 0},
        {"dimension": "page", "key": "/docs/new", "actual": 120, "expected": 0},
    ]
    assert {part["key"] for part in new["contributors"][2:]} == {"group:default/even", "group:default/odd"}
    for row in answer.rows:
        assert ROWS["anomalies"]().validate(row) == {}
        assert list(row) == list(ROWS["anomalies"]().fields)
    for skipped in answer.more["skipped"]:
        assert SkippedSchema().validate(skipped) == {}


@pytest.mark.parametrize(
    ("zone", "wanted"),
    [
        ("America/St_Johns", {"group": ("group:default/odd",)}),
        ("Pacific/Kiritimati", {"plugin": ("techdocs", "catalog")}),
    ],
)
def test_what_is_told_is_counted_by_zone_and_filters(
    engine: Engine, zone: str, wanted: dict[str, tuple[str, ...]]
) -> None:
    numbered = stored(engine, history())
    query = replace(MONTH, timezone=zone, filters=wanted)
    told = anomalies.report(asked(engine), query).rows
    assert told
    for row in told:
        begin, counts = recount_anomalies.counts(row["series"], numbered, replace(query, first=FIRST))
        assert row["actual"] == counts[(date.fromisoformat(row["date"]) - begin).days]
        assert (row["actual"] > row["high"]) == (row["direction"] == "up")
        assert (row["actual"] < row["low"]) == (row["direction"] == "down")


def test_a_day_is_told_alike_in_a_question_of_that_day_alone(engine: Engine) -> None:
    stored(engine, history())
    alone = anomalies.report(asked(engine), replace(MONTH, first=OUTAGE, last=OUTAGE))
    assert described(alone) == {("2026-11-04", "events", "down"), ("2026-11-04", "plugin:catalog", "down")}


def test_series_say_why_they_cannot_be_judged(engine: Engine) -> None:
    short = [{**event, "environment": "new"} for event in history() if event["time"] >= "2026-10-20"]
    thin = [{**event, "environment": "few"} for event in history()[::20]]
    stored(engine, [*short, *thin])
    for environment, reason in (("new", "too_short"), ("few", "too_thin")):
        query = replace(MONTH, filters={"environment": (environment,)})
        answer = anomalies.report(asked(engine), query)
        assert answer.rows == []
        reasons = {skip["series"]: skip["reason"] for skip in answer.more["skipped"]}
        assert {reasons[name] for name in ("activeUsers", "events", "plugin:catalog", "group:default/odd")} == {reason}


def test_days_to_come_are_not_looked_at(engine: Engine) -> None:
    query = ReportQuery(first=date(2026, 11, 20), last=date(2026, 11, 30), filters={}, today=TODAY)
    assert anomalies.report(asked(engine), query) == Answer(rows=[], more={"skipped": []})


def test_an_empty_warehouse_has_three_series_that_are_too_short(engine: Engine) -> None:
    answer = anomalies.report(asked(engine), MONTH)
    assert answer.rows == []
    assert [(skip["series"], skip["reason"]) for skip in answer.more["skipped"]] == [
        ("activeUsers", "too_short"),
        ("events", "too_short"),
        ("searchesWithoutResults", "too_short"),
    ]


def taken_apart(engine: Engine, counts: list[int]) -> Series:
    given_ = "SELECT '' AS key, {counts:Array(UInt64)} AS whole"
    (series,) = decomposed(engine, given_, {"counts": counts}, date(2026, 1, 5), "x")
    return series


def test_the_usual_week_is_found_and_an_odd_day_twice_does_not_bend_it(engine: Engine) -> None:
    counts = [100, 110, 120, 110, 90, 10, 5] * 15
    series = taken_apart(engine, counts)
    assert [round(series.expected(series.begin + day, series.level(series.begin))) for day in range(7)] == counts[:7]
    assert series.noise == 1
    odd = taken_apart(engine, [*counts[:40], 0, 5000, *counts[42:47], 0, 5000, *counts[49:]])
    assert odd.week == pytest.approx(series.week)


@pytest.mark.parametrize("counts", [[1], [0] * 9 + [3], [7] * 14, [0, 10**15] * 20])
def test_any_counts_can_be_taken_apart(engine: Engine, counts: list[int]) -> None:
    series = taken_apart(engine, counts)
    begin = next(place for place, count in enumerate(counts) if count)
    assert series.begin == date(2026, 1, 5).toordinal() + begin
    assert list(series.counts) == counts[begin:]
    assert all(abs(level) < 100 for level in series.levels)


@pytest.mark.parametrize("kind", CHANGES)
def test_nine_of_ten_changes_are_found_and_nine_of_ten_findings_are_right(engine: Engine, kind: str) -> None:
    """`python -m tests.bench.anomaly_table` tells more."""
    reached = score(engine, [portal(seed, size, [kind]) for seed, size in ((200, 1000), (201, 20_000), (202, 20_000))])
    assert reached.made > 20
    assert reached.recall >= 0.9
    assert reached.precision >= 0.9


def test_a_portal_where_nothing_happens_is_hardly_ever_told_of(engine: Engine) -> None:
    found = rows(engine, portal(202, 1000, []))
    assert len(found) > 8
    assert sum(map(len, found.values())) <= 2

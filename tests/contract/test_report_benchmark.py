"""The report `benchmark` equals a plain recount, and tells of other instances no more than it says."""

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from typing import Any
from uuid import uuid4

import orjson
from hypothesis import strategies as st

from insights_backend.reports import benchmark, summary
from insights_backend.reports.query import ReportQuery
from insights_backend.warehouse.engine import Engine
from insights_backend.warehouse.total_users import TOTAL_USERS
from insights_backend.web.openapi.reports import ROWS
from tests import recount_benchmark
from tests.questions import ZONES, asked, law, stored
from tests.records import record
from tests.recount import iso
from tests.recount_adoption import Told

BEGIN = datetime(2026, 10, 20, tzinfo=UTC)
PERIOD = ReportQuery(first=date(2026, 10, 24), last=date(2026, 10, 25), filters={})

INSTANCES = ["local", "b", "c", "d", "e", "ünï'\"{x:String}%s\n"]
GROUPS = ["group:default/x", "group:default/y", "it's {group:String}%s\\"]
FILTERS = {
    "group": [*GROUPS, "group:default/nobody"],
    "plugin": ["catalog", "%s"],
    "environment": ["production"],
    "instance": [*INSTANCES, "nobody"],
    "entity": ["component:default/a"],
    "owner": ["group:default/x"],
    "type": ["service"],
    "lifecycle": ["production"],
    "action": ["navigate", "click"],
}

events = st.builds(
    record,
    time=st.integers(0, 12 * 24 * 12).map(lambda five: iso(BEGIN + timedelta(minutes=5 * five))),
    user=st.sampled_from([None, "u_a", "u_b", "u_c", "u_d"]),
    sessionId=st.sampled_from([None, None, "s_1", "s_2"]),
    instance=st.sampled_from(INSTANCES),
    environment=st.sampled_from(["production", "production", "test"]),
    groups=st.lists(st.sampled_from(GROUPS), unique=True),
    pluginId=st.sampled_from(["catalog", "%s"]),
    action=st.sampled_from(["navigate", "click"]),
    entity=st.sampled_from([None, "component:default/a"]),
    entityMetadata=st.sampled_from(
        [{}, {"spec.owner": "group:default/x", "spec.type": "service", "spec.lifecycle": "production"}]
    ),
)
# Some portals never tell how many people they have.
told = st.builds(
    Told,
    instance=st.sampled_from(INSTANCES),
    environment=st.just("production"),
    moment=st.integers(0, 12 * 24).map(lambda hour: BEGIN + timedelta(hours=hour)),
    number=st.integers(0, 9),
)


def filters(*names: str) -> st.SearchStrategy[dict[str, tuple[str, ...]]]:
    """One of the filters, with one value or two, or none."""
    values = {name: st.lists(st.sampled_from(FILTERS[name]), min_size=1, max_size=2).map(tuple) for name in names}
    return st.just({}) | st.one_of([st.fixed_dictionaries({name: values[name]}) for name in names])


@st.composite
def queries(draw: st.DrawFn) -> ReportQuery:
    first = BEGIN.date() + timedelta(draw(st.integers(-1, 8)))
    return ReportQuery(
        first=first,
        last=first + timedelta(draw(st.sampled_from([0, 7, 9, 40]))),
        timezone=draw(st.sampled_from(ZONES)),
        filters=draw(filters(*FILTERS)) | draw(filters("group")) | draw(filters("instance")),
    )


def write(engine: Engine, recorded: list[Told]) -> None:
    """Record how many people there are, as one block under a name of its own."""
    rows = [
        {
            "day": each.moment.date().isoformat(),
            "environment": each.environment,
            "instance": each.instance,
            "total": each.number,
            "recordedAt": iso(each.moment),
        }
        for each in recorded
    ]
    engine.insert("total_users", [orjson.dumps(row) for row in rows], token=str(uuid4()), columns=TOTAL_USERS)


@law(
    6,
    events=st.lists(events, min_size=60, max_size=80) | st.lists(events, max_size=80),
    recorded=st.lists(told, min_size=6, max_size=20, unique_by=lambda each: (each.instance, each.moment)),
    query=queries(),
)
def test_benchmarks_equal_a_recount(
    either_engine: Engine, events: list[dict[str, Any]], recorded: list[Told], query: ReportQuery
) -> None:
    numbered = stored(either_engine, events)
    write(either_engine, recorded)
    answer = benchmark.report(asked(either_engine), query)
    assert answer.rows == recount_benchmark.benchmark(numbered, recorded, query)
    assert ROWS["benchmark"](many=True).validate(answer.rows) == {}


def visits(**by_instance: int) -> list[dict[str, Any]]:
    """So many events of as many users in each instance, on the period's first day."""
    return [
        record(time="2026-10-24T10:00:00.000Z", instance=instance, user=f"u_{instance}{number}")
        for instance, numbers in by_instance.items()
        for number in range(numbers)
    ]


def row(engine: Engine, metric: str, of: str | None = None, **filters: tuple[str, ...]) -> dict[str, Any]:
    rows = benchmark.report(asked(engine), replace(PERIOD, filters=filters)).rows
    (found,) = [row for row in rows if (row["metric"], row["group"]) == (metric, of)]
    return found


def test_without_events_all_is_zero_or_unknown(engine: Engine) -> None:
    rows = benchmark.report(asked(engine), PERIOD).rows
    assert [(row["metric"], row["value"]) for row in rows] == [
        ("events", 0), ("activeUsers", 0), ("newUsers", 0), ("sessions", 0), ("adoption", None), ("stickiness", None),
    ]  # fmt: skip
    assert {row[name] for row in rows for name in ("change", "quartiles", "position", "group")} == {None}


def test_the_change_is_against_the_period_of_equal_length_before(engine: Engine) -> None:
    days = ["21", "22", "23", "24", "25", "25"]  # the period is the 24th and 25th
    stored(engine, [record(time=f"2026-10-{day}T10:00:00.000Z", user="u_a") for day in days])
    events = row(engine, "events")
    assert (events["value"], events["previous"], events["change"]) == (3, 2, 0.5)
    new = row(engine, "newUsers")
    assert (new["value"], new["previous"], new["change"]) == (0, 0, None)


def test_quartiles_are_linear_between_the_two_nearest_values(engine: Engine) -> None:
    stored(engine, visits(a=1, b=2, c=4, d=8, e=16, f=32))
    assert row(engine, "activeUsers")["quartiles"] == [2.5, 6, 14]


def test_four_instances_are_too_few_to_tell_of(engine: Engine) -> None:
    stored(engine, visits(a=1, b=2, c=4, d=8))
    events = row(engine, "events", instance=("a",))
    assert (events["value"], events["quartiles"], events["position"]) == (1, None, None)


def test_a_metric_that_is_known_of_four_instances_is_not_told(engine: Engine) -> None:
    stored(engine, visits(a=1, b=2, c=4, d=8, e=16))
    write(engine, [Told(name, "production", BEGIN, 20) for name in "abcd"])
    assert row(engine, "adoption", instance=("a",))["quartiles"] is None
    write(engine, [Told("e", "production", BEGIN, 20)])
    assert row(engine, "adoption", instance=("a",))["quartiles"] == [0.1, 0.2, 0.4]


def test_quartiles_are_of_all_instances_whichever_is_asked_for(engine: Engine) -> None:
    stored(engine, visits(a=1, b=2, c=4, d=8, e=16))
    of_one, of_all = row(engine, "events", instance=("a",)), row(engine, "events")
    assert (of_one["value"], of_all["value"]) == (1, 31)
    assert of_one["quartiles"] == of_all["quartiles"] == [2, 4, 8]


def test_a_position_is_that_of_one_instance_among_the_others(engine: Engine) -> None:
    stored(engine, visits(a=1, b=2, c=4, d=4, e=16))
    expected = {("a",): 0.0, ("c",): 0.75, ("e",): 1.0, ("c", "c"): 0.75, ("nobody",): 0.0, ("a", "b"): None}
    assert {named: row(engine, "events", instance=named)["position"] for named in expected} == expected
    assert row(engine, "events")["position"] is None


def test_each_group_that_is_named_is_beside_the_whole_once_and_as_if_it_were_asked_for_alone(engine: Engine) -> None:
    both = ["group:default/x", "group:default/y"]
    of_users = {"u_1": both, "u_2": both[:1], "u_3": both[1:], "u_4": both[1:]}
    stored(engine, [record(time="2026-10-24T10:00:00.000Z", user=u, groups=g) for u, g in of_users.items()])
    query = replace(PERIOD, filters={"group": (both[1], both[0], both[1])})
    rows = benchmark.report(asked(engine), query).rows
    assert [(r["group"], r["value"]) for r in rows if r["metric"] == "events"] == [
        (None, 4),
        (both[1], 3),
        (both[0], 2),
    ]
    for group in both:
        (alone,) = summary.report(asked(engine), replace(PERIOD, filters={"group": (group,)})).rows
        assert {r["metric"]: r["value"] for r in rows if r["group"] == group}.items() <= alone.items()


def test_groups_are_compared_with_each_other_and_not_with_instances(engine: Engine) -> None:
    stored(engine, [{**event, "groups": ["group:default/x"]} for event in visits(a=1, b=2, c=4, d=8, e=16)])
    group = ("group:default/x",)
    whole = row(engine, "events", instance=("a",), group=group)
    of_group = row(engine, "events", of=group[0], instance=("a",), group=group)
    assert (whole["quartiles"], whole["position"]) == ([2, 4, 8], 0.0)
    assert (of_group["value"], of_group["quartiles"], of_group["position"]) == (1, None, None)

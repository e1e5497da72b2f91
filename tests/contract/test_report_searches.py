"""The report `searches` equals a plain recount, and each word of its definition counts."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from typing import Any

from hypothesis import example
from hypothesis import strategies as st

from insights_backend.reports import searches
from insights_backend.reports.query import ReportQuery
from insights_backend.warehouse.engine import Engine
from insights_backend.web.openapi.reports import ROWS
from tests import recount_searches
from tests.questions import COMMON_FILTERS, ZONES, asked, law, one_of, stored
from tests.records import record

NOON = datetime(2026, 10, 24, 12, tzinfo=UTC)
DAY = ReportQuery(first=NOON.date(), last=NOON.date(), filters={})

# Just before midnight of UTC, Berlin and Kathmandu, and some way from any.
BEGINS = [
    datetime(2026, 10, 24, hour, minute, 55, tzinfo=UTC) for hour, minute in ((23, 59), (21, 59), (18, 14), (12, 0))
]
SECONDS = [0, 0.001, 1, 2, 5, 9.999, 10, 10.001, 20, 299.999, 300, 300.001, 310, 86400]
TERMS = [
    "f",
    "fo",
    "foo",
    "Foo ",
    " FOO\t",
    "",
    "\u3000",
    "日本",
    "日本語\u3000",
    "ΑΣ",
    "İx",
    "i̇x",
    "ß",
    "%s",
    "%(where)s",
]
TERMS += ["it's", '"{limit:UInt32}"', "{", "\\", "a\nb", "a", "\x1c", "\x85x\xa0", "a\x00b", "é", "e\u0301", "x" * 300]
FILTERS = {**COMMON_FILTERS, "plugin": ["search", "catalog"], "action": ["search", "discover"]}


def at(seconds: float, begin: datetime = NOON) -> str:
    return (begin + timedelta(seconds=seconds)).isoformat(timespec="milliseconds").replace("+00:00", "Z")


moments = st.builds(at, st.sampled_from(SECONDS), st.sampled_from(BEGINS))
steps = st.builds(
    record,
    time=moments,
    user=st.sampled_from([None, "u_a", "u_a", "u_a", "u_b"]),
    action=st.sampled_from(["search", "search", "search", "discover", "discover", "navigate"]),
    subject=st.sampled_from(TERMS[:5]) | st.sampled_from(TERMS),
    value=st.sampled_from([None, 0, -0.0, 1, 2, 3.5, 591]),
    pluginId=st.sampled_from(FILTERS["plugin"]),
    environment=st.sampled_from(FILTERS["environment"]),
    instance=st.sampled_from(FILTERS["instance"]),
    groups=st.lists(st.sampled_from(FILTERS["group"]), unique=True),
    entity=st.sampled_from([None, "component:default/a"]),
    entityMetadata=st.sampled_from(
        [{}, {"spec.owner": "group:default/x", "spec.type": "service", "spec.lifecycle": "production"}]
    ),
)
filters: st.SearchStrategy[dict[str, tuple[str, ...]]] = st.just({}) | one_of(FILTERS)


@st.composite
def queries(draw: st.DrawFn) -> ReportQuery:
    first = draw(st.sampled_from([date(2026, 10, 24), date(2026, 10, 25), date(2026, 10, 23)]))
    return ReportQuery(
        first=first,
        last=first + timedelta(draw(st.sampled_from([0, 0, 1, 5]))),
        timezone=draw(st.sampled_from(ZONES)),
        filters=draw(filters) | draw(filters),
        limit=draw(st.sampled_from([1, 2, 20])),
    )


@law(8, events=st.lists(steps, max_size=60), query=queries())
@example(events=[], query=DAY)
def test_searches_equal_a_recount(either_engine: Engine, events: list[dict[str, Any]], query: ReportQuery) -> None:
    numbered = stored(either_engine, events)
    answer = searches.report(asked(either_engine), query)
    assert (answer.rows, answer.total) == recount_searches.searches(numbered, query)
    assert ROWS["searches"](many=True).validate(answer.rows) == {}


def test_a_term_is_lower_case_without_white_space_around_it_whatever_it_is(engine: Engine) -> None:
    events = stored(engine, [record(action="search", time=at(0), subject=text) for text in TERMS])
    answer = searches.report(asked(engine), replace(DAY, limit=1000))
    assert (answer.rows, answer.total) == recount_searches.searches(events, replace(DAY, limit=1000))
    assert {"foo", "日本語", "ας", "i̇x", "x", "a\nb", "\x1c", "a\x00b"} <= {row["term"] for row in answer.rows}


Step = tuple[str, float, str, float | None]


def search(seconds: float, term: str, results: float | None = 7) -> Step:
    return "search", seconds, term, results


def discover(seconds: float, rank: float | None = 1) -> Step:
    return "discover", seconds, "the title", rank


def by_term(engine: Engine, steps: list[Step], user: str | None = "u_a") -> dict[str, dict[str, Any]]:
    """What a user's steps come to, by term."""
    return by_case(engine, {"steps": steps}, user)["steps"]


def by_case(
    engine: Engine, cases: Mapping[str, list[Step]], user: str | None = "u_a"
) -> dict[str, dict[str, dict[str, Any]]]:
    """What a user's steps come to, by term, in each of several cases: each is an instance of its own."""
    events = [
        record(action=action, time=at(seconds), subject=text, value=value, user=user, instance=case)
        for case, of_case in cases.items()
        for action, seconds, text, value in of_case
    ]
    stored(engine, events)
    asking = {case: replace(DAY, filters={"instance": (case,)}) for case in cases}
    answers = {case: searches.report(asked(engine), query) for case, query in asking.items()}
    return {case: {row.pop("term"): row for row in answer.rows} for case, answer in answers.items()}


TYPING: dict[str, tuple[list[Step], dict[str, int]]] = {
    "typing on": ([search(0, "c"), search(1, "ca"), search(2, "cat")], {"cat": 1}),
    "deleting": ([search(0, "cat"), search(1, "ca")], {"ca": 1}),
    "terms as they are counted": ([search(0, "Ca"), search(1, " cAT")], {"cat": 1}),
    "ten seconds later": ([search(0, "ca"), search(10, "cat")], {"cat": 1}),
    "later than that": ([search(0, "ca"), search(10.001, "cat")], {"ca": 1, "cat": 1}),
    "another word": ([search(0, "cat"), search(1, "dog")], {"cat": 1, "dog": 1}),
    "not the next one": ([search(0, "ca"), search(1, "dog"), search(2, "cat")], {"ca": 1, "dog": 1, "cat": 1}),
    "something opened in between": ([search(0, "ca"), discover(1), search(2, "cat")], {"cat": 1}),
    "arrived out of order": ([search(2, "cat"), search(0, "ca")], {"cat": 1}),
    "at one moment the shorter is first": ([search(0, "cat"), search(0, "ca")], {"cat": 1}),
    "emptying the box": ([search(0, "cat"), search(1, "")], {"": 1}),
}


def test_typing_is_one_search(engine: Engine) -> None:
    found = by_case(engine, {case: steps for case, (steps, _) in TYPING.items()})
    counts = {case: {term: row["searches"] for term, row in rows.items()} for case, rows in found.items()}
    assert counts == {case: expected for case, (_, expected) in TYPING.items()}


LEADING: dict[str, tuple[list[Step], tuple[float, float | None]]] = {
    "within five minutes": ([search(0, "cat"), discover(300)], (1, 1)),
    "later": ([search(0, "cat"), discover(300.001)], (0, None)),
    "before": ([discover(0), search(1, "cat")], (0, None)),
    "at one moment": ([discover(0), search(0, "cat")], (1, 1)),
    "twice": ([search(0, "cat"), discover(1, 2), discover(2, 4)], (1, 3)),
    "without a rank": ([search(0, "cat"), discover(1, None)], (1, None)),
    "one without a rank": ([search(0, "cat"), discover(1, None), discover(1, 4)], (1, 4)),
    "only after the second": ([search(0, "cat"), search(20, "cat"), discover(21)], (0.5, 1)),
    "after the next search": ([search(0, "cat"), search(20, "dog"), discover(21)], (0, None)),
    "with the next search": ([search(0, "cat"), discover(20), search(20, "dog")], (0, None)),
    "while the next search is typed": ([search(0, "cat"), search(20, "d"), discover(21), search(22, "do")], (1, 1)),
    "too large to add": ([search(0, "cat"), discover(1, 1e308), discover(1, 1e308)], (1, None)),
}


def test_a_search_leads_somewhere_if_something_is_opened_before_the_next(engine: Engine) -> None:
    found = by_case(engine, {case: steps for case, (steps, _) in LEADING.items()})
    led = {case: (rows["cat"]["clickThrough"], rows["cat"]["averageRank"]) for case, rows in found.items()}
    assert led == {case: expected for case, (_, expected) in LEADING.items()}


def test_searches_of_nobody_are_each_one_and_of_no_user_and_lead_nowhere(engine: Engine) -> None:
    (row,) = by_term(engine, [search(0, "ca"), search(1, "ca"), discover(2)], user=None).values()
    assert (row["searches"], row["users"], row["clickThrough"], row["averageRank"]) == (2, 0, 0.0, None)


def test_an_absent_number_of_results_is_not_none_found(engine: Engine) -> None:
    row = by_term(engine, [search(0, "cat", 0), search(60, "cat", None), search(120, "cat", 3)])["cat"]
    assert (row["searches"], row["noResults"]) == (3, 1)


def test_the_next_search_of_another_user_changes_nothing(engine: Engine) -> None:
    events = [record(action="search", time=at(0), subject="ca", user="u_a")]
    events += [record(action=a, time=at(1), subject="cat", value=1, user="u_b") for a in ("search", "discover")]
    stored(engine, events)
    found = [(row["term"], row["users"], row["clickThrough"]) for row in searches.report(asked(engine), DAY).rows]
    assert found == [("ca", 1, 0.0), ("cat", 1, 1.0)]


def test_what_lies_outside_the_period_was_not_there(engine: Engine) -> None:
    midnight = datetime(2026, 10, 25, tzinfo=UTC)
    events = [record(action="search", time=at(-1, midnight), subject="ca", user="u_a")]
    events += [record(action=a, time=at(1, midnight), subject="cat", user="u_a") for a in ("search", "discover")]
    stored(engine, events)
    (row,) = searches.report(asked(engine), DAY).rows
    assert (row["term"], row["clickThrough"]) == ("ca", 0.0)


def test_a_filter_narrows_what_was_found_too(engine: Engine) -> None:
    events = [record(action="search", time=at(0), subject="cat", user="u_a", pluginId="search")]
    events += [record(action="discover", time=at(1), user="u_a", pluginId="catalog")]
    stored(engine, events)
    (row,) = searches.report(asked(engine), replace(DAY, filters={"plugin": ("search",)})).rows
    assert row["clickThrough"] == 0.0

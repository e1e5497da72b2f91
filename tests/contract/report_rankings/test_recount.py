"""Pages, entities, docs, templates, actions and groups equal a plain recount."""

from collections.abc import Mapping
from datetime import date, timedelta
from itertools import product
from typing import Any

from hypothesis import strategies as st

from insights_backend.reports import entities, groups, pages, templates, usage
from insights_backend.reports.answer import Report
from insights_backend.reports.query import ReportQuery
from insights_backend.warehouse.engine import Engine
from tests import recount_rankings as recount
from tests.contract.report_rankings.portal import MEMBERS, PERSON, UUID, WEIRD, sources
from tests.questions import BEGIN, ZONES, law, stored
from tests.records import record
from tests.recount import iso

ENTITIES = ["component:default/pet.store", "template:default/go", f"component:default/{UUID.lower()}", PERSON, WEIRD]
GROUPS = ["group:default/x", "group:default/y", WEIRD]
PLUGINS = ["catalog", "techdocs", "scaffolder", WEIRD]
ACTIONS = ["navigate", "click", "create", WEIRD]


segments = st.sampled_from([
    "catalog", "default", "Default", "Component", "component", "pet.store", "Pet.Store", "user", PERSON, "create",
    "templates", "template", "Go", "docs", "0", "42", "4a", UUID, UUID[1:], "", "%2F", "größe", ":id", "pet%2Estore",
])  # fmt: skip


OWN_PAGES = {
    "/catalog/Default/component/Pet.store": "component:default/pet.store",
    "/p/docs/default/component/pet.store/7": "component:default/pet.store",
    "/catalog/d%65fault/component/Pet%2Estore/%FF": "component:default/pet.store",
    "/create/templates/default/Go": "template:default/go",
    "/catalog/default/template/go/": "template:default/go",
    f"/catalog/default/user/{PERSON}": PERSON,
    f"/catalog/default/component/{UUID}": f"component:default/{UUID.lower()}",
    f"/create/tasks/{UUID}": None,
}


subjects = st.one_of(
    st.builds(
        lambda origin, start, path, rest: "/".join([origin + start, *path]) + rest,
        st.sampled_from(["", "", "https://portal.example.com:7007", "HTTP://h"]),
        st.sampled_from(["", *OWN_PAGES]),
        st.lists(segments, max_size=5),
        st.sampled_from(["", "/", "//", "?q=/1/2", "/#a/", "#a?b/", "/?x#y?z", "?://"]),
    ),
    st.sampled_from(["Template has been opened", "Create", "Create ", "", "/", "https://h", WEIRD]),
    st.text("/:.?#a1\u00e9\n'\\%", max_size=12),
)


def events_of(**fields: st.SearchStrategy[Any]) -> st.SearchStrategy[dict[str, Any]]:
    """Events of all kinds, but for some fields. Of few moments, so that several share one."""
    any_of = {
        "time": st.integers(0, 40).map(lambda number: iso(BEGIN + timedelta(hours=5 * number))),
        "user": st.sampled_from([None, "u_a", "u_b", "u_c"]),
        "action": st.sampled_from(ACTIONS),
        "subject": subjects,
        "value": st.sampled_from([None, 0, 60, 1.5, -2.25]),
        "pluginId": st.sampled_from(PLUGINS),
        "view": st.booleans(),
        "environment": st.sampled_from(["production", WEIRD]),
        "instance": st.sampled_from(["local", "portal-a"]),
        "groups": st.lists(st.sampled_from(GROUPS), max_size=3),
        "entity": st.none() | st.sampled_from(ENTITIES),
        "entityMetadata": metadata,
    }
    return st.builds(record, **{**any_of, **fields})


def own_view(page: str) -> st.SearchStrategy[dict[str, Any]]:
    return events_of(subject=st.just(page), entity=st.just(OWN_PAGES[page]), view=st.just(True))


metadata = st.fixed_dictionaries(
    {},
    optional={
        "kind": st.sampled_from(["Component", "Template"]),
        "spec.type": st.sampled_from(["service", WEIRD]),
        "spec.owner": st.sampled_from(["group:default/x", PERSON]),
        "spec.lifecycle": st.just("production"),
    },
)


events = st.one_of(
    events_of(),
    st.sampled_from(sorted(OWN_PAGES)).flatmap(own_view),
    events_of(
        action=st.sampled_from(["click", "create"]),
        subject=st.sampled_from(["Template has been opened", "Create", "Create ", "new go"]),
        pluginId=st.sampled_from(["scaffolder", "scaffolder", "catalog"]),
        entity=st.sampled_from(["template:default/go", "template:default/go", "template:default/web", None, WEIRD]),
    ),
)


FILTERS = {
    "group": GROUPS,
    "plugin": PLUGINS,
    "environment": ["production", WEIRD],
    "instance": ["local", "portal-a"],
    "entity": ENTITIES,
    "owner": ["group:default/x", PERSON],
    "type": ["service", WEIRD],
    "lifecycle": ["production"],
    "action": ACTIONS,
}


def filtered(names: list[str]) -> st.SearchStrategy[dict[str, Any]]:
    return st.fixed_dictionaries({name: some_of([*FILTERS[name], "nobody's"]) for name in names})


def some_of(values: list[str]) -> st.SearchStrategy[tuple[str, ...]]:
    return st.lists(st.sampled_from(values), min_size=1, max_size=2).map(tuple)


@st.composite
def queries(draw: st.DrawFn) -> ReportQuery:
    first = date(2026, 9, 29) + timedelta(draw(st.integers(0, 11)))
    return ReportQuery(
        first=first,
        last=first + timedelta(draw(st.integers(0, 15))),
        timezone=draw(st.sampled_from(ZONES)),
        # Few of the nine at once, or nothing would be left.
        filters=draw(st.just({}) | st.lists(st.sampled_from(sorted(FILTERS)), max_size=2).flatmap(filtered)),
        limit=draw(st.sampled_from([1, 3, 20])),
    )


RECOUNTS: Mapping[Report, Any] = {
    pages.report: recount.pages,
    entities.report: recount.entities,
    entities.docs: recount.docs,
    templates.report: recount.templates,
    usage.actions: recount.actions,
    groups.report: lambda records, query: recount.groups(records, query, MEMBERS),
}


@law(8, events=st.lists(events, min_size=15, max_size=60), asked_for=st.lists(queries(), min_size=2, max_size=2))
def test_ranked_lists_equal_a_recount(
    either_engine: Engine, events: list[dict[str, Any]], asked_for: list[ReportQuery]
) -> None:
    numbered = stored(either_engine, events)  # takes as long as several questions
    for query, (report, counted) in product(asked_for, RECOUNTS.items()):
        answer = report(sources(either_engine), query)
        assert (answer.rows, answer.total) == counted(numbered, query), report

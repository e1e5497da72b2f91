"""Pages, entities, docs, templates, actions and groups equal a plain recount, and mean what their definitions say."""

import json
from collections.abc import Mapping
from dataclasses import replace
from datetime import date, timedelta
from itertools import product
from pathlib import Path
from typing import Any

import pytest
from hypothesis import strategies as st

from insights_backend.reports import entities, groups, pages, templates, usage
from insights_backend.reports.answer import Answer, Report, Sources
from insights_backend.reports.query import ReportQuery
from insights_backend.warehouse.engine import Engine
from insights_backend.web.openapi.reports import ROWS
from tests import recount_rankings as recount
from tests.app import VISIT, Service
from tests.questions import BEGIN, ZONES, asked, law, stored
from tests.records import record
from tests.recount import iso

SESSIONS = Path(__file__).parent.parent / "fixtures" / "sessions"
UUID = "7758b68b-f600-4253-8be3-7F15C9434f1a"
PERSON = "u_abcd_234567abcdefghijklmnopqrstuvwxyz"
WEIRD = "größe'\"`\\ %s {to:String} {} ?\n日本\t:id"
ENTITIES = ["component:default/pet.store", "template:default/go", f"component:default/{UUID.lower()}", PERSON, WEIRD]
GROUPS = ["group:default/x", "group:default/y", WEIRD]
MEMBERS: Mapping[str, int | None] = {"group:default/x": 3, "group:default/y": 0}
PLUGINS = ["catalog", "techdocs", "scaffolder", WEIRD]
ACTIONS = ["navigate", "click", "create", WEIRD]

segments = st.sampled_from([
    "catalog", "default", "Default", "Component", "component", "pet.store", "Pet.Store", "user", PERSON, "create",
    "templates", "template", "Go", "docs", "0", "42", "4a", UUID, UUID[1:], "", "%2F", "größe", ":id",
])  # fmt: skip
OWN_PAGES = {
    "/catalog/Default/component/Pet.store": "component:default/pet.store",
    "/p/docs/default/component/pet.store/7": "component:default/pet.store",
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


def sources(engine: Engine) -> Sources:
    return replace(asked(engine), members=lambda refs: {ref: MEMBERS.get(ref) for ref in refs})


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


def in_november(**changes: Any) -> ReportQuery:
    return ReportQuery(**{"first": date(2026, 11, 1), "last": date(2026, 11, 30), "filters": {}, **changes})


PAGES = [
    ("/", None, "/"),
    ("", None, "/"),
    ("/?filters=x", None, "/"),
    ("https://portal.example.com", None, "/"),
    ("https://portal.example.com/catalog/?a=/b", None, "/catalog"),
    ("/catalog?next=https://x/y", None, "/catalog"),
    ("/docs/#a/b?c", None, "/docs"),
    ("/redirect/https://x/y", None, "/redirect/https://x/y"),
    # Numbers and UUIDs, as whole segments
    (f"/create/tasks/{UUID}", None, "/create/tasks/:id"),
    ("/runs/12/34/v5/6a", None, "/runs/:id/:id/v5/6a"),
    (f"/runs/{UUID}0/1.5", None, f"/runs/{UUID}0/1.5"),
    # An entity's own namespace, kind and name, as whole segments, in any case and below any base path
    ("/catalog/default/component/petstore", "component:default/petstore", "/catalog/:namespace/:kind/:name"),
    ("/x/docs/Default/Component/PetStore/a/7/", "component:default/petstore", "/x/docs/:namespace/:kind/:name/a/:id"),
    ("/catalog/default/component/42", "component:default/42", "/catalog/:namespace/:kind/:name"),
    ("/catalog/default/component/pets", "component:default/petstore", "/catalog/default/component/pets"),
    ("/catalog/default/component/petstores", "component:default/petstore", "/catalog/default/component/petstores"),
    ("/catalog/component/default/petstore", "component:default/petstore", "/catalog/component/default/petstore"),
    ("/catalog/default/component/other", "component:default/petstore", "/catalog/default/component/other"),
    ("/catalog/default/component/petstore", None, "/catalog/default/component/petstore"),
    # The page of a user, of whom only the pseudonym is stored
    (f"/catalog/corp/User/{PERSON}", PERSON, "/catalog/:namespace/:kind/:name"),
    # The scaffolder's route has no kind
    ("/create/templates/default/Create-Go", "template:default/create-go", "/create/templates/:namespace/:name"),
    ("/catalog/default/template/create-go", "template:default/create-go", "/catalog/:namespace/:kind/:name"),
]


def test_a_page_is_a_path_with_names_for_parameters_numbers_and_uuids(engine: Engine) -> None:
    stored(engine, [record(subject=subject, entity=entity, view=True) for subject, entity, _ in PAGES])
    found = engine.rows("SELECT page FROM events ORDER BY toUInt32(id)", {})
    assert [(*given[:2], row["page"]) for given, row in zip(PAGES, found, strict=True)] == PAGES


def test_only_views_count_for_pages_and_entities_and_equals_are_listed_by_name(engine: Engine) -> None:
    events = [
        record(view=True, subject="/b", entity="component:default/b", user="u_1"),
        record(view=True, subject="/a", entity="component:default/a"),
        record(view=False, subject="/c", entity="component:default/c", user="u_1"),
    ]
    stored(engine, events)
    assert pages.report(sources(engine), in_november(limit=1)) == Answer(
        rows=[{"page": "/a", "views": 1, "users": 0}], total=2
    )
    answer = entities.report(sources(engine), in_november())
    assert [(row["entity"], row["views"], row["users"]) for row in answer.rows] == [
        ("component:default/a", 1, 0),
        ("component:default/b", 1, 1),
    ]


def test_an_entity_is_what_its_latest_view_in_the_period_says(engine: Engine) -> None:
    web = {"entity": "component:default/web", "user": "u_1"}
    owned = {"kind": "Component", "spec.type": "service", "spec.owner": "group:default/a"}
    events = [
        record(**web, view=True, time="2026-11-02T10:00:00.000Z"),
        record(**web, view=True, time="2026-11-03T10:00:00.000Z", entityMetadata=owned),
        record(**web, action="click", time="2026-11-04T10:00:00.000Z", entityMetadata={"kind": "API"}),
        record(**web, view=True, time="2026-12-01T10:00:00.000Z", entityMetadata={"kind": "Resource"}),
    ]
    stored(engine, events)
    assert entities.report(sources(engine), in_november()).rows == [
        {
            "entity": web["entity"],
            "views": 2,
            "users": 1,
            "kind": "Component",
            "type": "service",
            "owner": "group:default/a",
        }
    ]


def test_docs_are_the_views_of_techdocs(engine: Engine) -> None:
    web = {"entity": "component:default/web", "view": True}
    owned = {"kind": "Component"}
    stored(engine, [record(**web, pluginId="techdocs", entityMetadata=owned), record(**web, pluginId="catalog")])
    (row,) = entities.docs(sources(engine), in_november()).rows
    assert (row["kind"], row["views"]) == ("Component", 1)
    assert entities.docs(sources(engine), in_november(filters={"plugin": ("catalog",)})) == Answer(rows=[], total=0)


STEPS: list[tuple[dict[str, Any], tuple[float, ...] | None]] = [
    # What is done to a template; how often it was then opened, started and finished, and the minutes saved
    ({"action": "click", "subject": "Template has been opened"}, (1, 0, 0, 0)),
    ({"action": "click", "subject": "Create", "pluginId": "scaffolder"}, (0, 1, 0, 0)),
    ({"action": "create", "subject": "new go", "value": 7.5}, (0, 0, 1, 7.5)),
    ({"action": "create"}, (0, 0, 1, 0)),
    ({"action": "click", "subject": "Create", "pluginId": "catalog"}, None),
    ({"action": "click", "subject": "Next Step (1)", "pluginId": "scaffolder", "value": 7.5}, None),
    ({"action": "navigate", "subject": "Create", "pluginId": "scaffolder", "view": True}, None),
    ({"action": "create", "entity": "component:default/go", "value": 7.5}, None),
    ({"action": "create", "entity": None, "value": 7.5}, None),
]


def test_what_opens_starts_and_finishes_a_template(engine: Engine) -> None:
    stored(engine, [record(**{"entity": f"template:default/{n}", **step}) for n, (step, _) in enumerate(STEPS)])
    rows = {row["template"]: row for row in templates.report(sources(engine), in_november()).rows}
    counted = {name: tuple(row.values())[1:5] for name, row in rows.items()}
    assert counted == {f"template:default/{n}": expected for n, (_, expected) in enumerate(STEPS) if expected}


def test_templates_are_listed_by_how_often_they_were_opened(engine: Engine) -> None:
    opened = {"action": "click", "subject": "Template has been opened"}
    made = [record(entity="template:default/a", action="create") for _ in range(3)]
    stored(engine, [*made, record(**opened, entity="template:default/b")])
    rows = templates.report(sources(engine), in_november()).rows
    assert [(row["template"], row["opened"], row["finished"]) for row in rows] == [
        ("template:default/b", 1, 0),
        ("template:default/a", 0, 3),
    ]


def test_every_event_of_an_action_counts_also_when_they_are_alike(engine: Engine) -> None:
    stored(engine, [record(user="u_1")] * 3)
    answer = usage.actions(sources(engine), in_november())
    assert answer == Answer(rows=[{"action": "navigate", "events": 3, "users": 1}], total=1)


def test_minutes_too_many_to_be_added_up_are_not_known(engine: Engine) -> None:
    huge = record(action="create", entity="template:default/go", value=1.5e308)
    stored(engine, [huge, huge])
    (row,) = templates.report(sources(engine), in_november()).rows
    assert (row["finished"], row["minutesSaved"]) == (2, None)


def test_a_group_filter_narrows_the_events_and_not_the_groups(engine: Engine) -> None:
    events = [
        record(user="u_1", groups=["a", "b", "a"]),
        record(user="u_2", groups=["b"]),
        record(groups=["a"]),
    ]
    stored(engine, events)
    answer = groups.report(
        replace(sources(engine), members=lambda refs: {ref: {"a": 4, "b": 0}[ref] for ref in refs}),
        in_november(filters={"group": ("a",)}),
    )
    assert answer.rows == [
        {"group": "a", "users": 1, "events": 2, "members": 4, "adoption": 0.25},
        {"group": "b", "users": 1, "events": 1, "members": 0, "adoption": None},
    ]


def test_the_groups_of_a_portal_are_set_against_the_catalogs_members(service: Service) -> None:
    service.post(VISIT, user="user:default/jane")
    assert service.get("/reports/groups").json["rows"] == [
        {"group": "group:default/team-a", "users": 1, "events": 1, "members": 2, "adoption": 0.5}
    ]
    line = "group:default/team-a,1,1,2,0.5"
    assert service.get("/reports/groups?format=csv").text.splitlines() == ["group,users,events,members,adoption", line]


def test_every_row_has_the_shape_that_is_documented(service: Service) -> None:
    made = {"action": "create", "subject": "new", "context": {"pluginId": "scaffolder", "entityRef": "template:x"}}
    service.post([VISIT, {**VISIT, "context": {"pluginId": "techdocs"}, "subject": "/docs/a"}, made])
    for name in ("pages", "entities", "docs", "templates", "actions", "groups"):
        answer = service.get(f"/reports/{name}").json
        assert answer["total"] == len(answer["rows"]) > 0
        for row in answer["rows"]:
            assert ROWS[name]().validate(row) == {}
            assert list(row) == list(ROWS[name]().fields)


def test_members_of_what_is_no_group_of_the_catalog_are_not_known(service: Service) -> None:
    counted = service.backend.service.members(["group:default/team-a", "group:default/none", WEIRD, ""])
    assert counted == {"group:default/team-a": 2, "group:default/none": None, WEIRD: None, "": None}


def send(service: Service, session: str) -> None:
    """Send a recorded session, a request a user."""
    rows = [json.loads(line) for line in (SESSIONS / f"{session}.ndjson").read_text().splitlines()]
    for user in {row["user"] for row in rows}:
        body = [{**row["event"], "timestamp": row["t"]} for row in rows if row["user"] == user]
        service.post(body, user=user)
    service.backend.dispatcher.drain()


@pytest.mark.parametrize("front_end", ["new", "legacy"])
def test_the_templates_of_a_recorded_session_are_found(service: Service, front_end: str) -> None:
    send(service, f"{front_end}-create")
    made = {"opened": 0, "started": 1, "finished": 1, "users": 1}
    assert service.get("/reports/templates").json["rows"] == [
        {"template": "template:default/create-go-3", **made, "minutesSaved": 240},
        {"template": "template:default/create-python-0", **made, "minutesSaved": 60},
    ]


def test_the_templates_and_pages_of_a_recorded_visit_are_found(service: Service) -> None:
    send(service, "new-guest")
    rows = service.get("/reports/templates").json["rows"]
    assert [(row["template"], row["opened"], row["started"], row["finished"]) for row in rows] == [
        ("template:default/create-go-18", 1, 0, 0),
        ("template:default/ui-demo-service", 0, 1, 1),
    ]
    found = {row["page"]: row["views"] for row in service.get("/reports/pages?plugin=scaffolder").json["rows"]}
    assert found == {
        "/create": 3,
        "/create/templates": 3,
        "/create/templates/:namespace/:name": 4,
        "/create/tasks": 1,
        "/create/tasks/:id": 2,
        "/create/actions": 1,
    }

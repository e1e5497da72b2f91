"""Pages, entities, docs, templates, actions and groups mean what their definitions say."""

from dataclasses import replace
from typing import Any

from insights_backend.reports import entities, groups, pages, templates, usage
from insights_backend.reports.answer import Answer
from insights_backend.warehouse.engine import Engine
from tests.contract.report_rankings.portal import PERSON, UUID, in_november, sources
from tests.questions import stored
from tests.records import record

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
    # As a browser may have encoded them; the rest of the path stays as it was sent
    ("/docs/team%2Da/component/My%5FSvc/a%20b", "component:team-a/my_svc", "/docs/:namespace/:kind/:name/a%20b"),
    ("/a%2Fb%FF/docs/default/api/caf%C3%89/", "api:default/café", "/a%2Fb%FF/docs/:namespace/:kind/:name"),
    ("/catalog/default/component/CAFÉ", "component:default/café", "/catalog/:namespace/:kind/:name"),
    ("/catalog/default%2Fcomponent%2Fpets", "component:default/pets", "/catalog/default%2Fcomponent%2Fpets"),
    (f"/catalog/corp/us%65r/{PERSON}/7", PERSON, "/catalog/:namespace/:kind/:name/:id"),
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

from dataclasses import replace
from typing import Any
from weakref import ref

import pytest

from insights_backend.catalog.cache import CachedCatalog
from insights_backend.catalog.groups import GroupsFilter
from insights_backend.enrichment.entities import entity_of, target_of
from insights_backend.enrichment.extractors import Capture, Extractors, KeepGroups, extractors
from insights_backend.enrichment.fields import field_at
from insights_backend.enrichment.pipeline import Pipeline
from insights_backend.enrichment.policy import Policy
from insights_backend.enrichment.pseudonyms import Pseudonyms
from insights_backend.enrichment.redactor import Redactor
from insights_backend.enrichment.shared import Record
from insights_backend.enrichment.views import Views
from insights_backend.model.entity_filter import EntityFilterQuery
from tests.fakes import Clock, MemoryCatalog, content, event, user

ENTITY_ROUTES = [
    ("/catalog/default/component/petstore", "component:default/petstore"),
    ("/catalog/Payments/Component/Docs.Portal_1/docs/guide", "component:payments/docs.portal_1"),
    ("/catalog/default/api/x/definition?tab=1#frag", "api:default/x"),
    ("/portal/catalog/default/system/s-1", "system:default/s-1"),  # served below a base path
    ("/docs/default/component/petstore/catalog/a/b/c", "component:default/petstore"),  # a page, not a route
    ("/docs/payments/component/p/umlaut/#second", "component:payments/p"),
    ("/catalog/default/component/caf%C3%A9", "component:default/café"),
    ("/create/templates/default/Create-Go-18", "template:default/create-go-18"),
    ("/create/templates/default/create-go?formData=%7B%7D", "template:default/create-go"),
]
NO_ENTITY_ROUTES = [
    "/",
    "/catalog",
    "/catalog?filters%5Bkind%5D=component",
    "/catalog-graph?rootEntityRefs=component:default/x",
    "/docs/x/y",
    "/create/tasks/0f8fad5b-d9cb-469f-a165-70867728950e",
    "/create/templates",
    "/search?query=/catalog/default/component/x",
    "/catalog/default/component/%2F",
    "",
]


@pytest.mark.parametrize(("subject", "expected"), ENTITY_ROUTES)
def test_a_navigate_to_an_entity_page_is_about_that_entity(subject: str, expected: str) -> None:
    assert str(entity_of(content(subject=subject))) == expected


@pytest.mark.parametrize("subject", NO_ENTITY_ROUTES)
def test_a_navigate_elsewhere_is_about_no_entity(subject: str) -> None:
    assert entity_of(content(subject=subject)) is None


def test_only_a_navigates_subject_is_a_path() -> None:
    assert entity_of(content(action="click", subject="/catalog/default/component/x")) is None


def test_the_context_comes_before_the_attributes_and_these_before_the_path() -> None:
    path = "/catalog/default/component/by-path"
    attributes = {"kind": "Component", "namespace": "Default", "name": "By-Attributes"}
    context = {"entityRef": "component:default/by-context"}
    assert str(entity_of(content(subject=path, attributes=attributes, context=context))) == context["entityRef"]
    assert str(entity_of(content(subject=path, attributes=attributes))) == "component:default/by-attributes"


@pytest.mark.parametrize(
    "attributes",
    [{"kind": "component"}, {"kind": 1, "name": "x"}, {"kind": "a:b", "name": "x"}, {"name": "x"}],
)
def test_attributes_that_name_no_entity_are_passed_over(attributes: dict[str, Any]) -> None:
    found = entity_of(content(subject="/catalog/default/api/y", attributes=attributes))
    assert str(found) == "api:default/y"


def test_attributes_without_a_namespace_mean_the_default_one() -> None:
    assert str(entity_of(content(attributes={"kind": "api", "name": "x"}))) == "api:default/x"


@pytest.mark.parametrize(
    ("to", "expected"),
    [
        ("/catalog/default/component/svc-100", "component:default/svc-100"),
        ("/docs/default/component/web-1/guide/", "component:default/web-1"),
        ("http://127.0.0.1:3000/catalog/default/component/web-1", "component:default/web-1"),
        ("https://example.com/docs/guides/howto/start", None),  # another site: howto is no kind
        ("https://example.com", None),
        ("/catalog", None),
        ("mailto:team@example.com", None),
        ("definition", None),
        ("", None),
        (7, None),
    ],
)
def test_the_target_of_a_click_is_the_entity_that_it_leads_to(to: Any, expected: str | None) -> None:
    clicked = content(action="click", subject="x", attributes={"to": to}, context={"entityRef": "api:default/here"})
    found = target_of(clicked)
    assert (str(found) if found else None) == expected
    assert str(entity_of(clicked)) == "api:default/here"


def test_a_navigate_leads_nowhere_but_where_it_is() -> None:
    assert target_of(content(attributes={"to": "/catalog/default/component/x"})) is None


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        ("kind", "Component"),
        ("spec.type", "service"),
        ("metadata.annotations.backstage.io/techdocs-ref", "dir:."),
        ("metadata.annotations.a.b.c", "dotted"),
        ("metadata.costCenter.id", 42),
        ("metadata.flag", False),
        ("spec.nope", None),
        ("spec.type.deeper", None),
        ("nope", None),
        ("", None),
    ],
)
def test_a_dot_path_reaches_custom_fields_and_keys_with_dots(path: str, expected: object) -> None:
    entity = {
        "kind": "Component",
        "metadata": {
            "annotations": {"backstage.io/techdocs-ref": "dir:.", "a.b.c": "dotted", "a": "other"},
            "costCenter": {"id": 42},
            "flag": False,
        },
        "spec": {"type": "service"},
    }
    assert field_at(entity, path) == expected


# Each line: who, where, when (ms), by which extension, and whether it is a view.
VIEWS = [
    ("jane", "/", 0, "app/root", False),  # the shell, once more for each page load
    ("jane", "/", 100, "page:catalog", True),
    ("jane", "/", 1500, "page:catalog", False),  # a change of theme
    ("jane", "/", 3400, "page:catalog", False),  # less than two seconds after the one before
    ("jane", "/", 5400, "page:catalog", True),
    ("john", "/", 5401, "page:catalog", True),  # somebody else
    ("jane", "/docs", 5500, "page:docs", True),
    ("jane", "/", 5600, "page:catalog", True),  # back again is a view
    ("jane", "/", 5000, "page:catalog", False),  # sent out of order
    (None, "/", 9000, "page:catalog", False),  # nobody's
]


def test_views_are_navigates_of_users_that_change_the_page() -> None:
    views = Views()
    for name, subject, millis, extension, expected in VIEWS:
        navigate = event(
            user=user(name) if name else None,
            subject=subject,
            time=millis,
            context={"pluginId": "catalog", "extensionId": extension},
        )
        assert views.is_view(navigate) is expected, (name, subject, millis)


def test_only_a_navigate_is_a_view() -> None:
    assert not Views().is_view(event(user=user(), action="click"))


def test_the_memory_of_last_subjects_is_bounded() -> None:
    views = Views(max_users=1)
    assert views.is_view(event(user=user("a")))
    assert views.is_view(event(user=user("b")))
    assert views.is_view(event(user=user("a")))  # forgotten in between


JANE = {
    "kind": "User",
    "metadata": {"name": "jane", "namespace": "default", "costCenter": "cc-7"},
    "spec": {"memberOf": ["Team-A", "group:default/rnd", "group:default/gone", "team-a", "not a ref", 7]},
}
TEAM = {"kind": "Group", "metadata": {"name": "team-a", "namespace": "default"}, "spec": {"type": "team"}}
RND = {"kind": "Group", "metadata": {"name": "rnd", "namespace": "default"}, "spec": {"type": "Department"}}
PETSTORE = {
    "kind": "Component",
    "metadata": {"name": "petstore", "namespace": "default", "tags": ["a", "b"]},
    "spec": {"type": "service", "lifecycle": "production", "owner": "Team-A"},
}
VISIT: dict[str, Any] = {"subject": "/catalog/default/component/petstore", "user": user()}


def usual(capture: Capture | None = None, keep_groups: KeepGroups = list) -> Extractors:
    return extractors(capture or Capture(), Views().is_view, keep_groups)


def pipeline(catalog: MemoryCatalog, extractors: Extractors, clock: Clock | None = None) -> Pipeline:
    return Pipeline(
        catalog=CachedCatalog(catalog, 600, 1000, clock or Clock()),
        extractors=extractors,
        redactor=Redactor(Policy({}), Pseudonyms(bytes(32)), "clear", enabled=True),
    )


def enrich(catalog: MemoryCatalog, capture: Capture | None = None, **changes: Any) -> Record:
    (record,) = pipeline(catalog, usual(capture)).run([event(**changes)], ["id-1"])
    return record


def test_an_event_becomes_a_record_with_everything_that_is_stored() -> None:
    record = enrich(MemoryCatalog(JANE, PETSTORE), **VISIT)
    assert record == {
        "id": "id-1",
        "time": "2026-11-23T10:00:00.000Z",
        "receivedAt": "2026-11-23T10:00:00.000Z",
        "environment": "production",
        "instance": "local",
        "action": "navigate",
        "subject": "/catalog/default/component/petstore",
        "value": None,
        "pluginId": "catalog",
        "routeRef": "catalog",
        "extension": "App",
        "sessionId": None,
        "attributes": {},
        "context": {},
        "user": "user:default/jane",
        "userMetadata": {"metadata.namespace": "default"},
        "groups": ["group:default/team-a", "group:default/rnd", "group:default/gone"],
        "entity": "component:default/petstore",
        "entityMetadata": {
            "kind": "Component",
            "metadata.namespace": "default",
            "spec.type": "service",
            "spec.lifecycle": "production",
            "spec.owner": "group:default/team-a",
        },
        "target": None,
        "view": True,
        "notes": [],
    }


def test_extra_fields_are_captured_under_their_dot_path() -> None:
    capture = Capture.of(
        more_entity_fields=["metadata.tags"],
        more_identity_fields=["metadata.costCenter", "spec.memberOf"],
        environment="production",
    )
    record = enrich(MemoryCatalog(JANE, PETSTORE), capture, **VISIT)
    assert record["entityMetadata"]["metadata.tags"] == ["a", "b"]
    assert record["userMetadata"] == {"metadata.namespace": "default", "metadata.costCenter": "cc-7"}


@pytest.mark.parametrize(
    ("configured", "kept"),
    [
        ({"spec.type": ["department", "guild"]}, ["group:default/rnd"]),
        ({"spec.type": "TEAM"}, ["group:default/team-a"]),
        ({"spec.type": "squad"}, []),
    ],
)
def test_the_group_filter_keeps_only_groups_that_match(configured: dict[str, Any], kept: list[str]) -> None:
    catalog = MemoryCatalog(JANE, TEAM, RND)
    groups = GroupsFilter(catalog, EntityFilterQuery.parse(configured), 600)
    (record,) = pipeline(catalog, usual(keep_groups=groups.keep)).run([event(user=user())], ["1"])
    assert (record["groups"], record["notes"]) == (kept, [])


def test_the_new_front_ends_extension_id_is_the_extension() -> None:
    context = {"pluginId": "search", "extensionId": "app/root", "extension": "SidebarSearchModal"}
    record = enrich(MemoryCatalog(), action="search", subject="x", context=context)
    assert (record["extension"], record["routeRef"]) == ("app/root", None)
    assert record["context"] == {"extension": "SidebarSearchModal"}


def test_an_unknown_entity_and_user_leave_notes_and_lose_nothing() -> None:
    record = enrich(MemoryCatalog(), **VISIT)
    assert record["notes"] == ["entity_not_found", "user_not_found"]
    assert (record["entity"], record["user"]) == ("component:default/petstore", "user:default/jane")


def test_a_catalog_that_is_down_leaves_one_note_and_loses_nothing() -> None:
    catalog = MemoryCatalog(JANE, PETSTORE)
    catalog.down = True
    record = enrich(catalog, **VISIT)
    assert record["notes"] == ["catalog_unavailable"]
    assert (record["entityMetadata"], record["userMetadata"], record["groups"]) == ({}, {}, [])


@pytest.mark.parametrize("of", ["what", "who", "when"])
def test_an_extractor_that_fails_leaves_a_note_and_loses_nothing(of: str) -> None:
    def fail(_: object) -> Record:
        raise RuntimeError("jane@example.com")

    more = usual()
    broken = replace(more, **{of: (*getattr(more, of), ("broken", fail))})
    (record,) = pipeline(MemoryCatalog(), broken).run([event()], ["1"])
    assert record["notes"] == ["broken_failed"]
    assert record["subject"] == "/catalog"


def test_one_request_asks_the_catalog_once_and_a_warm_one_not_at_all() -> None:
    catalog = MemoryCatalog(JANE, PETSTORE)
    run = pipeline(catalog, usual()).run
    events = [event(**VISIT), event(**VISIT, action="click"), event(user=user("john"))]
    run(events, ["1", "2", "3"])
    assert [sorted(call) for call in catalog.calls] == [
        ["component:default/petstore", "user:default/jane", "user:default/john"]
    ]
    run(events, ["4", "5", "6"])
    assert len(catalog.calls) == 1


def test_groups_that_cannot_be_told_apart_are_left_out_and_noted_once() -> None:
    events = [event(**VISIT), event(user=user("john")), event()]
    catalog = MemoryCatalog(JANE, PETSTORE)
    records = pipeline(catalog, usual(keep_groups=lambda _: None)).run(events, ["1", "2", "3"])
    assert [(record["groups"], record["notes"]) for record in records] == [
        ([], ["catalog_unavailable"]),
        ([], ["user_not_found"]),
        ([], []),
    ]


def test_the_catalog_is_asked_for_the_captured_fields_only() -> None:
    assert Capture().catalog_fields() == (
        "kind",
        "metadata.namespace",
        "spec.type",
        "spec.lifecycle",
        "spec.owner",
        "spec.memberOf",
    )


def test_what_the_catalog_says_of_an_entity_is_cleaned_and_follows_its_changes() -> None:
    catalog = MemoryCatalog(JANE, {**PETSTORE, "spec": {"type": "service", "owner": "jane@example.com"}})
    clock = Clock()
    run = pipeline(catalog, usual(), clock).run
    events = [event(**VISIT), event(**VISIT)]
    events[1].content = events[0].content  # as they are read
    assert [record["entityMetadata"]["spec.owner"] for record in run(events, ["1", "2"])] == [
        "group:default/[email]"
    ] * 2
    catalog.by_ref.update(MemoryCatalog(PETSTORE, {**JANE, "spec": {"memberOf": ["rnd"]}}).by_ref)
    clock.now += 601
    record, _ = run(events, ["3", "4"])
    assert record["entityMetadata"]["spec.owner"] == "group:default/team-a"
    assert record["groups"] == ["group:default/rnd"]


def test_events_that_say_the_same_keep_what_is_their_own() -> None:
    catalog = MemoryCatalog(JANE, PETSTORE)
    said = content(subject=VISIT["subject"])
    events = [
        event(content=said, user=user(), session_id="one", value=1),
        event(content=said, user=user("john"), session_id="two", value=2, time=1_000),
        event(content=said, user=user(), session_id="three", received_at=2_000),
    ]
    records = pipeline(catalog, usual()).run(events, ["1", "2", "3"])
    assert [record.pop("id") for record in records] == ["1", "2", "3"]
    alone = [pipeline(catalog, usual()).run([each], ["x"])[0] for each in events]
    assert records == [{name: value for name, value in each.items() if name != "id"} for each in alone[:2]] + [
        {**{name: value for name, value in alone[2].items() if name != "id"}, "view": False}  # the page did not change
    ]


def test_what_was_said_is_forgotten_with_the_last_who_said_it() -> None:
    run = pipeline(MemoryCatalog(PETSTORE), usual()).run
    said = content(subject=VISIT["subject"])
    gone = ref(said)
    run([event(content=said)], ["1"])
    del said
    assert gone() is None


def test_all_of_a_record_goes_through_the_redactor() -> None:
    assert enrich(MemoryCatalog(), subject="/?email=jane@example.com")["subject"] == "/?email=[email]"

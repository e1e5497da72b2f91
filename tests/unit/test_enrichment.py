"""From events to the records that are stored."""

from dataclasses import replace
from typing import Any

import orjson
import pytest

from insights_backend.catalog.cache import CachedCatalog
from insights_backend.catalog.groups import GroupsFilter
from insights_backend.enrichment.extractors import Capture, Extractors, KeepGroups, extractors
from insights_backend.enrichment.pipeline import Pipeline
from insights_backend.enrichment.policy import Policy
from insights_backend.enrichment.pseudonyms import Pseudonyms
from insights_backend.enrichment.redactor import Redactor
from insights_backend.enrichment.shared import Record
from insights_backend.enrichment.views import Views
from insights_backend.model.entity_filter import EntityFilterQuery
from insights_backend.model.event import Event
from insights_backend.settings.values import Treatment
from insights_backend.wire import batch
from tests.fakes import NOW, Clock, MemoryCatalog, content, event, user

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


def pipeline(
    catalog: MemoryCatalog, extractors: Extractors, clock: Clock | None = None, policy: Policy | None = None
) -> Pipeline:
    return Pipeline(
        catalog=CachedCatalog(catalog, 600, 1000, clock or Clock()),
        extractors=extractors,
        redactor=Redactor(policy or Policy({}), Pseudonyms(bytes(32)), "clear", enabled=True),
    )


def run(made: Pipeline, *events: Event) -> list[Record]:
    """Read the lines again; the events have their numbers for ids, and came when `NOW` was."""
    ids = [str(number) for number in range(1, len(events) + 1)]
    return [orjson.loads(line) for line in made.run(events, ids, int(NOW * 1000))]


def enrich(catalog: MemoryCatalog, capture: Capture | None = None, **changes: Any) -> Record:
    (record,) = run(pipeline(catalog, usual(capture)), event(**changes))
    return record


def test_an_event_becomes_a_record_with_everything_that_is_stored() -> None:
    record = enrich(MemoryCatalog(JANE, PETSTORE), **VISIT)
    assert record == {
        "id": "1",
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


def test_a_field_that_is_too_large_to_go_along_with_each_event_is_left_out_and_noted() -> None:
    capture = Capture.of(more_entity_fields=["spec.definition"], more_identity_fields=[], environment="production")
    api = {**PETSTORE, "spec": {"type": "service", "definition": "x" * 80_000}}
    record = enrich(MemoryCatalog(JANE, api), capture, **VISIT)
    assert "spec.definition" not in record["entityMetadata"]
    assert record["entityMetadata"]["spec.type"] == "service"
    assert record["notes"] == ["entity_failed"]


def test_a_user_is_also_in_the_groups_that_name_the_user_as_a_member() -> None:
    targets = ["group:default/gone", "group:default/Board", "group:a b", "user:default/joe", 7]
    relations = [{"type": "memberOf", "targetRef": target} for target in targets]
    other: list[Any] = [{"type": "ownerOf", "targetRef": "group:default/owned"}, "memberOf", {"type": "memberOf"}]
    record = enrich(MemoryCatalog({**JANE, "relations": relations + other}), user=user())
    assert record["groups"] == [
        "group:default/team-a",
        "group:default/rnd",
        "group:default/gone",
        "group:default/board",
    ]


def test_groups_stand_in_no_other_field_whatever_is_captured() -> None:
    capture = Capture.of(more_entity_fields=[], more_identity_fields=["spec", "relations"], environment="production")
    relations = [{"type": "memberOf", "targetRef": "group:default/team-a"}, {"type": "ownerOf", "targetRef": "api:a/b"}]
    record = enrich(MemoryCatalog({**JANE, "relations": relations}), capture, user=user())
    assert record["userMetadata"]["spec"] == {}
    assert record["userMetadata"]["relations"] == [{"type": "ownerOf", "targetRef": "api:a/b"}]


def test_whatever_can_be_sent_and_captured_is_taken_by_a_collector() -> None:
    """Else it would be accepted here, refused there, and never be seen."""
    nested: Any = "x"
    for _ in range(9):
        nested = [{"a": nested}]
    capture = Capture.of(more_entity_fields=["spec.deep"], more_identity_fields=[], environment="production")
    catalog = MemoryCatalog(
        {**JANE, "spec": {"memberOf": [f"team-{number}" for number in range(3000)]}},
        {**PETSTORE, "spec": {"deep": nested}},
    )
    sent = {f"key {number}": "ü" * 4096 for number in range(64)}
    record = enrich(catalog, capture, **VISIT, attributes=sent)
    events, rejections = batch.read([record])
    assert (len(events), rejections) == (1, [])


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
    (record,) = run(pipeline(catalog, usual(keep_groups=groups.keep)), event(user=user()))
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


def fail(_: object) -> Any:
    raise RuntimeError("jane@example.com")


BROKEN = ("broken", fail)


@pytest.mark.parametrize(
    "broken",
    [replace(usual(), what=(*usual().what, BROKEN)), replace(usual(), who=(*usual().who, BROKEN))],
    ids=["what", "who"],
)
def test_an_extractor_that_fails_leaves_a_note_and_loses_nothing(broken: Extractors) -> None:
    (record,) = run(pipeline(MemoryCatalog(), broken), event())
    assert record["notes"] == ["broken_failed"]
    assert record["subject"] == "/catalog"


def test_an_event_of_which_nobody_can_tell_whether_it_is_a_view_is_none_and_says_so() -> None:
    (record,) = run(pipeline(MemoryCatalog(), replace(usual(), is_view=fail)), event(user=user()))
    assert (record["view"], record["notes"]) == (False, ["user_not_found", "view_failed"])


@pytest.mark.parametrize("own", [{}, {"id": "mine"}, {"value": 7}, {"value": 7, "user": user()}, {"user": user()}])
def test_every_line_is_json_as_it_is_written_everywhere_else(own: dict[str, Any]) -> None:
    (line,) = pipeline(MemoryCatalog(), usual()).run([event(**own)], ["1"], int(NOW * 1000))
    assert line == orjson.dumps(orjson.loads(line), option=orjson.OPT_APPEND_NEWLINE)
    assert list(orjson.loads(line))[:6] == ["id", "instance", "time", "receivedAt", "value", "view"]


def test_one_request_asks_the_catalog_once_and_a_warm_one_not_at_all() -> None:
    catalog = MemoryCatalog(JANE, PETSTORE)
    made = pipeline(catalog, usual())
    events = [event(**VISIT), event(**VISIT, action="click"), event(user=user("john"))]
    run(made, *events)
    assert [sorted(call) for call in catalog.calls] == [
        ["component:default/petstore", "user:default/jane", "user:default/john"]
    ]
    run(made, *events)
    assert len(catalog.calls) == 1


def test_groups_that_cannot_be_told_apart_are_left_out_and_noted_once() -> None:
    events = [event(**VISIT), event(user=user("john")), event()]
    catalog = MemoryCatalog(JANE, PETSTORE)
    records = run(pipeline(catalog, usual(keep_groups=lambda _: None)), *events)
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
    made = pipeline(catalog, usual(), clock)
    events = [event(**VISIT), event(**VISIT)]
    events[1].content = events[0].content  # as they are read
    assert [record["entityMetadata"]["spec.owner"] for record in run(made, *events)] == ["group:default/[email]"] * 2
    catalog.by_ref.update(MemoryCatalog(PETSTORE, {**JANE, "spec": {"memberOf": ["rnd"]}}).by_ref)
    clock.now += 601
    record, _ = run(made, *events)
    assert record["entityMetadata"]["spec.owner"] == "group:default/team-a"
    assert record["groups"] == ["group:default/rnd"]


def test_events_that_say_the_same_keep_what_is_their_own() -> None:
    catalog = MemoryCatalog(JANE, PETSTORE)
    said = content(subject=VISIT["subject"])
    events = [
        event(content=said, user=user(), session_id="one", value=1),
        event(content=said, user=user("john"), session_id="two", value=2, time=1_000),
        event(content=said, user=user(), session_id="three"),
    ]
    records = run(pipeline(catalog, usual()), *events)
    assert [record.pop("id") for record in records] == ["1", "2", "3"]
    alone = [run(pipeline(catalog, usual()), each)[0] for each in events]
    assert records == [{name: value for name, value in each.items() if name != "id"} for each in alone[:2]] + [
        {**{name: value for name, value in alone[2].items() if name != "id"}, "view": False}  # the page did not change
    ]


@pytest.mark.parametrize(
    ("field", "treatment", "becomes"),
    [("id", "pseudonymise", "x_"), ("value", "drop", "None")],
)
def test_a_policy_is_the_law_for_what_the_service_says_itself_too(
    field: str, treatment: Treatment, becomes: str
) -> None:
    made = pipeline(MemoryCatalog(), usual(), policy=Policy({field: treatment}))
    for each in (event(), event(value=3, id="given")):
        (record,) = run(made, each)
        assert str(record[field]).startswith(becomes)


def test_all_of_a_record_goes_through_the_redactor() -> None:
    assert enrich(MemoryCatalog(), subject="/?email=jane@example.com")["subject"] == "/?email=[email]"

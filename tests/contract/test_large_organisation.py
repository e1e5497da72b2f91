"""A catalog of 300 users, 40 groups and 500 components, in several namespaces and cases, against a count by hand."""

import json
from copy import deepcopy
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from insights_backend.catalog.descriptors import Descriptor, read_descriptors
from insights_backend.model.entity_filter import EntityFilterQuery
from insights_backend.settings.values import CatalogSettings
from tests.app import Make, Service

TYPES = ["team", "Team", "squad", "department", "guild"]
COMPONENT_NAMESPACES = ["default", "payments", "data-science"]
USER_NAMESPACES = ["default", "default", "corporate"]

# As a boolean, as a text, as its opposite, or not at all.
INCLUDED: list[dict[str, Any]] = [
    {"includeInInsights": True},
    {"includeInInsights": "true"},
    {"includeInInsights": False},
    {},
]
GROUPS = [
    {
        "kind": "Group",
        "metadata": {"name": f"{'Grp' if number % 2 else 'grp'}-{number}", **INCLUDED[number % 4]},
        "spec": {"type": TYPES[number % 5], "children": []},
    }
    for number in range(40)
]
# User n is in the groups n, n + 7 and, every tenth, in one that there is not.
MEMBERSHIPS = {number: [number % 40, (number + 7) % 40, *([99] if number % 10 == 0 else [])] for number in range(300)}
USERS = [
    {
        "kind": "User",
        "metadata": {
            "name": f"{'User' if number % 2 else 'user'}.{number}",
            "namespace": USER_NAMESPACES[number % 3],
            "badge": number,
        },
        "spec": {
            "memberOf": [f"group:default/{'GRP' if number % 3 else 'grp'}-{g}" for g in MEMBERSHIPS[number]],
            "profile": {"email": f"user.{number}@example.com"},
        },
    }
    for number in range(300)
]
COMPONENTS = [
    {
        "kind": "Component",
        "metadata": {
            "name": f"{'Svc' if number % 2 else 'svc'}-{number}",
            "namespace": COMPONENT_NAMESPACES[number % 3],
            "annotations": {"example.com/cost.center": f"cc-{number % 10}"},
            "tags": [f"tag-{number % 3}"],
        },
        "spec": {
            "type": ["service", "website", "library"][number % 3],
            "lifecycle": ["production", "experimental"][number % 2],
            "owner": f"Grp-{number % 40}" if number % 5 else f"user:default/User.{number}",
        },
    }
    for number in range(500)
]


@pytest.fixture(scope="module")
def file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    file = tmp_path_factory.mktemp("organisation") / "entities.yaml"
    entities = [{"apiVersion": "backstage.io/v1alpha1", **entity} for entity in (*GROUPS, *USERS, *COMPONENTS)]
    file.write_text("\n---\n".join(json.dumps(entity) for entity in entities))
    return file


@pytest.fixture(scope="module")
def descriptors(file: Path) -> list[Descriptor]:
    return list(read_descriptors(file))


@pytest.fixture(autouse=True)
def _read_once(descriptors: list[Descriptor], monkeypatch: pytest.MonkeyPatch) -> None:
    """To parse the file takes a second; each service gets a copy of what was read."""
    monkeypatch.setattr("insights_backend.catalog.file.read_descriptors", lambda _: deepcopy(descriptors))


@pytest.fixture
def service_with(make: Make, file: Path) -> Make:
    return partial(
        make,
        identities="clear",
        catalog=CatalogSettings(file=file),
        capture_entity_fields=("metadata.annotations.example.com/cost.center", "metadata.tags"),
        capture_identity_fields=("metadata.badge",),
    )


def visit(service: Service, user: int, component: int) -> None:
    # Both as somebody would type them: in the wrong case.
    metadata: Any = COMPONENTS[component]["metadata"]
    path = f"/catalog/{metadata['namespace']}/COMPONENT/{metadata['name'].upper()}"
    event = {"action": "navigate", "subject": path, "context": {"pluginId": "catalog"}, "id": str(user)}
    service.client.post(
        "/api/backstage-insights/events",
        json=event,
        headers={"X-Insights-User": f"user:{USER_NAMESPACES[user % 3]}/USER.{user}"},
    )


def test_every_captured_field_is_the_entitys_own(service_with: Make) -> None:
    service = service_with()
    for number in range(300):
        visit(service, number, number)
    service.backend.dispatcher.drain()
    stored = {int(event["id"]): event for event in service.export()}
    for number, event in stored.items():
        namespace = COMPONENT_NAMESPACES[number % 3]
        owner = f"group:{namespace}/grp-{number % 40}" if number % 5 else f"user:default/user.{number}"
        assert event["entity"] == f"component:{namespace}/svc-{number}"
        assert event["entityMetadata"] == {
            "kind": "Component",
            "metadata.namespace": namespace,
            "spec.type": ["service", "website", "library"][number % 3],
            "spec.lifecycle": ["production", "experimental"][number % 2],
            "spec.owner": owner,
            "metadata.annotations.example.com/cost.center": f"cc-{number % 10}",
            "metadata.tags": [f"tag-{number % 3}"],
        }
        assert event["userMetadata"] == {"metadata.namespace": USER_NAMESPACES[number % 3], "metadata.badge": number}
        assert event["groups"] == [f"group:default/grp-{g}" for g in MEMBERSHIPS[number]]
        assert event["notes"] == []
    assert len(stored) == 300


@pytest.mark.parametrize(
    ("configured", "kept"),
    [
        ({"spec.type": ["department", "guild", "team"]}, lambda g: g % 5 in {0, 1, 3, 4}),
        ({"metadata.includeInInsights": True}, lambda g: g % 4 in {0, 1}),
        ({"metadata.includeInInsights": None}, lambda g: g % 4 != 3),
        ({"spec.type": "SQUAD", "metadata.includeInInsights": "true"}, lambda g: g % 5 == 2 and g % 4 in {0, 1}),
    ],
)
def test_the_group_filter_keeps_what_a_hand_would(service_with: Make, configured: dict[str, Any], kept: Any) -> None:
    service = service_with(capture_identity_groups_filter=EntityFilterQuery.parse(configured))
    for number in range(0, 300, 7):
        visit(service, number, number)
    service.backend.dispatcher.drain()
    for event in service.export():
        expected = [g for g in MEMBERSHIPS[int(event["id"])] if g < 40 and kept(g)]
        assert event["groups"] == [f"group:default/grp-{g}" for g in expected]


def in_any_of(*groups: int) -> int:
    return sum(not set(groups).isdisjoint(members) for members in MEMBERSHIPS.values())


@pytest.mark.parametrize(
    ("people", "total"),
    [
        (None, 300),
        ({"metadata.namespace": "Corporate"}, 100),
        ({"relations.memberOf": "group:default/grp-3"}, in_any_of(3)),
        ([{"metadata.badge": 5}, {"relations.memberOf": "group:default/GRP-3"}], 1 + in_any_of(3)),
        ({"relations.memberOf": ["group:default/grp-3", "group:default/grp-4"]}, in_any_of(3, 4)),
        ({"relations.memberOf": "group:default/grp-99"}, 30),
        ({"kind": "group"}, 0),
    ],
)  # fmt: skip
def test_total_users_is_what_a_hand_would_count(service_with: Make, people: Any, total: int) -> None:
    service = service_with(total_users_entity_query_filter=EntityFilterQuery.parse(people) if people else None)
    assert service.get("/total-users").json["totalUsers"] == total

"""Both catalogs give the same answers on one organisation: read from a file, and asked of a Backstage."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import responses

from insights_backend.catalog.client import RestCatalog
from insights_backend.catalog.file import FileCatalog
from insights_backend.catalog.interface import Catalog
from insights_backend.http_client import DirectSession
from insights_backend.model.entity_filter import EntityFilterQuery
from insights_backend.model.entity_ref import EntityRef
from tests.fakes_catalog import BASE_URL, FakeBackstage

FIELDS = [
    "kind",
    "metadata.name",
    "metadata.namespace",
    "metadata.tags",
    "spec.type",
    "spec.memberOf",
    "relations",
]

ORG = """
apiVersion: backstage.io/v1alpha1
kind: Group
metadata: {name: RnD, includeInInsights: true}
spec: {type: department, children: [Team-A]}
---
apiVersion: backstage.io/v1alpha1
kind: Group
metadata: {name: Team-A}
spec: {type: Team, parent: RnD, children: []}
---
apiVersion: backstage.io/v1alpha1
kind: User
metadata: {name: Alice.Anderson}
spec: {memberOf: [Team-A, gone]}
---
apiVersion: backstage.io/v1alpha1
kind: User
metadata: {name: bob, namespace: partners}
spec: {memberOf: ["group:default/team-a"]}
---
apiVersion: backstage.io/v1alpha1
kind: Component
metadata: {name: web, tags: [java, Data]}
spec: {type: service, lifecycle: production, owner: team-a}
"""


def entity(kind: str, name: str, namespace: str, spec: dict[str, Any], *relations: str, **more: Any) -> dict[str, Any]:
    pairs = [relation.split(" ") for relation in relations]
    return {
        "apiVersion": "backstage.io/v1alpha1",
        "kind": kind,
        "metadata": {"name": name, "namespace": namespace, **more},
        "spec": spec,
        "relations": [{"type": type_, "targetRef": target} for type_, target in pairs],
    }


PROCESSED = [
    entity(
        "Group",
        "RnD",
        "default",
        {"type": "department", "children": ["Team-A"]},
        "parentOf group:default/team-a",
        includeInInsights=True,
    ),
    entity(
        "Group",
        "Team-A",
        "default",
        {"type": "Team", "parent": "RnD", "children": []},
        "childOf group:default/rnd",
        "hasMember user:default/alice.anderson",
        "hasMember user:partners/bob",
        "ownerOf component:default/web",
    ),
    entity(
        "User",
        "Alice.Anderson",
        "default",
        {"memberOf": ["Team-A", "gone"]},
        "memberOf group:default/gone",
        "memberOf group:default/team-a",
    ),
    entity("User", "bob", "partners", {"memberOf": ["group:default/team-a"]}, "memberOf group:default/team-a"),
    entity(
        "Component",
        "web",
        "default",
        {"type": "service", "lifecycle": "production", "owner": "team-a"},
        "ownedBy group:default/team-a",
        tags=["java", "Data"],
    ),
]


@pytest.fixture(params=["file", "rest"])
def catalog(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Catalog]:
    if request.param == "file":
        path = tmp_path / "org.yaml"
        path.write_text(ORG)
        yield FileCatalog(path)
        return
    with responses.RequestsMock(assert_all_requests_are_fired=False) as mock, DirectSession() as session:
        FakeBackstage(PROCESSED, "secret-token", largest_page=2).serve(mock)
        yield RestCatalog(BASE_URL, "secret-token", FIELDS, session, 1.0)


def seen(found: Any) -> Any:
    """Look at the fields that were asked for."""
    parts = {top: dict(found.get(top, {})) for top in ("metadata", "spec")}
    wanted = {top: {k: v for k, v in part.items() if f"{top}.{k}" in FIELDS} for top, part in parts.items()}
    return {"kind": found["kind"], "relations": found["relations"], **wanted}


def test_entities_come_in_the_order_of_their_references(catalog: Catalog) -> None:
    refs = [EntityRef.parse(f"{e['kind']}:{e['metadata']['namespace']}/{e['metadata']['name']}") for e in PROCESSED]
    found = catalog.entities([*refs, EntityRef.parse("user:default/nobody"), refs[0]])
    assert [item and seen(item) for item in found] == [
        *(seen(expected) for expected in PROCESSED),
        None,
        seen(PROCESSED[0]),
    ]


def test_no_references_give_no_entities(catalog: Catalog) -> None:
    assert catalog.entities([]) == []


FILTERS = pytest.mark.parametrize(
    ("config", "number"),
    [
        ({"kind": "user"}, 2),
        ({"kind": "user", "metadata.namespace": "default"}, 1),
        ({"kind": "user", "relations.memberOf": "group:default/Team-A"}, 2),
        ({"kind": "user", "relations.memberOf": "group:default/gone"}, 1),
        ({"relations.memberOf": None}, 2),
        ([{"kind": "user"}, {"kind": "group", "spec.type": "team"}], 3),
        ({"spec.type": ["team", "department"]}, 2),
        ({"metadata.includeInInsights": True}, 1),
        ({"metadata.tags.java": "true", "metadata.tags.data": "true"}, 1),
        ({"spec.owner": "team-a", "spec.lifecycle": "100% + é&x"}, 0),
        ({"kind": "nope"}, 0),
    ],
)


@FILTERS
def test_a_filter_counts_what_it_matches(catalog: Catalog, config: object, number: int) -> None:
    assert catalog.count(EntityFilterQuery.parse(config)) == number


@FILTERS
def test_a_filter_finds_as_many_as_it_counts(catalog: Catalog, config: object, number: int) -> None:
    found = catalog.find(EntityFilterQuery.parse(config))
    assert len(found) == len(set(found)) == number


def test_what_a_filter_finds_are_full_references_in_lower_case(catalog: Catalog) -> None:
    found = catalog.find(EntityFilterQuery.parse({"kind": ["user", "group"]}))
    names = ["group:default/rnd", "group:default/team-a", "user:default/alice.anderson", "user:partners/bob"]
    assert sorted(map(str, found)) == names


def test_a_filter_that_can_match_nothing_counts_and_finds_nothing(catalog: Catalog) -> None:
    nothing = EntityFilterQuery.parse({"kind": "group"}).restricted_to("user")
    assert (catalog.count(nothing), catalog.find(nothing)) == (0, [])


def test_members_are_the_direct_ones_of_every_group_that_a_user_names(catalog: Catalog) -> None:
    assert catalog.members() == {
        EntityRef.parse("group:default/team-a"): 2,
        EntityRef.parse("group:default/gone"): 1,
    }

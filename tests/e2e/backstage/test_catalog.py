"""What a real catalog answers to what the service asks, and what it answers where a permission stands against it."""

from collections.abc import Callable
from typing import Any

import pytest

from insights_backend.catalog.client import RestCatalog
from insights_backend.catalog.groups import GroupsFilter
from insights_backend.enrichment.extractors import Capture, member_of
from insights_backend.errors import CatalogUnavailableError
from insights_backend.http_client import DirectSession
from insights_backend.model.entity_filter import EntityFilterQuery
from insights_backend.model.entity_ref import EntityRef
from tests.e2e.backstage import organisation
from tests.e2e.backstage.backend import BLIND_TOKEN, CATALOG_TOKEN, Backstage
from tests.e2e.backstage.organisation import DANGLING, Entity

Ask = Callable[..., RestCatalog]

PETSTORE = EntityRef.parse("component:default/svc-0")
SECRET = EntityRef.parse("component:default/secret-project")
NOWHERE = EntityRef.parse("component:default/never-was")


@pytest.fixture
def catalog(backstage: Backstage) -> Ask:
    """Makes clients of the catalog, with the service's token or another one."""

    def make(token: str = CATALOG_TOKEN) -> RestCatalog:
        fields = Capture().catalog_fields()
        return RestCatalog(f"{backstage.url}/api/catalog", token, fields, DirectSession(), 10)

    return make


def ref(entity: Entity) -> EntityRef:
    metadata = entity["metadata"]
    return EntityRef.of(entity["kind"], metadata["name"], metadata["namespace"])


def member_refs(user: Entity) -> set[str]:
    return set(user["spec"]["memberOf"])


def test_entities_come_in_the_order_of_their_references_and_a_missing_one_as_nothing(catalog: Ask) -> None:
    person = EntityRef.parse("user:default/person.0")
    found = catalog().entities([NOWHERE, PETSTORE, person])
    assert found[0] is None
    assert found[1] == {
        "kind": "Component",
        "metadata": {"namespace": "default"},
        "spec": {"type": "service", "lifecycle": "production", "owner": "group:default/Team-A"},
    }
    assert found[2] is not None
    assert {str(group) for group in member_of(person, found[2])} == {DANGLING}


def test_more_references_than_one_request_holds_are_all_answered(catalog: Ask) -> None:
    known = [ref(entity) for entity in organisation.users()]
    unknown = [EntityRef.parse(f"user:default/{'nobody-' * 8}{number}") for number in range(2500)]
    found = catalog().entities([*known, *unknown])
    assert all(found[: len(known)])
    assert not any(found[len(known) :])


@pytest.mark.parametrize(
    ("configured", "wanted"),
    [
        ({"relations.memberOf": "group:default/rnd"}, lambda user: "group:default/RnD" in member_refs(user)),
        ({"metadata.namespace": "corporate"}, lambda user: user["metadata"]["namespace"] == "corporate"),
        (
            [{"metadata.namespace": "corporate"}, {"relations.memberOf": ["group:default/team-a", DANGLING]}],
            lambda user: (
                user["metadata"]["namespace"] == "corporate" or {"group:default/Team-A", DANGLING} & member_refs(user)
            ),
        ),
    ],
    ids=["members of a group", "a namespace", "either"],
)
def test_total_users_are_those_that_match_the_configured_filter(
    catalog: Ask, configured: Any, wanted: Callable[[Entity], Any]
) -> None:
    query = EntityFilterQuery.parse(configured).restricted_to("user")
    expected = sum(bool(wanted(user)) for user in organisation.users())
    assert 0 < catalog().count(query) == expected < len(organisation.users())


@pytest.mark.parametrize(
    ("configured", "wanted"),
    [
        (
            {"spec.type": ["department", "guild", "team"]},
            lambda group: group["spec"]["type"] in "department guild team",
        ),
        (
            {"metadata.includeInInsights": True},
            lambda group: group["metadata"].get("includeInInsights") in {True, "true"},
        ),
    ],
    ids=["types", "a mark"],
)
def test_the_groups_that_are_captured_are_those_that_match_the_configured_filter(
    catalog: Ask, configured: Any, wanted: Callable[[Entity], bool]
) -> None:
    every = [(ref(group), wanted(group)) for group in organisation.groups()]
    groups = GroupsFilter(catalog(), EntityFilterQuery.parse(configured), ttl=600)
    assert groups.keep([group for group, _ in every]) == [group for group, kept in every if kept]


def test_members_are_counted_by_group_even_where_there_is_no_such_group(catalog: Ask) -> None:
    listed = [group for user in organisation.users() for group in member_refs(user)]
    expected = {EntityRef.parse(group): listed.count(group) for group in listed}
    assert EntityRef.parse(DANGLING) in expected
    assert catalog().members() == expected


def test_an_entity_that_the_permission_policy_hides_is_as_if_it_were_not_there(
    backstage: Backstage, catalog: Ask
) -> None:
    hidden, shown = [SECRET], [PETSTORE]
    components = EntityFilterQuery.parse({"kind": "component"})
    by_user = catalog(backstage.sign_in("user:default/person.2"))
    assert [entity is not None for entity in by_user.entities(hidden + shown)] == [False, True]
    # The policy is asked about users; of services Backstage asks only what their token is restricted to.
    by_service = catalog()
    assert [entity is not None for entity in by_service.entities(hidden + shown)] == [True, True]
    assert by_service.count(components) - by_user.count(components) == 1


def test_a_token_without_the_permission_to_read_entities_sees_an_empty_catalog(catalog: Ask) -> None:
    blind = catalog(BLIND_TOKEN)
    assert blind.entities([PETSTORE]) == [None]
    assert blind.count(EntityFilterQuery.parse({"kind": "user"})) == 0


def test_a_token_that_backstage_does_not_know_is_told_from_an_empty_catalog(catalog: Ask) -> None:
    with pytest.raises(CatalogUnavailableError, match="401"):
        catalog("no-token-of-this-portal").entities([PETSTORE])

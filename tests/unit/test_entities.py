"""Which entity an event is about, which one it leads to, and how a field of an entity is read."""

from typing import Any

import pytest

from insights_backend.enrichment.entities import entity_of, target_of
from insights_backend.enrichment.fields import field_at
from tests.fakes import content

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
        ("//example.com/docs/guides/howto/start", None),  # the same by the page's own scheme
        ("//portal.example.com/catalog/default/component/web-1", "component:default/web-1"),
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

from collections.abc import Mapping
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from insights_backend.errors import InvalidFilterError
from insights_backend.model.entity_filter import EntityFilterQuery
from insights_backend.model.entity_search import javascript_string, search_index
from tests.fakes_catalog import found_by_server

GUILD: Mapping[str, Any] = {
    "apiVersion": "backstage.io/v1alpha1",
    "kind": "Group",
    "metadata": {
        "name": "Guild-Data",
        "includeInInsights": True,
        "description": "d" * 201,
        "etag": "e",
        "labels": {"example.com/tier": "1", "k" * 200: "long"},
        "annotations": None,
        "tags": ["Java", "data"],
        "links": [{"title": "Wiki", "url": "https://a"}, {"title": "Chat"}],
        "empty": "",
    },
    "spec": {"type": "guild", "size": 7.0, "ratio": 0.5, "nested": [["deep"]], "none": [], "a.b": "dotted"},
    "relations": [
        {"type": "hasMember", "targetRef": "user:default/jane"},
        {"type": "childOf", "targetRef": "group:default/RnD"},
    ],
    "status": {"items": "x"},
    "attachments": {"logo": "x"},
}


@pytest.mark.parametrize(
    ("config", "expected"),
    [
        ({"kind": "Group"}, True),
        ({"kind": "user"}, False),
        ({"KIND": "group", "Spec.Type": "GUILD"}, True),
        ({"kind": "group", "spec.type": "team"}, False),
        ([{"kind": "user"}, {"spec.type": "guild"}], True),
        ([{"kind": "user"}, {"spec.type": "team"}], False),
        ({"spec.type": ["department", "guild"]}, True),
        ({"spec.type": ["department", "team"]}, False),
        ({"spec.type": None}, True),
        ({"spec.profile": None}, False),
        ({"spec.profile": [None]}, False),
        ({"spec.type": [None, "team"]}, False),
        ({"spec.type": " guild\ufeff"}, True),
        ({"metadata.includeInInsights": True}, True),
        ({"metadata.includeInInsights": "true"}, True),
        ({"metadata.includeInInsights": 1}, False),
        ({"spec.size": 7}, True),
        ({"spec.size": "7"}, True),
        ({"spec.size": "7.0"}, False),
        ({"spec.ratio": 0.5}, True),
        ({"metadata.namespace": "default"}, True),
        ({"metadata.namespace": None, "metadata.uid": None, "metadata.name": None}, True),
        ({"metadata.uid": ""}, False),
        ({"metadata.name": "guild-data"}, True),
        ({"metadata.etag": None}, False),
        ({"status.items": None}, False),
        ({"relations": None}, False),
        ({"relations.targetRef": None}, False),
        ({"attachments.logo": None}, False),
        ({"relations.hasMember": "user:default/jane"}, True),
        ({"relations.hasmember": None}, True),
        ({"relations.childOf": "group:default/rnd"}, True),
        ({"relations.childOf": "rnd"}, False),
        ({"metadata.tags": "java"}, True),
        ({"metadata.tags.java": True, "metadata.tags.data": "true"}, True),
        ({"metadata.tags.go": "true"}, False),
        ({"metadata.links.title": "chat"}, True),
        ({"metadata.links": None}, False),
        ({"metadata.annotations": None}, True),
        ({"metadata.annotations": ""}, False),
        ({"metadata.empty": ""}, True),
        ({"metadata.description": None}, True),
        ({"metadata.description": "d" * 201}, False),
        ({"metadata.labels.example.com/tier": 1}, True),
        ({"metadata.labels." + "k" * 200: None}, False),
        ({"spec.nested": "deep"}, True),
        ({"spec.nested.deep": True}, True),
        ({"spec.none": None}, False),
        ({"spec.a.b": "dotted"}, True),
    ],
)
def test_a_query_matches_what_the_catalog_would_find(config: object, expected: bool) -> None:
    assert EntityFilterQuery.parse(config).matches(GUILD) is expected


@pytest.mark.parametrize(
    ("config", "encoded"),
    [
        ({"relations.memberOf": "group:default/rnd"}, ["relations.memberOf=group:default/rnd"]),
        ({"b": "1", "a": ["x", "y"]}, ["b=1,a=x,a=y"]),
        ([{"a": "1"}, {"b": None}], ["a=1", "b"]),
        ({"a": [None, "x"]}, ["a=x"]),
        ({"a": ""}, ["a="]),
        ({" a ": " x=y "}, ["a=x=y"]),
        ({"a": [True, False, 1, 1.0, 2.5]}, ["a=true,a=false,a=1,a=1,a=2.5"]),
    ],
)
def test_a_query_is_written_as_filter_parameters(config: object, encoded: list[str]) -> None:
    assert EntityFilterQuery.parse(config).encode() == encoded


@pytest.mark.parametrize("config", [{"spec.x": "a,b"}, {"spec.x": ["a", "b,"]}, {"spec.x,y": None}, {"spec.x=": "a"}])
def test_what_a_url_cannot_carry_is_refused_by_key_but_matches_here(config: object) -> None:
    query = EntityFilterQuery.parse(config)
    assert not query.matches(GUILD)
    with pytest.raises(InvalidFilterError, match=r"spec\.x.*URL"):
        query.encode()


@pytest.mark.parametrize(
    ("config", "message"),
    [
        (None, "an object"),
        ("kind=user", "an object"),
        ({}, "at least one key"),
        ([], "an object"),
        ([{"a": 1}, {}], "at least one key"),
        ([[{"a": 1}]], "an object"),
        ([{"a": 1}] * 101, "1 to 100"),
        ({f"k{i}": 1 for i in range(101)}, "more than 100 keys"),
        ({"spec.type": list(range(101))}, "spec.type"),
        ({"spec.type": []}, "spec.type"),
        ({"spec": {"type": "x"}}, "'spec'.*in full"),
        ({"spec.type": [["x"]]}, "spec.type"),
        ({"spec.type": object()}, "spec.type"),
        ({"": "x"}, "not empty"),
        ({" ": "x"}, "not empty"),
        ({1: "x"}, "key 1"),
        ({"spec.Type": "x", "spec.type": "y"}, "'spec.type' stands twice"),
    ],
)
def test_a_query_of_another_shape_is_refused(config: object, message: str) -> None:
    with pytest.raises(InvalidFilterError, match=message):
        EntityFilterQuery.parse(config)


@pytest.mark.parametrize(
    ("config", "encoded"),
    [
        ({"spec.type": "x"}, ["kind=user,spec.type=x"]),
        ([{"a": 1}, {"b": 2}], ["kind=user,a=1", "kind=user,b=2"]),
        ({"a": 1, "kind": "User"}, ["kind=user,a=1"]),
        ({"Kind": ["group", "user"], "a": 1}, ["kind=user,a=1"]),
        ({"kind": None, "a": 1}, ["kind=user,a=1"]),
        ([{"kind": "group"}, {"a": 1}], ["kind=user,a=1"]),
        ({"kind": "group"}, []),
    ],
)
def test_restricting_a_query_puts_the_kind_into_every_record(config: object, encoded: list[str]) -> None:
    assert EntityFilterQuery.parse(config).restricted_to("user").encode() == encoded


def test_a_query_that_asks_for_another_kind_only_matches_nothing_when_restricted() -> None:
    query = EntityFilterQuery.parse({"kind": "group"})
    assert query.matches(GUILD)
    assert not query.restricted_to("user").matches(GUILD)
    assert not query.restricted_to("user").matches({"kind": "User"})


def test_equal_queries_are_equal_keys() -> None:
    config = {"spec.type": ["a", "b"]}
    assert {EntityFilterQuery.parse(config): 1}[EntityFilterQuery.parse([config])] == 1


@pytest.mark.parametrize(
    ("number", "text"),
    [
        (1.0, "1"),
        (-0.0, "0"),
        (0.1, "0.1"),
        (1e-6, "0.000001"),
        (1.5e-7, "1.5e-7"),
        (1e20, "100000000000000000000"),
        (1e21, "1e+21"),
        (1.25e22, "1.25e+22"),
        (2**53 + 1, "9007199254740992"),
        (10**400, "Infinity"),
        (-(10**400), "-Infinity"),
        (float("nan"), "NaN"),
    ],
)
def test_numbers_are_written_as_in_javascript(number: float, text: str) -> None:
    assert javascript_string(number) == text


def test_an_entity_deeper_than_the_stack_is_indexed() -> None:
    deep: Any = "bottom"
    for _ in range(100_000):
        deep = [deep]
    assert search_index({"spec": deep})["spec"] == {"bottom"}


words = st.sampled_from(["a", "B", "java", "true", "user", ""])
scalars = words | st.booleans() | st.integers(0, 2) | st.none()
values = st.recursive(scalars, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(words, inner, max_size=3))
entities = st.fixed_dictionaries(
    {
        "kind": st.sampled_from(["User", "Group"]),
        "metadata": st.fixed_dictionaries(
            {"name": st.sampled_from(["a", "Java"])},
            optional={"namespace": words.filter(bool), "tags": values},
        ),
    },
    optional={
        "spec": values,
        "status": values,
        "relations": st.lists(
            st.fixed_dictionaries({"type": st.just("memberOf"), "targetRef": words.filter(bool)}), max_size=2
        ),
    },
)
paths = st.sampled_from(["metadata", "metadata.tags", "spec", "spec.a", "spec.b.java", "status", "relations.memberOf"])
keys = st.sampled_from(["kind", "metadata.name", "metadata.namespace", "metadata.uid", "spec.A"]) | st.builds(
    lambda path, word: f"{path}.{word}", paths, words
)
records = st.dictionaries(keys, scalars | st.lists(scalars, min_size=1, max_size=3), min_size=1, max_size=3).filter(
    lambda record: len({key.lower() for key in record}) == len(record)
)
queries = st.lists(records, min_size=1, max_size=3)


@given(queries, entities)
@example([{"spec.a": None}], {"kind": "User", "metadata": {"name": "a"}, "spec": {"a": None}})
def test_matching_here_and_filtering_there_agree(config: list[dict[str, Any]], entity: dict[str, Any]) -> None:
    query = EntityFilterQuery.parse(config)
    assert query.matches(entity) == found_by_server(query.encode(), entity)


@given(queries, entities)
def test_a_restricted_query_matches_exactly_the_matches_of_that_kind(
    config: list[dict[str, Any]], entity: dict[str, Any]
) -> None:
    query = EntityFilterQuery.parse(config)
    assert query.restricted_to("user").matches(entity) == (query.matches(entity) and entity["kind"] == "User")

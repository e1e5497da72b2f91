import math
from typing import Any

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from insights_backend.errors import MalformedJsonError
from insights_backend.model.entity_ref import EntityRef
from insights_backend.wire.native import RULES, explain, read, unwrap
from tests.fakes import NOW, user

E: dict[str, Any] = {"action": "navigate", "subject": "/", "context": {"pluginId": "catalog"}}
ARRIVAL = int(NOW * 1000)


def read_one(document: object, **how: Any) -> tuple[list[Any], list[Any]]:
    options = {"user": None, "relay": False, "received_at": ARRIVAL, "max_age": 7 * 86400.0}
    return read([document], **{**options, **how})


@pytest.mark.parametrize(("body", "count"), [({"events": [E, E]}, 2), ([E], 1), (E, 1), ([], 0), ({"events": []}, 0)])
def test_a_body_has_one_of_three_shapes(body: object, count: int) -> None:
    assert len(unwrap(body)) == count


@pytest.mark.parametrize("body", [None, 1, "text", True, {"events": {}}, {"events": None}])
def test_any_other_body_is_malformed(body: object) -> None:
    with pytest.raises(MalformedJsonError, match="the body must be"):
        unwrap(body)


@pytest.mark.parametrize(
    ("change", "field", "message"),
    [
        ({"action": None}, "action", "null"),
        ({"action": ""}, "action", "1 to 256 characters"),
        ({"action": 7}, "action", "1 to 256 characters"),
        ({"action": "x" * 257}, "action", "1 to 256 characters"),
        ({"subject": ["x"]}, "subject", "must be a string"),
        ({"subject": "x" * 16385}, "subject", "must be a string"),
        ({"context": "catalog"}, "context", "must be an object"),
        ({"context": {"a": {"b": 1}}}, "context", "only strings, numbers and booleans"),
        ({"attributes": {"a": [1]}}, "attributes", "only strings, numbers and booleans"),
        ({"attributes": {"a": "x" * 4097}}, "attributes", "at most 4096 characters"),
        ({"attributes": {"k" * 129: 1}}, "attributes", "keys of at most 128"),
        ({"attributes": {str(n): n for n in range(65)}}, "attributes", "at most 64 keys"),
        ({"value": "3"}, "value", "must be a number"),
        ({"value": True}, "value", "must be a number"),
        ({"id": ""}, "id", "1 to 128 characters"),
        ({"id": "x" * 129}, "id", "1 to 128 characters"),
        ({"id": 7}, "id", "1 to 128 characters"),
        ({"timestamp": "noon"}, "timestamp", "ISO 8601"),
        ({"timestamp": True}, "timestamp", "ISO 8601"),
        ({"timestamp": "2020-01-01T00:00:00Z"}, "timestamp", "older than 7 days"),
        ({"sessionId": 1}, "sessionId", "must be a string"),
    ],
)
def test_a_wrong_field_is_refused_by_name(change: dict[str, Any], field: str, message: str) -> None:
    events, rejections = read_one({**E, **change})
    assert events == []
    assert list(rejections[0].errors) == [field]
    assert message in rejections[0].errors[field][0]


@pytest.mark.parametrize("field", ["action", "subject", "context"])
def test_a_missing_field_is_refused_by_name(field: str) -> None:
    _, rejections = read_one({key: value for key, value in E.items() if key != field})
    assert rejections[0].errors == {field: ["Missing data for required field."]}


@pytest.mark.parametrize("document", [None, 1, "x", [E]])
def test_what_is_no_object_is_refused_as_a_whole(document: Any) -> None:
    _, rejections = read_one(document)
    assert rejections[0].errors == {"_schema": ["must be an object"]}


def test_a_bad_event_does_not_take_its_neighbours_along() -> None:
    events, rejections = read([E, {}, E, 5], user=None, relay=False, received_at=ARRIVAL, max_age=7 * 86400.0)
    assert len(events) == 2
    assert [rejection.index for rejection in rejections] == [1, 3]


def test_unknown_keys_and_nulls_of_optional_fields_are_ignored() -> None:
    document = {**E, "foo": {"bar": []}, "attributes": None, "value": None, "id": None, "timestamp": None}
    (event,), _ = read_one({**document, "context": {"pluginId": "x", "gone": None}})
    assert (event.content.attributes, event.content.context, event.value, event.id) == (
        {},
        {"pluginId": "x"},
        None,
        None,
    )


def test_what_transports_leave_in_the_context_is_no_part_of_the_event() -> None:
    left = {"userName": "user:default/john", "userId": "7a78", "timestamp": "2026-11-23T08:37:07.875Z"}
    (event,), _ = read_one({**E, "context": {"pluginId": "catalog", **left}}, user=user())
    assert event.content.context == {"pluginId": "catalog"}
    assert event.user == user()


def test_events_that_say_the_same_share_one_content() -> None:
    document = {
        **E,
        "context": {"pluginId": "catalog", "timestamp": "2026-11-23T08:37:07.875Z"},
        "attributes": {"a": 1},
    }
    again = {**document, "id": "other", "context": {"pluginId": "catalog"}}
    events, _ = read([document, again], user=None, relay=False, received_at=ARRIVAL, max_age=1.0)
    assert events[0].content is events[1].content


@pytest.mark.parametrize("value", [1.0, True, "1", None])
def test_what_looks_the_same_and_is_not_keeps_its_kind(value: object) -> None:
    (one,), _ = read_one({**E, "attributes": {"a": 1}})
    (other,), _ = read_one({**E, "attributes": {"a": value}})
    assert repr(dict(one.content.attributes)) == "{'a': 1}"
    assert repr(dict(other.content.attributes)) == repr({"a": value} if value is not None else {})


def test_a_long_content_is_taken_and_not_remembered() -> None:
    (one,), _ = read_one({**E, "subject": "x" * 2000})
    (other,), _ = read_one({**E, "subject": "x" * 2000})
    assert one.content is not other.content
    assert one.content.digest == other.content.digest


@pytest.mark.parametrize("field", ["action", "subject", "context", "attributes"])
def test_a_deeply_nested_field_is_refused_by_name(field: str) -> None:
    nested: Any = 1
    for _ in range(1000):
        nested = [nested]
    _, rejections = read_one({**E, field: nested})
    assert list(rejections[0].errors) == [field]


def test_what_a_transport_leaves_behind_must_be_valid_too() -> None:
    _, rejections = read_one({**E, "context": {"userName": ["x"]}})
    assert list(rejections[0].errors) == ["context"]


def test_a_users_events_are_theirs_whatever_the_body_claims() -> None:
    (event,), _ = read_one({**E, "user": "user:default/john"}, user=user())
    assert event.user == user()


@pytest.mark.parametrize(
    ("claim", "expected"),
    [
        ({"user": "user:default/John"}, user("john")),
        ({"user": "john"}, user("john")),
        ({"context": {"pluginId": "x", "userName": "user:Corp/jo"}}, EntityRef("user", "corp", "jo")),
        ({"user": "user:default/a", "context": {"userName": "user:default/b"}}, user("a")),
        ({"context": {"pluginId": "x", "userName": ""}}, None),
        ({}, None),
    ],
)
def test_a_relay_names_the_user_in_the_event(claim: dict[str, Any], expected: EntityRef | None) -> None:
    (event,), _ = read_one({**E, **claim}, relay=True)
    assert event.user == expected


@pytest.mark.parametrize("claim", ["group:default/x", "a b", "", 7, 0, False, [], {}, {"a": 1}])
def test_a_relay_that_names_no_user_is_told_so(claim: Any) -> None:
    events, rejections = read_one({**E, "user": claim}, relay=True)
    if claim == "":  # an empty text is no claim
        assert events[0].user is None
    else:
        assert list(rejections[0].errors) == ["user"]


scalars = st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5)
values = st.recursive(scalars, lambda inner: st.lists(inner, max_size=2) | st.dictionaries(st.text(max_size=3), inner))
documents = st.fixed_dictionaries(
    {},
    optional={name: values | st.just("x" * 300) | st.just("2026-11-23T10:00:00Z") for name in [*RULES, "other"]},
)


@given(documents | documents.map(lambda document: {**E, **document}) | values)
def test_an_event_is_taken_or_refused_with_a_reason(document: object) -> None:
    decoded = orjson.loads(orjson.dumps(document)) if is_json(document) else {}
    events, rejections = read_one(decoded, max_age=math.inf)
    refused = [rejection.errors for rejection in rejections]
    assert (len(events), refused) == ((0, [reason]) if (reason := explain(decoded)) else (1, []))


def is_json(document: object) -> bool:
    try:
        orjson.dumps(document)
    except orjson.JSONEncodeError:  # a number too large
        return False
    return True

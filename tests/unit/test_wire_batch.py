from dataclasses import replace
from typing import Any

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from insights_backend.errors import MalformedJsonError, PayloadTooLargeError
from insights_backend.model.total_users import MAX_TOTAL_USERS, TotalUsers
from insights_backend.wire.batch import (
    MAX_EVENTS,
    MAX_MONTHS,
    MAX_REJECTIONS,
    RULES,
    TOTAL_USERS_RULES,
    PortalTotalUsersSchema,
    StoredEventSchema,
    explain,
    is_valid,
    read,
    total_users,
    unwrap,
)
from tests.records import record

REQUIRED = ("id", "time", "receivedAt", "action")
OBJECTS = ("attributes", "context", "userMetadata", "entityMetadata")


def nested(levels: int) -> Any:
    """An object, and in it a list, and in that an object, and so on."""
    value: Any = 1
    for level in reversed(range(levels)):
        value = [value] if level % 2 else {"a": value}
    return value


def month(number: int) -> str:
    return f"{1970 + number // 12}-{number % 12 + 1:02d}-15T00:00:00.000Z"


@pytest.mark.parametrize("count", [0, 1, MAX_EVENTS])
def test_a_batch_is_an_object_with_events(count: int) -> None:
    assert len(unwrap({"events": [{}] * count, "other": 1})) == count


@pytest.mark.parametrize("body", [None, 1, "text", [], [{}], {}, {"events": {}}, {"events": None}, {"event": []}])
def test_any_other_body_is_malformed(body: object) -> None:
    with pytest.raises(MalformedJsonError, match="the body must be"):
        unwrap(body)


def test_a_batch_may_hold_only_so_many_events() -> None:
    with pytest.raises(PayloadTooLargeError, match="holds 20001 events; send at most 20000"):
        unwrap({"events": [{}] * (MAX_EVENTS + 1)})


def test_an_event_keeps_all_its_known_fields_and_no_other() -> None:
    whole = record(
        id="q\"uo'te\x00\x01\n",
        subject="größe 日本\x00\t",
        value=3.5,
        attributes={"a": {"b": [1, None, True]}},
        groups=["group:default/a"],
        notes=["entity_not_found"],
        view=True,
    )
    (event,), rejections = read([{**whole, "instance": "another", "entityOwner": "x", "": 1}])
    del whole["instance"]
    assert (event, rejections) == (whole, [])


def test_what_may_be_absent_becomes_null() -> None:
    (event,), _ = read([{name: record()[name] for name in REQUIRED}])
    assert set(event) == set(RULES)
    assert {name for name, value in event.items() if value is not None} == set(REQUIRED)


@pytest.mark.parametrize("field", REQUIRED)
def test_a_missing_field_is_refused_by_name(field: str) -> None:
    document = {name: value for name, value in record().items() if name != field}
    _, rejections = read([document, record(**{field: None})])
    assert [(r.index, dict(r.errors)) for r in rejections] == [
        (0, {field: ["Missing data for required field."]}),
        (1, {field: ["Field may not be null."]}),
    ]


@pytest.mark.parametrize(
    ("field", "value", "message"),
    [
        ("id", "", "1 to 128 characters"),
        ("id", "x" * 129, "1 to 128 characters"),
        ("id", 7, "must be a string"),
        ("time", "2026-11-23T10:00:00Z", "must be a time such as"),
        ("time", "2026-11-23T10:00:00.000+00:00", "must be a time such as"),
        ("time", "2026-11-23 10:00:00.000Z", "must be a time such as"),
        ("time", "2026-11-23T10:00:00.000Z\n", "must be a time such as"),
        ("time", "٢٠٢٦-11-23T10:00:00.000Z", "must be a time such as"),
        ("time", 1_795_428_000_000, "must be a time such as"),
        ("time", "2026-02-29T10:00:00.000Z", "a time that exists"),
        ("time", "2026-11-23T25:00:00.000Z", "a time that exists"),
        ("time", "0000-11-23T10:00:00.000Z", "a time that exists"),
        ("time", "1969-12-31T23:59:59.999Z", "1970 to 2105"),
        ("receivedAt", "2106-01-01T00:00:00.000Z", "1970 to 2105"),
        ("action", "", "1 to 32768 characters"),
        ("subject", "x" * 131_073, "0 to 131072 characters"),
        ("pluginId", ["catalog"], "must be a string"),
        ("user", "u" * 1025, "0 to 1024 characters"),
        ("value", "3", "must be a number"),
        ("value", True, "must be a number"),
        ("value", float("inf"), "must be a number"),
        ("value", float("nan"), "must be a number"),
        ("view", 1, "must be true or false"),
        ("view", "true", "must be true or false"),
        ("groups", "group:default/a", "a list of at most 10000 strings"),
        ("groups", ["x"] * 10_001, "a list of at most 10000 strings"),
        ("groups", ["x", None], "each must be a string of 0 to 1024"),
        ("notes", ["x" * 1025], "each must be a string of 0 to 1024"),
        *((field, "{}", "must be an object") for field in OBJECTS),
        *((field, [], "must be an object") for field in OBJECTS),
        ("attributes", {"a": "é" * 2**21}, "at most 4194304 bytes"),
        ("context", nested(65), "at most 64 levels"),
        ("context", nested(900), "at most 64 levels"),
    ],
)
def test_a_wrong_field_is_refused_by_name(field: str, value: Any, message: str) -> None:
    events, (rejection,) = read([record(**{field: value})])
    assert events == []
    assert list(rejection.errors) == [field]
    assert message in rejection.errors[field][0]


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("id", "x" * 128),
        ("time", "1970-01-01T00:00:00.000Z"),
        ("time", "2105-12-31T23:59:59.999Z"),
        ("subject", "x" * 131_072),
        ("pluginId", None),
        ("value", 2**64 - 1),
        ("groups", ["x"] * 1000),
        ("attributes", {"a": "é" * 32_764}),
        ("context", nested(16)),
    ],
)
def test_what_is_just_within_the_bounds_is_taken(field: str, value: Any) -> None:
    (event,), rejections = read([record(**{field: value})])
    assert (event[field], rejections) == (value, [])


@pytest.mark.parametrize("document", [None, 1, "x", [record()]])
def test_what_is_no_object_is_refused_as_a_whole(document: Any) -> None:
    _, rejections = read([record(), document])
    assert [(r.index, r.errors) for r in rejections] == [(1, {"_schema": ["must be an object"]})]


def test_only_the_first_refusals_are_named() -> None:
    _, rejections = read([{}] * (MAX_REJECTIONS + 1))
    assert [rejection.index for rejection in rejections] == list(range(MAX_REJECTIONS))


def test_a_batch_that_lies_in_too_many_months_is_refused_from_there_on() -> None:
    times = [month(number) for number in range(MAX_MONTHS + 1)]
    events, rejections = read([record(time=time) for time in [*times, times[0]]])
    assert [event["time"] for event in events] == [*times[:MAX_MONTHS], times[0]]
    assert [(r.index, list(r.errors)) for r in rejections] == [(MAX_MONTHS, ["time"])]


json_values = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**63), 2**64 - 1) | st.floats() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(st.text(max_size=3), inner, max_size=2),
)
times = st.datetimes().map(lambda moment: f"{moment:%Y-%m-%dT%H:%M:%S}.000Z")
values = json_values | st.lists(st.text(max_size=3), max_size=3) | times
changes = st.fixed_dictionaries({}, optional=dict.fromkeys([*RULES, "other"], values))


@given(changes | changes.map(lambda change: record(**change)) | json_values)
def test_accepting_and_explaining_agree_on_every_document(document: object) -> None:
    assert is_valid(document) == (explain(document) == {})


@given(changes)
def test_an_event_that_was_taken_is_taken_again_unchanged(change: dict[str, Any]) -> None:
    events, _ = read([record(**change)])
    again, rejections = read(orjson.loads(orjson.dumps(events)))
    assert (again, rejections) == (events, [])


def test_the_schema_names_every_field_of_a_stored_event_but_its_instance() -> None:
    assert set(StoredEventSchema().fields) == set(record()) - {"instance"}


# The number of people that may come along

TOLD = {"number": 5, "asOf": "2026-11-23T10:00:00.123Z", "environment": "staging"}
TOTAL = TotalUsers(number=5, as_of=1_795_428_000_123, environment="staging")


@pytest.mark.parametrize(
    ("told", "expected"),
    [
        (TOLD, TOTAL),
        ({**TOLD, "number": 5.0, "other": {"x": 1}}, TOTAL),
        ({**TOLD, "number": 0}, replace(TOTAL, number=0)),
        ({**TOLD, "number": MAX_TOTAL_USERS}, replace(TOTAL, number=MAX_TOTAL_USERS)),
        ({**TOLD, "environment": None}, replace(TOTAL, environment="")),
        ({**TOLD, "environment": "x" * 1024}, replace(TOTAL, environment="x" * 1024)),
        ({"number": 5, "asOf": "1970-01-01T00:00:00.000Z"}, TotalUsers(number=5, as_of=0, environment="")),
        (None, None),
    ],
)
def test_a_batch_may_tell_how_many_people_there_are(told: Any, expected: TotalUsers | None) -> None:
    assert total_users({"events": [], "totalUsers": told}) == expected


def test_a_batch_need_not_tell_how_many_people_there_are() -> None:
    assert total_users({"events": []}) is None


@pytest.mark.parametrize(
    ("told", "message"),
    [
        (5, "totalUsers._schema: must be an object"),
        ([TOLD], "totalUsers._schema: must be an object"),
        (False, "totalUsers._schema: must be an object"),
        ({**TOLD, "number": -1}, "totalUsers.number: must be a whole number from 0 to 1000000000"),
        ({**TOLD, "number": MAX_TOTAL_USERS + 1}, "totalUsers.number: must be a whole number"),
        ({**TOLD, "number": 10**400}, "totalUsers.number: must be a whole number"),
        ({**TOLD, "number": 5.5}, "totalUsers.number: must be a whole number"),
        ({**TOLD, "number": float("nan")}, "totalUsers.number: must be a whole number"),
        ({**TOLD, "number": True}, "totalUsers.number: must be a whole number"),
        ({**TOLD, "number": "5"}, "totalUsers.number: must be a whole number"),
        ({**TOLD, "number": None}, "totalUsers.number: Field may not be null."),
        ({"number": 5}, "totalUsers.asOf: Missing data for required field."),
        ({**TOLD, "asOf": "2026-11-23"}, "totalUsers.asOf: must be a time such as"),
        ({**TOLD, "asOf": "2106-01-01T00:00:00.000Z"}, "totalUsers.asOf: must lie in the years"),
        ({**TOLD, "environment": "x" * 1025}, "totalUsers.environment: must be a string of 0 to 1024 characters"),
        ({**TOLD, "environment": ["x"]}, "totalUsers.environment: must be a string"),
    ],
)
def test_a_number_of_people_that_is_none_is_refused_by_its_field(told: Any, message: str) -> None:
    with pytest.raises(MalformedJsonError) as caught:
        total_users({"events": [], "totalUsers": told})
    assert caught.value.message.startswith(message)


told_of = st.fixed_dictionaries({}, optional=dict.fromkeys(TOTAL_USERS_RULES, values))


@given(told_of | told_of.map(lambda changed: {**TOLD, **changed}) | json_values.filter(lambda told: told is not None))
def test_whatever_is_told_is_a_number_within_bounds_or_refused_as_documented(told: Any) -> None:
    fits = isinstance(told, dict) and not PortalTotalUsersSchema().validate(told)
    try:
        found = total_users({"totalUsers": told})
    except MalformedJsonError:
        assert not fits
    else:
        assert fits
        assert found
        assert 0 <= found.number <= MAX_TOTAL_USERS

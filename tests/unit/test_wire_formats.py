"""The formats of other modules: what each body becomes, by the rules of our own format."""

from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from ruamel.yaml import YAML

from insights_backend.errors import MalformedJsonError
from insights_backend.model.event import Event, iso
from insights_backend.wire import adoption_insights, generic, native, segment, umami
from tests.fakes import NOW

FIXTURES = Path(__file__).parent.parent / "fixtures" / "wire"
ARRIVAL = int(NOW * 1000)
FORMATS: dict[str, Callable[..., list[Any]]] = {
    "adoption_insights": adoption_insights.documents,
    "generic": generic.documents,
    "umami": umami.documents,
    "segment": segment.documents,
}
CASES = [
    pytest.param(case, partial(read, case["call"]) if "call" in case else read, id=f"{name}: {case['name']}")
    for name, read in FORMATS.items()
    for case in YAML(typ="safe", pure=True).load(FIXTURES / f"{name}.yaml")
]


def shown(event: Event) -> dict[str, Any]:
    """The fields of an event that say something, by the names of the fixtures."""
    fields = {
        "id": event.id,
        "action": event.content.action,
        "subject": event.content.subject,
        "value": event.value,
        "attributes": dict(event.content.attributes) or None,
        "context": dict(event.content.context),
        "timestamp": None if event.timestamp is None else iso(event.timestamp),
        "session": event.session_id,
        "user": str(event.user) if event.user else None,
    }
    return {name: value for name, value in fields.items() if value is not None}


@pytest.mark.parametrize(("case", "documents"), CASES)
def test_a_body_becomes_the_events_that_it_means(case: dict[str, Any], documents: Callable[[Any], list[Any]]) -> None:
    if case.get("malformed"):
        with pytest.raises(MalformedJsonError, match="the body must be"):
            documents(case["body"])
        return
    events, rejections = native.read(
        documents(case["body"]), user=None, relay=True, received_at=ARRIVAL, max_age=7 * 86400.0
    )
    assert [shown(event) for event in events] == case["events"]
    refused = {index: sorted(fields) for index, fields in case.get("refused", {}).items()}
    assert {rejection.index: sorted(rejection.errors) for rejection in rejections} == refused


json = st.recursive(
    st.none() | st.booleans() | st.integers(-5, 5) | st.floats() | st.sampled_from(["", "x", "event", "track", "page"]),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(
                ["type", "payload", "event", "context", "batch", "properties", "name", "user", "action", "subject"]
            ),
            inner,
            max_size=4,
        )
    ),
    max_leaves=12,
)


@pytest.mark.parametrize(
    "documents",
    [*(FORMATS[name] for name in ("adoption_insights", "generic", "umami")), partial(segment.documents, "batch")],
)
def test_whatever_json_comes_is_read_or_refused_and_never_breaks(documents: Callable[[Any], list[Any]]) -> None:
    @given(body=json | json.map(lambda value: [value]) | json.map(lambda value: {"batch": [value], "payload": value}))
    def hold(body: Any) -> None:
        try:
            found = documents(body)
        except MalformedJsonError:
            return
        events, rejections = native.read(found, user=None, relay=True, received_at=ARRIVAL, max_age=1.0)
        assert len(events) + len(rejections) == len(found)

    hold()


@pytest.mark.parametrize(
    ("body", "website"),
    [({"payload": {"website": "w-1"}}, "w-1"), ({"payload": {}}, None), ({"payload": {"website": 5}}, None)],
)
def test_an_umami_body_may_name_its_website(body: Any, website: str | None) -> None:
    assert umami.website(body) == website


@pytest.mark.parametrize(("body", "key"), [({"writeKey": "k"}, "k"), ({"writeKey": 5}, None), ({}, None), ([], None)])
def test_a_segment_body_may_carry_its_write_key(body: Any, key: str | None) -> None:
    assert segment.write_key(body) == key

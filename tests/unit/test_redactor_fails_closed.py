"""Whatever an event holds, nothing gets past the redactor, and it never fails open."""

import logging
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from insights_backend.enrichment.policy import STORED_FIELDS
from insights_backend.enrichment.pseudonyms import is_pseudonym
from insights_backend.wire import batch
from tests.bench.redaction.samples import samples
from tests.records import record
from tests.redacting import EMAIL, EVENT, NAMES, redact, redactor


class Unreadable(dict[str, Any]):
    """A mapping that cannot be read, with personal data in its complaint."""

    def items(self) -> Any:
        raise RuntimeError(EMAIL)


def test_a_field_that_cannot_be_cleaned_is_dropped_with_a_note(caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.WARNING):
        clean = redact(subject=object(), attributes={"bad": Unreadable(), "good": 1}, context=Unreadable())
    assert (clean["subject"], clean["attributes"], clean["context"]) == (None, {"good": 1}, {})
    assert clean["notes"] == ["entity_not_found", "redaction_failed"]
    assert "RuntimeError" in caplog.text
    assert EMAIL not in caplog.text


def test_what_is_nested_too_deeply_is_dropped() -> None:
    deep: Any = EMAIL
    for _ in range(2000):
        deep = [deep]
    clean = redact(attributes={"deep": deep, "ok": "yes"})
    assert clean["attributes"] == {"ok": "yes"}
    assert "redaction_failed" in clean["notes"]


def test_a_session_is_no_user_even_when_both_have_the_same_text() -> None:
    clear = redactor(identities="clear")
    for _ in range(2):
        assert clear.redact({"user": "abc", "sessionId": "abc"}) == {"user": "abc", "sessionId": NAMES.session("abc")}


def test_what_is_remembered_is_bounded_and_forgetting_changes_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("insights_backend.enrichment.redactor._MEMO_SIZE", 40)
    small = redactor()
    for number in range(100):
        event = {**EVENT, "attributes": {f"key {number}": f"value {number}", "to": EMAIL}}
        assert small.redact(event)["attributes"] == {f"key {number}": f"value {number}", "to": "[email]"}
        assert remembered(small._event) <= 40


def remembered(place: Any) -> int:
    return sum(1 + remembered(inside) for inside in place.inside.values()) + len(place.clean)


def test_a_number_too_long_to_be_written_is_dropped() -> None:
    assert redact(attributes={"n": 10**5000})["attributes"] == {}


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(alphabet=st.characters(), max_size=20)
    | st.sampled_from([EMAIL, "user:default/jane", "/catalog/default/user/jane", "a%40b.co", "\ud800"]),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=8,
)  # fmt: skip


@given(st.dictionaries(st.sampled_from(sorted(STORED_FIELDS)) | st.text(max_size=6), JSON, max_size=8))
def test_it_takes_anything_and_cleaning_twice_is_cleaning_once(event: dict[str, Any]) -> None:
    once = redactor().redact(event)
    assert repr(redactor().redact(once)) == repr(once)


@given(
    st.sampled_from(sorted(STORED_FIELDS)),
    st.sampled_from([EMAIL, f"x {EMAIL} y", f"?q={EMAIL}&z", f"<{EMAIL}>"]),
    JSON,
)
def test_a_planted_address_survives_in_no_place(field: str, planted: str, other: Any) -> None:
    for value in (planted, [planted], {"k": planted}, {planted: 1}, {"k": [{"l": planted}], "other": other}):
        assert "example.com" not in repr(redact(**{field: value}))


PLANTED = [sample.text for sample in samples(seed=3, each=25) if sample.spans]


@given(
    st.sampled_from(
        ["id", "action", "subject", "pluginId", "routeRef", "extension", "sessionId", "user", "entity", "target"]
    ),
    st.sampled_from(PLANTED),
)
def test_what_was_redacted_is_still_an_event_that_a_collector_takes(field: str, planted: str) -> None:
    event = {**record(), **redact(**{field: planted, "time": "2026-11-23T10:00:00.000Z", "receivedAt": EVENT["time"]})}
    taken, refused = batch.read([{**event, "attributes": redact(attributes={planted: [planted]})["attributes"]}])
    assert (len(taken), refused) == (1, [])


@given(st.sampled_from(["user", "entity", "target", "subject", "action", "routeRef", "pluginId", "id", "instance"]))
def test_the_name_of_a_user_survives_in_no_field(field: str) -> None:
    value = redact(**{field: "user:default/jane"})[field]
    assert is_pseudonym(value)

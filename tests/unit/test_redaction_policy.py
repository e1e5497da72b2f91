"""The operator's word about fields: what it changes, and what it cannot."""

from typing import get_args

import pytest

from insights_backend.enrichment.policy import Policy
from insights_backend.errors import ConfigError
from insights_backend.settings.values import Treatment
from tests.redacting import EMAIL, EVENT, JANE, NAMES, redactor


def test_the_operator_makes_a_field_stricter_or_looser() -> None:
    fields: dict[str, Treatment] = {
        "subject": "drop",
        "attributes.contact": "keep",
        "attributes.repo": "pseudonymise",
        "context.userName": "pseudonymise",
        "colour": "drop",
    }
    event = {
        **EVENT,
        "attributes": {"contact": EMAIL, "repo": "acme/web", "inner": {"Colour": "red"}},
        "context": {"userName": "jane"},
    }
    clean = redactor(fields).redact(event)
    assert clean["subject"] is None
    assert clean["attributes"] == {"contact": EMAIL, "repo": NAMES.opaque("acme/web"), "inner": {}}
    assert clean["context"] == {"userName": JANE}


def test_what_a_kept_object_holds_is_kept_except_what_is_never_kept() -> None:
    event = {**EVENT, "context": {"a": {"mail_to": EMAIL, "email": EMAIL}}}
    assert redactor({"context.a": "keep"}).redact(event)["context"] == {"a": {"mail_to": EMAIL}}


@pytest.mark.parametrize("field", ["displayName", "attributes.user_name", "userMetadata.spec.profile.email", "token"])
def test_what_is_never_kept_cannot_be_configured_to_be(field: str) -> None:
    with pytest.raises(ConfigError, match=field):
        Policy({field: "keep"})
    for treatment in set(get_args(Treatment)) - {"keep"}:
        assert Policy({field: treatment}).treatment(tuple(field.split("."))) == treatment


def test_a_field_without_a_policy_is_scanned() -> None:
    assert Policy({}).treatment(("attributes", "anything")) == "scan"
    assert Policy({}).treatment(("unheardOf",)) == "scan"


@pytest.mark.parametrize(
    ("field", "treatment"),
    [("id", "drop"), ("time", "pseudonymise"), ("value", "scan"), ("view", "drop"), ("action", "drop"),
     ("instance", "drop"), ("user", "keep"), ("sessionId", "keep")],
)  # fmt: skip
def test_what_an_event_is_stored_and_counted_by_cannot_be_taken_away_nor_a_user_be_kept(
    field: str, treatment: Treatment
) -> None:
    with pytest.raises(ConfigError, match=f"redaction.fields: {field} cannot be {treatment}; use "):
        Policy({field: treatment})


@pytest.mark.parametrize("field", ["entity", "target", "groups"])
def test_what_is_kept_by_the_operators_word_has_to_look_like_what_it_is_as_well(field: str) -> None:
    value = ["user:default/jane"] if field == "groups" else "user:default/jane"
    clean = redactor({field: "keep"}).redact({**EVENT, field: value})
    assert "jane" not in str(clean[field])

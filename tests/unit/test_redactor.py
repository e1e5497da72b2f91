"""The redactor: what happens to each field, that nothing gets past it, and that it never fails open."""

import logging
from typing import Any, get_args

import pytest
from hypothesis import given
from hypothesis import strategies as st

from insights_backend.enrichment.policy import STORED_FIELDS, Policy
from insights_backend.enrichment.pseudonyms import Pseudonyms, is_pseudonym
from insights_backend.enrichment.redactor import Redactor
from insights_backend.errors import ConfigError
from insights_backend.settings.values import Identities, Treatment
from insights_backend.wire import batch
from tests.bench.redaction.samples import samples
from tests.records import record

NAMES = Pseudonyms(b"s" * 32)
JANE = NAMES.user("user:default/jane")
EMAIL = "jane.doe@example.com"

EVENT: dict[str, Any] = {
    "id": "3f2504e0-4f89-41d3-9a0c-0305e82c3301",
    "time": "2026-11-23T10:00:00.123Z",
    "receivedAt": "2026-11-23T10:00:01Z",
    "environment": "production",
    "instance": "local",
    "action": "navigate",
    "subject": "/catalog/default/component/web",
    "value": 3,
    "pluginId": "catalog",
    "routeRef": "catalog:entity",
    "extension": "App",
    "sessionId": "abc",
    "attributes": {"kind": "component", "namespace": "default", "name": "web"},
    "context": {"searchTypes": "component,template"},
    "user": "user:default/jane",
    "userMetadata": {"metadata.namespace": "default"},
    "groups": ["group:default/team-a"],
    "entity": "component:default/web",
    "entityMetadata": {"kind": "Component", "spec.type": "service", "spec.owner": "group:default/team-a"},
    "target": None,
    "view": True,
    "notes": ["entity_not_found"],
}
KEPT = {key: value for key, value in EVENT.items() if key not in {"user", "sessionId"}}


def redactor(
    fields: dict[str, Treatment] | None = None,
    identities: Identities = "pseudonymous",
    *,
    enabled: bool = True,
) -> Redactor:
    return Redactor(Policy(fields or {}), NAMES, identities, enabled=enabled)


def redact(**fields: Any) -> dict[str, Any]:
    return redactor().redact({**EVENT, **fields})


def test_of_an_event_without_personal_data_only_identities_change() -> None:
    assert redact() == {**KEPT, "user": JANE, "sessionId": NAMES.session("abc")}


def test_the_event_that_was_given_is_left_as_it_is() -> None:
    event = {**EVENT, "attributes": {"to": EMAIL}}
    redactor().redact(event)
    assert event["attributes"] == {"to": EMAIL}


FIELDS: list[tuple[str, Any, Any]] = [
    # a text of any field is scanned when it does not look like what the field keeps
    ("action", f"mail {EMAIL}", "mail [email]"),
    ("pluginId", "10.1.2.3", "[ip]"),
    ("routeRef", "user:default/jane", JANE),
    ("extension", "4111 1111 1111 1111", "[card]"),
    ("environment", EMAIL, "[email]"),
    ("time", EMAIL, "[email]"),
    ("value", EMAIL, "[email]"),
    ("view", EMAIL, "[email]"),
    ("notes", [f"failed for {EMAIL}"], ["failed for [email]"]),
    ("groups", ["group:default/a", "user:default/jane"], ["group:default/a", JANE]),
    # a reference to a user is a pseudonym wherever it stands
    ("entity", "user:default/jane", JANE),
    ("target", "User:Default/Jane", JANE),
    ("target", "user:default/jane(ext)", NAMES.user("user:default/jane(ext)")),
    ("subject", "/catalog/default/user/jane?x=1", f"/catalog/default/user/{JANE}?x=1"),
    ("subject", "/catalog/acme/User/Jane", f"/catalog/acme/User/{NAMES.user('user:acme/jane')}"),
    ("user", None, None),
    ("user", "user:default/Jane", JANE),
    # route parameters and metadata that describe a user
    ("attributes", {"kind": "User", "namespace": "default", "name": "Jane"},
     {"kind": "User", "namespace": "default", "name": JANE}),
    ("attributes", {"Kind": "User", "name": "jane"}, {"Kind": "User", "name": JANE}),
    ("attributes", {"kind": "User", "Name": "jane", "Title": "Jane"}, {"kind": "User", "Name": JANE}),
    ("attributes", {"KIND": "user", "Metadata": {"NAME": "jane", "Namespace": "acme", "Title": "Jane"}},
     {"KIND": "user", "Metadata": {"NAME": NAMES.user("user:acme/jane"), "Namespace": "acme"}}),
    ("userMetadata", {"metadata.name": "jane", "metadata.title": "Jane Doe"}, {"metadata.name": JANE}),
    ("entityMetadata", {"kind": "User", "metadata.name": "jane", "metadata.namespace": "default"},
     {"kind": "User", "metadata.name": JANE, "metadata.namespace": "default"}),
    ("entityMetadata", {"kind": "User", "metadata": {"name": "jane", "title": "Jane Doe", "tags": ["a"]}},
     {"kind": "User", "metadata": {"name": JANE, "tags": ["a"]}}),
    ("userMetadata", {"metadata": {"name": "Jane", "namespace": "acme", "title": "Jane Doe"}},
     {"metadata": {"name": NAMES.user("user:acme/jane"), "namespace": "acme"}}),
    ("entityMetadata", {"spec.owner": "user:default/jane"}, {"spec.owner": JANE}),
    ("entityMetadata", {"spec.owner": "user:jane"}, {"spec.owner": JANE}),
    # names that are never kept, however they are written and wherever they stand
    ("context", {"userName": "x", "user_id": "x", "E-Mail": "x", "deep": {"LOGIN": "x", "ok": 1}},
     {"deep": {"ok": 1}}),
    ("userMetadata", {"spec.profile.displayName": "Jane", "spec.profile": {"picture": "x"}},
     {"spec.profile": {}}),
    ("entityMetadata", {"metadata.annotations.a.io/email": "x", "metadata.annotations": {"a.io/email": "x"}},
     {"metadata.annotations": {}}),
    ("attributes", {"password": "hunter2", "apiKey": "x"}, {}),
    ("attributes", {"display name": "x", "\uff44isplayName": "x", "display\u200bName": "x"}, {}),
    ("attributes", {"user[email]": "x"}, {}),
    ("attributes", {"email[0]": "x", "phone2": "x", "gitlabUsername": "x", "profilePicture": "x"}, {}),
    ("attributes", {"user_password": "x", "newPassword": "x", "x-api-key": "x", "display.name": "x"}, {}),
    ("attributes", {"user": {"name": "x", "id": "y"}}, {"user": {}}),
    ("attributes", {"AWS_SECRET_ACCESS_KEY": "x", "secretAccessKey": "x", "accessKey": "x", "pass": "x"}, {}),
    ("attributes", {"github_token": "x", "slackToken": "x", "csrfToken": "x", "sessionToken": "x"}, {}),
    ("attributes", {"cookies": "x", "set-cookie": "x", "Authorization-Header": "x", "bearerToken": "x"}, {}),
    ("attributes", {"socialSecurityNumber": "x", "tel": "x", "fax": "x", "phoneNo": "x", "cellphone": "x"}, {}),
    ("attributes", {"loginId": "x", "login_hint": "x", "emailAddr": "x", "mailAddress": "x", "dob": "x"}, {}),
    ("attributes", {"userPrincipalName": "x", "upn": "x", "birthday": "x"}, {}),
    # what things are called, and where a list goes on
    ("attributes", {"nextPageToken": "x", "pageToken": "x", "continuationToken": "x", "maxTokens": 7},
     {"nextPageToken": "x", "pageToken": "x", "continuationToken": "x", "maxTokens": 7}),
    ("attributes", {"pluginDisplayName": "x", "repository_full_name": "a/b", "repository": {"full_name": "a/b"}},
     {"pluginDisplayName": "x", "repository_full_name": "a/b", "repository": {"full_name": "a/b"}}),
    ("attributes", {"owner": {"full_name": "x"}, "repository": {"owner": {"displayName": "x"}}},
     {"owner": {}, "repository": {"owner": {}}}),
    # what is kept as a name of a thing is looked at where it could be a secret, or an address
    ("pluginId", "password:hunter22", "password:[credential]"),
    ("action", "AKIAIOSFODNNEXAMPLEA", "[credential]"),
    ("entity", "resource:default/8.8.8.8", "resource:default/[ip]"),
    ("entity", "component:default/web-1.2.3", "component:default/web-1.2.3"),
    # keys as well as values; nested values, lists and numbers
    ("attributes", {f"to {EMAIL}": "x"}, {"to [email]": "x"}),
    ("attributes", {"a": [{"b": [EMAIL, 7, None, True]}]}, {"a": [{"b": ["[email]", 7, None, True]}]}),
    ("attributes", {"n": 4111111111111111, "m": 1705312830123}, {"n": "[card]", "m": 1705312830123}),
    ("attributes", {"n": 4111111111111111.0, "m": 1705312830123.5}, {"n": "[card]", "m": 1705312830123.5}),
    ("context", {"sessionId": "abc"}, {"sessionId": NAMES.session("abc")}),
    # an id is kept unless it tells something
    ("id", "client-17", "client-17"),
    ("id", f"{EMAIL}-17", NAMES.opaque(f"{EMAIL}-17")),
    # what is never hashed
    ("id", "4111 1111 1111 1111 b", NAMES.opaque("[card] b")),
    ("sessionId", "457-55-5462 s", NAMES.session("[ssn] s")),
    ("user", "457-55-5462", NAMES.user("[ssn]")),
    ("user", "user:default/4111111111111111", NAMES.user("[card]")),
    ("target", "user:4111111111111111", NAMES.user("[card]")),
    ("attributes", {"kind": "user", "name": "457-55-5462"}, {"kind": "user", "name": NAMES.user("[ssn]")}),
    # what happens to users, and which are meant
    ("routeRef", "user:profile", "user:profile"),
    ("action", "user:created", "user:created"),
    ("target", "user:default/profile", NAMES.user("user:default/profile")),
    ("user", "user:me", NAMES.user("user:me")),
]  # fmt: skip


@pytest.mark.parametrize(("field", "value", "expected"), FIELDS)
def test_each_field_is_treated_by_its_policy(field: str, value: Any, expected: Any) -> None:
    assert redact(**{field: value})[field] == expected


def test_the_text_of_a_link_to_a_person_is_that_persons_name() -> None:
    for target in ("user:default/jane", "/catalog/default/user/jane"):
        assert redact(action="click", subject="Jane Doe", target=target)["subject"] == JANE
    assert redact(action="click", subject="Jane Doe", target="component:default/web")["subject"] == "Jane Doe"


@pytest.mark.parametrize("to", ["mailto:jane@example.com", "MAILTO:jane@example.com", "tel:+4930901820", "mailto:x"])
def test_so_is_the_text_of_a_link_to_a_mail_or_a_telephone_number(to: str) -> None:
    clicked = redact(action="click", subject="Jane Doe", attributes={"to": to})
    assert clicked["subject"] == "[username]"
    assert redact(**clicked) == clicked
    assert redact(action="click", subject=EMAIL, attributes={"to": to})["subject"] == "[email]"
    assert redact(action="click", subject="Docs", attributes={"to": "https://x.io"})["subject"] == "Docs"
    assert (
        redactor(identities="clear").redact({"action": "click", "subject": "Jane", "attributes": {"to": to}})["subject"]
        == "Jane"
    )


def test_clear_identities_leave_references_to_users_and_nothing_else() -> None:
    event = {
        **EVENT,
        "entity": "user:default/jane",
        "entityMetadata": {"spec.owner": "user:default/jane"},
        "attributes": {"kind": "user", "name": "jane", "to": EMAIL},
        "subject": f"user:default/jane wrote to {EMAIL}",
    }
    clean = redactor(identities="clear").redact(event)
    assert clean["user"] == clean["entity"] == clean["entityMetadata"]["spec.owner"] == "user:default/jane"
    assert clean["attributes"] == {"kind": "user", "name": "jane", "to": "[email]"}
    assert clean["subject"] == "user:default/jane wrote to [email]"
    assert clean["sessionId"] == NAMES.session("abc")


def test_clear_identities_do_not_hide_a_secret_behind_the_word_user() -> None:
    clear = redactor(identities="clear")
    for text, expected in [
        ("https://user:p@ss@example.com/x", "https://[credential]@example.com/x"),
        ("user:jane@example.com", "[email]"),
    ]:
        assert clear.redact({"subject": text}) == {"subject": expected}


def test_switched_off_it_still_treats_identities() -> None:
    event = {
        **EVENT,
        "subject": EMAIL,
        "entity": "user:default/jane",
        "entityMetadata": {"spec.owner": "user:jane"},
    }
    clean = redactor(enabled=False).redact(event)
    assert (clean["user"], clean["sessionId"]) == (JANE, NAMES.session("abc"))
    assert (clean["entity"], clean["entityMetadata"], clean["subject"]) == (JANE, {"spec.owner": JANE}, EMAIL)
    assert redactor(identities="clear", enabled=False).redact(event)["entity"] == "user:default/jane"


# --- the operator's word ----------------------------------------------------------------------------------


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


# --- failing closed ---------------------------------------------------------------------------------------


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

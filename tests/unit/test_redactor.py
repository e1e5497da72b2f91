"""The redactor: what happens to each field of an event, and to whom it names."""

from typing import Any

import pytest

from tests.redacting import EMAIL, EVENT, JANE, KEPT, NAMES, redact, redactor


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
    # of which the parts may be percent-encoded
    ("attributes", {"kind": "us%65r", "namespace": "%64efault", "name": "j%61ne"},
     {"kind": "us%65r", "namespace": "%64efault", "name": JANE}),
    ("attributes", {"kind": "user", "name": "%6Aane"}, {"kind": "user", "name": JANE}),
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
    ("attributes", {"kind": 4111111111111111, "namespace": 7}, {"kind": "[card]", "namespace": 7}),
    # the value of an event is a number or nothing
    ("value", 4111111111111111, None),
    ("value", 4111111111111111.0, None),
    ("value", 1705312830123, 1705312830123),
    ("value", -12345678.5, -12345678.5),
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

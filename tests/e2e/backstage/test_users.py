"""Users with real tokens send events, directly and through the proxy, and those named as viewers read reports."""

import base64
import json
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
import requests

from tests.e2e.backstage import organisation
from tests.e2e.backstage.backend import CATALOG_TOKEN, Backstage
from tests.e2e.backstage.beside import Beside, bearer, beside, relays, visit
from tests.process import free_port

OPERATION = {"action": "click", "subject": "Deploy", "context": {"pluginId": "kubernetes"}}


@pytest.fixture(scope="module")
def service(backstage: Backstage, insights_port: int, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Beside]:
    with beside(backstage, tmp_path_factory.mktemp("service"), insights_port) as started:
        yield started


def test_each_user_is_known_by_the_token_that_backstage_gave_out(backstage: Backstage, service: Beside) -> None:
    users = ["user:default/guest", "user:default/Person.0", "user:default/person.1", "user:corporate/person.35"]
    for number, user in enumerate(users):
        answer = service.post(backstage.sign_in(user), visit(f"who-{number}", "svc-0", user="user:default/liar"))
        assert answer.json() == {"accepted": 1, "duplicates": 0, "rejected": []}
    stored = service.stored(4, "who-")
    assert {event["id"]: event["user"] for event in stored} == {
        f"who-{number}": user.lower() for number, user in enumerate(users)
    }
    # Of a person's groups those are kept whose type the filter names: here departments and guilds.
    assert {event["user"]: event["groups"] for event in stored} == {
        "user:default/guest": [],
        "user:default/person.0": [],
        "user:default/person.1": [],
        "user:corporate/person.35": ["group:default/rnd", "group:guilds/guild-web"],
    }


def test_what_backstage_did_not_sign_for_a_user_proves_nobody(backstage: Backstage, service: Beside) -> None:
    head, claims, signature = backstage.sign_in("user:default/person.1").split(".")
    read = json.loads(base64.urlsafe_b64decode(claims + "=="))
    forged = base64.urlsafe_b64encode(json.dumps({**read, "sub": "user:default/admin"}).encode()).decode().rstrip("=")
    unsigned = base64.urlsafe_b64encode(b'{"alg":"none","typ":"vnd.backstage.user"}').decode().rstrip("=")
    for token in (f"{head}.{forged}.{signature}", f"{unsigned}.{claims}.", CATALOG_TOKEN):
        answer = service.post(token, visit("forged"))
        assert (answer.status_code, answer.json()["error"]["code"]) == (401, "unauthenticated")
    assert service.stored(0, "forged") == []


def test_an_event_gets_what_the_catalog_knows_and_a_note_where_it_knows_nothing(
    backstage: Backstage, service: Beside
) -> None:
    token, stranger = backstage.sign_in("user:default/person.3"), backstage.sign_in("user:default/not-in-the-catalog")
    service.post(token, visit("known-0", "SVC-0"), visit("known-1", "never-was")).raise_for_status()
    service.post(stranger, {**OPERATION, "id": "known-2"}).raise_for_status()
    known, missing, unknown = service.stored(3, "known-")
    assert known["entity"] == "component:default/svc-0"
    assert known["entityMetadata"] == {
        "kind": "Component",
        "metadata.namespace": "default",
        "spec.type": "service",
        "spec.lifecycle": "production",
        "spec.owner": "group:default/team-a",
    }
    assert known["notes"] == []
    assert (missing["entityMetadata"], missing["notes"]) == ({}, ["entity_not_found"])
    assert (unknown["user"], unknown["notes"]) == ("user:default/not-in-the-catalog", ["user_not_found"])


def test_an_entity_that_the_policy_hides_leaves_no_trace_of_what_it_is(backstage: Backstage, tmp_path: Path) -> None:
    reader = {"catalog": {"token": backstage.sign_in("user:default/person.2")}}
    with beside(backstage, tmp_path, free_port(), **reader) as service:
        service.post(backstage.sign_in("user:default/admin"), visit("secret", "secret-project")).raise_for_status()
        (event,) = service.stored(1)
    assert (event["entityMetadata"], event["notes"]) == ({}, ["entity_not_found"])


def test_total_users_are_counted_by_the_real_catalog(service: Beside) -> None:
    corporate = [user for user in organisation.users() if user["metadata"]["namespace"] == "corporate"]
    answer = service.session.get(f"{service.process.api}/total-users", timeout=10).json()
    assert (answer["totalUsers"], answer["stale"]) == (len(corporate), False)


def test_events_through_the_proxy_are_the_users_whose_credentials_it_forwards(
    backstage: Backstage, service: Beside
) -> None:
    proxied = f"{backstage.url}/api/proxy/insights"
    token = backstage.sign_in("user:default/person.5")
    answer = requests.post(f"{proxied}/events", json=[visit("proxied-0", "svc-0")], headers=bearer(token), timeout=10)
    assert answer.json()["accepted"] == 1
    # The formats of others have their routes below the same address.
    page_view = {"hostname": "localhost", "title": "catalog", "url": "/proxied", "website": "any"}
    answer = requests.post(
        f"{proxied}/umami/api/send", json={"type": "event", "payload": page_view}, headers=bearer(token), timeout=10
    )
    assert answer.status_code == 200
    stored = service.stored(2, user="user:default/person.5")
    assert {event["subject"] for event in stored} == {"/catalog/default/component/svc-0", "/proxied"}


def test_the_proxy_lets_nothing_through_without_a_user_or_for_reading(backstage: Backstage, service: Beside) -> None:
    proxied = f"{backstage.url}/api/proxy/insights"
    assert requests.post(f"{proxied}/events", json=[visit("unproxied")], timeout=10).status_code == 401
    token = backstage.sign_in("user:default/person.1")
    assert requests.get(f"{proxied}/reports/summary", headers=bearer(token), timeout=10).status_code == 404
    assert service.stored(0, "unproxied") == []


def test_a_module_without_users_tokens_is_a_relay_whose_token_the_proxy_adds(
    backstage: Backstage, relay_port: int, tmp_path: Path
) -> None:
    item = {"event": OPERATION, "timestamp": _now(), "user": "user:default/person.9", "sessionId": "s1"}
    with beside(backstage, tmp_path, relay_port, **relays()) as relay:
        assert relay.session.post(f"{relay.process.api}/generic", json=[item], timeout=10).status_code == 401
        for _ in range(2):  # the generic HTTP module resends what it is in doubt about
            answer = requests.post(f"{backstage.url}/api/proxy/insights-relay/generic", json=[item], timeout=10)
            assert answer.ok
        (event,) = relay.stored(1)
    assert (event["user"], event["subject"], event["notes"]) == ("user:default/person.9", "Deploy", [])


@pytest.mark.parametrize(
    ("user", "status"),
    [
        ("user:default/person.1", 200),  # named
        ("user:default/admin", 200),  # of the group that is named
        ("user:default/person.2", 403),
        ("user:default/guest", 403),
    ],
)
def test_reports_are_for_users_who_are_viewers_by_name_or_by_group(
    backstage: Backstage, service: Beside, user: str, status: int
) -> None:
    token = backstage.sign_in(user)
    assert service.get("reports/summary", token).status_code == status
    assert service.get("/api/adoption-insights/events", token, **_page("total_users")).status_code == status
    assert service.get("export", token).status_code == 403


def _page(asked: str) -> dict[str, Any]:
    day = _now()[:10]
    return {"type": asked, "start_date": day, "end_date": day, "timezone": "UTC"}


def _now() -> str:
    return datetime.now(UTC).isoformat()

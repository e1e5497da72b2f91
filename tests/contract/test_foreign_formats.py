"""Events in the formats of other modules, over HTTP: who is believed, what is answered, from which pages they come."""

import base64
import json
from pathlib import Path
from typing import Any

import responses

from insights_backend.settings.values import AuthSettings, IngestSettings, OutboxSettings, Secret
from tests.app import JWKS_URL, VISIT, Make, Service, error
from tests.fakes import NOW
from tests.process import TAKEN
from tests.tokens import jwks, signing_key, user_claims

EVENTS, ADOPTION = "/backstage-insights/events", "/adoption-insights/events"
GENERIC, UMAMI = "/backstage-insights/generic", "/backstage-insights/umami/api/send"
TRACK, BATCH = "/backstage-insights/segment/v1/t", "/backstage-insights/segment/v1/batch"
SESSIONS = Path(__file__).parent.parent / "fixtures" / "sessions"
JOHN = "user:default/john"
VIEW = {"type": "event", "payload": {"website": "relay-token-1", "title": "catalog", "url": "/catalog", "id": JOHN}}
CLICK = {"type": "track", "event": "click", "userId": JOHN, "messageId": "m-1"}
RECEIPT = {"accepted": 1, "duplicates": 0, "rejected": []}
SENT: list[tuple[str, Any, Any]] = [
    (GENERIC, [{"event": VISIT, "user": JOHN}], RECEIPT),
    (UMAMI, VIEW, {}),
    (TRACK, CLICK, {"success": True}),
    (BATCH, {"batch": [CLICK]}, {"success": True}),
    (
        ADOPTION,
        [{**VISIT, "context": {"userName": JOHN}}],
        {"success": True, "message": "Event received"},
    ),
]
RELAYS = AuthSettings(mode="static", tokens=(Secret("relay-token-1"),))


def post(service: Service, path: str, body: Any, **headers: str) -> Any:
    service.rest()
    return service.client.post(f"/api{path}", data=json.dumps(body), headers={"Content-Type": "text/plain", **headers})


def basic(credentials: str) -> str:
    return "Basic " + base64.b64encode(credentials.encode()).decode()


def users(service: Service) -> list[Any]:
    return [event["user"] for event in service.export()]


@responses.activate
def test_a_verified_user_is_the_user_whatever_a_body_claims(make: Make) -> None:
    key = signing_key()
    responses.get(JWKS_URL, json=jwks(key))
    service = make(auth=AuthSettings(mode="backstage", jwks_url=JWKS_URL), identities="clear")
    token = f"Bearer {key.token(user_claims(NOW, 'user:default/jane'))}"
    for path, body, answered in SENT:
        assert error(post(service, path, body)) == (401, "unauthenticated")
        answer = post(service, path, body, Authorization=token)
        assert (answer.status_code, answer.json) == (200, answered), path
    assert set(users(service)) == {"user:default/jane"}


def test_a_relay_shows_its_token_as_its_module_can(make: Make) -> None:
    service = make(auth=RELAYS, identities="clear")
    for path, body, answered in SENT:
        answer = post(service, path, body, Authorization=basic("relay-token-1:"))
        assert (answer.status_code, answer.json) == (200, answered), path
        assert error(post(service, path, body, Authorization=basic("relay-token-2:"))) == (401, "unauthenticated")
    assert set(users(service)) == {JOHN}


IN_BODY: list[tuple[str, Any, int]] = [
    (UMAMI, VIEW, 200),
    (UMAMI, {**VIEW, "payload": {"url": "/", "website": "another"}}, 401),
    (UMAMI, {**VIEW, "payload": {"url": "/"}}, 401),
    (TRACK, {**CLICK, "writeKey": "relay-token-1"}, 200),
    (BATCH, {"writeKey": "relay-token-1", "batch": [CLICK]}, 200),
    (BATCH, {"writeKey": "another", "batch": [CLICK]}, 401),
    (BATCH, {"batch": [CLICK]}, 401),
]


def test_a_token_may_stand_in_the_body_where_the_format_has_a_place_for_it(make: Make) -> None:
    service = make(auth=RELAYS)
    for path, body, status in IN_BODY:
        assert post(service, path, body).status_code == status, (path, body)


def test_a_header_goes_before_what_a_body_carries(make: Make) -> None:
    assert post(make(auth=RELAYS), UMAMI, VIEW, Authorization="Bearer wrong").status_code == 401


def test_what_is_sent_again_counts_once(service: Service) -> None:
    timed = [{"event": VISIT, "timestamp": "2026-11-23T09:59:00Z", "sessionId": "s"}]
    assert post(service, GENERIC, timed).json == RECEIPT
    assert post(service, GENERIC, timed).json == {"accepted": 0, "duplicates": 1, "rejected": []}
    for path, body in ((TRACK, CLICK), (BATCH, {"batch": [CLICK, CLICK]})):
        assert post(service, path, body).json == {"success": True}
    assert len(service.export()) == 2


def test_an_event_is_the_same_event_whatever_format_it_comes_in(service: Service) -> None:
    rows = [json.loads(line) for line in (SESSIONS / "legacy-create.ndjson").read_text().splitlines()]
    jane: dict[str, Any] = {"X-Insights-User": "user:default/jane"}
    native = post(service, EVENTS, [{**row["event"], "timestamp": row["t"]} for row in rows], **jane)
    assert native.json["accepted"] == len(rows) > 10
    again = {"accepted": 0, "duplicates": len(rows), "rejected": []}
    assert (
        post(service, GENERIC, [{"event": row["event"], "timestamp": row["t"]} for row in rows], **jane).json == again
    )
    for row in rows:
        row["event"]["context"] |= {"timestamp": row["t"], "userName": "user:default/john", "userId": "7a78"}
    assert post(service, ADOPTION, [row["event"] for row in rows], **jane).status_code == 200
    assert len(service.export()) == len(rows)


REFUSED: list[tuple[str, Any, tuple[int, str]]] = [
    (UMAMI, {"type": "event", "payload": {}}, (400, "invalid_event")),
    (TRACK, {"event": ""}, (400, "invalid_event")),
    (TRACK, [], (400, "malformed_json")),
    (UMAMI, [], (400, "malformed_json")),
    (GENERIC, {}, (400, "malformed_json")),
    (BATCH, {"batch": [CLICK] * 4}, (413, "payload_too_large")),
    (GENERIC, ["x" * 3000], (413, "payload_too_large")),
    ("/backstage-insights/segment/v1/alias", {}, (404, "not_found")),
]


def test_what_cannot_be_taken_is_refused_by_its_status(make: Make) -> None:
    service = make(ingest=IngestSettings(max_body_bytes=2000, max_events=3))
    for path, body, expected in REFUSED:
        assert error(post(service, path, body)) == expected, (path, body)
    assert service.backend.outbox.backlog().requests == 0


def test_only_pages_of_the_portal_may_send_and_ask_before_without_a_token(make: Make) -> None:
    service = make(allowed_origins=("https://portal.example.com",), auth=RELAYS)
    token = {"Authorization": "Bearer relay-token-1"}
    for path, body, _ in [*SENT, (EVENTS, VISIT, RECEIPT)]:
        preflight = service.preflight(f"/api{path}", "authorization,content-type,x-retry-count")
        assert preflight.status_code == 200
        assert preflight.headers["Access-Control-Allow-Origin"] == "https://portal.example.com"
        assert preflight.headers["Access-Control-Allow-Headers"] == "authorization, content-type, x-retry-count"
        assert "POST" in preflight.headers["Access-Control-Allow-Methods"]
        mine = post(service, path, body, Origin="https://portal.example.com", **token)
        assert mine.status_code in TAKEN
        assert mine.headers["Access-Control-Allow-Origin"] == "https://portal.example.com"
        other = post(service, path, body, Origin="http://localhost:3000", **token)
        assert error(other) == (403, "forbidden")
        assert "Access-Control-Allow-Origin" not in other.headers


def test_a_page_may_read_when_to_come_back(make: Make) -> None:
    service = make(allowed_origins=("https://portal.example.com",), outbox=OutboxSettings(max_bytes=10))
    for path, body, _ in SENT:
        answer = post(service, path, body, Origin="https://portal.example.com")
        assert error(answer) == (503, "unavailable")
        assert int(answer.headers["Retry-After"]) > 0
        assert answer.headers["Access-Control-Expose-Headers"] == "retry-after"

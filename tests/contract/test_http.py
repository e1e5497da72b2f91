"""The HTTP interface of the whole service, from the outside."""

import gzip
import json
import zlib
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import responses
from flask import Flask

from insights_backend.access import TokenStore
from insights_backend.app import api
from insights_backend.settings.values import AuthSettings, IngestSettings, Secret
from insights_backend.warehouse.engine import Engine
from tests.app import BASE, Service, running, settings_for
from tests.fakes import NOW
from tests.tokens import jwks, signing_key, user_claims

Make = Callable[..., Service]

VISIT: dict[str, Any] = {
    "action": "navigate",
    "subject": "/catalog/default/component/petstore",
    "attributes": {"namespace": "default", "kind": "component", "name": "petstore"},
    "context": {"pluginId": "catalog", "extension": "App", "routeRef": "catalog:entity"},
}


@pytest.fixture
def make(tmp_path: Path, warehouse_dsn: str, engine: Engine) -> Iterator[Make]:
    """Make services in the test's own directory; each is closed when the test ends."""
    engine.close()
    open_services = []

    def build(**changes: Any) -> Service:
        context = running(settings_for(tmp_path, warehouse_dsn, **changes))
        open_services.append(context)
        return context.__enter__()

    yield build
    for context in open_services:
        context.__exit__(None, None, None)


@pytest.fixture
def service(make: Make) -> Service:
    return make()


def error(answer: Any) -> tuple[int, str]:
    """The status and code of an error, whose shape is checked."""
    assert answer.content_type == "application/json"
    body: dict[str, Any] = answer.json
    assert list(body) == ["error"]
    assert sorted(body["error"]) == ["code", "message"]
    return answer.status_code, body["error"]["code"]


# Ingest


@pytest.mark.parametrize("body", [{"events": [VISIT]}, [VISIT], VISIT])
def test_an_event_is_stored_enriched_and_counted_when_200_is_answered(service: Service, body: Any) -> None:
    answer = service.post(body)
    assert (answer.status_code, answer.json) == (200, {"accepted": 1, "duplicates": 0, "rejected": []})
    (event,) = service.export()
    assert event["user"].startswith("u_")
    assert event["groups"] == ["group:default/team-a"]
    assert event["entity"] == "component:default/petstore"
    assert event["entityMetadata"]["spec.owner"] == "group:default/team-a"
    (summary,) = service.get("/reports/summary").json["rows"]
    assert (summary["events"], summary["activeUsers"], summary["totalUsers"]) == (1, 1, 2)
    assert summary["topPlugins"] == [{"plugin": "catalog", "events": 1, "users": 1}]


def test_under_load_202_says_that_events_are_on_disk(service: Service) -> None:
    service.post(VISIT)
    answer: Any = service.client.post(f"{BASE}/events", json=VISIT)
    assert (answer.status_code, answer.json["accepted"]) == (202, 1)
    assert service.backend.outbox.backlog().events == 1
    service.backend.dispatcher.drain()
    assert len(service.export()) == 2


@pytest.mark.parametrize("kind", ["text/plain", "text/plain;charset=UTF-8", "application/json; charset=utf-8"])
def test_beacons_and_json_are_taken(service: Service, kind: str) -> None:
    assert service.post(json.dumps(VISIT), content_type=kind).status_code == 200


def raw_deflate(data: bytes) -> bytes:
    packer = zlib.compressobj(wbits=-15)
    return packer.compress(data) + packer.flush()


@pytest.mark.parametrize(
    ("encoding", "pack"), [("gzip", gzip.compress), ("deflate", zlib.compress), ("deflate", raw_deflate)]
)
def test_compressed_bodies_are_taken(service: Service, encoding: str, pack: Callable[[bytes], bytes]) -> None:
    body = pack(json.dumps([VISIT] * 3).encode())
    answer = service.post(body, content_type="application/json", headers={"Content-Encoding": encoding})
    assert answer.json["accepted"] == 3


def test_a_bad_event_is_named_and_its_neighbours_are_stored(service: Service) -> None:
    answer = service.post([VISIT, {**VISIT, "action": 7}, VISIT])
    assert answer.status_code == 200
    assert answer.json == {
        "accepted": 2,
        "duplicates": 0,
        "rejected": [{"index": 1, "errors": {"action": ["must be a string of 1 to 256 characters"]}}],
    }
    assert len(service.export()) == 2


def test_a_batch_without_a_valid_event_is_422(service: Service) -> None:
    answer = service.post([{}, 5])
    assert (answer.status_code, answer.json["accepted"]) == (422, 0)
    assert [rejected["index"] for rejected in answer.json["rejected"]] == [0, 1]
    assert service.export() == []


def test_an_empty_batch_is_accepted_and_changes_nothing(service: Service) -> None:
    assert service.post([]).json == {"accepted": 0, "duplicates": 0, "rejected": []}
    assert service.backend.outbox.backlog().requests == 0


def test_an_event_sent_again_counts_once_and_is_said_to_be_a_duplicate(service: Service) -> None:
    batch = [{**VISIT, "id": "a"}, {**VISIT, "timestamp": "2026-11-23T09:59:00Z"}, {**VISIT, "id": "a"}]
    assert service.post(batch).json == {"accepted": 2, "duplicates": 1, "rejected": []}
    again = service.post(batch)
    assert (again.status_code, again.json) == (200, {"accepted": 0, "duplicates": 3, "rejected": []})
    assert len(service.export()) == 2


def test_an_event_sent_again_after_a_restart_counts_once(make: Make) -> None:
    make().post({**VISIT, "id": "a"})
    restarted = make()
    assert restarted.post({**VISIT, "id": "a"}).json["accepted"] == 1  # its memory is gone
    assert len(restarted.export()) == 1


def test_the_clock_rules_hold(service: Service) -> None:
    ahead, fine, old = "2026-11-23T10:06:00Z", "2026-11-23T10:04:00Z", "2026-11-16T09:59:59Z"
    answer = service.post([{**VISIT, "timestamp": stamp} for stamp in (ahead, fine, old)])
    assert answer.json["rejected"] == [{"index": 2, "errors": {"timestamp": ["is older than 7 days (ingest.maxAge)"]}}]
    times = sorted(event["time"] for event in service.export())
    assert times == ["2026-11-23T10:00:00.000Z", "2026-11-23T10:04:00.000Z"]


JSON: dict[str, Any] = {"content_type": "application/json"}
GZIP: dict[str, Any] = {**JSON, "headers": {"Content-Encoding": "gzip"}}
MALFORMED, TOO_LARGE = (400, "malformed_json"), (413, "payload_too_large")
UNSUPPORTED = (415, "unsupported_media_type")

BAD_BODIES = [
    (b"", JSON, MALFORMED),
    (b"{", JSON, MALFORMED),
    (b'"\xff"', JSON, MALFORMED),
    (b"[NaN]", JSON, MALFORMED),
    (b"[" * 1000, JSON, MALFORMED),
    (b"7", JSON, MALFORMED),
    (b'{"events":{}}', JSON, MALFORMED),
    (b"not gzip", GZIP, MALFORMED),
    (gzip.compress(b"[]", mtime=0)[:-4], GZIP, MALFORMED),
    (gzip.compress(b"[]", mtime=0) + b"x", GZIP, MALFORMED),
    (b"[]", {"content_type": "application/x-www-form-urlencoded"}, UNSUPPORTED),
    (b"[]", {}, UNSUPPORTED),
    (b"[]", {"content_type": "application/json; charset=latin-1"}, UNSUPPORTED),
    (b"[]", {**JSON, "headers": {"Content-Encoding": "br"}}, UNSUPPORTED),
    (b" " * 1025, JSON, TOO_LARGE),
    (gzip.compress(b" " * 100_000, mtime=0), GZIP, TOO_LARGE),
    (b"[{},{},{},{}]", JSON, TOO_LARGE),
]


@pytest.mark.parametrize(("body", "how", "expected"), BAD_BODIES)
def test_a_body_that_cannot_be_used_has_its_code_and_nothing_is_stored(
    make: Make, body: bytes, how: dict[str, Any], expected: tuple[int, str]
) -> None:
    service = make(ingest=IngestSettings(max_body_bytes=1024, max_events=3))
    assert error(service.post(body, **how)) == expected
    assert service.backend.outbox.backlog().requests == 0


def test_a_body_without_a_length_is_bounded_all_the_same(make: Make) -> None:
    service = make(ingest=IngestSettings(max_body_bytes=1024))
    unbounded = {"wsgi.input_terminated": True, "CONTENT_LENGTH": ""}
    answer = service.post(b"[" + b" " * 5000 + b"]", content_type="text/plain", environ_overrides=unbounded)
    assert error(answer) == (413, "payload_too_large")


def test_a_full_outbox_is_503_with_a_time_to_come_back_and_nothing_accepted(make: Make) -> None:
    service = make(outbox_max_bytes=10)
    answer = service.post(VISIT)
    assert error(answer) == (503, "unavailable")
    assert int(answer.headers["Retry-After"]) > 0
    assert service.backend.outbox.backlog().requests == 0


def test_a_service_that_cannot_take_events_is_not_ready(service: Service) -> None:
    service.backend.outbox._max_bytes = 0
    answer = service.get("/readyz")
    assert (answer.status_code, answer.json["status"]) == (503, "unready")
    assert "outbox.maxBytes" in answer.json["degraded"]["outbox"]


def test_an_event_refused_for_want_of_room_may_be_sent_again(make: Make) -> None:
    service = make(outbox_max_bytes=10)
    service.post({**VISIT, "id": "a"})
    service.backend.outbox._max_bytes = 10**6
    assert service.post({**VISIT, "id": "a"}).json["accepted"] == 1


# Identity


def test_without_a_header_nobody_is_the_user_in_development(service: Service) -> None:
    service.post(VISIT, user=None)
    (event,) = service.export()
    assert (event["user"], event["view"]) == (None, False)


@pytest.mark.parametrize("header", ["group:default/x", "a b"])
def test_a_header_that_names_no_user_is_401(service: Service, header: str) -> None:
    assert error(service.post(VISIT, user=header)) == (401, "unauthenticated")


def test_a_relay_with_its_token_names_the_user(make: Make) -> None:
    service = make(auth=AuthSettings(mode="static", tokens=(Secret("relay-token-1"),)))
    headers = {"Authorization": "Bearer relay-token-1"}
    assert service.post({**VISIT, "user": "jane"}, user=None, headers=headers).status_code == 200
    assert service.export()[0]["groups"] == ["group:default/team-a"]
    assert error(service.post(VISIT, headers={"Authorization": "Bearer wrong"})) == (401, "unauthenticated")
    assert error(service.post(VISIT)) == (401, "unauthenticated")


JWKS_URL = "http://backstage.example.com/api/auth/.well-known/jwks.json"


@responses.activate
def test_a_verified_backstage_token_names_the_user_whatever_the_body_claims(make: Make) -> None:
    key = signing_key()
    responses.get(JWKS_URL, json=jwks(key))
    service = make(auth=AuthSettings(mode="backstage", jwks_url=JWKS_URL), identities="clear")
    token = key.token(user_claims(NOW, "user:default/Jane"))
    headers = {"Authorization": f"Bearer {token}"}
    answer = service.post({**VISIT, "user": "user:default/john"}, user="user:default/john", headers=headers)
    assert answer.status_code == 200
    assert service.export()[0]["user"] == "user:default/jane"


@responses.activate
def test_a_token_that_does_not_verify_is_401_and_names_the_scheme(make: Make) -> None:
    responses.get(JWKS_URL, json=jwks(signing_key()))
    service = make(auth=AuthSettings(mode="backstage", jwks_url=JWKS_URL))
    forged = signing_key().token(user_claims(NOW))
    answer = service.post(VISIT, headers={"Authorization": f"Bearer {forged}"})
    assert error(answer) == (401, "unauthenticated")
    assert answer.headers["WWW-Authenticate"] == "Bearer"
    assert forged not in answer.text


@responses.activate
def test_keys_that_cannot_be_fetched_are_503_and_no_fault_of_the_caller(make: Make) -> None:
    responses.get(JWKS_URL, status=502)
    service = make(auth=AuthSettings(mode="backstage", jwks_url=JWKS_URL))
    answer = service.post(VISIT, headers={"Authorization": f"Bearer {signing_key().token(user_claims(NOW))}"})
    assert error(answer) == (503, "unavailable")


# Privacy


def test_no_personal_data_of_user_or_event_reaches_the_disk(make: Make, tmp_path: Path) -> None:
    service = make(capture_identity_fields=("spec.profile.displayName", "spec.profile.email"))
    context = {"pluginId": "catalog", "userName": "user:default/jane", "userId": "7a78"}
    service.post(
        {
            **VISIT,
            "subject": "/x?token=secret&email=jane%40example.com",
            "context": context,
            "sessionId": "sess-1",
        }
    )
    (event,) = service.export()
    assert event["subject"] == "/x?token=[credential]&email=[email]"
    assert event["sessionId"].startswith("s_")
    kept = json.dumps(event)
    for personal in ("jane", "Jane", "Doe", "7a78", "sess-1", "secret"):
        assert personal not in kept
    raw = b"".join(file.read_bytes() for file in (tmp_path / "var").rglob("*") if file.is_file())
    assert b"jane" not in raw.lower()


# Origins


def test_pages_of_the_portal_may_send_and_others_may_not(make: Make) -> None:
    service = make(allowed_origins=("https://portal.example.com",))
    preflight = service.client.options(
        f"{BASE}/events",
        headers={
            "Origin": "https://portal.example.com",
            "Access-Control-Request-Method": "POST",
            "Access-Control-Request-Headers": "authorization,content-type",
        },
    )
    assert preflight.status_code == 200
    assert preflight.headers["Access-Control-Allow-Origin"] == "https://portal.example.com"
    assert preflight.headers["Access-Control-Allow-Headers"] == "authorization, content-type"
    mine = service.post(VISIT, headers={"Origin": "https://portal.example.com"})
    assert (mine.status_code, mine.headers["Access-Control-Allow-Origin"]) == (
        200,
        "https://portal.example.com",
    )
    other = service.post(VISIT, headers={"Origin": "http://localhost:3000"})
    assert error(other) == (403, "forbidden")
    assert "Access-Control-Allow-Origin" not in other.headers
    assert service.post(VISIT).status_code == 200  # curl has no origin
    assert len(service.export()) == 2


# Config and total users


def test_config_shows_what_is_captured_and_no_secret(make: Make) -> None:
    service = make(
        capture_entity_fields=("metadata.tags",),
        auth=AuthSettings(mode="static", tokens=(Secret("relay-token-1"),)),
    )
    answer = service.get("/config")
    assert answer.json["captureEntityFields"][-1] == "metadata.tags"
    assert answer.json["captureIdentityFields"] == ["metadata.namespace", "spec.memberOf"]
    assert "relay-token" not in answer.text
    assert "salt of" not in answer.text


def test_total_users_counts_the_users_of_the_catalog(service: Service) -> None:
    assert service.get("/total-users").json == {
        "totalUsers": 2,
        "asOf": "2026-11-23T10:00:00Z",
        "stale": False,
    }


# Reading


def test_reports_and_export_need_a_token_of_their_scope(make: Make, tmp_path: Path) -> None:
    service = make(dashboard_access="token")
    store = TokenStore(tmp_path / "var" / "tokens.sqlite3", service.clock, bytes)
    view = {"Authorization": f"Bearer {store.create('v', 'view')}"}
    assert error(service.get("/reports/summary")) == (401, "unauthenticated")
    assert error(service.get("/reports/summary", headers={"Authorization": "Bearer x"})) == (
        401,
        "unauthenticated",
    )
    assert service.get("/reports/summary", headers=view).status_code == 200
    assert error(service.get("/export", headers=view)) == (403, "forbidden")
    store.revoke("v")
    assert error(service.get("/reports/summary", headers=view)) == (401, "unauthenticated")


@responses.activate
@pytest.mark.parametrize(
    ("viewers", "expected"),
    [(("user:default/jane",), 200), (("group:default/team-a",), 200), (("user:default/x",), 401), ((), 401)],
)
def test_a_backstage_user_who_is_a_viewer_may_read_reports(make: Make, viewers: tuple[str, ...], expected: int) -> None:
    key = signing_key()
    responses.get(JWKS_URL, json=jwks(key))
    auth = AuthSettings(mode="backstage", jwks_url=JWKS_URL)
    service = make(dashboard_access="token", auth=auth, viewers=viewers)
    headers = {"Authorization": f"Bearer {key.token(user_claims(NOW))}"}
    assert service.get("/reports/summary", headers=headers).status_code == expected
    assert service.get("/export", headers=headers).status_code == 401


@pytest.mark.parametrize(
    "query",
    [
        "from=yesterday",
        "from=2026-11-24&to=2026-11-23",
        "from=1990-01-01&to=2026-11-23",
        "timezone=Mars/Olympus",
        "timezone=../../etc/passwd",
        "interval=year",
        "limit=0",
        "limit=many",
        "limit=1001",
        "format=xml",
        "compare=next",
        "colour=red",
        "from=2026-11-01&from=2026-11-02",
        "group=a:b:c",
        "plugin=",
    ],
)
def test_a_parameter_that_cannot_be_used_is_named(service: Service, query: str) -> None:
    answer = service.get(f"/reports/plugins?{query}")
    assert error(answer) == (400, "invalid_parameter")
    assert query.split("=", maxsplit=1)[0] in answer.json["error"]["message"]


def test_a_report_has_one_envelope(service: Service) -> None:
    service.post(VISIT)
    answer = service.get("/reports/active-users?from=2026-11-22&to=2026-11-23&compare=previous&timezone=Asia/Kolkata")
    assert answer.json == {
        "report": "active-users",
        "from": "2026-11-22",
        "to": "2026-11-23",
        "timezone": "Asia/Kolkata",
        "rows": [
            {"date": "2026-11-22", "active": 0, "new": 0, "returning": 0, "lost": 0},
            {"date": "2026-11-23", "active": 1, "new": 1, "returning": 0, "lost": 0},
        ],
        "previous": [
            {"date": "2026-11-20", "active": 0, "new": 0, "returning": 0, "lost": 0},
            {"date": "2026-11-21", "active": 0, "new": 0, "returning": 0, "lost": 0},
        ],
    }


def test_the_default_period_is_the_last_thirty_days(service: Service) -> None:
    answer = service.get("/reports/plugins").json
    assert (answer["from"], answer["to"], answer["total"]) == ("2026-10-25", "2026-11-23", 0)


def test_repeated_filters_are_or_and_different_ones_and(service: Service) -> None:
    for plugin, action in (("catalog", "navigate"), ("techdocs", "navigate"), ("search", "click")):
        service.post({**VISIT, "action": action, "context": {"pluginId": plugin}})
    query = "plugin=catalog&plugin=search&plugin=techdocs&action=navigate&group=team-a"
    rows = service.get(f"/reports/plugins?{query}").json["rows"]
    assert [row["plugin"] for row in rows] == ["catalog", "techdocs"]


def test_a_report_as_csv_opens_safely_in_a_spreadsheet(service: Service) -> None:
    service.post({**VISIT, "context": {"pluginId": '=HYPERLINK("http://x")'}})
    answer = service.get("/reports/plugins?format=csv")
    assert answer.mimetype == "text/csv"
    assert answer.text.splitlines() == ["plugin,events,users", '"\'=HYPERLINK(""http://x"")",1,1']


def test_the_export_has_three_formats(service: Service) -> None:
    service.post({**VISIT, "id": "a"})
    lines = service.get("/export?format=csv").text.splitlines()
    assert lines[0].startswith("id,time,receivedAt,environment")
    assert lines[1].startswith("a,2026-11-23T10:00:00.000Z")
    assert service.get("/export?format=parquet").data[:4] == b"PAR1"
    assert service.get("/export?from=2026-11-22&to=2026-11-22").data == b""


def test_an_unknown_report_says_which_there_are(service: Service) -> None:
    answer = service.get("/reports/nope")
    assert error(answer) == (404, "not_found")
    assert "active-users" in answer.json["error"]["message"]


def test_unknown_routes_and_methods_have_the_one_error_shape(service: Service) -> None:
    assert error(service.get("/nope")) == (404, "not_found")
    assert error(service.get("/events")) == (405, "method_not_allowed")
    assert "POST" in service.get("/events").headers["Allow"]


def test_what_nobody_foresaw_is_500_without_a_word_of_the_data(
    service: Service, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    personal = "jane" + "@example.com"

    def fail(*_: object) -> None:
        raise RuntimeError(personal)

    monkeypatch.setattr(service.backend.service, "ingest", fail)
    answer = service.post(VISIT)
    assert error(answer) == (500, "internal_error")
    assert personal not in answer.text + caplog.text
    assert "RuntimeError" in caplog.text


# Operations


def test_health_is_at_the_root_and_below_the_prefix(service: Service) -> None:
    for path in ("/healthz", f"{BASE}/healthz"):
        assert service.client.get(path).json == {"status": "ok"}


def test_readiness_says_what_is_degraded(service: Service) -> None:
    assert service.client.get("/readyz").json == {
        "status": "ready",
        "degraded": {"warehouse": "the warehouse is not open yet"},
    }
    service.warehouse.engine.open()
    assert service.client.get("/readyz").json == {"status": "ready", "degraded": {}}


def test_debug_logs_what_would_be_sent_and_sends_nothing(make: Make, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level("INFO")
    make(debug=True).post(VISIT)
    assert '"entity":"component:default/petstore"' in caplog.text
    assert "user:default/jane" not in caplog.text


def test_the_blueprint_can_be_registered_elsewhere(make: Make) -> None:
    service = make()
    app = Flask("existing")
    app.register_blueprint(api(service.backend, service.insights.settings, service.clock), url_prefix="/insights")
    assert app.test_client().get("/insights/config").status_code == 200
    assert app.test_client().post("/insights/events", data="{", content_type="text/plain").status_code == 400

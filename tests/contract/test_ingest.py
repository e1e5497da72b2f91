"""Events over HTTP, from the outside: what is taken, and what is kept of it."""

import gzip
import json
import zlib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import responses
from flask import Flask

from insights_backend.app import build_blueprint
from insights_backend.model.entity_filter import EntityFilterQuery
from insights_backend.settings.values import CatalogSettings, IngestSettings, OutboxSettings, Secret
from tests.app import BASE, VISIT, Make, Service, error
from tests.fakes import NOW
from tests.fakes_catalog import BASE_URL, FakeBackstage

# Bodies


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


def in_members(data: bytes) -> bytes:
    """Gzip of several members, one of them without content, which is one file all the same (RFC 1952, section 2.2)."""
    return b"".join(map(gzip.compress, (data[:7], b"", data[7:])))


@pytest.mark.parametrize(
    ("encoding", "pack"),
    [("gzip", gzip.compress), ("gzip", in_members), ("deflate", zlib.compress), ("deflate", raw_deflate)],
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
    (gzip.compress(b"[", mtime=0) + gzip.compress(b"]", mtime=0)[:-4], GZIP, MALFORMED),
    (zlib.compress(b"[") + zlib.compress(b"]"), {**JSON, "headers": {"Content-Encoding": "deflate"}}, MALFORMED),
    (b"[]", {"content_type": "application/x-www-form-urlencoded"}, UNSUPPORTED),
    (b"[]", {}, UNSUPPORTED),
    (b"[]", {"content_type": "application/json; charset=latin-1"}, UNSUPPORTED),
    (b"[]", {**JSON, "headers": {"Content-Encoding": "br"}}, UNSUPPORTED),
    (b" " * 1025, JSON, TOO_LARGE),
    (gzip.compress(b" " * 100_000, mtime=0), GZIP, TOO_LARGE),
    (gzip.compress(b" " * 1000, mtime=0) * 2, GZIP, TOO_LARGE),
    (b"[{},{},{},{}]", JSON, TOO_LARGE),
]


@pytest.mark.parametrize(("body", "how", "expected"), BAD_BODIES)
def test_a_body_that_cannot_be_used_has_its_code_and_nothing_is_stored(
    make: Make, body: bytes, how: dict[str, Any], expected: tuple[int, str]
) -> None:
    service = make(ingest=IngestSettings(max_body_bytes=1024, max_events=3))
    assert error(service.post(body, **how)) == expected
    assert service.backend.outbox.backlog().requests == 0


def test_a_body_of_gzip_is_refused_for_too_many_members(service: Service) -> None:
    visit, nothing = gzip.compress(json.dumps(VISIT).encode()), gzip.compress(b"")
    assert service.post(nothing * 7 + visit, **GZIP).json["accepted"] == 1
    assert error(service.post(nothing * 8 + visit, **GZIP)) == MALFORMED


def test_a_body_without_a_length_is_bounded_all_the_same(make: Make) -> None:
    service = make(ingest=IngestSettings(max_body_bytes=1024))
    unbounded = {"wsgi.input_terminated": True, "CONTENT_LENGTH": ""}
    answer = service.post(b"[" + b" " * 5000 + b"]", content_type="text/plain", environ_overrides=unbounded)
    assert error(answer) == (413, "payload_too_large")


def test_a_full_outbox_is_503_with_a_time_to_come_back_and_nothing_accepted(make: Make) -> None:
    service = make(outbox=OutboxSettings(max_bytes=10))
    answer = service.post(VISIT)
    assert error(answer) == (503, "unavailable")
    assert int(answer.headers["Retry-After"]) > 0
    assert service.backend.outbox.backlog().requests == 0


def test_an_event_refused_for_want_of_room_may_be_sent_again(make: Make) -> None:
    service = make(outbox=OutboxSettings(max_bytes=10))
    service.post({**VISIT, "id": "a"})
    service.backend.outbox._max_bytes = 10**6
    assert service.post({**VISIT, "id": "a"}).json["accepted"] == 1
    assert service.export()[0]["view"], "what was refused is no earlier look at the page"


def test_events_whose_ids_hold_what_is_never_hashed_stay_apart_and_count_each(service: Service) -> None:
    cards = ["4539148803436467", "6011000990139424", "5500000000000004"]
    batch = [{**VISIT, "id": id_, "timestamp": NOW * 1000} for id_ in (*cards, "token=a1", "token=b2")]
    assert service.post(batch).json["accepted"] == 5
    assert len({event["id"] for event in service.export()}) == 5
    assert service.post(batch).json["duplicates"] == 5


def test_ids_that_differ_in_case_alone_are_two_even_where_they_name_a_user(service: Service) -> None:
    service.post([{**VISIT, "id": id_} for id_ in ("user:default/zoe", "User:Default/Zoe")])
    assert len(service.export()) == 2


# The catalog


def described(kind: str, name: str, **spec: Any) -> dict[str, Any]:
    return {"kind": kind, "metadata": {"name": name, "namespace": "default"}, "spec": spec}


def test_a_request_about_what_is_not_known_yet_asks_the_catalog_once_where_groups_are_filtered_too(make: Make) -> None:
    backstage = FakeBackstage(
        [
            described("User", "Jane", memberOf=["rnd", "Team-A", "gone"]),
            described("Group", "Team-A", type="Team"),
            described("Group", "rnd", type="department"),
            described("Component", "Petstore", type="service"),
        ],
        "catalog-token",
    )
    service = make(
        catalog=CatalogSettings(base_url=BASE_URL, token=Secret("catalog-token")),
        capture_identity_groups_filter=EntityFilterQuery.parse({"spec.type": "team"}),
    )
    with responses.RequestsMock(assert_all_requests_are_fired=False) as mock:
        backstage.serve(mock)
        assert service.backend.groups
        service.backend.groups.read()
        backstage.requests.clear()
        service.post([VISIT, {**VISIT, "action": "click"}])
        assert [request.method for request in backstage.requests] == ["POST"]
        service.post(VISIT)
        assert len(backstage.requests) == 1
    for event in service.export():
        assert (event["groups"], event["entityMetadata"]["spec.type"]) == (["group:default/team-a"], "service")


MEMBERS = """
{apiVersion: backstage.io/v1alpha1, kind: User, metadata: {name: jane}, spec: {memberOf: []}}
---
{apiVersion: backstage.io/v1alpha1, kind: Group, metadata: {name: board}, spec: {type: team, members: [jane]}}
"""


def test_members_whom_only_their_group_names_are_in_it_with_a_catalog_file(make: Make, tmp_path: Path) -> None:
    (tmp_path / "members.yaml").write_text(MEMBERS)
    service = make(catalog=CatalogSettings(file=tmp_path / "members.yaml"))
    service.post(VISIT)
    assert [event["groups"] for event in service.export()] == [["group:default/board"]]


def test_members_whom_only_their_group_names_are_in_it_with_a_running_catalog(make: Make) -> None:
    jane = described("User", "jane", memberOf=[])
    jane["relations"] = [{"type": "memberOf", "targetRef": "group:default/board"}]
    service = make(catalog=CatalogSettings(base_url=BASE_URL, token=Secret("catalog-token")))
    with responses.RequestsMock(assert_all_requests_are_fired=False) as mock:
        FakeBackstage([jane], "catalog-token").serve(mock)
        service.post(VISIT)
    assert [event["groups"] for event in service.export()] == [["group:default/board"]]


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


# Otherwise


def test_debug_logs_what_would_be_sent_and_sends_nothing(make: Make, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level("INFO")
    make(debug=True).post(VISIT)
    assert '"entity":"component:default/petstore"' in caplog.text
    assert "user:default/jane" not in caplog.text


def test_debug_logs_nothing_that_breaks_a_line_or_commands_a_terminal(
    make: Make, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("INFO")
    subject = "CJK 目録 é \x1b[2J \x7f \x9b2J \x85 \u2028 \u2029 \u202e \u2066"
    make(debug=True).post({**VISIT, "subject": subject})
    (said,) = (record.message for record in caplog.records if "would send" in record.message)
    assert said.isprintable()
    assert "CJK 目録 é" in said
    assert json.loads(said.partition("would send ")[2])["subject"] == subject


def test_the_blueprint_can_be_registered_elsewhere(make: Make) -> None:
    service = make()
    app = Flask("existing")
    app.register_blueprint(build_blueprint(service.insights, service.backend), url_prefix="/insights")
    config = app.test_client().get("/insights/config")
    assert config.status_code == 200
    assert config.headers["X-Request-Id"]
    assert app.test_client().post("/insights/events", data="{", content_type="text/plain").status_code == 400


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

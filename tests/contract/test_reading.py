"""What a service tells over HTTP, from the outside: its configuration, reports, events, and how it is."""

from pathlib import Path

import pytest
import responses

from insights_backend.access import TokenStore
from insights_backend.model.entity_filter import EntityFilterQuery
from insights_backend.settings.values import (
    AuthSettings,
    CatalogSettings,
    DashboardSettings,
    RedactionSettings,
    Secret,
)
from tests.app import BASE, JWKS_URL, VISIT, Make, Service, error, running, settings_for
from tests.fakes import NOW
from tests.process import TAKEN, free_port
from tests.tokens import jwks, signing_key, user_claims

# Config and total users


def test_config_shows_what_is_captured_and_no_secret(make: Make) -> None:
    service = make(
        capture_entity_fields=("metadata.tags",),
        capture_identity_groups_filter=EntityFilterQuery.parse({"spec.type": "team"}),
        redaction=RedactionSettings(fields={"attributes.note": "drop"}),
        auth=AuthSettings(mode="static", tokens=(Secret("relay-token-1"),)),
    )
    answer = service.get("/config")
    assert answer.json["captureEntityFields"][-1] == "metadata.tags"
    assert answer.json["captureIdentityFields"] == ["metadata.namespace", "spec.memberOf"]
    assert answer.json["captureIdentityGroupsFilter"] == [{"spec.type": ["team"]}]
    assert answer.json["totalUsersEntityQueryFilter"] is None
    assert answer.json["identities"] == "pseudonymous"
    assert answer.json["redaction"] == {"enabled": True, "fields": {"attributes.note": "drop"}}
    assert "relay-token" not in answer.text
    assert "salt of" not in answer.text


def test_total_users_counts_the_users_of_the_catalog(service: Service) -> None:
    assert service.get("/total-users").json == {
        "totalUsers": 2,
        "asOf": "2026-11-23T10:00:00Z",
        "stale": False,
    }


@responses.activate
def test_where_the_catalog_is_and_what_ails_it_is_told_to_the_log_and_to_no_stranger(
    make: Make, caplog: pytest.LogCaptureFixture
) -> None:
    service = make(catalog=CatalogSettings(base_url="http://backstage.example.com/api/catalog"))
    responses.get("http://backstage.example.com/api/catalog/entities/by-query", status=502)
    service.backend.census.take()
    answer = service.get("/total-users")
    assert error(answer) == (503, "catalog_unavailable")
    assert answer.headers["Retry-After"] == "5"
    told = [caplog.text, answer.text]
    assert [["backstage.example.com" in text, "502" in text] for text in told] == [[True, True], [False, False]]


# Reports and export


def test_reports_and_export_need_a_token_of_their_scope(make: Make, tmp_path: Path) -> None:
    service = make(dashboard=DashboardSettings(access="token"))
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
    [(("user:default/jane",), 200), (("group:default/team-a",), 200), (("user:default/x",), 403), ((), 401)],
)
def test_a_backstage_user_who_is_a_viewer_may_read_reports(make: Make, viewers: tuple[str, ...], expected: int) -> None:
    key = signing_key()
    responses.get(JWKS_URL, json=jwks(key))
    auth = AuthSettings(mode="backstage", jwks_url=JWKS_URL)
    service = make(dashboard=DashboardSettings(access="token"), auth=auth, viewers=viewers)
    headers = {"Authorization": f"Bearer {key.token(user_claims(NOW))}"}
    assert service.get("/reports/summary", headers=headers).status_code == expected
    assert service.get("/export", headers=headers).status_code == (403 if viewers else 401)
    strangers = {"Authorization": f"Bearer {signing_key().token(user_claims(NOW))}"}
    assert error(service.get("/reports/summary", headers=strangers)) == (401, "unauthenticated")


@responses.activate
def test_a_viewer_without_a_session_may_read_also_while_the_tokens_cannot_be_read(make: Make, tmp_path: Path) -> None:
    key = signing_key()
    responses.get(JWKS_URL, json=jwks(key))
    auth = AuthSettings(mode="backstage", jwks_url=JWKS_URL)
    service = make(dashboard=DashboardSettings(access="token"), auth=auth, viewers=("user:default/jane",))
    (tmp_path / "var" / "tokens.sqlite3").unlink()
    headers = {"Authorization": f"Bearer {key.token(user_claims(NOW))}"}
    assert service.get("/reports/summary", headers=headers).status_code == 200


@responses.activate
def test_while_it_cannot_be_told_whether_a_user_may_view_that_is_said(make: Make) -> None:
    responses.get(JWKS_URL, status=500)
    auth = AuthSettings(mode="backstage", jwks_url=JWKS_URL)
    service = make(dashboard=DashboardSettings(access="token"), auth=auth, viewers=("user:default/jane",))
    headers = {"Authorization": f"Bearer {signing_key().token(user_claims(NOW))}"}
    assert error(service.get("/reports/summary", headers=headers)) == (503, "unavailable")


def test_a_condition_that_is_not_fulfilled_has_the_one_error_shape(service: Service) -> None:
    assert error(service.get("/reports/summary", headers={"If-Match": '"x"'})) == (412, "precondition_failed")


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


@pytest.mark.parametrize("name", ["from", "to", "timezone", "limit", "format"])
def test_a_parameter_that_is_given_twice_is_said_to_be(service: Service, name: str) -> None:
    answer = service.get(f"/reports/plugins?{name}=1&{name}=1")
    assert answer.json["error"]["message"] == f"{name}: is given more than once"


def test_a_first_day_to_come_is_said_to_be_after_the_default_of_the_last_one(service: Service) -> None:
    answer = service.get("/reports/plugins?from=2026-12-05")
    assert answer.json["error"]["message"] == "from: is after to, by default today"


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


@pytest.mark.parametrize("sign", "=+-@\uff1d\uff0b\uff0d\uff20")
def test_whatever_a_spreadsheet_takes_for_a_formula_is_a_text_in_csv(service: Service, sign: str) -> None:
    service.post({**VISIT, "context": {"pluginId": f"{sign}1+1"}})
    assert service.get("/reports/plugins?format=csv").text.splitlines()[1] == f"'{sign}1+1,1,1"


@pytest.mark.parametrize(
    ("text", "written"),
    [
        ("a;=1+1;b", "a;'=1+1;b,1,1"),
        ('a;"=1+1', '"a;\'""=1+1",1,1'),
        ("a\t@SUM(1)", "a\t'@SUM(1),1,1"),
        ("a\n-1+1", '"a\n\'-1+1",1,1'),
        ("a;b; c=1", "a;b; c=1,1,1"),
    ],
)
def test_nor_does_one_begin_where_a_spreadsheet_parts_cells_by_semicolons(
    service: Service, text: str, written: str
) -> None:
    service.post({**VISIT, "context": {"pluginId": text}})
    assert service.get("/reports/plugins?format=csv").text.split("\r\n")[1] == written


@pytest.mark.parametrize("fmt", ["csv", "parquet"])
def test_an_export_that_no_browser_shows_is_saved_under_a_name(service: Service, fmt: str) -> None:
    answer = service.get(f"/export?format={fmt}")
    assert answer.headers["Content-Disposition"] == f'attachment; filename="events.{fmt}"'


def test_the_export_has_three_formats(service: Service) -> None:
    service.post({**VISIT, "id": "a"})
    lines = service.get("/export?format=csv").text.splitlines()
    assert lines[0].startswith("id,time,receivedAt,environment")
    assert lines[1].startswith("a,2026-11-23T10:00:00.000Z")
    assert service.get("/export?format=parquet").data[:4] == b"PAR1"


def test_what_is_absent_is_null_in_a_parquet_file_as_well(service: Service, tmp_path: Path) -> None:
    service.post({**VISIT, "context": {}})
    assert service.insights.warehouse
    file = tmp_path / "events.parquet"
    file.write_bytes(service.get("/export?format=parquet").data)
    ask = f"SELECT action, sessionId, target, routeRef FROM file('{file}')"  # noqa: S608 - ours
    (row,) = service.insights.warehouse.engine.rows(ask, {})
    assert row == {"action": "navigate", "sessionId": None, "target": None, "routeRef": None}
    assert service.get("/export?from=2026-11-22&to=2026-11-22").data == b""


def test_an_unknown_report_says_which_there_are(service: Service) -> None:
    answer = service.get("/reports/nope")
    assert error(answer) == (404, "not_found")
    assert "active-users" in answer.json["error"]["message"]


def test_unknown_routes_and_methods_have_the_one_error_shape(service: Service) -> None:
    assert error(service.get("/nope")) == (404, "not_found")
    assert error(service.get("/events")) == (405, "method_not_allowed")
    assert "POST" in service.get("/events").headers["Allow"]
    assert service.get("/nope").json["error"]["message"].startswith("there is nothing at this address; ")
    assert service.get("/events").json["error"]["message"].startswith("this address does not take this method; ")


# Operations


def test_health_is_at_the_root_and_below_the_prefix(service: Service) -> None:
    for path in ("/healthz", f"{BASE}/healthz"):
        assert service.client.get(path).json == {"status": "ok"}


def test_readiness_says_what_is_degraded(tmp_path: Path, warehouse_dsn: str) -> None:
    with running(settings_for(tmp_path, warehouse_dsn)) as service:
        assert service.client.get("/readyz").json == {
            "status": "ready",
            "degraded": {"warehouse": "the warehouse is not open yet"},
        }
        service.warehouse.engine.open()
        assert service.client.get("/readyz").json == {"status": "ready", "degraded": {}}


def test_readiness_says_why_the_warehouse_could_not_be_opened(tmp_path: Path) -> None:
    with running(settings_for(tmp_path, f"clickhouse://127.0.0.1:{free_port()}")) as service:
        service.warehouse.open()
        degraded = service.get("/readyz").json["degraded"]
    assert degraded["warehouse"].endswith("a server must answer at warehouse.dsn")


@responses.activate
def test_readiness_names_a_portal_that_does_not_answer_until_it_does(make: Make) -> None:
    key = signing_key()
    headers = {"Authorization": f"Bearer {key.token(user_claims(NOW, 'user:default/jane'))}"}
    catalog = CatalogSettings(base_url="http://backstage.example.com/api/catalog")
    service = make(auth=AuthSettings(mode="backstage", jwks_url=JWKS_URL), catalog=catalog)
    service.warehouse.engine.open()
    responses.get(JWKS_URL, status=502)
    assert service.post(VISIT, headers=headers).status_code == 503
    assert set(service.get("/readyz").json["degraded"]) == {"signing_keys"}
    responses.upsert("GET", JWKS_URL, json=jwks(key))
    responses.post(f"{catalog.base_url}/entities/by-refs", status=502)
    assert service.post(VISIT, headers=headers).status_code in TAKEN
    answer = service.get("/readyz")
    assert (answer.status_code, answer.json["status"], set(answer.json["degraded"])) == (200, "ready", {"catalog"})
    assert "502" in answer.json["degraded"]["catalog"]


def test_a_service_that_cannot_take_events_is_not_ready(service: Service) -> None:
    service.backend.outbox._max_bytes = 0
    answer = service.get("/readyz")
    assert (answer.status_code, answer.json["status"]) == (503, "unready")
    assert "outbox.maxBytes" in answer.json["degraded"]["outbox"]


def test_a_person_can_be_asked_for_by_the_name_that_reports_give(make: Make) -> None:
    """As a row of the dashboard links to what it is about."""
    service = make()
    service.post({**VISIT, "subject": "/catalog/default/user/jane", "attributes": {}})
    (row,) = service.get("/reports/entities").json["rows"]
    assert row["entity"].startswith("u_")
    for name in ("entity", "owner"):
        answer = service.get(f"/reports/summary?{name}={row['entity']}")
        assert (answer.status_code, answer.json["rows"][0]["events"]) == (200, 1 if name == "entity" else 0)
    assert service.client.get(f"/?entity={row['entity']}").status_code == 200

"""What `insights config check` finds, and what it says to do about it."""

import os
from collections.abc import Callable, Iterator
from email.utils import formatdate
from pathlib import Path
from typing import Any

import pytest
import requests
import responses
from click.testing import CliRunner, Result

from insights_backend.check import Finding, check
from insights_backend.check.warehouse import check_warehouse
from insights_backend.cli import main
from insights_backend.settings import Secret, Settings
from insights_backend.settings.values import (
    AuthSettings,
    CatalogSettings,
    DashboardSettings,
    OutboxSettings,
    UploadSettings,
    WarehouseSettings,
)
from tests.app import JWKS_URL, ORGANISATION
from tests.fakes import NOW, Clock
from tests.tokens import jwks, signing_key

CATALOG = "http://backstage.example.com/api/catalog"
COLLECTOR = "https://insights.example.com/api/backstage-insights"
COUNT = f"{CATALOG}/entities/by-query"
BATCHES = f"{COLLECTOR}/v1/batches"
TOKEN = Secret("catalog-secret-1")
CONFIG = """
backend: {{ baseUrl: http://backstage.example.com }}
backstageInsights:
  dataDir: {directory}/var
  environment: staging
  catalog: {{ token: catalog-secret-1 }}
  redaction: {{ fields: {{ attributes.note: drop }} }}
"""

Check = Callable[..., dict[str, Finding]]


@pytest.fixture
def checked(tmp_path: Path) -> Check:
    """Check settings that are well but for the changes, and return what was found by part."""
    (tmp_path / "org.yaml").write_text(ORGANISATION)
    (tmp_path / "var").mkdir(mode=0o700)

    def find(**changes: Any) -> dict[str, Finding]:
        plain: dict[str, Any] = {
            "data_dir": tmp_path / "var",
            "outbox": OutboxSettings(max_bytes=1),
            "auth": AuthSettings(mode="static", tokens=(Secret("relay-secret"),)),
            "catalog": CatalogSettings(file=tmp_path / "org.yaml"),
            "warehouse": WarehouseSettings(dsn=Secret(f"chdb:///{tmp_path}/var/warehouse")),
        }
        return {found.part: found for found in check(Settings(**plain | changes), Clock())}

    return find


@pytest.fixture
def peers() -> Iterator[responses.RequestsMock]:
    with responses.RequestsMock() as peers:
        yield peers


def test_what_is_well_is_said_to_be_and_nothing_is_made(checked: Check, tmp_path: Path) -> None:
    found = checked()
    assert {finding.state for finding in found.values()} == {"ok"}
    assert list(found) == ["dataDir", "outbox.maxBytes", "catalog", "warehouse.dsn", "clock"]
    assert found["catalog"].says.endswith("answers, with 2 users")
    assert list((tmp_path / "var").iterdir()) == []


def test_what_is_for_development_only_is_a_warning(checked: Check) -> None:
    found = checked(dashboard=DashboardSettings(access="open"))["settings"]
    assert found.state == "warning"
    assert "dashboard.access is open" in found.says


# The directory


def test_a_directory_that_is_missing_is_made_at_the_first_start(checked: Check, tmp_path: Path) -> None:
    found = checked(data_dir=tmp_path / "var" / "a" / "b")["dataDir"]
    assert (found.state, "will be made" in found.says) == ("ok", True)
    assert not (tmp_path / "var" / "a").exists()


def test_a_directory_that_others_may_look_into_is_to_be_closed(checked: Check, tmp_path: Path) -> None:
    (tmp_path / "var").chmod(0o750)
    found = checked()["dataDir"]
    assert (found.state, f"chmod 700 {tmp_path}/var" in found.says) == ("warning", True)


def test_what_cannot_be_written_to_is_a_failure(checked: Check, tmp_path: Path) -> None:
    found = checked(data_dir=tmp_path / "org.yaml" / "var")["dataDir"]
    assert (found.state, "cannot be written to" in found.says) == ("failed", True)


def test_what_lies_in_a_directory_of_somebody_else_is_a_failure_and_not_an_error(
    checked: Check, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refusing(path: Path) -> bool:
        if path.parent.name == "theirs":
            raise PermissionError
        return True

    (tmp_path / "theirs").touch()  # as root, too, nothing can be written below
    monkeypatch.setattr(Path, "exists", refusing)
    found = checked(data_dir=tmp_path / "theirs" / "var")["dataDir"]
    assert (found.state, f"{tmp_path}/theirs cannot be written to" in found.says) == ("failed", True)


def test_a_file_that_another_user_made_is_a_failure(
    checked: Check, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "var" / "tokens.sqlite3").touch(mode=0o600)
    monkeypatch.setattr(os, "access", lambda path, _: path.name != "tokens.sqlite3")
    found = checked()["dataDir"]
    assert (found.state, f"{tmp_path}/var/tokens.sqlite3 is another user's" in found.says) == ("failed", True)


def test_an_outbox_that_the_disk_cannot_hold_twice_is_a_warning(checked: Check) -> None:
    found = checked(outbox=OutboxSettings(max_bytes=2**50))["outbox.maxBytes"]
    assert (found.state, "lower outbox.maxBytes" in found.says) == ("warning", True)


# The portal


def rest(**more: Any) -> CatalogSettings:
    return CatalogSettings(base_url=CATALOG, token=TOKEN, **more)


@pytest.mark.parametrize(
    ("answer", "state", "says"),
    [
        ({"json": {"totalItems": 70_000}}, "ok", "backstage.example.com answers, with 70000 users"),
        ({"json": {"totalItems": 0}}, "warning", "check accessRestrictions"),
        ({"status": 401}, "failed", "check catalog.token"),
        ({"status": 502}, "failed", "answered 502"),
        ({"body": "<html>"}, "failed", "check that catalog.baseUrl"),
        ({"body": requests.ConnectionError("no route")}, "failed", "check catalog.baseUrl and the network"),
    ],
)
def test_the_catalog_is_asked_for_users(
    checked: Check, peers: responses.RequestsMock, answer: dict[str, Any], state: str, says: str
) -> None:
    peers.get(COUNT, **answer)
    found = checked(catalog=rest())["catalog"]
    assert found.state == state
    assert says in found.says
    assert TOKEN.reveal() not in found.says
    assert peers.calls[0].request.headers["Authorization"] == f"Bearer {TOKEN.reveal()}"


def test_the_portals_keys_are_fetched_where_tokens_are_verified(checked: Check, peers: responses.RequestsMock) -> None:
    peers.get(JWKS_URL, json=jwks(signing_key()))
    found = checked(auth=AuthSettings(jwks_url=JWKS_URL))["auth.jwksUrl"]
    assert (found.state, found.says) == ("ok", "backstage.example.com publishes keys: 1")


@pytest.mark.parametrize("answer", [{"status": 404}, {"json": {"keys": []}}, {"body": "<html>"}])
def test_keys_that_cannot_be_used_are_a_failure(
    checked: Check, peers: responses.RequestsMock, answer: dict[str, Any]
) -> None:
    peers.get(JWKS_URL, **answer)
    found = checked(auth=AuthSettings(jwks_url=JWKS_URL))["auth.jwksUrl"]
    assert (found.state, "check the address" in found.says) == ("failed", True)


# The collector


@pytest.mark.parametrize(
    ("status", "state", "says"),
    [
        (200, "ok", "answered 200"),
        (422, "ok", "answered 422"),
        (401, "failed", "check upload.token"),
        (403, "failed", "the scope upload"),
        (404, "failed", "check upload.url"),
        (503, "failed", "that the collector runs"),
    ],
)
def test_a_batch_without_events_shows_whether_uploads_are_taken(
    checked: Check, peers: responses.RequestsMock, status: int, state: str, says: str
) -> None:
    peers.post(BATCHES, status=status, json={"accepted": 0})
    found = checked(upload=UploadSettings(url=COLLECTOR, token=Secret("portal-secret")))
    assert found["upload"].state == state
    assert says in found["upload"].says
    assert "warehouse.dsn" not in found


# The warehouse


def test_a_server_that_does_not_answer_is_a_failure_without_its_password() -> None:
    found = check_warehouse(WarehouseSettings(dsn=Secret("clickhouse://me:hunter2@127.0.0.1:1/insights")))
    assert (found.state, "check address, user and password" in found.says) == ("failed", True)
    assert "hunter2" not in found.says


# The clock


@pytest.mark.parametrize(
    ("ahead", "state", "says"),
    [
        (0, "ok", "as elsewhere"),
        (-4, "ok", "as elsewhere"),
        (20, "warning", "20 s behind"),
        (-90, "failed", "90 s ahead"),
    ],
)
def test_the_clock_is_held_against_those_of_the_others(
    checked: Check, peers: responses.RequestsMock, ahead: int, state: str, says: str
) -> None:
    peers.get(COUNT, json={"totalItems": 1}, headers={"Date": formatdate(NOW + ahead, usegmt=True)})
    found = checked(catalog=rest())["clock"]
    assert found.state == state
    assert found.says.startswith(says)


@pytest.mark.parametrize("date", ["soon", "", "Mon, 23 Nov 2026 10:00:00 -0000"])
def test_a_date_that_cannot_be_read_is_none(checked: Check, peers: responses.RequestsMock, date: str) -> None:
    peers.get(COUNT, json={"totalItems": 1}, headers={"Date": date})
    assert checked(catalog=rest())["clock"].state == "ok"


# The command


@pytest.fixture
def config(tmp_path: Path) -> Path:
    file = tmp_path / "app-config.yaml"
    file.write_text(CONFIG.format(directory=tmp_path))
    return file


def run(config: Path, **variables: str) -> Result:
    return CliRunner().invoke(main, ["--config", str(config), "config", "check"], env=variables)


def said(result: Result, key: str) -> list[str]:
    return next(line.split() for line in result.stdout.splitlines() if line.strip().startswith(f"{key} "))


def test_every_key_is_shown_with_what_it_resolves_to_and_who_says_so(
    config: Path, peers: responses.RequestsMock
) -> None:
    peers.get(COUNT, json={"totalItems": 7})
    peers.get(JWKS_URL, json=jwks(signing_key()))
    shown = run(config, APP_CONFIG_backstageInsights_debug="true")
    assert shown.exit_code == 0, shown.stdout
    assert f"  {config}\n" in shown.stdout
    assert said(shown, "backstageInsights.environment")[1:] == ["staging", str(config)]
    assert said(shown, "backstageInsights.debug")[1:] == ["true", "APP_CONFIG_backstageInsights_debug"]
    assert said(shown, "backstageInsights.identities")[1:] == ["pseudonymous", "default"]
    assert said(shown, "backstageInsights.catalog.token")[1] == "***"
    assert said(shown, "backstageInsights.redaction.fields")[1] == '{"attributes.note":"drop"}'
    assert said(shown, "backend.baseUrl")[1] == "http://backstage.example.com"
    assert TOKEN.reveal() not in shown.stdout
    assert shown.stdout.endswith("The configuration can be used.\n")


def test_what_has_to_be_mended_is_counted_and_ends_with_1(config: Path, peers: responses.RequestsMock) -> None:
    peers.get(COUNT, status=401)
    peers.get(JWKS_URL, status=404)
    failed = run(config)
    assert failed.exit_code == 1
    assert failed.stdout.endswith("To be mended first: 2.\n")
    assert said(failed, "failed")[1] == "catalog"

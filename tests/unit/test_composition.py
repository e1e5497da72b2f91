from dataclasses import replace
from pathlib import Path

import pytest

from insights_backend.composition import assemble
from insights_backend.errors import ConfigError
from insights_backend.model.entity_filter import EntityFilterQuery
from insights_backend.settings.values import (
    AuthSettings,
    CatalogSettings,
    DashboardSettings,
    Secret,
    Settings,
    UploadSettings,
    WarehouseSettings,
)
from tests.app import settings_for


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return settings_for(tmp_path, "chdb:///unused")


def test_a_relative_data_dir_holds_when_the_working_directory_changes(
    settings: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The embedded engine changes it for a moment while it is imported, in whatever thread that happens."""
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    monkeypatch.chdir(tmp_path)
    dsn = Secret("chdb:///var/warehouse")
    insights = assemble(replace(settings, data_dir=Path("var"), warehouse=WarehouseSettings(dsn=dsn)))
    monkeypatch.chdir(elsewhere)
    assert insights.backend
    assert insights.warehouse
    with insights.backend.outbox.right_to_deliver() as mine:
        assert mine
    assert insights.warehouse.engine._connections.path == tmp_path / "var" / "warehouse"
    insights.close()
    assert list(elsewhere.iterdir()) == []


def test_what_a_machine_keeps_is_for_its_owner_only(settings: Settings) -> None:
    assemble(settings).close()
    assert settings.data_dir.stat().st_mode & 0o077 == 0


@pytest.mark.parametrize(
    ("change", "key"),
    [
        ({"auth": AuthSettings(mode="backstage")}, "auth.jwksUrl"),
        ({"catalog": CatalogSettings()}, "catalog"),
        ({"upload": UploadSettings(url="https://insights.example.com")}, "upload"),
        ({"data_dir": Path("/dev/null/var")}, "dataDir"),
    ],
)
def test_rooms_that_cannot_be_made_are_a_configuration_error_that_names_the_key(
    settings: Settings, change: dict[str, object], key: str
) -> None:
    with pytest.raises(ConfigError, match=f"backstageInsights.{key}"):
        assemble(replace(settings, **change))  # type: ignore[arg-type] # each entry fits its own field


@pytest.mark.parametrize(
    ("change", "warning"),
    [
        ({}, "auth.mode is none: ANYONE"),
        ({}, "dashboard.access is open: ANYONE"),
        ({"identities": "clear"}, "identities is clear"),
        ({"debug": True}, "debug is true"),
        ({"viewers": ("user:default/jane",)}, "viewers lets nobody in"),
    ],
)
def test_a_start_says_loudly_what_is_for_development_only(
    settings: Settings, change: dict[str, object], warning: str, caplog: pytest.LogCaptureFixture
) -> None:
    uploading = replace(settings, upload=UploadSettings(url="http://127.0.0.1:1", token=Secret("upload-token")))
    insights = assemble(replace(uploading, **change))  # type: ignore[arg-type] # as above
    insights.start()
    insights.close()
    assert warning in caplog.text


def test_a_start_counts_the_people_and_a_close_waits_for_it(
    settings: Settings, caplog: pytest.LogCaptureFixture
) -> None:
    upload = UploadSettings(url="http://127.0.0.1:1", token=Secret("upload-token"))
    insights = assemble(replace(settings, upload=upload, debug=True))
    with caplog.at_level("INFO"):
        insights.start()
        insights.close()
    assert "would record 2 total users" in caplog.text


def test_a_service_without_dangers_starts_quietly(settings: Settings, caplog: pytest.LogCaptureFixture) -> None:
    auth = AuthSettings(mode="backstage", jwks_url="https://backstage.example.com/jwks.json")
    quiet = replace(
        settings,
        auth=auth,
        dashboard=DashboardSettings(access="token"),
        upload=UploadSettings(url="http://127.0.0.1:1", token=Secret("upload-token")),
    )
    insights = assemble(quiet)
    insights.start()
    insights.close()
    assert caplog.text == ""


def test_which_groups_are_captured_is_read_ahead_from_the_start_to_the_close(settings: Settings) -> None:
    teams = EntityFilterQuery.parse({"spec.type": "team"})
    upload = UploadSettings(url="http://127.0.0.1:1", token=Secret("upload-token"))
    insights = assemble(replace(settings, upload=upload, capture_identity_groups_filter=teams))
    assert insights.backend
    assert insights.backend.groups
    insights.start()
    assert insights.backend.groups._thread.is_alive()
    insights.close()
    insights.backend.groups._thread.join(10)
    assert not insights.backend.groups._thread.is_alive()

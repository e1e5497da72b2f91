"""What `insights config print` shows: the configuration that would give the same settings, without the secrets."""

from typing import Any

import pytest
from ruamel.yaml import YAML

from insights_backend.settings import Settings
from insights_backend.settings.schema import read_settings
from insights_backend.settings.show import as_yaml
from insights_backend.settings.tree import ConfigTree

DSN = "clickhouse://writer:hunter2@warehouse/insights"
FILTER: list[dict[str, Any]] = [
    {"kind": "user", "spec.type": ["a,b", "c"], "metadata.annotations.example.com/x": None},
    {"kind": "group"},
]
OURS: dict[str, Any] = {
    "captureEntityFields": ["spec.type"],
    "captureIdentityGroupsFilter": {"spec.type": "department"},
    "totalUsersEntityQueryFilter": FILTER,
    "environment": "staging",
    "dataDir": "/srv/insights",
    "auth": {"mode": "none", "jwksUrl": "https://portal/jwks.json"},
    "catalog": {"file": "org.yaml", "cacheTtl": "PT10M", "timeout": "250ms"},
    "ingest": {"maxAge": "3650d"},
    "outbox": {"maxBytes": 4096},
    "redaction": {"fields": {"attributes.note": "drop"}},
    "dashboard": {"access": "header", "header": "X-User", "trustedProxies": ["10.1.0.0/16"]},
    "viewers": ["group:default/rnd"],
    "warehouse": {"dsn": DSN},
}


def settings(ours: dict[str, Any]) -> Settings:
    return read_settings(ConfigTree({"backstageInsights": ours}, {}, {}))


def shown(read: Settings) -> dict[str, Any]:
    ours: dict[str, Any] = YAML(typ="safe", pure=True).load(as_yaml(read))["backstageInsights"]
    return ours


def test_what_is_shown_is_a_configuration_that_gives_the_same_settings() -> None:
    read = settings(OURS)
    again = shown(read)
    again["warehouse"]["dsn"] = DSN
    assert settings(again) == read


@pytest.mark.parametrize(
    ("section", "part"),
    [
        ("outbox", {"maxBytes": 4096}),
        ("dashboard", {"access": "header", "header": "X-User", "trustedProxies": ["10.1.0.0/16"]}),
        ("redaction", {"enabled": True, "fields": {"attributes.note": "drop"}}),
        ("ingest", {"maxBodyBytes": 1048576, "maxEvents": 1000, "maxAge": "315360000s", "eventsPerMinute": None}),
        ("catalog", {"baseUrl": None, "token": None, "file": "org.yaml", "cacheTtl": "600s", "timeout": "0.25s"}),
        ("totalUsersEntityQueryFilter", [{**FILTER[0], "kind": ["user"]}, {"kind": ["group"]}]),
        ("salt", None),
        ("allowedOrigins", []),
    ],
)
def test_a_key_is_shown_by_its_name_and_in_the_notation_of_app_config(section: str, part: object) -> None:
    assert shown(settings(OURS))[section] == part


def test_secrets_are_masked() -> None:
    secrets = {
        "salt": "hunter2-hunter2-hunter2-hunter2-hunter2",
        "auth": {"mode": "static", "tokens": ["hunter2-one", "hunter2-two"]},
        "catalog": {"file": "org.yaml", "token": "hunter2-catalog"},
        "upload": {"url": "https://upstream/v1", "token": "hunter2-upload"},
        "warehouse": {"dsn": DSN},
    }
    read = settings(secrets)
    ours = shown(read)
    assert "hunter2" not in as_yaml(read)
    assert [ours["salt"], ours["auth"]["tokens"], ours["warehouse"]["dsn"]] == ["***", ["***", "***"], "***"]
    assert [ours["catalog"]["token"], ours["upload"]["token"]] == ["***", "***"]

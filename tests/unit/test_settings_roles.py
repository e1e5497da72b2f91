"""Which roles a process has, and what each needs."""

from pathlib import Path

import pytest

from insights_backend.errors import ConfigError
from insights_backend.settings import Settings, load_settings

BACKEND = """
  auth: { mode: none }
  catalog: { file: org.yaml }
"""
UPLOAD = """
  upload: { url: "https://insights.example.com/api/backstage-insights", token: a-secret-token }
"""


def read(directory: Path, keys: str) -> Settings:
    file = directory / "app-config.yaml"
    file.write_text(f"backstageInsights:\n  debug: false\n{keys}")
    return load_settings({}, directory, [file])


def test_a_process_has_both_roles_unless_told_otherwise(tmp_path: Path) -> None:
    assert read(tmp_path, BACKEND).roles == ("backend", "collector")


def test_a_process_that_uploads_is_a_backend_only(tmp_path: Path) -> None:
    assert read(tmp_path, BACKEND + UPLOAD).roles == ("backend",)


def test_a_collector_needs_neither_catalog_nor_identities(tmp_path: Path) -> None:
    assert read(tmp_path, "  roles: [collector]\n").roles == ("collector",)


def test_a_backend_needs_a_catalog(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"backstageInsights\.catalog\.baseUrl: missing"):
        read(tmp_path, "  roles: [backend]\n  auth: { mode: none }\n")


def test_a_process_that_uploads_cannot_collect(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"backstageInsights\.roles: collector is set beside upload\.url"):
        read(tmp_path, BACKEND + UPLOAD + "  roles: [backend, collector]\n")


def test_an_unknown_role_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="must be one of backend, collector"):
        read(tmp_path, "  roles: [vendor]\n")

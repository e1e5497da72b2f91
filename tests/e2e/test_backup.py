"""The commands of docs/operating.md that are run with the service stopped, or between two of them."""

import os
import shutil
import subprocess
from collections.abc import Mapping
from pathlib import Path

import pytest
import requests

from insights_backend.settings.dsn import client_arguments
from tests.clickhouse_process import clickhouse, database
from tests.documents import blocks
from tests.pictures import configured, insights
from tests.process import REPOSITORY, Process, serving

OPERATING = REPOSITORY / "docs" / "operating.md"


def run(beginning: str, names: Mapping[str, str], place: Path, **variables: str) -> None:
    """Run the block of the document that begins so."""
    (block,) = (block for block in blocks(OPERATING) if block.text.startswith(beginning))
    done = subprocess.run(
        ["sh", "-ec", block.filled(names)],
        cwd=place,
        env={**os.environ, **variables},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr


def exported(service: Process) -> list[str]:
    answer = requests.get(f"{service.api}/export?from=2020-01-01", timeout=60)
    assert answer.ok
    return answer.text.splitlines()


def reported(service: Process) -> list[dict[str, object]]:
    answer = requests.get(f"{service.api}/reports/active-users?interval=week", timeout=60)
    rows: list[dict[str, object]] = answer.json()["rows"]
    return rows


@pytest.fixture
def config(tmp_path: Path) -> Path:
    return configured(tmp_path, "open")


def test_what_was_backed_up_is_restored_whole_to_an_empty_directory(config: Path, tmp_path: Path) -> None:
    data, log = tmp_path / "var", tmp_path / "log"
    names = {"/var/lib/insights": str(data)}
    with serving(config, log) as service:
        insights("demo", "--users", "20", "--days", "30", "--url", service.url)
        before = exported(service)
        assert len(before) > 100
        assert service.terminate() == 0
    tokens = insights("--config", str(config), "token", "create", "monday", "--scope", "view")
    salt = (data / "salt").read_bytes()
    run("tar --create", names, tmp_path)
    shutil.rmtree(data)
    run("install --directory", names, tmp_path)
    assert (data / "salt").read_bytes() == salt
    assert data.stat().st_mode & 0o777 == 0o700
    assert tokens
    assert "monday" in insights("--config", str(config), "token", "list")
    with serving(config, log) as service:
        assert exported(service) == before


def test_events_are_taken_along_to_clickhouse_and_the_reports_say_the_same(config: Path, tmp_path: Path) -> None:
    place = tmp_path / "clone"
    place.mkdir()
    (place / ".venv").symlink_to(REPOSITORY / ".venv")
    with serving(config, tmp_path / "log") as service:
        insights("demo", "--users", "20", "--days", "30", "--url", service.url)
        before, rows = exported(service), reported(service)
        names = {"--token ibt_…": f"--url {service.url}"}
        run(".venv/bin/insights export", names, place, INSIGHTS_CONFIG=str(config))
    with clickhouse(tmp_path) as server, database(server) as dsn:
        config.write_text(config.read_text() + f"  warehouse: {{ dsn: '{dsn}' }}\n")
        with serving(config, tmp_path / "log") as service:
            assert exported(service) == []
            take_along(dsn, place)
            assert exported(service) == before
            assert reported(service) == rows


def take_along(dsn: str, place: Path) -> None:
    arguments = client_arguments(dsn)
    names = {
        "https://clickhouse.example.com:8443": f"http://{arguments['host']}:{arguments['port']}",
        "database=insights": f"database={arguments['database']}",
        "insights:": f"{arguments['username']}:",
    }
    run("curl --fail --user", names, place, CLICKHOUSE_PASSWORD=arguments["password"])

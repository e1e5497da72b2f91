"""Every command of the documents is run as it stands, each document's in order, beside a service of its own."""

import os
import subprocess
from collections.abc import Mapping
from pathlib import Path

import pytest
import requests

from tests.documents import Block, blocks, documents
from tests.pictures import configured, insights
from tests.process import REPOSITORY, Process, serving

LENT = (
    ".venv",
    "config",
    "examples",
    "Makefile",
    "setup.cfg",
    "pyproject.toml",
    "insights_backend",
    "tests",
    "wsgi.py",
)
WITH_COMMANDS = [each for each in documents() if any(block.reason is None for block in blocks(each))]


@pytest.mark.parametrize("document", WITH_COMMANDS, ids=lambda path: path.stem)
def test_every_command_of_a_document_works_as_it_stands(document: Path, tmp_path: Path) -> None:
    place = tmp_path / "clone"
    place.mkdir()
    for name in LENT:
        (place / name).symlink_to(REPOSITORY / name)
    config = configured(tmp_path, "open")
    with serving(config, tmp_path / "log") as service:
        names = examples(service, config, tmp_path)
        for block in blocks(document):
            if block.reason is None:
                run(block, place, config, names)


def examples(service: Process, config: Path, directory: Path) -> Mapping[str, str]:
    """What stands in the place of the documents' examples; there is a session to look at."""
    session = (REPOSITORY / "config" / "sample-session.json").read_bytes()
    headers = {"Content-Type": "application/json", "X-Insights-User": "user:default/carol.anderson"}
    assert requests.post(f"{service.api}/events", data=session, headers=headers, timeout=10).ok
    token = insights("--config", str(config), "token", "create", "admin", "--scope", "admin").strip()
    return {
        "http://127.0.0.1:7008": service.url,
        "https://insights.example.com": service.url,
        "--token ibt_…": f"--token {token} --url {service.url}",  # for which a command else takes the default port
        "ibt_…": token,
        "/var/lib/insights": str(directory / "var"),
    }


def run(block: Block, place: Path, config: Path, names: Mapping[str, str]) -> None:
    (config.parent / ".curlrc").write_text("fail\n")  # what is answered with an error is none that works
    environment = {**os.environ, "INSIGHTS_CONFIG": str(config), "CURL_HOME": str(config.parent)}
    done = subprocess.run(
        ["sh", "-ec", block.filled(names)],
        cwd=place,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )
    assert done.returncode == 0, f"{block.document}:{block.line}\n{done.stdout}\n{done.stderr}"

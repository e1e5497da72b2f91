"""The service behind gunicorn: starting, being killed, stopping, refusing to start."""

import os
import subprocess
from pathlib import Path
from typing import Any

import pytest
import requests

from tests.documents import blocks
from tests.html import links
from tests.process import GUNICORN, REPOSITORY, TAKEN, Process, counts, eventually, free_port, serving, spawn

VISIT = {"action": "navigate", "subject": "/catalog", "context": {"pluginId": "catalog"}}


@pytest.fixture
def config(tmp_path: Path) -> Path:
    """The shipped configuration, with its data in the test's own directory."""
    text = (REPOSITORY / "config" / "app-config.yaml").read_text()
    file = tmp_path / "app-config.yaml"
    file.write_text(text.replace("./var", str(tmp_path / "var")))
    return file


def send(process: Process, *events: dict[str, Any]) -> int:
    answer = requests.post(
        f"{process.api}/events", json=list(events), headers={"X-Insights-User": "user:default/guest"}, timeout=10
    )
    assert answer.status_code in TAKEN, answer.text
    return answer.status_code


def test_what_was_answered_2xx_is_counted_after_a_kill(config: Path, tmp_path: Path) -> None:
    log = tmp_path / "log"
    with serving(config, log) as process:
        statuses = [send(process, {**VISIT, "id": f"{n}-a"}, {**VISIT, "id": f"{n}-b"}) for n in range(6)]
        assert 202 in statuses
        process.kill()  # most of them are in the outbox only
    with serving(config, log) as process:
        assert counts(process, 12), process.log.read_text()
        process.kill()
    with serving(config, log) as process:
        assert counts(process, 12), process.log.read_text()


def test_a_stop_is_quick_and_loses_nothing(config: Path, tmp_path: Path) -> None:
    log = tmp_path / "log"
    with serving(config, log) as process:
        for n in range(5):
            send(process, {**VISIT, "id": str(n)})
        assert process.terminate() == 0
    assert "Traceback" not in log.read_text()
    with serving(config, log) as process:
        assert counts(process, 5), process.log.read_text()


def test_a_reload_hands_the_warehouse_over(config: Path, tmp_path: Path) -> None:
    with serving(config, tmp_path / "log") as process:
        send(process, VISIT)
        process.popen.send_signal(1)  # HUP: a new worker starts while the old one still holds the engine
        assert eventually(lambda: all(said in _after(process, "Hang up") for said in ("Booting", "exiting")))
        assert counts(process, 1), process.log.read_text()
        send(process, VISIT)
        assert counts(process, 2), process.log.read_text()


def _after(process: Process, line: str) -> str:
    _, _, rest = process.log.read_text().partition(line)
    return rest


@pytest.mark.parametrize(
    ("change", "more", "message"),
    [
        (("environment: development", "colour: red"), {}, "backstageInsights.colour"),
        (("mode: none", "mode: maybe"), {}, "backstageInsights.auth.mode"),
        (("config/org.yaml", "config/nobody.yaml"), {}, "config/nobody.yaml"),
        (("mode: none", "mode: none"), {"WEB_CONCURRENCY": "2"}, "belongs to one process"),
    ],
)
def test_a_wrong_configuration_is_one_clear_line_and_exit_code_2(
    config: Path, tmp_path: Path, change: tuple[str, str], more: dict[str, str], message: str
) -> None:
    config.write_text(config.read_text().replace(*change))
    process = spawn(config, tmp_path / "log", free_port(), program=GUNICORN, place=REPOSITORY, **more)
    assert process.wait(timeout=20) == 2
    said = [line for line in (tmp_path / "log").read_text().splitlines() if line.startswith("insights: ")]
    assert len(said) == 1
    assert message in said[0]
    assert "Traceback" not in (tmp_path / "log").read_text()


def test_the_documented_app_that_exists_already_serves_its_own_pages_takes_events_and_shows_them(
    config: Path, tmp_path: Path
) -> None:
    example = (REPOSITORY / "examples" / "existing_app.py").read_text()
    assert f"```python\n{example}```" in (REPOSITORY / "docs" / "operating.md").read_text()
    arguments = ("--pythonpath", "examples", "--threads", "16", "existing_app:app")
    with serving(config, tmp_path / "log", arguments) as process:
        assert requests.get(process.url, timeout=10).text == "An app that was here before."
        send(process, VISIT)
        refused = requests.post(f"{process.api}/events", data="{", timeout=10)
        assert (refused.status_code, refused.json()["error"]["code"]) == (415, "unsupported_media_type")
        page = requests.get(f"{process.url}/insights/", timeout=10).text
        rows = next(href for text, href in links(page).items() if text.startswith("CSV: Plugins"))
        counted = ["plugin,events,users", "catalog,1,1"]
        assert eventually(lambda: requests.get(process.url + rows, timeout=10).text.split() == counted)
        nothing = requests.get(f"{process.url}/insights/reports/nothing", timeout=10)
        assert (nothing.status_code, nothing.json()["error"]["code"]) == (404, "not_found")


def test_the_first_commands_of_the_readme_work_as_they_stand(config: Path, tmp_path: Path) -> None:
    """The curls of the quick start, copied, against a service started as `make run` starts it."""
    commands = [block.text for block in blocks(REPOSITORY / "README.md") if block.text.startswith("curl")][:2]
    assert len(commands) == 2
    with serving(config, tmp_path / "log") as process:
        port = process.url.rpartition(":")[2]
        send_session, show = (command.replace("7008", port) for command in commands)
        assert '"accepted":30' in said_by(send_session)
        # While the engine opens, which takes a moment at the first start, events are taken and wait.
        assert eventually(lambda: '"events":30,"activeUsers":1,' in said_by(show))


def said_by(command: str) -> str:
    return subprocess.run(
        ["sh", "-c", command],
        cwd=REPOSITORY,
        env=dict(os.environ),
        capture_output=True,
        text=True,
        check=True,
        timeout=30,
    ).stdout

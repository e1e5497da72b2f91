"""The service behind gunicorn: starting, being killed, stopping, refusing to start."""

import json
import os
import socket
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import requests

from tests.documents import blocks
from tests.html import links
from tests.process import GUNICORN, REPOSITORY, TAKEN, Process, counts, eventually, free_port, serving, spawn

VISIT = {"action": "navigate", "subject": "/catalog", "context": {"pluginId": "catalog"}}


def _config_in(directory: Path) -> Path:
    """The shipped configuration, with its data in a directory."""
    text = (REPOSITORY / "config" / "app-config.yaml").read_text()
    file = directory / "app-config.yaml"
    file.write_text(text.replace("./var", str(directory / "var")))
    return file


@pytest.fixture
def config(tmp_path: Path) -> Path:
    return _config_in(tmp_path)


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Process]:
    """A service that several tests ask, none of which minds what another has sent."""
    directory = tmp_path_factory.mktemp("running")
    with serving(_config_in(directory), directory / "log") as process:
        yield process


def send(process: Process, *events: dict[str, Any]) -> int:
    answer = requests.post(
        f"{process.api}/events", json=list(events), headers={"X-Insights-User": "user:default/guest"}, timeout=10
    )
    assert answer.status_code in TAKEN, answer.text
    return answer.status_code


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


def test_no_client_says_where_the_service_is_mounted(running: Process) -> None:
    """Not even one on this machine, which may be a proxy that hands on what it was sent."""
    answer = requests.get(f"{running.url}/elsewhere/metrics", headers={"SCRIPT_NAME": "/elsewhere"}, timeout=10)
    assert answer.status_code == 404


def test_a_reload_of_a_configuration_that_cannot_be_used_changes_nothing(config: Path, tmp_path: Path) -> None:
    right = config.read_text()
    with serving(config, tmp_path / "log") as process:
        config.write_text(right.replace("mode: none", "mode: nonsense"))
        process.popen.send_signal(1)
        assert eventually(lambda: "not reloaded" in process.log.read_text())
        send(process, VISIT)
        config.write_text(right.replace("environment: development", "environment: changed"))
        process.popen.send_signal(1)
        assert eventually(lambda: all(said in _after(process, "Hang up") for said in ("Booting", "exiting")))
        send(process, VISIT)
        assert counts(process, 2), process.log.read_text()
        assert '"changed"' in requests.get(f"{process.api}/export", timeout=10).text


def test_requests_are_answered_on_one_processor_and_the_embedded_engine_works_on_all(running: Process) -> None:
    send(running, VISIT)
    assert eventually(lambda: requests.get(f"{running.api}/reports/summary", timeout=10).status_code == 200)
    (worker,) = Path(f"/proc/{running.popen.pid}/task/{running.popen.pid}/children").read_text().split()
    assert len(os.sched_getaffinity(int(worker))) == 1
    of_engine = [
        int(thread.name)
        for thread in Path(f"/proc/{worker}/task").iterdir()
        if (thread / "comm").read_text().strip() in {"ThreadPool", "MergeMutate"}
    ]
    assert len(of_engine) > 1
    assert all(os.sched_getaffinity(number) == os.sched_getaffinity(0) for number in of_engine)


def exchanged(process: Process, request: bytes) -> tuple[bytes, dict[str, Any]]:
    """Send bytes as they are, and return the first line of the answer and its error."""
    with socket.create_connection(("127.0.0.1", int(process.url.rpartition(":")[2])), timeout=10) as connection:
        connection.sendall(request)
        answer = b"".join(iter(lambda: connection.recv(65536), b""))
    head, _, body = answer.partition(b"\r\n\r\n")
    return head.partition(b"\r\n")[0], json.loads(body)["error"]


def test_what_is_no_request_is_refused_like_all_else_and_nowhere_quoted(running: Process) -> None:
    canary = "jane.canary@example.com"
    post = b"POST /api/backstage-insights/events HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n"
    refused = {
        b"%s / HTTP/1.1\r\n\r\n" % canary.encode(): (400, "bad_request"),
        b"GET /?%s HTTP/1.1\r\n\r\n" % (canary.encode() * 400): (414, "request_uri_too_long"),
        b"GET / HTTP/1.1\r\n%s: x\r\n\r\n" % canary.encode(): (400, "bad_request"),
        b"GET / HTTP/1.1\r\nA: %s\r\n\r\n" % (canary.encode() * 800): (431, "request_header_fields_too_large"),
        post + b"Expect: %s\r\n\r\n" % canary.encode(): (417, "expectation_failed"),
        post + b"Transfer-Encoding: %s\r\n\r\n" % canary.encode(): (501, "not_implemented"),
        post + b"Transfer-Encoding: chunked\r\nConnection: close\r\n\r\n%s\r\n" % canary.encode(): (
            400,
            "malformed_json",
        ),
    }
    for request, (status, code) in refused.items():
        first, problem = exchanged(running, request)
        assert (int(first.split()[1]), problem["code"]) == (status, code), request
        assert canary not in str(problem)
    assert canary not in running.log.read_text()
    assert "127.0.0.1" not in _after(running, "a request was refused")


def test_a_token_may_have_sixteen_kibibytes(running: Process) -> None:
    answer = requests.get(
        f"{running.api}/reports/summary", headers={"Authorization": f"Bearer {'x' * 16384}"}, timeout=10
    )
    assert answer.status_code in {200, 503}


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
        # While the warehouse opens or is empty, there are no lists, or files of them.
        assert eventually(lambda: _plugins_as_csv(process) == ["plugin,events,users", "catalog,1,1"])
        nothing = requests.get(f"{process.url}/insights/reports/nothing", timeout=10)
        assert (nothing.status_code, nothing.json()["error"]["code"]) == (404, "not_found")


def _plugins_as_csv(process: Process) -> list[str]:
    """The lines of the file that the dashboard offers of its list of plugins; none where it offers no file."""
    page = requests.get(f"{process.url}/insights/", timeout=10).text
    files = (href for text, href in links(page).items() if text.startswith("CSV: Plugins"))
    return [line for file in files for line in requests.get(process.url + file, timeout=10).text.splitlines()]


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

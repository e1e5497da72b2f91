"""What a deployment promises of a running service: it writes to its data alone, and slow clients are let go."""

import shutil
import socket
from contextlib import ExitStack
from math import inf
from pathlib import Path
from threading import Event
from time import monotonic

import pytest
import requests

from tests.pictures import configured
from tests.process import GUNICORN, SERVICE, TAKEN, counts, serving

THREADS = 2
EVENT = {"action": "navigate", "subject": "/catalog", "context": {"pluginId": "catalog"}}
HEAD = b"POST /api/backstage-insights/events HTTP/1.1\r\nHost: insights\r\nContent-Type: application/json\r\n"

# In a namespace of its own, where only the data and a fresh directory for passing files can be written to.
READ_ONLY = """
mount --bind "$1" "$1" && mount -t tmpfs tmpfs "$2" && mount -o remount,ro,bind / && shift 2 && exec "$@"
"""


@pytest.mark.skipif(not shutil.which("unshare"), reason="it takes a namespace to make the root read-only")
def test_with_a_read_only_root_it_takes_events_and_shows_them(tmp_path: Path) -> None:
    data, scratch = tmp_path / "var", tmp_path / "scratch"
    data.mkdir(mode=0o700)
    scratch.mkdir()
    program = ("unshare", "--mount", "sh", "-c", READ_ONLY, "sh", str(data), str(scratch), *GUNICORN)
    config, log = configured(tmp_path, "open"), tmp_path / "log"
    with serving(config, log, program=program, TMPDIR=str(scratch)) as service:
        assert requests.post(f"{service.api}/events", json=EVENT, timeout=10).status_code in TAKEN
        assert counts(service, 1), service.log.read_text()
        assert requests.get(f"{service.url}/docs", timeout=10).ok
        assert service.terminate() == 0


def test_it_tells_systemd_when_it_is_ready(tmp_path: Path) -> None:
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as manager:
        manager.bind(str(tmp_path / "notify"))
        manager.settimeout(20)
        with serving(configured(tmp_path, "open"), tmp_path / "log", NOTIFY_SOCKET=str(tmp_path / "notify")):
            assert b"READY=1" in manager.recv(4096)


@pytest.mark.parametrize("sent", [HEAD, HEAD + b'Content-Length: 1000\r\n\r\n{"events":['], ids=["head", "body"])
def test_clients_that_stall_in_the_midst_of_a_request_are_let_go(tmp_path: Path, sent: bytes) -> None:
    arguments = (*SERVICE, "--threads", str(THREADS))
    with serving(configured(tmp_path, "open"), tmp_path / "log", arguments) as service, ExitStack() as clients:
        port = int(service.url.rpartition(":")[2])
        for _ in range(THREADS):
            clients.enter_context(socket.create_connection(("127.0.0.1", port))).sendall(sent)
        Event().wait(0.5)
        with pytest.raises(requests.Timeout):  # all threads wait for them
            requests.get(f"{service.url}/healthz", timeout=1)
        assert requests.get(f"{service.url}/healthz", timeout=40).ok
    assert "Traceback" not in service.log.read_text()


HASTY = """
import runpy
from insights_backend.web.worker import BoundedWorker

globals().update(runpy.run_path("config/gunicorn.conf.py"))


class worker_class(BoundedWorker):
    request_seconds = 2.0
"""


def drip(client: socket.socket) -> float:
    """Send bytes until the service has had enough, and tell for how many seconds it had not."""
    began = monotonic()
    client.settimeout(0.1)
    while monotonic() < began + 30:
        try:
            client.sendall(b" ")
            client.recv(1)
        except TimeoutError:
            continue
        except OSError:
            pass
        return monotonic() - began
    return inf


@pytest.mark.parametrize("sent", [HEAD + b"X-Slow:", HEAD + b"Content-Length: 1000\r\n\r\n"], ids=["head", "body"])
def test_clients_that_drip_are_let_go_when_the_time_for_a_request_is_over(tmp_path: Path, sent: bytes) -> None:
    hasty = tmp_path / "hasty.conf.py"
    hasty.write_text(HASTY)
    with serving(configured(tmp_path, "open"), tmp_path / "log", ("-c", str(hasty), "wsgi:app")) as service:
        with socket.create_connection(("127.0.0.1", int(service.url.rpartition(":")[2]))) as client:
            client.sendall(sent)
            assert 1 < drip(client) < 10
        assert requests.post(f"{service.api}/events", json=EVENT, timeout=10).status_code in TAKEN
    assert "Traceback" not in service.log.read_text()

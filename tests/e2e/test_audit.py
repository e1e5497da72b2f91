"""The audit of the dependencies, asked of an advisory database that is made up, and of none."""

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread

import pytest

from tests.process import REPOSITORY, free_port

FLAW = {"id": "PYSEC-2026-1", "summary": "bad", "affected": [{"package": {"name": "flask", "ecosystem": "PyPI"}}]}


@contextmanager
def advisories(flawed: str) -> Iterator[str]:
    """Run a database that speaks OSV's API, and has something against one package."""

    class Database(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            asked = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            found = {"vulns": [FLAW]} if asked["package"]["name"] == flawed else {}
            self.send_response(200)
            self.end_headers()
            self.wfile.write(json.dumps(found).encode())

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the library's own name
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Database) as server:
        Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}/v1/query"
        server.shutdown()


def audit(database: str) -> subprocess.CompletedProcess[str]:
    asked = {"PIP_AUDIT_VULNERABILITY_SERVICE": "osv", "PIP_AUDIT_OSV_URL": database}
    command = [sys.executable, "-m", "tests.audit"]
    return subprocess.run(
        command, cwd=REPOSITORY, env={**os.environ, **asked}, capture_output=True, text=True, check=False, timeout=120
    )


@pytest.mark.parametrize(("flawed", "code"), [("flask", 1), ("nothing", 0)])
def test_a_published_vulnerability_of_what_is_installed_fails(flawed: str, code: int) -> None:
    with advisories(flawed) as database:
        done = audit(database)
    assert done.returncode == code, done.stderr
    assert ("PYSEC-2026-1" in done.stdout) is bool(code)
    assert f": {code} vulnerabilities." in done.stdout


def test_a_database_out_of_reach_is_said_and_passes() -> None:
    done = audit(f"http://127.0.0.1:{free_port()}/v1/query")
    assert done.returncode == 0, done.stderr
    assert done.stdout == "The advisory database cannot be reached; nothing was audited.\n"

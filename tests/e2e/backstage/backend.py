"""A real Backstage: its backend on loopback, with a catalog, a permission policy, a proxy, and sign-in as anybody."""

import os
import signal
import subprocess
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from threading import Event
from typing import Any

import requests

from tests.e2e.backstage.node import HOME, NODE

CATALOG_TOKEN = "insights-catalog-token"
BLIND_TOKEN = "blind-catalog-token"
RELAY_TOKEN = "relay-token"

_START_SECONDS = 120.0
_LAST_WORDS = 8000


class Backstage:
    """A backend that can be started, killed and started again on what its database holds.

    Args:
        port: where it listens.
        environment: what its app-config takes from the environment.
        more: configuration beside its app-config.
        log: where it writes.
    """

    def __init__(self, port: int, environment: Mapping[str, str], more: Sequence[Path], log: Path) -> None:
        self.url = f"http://127.0.0.1:{port}"
        self._environment = {
            "PATH": os.environ["PATH"],
            "NODE_ENV": "production",
            "BACKSTAGE_URL": self.url,
            "BACKSTAGE_PORT": str(port),
            "INSIGHTS_CATALOG_TOKEN": CATALOG_TOKEN,
            "BLIND_CATALOG_TOKEN": BLIND_TOKEN,
            "INSIGHTS_RELAY_TOKEN": RELAY_TOKEN,
            **environment,
        }
        self._files = [Path("app-config.yaml"), *more]
        self._log = log
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        """Start it, and wait until it is ready."""
        command = [str(NODE), "index.js", *(argument for file in self._files for argument in ("--config", str(file)))]
        with self._log.open("ab") as output:
            self._process = subprocess.Popen(
                command, cwd=HOME, env=self._environment, stdout=output, stderr=output, start_new_session=True
            )
        self.await_answer(f"{self.url}/.backstage/health/v1/readiness", lambda _: True)

    def kill(self) -> None:
        """Kill it at once, as a loss of power would."""
        if self._process is not None:
            os.killpg(self._process.pid, signal.SIGKILL)
            self._process.wait()
            self._process = None

    def await_answer(self, url: str, good: Callable[[Any], bool]) -> None:
        """Wait until an address answers 200 with JSON that is good."""
        pause = 0.25
        for _ in range(int(_START_SECONDS / pause)):
            assert self._process is not None
            assert self._process.poll() is None, self.last_words()
            if _answers(url, good):
                return
            Event().wait(pause)
        raise TimeoutError(f"{url} is not as it should be: {self.last_words()}")

    def last_words(self) -> str:
        """The end of its log."""
        return self._log.read_text(errors="replace")[-_LAST_WORDS:]

    def sign_in(self, user: str) -> str:
        """A new token of a user, by an entity reference; the guest is signed in as Backstage's own provider does."""
        provider = "guest" if user == "user:default/guest" else "anyone"
        answer = requests.post(f"{self.url}/api/auth/{provider}/refresh", headers={"x-user": user}, timeout=10)
        assert answer.ok, answer.text
        token: str = answer.json()["backstageIdentity"]["token"]
        return token

    def keys(self) -> set[str]:
        """The ids of the keys that it publishes."""
        answer = requests.get(f"{self.url}/api/auth/.well-known/jwks.json", timeout=10)
        return {key["kid"] for key in answer.json()["keys"]}


def _answers(url: str, good: Callable[[Any], bool]) -> bool:
    headers = {"Authorization": f"Bearer {CATALOG_TOKEN}"}
    try:
        answer = requests.get(url, headers=headers, timeout=5)
    except requests.RequestException:
        return False
    return answer.status_code == requests.codes.ok and good(answer.json())


@contextmanager
def running(backstage: Backstage, entities: int) -> Iterator[Backstage]:
    """Run a Backstage whose catalog knows so many entities, not counting its own locations."""
    try:
        backstage.start()
        kinds = "&".join(f"filter=kind%3D{kind}" for kind in ("user", "group", "component"))
        known = f"{backstage.url}/api/catalog/entities/by-query?{kinds}&limit=0"
        backstage.await_answer(known, lambda answer: answer["totalItems"] == entities)
        yield backstage
    finally:
        backstage.kill()

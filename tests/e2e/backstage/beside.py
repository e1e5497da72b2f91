"""The service beside a real Backstage, configured as its documentation says, and what tests ask of it."""

import json
import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import requests

from insights_backend.access import TokenStore
from insights_backend.composition import make_data_dir
from tests.e2e.backstage.backend import CATALOG_TOKEN, RELAY_TOKEN, Backstage
from tests.process import Process, eventually, serving

ORIGIN = "http://127.0.0.1:3000"
"""Where the front end's pages come from."""

_DELIVERY_SECONDS = 20

VIEWERS = ("user:default/person.1", "group:default/rnd")


@dataclass(frozen=True, slots=True)
class Beside:
    """A running service and a client of it.

    Args:
        process: it.
        admin: an API token of scope admin.
        session: what requests are sent through.
    """

    process: Process
    admin: str
    session: requests.Session = field(default_factory=requests.Session)

    def post(self, token: str, *events: dict[str, Any]) -> requests.Response:
        """Send events with a user's token."""
        return self.session.post(f"{self.process.api}/events", json=events, headers=bearer(token), timeout=30)

    def get(self, path: str, token: str, **query: str) -> requests.Response:
        """Read with a token; the path is below the service's own prefix, or from the root."""
        url = self.process.url + path if path.startswith("/") else f"{self.process.api}/{path}"
        return self.session.get(url, params=query, headers=bearer(token), timeout=30)

    def stored(self, least: int, prefix: str = "", user: str = "") -> list[dict[str, Any]]:
        """The stored events whose id begins so, or of one user, by id, as soon as there are so many."""
        found: list[dict[str, Any]] = []

        def arrived() -> bool:
            found[:] = [event for event in self._exported(prefix) if user in {"", event["user"]}]
            return len(found) >= least

        assert eventually(arrived, seconds=_DELIVERY_SECONDS), f"{found} and no more: {self.process.log.read_text()}"
        return sorted(found, key=lambda event: str(event["id"]))

    def _exported(self, prefix: str) -> list[dict[str, Any]]:
        answer = self.get("export", self.admin)
        assert answer.ok, answer.text
        found = [json.loads(line) for line in answer.text.splitlines()]
        return [event for event in found if event["id"].startswith(prefix)]


def bearer(token: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {token}"}


def visit(id_: str, entity: str = "petstore", **more: Any) -> dict[str, Any]:
    """A view of a component of the default namespace."""
    return {
        "id": id_,
        "action": "navigate",
        "subject": f"/catalog/default/component/{entity}",
        "attributes": {"namespace": "default", "kind": "component", "name": entity},
        "context": {"pluginId": "catalog", "extension": "App", "routeRef": "catalog:entity"},
        **more,
    }


def settings(backstage: Backstage, directory: Path) -> dict[str, Any]:
    """The configuration of a service that takes the tokens of a Backstage and reads its catalog."""
    return {
        "dataDir": str(directory / "var"),
        "allowedOrigins": [ORIGIN, backstage.url],
        "identities": "clear",
        "viewers": list(VIEWERS),
        "captureIdentityGroupsFilter": {"spec.type": ["department", "guild"]},
        "totalUsersEntityQueryFilter": {"metadata.namespace": "corporate"},
        "catalog": {"token": CATALOG_TOKEN},
    }


@contextmanager
def beside(backstage: Backstage, directory: Path, port: int, **changes: Any) -> Iterator[Beside]:
    """Run a service beside a Backstage.

    Args:
        backstage: whose tokens it takes and whose catalog it reads.
        directory: of its files; made if missing.
        port: where it listens.
        changes: what of its `settings` is otherwise.
    """
    directory.mkdir(exist_ok=True)
    file = directory / "app-config.yaml"
    insights = {**settings(backstage, directory), **changes}
    file.write_text(json.dumps({"backend": {"baseUrl": backstage.url}, "backstageInsights": insights}))
    make_data_dir(directory / "var")
    tokens = TokenStore(directory / "var" / "tokens.sqlite3", time.time, os.urandom)
    with serving(file, directory / "log", port=port) as process:
        yield Beside(process, tokens.create("tests", "admin"))


def relays() -> dict[str, Any]:
    """What makes a service believe relays instead of users' tokens."""
    return {"auth": {"mode": "static", "tokens": [RELAY_TOKEN]}, "viewers": []}

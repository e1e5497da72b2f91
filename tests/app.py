"""The whole service in a test: real rooms, put together by the same composition root, on a clock that tests move."""

import io
from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing, contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

from flask.testing import FlaskClient

from insights_backend.app import build_app
from insights_backend.composition import assemble
from insights_backend.delivery.dispatcher import PACE
from insights_backend.running import Backend, Insights, Warehouse
from insights_backend.settings.values import (
    AuthSettings,
    CatalogSettings,
    DashboardSettings,
    Secret,
    Settings,
    WarehouseSettings,
)
from insights_backend.warehouse.engine import Engine
from tests.fakes import Clock
from tests.tables import KEPT_DAYS

BASE = "/api/backstage-insights"
JWKS_URL = "http://backstage.example.com/api/auth/.well-known/jwks.json"
SALT = Secret("a salt of thirty-two bytes, or so")

ORGANISATION = """
apiVersion: backstage.io/v1alpha1
kind: User
metadata: {name: Jane}
spec: {profile: {displayName: Jane Doe, email: jane@example.com}, memberOf: [Team-A]}
---
apiVersion: backstage.io/v1alpha1
kind: User
metadata: {name: john, namespace: corp}
spec: {memberOf: ["group:default/team-a"]}
---
apiVersion: backstage.io/v1alpha1
kind: Group
metadata: {name: Team-A}
spec: {type: team, children: []}
---
apiVersion: backstage.io/v1alpha1
kind: Component
metadata: {name: Petstore}
spec: {type: service, lifecycle: production, owner: team-a}
"""


VISIT: dict[str, Any] = {
    "action": "navigate",
    "subject": "/catalog/default/component/petstore",
    "attributes": {"namespace": "default", "kind": "component", "name": "petstore"},
    "context": {"pluginId": "catalog", "extension": "App", "routeRef": "catalog:entity"},
}


class _Garbled(io.RawIOBase):
    """A body whose chunks are none, of which each server has an error of its own."""

    def readable(self) -> bool:
        return True

    def readinto(self, _: Any, /) -> int:
        raise LookupError("zz")


GARBLED = {"wsgi.input": _Garbled(), "wsgi.input_terminated": True, "CONTENT_LENGTH": ""}
"""What to put into a request's environment, that its body may be of such chunks."""


class Service:
    """A running service and a client of it."""

    def __init__(self, insights: Insights, clock: Clock) -> None:
        self.insights = insights
        self.clock = clock
        self.client: FlaskClient = build_app(insights).test_client()
        self._pace = Clock()
        if insights.backend:
            # It paces itself by the machine's own clock, by which a busy machine has slow deliveries.
            insights.backend.dispatcher._monotonic = self._pace

    @property
    def backend(self) -> Backend:
        assert self.insights.backend
        return self.insights.backend

    @property
    def warehouse(self) -> Warehouse:
        assert self.insights.warehouse
        return self.insights.warehouse

    def rest(self) -> None:
        """Let a moment pass, so that what comes next is delivered at once."""
        self._pace.now += PACE

    def post(self, body: Any, user: str | None = "user:default/jane", **how: Any) -> Any:
        """Send events, a moment after the last ones."""
        self.rest()
        headers = {"X-Insights-User": user} if user else {}
        headers.update(how.pop("headers", {}))
        kind = {"json": body} if not isinstance(body, str | bytes) else {"data": body}
        return self.client.post(f"{BASE}/events", headers=headers, **kind, **how)

    def get(self, path: str, **how: Any) -> Any:
        return self.client.get(f"{BASE}{path}", **how)

    def preflight(self, path: str, headers: str = "", origin: str = "https://portal.example.com") -> Any:
        """Ask as a browser does before a page of the portal posts with headers of its own."""
        asked = {"Origin": origin, "Access-Control-Request-Method": "POST", "Access-Control-Request-Headers": headers}
        return self.client.options(path, headers={name: value for name, value in asked.items() if value})

    def export(self) -> list[dict[str, Any]]:
        answer = self.get("/export")
        assert answer.status_code == 200, answer.text
        # Of bytes, since a text ends lines at more characters than JSON escapes.
        return [answer.json_module.loads(line) for line in answer.data.splitlines()]


Make = Callable[..., Service]
"""Makes a service of the changes to its settings."""


def error(answer: Any) -> tuple[int, str]:
    """The status and code of an error, whose shape is checked."""
    assert answer.content_type == "application/json"
    body: dict[str, Any] = answer.json
    assert list(body) == ["error"]
    assert sorted(body["error"]) == ["code", "message"]
    return answer.status_code, body["error"]["code"]


def settings_for(directory: Path, dsn: str, **changes: Any) -> Settings:
    """The settings of a service in a directory: no authentication, everything open, a small organisation."""
    file = directory / "org.yaml"
    file.write_text(ORGANISATION)
    plain = Settings(
        data_dir=directory / "var",
        salt=SALT,
        auth=AuthSettings(mode="none"),
        catalog=CatalogSettings(file=file),
        warehouse=WarehouseSettings(dsn=Secret(dsn), retention_days=KEPT_DAYS),
        dashboard=DashboardSettings(access="open"),
    )
    return replace(plain, **changes)


@contextmanager
def running(settings: Settings, engine: Engine | None = None) -> Iterator[Service]:
    """Run a service inside the `with`.

    Args:
        settings: what it is made from.
        engine: one at the same place, whose connections it uses as well: to open its own takes longer than most tests.
    """
    clock = Clock()
    insights = assemble(settings, clock)
    with ExitStack() as stack:
        stack.enter_context(closing(insights))
        if engine and insights.warehouse:
            stack.enter_context(_borrowing(insights.warehouse.engine, engine))
        yield Service(insights, clock)


@contextmanager
def _borrowing(borrower: Engine, lender: Engine) -> Iterator[None]:
    own = borrower._connections
    assert own.dsn == lender._connections.dsn
    borrower._connections = lender._connections
    try:
        yield
    finally:
        borrower._connections = own  # which is closed instead

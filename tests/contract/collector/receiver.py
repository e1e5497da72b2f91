"""A collector from the outside: real tokens, the real engine, and batches as an uploader sends them."""

import gzip
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import orjson
from flask import Flask

from insights_backend.access import TokenStore
from insights_backend.collector import Collector
from insights_backend.settings.values import DashboardAccess
from insights_backend.warehouse.engine import Engine
from insights_backend.warehouse.events import EventStore
from insights_backend.warehouse.total_users import TotalUsersRecord
from insights_backend.web.collector import create_collector
from insights_backend.web.problems import register_problems
from tests.fakes import Clock

FOREVER = 2**43
PATH = "/api/backstage-insights/v1/batches"


class Receiver:
    """A service that collects; a second one on the same engine and directory is the first one restarted."""

    def __init__(self, engine: Engine, directory: Path, access: DashboardAccess, per_minute: int | None) -> None:
        self.clock = Clock()
        self.tokens = TokenStore(directory / "tokens.sqlite3", self.clock, _randomness())
        self.store = EventStore(engine)
        site = create_collector(
            Collector(self.store, TotalUsersRecord(engine)),
            tokens=self.tokens,
            access=access,
            events_per_minute=per_minute,
            monotonic=self.clock,
        )
        app = Flask("collector")
        register_problems(app)
        app.register_blueprint(site, url_prefix="/api/backstage-insights")
        self.client = app.test_client()

    def post(self, events: Any, token: str | None, key: str | None = "b1", **how: Any) -> Any:
        """Send a batch as an uploader does: gzipped."""
        headers = {"Content-Type": "application/json", "Content-Encoding": "gzip"}
        if token is not None:
            headers["Authorization"] = f"Bearer {token}"
        if key is not None:
            headers["Idempotency-Key"] = key
        headers.update(how.pop("headers", {}))
        data = how.pop("data", None) or gzip.compress(json.dumps({"events": events}).encode())
        return self.client.post(PATH, data=data, headers=headers, **how)

    def stored(self) -> list[dict[str, Any]]:
        rows = [orjson.loads(orjson.dumps(row)) for row in self.store.read(0, FOREVER)]
        return sorted(rows, key=lambda row: (row["instance"], row["id"]))


def _randomness() -> Callable[[int], bytes]:
    numbers = iter(range(1, 100))
    return lambda count: bytes([next(numbers)]) * count


def ids(receiver: Receiver) -> list[tuple[str, str]]:
    return [(row["instance"], row["id"]) for row in receiver.stored()]


def error(answer: Any) -> tuple[int, str]:
    body: dict[str, Any] = answer.json
    assert sorted(body["error"]) == ["code", "message"]
    return answer.status_code, body["error"]["code"]


Make = Callable[..., Receiver]


def packed(data: bytes) -> bytes:
    """Compress without the time of day: the tests' names are made of these bytes, and must stay the same."""
    return gzip.compress(data, mtime=0)

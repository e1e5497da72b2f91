"""What the service talks to while it is measured: a Backstage, and a collector that takes its time."""

import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Event, Thread
from typing import Any

from tests.bench.ingest.portal import BATCHES, things
from tests.tokens import SigningKey, jwks


class _Peer(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - the name is the base class's
        """Say nothing."""

    def sent(self) -> bytes:
        return self.rfile.read(int(self.headers["Content-Length"]))

    def answer(self, body: object) -> None:
        content = json.dumps(body).encode()
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)


class _Backstage(_Peer):
    key: SigningKey
    catalog: Mapping[str, dict[str, Any]]

    def do_GET(self) -> None:
        is_keys = self.path.endswith("/jwks.json")
        self.answer(jwks(self.key) if is_keys else {"items": [], "totalItems": BATCHES, "pageInfo": {}})

    def do_POST(self) -> None:
        self.answer({"items": [self.catalog.get(ref) for ref in json.loads(self.sent())["entityRefs"]]})


class _SlowCollector(_Peer):
    seconds: float

    def do_POST(self) -> None:
        self.sent()
        Event().wait(self.seconds)
        self.answer({"accepted": 0})


def _people() -> Iterator[dict[str, Any]]:
    for number in range(BATCHES):
        member_of = [f"group:default/team-{number % 20}", f"group:default/unit-{number % 5}"]
        metadata = {"name": f"person{number}", "namespace": "default"}
        yield {"kind": "User", "metadata": metadata, "spec": {"memberOf": member_of}}


@contextmanager
def backstage(key: SigningKey) -> Iterator[str]:
    """Run what of a Backstage the service asks inside the `with`; gives its address."""
    entities = [*_people(), *(thing.described() for thing in things())]
    catalog = {f"{entity['kind'].lower()}:default/{entity['metadata']['name']}": entity for entity in entities}
    with _serving(type("Backstage", (_Backstage,), {"key": key, "catalog": catalog})) as url:
        yield url


@contextmanager
def slow_collector(seconds: float) -> Iterator[str]:
    """Run a collector that takes so many seconds for each batch inside the `with`; gives its address."""
    with _serving(type("Collector", (_SlowCollector,), {"seconds": seconds})) as url:
        yield url


@contextmanager
def _serving(handler: type[_Peer]) -> Iterator[str]:
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        server.daemon_threads = True
        thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_port}"
        finally:
            server.shutdown()
            thread.join()

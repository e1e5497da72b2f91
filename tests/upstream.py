"""A collector on a real socket that misbehaves on purpose, by a script."""

import gzip
import json
import socket
import ssl
import struct
import sys
from collections import Counter
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from ipaddress import IPv4Address
from pathlib import Path
from threading import Event, Lock, Thread
from typing import Any

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

MOODS = (
    "500",
    "503",  # with Retry-After
    "429",  # with Retry-After
    "reset before storing",
    "reset after storing",
    "hang",
    "late",  # stores when the client has long gone
    "half an answer",
    "redirect",  # with a body that does not end
    "rubbish",
    "flood",
    "drip",
)
_ANSWERS: dict[str, tuple[int, bytes, dict[str, str]]] = {
    "401": (401, b"who?", {}),
    "500": (500, b"broken", {}),
    "503": (503, b"later", {"Retry-After": "1"}),
    "429": (429, b"later", {"Retry-After": "1"}),
    "rubbish": (200, b"<html>Sign in</html>", {}),
    "flood": (200, b'{"accepted":1}' + b" " * 10**6, {}),
}
_DRIP_SECONDS = 0.01
_LATE_SECONDS = 0.2
_LONGEST_SECONDS = 5.0


class Upstream(ThreadingHTTPServer):
    """Stores what comes under one Idempotency-Key once, and behaves as the script has it, one mood a request.

    Args:
        script: the moods of the first requests; all others are answered as they should be.
        largest: how many events a batch may hold; more get 413. An event whose id begins with `poison` gets 422.
        tls: what it proves itself with; None speaks without TLS.
        port: where it listens; 0 is any that is free.
    """

    daemon_threads = False

    def __init__(
        self,
        script: Iterable[str] = (),
        largest: int = 10**6,
        tls: ssl.SSLContext | None = None,
        port: int = 0,
    ) -> None:
        super().__init__(("127.0.0.1", port), _Handler)
        self.url = f"{'https' if tls else 'http'}://127.0.0.1:{self.server_port}"
        if tls:
            # The handshake is the handler's: here it would hold up who comes next.
            self.socket = tls.wrap_socket(self.socket, server_side=True, do_handshake_on_connect=False)
        self.script = iter(script)
        self.largest = largest
        self.batches: dict[str, list[str]] = {}
        self.requests: list[tuple[str, str]] = []
        self.connections: list[socket.socket] = []
        self.drips = 0
        self.closing = Event()
        self._mutex = Lock()

    @property
    def events(self) -> Counter[str]:
        """How often each event is stored."""
        return Counter(id_ for ids in self.batches.values() for id_ in ids)

    def next_mood(self, key: str) -> str:
        with self._mutex:
            mood = next(self.script, "well")
            self.requests.append((mood, key))
            return mood

    def store(self, key: str, ids: list[str]) -> int:
        """Store a batch unless it is refused, and return the status."""
        if len(ids) > self.largest:
            return 413
        if any(id_.startswith("poison") for id_ in ids):
            return 422
        with self._mutex:
            assert self.batches.setdefault(key, ids) == ids
        return 200

    def hang_up(self) -> None:
        """End what is under way, so that no thread outlives the server."""
        self.closing.set()
        for connection in self.connections:
            with suppress(OSError):  # most have ended long ago
                connection.shutdown(socket.SHUT_RDWR)

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Say nothing: clients that leave early are what this server is for."""


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    timeout = _LONGEST_SECONDS
    server: Upstream

    def setup(self) -> None:
        super().setup()
        self.server.connections.append(self.connection)

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - the name is the base class's
        """Say nothing."""

    def do_POST(self) -> None:
        body = json.loads(gzip.decompress(self.rfile.read(int(self.headers["Content-Length"]))))
        key, ids = self.headers["Idempotency-Key"], [event["id"] for event in body["events"]]
        mood = self.server.next_mood(key)
        if mood in _ANSWERS:
            self.answer(*_ANSWERS[mood])
        else:
            self.misbehave(mood, key, ids)

    def misbehave(self, mood: str, key: str, ids: list[str]) -> None:
        match mood:
            case "reset before storing":
                self.reset()
            case "reset after storing":
                self.server.store(key, ids)
                self.reset()
            case "hang":
                self.server.closing.wait(_LONGEST_SECONDS)
                self.reset()
            case "late":
                self.server.closing.wait(_LATE_SECONDS)
                self.answer_by_content(key, ids)
            case "half an answer":
                self.server.store(key, ids)
                self.answer(200, b'{"accepted":', length=100)
            case "redirect":
                self.answer(307, b"", {"Location": f"{self.server.url}/elsewhere"}, length=10**9)
                self.drip()
            case "drip":
                self.answer(200, b"{", length=10**9)
                self.drip()
            case _:
                self.answer_by_content(key, ids)

    def answer_by_content(self, key: str, ids: list[str]) -> None:
        status = self.server.store(key, ids)
        self.answer(status, b'{"accepted":%d}' % len(ids) if status == 200 else b"refused")

    def answer(self, status: int, body: bytes, headers: dict[str, str] | None = None, length: int = 0) -> None:
        """Answer; a length that is more than the body's ends the connection after the body."""
        self.send_response(status)
        for name, value in (headers or {}).items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(length or len(body)))
        self.end_headers()
        self.wfile.write(body)
        self.close_connection = bool(length)

    def drip(self) -> None:
        """Send a byte now and then, until the client goes."""
        while not self.server.closing.wait(_DRIP_SECONDS):
            self.wfile.write(b" ")
            self.server.drips += 1

    def reset(self) -> None:
        """Break the connection off without a farewell."""
        self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.rfile.close()  # it holds the socket open
        self.connection.close()
        self.close_connection = True


def self_signed(directory: Path) -> ssl.SSLContext:
    """Make a certificate for 127.0.0.1 that nobody vouches for."""
    key, name = ec.generate_private_key(ec.SECP256R1()), x509.Name([])
    now = datetime.now(UTC)
    certificate = (
        x509.CertificateBuilder(name, name, key.public_key(), 1, now, now + timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.IPAddress(IPv4Address("127.0.0.1"))]), critical=True)
        .sign(key, SHA256())
    )
    file = directory / "self-signed.pem"
    secret = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    file.write_bytes(secret + certificate.public_bytes(Encoding.PEM))
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(file)
    return context


@contextmanager
def upstream(
    script: Iterable[str] = (), largest: int = 10**6, tls: ssl.SSLContext | None = None, port: int = 0
) -> Iterator[Upstream]:
    """Run a misbehaving collector inside the `with`."""
    with Upstream(script, largest, tls, port) as server:
        thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        try:
            yield server
        finally:
            server.shutdown()
            thread.join()
            server.hang_up()


class _Sink(BaseHTTPRequestHandler):
    """Takes everything and looks at nothing, so that it costs the service beside it as little as may be."""

    protocol_version = "HTTP/1.1"

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - the name is the base class's
        """Say nothing."""

    def do_POST(self) -> None:
        self.rfile.read(int(self.headers["Content-Length"]))
        self.send_response(200)
        self.send_header("Content-Length", "14")
        self.end_headers()
        self.wfile.write(b'{"accepted":0}')


if __name__ == "__main__":
    ThreadingHTTPServer(("127.0.0.1", int(sys.argv[1])), _Sink).serve_forever()

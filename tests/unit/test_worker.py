"""How long a client may take over its request; tests/e2e/test_hardening.py shows it of a service that runs."""

import socket
import struct
from collections.abc import Callable, Iterable, Iterator
from itertools import count
from typing import Any

import pytest
from gunicorn.config import Config  # type: ignore[import-untyped] # it has no types
from gunicorn.glogging import Logger  # type: ignore[import-untyped] # as above
from gunicorn.workers.gthread import TConn  # type: ignore[import-untyped] # as above

from insights_backend.web.worker import BoundedWorker, Connection
from tests.fakes import Clock

BODY = b"GET /reports HTTP/1.1\r\nHost: insights\r\n\r\n"  # what could be taken for a request
HEAD = b"POST /events HTTP/1.1\r\nHost: insights\r\nContent-Length: %d\r\n\r\n" % len(BODY)
Pair = tuple[socket.socket, socket.socket]


@pytest.fixture
def pair() -> Iterator[Pair]:
    client, server = socket.socketpair()
    with client, server:
        yield client, server


def test_a_request_may_take_its_time_and_no_longer(pair: Pair) -> None:
    clock = Clock()
    client, connection = pair[0], Connection(pair[1], clock)
    with connection:
        connection.expect(30, pace=10_000)
        client.sendall(b"ab")
        clock.now += 29
        assert (connection.recv(1), connection.is_given_up) == (b"a", False)
        clock.now += 2
        assert (connection.recv(1), connection.is_given_up) == (b"", True)


def test_a_large_body_may_come_over_a_slow_line(pair: Pair) -> None:
    clock = Clock()
    client, connection = pair[0], Connection(pair[1], clock)
    with connection:
        connection.expect(30, pace=1000)
        for _ in range(100):
            client.sendall(bytes(2000))
            clock.now += 2
            assert len(connection.recv(2000)) == 2000
        clock.now += 31
        assert connection.recv(2000) == b""


def test_the_next_request_has_its_time_again(pair: Pair) -> None:
    clock = Clock()
    client, connection = pair[0], Connection(pair[1], clock)
    with connection:
        connection.expect(30, pace=10_000)
        clock.now += 60  # between requests, as an answer may take
        connection.expect(30, pace=10_000)
        client.sendall(b"a")
        assert (connection.recv(1), connection.is_given_up) == (b"a", False)


def test_a_client_that_sends_nothing_is_given_up_after_as_long_as_a_read_may_wait(pair: Pair) -> None:
    pair[1].setsockopt(socket.SOL_SOCKET, socket.SO_RCVTIMEO, struct.pack("ll", 0, 10_000))
    connection = Connection(pair[1], Clock())
    with connection:
        connection.expect(30, pace=10_000)
        assert (connection.recv(1), connection.is_given_up) == (b"", True)


class Service:
    """A worker that serves the requests of one connection in this thread; a body comes once its head was read."""

    def __init__(self, client: socket.socket, server: socket.socket, monotonic: Callable[[], float]) -> None:
        settings = Config()
        self.served: list[tuple[str, bytes]] = []
        self._client = client
        self._conn = TConn(settings, server, ("127.0.0.1", 1), ("127.0.0.1", 2))
        self._worker = BoundedWorker(0, 0, [], None, 30, settings, Logger(settings))
        self._worker.monotonic = monotonic
        self._worker.wsgi = self._app

    def serve(self) -> bool:
        """Serve one request, and tell whether the connection may be used again."""
        return bool(self._worker.handle(self._conn))

    def close(self) -> None:
        self._conn.close()
        self._worker.tmp.close()

    def _app(self, environ: dict[str, Any], start_response: Callable[..., object]) -> Iterable[bytes]:
        self._client.sendall(BODY)
        self.served.append((environ["PATH_INFO"], environ["wsgi.input"].read(len(BODY))))
        start_response("200 OK", [("Content-Length", "0")])
        return []


@pytest.mark.parametrize(
    ("seconds", "served", "kept"),
    [(1, [("/events", BODY)], True), (20, [("/events", b"")], False), (40, [], False)],
    ids=["in time", "the body too late", "the head too late"],
)
def test_a_connection_is_not_used_again_after_half_a_request(
    pair: Pair, seconds: int, served: list[tuple[str, bytes]], kept: bool
) -> None:
    looks = count(0, seconds)
    service = Service(*pair, lambda: float(next(looks)))
    pair[0].sendall(HEAD)
    assert service.serve() is kept
    service.close()
    assert service.served == served

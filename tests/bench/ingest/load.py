"""A closed loop over keep-alive connections: each sends its next request as soon as the last one is answered.

One thread on bare sockets, since the load shares the machine with what it measures.
"""

import selectors
import socket
import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field
from itertools import count

from tests.bench.ingest.portal import Batch

_ANSWER_BYTES = 65_536
_LONGEST_SECONDS = 30.0

numbers = count()
"""Each request of a run has a number of its own, so that no event comes twice."""


@dataclass
class Load:
    """What was sent and answered.

    Args:
        events: of the requests that were answered 2xx.
        seconds: from the first request to the last answer.
        latencies: of each answered request, in seconds.
        statuses: how often each came.
    """

    events: int = 0
    seconds: float = 0.0
    latencies: list[float] = field(default_factory=list)
    statuses: Counter[int] = field(default_factory=Counter)

    def percentile(self, share: float) -> float:
        """The latency that a share of the requests stayed below, in seconds."""
        return sorted(self.latencies)[min(len(self.latencies) - 1, int(len(self.latencies) * share))]


class _Connection:
    """One keep-alive connection, and the request that is under way on it."""

    def __init__(self, port: int) -> None:
        self.socket = socket.create_connection(("127.0.0.1", port), timeout=_LONGEST_SECONDS)
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.batch: Batch | None = None
        self.began = 0.0
        self.answer = b""

    def send(self, batch: Batch, path: str) -> None:
        self.batch, self.answer = batch, b""
        request = batch.request(path, next(numbers))
        self.began = time.perf_counter()
        self.socket.sendall(request)

    def receive(self) -> int | None:
        """Read what has come; the status once the answer is whole."""
        came = self.socket.recv(_ANSWER_BYTES)
        assert came, f"the connection was closed after {self.answer!r}"
        self.answer += came
        head, end, body = self.answer.partition(b"\r\n\r\n")
        length = head.lower().partition(b"content-length: ")[2].partition(b"\r\n")[0]
        return int(head[9:12]) if end and len(body) >= int(length) else None


def send(port: int, path: str, batches: Sequence[Batch], *, connections: int, seconds: float, least: int = 0) -> Load:
    """Send for some seconds, and wait for the last answers.

    Args:
        port: where, on loopback.
        path: the route.
        batches: what, each in its turn.
        connections: how many requests are under way at once.
        seconds: for how long.
        least: how many requests at least, however long that takes.
    """
    load = Load()
    with ExitStack() as stack, selectors.DefaultSelector() as selector:
        turns = _turns(batches)
        began = time.perf_counter()
        for _ in range(connections):
            connection = _Connection(port)
            stack.callback(connection.socket.close)
            selector.register(connection.socket, selectors.EVENT_READ, connection)
            connection.send(next(turns), path)
        end = began + seconds
        _exchange(selector, load, turns, path, lambda: time.perf_counter() < end or len(load.latencies) < least)
        load.seconds = time.perf_counter() - began
    return load


def _turns(batches: Sequence[Batch]) -> Iterator[Batch]:
    while True:
        yield from batches


def _exchange(
    selector: selectors.BaseSelector, load: Load, turns: Iterator[Batch], path: str, goes_on: Callable[[], bool]
) -> None:
    while selector.get_map():
        ready = selector.select(_LONGEST_SECONDS)
        assert ready, f"no answer for {_LONGEST_SECONDS} s"
        for key, _ in ready:
            connection: _Connection = key.data
            status = connection.receive()
            if status is None:
                continue
            _note(load, connection, status)
            if goes_on():
                connection.send(next(turns), path)
            else:
                selector.unregister(connection.socket)


def _note(load: Load, connection: _Connection, status: int) -> None:
    load.latencies.append(time.perf_counter() - connection.began)
    load.statuses[status] += 1
    assert connection.batch
    assert status in {200, 202}, connection.answer
    load.events += connection.batch.events

"""gunicorn's worker, with a bound on how long a client may take to send its request, and discreet about what is none.

gunicorn reads a request in the thread that answers it, and waits for each piece anew: a client that sends a byte now
and then would keep the thread for good. What is no request it quotes, in its answer and in its log.
"""

import logging
import socket
import time
from collections.abc import Callable
from contextlib import suppress
from ssl import SSLError
from typing import Any

import orjson
from gunicorn.http import errors  # type: ignore[import-untyped] # it has no types
from gunicorn.workers.gthread import ThreadWorker  # type: ignore[import-untyped] # as above
from werkzeug.exceptions import default_exceptions

from insights_backend.web.problems import code_of, log_unexpected

_log = logging.getLogger(__name__)

_STATUS = {
    errors.LimitRequestLine: 414,
    errors.LimitRequestHeaders: 431,
    errors.ExpectationFailed: 417,
    errors.UnsupportedTransferCoding: 501,
}


class Connection(socket.socket):
    """A client's connection on which nothing more is heard once the time for a request is over.

    Whoever reads takes the client for gone.

    Args:
        accepted: the connection as it was accepted; it is taken over.
        monotonic: the time in seconds.
    """

    def __init__(self, accepted: socket.socket, monotonic: Callable[[], float]) -> None:
        super().__init__(fileno=accepted.detach())
        self._monotonic = monotonic
        self._deadline = 0.0
        self._pace = 1
        self.is_given_up = False

    def expect(self, seconds: float, pace: int) -> None:
        """Give the next request its time.

        Args:
            seconds: how long it may take, whatever it is.
            pace: bytes for which it may take a second more.
        """
        self._deadline = self._monotonic() + seconds
        self._pace = pace

    def recv(self, size: int, flags: int = 0, /) -> bytes:
        """Receive what has come; nothing where the time is over, or where none comes for as long as a read may wait."""
        received = self._received(size, flags)
        if received is None:
            self.is_given_up = True
            return b""
        self._deadline += len(received) / self._pace
        return received

    def _received(self, size: int, flags: int) -> bytes | None:
        if self._monotonic() > self._deadline:
            return None
        try:
            return super().recv(size, flags)
        except BlockingIOError:  # what SO_RCVTIMEO makes of a read that waited in vain
            return None


class BoundedWorker(ThreadWorker):  # type: ignore[misc] # as above
    """A threaded worker that lets clients go which do not get on with their request.

    Where gunicorn itself ends TLS nothing is bounded: that is a proxy's work, which then reads requests whole.
    """

    request_seconds = 30.0
    """How long a request may take to come in, head and body."""

    bytes_per_second = 10_000
    """For as many bytes it may take a second more, so that a large body may come over a slow line."""

    monotonic = staticmethod(time.monotonic)
    """The time in seconds."""

    def handle(self, conn: Any) -> Any:
        """Read and answer one request, or wait for one that has not begun.

        Returns:
            Whether the connection may be used again; never after half a request, since the other half would be taken
            for the next one.
        """
        if self.cfg.is_ssl:
            return super().handle(conn)
        if not conn.initialized:
            conn.sock = Connection(conn.sock, self.monotonic)
        client = conn.sock
        client.expect(self.request_seconds, self.bytes_per_second)
        kept = super().handle(conn)
        return False if client.is_given_up else kept

    def handle_error(self, req: Any, client: socket.socket, addr: Any, exc: Exception) -> None:  # noqa: ARG002 - theirs
        """Answer what is no request, in the shape of all errors; neither answer nor log says what it was."""
        if isinstance(exc, (errors.ParseException, SSLError)):
            status = _STATUS.get(type(exc), 400)
            _log.warning("a request was refused: %s", type(exc).__name__)
        else:
            status = 500
            log_unexpected(exc)
        with suppress(OSError):  # the client has gone
            client.sendall(_refusal(status))


def _refusal(status: int) -> bytes:
    error = default_exceptions[status]()
    body = orjson.dumps({"error": {"code": code_of(error), "message": error.description}})
    head = f"HTTP/1.1 {status} {error.name}\r\nConnection: close\r\nContent-Type: application/json\r\n"
    return f"{head}Content-Length: {len(body)}\r\n\r\n".encode() + body

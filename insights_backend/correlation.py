"""Which request is being handled: its id and its trace, for log lines and for the requests that are made meanwhile."""

from contextvars import ContextVar
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Correlation:
    """What a request is known by.

    Args:
        request_id: hex digits, those of the sender or our own.
        traceparent: the sender's place in a trace (W3C, "Trace Context"), if it has one.
    """

    request_id: str
    traceparent: str | None

    @property
    def trace_id(self) -> str | None:
        """The trace that it belongs to."""
        return self.traceparent.split("-")[1] if self.traceparent else None

    def headers(self) -> dict[str, str]:
        """Write what requests that are made meanwhile are known by."""
        trace = {"traceparent": self.traceparent} if self.traceparent else {}
        return {"X-Request-Id": self.request_id, **trace}


_current: ContextVar[Correlation | None] = ContextVar("correlation", default=None)


def current() -> Correlation | None:
    """Return what the request is known by that this thread handles; None where it handles none."""
    return _current.get()


def begin(correlation: Correlation) -> None:
    """Say which request this thread handles from now on."""
    _current.set(correlation)


def end() -> None:
    """Say that it handles none any more."""
    _current.set(None)

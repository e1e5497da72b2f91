"""What tests of the outbox open it by, and put into it."""

from collections.abc import Callable

from insights_backend.delivery.outbox import Outbox

Open = Callable[..., Outbox]


def append(outbox: Outbox, lines: bytes = b'{"id":"1"}\n', events: int = 1) -> int:
    return outbox.append(lines, events=events, received_at=7)

"""Where events go: the warehouse of this process, or a service that they are uploaded to."""

import logging
import re
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Protocol

from insights_backend.delivery.packing import unpacked
from insights_backend.errors import UnavailableError
from insights_backend.model.total_users import TotalUsers

_log = logging.getLogger(__name__)

# Of what JSON leaves as it is: what commands a terminal (ISO 6429), ends a line, or turns one around (Unicode).
_COMMANDS = re.compile("[\x7f-\x9f\u2028\u2029\u202a-\u202e\u2066-\u2069]")


@dataclass(frozen=True, slots=True)
class Batch:
    """What goes to a destination at once.

    Args:
        id: its name, which outlives a crash: delivered twice under one id, it is stored once.
        last_request: the highest outbox row in it.
        events: how many events it holds.
        stored: the events of each request, as the outbox keeps them.
        keys: the numbers that a warehouse knows them by, as `model/event_key.py` makes them; None where nobody has yet.
        digest: of the numbers of all that the batch held when it was first delivered, where some has been taken out of
            it since, such as a person or what a disk has damaged; None is of those it holds now.
    """

    id: str
    last_request: int
    events: int
    stored: Sequence[bytes]
    keys: bytes | None = None
    digest: str | None = None

    @classmethod
    def of(cls, id_: str, last_request: int, events: int, lines: bytes) -> "Batch":
        """Make a batch of newline-delimited JSON, each line ended."""
        return cls(id_, last_request, events, (lines,))

    def pieces(self) -> Iterator[bytes]:
        """Yield the events as newline-delimited JSON, each line ended; a request's at a time."""
        return map(unpacked, self.stored)

    @property
    def lines(self) -> bytes:
        """All of the events at once."""
        return b"".join(self.pieces())


@dataclass(frozen=True, slots=True)
class DeadLetter:
    """Events that a destination refuses for good.

    Args:
        reason: why, as a short code such as `http_422` or `warehouse_41`.
        events: how many there are.
        lines: the events as newline-delimited JSON, each line ended.
    """

    reason: str
    events: int
    lines: bytes


def log_refused(by: str, letters: Iterable[DeadLetter]) -> None:
    """Say in the log how many events a destination refuses for good, by reason; nothing where it takes all.

    Args:
        by: what the destination is called.
        letters: the events.
    """
    counts: Counter[str] = Counter()
    for letter in letters:
        counts[letter.reason] += letter.events
    for reason, events in sorted(counts.items()):
        _log.error("%s refused %d events for good (%s): dead letters", by, events, reason)


def for_people(lines: bytes) -> str:
    """Write events so that nothing in them breaks a line or commands a terminal; as JSON they say the same."""
    return _COMMANDS.sub(lambda found: f"\\u{ord(found[0]):04x}", lines.decode())


class DeliveryError(UnavailableError):
    """A destination could not take a batch now; it stays in the outbox and is tried again."""

    code = "delivery_failed"


class Destination(Protocol):
    """Takes batches, each exactly once by its id."""

    @property
    def batch_events(self) -> int:
        """How many events it takes at once at best."""
        ...

    def deliver(self, batch: Batch) -> Sequence[DeadLetter]:
        """Store a batch for good; returns when it is.

        Returns:
            The events of it that will never be taken; all others are stored.

        Raises:
            DeliveryError: not now; the whole batch is to be delivered again, under the same id.
        """
        ...


class DebugLog:
    """The destination of `debug: true`: says in the log what would be sent, and sends nothing."""

    batch_events = 1000

    def deliver(self, batch: Batch) -> Sequence[DeadLetter]:
        """Log the redacted events of a batch, a line each."""
        for piece in batch.pieces():
            for line in piece.splitlines():
                _log.info("debug: would send %s", for_people(line))
        return ()

    def record_total_users(self, total: TotalUsers) -> None:
        """Log how many people could use the portal."""
        _log.info("debug: would record %d total users", total.number)

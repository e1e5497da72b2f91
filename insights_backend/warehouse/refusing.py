"""Which events the engine cannot read, so that they hold up no others.

They are found by reading alone: what the engine is tried with here goes nowhere. A refused insert says neither that the
events are at fault, since a view that somebody else has made of them may have refused, nor that nothing of it was
stored, since such a view is filled after the events are.
"""

from collections.abc import Iterator, Mapping, Sequence
from itertools import islice

from insights_backend.delivery.destination import DeadLetter
from insights_backend.errors import InsightsError
from insights_backend.warehouse.engine import Engine
from insights_backend.warehouse.failures import UnreadableError

_AT_ONCE = 100  # to find one takes up to thirty looks


class UnreadableEventsError(InsightsError):
    """Events of a batch can never be stored; nothing of it was.

    Args:
        letters: those events, each by itself; there may be more, which come out when these have been taken out.
    """

    code = "unreadable_events"

    def __init__(self, letters: Sequence[DeadLetter]) -> None:
        super().__init__(f"the warehouse cannot read {len(letters)} events; send the others without them")
        self.letters = letters


def check_readable(engine: Engine, lines: Sequence[bytes], columns: Mapping[str, str]) -> None:
    """Look whether the engine can read events.

    Args:
        engine: reads them.
        lines: the events, a line each.
        columns: as what they are read.

    Raises:
        UnreadableEventsError: some cannot be read; the reason is `warehouse_` and the engine's error code.
        WarehouseUnavailableError: it cannot be found out now.
    """
    letters = list(islice(_unreadable(engine, lines, columns), _AT_ONCE))
    if letters:
        raise UnreadableEventsError(letters)


def _unreadable(engine: Engine, lines: Sequence[bytes], columns: Mapping[str, str]) -> Iterator[DeadLetter]:
    """Find the lines that cannot be read: by halves, until each is alone."""
    try:
        engine.try_reading(lines, columns)
    except UnreadableError as error:
        if len(lines) == 1:
            yield DeadLetter(f"warehouse_{error.engine_code}", 1, lines[0])
        else:
            middle = len(lines) // 2
            yield from _unreadable(engine, lines[:middle], columns)
            yield from _unreadable(engine, lines[middle:], columns)

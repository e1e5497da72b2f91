"""What these tests share: the outbox of a test's own directory."""

from collections.abc import Iterator
from contextlib import ExitStack, closing
from pathlib import Path

import pytest

from insights_backend.delivery.outbox import Outbox
from tests.fakes import Clock
from tests.outboxes import Open


@pytest.fixture
def open_outbox(tmp_path: Path) -> Iterator[Open]:
    """Open the same outbox as often as a test likes; each is closed when the test ends."""
    with ExitStack() as stack:

        def open_(max_bytes: int = 1000, directory: Path = tmp_path, clock: Clock | None = None) -> Outbox:
            return stack.enter_context(closing(Outbox(directory, max_bytes=max_bytes, clock=clock or Clock())))

        yield open_


@pytest.fixture
def outbox(open_outbox: Open) -> Outbox:
    return open_outbox()

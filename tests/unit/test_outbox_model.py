"""The outbox against a plain model of it, over any order of requests, deliveries, refusals, crashes and restarts."""

import tempfile
from pathlib import Path

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from insights_backend.delivery.destination import Batch, DeadLetter
from insights_backend.delivery.outbox import Outbox
from insights_backend.errors import UnavailableError
from tests.fakes import Clock

MAX_BYTES = 400
MAX_EVENTS = 4


class OutboxAgainstModel(RuleBasedStateMachine):
    """The model: requests that wait, the batch under way, what was stored by batch id, and what was refused."""

    def __init__(self) -> None:
        super().__init__()
        self.directory = tempfile.TemporaryDirectory()
        self.clock = Clock()
        self.outbox = self.opened()
        self.waiting: list[list[str]] = []
        self.under_way: tuple[str, list[list[str]]] | None = None
        self.stored: dict[str, bytes] = {}
        self.dead: list[str] = []
        self.accepted: list[str] = []
        self.number = 0

    def opened(self) -> Outbox:
        return Outbox(Path(self.directory.name), max_bytes=MAX_BYTES, clock=self.clock)

    def teardown(self) -> None:
        self.outbox.close()
        self.directory.cleanup()

    @initialize()
    def begin_empty(self) -> None:
        assert self.outbox.claim(max_events=MAX_EVENTS) is None

    def held(self) -> list[str]:
        return [event for request in self.waiting for event in request]

    @rule(events=st.integers(1, 6))
    def append(self, events: int) -> None:
        names = [f"{100_000 + self.number + n}" for n in range(events)]
        self.number += events
        lines = "".join(f"{name}\n" for name in names).encode()
        room = 7 * len(self.held()) + len(lines) <= MAX_BYTES
        try:
            self.outbox.append(lines, events=events, received_at=0)
        except UnavailableError:
            assert not room
        else:
            assert room
            self.waiting.append(names)
            self.accepted += names

    def claimed(self) -> Batch | None:
        """Claim, and check that it is what the model says."""
        batch = self.outbox.claim(max_events=MAX_EVENTS)
        if self.under_way is None and self.waiting:
            assert batch is not None
            taken: list[list[str]] = []
            while len(taken) < len(self.waiting):
                request = self.waiting[len(taken)]
                if taken and sum(map(len, taken)) + len(request) > MAX_EVENTS:
                    break
                taken.append(request)
            assert batch.id not in self.stored
            self.under_way = (batch.id, taken)
        if self.under_way is None:
            assert batch is None
            return None
        name, requests = self.under_way
        assert batch is not None
        assert batch.id == name
        assert batch.lines.decode().split() == [event for request in requests for event in request]
        assert batch.events == sum(map(len, requests))
        return batch

    @rule()
    def claim_and_fail(self) -> None:
        self.claimed()

    @rule(refused=st.integers(0, 2))
    def deliver(self, refused: int) -> None:
        batch = self.claimed()
        if batch is None:
            return
        lines = batch.lines.splitlines(keepends=True)
        letters = [DeadLetter("http_422", 1, line) for line in lines[:refused]]
        self.store(batch.id, b"".join(lines[refused:]))
        self.outbox.arrived(batch, letters)
        self.dead += [letter.lines.decode().strip() for letter in letters]
        self.forget()

    @rule()
    def deliver_and_crash_before_saying_so(self) -> None:
        batch = self.claimed()
        if batch is not None:
            self.store(batch.id, batch.lines)
        self.restart()

    @rule()
    def restart(self) -> None:
        self.outbox.close()
        self.outbox = self.opened()

    @precondition(lambda self: self.dead)
    @rule()
    def requeue(self) -> None:
        assert self.outbox.requeue() == len(self.dead)
        self.waiting += [[name] for name in self.dead]
        self.dead = []

    @rule(seconds=st.integers(-100_000, 100_000))
    def the_clock_jumps(self, seconds: int) -> None:
        self.clock.now += seconds

    def store(self, name: str, lines: bytes) -> None:
        """A destination stores the same id once."""
        self.stored.setdefault(name, lines)

    def forget(self) -> None:
        assert self.under_way is not None
        del self.waiting[: len(self.under_way[1])]
        self.under_way = None

    @invariant()
    def what_waits_is_known(self) -> None:
        backlog = self.outbox.backlog()
        assert backlog.requests == len(self.waiting)
        assert backlog.events == len(self.held())
        assert backlog.bytes == 7 * len(self.held())
        assert [letter.lines.decode().strip() for letter in self.outbox.dead_letters()] == self.dead

    @invariant()
    def every_accepted_event_is_somewhere(self) -> None:
        stored = {name for lines in self.stored.values() for name in lines.decode().split()}
        assert stored | set(self.held()) | set(self.dead) == set(self.accepted)


TestOutboxAgainstModel = OutboxAgainstModel.TestCase
TestOutboxAgainstModel.settings = settings(max_examples=40, stateful_step_count=30)

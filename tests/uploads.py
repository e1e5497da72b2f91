"""An outbox that is drained to a collector which fails in every way, and the count afterwards."""

import time
from collections import Counter
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from itertools import cycle, repeat
from pathlib import Path
from random import Random

from insights_backend.delivery.destination import DeadLetter
from insights_backend.delivery.dispatcher import Dispatcher
from insights_backend.delivery.exchange import CollectorClient
from insights_backend.delivery.formats import InsightsFormat
from insights_backend.delivery.outbox import Outbox
from insights_backend.delivery.retry import MAX_RETRY_AFTER, RetryPolicy
from insights_backend.delivery.uploader import Uploader
from insights_backend.errors import UnavailableError
from insights_backend.http_client import DirectSession
from tests.fakes import Clock
from tests.upstream import MOODS, Upstream, self_signed, upstream

_REQUEST = 100
_RESTARTS = 0.3


class SkippingClock:
    """A clock that runs, and that sleepers put forward rather than wait."""

    def __init__(self) -> None:
        self._skipped = 0.0

    def __call__(self) -> float:
        return time.monotonic() + self._skipped

    def sleep(self, seconds: float) -> None:
        self._skipped += seconds


@dataclass(frozen=True)
class Course:
    """What happened: the ids that were sent, the collector, one that must get nothing, and what was refused."""

    ids: list[str]
    server: Upstream
    impostor: Upstream
    buried: list[DeadLetter]


def uploader(url: str, session: DirectSession, clock: SkippingClock, timeout: float = 0.1) -> Uploader:
    collector = CollectorClient(
        url,
        "very-secret-token",
        upload_format=InsightsFormat(),
        session=session,
        version="1.2.3",
        monotonic=clock,
        clock=time.time,
    )
    return Uploader(
        collector,
        policy=RetryPolicy(retries=5, deadline=60.0),
        timeout=timeout,
        monotonic=clock,
        sleep=clock.sleep,
        random=Random(1),  # noqa: S311 - spreads retries
    )


def line(id_: str) -> bytes:
    return b'{"id":"%s"}\n' % id_.encode()


def script(seed: int) -> Iterator[str]:
    """Misbehave in each way at least once, and later in every fifth request or so."""
    random = Random(seed)  # noqa: S311 - a script that can be repeated
    yield from random.sample([*MOODS, "401"], len(MOODS) + 1)
    while True:
        yield random.choice(MOODS) if random.random() < 0.2 else "well"


def upload_through_faults(directory: Path, *, events: int, seed: int) -> Course:
    """Upload events, of which the collector refuses some for good, through misbehaviour, wrong TLS and restarts."""
    random, clock = Random(seed), SkippingClock()  # noqa: S311 - a course of events that can be repeated
    ids = [f"poison{n}" if n % 811 == 5 else f"good{n}" for n in range(events)]
    waiting = [ids[start : start + _REQUEST] for start in range(0, events, _REQUEST)]
    with ExitStack() as stack:
        server = stack.enter_context(upstream(script(seed), largest=250))
        impostor = stack.enter_context(upstream(tls=self_signed(directory)))
        session = stack.enter_context(DirectSession())
        session.trust_env = False  # no proxy stands before loopback
        outbox = Outbox(directory, max_bytes=10**8, clock=Clock())
        stack.callback(outbox.close)
        # Each is a restart, which forgets what was found out about a batch; some have a wrong address.
        destination = uploader(server.url, session, clock)
        addresses = cycle([server.url, server.url.replace("http:", "https:"), server.url, impostor.url, server.url])
        while waiting or outbox.backlog().requests:
            for request in waiting[:4]:
                outbox.append(b"".join(map(line, request)), events=len(request), received_at=0)
            del waiting[:4]
            if random.random() < _RESTARTS:
                destination = uploader(next(addresses), session, clock)
            Dispatcher(outbox=outbox, destination=destination, monotonic=clock, random=random).drain()
            clock.sleep(MAX_RETRY_AFTER)
        return Course(ids, server, impostor, list(outbox.dead_letters()))


def check_course(course: Course) -> None:
    """Hold the promise against what happened: each good event once, each bad one in a grave of its own."""
    assert course.server.events == Counter(id_ for id_ in course.ids if id_.startswith("good"))
    assert set(course.server.events.values()) == {1}
    assert course.impostor.requests == []
    assert course.impostor.connections
    assert course.buried == [DeadLetter("http_422", 1, line(id_)) for id_ in course.ids if id_.startswith("poison")]
    assert {mood for mood, _ in course.server.requests} == {*MOODS, "401", "well"}


@dataclass(frozen=True)
class Outage:
    """What happened: the events that were accepted, in order, those refused, and what the collector stored."""

    accepted: list[str]
    refused: list[str]
    stored: list[str]
    most_bytes: int


def outage(directory: Path, *, seconds: int, max_bytes: int) -> Outage:
    """Send a request a second while the collector resets every connection, then let it recover."""
    clock, accepted, refused, most = SkippingClock(), list[str](), list[str](), 0
    with upstream(repeat("reset before storing")) as server, DirectSession() as session, ExitStack() as stack:
        session.trust_env = False  # no proxy stands before loopback
        outbox = Outbox(directory, max_bytes=max_bytes, clock=Clock())
        stack.callback(outbox.close)
        destination = uploader(server.url, session, clock)
        dispatcher = Dispatcher(outbox=outbox, destination=destination, monotonic=clock, random=Random(1))  # noqa: S311 - spreads retries
        for second in range(seconds):
            ids = [f"{second}-{n}" for n in range(10)]
            try:
                dispatcher.offer(outbox.append(b"".join(map(line, ids)), events=len(ids), received_at=second * 1000))
            except UnavailableError:
                refused += ids
            else:
                accepted += ids
            most = max(most, outbox.backlog().bytes)
            clock.sleep(1.0)
            if second % 30 == 0:  # the longest pause of the background thread
                dispatcher.drain()
        server.script = iter(())
        for _ in range(5):
            clock.sleep(MAX_RETRY_AFTER)
            dispatcher.drain()
        return Outage(accepted, refused, [id_ for ids in server.batches.values() for id_ in ids], most)


def check_outage(outage: Outage, max_bytes: int) -> None:
    """Hold the promise: what fitted was kept and arrived in order, the rest was refused."""
    assert outage.refused
    assert outage.most_bytes <= max_bytes
    assert outage.stored == outage.accepted

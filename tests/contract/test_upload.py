"""Uploading to a collector on a real socket that fails in every way that sockets and servers do."""

import time
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from random import Random

import pytest
import requests

from insights_backend.delivery.destination import Batch, DeadLetter, DeliveryError
from insights_backend.delivery.dispatcher import Dispatcher
from insights_backend.delivery.outbox import Outbox
from insights_backend.delivery.retry import MAX_RETRY_AFTER, RetryPolicy
from insights_backend.delivery.uploader import Uploader
from tests.fakes import Clock
from tests.upstream import MOODS, upstream


class SkippingClock:
    """A clock that runs, and that sleepers put forward rather than wait."""

    def __init__(self) -> None:
        self._skipped = 0.0

    def __call__(self) -> float:
        return time.monotonic() + self._skipped

    def sleep(self, seconds: float) -> None:
        self._skipped += seconds


def uploader(url: str, session: requests.Session, clock: SkippingClock, timeout: float = 0.1) -> Uploader:
    return Uploader(
        url,
        "very-secret-token",
        session=session,
        policy=RetryPolicy(retries=5, deadline=60.0),
        timeout=timeout,
        version="1.2.3",
        monotonic=clock,
        clock=time.time,
        sleep=clock.sleep,
        random=Random(1),  # noqa: S311 - spreads retries
    )


@pytest.fixture
def session() -> Iterator[requests.Session]:
    with requests.Session() as session:
        session.trust_env = False  # no proxy stands before loopback
        yield session


def line(id_: str) -> bytes:
    return b'{"id":"%s"}\n' % id_.encode()


BATCH = Batch("b1", 1, 2, line("a") + line("b"))


@pytest.mark.parametrize("mood", MOODS)
def test_whatever_goes_wrong_once_the_batch_arrives_once(mood: str, session: requests.Session) -> None:
    clock = SkippingClock()
    with upstream([mood]) as server:
        assert list(uploader(server.url, session, clock).deliver(BATCH)) == []
    assert server.requests[:2] == [(mood, "b1"), ("well", "b1")]
    assert server.events == {"a": 1, "b": 1}


@pytest.mark.parametrize("mood", ["drip", "redirect"])
def test_an_answer_without_an_end_is_not_waited_for(mood: str, session: requests.Session) -> None:
    with upstream([mood]) as server:
        uploader(server.url, session, SkippingClock()).deliver(BATCH)
        assert server.drips < 500


def test_batches_share_one_connection(session: requests.Session) -> None:
    with upstream() as server:
        sender = uploader(server.url, session, SkippingClock(), timeout=5.0)
        for number in range(5):
            sender.deliver(Batch(f"b{number}", number, 1, line(str(number))))
    assert len(server.connections) == 1


def test_a_collector_without_tls_is_not_spoken_to_at_an_https_address(session: requests.Session) -> None:
    with upstream() as server, pytest.raises(DeliveryError, match="SSLError"):
        uploader(server.url.replace("http:", "https:"), session, SkippingClock()).deliver(BATCH)
    assert server.requests == []


def test_nobody_at_the_address_is_a_failure_to_deliver(session: requests.Session) -> None:
    with upstream() as server:
        gone = server.url
    with pytest.raises(DeliveryError, match=r"127\.0\.0\.1:\d+ gave no whole answer \(ConnectionError\)"):
        uploader(gone, session, SkippingClock()).deliver(BATCH)


def script(seed: int) -> Iterator[str]:
    """Misbehave in each way at least once, and later in every tenth request or so."""
    random = Random(seed)  # noqa: S311 - a script that can be repeated
    yield from random.sample([*MOODS, "401"], len(MOODS) + 1)
    while True:
        yield random.choice(MOODS) if random.random() < 0.1 else "well"


def test_through_every_misbehaviour_and_restarts_each_event_arrives_exactly_once(
    tmp_path: Path, session: requests.Session
) -> None:
    random = Random(7)  # noqa: S311 - a course of events that can be repeated
    clock = SkippingClock()
    outbox = Outbox(tmp_path, max_bytes=10**8, clock=Clock())
    ids = [f"poison{n}" if n % 811 == 5 else f"good{n}" for n in range(4000)]
    waiting = [ids[start : start + 100] for start in range(0, len(ids), 100)]
    with upstream(script(7), largest=250) as server:
        destination = uploader(server.url, session, clock)
        while waiting or outbox.backlog().requests:
            for request in waiting[:4]:
                outbox.append(b"".join(map(line, request)), events=len(request), received_at=0)
            del waiting[:4]
            if random.random() < 0.1:  # a restart forgets what was found out about a batch
                destination = uploader(server.url, session, clock)
            Dispatcher(outbox=outbox, destination=destination, monotonic=clock, random=random).drain()
            clock.sleep(MAX_RETRY_AFTER)
    assert server.events == Counter(id_ for id_ in ids if id_.startswith("good"))
    assert set(server.events.values()) == {1}
    buried = [DeadLetter("http_422", 1, line(id_)) for id_ in ids if id_.startswith("poison")]
    assert list(outbox.dead_letters()) == buried
    assert {mood for mood, _ in server.requests} == {*MOODS, "401", "well"}
    outbox.close()

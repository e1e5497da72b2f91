"""Uploading to a collector on a real socket that fails in every way that sockets and servers do."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from insights_backend.delivery.destination import Batch, DeliveryError
from insights_backend.http_client import DirectSession
from tests.uploads import SkippingClock, check_course, line, upload_through_faults, uploader
from tests.upstream import MOODS, self_signed, upstream


@pytest.fixture
def session() -> Iterator[DirectSession]:
    with DirectSession() as session:
        session.trust_env = False  # no proxy stands before loopback
        yield session


BATCH = Batch.of("b1", 1, 2, line("a") + line("b"))


@pytest.mark.parametrize("mood", MOODS)
def test_whatever_goes_wrong_once_the_batch_arrives_once(mood: str, session: DirectSession) -> None:
    clock = SkippingClock()
    with upstream([mood]) as server:
        assert list(uploader(server.url, session, clock).deliver(BATCH)) == []
    assert server.requests[:2] == [(mood, "b1"), ("well", "b1")]
    assert server.events == {"a": 1, "b": 1}


@pytest.mark.parametrize("mood", ["drip", "redirect"])
def test_an_answer_without_an_end_is_not_waited_for(mood: str, session: DirectSession) -> None:
    with upstream([mood]) as server:
        uploader(server.url, session, SkippingClock()).deliver(BATCH)
        assert server.drips < 500


def test_batches_share_one_connection(session: DirectSession) -> None:
    with upstream() as server:
        sender = uploader(server.url, session, SkippingClock(), timeout=5.0)
        for number in range(5):
            sender.deliver(Batch.of(f"b{number}", number, 1, line(str(number))))
    assert len(server.connections) == 1


def test_a_collector_without_tls_is_not_spoken_to_at_an_https_address(session: DirectSession) -> None:
    with upstream() as server, pytest.raises(DeliveryError, match="SSLError"):
        uploader(server.url.replace("http:", "https:"), session, SkippingClock()).deliver(BATCH)
    assert server.requests == []


def test_nobody_at_the_address_is_a_failure_to_deliver(session: DirectSession) -> None:
    with upstream() as server:
        gone = server.url
    with pytest.raises(DeliveryError, match=r"127\.0\.0\.1:\d+ gave no whole answer \(ConnectionError\)"):
        uploader(gone, session, SkippingClock()).deliver(BATCH)


def test_a_collector_whose_certificate_nobody_vouches_for_gets_nothing(tmp_path: Path, session: DirectSession) -> None:
    with upstream(tls=self_signed(tmp_path)) as server, pytest.raises(DeliveryError, match="SSLError"):
        uploader(server.url, session, SkippingClock(), timeout=5.0).deliver(BATCH)
    assert server.requests == []


def test_through_every_misbehaviour_and_restarts_each_event_arrives_exactly_once(tmp_path: Path) -> None:
    check_course(upload_through_faults(tmp_path, events=3000, seed=7))

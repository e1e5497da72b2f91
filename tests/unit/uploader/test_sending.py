"""A batch is one request, which is made again while that can help and there is time."""

import gzip
import json
from email.utils import formatdate
from pathlib import Path
from typing import Any

import pytest
import requests
import responses

from insights_backend.delivery.destination import Batch
from insights_backend.delivery.exchange import MAX_ANSWER_BYTES
from insights_backend.errors import ConfigError
from insights_backend.http_client import DirectSession
from insights_backend.model.total_users import TotalUsers
from tests.unit.uploader.sender import ACCEPTED, BASE, TOKEN, URL, Sender, batch_of


def test_a_batch_is_one_gzipped_request_of_the_very_bytes(collector: responses.RequestsMock, sender: Sender) -> None:
    collector.post(URL, json={"accepted": 2, "duplicates": 0})
    lines = b'{"id":"a","subject":"\xc3\xa9\\u2028","value":1.0}\n{"id":"b"}\n'
    assert list(sender.uploader.deliver(Batch.of("b1", 7, 2, lines))) == []
    request: Any = collector.calls[0].request
    sent = b'{"events":[{"id":"a","subject":"\xc3\xa9\\u2028","value":1.0},{"id":"b"}]}'
    assert gzip.decompress(request.body) == sent
    headers = {
        "Accept": "application/json",
        "Accept-Encoding": "identity",
        "Authorization": f"Bearer {TOKEN}",
        "Content-Encoding": "gzip",
        "Content-Type": "application/json",
        "Idempotency-Key": "b1",
        "User-Agent": "insights-backend/1.2.3",
    }
    assert headers.items() <= request.headers.items()
    assert request.req_kwargs["timeout"] == (2.5, 2.5)
    assert request.req_kwargs["stream"] is True


def test_a_batch_that_a_person_was_taken_out_of_meanwhile_is_sent_without_the_person(
    collector: responses.RequestsMock, sender: Sender
) -> None:
    for _ in range(4):
        collector.post(URL, status=503)
    collector.post(URL, json=ACCEPTED)
    sender.fails(batch_of("theirs", "other"))
    sender.clock.now += 3600
    sender.uploader.deliver(batch_of("other"))
    sent: Any = collector.calls[-1].request
    assert sent.headers["Idempotency-Key"] == "b1"
    assert gzip.decompress(sent.body) == b'{"events":[{"id":"other"}]}'


@pytest.mark.parametrize("length", [65_535, 65_536, 65_537, 200_000])
def test_a_large_batch_is_sent_whole_wherever_its_events_end(
    length: int, collector: responses.RequestsMock, sender: Sender
) -> None:
    collector.post(URL, json={"accepted": 3, "duplicates": 0})
    events = [b'{"id":"%s"}' % (b"x" * (length - 9)), b'{"id":"b"}', b'{"id":"c"}']
    assert list(sender.uploader.deliver(Batch.of("b1", 7, 3, b"".join(event + b"\n" for event in events)))) == []
    request: Any = collector.calls[0].request
    assert gzip.decompress(request.body) == b'{"events":[' + b",".join(events) + b"]}"


def test_the_number_of_people_goes_along_with_each_batch_once_it_is_known(
    collector: responses.RequestsMock, sender: Sender
) -> None:
    collector.post(URL, json=ACCEPTED)
    for number in (70_000, 70_001):
        sender.uploader.record_total_users(TotalUsers(number=number, as_of=1_795_428_000_123, environment='"größe"\n'))
        sender.uploader.deliver(batch_of("a", name=f"b{number}"))
    sent = [json.loads(gzip.decompress(call.request.body)) for call in collector.calls]  # type: ignore[arg-type] # bytes
    told = {"number": 70_000, "asOf": "2026-11-23T10:00:00.123Z", "environment": '"größe"\n'}
    assert [body["totalUsers"] for body in sent] == [told, {**told, "number": 70_001}]
    assert [body["events"] for body in sent] == [[{"id": "a"}]] * 2


@pytest.mark.parametrize("url", [BASE, f"{BASE}/", URL, f"{URL}/"])
def test_the_address_may_be_given_with_or_without_the_route(
    collector: responses.RequestsMock, session: DirectSession, url: str
) -> None:
    collector.post(URL, json=ACCEPTED)
    Sender(session, url).uploader.deliver(batch_of("a"))
    assert collector.calls[0].request.url == URL


def test_a_netrc_entry_for_the_host_does_not_displace_the_token(
    collector: responses.RequestsMock, sender: Sender, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    netrc = tmp_path / "netrc"
    netrc.write_text("machine insights.example.com login someone password else\n")
    netrc.chmod(0o600)
    monkeypatch.setenv("NETRC", str(netrc))
    collector.post(URL, json=ACCEPTED)
    sender.uploader.deliver(batch_of("a"))
    assert collector.calls[0].request.headers["Authorization"] == f"Bearer {TOKEN}"


def test_a_token_that_cannot_be_sent_is_refused_by_its_key(session: DirectSession) -> None:
    with pytest.raises(ConfigError, match=r"^backstageInsights\.upload\.token:"):
        Sender(session, token="two words")


@pytest.mark.parametrize("status", [302, 408, 425, 429, 500, 503])
def test_what_is_transient_is_sent_again_under_the_same_id(
    collector: responses.RequestsMock, sender: Sender, status: int
) -> None:
    collector.post(URL, status=status, headers={"Location": "https://elsewhere.example.com/"})
    collector.post(URL, json=ACCEPTED)
    assert list(sender.uploader.deliver(batch_of("a"))) == []
    assert [call.request.headers["Idempotency-Key"] for call in collector.calls] == ["b1", "b1"]
    assert [call.request.url for call in collector.calls] == [URL, URL]
    assert len(sender.slept) == 1


@pytest.mark.parametrize(
    "error",
    [requests.ConnectionError(), requests.ReadTimeout(), requests.exceptions.SSLError()],
    ids=lambda error: type(error).__name__,
)
def test_a_connection_that_fails_is_tried_again(
    collector: responses.RequestsMock, sender: Sender, error: Exception
) -> None:
    collector.post(URL, body=error)
    collector.post(URL, json=ACCEPTED)
    assert list(sender.uploader.deliver(batch_of("a"))) == []


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"<html>Sign in</html>",
        b"[]",
        b"{}",
        b'{"accepted":true}',
        b'{"accepted":"1"}',
        b'{"accepted":1.5}',
        b"\xff",
        b'{"accepted":1' + b" " * MAX_ANSWER_BYTES + b"}",
    ],
    ids=lambda body: repr(body[:24]),
)
def test_success_counts_only_on_a_collectors_own_word(
    collector: responses.RequestsMock, session: DirectSession, body: bytes
) -> None:
    collector.post(URL, body=body)
    message = Sender(session, retries=0).fails(batch_of("a"))
    assert "answered 200 without telling what it accepted" in message


def test_retries_end_and_say_who_failed_and_how(collector: responses.RequestsMock, sender: Sender) -> None:
    collector.post(URL, status=500, body="jane.doe@example.com is broken")
    message = sender.fails(batch_of("a"))
    assert message == "the collector at insights.example.com answered 500, attempt 4; events are kept"
    assert len(sender.slept) == 3


def test_a_failed_connection_is_told_by_its_class_alone(collector: responses.RequestsMock, sender: Sender) -> None:
    collector.post(URL, body=requests.ConnectionError("internal details"))
    assert "gave no whole answer (ConnectionError)" in (message := sender.fails(batch_of("a")))
    assert "details" not in message


@pytest.mark.parametrize("form", ["seconds", "date"])
def test_retry_after_is_waited_for(collector: responses.RequestsMock, sender: Sender, form: str) -> None:
    after = "9" if form == "seconds" else formatdate(sender.clock.now + 9, usegmt=True)
    collector.post(URL, status=503, headers={"Retry-After": after})
    collector.post(URL, json=ACCEPTED)
    sender.uploader.deliver(batch_of("a"))
    assert sender.slept == [9.0]


def test_a_wait_beyond_the_deadline_is_not_begun_and_the_collector_is_left_alone_for_it(
    collector: responses.RequestsMock, sender: Sender
) -> None:
    collector.post(URL, status=429, headers={"Retry-After": "60"})
    sender.fails(batch_of("a"))
    assert sender.slept == []
    sender.clock.now += 59.0
    assert "left alone for 1.0 s more" in sender.fails(batch_of("a"))
    assert len(collector.calls) == 1


def test_a_request_gets_no_more_time_than_the_delivery_has_left(
    collector: responses.RequestsMock, sender: Sender
) -> None:
    collector.post(URL, status=503, headers={"Retry-After": "19"})
    collector.post(URL, json=ACCEPTED)
    sender.uploader.deliver(batch_of("a"))
    request: Any = collector.calls[1].request
    assert request.req_kwargs["timeout"] == (1.0, 1.0)

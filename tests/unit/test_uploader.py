import gzip
import json
import logging
from collections import Counter
from collections.abc import Iterator
from email.utils import formatdate
from pathlib import Path
from random import Random
from typing import Any

import pytest
import requests
import responses
from hypothesis import given
from hypothesis import strategies as st

from insights_backend.delivery.destination import Batch, DeadLetter, DeliveryError
from insights_backend.delivery.exchange import MAX_ANSWER_BYTES
from insights_backend.delivery.formats import InsightsFormat
from insights_backend.delivery.retry import RetryPolicy
from insights_backend.delivery.uploader import Uploader, UploadMisdirectedError, UploadUnauthorizedError
from insights_backend.errors import ConfigError
from insights_backend.http_client import DirectSession
from insights_backend.model.total_users import TotalUsers
from tests.fakes import Clock

BASE = "https://insights.example.com/api/backstage-insights"
URL = f"{BASE}/v1/batches"
TOKEN = "very-secret-token"
ACCEPTED = {"accepted": 1}


class Sender:
    """An uploader whose sleep moves its clock, and all that it slept."""

    def __init__(self, session: DirectSession, url: str = BASE, token: str = TOKEN, retries: int = 3) -> None:
        self.clock = Clock()
        self.slept: list[float] = []
        self.uploader = Uploader(
            url,
            token,
            upload_format=InsightsFormat(),
            session=session,
            policy=RetryPolicy(retries=retries, deadline=20.0),
            timeout=2.5,
            version="1.2.3",
            monotonic=self.clock,
            clock=self.clock,
            sleep=self.sleep,
            random=Random(1),  # noqa: S311 - spreads retries
        )

    def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)
        self.clock.now += seconds

    def fails(self, batch: Batch) -> str:
        with pytest.raises(DeliveryError) as caught:
            self.uploader.deliver(batch)
        return caught.value.message


class FussyCollector:
    """Takes batches of some size without poison; keeps what it takes by Idempotency-Key, and counts requests."""

    def __init__(self, mock: responses.RequestsMock, largest: int = 10**6, status: int = 422) -> None:
        self.stored: dict[str, list[str]] = {}
        self.keys: list[str] = []
        self.largest = largest
        self.status = status
        mock.add_callback(responses.POST, URL, self.answer)

    def answer(self, request: Any) -> tuple[int, dict[str, str], str]:
        ids = [event["id"] for event in json.loads(gzip.decompress(request.body))["events"]]
        key = request.headers["Idempotency-Key"]
        self.keys.append(key)
        if len(ids) > self.largest:
            return 413, {}, "too large"
        if any(id_.startswith("poison") for id_ in ids):
            return self.status, {}, "poison"
        assert self.stored.setdefault(key, ids) == ids
        return 200, {}, json.dumps({"accepted": len(ids)})

    @property
    def events(self) -> list[str]:
        return sorted(id_ for ids in self.stored.values() for id_ in ids)


def line(id_: str) -> bytes:
    return b'{"id":"%s"}\n' % id_.encode()


def batch_of(*ids: str, name: str = "b1") -> Batch:
    return Batch(name, 1, len(ids), b"".join(map(line, ids)))


@pytest.fixture
def collector() -> Iterator[responses.RequestsMock]:
    with responses.RequestsMock(assert_all_requests_are_fired=False) as mock:
        yield mock


@pytest.fixture
def session() -> Iterator[DirectSession]:
    with DirectSession() as session:
        yield session


@pytest.fixture
def sender(session: DirectSession) -> Sender:
    return Sender(session)


def test_a_batch_is_one_gzipped_request_of_the_very_bytes(collector: responses.RequestsMock, sender: Sender) -> None:
    collector.post(URL, json={"accepted": 2, "duplicates": 0})
    lines = b'{"id":"a","subject":"\xc3\xa9\\u2028","value":1.0}\n{"id":"b"}\n'
    assert list(sender.uploader.deliver(Batch("b1", 7, 2, lines))) == []
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


MISCONFIGURED: dict[int, tuple[type[DeliveryError], str, str]] = {
    401: (UploadUnauthorizedError, "upload_unauthorized", r"upload\.token"),
    403: (UploadUnauthorizedError, "upload_unauthorized", r"upload\.token"),
    404: (UploadMisdirectedError, "upload_misdirected", r"upload\.url"),
    405: (UploadMisdirectedError, "upload_misdirected", r"upload\.url"),
}


@pytest.mark.parametrize("status", MISCONFIGURED)
def test_a_wrong_token_or_address_is_loud_at_once_and_buries_nothing(
    collector: responses.RequestsMock, sender: Sender, caplog: pytest.LogCaptureFixture, status: int
) -> None:
    error, code, key = MISCONFIGURED[status]
    collector.post(URL, status=status)
    with pytest.raises(error, match=rf"answered {status}: .*{key}.*; events are kept") as caught:
        sender.uploader.deliver(batch_of("a"))
    assert caught.value.code == code
    assert len(collector.calls) == 1
    assert [record.levelno for record in caplog.records] == [logging.ERROR]
    assert TOKEN not in caplog.text + caught.value.message


def test_a_batch_that_is_too_large_goes_in_parts_whose_ids_follow_from_its_own(
    collector: responses.RequestsMock, sender: Sender
) -> None:
    fussy = FussyCollector(collector, largest=2)
    assert list(sender.uploader.deliver(batch_of(*"abcde"))) == []
    assert fussy.keys == ["b1", "b1.0", "b1.1", "b1.1.0", "b1.1.1"]
    assert fussy.stored == {"b1.0": ["a", "b"], "b1.1.0": ["c"], "b1.1.1": ["d", "e"]}


def test_a_single_event_that_is_too_large_is_a_dead_letter(collector: responses.RequestsMock, sender: Sender) -> None:
    FussyCollector(collector, largest=0)
    assert list(sender.uploader.deliver(batch_of("a"))) == [DeadLetter("http_413", 1, line("a"))]


@pytest.mark.parametrize("status", [400, 422])
def test_poison_is_found_and_buried_alone_while_the_rest_arrives(
    collector: responses.RequestsMock, sender: Sender, caplog: pytest.LogCaptureFixture, status: int
) -> None:
    fussy = FussyCollector(collector, status=status)
    ids = [f"poison{n}" if n in {3, 70} else f"good{n}" for n in range(100)]
    dead = sender.uploader.deliver(batch_of(*ids))
    assert list(dead) == [DeadLetter(f"http_{status}", 1, line(id_)) for id_ in ("poison3", "poison70")]
    assert fussy.events == sorted(id_ for id_ in ids if id_.startswith("good"))
    assert f"refused 2 events for good (http_{status})" in caplog.text
    assert "poison3" not in caplog.text


@given(poison=st.lists(st.booleans(), min_size=1, max_size=40), largest=st.integers(1, 50))
def test_whatever_is_refused_each_event_arrives_once_or_is_buried_once(poison: list[bool], largest: int) -> None:
    ids = [f"{'poison' if bad else 'good'}{n}" for n, bad in enumerate(poison)]
    with responses.RequestsMock() as mock, DirectSession() as session:
        fussy = FussyCollector(mock, largest)
        dead = Sender(session).uploader.deliver(batch_of(*ids))
    assert Counter(fussy.events) == Counter(id_ for id_ in ids if id_.startswith("good"))
    assert [letter.lines for letter in dead] == [line(id_) for id_ in ids if id_.startswith("poison")]


@pytest.mark.parametrize("status", [402, 410, 415])
def test_what_is_refused_for_other_reasons_is_buried_whole(
    collector: responses.RequestsMock, sender: Sender, status: int
) -> None:
    collector.post(URL, status=status)
    batch = batch_of("a", "b")
    assert list(sender.uploader.deliver(batch)) == [DeadLetter(f"http_{status}", 2, batch.lines)]
    assert len(collector.calls) == 1


class SlowCollector(FussyCollector):
    """Takes two seconds for each request."""

    def __init__(self, mock: responses.RequestsMock, clock: Clock) -> None:
        super().__init__(mock)
        self.clock = clock

    def answer(self, request: Any) -> tuple[int, dict[str, str], str]:
        self.clock.now += 2.0
        return super().answer(request)


def test_the_deadline_bounds_the_search_for_poison_and_the_next_delivery_goes_on_with_it(
    collector: responses.RequestsMock, sender: Sender
) -> None:
    slow = SlowCollector(collector, sender.clock)
    batch = batch_of(*(f"poison{n}" for n in range(8)))
    assert "has not taken all within 20 s" in sender.fails(batch)
    assert len(slow.keys) == 10
    assert len(sender.uploader.deliver(batch)) == 8
    assert len(slow.keys) == len(set(slow.keys)) == 15


def test_a_delivery_cut_off_is_repeated_by_another_process_under_the_same_ids(
    collector: responses.RequestsMock, session: DirectSession
) -> None:
    first = Sender(session)
    slow = SlowCollector(collector, first.clock)
    batch = batch_of(*(f"good{n}" if n % 2 else f"poison{n}" for n in range(8)))
    first.fails(batch)
    begun = list(slow.keys)
    slow.keys.clear()
    slow.clock = Clock()
    assert len(Sender(session).uploader.deliver(batch)) == 4
    assert slow.keys[: len(begun)] == begun
    assert slow.events == [f"good{n}" for n in (1, 3, 5, 7)]


def test_a_batch_whose_arrival_the_caller_could_not_note_is_sent_again_with_the_same_outcome(
    collector: responses.RequestsMock, sender: Sender
) -> None:
    fussy = FussyCollector(collector)
    batch = batch_of("a", "poison", "b")
    assert list(sender.uploader.deliver(batch)) == list(sender.uploader.deliver(batch)) != []
    half = len(fussy.keys) // 2
    assert fussy.keys[:half] == fussy.keys[half:]


def test_work_left_of_one_batch_is_not_mixed_into_another(collector: responses.RequestsMock, sender: Sender) -> None:
    fussy = SlowCollector(collector, sender.clock)
    sender.fails(batch_of(*(f"poison{n}" for n in range(8))))
    assert list(sender.uploader.deliver(batch_of("a", name="b2"))) == []
    assert fussy.keys[-1] == "b2"


def test_after_a_failure_for_good_nothing_is_sent_until_a_rest_is_over(
    collector: responses.RequestsMock, sender: Sender
) -> None:
    collector.post(URL, status=500)
    sender.fails(batch_of("a"))
    assert "left alone" in sender.fails(batch_of("a"))
    assert len(collector.calls) == 4


def test_after_the_rest_a_single_attempt_decides(collector: responses.RequestsMock, sender: Sender) -> None:
    collector.post(URL, status=500)
    sender.fails(batch_of("a"))
    sender.clock.now += 1.0
    assert "attempt 1;" in sender.fails(batch_of("a"))
    assert len(collector.calls) == 5
    sender.clock.now += 2.0
    collector.replace(responses.POST, URL, json=ACCEPTED)
    sender.uploader.deliver(batch_of("a"))
    collector.replace(responses.POST, URL, status=500)
    assert "attempt 4;" in sender.fails(batch_of("b", name="b2"))


@pytest.mark.parametrize("status", [401, 404])
def test_a_wrong_token_or_address_opens_the_circuit_too_and_what_was_kept_arrives_once_it_is_mended(
    collector: responses.RequestsMock, sender: Sender, status: int
) -> None:
    collector.post(URL, status=status)
    sender.fails(batch_of("a"))
    assert "left alone" in sender.fails(batch_of("a"))
    assert len(collector.calls) == 1
    collector.replace(responses.POST, URL, json=ACCEPTED)
    sender.clock.now += 1.0
    assert list(sender.uploader.deliver(batch_of("a"))) == []

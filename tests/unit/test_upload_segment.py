"""Upload to what speaks Segment's batch API: what is sent, how large, and each event once."""

import base64
import json
from collections.abc import Iterator
from typing import Any

import pytest
import responses
from hypothesis import given, settings
from hypothesis import strategies as st

from insights_backend.delivery.destination import Batch, DeliveryError
from insights_backend.delivery.formats import MAX_SEGMENT_BATCH, MAX_SEGMENT_EVENT, SegmentFormat
from insights_backend.delivery.uploader import Uploader, UploadUnauthorizedError
from insights_backend.http_client import DirectSession
from insights_backend.model.total_users import TotalUsers
from tests.fakes import NOW
from tests.records import lines, record
from tests.unit.uploader.sender import Sender

URL = "https://events.example.com/v1/batch"
KEY = "a-write-key"


class FakeSegment:
    """Takes batches within the limits from whoever has the key, and keeps each message once by its id."""

    def __init__(self, mock: responses.RequestsMock) -> None:
        self.kept: dict[str, dict[str, Any]] = {}
        self.requests: list[Any] = []
        self.troubles: list[tuple[int, str, str]] = []
        mock.add_callback(responses.POST, URL, self.answer)

    def answer(self, request: Any) -> tuple[int, dict[str, str], str]:
        self.requests.append(request)
        if request.headers["Authorization"] != "Basic " + base64.b64encode(f"{KEY}:".encode()).decode():
            return 401, {}, ""
        messages = json.loads(request.body)["batch"]
        if len(request.body) > 500_000 or any(len(json.dumps(message)) > 34_000 for message in messages):
            return 400, {}, "too large"
        for message in messages:
            assert message.get("userId") or message.get("anonymousId")
            self.kept.setdefault(message["messageId"], message)
        status, kind, body = self.troubles.pop(0) if self.troubles else (200, "application/json", '{"success": true}')
        return status, {"Content-Type": kind}, body


def uploader(session: DirectSession, url: str = URL, key: str = KEY, retries: int = 3) -> Uploader:
    return Sender(session, url, key, retries, SegmentFormat()).uploader


def batch_of(*events: dict[str, Any]) -> Batch:
    return Batch.of("b1", 1, len(events), lines(*events))


@pytest.fixture
def segment() -> Iterator[FakeSegment]:
    with responses.RequestsMock(assert_all_requests_are_fired=False) as mock:
        yield FakeSegment(mock)


@pytest.fixture
def session() -> Iterator[DirectSession]:
    with DirectSession() as session:
        yield session


def test_a_navigate_is_a_page_and_all_else_a_track(segment: FakeSegment, session: DirectSession) -> None:
    visit = record(id="1", user="u_a", sessionId="s_1", entity="component:default/web", view=True)
    search = record(id="2", action="search", subject="pets", value=3, pluginId="search", user="u_a")
    sender = uploader(session)
    sender.record_total_users(TotalUsers(number=7, as_of=int(NOW * 1000), environment="production"))
    assert list(sender.deliver(batch_of(visit, search))) == []
    (request,) = segment.requests
    assert "Content-Encoding" not in request.headers
    always = {
        "receivedAt": "2026-11-23T10:00:00.000Z",
        "environment": "production",
        "instance": "local",
        "attributes": {},
        "context": {},
        "userMetadata": {},
        "groups": [],
        "entityMetadata": {},
        "notes": [],
    }
    time = "2026-11-23T10:00:00.000Z"
    page = {"entity": "component:default/web", "view": True}
    track = {"subject": "pets", "value": 3, "pluginId": "search", "view": False}
    assert json.loads(request.body) == {
        "batch": [
            {
                "type": "page",
                "category": "catalog",
                "name": "/catalog",
                "messageId": "1",
                "timestamp": time,
                "userId": "u_a",
                "anonymousId": "s_1",
                "properties": {**always, **page},
            },
            {
                "type": "track",
                "event": "search",
                "messageId": "2",
                "timestamp": time,
                "userId": "u_a",
                "properties": {**always, **track},
            },
        ]
    }


@pytest.mark.parametrize(("event", "who"), [({}, "anonymous"), ({"sessionId": "s_1"}, "s_1")])
def test_an_event_of_nobody_is_its_sessions(
    segment: FakeSegment, session: DirectSession, event: dict[str, Any], who: str
) -> None:
    uploader(session).deliver(batch_of(record(**event)))
    (message,) = segment.kept.values()
    assert (message["anonymousId"], message.get("userId")) == (who, None)


@pytest.mark.parametrize("url", ["https://events.example.com", "https://events.example.com/", URL])
def test_the_address_may_be_given_with_or_without_the_route(
    segment: FakeSegment, session: DirectSession, url: str
) -> None:
    uploader(session, url).deliver(batch_of(record()))
    assert len(segment.kept) == 1


@settings(max_examples=15)
@given(sizes=st.lists(st.sampled_from([10, 5_000, 30_000, MAX_SEGMENT_EVENT]), min_size=1, max_size=60))
def test_no_request_is_too_large_and_an_event_that_is_too_large_is_set_aside_unsent(sizes: list[int]) -> None:
    events = [record(id=str(number), subject="x" * size) for number, size in enumerate(sizes)]
    with responses.RequestsMock(assert_all_requests_are_fired=False) as mock, DirectSession() as session:
        segment = FakeSegment(mock)
        dead = uploader(session).deliver(batch_of(*events))
    assert all(len(request.body) <= MAX_SEGMENT_BATCH for request in segment.requests)
    fitting = [event["id"] for event, size in zip(events, sizes, strict=True) if size < MAX_SEGMENT_EVENT]
    assert list(segment.kept) == fitting
    assert [(letter.reason, letter.events) for letter in dead] == [("http_413", 1)] * (len(sizes) - len(fitting))


@pytest.mark.parametrize("trouble", [(500, "text/plain", ""), (429, "text/plain", ""), (200, "text/html", "Sign in")])
def test_what_was_not_seen_to_arrive_is_sent_again_and_kept_once(
    segment: FakeSegment, session: DirectSession, trouble: tuple[int, str, str]
) -> None:
    segment.troubles = [trouble]
    assert list(uploader(session).deliver(batch_of(record(id="1"), record(id="2")))) == []
    assert segment.requests[0].body == segment.requests[1].body
    assert list(segment.kept) == ["1", "2"]


@pytest.mark.parametrize(("kind", "body"), [("text/plain", "OK"), ("application/json", '{"status": 1}'), ("", "")])
def test_each_of_its_kind_has_its_own_word_for_success(
    segment: FakeSegment, session: DirectSession, kind: str, body: str
) -> None:
    segment.troubles = [(200, kind, body)]
    assert list(uploader(session, retries=0).deliver(batch_of(record()))) == []


def test_a_wrong_write_key_is_loud_and_buries_nothing(segment: FakeSegment, session: DirectSession) -> None:
    with pytest.raises(UploadUnauthorizedError, match=r"upload\.token"):
        uploader(session, key="another-key").deliver(batch_of(record()))
    assert issubclass(UploadUnauthorizedError, DeliveryError)

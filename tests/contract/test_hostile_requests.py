"""Requests that are made to do harm: deep, exploding, or read by a browser as what they are not."""

import gc
import gzip
import io
import tracemalloc
import zlib
from collections.abc import Callable, Iterator

import pytest

from insights_backend.settings.values import IngestSettings
from insights_backend.wire import batch
from tests.app import BASE, GARBLED, VISIT, Service, error, running, settings_for
from tests.process import TAKEN

MEBIBYTE = 1024**2
Compress = Callable[[bytes], bytes]


@pytest.fixture(scope="module")
def service(tmp_path_factory: pytest.TempPathFactory, warehouse_dsn: str) -> Iterator[Service]:
    with running(settings_for(tmp_path_factory.mktemp("hostile"), warehouse_dsn)) as service:
        yield service


def deep(levels: int) -> bytes:
    return b'{"a":' * levels + b"1" + b"}" * levels


@pytest.mark.parametrize("levels", [1000, 1024, 100_000])
@pytest.mark.parametrize(
    "place",
    [b"%s", b'{"action":"navigate","subject":"/","attributes":%s}', b'{"events":[%s]}'],
    ids=["body", "attributes", "event"],
)
def test_json_that_is_too_deep_is_refused_and_breaks_nothing(service: Service, place: bytes, levels: int) -> None:
    answer = service.post(place % deep(levels), content_type="application/json")
    assert answer.status_code in {400, 422}
    assert service.post(VISIT).status_code in {200, 202}


class Hanging(io.BytesIO):
    """A body in chunks, of which a further one was announced."""

    def read(self, size: int | None = -1, /) -> bytes:
        received = super().read(size)
        if not received:
            raise ConnectionResetError
        return received


@pytest.mark.parametrize(
    ("body", "length"), [(io.BytesIO, "1000"), (Hanging, "")], ids=["shorter than its length", "without an end"]
)
def test_a_body_that_does_not_come_whole_may_be_sent_again(
    service: Service, body: Callable[[bytes], io.BytesIO], length: str
) -> None:
    began = body(b'{"action":"navigate","subject":"/"}')
    cut_off = {"wsgi.input": began, "wsgi.input_terminated": True, "CONTENT_LENGTH": length}
    answer = service.post(b"", content_type="application/json", environ_overrides=cut_off)
    assert error(answer) == (408, "request_timeout")


def test_a_body_whose_chunks_are_none_is_malformed(service: Service) -> None:
    answer = service.post(b"", content_type="application/json", environ_overrides=GARBLED)
    assert error(answer) == (400, "malformed_json")


@pytest.mark.parametrize(
    ("written", "read"),
    [
        (rb"caf\ud83d", "caf\ufffd"),
        (rb"\ude00 caf", "\ufffd caf"),
        (rb"\ud83d\ude00\ud83d", "\U0001f600\ufffd"),
        (rb"\ud83d\ud83d\ude00", "\ufffd\U0001f600"),
        (rb"\\ud83d", r"\ud83d"),
        (rb"\\\ud83d\"", '\\\ufffd"'),
    ],
)
def test_half_a_character_costs_no_event(service: Service, written: bytes, read: str) -> None:
    """As `JSON.stringify` writes it, where a search was cut in the midst of an emoji."""
    cut = b'{"action":"search","subject":"%s","context":{"extension":"half"}}' % written
    answer = service.post(b"[%s,%s]" % (cut, cut.replace(written, b"whole \\ud83d")), content_type="application/json")
    assert answer.json["accepted"] == 2
    assert read in {event["subject"] for event in service.export() if event["extension"] == "half"}


@pytest.mark.parametrize(
    ("route", "limit", "encoding", "compress"),
    [
        ("/events", IngestSettings().max_body_bytes, "gzip", gzip.compress),
        ("/generic", IngestSettings().max_body_bytes, "deflate", zlib.compress),
        ("/v1/batches", batch.MAX_BYTES, "gzip", gzip.compress),
    ],
)
def test_a_body_that_explodes_is_refused_in_bounded_memory(
    service: Service, route: str, limit: int, encoding: str, compress: Compress
) -> None:
    bomb = compress(bytes(limit + 16 * MEBIBYTE))
    headers = {"Content-Encoding": encoding, "Content-Type": "application/json", "Idempotency-Key": "bomb"}
    tracemalloc.start()
    try:
        answer = service.client.post(f"{BASE}{route}", data=bomb, headers=headers)
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert error(answer) == (413, "payload_too_large")
    assert peak < 3 * limit + MEBIBYTE


@pytest.mark.parametrize(
    "path", ["/config", "/reports/summary", "/export", "/export?format=csv", "/healthz", "/openapi.json", "/nothing"]
)
def test_no_answer_is_taken_by_a_browser_for_more_than_it_is(service: Service, path: str) -> None:
    headers = service.get(path).headers
    assert headers["X-Content-Type-Options"] == "nosniff"
    assert headers["Content-Security-Policy"] == "default-src 'none'; frame-ancestors 'none'"
    assert headers["Referrer-Policy"] == "same-origin"


def test_a_page_keeps_its_own_policy(service: Service) -> None:
    assert "script-src 'self'" in service.client.get("/").headers["Content-Security-Policy"]


def test_large_events_are_not_remembered(service: Service) -> None:
    texts = {f"key{number}": "a b " * 1000 for number in range(60)}
    tracemalloc.start()
    for number in range(20):
        event = {"action": "click", "subject": str(number), "attributes": texts, "context": texts}
        assert service.post(event).status_code in TAKEN
    gc.collect()
    kept, _ = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert kept < 2 * MEBIBYTE

"""What a collector does not take."""

import gzip

import pytest

from tests.contract.collector.receiver import Receiver, error, packed
from tests.records import record


@pytest.mark.parametrize("key", [None, "", "a b", "a/b", "a:b", "é", "x" * 129])
def test_a_batch_needs_an_id(receiver: Receiver, token: str, key: str | None) -> None:
    answer = receiver.post([record()], token, key)
    assert error(answer) == (400, "invalid_parameter")
    assert "Idempotency-Key" in answer.json["error"]["message"]
    assert receiver.stored() == []


@pytest.mark.parametrize("key", ["0", "._-", "x" * 128])
def test_an_id_has_one_to_128_characters(receiver: Receiver, token: str, key: str) -> None:
    assert receiver.post([record()], token, key).status_code == 200


@pytest.mark.parametrize(
    ("data", "headers", "expected"),
    [
        (packed(b"{"), {}, (400, "malformed_json")),
        (packed(b"[]"), {}, (400, "malformed_json")),
        (packed(b"{}"), {}, (400, "malformed_json")),
        (packed(b'{"events": 1}'), {}, (400, "malformed_json")),
        (packed(b'{"events": [' + b"[" * 5000), {}, (400, "malformed_json")),
        (packed(b'{"events": [{"value": 1e999}]}'), {}, (400, "malformed_json")),
        (packed(b'{"events": ["\xff"]}'), {}, (400, "malformed_json")),
        (packed(b'{"events": []}')[:-4], {}, (400, "malformed_json")),
        (packed(b'{"events": []}') + b"x", {}, (400, "malformed_json")),
        (b'{"events": []}', {}, (400, "malformed_json")),
        (b'{"events": []}', {"Content-Encoding": "br"}, (415, "unsupported_media_type")),
        (packed(b'{"events": []}'), {"Content-Type": "text/csv"}, (415, "unsupported_media_type")),
        (packed(b'{"events": [' + b"0," * 20_000 + b"0]}"), {}, (413, "payload_too_large")),
    ],
)
def test_a_hostile_body_is_refused(
    receiver: Receiver, token: str, data: bytes, headers: dict[str, str], expected: tuple[int, str]
) -> None:
    assert error(receiver.post(None, token, data=data, headers=headers)) == expected


def test_a_batch_that_is_too_large_is_told_the_limit_of_batches(receiver: Receiver, token: str) -> None:
    answer = receiver.post(None, token, data=gzip.compress(b" " * (64 * 1024**2 + 1), 1))
    assert error(answer) == (413, "payload_too_large")
    assert answer.json["error"]["message"] == "the batch is larger than 67108864 bytes; send it in parts"

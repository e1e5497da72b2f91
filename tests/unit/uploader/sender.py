"""An uploader on a clock that stands still, and collectors for it."""

import gzip
import json
from random import Random
from typing import Any

import pytest
import responses

from insights_backend.delivery.destination import Batch, DeliveryError
from insights_backend.delivery.exchange import CollectorClient
from insights_backend.delivery.formats import InsightsFormat, UploadFormat
from insights_backend.delivery.retry import RetryPolicy
from insights_backend.delivery.uploader import Uploader
from insights_backend.http_client import DirectSession
from tests.fakes import Clock

BASE = "https://insights.example.com/api/backstage-insights"
URL = f"{BASE}/v1/batches"
TOKEN = "very-secret-token"
ACCEPTED = {"accepted": 1}


class Sender:
    """An uploader whose sleep moves its clock, and all that it slept."""

    def __init__(
        self,
        session: DirectSession,
        url: str = BASE,
        token: str = TOKEN,
        retries: int = 3,
        upload_format: UploadFormat | None = None,
    ) -> None:
        self.clock = Clock()
        self.slept: list[float] = []
        collector = CollectorClient(
            url,
            token,
            upload_format=upload_format or InsightsFormat(),
            session=session,
            version="1.2.3",
            monotonic=self.clock,
            clock=self.clock,
        )
        self.uploader = Uploader(
            collector,
            policy=RetryPolicy(retries=retries, deadline=20.0),
            timeout=2.5,
            monotonic=self.clock,
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
    return Batch.of(name, 1, len(ids), b"".join(map(line, ids)))

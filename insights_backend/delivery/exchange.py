"""One request to a collector and what came of it: HTTP ends here.

The same request may be sent any number of times, since the collector stores what comes under one Idempotency-Key once.
"""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

import orjson
import requests

from insights_backend.delivery.retry import Verdict, read_retry_after, verdict_of
from insights_backend.errors import ConfigError

MAX_ANSWER_BYTES = 64 * 1024

_PATH = "/v1/batches"


@dataclass(frozen=True, slots=True)
class Answer:
    """What came of one request.

    Args:
        verdict: what it means for the batch.
        says: the same for people, without anything of the answer's text.
        status: the status code; 0 where none came.
        retry_after: seconds that the collector asks for, if it does.
    """

    verdict: Verdict
    says: str
    status: int = 0
    retry_after: float | None = None


class CollectorClient:
    """A collector of events, reached over HTTP.

    Args:
        url: where it is, such as `https://insights.example.com/api/backstage-insights`, with or without `/v1/batches`.
        token: what it knows this instance by.
        session: keeps the connection open between requests.
        version: of this package, for the User-Agent.
        monotonic: a clock that never goes back, in seconds.
        clock: now, in seconds since 1970; a Retry-After may be a date.

    Raises:
        ConfigError: the token cannot be sent; the message does not repeat it.
    """

    def __init__(
        self,
        url: str,
        token: str,
        *,
        session: requests.Session,
        version: str,
        monotonic: Callable[[], float],
        clock: Callable[[], float],
    ) -> None:
        if not re.fullmatch(r"[!-~]+", token):
            raise ConfigError("backstageInsights.upload.token: a token is printable ASCII without spaces")
        self._url = url.rstrip("/").removesuffix(_PATH) + _PATH
        self._token = token
        self._session = session
        self._version = version
        self._monotonic = monotonic
        self._clock = clock
        self.name = f"the collector at {urlsplit(url).netloc.rpartition('@')[2]}"

    def post(self, batch_id: str, body: bytes, timeout: float) -> Answer:
        """Send a batch once.

        Args:
            batch_id: the Idempotency-Key.
            body: the gzipped JSON.
            timeout: seconds to connect, as many for the answer to begin, and as many for all of its body.
        """
        try:
            with self._send(batch_id, body, timeout) as response:
                return self._judge(response, timeout)
        except requests.RequestException as error:
            return Answer(Verdict.TRANSIENT, f"gave no whole answer ({type(error).__name__})")

    def _send(self, batch_id: str, body: bytes, timeout: float) -> requests.Response:
        headers = {
            "Accept": "application/json",
            "Accept-Encoding": "identity",
            "Content-Encoding": "gzip",
            "Content-Type": "application/json",
            "Idempotency-Key": batch_id,
            "User-Agent": f"insights-backend/{self._version}",
        }
        request = requests.Request("POST", self._url, headers=headers, data=body, auth=self._authorize)
        options: Mapping[str, Any] = self._session.merge_environment_settings(
            self._url, proxies={}, stream=True, verify=None, cert=None
        )
        # By the adapter, since the session reads the whole body of a redirect, however large, even of one that it is
        # told not to follow.
        adapter = self._session.get_adapter(self._url)
        return adapter.send(self._session.prepare_request(request), timeout=(timeout, timeout), **options)

    def _authorize(self, request: requests.PreparedRequest) -> requests.PreparedRequest:
        # As an auth function, since a header would give way to an entry for the host in a .netrc file.
        request.headers["Authorization"] = f"Bearer {self._token}"
        return request

    def _judge(self, response: requests.Response, timeout: float) -> Answer:
        status = response.status_code
        verdict = verdict_of(status)
        if verdict is Verdict.DELIVERED and not _tells_accepted(self._read(response, timeout)):
            # Something else may stand at this address, or before it: only a collector's own word counts.
            return Answer(Verdict.TRANSIENT, f"answered {status} without telling what it accepted", status)
        retry_after = read_retry_after(response.headers.get("Retry-After"), self._clock())
        return Answer(verdict, f"answered {status}", status, retry_after)

    def _read(self, response: requests.Response, timeout: float) -> bytes:
        """Return the body, or nothing if it is too large or takes too long."""
        stop = self._monotonic() + timeout
        content = bytearray()
        # By the byte, since a larger piece may come in drips that are each in time.
        for byte in response.iter_content(1):
            content += byte
            if len(content) > MAX_ANSWER_BYTES or self._monotonic() > stop:
                return b""
        return bytes(content)


def _tells_accepted(content: bytes) -> bool:
    try:
        answer = orjson.loads(content)
    except orjson.JSONDecodeError:
        return False
    return isinstance(answer, dict) and type(answer.get("accepted")) is int

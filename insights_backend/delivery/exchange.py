"""One request to a collector and what came of it: HTTP ends here.

The same request may be sent any number of times, since what comes twice is stored once.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from urllib.parse import urlsplit

import requests

from insights_backend.delivery.formats import UploadFormat
from insights_backend.delivery.retry import Verdict, read_retry_after, verdict_of
from insights_backend.http_client import DirectSession, body_of

MAX_ANSWER_BYTES = 64 * 1024

ADVICE: Mapping[Verdict, str] = {
    Verdict.UNAUTHORIZED: "it does not take the token; check upload.token or spotify.apiToken, and that the token has "
    "the scope upload",
    Verdict.MISDIRECTED: "nothing there takes batches; check upload.url and upload.format, and that a service of ours "
    "has the role collector",
}
"""What to do where it is the configuration that an answer is about."""


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
        url: where it is, such as `https://insights.example.com/api/backstage-insights`, with or without the format's
            path.
        token: what it knows this instance by; None where it asks for none.
        upload_format: what it speaks.
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
        token: str | None,
        *,
        upload_format: UploadFormat,
        session: DirectSession,
        version: str,
        monotonic: Callable[[], float],
        clock: Callable[[], float],
    ) -> None:
        self._url = url.rstrip("/").removesuffix(upload_format.path) + upload_format.path
        self._auth = upload_format.auth(token)
        self.format = upload_format
        """What it speaks."""
        self._session = session
        self._version = version
        self._monotonic = monotonic
        self._clock = clock
        self.name = f"the collector at {urlsplit(url).netloc.rpartition('@')[2]}"
        """What it is called in messages."""

    def post(self, batch_id: str, body: bytes, timeout: float) -> Answer:
        """Send a batch once.

        Args:
            batch_id: the batch's name.
            body: what the format made of it.
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
            "Content-Type": "application/json",
            "User-Agent": f"insights-backend/{self._version}",
            **self.format.headers(batch_id),
        }
        return self._session.post(
            self._url, data=body, headers=headers, auth=self._auth, timeout=(timeout, timeout), stream=True
        )

    def _judge(self, response: requests.Response, timeout: float) -> Answer:
        status = response.status_code
        verdict = verdict_of(status)
        if verdict is Verdict.DELIVERED and not self._tells_success(response, timeout):
            return Answer(Verdict.TRANSIENT, f"answered {status} without telling what it accepted", status)
        retry_after = read_retry_after(response.headers.get("Retry-After"), self._clock())
        return Answer(verdict, f"answered {status}", status, retry_after)

    def _tells_success(self, response: requests.Response, timeout: float) -> bool:
        media_type = response.headers.get("Content-Type", "").partition(";")[0].strip().lower()
        return self.format.tells_success(media_type, self._read(response, timeout))

    def _read(self, response: requests.Response, timeout: float) -> bytes:
        """Return the body, or nothing if it is too large or takes too long."""
        try:
            return body_of(response, MAX_ANSWER_BYTES, timeout, self._monotonic) or b""
        except requests.ReadTimeout:
            return b""

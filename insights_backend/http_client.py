"""HTTP to the services that we were told of: a session that stays at its address, bounded answers, and tokens."""

import re
import time
from collections.abc import Callable

import requests
import urllib3
from requests.auth import AuthBase

from insights_backend.correlation import current
from insights_backend.errors import ConfigError

_TOKEN = re.compile(r"[!-~]+")
_PIECE = 64 * 1024


class DirectSession(requests.Session):
    """An HTTP session that neither follows a redirect nor reads the body of one, which may have no end.

    Everything that we talk to was configured by its address; a redirect would take a token elsewhere.
    """

    def get_redirect_target(self, resp: requests.Response) -> None:
        """Know of none."""

    def prepare_request(self, request: requests.Request) -> requests.PreparedRequest:
        """Pass on which request it is made for."""
        prepared = super().prepare_request(request)
        if correlation := current():
            prepared.headers.update(correlation.headers())
        return prepared


def body_of(
    response: requests.Response, most: int, seconds: float, monotonic: Callable[[], float] = time.monotonic
) -> bytes | None:
    """Read the body of an answer that was asked for with `stream`.

    Args:
        response: the answer.
        most: how many bytes it may have, decompressed.
        seconds: how long all of it may take; what `requests` knows of is how long it may pause.
        monotonic: a clock that never goes back, in seconds.

    Returns:
        The body; None where it is larger.

    Raises:
        requests.RequestException: it ended too soon, or took too long.
    """
    stop = monotonic() + seconds
    body = bytearray()
    try:
        # By what has come: to wait for a whole piece would let each of its bytes take its time.
        while piece := response.raw.read1(_PIECE, decode_content=True):
            body += piece
            if len(body) > most:
                return None
            if monotonic() > stop:
                raise requests.ReadTimeout
    except urllib3.exceptions.HTTPError as error:
        raise requests.ConnectionError(type(error).__name__) from error
    return bytes(body)


class BearerAuth(AuthBase):
    """Sends a bearer token with a request, or no credentials at all (RFC 6750, section 2.1).

    It is an auth object, since a header would give way to an entry for the host in a .netrc file.

    Args:
        token: the token, or None to send none.
        key: where it was configured, for the error.

    Raises:
        ConfigError: the token cannot stand in a header; the message does not repeat it.
    """

    def __init__(self, token: str | None, key: str) -> None:
        if token is not None and not _TOKEN.fullmatch(token):
            raise ConfigError(f"{key}: a token is printable ASCII without spaces")
        self._token = token

    def __call__(self, request: requests.PreparedRequest) -> requests.PreparedRequest:
        """Set the header."""
        if self._token is not None:
            request.headers["Authorization"] = f"Bearer {self._token}"
        return request

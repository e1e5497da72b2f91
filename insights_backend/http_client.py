"""HTTP to the services that we were told of: a session that stays at its address, and the token that it is given."""

import re

import requests
from requests.auth import AuthBase

from insights_backend.correlation import current
from insights_backend.errors import ConfigError

_TOKEN = re.compile(r"[!-~]+")


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

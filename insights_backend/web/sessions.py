"""Sessions of the dashboard: who once showed a token that may read need not show it again for a while.

A session is a text that the reader's browser keeps: the token's name and an end, signed with a key that the token has
as long as it lives. The token itself is not in it, a revoked one ends all its sessions, and nothing is stored here.
"""

import hashlib
from collections.abc import Callable

from itsdangerous import BadSignature, Signer

from insights_backend.access import TokenStore
from insights_backend.errors import UnauthenticatedError

COOKIE = "insights_session"
"""The cookie that carries a session."""

SECONDS = 30 * 86400
"""How long a session lasts."""

_MAX_LENGTH = 200


class Sessions:
    """The sessions that the tokens of a service began.

    Args:
        tokens: the API tokens of the service.
        clock: now, in seconds since 1970.
    """

    def __init__(self, tokens: TokenStore, clock: Callable[[], float]) -> None:
        self._tokens = tokens
        self._clock = clock

    def begin(self, token: str) -> str:
        """Return a session for whoever has a token that may read.

        Raises:
            UnauthenticatedError: the token is unknown or revoked.
            ForbiddenError: the token may not read.
            UnavailableError: the tokens cannot be read now.
        """
        name = self._tokens.require(token, "view").name
        key = self._tokens.session_key(name)
        if key is None:
            raise UnauthenticatedError("the token was revoked this moment")
        return _signer(key).sign(f"{name}.{int(self._clock()) + SECONDS}").decode()

    def is_live(self, session: str) -> bool:
        """Tell whether a session is ours, has not ended, and its token lives.

        Raises:
            UnavailableError: the tokens cannot be read now.
        """
        if len(session) > _MAX_LENGTH:
            return False
        key = self._tokens.session_key(session.rsplit(".", 2)[0])
        if key is None:
            return False
        try:
            signed = _signer(key).unsign(session).decode()
        except BadSignature:
            return False
        return self._clock() < int(signed.rpartition(".")[2])


def _signer(key: bytes) -> Signer:
    return Signer(key, salt="insights dashboard", digest_method=hashlib.sha256)

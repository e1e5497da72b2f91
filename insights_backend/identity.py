"""What a request shows of its sender: the token in its Authorization header, and whether a relay's is known."""

import hashlib
import hmac
import re
from collections.abc import Iterable

from insights_backend.errors import ConfigError, UnauthenticatedError

MAX_TOKEN_LENGTH = 16 * 1024

# Wider than RFC 6750's token68: a static token may be any text without white space, as in Backstage itself.
_BEARER = re.compile(r"bearer +(?P<token>[!-~]+)", re.IGNORECASE)


def bearer_token(header: str | None) -> str:
    """Return the one token that an Authorization header carries (RFC 6750, section 2.1).

    Args:
        header: the header's value; None where there is no such header.

    Raises:
        UnauthenticatedError: there is no header, it has another scheme, or not one token of at most 16 KiB.
    """
    if header is None or not header.strip():
        raise UnauthenticatedError("no credentials; send the header Authorization: Bearer <token>")
    if len(header) > MAX_TOKEN_LENGTH + len("Bearer "):
        raise UnauthenticatedError("the Authorization header is too long; a token has at most 16 KiB")
    match = _BEARER.fullmatch(header.strip(" "))
    if match is None:
        raise UnauthenticatedError("the Authorization header is not of the form: Bearer <one token>")
    return match["token"]


class StaticTokens:
    """The shared secrets of trusted relays, which name the user in the event itself.

    Args:
        tokens: the secrets that are accepted; with none, nobody is.

    Raises:
        ConfigError: a secret is empty.
    """

    def __init__(self, tokens: Iterable[str]) -> None:
        secrets = list(tokens)
        if not all(secrets):
            raise ConfigError("backstageInsights.auth.tokens: a token is empty; give it a value or remove it")
        self._digests = [digest(secret) for secret in secrets]

    def check(self, token: str) -> None:
        """Return if the token is one of ours, in a time that does not tell how close it came.

        Raises:
            UnauthenticatedError: it is none of ours.
        """
        given = digest(token)
        matches = [hmac.compare_digest(known, given) for known in self._digests]
        if not any(matches):
            raise UnauthenticatedError("the token is not one of the configured relay tokens")


def digest(secret: str) -> bytes:
    """Return what a secret is kept, compared and remembered by."""
    return hashlib.sha256(secret.encode("utf-8", "surrogatepass")).digest()

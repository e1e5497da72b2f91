"""Who sends events: one way for each `auth.mode`."""

import base64
import binascii
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from werkzeug.datastructures import Headers

from insights_backend.errors import InvalidEntityRefError, UnauthenticatedError
from insights_backend.identity import StaticTokens, bearer_token
from insights_backend.model.entity_ref import EntityRef

if TYPE_CHECKING:
    from insights_backend.backstage_tokens import BackstageTokens


@dataclass(frozen=True, slots=True)
class Caller:
    """Who sent a request: the user of all its events, or a relay whose events name theirs."""

    user: EntityRef | None
    relay: bool = False


Authenticate = Callable[[Headers], Caller]


def by_backstage_token(tokens: "BackstageTokens") -> Authenticate:
    """Know the user by a verified Backstage token."""
    return lambda headers: Caller(tokens.user(bearer_token(headers.get("Authorization"))))


def by_relay_token(tokens: StaticTokens) -> Authenticate:
    """Know a relay by one of the configured tokens, and believe what it says of its users."""

    def authenticate(headers: Headers) -> Caller:
        tokens.check(bearer_token(headers.get("Authorization")))
        return Caller(None, relay=True)

    return authenticate


def by_header(headers: Headers) -> Caller:
    """Believe the header `X-Insights-User`, for development; without it the events have no user."""
    claim = headers.get("X-Insights-User")
    if not claim:
        return Caller(None)
    try:
        user = EntityRef.parse(claim, default_kind="user")
    except InvalidEntityRefError:
        raise UnauthenticatedError("X-Insights-User is no entity reference such as user:default/jane") from None
    if user.kind != "user":
        raise UnauthenticatedError("X-Insights-User must name an entity of kind user")
    return Caller(user)


def with_key(headers: Headers, key: str | None) -> Headers:
    """Let a relay's token that comes in a format's own way stand where a bearer token is looked for.

    In HTTP Basic it is the password, or the user name where that is empty, as with Segment's write keys (RFC 7617).

    Args:
        headers: the request's.
        key: the token as the body carries it; an Authorization header goes before it.

    Raises:
        UnauthenticatedError: it holds what cannot stand in a header.
    """
    header = headers.get("Authorization")
    token = _basic_token(header) if header else key
    if token is None:
        return headers
    if not token.isprintable():
        raise UnauthenticatedError("the token holds line breaks or control characters; no token does")
    known = Headers(list(headers.items()))
    known["Authorization"] = f"Bearer {token}"
    return known


def _basic_token(header: str) -> str | None:
    scheme, _, credentials = header.strip().partition(" ")
    if scheme.lower() != "basic":
        return None
    try:
        user, _, password = base64.b64decode(credentials, validate=True).decode("ascii").partition(":")
    except (binascii.Error, UnicodeDecodeError):
        return credentials  # some modules send what they were configured with as it is
    return password or user

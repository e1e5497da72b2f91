"""Who sends events: one way for each `auth.mode`."""

from collections.abc import Callable
from dataclasses import dataclass

from werkzeug.datastructures import Headers

from insights_backend.errors import InvalidEntityRefError, UnauthenticatedError
from insights_backend.identity import BackstageTokens, StaticTokens, bearer_token
from insights_backend.model.entity_ref import EntityRef


@dataclass(frozen=True, slots=True)
class Caller:
    """Who sent a request: the user of all its events, or a relay whose events name theirs."""

    user: EntityRef | None
    relay: bool = False


Authenticate = Callable[[Headers], Caller]


def by_backstage_token(tokens: BackstageTokens) -> Authenticate:
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

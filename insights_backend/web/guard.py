"""Who may read: scopes of API tokens, Backstage users who are named as viewers, and readers of the dashboard."""

from collections.abc import Callable, Collection
from ipaddress import IPv6Address, ip_address

from flask import Request, request

from insights_backend.access import Scope, TokenStore
from insights_backend.errors import ForbiddenError, UnauthenticatedError, UnavailableError
from insights_backend.identity import bearer_token
from insights_backend.settings.values import DashboardAccess, Network
from insights_backend.web.sessions import COOKIE, Sessions

Guard = Callable[[Scope], str | None]
"""Called with the scope that a route needs; returns the name of the API token that was shown, None without one.

Raises UnauthenticatedError or ForbiddenError.
"""

Admission = Callable[[Request], bool]
"""Tells whether a request comes from somebody who may see the dashboard, without a token in it."""


def by_session(sessions: Sessions) -> Admission:
    """Admit whoever logged in with a token that may read."""
    # Who has none is not looked up, which also works while the tokens cannot be read.
    return lambda asked: COOKIE in asked.cookies and sessions.is_live(asked.cookies[COOKIE])


def by_proxy(header: str, proxies: Collection[Network]) -> Admission:
    """Admit whoever a trusted proxy let through and named.

    Args:
        header: the header in which the proxy names its user; whom it names is the proxy's business.
        proxies: where the proxy's connections come from.
    """
    return lambda asked: bool(asked.headers.get(header)) and _is_among(_peer(asked), proxies)


def _peer(asked: Request) -> str:
    """Return the address that the connection itself comes from, whatever a middleware made of it."""
    original = asked.environ.get("werkzeug.proxy_fix.orig", asked.environ)
    return str(original.get("REMOTE_ADDR") or "")


def _is_among(peer: str, networks: Collection[Network]) -> bool:
    try:
        address = ip_address(peer)
    except ValueError:  # a socket in the file system has no address
        return False
    if isinstance(address, IPv6Address) and address.ipv4_mapped:
        address = address.ipv4_mapped
    return any(address in network for network in networks)


def create_guard(
    access: DashboardAccess,
    tokens: TokenStore,
    is_viewer: Callable[[str], bool],
    viewers: Collection[str],
    is_admitted: Admission,
) -> Guard:
    """Make the guard of reports, dashboard and export.

    Args:
        access: `open` lets anyone who reaches the port do everything.
        tokens: the API tokens of this service.
        is_viewer: tells whether a Backstage token belongs to a viewer; raises ForbiddenError where it is somebody
            else's, and UnavailableError where it cannot be told now.
        viewers: who those are; without any, Backstage tokens are not looked at.
        is_admitted: tells whether a request may see what the dashboard shows; it grants `view` and nothing else.
    """

    def guard(scope: Scope) -> str | None:
        if access == "open" or (scope == "view" and is_admitted(request)):
            return None
        token = bearer_token(request.headers.get("Authorization"))
        try:
            return tokens.require(token, scope).name
        except (UnauthenticatedError, UnavailableError):
            if not (viewers and is_viewer(token)):
                raise
        if scope != "view":
            raise ForbiddenError(f"who is among the viewers may view; this needs an API token of scope {scope}")
        return None

    return guard

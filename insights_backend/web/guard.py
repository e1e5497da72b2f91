"""Who may read: scopes of API tokens, and Backstage users who are named as viewers."""

from collections.abc import Callable, Collection

from flask import request

from insights_backend.access import Scope, TokenStore
from insights_backend.errors import InsightsError
from insights_backend.identity import bearer_token
from insights_backend.settings.values import DashboardAccess

Guard = Callable[[Scope], None]
"""Called with the scope that a route needs; raises UnauthenticatedError or ForbiddenError."""


def create_guard(
    access: DashboardAccess, tokens: TokenStore, is_viewer: Callable[[str], bool], viewers: Collection[str]
) -> Guard:
    """Make the guard of reports, dashboard and export.

    Args:
        access: `open` lets anyone who reaches the port do everything.
        tokens: the API tokens of this service.
        is_viewer: tells whether a Backstage token belongs to a viewer.
        viewers: who those are; without any, Backstage tokens are not looked at.
    """

    def guard(scope: Scope) -> None:
        if access == "open":
            return
        token = bearer_token(request.headers.get("Authorization"))
        try:
            tokens.require(token, scope)
        except InsightsError:
            if not (scope == "view" and viewers and is_viewer(token)):
                raise

    return guard

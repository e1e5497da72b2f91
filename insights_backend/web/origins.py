"""From which pages events are taken: CORS for the portal's own, and a refusal for those of others."""

import re
from collections.abc import Sequence

from flask import Blueprint, request
from flask_cors import CORS

from insights_backend.errors import ForbiddenError

_PREFLIGHT_SECONDS = 3600
_HEADERS = ["authorization", "content-type", "content-encoding", "x-retry-count"]


def admit_origins(site: Blueprint, allowed_origins: Sequence[str]) -> None:
    """Let the pages of some origins use a site, and refuse events that pages of other origins send.

    Args:
        site: its routes answer preflights, for which no token is needed (Fetch standard, "CORS-preflight fetch").
        allowed_origins: the portals whose pages may send; where empty, nothing is refused, and no other page is let in.
    """
    if allowed_origins:
        CORS(
            site,
            # As patterns, since the library takes one with a bracket, such as http://[::1]:3000, for a pattern anyway.
            origins=[re.compile(rf"{re.escape(origin)}\Z", re.IGNORECASE) for origin in allowed_origins],
            methods=["GET", "POST"],
            allow_headers=_HEADERS,
            expose_headers=["retry-after"],
            max_age=_PREFLIGHT_SECONDS,
        )

    @site.before_request
    def refuse_other_origins() -> None:
        # A request without an origin is no browser's: curl, a relay, a health check.
        origin = request.headers.get("Origin")
        if allowed_origins and request.method == "POST" and origin and origin.lower() not in allowed_origins:
            raise ForbiddenError("events of this origin are not taken (allowedOrigins)")

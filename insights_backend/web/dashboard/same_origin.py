"""Forms of other sites are refused: nobody logs a reader in or out from elsewhere."""

from flask import Request

from insights_backend.errors import ForbiddenError

_OURS = {"same-origin", "none"}


def require_same_origin(asked: Request) -> None:
    """Return if a request that changes something comes from a page of our own, or from no browser at all.

    Browsers say where a form comes from, and no page can make them lie: in `Sec-Fetch-Site` (W3C, Fetch Metadata
    Request Headers) wherever the connection is one they trust, else in `Origin` (RFC 6454).

    Raises:
        ForbiddenError: it comes from another site.
    """
    if asked.method in {"GET", "HEAD", "OPTIONS"}:
        return
    site, origin = asked.headers.get("Sec-Fetch-Site"), asked.headers.get("Origin")
    ours = site in _OURS if site else origin is None or origin.partition("://")[2] == asked.host
    if not ours:
        raise ForbiddenError("this form was sent from another site; open the dashboard and send it from there")

"""Readers of web addresses: http or https, absolute, and without anything that could hold a secret."""

import re
from urllib.parse import SplitResult, urlsplit

from insights_backend.settings.readers import text

_HOST = re.compile(r"[a-z0-9._-]+|[0-9a-f:.]+")
_DEFAULT_PORTS = {"http": 80, "https": 443}
_NOT_A_URL = "must be an absolute http or https URL without query and fragment"


def url(value: object) -> str:
    """Read an absolute URL."""
    return _split(value).geturl()


def base_url(value: object) -> str:
    """Read a URL that paths are appended to; returns it without a slash at its end."""
    return url(value).rstrip("/")


def origin(value: object) -> str:
    """Read a web origin as browsers send it (RFC 6454): lower case, no path, no default port."""
    parts = _split(value)
    if parts.path:
        raise ValueError("must be scheme://host[:port], without a path and without a slash at its end")
    host = f"[{parts.hostname}]" if ":" in (parts.hostname or "") else parts.hostname
    port = f":{parts.port}" if parts.port not in {None, _DEFAULT_PORTS[parts.scheme]} else ""
    return f"{parts.scheme}://{host}{port}"


def _split(value: object) -> SplitResult:
    """Split a URL without user information, query, fragment or white space (RFC 3986)."""
    if not isinstance(value, str):
        raise ValueError(_NOT_A_URL)  # noqa: TRY004 - one kind of refusal
    written = text(value)
    try:
        parts = urlsplit(written)
        port_is_usable = parts.port != 0
    except ValueError:
        raise ValueError("not a URL; write https://host/path") from None
    if parts.username is not None or parts.password is not None:
        raise ValueError("a URL must hold no user name and no password")
    host = _HOST.fullmatch(parts.hostname or "")
    if parts.scheme not in _DEFAULT_PORTS or not host or not port_is_usable or re.search(r"[\s\\?#]", written):
        raise ValueError(_NOT_A_URL)
    return parts

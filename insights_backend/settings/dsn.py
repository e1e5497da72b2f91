"""The address of the warehouse: the embedded engine inside this process, or a ClickHouse server over HTTP."""

from typing import Any
from urllib.parse import parse_qsl, unquote, urlsplit

from insights_backend.settings.values import Secret

_NOT_A_DSN = "must be an address that begins with chdb:// or clickhouse://"
_SECURE = {"true": True, "yes": True, "1": True, "false": False, "no": False, "0": False}


def dsn(value: object) -> Secret:
    """Read the address of the warehouse, which may hold a password."""
    if not isinstance(value, str) or not value.isprintable():
        raise ValueError(_NOT_A_DSN)
    client_arguments(value)
    return Secret(value)


def client_arguments(dsn: str) -> dict[str, Any]:
    """Read a DSN into the arguments of `clickhouse_connect.get_client`.

    Args:
        dsn: `chdb:///relative/path`, `chdb:////absolute/path`, or
            `clickhouse://user:password@host:port/database?secure=true`.

    Raises:
        ValueError: it is neither; the message does not repeat it, since it may hold a password.
    """
    if "#" in dsn:  # the address would end before it, and name another place
        raise ValueError("must be without '#'; write it as %23 in a password")
    try:
        parts = urlsplit(dsn)
        port = parts.port
    except ValueError:
        raise ValueError("not a URL; write clickhouse://user:password@host:port/database") from None
    if parts.scheme not in {"chdb", "clickhouse"}:
        raise ValueError(_NOT_A_DSN)
    options = dict(parse_qsl(parts.query, keep_blank_values=True))
    if parts.scheme == "chdb" and not parts.netloc and len(parts.path) > 1 and not options:
        return {"interface": "chdb", "path": parts.path.removeprefix("/")}
    if parts.scheme == "clickhouse" and parts.hostname and not options.keys() - {"secure"}:
        secure = _SECURE.get(options.get("secure", "false").lower())
        if secure is None:
            raise ValueError("secure must be true or false")
        return {
            "interface": "https" if secure else "http",
            "host": parts.hostname,
            "port": port or (8443 if secure else 8123),
            "username": unquote(parts.username or "default"),
            "password": unquote(parts.password or ""),
            "database": parts.path.strip("/") or "default",
        }
    raise ValueError("must be chdb:///path or clickhouse://user:password@host:port/database?secure=true")

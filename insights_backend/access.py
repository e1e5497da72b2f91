"""Who may do what here: the bearer tokens that this service issues itself.

A token has one scope, and no more than that scope's work needs. `upload` sends batches to the collector and
reads nothing; `view` reads reports and the dashboard; `admin` exports and erases, and includes `view`, since
an export shows more than any report. `admin` does not include `upload`: who erases has no business writing.
"""

import base64
import hmac
import re
import sqlite3
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, get_args

from insights_backend.errors import ForbiddenError, InvalidParameterError, UnauthenticatedError
from insights_backend.identity import digest
from insights_backend.model.event import OWN_INSTANCE
from insights_backend.token_file import TokenFile

Scope = Literal["upload", "view", "admin"]
SCOPES: tuple[Scope, ...] = get_args(Scope)

_GRANTS: dict[Scope, frozenset[Scope]] = {
    "upload": frozenset(("upload",)),
    "view": frozenset(("view",)),
    "admin": frozenset(("admin", "view")),
}
_PREFIX = "ibt_"
_TOKEN = re.compile(_PREFIX + r"[A-Za-z0-9_-]{43}")
_TOKEN_BYTES = 32
_NAME = re.compile(r"[A-Za-z0-9._-]{1,64}")


@dataclass(frozen=True, slots=True)
class TokenInfo:
    """What may be told about a token; times are seconds since the epoch."""

    name: str
    scope: Scope
    created_at: float
    revoked_at: float | None


# Inside the class below, the name `list` is a method.
_TokenInfos = list[TokenInfo]


class TokenStore:
    """The tokens of this service, in an SQLite file that threads and processes share.

    Each call opens the file anew: nothing is cached, so a token that any process revokes is refused at once.

    Args:
        path: the file; it is made, readable by its owner only, where there is none.
        clock: the time in seconds since the epoch.
        randomness: gives as many unpredictable bytes as it is asked for.

    Raises:
        ConfigError: the file cannot be made, or a newer version of this service wrote it.
    """

    def __init__(self, path: Path, clock: Callable[[], float], randomness: Callable[[int], bytes]) -> None:
        self._file = TokenFile(path)
        self._clock = clock
        self._randomness = randomness

    def create(self, name: str, scope: Scope) -> str:
        """Make a token and return it; it is not stored, so this is the only time that it can be read.

        Args:
            name: what the token is listed and revoked by: 1 to 64 of the characters A-Z a-z 0-9 . _ -
                For the scope upload it is also the name of the instance that sends, and so not `local`.
            scope: what its bearer may do.

        Raises:
            InvalidParameterError: the name or the scope cannot be used, or a live token has the name already.
            UnavailableError: the file cannot be written now.
        """
        _check(name, scope)
        secret = base64.urlsafe_b64encode(self._randomness(_TOKEN_BYTES)).rstrip(b"=").decode("ascii")
        token = _PREFIX + secret
        self._insert(name, scope, digest(token))
        return token

    def list(self) -> _TokenInfos:
        """Return all tokens, the revoked ones too, oldest first.

        Raises:
            UnavailableError: the file cannot be read now.
        """
        with self._file.open() as database:
            rows = database.execute("SELECT name, scope, created_at, revoked_at FROM tokens ORDER BY created_at, rowid")
            return [TokenInfo(*row) for row in rows]

    def revoke(self, name: str) -> bool:
        """Make the live token of that name useless from now on.

        Returns:
            Whether there was one.

        Raises:
            UnavailableError: the file cannot be written now.
        """
        with self._file.open() as database:
            cursor = database.execute(
                "UPDATE tokens SET revoked_at = ? WHERE name = ? AND revoked_at IS NULL",
                (self._clock(), name),
            )
            return cursor.rowcount > 0

    def verify(self, token: str) -> TokenInfo | None:
        """Return what a live token stands for, in a time that does not tell how close a wrong one came.

        Returns:
            None where the token is unknown, revoked or no token of ours.

        Raises:
            UnavailableError: the file cannot be read now.
        """
        if not _TOKEN.fullmatch(token):
            return None
        with self._file.open() as database:
            rows = database.execute(
                "SELECT hash, name, scope, created_at, revoked_at FROM tokens WHERE revoked_at IS NULL"
            ).fetchall()
        given = digest(token)
        matches = [TokenInfo(*info) for known, *info in rows if hmac.compare_digest(known, given)]
        return matches[0] if matches else None

    def session_key(self, name: str) -> bytes | None:
        """Return what the live token of that name signs its sessions with, so that they end with it.

        Returns:
            None where no live token has the name.

        Raises:
            UnavailableError: the file cannot be read now.
        """
        with self._file.open() as database:
            row = database.execute("SELECT hash FROM tokens WHERE name = ? AND revoked_at IS NULL", (name,)).fetchone()
        return hmac.digest(row[0], b"session", "sha256") if row else None

    def require(self, token: str | None, scope: Scope) -> TokenInfo:
        """Return what a token stands for if it grants a scope.

        Args:
            token: what the request brought; None where it brought nothing.
            scope: what is about to be done.

        Raises:
            UnauthenticatedError: there is no token, or none of ours that is live.
            ForbiddenError: the token's scope does not include this one.
            UnavailableError: the file cannot be read now.
        """
        if token is None:
            raise UnauthenticatedError(f"no credentials; send a bearer token with the scope {scope}")
        info = self.verify(token)
        if info is None:
            raise UnauthenticatedError("the token is unknown or revoked; make one with: insights token create")
        if scope not in _GRANTS[info.scope]:
            raise ForbiddenError(f"this needs a token with the scope {scope}; the given one has {info.scope}")
        return info

    def _insert(self, name: str, scope: Scope, hashed: bytes) -> None:
        with self._file.open() as database:
            try:
                database.execute(
                    "INSERT INTO tokens (name, hash, scope, created_at) VALUES (?, ?, ?, ?)",
                    (name, hashed, scope, self._clock()),
                )
            except sqlite3.IntegrityError:
                raise InvalidParameterError("name: a live token has it; revoke that one or choose another") from None


def _check(name: str, scope: Scope) -> None:
    if not _NAME.fullmatch(name):
        raise InvalidParameterError("name: expected 1 to 64 of the characters A-Z a-z 0-9 . _ -")
    if scope not in SCOPES:
        raise InvalidParameterError(f"scope: expected one of {', '.join(SCOPES)}")
    if scope == "upload" and name == OWN_INSTANCE:
        raise InvalidParameterError(
            f"name: {OWN_INSTANCE} is what this service calls its own portal; choose another for a portal that uploads"
        )

"""From a Backstage user's token to the user that it proves.

The rules for a user's token are Backstage's (`auth-backend` issues it, `backend-defaults` checks it); the
rest is RFC 7519 (JSON Web Token) and RFC 8725 (their best current practices).
"""

import re
import threading
from collections import OrderedDict
from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

import jwt

from insights_backend.errors import InvalidEntityRefError, UnauthenticatedError
from insights_backend.http_client import DirectSession
from insights_backend.identity import MAX_TOKEN_LENGTH, digest
from insights_backend.model.entity_ref import EntityRef
from insights_backend.signing_keys import SigningKeys

_MAX_KEY_ID_LENGTH = 256
_MAX_REMEMBERED_TOKENS = 10_000
_LEEWAY = 10.0

_USER_TYPE = "vnd.backstage.user"
_OTHER_TYPES = {
    "vnd.backstage.limited-user": "the token is a limited user token; send the user's full Backstage token",
    "vnd.backstage.plugin": "the token belongs to a Backstage plugin; send the user's own Backstage token",
}
# Only the signature is left to the library: it reads the time from the system, not from our clock.
_SIGNATURE_ONLY: "jwt.types.Options" = {
    "verify_signature": True,
    "enforce_minimum_key_length": True,
    "verify_exp": False,
    "verify_nbf": False,
    "verify_iat": False,
    "verify_aud": False,
    "verify_iss": False,
    "verify_sub": False,
    "verify_jti": False,
}
_JWS = re.compile(r"[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+")


class BackstageTokens:
    """Proves who a Backstage user token belongs to; a token is verified once and remembered until it expires.

    A key that the portal withdraws is unlearnt with the next fetch of its keys; tokens that were verified
    before then stay good until they expire, an hour at most unless the operator set another lifetime.

    Args:
        jwks_url: where the portal publishes its public keys.
        session: the HTTP session that fetches them.
        clock: the time in seconds since the epoch.
    """

    def __init__(self, jwks_url: str, session: DirectSession, clock: Callable[[], float]) -> None:
        self._keys = SigningKeys(jwks_url, session, clock)
        self._clock = clock
        self._lock = threading.Lock()
        self._remembered: OrderedDict[bytes, _Verified] = OrderedDict()  # those seen last come last

    def user(self, token: str) -> EntityRef:
        """Return the user whom a token was issued to.

        Args:
            token: the compact form of a signed token, as a request brought it.

        Raises:
            UnauthenticatedError: the token proves no user; the message gives the reason, not what it says.
            UnavailableError: the token's key is not known and the portal's keys cannot be fetched.
        """
        known_by = digest(token)
        with self._lock:
            known = self._remembered.get(known_by)
        verified = known or self._verify(token)
        if self._clock() >= verified.expires + _LEEWAY:
            raise UnauthenticatedError("the token has expired; get a new one from the portal")
        with self._lock:
            self._remembered[known_by] = verified
            self._remembered.move_to_end(known_by)
            if len(self._remembered) > _MAX_REMEMBERED_TOKENS:
                self._remembered.popitem(last=False)
        return verified.user

    def failure(self) -> str | None:
        """Say why the portal's keys could not be fetched the last time; None where they could, or were not yet."""
        return self._keys.failure

    def _verify(self, token: str) -> "_Verified":
        if len(token) > MAX_TOKEN_LENGTH or not _JWS.fullmatch(token):
            raise UnauthenticatedError("the token is not a signed JSON Web Token of at most 16 KiB")
        try:
            header = jwt.get_unverified_header(token)
            key = self._keys.get(_key_id(header))
            if header.get("alg") != key.algorithm_name:
                raise UnauthenticatedError("the token's algorithm is not the one of its key")
            claims = jwt.decode(token, key, algorithms=[key.algorithm_name], options=_SIGNATURE_ONLY)
        # The library tells in its messages what the token holds, so they are not passed on.
        except (jwt.PyJWTError, ValueError, RecursionError):
            raise UnauthenticatedError("the token is damaged or its signature does not verify") from None
        return _read_claims(claims, self._clock())


class _Verified(NamedTuple):
    user: EntityRef
    expires: float


def _key_id(header: Mapping[str, Any]) -> str:
    token_type, key_id = header.get("typ"), header.get("kid")
    if token_type != _USER_TYPE:
        other = _OTHER_TYPES.get(token_type) if isinstance(token_type, str) else None
        raise UnauthenticatedError(other or "the token is not a Backstage user token")
    # RFC 7515, section 4.1.11: what is critical and not understood makes the token invalid.
    if "crit" in header:
        raise UnauthenticatedError("the token has critical extensions, which Backstage's tokens have not")
    if not isinstance(key_id, str) or not 0 < len(key_id) <= _MAX_KEY_ID_LENGTH:
        raise UnauthenticatedError("the token does not name its key (kid)")
    return key_id


def _read_claims(claims: Mapping[str, Any], now: float) -> _Verified:
    audience = claims.get("aud")
    if "backstage" not in (audience if isinstance(audience, list) else [audience]):
        raise UnauthenticatedError("the token is not meant for Backstage (aud)")
    latest_start = now + _LEEWAY
    if _seconds(claims, "iat") > latest_start or ("nbf" in claims and _seconds(claims, "nbf") > latest_start):
        raise UnauthenticatedError("the token is not yet valid; compare the clocks of this machine and the portal")
    return _Verified(_user(claims.get("sub")), _seconds(claims, "exp"))


def _seconds(claims: Mapping[str, Any], name: str) -> float:
    value = claims.get(name)
    # The bound leaves out NaN, infinity and whole numbers that no float holds.
    if not isinstance(value, (int, float)) or isinstance(value, bool) or not abs(value) < 2**53:
        raise UnauthenticatedError(f"the token has no usable time in {name}")
    return value


def _user(subject: object) -> EntityRef:
    refusal = "the token's subject is not the full entity reference of a user"
    if not isinstance(subject, str) or "/" not in subject:
        raise UnauthenticatedError(refusal)
    try:
        user = EntityRef.parse(subject)
    except InvalidEntityRefError:
        raise UnauthenticatedError(refusal) from None
    if user.kind != "user":
        raise UnauthenticatedError(refusal)
    return user

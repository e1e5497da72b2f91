"""The public keys with which a portal signs its tokens: fetching them, reading them, and not asking too often.

They come as a JSON Web Key Set (RFC 7517), as `auth-backend` publishes it.
"""

import threading
from collections import deque
from collections.abc import Callable, Mapping
from typing import Any

import jwt
import orjson
import requests

from insights_backend.errors import UnauthenticatedError, UnavailableError
from insights_backend.http_client import DirectSession, body_of

_MAX_JWKS_BYTES = 1024 * 1024
_SECONDS = 2.0  # to connect, as many for the answer to begin, and as many for all of it
_MAX_RELOADS = 10
_RELOAD_WINDOW = 60.0
# An operator chooses among these with `auth.identityTokenAlgorithm`. With no symmetric one among them, nobody
# can sign with what is public (RFC 8725, section 2.1).
_ALGORITHMS = frozenset(("ES256", "ES384", "ES512", "RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "EdDSA"))


class SigningKeys:
    """The portal's public keys, fetched when a token names one that is not known, kept while it is down.

    Args:
        url: where the portal publishes them.
        session: the HTTP session that fetches them.
        clock: the time in seconds since the epoch.
    """

    def __init__(self, url: str, session: DirectSession, clock: Callable[[], float]) -> None:
        self._url = url
        self._session = session
        self._clock = clock
        self._lock = threading.Lock()
        self._keys: Mapping[str, jwt.PyJWK] = {}
        self.failure: str | None = None
        self._reloads: deque[float] = deque(maxlen=_MAX_RELOADS)
        self._attempts = 0

    def get(self, key_id: str) -> jwt.PyJWK:
        """Return the key of that id, after a fetch if it is not known; of fetches there are ten a minute at most.

        Args:
            key_id: the `kid` of a token's header.

        Raises:
            UnauthenticatedError: the portal publishes no such key.
            UnavailableError: the key is not known and the keys cannot be fetched.
        """
        attempts = self._attempts
        if key_id not in self._keys:
            self._reload(attempts)
        key, failure = self._keys.get(key_id), self.failure
        if key is not None:
            return key
        if failure is not None:
            raise _unavailable(failure)
        raise UnauthenticatedError("the token is signed with a key that the portal does not publish")

    def fetch(self) -> int:
        """Fetch the keys now, and return how many can be used.

        Raises:
            UnavailableError: the keys cannot be fetched.
        """
        self._reload(self._attempts)
        if self.failure is not None:
            raise _unavailable(self.failure)
        return len(self._keys)

    def _reload(self, attempts: int) -> None:
        """Fetch the keys, unless another thread did while this one waited, or it was done too often."""
        with self._lock:
            if self._attempts != attempts or not self._may_reload():
                return
            self._reloads.append(self._clock())
            try:
                self._keys, self.failure = self._fetch(), None
            except (requests.RequestException, _UnusableError) as error:
                self.failure = str(error) if isinstance(error, _UnusableError) else "it does not answer"
            self._attempts += 1

    def _may_reload(self) -> bool:
        full = len(self._reloads) == _MAX_RELOADS
        # Below 0 the clock was set back: better one fetch too many than none for hours.
        return not full or not 0 <= self._clock() - self._reloads[0] < _RELOAD_WINDOW

    def _fetch(self) -> Mapping[str, jwt.PyJWK]:
        with self._session.get(self._url, timeout=_SECONDS, stream=True) as response:
            if response.status_code != requests.codes.ok:
                raise _UnusableError(f"it answers with status {response.status_code}")
            body = body_of(response, _MAX_JWKS_BYTES, _SECONDS)
        if body is None:
            raise _UnusableError("its answer is over 1 MiB")
        return _usable_keys(body)


def _unavailable(failure: str) -> UnavailableError:
    return UnavailableError(f"the portal's signing keys (auth.jwksUrl) cannot be fetched: {failure}")


class _UnusableError(Exception):
    """What came is no set of keys; says why."""


def _usable_keys(body: bytes) -> Mapping[str, jwt.PyJWK]:
    try:
        document = orjson.loads(body)
    except orjson.JSONDecodeError:
        raise _UnusableError("its answer is not JSON") from None
    members = document.get("keys") if isinstance(document, dict) else None
    if not isinstance(members, list):
        raise _UnusableError('its answer has no list of "keys"')
    keys = {key.key_id: key for key in map(_public_key, members) if key is not None and key.key_id}
    if not keys:
        raise _UnusableError("its answer has no key that can be used")
    return keys


def _public_key(member: Any) -> jwt.PyJWK | None:
    """Read a key as RFC 7517 asks: one that is not understood, or not for signatures, is passed over."""
    if not isinstance(member, dict) or not isinstance(member.get("kid"), str):
        return None
    algorithm = member.get("alg")
    # Whoever can read a private key ("d") here can sign with it.
    if not isinstance(algorithm, str) or algorithm not in _ALGORITHMS or "d" in member:
        return None
    if member.get("use", "sig") != "sig":
        return None
    try:
        return jwt.PyJWK(member)
    except (jwt.PyJWTError, TypeError, ValueError):
        return None

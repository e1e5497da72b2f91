"""Tokens and key sets such as a Backstage portal makes, for tests."""

import base64
import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import jwt
import requests
import responses
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
from jwt.algorithms import ECAlgorithm, OKPAlgorithm, RSAAlgorithm

USER_TYPE = "vnd.backstage.user"
PrivateKey = ec.EllipticCurvePrivateKey | rsa.RSAPrivateKey | ed25519.Ed25519PrivateKey
_CURVES = {"ES256": ec.SECP256R1(), "ES384": ec.SECP384R1(), "ES512": ec.SECP521R1()}


@dataclass(frozen=True)
class SigningKey:
    """A key pair of the portal, as the test's side of the fence knows it."""

    kid: str
    algorithm: str
    private: PrivateKey

    def token(self, claims: Mapping[str, Any], **header: Any) -> str:
        """Sign the claims; `header` adds to the portal's header, or takes out what is None."""
        full = {"typ": USER_TYPE, "kid": self.kid, **header}
        kept = {name: value for name, value in full.items() if value is not None}
        return jwt.encode(dict(claims), self.private, algorithm=self.algorithm, headers=kept)

    def jwk(self) -> dict[str, Any]:
        """The public half, as the portal publishes it."""
        return {**_public_numbers(self.private), "kid": self.kid, "alg": self.algorithm}

    def pem(self) -> bytes:
        """The public half in PEM."""
        form = serialization.PublicFormat.SubjectPublicKeyInfo
        return self.private.public_key().public_bytes(serialization.Encoding.PEM, form)


class Portal:
    """The portal's end: what it publishes, and how often it was asked; it has no keys at first."""

    url = "https://portal.example.com/api/auth/.well-known/jwks.json"

    def __init__(self, mock: responses.RequestsMock) -> None:
        self._mock = mock
        self.publish()

    def publish(self, *keys: SigningKey) -> None:
        self.answer(json=jwks(*keys))

    def answer(self, **answer: Any) -> None:
        self._mock.upsert(responses.GET, self.url, **answer)

    def go_down(self) -> None:
        self.answer(body=requests.ConnectionError("refused"))

    @property
    def fetches(self) -> int:
        return len(self._mock.calls)


def signing_key(kid: str = "key-1", algorithm: str = "ES256") -> SigningKey:
    """Make a key pair for one of the algorithms that a portal can be set to."""
    if algorithm in _CURVES:
        return SigningKey(kid, algorithm, ec.generate_private_key(_CURVES[algorithm]))
    if algorithm == "EdDSA":
        return SigningKey(kid, algorithm, ed25519.Ed25519PrivateKey.generate())
    return SigningKey(kid, algorithm, rsa.generate_private_key(public_exponent=65537, key_size=2048))


def jwks(*keys: SigningKey) -> dict[str, Any]:
    """The document that the portal publishes at `/api/auth/.well-known/jwks.json`."""
    return {"keys": [key.jwk() for key in keys]}


def user_claims(now: float, subject: str = "user:default/jane", **changes: Any) -> dict[str, Any]:
    """What a user token says one hour before it expires; a change to None takes the claim out."""
    claims = {
        "iss": "https://portal.example.com/api/auth",
        "sub": subject,
        "aud": "backstage",
        "iat": int(now),
        "exp": int(now) + 3600,
        "uip": "proof",
        **changes,
    }
    return {name: value for name, value in claims.items() if value is not None}


def handmade(header: object, claims: object, signature: bytes = b"") -> str:
    """A token in the compact form with whatever it is given, well-formed or not."""
    return ".".join(
        (base64url(json.dumps(header).encode()), base64url(json.dumps(claims).encode()), base64url(signature))
    )


def base64url(data: bytes) -> str:
    """Base64 in the alphabet of RFC 4648, section 5, without padding."""
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode("ascii")


def _public_numbers(private: PrivateKey) -> dict[str, Any]:
    if isinstance(private, ec.EllipticCurvePrivateKey):
        return ECAlgorithm.to_jwk(private.public_key(), as_dict=True)
    if isinstance(private, rsa.RSAPrivateKey):
        return RSAAlgorithm.to_jwk(private.public_key(), as_dict=True)
    return OKPAlgorithm.to_jwk(private.public_key(), as_dict=True)


@contextmanager
def publishing(key: SigningKey) -> Iterator[Portal]:
    """A portal that publishes a key, the only peer there is meanwhile."""
    with responses.RequestsMock(assert_all_requests_are_fired=False) as mock:
        portal = Portal(mock)
        portal.publish(key)
        yield portal

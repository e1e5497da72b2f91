import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import jwt
import pytest
import requests
from cryptography.hazmat.primitives.asymmetric import ec
from jwt.algorithms import ECAlgorithm

from insights_backend.errors import UnauthenticatedError, UnavailableError
from insights_backend.http_client import DirectSession
from insights_backend.signing_keys import SigningKeys
from tests.fakes import Clock
from tests.tokens import Portal, SigningKey, base64url, jwks, publishing, signing_key

PRIVATE = ec.generate_private_key(ec.SECP256R1())
KEY = SigningKey("key-1", "ES256", PRIVATE)


@pytest.fixture
def portal() -> Iterator[Portal]:
    with publishing(KEY) as portal:
        yield portal


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def keys(portal: Portal, clock: Clock) -> SigningKeys:
    return SigningKeys(portal.url, DirectSession(), clock)


def knows(keys: SigningKeys, key: SigningKey) -> bool:
    """Whether a key is known; it then verifies what its private half signs."""
    try:
        found = keys.get(key.kid)
    except UnauthenticatedError:
        return False
    return jwt.decode(key.token({"signed": True}), found, algorithms=[key.algorithm]) == {"signed": True}


def miss(keys: SigningKeys, times: int = 1) -> None:
    """Ask for keys that there are not."""
    for number in range(times):
        with pytest.raises(UnauthenticatedError):
            keys.get(f"unknown-{number}")


def test_the_keys_are_fetched_once_for_many_tokens(keys: SigningKeys, portal: Portal) -> None:
    assert all(knows(keys, KEY) for _ in range(3))
    assert portal.fetches == 1


def test_a_rotated_key_is_learnt_and_the_withdrawn_one_unlearnt(keys: SigningKeys, portal: Portal) -> None:
    assert knows(keys, KEY)
    new = signing_key("key-2")
    portal.publish(new)
    assert knows(keys, new)
    assert not knows(keys, KEY)


def test_unknown_keys_make_at_most_ten_fetches_a_minute(keys: SigningKeys, portal: Portal, clock: Clock) -> None:
    miss(keys, 15)
    assert portal.fetches == 10
    assert knows(keys, KEY)
    clock.now += 59.9
    miss(keys)
    assert portal.fetches == 10
    clock.now += 0.1
    miss(keys)
    assert portal.fetches == 11


def test_a_clock_that_is_set_back_does_not_stop_fetching(keys: SigningKeys, portal: Portal, clock: Clock) -> None:
    miss(keys, 10)
    clock.now -= 3600
    portal.publish(new := signing_key("key-2"))
    assert knows(keys, new)


def test_a_known_key_is_kept_while_the_portal_is_down(keys: SigningKeys, portal: Portal) -> None:
    assert knows(keys, KEY)
    portal.go_down()
    with pytest.raises(UnavailableError):
        keys.get("key-2")
    assert knows(keys, KEY)


def test_a_portal_that_comes_back_is_asked_again(keys: SigningKeys, portal: Portal) -> None:
    portal.go_down()
    with pytest.raises(UnavailableError, match="it does not answer"):
        keys.get(KEY.kid)
    portal.publish(KEY)
    assert knows(keys, KEY)
    miss(keys)


def test_a_portal_that_stays_down_is_unavailable_beyond_the_limit_of_fetches_too(
    keys: SigningKeys, portal: Portal
) -> None:
    portal.go_down()
    for _ in range(12):
        with pytest.raises(UnavailableError):
            keys.get(KEY.kid)
    assert portal.fetches == 10


@pytest.mark.parametrize(
    ("answer", "reason"),
    [
        ({"status": 500}, "status 500"),
        ({"status": 302, "headers": {"Location": "https://evil.example.com/"}}, "status 302"),
        ({"body": "<html>"}, "not JSON"),
        ({"body": b'{"keys": "\xff"}'}, "not JSON"),
        ({"body": "[" * 5000}, "not JSON"),
        ({"json": []}, 'no list of "keys"'),
        ({"json": {"keys": {}}}, 'no list of "keys"'),
        ({"json": {"keys": []}}, "no key"),
        ({"json": jwks(KEY), "headers": {"Content-Encoding": "gzip"}}, "does not answer"),
        ({"body": b" " * (1024 * 1024 + 1)}, "over 1 MiB"),
    ],
)
def test_an_answer_without_keys_makes_them_unavailable_and_says_why(
    keys: SigningKeys, portal: Portal, answer: dict[str, Any], reason: str
) -> None:
    portal.answer(**answer)
    with pytest.raises(UnavailableError, match=rf"\(auth\.jwksUrl\) cannot be fetched: .*{reason}"):
        keys.get(KEY.kid)


def test_an_answer_without_keys_does_not_unlearn_the_known_ones(keys: SigningKeys, portal: Portal) -> None:
    assert knows(keys, KEY)
    portal.publish()
    with pytest.raises(UnavailableError):
        keys.get("key-2")
    assert knows(keys, KEY)


UNUSABLE: dict[str, object] = {
    "symmetric": {"kty": "oct", "k": base64url(b"s" * 32), "alg": "HS256", "kid": "odd"},
    "symmetric, passed off as ES256": {"kty": "oct", "k": base64url(b"s" * 32), "alg": "ES256", "kid": "odd"},
    "no algorithm": {name: value for name, value in {**KEY.jwk(), "kid": "odd"}.items() if name != "alg"},
    "unknown algorithm": {**KEY.jwk(), "kid": "odd", "alg": "ES256K"},
    "algorithm that is no text": {**KEY.jwk(), "kid": "odd", "alg": ["ES256"]},
    "algorithm of another kind of key": {**KEY.jwk(), "kid": "odd", "alg": "RS256"},
    "for encryption": {**KEY.jwk(), "kid": "odd", "use": "enc"},
    "its private half": {**KEY.jwk(), "kid": "odd", **ECAlgorithm.to_jwk(PRIVATE, as_dict=True)},
    "off the curve": {**KEY.jwk(), "kid": "odd", "y": base64url(b"\1" * 32)},
    "numbers for coordinates": {**KEY.jwk(), "kid": "odd", "x": 7},
    "kid that is no text": {**KEY.jwk(), "kid": 7},
    "not an object": "key",
}


@pytest.mark.parametrize("member", UNUSABLE.values(), ids=UNUSABLE.keys())
def test_an_unusable_key_is_passed_over_and_its_neighbour_is_used(
    keys: SigningKeys, portal: Portal, member: object
) -> None:
    portal.answer(json={"keys": [member, KEY.jwk()]})
    assert knows(keys, KEY)
    with pytest.raises(UnauthenticatedError):
        keys.get("odd")


class WatchedLock:
    """A lock that tells how many threads have come to it."""

    def __init__(self) -> None:
        self.arrivals = threading.Semaphore(0)
        self._lock = threading.Lock()

    def __enter__(self) -> None:
        self.arrivals.release()
        self._lock.acquire()

    def __exit__(self, *_: object) -> None:
        self._lock.release()


def test_threads_that_miss_a_key_together_share_one_fetch(monkeypatch: pytest.MonkeyPatch) -> None:
    lock, session, fetches = WatchedLock(), DirectSession(), []
    keys = SigningKeys(Portal.url, session, Clock())

    def get_once_all_wait(url: str, **_: object) -> requests.Response:
        fetches.append(url)
        assert all(lock.arrivals.acquire(timeout=5) for _ in range(8))
        raise requests.ConnectTimeout

    def ask(_: int) -> None:
        with pytest.raises(UnavailableError):
            keys.get(KEY.kid)

    monkeypatch.setattr(session, "get", get_once_all_wait)
    monkeypatch.setattr(keys, "_lock", lock)
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(ask, range(8)))
    assert fetches == [Portal.url]

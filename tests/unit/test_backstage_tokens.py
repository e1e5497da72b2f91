from collections.abc import Iterator
from typing import Any

import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from hypothesis import given
from hypothesis import strategies as st
from jwt.algorithms import ECAlgorithm, HMACAlgorithm

from insights_backend.backstage_tokens import BackstageTokens
from insights_backend.errors import UnauthenticatedError, UnavailableError
from insights_backend.http_client import DirectSession
from insights_backend.model.entity_ref import EntityRef
from tests.fakes import NOW, Clock
from tests.tokens import USER_TYPE, Portal, SigningKey, base64url, handmade, publishing, signing_key, user_claims

JANE = EntityRef("user", "default", "jane")
EC_PRIVATE = ec.generate_private_key(ec.SECP256R1())
KEY = SigningKey("key-1", "ES256", EC_PRIVATE)
RSA_KEY = signing_key("rsa", "RS256")
OFFLINE = BackstageTokens("https://portal.invalid/", DirectSession(), lambda: NOW)


@pytest.fixture
def portal() -> Iterator[Portal]:
    with publishing(KEY) as portal:
        yield portal


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def tokens(portal: Portal, clock: Clock) -> BackstageTokens:
    return BackstageTokens(portal.url, DirectSession(), clock)


def refusal(tokens: BackstageTokens, token: str) -> str:
    """Why the token is refused; a token that is not refused fails the test."""
    with pytest.raises(UnauthenticatedError) as caught:
        tokens.user(token)
    assert caught.value.__cause__ is None
    return caught.value.message


def signed(now: float = NOW, **changes: Any) -> str:
    return KEY.token(user_claims(now, **changes))


def test_a_user_token_proves_its_subject(tokens: BackstageTokens) -> None:
    assert tokens.user(signed()) == JANE


def test_the_subject_comes_out_in_lower_case(tokens: BackstageTokens) -> None:
    assert tokens.user(signed(sub="user:default/Ghost")) == EntityRef("user", "default", "ghost")


@pytest.mark.parametrize("algorithm", ["ES384", "ES512", "RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "EdDSA"])
def test_a_portal_may_be_set_to_another_asymmetric_algorithm(
    tokens: BackstageTokens, portal: Portal, algorithm: str
) -> None:
    private = RSA_KEY.private if algorithm[1] == "S" and algorithm[0] in "RP" else None
    key = SigningKey("k", algorithm, private) if private else signing_key("k", algorithm)
    portal.publish(key)
    assert tokens.user(key.token(user_claims(NOW))) == JANE


# Whose signature it is


def hs256(secret: bytes, key: SigningKey = KEY) -> str:
    """A token signed with a secret that is in truth public; made by hand, since the library refuses to."""
    header = {"typ": USER_TYPE, "kid": key.kid, "alg": "HS256"}
    unsigned = handmade(header, user_claims(NOW)).rpartition(".")[0]
    signature = HMACAlgorithm(HMACAlgorithm.SHA256).sign(unsigned.encode(), secret)
    return f"{unsigned}.{base64url(signature)}"


def none(signature: bytes) -> str:
    return handmade({"typ": USER_TYPE, "kid": KEY.kid, "alg": "none"}, user_claims(NOW), signature)


def tampered() -> str:
    header, _, signature = signed().split(".")
    payload = handmade({}, user_claims(NOW, subject="user:default/admin")).split(".")[1]
    return f"{header}.{payload}.{signature}"


def rsa_over_ec_header() -> str:
    return SigningKey(KEY.kid, "RS256", RSA_KEY.private).token(user_claims(NOW))


FORGED = {
    "alg none without a signature": none(b""),
    "alg none with a signature": none(b"\0" * 64),
    "alg None in another case": handmade({"typ": USER_TYPE, "kid": KEY.kid, "alg": "NoNe"}, user_claims(NOW), b"x"),
    "no alg": handmade({"typ": USER_TYPE, "kid": KEY.kid}, user_claims(NOW), b"\0" * 64),
    "alg that is no text": handmade({"typ": USER_TYPE, "kid": KEY.kid, "alg": ["ES256"]}, user_claims(NOW), b"x"),
    "HS256 with the public PEM": hs256(KEY.pem()),
    "HS256 with the JWK": hs256(str(KEY.jwk()).encode()),
    "HS256 with the JWK's x": hs256(KEY.jwk()["x"].encode()),
    "another algorithm than the key's": rsa_over_ec_header(),
    "another key under the right kid": signing_key(KEY.kid).token(user_claims(NOW)),
    "a zero signature": handmade({"typ": USER_TYPE, "kid": KEY.kid, "alg": "ES256"}, user_claims(NOW), b"\0" * 64),
    "a tampered payload": tampered(),
    "another payload in DER": signed()[:-8] + "AAAAAAAA",
    "more dots": signed() + "...",
    "a dot too few": signed().rpartition(".")[0],
    "no text at all": "",
    "padding": signed() + "==",
    "white space": signed() + "\n",
    "not ASCII": signed() + "é",
    "a lone surrogate": signed() + "\ud800",
    "a header that is no JSON": f"{base64url(b'{')}.{base64url(b'{}')}.AAAA",
    "a header that is no object": handmade([], {}, b"x"),
    "a header that is no UTF-8": f"{base64url(bytes([0x7B, 0xFF, 0x7D]))}.{base64url(b'{}')}.AAAA",
    "a header nested deep": f"{base64url(b'[' * 11_000)}.AAAA.AAAA",
    "a header with a number of 5000 digits": f"{base64url(b'9' * 5000)}.AAAA.AAAA",
}


@pytest.mark.parametrize("token", FORGED.values(), ids=FORGED.keys())
def test_a_forged_or_damaged_token_is_refused(tokens: BackstageTokens, token: str) -> None:
    refusal(tokens, token)


def test_a_token_of_more_than_16_kib_is_refused_unread(tokens: BackstageTokens, portal: Portal) -> None:
    assert "16 KiB" in refusal(tokens, signed(uip="x" * 16_384))
    assert portal.fetches == 0


@given(
    st.binary(max_size=80).map(lambda octets: octets.decode("latin-1"))
    | st.lists(st.text("AZaz09_-", max_size=20), max_size=4).map(".".join)
)
def test_no_text_makes_it_fail_in_another_way_than_refusal(text: str) -> None:
    with pytest.raises(UnauthenticatedError):
        OFFLINE.user(text)


@pytest.mark.parametrize("name", ["jwk", "jku", "x5u", "x5c"])
def test_a_key_that_the_token_brings_along_is_ignored(tokens: BackstageTokens, portal: Portal, name: str) -> None:
    mine = signing_key("mine")
    value = mine.jwk() if name == "jwk" else "https://evil.example.com/keys"
    assert "does not publish" in refusal(tokens, mine.token(user_claims(NOW), **{name: value}))
    assert "signature" in refusal(tokens, mine.token(user_claims(NOW), kid=KEY.kid, **{name: value}))
    assert tokens.user(KEY.token(user_claims(NOW), **{name: value})) == JANE
    assert portal.fetches == 1


@pytest.mark.parametrize("extension", ["b64", "exp", "anything"])
def test_a_critical_extension_is_refused(tokens: BackstageTokens, extension: str) -> None:
    header = {"typ": USER_TYPE, "kid": KEY.kid, "alg": "ES256", "crit": [extension], extension: True}
    unsigned = handmade(header, user_claims(NOW)).rpartition(".")[0]
    signature = ECAlgorithm(ECAlgorithm.SHA256).sign(unsigned.encode(), EC_PRIVATE)
    refusal(tokens, f"{unsigned}.{base64url(signature)}")


@pytest.mark.parametrize("kid", [None, "", "x" * 257, 7, ["key-1"]])
def test_a_token_must_name_its_key(tokens: BackstageTokens, portal: Portal, kid: object) -> None:
    header = {"typ": USER_TYPE, "alg": "ES256", "kid": kid}
    refusal(tokens, handmade({k: v for k, v in header.items() if v is not None}, user_claims(NOW), b"\0" * 64))
    assert portal.fetches == 0


# What it says


@pytest.mark.parametrize(
    ("typ", "reason"),
    [
        ("vnd.backstage.limited-user", "limited user token"),
        ("vnd.backstage.plugin", "Backstage plugin"),
        ("JWT", "not a Backstage user token"),
        ("VND.BACKSTAGE.USER", "not a Backstage user token"),
        ("", "not a Backstage user token"),
    ],
)
def test_a_token_of_another_type_is_refused_by_its_type(tokens: BackstageTokens, typ: str, reason: str) -> None:
    assert reason in refusal(tokens, KEY.token(user_claims(NOW), typ=typ))


def test_a_limited_token_passed_off_as_a_full_one_lacks_the_audience(tokens: BackstageTokens) -> None:
    limited = {"sub": "user:default/jane", "iat": int(NOW), "exp": int(NOW) + 3600}
    assert "aud" in refusal(tokens, KEY.token(limited))


@pytest.mark.parametrize("audience", ["backstage", ["backstage"], ["catalog", "backstage"]])
def test_an_audience_with_backstage_in_it_is_ours(tokens: BackstageTokens, audience: object) -> None:
    assert tokens.user(signed(aud=audience)) == JANE


@pytest.mark.parametrize(
    "audience", [None, "", "catalog", "backstage2", "Backstage", [], ["catalog"], {"backstage": 1}]
)
def test_another_audience_is_refused(tokens: BackstageTokens, audience: object) -> None:
    assert "aud" in refusal(tokens, signed(aud=audience))


TIMES: list[tuple[dict[str, Any], str | None]] = [
    ({}, None),
    ({"exp": NOW - 9}, None),
    ({"exp": NOW - 10}, "expired"),
    ({"exp": 0}, "expired"),
    ({"exp": -1e300}, "exp"),
    ({"iat": NOW + 10}, None),
    ({"iat": NOW + 11}, "not yet valid"),
    ({"nbf": NOW + 10}, None),
    ({"nbf": NOW + 11}, "not yet valid"),
    ({"nbf": "soon"}, "nbf"),
    *[({name: bad}, name) for name in ("exp", "iat") for bad in (None, "9999999999", True, [1], float("nan"))],
    ({"exp": float("inf")}, "exp"),
    ({"exp": 10**400}, "exp"),
]


@pytest.mark.parametrize(("changes", "reason"), TIMES)
def test_the_times_of_a_token_are_held_against_our_clock_with_ten_seconds_of_leeway(
    tokens: BackstageTokens, changes: dict[str, Any], reason: str | None
) -> None:
    token = KEY.token(user_claims(NOW, **changes))
    if reason is None:
        assert tokens.user(token) == JANE
    else:
        assert reason in refusal(tokens, token)


@pytest.mark.parametrize(
    "subject",
    [
        None,
        "",
        7,
        "jane",
        "default/jane",
        "user:jane",
        "group:default/admins",
        "plugin:catalog",
        "external:default/ci",
        "user:default/",
        "user:default/jane/doe",
        "user:default/jane doe",
        "user:default/" + "x" * 600,
        ["user:default/jane"],
    ],
)
def test_a_subject_that_is_no_full_user_ref_is_refused(tokens: BackstageTokens, subject: object) -> None:
    message = refusal(tokens, KEY.token({**user_claims(NOW), "sub": subject}))
    assert message == "the token's subject is not the full entity reference of a user"


def test_a_payload_that_is_no_object_is_refused(tokens: BackstageTokens) -> None:
    signed_list = jwt.api_jws.encode(b"[1]", KEY.private, "ES256", {"typ": USER_TYPE, "kid": KEY.kid})
    assert "damaged" in refusal(tokens, signed_list)


def test_no_refusal_repeats_the_token_or_its_claims(tokens: BackstageTokens) -> None:
    mistakes: list[dict[str, Any]] = [
        {"sub": "group:default/hidden"},
        {"aud": "hidden"},
        {"exp": "hidden"},
        {"exp": 1},
    ]
    for changes in mistakes:
        token = signed(**{"uip": "hidden", **changes})
        message = refusal(tokens, token)
        assert "hidden" not in message
        assert token not in message


def test_a_portal_whose_keys_cannot_be_fetched_is_no_fault_of_the_token(
    tokens: BackstageTokens, portal: Portal
) -> None:
    portal.go_down()
    with pytest.raises(UnavailableError, match=r"auth\.jwksUrl"):
        tokens.user(signed())


@pytest.mark.parametrize("algorithm", ["HS256", "ES256"])
def test_a_symmetric_key_signs_for_nobody_though_the_portal_publishes_it(
    tokens: BackstageTokens, portal: Portal, algorithm: str
) -> None:
    secret = b"s" * 32
    portal.answer(
        json={"keys": [{"kty": "oct", "k": base64url(secret), "alg": algorithm, "kid": KEY.kid}, RSA_KEY.jwk()]}
    )
    assert "does not publish" in refusal(tokens, hs256(secret))


# Remembering


def test_a_remembered_token_is_not_verified_again(tokens: BackstageTokens, monkeypatch: pytest.MonkeyPatch) -> None:
    token, verified, decode = signed(), [], jwt.decode

    def watched(given: str, *args: Any, **kwargs: Any) -> dict[str, Any]:
        verified.append(given)
        return decode(given, *args, **kwargs)

    monkeypatch.setattr(jwt, "decode", watched)
    assert [tokens.user(token) for _ in range(3)] == [JANE] * 3
    assert verified == [token]


def test_a_remembered_token_expires_on_time(tokens: BackstageTokens, clock: Clock) -> None:
    token = signed(exp=NOW + 100)
    tokens.user(token)
    clock.now = NOW + 109.9
    assert tokens.user(token) == JANE
    clock.now = NOW + 110
    assert "expired" in refusal(tokens, token)


def test_a_refused_token_is_looked_at_again(tokens: BackstageTokens, clock: Clock) -> None:
    token = signed(nbf=NOW + 60)
    refusal(tokens, token)
    clock.now += 60
    assert tokens.user(token) == JANE

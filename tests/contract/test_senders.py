"""Who may send events over HTTP: users by their tokens, relays, and pages by their origin."""

import pytest
import responses

from insights_backend.settings.values import AuthSettings, Secret
from tests.app import BASE, JWKS_URL, VISIT, Make, Service, error
from tests.fakes import NOW
from tests.process import TAKEN
from tests.tokens import jwks, signing_key, user_claims

# Identity


def test_without_a_header_nobody_is_the_user_in_development(service: Service) -> None:
    service.post(VISIT, user=None)
    (event,) = service.export()
    assert (event["user"], event["view"]) == (None, False)


@pytest.mark.parametrize("header", ["group:default/x", "a b"])
def test_a_header_that_names_no_user_is_401(service: Service, header: str) -> None:
    assert error(service.post(VISIT, user=header)) == (401, "unauthenticated")


def test_a_relay_with_its_token_names_the_user(make: Make) -> None:
    service = make(auth=AuthSettings(mode="static", tokens=(Secret("relay-token-1"),)))
    headers = {"Authorization": "Bearer relay-token-1"}
    assert service.post({**VISIT, "user": "jane"}, user=None, headers=headers).status_code == 200
    assert service.export()[0]["groups"] == ["group:default/team-a"]
    assert error(service.post(VISIT, headers={"Authorization": "Bearer wrong"})) == (401, "unauthenticated")
    assert error(service.post(VISIT)) == (401, "unauthenticated")


@responses.activate
def test_a_verified_backstage_token_names_the_user_whatever_the_body_claims(make: Make) -> None:
    key = signing_key()
    responses.get(JWKS_URL, json=jwks(key))
    service = make(auth=AuthSettings(mode="backstage", jwks_url=JWKS_URL), identities="clear")
    token = key.token(user_claims(NOW, "user:default/Jane"))
    headers = {"Authorization": f"Bearer {token}"}
    answer = service.post({**VISIT, "user": "user:default/john"}, user="user:default/john", headers=headers)
    assert answer.status_code == 200
    assert service.export()[0]["user"] == "user:default/jane"


@responses.activate
def test_a_token_that_does_not_verify_is_401_and_names_the_scheme(make: Make) -> None:
    responses.get(JWKS_URL, json=jwks(signing_key()))
    service = make(auth=AuthSettings(mode="backstage", jwks_url=JWKS_URL))
    forged = signing_key().token(user_claims(NOW))
    answer = service.post(VISIT, headers={"Authorization": f"Bearer {forged}"})
    assert error(answer) == (401, "unauthenticated")
    assert answer.headers["WWW-Authenticate"] == "Bearer"
    assert forged not in answer.text


@responses.activate
def test_keys_that_cannot_be_fetched_are_503_and_no_fault_of_the_caller(make: Make) -> None:
    responses.get(JWKS_URL, status=502)
    service = make(auth=AuthSettings(mode="backstage", jwks_url=JWKS_URL))
    answer = service.post(VISIT, headers={"Authorization": f"Bearer {signing_key().token(user_claims(NOW))}"})
    assert error(answer) == (503, "unavailable")


# Origins


def test_pages_of_the_portal_may_send_and_others_may_not(make: Make) -> None:
    service = make(allowed_origins=("https://portal.example.com",))
    preflight = service.preflight(f"{BASE}/events", "authorization,content-type")
    assert preflight.status_code == 200
    assert preflight.headers["Access-Control-Allow-Origin"] == "https://portal.example.com"
    assert preflight.headers["Access-Control-Allow-Headers"] == "authorization, content-type"
    mine = service.post(VISIT, headers={"Origin": "https://portal.example.com"})
    assert (mine.status_code, mine.headers["Access-Control-Allow-Origin"]) == (
        200,
        "https://portal.example.com",
    )
    other = service.post(VISIT, headers={"Origin": "http://localhost:3000"})
    assert error(other) == (403, "forbidden")
    assert "Access-Control-Allow-Origin" not in other.headers
    assert service.post(VISIT).status_code == 200  # curl has no origin
    assert len(service.export()) == 2


def test_an_origin_is_itself_and_no_pattern(make: Make) -> None:
    service = make(allowed_origins=("http://[::1]:3000", "https://a.example.com"))
    for origin, allowed in (
        ("http://[::1]:3000", True),
        ("http://1:3000", False),
        ("https://axexample.com", False),
        ("https://a.example.com.evil.org", False),
        ("https://A.example.com", True),
    ):
        answer = service.preflight(f"{BASE}/events", origin=origin)
        assert answer.headers.get("Access-Control-Allow-Origin") == (origin if allowed else None), origin
        assert service.post(VISIT, headers={"Origin": origin}).status_code in (TAKEN if allowed else {403})

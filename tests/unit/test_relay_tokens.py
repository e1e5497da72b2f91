"""Tokens of relays, and the header in which all tokens come."""

import pytest

from insights_backend.errors import ConfigError, UnauthenticatedError
from insights_backend.identity import StaticTokens, bearer_token


def test_each_configured_relay_token_is_accepted_and_nothing_else() -> None:
    tokens = StaticTokens(["first-secret", "second-secret", "drittes-geheimnis-ü"])
    for known in ("first-secret", "second-secret", "drittes-geheimnis-ü"):
        tokens.check(known)
    for unknown in (
        "",
        "first",
        "first-secret ",
        "FIRST-SECRET",
        "first-secretsecond-secret",
        "\ud800",
        "x" * 99_999,
    ):
        with pytest.raises(UnauthenticatedError) as caught:
            tokens.check(unknown)
        assert "first" not in caught.value.message


def test_without_configured_tokens_nobody_is_accepted() -> None:
    with pytest.raises(UnauthenticatedError):
        StaticTokens([]).check("")


def test_an_empty_relay_token_is_a_mistake_in_the_configuration() -> None:
    with pytest.raises(ConfigError, match=r"auth\.tokens"):
        StaticTokens(["good-secret", ""])


@pytest.mark.parametrize(
    "header", ["Bearer a.b-c_d~+/==", "bearer a.b-c_d~+/==", "BEARER   a.b-c_d~+/==", " Bearer a.b-c_d~+/== "]
)
def test_the_token_of_a_bearer_header_is_read_whatever_the_case_of_its_scheme(header: str) -> None:
    assert bearer_token(header) == "a.b-c_d~+/=="


@pytest.mark.parametrize(
    ("header", "reason"),
    [
        (None, "no credentials"),
        ("", "no credentials"),
        ("  ", "no credentials"),
        ("Bearer", "not of the form"),
        ("Bearer ", "not of the form"),
        ("Bearersecret", "not of the form"),
        ("Bearer\tsecret", "not of the form"),
        ("Bearer secret two", "not of the form"),
        ("Bearer secret, Bearer two", "not of the form"),
        ("Bearer secret\n", "not of the form"),
        ("Bearer sécret", "not of the form"),
        ("Basic secret", "not of the form"),
        ("secret", "not of the form"),
        ("Bearer " + "secret" * 3000, "too long"),
    ],
)
def test_a_header_that_is_not_one_bearer_token_is_refused_with_what_is_wrong(header: str | None, reason: str) -> None:
    with pytest.raises(UnauthenticatedError, match=reason) as caught:
        bearer_token(header)
    assert "secret" not in caught.value.message


def test_a_token_of_16_kib_passes_the_header() -> None:
    assert len(bearer_token("Bearer " + "x" * 16_384)) == 16_384

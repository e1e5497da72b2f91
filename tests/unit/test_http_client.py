from pathlib import Path

import pytest
import requests
import responses

from insights_backend.errors import ConfigError
from insights_backend.http_client import BearerAuth, DirectSession

URL = "http://a.example.com/"


@pytest.fixture(autouse=True)
def netrc(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """This machine has other credentials for the host."""
    file = tmp_path / "netrc"
    file.write_text("machine a.example.com login someone password else\n")
    file.chmod(0o600)
    monkeypatch.setenv("NETRC", str(file))


@responses.activate
@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
@pytest.mark.parametrize("method", ["GET", "POST"])
def test_a_redirect_is_an_answer_that_is_neither_followed_nor_read(
    method: str, status: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    def read(*_: object) -> None:
        raise AssertionError("the body was read")

    responses.add(method, URL, status=status, headers={"Location": "http://b.example.com/"})
    monkeypatch.setattr(requests.Response, "iter_content", read)
    with DirectSession() as session, session.request(method, URL, timeout=1, stream=True) as answer:
        assert answer.status_code == status
    assert len(responses.calls) == 1


@responses.activate
@pytest.mark.parametrize(("token", "header"), [("very-secret~!", "Bearer very-secret~!"), (None, None)])
def test_the_given_token_is_sent_or_none_whatever_credentials_the_machine_has(
    token: str | None, header: str | None
) -> None:
    responses.get(URL)
    with DirectSession() as session:
        session.get(URL, auth=BearerAuth(token, "x.token"), timeout=1)
    assert responses.calls[0].request.headers.get("Authorization") == header


@pytest.mark.parametrize("token", ["", "two words", "line\nbreak", "line\n", "tab\t", "münzen", "nul\0"])
def test_a_token_that_no_header_can_carry_is_refused_without_being_repeated(token: str) -> None:
    with pytest.raises(ConfigError, match=r"^x\.token: a token is printable ASCII without spaces$") as caught:
        BearerAuth(token, "x.token")
    assert not token or token not in caught.value.message

"""Where a relay's token is found when it does not come as a bearer token."""

import base64

import pytest
from werkzeug.datastructures import Headers

from insights_backend.errors import UnauthenticatedError
from insights_backend.web.callers import with_key


def basic(credentials: str) -> str:
    return "Basic " + base64.b64encode(credentials.encode()).decode()


@pytest.mark.parametrize(
    ("given", "key", "found"),
    [
        (None, None, None),
        (None, "key", "Bearer key"),
        ("Bearer token", "key", "Bearer token"),
        ("Bearer token", None, "Bearer token"),
        (basic("write-key:"), None, "Bearer write-key"),
        (basic("portal:token"), "key", "Bearer token"),
        (basic("token"), None, "Bearer token"),
        (basic("a:b:c"), None, "Bearer b:c"),
        ("basic not*base64", None, "Bearer not*base64"),
        (basic("jané:x"), None, "Bearer amFuw6k6eA=="),
        ("Basic", None, "Bearer "),
    ],
)
def test_what_stands_for_a_bearer_token(given: str | None, key: str | None, found: str | None) -> None:
    headers = Headers({"Authorization": given, "X-Insights-User": "jane"} if given else {"X-Insights-User": "jane"})
    known = with_key(headers, key)
    assert known.get("Authorization") == found
    assert known["X-Insights-User"] == "jane"


@pytest.mark.parametrize(("given", "key"), [(basic("a\nb:"), None), (None, "a\r\nb"), (None, "\0")])
def test_what_cannot_stand_in_a_header_is_no_token(given: str | None, key: str | None) -> None:
    with pytest.raises(UnauthenticatedError, match="control characters"):
        with_key(Headers({"Authorization": given} if given else {}), key)

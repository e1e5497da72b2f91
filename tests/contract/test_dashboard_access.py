"""Who may see the dashboard, by each `dashboard.access`; and what a browser is told of what it may do there."""

import io
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from ipaddress import ip_network
from typing import Any

import pytest
from flask.testing import FlaskClient

from insights_backend.access import Scope
from insights_backend.settings.values import DashboardSettings
from insights_backend.web.sessions import COOKIE, SECONDS
from tests.app import BASE, GARBLED, Service, error, running, settings_for
from tests.html import elements, fields

PAGES = ["/", "/weekly", "/tables/plugins", "/panels/summary", "/?days=7"]
PROXIES = (ip_network("10.1.0.0/16"), ip_network("fd00::/8"))


@pytest.fixture(scope="module")
def build(tmp_path_factory: pytest.TempPathFactory, warehouse_dsn: str) -> Iterator[Callable[..., Service]]:
    with ExitStack() as stack:

        def service(**changes: Any) -> Service:
            directory = tmp_path_factory.mktemp("dashboard")
            return stack.enter_context(running(settings_for(directory, warehouse_dsn, **changes)))

        yield service


@pytest.fixture(scope="module")
def guarded(build: Callable[..., Service]) -> Service:
    return build(dashboard=DashboardSettings(access="token"))


@pytest.fixture(scope="module")
def proxied(build: Callable[..., Service]) -> Service:
    return build(dashboard=DashboardSettings(access="header", header="X-Forwarded-User", trusted_proxies=PROXIES))


@pytest.fixture
def browser(guarded: Service) -> FlaskClient:
    """A browser without cookies, before a service that asks for a token."""
    return guarded.client.application.test_client()


NAMES = iter(f"reader-{number}" for number in range(10_000))


def token(service: Service, scope: Scope = "view") -> str:
    return service.insights.tokens.create(next(NAMES), scope)


def log_in(browser: FlaskClient, secret: str, target: str = "/", **how: Any) -> Any:
    return browser.post("/login", data={"token": secret, "next": target}, **how)


# open


def test_open_shows_everything_to_anyone_without_a_login(build: Callable[..., Service]) -> None:
    browser = build().client
    for page in PAGES:
        assert browser.get(page).status_code == 200
    assert browser.post("/login", data={"token": "x"}).status_code == 404


# token


@pytest.mark.parametrize("page", PAGES)
def test_without_a_session_there_is_no_number_and_a_page_asks_for_a_token(browser: FlaskClient, page: str) -> None:
    answer = browser.get(page)
    assert answer.status_code == 401
    assert not elements(answer.text, "data")
    if not page.startswith("/panels"):
        assert dict(fields(answer.text)) == {"next": page if "?" in page else f"{page}?", "token": ""}


def test_a_token_logs_in_and_is_nowhere_kept(guarded: Service, browser: FlaskClient) -> None:
    secret = token(guarded)
    answer = log_in(browser, secret, "/?days=7&plugin=catalog")
    assert (answer.status_code, answer.location) == (303, "/?days=7&plugin=catalog")
    assert secret not in answer.headers["Set-Cookie"]
    for page in PAGES:
        assert browser.get(page).status_code == 200


@pytest.mark.parametrize(
    ("base", "secure"), [("http://insights.example.com", False), ("https://insights.example.com", True)]
)
def test_the_cookie_is_for_this_service_and_no_script(
    guarded: Service, browser: FlaskClient, base: str, *, secure: bool
) -> None:
    answer = log_in(browser, token(guarded), base_url=base)
    name, *flags = answer.headers["Set-Cookie"].split("; ")
    assert name.startswith(f"{COOKIE}=")
    assert {"HttpOnly", "SameSite=Lax", "Path=/", f"Max-Age={SECONDS}"} <= set(flags)
    assert ("Secure" in flags) is secure
    assert not any(flag.startswith("Domain") for flag in flags)


@pytest.mark.parametrize(
    ("scope", "status", "said"), [("upload", 403, "scope view"), (None, 401, "unknown or revoked")]
)
def test_what_is_no_token_that_may_read_is_refused_with_the_reason(
    guarded: Service, browser: FlaskClient, scope: Scope | None, status: int, said: str
) -> None:
    secret = token(guarded, scope) if scope else "ibt_" + "x" * 43
    answer = log_in(browser, secret, "/?days=7")
    assert answer.status_code == status
    (alert,) = (element for element in elements(answer.text, "p") if element.attributes.get("role") == "alert")
    assert said in alert.text
    assert dict(fields(answer.text))["next"] == "/?days=7"
    assert "Set-Cookie" not in answer.headers
    assert secret not in answer.text


@pytest.mark.parametrize(
    "target",
    [
        "https://evil.example/",
        "//evil.example/",
        "///evil.example/",
        "////evil.example/",
        "http://[",
        "//[",
        "/\\evil.example",
        "\\\\evil.example",
        "/\t/evil.example",
        "/\n/evil.example",
        "javascript:alert(1)",
        "http:evil.example",
        "evil",
        "",
    ],
)
def test_a_login_leads_nowhere_else(guarded: Service, browser: FlaskClient, target: str) -> None:
    assert log_in(browser, token(guarded), target).location == "/"


@pytest.mark.parametrize("kind", ["application/x-www-form-urlencoded", "multipart/form-data"])
def test_a_login_takes_no_more_than_a_form(browser: FlaskClient, kind: str) -> None:
    data = {"token": (io.BytesIO(b"x" * 20_000), "token.txt")} if "multipart" in kind else {"token": "x" * 20_000}
    assert browser.post("/login", data=data, content_type=kind).status_code == 413


def test_a_revoked_token_ends_its_session_at_once(guarded: Service, browser: FlaskClient) -> None:
    secret = token(guarded)
    log_in(browser, secret)
    assert browser.get(f"{BASE}/reports/plugins").status_code == 200
    info = guarded.insights.tokens.verify(secret)
    assert info
    guarded.insights.tokens.revoke(info.name)
    assert browser.get("/").status_code == 401
    assert browser.get(f"{BASE}/reports/plugins").status_code == 401


def test_a_session_may_read_reports_and_do_nothing_more(guarded: Service, browser: FlaskClient) -> None:
    log_in(browser, token(guarded, "admin"))
    assert browser.get(f"{BASE}/reports/plugins").status_code == 200
    assert error(browser.get(f"{BASE}/export")) == (401, "unauthenticated")
    assert error(browser.delete(f"{BASE}/users/jane")) == (401, "unauthenticated")
    assert error(browser.post(f"{BASE}/v1/batches", json={})) == (401, "unauthenticated")


def test_a_bearer_token_shows_pages_too(guarded: Service, browser: FlaskClient) -> None:
    assert browser.get("/", headers={"Authorization": f"Bearer {token(guarded)}"}).status_code == 200


def test_a_login_leads_back_to_the_page_below_the_prefix_of_the_service(browser: FlaskClient) -> None:
    below = {"SCRIPT_NAME": "/insights"}
    asked = browser.get("/weekly?week=2026-11-23", environ_overrides=below)
    assert asked.status_code == 401
    assert dict(fields(asked.text))["next"] == "/insights/weekly?week=2026-11-23"


def test_a_panel_of_a_reader_who_is_logged_out_says_so(browser: FlaskClient) -> None:
    answer = browser.get("/panels/plugins")
    assert answer.status_code == 401
    assert "You are logged out" in answer.text


def test_a_login_whose_body_cannot_be_read_is_refused_and_no_error_of_ours(browser: FlaskClient) -> None:
    kind = "application/x-www-form-urlencoded"
    assert browser.post("/login", content_type=kind, environ_overrides=GARBLED).status_code == 400


def test_logging_out_takes_the_session_away(guarded: Service, browser: FlaskClient) -> None:
    log_in(browser, token(guarded))
    assert browser.get("/").status_code == 200
    answer = browser.post("/logout")
    assert (answer.status_code, answer.location) == (303, "/")
    assert browser.get("/").status_code == 401


@pytest.mark.parametrize("route", ["/login", "/logout"])
@pytest.mark.parametrize(
    ("headers", "refused"),
    [
        ({}, False),
        ({"Sec-Fetch-Site": "same-origin", "Origin": "http://elsewhere"}, False),  # a proxy may change the host
        ({"Sec-Fetch-Site": "none"}, False),
        ({"Sec-Fetch-Site": "same-site"}, True),
        ({"Sec-Fetch-Site": "cross-site"}, True),
        ({"Origin": "http://localhost"}, False),
        ({"Origin": "http://localhost:8080"}, True),
        ({"Origin": "https://evil.example"}, True),
        ({"Origin": "null"}, True),
        ({"Origin": "http://["}, True),
    ],
)
def test_a_form_of_another_site_neither_logs_in_nor_out(
    guarded: Service, browser: FlaskClient, route: str, headers: dict[str, str], *, refused: bool
) -> None:
    answer = browser.post(route, data={"token": token(guarded)}, headers=headers)
    assert answer.status_code == (403 if refused else 303)
    assert ("Set-Cookie" in answer.headers) is not refused


def test_of_a_form_of_another_site_nothing_is_read(browser: FlaskClient) -> None:
    body = io.BytesIO(b"token=x&next=%2Fweekly")
    kind = "application/x-www-form-urlencoded"
    answer = browser.post("/login", input_stream=body, content_type=kind, headers={"Sec-Fetch-Site": "cross-site"})
    assert answer.status_code == 403
    assert dict(fields(answer.text)) == {"next": "", "token": ""}
    assert body.tell() == 0


# header


@pytest.mark.parametrize(
    ("peer", "headers", "admitted"),
    [
        ("10.1.2.3", {"X-Forwarded-User": "jane"}, True),
        ("::ffff:10.1.2.3", {"X-Forwarded-User": "jane"}, True),
        ("fd00::7", {"X-Forwarded-User": "jane"}, True),
        ("10.1.2.3", {}, False),
        ("10.1.2.3", {"X-Forwarded-User": ""}, False),
        ("10.2.0.1", {"X-Forwarded-User": "jane"}, False),
        ("192.0.2.1", {"X-Forwarded-User": "jane", "X-Forwarded-For": "10.1.2.3"}, False),
        ("", {"X-Forwarded-User": "jane"}, False),
    ],
)
def test_a_header_is_believed_of_a_trusted_proxy_only(
    proxied: Service, peer: str, headers: dict[str, str], *, admitted: bool
) -> None:
    how: dict[str, Any] = {"headers": headers, "environ_base": {"REMOTE_ADDR": peer}}
    assert proxied.client.get("/", **how).status_code == (200 if admitted else 401)
    assert proxied.get("/reports/plugins", **how).status_code == (200 if admitted else 401)
    assert proxied.get("/export", **how).status_code == 401


def test_a_middleware_that_believes_proxies_does_not_make_the_peer_one(proxied: Service) -> None:
    """Such as werkzeug's ProxyFix in an app that exists already: anyone can write what it reads."""
    original = {"werkzeug.proxy_fix.orig": {"REMOTE_ADDR": "192.0.2.1"}, "REMOTE_ADDR": "10.1.2.3"}
    answer = proxied.client.get("/", headers={"X-Forwarded-User": "jane"}, environ_base=original)
    assert answer.status_code == 401


def test_behind_a_proxy_an_api_token_still_reads(proxied: Service) -> None:
    bearer = {"Authorization": f"Bearer {token(proxied)}"}
    assert proxied.get("/reports/plugins", headers=bearer).status_code == 200


# What a browser may do


@pytest.mark.parametrize("page", [*PAGES, "/panels/nothing", "/?days=x", "/login"])
def test_every_answer_binds_the_browser(guarded: Service, browser: FlaskClient, page: str) -> None:
    headers = browser.get(page, headers={"Authorization": f"Bearer {token(guarded)}"}).headers
    policy = dict(part.split(" ", 1) for part in headers["Content-Security-Policy"].split("; "))
    assert policy["default-src"] == "'none'"
    assert "unsafe" not in headers["Content-Security-Policy"]
    assert (policy["base-uri"], policy["frame-ancestors"], policy["form-action"]) == ("'none'", "'none'", "'self'")
    assert headers["X-Content-Type-Options"] == "nosniff"
    assert headers["Referrer-Policy"] == "same-origin"
    assert "private" in headers["Cache-Control"]

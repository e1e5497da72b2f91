"""The blueprint of the dashboard without its pages: who sees them, what they may load, how they say what is wrong."""

from collections.abc import Mapping

from flask import Blueprint, Response, render_template, request
from flask.typing import ResponseReturnValue
from werkzeug.exceptions import HTTPException

from insights_backend.errors import (
    InsightsError,
    MalformedJsonError,
    RequestTimeoutError,
    UnauthenticatedError,
    UnavailableError,
)
from insights_backend.web.dashboard.assets import Assets
from insights_backend.web.dashboard.login import add_login, login_form
from insights_backend.web.dashboard.same_origin import require_same_origin
from insights_backend.web.guard import Guard
from insights_backend.web.parameters import MAX_VALUE
from insights_backend.web.problems import log_unexpected, status_of
from insights_backend.web.sessions import COOKIE, Sessions

CONTENT_POLICY = {
    "default-src": "'none'",
    "script-src": "'self'",
    "style-src": "'self'",
    "img-src": "'self' data: blob:",
    "connect-src": "'self'",
    "form-action": "'self'",
    "base-uri": "'none'",
    "frame-ancestors": "'none'",
}
"""What a page may load and do (Content Security Policy Level 3): its own files, and nothing that stands in its HTML."""

_HEADERS = {
    "X-Content-Type-Options": "nosniff",
    # Addresses say what was looked for; and without any referrer a browser does not tell where a form comes from.
    "Referrer-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
}
_OPEN_VIEWS = {"asset", "ask", "login", "logout"}


def create_site(assets: Assets, guard: Guard, sessions: Sessions | None) -> Blueprint:
    """Make the blueprint, to which the pages are added.

    Args:
        assets: the files that pages load.
        guard: tells who may read.
        sessions: where readers log in with a token; None where they need not, or a proxy does it.
    """
    site = Blueprint("insights_dashboard", __name__, template_folder="templates")

    @site.before_request
    def admit() -> None:
        require_same_origin(request)
        if _view_name() not in _OPEN_VIEWS:
            guard("view")

    @site.after_request
    def protect(response: Response) -> Response:
        response.headers.setdefault("Content-Security-Policy", policy(CONTENT_POLICY))
        response.headers.setdefault("Cache-Control", "private, no-cache")
        response.headers.extend(_HEADERS)
        return response

    @site.context_processor
    def shared() -> dict[str, object]:
        return {
            "version": assets.version,
            "longest_filter": MAX_VALUE,
            "logged_in": sessions is not None and COOKIE in request.cookies,
        }

    @site.get("/assets/<version>/<name>")
    def asset(version: str, name: str) -> Response:
        return assets.answer(request, version, name)

    if sessions:
        add_login(site, sessions)
    _add_errors(site, has_login=sessions is not None)
    return site


def policy(directives: Mapping[str, str]) -> str:
    """Write a Content Security Policy."""
    return "; ".join(f"{name} {sources}" for name, sources in directives.items())


def _add_errors(site: Blueprint, *, has_login: bool) -> None:
    @site.errorhandler(InsightsError)
    def ours(error: InsightsError) -> ResponseReturnValue:
        may_log_in = has_login and isinstance(error, UnauthenticatedError)
        has_form = _view_name() == "login" and not isinstance(error, MalformedJsonError | RequestTimeoutError)
        if has_form or (may_log_in and not _is_panel()):
            return login_form(error.message), status_of(error)
        if may_log_in:
            return _problem("You are logged out. Load the page anew to log in again."), status_of(error)
        waits = {"Retry-After": str(error.retry_after)} if isinstance(error, UnavailableError) else {}
        return _problem(error.message), status_of(error), waits

    @site.errorhandler(HTTPException)
    def http(error: HTTPException) -> ResponseReturnValue:
        return _problem(error.description or error.name), error.code or 500

    @site.errorhandler(Exception)
    def unexpected(error: Exception) -> ResponseReturnValue:
        log_unexpected(error)
        return _problem("Something went wrong here; the log of the service says where."), 500


def _problem(message: str) -> str:
    """Say what is wrong: in the panel alone where only that was asked for, else on a page."""
    return render_template("insights/failed.html" if _is_panel() else "insights/problem.html", message=message)


def _is_panel() -> bool:
    return _view_name() == "panel"


def _view_name() -> str:
    return (request.endpoint or "").rpartition(".")[2]

"""Logging in to the dashboard with a token, and out."""

from urllib.parse import urlsplit

from flask import Blueprint, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from insights_backend.web.body import read_form
from insights_backend.web.sessions import COOKIE, SECONDS, Sessions

_TOKEN_LENGTH = 200
_MAX_FORM_BYTES = 16 * 1024


def add_login(site: Blueprint, sessions: Sessions) -> None:
    """Add the routes of logging in and out, and ask whoever is not logged in for a token, wherever that shows.

    Args:
        site: where to.
        sessions: begins them.
    """

    @site.get("/login")
    def ask() -> str:
        return render_template("insights/login.html", next="", message="")

    @site.post("/login")
    def login() -> ResponseReturnValue:
        request.max_content_length = _MAX_FORM_BYTES
        form = read_form(request)
        session = sessions.begin(form.get("token", "").strip()[:_TOKEN_LENGTH])
        response = redirect(_target(form.get("next", "")), 303)
        response.set_cookie(
            COOKIE,
            session,
            max_age=SECONDS,
            path=_path(),
            secure=request.is_secure,
            httponly=True,
            samesite="Lax",  # it comes along when a colleague's link is followed, but with no form of another site
        )
        return response

    @site.post("/logout")
    def logout() -> ResponseReturnValue:
        response = redirect(url_for(".page"), 303)
        response.delete_cookie(COOKIE, path=_path())
        return response


def login_form(refusal: str) -> str:
    """Show the form instead of the page that was asked for, or again and why where the token was refused."""
    if request.method == "POST":
        return render_template("insights/login.html", next=request.form.get("next", ""), message=refusal)
    return render_template("insights/login.html", next=request.script_root + request.full_path, message="")


def _target(wanted: str) -> str:
    """Return where to go after the login: to a path of this host and nowhere else."""
    parts = urlsplit(wanted)
    leaves = parts.scheme or parts.netloc or "\\" in wanted or not wanted.isprintable()
    return url_for(".page") if leaves or not wanted.startswith("/") else wanted


def _path() -> str:
    return request.script_root or "/"

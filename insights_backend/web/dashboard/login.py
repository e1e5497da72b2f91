"""Logging in to the dashboard with a token, and out."""

from flask import Blueprint, g, redirect, render_template, request, url_for
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
        g.insights_next = form.get("next", "")
        session = sessions.begin(form.get("token", "").strip()[:_TOKEN_LENGTH])
        response = redirect(_target(g.insights_next), 303)
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
        # Of a form that was refused unread nothing is read now: it may have no end.
        return render_template("insights/login.html", next=g.get("insights_next", ""), message=refusal)
    return render_template("insights/login.html", next=request.script_root + request.full_path, message="")


def _target(wanted: str) -> str:
    """Return where to go after the login: to a path of this host and nowhere else."""
    # After a second slash stands a host. To a browser a backslash is a slash too, and a tab or a line's end is nothing.
    stays = wanted[:1] == "/" and wanted[1:2] != "/" and "\\" not in wanted and wanted.isprintable()
    return wanted if stays else url_for(".page")


def _path() -> str:
    return request.script_root or "/"

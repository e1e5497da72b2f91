"""The pages of the dashboard, and the panels that they are made of."""

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime
from functools import cache

from flask import Blueprint, abort, current_app, render_template, request, url_for

from insights_backend.errors import UnavailableError
from insights_backend.model.zones import zone_names
from insights_backend.reports.answer import Sources
from insights_backend.reports.seen import any_event
from insights_backend.settings.values import AuthMode
from insights_backend.web.dashboard.assets import Assets, dashboard_files
from insights_backend.web.dashboard.panels import PANELS, PARTS
from insights_backend.web.dashboard.site import create_site
from insights_backend.web.dashboard.view import ORIGINS, PRESETS, View, narrowing, read_view
from insights_backend.web.dashboard.weekly import add_weekly
from insights_backend.web.dashboard.welcome import first_event
from insights_backend.web.guard import Guard
from insights_backend.web.sessions import Sessions

_ROWS = 10
_ALL_ROWS = 1000


def create_pages(
    sources: Sources,
    *,
    guard: Guard,
    sessions: Sessions | None,
    auth_mode: AuthMode,
    reports: str,
    clock: Callable[[], float],
) -> Blueprint:
    """Make the blueprint of the dashboard.

    Args:
        sources: what the reports ask.
        guard: tells who may read.
        sessions: where readers log in with a token; None where they need not, or a proxy does it.
        auth_mode: how senders of events are known, for the command that sends a first one.
        reports: the endpoint of the reports, from which a panel's rows can be had as CSV.
        clock: now, in seconds since 1970.
    """
    assets = Assets(dashboard_files())
    site = create_site(assets, guard, sessions)
    has_events = _remembered(sources)

    def now() -> datetime:
        return datetime.fromtimestamp(clock(), UTC)

    @site.get("/")
    def page() -> str:
        view = read_view(request.args, now())
        if not has_events():
            return render_template("insights/welcome.html", command=_command(auth_mode))
        return render_template("insights/page.html", view=view, panels=PANELS, reports=reports, **_offers(view))

    @site.get("/tables/<name>")
    def table(name: str) -> str:
        panel = PANELS.get(name) or abort(404)
        page = read_view(request.args, now())
        view = panel.shown(page)
        content = panel.ask(sources, replace(view.query, limit=_ALL_ROWS))
        return render_template(
            "insights/table.html", name=name, panel=panel, view=view, page=page, reports=reports, **content
        )

    @site.get("/panels/<name>")
    def panel(name: str) -> str:
        view = read_view(request.args, now())
        if name in PARTS:
            shape, ask = PARTS[name]
            return render_template(f"insights/parts/{shape}.html", view=view, **ask(sources, view.query))
        wanted = PANELS.get(name) or abort(404)
        view = wanted.shown(view)
        content = wanted.ask(sources, replace(view.query, limit=_ROWS))
        return render_template(f"insights/panels/{wanted.shape}.html", name=name, panel=wanted, view=view, **content)

    add_weekly(site, sources, assets, now)
    return site


def _offers(view: View) -> dict[str, object]:
    """Return what the page offers beside its panels."""
    return {
        "presets": PRESETS,
        "timezones": timezones(),
        "origins": ORIGINS,
        "found": {name: view.chosen(name) for name in ORIGINS},
        "weekly": narrowing(view.query),
    }


@cache
def timezones() -> list[str]:
    """List the time zones that people live in, by their IANA names."""
    return ["UTC", *sorted(name for name in zone_names() if _is_place(name))]


def _is_place(name: str) -> bool:
    return "/" in name and not name.startswith(("Etc/", "SystemV/", "US/"))


def _remembered(sources: Sources) -> Callable[[], bool]:
    """Tell whether there is an event; once there was one it is not asked again."""
    found = False

    def has_events() -> bool:
        nonlocal found
        try:
            found = found or any_event(sources)
        except UnavailableError:
            return True  # the panels will say what is wrong
        return found

    return has_events


def _command(auth_mode: AuthMode) -> str | None:
    """Write the command that sends a first event; None in a process that takes none itself."""
    taken_at = "insights.ingest_events"
    if taken_at not in current_app.view_functions:
        return None
    return first_event(url_for(taken_at, _external=True), auth_mode)

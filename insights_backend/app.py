"""The rooms of a service behind their routes: a blueprint for an app that exists, or the bundled app."""

import os
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

from flask import Blueprint, Flask

from insights_backend.collector import Collector
from insights_backend.composition import assemble
from insights_backend.errors import ConfigError
from insights_backend.metrics import Standing
from insights_backend.readings import readings
from insights_backend.reports.answer import Sources
from insights_backend.running import Backend, Insights, Warehouse
from insights_backend.settings import Settings, load_settings
from insights_backend.web.adoption_insights import create_adoption_events, create_adoption_reports
from insights_backend.web.api import PREFIX, create_api
from insights_backend.web.collector import create_collector
from insights_backend.web.correlation import correlate
from insights_backend.web.dashboard.pages import create_pages
from insights_backend.web.docs import create_docs
from insights_backend.web.erasure import create_erasure
from insights_backend.web.guard import Admission, Guard, by_proxy, by_session, create_guard
from insights_backend.web.headers import bind_browsers
from insights_backend.web.intake import Intake
from insights_backend.web.metrics import exposition, measure_requests
from insights_backend.web.operations import create_operations
from insights_backend.web.problems import register_problems
from insights_backend.web.reports import create_reports
from insights_backend.web.sessions import Sessions


def create_blueprint(settings: Settings) -> Blueprint:
    """Make the blueprint of ingest and config, for a Flask app that exists already, and start what is behind it.

    Args:
        settings: what `load_settings` read.

    Returns:
        A blueprint at `/api/backstage-insights`, unless `register_blueprint` is given another `url_prefix`.

    Raises:
        ConfigError: the service cannot be made as configured.
    """
    insights = assemble(settings)
    if insights.backend is None:
        raise ConfigError("backstageInsights.roles: the blueprint of ingest needs the role backend")
    insights.start()
    blueprint = api(insights, insights.backend)
    correlate(blueprint)
    measure_requests(blueprint)
    return blueprint


def create_dashboard(settings: Settings) -> Blueprint:
    """Make the blueprint of dashboard and reports, for a Flask app that exists already, and open what they read.

    Args:
        settings: what `load_settings` read.

    Returns:
        A blueprint to be registered at a `url_prefix` of the app's choosing; the reports are at `reports/` below it.

    Raises:
        ConfigError: the service cannot be made as configured, or stores nothing.
    """
    insights = assemble(settings)
    if insights.warehouse is None:
        insights.close()
        raise ConfigError("backstageInsights.upload.url: a process that uploads has no dashboard; the collector has")
    insights.start_reading()
    dashboard = _dashboard(insights, insights.warehouse, reports=".insights_reports.report")
    reports = _reports(insights, insights.warehouse)
    register_problems(reports)
    dashboard.register_blueprint(reports)
    return dashboard


def create_app(settings: Settings | None = None) -> Flask:
    """Make the bundled app: all that the roles of this process bring.

    Args:
        settings: what to run; None reads app-config as the environment names it, from the working directory.

    Raises:
        ConfigError: the configuration cannot be used.
    """
    insights = assemble(settings or load_settings(os.environ, Path.cwd()))
    insights.start()
    return build_app(insights)


class _SynchronousFlask(Flask):
    """A Flask without coroutines, which it would look for at each call of each function otherwise."""

    def ensure_sync(self, func: Callable[..., Any]) -> Callable[..., Any]:
        """Return the function as it is."""
        return func


def build_app(insights: Insights) -> Flask:
    """Put the blueprints of a service together; `create_app` and the tests share it."""
    app = _SynchronousFlask("insights_backend", static_folder=None)
    app.json.sort_keys = False  # type: ignore[attr-defined] # answers read best in the order in which they are made
    register_problems(app)
    correlate(app)
    measure_requests(app)
    bind_browsers(app)
    if insights.backend:
        intake = _intake(insights, insights.backend)
        app.register_blueprint(create_api(insights.backend.service, intake, insights.settings.allowed_origins))
        app.register_blueprint(create_adoption_events(intake, insights.settings.allowed_origins))
    if insights.warehouse:
        app.register_blueprint(_reports(insights, insights.warehouse), url_prefix=PREFIX)
        app.register_blueprint(_adoption_reports(insights, insights.warehouse))
        app.register_blueprint(_dashboard(insights, insights.warehouse, reports="insights_reports.report"))
    if insights.warehouse and "collector" in insights.settings.roles:
        app.register_blueprint(_collector(insights, insights.warehouse), url_prefix=PREFIX)
    app.register_blueprint(create_erasure(insights.erasure, _guard(insights)), url_prefix=PREFIX)
    # Health at the root as well, where a probe looks for it without knowing the prefix.
    metrics = partial(exposition, Standing(partial(readings, insights)))
    for name, prefix in (("operations", PREFIX), ("probes", "")):
        site = create_operations(insights.is_writable, insights.degraded, metrics, name=f"insights_{name}")
        app.register_blueprint(site, url_prefix=prefix)
    app.register_blueprint(create_docs("insights_probes.openapi"))
    app.extensions["insights"] = insights
    return app


def api(insights: Insights, backend: Backend) -> Blueprint:
    """Make the blueprint of ingest and config of a backend."""
    return create_api(backend.service, _intake(insights, backend), insights.settings.allowed_origins)


def _intake(insights: Insights, backend: Backend) -> Intake:
    return Intake(
        backend.service,
        authenticate=backend.authenticate,
        ingest=insights.settings.ingest,
        clock=insights.clock,
        monotonic=time.monotonic,
    )


def _guard(insights: Insights) -> Guard:
    backend, settings = insights.backend, insights.settings
    return create_guard(
        settings.dashboard_access,
        insights.tokens,
        backend.is_viewer if backend else lambda _: False,
        settings.viewers,
        _admission(insights),
    )


def _admission(insights: Insights) -> Admission:
    settings = insights.settings
    if settings.dashboard_access == "header" and settings.dashboard_header:
        return by_proxy(settings.dashboard_header, settings.dashboard_trusted_proxies)
    sessions = _sessions(insights)
    return by_session(sessions) if sessions else lambda _: False


def _sessions(insights: Insights) -> Sessions | None:
    by_token = insights.settings.dashboard_access == "token"
    return Sessions(insights.tokens, insights.clock) if by_token else None


def _sources(insights: Insights, warehouse: Warehouse) -> Sources:
    backend = insights.backend
    return Sources(
        engine=warehouse.engine,
        total_users=backend.census.now if backend else lambda: None,
        members=backend.service.members if backend else dict.fromkeys,
    )


def _reports(insights: Insights, warehouse: Warehouse) -> Blueprint:
    return create_reports(
        _sources(insights, warehouse),
        warehouse.events,
        guard=_guard(insights),
        max_age=insights.settings.ingest.max_age,
        clock=insights.clock,
    )


def _adoption_reports(insights: Insights, warehouse: Warehouse) -> Blueprint:
    return create_adoption_reports(_sources(insights, warehouse), _guard(insights), insights.settings.allowed_origins)


def _dashboard(insights: Insights, warehouse: Warehouse, reports: str) -> Blueprint:
    return create_pages(
        _sources(insights, warehouse),
        guard=_guard(insights),
        sessions=_sessions(insights),
        auth_mode=insights.settings.auth.mode,
        reports=reports,
        clock=insights.clock,
    )


def _collector(insights: Insights, warehouse: Warehouse) -> Blueprint:
    return create_collector(
        Collector(warehouse.events, warehouse.total_users),
        tokens=insights.tokens,
        access=insights.settings.dashboard_access,
        events_per_minute=insights.settings.collector_events_per_minute,
        monotonic=time.monotonic,
    )

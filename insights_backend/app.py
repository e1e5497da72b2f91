"""The rooms of a service behind their routes: a blueprint for an app that exists, or the bundled app."""

import os
import time
from collections.abc import Callable
from pathlib import Path

from flask import Blueprint, Flask

from insights_backend.collector import Collector
from insights_backend.composition import Backend, Insights, Warehouse, assemble
from insights_backend.errors import ConfigError
from insights_backend.settings import Settings, load_settings
from insights_backend.web.api import PREFIX, create_api
from insights_backend.web.collector import create_collector
from insights_backend.web.guard import create_guard
from insights_backend.web.operations import create_operations
from insights_backend.web.problems import register_problems
from insights_backend.web.reports import create_reports


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
    return api(insights.backend, settings, insights.clock)


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


def build_app(insights: Insights) -> Flask:
    """Put the blueprints of a service together; `create_app` and the tests share it."""
    app = Flask("insights_backend", static_folder=None)
    app.json.sort_keys = False  # type: ignore[attr-defined] # answers read best in the order in which they are made
    register_problems(app)
    if insights.backend:
        app.register_blueprint(api(insights.backend, insights.settings, insights.clock))
    if insights.warehouse:
        app.register_blueprint(_reports(insights, insights.warehouse), url_prefix=PREFIX)
    if insights.warehouse and "collector" in insights.settings.roles:
        app.register_blueprint(_collector(insights, insights.warehouse), url_prefix=PREFIX)
    # Health at the root as well, where a probe looks for it without knowing the prefix.
    for name, prefix in (("operations", PREFIX), ("probes", "")):
        site = create_operations(insights.is_writable, insights.degraded, name=f"insights_{name}")
        app.register_blueprint(site, url_prefix=prefix)
    app.extensions["insights"] = insights
    return app


def api(backend: Backend, settings: Settings, clock: Callable[[], float]) -> Blueprint:
    """Make the blueprint of ingest and config of a backend."""
    return create_api(
        backend.service,
        authenticate=backend.authenticate,
        ingest=settings.ingest,
        allowed_origins=settings.allowed_origins,
        clock=clock,
    )


def _reports(insights: Insights, warehouse: Warehouse) -> Blueprint:
    backend, settings = insights.backend, insights.settings
    guard = create_guard(
        settings.dashboard_access,
        insights.tokens,
        backend.is_viewer if backend else lambda _: False,
        settings.viewers,
    )
    return create_reports(
        warehouse.engine,
        warehouse.events,
        guard=guard,
        total_users=backend.total_users if backend else lambda: None,
        clock=insights.clock,
    )


def _collector(insights: Insights, warehouse: Warehouse) -> Blueprint:
    return create_collector(
        Collector(warehouse.events),
        tokens=insights.tokens,
        access=insights.settings.dashboard_access,
        events_per_minute=insights.settings.collector_events_per_minute,
        monotonic=time.monotonic,
    )

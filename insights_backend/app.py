"""The rooms of a service behind their routes: a blueprint for an app that exists, or the bundled app."""

import os
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

from flask import Blueprint, Flask

from insights_backend.composition import assemble
from insights_backend.errors import ConfigError
from insights_backend.guarding import guard_of
from insights_backend.metrics import Standing
from insights_backend.readings import readings
from insights_backend.running import Backend, Insights
from insights_backend.settings import Settings, load_settings
from insights_backend.web.adoption_insights import create_adoption_events
from insights_backend.web.api import PREFIX, create_api
from insights_backend.web.correlation import correlate
from insights_backend.web.docs import create_docs
from insights_backend.web.erasure import create_erasure
from insights_backend.web.headers import bind_browsers
from insights_backend.web.intake import Intake
from insights_backend.web.metrics import exposition, measure_requests
from insights_backend.web.operations import create_operations
from insights_backend.web.problems import register_problems


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
        insights.close()
        raise ConfigError("backstageInsights.roles: the blueprint of ingest needs the role backend")
    insights.start()
    return build_blueprint(insights, insights.backend)


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
    from insights_backend.stored import dashboard_with_reports  # noqa: PLC0415 - a process that uploads has neither

    return dashboard_with_reports(insights, insights.warehouse)


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


def build_blueprint(insights: Insights, backend: Backend) -> Blueprint:
    """Put the blueprint of a backend together; `create_blueprint` and the tests share it."""
    blueprint = create_api(backend.service, _intake(insights, backend), insights.settings.allowed_origins)
    correlate(blueprint)
    measure_requests(blueprint)
    return blueprint


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
        from insights_backend.stored import register_stored  # noqa: PLC0415 - as above

        register_stored(app, insights, insights.warehouse)
    app.register_blueprint(create_erasure(insights.erasure, guard_of(insights)), url_prefix=PREFIX)
    # Health at the root as well, where a probe looks for it without knowing the prefix.
    metrics = partial(exposition, Standing(partial(readings, insights)))
    for name, prefix in (("operations", PREFIX), ("probes", "")):
        site = create_operations(insights.is_writable, insights.degraded, metrics, name=f"insights_{name}")
        app.register_blueprint(site, url_prefix=prefix)
    app.register_blueprint(create_docs("insights_probes.openapi"))
    app.extensions["insights"] = insights
    return app


def _intake(insights: Insights, backend: Backend) -> Intake:
    return Intake(
        backend.service,
        authenticate=backend.authenticate,
        ingest=insights.settings.ingest,
        clock=insights.clock,
        monotonic=time.monotonic,
    )

"""What only a process that stores has: reports, the dashboard, and the route that other services upload to."""

import time

from flask import Blueprint, Flask

from insights_backend.collector import Collector
from insights_backend.guarding import guard_of, sessions_of
from insights_backend.reports.answer import Sources
from insights_backend.running import Insights, Warehouse
from insights_backend.web.adoption_reports import create_adoption_reports
from insights_backend.web.api import PREFIX
from insights_backend.web.collector import create_collector
from insights_backend.web.dashboard.pages import create_pages
from insights_backend.web.problems import register_problems
from insights_backend.web.reports import create_reports


def register_stored(app: Flask, insights: Insights, warehouse: Warehouse) -> None:
    """Put all of it into the bundled app.

    Args:
        app: the app.
        insights: the running service; the route of uploads is there in the role `collector`.
        warehouse: where it stores.
    """
    app.register_blueprint(_reports(insights, warehouse), url_prefix=PREFIX)
    app.register_blueprint(_adoption_reports(insights, warehouse))
    app.register_blueprint(_dashboard(insights, warehouse, reports="insights_reports.report"))
    if "collector" in insights.settings.roles:
        app.register_blueprint(_collector(insights, warehouse), url_prefix=PREFIX)


def dashboard_with_reports(insights: Insights, warehouse: Warehouse) -> Blueprint:
    """Make one blueprint of dashboard and reports, for an app that exists already.

    Args:
        insights: the running service.
        warehouse: what they read.
    """
    dashboard = _dashboard(insights, warehouse, reports=".insights_reports.report")
    reports = _reports(insights, warehouse)
    register_problems(reports)
    dashboard.register_blueprint(reports)
    return dashboard


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
        guard=guard_of(insights),
        max_age=insights.settings.ingest.max_age,
        clock=insights.clock,
    )


def _adoption_reports(insights: Insights, warehouse: Warehouse) -> Blueprint:
    return create_adoption_reports(_sources(insights, warehouse), guard_of(insights), insights.settings.allowed_origins)


def _dashboard(insights: Insights, warehouse: Warehouse, reports: str) -> Blueprint:
    return create_pages(
        _sources(insights, warehouse),
        guard=guard_of(insights),
        sessions=sessions_of(insights),
        auth_mode=insights.settings.auth.mode,
        reports=reports,
        clock=insights.clock,
    )


def _collector(insights: Insights, warehouse: Warehouse) -> Blueprint:
    return create_collector(
        Collector(warehouse.events, warehouse.total_users),
        tokens=insights.tokens,
        access=insights.settings.dashboard.access,
        events_per_minute=insights.settings.collector.events_per_minute,
        monotonic=time.monotonic,
    )

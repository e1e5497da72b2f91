"""The one place where real things meet: settings become services, and services become blueprints."""

import atexit
import logging
import os
import random
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from threading import Thread
from typing import Any

import requests
from flask import Blueprint, Flask

from insights_backend.access import TokenStore
from insights_backend.catalog.cache import CachedCatalog
from insights_backend.catalog.client import RestCatalog
from insights_backend.catalog.file import FileCatalog
from insights_backend.catalog.interface import Catalog
from insights_backend.delivery.destination import DebugLog
from insights_backend.delivery.dispatcher import Dispatcher
from insights_backend.delivery.outbox import Outbox
from insights_backend.enrichment.extractors import Capture, extractors, member_of
from insights_backend.enrichment.pipeline import Pipeline
from insights_backend.enrichment.policy import Policy
from insights_backend.enrichment.pseudonyms import Pseudonyms, load_or_create_salt
from insights_backend.enrichment.redactor import Redactor
from insights_backend.enrichment.views import Views
from insights_backend.errors import CatalogUnavailableError, ConfigError, InsightsError
from insights_backend.identity import BackstageTokens, StaticTokens
from insights_backend.model.entity_filter import EntityFilterQuery
from insights_backend.service import InsightsService
from insights_backend.settings import Settings, load_settings
from insights_backend.warehouse.engine import Engine, WarehouseUnavailableError
from insights_backend.warehouse.events import EventStore
from insights_backend.web.api import PREFIX, create_api
from insights_backend.web.callers import Authenticate, by_backstage_token, by_header, by_relay_token
from insights_backend.web.guard import Guard, create_guard
from insights_backend.web.operations import create_operations
from insights_backend.web.problems import register_problems
from insights_backend.web.reports import create_reports

_log = logging.getLogger(__name__)

_MAX_CATALOG_ENTRIES = 100_000
_SHUTDOWN_SECONDS = 8.0  # below the ten that a process manager gives


@dataclass(frozen=True, slots=True, kw_only=True)
class Insights:
    """The rooms of one running service, made for each other.

    Args:
        settings: what they were made from.
        service: the use cases.
        catalog: what is asked about entities and users.
        outbox: what was accepted.
        dispatcher: delivers it.
        engine: the warehouse.
        events: its table of events.
        authenticate: tells who sends events.
        guard: tells who may read reports.
        clock: now, in seconds since 1970.
    """

    settings: Settings
    service: InsightsService
    catalog: CachedCatalog
    outbox: Outbox
    dispatcher: Dispatcher
    engine: Engine
    events: EventStore
    authenticate: Authenticate
    guard: Guard
    clock: Callable[[], float]

    def start(self) -> None:
        """Begin to deliver, open the warehouse, and see to it that all is closed when the process ends."""
        _warn(self.settings)
        self.dispatcher.start()
        if not self.settings.debug:
            # Beside the start, since a server may take its time; who needs it sooner opens it.
            Thread(target=self._open_warehouse, name="insights-warehouse", daemon=True).start()
        atexit.register(self.close)

    def close(self) -> None:
        """Stop delivering and close the files; what was accepted and has not arrived stays in the outbox."""
        atexit.unregister(self.close)
        self.dispatcher.stop(_SHUTDOWN_SECONDS)
        self.outbox.close()
        self.engine.close()

    def total_users(self) -> int | None:
        """Return the number of people who could use the portal, or None where the catalog never told."""
        try:
            return self.service.total_users().number
        except CatalogUnavailableError:
            return None

    def degraded(self) -> dict[str, Callable[[], str | None]]:
        """Say what can be less than whole while events are still accepted, by part."""
        return {
            "delivery": lambda: (
                f"the last {self.dispatcher.failures} deliveries failed; events are kept"
                if self.dispatcher.failures
                else None
            ),
            "outbox": lambda: (
                f"a damaged file was set aside as {self.outbox.set_aside.name}; its events were not delivered"
                if self.outbox.set_aside
                else None
            ),
            "warehouse": lambda: (
                None if self.settings.debug or self.engine.is_open else "the warehouse is not open yet"
            ),
        }

    def _open_warehouse(self) -> None:
        try:
            self.engine.open()
        except WarehouseUnavailableError as error:
            _log.warning("%s; it is tried again when it is needed", error)


def assemble(settings: Settings, clock: Callable[[], float] = time.time) -> Insights:
    """Make the rooms of a service; nothing runs until `start`.

    Args:
        settings: what the configuration says.
        clock: now, in seconds since 1970.

    Raises:
        ConfigError: they cannot be made as configured.
    """
    if settings.upload.url:
        raise ConfigError("backstageInsights.upload.url: this version stores events itself; remove the key")
    data = _data_dir(settings.data_dir)
    salt = settings.salt.reveal().encode() if settings.salt else load_or_create_salt(data / "salt", os.urandom)
    capture = Capture.of(
        more_entity_fields=settings.capture_entity_fields,
        more_identity_fields=settings.capture_identity_fields,
        groups_filter=settings.capture_identity_groups_filter,
        environment=settings.environment,
    )
    catalog = CachedCatalog(_catalog(settings, capture), settings.catalog.cache_ttl, _MAX_CATALOG_ENTRIES, clock)
    outbox = Outbox(data, max_bytes=settings.outbox_max_bytes, clock=clock)
    engine = Engine(settings.warehouse.dsn.reveal())
    events = EventStore(engine, clock=clock, max_age=settings.ingest.max_age)
    dispatcher = Dispatcher(
        outbox=outbox,
        destination=DebugLog() if settings.debug else events,
        monotonic=time.monotonic,
        random=random.Random(),  # noqa: S311 - spreads retries, guards nothing
    )
    pipeline = Pipeline(
        catalog=catalog,
        extractors=extractors(capture, Views().is_view),
        filters_groups=capture.groups_filter is not None,
        redactor=Redactor(
            Policy(settings.redaction.fields),
            Pseudonyms(salt),
            settings.identities,
            enabled=settings.redaction.enabled,
        ),
    )
    service = InsightsService(
        pipeline=pipeline,
        outbox=outbox,
        dispatcher=dispatcher,
        catalog=catalog,
        people=_people(settings),
        id_key=salt,
        capture=capture,
        described=_described(settings),
        clock=clock,
    )
    authenticate, is_viewer = _identities(settings, catalog, clock)
    tokens = TokenStore(data / "tokens.sqlite3", clock, os.urandom)
    return Insights(
        settings=settings,
        service=service,
        catalog=catalog,
        outbox=outbox,
        dispatcher=dispatcher,
        engine=engine,
        events=events,
        authenticate=authenticate,
        guard=create_guard(settings.dashboard_access, tokens, is_viewer, settings.viewers),
        clock=clock,
    )


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
    insights.start()
    return api(insights)


def create_app(settings: Settings | None = None) -> Flask:
    """Make the bundled app: ingest, config, reports, export, health.

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
    app.register_blueprint(api(insights))
    reports = create_reports(
        insights.engine,
        insights.events,
        guard=insights.guard,
        total_users=insights.total_users,
        clock=insights.clock,
    )
    app.register_blueprint(reports, url_prefix=PREFIX)
    # Health at the root as well, where a probe looks for it without knowing the prefix.
    for name, prefix in (("operations", PREFIX), ("probes", "")):
        site = create_operations(insights.outbox, insights.degraded(), name=f"insights_{name}")
        app.register_blueprint(site, url_prefix=prefix)
    app.extensions["insights"] = insights
    return app


def api(insights: Insights) -> Blueprint:
    """Make the blueprint of ingest and config of a service."""
    return create_api(
        insights.service,
        authenticate=insights.authenticate,
        ingest=insights.settings.ingest,
        allowed_origins=insights.settings.allowed_origins,
        clock=insights.clock,
    )


def _data_dir(path: Path) -> Path:
    try:
        path.mkdir(parents=True, exist_ok=True, mode=0o700)
    except OSError as error:
        raise ConfigError(f"backstageInsights.dataDir: {path} cannot be made ({error.strerror})") from None
    return path


def _catalog(settings: Settings, capture: Capture) -> Catalog:
    catalog = settings.catalog
    if catalog.file is not None:
        return FileCatalog(catalog.file)
    if catalog.base_url is None:
        raise ConfigError("backstageInsights.catalog: set baseUrl or file, or backend.baseUrl")
    token = catalog.token.reveal() if catalog.token else None
    return RestCatalog(catalog.base_url, token, capture.catalog_fields(), requests.Session(), catalog.timeout)


def _people(settings: Settings) -> EntityFilterQuery:
    configured = settings.total_users_entity_query_filter
    return configured.restricted_to("user") if configured else EntityFilterQuery.parse({"kind": "user"})


def _identities(
    settings: Settings, catalog: CachedCatalog, clock: Callable[[], float]
) -> tuple[Authenticate, Callable[[str], bool]]:
    """Choose how senders are known, and how viewers are: only Backstage's own tokens can prove one."""
    match settings.auth.mode:
        case "none":
            return by_header, lambda _: False
        case "static":
            return by_relay_token(StaticTokens(t.reveal() for t in settings.auth.tokens)), lambda _: False
        case "backstage":
            if settings.auth.jwks_url is None:
                raise ConfigError("backstageInsights.auth.jwksUrl: set it, or backend.baseUrl")
            tokens = BackstageTokens(settings.auth.jwks_url, requests.Session(), clock)
            return by_backstage_token(tokens), lambda token: _is_viewer(token, tokens, catalog, settings.viewers)


def _is_viewer(token: str, tokens: BackstageTokens, catalog: CachedCatalog, viewers: tuple[str, ...]) -> bool:
    try:
        user = tokens.user(token)
    except InsightsError:
        return False
    entity = catalog.lookup([user])[user].entity
    groups = member_of(user, entity) if entity else []
    return not {str(user), *map(str, groups)}.isdisjoint(viewers)


def _described(settings: Settings) -> dict[str, Any]:
    groups, users = settings.capture_identity_groups_filter, settings.total_users_entity_query_filter
    return {
        "captureIdentityGroupsFilter": groups.encode() if groups else None,
        "totalUsersEntityQueryFilter": users.encode() if users else None,
        "identities": settings.identities,
        "redaction": {"enabled": settings.redaction.enabled, "fields": dict(settings.redaction.fields)},
        "debug": settings.debug,
    }


def _warn(settings: Settings) -> None:
    if settings.auth.mode == "none":
        _log.warning(
            "auth.mode is none: ANYONE WHO REACHES THIS PORT can send events as any user. For development only."
        )
    if settings.dashboard_access == "open":
        _log.warning(
            "dashboard.access is open: ANYONE WHO REACHES THIS PORT can read and export everything. "
            "For development on loopback only."
        )
    if settings.identities == "clear":
        _log.warning("identities is clear: user references are stored as they are, not as pseudonyms.")
    if not settings.redaction.enabled:
        _log.warning("redaction.enabled is false: personal data in events is stored as it comes.")

"""Where real things meet: settings become rooms that were made for each other."""

import os
import random
import time
from collections.abc import Callable
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

from insights_backend._version import __version__
from insights_backend.access import TokenStore
from insights_backend.audit import AuditLog
from insights_backend.catalog.cache import CachedCatalog
from insights_backend.census import Census
from insights_backend.delivery.destination import DebugLog, Destination
from insights_backend.delivery.dispatcher import Dispatcher
from insights_backend.delivery.exchange import CollectorClient
from insights_backend.delivery.formats import FORMATS
from insights_backend.delivery.outbox import Outbox
from insights_backend.delivery.retry import RetryPolicy
from insights_backend.delivery.uploader import Uploader
from insights_backend.enrichment.extractors import Capture, extractors
from insights_backend.enrichment.pipeline import Pipeline
from insights_backend.enrichment.views import Views
from insights_backend.erasure import Erasure, Place
from insights_backend.errors import ConfigError
from insights_backend.http_client import DirectSession
from insights_backend.model.event import OWN_INSTANCE
from insights_backend.model.total_users import TotalUsers
from insights_backend.portal import catalog_of, failures, groups_of, people_of, recognition
from insights_backend.privacy import pseudonyms, redactor, salt_of
from insights_backend.running import Backend, Insights, Warehouse
from insights_backend.service import InsightsService
from insights_backend.settings.values import Settings, UploadSettings
from insights_backend.warehouse.engine import Engine
from insights_backend.warehouse.events import EventStore
from insights_backend.warehouse.total_users import TotalUsersRecord

_MAX_CATALOG_ENTRIES = 100_000


def assemble(settings: Settings, clock: Callable[[], float] = time.time) -> Insights:
    """Make the rooms of a service; nothing runs until `start`.

    Args:
        settings: what the configuration says.
        clock: now, in seconds since 1970.

    Raises:
        ConfigError: they cannot be made as configured.
    """
    # From here on no path depends on the working directory: importing the embedded engine changes it for a moment.
    settings = replace(settings, data_dir=settings.data_dir.absolute())
    make_data_dir(settings.data_dir)
    tokens = tokens_of(settings, clock)
    warehouse = None if settings.upload.url else _warehouse(settings)
    backend = _backend(settings, warehouse, clock) if "backend" in settings.roles else None
    return Insights(
        settings=settings,
        clock=clock,
        tokens=tokens,
        backend=backend,
        warehouse=warehouse,
        erasure=_erasure(settings, backend, warehouse, clock),
    )


def tokens_of(settings: Settings, clock: Callable[[], float] = time.time) -> TokenStore:
    """Open the API tokens of this machine.

    Raises:
        ConfigError: they cannot be kept.
    """
    return TokenStore(settings.data_dir / "tokens.sqlite3", clock, os.urandom)


def make_data_dir(path: Path) -> None:
    """Make the directory for all that a machine keeps, for its owner alone, where there is none.

    Raises:
        ConfigError: it cannot be made.
    """
    try:
        path.mkdir(parents=True, exist_ok=True, mode=0o700)
    except OSError as error:
        raise ConfigError(f"backstageInsights.dataDir: {path} cannot be made ({error.strerror})") from None


def _warehouse(settings: Settings) -> Warehouse:
    configured = settings.warehouse
    engine = Engine(configured.dsn.reveal(), cluster=configured.cluster, retention_days=configured.retention_days)
    return Warehouse(engine=engine, events=EventStore(engine), total_users=TotalUsersRecord(engine))


def _backend(settings: Settings, warehouse: Warehouse | None, clock: Callable[[], float]) -> Backend:
    salt = salt_of(settings)
    capture = Capture.of(
        more_entity_fields=settings.capture_entity_fields,
        more_identity_fields=settings.capture_identity_fields,
        environment=settings.environment,
    )
    source = catalog_of(settings.catalog, capture.catalog_fields(), DirectSession())
    catalog = CachedCatalog(source, settings.catalog.cache_ttl, _MAX_CATALOG_ENTRIES, clock)
    groups = groups_of(settings, source)
    destination, record_total_users = _destination(settings, warehouse, clock)
    known = recognition(settings, catalog, clock)
    views, cleaner = Views(), redactor(settings, pseudonyms(settings))
    pipeline = Pipeline(
        catalog=catalog,
        extractors=extractors(capture, views.is_view, groups.keep if groups else lambda listed: listed),
        redactor=cleaner,
    )
    # Last, since it holds a file open: what is configured wrongly has been refused by now.
    outbox = Outbox(settings.data_dir, max_bytes=settings.outbox.max_bytes, clock=clock)
    dispatcher = Dispatcher(
        outbox=outbox,
        destination=destination,
        monotonic=time.monotonic,
        random=random.Random(),  # noqa: S311 - spreads retries, guards nothing
    )
    service = InsightsService(
        pipeline=pipeline,
        outbox=outbox,
        dispatcher=dispatcher,
        catalog=catalog,
        people=people_of(settings),
        id_key=salt,
        can_name=cleaner.can_name,
        forget_views=views.forget,
        stores=warehouse is not None,
        capture=capture,
        described=_described(settings),
        clock=clock,
    )
    return Backend(
        service=service,
        outbox=outbox,
        dispatcher=dispatcher,
        groups=groups,
        census=Census(service.total_users, record_total_users, settings.environment),
        authenticate=known.authenticate,
        is_viewer=known.is_viewer,
        portal_failures=partial(failures, catalog, known),
    )


def _erasure(
    settings: Settings, backend: Backend | None, warehouse: Warehouse | None, clock: Callable[[], float]
) -> Erasure:
    places: list[Place] = []
    if backend:
        places.append(backend.dispatcher)
    if warehouse:
        places.append(warehouse.events)
    # A collector that was given no salt shall not make one: nobody's pseudonym was made with it.
    names = pseudonyms(settings) if backend or settings.salt else None
    return Erasure(places, names, AuditLog(settings.data_dir / "audit.log", clock))


def _destination(
    settings: Settings, warehouse: Warehouse | None, clock: Callable[[], float]
) -> tuple[Destination, Callable[[TotalUsers], None]]:
    """Choose where events go, and with them the number of people."""
    if settings.debug:
        log = DebugLog()
        return log, log.record_total_users
    if warehouse:
        return warehouse.events, partial(warehouse.total_users.record, OWN_INSTANCE)
    uploader = _uploader(settings.upload, clock)
    return uploader, uploader.record_total_users


def _uploader(upload: UploadSettings, clock: Callable[[], float]) -> Uploader:
    return Uploader(
        collector_of(upload, DirectSession(), clock),
        policy=RetryPolicy(upload.retries, upload.deadline),
        timeout=upload.timeout,
        monotonic=time.monotonic,
        sleep=time.sleep,
        random=random.Random(),  # noqa: S311 - as above
    )


def collector_of(upload: UploadSettings, session: DirectSession, clock: Callable[[], float]) -> CollectorClient:
    """Make what speaks to the collector that events are uploaded to.

    Args:
        upload: names it.
        session: keeps the connection open between requests.
        clock: now, in seconds since 1970.

    Raises:
        ConfigError: none is named, or the token cannot be sent.
    """
    if upload.url is None or upload.token is None:
        raise ConfigError("backstageInsights.upload: set url and token")
    return CollectorClient(
        upload.url,
        upload.token.reveal(),
        upload_format=FORMATS[upload.format](),
        session=session,
        version=__version__,
        monotonic=time.monotonic,
        clock=clock,
    )


def _described(settings: Settings) -> dict[str, Any]:
    groups, users = settings.capture_identity_groups_filter, settings.total_users_entity_query_filter
    return {
        "captureIdentityGroupsFilter": groups.as_config() if groups else None,
        "totalUsersEntityQueryFilter": users.as_config() if users else None,
        "identities": settings.identities,
        "redaction": {"enabled": settings.redaction.enabled, "fields": dict(settings.redaction.fields)},
        "debug": settings.debug,
    }

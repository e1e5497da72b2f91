"""Whether a configuration will do where it is: what each key resolves to, and whether all that it names is there."""

from collections.abc import Callable, Iterator

from insights_backend.check.clock import ClockSkew
from insights_backend.check.finding import Finding
from insights_backend.check.peers import check_catalog, check_collector, check_signing_keys
from insights_backend.check.storage import check_directory, check_room
from insights_backend.check.warehouse import check_warehouse
from insights_backend.http_client import DirectSession
from insights_backend.settings import Settings
from insights_backend.settings.warnings import warnings

__all__ = ["Finding", "check"]


def check(settings: Settings, clock: Callable[[], float]) -> Iterator[Finding]:
    """Look at everything that a service with these settings will need; changes nothing, and stores nothing.

    Args:
        settings: what `load_settings` read.
        clock: now, in seconds since 1970.

    Returns:
        What was found, part by part, as it is found.
    """
    skew, session = ClockSkew(clock), DirectSession()
    session.hooks["response"].append(skew.note)
    yield from (Finding("settings", "warning", warning) for warning in warnings(settings))
    yield check_directory("dataDir", settings.data_dir)
    if "backend" in settings.roles:
        yield check_room(settings.data_dir, settings.outbox.max_bytes)
        yield check_catalog(settings.catalog, session)
        yield from check_signing_keys(settings.auth, session, clock)
    if settings.upload.url:
        yield check_collector(settings.upload, session, clock)
    else:
        yield check_warehouse(settings.warehouse)
    yield skew.finding()

"""How a running service stands, in numbers, for whoever watches it."""

import shutil
from collections.abc import Iterator
from contextlib import suppress

from insights_backend._version import __version__
from insights_backend.delivery.outbox import Outbox
from insights_backend.errors import UnavailableError
from insights_backend.metrics import Reading
from insights_backend.running import Insights, Warehouse

_MILLISECONDS = 1000


def readings(insights: Insights) -> Iterator[Reading]:
    """Read how a service stands now; what cannot be read is left out, and shows as degraded."""
    yield "insights_build_info", 1, __version__
    yield "insights_ready", insights.is_writable()
    for part in insights.degraded():
        yield "insights_degraded", 1, part
    with suppress(OSError):
        yield "insights_disk_free_bytes", shutil.disk_usage(insights.settings.data_dir).free
    if insights.backend:
        total = insights.backend.census.last  # a scrape does not wait for the catalog
        if total:
            yield "insights_total_users", total.number
        yield "insights_outbox_max_bytes", insights.settings.outbox.max_bytes
        yield from _of_outbox(insights.backend.outbox, insights.clock())
    if insights.warehouse:
        yield from _of_warehouse(insights.warehouse)


def _of_outbox(outbox: Outbox, now: float) -> Iterator[Reading]:
    try:
        waits, dead = outbox.backlog(), sum(grave.events for grave in outbox.graves())
    except UnavailableError:
        return
    yield "insights_outbox_events", waits.events
    yield "insights_outbox_bytes", waits.bytes
    oldest = now if waits.oldest is None else waits.oldest / _MILLISECONDS
    yield "insights_outbox_oldest_seconds", max(0.0, now - oldest)
    yield "insights_dead_letters", dead


def _of_warehouse(warehouse: Warehouse) -> Iterator[Reading]:
    if not warehouse.engine.is_open:  # a scrape does not wait for it to open
        return
    try:
        sizes = warehouse.engine.sizes()
    except UnavailableError:
        return
    for table, size in sizes.items():
        yield "insights_warehouse_rows", size.rows, table
        yield "insights_warehouse_bytes", size.bytes, table

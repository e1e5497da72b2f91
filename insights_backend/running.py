"""A running service: its rooms, how they start, and how they stop.

A process has one role or both. The *backend* takes a portal's events; the *collector* is the service that backends
upload to. Both store in the warehouse of the process, unless the backend uploads: then there is none here.
"""

import atexit
import logging
from collections.abc import Callable
from dataclasses import dataclass
from threading import Thread

from insights_backend.access import TokenStore
from insights_backend.catalog.groups import GroupsFilter
from insights_backend.census import Census
from insights_backend.delivery.dispatcher import Dispatcher
from insights_backend.delivery.outbox import Outbox
from insights_backend.erasure import Erasure
from insights_backend.service import InsightsService
from insights_backend.settings.values import Settings
from insights_backend.settings.warnings import warnings
from insights_backend.warehouse.engine import Engine
from insights_backend.warehouse.events import EventStore
from insights_backend.warehouse.failures import WarehouseUnavailableError
from insights_backend.warehouse.total_users import TotalUsersRecord
from insights_backend.web.callers import Authenticate

_log = logging.getLogger(__name__)

_SHUTDOWN_SECONDS = 8.0  # with what follows below the ten that a process manager gives
_CENSUS_SECONDS = 1.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Backend:
    """What takes a portal's events.

    Args:
        service: the use cases.
        outbox: what was accepted.
        dispatcher: delivers it.
        groups: reads ahead which groups are captured; None where all are.
        census: has the number of people recorded.
        authenticate: tells who sends events.
        is_viewer: tells whether a Backstage token belongs to one of the viewers.
        portal_failures: says what the portal does not answer of late, by part.
    """

    service: InsightsService
    outbox: Outbox
    dispatcher: Dispatcher
    groups: GroupsFilter | None
    census: Census
    authenticate: Authenticate
    is_viewer: Callable[[str], bool]
    portal_failures: Callable[[], dict[str, str]]

    def start(self) -> None:
        """Begin to deliver, to count people, and to read groups ahead."""
        self.dispatcher.start()
        self.census.start()
        if self.groups:
            self.groups.start()

    def close(self) -> None:
        """Stop all of them; what was accepted and has not arrived stays in the outbox."""
        if self.groups:
            self.groups.stop()
        self.dispatcher.stop(_SHUTDOWN_SECONDS)
        self.census.stop(_CENSUS_SECONDS)
        self.outbox.close()


@dataclass(frozen=True, slots=True, kw_only=True)
class Warehouse:
    """Where events are stored in the end, and the number of people day by day."""

    engine: Engine
    events: EventStore
    total_users: TotalUsersRecord

    def open(self) -> None:
        """Open the engine; where that fails it is tried again when it is needed."""
        try:
            self.engine.open()
        except WarehouseUnavailableError as error:
            _log.warning("%s; it is tried again when it is needed", error)


@dataclass(frozen=True, slots=True, kw_only=True)
class Insights:
    """The rooms of one running service.

    Args:
        settings: what they were made from.
        clock: now, in seconds since 1970.
        tokens: the API tokens of this service.
        backend: None in a process that only collects.
        warehouse: None in a process that uploads.
        erasure: takes people out of what the two keep.
    """

    settings: Settings
    clock: Callable[[], float]
    tokens: TokenStore
    backend: Backend | None
    warehouse: Warehouse | None
    erasure: Erasure

    def start(self) -> None:
        """Begin to deliver, open the warehouse, and see to it that all is closed when the process ends."""
        if self.backend:
            self.backend.start()
        self.start_reading()

    def start_reading(self) -> None:
        """Open the warehouse alone, and see to it that all is closed when the process ends."""
        for warning in warnings(self.settings):
            _log.warning("%s", warning)
        if self.warehouse:
            # Beside the start, since a server may take its time; who needs it sooner opens it.
            Thread(target=self.warehouse.open, name="insights-warehouse", daemon=True).start()
        atexit.register(self.close)

    def close(self) -> None:
        """Stop delivering and close the files; what was accepted and has not arrived stays in the outbox."""
        atexit.unregister(self.close)
        if self.backend:
            self.backend.close()
        if self.warehouse:
            self.warehouse.engine.close()

    def is_writable(self) -> bool:
        """Tell whether events could be accepted now."""
        return self.backend is None or self.backend.outbox.is_writable()

    def degraded(self) -> dict[str, str]:
        """Say what is less than whole while events are still accepted, by part."""
        found = self.backend.portal_failures() if self.backend else {}
        if self.backend and self.backend.dispatcher.failures:
            found["delivery"] = (
                f"the last {self.backend.dispatcher.failures} deliveries failed; events are kept: "
                f"{self.backend.dispatcher.last_failure}"
            )
        if self.backend and self.backend.outbox.set_aside:
            aside = self.backend.outbox.set_aside.name
            found["outbox"] = f"a damaged file was set aside as {aside}; its events were not delivered"
        if self.warehouse and not self.warehouse.engine.is_open:
            found["warehouse"] = self.warehouse.engine.obstacle or "the warehouse is not open yet"
        return found

"""The groups that a filter lets through, read ahead, so that no request has to ask the catalog for groups."""

import logging
from collections.abc import Sequence
from threading import Event, Lock, Thread

from insights_backend.catalog.interface import Catalog
from insights_backend.errors import CatalogUnavailableError
from insights_backend.model.entity_filter import EntityFilterQuery
from insights_backend.model.entity_ref import EntityRef

_log = logging.getLogger(__name__)

RETRY_SECONDS = 5.0
"""How long a catalog that failed is left alone, and the shortest time between two readings."""


class GroupsFilter:
    """Keeps the groups that match a filter. A thread reads which do, at the start and again whenever that is too old.

    Several threads may use it. While the catalog is down, what was read last is better than nothing.

    Args:
        catalog: evaluates the filter.
        query: which groups are kept.
        ttl: seconds from one reading to the next.
    """

    def __init__(self, catalog: Catalog, query: EntityFilterQuery, ttl: float) -> None:
        self._catalog = catalog
        self._query = query.restricted_to("group")
        self._ttl = max(ttl, RETRY_SECONDS)
        self._reading = Lock()
        self._told: bool | None = None  # by the last reading; None before the first
        self._matching: frozenset[EntityRef] | None = None
        self._stop = Event()
        self._thread = Thread(target=self._run, name="insights-groups", daemon=True)

    def start(self) -> None:
        """Begin to read in the background."""
        self._thread.start()

    def stop(self) -> None:
        """Begin no further reading; one under way is not waited for."""
        self._stop.set()

    def keep(self, groups: Sequence[EntityRef]) -> list[EntityRef] | None:
        """Return those of some groups that match, in their order; None while the catalog has never told which do."""
        if not groups:
            return []
        self._await_first()
        matching = self._matching
        return None if matching is None else [group for group in groups if group in matching]

    def read(self) -> bool:
        """Read which groups match, and return whether the catalog told."""
        with self._reading:
            return self._read()

    def _await_first(self) -> None:
        """Wait for the first reading; who comes even before the thread reads for all."""
        if self._told is None:
            with self._reading:
                if self._told is None:
                    self._read()

    def _read(self) -> bool:
        try:
            matching = frozenset(self._catalog.find(self._query))
        except CatalogUnavailableError as error:
            if self._told is not False:  # once an outage
                _log.warning("captureIdentityGroupsFilter: which groups match cannot be read: %s", error)
            self._told = False
        else:
            self._matching, self._told = matching, True
        return self._told

    def _run(self) -> None:
        while not self._stop.wait(self._ttl if self._is_read() else RETRY_SECONDS):
            pass

    def _is_read(self) -> bool:
        try:
            return self.read()
        except Exception as error:  # noqa: BLE001 - the thread must outlive whatever a catalog can answer
            _log.error("captureIdentityGroupsFilter: which groups match cannot be read: %s", type(error).__name__)
            return False

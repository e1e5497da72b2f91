"""Counting the people who could use the portal, again and again, so that a past day's number is known later on."""

import logging
from collections.abc import Callable
from threading import Event, Thread

from insights_backend.catalog.cache import Count
from insights_backend.errors import CatalogUnavailableError, InsightsError
from insights_backend.model.total_users import TotalUsers

_log = logging.getLogger(__name__)

PERIOD_SECONDS = 3600.0
"""From one count to the next: of a day the last one stands, which then is one of its last hour."""

RETRY_SECONDS = 60.0
"""How long to wait where the catalog, or what records its number, has failed."""


class Census:
    """Has the number of people recorded; a thread counts them at the start and every hour, beside all requests.

    Args:
        count: asks the catalog.
        record: keeps a number, of now or of a while ago; the same one may come again.
        environment: the portal's label.
    """

    def __init__(self, count: Callable[[], Count], record: Callable[[TotalUsers], None], environment: str) -> None:
        self._count = count
        self._record = record
        self._environment = environment
        self._failing = False
        self._last: TotalUsers | None = None
        self._stop = Event()
        self._thread = Thread(target=self._run, name="insights-census", daemon=True)

    @property
    def last(self) -> TotalUsers | None:
        """The number that was counted last, asking nobody; None where there was none yet."""
        return self._last

    def now(self) -> TotalUsers | None:
        """Return the number as the catalog says now, or said last; None where it never did."""
        try:
            return self._described(self._count())
        except CatalogUnavailableError:
            return None

    def take(self) -> float:
        """Count and record once.

        Returns:
            Seconds until it is to be done again.
        """
        try:
            count = self._count()
            self._last = self._described(count)
            self._record(self._last)
            failure = "the catalog does not answer" if count.stale else None
        except InsightsError as error:
            failure = str(error)
        except Exception as error:  # noqa: BLE001 - the thread must outlive whatever a disk or an engine can do
            failure = type(error).__name__
        if failure and not self._failing:  # once an outage
            _log.warning("the number of total users cannot be recorded: %s; it is tried again", failure)
        self._failing = failure is not None
        return RETRY_SECONDS if failure else PERIOD_SECONDS

    def start(self) -> None:
        """Begin to count in the background."""
        self._thread.start()

    def stop(self, timeout: float) -> None:
        """Begin no further count.

        Args:
            timeout: seconds to wait for one under way.
        """
        self._stop.set()
        if self._thread.is_alive():
            self._thread.join(timeout)

    def _described(self, count: Count) -> TotalUsers:
        return TotalUsers(number=count.number, as_of=int(count.as_of * 1000), environment=self._environment)

    def _run(self) -> None:
        while not self._stop.wait(self.take()):
            pass

"""The collector: takes batches of stored events from the services of other portals."""

import logging
from collections.abc import Sequence
from typing import Any

import orjson

from insights_backend.delivery.destination import Batch
from insights_backend.metrics import COLLECTED_EVENTS
from insights_backend.model.total_users import TotalUsers
from insights_backend.warehouse.events import EventStore
from insights_backend.warehouse.failures import WarehouseUnavailableError
from insights_backend.warehouse.refusing import UnreadableEventsError
from insights_backend.warehouse.total_users import TotalUsersRecord
from insights_backend.wire.rules import Rejection

_log = logging.getLogger(__name__)


class Collector:
    """Stores the batches of other instances, each once.

    Args:
        events: where they are stored.
        total_users: where the numbers of people are recorded that come along.
    """

    def __init__(self, events: EventStore, total_users: TotalUsersRecord) -> None:
        self._events = events
        self._total_users = total_users

    def receive(
        self, instance: str, key: str, events: Sequence[dict[str, Any]], total: TotalUsers | None
    ) -> list[Rejection]:
        """Store a batch; when this returns, its events are stored for good, or some are refused.

        Args:
            instance: the name of the instance that sends; every event gets it.
            key: the instance's own name for the batch. Sent again under it, the batch is stored once.
            events: the validated events.
            total: how many people could use the instance's portal, if it tells.

        Returns:
            The events that the warehouse cannot read; where there are any, nothing was stored.

        Raises:
            DeliveryError: it cannot be stored now; nothing of it was.
        """
        lines = [orjson.dumps({**event, "instance": instance}, option=orjson.OPT_APPEND_NEWLINE) for event in events]
        try:
            # Instances choose their keys each for itself, so the name of the batch here holds both.
            self._events.store(Batch.of(f"{instance}:{key}", 0, len(events), b"".join(lines)))
        except UnreadableEventsError as error:
            _log.error("%s sent %d events that the warehouse cannot read", instance, len(error.letters))
            return [
                Rejection(lines.index(letter.lines), {"_schema": [f"the warehouse cannot read it ({letter.reason})"]})
                for letter in error.letters
            ]
        COLLECTED_EVENTS.inc(len(events))
        if total is not None:
            self._record(instance, total)
        return []

    def _record(self, instance: str, total: TotalUsers) -> None:
        """Record a number, or let it go: the next batch brings it again, and the events of this one are stored."""
        try:
            self._total_users.record(instance, total)
        except WarehouseUnavailableError as error:
            _log.warning("the total users of %s could not be recorded: %s", instance, error)

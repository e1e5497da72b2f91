"""The use cases: what the service does, whoever asks and however."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from insights_backend._version import __version__
from insights_backend.catalog.cache import CachedCatalog, Count
from insights_backend.delivery.dispatcher import Dispatcher
from insights_backend.delivery.outbox import Outbox
from insights_backend.enrichment.extractors import Capture
from insights_backend.enrichment.pipeline import Pipeline
from insights_backend.errors import InvalidEntityRefError, UnavailableError
from insights_backend.model.entity_filter import EntityFilterQuery
from insights_backend.model.entity_ref import EntityRef
from insights_backend.model.event import Event, Millis
from insights_backend.model.event_id import event_ids
from insights_backend.model.event_key import keys_of
from insights_backend.model.recent_ids import RecentIds

_REMEMBERED_IDS = 100_000  # a hundred bytes each
_RESEND_SECONDS = 7 * 86400.0


@dataclass(frozen=True, slots=True)
class Receipt:
    """What became of a request's valid events.

    Args:
        accepted: how many are on disk and will count.
        duplicates: how many had been accepted before, as far as could be told at once.
        delivered: whether all of them are at their destination already.
    """

    accepted: int
    duplicates: int
    delivered: bool


class InsightsService:
    """Takes events in, and says what is captured and how many people there are.

    Args:
        pipeline: enriches and redacts.
        outbox: keeps what was accepted.
        dispatcher: delivers it.
        catalog: counts the people who could use the portal.
        people: which users of the catalog those are; already restricted to users.
        id_key: the secret under which ids of events are derived.
        can_name: tells whether an event can be known by its sender's id.
        forget_views: forgets which page users looked at last.
        stores: whether events go to a warehouse from here, and not to another service.
        described: what `config` shows beside the capture lists.
        capture: what is captured.
        clock: now, in seconds since 1970.
    """

    def __init__(
        self,
        *,
        pipeline: Pipeline,
        outbox: Outbox,
        dispatcher: Dispatcher,
        catalog: CachedCatalog,
        people: EntityFilterQuery,
        id_key: bytes,
        can_name: Callable[[str], bool],
        forget_views: Callable[[Iterable[EntityRef]], None],
        stores: bool,
        capture: Capture,
        described: Mapping[str, Any],
        clock: Callable[[], float],
    ) -> None:
        self._pipeline = pipeline
        self._outbox = outbox
        self._dispatcher = dispatcher
        self._catalog = catalog
        self._people = people
        self._id_key = id_key
        self._can_name = can_name
        self._forget_views = forget_views
        self._stores = stores
        self._capture = capture
        self._described = described
        self._recent = RecentIds(_REMEMBERED_IDS, _RESEND_SECONDS, clock)

    def ingest(self, events: Sequence[Event], received_at: Millis) -> Receipt:
        """Accept events: when this returns they are on disk, enriched and redacted.

        Args:
            events: one request's valid events.
            received_at: when the request arrived.

        Raises:
            UnavailableError: they cannot be stored; nothing was accepted.
        """
        new, ids = self._unknown(events, event_ids(events, self._id_key, self._can_name))
        duplicates = len(events) - len(new)
        if not new:
            return Receipt(0, duplicates, delivered=True)
        lines = self._pipeline.run(new, ids, received_at)
        keys = keys_of(lines) if self._stores else None
        try:
            row = self._outbox.append(b"".join(lines), events=len(new), received_at=received_at, keys=keys)
        except UnavailableError:
            self._forget_views(event.user for event in new if event.user)
            raise
        # Only now: had the disk refused, the sender would send them again, and they must not count as seen.
        self._recent.add(ids)
        return Receipt(len(new), duplicates, delivered=self._dispatcher.offer(row))

    def _unknown(self, events: Sequence[Event], ids: Sequence[str]) -> tuple[list[Event], list[str]]:
        known = self._recent.known(ids)
        new = {id_: event for event, id_ in zip(events, ids, strict=True) if id_ not in known}
        return list(new.values()), list(new)

    def total_users(self) -> Count:
        """Count the people who could use the portal.

        Returns:
            The number, when the catalog gave it, and whether the catalog has been down since.

        Raises:
            CatalogUnavailableError: the catalog is down and has never answered.
        """
        return self._catalog.count(self._people)

    def members(self, groups: Iterable[str]) -> dict[str, int | None]:
        """Count the direct members of groups, by the group's ref; None where the catalog does not tell."""
        refs = {group: _parsed(group) for group in groups}
        members = self._catalog.members(ref for ref in refs.values() if ref)
        return {group: members[ref] if ref else None for group, ref in refs.items()}

    def config(self) -> dict[str, Any]:
        """Say what is captured and how; holds no secret."""
        return {
            "version": __version__,
            "environment": self._capture.environment,
            "captureEntityFields": list(self._capture.entity_fields),
            "captureIdentityFields": list(self._capture.identity_fields),
            **self._described,
        }


def _parsed(ref: str) -> EntityRef | None:
    try:
        return EntityRef.parse(ref)
    except InvalidEntityRefError:
        return None

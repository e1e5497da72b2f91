"""One way from a request to the service, whatever format its events come in.

A format's module turns a body into events of our own format; from there on all are judged by the same rules, and are
the verified caller's.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any

import orjson
from flask import Response, request
from flask.typing import ResponseReturnValue

from insights_backend.errors import PayloadTooLargeError
from insights_backend.metrics import EVENTS
from insights_backend.rate import EventRate
from insights_backend.service import InsightsService, Receipt
from insights_backend.settings.values import IngestSettings
from insights_backend.web.body import read_json
from insights_backend.web.callers import Authenticate, Caller, with_key
from insights_backend.wire import native
from insights_backend.wire.rules import Rejection


@dataclass(frozen=True, slots=True)
class Taken:
    """What became of the events of a request.

    Args:
        receipt: of the valid ones.
        rejections: the others.
        refused: whether there were events, and all were invalid.
    """

    receipt: Receipt
    rejections: list[Rejection]
    refused: bool


class Intake:
    """Takes the events of the request that is being handled.

    Args:
        service: what they are handed to.
        authenticate: tells who sends.
        ingest: what one request may bring, and how much each user.
        clock: now, in seconds since 1970.
        monotonic: a clock that never goes back, in seconds.
    """

    def __init__(
        self,
        service: InsightsService,
        *,
        authenticate: Authenticate,
        ingest: IngestSettings,
        clock: Callable[[], float],
        monotonic: Callable[[], float],
    ) -> None:
        self._service = service
        self._authenticate = authenticate
        self._ingest = ingest
        self._clock = clock
        self._rate = EventRate(ingest.events_per_minute, monotonic)

    def caller(self, key: str | None = None) -> Caller:
        """Tell who sends.

        Args:
            key: what the format carries in the place of a token; an Authorization header goes before it.

        Raises:
            UnauthenticatedError: the credentials prove nobody, or there are none.
            RateLimitedError: the user has sent too much lately.
        """
        caller = self._authenticate(with_key(request.headers, key))
        if not caller.relay:  # it sends for all users of a portal
            self._rate.admit(str(caller.user))
        return caller

    def body(self) -> Any:
        """Read the request's body, JSON of any shape, within the limits.

        Raises:
            MalformedJsonError, PayloadTooLargeError, UnsupportedMediaTypeError: it cannot be read.
        """
        return read_json(request, self._ingest.max_body_bytes)

    def take(self, caller: Caller, documents: list[Any]) -> Taken:
        """Hand events to the service; those in `Taken.receipt` are on disk when this returns.

        Args:
            caller: whose they are; only a relay may say otherwise.
            documents: events of our own format that nobody has looked at yet.

        Raises:
            PayloadTooLargeError: there are too many.
            UnavailableError: they cannot be stored; nothing was accepted.
        """
        most = self._ingest.max_events
        if len(documents) > most:
            raise PayloadTooLargeError(
                f"the body holds {len(documents)} events; at most {most} are taken (ingest.maxEvents)"
            )
        received_at = int(self._clock() * 1000)
        events, rejections = native.read(
            documents,
            user=caller.user,
            relay=caller.relay,
            received_at=received_at,
            max_age=self._ingest.max_age,
        )
        receipt = self._service.ingest(events, received_at)
        # Only now: what could not be stored is not its sender's fault, and will be sent again.
        self._rate.charge(str(caller.user), len(documents))
        _count(receipt, rejections)
        return Taken(receipt, rejections, refused=bool(documents) and not events)


_ACCEPTED, _DUPLICATE = EVENTS.labels("accepted", ""), EVENTS.labels("duplicate", "")


def _count(receipt: Receipt, rejections: Iterable[Rejection]) -> None:
    _ACCEPTED.inc(receipt.accepted)
    _DUPLICATE.inc(receipt.duplicates)
    for rejection in rejections:
        EVENTS.labels("rejected", next(iter(rejection.errors))).inc()


def answer_of(taken: Taken) -> ResponseReturnValue:
    """Answer in our own format: 200 delivered, 202 on disk, 422 where no event was valid."""
    rejected = [rejection.as_json() for rejection in taken.rejections]
    told = {"accepted": taken.receipt.accepted, "duplicates": taken.receipt.duplicates, "rejected": rejected}
    body = Response(orjson.dumps(told), mimetype="application/json")
    if taken.refused:
        return body, 422
    return body, 200 if taken.receipt.delivered else 202

"""The collector's route: what an uploader posts its batches to."""

import re
from collections.abc import Callable
from typing import Any

from flask import Blueprint, jsonify, request
from flask.typing import ResponseReturnValue

from insights_backend.access import TokenStore
from insights_backend.collector import Collector
from insights_backend.errors import InvalidParameterError, PayloadTooLargeError
from insights_backend.identity import bearer_token
from insights_backend.model.event import OWN_INSTANCE
from insights_backend.rate import EventRate
from insights_backend.settings.values import DashboardAccess
from insights_backend.web.body import read_json
from insights_backend.wire import batch

KEY = re.compile(r"[A-Za-z0-9._-]{1,128}")
"""What a batch may be called by its sender."""


def create_collector(
    collector: Collector,
    *,
    tokens: TokenStore,
    access: DashboardAccess,
    events_per_minute: int | None,
    monotonic: Callable[[], float],
) -> Blueprint:
    """Make the blueprint of the collector.

    Args:
        collector: stores the batches.
        tokens: the API tokens of this service; the name of an upload token is that of the instance that sends.
        access: `open` also takes batches without a token, as those of the instance `local`.
        events_per_minute: how many events an instance may send; None is no limit.
        monotonic: a clock that never goes back, in seconds.
    """
    site = Blueprint("insights_collector", __name__)
    rate = EventRate(events_per_minute, monotonic)

    @site.post("/v1/batches")
    def receive() -> ResponseReturnValue:
        instance = _instance(tokens, access)
        rate.admit(instance)
        key = _key()
        body = _body()
        documents = batch.unwrap(body)
        total = batch.total_users(body)
        events, rejections = batch.read(documents)
        if not rejections:
            rejections = collector.receive(instance, key, events, total)
        # A refused batch costs as much as a taken one; one that could not be stored is not its sender's fault.
        # A number of people is a row to store as an event is, or batches of nothing else would cost nothing.
        rate.charge(instance, len(documents) + (total is not None))
        if rejections:
            return jsonify(accepted=0, rejected=[rejection.as_json() for rejection in rejections]), 422
        return jsonify(accepted=len(events))  # also where the batch came before

    return site


def _instance(tokens: TokenStore, access: DashboardAccess) -> str:
    header = request.headers.get("Authorization")
    if access == "open" and not header:
        return OWN_INSTANCE
    return tokens.require(bearer_token(header), "upload").name


def _key() -> str:
    key = request.headers.get("Idempotency-Key", "")
    if not KEY.fullmatch(key):
        raise InvalidParameterError(
            "Idempotency-Key: send the batch's id, 1 to 128 of the characters A-Z a-z 0-9 . _ -"
        )
    return key


def _body() -> Any:
    try:
        return read_json(request, batch.MAX_BYTES)
    except PayloadTooLargeError:
        # Said anew: this limit is not the one of ingest, which can be configured.
        raise PayloadTooLargeError(f"the batch is larger than {batch.MAX_BYTES} bytes; send it in parts") from None

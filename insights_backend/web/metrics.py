"""Measuring requests, and showing all that is measured in Prometheus' text format."""

import os
import struct
from contextlib import suppress
from functools import lru_cache
from time import perf_counter

from flask import Blueprint, Flask, Response, g, request
from prometheus_client import CONTENT_TYPE_LATEST, REGISTRY, CollectorRegistry, Histogram, generate_latest
from prometheus_client.multiprocess import MultiProcessCollector

from insights_backend.metrics import REQUESTS, Standing

_LOOKS = 3
_METHODS = {"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"}


def measure_requests(site: Flask | Blueprint) -> None:
    """Have the requests of a site measured, refused ones included; an answer that streams, until it begins."""

    @site.before_request
    def begin() -> None:
        g.insights_began = perf_counter()

    @site.after_request
    def end(response: Response) -> Response:
        # The route as it is declared: the path itself may name a person, and there is no end of paths.
        route, method = request.url_rule, request.method
        _requests(route.rule if route else "unmatched", method, response.status_code).observe(
            perf_counter() - g.insights_began
        )
        return response


@lru_cache(maxsize=256)
def _requests(route: str, method: str, status: int) -> Histogram:
    return REQUESTS.labels(route, method if method in _METHODS else "other", str(status))


def exposition(standing: Standing) -> Response:
    """Answer with everything that is measured: what the workers have counted, and how things stand now.

    Source: Prometheus, "Exposition formats", text format.
    """
    counted = _of_all_workers() if "PROMETHEUS_MULTIPROC_DIR" in os.environ else generate_latest(REGISTRY)
    stands = CollectorRegistry()
    stands.register(standing)
    return Response(counted + generate_latest(stands), content_type=CONTENT_TYPE_LATEST)


def _of_all_workers() -> bytes:
    """Add up what the workers have counted; if one is just beginning its file, look once more."""
    counted = CollectorRegistry()
    MultiProcessCollector(counted)  # type: ignore[no-untyped-call] # it has no types
    for _ in range(_LOOKS):
        with suppress(struct.error, ValueError, RuntimeError):
            return generate_latest(counted)
    return generate_latest(counted)

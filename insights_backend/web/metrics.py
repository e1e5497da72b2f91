"""Measuring requests, and showing all that is measured in Prometheus' text format."""

import os
from collections.abc import Iterator
from functools import lru_cache
from pathlib import Path
from time import perf_counter

from flask import Blueprint, Flask, Response, g, request
from prometheus_client import CONTENT_TYPE_LATEST, REGISTRY, CollectorRegistry, Histogram, generate_latest
from prometheus_client.core import Metric
from prometheus_client.multiprocess import MultiProcessCollector
from prometheus_client.registry import Collector

from insights_backend.metrics import REQUESTS, Standing

_METHODS = {"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"}


def measure_requests(site: Flask | Blueprint) -> None:
    """Have the requests that reach a site measured, refused ones included; an answer that streams, until it begins."""

    @site.before_request
    def begin() -> None:
        g.insights_began = perf_counter()

    @site.after_request
    def end(response: Response) -> Response:
        # The route as it is declared: the path itself may name a person, and there is no end of paths.
        route, method = request.url_rule, request.method
        began = g.pop("insights_began", None)
        if began is not None:  # an app that the blueprint is part of may refuse a request before
            seconds = perf_counter() - began
            _requests(route.rule if route else "unmatched", method, response.status_code).observe(seconds)
        return response


@lru_cache(maxsize=256)
def _requests(route: str, method: str, status: int) -> Histogram:
    return REQUESTS.labels(route, method if method in _METHODS else "other", str(status))


def exposition(standing: Standing) -> Response:
    """Answer with everything that is measured: what the workers have counted, and how things stand now.

    Source: Prometheus, "Exposition formats", text format.
    """
    counted = _of(AllWorkers()) if "PROMETHEUS_MULTIPROC_DIR" in os.environ else generate_latest(REGISTRY)
    return Response(counted + _of(standing), content_type=CONTENT_TYPE_LATEST)


class AllWorkers(Collector):
    """Adds up what the workers have counted, each in files of its own."""

    def collect(self) -> Iterator[Metric]:
        """Yield the sums."""
        files = Path(os.environ["PROMETHEUS_MULTIPROC_DIR"]).glob("*.db")
        # A worker makes a file, then gives it its length: the library cannot read one that has none yet.
        begun = [str(file) for file in files if file.stat().st_size]
        yield from MultiProcessCollector.merge(begun)  # type: ignore[no-untyped-call] # it has no types


def _of(collector: Collector) -> bytes:
    registry = CollectorRegistry()
    registry.register(collector)
    return generate_latest(registry)

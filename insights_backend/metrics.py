"""What is measured of a running service, for Prometheus: every metric is declared here, and nowhere else.

Those that count what happens are the process's own, in the library's registry, which all workers of one gunicorn share
where `PROMETHEUS_MULTIPROC_DIR` names a directory. Those that say how things stand are asked for at each scrape. Labels
have few values, and none of a person: routes as they are declared, codes, names of tables and of types.
"""

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from time import perf_counter

from prometheus_client import Counter, Histogram, disable_created_metrics
from prometheus_client.core import GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

disable_created_metrics()  # type: ignore[no-untyped-call] # a second series for each, which nobody asks for

_QUICK = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0)

REQUESTS = Histogram(
    "insights_http_request_seconds",
    "How long requests took, by route, method and status; `unmatched` is whatever has no route.",
    ("route", "method", "status"),
    buckets=_QUICK,
)
EVENTS = Counter(
    "insights_events",
    "Events that were sent to this service, by outcome: accepted, duplicate, or rejected for a reason.",
    ("outcome", "reason"),
)
DELIVERIES = Histogram(
    "insights_delivery_seconds",
    "How long deliveries out of the outbox took, by result: ok or failed.",
    ("result",),
    buckets=_QUICK,
)
DELIVERED_EVENTS = Counter(
    "insights_delivered_events",
    "Events that left the outbox, by result: stored at their destination, or refused by it, which makes dead letters.",
    ("result",),
)
COLLECTED_EVENTS = Counter("insights_collected_events", "Events of other instances that were stored here.")
CATALOG_LOOKUPS = Counter(
    "insights_catalog_lookups",
    "What was asked of the catalog's memory: a hit, a miss, shared with a question that was under way, or, while the "
    "catalog is down, unanswered: stale, or nothing.",
    ("result",),
)
CATALOG_REQUESTS = Histogram(
    "insights_catalog_request_seconds",
    "How long requests to the catalog took, by result: ok or failed.",
    ("result",),
    buckets=_QUICK,
)
REDACTIONS = Counter("insights_redactions", "Personal data and secrets that were replaced, by type.", ("type",))
WAREHOUSE = Histogram(
    "insights_warehouse_seconds",
    "How long the warehouse took, by what it did (ask, insert, change) and by result: ok, failed, or over its limit.",
    ("operation", "result"),
    buckets=_QUICK,
)
REPORTS_MADE = Histogram(
    "insights_report_seconds", "How long it took to make a report, by its name.", ("report",), buckets=_QUICK
)

COUNTED = (
    REQUESTS, EVENTS, DELIVERIES, DELIVERED_EVENTS, COLLECTED_EVENTS, CATALOG_LOOKUPS, CATALOG_REQUESTS, REDACTIONS,
    WAREHOUSE, REPORTS_MADE,
)  # fmt: skip
"""All that count what happens."""

STANDING: Mapping[str, tuple[str, str | None]] = {
    "insights_build_info": ("The version of this service; always 1.", "version"),
    "insights_ready": ("Whether events can be accepted now: 1 or 0.", None),
    "insights_degraded": ("What is less than whole, by part: 1 where it is.", "part"),
    "insights_outbox_events": ("Events that were accepted and have not arrived yet.", None),
    "insights_outbox_bytes": ("What they take in the outbox.", None),
    "insights_outbox_max_bytes": ("What they may take (outbox.maxBytes); beyond, requests are refused.", None),
    "insights_outbox_oldest_seconds": ("The age of the oldest of them; 0 where nothing waits.", None),
    "insights_dead_letters": ("Events that the destination refused for good, and that are kept.", None),
    "insights_disk_free_bytes": ("What is left on the disk of dataDir.", None),
    "insights_total_users": ("How many people could use the portal, as they were last counted: once an hour.", None),
    "insights_warehouse_rows": ("Rows stored, by table; of the embedded engine or of the server asked.", "table"),
    "insights_warehouse_bytes": ("What they take on disk, by table.", "table"),
}
"""All that say how things stand: what each is, and its label."""

Reading = tuple[str, float] | tuple[str, float, str]
"""The name of one of `STANDING`, its value, and the value of its label where it has one."""


class Standing(Collector):
    """Says how things stand, at the moment of a scrape.

    Args:
        read: gives the readings; what cannot be told now is left out.
    """

    def __init__(self, read: Callable[[], Iterator[Reading]]) -> None:
        self._read = read

    def collect(self) -> Iterator[Metric]:
        """Yield the metrics of which there are readings."""
        families: dict[str, GaugeMetricFamily] = {}
        for name, value, *label in self._read():
            if name not in families:
                families[name] = _family(name)
            families[name].add_metric(label, value)
        yield from families.values()


def _family(name: str) -> GaugeMetricFamily:
    told, label = STANDING[name]
    return GaugeMetricFamily(name, told, labels=[label] if label else None)


@contextmanager
def timed(
    histogram: Histogram, *labels: str, failed: Callable[[Exception], str] = lambda _: "failed"
) -> Iterator[None]:
    """Measure what is done within, under the labels and a result: `ok`, or what an error makes of it."""
    began, result = perf_counter(), "ok"
    try:
        yield
    except Exception as error:
        result = failed(error)
        raise
    finally:
        histogram.labels(*labels, result).observe(perf_counter() - began)

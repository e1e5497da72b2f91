"""How fast events are taken in, beside a bare Flask route that only reads, parses and has them on disk: the floor.

`python -m tests.bench.ingest` runs both side by side under the same settings of gunicorn, one worker each, and loads
them in turns over 16 connections with batches of 1, 20 and 100 events. Users' tokens are verified, entities looked up
in a catalog that is asked over HTTP, personal data taken out; all is warm. A ratio is the median of those of each
round. It prints a table, what each goal came to, and all of it as JSON.
"""

import argparse
import json
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from random import Random
from typing import Any

from tests.bench.ingest import measure
from tests.bench.ingest.measure import Figures
from tests.bench.ingest.peers import backstage, slow_collector
from tests.bench.ingest.portal import batches
from tests.bench.ingest.server import Server, running
from tests.tokens import SigningKey, signing_key

SLOW_SECONDS = 3.0
LEAST_REQUESTS = {1: 0.75, 20: 0.6, 100: 0.4}
"""The goals: what share of the floor's requests a second, by events a request."""


def config(directory: Path, backstage_url: str, upload: str | None = None) -> Path:
    """Write an app-config for a service whose files are in a directory; it uploads where it is told where to."""
    directory.mkdir()
    file = directory / "app-config.yaml"
    more = (
        f"roles: [backend]\n  upload: {{ url: '{upload}', token: some-token }}"
        if upload
        else "dashboard: { access: open }"
    )
    file.write_text(f"""
backend: {{ baseUrl: "{backstage_url}" }}
backstageInsights:
  dataDir: {directory / "var"}
  {more}
""")
    return file


@contextmanager
def both(directory: Path, url: str, upload: str | None = None) -> Iterator[tuple[Server, Server]]:
    """Run floor and service inside the `with`."""
    file = config(directory / "service", url, upload)
    with running(directory / "floor", file, floor=True) as floor, running(directory / "service", file) as service:
        yield floor, service


def rates(directory: Path, url: str, key: SigningKey, given: argparse.Namespace) -> dict[str, Any]:
    """Measure each size of batch, the start, memory, and requests one at a time; nothing may be lost or doubled."""
    found: dict[str, Any] = {"import_s": measure.import_seconds(5), "sizes": {}}
    with both(directory, url) as (floor, service):
        found["ready_s"] = service.started
        accepted = 0
        for size in given.sizes:
            requests = batches(key, size, Random(size))  # noqa: S311 - makes up events
            accepted += measure.warm([floor, service], requests)
            service.landed_within(60)
            floors, services = [], []
            for _ in range(given.rounds):
                floors.append(measure.floor_round(floor, requests, given.seconds))
                services.append(measure.service_round(service, requests, given.seconds))
            accepted += int(sum(figures["events"] for figures in services))
            found["sizes"][size] = compared(floors, services)
            print_size(size, found["sizes"][size])
        found |= {"accepted": accepted, "stored": service.stored(), "peak_mb": service.memory("VmHWM")}
        lone = batches(key, 1, Random(0))  # noqa: S311 - makes up events
        found["lone"] = [measure.one_at_a_time(server, lone, given.seconds) for server in (floor, service)]
        if given.soak:
            found["soak"] = measure.soak(service, requests, given.soak)
    return found


def slow_upstream(directory: Path, url: str, key: SigningKey, given: argparse.Namespace) -> dict[str, Any]:
    """Measure a service without the engine, whose collector takes its time."""
    requests = batches(key, 20, Random(20))  # noqa: S311 - makes up events
    with slow_collector(SLOW_SECONDS) as collector, both(directory, url, collector) as (floor, service):
        measure.warm([floor, service], requests)
        floors, services = [], []
        for _ in range(given.rounds):
            floors.append(measure.floor_round(floor, requests, given.seconds))
            services.append(measure.floor_round(service, requests, given.seconds))  # it need not land
        return {**compared(floors, services), "core_mb": service.memory("VmHWM")}


def compared(floors: list[Figures], services: list[Figures]) -> dict[str, Any]:
    ratios = {name: measure.ratio(services, floors, name) for name in ("requests_s", "p50_ms", "p99_ms")}
    return {"floor": measure.medians(floors), "service": measure.medians(services), "ratios": ratios}


def print_size(size: int, found: dict[str, Any]) -> None:
    for who in ("floor", "service"):
        figures = "  ".join(f"{name} {value:,.1f}" for name, value in found[who].items())
        print(f"{size:4} {who:8} {figures}")
    print(
        f"{size:4} ratios   " + "  ".join(f"{name} {value:.2f}" for name, value in found["ratios"].items()), flush=True
    )


def goals(found: dict[str, Any]) -> Iterator[tuple[str, float, bool]]:
    """Each goal's name, what was measured, and whether that reaches it."""
    for size, one in found["sizes"].items():
        share, late = one["ratios"]["requests_s"], one["ratios"]["p99_ms"]
        least = LEAST_REQUESTS.get(size, 0.0)
        yield f"batch {size}: requests/s of the floor's, at least {least}", share, share >= least
        yield f"batch {size}: p99 of the floor's, at most 4", late, late <= 4
        yield f"batch {size}: seconds until all has landed, at most 5", (s := one["service"]["landing_s"]), s <= 5
    if 100 in found["sizes"]:
        service = found["sizes"][100]["service"]
        yield "batch 100: µs of CPU an event, at most 25", (c := service["cpu_us_event"]), c <= 25
        yield "batch 100: events/s landed, at least 20,000", (e := service["landed_events_s"]), e >= 20_000
    yield "events stored of those accepted", found["stored"] / found["accepted"], found["stored"] == found["accepted"]
    yield "MB at most with the engine, at most 500", (m := found["peak_mb"]), m <= 500
    yield "MB at most without it, at most 120", (m := found["slow"]["core_mb"]), m <= 120
    yield "s from start to ready, at most 2", (s := found["ready_s"]), s <= 2
    yield "s to import the package, at most 0.3", (s := found["import_s"]), s <= 0.3
    one, other = (figures["p99_ms"] for figures in found["lone"])
    yield "one request at a time: p99 of the floor's, at most 4", other / one, other <= 4 * one
    late = found["slow"]["ratios"]["p99_ms"]
    yield "slow collector: p99 of the floor's, at most 4", late, late <= 4
    if "soak" in found:
        soak = found["soak"]
        grown = soak["memory_mb"][-1] / soak["memory_mb"][4]
        yield "long load: memory at its end of that in its midst, at most 1.05", grown, grown <= 1.05
        yield "long load: MB at most, at most 500", (m := soak["peak_mb"]), m <= 500
        yield "long load: seconds until all has landed, at most 5", (s := soak["landing_s"]), s <= 5
        yield (
            "long load: stored of those accepted",
            soak["stored"] / soak["accepted"],
            soak["stored"] == soak["accepted"],
        )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--sizes", type=int, nargs="+", default=[1, 20, 100], help="Events a request.")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--seconds", type=float, default=5.0, help="How long one load takes.")
    parser.add_argument(
        "--soak", type=float, default=0.0, metavar="MINUTES", help="Load it without a pause for so long."
    )
    given = parser.parse_args()
    key = signing_key()
    with tempfile.TemporaryDirectory(prefix="insights-bench-") as place, ExitStack() as stack:
        url = stack.enter_context(backstage(key))
        (direct := Path(place) / "direct").mkdir()
        (uploading := Path(place) / "uploading").mkdir()
        found = rates(direct, url, key, given)
        found["slow"] = slow_upstream(uploading, url, key, given)
    for goal, value, is_reached in goals(found):
        print(f"{'reached ' if is_reached else 'MISSED  '} {goal}: {value:,.2f}")
    print(json.dumps(found))


if __name__ == "__main__":
    main()

import ast
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest
import requests
from prometheus_client.mmap_dict import MmapedDict
from prometheus_client.parser import text_string_to_metric_families

from insights_backend.catalog.file import FileCatalog
from insights_backend.metrics import COUNTED, STANDING, Standing
from insights_backend.warehouse.failures import WarehouseUnavailableError
from insights_backend.web.metrics import exposition
from tests.app import VISIT, Make, Service
from tests.faults import portal_config
from tests.process import serving

Sample = tuple[str, frozenset[tuple[str, str]]]


def samples(text: str) -> dict[Sample, float]:
    """The numbers of a scrape, by name and labels."""
    return {
        (sample.name, frozenset(sample.labels.items())): sample.value
        for family in text_string_to_metric_families(text)
        for sample in family.samples
    }


def sample(name: str, **labels: str) -> Sample:
    return name, frozenset(labels.items())


@pytest.fixture
def service(make: Make) -> Service:
    service = make()
    service.warehouse.open()
    return service


def scrape(service: Service) -> dict[Sample, float]:
    answer = service.client.get("/metrics")
    assert answer.content_type.startswith("text/plain; version=")
    return samples(answer.text)


def grown(before: dict[Sample, float], after: dict[Sample, float], name: str, **labels: str) -> float:
    return after[sample(name, **labels)] - before.get(sample(name, **labels), 0.0)


def test_every_metric_that_is_shown_is_declared_and_every_declared_one_is_shown(service: Service) -> None:
    service.post([VISIT])
    service.backend.census.take()
    text = service.client.get("/metrics").text
    shown = {family.name for family in text_string_to_metric_families(text) if family.name.startswith("insights_")}
    counted = {family.name for metric in COUNTED for family in metric.collect()}
    assert shown == counted | {name for name in STANDING if name != "insights_degraded"}


def test_metrics_are_declared_in_one_place(repository: Path) -> None:
    package = repository / "insights_backend"
    importing = {
        path.relative_to(package).as_posix()
        for path in package.rglob("*.py")
        for node in ast.walk(ast.parse(path.read_text()))
        if isinstance(node, ast.ImportFrom) and (node.module or "").startswith("prometheus_client")
    }
    assert importing == {"metrics.py", "web/metrics.py"}


def test_the_events_of_a_request_are_counted_by_what_became_of_them(service: Service) -> None:
    event = {**VISIT, "id": "one"}
    before = scrape(service)
    service.post([event, {**VISIT, "action": 7}, {**VISIT, "id": "two"}])
    service.post([event])
    after = scrape(service)
    assert grown(before, after, "insights_events_total", outcome="accepted", reason="") == 2
    assert grown(before, after, "insights_events_total", outcome="duplicate", reason="") == 1
    assert grown(before, after, "insights_events_total", outcome="rejected", reason="action") == 1


def test_a_request_is_measured_by_its_route_and_not_by_its_path(service: Service) -> None:
    before = scrape(service)
    service.get("/users/user%3Adefault%2Fjane/export")
    service.client.get("/user:default/jane")
    service.client.open("/healthz", method="JANE")
    after = scrape(service)
    assert not [name for name, labels in after if "jane" in str(labels).lower()]
    name = "insights_http_request_seconds_count"
    assert grown(before, after, name, route="unmatched", method="GET", status="404") == 1
    assert grown(before, after, name, route="unmatched", method="other", status="405") == 1


def test_deliveries_are_counted_with_their_events_and_failed_ones_too(service: Service) -> None:
    before = scrape(service)
    service.post([VISIT, VISIT])
    service.warehouse.engine.close()
    service.warehouse.engine.insert = _refuse  # type: ignore[method-assign] # a real engine cannot be made to refuse
    service.post([VISIT])
    after = scrape(service)
    assert grown(before, after, "insights_delivered_events_total", result="stored") == 2
    assert grown(before, after, "insights_delivery_seconds_count", result="ok") == 1
    assert grown(before, after, "insights_delivery_seconds_count", result="failed") == 1


def _refuse(*_: object, **__: object) -> None:
    raise WarehouseUnavailableError("not now")


def test_what_is_replaced_is_counted_by_its_type(service: Service) -> None:
    before = scrape(service)
    service.post([{**VISIT, "attributes": {"note": "ask jane@example.com or 10.1.2.3"}}])
    after = scrape(service)
    assert grown(before, after, "insights_redactions_total", type="email") == 1
    assert grown(before, after, "insights_redactions_total", type="ip") == 1


def test_how_things_stand_is_told_at_the_moment_of_the_scrape(service: Service) -> None:
    service.post([VISIT])
    assert scrape(service)[sample("insights_outbox_events")] == 0
    rows = scrape(service)[sample("insights_warehouse_rows", table="events")]
    service.backend.dispatcher.stop(0)
    service.backend.outbox.append(b"{}\n", events=1, received_at=int(service.clock() * 1000) - 5000)
    standing = scrape(service)
    assert standing[sample("insights_outbox_events")] == 1
    assert standing[sample("insights_outbox_bytes")] == 3
    assert standing[sample("insights_outbox_oldest_seconds")] == pytest.approx(5)
    assert standing[sample("insights_warehouse_rows", table="events")] == rows == 1
    assert standing[sample("insights_ready")] == 1


def test_an_outbox_that_cannot_be_read_is_left_out_and_all_else_is_shown(service: Service, tmp_path: Path) -> None:
    service.backend.dispatcher.stop(0)
    with closing(sqlite3.connect(tmp_path / "var" / "outbox.sqlite3")) as database:
        database.execute("ALTER TABLE dead_letter RENAME TO elsewhere")
    standing = scrape(service)
    assert sample("insights_outbox_events") not in standing
    assert sample("insights_disk_free_bytes") in standing


def test_a_scrape_does_not_ask_the_catalog(service: Service, monkeypatch: pytest.MonkeyPatch) -> None:
    service.backend.census.take()
    service.clock.now += 24 * 3600
    monkeypatch.setattr(FileCatalog, "count", _refuse)
    assert scrape(service)[sample("insights_total_users")] == 2


def test_a_worker_that_is_just_beginning_to_count_does_not_spoil_a_scrape(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PROMETHEUS_MULTIPROC_DIR", str(tmp_path))
    (tmp_path / "counter_1.db").touch()  # it has no length yet
    with closing(MmapedDict(str(tmp_path / "counter_2.db"))) as counts:  # type: ignore[no-untyped-call] # has no types
        counts.write_value('["insights_x", "insights_x_total", {}, "x"]', 3.0, 0.0)  # type: ignore[no-untyped-call] # as above
    answer = exposition(Standing(lambda: iter(())))
    assert samples(answer.get_data(as_text=True)) == {sample("insights_x_total"): 3}


def test_a_scrape_tells_what_all_workers_have_counted(tmp_path: Path) -> None:
    config = portal_config(tmp_path / "portal", "http://127.0.0.1:9")
    with serving(config, tmp_path / "log", WEB_CONCURRENCY="2") as process:
        for _ in range(12):  # each on a connection of its own, which either worker may take
            requests.get(f"{process.api}/total-users", timeout=10)
        route = {"route": "/api/backstage-insights/total-users", "method": "GET", "status": "200"}
        for _ in range(4):
            counted = samples(requests.get(f"{process.url}/metrics", timeout=10).text)
            assert counted[sample("insights_http_request_seconds_count", **route)] == 12

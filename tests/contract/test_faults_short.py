"""The proofs under faults, in short; `make e2e` has the long forms."""

from contextlib import closing
from pathlib import Path

import pytest
import requests

from insights_backend.delivery.outbox import Outbox
from insights_backend.warehouse.engine import Engine
from tests.app import running, settings_for
from tests.disks import full_disk, unable_to_write
from tests.fakes import NOW, Clock
from tests.faults import backlog, check, many_processes, portal_config
from tests.process import Process, eventually, serving
from tests.uploads import check_outage, outage
from tests.upstream import upstream


def test_several_processes_share_an_outbox_through_the_kill_of_one(tmp_path: Path) -> None:
    check(*many_processes(tmp_path, seconds=0.5))


def readiness(process: Process) -> int:
    return requests.get(f"{process.url}/readyz", timeout=10).status_code


def test_a_service_that_cannot_write_refuses_whole_requests_until_it_can_again(tmp_path: Path) -> None:
    portal = tmp_path / "portal"
    with upstream() as server:
        config = portal_config(portal, server.url)
        with serving(config, tmp_path / "log") as process:
            with unable_to_write(process):
                assert eventually(lambda: readiness(process) == 503)
            assert eventually(lambda: readiness(process) == 200)
            clients, late = full_disk(process, unable_to_write(process), seconds=0.3)
        assert set(late) <= {200, 202}
        assert {202, 503} <= {status for client in clients for status in client.statuses} <= {200, 202, 503}
        with serving(config, tmp_path / "log"):  # which delivers at once, while the first one would take its time
            assert eventually(lambda: not backlog(portal).requests)
    check(clients, server.events)


def test_an_outage_is_bounded_by_max_bytes_and_drained_in_order(tmp_path: Path) -> None:
    check_outage(outage(tmp_path, seconds=300, max_bytes=30_000), max_bytes=30_000)


@pytest.mark.parametrize("jump", [-3600.0, -30 * 86400.0])
def test_events_that_come_again_after_the_clock_was_set_back_count_once(
    tmp_path: Path, warehouse_dsn: str, engine: Engine, jump: float
) -> None:
    """By the memory of the process, and after a restart, which forgets it, by the warehouse; nothing waits for ever."""
    settings = settings_for(tmp_path, warehouse_dsn)
    event = {"id": "once", "action": "navigate", "subject": "/", "context": {"pluginId": "catalog"}}
    with running(settings) as service:
        assert service.post([event]).json["accepted"] == 1
        service.clock.now += jump
        assert service.post([event]).json["duplicates"] == 1
        assert service.post([{**event, "id": "other"}]).status_code == 200
    with running(settings) as service:
        service.clock.now += jump
        service.post([event])
        assert service.backend.outbox.backlog().requests == 0
        stored = service.warehouse.events.read(0, int(2 * NOW * 1000))
        assert sorted(event["id"] for event in stored) == ["once", "other"]


def test_opening_an_outbox_that_exists_writes_nothing_so_that_a_full_disk_does_not_stop_the_start(
    tmp_path: Path,
) -> None:
    write_ahead = tmp_path / "outbox.sqlite3-wal"
    with closing(Outbox(tmp_path, max_bytes=1, clock=Clock())):
        before = write_ahead.stat().st_size
        with closing(Outbox(tmp_path, max_bytes=1, clock=Clock())):
            assert write_ahead.stat().st_size == before > 0

"""A disk that fills up under load, and is freed again, in time or only when the service has ended."""

import os
from collections import Counter
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.disks import ended_on_a_full_disk, filled, full_disk, small_disk
from tests.faults import backlog, check, config_in, portal_config, settled
from tests.process import Process, counts, eventually, serving
from tests.upstream import upstream

pytestmark = pytest.mark.skipif(os.geteuid() != 0, reason="only root may mount a disk; the short form needs none")


def test_a_full_disk_refuses_whole_requests_and_takes_them_again_without_a_restart_once_it_is_free(
    tmp_path: Path,
) -> None:
    portal = tmp_path / "portal"
    # Nothing is delivered meanwhile: where that goes on, what has left makes room for what comes, and all is accepted.
    with small_disk(portal / "var", mebibytes=64), upstream(["500"] * 30) as server:
        config = portal_config(portal, server.url)
        with serving(config, tmp_path / "log") as process:
            clients, late = full_disk(process, filled(portal / "var"), seconds=3)
            server.script = iter(())
            assert eventually(lambda: not backlog(portal).requests)
    statuses = sum((client.statuses for client in clients), Counter[int]())
    print(f"{dict(statuses)}, {sum(server.events.values())} events stored")  # noqa: T201 - the figure for the README
    assert set(late) <= {200, 202}
    assert {202, 503} <= set(statuses) <= {200, 202, 503}
    check(clients, server.events)


@pytest.mark.parametrize("end", [Process.terminate, Process.kill])
def test_what_was_answered_2xx_counts_once_though_the_service_ends_on_a_full_disk(
    tmp_path: Path, end: Callable[[Process], object]
) -> None:
    with small_disk(tmp_path / "var", mebibytes=64):
        clients = ended_on_a_full_disk(tmp_path, rounds=3, fills=3, end=end)
        with serving(config_in(tmp_path), tmp_path / "log") as process:
            stored = settled(process, tmp_path)
            assert counts(process, sum(stored.values())), "the rollups count others"
    accepted = sum(len(client.accepted) for client in clients)
    print(f"{accepted} accepted, {sum(stored.values())} stored")  # noqa: T201 - the figure for the README
    check(clients, stored)

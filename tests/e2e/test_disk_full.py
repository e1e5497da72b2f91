"""A disk that fills up under load, and is freed again."""

import os
from collections import Counter
from pathlib import Path

import pytest

from tests.disks import filled, full_disk, small_disk
from tests.faults import backlog, check, portal_config
from tests.process import eventually, serving
from tests.upstream import upstream


@pytest.mark.skipif(os.geteuid() != 0, reason="only root may mount a disk; the short form needs none")
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

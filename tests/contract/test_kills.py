"""The promise under kills, in short; `make e2e` has the long form."""

from pathlib import Path

from tests.faults import check, kill_under_load


def test_what_was_answered_2xx_counts_exactly_once_after_kills_under_load_and_resends(tmp_path: Path) -> None:
    clients, stored = kill_under_load(tmp_path, kills=3, resends=True, seed=1)
    check(clients, stored)

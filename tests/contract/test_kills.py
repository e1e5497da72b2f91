"""The promise under kills, in short; `make e2e` has the long form."""

from pathlib import Path

import pytest

from tests.faults import check, kill_under_load


@pytest.mark.parametrize("resend", [False, True])
def test_what_was_answered_2xx_counts_exactly_once_after_kills_under_load(tmp_path: Path, *, resend: bool) -> None:
    clients, stored = kill_under_load(tmp_path, kills=3, resends=resend, seed=int(resend))
    check(clients, stored)

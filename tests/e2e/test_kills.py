"""Fifty kills at random moments under load from eight clients."""

from pathlib import Path

import pytest

from tests.faults import check, kill_under_load


@pytest.mark.parametrize("resend", [False, True])
def test_what_was_answered_2xx_counts_exactly_once_after_fifty_kills(tmp_path: Path, *, resend: bool) -> None:
    clients, stored = kill_under_load(tmp_path, kills=50, resends=resend, seed=int(resend))
    accepted = sum(len(client.accepted) for client in clients)
    print(f"{accepted} accepted, {sum(stored.values())} stored")  # noqa: T201 - the figure for the README
    check(clients, stored)

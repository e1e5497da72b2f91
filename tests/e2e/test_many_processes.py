"""Several processes on one outbox, and processes that are asked to stop under load."""

from pathlib import Path

import pytest

from tests.faults import check, many_processes, stop_under_load


def test_three_services_of_two_workers_share_an_outbox_through_the_kill_of_one(tmp_path: Path) -> None:
    clients, stored = many_processes(tmp_path, seconds=10)
    accepted = sum(len(client.accepted) for client in clients)
    print(f"{accepted} accepted, {sum(stored.values())} stored")  # noqa: T201 - the figure for the README
    check(clients, stored)


@pytest.mark.parametrize("moods", [(), ("hang",) * 1000])
def test_a_stop_under_load_takes_less_than_ten_seconds_and_loses_nothing(
    tmp_path: Path, moods: tuple[str, ...]
) -> None:
    clients, stored, took = stop_under_load(tmp_path, moods=moods, seconds=5)
    accepted = sum(len(client.accepted) for client in clients)
    print(f"{accepted} accepted, {sum(stored.values())} stored, stopped after {took:.1f} s")  # noqa: T201 - as above
    check(clients, stored)
    assert took < 10  # what process managers give

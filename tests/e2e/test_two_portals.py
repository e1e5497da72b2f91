"""Two portals and one collector, which is killed ten times while they upload."""

from pathlib import Path

from tests.faults import check, two_portals


def test_two_portals_events_arrive_once_each_under_their_own_names_while_the_collector_is_killed(
    tmp_path: Path,
) -> None:
    for name, (clients, stored) in two_portals(tmp_path, kills=10, seed=3).items():
        print(f"portal {name}: {sum(len(client.accepted) for client in clients)} accepted")  # noqa: T201 - for the README
        check(clients, stored)

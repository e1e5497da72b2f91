"""The made-up history, told to a real service by the command, and counted by its reports."""

import re
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta

import responses
from click.testing import CliRunner
from requests import PreparedRequest

from insights_backend.cli import main
from tests.app import BASE, Service


def test_a_history_is_counted_once_however_often_it_is_told(service: Service) -> None:
    for _ in range(2):
        told = tell(service)
        # The second time, what has happened since may have been added.
        assert summary(service)["events"] == told > 500
    assert summary(service)["totalUsers"] > 20
    assert summary(service)["adoption"] > 0


def tell(service: Service) -> int:
    """Run the command, whose requests go to the service, and return how many events it says are stored."""

    def handed_on(request: PreparedRequest) -> tuple[int, Mapping[str, str], bytes]:
        answer = service.client.post(f"{BASE}/v1/batches", data=request.body, headers=list(request.headers.items()))
        return answer.status_code, {"Content-Type": "application/json"}, answer.data

    with responses.RequestsMock() as portal:
        portal.add_callback(responses.POST, f"http://127.0.0.1:7008{BASE}/v1/batches", handed_on)
        done = CliRunner().invoke(main, ["demo", "--users", "40", "--days", "45"])
    assert done.exit_code == 0, done.output
    (events,) = re.findall(r"(\d+) events of 45 days are stored", done.stdout)
    return int(events)


def summary(service: Service) -> dict[str, float]:
    today = datetime.now(UTC).date()
    days = f"from={today - timedelta(46)}&to={today + timedelta(1)}"
    rows: list[dict[str, float]] = service.get(f"/reports/summary?environment=demo&{days}").json["rows"]
    return rows[0]

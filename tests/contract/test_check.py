"""What `insights config check` sends to a collector and asks of a ClickHouse server, on the real ones."""

from dataclasses import replace

import pytest

from insights_backend.check.peers import NOTHING
from insights_backend.check.warehouse import check_warehouse
from insights_backend.delivery.formats import InsightsFormat
from insights_backend.settings import Secret
from insights_backend.settings.values import DashboardSettings, WarehouseSettings
from tests.app import BASE, Make


def test_a_collector_takes_a_batch_without_events_from_who_may_upload_and_stores_nothing(make: Make) -> None:
    collector = make(dashboard=DashboardSettings(access="token"))
    tokens, shape = collector.insights.tokens, InsightsFormat()

    def post(token: str) -> int:
        headers = {**shape.headers(NOTHING), "Content-Type": "application/json", "Authorization": f"Bearer {token}"}
        answer = collector.client.post(f"{BASE}{shape.path}", data=shape.body((), None), headers=headers)
        return int(answer.status_code)

    assert post(tokens.create("portal-a", "upload")) == 200
    assert post(tokens.create("reader", "view")) == 403
    assert post("ibt_unknown") == 401
    admin = {"Authorization": f"Bearer {tokens.create('admin', 'admin')}"}
    assert collector.get("/export", headers=admin).text == ""


@pytest.fixture
def server(clickhouse_server: str) -> WarehouseSettings:
    return WarehouseSettings(dsn=Secret(clickhouse_server))


def test_a_server_says_its_version_and_a_database_that_is_not_there_yet_will_do(server: WarehouseSettings) -> None:
    found = check_warehouse(server)
    assert (found.state, "answers, version " in found.says) == ("ok", True)
    missing = check_warehouse(replace(server, dsn=Secret(f"{server.dsn.reveal()}/nowhere")))
    assert (missing.state, "nowhere is made at the first start" in missing.says) == ("ok", True)


def test_a_wrong_password_and_a_wrong_cluster_are_failures(server: WarehouseSettings) -> None:
    wrong = check_warehouse(replace(server, dsn=Secret(server.dsn.reveal().replace("insights:", "insights:x"))))
    assert (wrong.state, wrong.part) == ("failed", "warehouse.dsn")
    unknown = check_warehouse(replace(server, cluster="nowhere"))
    assert (unknown.state, unknown.part) == ("failed", "warehouse.cluster")

"""What `insights config check` sends to a collector and asks of a ClickHouse server, on the real ones."""

import os
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest

from insights_backend.check.peers import NOTHING
from insights_backend.check.warehouse import check_warehouse
from insights_backend.delivery.formats import InsightsFormat
from insights_backend.settings import Secret
from insights_backend.settings.values import DashboardSettings, WarehouseSettings
from tests.app import BASE, Make
from tests.process import REPOSITORY, free_port


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


def test_a_server_that_does_not_answer_is_one_line_of_the_command(tmp_path: Path) -> None:
    variables = {
        "INSIGHTS_CONFIG": "config/app-config.yaml",
        "APP_CONFIG_backstageInsights_dataDir": str(tmp_path),
        "APP_CONFIG_backstageInsights_warehouse_dsn": f"clickhouse://127.0.0.1:{free_port()}",
    }
    done = subprocess.run(
        [sys.executable, "-c", "from insights_backend.cli import main; main()", "config", "check"],
        cwd=REPOSITORY,
        env={**os.environ, **variables},
        capture_output=True,
        text=True,
        check=False,
    )
    assert (done.returncode, done.stderr) == (1, "")
    assert "cannot be used (OperationalError); check address" in done.stdout

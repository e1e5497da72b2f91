"""What the tests of the collector share."""

from pathlib import Path

import pytest

from insights_backend.settings.values import DashboardAccess
from insights_backend.warehouse.engine import Engine
from tests.contract.collector.receiver import Make, Receiver


@pytest.fixture
def make(engine: Engine, tmp_path: Path) -> Make:
    def build(access: DashboardAccess = "token", per_minute: int | None = None) -> Receiver:
        return Receiver(engine, tmp_path, access, per_minute)

    return build


@pytest.fixture
def receiver(make: Make) -> Receiver:
    return make()


@pytest.fixture
def token(receiver: Receiver) -> str:
    return receiver.tokens.create("portal-a", "upload")

"""One real Backstage for all tests of this package; each starts the service beside it as it needs it."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.e2e.backstage import organisation
from tests.e2e.backstage.backend import Backstage, running
from tests.e2e.backstage.node import install
from tests.e2e.backstage.page import SERVICE, shown
from tests.e2e.backstage.postgres import postgres
from tests.process import free_port


@pytest.fixture(scope="package")
def packages() -> Path:
    """The Node packages, installed."""
    return install()


@pytest.fixture(scope="package")
def insights_port() -> int:
    """Where Backstage's proxy finds the service."""
    return free_port()


@pytest.fixture(scope="package")
def relay_port() -> int:
    """Where Backstage's proxy finds the service that believes relays."""
    return free_port()


@pytest.fixture(scope="package")
def backstage(
    packages: Path, insights_port: int, relay_port: int, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Backstage]:
    """A running Backstage with a catalog that is complete."""
    directory = tmp_path_factory.mktemp("backstage")
    entities = organisation.entities()
    organisation.write(directory / "catalog.yaml", entities)
    with postgres() as sockets:
        environment = {"POSTGRES_SOCKETS": str(sockets), "CATALOG_FILE": str(directory / "catalog.yaml")}
        more = proxies(directory, insights_port, relay_port)
        with running(Backstage(free_port(), environment, more, directory / "log"), len(entities)) as started:
            yield started


def proxies(directory: Path, insights_port: int, relay_port: int) -> list[Path]:
    """Write the configuration of the proxy as the page for operators shows it: for users' tokens, and for a relay's."""
    marks = {"credentials: forward": insights_port, "credentials: dangerously-allow-unauthenticated": relay_port}
    files = []
    for number, (mark, port) in enumerate(marks.items()):
        files.append(directory / f"proxy-{number}.yaml")
        files[-1].write_text(shown("yaml", mark).replace(SERVICE, f"http://127.0.0.1:{port}"))
    return files

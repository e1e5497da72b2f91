"""The dashboard in a real browser, on a made-up history of a portal."""

from collections.abc import Iterator
from contextlib import ExitStack
from typing import Any

import pytest
import requests
from playwright.sync_api import Browser

from tests.browser import Reader, chromium
from tests.e2e.dashboard.opened import HOSTILE, Open
from tests.pictures import configured, insights
from tests.process import Process, serving


@pytest.fixture(scope="package")
def browser() -> Iterator[Browser]:
    with chromium() as browser:
        yield browser


@pytest.fixture(scope="package")
def portal(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Process]:
    """A service with a history of twenty weeks, and with an event of somebody hostile."""
    directory = tmp_path_factory.mktemp("portal")
    with serving(configured(directory, "open"), directory / "log") as process:
        insights("demo", "--users", "200", "--days", "140", "--url", process.url)
        hostile = {"action": "search", "subject": HOSTILE, "value": 0, "context": {"pluginId": HOSTILE}}
        assert requests.post(f"{process.api}/events", json=hostile, timeout=10).ok
        yield process


@pytest.fixture
def opened(browser: Browser) -> Iterator[Open]:
    """Open windows; at the end none of them may have had an error, or asked anybody else for anything."""
    with ExitStack() as windows:
        readers: list[Reader] = []

        def window(process: Process, path: str = "/", **how: Any) -> Reader:
            reader = Reader(browser, process.url, **how)
            windows.callback(reader.context.close)
            readers.append(reader)
            reader.open(path)
            return reader

        yield window
        for reader in readers:
            assert reader.errors == []
            assert reader.outside == []

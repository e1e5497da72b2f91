"""A reader of the dashboard: headless Chromium, which keeps what went wrong in a page and what it asked of others."""

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any
from urllib.parse import urlsplit

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, ConsoleMessage, Page, Request, sync_playwright

WAIT = 30_000
"""How long a page may take, in milliseconds: long, since the machine may be busy."""

_SETTLED = """() => !document.querySelector('[aria-busy], .waiting') &&
  [...document.querySelectorAll('.chart')].every((each) => each.chart || each.hidden)"""
_SHIFTS = """
window.shifted = 0;
new PerformanceObserver((list) => {
  for (const entry of list.getEntries()) if (!entry.hadRecentInput) window.shifted += entry.value;
}).observe({ type: 'layout-shift', buffered: true });
"""


@contextmanager
def chromium() -> Iterator[Browser]:
    """Start the system's Chromium, or fail and say how to get it."""
    path = shutil.which("chromium")
    if path is None:
        pytest.fail("Chromium is missing; on Debian: apt-get install chromium")
    # A browser that root starts needs its sandbox off; the pages are our own.
    arguments = ["--no-sandbox"] if os.geteuid() == 0 else []
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, args=arguments)
        yield browser
        browser.close()


class Reader:
    """A window of a browser.

    Args:
        browser: which.
        base: the address of the service, without a slash at its end.
        how: what the window is like, such as `viewport` or `color_scheme`.
    """

    def __init__(self, browser: Browser, base: str, **how: Any) -> None:
        how = {"viewport": {"width": 1440, "height": 900}, "locale": "en-GB", **how}
        self.context = browser.new_context(**how)
        self.context.set_default_timeout(WAIT)
        self.page: Page = self.context.new_page()
        self.base = base
        self.errors: list[str] = []
        self.outside: list[str] = []
        self.page.add_init_script(_SHIFTS)
        self.page.on("console", self._hear)
        self.page.on("pageerror", lambda error: self.errors.append(str(error)))
        self.page.on("request", self._note)

    def _hear(self, message: ConsoleMessage) -> None:
        if message.type in {"error", "warning"}:
            self.errors.append(message.text)

    def _note(self, request: Request) -> None:
        parts = urlsplit(request.url)
        if parts.scheme not in {"blob", "data"} and f"{parts.scheme}://{parts.netloc}" != self.base:
            self.outside.append(request.url)

    def open(self, path: str) -> None:
        """Go somewhere, and wait until all that comes by itself has come."""
        self.page.goto(self.base + path)
        self.settle()

    def settle(self) -> None:
        """Wait until all that comes by itself has come."""
        self.page.wait_for_load_state()
        self.page.wait_for_function(_SETTLED)

    def numbers(self, selector: str) -> list[float]:
        """The numbers that stand somewhere, in order."""
        values = self.page.locator(f"{selector} data").evaluate_all("all => all.map((each) => each.value)")
        return [float(value) for value in values]

    def barriers(self) -> str:
        """What of the page some people cannot use, as axe-core finds it; empty where nothing."""
        results = Axe().run(self.page)
        return "" if results.violations_count == 0 else str(results.generate_report())

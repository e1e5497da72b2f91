"""Who may see it, and what there is to see at first."""

import os
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from tests.e2e.dashboard.opened import Open
from tests.pictures import configured, insights
from tests.process import Process, serving


@pytest.fixture(scope="module")
def guarded(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Process, Path]]:
    """A service that asks for a token, and has nothing yet."""
    directory = tmp_path_factory.mktemp("guarded")
    config = configured(directory, "token")
    with serving(config, directory / "log") as process:
        yield process, config


def test_a_token_opens_an_empty_dashboard_whose_command_fills_it(
    guarded: tuple[Process, Path], opened: Open, tmp_path: Path
) -> None:
    process, config = guarded
    token = insights("--config", str(config), "token", "create", "monday", "--scope", "view").strip()
    reader = opened(process, "/?days=7")
    page = reader.page
    assert reader.barriers() == ""
    log_in(page, "ibt_" + "x" * 43)
    expect(page.get_by_role("alert")).to_contain_text("unknown or revoked")
    assert reader.barriers() == ""
    reader.errors.clear()  # the browser tells of every 401
    log_in(page, token)
    page.wait_for_url("**/?days=7")
    (cookie,) = reader.context.cookies()
    assert (cookie["httpOnly"], cookie["sameSite"]) == (True, "Lax")
    assert token not in cookie["value"]
    assert reader.barriers() == ""
    command = page.locator("code").inner_text()
    subprocess.run(
        ["sh", "-ec", f"{command} --fail"], check=True, capture_output=True, timeout=30, env=dict(os.environ)
    )
    page.get_by_role("link", name="Look again").click()
    reader.settle()
    assert reader.numbers(".card .big")[0] == 1
    page.get_by_role("button", name="Log out").click()
    expect(page.get_by_label("Token")).to_be_visible()
    reader.errors.clear()


def log_in(page: Page, token: str) -> None:
    page.get_by_label("Token").fill(token)
    page.get_by_role("button", name="Log in").click()

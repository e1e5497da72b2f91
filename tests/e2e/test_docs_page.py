"""The page of the OpenAPI document in a real browser."""

from collections.abc import Iterator

import pytest
import requests
from playwright.sync_api import expect

from tests.browser import Reader, chromium
from tests.pictures import configured
from tests.process import Process, serving


@pytest.fixture(scope="module")
def service(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Process]:
    directory = tmp_path_factory.mktemp("docs")
    with serving(configured(directory, "open"), directory / "log") as process:
        yield process


@pytest.fixture
def reader(service: Process) -> Iterator[Reader]:
    """A window; at the end it may have had no error, and asked nobody else for anything."""
    with chromium() as browser:
        reader = Reader(browser, service.url)
        reader.open("/docs")
        yield reader
        assert reader.errors == []
        assert reader.outside == []


def test_all_operations_are_shown(service: Process, reader: Reader) -> None:
    paths = requests.get(f"{service.url}/openapi.json", timeout=10).json()["paths"]
    described = sum(len(item.keys() & {"get", "post", "delete"}) for item in paths.values())
    expect(reader.page.locator(".opblock")).to_have_count(described)


def test_an_operation_opens_with_its_example_and_can_be_tried(reader: Reader) -> None:
    page = reader.page
    page.locator(".opblock", has_text="Are events accepted").first.click()
    opened = page.locator(".opblock.is-open")
    expect(opened).to_contain_text("unready")
    opened.get_by_role("button", name="Try it out").click()
    opened.get_by_role("button", name="Execute").click()
    expect(opened.locator(".live-responses-table")).to_contain_text('"ready"')

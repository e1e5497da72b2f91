"""The page that shows the OpenAPI document: all of it comes from this host, and the browser is bound as elsewhere."""

from collections.abc import Iterator
from urllib.parse import urlsplit

import pytest

from insights_backend.settings.values import DashboardSettings
from tests.app import Service, error, running, settings_for
from tests.html import elements


@pytest.fixture(scope="module")
def service(tmp_path_factory: pytest.TempPathFactory, warehouse_dsn: str) -> Iterator[Service]:
    """A service at which nobody may read without a token."""
    settings = settings_for(tmp_path_factory.mktemp("docs"), warehouse_dsn, dashboard=DashboardSettings(access="token"))
    with running(settings) as service:
        yield service


@pytest.fixture
def loaded(service: Service) -> list[str]:
    """The addresses that the page has a browser load."""
    page = service.client.get("/docs").text
    sources = [element.attributes.get("src") for element in elements(page, "script")]
    links = [element.attributes.get("href") for element in elements(page, "link")]
    (place,) = (element for element in elements(page, "div") if "data-document" in element.attributes)
    return [address for address in (*sources, *links, place.attributes["data-document"]) if address]


def test_everything_that_the_page_loads_is_served_here_and_to_anyone(service: Service, loaded: list[str]) -> None:
    assert len(loaded) == 5
    for address in loaded:
        assert not urlsplit(address).netloc
        answer = service.client.get(address)
        assert answer.status_code == 200
        assert answer.content_length


def test_the_page_runs_nothing_that_stands_in_its_html(service: Service) -> None:
    answer = service.client.get("/docs")
    assert "unsafe" not in answer.headers["Content-Security-Policy"]
    assert "default-src 'none'" in answer.headers["Content-Security-Policy"]
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    assert all("src" in script.attributes for script in elements(answer.text, "script"))


def test_its_files_may_be_kept_for_ever_and_others_are_not_found(service: Service, loaded: list[str]) -> None:
    script = next(address for address in loaded if address.endswith("docs.js"))
    assert "immutable" in service.client.get(script).headers["Cache-Control"]
    assert error(service.client.get(script.replace("docs.js", "setup.cfg"))) == (404, "not_found")

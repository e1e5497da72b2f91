"""The weekly summary: the numbers of a whole week, on one page that needs nothing else."""

import base64
import hashlib
import re
from collections.abc import Callable, Iterator
from itertools import dropwhile, takewhile
from typing import Any

import pytest

from insights_backend.warehouse.engine import Engine
from tests.app import VISIT, Service, running, settings_for
from tests.html import elements, links
from tests.tables import empty

SEARCH = {"action": "search", "subject": "mainframe", "value": 0, "context": {"pluginId": "search"}}
DAY = 86400


@pytest.fixture(scope="module")
def portal(
    tmp_path_factory: pytest.TempPathFactory, warehouse_dsn: str, engine_at: Callable[[str], Engine]
) -> Iterator[Service]:
    """A service on a Monday: somebody came a fortnight ago, two in the last week, and somebody today."""
    empty(engine_at(warehouse_dsn))
    with running(settings_for(tmp_path_factory.mktemp("weekly"), warehouse_dsn)) as service:
        for days, user, events in ((-10, "jane", [VISIT]), (-5, "jane", [VISIT, VISIT]), (-3, "corp/john", [SEARCH])):
            service.clock.now += days * DAY
            service.post(events, user=f"user:{user}")
            service.clock.now -= days * DAY
        service.post([VISIT] * 5)
        yield service


def text(page: str) -> str:
    return " ".join(element.text for element in elements(page, "main"))


def cells(page: str, heading: str) -> list[str]:
    """The cells of the row with that heading."""
    row = dropwhile(lambda cell: cell.text != heading, elements(page, "th", "td"))
    next(row)
    return [cell.text for cell in takewhile(lambda cell: cell.tag == "td", row)]


def test_by_default_it_is_the_last_week_that_is_over(portal: Service) -> None:
    page = portal.client.get("/weekly").text
    assert "Portal usage, 16 November to 22 November 2026" in text(page)
    assert "2 people used the portal, 100.0 % of the 2 who could. The week before, it was 1." in text(page)
    (now,) = portal.get("/reports/summary?from=2026-11-16&to=2026-11-22").json["rows"]
    assert cells(page, "Events") == [str(now["events"]), "1", "+200.0 %"]
    assert cells(page, "Wednesday 2026-11-18")[:2] == ["1", "0"]
    assert cells(page, "mainframe") == ["1", "1"]


@pytest.mark.parametrize(
    ("query", "first", "people"),
    [
        ("week=2026-11-09", "9 November", "1 person"),
        ("week=2026-11-15", "9 November", "1 person"),  # a Sunday
        ("week=2026-11-23", "23 November", "1 person"),
        ("plugin=search", "16 November", "1 person"),
        ("timezone=Pacific/Kiritimati", "16 November", "2 people"),
        ("week=2025-01-01", "30 December", "0 people"),
    ],
)
def test_another_week_or_view_can_be_had(portal: Service, query: str, first: str, people: str) -> None:
    page = text(portal.client.get(f"/weekly?{query}").text)
    assert f"Portal usage, {first}" in page
    assert f"{people} used the portal" in page


def test_of_a_week_that_is_not_over_it_says_so_and_nothing_of_the_days_to_come(portal: Service) -> None:
    page = portal.client.get("/weekly?week=2026-11-23").text
    assert "1 person used the portal so far, 50.0 % of the 2 who could." in text(page)
    assert "This week so far" in [cell.text for cell in elements(page, "th")]
    assert cells(page, "Monday 2026-11-23")[:2] == ["1", "0"]
    assert cells(page, "Tuesday 2026-11-24")[:2] == ["–", "0"]  # noqa: RUF001 - as it is written
    assert "so far" not in text(portal.client.get("/weekly").text)


def test_that_nothing_can_be_told_to_be_unusual_is_said(portal: Service) -> None:
    assert "what is usual shows after five weeks of use" in text(portal.client.get("/weekly").text)


def test_the_weeks_before_and_after_are_a_click_away_and_keep_the_filter(portal: Service) -> None:
    page = portal.client.get("/weekly?plugin=search", base_url="https://insights.example.com").text
    assert links(page) == {
        "Week before": "https://insights.example.com/weekly?week=2026-11-09&plugin=search",
        "Week after": "https://insights.example.com/weekly?week=2026-11-23&plugin=search",
        "Dashboard": "https://insights.example.com/?plugin=search",
    }
    assert "Only plugin search." in text(page)


@pytest.mark.parametrize("week", ["0001-01-01", "1900-01-01", "1970-01-01", "2500-01-01", "9999-12-31"])
def test_a_week_that_no_report_could_be_about_is_refused(portal: Service, week: str) -> None:
    answer = portal.client.get(f"/weekly?week={week}")
    assert answer.status_code == 400
    assert "1970 to 2200" in text(answer.text)


def test_it_stands_by_itself_and_its_style_is_the_only_one_allowed(portal: Service) -> None:
    answer = portal.client.get("/weekly")
    (style,) = re.findall("<style>(.*)</style>", answer.text, re.DOTALL)
    digest = base64.b64encode(hashlib.sha256(style.encode()).digest()).decode()
    policy = answer.headers["Content-Security-Policy"]
    assert f"style-src 'sha256-{digest}'" in policy
    assert "script-src 'none'" in policy
    loaded: list[Any] = [
        e.attributes.get("src") or e.attributes.get("href") for e in elements(answer.text, "link", "img")
    ]
    assert loaded == ["data:,"]
    assert not elements(answer.text, "script")

"""What the dashboard shows, and how one takes it along."""

import csv
import io
import re
from datetime import date, timedelta

import pytest
import requests
from playwright.sync_api import expect

from tests.e2e.dashboard.opened import HOSTILE, LAST_MONTH, TODAY, Open, report
from tests.html import elements
from tests.pictures import insights
from tests.process import Process

CHART = "document.querySelector('#active-users .chart').chart"


def test_the_first_screen_holds_the_cards_and_the_chart_and_nothing_jumps(portal: Process, opened: Open) -> None:
    reader = opened(portal)
    for selector in (".card >> nth=3", "#active-users .chart canvas"):
        box = reader.page.locator(selector).bounding_box()
        assert box
        assert box["y"] + box["height"] <= 900
    assert reader.page.locator(".card .spark").count() == 4
    # On a busy machine panels come in another order. A layout shift up to 0.1 counts as good (web.dev, "CLS").
    assert reader.page.evaluate("window.shifted") < 0.05


def test_all_panels_come_and_each_has_its_table_or_list(portal: Process, opened: Open) -> None:
    reader = opened(portal, "/?days=91")
    assert reader.page.locator(".failed").count() == 0
    panels = reader.page.locator(".panel").count()
    assert panels == 16
    assert reader.page.locator(".panel:has(.body table)").count() == panels
    assert reader.page.locator(".chart canvas").count() == reader.page.locator(".chart").count() == 4


def test_its_numbers_are_those_of_the_reports(portal: Process, opened: Open) -> None:
    reader = opened(portal, f"/?{LAST_MONTH}")
    summary = report(portal, "summary", f"{LAST_MONTH}&compare=previous")
    (now,), (before,) = summary["rows"], summary["previous"]
    shown = reader.numbers(".card:nth-of-type(1)")
    change = (now["activeUsers"] - before["activeUsers"]) / before["activeUsers"]
    assert shown == [now["activeUsers"], pytest.approx(change), before["activeUsers"], now["newUsers"]]
    assert reader.numbers(".card .big") == [now[key] for key in ("activeUsers", "adoption", "stickiness", "events")]
    days = report(portal, "active-users", LAST_MONTH)["rows"]
    assert reader.numbers("#active-users tbody td:nth-child(2)") == [row["active"] for row in days]
    plugins = report(portal, "plugins", f"{LAST_MONTH}&limit=10")["rows"]
    assert reader.numbers("#plugins tbody") == [row[key] for row in plugins for key in ("events", "users")]


def test_numbers_and_dates_are_written_as_the_reader_does(portal: Process, opened: Open) -> None:
    events = report(portal, "summary", LAST_MONTH)["rows"][0]["events"]
    assert events > 1000
    german = opened(portal, f"/?{LAST_MONTH}", locale="de-DE")
    assert german.page.locator(".card:nth-of-type(4) .big").inner_text() == f"{events:,}".replace(",", ".")
    assert "," in german.page.locator(".card:nth-of-type(2) .big").inner_text()
    assert (TODAY - timedelta(41)).strftime("%Y") in german.page.locator(".range").inner_text()


def test_what_somebody_hostile_sent_is_text(portal: Process, opened: Open) -> None:
    reader = opened(portal)
    expect(reader.page.locator("#found-nothing").get_by_text(HOSTILE.lower(), exact=True)).to_be_visible()
    reader.page.locator("#plugins").get_by_text("Show all").click()
    reader.page.get_by_role("link", name=HOSTILE).click()
    reader.settle()
    expect(reader.page.locator(".chips")).to_contain_text(HOSTILE)
    assert "taken" not in reader.page.title()


def test_a_panel_can_be_had_as_csv_and_a_chart_as_a_picture(portal: Process, opened: Open) -> None:
    page = opened(portal, f"/?{LAST_MONTH}").page
    with page.expect_download() as download:
        page.locator("#plugins").get_by_role("link", name="CSV").click()
    rows = list(csv.DictReader(io.StringIO(download.value.path().read_text())))
    expected = report(portal, "plugins", f"{LAST_MONTH}&limit=1000")["rows"]
    assert [(row["plugin"], int(row["events"])) for row in rows] == [(r["plugin"], r["events"]) for r in expected]
    with page.expect_download() as download:
        page.locator("#active-users").get_by_role("button", name="PNG").click()
    assert download.value.suggested_filename == "active-users.png"
    assert download.value.path().read_bytes().startswith(b"\x89PNG")


def test_the_weekly_summary_prints_on_two_pages_at_most(portal: Process, opened: Open) -> None:
    reader = opened(portal)
    page = reader.page
    page.get_by_role("link", name="Weekly summary").click()
    page.wait_for_url("**/weekly")
    monday = TODAY - timedelta(TODAY.weekday() + 7)
    week = report(portal, "summary", f"from={monday}&to={monday + timedelta(6)}")["rows"][0]
    expect(page.locator("main")).to_contain_text(f"{week['activeUsers']} people used the portal")
    assert 1 <= page.pdf(format="A4").count(b"/Type /Page\n") <= 2
    page.emulate_media(media="print")
    expect(page.locator("footer")).to_be_hidden()


def test_the_weekly_summary_of_the_command_is_the_page(portal: Process) -> None:
    page = requests.get(f"{portal.url}/weekly", timeout=30).text
    assert insights("report", "--weekly", "--url", portal.url) == page
    loaded = elements(page, "script", "img", "iframe", "link")
    assert [element.attributes.get("href") for element in loaded] == ["data:,"]


def test_the_dashboard_prints_without_its_controls(portal: Process, opened: Open) -> None:
    page = opened(portal).page
    page.emulate_media(media="print")
    expect(page.locator(".controls")).to_be_hidden()
    expect(page.locator(".card").first).to_be_visible()


def test_what_is_printed_does_not_run_into_one_another(portal: Process, opened: Open) -> None:
    page = opened(portal, "/?days=91", viewport={"width": 718, "height": 1000}).page  # A4 without its margins
    page.emulate_media(media="print")
    rows = [box for row in page.locator("#retention tbody tr").all() if (box := row.bounding_box())]
    assert max(box["height"] for box in rows) < 40
    assert max(box["x"] + box["width"] for box in rows) <= 718
    after = page.locator("#benchmark").bounding_box()
    assert after
    assert rows[-1]["y"] + rows[-1]["height"] <= after["y"]


@pytest.mark.parametrize("width", [390, 1024, 1440])
def test_millions_stay_within_their_columns(portal: Process, opened: Open, width: int) -> None:
    reader = opened(portal, "/tables/pages", viewport={"width": width, "height": 900})
    page = reader.page
    page.route(
        "**/panels/templates*",
        lambda route: route.fulfill(body=_with_millions(route.request.url), content_type="text/html"),
    )
    reader.open("/?days=91")
    cell = page.locator("#templates td.n data").first
    assert (cell.get_attribute("title"), cell.inner_text()) == ("12,345,678", "12.3m")
    wide = "(all) => all.filter((td) => td.scrollWidth > td.clientWidth).map((td) => td.innerText)"
    assert page.locator("#templates td.n").evaluate_all(wide) == []


def _with_millions(url: str) -> str:
    return re.sub(
        r'<data class="count" value="\d+">', '<data class="count" value="12345678">', requests.get(url, timeout=30).text
    )


def test_a_whole_percent_is_written_like_the_changes_around_it(portal: Process, opened: Open) -> None:
    page = opened(portal, "/tables/pages").page
    written = "(address) => import(address).then((numbers) => numbers.number(-0.07, 'change'))"
    script = page.locator("script[type=module]").get_attribute("src")
    assert script
    assert page.evaluate(written, script.replace("dashboard.js", "numbers.js")) == "-7.0%"


@pytest.mark.parametrize(("interval", "said"), [("day", "{day}"), ("week", "Week from {day}"), ("month", "%b %Y")])
def test_a_chart_names_its_days_weeks_or_months(portal: Process, opened: Open, interval: str, said: str) -> None:
    page = opened(portal, f"/?days=91&interval={interval}", locale="en-US").page
    last = page.evaluate(f"{CHART}.data.labels.at(-1)")
    day = date.fromisoformat(last).strftime("%a, %b %-d, %Y")
    expected = TODAY.strftime(said.format(day=day))
    at_last = "{ label: chart.data.labels.at(-1), dataIndex: chart.data.labels.length - 1 }"
    titled = f"chart.options.plugins.tooltip.callbacks.title([{at_last}])"
    assert page.evaluate(f"(() => {{ const chart = {CHART}; return {titled}; }})()") == f"{expected} (so far)"
    if interval == "month":
        assert page.evaluate(f"{CHART}.scales.x.ticks.at(-1).label") == expected


def test_a_day_between_two_gaps_is_a_point(portal: Process, opened: Open) -> None:
    reader = opened(portal, "/tables/pages")
    page = reader.page
    page.route(
        "**/panels/stickiness*",
        lambda route: route.fulfill(body=_with_one_day(route.request.url), content_type="text/html"),
    )
    reader.open("/?days=7")
    stickiness = CHART.replace("active-users", "stickiness")
    shown = "(point) => !point.skip && point.options.radius > 0"
    assert page.evaluate(f"{stickiness}.getDatasetMeta(0).data.map({shown})") == [False] * 3 + [True] + [False] * 3


def _with_one_day(url: str) -> str:
    rows = requests.get(url, timeout=30).text.split("<tr")
    return "<tr".join(row if number == 5 else re.sub("<data.*?</data>", "", row) for number, row in enumerate(rows))

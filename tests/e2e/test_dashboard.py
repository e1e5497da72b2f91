"""The dashboard in a real browser, on a made-up history of a portal."""

import csv
import io
import os
import subprocess
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import requests
from playwright.sync_api import Browser, Page, Route, expect

from tests.browser import Reader, chromium
from tests.html import elements
from tests.pictures import configured, insights
from tests.process import Process, serving

HOSTILE = "<script>document.title = 'taken'</script>"
TODAY = datetime.now(UTC).date()
LAST_MONTH = f"from={TODAY - timedelta(41)}&to={TODAY - timedelta(14)}"

Open = Callable[..., Reader]


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with chromium() as browser:
        yield browser


@pytest.fixture(scope="module")
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


def report(process: Process, name: str, query: str) -> Any:
    answer = requests.get(f"{process.api}/reports/{name}?{query}", timeout=30)
    assert answer.ok, answer.text
    return answer.json()


# What it shows


def test_the_first_screen_holds_the_cards_and_the_chart_and_nothing_jumps(portal: Process, opened: Open) -> None:
    reader = opened(portal)
    for selector in (".card >> nth=3", "#active-users .chart canvas"):
        box = reader.page.locator(selector).bounding_box()
        assert box
        assert box["y"] + box["height"] <= 900
    assert reader.page.locator(".card .spark").count() == 4
    assert reader.page.evaluate("window.shifted") < 0.01


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


# Finding one's way


def test_ranges_are_chosen_and_left_again_by_going_back(portal: Process, opened: Open) -> None:
    reader = opened(portal)
    page = reader.page
    four_weeks = reader.numbers(".card .big")
    page.get_by_role("link", name="13 weeks").click()
    page.wait_for_url("**/?days=91")
    reader.settle()
    quarter = reader.numbers(".card .big")
    assert quarter[3] > four_weeks[3]
    page.get_by_label("From", exact=True).fill(str(TODAY - timedelta(20)))
    page.get_by_label("To", exact=True).fill(str(TODAY - timedelta(14)))
    page.get_by_role("button", name="Show").click()
    page.wait_for_url("**from=*")
    reader.settle()
    week = report(portal, "summary", f"from={TODAY - timedelta(20)}&to={TODAY - timedelta(14)}")["rows"][0]
    assert reader.numbers(".card .big")[3] == week["events"]
    page.go_back()
    reader.settle()
    assert reader.numbers(".card .big") == quarter
    page.go_back()
    reader.settle()
    assert reader.numbers(".card .big") == four_weeks


def test_a_click_on_a_row_narrows_the_page_and_a_chip_widens_it(portal: Process, opened: Open) -> None:
    reader = opened(portal, f"/?{LAST_MONTH}")
    page, whole = reader.page, reader.numbers(".card .big")
    page.locator("#plugins").get_by_role("link", name="techdocs").click()
    page.wait_for_url("**plugin=techdocs*")
    reader.settle()
    narrowed = report(portal, "summary", f"{LAST_MONTH}&plugin=techdocs")["rows"][0]
    assert reader.numbers(".card .big")[3] == narrowed["events"] < whole[3]
    assert page.locator("#plugins tbody tr").count() == 1
    page.locator(".chips a").click()
    reader.settle()
    assert reader.numbers(".card .big") == whole


def test_interval_zone_and_environment_are_chosen_in_a_form(portal: Process, opened: Open) -> None:
    reader = opened(portal, f"/?{LAST_MONTH}", timezone_id="Asia/Tokyo")
    page = reader.page
    assert page.get_by_label("Time zone").locator("option").first.inner_text() == "Asia/Tokyo"
    page.get_by_role("combobox", name="By").select_option("week")
    page.get_by_label("Time zone").select_option("Asia/Tokyo")
    page.get_by_label("Environment").select_option("demo")
    page.get_by_role("button", name="Apply").click()
    page.wait_for_url("**environment=demo*")
    reader.settle()
    query = f"{LAST_MONTH}&interval=week&timezone=Asia/Tokyo&environment=demo"
    rows = report(portal, "active-users", query)["rows"]
    assert reader.numbers("#active-users tbody td:nth-child(2)") == [row["active"] for row in rows]
    assert page.get_by_label("Environment").input_value() == "demo"


def test_a_mark_says_what_moved_it_to_mouse_and_keyboard(portal: Process, opened: Open) -> None:
    reader = opened(portal, "/?days=91")
    mark = reader.page.locator("#active-users .mark").first
    tip = reader.page.locator("#active-users .tip").first
    expect(tip).to_be_hidden()
    mark.focus()
    expect(tip).to_be_visible()
    expect(tip).to_contain_text("expected")
    reader.page.keyboard.press("Escape")
    expect(tip).to_be_hidden()
    mark.hover()
    expect(tip).to_be_visible()
    box, chart = mark.bounding_box(), reader.page.locator("#active-users .chart").bounding_box()
    assert box
    assert chart
    assert chart["x"] <= box["x"] <= chart["x"] + chart["width"]


def test_the_keyboard_reaches_the_numbers_first(portal: Process, opened: Open) -> None:
    page = opened(portal).page
    page.keyboard.press("Tab")
    expect(page.get_by_role("link", name="Skip to the numbers")).to_be_focused()
    page.keyboard.press("Enter")
    assert page.evaluate("location.hash") == "#main"


# Taking it along


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


# Whoever reads it


@pytest.mark.parametrize(
    "how",
    [{}, {"color_scheme": "dark"}, {"viewport": {"width": 390, "height": 844}}],
    ids=["light", "dark", "phone"],
)
def test_nobody_is_kept_from_reading(portal: Process, opened: Open, how: dict[str, Any]) -> None:
    reader = opened(portal, "/?days=91&group=default/platform", **how)
    assert reader.barriers() == ""
    assert reader.page.evaluate("document.documentElement.scrollWidth - innerWidth") <= 0
    for behind in reader.page.locator(".behind summary").all():
        behind.click()
    assert reader.barriers() == ""
    for path in ("/tables/pages", "/weekly", "/?days=0"):
        reader.page.goto(portal.url + path)
        assert reader.barriers() == "", path
        assert reader.page.evaluate("document.documentElement.scrollWidth - innerWidth") <= 0, path
    reader.errors.clear()  # that of the address which means nothing


def test_dark_and_light_follow_the_reader_at_once(portal: Process, opened: Open) -> None:
    page = opened(portal).page
    colour = "getComputedStyle(document.body).backgroundColor"
    line = "document.querySelector('#active-users .chart').chart.data.datasets[0].borderColor"
    light = page.evaluate(colour), page.evaluate(line)
    page.emulate_media(color_scheme="dark")
    page.wait_for_function(f"() => {line} !== '{light[1]}'")
    assert page.evaluate(colour) != light[0]


def test_without_script_the_numbers_are_a_click_away(portal: Process, opened: Open) -> None:
    reader = opened(portal, "/tables/plugins", java_script_enabled=False)
    reader.page.goto(portal.url)
    reader.page.get_by_role("link", name="Show Plugins").click()
    plugins = report(portal, "plugins", f"from={TODAY - timedelta(27)}")["rows"]
    assert reader.page.locator("tbody tr").first.inner_text().split()[0] == plugins[0]["plugin"]


# What goes wrong


def test_a_panel_that_cannot_be_reached_says_so_alone_and_comes_when_asked_again(portal: Process, opened: Open) -> None:
    reader = opened(portal, "/tables/pages")
    page = reader.page
    page.route("**/panels/pages*", lambda route: route.abort())
    reader.open("/")
    expect(page.locator("#pages .failed")).to_contain_text("could not be reached")
    assert page.locator(".failed").count() == 1
    page.unroute("**/panels/pages*")
    page.get_by_role("button", name="Try again").click()
    expect(page.locator("#pages tbody tr").first).to_be_visible()
    reader.errors.clear()  # the browser's own, of what could not be reached


def test_without_the_chart_library_the_tables_stand_open(portal: Process, opened: Open) -> None:
    reader = opened(portal, "/tables/pages")
    reader.page.route("**/chart.js", lambda route: route.abort())
    reader.open("/")
    expect(reader.page.locator("#active-users tbody tr").first).to_be_visible()
    reader.errors.clear()  # as above


def test_a_slow_panel_says_so_while_the_others_are_there(portal: Process, opened: Open) -> None:
    reader = opened(portal, "/tables/pages")
    page = reader.page
    page.clock.install()
    held: list[Route] = []

    def hold(route: Route) -> None:
        held.append(route)

    page.route("**/panels/pages*", hold)
    page.goto(portal.url)
    expect(page.locator("#plugins tbody tr").first).to_be_visible()
    page.clock.run_for(5000)
    expect(page.locator("#pages .waiting")).to_contain_text("This takes a while")
    held[0].continue_()
    expect(page.locator("#pages tbody tr").first).to_be_visible()


# Who may see it, and what there is to see at first


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

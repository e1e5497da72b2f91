"""Finding one's way, whoever one is."""

from datetime import timedelta
from typing import Any

import pytest
import requests
from playwright.sync_api import Page, expect

from tests.e2e.dashboard.opened import LAST_MONTH, TODAY, Open, report
from tests.process import Process


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


@pytest.mark.parametrize("width", [320, 390, 500, 961, 1024, 1100, 1440])
def test_the_name_of_a_row_can_be_read_in_every_window(portal: Process, opened: Open, width: int) -> None:
    reader = opened(portal, f"/?{LAST_MONTH}", viewport={"width": width, "height": 900})
    names = reader.page.locator(".panels table.ranking thead th:first-child")
    assert names.count() > 5
    widths = [box["width"] for name in names.all() if (box := name.bounding_box())]
    assert min(widths) >= 80, widths
    assert reader.page.evaluate("document.documentElement.scrollWidth") <= width


@pytest.mark.parametrize("width", [320, 360, 390, 500, 961, 1024, 1100, 1440])
def test_the_titles_of_columns_do_not_run_into_one_another(portal: Process, opened: Open, width: int) -> None:
    page = opened(portal, viewport={"width": width, "height": 900}).page
    wide = "(all) => all.filter((th) => th.offsetWidth && th.scrollWidth > th.clientWidth).map((th) => th.innerText)"
    assert page.locator(".panels table.ranking thead th").evaluate_all(wide) == []


@pytest.mark.parametrize("name", ["entities", "templates"])
def test_a_whole_table_has_names_on_a_phone_too(portal: Process, opened: Open, name: str) -> None:
    reader = opened(portal, f"/tables/{name}?{LAST_MONTH}", viewport={"width": 390, "height": 844})
    box = reader.page.locator("table.ranking thead th:first-child").bounding_box()
    assert box
    assert box["width"] >= 140


def test_the_weekly_summary_fits_a_phone(portal: Process, opened: Open) -> None:
    page = opened(portal, "/weekly", viewport={"width": 320, "height": 844}).page
    assert page.evaluate("document.documentElement.scrollWidth") <= 320
    heights = [box["height"] for row in page.locator(".days tbody tr").all() if (box := row.bounding_box())]
    assert max(heights) < 40, heights


def test_going_back_shows_in_the_form_what_the_page_is_about(portal: Process, opened: Open) -> None:
    page = opened(portal, "/").page
    page.get_by_role("combobox", name="By").select_option("week")
    page.get_by_role("button", name="Apply").click()
    page.wait_for_url("**interval=week*")
    page.go_back()
    expect(page.get_by_role("combobox", name="By")).to_have_value("day")


def sideways(page: Page, table: str) -> int:
    """How far a table can be scrolled sideways, in pixels."""
    scroll = page.locator(f".scroll:has(table.{table})")
    moved: int = scroll.evaluate("(scroll) => scroll.scrollWidth - scroll.clientWidth")
    return moved


@pytest.mark.parametrize("path", ["/?days=91", "/tables/anomalies?days=91"])
@pytest.mark.parametrize("width", [390, 768, 1024])
def test_what_was_out_of_the_ordinary_can_be_read_without_scrolling_sideways(
    portal: Process, opened: Open, width: int, path: str
) -> None:
    page = opened(portal, path, viewport={"width": width, "height": 844}).page
    expect(page.locator("table.anomalies .movers").first).to_be_attached()
    assert sideways(page, "anomalies") == 0


@pytest.mark.parametrize("width", [768, 1024])
def test_a_whole_table_fits_a_tablet(portal: Process, opened: Open, width: int) -> None:
    page = opened(portal, "/tables/entities", viewport={"width": width, "height": 900}).page
    assert sideways(page, "ranking") == 0


def test_whose_row_it_is_stays_in_sight_where_retention_is_scrolled(portal: Process, opened: Open) -> None:
    page = opened(portal, "/tables/retention?days=91", viewport={"width": 390, "height": 844}).page
    name = page.locator("table.retention tbody th").first
    before = name.bounding_box()
    assert sideways(page, "retention") > 0
    page.locator(".scroll").evaluate("(scroll) => { scroll.scrollLeft = 100; }")
    assert name.bounding_box() == before


def test_a_long_name_does_not_break_the_titles_of_the_weekly_summary(portal: Process, opened: Open) -> None:
    page = opened(portal, "/weekly", viewport={"width": 390, "height": 844}).page
    page.route(
        "**/weekly",
        lambda route: route.fulfill(
            body=requests.get(route.request.url, timeout=30).text.replace("catalog", "a" * 200)
        ),
    )
    page.reload()
    heights = [
        box["height"]
        for title in page.get_by_role("columnheader", name="Events").all()
        if (box := title.bounding_box())
    ]
    assert max(heights) < 40, heights

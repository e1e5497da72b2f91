"""What goes wrong."""

from playwright.sync_api import Route, expect

from tests.e2e.dashboard.opened import Open
from tests.process import Process


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


def test_that_the_numbers_of_the_head_are_missing_is_said_in_the_middle(portal: Process, opened: Open) -> None:
    reader = opened(portal, "/tables/pages")
    page = reader.page
    page.route("**/panels/summary*", lambda route: route.abort())
    reader.open("/")
    box, whole = page.locator(".summary .failed").bounding_box(), page.locator(".summary").bounding_box()
    assert box
    assert whole
    assert abs(box["x"] + box["width"] / 2 - whole["x"] - whole["width"] / 2) < 1
    reader.errors.clear()  # as above


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

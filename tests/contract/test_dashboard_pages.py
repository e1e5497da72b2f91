"""The dashboard's pages: the same numbers as the reports, links that keep the view, and text that stays text."""

import gzip
import re
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from flask import Flask, render_template
from hypothesis import given
from hypothesis import strategies as st
from werkzeug.datastructures import MultiDict

from insights_backend.errors import InvalidParameterError
from insights_backend.reports.answer import Sources
from insights_backend.warehouse.engine import Engine
from insights_backend.warehouse.failures import WarehouseUnavailableError
from insights_backend.web.dashboard.pages import create_pages, timezones
from insights_backend.web.dashboard.panels import PANELS, PARTS
from insights_backend.web.dashboard.view import read_view
from tests.app import VISIT, Service, running, settings_for
from tests.fakes import NOW
from tests.html import elements, fields, links, values
from tests.tables import empty

FROZEN = datetime.fromtimestamp(NOW, UTC)
HOSTILE = "<script>alert(1)</script>"
MORE_HOSTILE = f"'\" onload=x {HOSTILE}"
SEARCH = {"action": "search", "value": 0, "context": {"pluginId": "search", "extension": "App"}}
HTML_PAGES = ["/", "/weekly", "/?days=x", "/panels/nothing", *(f"/tables/{name}" for name in PANELS)]


@pytest.fixture(scope="module")
def used(
    tmp_path_factory: pytest.TempPathFactory, warehouse_dsn: str, engine_at: Callable[[str], Engine]
) -> Iterator[Service]:
    """A service with a little history: of a week ago, and of today."""
    empty(engine_at(warehouse_dsn))
    with running(settings_for(tmp_path_factory.mktemp("dashboard"), warehouse_dsn)) as service:
        service.clock.now -= 7 * 86400
        service.post([VISIT])
        service.post([VISIT], user="user:corp/john")
        service.clock.now += 7 * 86400
        service.post([VISIT, {**VISIT, "action": "click"}])
        service.post([{**VISIT, "context": {"pluginId": f"plugin-{n:02}"}} for n in range(13)])
        hostile = {"action": HOSTILE, "subject": f"/{HOSTILE}", "context": {"pluginId": HOSTILE, "extension": "App"}}
        service.post([hostile, {**SEARCH, "subject": HOSTILE}, {**SEARCH, "subject": MORE_HOSTILE}])
        yield service


class BrokenEngine(Engine):
    """An engine that is never there, or worse."""

    def __init__(self, error: Exception) -> None:
        super().__init__("chdb:///nowhere")
        self.error = error

    def rows(self, *_: object) -> list[dict[str, Any]]:
        raise self.error


def pages_before(engine: Engine) -> Flask:
    """An app with the pages alone, and an engine behind them."""
    app = Flask("portal")
    app.add_url_rule("/reports/<name>", "report", lambda name: name)
    sources = Sources(engine=engine, total_users=lambda: None, members=dict.fromkeys)
    site = create_pages(
        sources, guard=lambda _: None, sessions=None, auth_mode="none", reports="report", clock=lambda: NOW
    )
    app.register_blueprint(site)
    return app


@pytest.fixture(scope="module")
def pages() -> Flask:
    return pages_before(BrokenEngine(WarehouseUnavailableError("the warehouse is down")))


# Numbers


def test_each_list_shows_what_its_report_says(used: Service) -> None:
    for name, panel in PANELS.items():
        if panel.shape == "ranking" and name != "found-nothing":
            shown = elements(used.client.get(f"/panels/{name}").text, "tbody", "data")
            rows = used.get(f"/reports/{panel.report}?from=2026-10-27&limit=10").json["rows"]
            counted = [column.key for column in panel.columns if column.kind not in {"text", "ref"}]
            numbers = [row[key] for row in rows for key in counted if row[key] is not None]
            assert numbers_of(shown)[: len(numbers)] == numbers, name


def numbers_of(shown: list[Any]) -> list[float]:
    return [float(element.attributes["value"]) for element in shown if element.tag == "data"]


def test_the_cards_show_the_summary_and_how_it_changed(used: Service) -> None:
    cards = used.client.get("/panels/summary?days=7").text
    answer = used.get("/reports/summary?from=2026-11-17&compare=previous").json
    (now,), (before,) = answer["rows"], answer["previous"]
    assert values(cards)[:4] == [now["activeUsers"], -0.5, before["activeUsers"], now["newUsers"]]
    assert {now["events"], now["sessions"], now["totalUsers"], now["stickiness"]} <= set(values(cards))
    assert "nothing before" not in cards
    assert "nothing before to compare with" in used.client.get("/panels/summary?days=28").text


def test_what_changed_up_to_a_day_that_is_not_over_is_told_as_so_far(used: Service) -> None:
    for period, so_far in (("days=7", True), ("from=2026-11-16&to=2026-11-22", False)):
        cards = used.client.get(f"/panels/summary?{period}").text
        benchmark = used.client.get(f"/panels/benchmark?{period}").text
        assert ("so far, from" in " ".join(element.text for element in elements(cards, "p"))) is so_far
        assert (elements(benchmark, "th")[1].text == "This period so far") is so_far


def test_a_series_stands_beside_the_period_before(used: Service) -> None:
    cells = [cell.text for cell in elements(used.client.get("/panels/active-users?days=7").text, "td")]
    assert cells == [*["0"] * 12, "1", "2"]


def test_whoever_searches_in_vain_is_heard(used: Service) -> None:
    found = [element.text for element in elements(used.client.get("/panels/found-nothing").text, "th")]
    assert found[-2:] == [MORE_HOSTILE, HOSTILE]


def test_a_panel_without_anything_says_so(used: Service) -> None:
    for name in (*PANELS, *PARTS):
        answer = used.client.get(f"/panels/{name}?from=2025-01-01&to=2025-01-31")
        assert answer.status_code == 200
        assert name in PARTS or name == "benchmark" or "Nothing" in answer.text, name


def test_what_is_missing_says_where_it_would_come_from(used: Service) -> None:
    nothing = "from=2025-01-01&to=2025-01-31"
    assert "captureIdentityGroupsFilter" in used.client.get(f"/panels/groups?{nothing}").text
    assert "the catalog has not told" in used.client.get(f"/panels/adoption?{nothing}").text


@pytest.mark.parametrize("page", ["/panels/anomalies", "/tables/anomalies"])
def test_a_portal_that_is_too_young_for_a_usual_week_is_told_when_it_will_have_one(used: Service, page: str) -> None:
    text = used.client.get(page).text
    assert "Nothing can be told yet: what is usual shows after five weeks of use." in text
    assert "too little to tell" not in text


def test_without_script_the_period_in_numbers_is_a_page(used: Service) -> None:
    page = used.client.get("/?days=7").text
    numbers = used.client.get(links(page)["Show the period in numbers"]).text
    (now,) = used.get("/reports/summary?from=2026-11-17").json["rows"]
    assert values(numbers)[0] == now["events"]


def test_of_what_is_known_by_day_alone_today_is_what_is_not_over(used: Service) -> None:
    panel = used.client.get("/panels/stickiness?from=2026-11-01&interval=month").text
    unfinished = [row.attributes.get("class") == "unfinished" for row in elements(panel, "tr")]
    assert unfinished == [False] * 23 + [True]


def test_a_list_is_cut_and_can_be_had_whole(used: Service) -> None:
    panel = used.client.get("/panels/plugins?interval=week").text
    assert elements(panel, "p")[-1].text == "10 of 16. Show all of these"
    whole = used.client.get(links(panel)["Show all of these"]).text
    assert len(elements(whole, "tr")) == 17


# Addresses


def test_a_row_narrows_the_whole_page_and_a_chip_widens_it_again(used: Service) -> None:
    first = used.client.get("/panels/plugins?days=7&timezone=Europe/Berlin&group=default/team-a").text
    narrowed = links(first)["catalog"]
    assert arguments(narrowed) == {
        "days": ["7"],
        "timezone": ["Europe/Berlin"],
        "group": ["group:default/team-a"],
        "plugin": ["catalog"],
    }
    page = used.client.get(narrowed).text
    chips = {text: href for text, href in links(page).items() if text.startswith("Remove")}
    assert list(chips) == ["Remove the filter group group:default/team-a ✕", "Remove the filter plugin catalog ✕"]
    assert arguments(chips["Remove the filter plugin catalog ✕"]).keys() == {"days", "timezone", "group"}


def test_what_is_chosen_already_is_no_link(used: Service) -> None:
    assert "catalog" not in links(used.client.get("/panels/plugins?plugin=catalog").text)


def test_each_panel_and_file_is_asked_the_same_as_the_page(used: Service) -> None:
    page = used.client.get("/?days=7&plugin=catalog&instance=local").text
    panels = [element.attributes["data-panel"] for element in elements(page) if "data-panel" in element.attributes]
    assert len(panels) == len(PANELS) + 2  # the cards, and where events come from
    for address in panels:
        assert arguments(address) == {"days": ["7"], "plugin": ["catalog"], "instance": ["local"]}
    files = [href for text, href in links(page).items() if text.startswith("CSV")]
    assert len(files) == len(PANELS)
    assert arguments(files[0])["from"] == ["2026-11-17"]
    for address in files:
        answer = used.client.get(address)
        assert (answer.status_code, answer.mimetype) == (200, "text/csv"), address


def test_a_time_zone_that_is_not_offered_is_shown_and_sent_along(used: Service) -> None:
    page = used.client.get("/?timezone=CET").text
    assert MultiDict(fields(page)).getlist("timezone")[-1] == "CET"


def test_a_form_sends_along_what_it_does_not_ask(used: Service) -> None:
    page = used.client.get("/?days=91&interval=week&timezone=Asia/Tokyo&plugin=a&plugin=b").text
    sent = MultiDict(fields(page))
    assert sent.getlist("plugin") == ["a", "b"] * 2  # once in each of the two forms
    assert (sent["days"], sent["interval"], sent["timezone"]) == ("91", "week", "Asia/Tokyo")
    assert (sent["from"], sent["to"]) == ("2026-08-25", "2026-11-23")


@given(
    st.fixed_dictionaries(
        {},
        optional={
            "days": st.sampled_from(["7", "28", "91", "364"]),
            "interval": st.sampled_from(["day", "week", "month"]),
            "timezone": st.sampled_from(["UTC", "Asia/Tokyo", "America/St_Johns"]),
            "plugin": st.lists(st.text(min_size=1, max_size=5), min_size=1, max_size=3, unique=True),
            "group": st.just(["group:default/a", "group:x/b"]),
        },
    )
)
def test_the_address_of_a_view_is_that_view(given_arguments: dict[str, Any]) -> None:
    now = FROZEN
    view = read_view(MultiDict(given_arguments), now)
    assert read_view(MultiDict(view.arguments()), now) == view
    assert read_view(MultiDict(view.report()), now).query == view.query


@pytest.mark.parametrize(
    ("said", "interval"),
    [
        ({}, "day"),
        ({"days": "91"}, "day"),
        ({"days": "364"}, "week"),
        ({"days": "364", "interval": "day"}, "day"),
        ({"days": "7", "interval": "week"}, "week"),
        ({"from": "2026-01-01"}, "week"),
    ],
)
def test_a_long_period_is_shown_by_week_where_its_address_says_nothing_else(
    said: dict[str, str], interval: str
) -> None:
    assert read_view(MultiDict(said), FROZEN).query.interval == interval


def test_another_range_keeps_the_interval_that_was_chosen_and_no_other() -> None:
    weeks, months = (read_view(MultiDict({"days": "364", **more}), FROZEN) for more in ({}, {"interval": "month"}))
    assert weeks.over(28) == {}
    assert read_view(MultiDict(), FROZEN).over(364) == {"days": 364}
    assert months.over(91) == {"days": 91, "interval": "month"}


def test_a_file_of_a_long_period_has_the_intervals_of_its_panel(used: Service) -> None:
    files = [href for text, href in links(used.client.get("/?days=364").text).items() if text.startswith("CSV")]
    assert {arguments(address)["interval"][0] for address in files} == {"week", "day"}
    assert arguments(files[0])["interval"] == ["week"]


def arguments(address: str) -> dict[str, list[str]]:
    return parse_qs(urlsplit(address).query)


# Text that stays text


@pytest.mark.parametrize("page", HTML_PAGES)
def test_no_page_has_a_script_or_style_within(used: Service, page: str) -> None:
    found = elements(used.client.get(page).text)
    assert not [e for e in found if any(name == "style" or name.startswith("on") for name in e.attributes)]
    assert not [e for e in found if e.tag == "script" and (e.text or not e.attributes["src"].startswith("/assets/"))]
    assert page.startswith("/weekly") or "style" not in {e.tag for e in found}


def test_what_strangers_wrote_is_never_markup(used: Service) -> None:
    pages = [f"/panels/{name}" for name in (*PANELS, *PARTS)] + [f"/tables/{name}" for name in PANELS]
    for page in (*pages, "/weekly", f"/?plugin={HOSTILE}&from={HOSTILE}", f"/?plugin={HOSTILE}"):
        text = used.client.get(page).text
        assert "<script>" not in text, page
        assert not [element for element in elements(text) if "onload" in element.attributes], page
    assert HOSTILE in links(used.client.get("/tables/plugins").text)


def test_a_name_from_right_to_left_does_not_turn_around_what_stands_beside_it(used: Service, pages: Flask) -> None:
    name = "\u05e6\u05d5\u05d5\u05ea"
    counts = [column.key for column in PANELS["templates"].columns]
    narrowed = used.client.get(f"/?plugin={name}").text
    ranked = shown_by(
        pages, "templates", rows=[dict.fromkeys(counts, 1) | {"template": f"template:{name}/{name}"}], total=1
    )
    moved = {"dimension": "group", "key": f"group:default/{name}", "actual": 3, "expected": 17.6}
    found = {"date": "2026-11-20", "actual": 5, "expected": 20.2, "low": 9, "high": 31, "direction": "down"}
    rows = [{**found, "series": f"plugin:{name}", "contributors": [moved]}]
    unusual = shown_by(pages, "anomalies", rows=rows, total=1, marks=[], skipped=[])
    for page, times in ((narrowed, 1), (ranked, 2), (unusual, 2)):
        assert [element.text for element in elements(page, "bdi")] == [name] * times


def shown_by(pages: Flask, name: str, **content: Any) -> str:
    """A panel as it would be shown with such rows."""
    panel = PANELS[name]
    with pages.test_request_context(f"/panels/{name}"):
        view = read_view(MultiDict(), FROZEN)
        return render_template(f"insights/panels/{panel.shape}.html", name=name, panel=panel, view=view, **content)


def test_an_anomaly_narrows_to_where_it_was_found_and_says_what_moved_it(pages: Flask) -> None:
    moved = {"dimension": "page", "key": HOSTILE, "actual": 3, "expected": 17.6}
    found = {"date": "2026-11-20", "actual": 5, "expected": 20.2, "low": 9, "high": 31, "direction": "down"}
    rows = [
        {**found, "series": series, "contributors": [moved]}
        for series in (f"plugin:{HOSTILE}", "group:default/team-a", "activeUsers")
    ]
    marks = [{**rows[2], "at": "2026-11-16"}]
    page = shown_by(pages, "anomalies", rows=rows, total=3, marks=marks, skipped=[1, 2])
    assert [arguments(href) for href in links(page).values()] == [
        {"plugin": [HOSTILE]},
        {"group": ["group:default/team-a"]},
    ]
    assert f"page {HOSTILE}: 3 instead of 18" in elements(page, "td")[3].text
    (button,) = elements(page, "button")
    assert button.text == "▼ 2026-11-20: fewer than usual"
    assert "Of 2 series there is too little to tell." in elements(page, "p")[0].text


def test_a_benchmark_among_enough_portals_shows_where_it_stands(pages: Flask) -> None:
    row = {"metric": "adoption", "group": None, "value": 0.5, "previous": 0.4, "change": 0.25}
    alone = shown_by(pages, "benchmark", rows=[{**row, "quartiles": None, "position": None}])
    assert values(alone) == [0.5, 0.4, 0.25]
    among = shown_by(pages, "benchmark", rows=[{**row, "quartiles": [0.1, 0.2, 0.3], "position": 1.0}])
    assert values(among) == [0.5, 0.4, 0.25, 0.1, 0.2, 0.3, 1.0]


@given(st.text(st.characters(exclude_categories=["Cs", "Cc"]), min_size=1, max_size=40))
def test_any_text_is_shown_as_it_is(pages: Flask, text: str) -> None:
    shown = shown_by(pages, "plugins", rows=[{"plugin": text, "events": 1, "users": 1}], total=1)
    (link,) = elements(shown, "a")
    assert link.text == " ".join(text.split())
    assert arguments(link.attributes["href"])["plugin"] == [text]


# What goes wrong


def test_a_warehouse_that_is_down_leaves_the_page_and_each_panel_says_so_alone(pages: Flask) -> None:
    assert "data-panel" in pages.test_client().get("/").text
    panel = pages.test_client().get("/panels/plugins")
    assert (panel.status_code, panel.headers["Retry-After"]) == (503, "10")
    assert [element.tag for element in elements(panel.text)] == ["div", "p"]
    assert "the warehouse is down" in panel.text


def test_what_nobody_foresaw_is_said_without_its_words() -> None:
    panel = pages_before(BrokenEngine(KeyError("secret"))).test_client().get("/panels/plugins")
    assert panel.status_code == 500
    assert "secret" not in panel.text


@pytest.mark.parametrize(
    ("page", "status", "said"),
    [
        ("/?days=8", 400, "days: Must be one of"),
        ("/?from=yesterday", 400, "from: is no date"),
        ("/?colour=red", 400, "colour: Unknown field"),
        ("/?format=csv&colour=red", 400, "colour: Unknown field; format: Unknown field"),
        ("/weekly?week=now", 400, "week: Not a valid date"),
        ("/panels/nothing", 404, "not found"),
        ("/tables/nothing", 404, "not found"),
        ("/assets/x/nothing.js", 404, "not found"),
    ],
)
def test_an_address_that_means_nothing_is_told_what_is_wrong(pages: Flask, page: str, status: int, said: str) -> None:
    answer = pages.test_client().get(page)
    assert (answer.status_code, answer.mimetype) == (status, "text/html")
    assert said in answer.text


def test_a_view_has_known_parameters_only() -> None:
    with pytest.raises(InvalidParameterError):
        read_view(MultiDict({"limit": "5"}), FROZEN)


# Files


def test_files_are_kept_by_browsers_under_a_name_that_changes_with_them(pages: Flask) -> None:
    page = pages.test_client().get("/").text
    addresses = [e.attributes.get("src") or e.attributes["href"] for e in elements(page, "script", "link")]
    assert len(addresses) == 3
    for address in addresses:
        answer = pages.test_client().get(address)
        assert answer.status_code == 200
        assert "immutable" in answer.headers["Cache-Control"]
        old = pages.test_client().get(re.sub("/assets/[^/]+/", "/assets/older/", address))
        assert "immutable" not in old.headers["Cache-Control"]


def test_the_chart_library_comes_compressed_where_that_is_taken(pages: Flask) -> None:
    plain = pages.test_client().get("/assets/x/chart.js")
    packed = pages.test_client().get("/assets/x/chart.js", headers={"Accept-Encoding": "gzip"})
    assert b"Chart.js" in plain.data[:100]
    assert gzip.decompress(packed.data) == plain.data
    assert packed.headers["Vary"] == "Accept-Encoding"


def test_time_zones_are_those_that_people_live_in() -> None:
    assert timezones()[0] == "UTC"
    assert {"Europe/Berlin", "America/New_York"} <= set(timezones())
    assert "Etc/GMT+1" not in timezones()

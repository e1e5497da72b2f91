"""What the page for operators tells to paste, run as it stands there, against the service and a real Backstage."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.browser import chromium
from tests.e2e.backstage.backend import RELAY_TOKEN, Backstage
from tests.e2e.backstage.beside import Beside, beside, relays
from tests.e2e.backstage.frontend import bundle, discovery, visit_of, visited
from tests.e2e.backstage.node import HOME, run
from tests.e2e.backstage.page import SERVICE, shown
from tests.process import free_port

TSC = Path("node_modules") / "typescript" / "bin" / "tsc"
STRICT = ("--noEmit", "--strict", "--skipLibCheck", "--target", "es2022", "--lib", "es2022,dom,dom.iterable")
MODULES = ("--module", "esnext", "--moduleResolution", "bundler", "--jsx", "react-jsx", "--types", "react")

# What is particular to each program that the page shows.
MARKS = {
    "new": "createFrontendModule(",
    "legacy": "export const insightsApi =",
    "red-hat": "new ConfigReader(",
    "segment": "AnalyticsBrowser.load(",
}
# Which front-end system, and the line that gives what is to be tried its one name.
SYSTEMS = {"new": "export { insightsModule as onTrial }", "legacy": "export { insightsApi as onTrial }"}


@pytest.fixture(scope="module")
def service(backstage: Backstage, insights_port: int, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Beside]:
    with beside(backstage, tmp_path_factory.mktemp("modules"), insights_port) as started:
        yield started


@pytest.fixture(scope="module")
def documented(packages: Path) -> dict[str, str]:
    """The complete programs that the page shows, by what they are for; each is a file of `HOME`, too."""
    programs = {name: shown("ts", mark) for name, mark in MARKS.items()}
    for name, text in programs.items():
        (packages / f"documented-{name}.ts").write_text(text)
    return programs


def test_what_the_page_shows_passes_the_compiler_with_backstages_own_types(documented: dict[str, str]) -> None:
    run(TSC, *STRICT, *MODULES, *(f"documented-{name}.ts" for name in documented))


def test_the_modules_of_both_systems_are_the_same_but_for_their_frame(documented: dict[str, str]) -> None:
    new, legacy = (documented[name] for name in SYSTEMS)
    assert new[new.index("const EVENTS") : new.index("\nexport")] in legacy


@pytest.mark.parametrize("way", ["discovery", "proxy"])
@pytest.mark.parametrize("system", list(SYSTEMS))
def test_the_documented_module_delivers_each_event_once(
    backstage: Backstage, service: Beside, documented: dict[str, str], system: str, way: str
) -> None:
    text = documented[system]
    if way == "proxy":  # the one line that the page says to change
        text = text.replace("'plugin://backstage-insights/events'", "'plugin://proxy/insights/events'")
    (HOME / f"{system}-by-{way}.ts").write_text(text)
    program = bundle(system, way, f"{SYSTEMS[system]} from './{system}-by-{way}';")
    user = f"user:default/{system}-{way}"
    sent = [visit_of(f"{system}-{way}", number) for number in range(4)]
    first, again, last = visited(program, backstage, user, discovery(service), sent)
    base = service.process.api if way == "discovery" else f"{backstage.url}/api/proxy/insights"
    assert {request["url"] for request in (first, again, last)} == {f"{base}/events"}
    assert first["body"] == again["body"]  # with ids and times
    assert [len(request["body"]) for request in (first, last)] == [3, 1]
    assert [request["keepalive"] for request in (first, again, last)] == [False, False, True]
    assert len({request["authorization"] for request in (first, again, last)}) == 3
    ids = [event["id"] for event in (*first["body"], *last["body"])]
    stored = service.stored(4, ids[0].rpartition("-")[0])
    assert [event["id"] for event in stored] == ids
    assert [event["subject"] for event in stored] == [event["subject"] for event in sent]
    assert {event["user"] for event in stored} == {user}
    assert {event["entityMetadata"]["spec.type"] for event in stored} == {"service"}


@pytest.mark.parametrize("leave", ["navigation", "close"])
@pytest.mark.parametrize("system", list(SYSTEMS))
def test_a_real_browser_sends_what_is_left_when_its_page_is_left(
    backstage: Backstage, service: Beside, documented: dict[str, str], system: str, leave: str
) -> None:
    script = HOME / bundle(system, "browser", f"{SYSTEMS[system]} from './documented-{system}';", "tab.js", "js")
    user = f"user:default/{system}-{leave}"
    configuration = {"backend": {"baseUrl": backstage.url}, **discovery(service)}
    first, *left = sent = [visit_of(f"{system}-{leave}", number) for number in range(3)]
    with chromium() as browser:
        page = browser.new_page(bypass_csp=True)
        page.add_init_script("window.setInterval = send => { window.sendNow = send; }")
        # A page of the portal's origin; what it shows does not matter.
        page.goto(f"{backstage.url}/.backstage/health/v1/liveness")
        page.add_script_tag(path=script)
        page.evaluate(
            "([configuration, token]) => signIn(configuration, token)", [configuration, backstage.sign_in(user)]
        )
        # Once, as within five seconds: the browser has then asked whether it may, and need not in its last moment.
        page.evaluate("event => { analytics.captureEvent(event); sendNow(); }", first)
        service.stored(1, user=user)
        page.evaluate("events => events.forEach(event => analytics.captureEvent(event))", left)
        if leave == "close":
            page.close(run_before_unload=True)
        else:
            page.goto("about:blank")
        stored = service.stored(3, user=user)
    assert sorted(event["subject"] for event in stored) == [event["subject"] for event in sent]


def test_segments_client_delivers_to_the_address_that_it_is_given(
    backstage: Backstage, documented: dict[str, str], tmp_path: Path
) -> None:
    with beside(backstage, tmp_path, free_port(), **relays()) as relay, chromium() as browser:
        host = relay.process.url.removeprefix("http://")
        text = documented["segment"].replace("a token of auth.tokens", RELAY_TOKEN).replace("'https'", "'http'")
        text = text.replace(SERVICE.removeprefix("https://"), host)
        (HOME / "segment-on-trial.ts").write_text(text)
        run(Path("bundle.js"), "segment-tab.js", "segment.js", "module-on-trial=./segment-on-trial.ts")
        page = browser.new_page(bypass_csp=True)
        page.goto(f"{backstage.url}/.backstage/health/v1/liveness")
        page.add_script_tag(path=HOME / "segment.js")
        page.evaluate("event => visit(event)", {**visit_of("segment", 0), "action": "click"})
        stored = relay.stored(2)
    assert {(event["action"], event["subject"]) for event in stored} == {
        (action, "/catalog/default/component/svc-0/segment-0") for action in ("navigate", "click")
    }
    assert {event["pluginId"] for event in stored} == {"catalog"}

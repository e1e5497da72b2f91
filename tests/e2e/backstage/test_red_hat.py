"""Red Hat's published module and the client of its page, run against the service, and what was recorded of them."""

import http.client
import json
from collections.abc import Iterator
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from tests.e2e.backstage.backend import Backstage
from tests.e2e.backstage.beside import ORIGIN, Beside, beside, visit
from tests.e2e.backstage.frontend import bundle, visit_of, visited
from tests.e2e.backstage.node import run
from tests.process import REPOSITORY, free_port

MODULE = "@red-hat-developer-hub/backstage-plugin-analytics-module-adoption-insights"
CLIENT = "./node_modules/@red-hat-developer-hub/backstage-plugin-adoption-insights/dist/api/index.esm.js"
SYSTEMS = {
    "new": f"export {{ default as onTrial }} from '{MODULE}';",
    "legacy": f"export {{ AdoptionInsightsAnalyticsApiFactory as onTrial }} from '{MODULE}/legacy';",
}

RECORDED = REPOSITORY / "tests" / "fixtures" / "wire" / "adoption-requests.ndjson"
VISITORS = {"new-preflight": "user:contractors/victor.lopez", "new-noroute": "user:default/carol.anderson"}
TEN_YEARS = 3650  # days: the longest that may be set, since the recording grows old


def recorded() -> list[dict[str, Any]]:
    return [json.loads(line) for line in RECORDED.read_text().splitlines()]


def origins() -> list[str]:
    return sorted({value for row in recorded() for name, value in row["headers"] if name == "Origin"})


@pytest.fixture
def service(backstage: Backstage, tmp_path: Path) -> Iterator[Beside]:
    ages = {"ingest": {"maxAge": f"{TEN_YEARS}d"}, "warehouse": {"retentionDays": TEN_YEARS}}
    with beside(backstage, tmp_path, free_port(), allowedOrigins=origins(), **ages) as started:
        yield started


def send(connection: http.client.HTTPConnection, row: dict[str, Any], token: str) -> http.client.HTTPResponse:
    """Send a recorded request: its line, its headers in their order and its body, but for the token."""
    connection.putrequest(row["method"], row["path"], skip_host=True, skip_accept_encoding=True)
    for name, value in row["headers"]:
        connection.putheader(name, f"Bearer {token}" if name == "Authorization" else value)
    connection.endheaders(row["body"].encode())
    return connection.getresponse()


def check(row: dict[str, Any], answer: http.client.HTTPResponse) -> None:
    """Compare an answer with what the browser and the module were answered when it was recorded."""
    body, then = answer.read(), row["response"]
    assert answer.headers["Access-Control-Allow-Origin"] == dict(row["headers"])["Origin"]
    if row["method"] == "POST":
        assert (answer.status, json.loads(body)) == (then["status"], json.loads(then["body"]))
    else:
        assert answer.status in {200, 204}
        allowed = {header.strip().lower() for header in answer.headers["Access-Control-Allow-Headers"].split(",")}
        assert {*then["headers"]["access-control-allow-headers"].split(",")} <= allowed


def test_recorded_requests_are_answered_as_they_were_and_counted_once_however_often_they_come(
    backstage: Backstage, service: Beside
) -> None:
    tokens = {session: backstage.sign_in(user) for session, user in VISITORS.items()}
    host = service.process.url.removeprefix("http://")
    with closing(http.client.HTTPConnection(host, timeout=20)) as connection:
        for row in [*recorded(), *recorded()]:
            check(row, send(connection, row, tokens[row["session"]]))
    sent = [event for row in recorded() if row["method"] == "POST" for event in json.loads(row["body"])]
    stored = service.stored(len(sent))
    assert sorted(event["time"] for event in stored) == sorted(event["context"]["timestamp"] for event in sent)
    assert {event["user"] for event in stored} == set(VISITORS.values())


@pytest.mark.parametrize("system", list(SYSTEMS))
def test_red_hats_module_delivers_each_event_once(backstage: Backstage, service: Beside, system: str) -> None:
    program = bundle(system, "red-hat", SYSTEMS[system])
    user = f"user:default/red-hat-{system}"
    sent = [visit_of(f"red-hat-{system}", number) for number in range(4)]
    # What a proxy in front of the portal does with the one path, its address does here.
    configuration = {"app": {"baseUrl": ORIGIN}, "backend": {"baseUrl": service.process.url}}
    first, again, last = visited(program, backstage, user, configuration, sent)
    assert {request["url"] for request in (first, again, last)} == {
        f"{service.process.url}/api/adoption-insights/events"
    }
    assert first["body"] == again["body"]
    assert [request["status"] for request in (first, again, last)] == [200, 200, 200]
    stored = service.stored(4, user=user)
    assert sorted(event["subject"] for event in stored) == [event["subject"] for event in sent]
    assert not any({"userName", "userId", "timestamp"} & event["context"].keys() for event in stored)


def test_red_hats_page_reads_its_numbers(backstage: Backstage, service: Beside) -> None:
    today = datetime.now(UTC).date()
    fill(backstage, service)
    given = {
        "backstage": backstage.url,
        "user": "user:default/person.1",
        "configuration": {"app": {"baseUrl": ORIGIN}, "backend": {"baseUrl": service.process.url}},
        "period": {"start_date": str(today), "end_date": str(today + timedelta(1)), "timezone": "UTC"},
    }
    run(Path("bundle.js"), "page.js", "page.mjs", f"page-on-trial={CLIENT}")
    answers = json.loads(run(Path("page.mjs"), json.dumps(given)))
    ((week,), grouping) = answers["active_users"]["data"], answers["active_users"]["grouping"]
    assert answers["total_users"]["data"][0]["logged_in_users"] == 2
    assert (week["total_users"], week["new_users"], week["returning_users"], grouping) == (2, 2, 0, "weekly")
    plugins = {row["plugin_id"]: row["visit_count"] for row in answers["top_plugins"]["data"]}
    assert plugins == {"catalog": 3, "techdocs": 1}
    assert {row["name"]: row["count"] for row in answers["top_catalog_entities"]["data"]} == {"svc-0": 2, "svc-2": 1}
    assert [(row["entityref"], row["count"]) for row in answers["top_templates"]["data"]] == [
        ("template:default/react", 1)
    ]
    assert [(row["name"], row["count"]) for row in answers["top_techdocs"]["data"]] == [("svc-0", 1)]
    assert [row["count"] for row in answers["top_searches"]["data"]] == [1]
    head, line = answers["csv"].splitlines()
    assert head == "date,total_users,new_users,returning_users"
    assert line.endswith(",2,2,0")


def fill(backstage: Backstage, service: Beside) -> None:
    """Two people's visits: entities, documentation, a search and a template that was used."""
    docs = {"subject": "/docs/default/component/svc-0", "context": {"pluginId": "techdocs"}}
    template = {"pluginId": "scaffolder", "entityRef": "template:default/react"}
    one, other = backstage.sign_in("user:default/person.1"), backstage.sign_in("user:default/person.3")
    service.post(
        one,
        visit("page-0", "svc-0"),
        visit("page-1", "svc-2"),
        {"id": "page-2", "action": "search", "subject": "pet", "context": {"pluginId": "search"}},
        {"id": "page-3", "action": "click", "subject": "Create", "context": template},
    ).raise_for_status()
    service.post(other, visit("page-4", "svc-0"), visit("page-5", "svc-0", **docs)).raise_for_status()
    service.stored(6, "page-")

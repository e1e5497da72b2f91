"""The rankings of a service, its catalog, and sessions that were recorded."""

import json
from pathlib import Path

import pytest

from insights_backend.web.openapi.reports import ROWS
from tests.app import VISIT, Service
from tests.contract.report_rankings.portal import WEIRD

SESSIONS = Path(__file__).parent.parent.parent / "fixtures" / "sessions"


def test_the_groups_of_a_portal_are_set_against_the_catalogs_members(service: Service) -> None:
    service.post(VISIT, user="user:default/jane")
    assert service.get("/reports/groups").json["rows"] == [
        {"group": "group:default/team-a", "users": 1, "events": 1, "members": 2, "adoption": 0.5}
    ]
    line = "group:default/team-a,1,1,2,0.5"
    assert service.get("/reports/groups?format=csv").text.splitlines() == ["group,users,events,members,adoption", line]


def test_every_row_has_the_shape_that_is_documented(service: Service) -> None:
    made = {"action": "create", "subject": "new", "context": {"pluginId": "scaffolder", "entityRef": "template:x"}}
    service.post([VISIT, {**VISIT, "context": {"pluginId": "techdocs"}, "subject": "/docs/a"}, made])
    for name in ("pages", "entities", "docs", "templates", "actions", "groups"):
        answer = service.get(f"/reports/{name}").json
        assert answer["total"] == len(answer["rows"]) > 0
        for row in answer["rows"]:
            assert ROWS[name]().validate(row) == {}
            assert list(row) == list(ROWS[name]().fields)


def test_members_of_what_is_no_group_of_the_catalog_are_not_known(service: Service) -> None:
    counted = service.backend.service.members(["group:default/team-a", "group:default/none", WEIRD, ""])
    assert counted == {"group:default/team-a": 2, "group:default/none": None, WEIRD: None, "": None}


def send(service: Service, session: str) -> None:
    """Send a recorded session, a request a user."""
    rows = [json.loads(line) for line in (SESSIONS / f"{session}.ndjson").read_text().splitlines()]
    for user in {row["user"] for row in rows}:
        body = [{**row["event"], "timestamp": row["t"]} for row in rows if row["user"] == user]
        service.post(body, user=user)
    service.backend.dispatcher.drain()


@pytest.mark.parametrize("front_end", ["new", "legacy"])
def test_the_templates_of_a_recorded_session_are_found(service: Service, front_end: str) -> None:
    send(service, f"{front_end}-create")
    made = {"opened": 0, "started": 1, "finished": 1, "users": 1}
    assert service.get("/reports/templates").json["rows"] == [
        {"template": "template:default/create-go-3", **made, "minutesSaved": 240},
        {"template": "template:default/create-python-0", **made, "minutesSaved": 60},
    ]


def test_the_templates_and_pages_of_a_recorded_visit_are_found(service: Service) -> None:
    send(service, "new-guest")
    rows = service.get("/reports/templates").json["rows"]
    assert [(row["template"], row["opened"], row["started"], row["finished"]) for row in rows] == [
        ("template:default/create-go-18", 1, 0, 0),
        ("template:default/ui-demo-service", 0, 1, 1),
    ]
    found = {row["page"]: row["views"] for row in service.get("/reports/pages?plugin=scaffolder").json["rows"]}
    assert found == {
        "/create": 3,
        "/create/templates": 3,
        "/create/templates/:namespace/:name": 4,
        "/create/tasks": 1,
        "/create/tasks/:id": 2,
        "/create/actions": 1,
    }

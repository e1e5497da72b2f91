"""Sessions recorded in real portals, of the new and the legacy front end, sent as they are.

What is expected of each event is worked out here anew, in plain words, from the recording and the organisation.
"""

import json
from pathlib import Path
from typing import Any
from urllib.parse import unquote

import pytest
from ruamel.yaml import YAML

from insights_backend.settings.values import CatalogSettings
from tests.app import BASE, Make, Service

Row = dict[str, Any]

SESSIONS = Path(__file__).parent.parent / "fixtures" / "sessions"
LEFT_BEHIND = {"userName", "userId", "timestamp"}


def ref_of(kind: str, namespace: str, name: str) -> str:
    return f"{kind}:{namespace}/{name}".lower()


@pytest.fixture(scope="module")
def organisation() -> dict[str, Row]:
    documents = YAML(typ="safe", pure=True).load_all(SESSIONS / "organisation.yaml")
    return {
        ref_of(entity["kind"], entity["metadata"].get("namespace", "default"), entity["metadata"]["name"]): entity
        for entity in documents
        if entity
    }


@pytest.fixture
def service(make: Make) -> Service:
    return make(catalog=CatalogSettings(file=SESSIONS / "organisation.yaml"), identities="clear")


def send(service: Service, name: str) -> list[tuple[Row, Row]]:
    """Send a session event by event, as it happened, and return each recording with what was stored of it."""
    recorded = [json.loads(line) for line in (SESSIONS / f"{name}.ndjson").read_text().splitlines()]
    for number, row in enumerate(recorded):
        answer: Any = service.client.post(
            f"{BASE}/events",
            json={**row["event"], "id": str(number), "timestamp": row["t"]},
            headers={"X-Insights-User": row["user"]} if row["user"] else {},
        )
        assert answer.json == {"accepted": 1, "duplicates": 0, "rejected": []}
    service.backend.dispatcher.drain()
    stored = {event["id"]: event for event in service.export()}
    return [(row, stored[str(number)]) for number, row in enumerate(recorded)]


def path_entity(path: str) -> str | None:
    parts = [unquote(part) for part in path.split("#", maxsplit=1)[0].split("?", maxsplit=1)[0].split("/")]
    match parts:
        case ["", "catalog" | "docs", namespace, kind, name, *_] if name:
            return ref_of(kind, namespace, name)
        case ["", "create", "templates", namespace, name]:
            return ref_of("template", namespace, name)
    return None


def expected_entity(event: Row) -> str | None:
    attributes = event.get("attributes") or {}
    if "entityRef" in event["context"]:
        return str(event["context"]["entityRef"])
    if "kind" in attributes:
        return ref_of(attributes["kind"], attributes["namespace"], attributes["name"])
    return path_entity(event["subject"]) if event["action"] == "navigate" else None


def expected_target(event: Row) -> str | None:
    to = (event.get("attributes") or {}).get("to")
    if event["action"] not in {"click", "discover"} or to is None:
        return None
    return path_entity(to.removeprefix("http://127.0.0.1:3000"))


def expected_metadata(entity: Row | None, ref: str | None) -> Row:
    if entity is None or ref is None:
        return {}
    spec, namespace = entity["spec"], ref.split(":")[1].split("/")[0]
    found = {"kind": entity["kind"], "metadata.namespace": namespace}
    found |= {f"spec.{key}": spec[key] for key in ("type", "lifecycle") if key in spec}
    if "owner" in spec:
        owner = spec["owner"].lower()
        found["spec.owner"] = owner if ":" in owner else f"group:{namespace}/{owner}"
    return found


@pytest.mark.parametrize(
    "name", ["new-guest", "legacy-guest", "new-create", "legacy-create", "new-noroute", "new-preflight"]
)
def test_a_recorded_session_comes_out_right_event_by_event(
    service: Service, organisation: dict[str, Row], name: str
) -> None:
    last: dict[str, tuple[str, float]] = {}
    for row, stored in send(service, name):
        event, user = row["event"], row["user"]
        context = event["context"]
        entity = expected_entity(event)
        assert stored["entity"] == entity, event
        assert stored["target"] == expected_target(event), event
        assert stored["entityMetadata"] == expected_metadata(organisation.get(entity or ""), entity), event
        assert stored["user"] == user
        assert stored["value"] == event.get("value")
        assert stored["pluginId"] == context["pluginId"]
        assert stored["routeRef"] == context.get("routeRef")
        assert stored["extension"] == context.get("extensionId", context.get("extension"))
        assert not LEFT_BEHIND & set(stored["context"])
        assert stored["notes"] == (["entity_not_found"] if entity and entity not in organisation else [])
        if user:
            groups = [group.lower() for group in organisation[user]["spec"]["memberOf"]]
            namespace = user.split(":")[1].split("/")[0]
            assert stored["groups"] == [g if ":" in g else f"group:{namespace}/{g}" for g in groups]
            assert stored["userMetadata"] == {"metadata.namespace": namespace}
        assert stored["view"] is is_view(row, last), event


def is_view(row: Row, last: dict[str, tuple[str, float]]) -> bool:
    """A navigate of a user, not by the shell, not to where the user was less than two seconds before."""
    event, user = row["event"], row["user"]
    if event["action"] != "navigate" or user is None or event["context"].get("extensionId") == "app/root":
        return False
    hours, minutes, seconds = row["t"][11:-1].split(":")
    time = int(hours) * 3600 + int(minutes) * 60 + float(seconds)
    subject, before = last.get(user, ("", 0.0))
    last[user] = (event["subject"], time)
    return bool(subject != event["subject"] or time - before >= 2)


def test_each_page_load_of_the_new_front_end_is_one_view(service: Service) -> None:
    """The shell's navigate before sign-in and the page's own after it are two events, and one view."""
    stored = [event for _, event in send(service, "new-guest")]
    shell = [event for event in stored if event["action"] == "navigate" and event["extension"] == "app/root"]
    assert len(shell) > 30
    assert not any(event["view"] for event in shell)
    assert service.get("/reports/summary").json["rows"][0]["events"] == len(stored)


def test_addresses_and_secrets_typed_into_a_url_do_not_arrive(service: Service) -> None:
    subjects = {event["subject"] for _, event in send(service, "new-guest")}
    unknown = [subject for subject in subjects if subject.startswith("/nope/xyz")]
    assert unknown == ["/nope/xyz?token=[credential]&email=[email]#h"]

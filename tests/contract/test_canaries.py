"""Personal data is planted wherever it can come in, and looked for wherever something could come out: none is found."""

import json
import logging
import re
from collections.abc import Iterator, Mapping
from functools import partial
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest
import responses
from click.testing import CliRunner

from insights_backend.cli import main
from insights_backend.settings.values import CatalogSettings, Secret, UploadSettings
from tests.app import BASE, Make, Service
from tests.files import contents

# What is planted, and the part of it that would tell.
CANARIES = {
    "mail": ("mara.canary@example.com", "mara.canary"),
    "mail with a tag": ("canary.plus+tag@example.org", "canary.plus"),
    "international mail": ("kanarienvögel@bücher.example", "kanarienvögel"),
    "obfuscated mail": ("hidden.canary [at] example [dot] com", "hidden.canary"),
    "spelled mail": ("spelled dot canary at example dot com", "spelled dot canary"),
    "escaped mail": ("/search?query=escaped.canary%40example.net", "escaped.canary"),
    "international phone": ("+49 151 24680135", "24680135"),
    "American phone": ("(415) 555-0173", "555-0173"),
    "national phone": ("020 7946 0817", "7946 0817"),
    "named phone": ("mobile 5550199887", "5550199887"),
    "IPv4": ("203.0.113.197", "203.0.113.197"),
    "IPv6": ("2001:db8::ca:fe42", "ca:fe42"),
    "mapped IPv4": ("::ffff:198.51.100.213", "198.51.100.213"),
    "card": ("4539 1488 0343 6467", "4539 1488"),
    "bare card": ("6011000990139424", "6011000990139424"),
    "American Express": ("3714 496353 98431", "3714 496353"),
    "IBAN": ("GB29 NWBK 6016 1331 9268 19", "NWBK 6016"),
    "bare IBAN": ("NL91ABNA0417164300", "ABNA0417164300"),
    "social security number": ("ssn 457-55-5462", "457-55-5462"),
    "JWT": ("eyJhbGciOiJFUzI1NiJ9.eyJzdWIiOiJjYW5hcnkifQ.c2lnbmF0dXJl", "eyJzdWIiOiJjYW5hcnkifQ"),
    "private key": ("-----BEGIN PRIVATE KEY-----\nMIIcanarykey\n-----END PRIVATE KEY-----", "MIIcanarykey"),
    "GitHub token": ("ghp_canaryA1b2C3d4E5f6G7h8I9j0K1l2M3n4", "ghp_canary"),
    "AWS key": ("AKIAIOSFODNN7CANARYX"[:20], "AKIAIOSFODNN7"),
    "user of a URL": ("https://svc:canarypass@example.com/x", "canarypass"),
    "secret in a query": ("/x?access_token=canaryqueryvalue1", "canaryqueryvalue1"),
    "password": ("password=canaryPassw0rd", "canaryPassw0rd"),
    "bearer": ("Bearer canary0bearer1token2value3", "canary0bearer1"),
    "home": ("/home/canaryhome/src/x.ts", "canaryhome"),
    "Windows home": ("C:\\Users\\canarywin\\x", "canarywin"),
    "reference": ("user:default/canaryref", "canaryref"),
    "page of a person": ("/catalog/default/user/canarypage", "canarypage"),
}
ENTITY = {"kind": "component", "namespace": "default", "name": "planted"}
PERSON_NAMES = ("Canary-Sender", "Mara Canary Lastname", "canary-login", "canary-id")


def everywhere(planted: str) -> dict[str, Any]:
    """One event with a canary in most places."""
    text = f"see {planted}"
    return {
        "action": "click",
        "subject": text,
        "attributes": {**ENTITY, "to": planted, f"key {planted}": 1, "text": text},
        "context": {
            "pluginId": "catalog",
            "routeRef": "catalog:entity",
            "extension": "App",
            "userName": PERSON_NAMES[1],
            "userId": PERSON_NAMES[3],
            "login": PERSON_NAMES[2],
            planted: planted,
        },
    }


def events() -> Iterator[dict[str, Any]]:
    """Some events a canary, with it in every place that an event has."""
    for planted, _ in CANARIES.values():
        text = f"see {planted}"
        yield everywhere(planted)
        for field in ("id", "sessionId"):
            yield {"action": "navigate", "subject": "/", "attributes": {}, "context": {}, field: planted[:120]}
        for field in ("pluginId", "routeRef", "extension", "entityRef", "extensionId"):
            yield {"action": "navigate", "subject": planted, "attributes": {}, "context": {field: planted}}
        yield {
            "action": planted.splitlines()[0][:100],
            "subject": planted,
            "attributes": {"name": planted},
            "context": {},
        }
        yield {"action": "search", "subject": text, "attributes": {"to": text}, "context": {"searchTypes": planted}}


def organisation() -> str:
    """A component and a person whose every captured field holds canaries."""
    everything = {name.replace(" ", "-"): planted for name, (planted, _) in CANARIES.items()}
    texts = [planted for planted, _ in CANARIES.values()]
    component = {
        "apiVersion": "backstage.io/v1alpha1",
        "kind": "Component",
        "metadata": {
            "name": "planted",
            "description": " and ".join(texts[:8]),
            "annotations": everything,
            "tags": texts,
        },
        "spec": {"type": "service", "lifecycle": "production", "owner": "user:default/canaryref", "custom": [texts]},
    }
    person = {
        "apiVersion": "backstage.io/v1alpha1",
        "kind": "User",
        "metadata": {"name": PERSON_NAMES[0], "title": PERSON_NAMES[1], "annotations": everything},
        "spec": {"profile": {"displayName": PERSON_NAMES[1], "email": texts[0], "bio": texts}, "memberOf": []},
    }
    return f"{json.dumps(component)}\n---\n{json.dumps(person)}\n"


@pytest.fixture
def made(make: Make, tmp_path: Path) -> Make:
    """Make services of such an organisation."""
    file = tmp_path / "planted.yaml"
    file.write_text(organisation())
    return partial(
        make,
        catalog=CatalogSettings(file=file),
        capture_entity_fields=("metadata.description", "metadata.annotations", "metadata.tags", "spec.custom"),
        capture_identity_fields=("metadata.title", "metadata.annotations", "spec.profile"),
    )


def send(service: Service) -> bytes:
    """Send all of it, as somebody who is planted too."""
    sent = list(events())
    headers = {"User-Agent": PERSON_NAMES[2], "X-Request-Id": CANARIES["mail"][0]}
    answer = service.post({"events": sent}, user=f"user:default/{PERSON_NAMES[0]}", headers=headers)
    assert answer.json["accepted"] > len(sent) * 0.9, answer.json
    return bytes(answer.data)


def refusals(service: Service) -> Iterator[bytes]:
    """Have every canary refused, in a body, a path and a query."""
    client = service.client
    for planted, _ in CANARIES.values():
        yield service.post(
            {"action": planted, "subject": [planted], "attributes": planted, "context": {planted: 1}}
        ).data
        yield client.get(f"{BASE}/reports/{quote(planted.lstrip('/'), safe='')}").data
        yield client.get(f"{BASE}/reports/summary", query_string={"from": planted, planted: planted}).data
        yield client.delete(f"{BASE}/users/{quote('component:' + planted, safe='')}").data
    yield service.post(f'{{"events": [{json.dumps(CANARIES["mail"][0])}').data


def stored(directory: Path) -> bytes:
    return b"\n".join(content for _, content in contents(directory))


def test_no_canary_comes_out_anywhere(
    made: Make, tmp_path: Path, warehouse_dsn: str, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    service = made()
    answer = send(service)
    exported = service.get("/export").data
    about = service.get(f"/users/{quote('user:default/canaryref', safe='')}/export").data
    metrics = service.client.get("/metrics")
    refused = b"\n".join(refusals(service))
    service.insights.close()
    send(made(debug=True, data_dir=tmp_path / "debug"))  # logs what its outbox held, in whose file it lies packed
    places = {
        "answer": answer,
        "export": exported,
        "export of a person": about,
        "refusals": refused,
        "log": caplog.text.encode(),
        "metrics": metrics.data if metrics.status_code == 200 else b"",
        "files": stored(tmp_path / "var") + stored(tmp_path / "debug"),
        "warehouse": stored(Path(warehouse_dsn.removeprefix("chdb:///"))),
    }
    for place in ("export", "export of a person", "log"):
        assert b"[credential]" in places[place]
    assert told(places) == set()


def test_no_canary_comes_out_of_the_dead_letters(made: Make, tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    upload = UploadSettings(url="https://collector.example.com", token=Secret("token"), retries=0)
    service = made(upload=upload, roles=("backend",))
    with responses.RequestsMock() as collector:
        collector.post(re.compile(upload.url), status=422, body="refused")
        service.post({"events": [everywhere(planted) for planted, _ in CANARIES.values()]})
        service.backend.dispatcher.drain()
    metrics = service.client.get("/metrics")
    service.insights.close()
    shown = CliRunner().invoke(main, ["--config", str(configured(tmp_path)), "outbox", "dead", "--show"])
    assert shown.stdout.count("[credential]") > 0
    assert len(shown.stdout.splitlines()) == len(CANARIES)
    assert f"insights_dead_letters {len(CANARIES)}.0" in metrics.text
    places = {
        "command": shown.output.encode(),
        "log": caplog.text.encode(),
        "metrics": metrics.data,
        "outbox and files": stored(tmp_path / "var"),
    }
    assert b"http_422" in places["outbox and files"]
    assert told(places) == set()


def configured(directory: Path) -> Path:
    """The configuration of a command that looks at what the service kept."""
    file = directory / "app-config.yaml"
    auth, catalog = "{ mode: static, tokens: [token-of-a-relay] }", f"{{ file: {directory}/planted.yaml }}"
    file.write_text(f"backstageInsights:\n  dataDir: {directory}/var\n  auth: {auth}\n  catalog: {catalog}\n")
    return file


def told(places: Mapping[str, bytes]) -> set[tuple[str, str]]:
    """Which canary was found in which place."""
    tell = [*(part for _, part in CANARIES.values()), *PERSON_NAMES]
    return {(place, part) for place, held in places.items() for part in tell if written(part, held.lower())}


def written(part: str, held: bytes) -> bool:
    """Tell whether a text holds a part, as it is or escaped for JSON, in whatever case."""
    return any(form.lower().encode() in held for form in (part, json.dumps(part)[1:-1]))

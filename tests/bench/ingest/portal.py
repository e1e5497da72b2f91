"""What a portal's people do, as requests: each batch is another person's, who looks at other things.

No batch is sent twice: each event's time is written anew, and so is what a search asks for.
"""

import json
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from random import Random
from typing import Any
from uuid import UUID

from tests.tokens import SigningKey, user_claims

THINGS = 1500
BATCHES = 401  # no divisor in common with the sixty thousand milliseconds of a minute, so that no time repeats soon

_SKEW = 2.6  # half of all looks go to 7 % of the things
_MOMENT = "@@.@@@"  # seconds and milliseconds of an event's time
_KINDS = ("component", "api", "template", "resource", "system")
_WORDS = ("billing", "search", "login", "ledger", "mobile", "frontend", "gateway", "reports", "orders", "events")
_PAGES = ("", "/getting-started", "/architecture", "/runbooks/deploy", "/faq")


@dataclass(frozen=True, slots=True)
class Thing:
    """An entity of the catalog."""

    kind: str
    name: str

    @property
    def ref(self) -> str:
        return f"{self.kind}:default/{self.name}"

    @property
    def path(self) -> str:
        return f"default/{self.kind}/{self.name}"

    @property
    def route(self) -> dict[str, str]:
        return {"namespace": "default", "kind": self.kind, "name": self.name}

    def described(self) -> dict[str, Any]:
        """What the catalog says of it."""
        spec = {"type": "service", "lifecycle": "production", "owner": f"group:default/team-{len(self.name)}"}
        return {"kind": self.kind.title(), "metadata": {"name": self.name, "namespace": "default"}, "spec": spec}


@dataclass(frozen=True, slots=True)
class Batch:
    """A request that can be sent again and again, and holds new events each time.

    Args:
        headers: all but the route and the length.
        body: with a place for the time of each event.
        events: how many.
    """

    headers: bytes
    body: bytes
    events: int

    def request(self, path: str, number: int) -> bytes:
        """Write it as the request of that number."""
        body = self.body.replace(_MOMENT.encode(), b"%02d.%03d" % divmod(number % 60_000, 1000))
        return b"POST %s HTTP/1.1\r\n%sContent-Length: %d\r\n\r\n%s" % (path.encode(), self.headers, len(body), body)


def things() -> list[Thing]:
    return [
        Thing(_KINDS[number % len(_KINDS)], f"{_WORDS[number % 10]}-{_WORDS[number // 10 % 10]}-{number}")
        for number in range(THINGS)
    ]


def batches(key: SigningKey, events: int, random: Random) -> list[Batch]:
    """Make requests of so many events: each of another person, who looks at other things.

    Args:
        key: the portal's, which signs their tokens.
        events: how many a request holds.
        random: decides what they do.
    """
    world = things()
    return [_batch(key, f"user:default/person{number}", events, world, random) for number in range(BATCHES)]


def _batch(key: SigningKey, user: str, events: int, world: Sequence[Thing], random: Random) -> Batch:
    now = datetime.now(UTC) - timedelta(minutes=events + 1)
    session = str(UUID(int=random.getrandbits(128)))
    sent = [
        _event(random, _popular(random, world), session, now + timedelta(minutes=number)) for number in range(events)
    ]
    token = key.token(user_claims(time.time(), user))
    headers = f"Host: insights\r\nContent-Type: application/json\r\nAuthorization: Bearer {token}\r\n"
    return Batch(headers.encode(), json.dumps({"events": sent}, separators=(",", ":")).encode(), events)


def _popular(random: Random, world: Sequence[Thing]) -> Thing:
    """Choose one, the earlier the likelier, as people do."""
    return world[int(len(world) * random.random() ** _SKEW)]


def _event(random: Random, thing: Thing, session: str, minute: datetime) -> dict[str, Any]:
    do = random.choices((_visit, _read, _click, _discover, _browse, _search), (30, 20, 25, 8, 10, 7))[0]
    moment = f"{minute:%Y-%m-%dT%H:%M}:{_MOMENT}Z"
    return {**do(random, thing), "timestamp": moment, "sessionId": session}


def _visit(random: Random, thing: Thing) -> dict[str, Any]:
    return _did("navigate", f"/catalog/{thing.path}", "catalog", "catalog:entity", thing.route)


def _read(random: Random, thing: Thing) -> dict[str, Any]:
    return _did("navigate", f"/docs/{thing.path}{random.choice(_PAGES)}", "techdocs", "techdocs:reader", thing.route)


def _click(random: Random, thing: Thing) -> dict[str, Any]:
    event = _did("click", "View TechDocs", "catalog", "catalog:entity", {"to": f"/docs/{thing.path}"})
    event["context"]["entityRef"] = thing.ref
    return event


def _discover(random: Random, thing: Thing) -> dict[str, Any]:
    event = _did("discover", thing.name, "search", "search", {"to": f"/catalog/{thing.path}"})
    return {**event, "value": random.randint(1, 25)}


def _browse(random: Random, thing: Thing) -> dict[str, Any]:
    return _did("navigate", f"/catalog?filters[kind]={thing.kind}&limit=20", "catalog", "catalog", {})


def _search(random: Random, thing: Thing) -> dict[str, Any]:
    event = _did("search", f"{random.choice(_WORDS)} {_MOMENT}", "search", "search", {})
    event["context"]["searchTypes"] = "software-catalog,techdocs"
    return {**event, "value": random.randint(0, 90)}


def _did(action: str, subject: str, plugin: str, route: str, attributes: Mapping[str, str]) -> dict[str, Any]:
    context = {"pluginId": plugin, "extension": "App", "routeRef": route}
    return {"action": action, "subject": subject, "attributes": dict(attributes), "context": context}

"""Backstage is killed and started again while its users send events: keys, catalog and all."""

import json
from base64 import urlsafe_b64decode
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from itertools import count
from pathlib import Path
from threading import Event
from typing import Any

import pytest

from tests.e2e.backstage.backend import CATALOG_TOKEN, Backstage
from tests.e2e.backstage.beside import Beside, beside, visit
from tests.process import eventually, free_port

USER = "user:corporate/person.35"
GROUPS = ["group:default/rnd", "group:guilds/guild-web"]
PAUSE = 0.02


@pytest.fixture
def service(backstage: Backstage, tmp_path: Path) -> Iterator[Beside]:
    """A service that remembers what the catalog said for a second only."""
    catalog = {"token": CATALOG_TOKEN, "cacheTtl": "1s"}
    with beside(backstage, tmp_path, free_port(), catalog=catalog) as started:
        yield started


@contextmanager
def sending(service: Beside, token: str) -> Iterator[list[int]]:
    """Send events inside the `with`, one after the other; yields the status of each answer."""
    stop, statuses = Event(), list[int]()

    def send() -> None:
        # A session of its own: the one of the service is not for several threads.
        sender = Beside(service.process, service.admin)
        while not stop.wait(PAUSE):
            statuses.append(sender.post(token, visit(f"load-{len(statuses)}", "svc-0")).status_code)

    with ThreadPoolExecutor(1) as pool:
        running = pool.submit(send)
        try:
            yield statuses
        finally:
            stop.set()
            running.result()


def kid(token: str) -> str:
    found: str = json.loads(urlsafe_b64decode(token.split(".", maxsplit=1)[0] + "=="))["kid"]
    return found


def arrived(service: Beside, token: str, id_: str, entity: str) -> dict[str, Any]:
    """Send one view, and return what is stored of it."""
    assert service.post(token, visit(id_, entity)).ok
    (event,) = service.stored(1, id_)
    return event


def test_while_backstage_is_down_nothing_is_refused_or_lost_and_afterwards_all_is_looked_up_again(
    backstage: Backstage, service: Beside
) -> None:
    token = backstage.sign_in(USER)
    before = arrived(service, token, "before", "svc-0")
    assert (before["groups"], before["notes"]) == (GROUPS, [])
    with sending(service, token) as statuses:
        assert eventually(lambda: len(statuses) > 20)
        backstage.kill()
        sent = len(statuses)
        unknown = arrived(service, token, "during-new", "svc-4")
        known = arrived(service, token, "during-known", "svc-0")
        assert eventually(lambda: len(statuses) > sent + 20)
        backstage.start()
        looks = count()
        # For some seconds a catalog that failed is left alone.
        assert eventually(lambda: not arrived(service, token, f"look-{next(looks)}", "svc-4")["notes"], seconds=20)
        after = arrived(service, token, "after", "svc-6")
    # What was known is better than nothing, and what was not is noted.
    assert (known["entityMetadata"], known["groups"], known["notes"]) == (before["entityMetadata"], GROUPS, [])
    assert (unknown["entityMetadata"], unknown["groups"]) == ({}, GROUPS)
    assert unknown["notes"] == ["catalog_unavailable"]
    assert (after["entityMetadata"]["spec.type"], after["groups"], after["notes"]) == ("service", GROUPS, [])
    print(f"{len(statuses)} events")  # noqa: T201 - for the README
    assert set(statuses) <= {200, 202}
    stored = service.stored(len(statuses), "load-")
    assert sorted(event["id"] for event in stored) == sorted(f"load-{number}" for number in range(len(statuses)))


def test_a_new_signing_key_is_learnt_and_tokens_of_the_old_one_stay_good(backstage: Backstage, service: Beside) -> None:
    old = backstage.sign_in(USER)
    assert service.post(old, visit("old-0")).ok
    backstage.kill()
    backstage.start()  # makes a new key when it first signs
    new = backstage.sign_in(USER)
    assert kid(new) != kid(old)
    assert {kid(new), kid(old)} <= backstage.keys()
    for number, token in enumerate((new, old, backstage.sign_in("user:default/guest"))):
        assert service.post(token, visit(f"new-{number}")).ok
    assert [event["user"] for event in service.stored(3, "new-")] == [USER, USER, "user:default/guest"]


def test_a_service_that_starts_while_backstage_is_down_takes_events_as_soon_as_it_is_there(
    backstage: Backstage, tmp_path: Path
) -> None:
    token = backstage.sign_in(USER)
    backstage.kill()
    with beside(backstage, tmp_path, free_port()) as service:
        refused = service.post(token, visit("early", "svc-0"))
        assert (refused.status_code, refused.json()["error"]["code"]) == (503, "unavailable")
        assert int(refused.headers["Retry-After"]) > 0
        backstage.start()
        assert arrived(service, token, "early", "svc-0")["user"] == USER

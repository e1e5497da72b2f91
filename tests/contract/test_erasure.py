"""A person is erased: from the warehouse, from its files, and over HTTP from everything that a service keeps."""

import json
import logging
from contextlib import closing
from pathlib import Path
from random import Random
from typing import Any
from urllib.parse import quote

import pytest
from hypothesis import strategies as st

from insights_backend.access import SCOPES
from insights_backend.delivery.destination import Batch
from insights_backend.delivery.dispatcher import Dispatcher
from insights_backend.delivery.outbox import Outbox
from insights_backend.enrichment.pseudonyms import Pseudonyms
from insights_backend.model.person import ERASED, Erased, Person
from insights_backend.reports.all_reports import REPORTS
from insights_backend.reports.query import ReportQuery
from insights_backend.settings.values import DashboardSettings, Secret, UploadSettings
from insights_backend.warehouse import erasing, migrations
from insights_backend.warehouse.engine import Engine
from insights_backend.warehouse.events import EventStore
from tests.app import BASE, SALT, VISIT, Make, Service, error
from tests.fakes import Clock
from tests.files import contents
from tests.process import eventually
from tests.questions import asked, law, moments, queries, stored
from tests.records import lines, record
from tests.unit.test_person import ABOUT_JANE, JANE, JOHN, NOT_ABOUT_JANE, PERSON

PSEUDONYM = Pseudonyms(SALT.reveal().encode()).user("user:default/jane")
OTHER = "u_k3vq_" + "c" * 32

texts = st.sampled_from(["/", f"/catalog/default/user/{JANE}/x", JANE, JOHN, f"{JOHN} {JANE}", "'%s{x:String}\\"])
refs = st.sampled_from([None, JANE, JOHN, "component:default/x"])
records = st.builds(
    record,
    time=moments,
    user=st.sampled_from([None, JANE, JOHN, "u_k3vq_" + "c" * 32]),
    subject=texts,
    attributes=st.dictionaries(st.sampled_from(["to", "name"]), texts),
    userMetadata=st.just({}) | refs.map(lambda ref: {"spec.manager": ref}),
    sessionId=st.sampled_from([None, "s_1", "s_2"]),
    groups=st.lists(st.sampled_from(["group:default/x", "group:default/y"]), unique=True),
    action=st.sampled_from(["navigate", "search", "discover"]),
    view=st.booleans(),
    entity=refs,
    entityMetadata=st.just({}) | refs.map(lambda ref: {"kind": "Component", "spec.owner": ref}),
    target=refs,
)


def without(person: str, events: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """The events as they would be, had the person never been there, whom nobody's events can name."""
    others = [event for event in events if event["user"] != person]
    blanked: list[dict[str, Any]] = json.loads(json.dumps(others).replace(person, ERASED))
    return blanked


def answers(engine: Engine, query: ReportQuery) -> dict[str, Any]:
    return {name: report(asked(engine), query) for name, report in REPORTS.items()}


@law(2, events=st.lists(records, min_size=1, max_size=40), query=queries())
def test_afterwards_every_report_is_as_if_the_person_had_never_been_there(
    either_engine: Engine, events: list[dict[str, Any]], query: ReportQuery
) -> None:
    numbered = stored(either_engine, events)
    theirs = sum(event["user"] == JANE for event in numbered)
    named = sum(JANE in json.dumps(event) for event in numbered if event["user"] != JANE)
    assert erasing.erase(either_engine, Person(JANE)) == Erased(theirs, named)
    found = answers(either_engine, query), shown(either_engine)
    assert erasing.erase(either_engine, Person(JANE)) == Erased()
    stored(either_engine, without(JANE, numbered))
    assert found == (answers(either_engine, query), shown(either_engine))


def shown(engine: Engine) -> list[Any]:
    columns = "time, user, subject, attributes, userMetadata, entity, entityMetadata, entityOwner, page, target"
    events = engine.rows(f"SELECT {columns} FROM events ORDER BY ALL", {})  # noqa: S608 - ours
    return [*events, *engine.rows("SELECT time, userKey, action, term, template FROM steps ORDER BY ALL", {})]


def test_the_engine_blanks_the_same_names_as_the_outbox(either_engine: Engine) -> None:
    events = stored(either_engine, [record(subject=text) for text in (*ABOUT_JANE, *NOT_ABOUT_JANE)])
    kept, erased = PERSON.taken_out_of(lines(*events))
    assert EventStore(either_engine).erase(PERSON) == erased == Erased(0, len(ABOUT_JANE))
    by_id = {row["id"]: row["subject"] for row in either_engine.rows("SELECT id, subject FROM events", {})}
    assert by_id == {event["id"]: event["subject"] for event in map(json.loads, kept.splitlines())}


def test_no_file_of_the_embedded_engine_holds_the_name_any_more(engine: Engine, warehouse_dsn: str) -> None:
    store, other = EventStore(engine), PSEUDONYM[::-1]
    # Alone in a batch, an event is too short to be compressed.
    for event in (record(id="1", user=PSEUDONYM), record(id="2", user=other, subject=f"/user/{PSEUDONYM}")):
        store.deliver(Batch.of(event["id"], 1, 1, lines(event)))
    directory = Path(warehouse_dsn.removeprefix("chdb:///"))
    assert files_with(PSEUDONYM, directory)
    assert store.erase(Person(PSEUDONYM)) == Erased(1, 1)
    assert eventually(lambda: not files_with(PSEUDONYM, directory), seconds=5)
    assert files_with(other, directory)


def files_with(name: str, directory: Path) -> list[Path]:
    return [path for path, content in contents(directory) if name.encode() in content]


@pytest.mark.parametrize("full", ["event_ids", "views"])
def test_who_is_erased_while_a_half_stored_batch_cannot_be_delivered_is_gone_and_the_others_count_once(
    either_engine: Engine, tmp_path: Path, full: str
) -> None:
    store = EventStore(either_engine)
    with closing(Outbox(tmp_path, max_bytes=10**7, clock=Clock())) as outbox:
        dispatcher = Dispatcher(outbox=outbox, destination=store, monotonic=Clock(), random=Random(1))  # noqa: S311 - spreads retries
        for number in range(3):
            request = [record(id=f"{name}-{number}", user=name, view=True) for name in (JANE, OTHER)]
            outbox.append(lines(*request, record(id=f"named-{number}", target=JANE)), events=3, received_at=0)
        either_engine.rows(f"ALTER TABLE {full} ADD CONSTRAINT full CHECK 0", {})
        try:
            dispatcher.drain()
            outbox.append(lines(record(id="later", user=JANE), record(id="last")), events=2, received_at=0)
            dispatcher.erase(Person(JANE))
            store.erase(Person(JANE))
        finally:
            either_engine.rows(f"ALTER TABLE {full} DROP CONSTRAINT full", {})
        assert outbox.backlog().requests
        for _ in ("the batch", "what came later"):
            dispatcher.drain()
        assert outbox.backlog().requests == 0
    left = [f"{name}-{number}" for name in ("named", OTHER) for number in range(3)]
    assert sorted(row["id"] for row in store.read(0, 2**41)) == sorted([*left, "last"])
    counted = "SELECT (SELECT sum(events) FROM presence) AS presence, (SELECT count() FROM views) AS views"
    assert either_engine.rows(counted, {}) == [{"presence": 7, "views": 3}]


def test_every_table_that_knows_of_people_is_searched_and_forgets_in_time(engine: Engine) -> None:
    tables = engine.rows("SELECT table FROM system.columns WHERE name = 'userKey' AND database = currentDatabase()", {})
    known = {row["table"] for row in tables} - {f"{table}_of_events" for table in erasing.TEXTS}
    assert known == set(erasing.TEXTS) == set(migrations._FORGOTTEN)


# Over HTTP

PAGE = {**VISIT, "subject": "/catalog/default/user/jane", "attributes": {}}


def erase(service: Service, ref: str = "user:default/jane", **how: Any) -> Any:
    return service.client.delete(f"{BASE}/users/{quote(ref, safe='')}", **how)


def test_a_person_is_erased_by_name_from_the_warehouse_and_from_the_events_of_others(service: Service) -> None:
    service.post({"events": [{**VISIT, "id": "1"}, {**VISIT, "subject": "/docs"}]})
    service.post({"events": [PAGE, VISIT]}, user="user:corp/john")
    answer = erase(service)
    assert (answer.status_code, answer.json) == (200, {"erased": 2, "mentions": 1, "pseudonym": PSEUDONYM})
    left = service.export()
    assert PSEUDONYM not in json.dumps(left)
    assert [event["entity"] for event in left if event["subject"] != VISIT["subject"]] == [ERASED]
    assert service.get("/reports/summary").json["rows"][0]["events"] == 2
    # A resend of what was erased stays away, a new event is new.
    assert service.post({**VISIT, "id": "1"}).json["duplicates"] == 1
    service.post({**VISIT, "id": "2"})
    assert [event["id"] for event in service.export() if event["user"] == PSEUDONYM] == ["2"]


def test_clear_identities_are_erased_as_well(make: Make) -> None:
    service = make(identities="clear")
    service.post(VISIT)
    service.post(PAGE, user="user:corp/john")
    assert erase(service).json == {"erased": 1, "mentions": 1, "pseudonym": PSEUDONYM}
    assert "jane" not in json.dumps(service.export())


def test_erasing_needs_the_scope_admin_and_no_log_names_the_person(
    make: Make, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    service = make(dashboard=DashboardSettings(access="token"))
    headers = {
        scope: {"Authorization": f"Bearer {service.insights.tokens.create(f'{scope}-1', scope)}"} for scope in SCOPES
    }
    assert error(erase(service)) == (401, "unauthenticated")
    assert error(erase(service, headers=headers["view"])) == (403, "forbidden")
    assert error(erase(service, headers=headers["upload"])) == (403, "forbidden")
    assert error(erase(service, "component:default/jane", headers=headers["admin"])) == (400, "invalid_entity_ref")
    assert error(service.get(f"/users/{quote('user:default/jane', safe='')}/export")) == (401, "unauthenticated")
    exported = service.get(f"/users/{quote('user:default/jane', safe='')}/export", headers=headers["view"])
    assert error(exported) == (403, "forbidden")
    exported = service.get(f"/users/{quote('component:default/x', safe='')}/export", headers=headers["admin"])
    assert error(exported) == (400, "invalid_entity_ref")
    assert erase(service, headers=headers["admin"]).json["erased"] == 0
    audit = (tmp_path / "var" / "audit.log").read_text()
    assert {json.loads(entry)["by"] for entry in audit.splitlines()} == {"admin-1"}
    assert "jane" not in caplog.text + audit
    assert PSEUDONYM not in caplog.text + audit


UPLOAD = UploadSettings(url="https://collector.example.com", token=Secret("token"), retries=0, deadline=0.1)


def test_a_service_that_uploads_erases_what_waits_and_says_how_the_collector_knows_the_person(
    make: Make, tmp_path: Path
) -> None:
    service = make(upload=UPLOAD, roles=("backend",))
    row = lines(record(user=PSEUDONYM), record(user=JOHN, target=PSEUDONYM))
    service.backend.outbox.append(row, events=2, received_at=0)
    about = service.get(f"/users/{PSEUDONYM}/export").text.splitlines()
    assert [(json.loads(line)["storedIn"], json.loads(line)["user"]) for line in about] == [
        ("outbox", PSEUDONYM), ("outbox", None),
    ]  # fmt: skip
    assert erase(service).json == {"erased": 1, "mentions": 1, "pseudonym": PSEUDONYM}
    assert service.backend.outbox.backlog().events == 1
    assert not any(PSEUDONYM.encode() in path.read_bytes() for path in (tmp_path / "var").iterdir())


def test_a_collector_without_a_salt_takes_pseudonyms_alone_and_makes_no_salt(make: Make, tmp_path: Path) -> None:
    service = make(roles=("collector",), salt=None)
    assert error(erase(service)) == (400, "invalid_entity_ref")
    assert erase(service, PSEUDONYM).json == {"erased": 0, "mentions": 0, "pseudonym": PSEUDONYM}
    assert not (tmp_path / "var" / "salt").exists()

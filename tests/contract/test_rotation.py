"""Another salt: people stay people, and are found under every name that they had."""

import json
from collections import Counter
from datetime import date
from pathlib import Path
from typing import Any
from urllib.parse import quote
from uuid import uuid4

from click.testing import CliRunner

from insights_backend.cli import main
from insights_backend.delivery.destination import Batch
from insights_backend.enrichment.pseudonyms import Pseudonyms
from insights_backend.reports.all_reports import REPORTS
from insights_backend.reports.query import ReportQuery
from insights_backend.settings.values import Secret
from insights_backend.warehouse.carrying import carry_over
from insights_backend.warehouse.engine import Engine
from insights_backend.warehouse.events import EventStore
from tests.app import BASE, SALT, VISIT, Make, Service
from tests.contract.test_half_stored import filled
from tests.questions import asked
from tests.records import lines, record
from tests.tables import KEPT_DAYS, empty

NEW = Secret("another salt of thirty-two bytes, or more")
OLD_NAMES = Pseudonyms(SALT.reveal().encode())
NAMES = Pseudonyms(NEW.reveal().encode(), [SALT.reveal().encode()])
WAS, IS = OLD_NAMES.user("jane"), NAMES.user("jane")
PAGE = {**VISIT, "subject": "/catalog/default/user/jane", "attributes": {}}


def carried(engine: Engine) -> int:
    assert NAMES.previous_pattern
    return carry_over(engine, NAMES.previous_pattern, NAMES.user, "pepper")


def test_every_report_and_every_event_is_as_if_the_salt_had_always_been_the_new_one(engine: Engine) -> None:
    john, repository, derived = (
        OLD_NAMES.user("user:corp/john"),
        OLD_NAMES.opaque("acme/web"),
        "0123456789abcdef01234567",
    )
    events = [
        record(id=derived, user=WAS, view=True, sessionId="s_1"),
        record(id="2", user=WAS, time="2026-10-01T10:00:00.000Z", action="search", subject=f"who is {john}"),
        record(id="3", user=john, subject=f"/catalog/default/user/{WAS}", entity=WAS, attributes={"repo": repository}),
        record(id="4", user=john, target=WAS, entityMetadata={"spec.owner": WAS}, userMetadata={"spec.x": WAS}),
        record(id=derived[::-1], user=NAMES.user("user:corp/john"), groups=["group:default/a"]),
        record(id="6", user=None),
    ]
    deliver(engine, *events)
    assert carried(engine) == 2
    ids = {row["id"] for row in engine.rows("SELECT id FROM events", {})}
    assert ids - {"2", "3", "4", "6", derived[::-1]} != {derived}  # one that was derived under the old salt tells of it
    assert len(ids) == len(events)
    found = everything(engine)
    assert carried(engine) == 0
    text = json.dumps(events)
    for name in (WAS, john, repository):
        text = text.replace(name, NAMES.user(name))
    empty(engine)
    deliver(engine, *({**event, "id": f"again-{number}"} for number, event in enumerate(json.loads(text))))
    assert everything(engine) == found


def everything(engine: Engine) -> list[object]:
    """The answer of every report, and the events themselves."""
    query = ReportQuery(first=date(2026, 9, 1), last=date(2026, 11, 30), filters={})
    events = engine.rows("SELECT * EXCEPT id, userKey, entityOwner FROM events ORDER BY ALL", {})
    return [events, *(report(asked(engine), query) for report in REPORTS.values())]


def deliver(engine: Engine, *events: dict[str, Any]) -> None:
    EventStore(engine).deliver(Batch.of(str(uuid4()), 1, len(events), lines(*events)))


def rotated(make: Make, directory: Path) -> Service:
    """A service with an event of before the salt was changed, which is not carried over, and one of now."""
    before = make(data_dir=directory)
    before.post([VISIT, PAGE])
    before.insights.close()
    now = make(data_dir=directory, salt=NEW, previous_salts=(SALT,))
    now.post({"events": [VISIT]})
    now.post({"events": [PAGE]}, user="user:corp/john")
    return now


def test_a_person_is_exported_and_erased_under_every_name(make: Make, tmp_path: Path) -> None:
    service = rotated(make, tmp_path / "both")
    path = f"{BASE}/users/{quote('user:default/jane', safe='')}"
    lines_about = service.client.get(f"{path}/export").text.splitlines()
    about = Counter((event["user"], event["isMention"]) for event in map(json.loads, lines_about))
    assert about == {(WAS, False): 2, (IS, False): 1, (None, True): 1}
    assert service.client.delete(path).json == {"erased": 3, "mentions": 1, "pseudonym": IS}
    assert not {WAS, IS} & {event["user"] for event in service.export()}
    assert service.client.get(f"{path}/export").text == ""


def configured(make: Make, directory: Path, dsn: str, *more: str) -> list[str]:
    """Write the configuration of a service that makes its salt itself, and return how a command is told of it."""
    make(data_dir=directory / "var").insights.close()
    file = directory / "app-config.yaml"
    file.write_text(
        "\n  ".join([
            "backstageInsights:",
            f"dataDir: {directory / 'var'}",
            "auth: {mode: none}",
            f"catalog: {{file: {directory / 'org.yaml'}}}",
            f"warehouse: {{dsn: '{dsn}', retentionDays: {KEPT_DAYS}}}",
            *more,
        ])
    )  # fmt: skip
    return ["--config", str(file)]


def test_the_command_makes_another_salt_and_active_users_stay_people(
    make: Make, tmp_path: Path, warehouse_dsn: str
) -> None:
    config = configured(make, tmp_path, warehouse_dsn)
    before = make(salt=None)
    before.post(VISIT)
    (was,) = {event["user"] for event in before.export()}
    before.backend.outbox.append(lines(record(id="waits", user=was)), events=1, received_at=0)
    before.insights.close()
    done = CliRunner().invoke(main, [*config, "rotate-salt"])
    assert (done.exit_code, done.output) == (0, "1 people carried over to the salt of now\n")
    after = make(salt=None)
    after.post({**VISIT, "id": "later"})
    assert after.get("/reports/summary").json["rows"][0]["activeUsers"] == 1
    assert [len(after.export()), len({event["user"] for event in after.export()})] == [3, 1]
    assert not any(was.encode() in path.read_bytes() for path in (tmp_path / "var").iterdir() if path.is_file())
    assert sorted(path.name for path in (tmp_path / "var").glob("salt*")) == ["salt", "salt.1"]


def test_what_the_warehouse_has_taken_half_of_arrives_before_the_salt_is_replaced(
    make: Make, tmp_path: Path, warehouse_dsn: str, engine: Engine
) -> None:
    config, salt = configured(make, tmp_path, warehouse_dsn), tmp_path / "var" / "salt"
    before = make(salt=None)
    with filled(engine, "event_ids"):
        before.post([VISIT, PAGE])
        was = salt.read_bytes()
        before.insights.close()
        refused = CliRunner().invoke(main, [*config, "rotate-salt"])
        assert refused.exit_code == 1
        assert "what waits in the outbox must arrive first, and cannot: the warehouse refused" in refused.output
        assert salt.read_bytes() == was
    done = CliRunner().invoke(main, [*config, "rotate-salt"])
    assert (done.exit_code, done.output) == (0, "1 people carried over to the salt of now\n")
    after = make(salt=None)
    assert after.backend.outbox.backlog().requests == 0
    (row,) = after.get("/reports/summary").json["rows"]
    assert (row["activeUsers"], row["events"]) == (1, 2)


def test_the_command_leaves_a_configured_salt_to_the_configuration(
    make: Make, tmp_path: Path, warehouse_dsn: str
) -> None:
    config = configured(make, tmp_path, warehouse_dsn, f"salt: {SALT.reveal()}")
    refused = CliRunner().invoke(main, [*config, "rotate-salt"])
    assert refused.exit_code == 1
    assert "previousSalts" in refused.output

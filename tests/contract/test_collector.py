"""The collector from the outside: real tokens, the real engine, and batches as an uploader sends them."""

import gzip
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import orjson
import pytest
from flask import Flask

from insights_backend.access import TokenStore
from insights_backend.collector import Collector
from insights_backend.settings.values import DashboardAccess
from insights_backend.warehouse.engine import Engine
from insights_backend.warehouse.events import EventStore
from insights_backend.warehouse.total_users import TotalUsersRecord
from insights_backend.web.collector import create_collector
from insights_backend.web.problems import register_problems
from tests.fakes import Clock
from tests.records import record

FOREVER = 2**43
PATH = "/api/backstage-insights/v1/batches"


class Receiver:
    """A service that collects; a second one on the same engine and directory is the first one restarted."""

    def __init__(self, engine: Engine, directory: Path, access: DashboardAccess, per_minute: int | None) -> None:
        self.clock = Clock()
        self.tokens = TokenStore(directory / "tokens.sqlite3", self.clock, _randomness())
        self.store = EventStore(engine)
        site = create_collector(
            Collector(self.store, TotalUsersRecord(engine)),
            tokens=self.tokens,
            access=access,
            events_per_minute=per_minute,
            monotonic=self.clock,
        )
        app = Flask("collector")
        register_problems(app)
        app.register_blueprint(site, url_prefix="/api/backstage-insights")
        self.client = app.test_client()

    def post(self, events: Any, token: str | None, key: str | None = "b1", **how: Any) -> Any:
        """Send a batch as an uploader does: gzipped."""
        headers = {"Content-Type": "application/json", "Content-Encoding": "gzip"}
        if token is not None:
            headers["Authorization"] = f"Bearer {token}"
        if key is not None:
            headers["Idempotency-Key"] = key
        headers.update(how.pop("headers", {}))
        data = how.pop("data", None) or gzip.compress(json.dumps({"events": events}).encode())
        return self.client.post(PATH, data=data, headers=headers, **how)

    def stored(self) -> list[dict[str, Any]]:
        rows = [orjson.loads(orjson.dumps(row)) for row in self.store.read(0, FOREVER)]
        return sorted(rows, key=lambda row: (row["instance"], row["id"]))


def _randomness() -> Callable[[int], bytes]:
    numbers = iter(range(1, 100))
    return lambda count: bytes([next(numbers)]) * count


def ids(receiver: Receiver) -> list[tuple[str, str]]:
    return [(row["instance"], row["id"]) for row in receiver.stored()]


def error(answer: Any) -> tuple[int, str]:
    body: dict[str, Any] = answer.json
    assert sorted(body["error"]) == ["code", "message"]
    return answer.status_code, body["error"]["code"]


Make = Callable[..., Receiver]


@pytest.fixture
def make(engine: Engine, tmp_path: Path) -> Make:
    def build(access: DashboardAccess = "token", per_minute: int | None = None) -> Receiver:
        return Receiver(engine, tmp_path, access, per_minute)

    return build


@pytest.fixture
def receiver(make: Make) -> Receiver:
    return make()


@pytest.fixture
def token(receiver: Receiver) -> str:
    return receiver.tokens.create("portal-a", "upload")


# Storing


def test_a_batch_is_stored_as_it_was_sent_under_the_name_of_its_token(receiver: Receiver, token: str) -> None:
    whole = record(
        id="q\"uo'te\x00",
        subject="größe 日本\x00",
        value=2,
        attributes={"a": [1, {"b": None}]},
        user="u_1",
        groups=["group:default/a"],
        entityMetadata={"spec.owner": "group:default/a"},
        view=True,
        notes=["entity_not_found"],
        instance="somebody-else",
    )
    answer = receiver.post([whole, record(id="2", unknown={"x": 1})], token)
    assert (answer.status_code, answer.json) == (200, {"accepted": 2})
    assert receiver.stored() == [record(id="2", instance="portal-a"), {**whole, "instance": "portal-a"}]


def test_an_event_with_nothing_but_the_necessary_is_stored(receiver: Receiver, token: str) -> None:
    plain = record()
    receiver.post([{name: plain[name] for name in ("id", "time", "receivedAt", "action")}], token)
    assert receiver.stored() == [
        record(subject="", pluginId="", environment="", instance="portal-a"),
    ]


def test_a_plain_body_is_taken_as_well(receiver: Receiver, token: str) -> None:
    data = json.dumps({"events": [record()]})
    assert receiver.post(None, token, data=data, headers={"Content-Encoding": "identity"}).json == {"accepted": 1}


def test_an_empty_batch_is_accepted(receiver: Receiver, token: str) -> None:
    assert receiver.post([], token).json == {"accepted": 0}


def test_a_batch_that_comes_again_is_stored_once_and_answered_the_same_also_after_a_restart(
    make: Make, receiver: Receiver, token: str, engine: Engine
) -> None:
    events = [record(id="1"), record(id="2"), record(id="2")]
    answers = [receiver.post(events, token).json for _ in range(2)]
    engine.close()
    answers.append(make().post(events, token).json)
    assert answers == [{"accepted": 3}] * 3
    assert ids(receiver) == [("portal-a", "1"), ("portal-a", "2")]


def test_an_event_that_comes_in_two_batches_is_stored_once(receiver: Receiver, token: str) -> None:
    receiver.post([record(id="1")], token, "b1")
    assert receiver.post([record(id="1"), record(id="2")], token, "b2").json == {"accepted": 2}
    assert ids(receiver) == [("portal-a", "1"), ("portal-a", "2")]


def test_the_same_batch_of_two_instances_is_two(receiver: Receiver, token: str) -> None:
    other = receiver.tokens.create("portal-b", "upload")
    for sender in (token, other, token, other):
        assert receiver.post([record(id="1")], sender).json == {"accepted": 1}
    assert ids(receiver) == [("portal-a", "1"), ("portal-b", "1")]


def test_a_batch_of_which_one_event_is_invalid_is_refused_as_a_whole(receiver: Receiver, token: str) -> None:
    answer = receiver.post([record(id="1"), record(id="2", action=7), 5], token)
    assert answer.status_code == 422
    assert answer.json == {
        "accepted": 0,
        "rejected": [
            {"index": 1, "errors": {"action": ["must be a string of 1 to 32768 characters"]}},
            {"index": 2, "errors": {"_schema": ["must be an object"]}},
        ],
    }
    assert receiver.stored() == []
    # The rest of it may come under the same id, when the poison has been taken out.
    assert receiver.post([record(id="1")], token).json == {"accepted": 1}
    assert ids(receiver) == [("portal-a", "1")]


def test_a_batch_that_lies_in_as_many_months_as_may_be_is_stored(receiver: Receiver, token: str) -> None:
    times = [f"{2000 + n // 12}-{n % 12 + 1:02d}-01T00:00:00.000Z" for n in range(101)]
    events = [record(id=str(n), time=time) for n, time in enumerate(times)]
    assert receiver.post(events, token).status_code == 422
    assert receiver.post(events[:-1], token).json == {"accepted": 100}
    assert len(receiver.stored()) == 100


def test_a_batch_that_the_warehouse_cannot_take_now_is_to_be_sent_again(
    receiver: Receiver, token: str, engine: Engine
) -> None:
    engine.rows("RENAME TABLE events TO away", {})
    try:
        answer = receiver.post([record()], token)
    finally:
        engine.rows("RENAME TABLE away TO events", {})
    assert error(answer) == (503, "delivery_failed")
    assert int(answer.headers["Retry-After"]) > 0
    assert receiver.post([record()], token).json == {"accepted": 1}
    assert len(receiver.stored()) == 1


# How many people there are

TOLD = {"number": 5, "asOf": "2026-11-23T10:00:00.000Z", "environment": "production"}


def body(*events: Any, told: Any = TOLD) -> bytes:
    return packed(json.dumps({"events": events, "totalUsers": told}).encode())


def totals(engine: Engine) -> list[tuple[str, str, int]]:
    rows = engine.rows("SELECT * FROM total_users FINAL ORDER BY instance, environment", {})
    return [(row["instance"], row["environment"], row["total"]) for row in rows]


def test_a_number_of_people_that_comes_along_is_recorded_for_the_instance(
    receiver: Receiver, token: str, engine: Engine
) -> None:
    later = {**TOLD, "number": 6, "asOf": "2026-11-23T11:00:00.000Z"}
    for key, told in (("b1", TOLD), ("b2", later), ("b3", TOLD), ("b4", None)):
        assert receiver.post(None, token, key, data=body(told=told)).json == {"accepted": 0}
    other = receiver.tokens.create("portal-b", "upload")
    data = body(record(), told={**TOLD, "number": 70, "instance": "portal-a", "environment": "it's %s"})
    assert receiver.post(None, other, data=data).json == {"accepted": 1}
    assert totals(engine) == [("portal-a", "production", 6), ("portal-b", "it's %s", 70)]


@pytest.mark.parametrize("told", [5, {}, {**TOLD, "number": -1}, {**TOLD, "asOf": "now"}])
def test_a_batch_with_a_number_that_is_none_is_refused_whole(
    receiver: Receiver, token: str, engine: Engine, told: Any
) -> None:
    answer = receiver.post(None, token, data=body(record(), told=told))
    assert error(answer) == (400, "malformed_json")
    assert answer.json["error"]["message"].startswith("totalUsers.")
    assert (receiver.stored(), totals(engine)) == ([], [])


def test_a_refused_batch_records_no_number(receiver: Receiver, token: str, engine: Engine) -> None:
    assert receiver.post(None, token, data=body({})).status_code == 422
    assert totals(engine) == []


def test_a_number_that_cannot_be_recorded_now_is_no_reason_to_refuse_the_events(
    receiver: Receiver, token: str, engine: Engine, caplog: pytest.LogCaptureFixture
) -> None:
    engine.rows("RENAME TABLE total_users TO away", {})
    try:
        answer = receiver.post(None, token, data=body(record()))
    finally:
        engine.rows("RENAME TABLE away TO total_users", {})
    assert (answer.json, ids(receiver)) == ({"accepted": 1}, [("portal-a", "1")])
    assert "the total users of portal-a could not be recorded" in caplog.text


def test_a_number_costs_as_much_of_the_rate_as_an_event(make: Make) -> None:
    receiver = make(per_minute=2)
    token = receiver.tokens.create("portal-a", "upload")
    assert [receiver.post(None, token, data=body()).status_code for _ in range(3)] == [200, 200, 429]


# Refusing


@pytest.mark.parametrize("key", [None, "", "a b", "a/b", "a:b", "é", "x" * 129])
def test_a_batch_needs_an_id(receiver: Receiver, token: str, key: str | None) -> None:
    answer = receiver.post([record()], token, key)
    assert error(answer) == (400, "invalid_parameter")
    assert "Idempotency-Key" in answer.json["error"]["message"]
    assert receiver.stored() == []


@pytest.mark.parametrize("key", ["0", "._-", "x" * 128])
def test_an_id_has_one_to_128_characters(receiver: Receiver, token: str, key: str) -> None:
    assert receiver.post([record()], token, key).status_code == 200


def packed(data: bytes) -> bytes:
    """Compress without the time of day: the tests' names are made of these bytes, and must stay the same."""
    return gzip.compress(data, mtime=0)


@pytest.mark.parametrize(
    ("data", "headers", "expected"),
    [
        (packed(b"{"), {}, (400, "malformed_json")),
        (packed(b"[]"), {}, (400, "malformed_json")),
        (packed(b"{}"), {}, (400, "malformed_json")),
        (packed(b'{"events": 1}'), {}, (400, "malformed_json")),
        (packed(b'{"events": [' + b"[" * 5000), {}, (400, "malformed_json")),
        (packed(b'{"events": [{"value": 1e999}]}'), {}, (400, "malformed_json")),
        (packed(b'{"events": ["\xff"]}'), {}, (400, "malformed_json")),
        (packed(b'{"events": []}')[:-4], {}, (400, "malformed_json")),
        (packed(b'{"events": []}') + b"x", {}, (400, "malformed_json")),
        (b'{"events": []}', {}, (400, "malformed_json")),
        (b'{"events": []}', {"Content-Encoding": "br"}, (415, "unsupported_media_type")),
        (packed(b'{"events": []}'), {"Content-Type": "text/csv"}, (415, "unsupported_media_type")),
        (packed(b'{"events": [' + b"0," * 20_000 + b"0]}"), {}, (413, "payload_too_large")),
    ],
)
def test_a_hostile_body_is_refused(
    receiver: Receiver, token: str, data: bytes, headers: dict[str, str], expected: tuple[int, str]
) -> None:
    assert error(receiver.post(None, token, data=data, headers=headers)) == expected


def test_a_batch_that_is_too_large_is_told_the_limit_of_batches(receiver: Receiver, token: str) -> None:
    answer = receiver.post(None, token, data=gzip.compress(b" " * (64 * 1024**2 + 1), 1))
    assert error(answer) == (413, "payload_too_large")
    assert answer.json["error"]["message"] == "the batch is larger than 67108864 bytes; send it in parts"


# Who may send


def test_who_has_no_token_for_uploads_is_refused_before_anything_is_read(receiver: Receiver, token: str) -> None:
    receiver.tokens.revoke("portal-a")
    for sender in (None, "x", token):
        answer = receiver.post(None, sender, data=b"rubbish", key=None)
        assert error(answer) == (401, "unauthenticated")
        assert answer.headers["WWW-Authenticate"] == "Bearer"


@pytest.mark.parametrize("scope", ["view", "admin"])
def test_a_token_of_another_scope_is_refused(receiver: Receiver, scope: Any) -> None:
    other = receiver.tokens.create("reader", scope)
    assert error(receiver.post([record()], other)) == (403, "forbidden")
    assert receiver.stored() == []


def test_where_access_is_open_who_has_no_token_is_local_and_a_token_still_names_its_instance(make: Make) -> None:
    receiver = make(access="open")
    named = receiver.tokens.create("portal-a", "upload")
    assert receiver.post([record()], None).json == {"accepted": 1}
    assert receiver.post([record()], named).json == {"accepted": 1}
    assert error(receiver.post([record()], "wrong")) == (401, "unauthenticated")
    assert ids(receiver) == [("local", "1"), ("portal-a", "1")]


# How much they may send


def batch_of(count: int, start: int = 0) -> list[dict[str, Any]]:
    return [record(id=str(n)) for n in range(start, start + count)]


def test_who_is_over_the_rate_waits_as_long_as_retry_after_says(make: Make) -> None:
    receiver = make(per_minute=60)
    token = receiver.tokens.create("portal-a", "upload")
    assert receiver.post(batch_of(59), token, "b1").status_code == 200
    assert receiver.post(batch_of(4, 59), token, "b2").status_code == 200  # taken whole: three events of debt
    refused = receiver.post(batch_of(1, 63), token, "b3")
    assert error(refused) == (429, "rate_limited")
    assert refused.headers["Retry-After"] == "4"
    receiver.clock.now += 3
    assert receiver.post(batch_of(1, 63), token, "b3").headers["Retry-After"] == "1"
    receiver.clock.now += 1
    assert receiver.post(batch_of(1, 63), token, "b3").json == {"accepted": 1}
    assert len(receiver.stored()) == 64


def test_the_rate_of_one_instance_is_not_that_of_another(make: Make) -> None:
    receiver = make(per_minute=1)
    first, second = (receiver.tokens.create(name, "upload") for name in ("portal-a", "portal-b"))
    receiver.post(batch_of(2), first)
    assert receiver.post(batch_of(2), first).status_code == 429
    assert receiver.post(batch_of(2), second).status_code == 200


def test_a_quiet_hour_saves_up_no_more_than_a_minute(make: Make) -> None:
    receiver = make(per_minute=60)
    token = receiver.tokens.create("portal-a", "upload")
    receiver.post(batch_of(1), token, "b1")
    receiver.clock.now += 3600
    assert receiver.post(batch_of(90, 1), token, "b2").status_code == 200
    assert receiver.post(batch_of(1, 91), token, "b3").headers["Retry-After"] == "31"


def test_a_refused_batch_counts_and_one_that_could_not_be_stored_does_not(make: Make, engine: Engine) -> None:
    receiver = make(per_minute=2)
    token = receiver.tokens.create("portal-a", "upload")
    engine.rows("RENAME TABLE events TO away", {})
    try:
        assert [receiver.post(batch_of(2), token).status_code for _ in range(3)] == [503] * 3
    finally:
        engine.rows("RENAME TABLE away TO events", {})
    assert [receiver.post([{}, {}], token).status_code for _ in range(2)] == [422, 429]

"""What a collector stores, and that it stores it once."""

import json
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from insights_backend.warehouse.engine import Engine
from tests.contract.collector.receiver import Make, Receiver, error, ids
from tests.records import record


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


class Illiterate(Engine):
    """An engine that reads no event of one page, as another version might not read what this one does."""

    def insert(self, table: str, rows: Any, **more: Any) -> None:
        super().insert(table, [row.replace(b'"/secret"', b"/secret") for row in rows], **more)


def test_a_batch_of_which_the_warehouse_cannot_read_an_event_is_refused_as_a_whole_and_says_which(
    engine: Engine, warehouse_dsn: str, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    events = [record(id="1"), record(id="2", subject="/secret"), record(id="3")]
    with closing(Illiterate(warehouse_dsn)) as illiterate:
        receiver = Receiver(illiterate, tmp_path, "token", None)
        token = receiver.tokens.create("portal-a", "upload")
        answers = [receiver.post(events, token) for _ in range(2)]
    assert [answer.status_code for answer in answers] == [422, 422]
    rejected = [{"index": 1, "errors": {"_schema": ["the warehouse cannot read it (warehouse_117)"]}}]
    assert [answer.json for answer in answers] == [{"accepted": 0, "rejected": rejected}] * 2
    assert "portal-a sent 1 events that the warehouse cannot read" in caplog.text
    assert "/secret" not in caplog.text
    other = Receiver(engine, tmp_path, "token", None)
    assert other.stored() == []
    assert other.post([events[0], events[2]], token).json == {"accepted": 2}
    assert ids(other) == [("portal-a", "1"), ("portal-a", "3")]

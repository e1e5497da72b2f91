"""How many people a portal has comes along with its batches."""

import json
from typing import Any

import pytest

from insights_backend.warehouse.engine import Engine
from tests.contract.collector.receiver import Make, Receiver, error, ids, packed
from tests.records import record

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

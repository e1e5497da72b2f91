"""Who may send to a collector, and how much."""

from typing import Any

import pytest

from insights_backend.warehouse.engine import Engine
from tests.contract.collector.receiver import Make, Receiver, error, ids
from tests.records import record


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

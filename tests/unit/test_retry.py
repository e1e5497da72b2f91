from datetime import UTC, datetime
from email.utils import format_datetime
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from insights_backend.delivery.retry import (
    MAX_RETRY_AFTER,
    Circuit,
    RetryPolicy,
    Verdict,
    next_pause,
    read_retry_after,
    verdict_of,
)
from tests.fakes import NOW, Clock

POLICY = RetryPolicy(retries=5, deadline=20.0)

attempts = st.integers(1, 10_000)
seconds = st.floats(0, 1000)
policies = st.builds(
    RetryPolicy,
    retries=st.integers(0, 10_000),
    deadline=st.floats(0.001, 10_000),
    base=st.floats(0.001, 10),
    cap=st.floats(0.001, 100),
)


@pytest.mark.parametrize(
    ("verdict", "statuses"),
    [
        (Verdict.DELIVERED, [200, 201, 202, 204, 299]),
        (Verdict.TRANSIENT, [408, 425, 429, 500, 501, 502, 503, 504, 599]),
        (Verdict.TRANSIENT, [300, 301, 302, 303, 304, 307, 308]),
        (Verdict.TRANSIENT, [0, 100, 101, 199, 600, 999]),
        (Verdict.UNAUTHORIZED, [401, 403]),
        (Verdict.MISDIRECTED, [404, 405]),
        (Verdict.DIVISIBLE, [400, 413, 422]),
        (Verdict.PERMANENT, [402, 406, 409, 410, 411, 412, 414, 415, 421, 428, 431, 451, 499]),
    ],
)
def test_every_status_has_its_verdict(verdict: Verdict, statuses: list[int]) -> None:
    assert {verdict_of(status) for status in statuses} == {verdict}


@given(attempts, seconds, st.none() | seconds, policies, st.integers())
def test_a_pause_ends_before_the_deadline_and_is_as_long_as_was_asked(
    attempt: int, elapsed: float, retry_after: float | None, policy: RetryPolicy, seed: int
) -> None:
    pause = next_pause(attempt, elapsed, retry_after, policy, Random(seed))  # noqa: S311 - spreads retries
    if pause is not None:
        assert pause >= (retry_after or 0.0)
        assert pause <= max(policy.cap, retry_after or 0.0)
        assert elapsed + pause < policy.deadline
        assert attempt <= policy.retries


@given(attempts, policies, st.integers())
def test_who_gives_up_has_no_retries_or_no_time_left(attempt: int, policy: RetryPolicy, seed: int) -> None:
    pause = next_pause(attempt, 0.0, None, policy, Random(seed))  # noqa: S311 - spreads retries
    if pause is None:
        assert attempt > policy.retries or policy.deadline <= policy.cap


class Highest(Random):
    """Draws the end of every range."""

    def uniform(self, a: float, b: float) -> float:
        return max(a, b)


def test_pauses_double_up_to_the_cap() -> None:
    policy = RetryPolicy(retries=9, deadline=1000.0, base=0.5, cap=10.0)
    pauses = [next_pause(attempt, 0.0, None, policy, Highest()) for attempt in range(1, 9)]
    assert pauses == [0.5, 1.0, 2.0, 4.0, 8.0, 10.0, 10.0, 10.0]


def test_jitter_is_full() -> None:
    """The pauses before one attempt spread from next to nothing to the whole backoff."""
    random = Random(1)  # noqa: S311 - spreads retries
    pauses = [next_pause(4, 0.0, None, POLICY, random) or 0.0 for _ in range(1000)]
    assert min(pauses) < 0.05
    assert max(pauses) > 3.95


def test_a_retry_after_beyond_the_deadline_ends_it_now() -> None:
    assert next_pause(1, 15.0, 4.9, POLICY, Highest()) == 4.9
    assert next_pause(1, 15.0, 5.0, POLICY, Highest()) is None


def test_no_retry_follows_the_last() -> None:
    assert next_pause(5, 0.0, None, POLICY, Highest()) is not None
    assert next_pause(6, 0.0, None, POLICY, Highest()) is None


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (None, None),
        ("0", 0.0),
        ("7", 7.0),
        ("299", 299.0),
        ("301", MAX_RETRY_AFTER),
        ("9" * 60, MAX_RETRY_AFTER),
        ("9" * 70, None),
        ("-1", None),
        ("1.5", None),
        ("٣", None),
        ("²", None),
        ("soon", None),
        ("", None),
        ("Mon, 23 Nov 2026 10:00:12 GMT", 12.0),
        ("Monday, 23-Nov-26 10:00:12 GMT", 12.0),
        ("Mon Nov 23 10:00:12 2026", 12.0),
        ("Mon, 23 Nov 2026 09:00:00 GMT", 0.0),
        ("Tue, 24 Nov 2026 10:00:00 GMT", MAX_RETRY_AFTER),
        ("Mon, 99 Nov 2026 10:00:12 GMT", None),
        ("Mon, 23 Nov 2026 10:00:12 +9999", None),
    ],
)
def test_retry_after_is_seconds_or_a_date_within_bounds(text: str | None, expected: float | None) -> None:
    assert read_retry_after(text, NOW) == expected


@given(st.integers(0, int(MAX_RETRY_AFTER)))
def test_a_date_says_the_same_as_its_distance_in_seconds(distance: int) -> None:
    date = format_datetime(datetime.fromtimestamp(NOW + distance, UTC), usegmt=True)
    assert read_retry_after(date, NOW) == read_retry_after(str(distance), NOW)


@given(st.text(max_size=70) | st.from_regex(r"Mon, \d+ Nov \d+ \d+:\d+:\d+ ([+-]\d+|GMT)?"), st.floats(0, 4e9))
def test_whatever_retry_after_says_the_wait_is_bounded(text: str, now: float) -> None:
    wait = read_retry_after(text, now)
    assert wait is None or 0.0 <= wait <= MAX_RETRY_AFTER


def test_a_new_circuit_is_closed_even_where_the_clock_begins_below_zero() -> None:
    circuit = Circuit(Clock(-50.0), Highest())
    assert circuit.rest == 0.0
    assert not circuit.on_probation


def test_a_circuit_rests_longer_with_each_failure_up_to_half_a_minute() -> None:
    clock = Clock()
    circuit = Circuit(clock, Highest())
    rests = []
    for _ in range(7):
        circuit.failed()
        rests.append(circuit.rest)
        clock.now += circuit.rest
        assert circuit.rest == 0.0
        assert circuit.on_probation
    assert rests == [1.0, 2.0, 4.0, 8.0, 16.0, 30.0, 30.0]


def test_a_circuit_rests_as_long_as_it_is_asked_to() -> None:
    circuit = Circuit(Clock(), Highest())
    circuit.failed(at_least=120.0)
    assert circuit.rest == 120.0


def test_success_closes_a_circuit_and_forgets_its_failures() -> None:
    circuit = Circuit(Clock(), Highest())
    circuit.failed()
    circuit.failed()
    circuit.succeeded()
    assert circuit.rest == 0.0
    assert not circuit.on_probation
    circuit.failed()
    assert circuit.rest == 1.0


@given(st.integers(1, 3000), st.integers())
def test_a_rest_is_at_least_half_of_what_it_may_be(failures: int, seed: int) -> None:
    circuit = Circuit(Clock(0.0), Random(seed))  # noqa: S311 - spreads retries
    for _ in range(failures):
        circuit.failed()
    longest = min(30.0, 2.0 ** min(failures - 1, 5))
    assert longest / 2 <= circuit.rest <= longest

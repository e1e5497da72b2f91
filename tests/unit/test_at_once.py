"""Questions of a report that are asked at the same time."""

from threading import Barrier

import pytest

from insights_backend import correlation
from insights_backend.correlation import Correlation
from insights_backend.reports.at_once import at_once


def test_questions_are_asked_at_the_same_time_and_answered_in_their_order() -> None:
    all_are_asked = Barrier(3)

    def answer(number: int) -> int:
        all_are_asked.wait(timeout=10)
        return number

    assert at_once(lambda: answer(1), lambda: answer(2), lambda: answer(3)) == [1, 2, 3]


def test_each_knows_the_request_that_it_is_asked_for() -> None:
    all_are_asked = Barrier(2)

    def request() -> Correlation | None:
        all_are_asked.wait(timeout=10)
        return correlation.current()

    asked = Correlation("0f5c1f7e7a524f0e9d6c3a1c2b4d5e6f", None)
    correlation.begin(asked)
    try:
        assert at_once(request, request) == [asked, asked]
    finally:
        correlation.end()


def test_one_that_fails_fails_them_all() -> None:
    with pytest.raises(ZeroDivisionError):
        at_once(lambda: 1.0, lambda: 1 / 0)

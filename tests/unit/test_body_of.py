"""Reading what others answer: bounded in size, and in time as a whole."""

from collections.abc import Iterator
from itertools import count

import pytest
import requests
import urllib3

from insights_backend.http_client import body_of


class Drips:
    """A body of which a byte comes now and then."""

    def __init__(self, pieces: Iterator[bytes]) -> None:
        self._pieces = pieces

    def read1(self, _: int, *, decode_content: bool) -> bytes:
        assert decode_content
        return next(self._pieces, b"")


def answer(pieces: Iterator[bytes]) -> requests.Response:
    response = requests.Response()
    response.raw = Drips(pieces)
    return response


def test_a_body_is_put_together_of_what_comes() -> None:
    assert body_of(answer(iter([b"a", b"bc"])), 3, 2.0, lambda: 0.0) == b"abc"


def test_a_body_that_is_too_large_is_none() -> None:
    assert body_of(answer(iter([b"a", b"bc", b"d"])), 3, 2.0, lambda: 0.0) is None


def test_a_body_that_comes_in_drips_without_an_end_is_given_up_in_time() -> None:
    seconds = count()
    with pytest.raises(requests.ReadTimeout):
        body_of(answer(b"x" for _ in count()), 10**6, 2.0, lambda: float(next(seconds)))
    assert next(seconds) < 6


def test_a_body_that_ends_too_soon_is_an_error_of_requests() -> None:
    def cut() -> Iterator[bytes]:
        yield b"x"
        raise urllib3.exceptions.ProtocolError("cut off")

    with pytest.raises(requests.ConnectionError):
        body_of(answer(cut()), 10, 2.0, lambda: 0.0)

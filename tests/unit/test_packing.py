"""How events lie in the outbox."""

from concurrent.futures import ThreadPoolExecutor

from hypothesis import given
from hypothesis import strategies as st

from insights_backend.delivery.packing import packed, unpacked
from tests.records import lines, record


@given(st.lists(st.binary(min_size=1).map(lambda line: b"{" + line), max_size=3), st.integers(1, 500))
def test_events_come_out_as_they_went_in(some: list[bytes], often: int) -> None:
    events = b"".join(some) * often
    assert unpacked(packed(events)) == events


def test_many_threads_may_pack_at_once() -> None:
    requests = [b'{"id":"%d"}\n' % number * (1000 + number) for number in range(200)]
    with ThreadPoolExecutor(8) as threads:
        assert [unpacked(stored) for stored in threads.map(packed, requests)] == requests


def test_what_an_earlier_version_left_is_read_as_it_is() -> None:
    assert unpacked(b'{"id":"1"}\n' * 1000) == b'{"id":"1"}\n' * 1000


def test_a_large_request_takes_a_tenth_of_the_space_and_a_small_one_is_left_alone() -> None:
    large = lines(*(record(id=f"event-{number}") for number in range(100)))
    assert len(packed(large)) < len(large) / 10
    assert packed(small := lines(record())) == small

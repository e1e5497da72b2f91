"""What becomes of a batch that a collector refuses, for some of its events or as a whole."""

import logging
from collections import Counter
from typing import Any

import pytest
import responses
from hypothesis import given
from hypothesis import strategies as st

from insights_backend.delivery.destination import DeadLetter, DeliveryError
from insights_backend.delivery.uploader import UploadMisdirectedError, UploadUnauthorizedError
from insights_backend.http_client import DirectSession
from tests.fakes import Clock
from tests.unit.uploader.sender import TOKEN, URL, FussyCollector, Sender, batch_of, line

MISCONFIGURED: dict[int, tuple[type[DeliveryError], str, str]] = {
    401: (UploadUnauthorizedError, "upload_unauthorized", r"upload\.token"),
    403: (UploadUnauthorizedError, "upload_unauthorized", r"upload\.token"),
    404: (UploadMisdirectedError, "upload_misdirected", r"upload\.url"),
    405: (UploadMisdirectedError, "upload_misdirected", r"upload\.url"),
}


@pytest.mark.parametrize("status", MISCONFIGURED)
def test_a_wrong_token_or_address_is_loud_at_once_and_buries_nothing(
    collector: responses.RequestsMock, sender: Sender, caplog: pytest.LogCaptureFixture, status: int
) -> None:
    error, code, key = MISCONFIGURED[status]
    collector.post(URL, status=status)
    with pytest.raises(error, match=rf"answered {status}: .*{key}.*; events are kept") as caught:
        sender.uploader.deliver(batch_of("a"))
    assert caught.value.code == code
    assert len(collector.calls) == 1
    assert [record.levelno for record in caplog.records] == [logging.ERROR]
    assert TOKEN not in caplog.text + caught.value.message


def test_a_batch_that_is_too_large_goes_in_parts_whose_ids_follow_from_its_own(
    collector: responses.RequestsMock, sender: Sender
) -> None:
    fussy = FussyCollector(collector, largest=2)
    assert list(sender.uploader.deliver(batch_of(*"abcde"))) == []
    assert fussy.keys == ["b1", "b1.0", "b1.1", "b1.1.0", "b1.1.1"]
    assert fussy.stored == {"b1.0": ["a", "b"], "b1.1.0": ["c"], "b1.1.1": ["d", "e"]}


def test_a_single_event_that_is_too_large_is_a_dead_letter(collector: responses.RequestsMock, sender: Sender) -> None:
    FussyCollector(collector, largest=0)
    assert list(sender.uploader.deliver(batch_of("a"))) == [DeadLetter("http_413", 1, line("a"))]


@pytest.mark.parametrize("status", [400, 422])
def test_poison_is_found_and_buried_alone_while_the_rest_arrives(
    collector: responses.RequestsMock, sender: Sender, caplog: pytest.LogCaptureFixture, status: int
) -> None:
    fussy = FussyCollector(collector, status=status)
    ids = [f"poison{n}" if n in {3, 70} else f"good{n}" for n in range(100)]
    dead = sender.uploader.deliver(batch_of(*ids))
    assert list(dead) == [DeadLetter(f"http_{status}", 1, line(id_)) for id_ in ("poison3", "poison70")]
    assert fussy.events == sorted(id_ for id_ in ids if id_.startswith("good"))
    assert f"refused 2 events for good (http_{status})" in caplog.text
    assert "poison3" not in caplog.text


@given(poison=st.lists(st.booleans(), min_size=1, max_size=40), largest=st.integers(1, 50))
def test_whatever_is_refused_each_event_arrives_once_or_is_buried_once(poison: list[bool], largest: int) -> None:
    ids = [f"{'poison' if bad else 'good'}{n}" for n, bad in enumerate(poison)]
    with responses.RequestsMock() as mock, DirectSession() as session:
        fussy = FussyCollector(mock, largest)
        dead = Sender(session).uploader.deliver(batch_of(*ids))
    assert Counter(fussy.events) == Counter(id_ for id_ in ids if id_.startswith("good"))
    assert [letter.lines for letter in dead] == [line(id_) for id_ in ids if id_.startswith("poison")]


@pytest.mark.parametrize("status", [402, 410, 415])
def test_what_is_refused_for_other_reasons_is_buried_whole(
    collector: responses.RequestsMock, sender: Sender, status: int
) -> None:
    collector.post(URL, status=status)
    batch = batch_of("a", "b")
    assert list(sender.uploader.deliver(batch)) == [DeadLetter(f"http_{status}", 2, batch.lines)]
    assert len(collector.calls) == 1


class SlowCollector(FussyCollector):
    """Takes two seconds for each request."""

    def __init__(self, mock: responses.RequestsMock, clock: Clock) -> None:
        super().__init__(mock)
        self.clock = clock

    def answer(self, request: Any) -> tuple[int, dict[str, str], str]:
        self.clock.now += 2.0
        return super().answer(request)


def test_the_deadline_bounds_the_search_for_poison_and_the_next_delivery_goes_on_with_it(
    collector: responses.RequestsMock, sender: Sender
) -> None:
    slow = SlowCollector(collector, sender.clock)
    batch = batch_of(*(f"poison{n}" for n in range(8)))
    assert "has not taken all within 20 s" in sender.fails(batch)
    assert len(slow.keys) == 10
    assert len(sender.uploader.deliver(batch)) == 8
    assert len(slow.keys) == len(set(slow.keys)) == 15


def test_a_delivery_cut_off_is_repeated_by_another_process_under_the_same_ids(
    collector: responses.RequestsMock, session: DirectSession
) -> None:
    first = Sender(session)
    slow = SlowCollector(collector, first.clock)
    batch = batch_of(*(f"good{n}" if n % 2 else f"poison{n}" for n in range(8)))
    first.fails(batch)
    begun = list(slow.keys)
    slow.keys.clear()
    slow.clock = Clock()
    assert len(Sender(session).uploader.deliver(batch)) == 4
    assert slow.keys[: len(begun)] == begun
    assert slow.events == [f"good{n}" for n in (1, 3, 5, 7)]


def test_a_batch_whose_arrival_the_caller_could_not_note_is_sent_again_with_the_same_outcome(
    collector: responses.RequestsMock, sender: Sender
) -> None:
    fussy = FussyCollector(collector)
    batch = batch_of("a", "poison", "b")
    assert list(sender.uploader.deliver(batch)) == list(sender.uploader.deliver(batch)) != []
    half = len(fussy.keys) // 2
    assert fussy.keys[:half] == fussy.keys[half:]


def test_work_left_of_one_batch_is_not_mixed_into_another(collector: responses.RequestsMock, sender: Sender) -> None:
    fussy = SlowCollector(collector, sender.clock)
    sender.fails(batch_of(*(f"poison{n}" for n in range(8))))
    assert list(sender.uploader.deliver(batch_of("a", name="b2"))) == []
    assert fussy.keys[-1] == "b2"

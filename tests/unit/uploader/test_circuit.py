"""After a failure for good a collector is left alone for a while."""

import pytest
import responses

from tests.unit.uploader.sender import ACCEPTED, URL, Sender, batch_of


def test_after_a_failure_for_good_nothing_is_sent_until_a_rest_is_over(
    collector: responses.RequestsMock, sender: Sender
) -> None:
    collector.post(URL, status=500)
    sender.fails(batch_of("a"))
    assert "left alone" in sender.fails(batch_of("a"))
    assert len(collector.calls) == 4


def test_after_the_rest_a_single_attempt_decides(collector: responses.RequestsMock, sender: Sender) -> None:
    collector.post(URL, status=500)
    sender.fails(batch_of("a"))
    sender.clock.now += 1.0
    assert "attempt 1;" in sender.fails(batch_of("a"))
    assert len(collector.calls) == 5
    sender.clock.now += 2.0
    collector.replace(responses.POST, URL, json=ACCEPTED)
    sender.uploader.deliver(batch_of("a"))
    collector.replace(responses.POST, URL, status=500)
    assert "attempt 4;" in sender.fails(batch_of("b", name="b2"))


@pytest.mark.parametrize("status", [401, 404])
def test_a_wrong_token_or_address_opens_the_circuit_too_and_what_was_kept_arrives_once_it_is_mended(
    collector: responses.RequestsMock, sender: Sender, status: int
) -> None:
    collector.post(URL, status=status)
    sender.fails(batch_of("a"))
    assert "left alone" in sender.fails(batch_of("a"))
    assert len(collector.calls) == 1
    collector.replace(responses.POST, URL, json=ACCEPTED)
    sender.clock.now += 1.0
    assert list(sender.uploader.deliver(batch_of("a"))) == []

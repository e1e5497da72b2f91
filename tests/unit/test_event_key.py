"""The number that the warehouse knows an event by."""

import orjson
from hypothesis import given
from hypothesis import strategies as st

from insights_backend.model.event_key import KEY_BYTES, keys_of, numbers

names = st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=40)


def number(id_: str, instance: str = "local", **more: object) -> int:
    (found,) = numbers(keys_of([orjson.dumps({"id": id_, "instance": instance, **more})]))
    return found


@given(names, names)
def test_it_is_of_instance_and_id_however_the_event_is_written(id_: str, instance: str) -> None:
    otherwise = orjson.dumps({"instance": instance, "subject": "/", "id": id_})
    assert number(id_, instance, subject="/catalog") == numbers(keys_of([otherwise]))[0]


def test_two_portals_may_give_the_same_id() -> None:
    assert number("1", "portal-a") != number("1", "portal-b")


def test_nothing_of_one_can_be_taken_for_the_other() -> None:
    assert number("ab", "c") != number("b", "ca")


def test_it_stays_what_it_was() -> None:
    """Or events that are sent again after an upgrade would count twice."""
    assert number("id-1") == 14_641_340_874_672_194_585


def test_those_of_many_events_stand_one_after_the_other() -> None:
    keys = keys_of([b'{"id":"1","instance":"local"}', b'{"id":"2","instance":"local"}'])
    assert len(keys) == 2 * KEY_BYTES
    assert list(numbers(keys)) == [number("1"), number("2")]

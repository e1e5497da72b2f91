from insights_backend.model.recent_ids import RecentIds
from tests.fakes import Clock


def test_an_id_is_known_once_it_was_added() -> None:
    recent = RecentIds(10, 60.0, Clock())
    assert recent.known(["a"]) == set()
    recent.add(["a", "b"])
    assert recent.known(["a", "c"]) == {"a"}


def test_the_latest_ids_are_known_and_their_number_is_bounded() -> None:
    recent = RecentIds(10, 60.0, Clock())
    ids = [f"{number}" for number in range(100)]
    for id_ in ids:
        recent.add([id_])
    known = recent.known(ids)
    assert set(ids[-5:]) <= known
    assert len(known) <= 10


def test_an_id_is_known_for_half_of_the_time_and_not_beyond_it() -> None:
    clock = Clock()
    recent = RecentIds(10, 60.0, clock)
    clock.now += 29
    recent.add(["a"])
    clock.now += 29
    assert recent.known(["a"]) == {"a"}
    clock.now += 31
    assert recent.known(["a"]) == set()


def test_after_a_long_silence_nothing_is_known() -> None:
    clock = Clock()
    recent = RecentIds(10, 60.0, clock)
    recent.add(["a"])
    clock.now += 60
    assert recent.known(["a"]) == set()


def test_a_clock_that_is_set_back_makes_nothing_known_for_longer() -> None:
    clock = Clock()
    recent = RecentIds(10, 60.0, clock)
    recent.add(["a"])
    clock.now -= 3600
    recent.known([])
    clock.now += 60
    assert recent.known(["a"]) == set()


def test_a_clock_that_is_set_back_makes_nobody_forget() -> None:
    clock = Clock()
    recent = RecentIds(10, 60.0, clock)
    recent.add(["a"])
    clock.now -= 3600
    assert recent.known(["a"]) == {"a"}

from typing import Any

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from insights_backend.model.entity_ref import EntityRef
from insights_backend.model.person import Erased, Person
from tests.records import lines, record

JANE, JOHN = "u_k3vq_" + "a" * 32, "u_k3vq_" + "b" * 32
PERSON = Person(JANE, EntityRef("user", "default", "jane"))

ABOUT_JANE = [
    "user:default/jane",
    "User:Default/Jane",
    "user:jane",
    "/catalog/default/user/jane",
    "/docs/default/user/Jane/overview",
    "/catalog/by-name/user/default/jane?tab=1",
    f"/catalog/default/user/{JANE}",
    f"owner={JANE}.",
    f"{JANE}{JANE}",
    "a look at user:default/jane.",
    "/catalog?filters%5Bowners%5D=user%3Adefault%2Fjane&x=1",
    "/catalog-graph?rootEntityRefs%5B%5D=user%3Adefault%2FJane",
    "/search?query=owner%3Duser%3Adefault%2Fjane",
    "/x?to=%252Fcatalog%252Fdefault%252Fuser%252Fjane",
    "?owner=user%253Adefault%252Fjane",
]
NOT_ABOUT_JANE = [
    "jane",
    "user:corp/jane",
    "user:default/jane-smith",
    "user:default/jane.smith",
    "user:default/janet",
    "superuser:default/jane",
    "component:default/jane",
    "/catalog/default/component/jane",
    "/catalog/corp/user/jane",
    f"/catalog/default/user/{JOHN}",
    f"{JANE[:-1]}",
    "?owner=user%3Acorp%2Fjane",
    "?owner=user%3Adefault%2Fjanet",
    "?q=100%25user",
]


@pytest.mark.parametrize("text", ABOUT_JANE)
def test_a_name_of_the_person_is_blanked_however_it_is_written(text: str) -> None:
    kept, erased = PERSON.taken_out_of(lines(record(subject=text)))
    assert erased == Erased(events=0, mentions=1)
    assert not PERSON._may_be_in(kept)
    assert "[erased]" in orjson.loads(kept)["subject"]


@pytest.mark.parametrize("text", NOT_ABOUT_JANE)
def test_names_of_others_stay(text: str) -> None:
    line = lines(record(subject=text, entityMetadata={"spec.owner": JOHN}))
    assert PERSON.taken_out_of(line) == (line, Erased())


def test_the_person_may_be_known_by_the_pseudonym_alone() -> None:
    line = lines(record(subject="user:default/jane", entity=JANE))
    kept, erased = Person(JANE).taken_out_of(line)
    assert erased == Erased(0, 1)
    assert orjson.loads(kept)["subject"] == "user:default/jane"
    assert orjson.loads(kept)["entity"] == "[erased]"


@pytest.mark.parametrize("user", [JANE, "user:default/jane"])
def test_events_of_the_person_go_whether_identities_were_clear_or_not(user: str) -> None:
    assert PERSON.taken_out_of(lines(record(user=user))) == (b"", Erased(1, 0))


def test_a_line_that_a_disk_has_damaged_goes_if_it_names_the_person_and_stays_if_it_does_not() -> None:
    theirs, other, whole = lines(record(user=JANE)), lines(record(user=JOHN)), lines(record(user=JANE, id="2"))
    damaged = [line.replace(b":", b"\0", 1) for line in (theirs, other)]
    kept, erased = PERSON.taken_out_of(b"".join([*damaged, whole]))
    assert (kept, erased) == (damaged[1], Erased(events=2))
    assert [event["id"] for event in PERSON.found_in(b"".join([*damaged, whole]))] == ["2"]


texts = st.sampled_from([*ABOUT_JANE, *NOT_ABOUT_JANE, "", 'a "quote"\n'])
records = st.builds(
    record,
    user=st.sampled_from([None, JANE, JOHN, "user:default/jane"]),
    subject=texts,
    attributes=st.dictionaries(st.just("to"), texts),
    target=st.none() | texts,
)


@given(events=st.lists(records, max_size=5))
def test_what_stays_is_whole_json_of_the_others_in_order_and_taking_out_twice_is_taking_out_once(
    events: list[dict[str, Any]],
) -> None:
    kept, erased = PERSON.taken_out_of(lines(*events))
    others = [event for event in events if event["user"] not in (JANE, "user:default/jane")]
    left = [orjson.loads(line) for line in kept.splitlines()]
    assert [event["user"] for event in left] == [event["user"] for event in others]
    assert erased == Erased(len(events) - len(others), sum(a != b for a, b in zip(left, others, strict=True)))
    assert PERSON.taken_out_of(kept) == (kept, Erased())


def test_the_digest_of_a_person_tells_neither_name() -> None:
    assert PERSON.digest == Person(JANE).digest != Person(JOHN).digest
    assert "jane" not in PERSON.digest
    assert JANE not in PERSON.digest

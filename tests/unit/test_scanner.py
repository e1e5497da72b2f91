"""Whole texts: cleaning settles, nothing is left wherever it stands, and of too much of it nothing stays."""

from hypothesis import given
from hypothesis import strategies as st

from insights_backend.enrichment.scanner import Scanner
from tests.bench.redaction.growth import UNITS
from tests.bench.redaction.samples import samples
from tests.personal import FOUND, PERSON, clean

LONG = "How to deploy, and whom to ask when it fails: see the docs. " * 20
SAMPLES = st.sampled_from([text for text, _ in FOUND])


@given(SAMPLES, SAMPLES, st.sampled_from(" &/,%\n"), st.sampled_from(["", LONG]))
def test_cleaning_twice_is_cleaning_once(left: str, right: str, seam: str, before: str) -> None:
    once = clean(before + left + seam + right)
    assert clean(once) == once


@given(st.integers(0, 2**32), st.integers(0, 2**32))
def test_of_what_was_planted_nothing_is_left_wherever_it_stands(which: int, where: int) -> None:
    sample = PLANTED[which % len(PLANTED)]
    at = where % (len(AROUND) + 1)
    cleaned = clean(f"{AROUND[:at]} {sample.text} {AROUND[at:]}")
    assert not [span for span in sample.spans if sample.text[span.start : span.end] in cleaned]
    assert clean(cleaned) == cleaned


PLANTED = [sample for sample in samples(seed=7, each=40) if sample.spans]
AROUND = "the docs of petstore (see /docs) 名前 & others: [x]"


def test_a_text_full_of_personal_data_is_replaced_as_a_whole() -> None:
    assert clean("a@example.com " * 100) == "[redacted]"


def test_of_a_page_with_a_form_full_of_it_the_page_stays() -> None:
    form = "".join(f"&contact{n}=jane{n}@example.com" for n in range(40))
    assert clean(f"/create/templates/default/create-go?a=b{form}") == "/create/templates/default/create-go?[redacted]"
    assert clean(f"/home/jane/x?a=b{form}") == "/home/[username]/x?[redacted]"
    assert clean(f"/x/{'long/' * 100}?a=b{form}") == "[redacted]"


@given(SAMPLES, st.sampled_from(["/", " ", "=", ""]))
def test_of_what_stands_before_such_a_form_nothing_is_left_either(text: str, seam: str) -> None:
    page, _, _ = f"/x{seam}{text}?".partition("?")
    once = clean(f"/x{seam}{text}?" + "a@example.com " * 40)
    assert once.partition("?")[0] in {clean(page), "[redacted]"}
    assert "a@example.com" not in once
    assert clean(once) == once


def test_of_a_long_text_by_people_only_what_must_not_stay_is_replaced() -> None:
    text = "{}Mail {}, call {}, or open https://example.com/x?a=1&b=2. Set api_key={} and see node {}."
    personal = text.format(LONG, "jane@example.com", "020 7946 0123", "a1B2c3D4e5F6", "10.1.2.3")
    assert clean(personal) == text.format(LONG, "[email]", "[phone]", "[credential]", "[ip]")


def test_of_a_query_of_many_words_only_what_must_not_stay_is_replaced() -> None:
    query = "/search?query=" + "how+to+deploy+" * 60 + "ask:{}+or+%28{}%29&page=2"
    personal = query.format("+jane%40example.com", "%2B49+151+24680135")
    assert clean(personal) == query.format("[email]", "[phone]")
    assert clean(query.format("me", "you")) == query.format("me", "you")


def test_a_long_text_with_the_signs_of_nearly_everything_is_replaced_as_a_whole() -> None:
    assert clean(LONG + "".join(UNITS)) == "[redacted]"


def test_a_user_is_named_with_all_accents_and_signs() -> None:
    names = {"user:default/राम": PERSON}
    assert Scanner(names.__getitem__).clean("/catalog/default/user/राम?q=@") == f"/catalog/default/user/{PERSON}?q=@"

"""What is personal by its name alone, in the query of a URL and in JSON."""

import pytest

from insights_backend.enrichment.names import PERSONAL_NAMES
from tests.personal import PERSON, clean

PERSONAL_IN_QUERY = [
    ("/nope/xyz?token=secret&email=a%40b.c#h", "/nope/xyz?token=[credential]&email=[email]#h"),
    # any of the names, compared without case, `-` and `_`, with any value
    ("?userName=jane", "?userName=[username]"),
    ("/x?a=1&USER_ID=4711&b=2", "/x?a=1&USER_ID=[username]&b=2"),
    ("/x?user-id=4711", "/x?user-id=[username]"),
    ("/x?E-Mail=none", "/x?E-Mail=[email]"),
    ("/x?login=true", "/x?login=[username]"),
    ("/x?login_hint=jane.doe", "/x?login_hint=[username]"),
    ("/x?jwt=abc&b=2", "/x?jwt=[credential]&b=2"),
    ("/x#displayName=Jane+Doe", "/x#displayName=[username]"),
    ("/x?displayName=Jane%20Doe&b=2", "/x?displayName=[username]&b=2"),
    ("/x?lastName=O'Brien,Jane", "/x?lastName=[username]"),
    ("see <a href='/x?a=1&amp;login=jane'>", "see <a href='/x?a=1&amp;login=[username]>"),
    # an escaped query, names included; a replaced value ends where its own query says
    ("/x?%6Cogin=jane", "/x?%6Cogin=[username]"),
    ("/x?next=%2Fy%3Flogin%3Djane%26b%3D2", "/x?next=%2Fy%3Flogin%3D[username]%26b%3D2"),
    ("/x?login=a%26b&c=1", "/x?login=[username]&c=1"),
    # what tells more than its name keeps its type
    ("/x?userId=user%3Adefault%2Fjane", f"/x?userId={PERSON}"),
    ("/x?login=jane@example.com", "/x?login=[email]"),
    ("/x?phone=%2B49%2089%2012345678", "/x?phone=[phone]"),
]

NOT_PERSONAL_IN_QUERY = [
    # nothing to hide, or hidden already
    "/x?email=", "/x?email=&b=2", "/x?email=[email]&b=2", "/x?login=[username]", f"/x?login={PERSON}&b=2",
    # Backstage's own filters
    "/catalog?filters[user]=all", "/catalog?filters%5Bkind%5D=component&filters%5Buser%5D=owned", "/x?user=all",
    # another name, or no query
    "/x?filters[email]=on", "/x?emailVerified=true", "/x?loginPage=2", "/x?spec.login=2", "/x?b=login", "login=once",
]  # fmt: skip


PERSONAL_IN_JSON = [
    ('{"userName": "Jane Doe", "fullName":"Jane"}', '{"userName": "[username]", "fullName":"[username]"}'),
    ('{"contactEmail" : "jane", "n": "x"}', '{"contactEmail" : "[email]", "n": "x"}'),
    (r'{"nickname": "Jane \"JD\" Doe"}', '{"nickname": "[username]"}'),
    (r'{\"login\":\"jane\",\"n\":\"x\"}', r'{\"login\":\"[username]\",\"n\":\"x\"}'),
    # as the scaffolder puts the form into the address
    ("/create/templates/default/new?formData=%7B%22userName%22%3A%22Jane%20Doe%22%2C%22email%22%3A%22jane%22%7D",
     "/create/templates/default/new?formData=%7B%22userName%22%3A%22[username]%22%2C%22email%22%3A%22[email]%22%7D"),
    ("?formData=%7B%22userName%22%3A+%22Jane+Doe%22%7D", "?formData=%7B%22userName%22%3A+%22[username]%22%7D"),
]  # fmt: skip

NOT_PERSONAL_IN_JSON = [
    '{"name": "web", "owner": "team-a"}', '{"login": ""}', '{"login": "[username]"}', '{"email":"[email]"}',
    '{"login": {"n": "x"}}', f'{{"login": "{PERSON}"}}', 'the "login": see below',
    "?formData=%7B%22name%22%3A%22web%22%7D",
]  # fmt: skip


@pytest.mark.parametrize(("text", "expected"), PERSONAL_IN_JSON, ids=[text for text, _ in PERSONAL_IN_JSON])
def test_in_json_a_personal_name_hides_its_value_whatever_it_is(text: str, expected: str) -> None:
    assert clean(text) == expected
    assert clean(expected) == expected


@pytest.mark.parametrize("text", NOT_PERSONAL_IN_JSON)
def test_in_json_no_other_name_hides_anything(text: str) -> None:
    assert clean(text) == text


@pytest.mark.parametrize(("text", "expected"), PERSONAL_IN_QUERY, ids=[text for text, _ in PERSONAL_IN_QUERY])
def test_in_a_query_a_personal_name_hides_its_value_whatever_it_is(text: str, expected: str) -> None:
    assert clean(text) == expected
    assert clean(expected) == expected


@pytest.mark.parametrize("text", NOT_PERSONAL_IN_QUERY)
def test_in_a_query_no_other_name_hides_anything(text: str) -> None:
    assert clean(text) == text


@pytest.mark.parametrize("name", sorted(PERSONAL_NAMES))
def test_every_name_that_is_never_kept_counts_in_a_query(name: str) -> None:
    label = "[email]" if "mail" in name else "[username]"
    assert clean(f"/x?{name}=jane&b=2") == f"/x?{name}={label}&b=2"

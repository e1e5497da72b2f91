import pytest
from hypothesis import given
from hypothesis import strategies as st

from insights_backend.errors import InvalidEntityRefError
from insights_backend.model.entity_ref import EntityRef

parts = st.text(st.characters(codec="ascii", categories=["L", "N"], include_characters="-_."), min_size=1, max_size=60)


@pytest.mark.parametrize(
    ("text", "kind", "namespace", "canonical"),
    [
        ("user:default/jane", None, "default", "user:default/jane"),
        ("User:Default/Jane", None, "default", "user:default/jane"),
        ("user:jane", None, "default", "user:default/jane"),
        ("user:jane", None, "partners", "user:partners/jane"),
        ("jane", "User", "default", "user:default/jane"),
        ("partners/jane", "user", "default", "user:partners/jane"),
        ("group:partners/team", "user", "default", "group:partners/team"),
    ],
)
def test_short_and_mixed_case_references_become_complete_and_lower_case(
    text: str, kind: str | None, namespace: str, canonical: str
) -> None:
    assert str(EntityRef.parse(text, default_kind=kind, default_namespace=namespace)) == canonical


@pytest.mark.parametrize(
    "text",
    [
        "",
        " ",
        "user:",
        "user:/",
        ":default/jane",
        "user:default/",
        "a:b:c",
        "a/b/c",
        "user:default/ja ne",
        "/jane",
    ],
)
def test_what_is_no_reference_is_refused_without_repeating_it(text: str) -> None:
    with pytest.raises(InvalidEntityRefError) as caught:
        EntityRef.parse(text, default_kind="user")
    assert not text.strip() or text not in str(caught.value)


def test_a_reference_is_bounded() -> None:
    EntityRef.parse("user:default/" + "a" * 499)
    with pytest.raises(InvalidEntityRefError):
        EntityRef.parse("user:default/" + "a" * 500)


def test_a_reference_without_kind_needs_a_default() -> None:
    with pytest.raises(InvalidEntityRefError, match="names no kind"):
        EntityRef.parse("default/jane")


@given(parts, parts, parts)
def test_the_canonical_text_reads_back_as_the_same_reference(kind: str, namespace: str, name: str) -> None:
    ref = EntityRef.of(kind, name, namespace)
    assert EntityRef.parse(str(ref)) == ref
    assert ref == EntityRef.of(kind.upper(), name.upper(), namespace.upper())

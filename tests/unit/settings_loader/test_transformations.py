"""What a text in a configuration may stand for: a variable, or a file."""

import json

import pytest

from insights_backend.settings.tree import Dropped
from tests.unit.settings_loader.files import OURS, UNSET, Ours, Read, Write, refusal


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("a${X}b", "axb"),
        ("${ X }", "x"),
        ("${PADDED}", "p"),
        ("${EMPTY}", ""),
        ("${X}${EMPTY}-${X}", "x-x"),
        ("${UNSET:-d e}", "d e"),
        ("${EMPTY:-d}", "d"),
        ("${X:-d}", "x"),
        ("$${X}", "${X}"),
        ("$X {X} $", "$X {X} $"),
        ("${NESTED}", "${X}"),
    ],
)
def test_a_variable_is_substituted_in_text(ours: Ours, text: str, value: object) -> None:
    environ = {"X": "x", "EMPTY": "", "PADDED": " p\n", "NESTED": "${X}"}
    assert ours(f"key: {text!r}", **environ) == {"key": value}


@pytest.mark.parametrize("text", UNSET)
def test_a_key_whose_variable_is_unset_is_dropped_and_remembered(write: Write, read: Read, text: str) -> None:
    write("c.yaml", f"{OURS}: {{key: {text}, list: [1, {text}, 2]}}")
    tree = read("c.yaml", X="x")
    assert tree.data == {OURS: {"list": [1, 2]}}
    assert tree.dropped[OURS, "key"] == Dropped("UNSET", "c.yaml")
    assert tree.dropped[OURS, "list", "1"] == Dropped("UNSET", "c.yaml")


def test_keys_are_not_substituted_and_dotted_keys_stand_literally(ours: Ours) -> None:
    assert ours("'${X}': 1\n'spec.type': 2", X="x") == {"${X}": 1, "spec.type": 2}


def test_keys_that_are_no_text_become_text_as_in_javascript(ours: Ours) -> None:
    assert ours("2: a\ntrue: b\n~: c") == {"2": "a", "true": "b", "null": "c"}


def test_env_and_file_give_text_without_the_space_around_it(write: Write, ours: Ours) -> None:
    write("secret.txt", "  s3cret ${X}\n\n")
    assert ours("a: {$env: X}\nb: {$file: secret.txt}\nc: {$file: '${NAME}.txt'}", X=" 5 ", NAME="secret") == {
        "a": "5",
        "b": "  s3cret ${X}",
        "c": "  s3cret ${X}",
    }


def test_an_included_file_is_transformed_relative_to_itself(write: Write, ours: Ours) -> None:
    write("sub/part.yaml", "deep: {value: {x: '${X}', f: {$file: here.txt}, j: {$include: more.json#a.b}}}")
    write("sub/here.txt", "here")
    write("sub/more.json", json.dumps({"a": {"b": ["${X}", 1]}}))
    assert ours("k: {$include: sub/part.yaml#deep.value}", X="x") == {"k": {"x": "x", "f": "here", "j": ["x", 1]}}


def test_a_file_that_is_included_twice_gives_each_its_part(write: Write, ours: Ours) -> None:
    write("part.yaml", "a: 1\nb: 2")
    assert ours("x: {$include: part.yaml#a}\ny: {$include: part.yaml#b}") == {"x": 1, "y": 2}


def test_an_include_at_the_root_is_followed_to_the_wanted_keys_only(write: Write, read: Read) -> None:
    write("c.yaml", "$include: all.yaml")
    write("all.yaml", f"{OURS}: {{a: 1}}\nother: {{$file: missing}}")
    tree = read("c.yaml")
    assert tree.data == {OURS: {"a": 1}}
    assert tree.origin((OURS, "a")) == "all.yaml"


def test_an_include_that_goes_round_names_the_chain(write: Write, read: Read) -> None:
    write("a.yaml", f"{OURS}: {{x: {{$include: b.yaml#y}}}}")
    write("b.yaml", "y: {z: {$include: b.yaml#y}}")
    assert "a.yaml -> b.yaml#y -> b.yaml#y" in refusal(read, "a.yaml")


@pytest.mark.parametrize(
    ("text", "part"),
    [
        ("{$file: missing}", "c.yaml: backstageInsights.k: missing: no such file"),
        ("{$file: sub}", "no such file"),
        ('{$file: "\\0"}', "c.yaml: backstageInsights.k"),
        ("{$include: missing.yaml}", "missing.yaml: no such file"),
        ("{$include: part.txt}", "$include takes .json, .yaml or .yml"),
        ("{$include: part.yaml#a.c}", "part.yaml has nothing at a.c"),
        ("{$include: part.yaml#a.b.c}", "part.yaml has nothing at a.b.c"),
        ("{$include: bad.json}", "bad.json, line 1, column 2"),
        ("[1, {$file: missing}]", "c.yaml: backstageInsights.k[1]: missing: no such file"),
        ("{$file: '${UNSET}'}", "set UNSET"),
        ("{$file: a, other: 1}", "only key of its object"),
        ("{$env: 5}", "have a text"),
        ("{[a]: 1}", "a key must be a text"),
    ],
)
def test_a_wrong_include_or_key_is_an_error_that_names_its_place(
    write: Write, ours: Ours, text: str, part: str
) -> None:
    write("part.yaml", "a: {b: 1}")
    write("bad.json", "{'a")
    write("sub/x", "")
    message = refusal(ours, f"k: {text}")
    assert part in message
    assert message.startswith(("c.yaml: backstageInsights.k", "bad.json"))


@pytest.mark.parametrize("text", ["9" * 5000, "[" * 200_000])
def test_json_with_a_number_too_long_or_nested_too_deep_is_refused(write: Write, ours: Ours, text: str) -> None:
    write("part.json", text)
    message = refusal(ours, "k: {$include: part.json}")
    assert message == "part.json: not valid JSON: a number too long, or nested too deep"


def test_what_other_plugins_need_does_not_stop_us(write: Write, read: Read) -> None:
    write("c.yaml", "auth: {x: {$file: missing}}\nbackend: {baseUrl: http://b, db: {$include: gone.yaml}}")
    assert read("c.yaml", APP_CONFIG_auth_x="1", APP_CONFIG_backend_9="1").data == {"backend": {"baseUrl": "http://b"}}

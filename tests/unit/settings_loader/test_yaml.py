"""Which files are read, and as which YAML."""

import errno
import math
from pathlib import Path

import pytest

from tests.unit.settings_loader.files import Ours, Read, Write, refusal


@pytest.mark.parametrize(
    ("text", "part"),
    [
        ("a: 1\nother: [1\n", "line 3, column 1: not valid YAML"),
        ("k: hunter2\nk: hunter3\n", "line 2, column 1: not valid YAML: a key is written twice"),
        ("k: *hunter2\n", "line 1, column 4: not valid YAML: a second document, or an alias"),
        ("a: 1\n---\nb: 2\n", "line 2, column 1: not valid YAML: a second document"),
        ("a: \x01\n", "a character that YAML does not allow"),
        ("a: " + "9" * 5000, "a number too long"),
        ("[" * 1000, "nested too deep"),
        ("- a\n", "the root must be an object"),
        ("text", "the root must be an object"),
        ("${UNSET}", "the root must be an object"),
    ],
)
def test_a_file_that_is_no_yaml_object_names_file_and_place_but_no_value(
    write: Write, read: Read, text: str, part: str
) -> None:
    write("c.yaml", text)
    message = refusal(read, "c.yaml")
    assert message.startswith("c.yaml")
    assert part in message
    assert "hunter" not in message


def test_yaml_is_read_by_the_core_schema_of_1_2(ours: Ours) -> None:
    text = "a: yes\nb: 010\nc: 2026-01-01\nd: {<<: {x: 1}}\ne: !foo {x: !bar [1]}\nf: !!binary aGk="
    values = {"a": "yes", "b": 10, "c": "2026-01-01", "d": {"<<": {"x": 1}}, "e": {"x": [1]}, "f": "aGk="}
    assert ours(text) == values


NUMBERS = {"010": 10, "0o10": 8, "0x1F": 31, "+1": 1, "1e3": 1000, "1.": 1, "-.5": -0.5, "-.INF": -math.inf}


@pytest.mark.parametrize(
    ("text", "value"),
    [*NUMBERS.items(), *((text, text) for text in ("2026_11", "0b11", "0x1_F", "-0x1", "1_0.5", "1:30", "0o9"))],
)
def test_a_number_is_what_yaml_1_2_calls_one_and_all_else_is_a_text(ours: Ours, text: str, value: object) -> None:
    assert ours(f"a: {text}") == {"a": value}


def test_an_empty_file_is_an_empty_configuration(write: Write, read: Read) -> None:
    write("c.yaml", "# nothing\n")
    assert read("c.yaml").data == {}


def test_aliases_are_followed_and_a_bomb_of_them_is_refused(ours: Ours) -> None:
    assert ours("a: &x [1]\nb: *x") == {"a": [1], "b": [1]}
    layers = "\n".join(f"a{i}: &a{i} [{', '.join([f'*a{i - 1}'] * 9)}]" for i in range(1, 9))
    assert "make it smaller" in refusal(ours, f"a0: &a0 [x]\n{layers}")
    assert "make it smaller" in refusal(ours, "a: &a {b: *a}")


def test_a_file_over_the_limit_or_not_utf_8_is_refused(tmp_path: Path, write: Write, read: Read) -> None:
    write("c.yaml", "#" * (4 * 1024 * 1024 + 1))
    assert refusal(read, "c.yaml").startswith("c.yaml: over 4194304 bytes")
    (tmp_path / "c.yaml").write_bytes(b"a: \xff")
    assert refusal(read, "c.yaml") == "c.yaml, line 1: not UTF-8; save it as UTF-8"


def test_a_file_that_may_not_be_read_is_refused(write: Write, read: Read, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object) -> None:
        raise PermissionError(errno.EACCES, "Permission denied")

    write("c.yaml", "")
    monkeypatch.setattr(Path, "open", refuse)
    assert refusal(read, "c.yaml") == "c.yaml: cannot be read: Permission denied"

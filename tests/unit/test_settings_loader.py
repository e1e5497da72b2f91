import errno
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from insights_backend.errors import ConfigError
from insights_backend.settings.loader import find_files, load
from insights_backend.settings.tree import ConfigTree, Dropped

OURS = "backstageInsights"
Write = Callable[[str, str], Path]
Read = Callable[..., ConfigTree]
Ours = Callable[..., dict[str, Any]]


@pytest.fixture
def write(tmp_path: Path) -> Write:
    def write_file(name: str, text: str) -> Path:
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
        return path

    return write_file


@pytest.fixture
def read(tmp_path: Path) -> Read:
    """Load files as layers and return the whole tree."""

    def read_files(*names: str, **environ: str) -> ConfigTree:
        files = find_files(environ, tmp_path, [Path(name) for name in names] or None)
        return load(files, environ, tmp_path)

    return read_files


@pytest.fixture
def ours(write: Write, read: Read) -> Ours:
    """Load one file that holds the text given below our key, and return our part."""

    def read_text(text: str, **environ: str) -> Any:
        write("c.yaml", f"{OURS}:\n" + "".join(f"  {line}\n" for line in text.splitlines()))
        return read("c.yaml", **environ).data[OURS]

    return read_text


def refusal(call: Callable[..., object], *args: str, **kwargs: str) -> str:
    with pytest.raises(ConfigError) as error:
        call(*args, **kwargs)
    return str(error.value)


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


UNSET = ["'${UNSET}'", "'a ${X} ${UNSET}'", "'${UNSET:-}'", "{$env: UNSET}"]


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


# --- YAML ---


@pytest.mark.parametrize(
    ("text", "part"),
    [
        ("a: 1\nother: [1\n", "line 3, column 1: not valid YAML"),
        ("k: hunter2\nk: hunter3\n", "line 2, column 1: not valid YAML: a key is written twice"),
        ("k: *hunter2\n", "line 1, column 4: not valid YAML: a second document, or an alias"),
        ("a: 1\n---\nb: 2\n", "line 2, column 1: not valid YAML: a second document"),
        ("a: \x01\n", "a character that YAML does not allow"),
        ("a: " + "9" * 5000, "a number too long"),
        ("[" * 5000, "nested too deep"),
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


# --- layers ---


def test_later_files_win_objects_merge_and_everything_else_is_replaced(write: Write, read: Read) -> None:
    write("a.yaml", f"{OURS}: {{o: {{x: 1, y: 2}}, list: [1, 2], gone: {{z: 1}}, '1': low}}")
    write("b.yaml", f"{OURS}: {{o: {{y: 3}}, list: [4], gone: null}}")
    tree = read("a.yaml", "b.yaml")
    assert tree.data[OURS] == {"o": {"x": 1, "y": 3}, "list": [4], "gone": None, "1": "low"}
    assert tree.origin((OURS, "o", "x")) == "a.yaml"
    assert tree.origin((OURS, "o", "y")) == "b.yaml"
    assert tree.origin((OURS, "gone", "z")) == "b.yaml"
    assert tree.origin((OURS, "o", "never")) == "b.yaml"


@pytest.mark.parametrize("text", UNSET)
def test_a_dropped_key_lets_the_lower_layer_through_and_a_replaced_one_is_forgotten(
    write: Write, read: Read, text: str
) -> None:
    write("a.yaml", f"{OURS}: {{k: low, list: [{text}]}}")
    write("b.yaml", f"{OURS}: {{k: {text}, list: [1]}}")
    tree = read("a.yaml", "b.yaml", X="x")
    assert tree.data[OURS] == {"k": "low", "list": [1]}
    assert tree.origin((OURS, "k")) == "a.yaml"
    assert set(tree.dropped) == {(OURS, "k")}


def test_the_default_layers_follow_backstage_env(write: Write, read: Read) -> None:
    names = ["", ".one", ".two", ".local", ".one.local", ".two.local"]
    for suffix in names:
        write(f"app-config{suffix}.yaml", f"{OURS}: {{top: '{suffix}', 's{suffix}': 1}}")
    everything = read(BACKSTAGE_ENV="one, two").data[OURS]
    assert everything["top"] == ".two.local"
    assert everything.keys() == {"top", *(f"s{suffix}" for suffix in names)}
    assert read().data[OURS] == {"top": ".local", "s": 1, "s.local": 1}
    assert read("app-config.one.yaml", BACKSTAGE_ENV="two").data[OURS]["top"] == ".one"


@pytest.mark.parametrize("name", ["../x", "a/b", ".hidden"])
def test_an_environment_name_leads_to_no_other_directory(read: Read, name: str) -> None:
    assert refusal(read, BACKSTAGE_ENV=name).startswith("BACKSTAGE_ENV: not a name")


def test_missing_files_are_errors_that_say_what_was_looked_for(read: Read) -> None:
    assert refusal(read, "x.yaml") == "x.yaml: no such file; create it, or correct the path"
    message = refusal(read, BACKSTAGE_ENV="prod")
    assert "app-config.yaml, app-config.prod.yaml, app-config.local.yaml, app-config.prod.local.yaml" in message
    assert "INSIGHTS_CONFIG" in message


# --- variables ---


def test_app_config_variables_beat_files_and_keep_json_types(write: Write, read: Read) -> None:
    write("a.yaml", f"{OURS}: {{debug: false, catalog: {{cacheTtl: 1m, file: x}}}}")
    tree = read(
        "a.yaml",
        APP_CONFIG_backstageInsights_catalog_cacheTtl="5m",
        APP_CONFIG_backstageInsights_debug="true",
        APP_CONFIG_backstageInsights_ingest='{"maxEvents": 5}',
        APP_CONFIG_backstageInsights_ingest_maxAge='"${X}"',
        APP_CONFIG_backstageInsights_salt="",
        APP_CONFIG_backstageInsights_environment="NaN",
        APP_CONFIG_backend='{"baseUrl": "http://b", "other": 1}',
    )
    assert tree.data == {
        OURS: {
            "debug": True,
            "catalog": {"cacheTtl": "5m", "file": "x"},
            "ingest": {"maxEvents": 5, "maxAge": "${X}"},
            "environment": "NaN",
        },
        "backend": {"baseUrl": "http://b"},
    }
    assert tree.origin((OURS, "catalog", "cacheTtl")) == "APP_CONFIG_backstageInsights_catalog_cacheTtl"
    assert tree.origin((OURS, "catalog", "file")) == "a.yaml"


@pytest.mark.parametrize(
    ("name", "value", "part"),
    [
        ("APP_CONFIG_backstageInsights_debug", "null", "may not be null"),
        ("APP_CONFIG_backstageInsights__debug", "1", "not the name of a key"),
        ("APP_CONFIG_backstageInsights_9", "1", "not the name of a key"),
        ("APP_CONFIG_backstageInsights_k_below", "1", "another APP_CONFIG_ variable"),
        ("APP_CONFIG_backstageInsights_deep", "[" * 100_000, "nested"),
        ("APP_CONFIG_backstageInsights_deep", "[" * 70 + "]" * 70, "nested"),
    ],
)
def test_a_wrong_variable_is_an_error_that_names_it(write: Write, read: Read, name: str, value: str, part: str) -> None:
    write("c.yaml", "")
    message = refusal(read, "c.yaml", **{"APP_CONFIG_backstageInsights_k": "x", name: value})
    assert message.startswith(f"{name}: ")
    assert part in message


values = st.recursive(
    st.none() | st.booleans() | st.integers(-9, 9) | st.sampled_from(["a", "b c"]),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from("xyz"), inner, max_size=3),
    max_leaves=8,
)


@given(st.lists(st.dictionaries(st.sampled_from("xyz"), values, max_size=3), min_size=1, max_size=3))
def test_merging_layers_twice_is_merging_them_once_and_the_top_layer_stands(
    tmp_path_factory: pytest.TempPathFactory, layers: list[dict[str, Any]]
) -> None:
    root = tmp_path_factory.mktemp("layers")
    paths = [root / f"{index}.json" for index in range(len(layers))]
    for path, layer in zip(paths, layers, strict=True):
        path.write_text(json.dumps({OURS: layer}))
    tree = load(paths, {}, root)
    assert load([*paths, *paths[-1:]], {}, root).data == tree.data
    for key, value in layers[-1].items():
        if not isinstance(value, dict):
            assert tree.value((OURS, key)) == value
            assert tree.origin((OURS, key)) == paths[-1].name

"""Which files and variables make a configuration, and which of them wins."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from insights_backend.settings.loader import load
from tests.unit.settings_loader.files import OURS, UNSET, Read, Write, refusal

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


@pytest.mark.parametrize("text", ["", f"{OURS}: {{}}", f"{OURS}: {{debug: true}}"])
def test_what_a_variable_puts_where_no_object_is_known_by_the_variable(write: Write, read: Read, text: str) -> None:
    write("c.yaml", text)
    name = f"APP_CONFIG_{OURS}_debug_x"
    tree = read("c.yaml", **{name: "1"})
    assert tree.data[OURS] == {"debug": {"x": 1}}
    assert [tree.origin((OURS, "debug", *below)) for below in ((), ("x",))] == [name, name]


def test_what_is_missing_beside_a_variable_is_missing_in_the_file(write: Write, read: Read) -> None:
    write("c.yaml", f"{OURS}: {{dashboard: {{access: header}}}}")
    tree = read("c.yaml", **{f"APP_CONFIG_{OURS}_dashboard_header": "X-User"})
    assert tree.origin((OURS, "dashboard", "trustedProxies")) == "c.yaml"


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

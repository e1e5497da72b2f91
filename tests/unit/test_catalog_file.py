from pathlib import Path
from typing import Any

import pytest

from insights_backend.catalog import descriptors
from insights_backend.catalog.file import FileCatalog
from insights_backend.errors import ConfigError
from insights_backend.model.entity_ref import EntityRef

HEAD = "apiVersion: backstage.io/v1alpha1\n"


def described(kind: str, name: str, spec: str = "{}", namespace: str = "default") -> str:
    return f"{HEAD}kind: {kind}\nmetadata: {{name: {name}, namespace: {namespace}}}\nspec: {spec}\n"


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "org.yaml"


def load(path: Path, *documents: str) -> FileCatalog:
    path.write_text("---\n".join(documents), encoding="utf-8")
    return FileCatalog(path)


def one(catalog: FileCatalog, ref: str) -> Any:
    return catalog.entities([EntityRef.parse(ref)])[0]


def relations(catalog: FileCatalog, ref: str) -> list[str]:
    return [f"{relation['type']} {relation['targetRef']}" for relation in one(catalog, ref)["relations"]]


OTHER_SIDES = {
    "ownedBy": "ownerOf",
    "partOf": "hasPart",
    "providesApi": "apiProvidedBy",
    "consumesApi": "apiConsumedBy",
    "dependsOn": "dependencyOf",
    "memberOf": "hasMember",
    "childOf": "parentOf",
}
OTHER_SIDES |= {back: there for there, back in OTHER_SIDES.items()}


@pytest.mark.parametrize(
    ("kind", "field", "relation", "target"),
    [
        ("Component", "owner: X", "ownedBy", "group:ns/x"),
        ("Component", "owner: 'user:X'", "ownedBy", "user:ns/x"),
        ("Component", "owner: default/X", "ownedBy", "group:default/x"),
        ("Component", "subcomponentOf: X", "partOf", "component:ns/x"),
        ("Component", "providesApis: [X]", "providesApi", "api:ns/x"),
        ("Component", "consumesApis: [X]", "consumesApi", "api:ns/x"),
        ("Component", "dependsOn: ['resource:X']", "dependsOn", "resource:ns/x"),
        ("Component", "dependencyOf: ['resource:X']", "dependencyOf", "resource:ns/x"),
        ("Component", "system: X", "partOf", "system:ns/x"),
        ("API", "owner: X", "ownedBy", "group:ns/x"),
        ("API", "system: X", "partOf", "system:ns/x"),
        ("Resource", "owner: X", "ownedBy", "group:ns/x"),
        ("Resource", "dependsOn: ['component:default/X']", "dependsOn", "component:default/x"),
        ("Resource", "dependencyOf: ['component:X']", "dependencyOf", "component:ns/x"),
        ("Resource", "system: X", "partOf", "system:ns/x"),
        ("User", "memberOf: [X]", "memberOf", "group:ns/x"),
        ("Group", "parent: X", "childOf", "group:ns/x"),
        ("Group", "children: [X]", "parentOf", "group:ns/x"),
        ("Group", "members: [X]", "hasMember", "user:ns/x"),
        ("System", "owner: X", "ownedBy", "group:ns/x"),
        ("System", "domain: X", "partOf", "domain:ns/x"),
        ("Domain", "owner: X", "ownedBy", "group:ns/x"),
        ("Domain", "subdomainOf: X", "partOf", "domain:ns/x"),
        ("Template", "owner: X", "ownedBy", "group:ns/x"),
    ],
)
def test_a_field_that_names_an_entity_relates_both(
    path: Path, kind: str, field: str, relation: str, target: str
) -> None:
    ref = EntityRef.parse(target)
    source = described(kind, "Source", f"{{{field}}}", "ns")
    catalog = load(path, source, described(ref.kind, "X", namespace=ref.namespace))
    assert relations(catalog, f"{kind}:ns/source") == [f"{relation} {target}"]
    assert relations(catalog, target) == [f"{OTHER_SIDES[relation]} {kind.lower()}:ns/source"]


@pytest.mark.parametrize(
    ("kind", "spec"),
    [
        ("Component", "{}"),
        ("Component", "{owner: '', dependsOn: []}"),
        ("Component", "null"),
        ("Widget", "{owner: x}"),
    ],
)
def test_what_names_no_entity_gives_no_relation(path: Path, kind: str, spec: str) -> None:
    assert relations(load(path, described(kind, "x", spec)), f"{kind}:x") == []


def test_a_relation_told_from_both_sides_stands_once_and_relations_are_sorted(path: Path) -> None:
    catalog = load(
        path,
        described("Group", "rnd", "{children: [team, Team], members: [jane]}"),
        described("Group", "team", "{parent: rnd}"),
        described("User", "jane", "{memberOf: [team, rnd, group:default/rnd]}"),
    )
    assert relations(catalog, "group:rnd") == ["hasMember user:default/jane", "parentOf group:default/team"]
    assert relations(catalog, "user:jane") == ["memberOf group:default/rnd", "memberOf group:default/team"]


def test_a_relation_to_a_missing_entity_stays_and_written_ones_are_replaced(path: Path) -> None:
    written = "relations: [{type: ownerOf, targetRef: 'component:default/x'}]\n"
    catalog = load(path, described("User", "jane", "{memberOf: [gone]}") + written)
    assert relations(catalog, "user:jane") == ["memberOf group:default/gone"]


def test_entities_are_as_written_but_for_the_namespace(path: Path) -> None:
    metadata = "metadata: {name: Jane, since: 2024-01-31, flag: yes, real: true, count: 010}\n"
    catalog = load(path, "\ufeff# a comment\n", "", f"{HEAD}kind: User\n{metadata}", "")
    assert one(catalog, "user:default/jane") == {
        "apiVersion": "backstage.io/v1alpha1",
        "kind": "User",
        "metadata": {
            "name": "Jane",
            "namespace": "default",
            "since": "2024-01-31",
            "flag": "yes",
            "real": True,
            "count": 10,
        },
        "relations": [],
    }


def test_aliases_are_allowed(path: Path) -> None:
    catalog = load(path, f"{HEAD}kind: User\nmetadata: {{name: a, x: &x [1], y: *x}}\n")
    assert one(catalog, "user:a")["metadata"]["y"] == [1]


BOMB = "a: &a [x, x, x, x, x, x, x, x, x]\n" + "".join(
    f"{name}: &{name} [{', '.join([f'*{before}'] * 9)}]\n" for before, name in zip("abcdefg", "bcdefgh", strict=True)
)


@pytest.mark.parametrize(
    ("document", "message"),
    [
        ("kind: [User\n", r"document 2, line \d+, column \d+: cannot be read as YAML"),
        ("a: 1\nb: secret-a\nb: secret-b\n", "document 2, line 8, column 1: the same key stands twice"),
        ("kind: !unknown x\n", "document 2, line 6, column 7: cannot be read as YAML"),
        ("kind: !!int x\n", "document 2, line 6: cannot be read as YAML"),
        ("kind: *nowhere\n", "document 2, line 6, column 7: cannot be read as YAML"),
        ("kind: \x00\n", "line 6: a control character"),
        ("kind: " + "[" * 600, "document 2: is nested too deeply"),
        ("kind: &a [*a]\n" + "#" * 2000, "document 2, line 6: is nested too deeply"),
        (BOMB, "document 2, line 6: its aliases unfold"),
        ("- a\n- b\n", "document 2, line 6: is not an entity"),
        ("kind: !!binary aGk=\n", "document 2, line 6: a value of type bytes .* quote it"),
        ("1: x\n", "document 2, line 6: a key is not a text; quote it"),
        ("kind: User\n", "document 2, line 6: is not an entity"),
        ("metadata: x\n", "document 2, line 6: is not an entity"),
        ("kind: User\nmetadata: {name: x}\n", "apiVersion is missing or not a text"),
        (f"{HEAD}metadata: {{name: x}}\n", "kind is missing or not a text"),
        (f"{HEAD}kind: User\nmetadata: {{}}\n", r"metadata\.name is missing or not a text"),
        (f"{HEAD}kind: User\nmetadata: {{name: 5}}\n", r"metadata\.name is missing or not a text"),
        (described("User", "x", namespace="[]"), r"metadata\.namespace is missing or not a text"),
        (described("User", "a/b"), "document 2, line 6: .* make no reference"),
        (
            described("User", "FIRST"),
            r"document 2, line 6: the entity stands twice, first at .*document 1, line 1",
        ),
        (
            described("Component", "x", "{owner: 'a b'}"),
            r"document 2, line 6: spec\.owner: not an entity reference",
        ),
        (described("Component", "x", "{owner: 5}"), r"spec\.owner is not a text"),
        (described("Component", "x", "{dependsOn: [y]}"), r"spec\.dependsOn: .*names no kind"),
    ],
)
def test_a_document_that_is_no_entity_is_refused_with_its_place(path: Path, document: str, message: str) -> None:
    with pytest.raises(ConfigError, match=message) as caught:
        load(path, described("User", "first"), document)
    assert str(caught.value).startswith(f"{path}, ")
    assert "secret" not in str(caught.value)


def test_a_file_that_is_not_there_is_refused(path: Path) -> None:
    with pytest.raises(ConfigError, match=r"org\.yaml: no such file"):
        FileCatalog(path)


def test_a_file_that_is_not_utf_8_is_refused_with_the_line(path: Path) -> None:
    path.write_bytes(b"a: 1\nb: \xff\n")
    with pytest.raises(ConfigError, match="line 2: not UTF-8"):
        FileCatalog(path)


def test_a_file_is_read_up_to_a_limit(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    text = described("User", "x")
    monkeypatch.setattr(descriptors, "MAX_FILE_BYTES", len(text))
    load(path, text)
    with pytest.raises(ConfigError, match="over"):
        load(path, text + " ")


def test_a_version_with_an_underscore_is_a_text_as_in_a_running_catalog(path: Path) -> None:
    catalog = load(path, described("Component", "web", "{release: 2026_11, size: 12}"))
    assert one(catalog, "component:web")["spec"] == {"release": "2026_11", "size": 12}

"""What the catalog of the real Backstage holds: a small organisation with what catalogs are known to hold."""

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

Entity = dict[str, Any]

NAMESPACES = ("default", "default", "corporate")
DEPARTMENTS = ("RnD", "Payments", "Sales.EMEA")
TEAMS = ("Team-A", "team-b", "Team_C", "team.d")
SQUADS = ("Squad-1", "squad-2")
GUILDS = ("Guild-Python", "Guild-Web")
USERS = 120
COMPONENTS = 40
DANGLING = "group:default/does-not-exist"


def _entity(kind: str, name: str, spec: Entity, namespace: str = "default", **metadata: Any) -> Entity:
    return {
        "apiVersion": "backstage.io/v1alpha1",
        "kind": kind,
        "metadata": {"name": name, "namespace": namespace, **metadata},
        "spec": spec,
    }


def _group(name: str, kind: str, parent: str | None = None, namespace: str = "default", **metadata: Any) -> Entity:
    spec = {"type": kind, "children": [], **({"parent": parent} if parent else {})}
    return _entity("Group", name, spec, namespace, **metadata)


def groups() -> list[Entity]:
    """Departments and what is in them; `includeInInsights` is a boolean in some, a string in others."""
    return [
        _group("Acme", "organization"),
        *(_group(name, "department", "Acme", includeInInsights=name != "Payments") for name in DEPARTMENTS),
        *(_group(name, "team", DEPARTMENTS[number % 3]) for number, name in enumerate(TEAMS)),
        *(_group(name, "squad", TEAMS[number], includeInInsights="true") for number, name in enumerate(SQUADS)),
        *(_group(name, "guild", namespace="guilds") for name in GUILDS),
    ]


def users() -> list[Entity]:
    """Guest, admin, and people in two namespaces; some are in no group, or in one that is not there."""
    others = (("guest", "group:default/team-b"), ("admin", "group:default/RnD"))
    people = [_entity("User", name, {"memberOf": [group]}) for name, group in others]
    for number in range(USERS):
        spec = {
            "profile": {"displayName": f"Person {number}", "email": f"person.{number}@example.com"},
            "memberOf": _memberships(number),
        }
        people.append(_entity("User", f"Person.{number}", spec, NAMESPACES[number % 3]))
    return people


def _memberships(number: int) -> list[str]:
    listed = [f"group:default/{TEAMS[number % 4]}"]
    if number % 5 == 0:
        listed.append("group:default/RnD")
    if number % 7 == 0:
        listed.append(f"group:guilds/{GUILDS[number % 2]}")
    if number % 11 == 0:
        listed = []
    if number % 13 == 0:
        listed.append(DANGLING)
    return listed


def components() -> list[Entity]:
    """Services and websites; one that the policy hides from users."""
    listed = [_component(f"{'Web' if number % 2 else 'svc'}-{number}", number) for number in range(COMPONENTS)]
    return [*listed, _component("Secret-Project", 0, labels={"visibility": "hidden"})]


def _component(name: str, number: int, **metadata: Any) -> Entity:
    spec = {
        "type": ("service", "website")[number % 2],
        "lifecycle": ("production", "experimental")[number % 2],
        "owner": f"group:default/{TEAMS[number % 4]}",
    }
    return _entity("Component", name, spec, NAMESPACES[number % 3], **metadata)


def entities() -> list[Entity]:
    return [*groups(), *users(), *components()]


def write(file: Path, listed: Sequence[Entity]) -> None:
    """Write descriptors as Backstage reads them: documents of YAML, of which JSON is one form."""
    file.write_text("".join(f"---\n{json.dumps(entity)}\n" for entity in listed))

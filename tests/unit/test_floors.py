"""The house: a module imports lower floors only, so that data walks one way and a reader finds each room."""

import ast
from functools import cache
from pathlib import Path

import pytest

PACKAGE = Path(__file__).parent.parent.parent / "insights_backend"

# Ground first. Rooms of one floor do not import one another, but for what stands in DOORS.
FLOORS: list[set[str]] = [
    {"_version", "errors", "correlation"},
    {"model", "http_client", "text_file", "yaml_core", "file_lock", "durable", "metrics", "logs", "rate"},
    {"settings"},
    {
        "catalog",
        "identity",
        "signing_keys",
        "backstage_tokens",
        "access",
        "token_file",
        "audit",
        "wire",
        "enrichment",
        "delivery",
        "warehouse",
    },
    {"reports", "service", "collector", "census", "erasure", "demo"},
    {"web"},
    {"running", "portal", "privacy"},
    {"composition", "readings", "guarding"},
    {"stored"},
    {"app", "check"},
    {"commands"},
    {"cli", "__init__"},
]

# A room's front door is what its siblings may use of it.
DOORS = {
    "access": {"identity", "token_file"},
    "backstage_tokens": {"identity", "signing_keys"},
    "enrichment": {"catalog.cache", "catalog.interface"},
    "warehouse": {"delivery.destination", "delivery.packing"},
}


def room_of(module: str) -> str:
    return module.split(".", maxsplit=1)[0]


def floor_of(room: str) -> int:
    return next(number for number, rooms in enumerate(FLOORS) if room in rooms)


@cache
def modules() -> dict[str, Path]:
    return {
        ".".join(path.relative_to(PACKAGE).with_suffix("").parts).removesuffix(".__init__"): path
        for path in sorted(PACKAGE.rglob("*.py"))
    }


def imported(path: Path) -> set[str]:
    """The modules of the house that a file imports, by name within the package."""
    names = set()
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.ImportFrom) and node.module:
            # `from insights_backend.reports import summary` names a module, `… import report` something in one.
            inner = (f"{node.module}.{alias.name}" for alias in node.names)
            names |= {name if is_module(name) else node.module for name in inner}
        elif isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
    return {name.removeprefix("insights_backend.") for name in names if name.startswith("insights_backend.")}


def is_module(name: str) -> bool:
    return name.removeprefix("insights_backend.") in modules()


@pytest.mark.parametrize("module", modules())
def test_a_module_imports_lower_floors_only(module: str) -> None:
    room = room_of(module)
    for other in imported(modules()[module]):
        if room_of(other) == room:
            continue
        lower = floor_of(room_of(other)) < floor_of(room)
        assert lower or other in DOORS.get(room, set()), f"{module} imports {other}"


def test_every_room_has_its_floor() -> None:
    rooms = {room_of(module) for module in modules()}
    assert rooms == set().union(*FLOORS)


def test_every_door_is_used() -> None:
    for room, doors in DOORS.items():
        used = set().union(*(imported(path) for module, path in modules().items() if room_of(module) == room))
        assert doors <= used


@pytest.mark.parametrize("module", modules())
def test_every_module_says_what_it_is_for(module: str) -> None:
    assert ast.get_docstring(ast.parse(modules()[module].read_text()))

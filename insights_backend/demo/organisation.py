"""The made-up organisation: its teams, the people in them, and what is in its catalog."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from hashlib import blake2b
from random import Random

from insights_backend.enrichment.pseudonyms import SALT_BYTES, Pseudonyms

_TEAM_SIZE = 9
_TEAMS_A_DEPARTMENT = 5
_THINGS_A_TEAM = 4
_GREEK = ("alpha", "beta", "gamma", "delta", "epsilon", "zeta", "eta", "theta", "iota", "kappa", "lambda", "omega")
_DEPARTMENTS = ("platform", "payments", "mobile", "data", "security", "logistics", "search", "identity")
_GUILDS = ("guild-python", "guild-frontend", "guild-sre")
_FIRST_NAMES = ("alice", "bob", "carol", "dave", "eve", "frank", "grace", "heidi", "ivan", "judy", "mallory", "niaj")
_LAST_NAMES = ("anderson", "brown", "clark", "davis", "evans", "garcia", "kumar", "lopez", "miller", "novak", "olsen")
_KINDS = (
    ("svc", "component", "service"),
    ("svc", "component", "service"),
    ("web", "component", "website"),
    ("lib", "component", "library"),
    ("api", "api", "openapi"),
)
_LIFECYCLES = ("production", "production", "production", "experimental", "deprecated")
_LANGUAGES = ("go", "python", "java", "react", "terraform", "kotlin")
_OFFICES = (0, 1, 1, -5, 5)  # hours ahead of UTC


@dataclass(frozen=True, slots=True)
class Thing:
    """An entity of the catalog.

    Args:
        ref: its entity reference.
        path: namespace, kind and name, as they stand in the address of its page.
        attributes: the same as route parameters.
        metadata: what is captured of it.
        minutes: what a template saves, where it says so; None for everything else.
    """

    ref: str
    path: str
    attributes: Mapping[str, str]
    metadata: Mapping[str, str]
    minutes: int | None = None


@dataclass(frozen=True, slots=True)
class Member:
    """A person; days are counted from the story's beginning.

    Args:
        user: the pseudonym.
        groups: the groups' references.
        keenness: the chance that the person comes on an ordinary working day.
        hired: the first day in the organisation.
        adopted: the first day on which the person may come.
        left: the first day on which the person is gone.
        office: hours ahead of UTC.
    """

    user: str
    groups: Sequence[str]
    keenness: float
    hired: int
    adopted: int
    left: int
    office: int


@dataclass(frozen=True, slots=True)
class _Team:
    """A team, its department, the day from which it uses the portal, and its hours ahead of UTC."""

    group: str
    department: str
    begins: float
    office: int


@dataclass(frozen=True, slots=True)
class Organisation:
    """The people and the catalog; what stands first in a list is the most popular.

    Args:
        members: all who are there at some time of the story.
        things: components and APIs.
        templates: what software is made from.
        pseudonyms: names people and sessions.
    """

    members: Sequence[Member]
    things: Sequence[Thing]
    templates: Sequence[Thing]
    pseudonyms: Pseudonyms

    def size(self, number: int) -> int:
        """Count the people of the organisation on a day."""
        return sum(member.hired <= number < member.left for member in self.members)


def make_organisation(seed: int, users: int, days: int) -> Organisation:
    """Make an organisation of so many people, of whom some come and some go.

    Args:
        seed: the same one makes the same organisation.
        users: how many people.
        days: the length of the story.
    """
    random = Random(f"{seed} organisation")  # noqa: S311 - a history that can be repeated
    teams = [_team(random, number, days) for number in range(1 + users // _TEAM_SIZE)]
    things = [_thing(random, number, teams) for number in range(_THINGS_A_TEAM * len(teams) + 8)]
    random.shuffle(things)
    pseudonyms = Pseudonyms(blake2b(f"{seed}".encode(), digest_size=SALT_BYTES).digest())
    return Organisation(
        members=[_member(random, n, teams[n // _TEAM_SIZE], days, pseudonyms) for n in range(users)],
        things=things,
        templates=[_template(random, number, teams) for number in range(8 + len(teams) // 4)],
        pseudonyms=pseudonyms,
    )


def _team(random: Random, number: int, days: int) -> _Team:
    """Make a team: most use the portal from the start, some come late."""
    letter, more = _GREEK[number % len(_GREEK)], number // len(_GREEK)
    begins = random.choices((0.0, random.uniform(0.1, 0.4), random.uniform(0.55, 0.75)), (0.6, 0.25, 0.15))
    return _Team(
        group=f"group:demo/team-{letter}{f'-{more + 1}' if more else ''}",
        department=f"group:demo/{_DEPARTMENTS[number // _TEAMS_A_DEPARTMENT % len(_DEPARTMENTS)]}",
        begins=begins[0] * days,
        office=_OFFICES[number % len(_OFFICES)],
    )


def _thing(random: Random, number: int, teams: Sequence[_Team]) -> Thing:
    prefix, kind, type_ = random.choice(_KINDS)
    owner = random.choice(teams).group
    namespace = random.choice(("default", "default", "default", "payments"))
    metadata = {"type": type_, "lifecycle": random.choice(_LIFECYCLES), "owner": owner}
    return _entity(kind, namespace, f"{prefix}-{100 + number}", metadata)


def _template(random: Random, number: int, teams: Sequence[_Team]) -> Thing:
    owner = random.choice(teams).group
    minutes = random.choice((None, 30, 60, 60, 120, 240, 480))
    name = f"create-{_LANGUAGES[number % len(_LANGUAGES)]}-{number}"
    return _entity("template", "default", name, {"type": "service", "lifecycle": "production", "owner": owner}, minutes)


def _entity(kind: str, namespace: str, name: str, spec: Mapping[str, str], minutes: int | None = None) -> Thing:
    return Thing(
        ref=f"{kind}:{namespace}/{name}",
        path=f"{namespace}/{kind}/{name}",
        attributes={"namespace": namespace, "kind": kind, "name": name},
        metadata={
            "kind": "API" if kind == "api" else kind.capitalize(),
            "metadata.namespace": namespace,
            **{f"spec.{field}": value for field, value in spec.items()},
        },
        minutes=minutes,
    )


def _member(random: Random, number: int, team: _Team, days: int, pseudonyms: Pseudonyms) -> Member:
    guilds = [f"group:demo/{random.choice(_GUILDS)}"] if random.random() < 0.2 else []  # noqa: PLR2004 - a fifth
    hired = 0 if random.random() < 0.8 else random.randrange(days)  # noqa: PLR2004 - most are there from the start
    stays = 30 + int(random.expovariate(1 / 2500))
    first, last = _FIRST_NAMES[number % len(_FIRST_NAMES)], _LAST_NAMES[number // len(_FIRST_NAMES) % len(_LAST_NAMES)]
    return Member(
        user=pseudonyms.user(f"user:default/{first}.{last}.{number}"),
        groups=[team.group, team.department, *guilds],
        # A few come every day, most now and then, and some never.
        keenness=min(0.95, random.lognormvariate(-1.6, 1.0)) if random.random() < 0.8 else 0.0,  # noqa: PLR2004 - four in five
        hired=hired,
        adopted=int(max(hired, team.begins) + random.expovariate(1 / 12)),
        left=hired + stays,
        office=team.office,
    )

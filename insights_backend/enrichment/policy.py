"""The field policy: what happens to each field of a stored event. What it does not name is scanned."""

import re
from collections.abc import Mapping, Sequence
from typing import NamedTuple

from insights_backend.enrichment.names import PERSONAL_NAMES, SECRET_NAMES, is_never_kept, is_of_thing, normal
from insights_backend.errors import ConfigError
from insights_backend.settings.values import Treatment

Path = tuple[str, ...]


class Rule(NamedTuple):
    """What happens to a field.

    Args:
        treatment: keep, pseudonymise, scan or drop.
        shape: what a kept text must look like to be kept; a text that does not is scanned. None takes any.
    """

    treatment: Treatment
    shape: re.Pattern[str] | None = None


_WORD = r"[A-Za-z]{1,40}+\d{0,3}+"
# What looks like a user or a secret is looked at first, and so is a long run without a seam: it may be a token.
_NAME = re.compile(
    rf"(?!.*(?:user|pass|pwd|word|secret|token|key|credentials?)[:/]|.*[a-z0-9]{{20}})(?:{_WORD}(?:[-_.:/]{_WORD})*+)",
    re.IGNORECASE,
)
_KIND = re.compile(r"[A-Za-z]{1,63}\d{0,2}")
# With many digits or dotted ones, or a long run without a seam, it is looked at first: a number, an address, a secret.
_REF = re.compile(
    r"(?!user:|(?:\D*+\d){7}|.*[a-z0-9]{20}|.*\d\.\d{1,3}\.\d)[a-z]{1,63}:[a-z0-9-]{1,63}/[a-z0-9](?:[-_.]?[a-z0-9]){0,100}",
    re.IGNORECASE,
)
_TIME = re.compile(r"\d{4}-\d\d-\d\d[T ]\d\d:\d\d(?::\d\d(?:\.\d{1,9})?)?(?:Z|[+-]\d\d:?\d\d)?")
_ID = re.compile(r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}|(?:[0-9a-f]{8}){3,4}|[0-9a-f]{64}", re.IGNORECASE)
_NOTE = re.compile(r"[a-z]{1,40}(?:_[a-z]{1,40}){0,8}")
_NO_TEXT = re.compile(r"(?!)")

STORED_FIELDS: Mapping[str, Rule] = {
    "id": Rule("keep", _ID),
    "time": Rule("keep", _TIME),
    "receivedAt": Rule("keep", _TIME),
    "environment": Rule("keep", _NAME),
    "instance": Rule("keep", _NAME),
    "action": Rule("keep", _NAME),
    "subject": Rule("scan"),
    "value": Rule("keep", _NO_TEXT),
    "pluginId": Rule("keep", _NAME),
    "routeRef": Rule("keep", _NAME),
    "extension": Rule("keep", _NAME),
    "sessionId": Rule("pseudonymise"),
    "attributes": Rule("scan"),
    "context": Rule("scan"),
    "user": Rule("pseudonymise"),
    "userMetadata": Rule("scan"),
    "groups": Rule("keep", _REF),
    "entity": Rule("keep", _REF),
    "entityMetadata": Rule("scan"),
    "target": Rule("keep", _REF),
    "view": Rule("keep", _NO_TEXT),
    "notes": Rule("keep", _NOTE),
}
"""The fields of a stored event, and what happens to each."""

_INNER_FIELDS: Mapping[str, Rule] = {
    "attributes.kind": Rule("keep", _KIND),
    "attributes.namespace": Rule("keep", _NAME),
    "context.entityRef": Rule("keep", _REF),
    "userMetadata.metadata.name": Rule("pseudonymise"),
    "userMetadata.metadata.namespace": Rule("keep", _NAME),
    "userMetadata.spec.memberOf": Rule("keep", _REF),
    "entityMetadata.kind": Rule("keep", _KIND),
    "entityMetadata.metadata.namespace": Rule("keep", _NAME),
    "entityMetadata.spec.type": Rule("keep", _NAME),
    "entityMetadata.spec.lifecycle": Rule("keep", _NAME),
    "entityMetadata.spec.owner": Rule("keep", _REF),
}

_DEFAULTS = {**STORED_FIELDS, **_INNER_FIELDS}

_NEVER_ABSENT: Sequence[Treatment] = ("keep", "pseudonymise", "scan")
_NEVER_IN_CLEAR: Sequence[Treatment] = ("pseudonymise", "scan", "drop")
_POSSIBLE: Mapping[str, Sequence[Treatment]] = {
    # By these an event is stored, found and counted.
    "id": _NEVER_ABSENT,
    "time": ("keep",),
    "receivedAt": ("keep",),
    "instance": _NEVER_ABSENT,
    "action": _NEVER_ABSENT,
    "value": ("keep", "drop"),
    "view": ("keep",),
    # `identities: clear` keeps them, for all places where a user stands.
    "user": _NEVER_IN_CLEAR,
    "sessionId": _NEVER_IN_CLEAR,
}
"""What can be done with fields with which not all can be done."""

_SESSION_NAME = "sessionid"


class Policy:
    """Says by field what happens to a value; the operator's word comes first, within limits.

    Args:
        fields: treatments by dot path (`attributes.repo`, and all that it holds), or by a bare field name,
            which then counts wherever it stands. What is named like personal data or a secret can be scanned
            or pseudonymised, never kept.

    Raises:
        ConfigError: a field whose name is never kept shall be kept, or one that must be there shall not.
    """

    def __init__(self, fields: Mapping[str, Treatment]) -> None:
        for field, treatment in fields.items():
            if treatment == "keep" and _is_never_kept(field):
                raise ConfigError(
                    f"backstageInsights.redaction.fields: {field} may hold personal data or a secret and"
                    " cannot be kept; use pseudonymise, scan or drop"
                )
            if treatment not in _POSSIBLE.get(field, (treatment,)):
                raise ConfigError(
                    f"backstageInsights.redaction.fields: {field} cannot be {treatment};"
                    f" use {' or '.join(_POSSIBLE[field])}"
                )
        self._fields = dict(fields)
        self._names = {normal(f): t for f, t in fields.items() if "." not in f and f not in STORED_FIELDS}

    def treatment(self, path: Path) -> Treatment:
        """Return what happens to a field.

        Args:
            path: the keys from the stored event down; a key may itself be a dot path.
        """
        return self.rule(path).treatment

    def rule(self, path: Path) -> Rule:
        """Return what happens to a field, and what a kept text must look like there.

        Args:
            path: the keys from the stored event down; a key may itself be a dot path.
        """
        dotted = ".".join(path)
        if dotted in self._fields:
            shipped, treatment = _DEFAULTS.get(dotted), self._fields[dotted]
            # What is kept has to look like what it is all the same.
            return shipped if shipped and shipped.treatment == treatment else Rule(treatment)
        by_name = self._named(dotted)
        return by_name or self._inherited(path) or _DEFAULTS.get(dotted, Rule("scan"))

    def described(self) -> dict[str, Treatment]:
        """Return the whole policy for people, by dot path; `*.name` counts wherever a field of that name stands."""
        names: dict[str, Treatment] = {f"*.{name}": "drop" for name in sorted(PERSONAL_NAMES | SECRET_NAMES)}
        sessions: dict[str, Treatment] = {f"*.{_SESSION_NAME}": "pseudonymise"}
        shipped = {field: rule.treatment for field, rule in _DEFAULTS.items()}
        return {**shipped, **names, **sessions, **self._fields}

    def _named(self, dotted: str) -> Rule | None:
        names = _names(dotted)
        for parent, name in zip(["", *names], names, strict=False):
            if name in self._names:
                return Rule(self._names[name])
            if is_never_kept(name) and not is_of_thing(parent + name):
                return self._inherited_for_name(dotted) or Rule("drop")
        # `display.name` is as good as `displayName`.
        if any(map(is_never_kept, map(str.__add__, names, names[1:]))):
            return Rule("drop")
        return Rule("pseudonymise") if _SESSION_NAME in names else None

    def _inherited_for_name(self, dotted: str) -> Rule | None:
        """Below an `email` that is to be scanned all is scanned; below a kept parent no e-mail is kept."""
        parents = [f for f in self._fields if dotted.startswith(f"{f}.") and _is_never_kept(f)]
        return Rule(self._fields[max(parents, key=len)]) if parents else None

    def _inherited(self, path: Path) -> Rule | None:
        for length in range(len(path) - 1, 0, -1):
            parent = ".".join(path[:length])
            if parent in self._fields:
                return Rule(self._fields[parent])
        return None


def last_name(path: Path) -> str:
    """Return the innermost name of a path, without case, `-` and `_`."""
    return normal(re.split(r"[./]", path[-1])[-1])


def _names(dotted: str) -> list[str]:
    return [normal(name) for name in re.split(r"[./]", dotted)]


def _is_never_kept(dotted: str) -> bool:
    return any(map(is_never_kept, _names(dotted)))

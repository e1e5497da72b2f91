"""Takes personal data and secrets out of a stored event, field by field, and fails closed.

Whatever cannot be cleaned is dropped; cleaning twice is cleaning once.
"""

import logging
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from itertools import product
from typing import Any

from insights_backend.enrichment.detectors.base import LABEL
from insights_backend.enrichment.policy import STORED_FIELDS, Path, Policy, Rule
from insights_backend.enrichment.pseudonyms import Pseudonyms, is_pseudonym
from insights_backend.enrichment.readable import readable
from insights_backend.enrichment.treatments import Treatments
from insights_backend.settings.values import Identities

REDACTION_FAILED = "redaction_failed"
"""The note on an event of which a field could not be cleaned and was dropped."""

_log = logging.getLogger(__name__)

_MAX_DEPTH = 16
_MEMO_SIZE = 8192
_MEMO_TEXT = 256
_SMALLEST_PERSONAL_NUMBER = 1_000_000
_NEVER_AGAIN = {("id",), ("time",), ("receivedAt",)}  # of these it is no use to remember which are clean
_NUMBERS = {("value",)}  # a text stands in their place nowhere
_DROPPED = object()

_ADDRESS_SCHEMES = ("mailto:", "tel:", "sms:")
_PERSON = re.compile(r"(?:\A|/user/)(u_[a-z2-7]{4}_[a-z2-7]{32})(?=\Z|[/?#])")
_KIND_KEYS = frozenset(map("".join, product(*zip("kind", "KIND", strict=True))))  # `kind` in any case
_PERSON_NAMES = ("name", "metadata.name")
_PERSON_TITLES = ("title", "metadata.title")
_NAMESPACES = ("metadata.namespace", "namespace")


@dataclass(eq=False)
class _Place:
    """Where values stand in events: what the key becomes, what happens to a value there, and what is known of it.

    Args:
        path: the cleaned keys from the event down.
        rule: what happens to a value.
        treat: cleans a text.
    """

    path: Path
    rule: Rule
    treat: Callable[[str], str]

    def __post_init__(self) -> None:
        self.name = self.path[-1] if self.path else ""
        self.is_dropped = self.rule.treatment == "drop"
        shape = self.rule.shape if self.rule.treatment == "keep" and self.path in _NEVER_AGAIN else None
        self.fits = shape.fullmatch if shape else None
        self.clean: set[str] = set()
        self.inside: dict[str, _Place] = {}


class Redactor:
    """Makes of a stored event one that may reach disk, log and network.

    Args:
        policy: what happens to each field.
        pseudonyms: names people and sessions.
        identities: `clear` leaves references to users as they are; everything else is treated as usual.
        enabled: False treats the identities only, and scans nothing.
    """

    def __init__(self, policy: Policy, pseudonyms: Pseudonyms, identities: Identities, *, enabled: bool) -> None:
        self._clear = identities == "clear"
        self._enabled = enabled
        self._treatments = Treatments(policy, pseudonyms, clear=self._clear, enabled=enabled)
        self._forget()

    def redact(self, event: Mapping[str, Any]) -> dict[str, Any]:
        """Return a clean copy of an event; never raises for anything that JSON can say.

        A field whose cleaning fails is dropped, and the event says so with the note `redaction_failed`.
        """
        failures: list[str] = []
        clean = self._mapping(self._event, event, failures)
        if len(clean) < len(event):
            _fill(clean, event)
        if self._enabled and not self._clear:
            _hide_link_text(clean, event)
        if failures:
            notes = clean.get("notes")
            clean["notes"] = [*(notes if isinstance(notes, list) else []), REDACTION_FAILED]
            clean["notes"] = list(dict.fromkeys(map(str, clean["notes"])))
        return clean

    def can_name(self, id_: str) -> bool:
        """Tell whether an event can be known by its sender's id.

        Of a card's number and its like nothing is left that would tell one event from another.
        """
        shape = STORED_FIELDS["id"].shape
        return (shape is not None and shape.fullmatch(id_) is not None) or self._treatments.is_hashable(id_)

    def _mapping(self, here: _Place, mapping: Mapping[Any, Any], failures: list[str]) -> dict[str, Any]:
        """Clean keys and values; of keys that become equal, the first one stays."""
        clean: dict[str, Any] = {}
        for key, value in self._without_person(here.path, mapping).items():
            try:
                place = here.inside.get(key) or self._enter(here, str(key))
                is_clean = value is None or (
                    isinstance(value, str) and (place.fits(value) if place.fits else value in place.clean)
                )
                treated = value if is_clean and not place.is_dropped else self._value(place, value, failures)
            except Exception as error:  # noqa: BLE001 - fails closed: whatever went wrong, the field is dropped
                failures.append(type(error).__name__)
                _log.warning("a field was dropped, since cleaning it raised %s", type(error).__name__)
            else:
                if treated is not _DROPPED:
                    clean.setdefault(place.name, treated)
        return clean

    def _enter(self, here: _Place, key: str) -> _Place:
        """Find out what a key becomes and what happens to the value there, and remember it."""
        is_known = not self._enabled or (not here.path and key in STORED_FIELDS)
        place = self._place((*here.path, key if is_known else self._treatments.scan(key)))
        if self._has_room(key):
            here.inside[key] = place
        return place

    def _place(self, path: Path) -> _Place:
        rule = self._treatments.rule(path)
        return _Place(path, rule, self._treatments.cleaner(path, rule))

    def _has_room(self, text: str) -> bool:
        """Tell whether a text can be remembered; when too much is, all is forgotten first."""
        if len(text) > _MEMO_TEXT:
            return False
        self._room -= 1
        if self._room < 0:
            self._forget()
        return True

    def _forget(self) -> None:
        self._event = _Place((), Rule("scan"), self._treatments.scan)
        self._room = _MEMO_SIZE

    def _value(self, place: _Place, value: Any, failures: list[str], depth: int = 0) -> Any:
        if place.is_dropped:
            return _DROPPED
        if isinstance(value, str):
            return value if value in place.clean else self._text(place, value)
        if value is None or isinstance(value, bool):
            return value
        if isinstance(value, (int, float)):
            return self._number(place, value)
        if len(place.path) + depth > _MAX_DEPTH:
            raise ValueError("nested too deeply")
        if isinstance(value, (list, tuple)):
            return [self._value(place, item, failures, depth + 1) for item in value]
        # A dict first, since most are: to ask an abstract class takes longer.
        if isinstance(value, (dict, Mapping)):
            return self._mapping(place, value, failures)
        raise TypeError("not a JSON value")

    def _text(self, place: _Place, text: str) -> str:
        treated = place.treat(text)
        if treated == text and self._has_room(text):
            place.clean.add(text)
        return treated

    def _number(self, place: _Place, value: float) -> Any:
        treatment = place.rule.treatment
        if treatment == "pseudonymise":
            return place.treat(str(value))
        is_kept = treatment == "keep" and place.rule.shape is None
        if is_kept or abs(value) < _SMALLEST_PERSONAL_NUMBER:
            return value
        text = str(int(value)) if isinstance(value, float) and value.is_integer() else str(value)
        treated = place.treat(text)
        if treated == text:
            return value
        return _DROPPED if place.path in _NUMBERS else treated

    def _without_person(self, path: Path, mapping: Mapping[Any, Any]) -> Mapping[Any, Any]:
        """Where route parameters or metadata describe a user, name and title are the person's."""
        if self._clear or not path:
            return mapping
        kind = "user" if path == ("userMetadata",) else mapping.get("kind")
        if kind is None and not _KIND_KEYS.isdisjoint(mapping):
            kind = next(value for key, value in mapping.items() if key in _KIND_KEYS)
        if not isinstance(kind, str) or not _is_user_kind(kind):
            return mapping
        return self._anonymous(mapping, "default")

    def _anonymous(self, person: Mapping[Any, Any], namespace: Any) -> Mapping[Any, Any]:
        """Leave titles out of what describes a user, also below `metadata`, and put the pseudonym where the name is."""
        by_name = {str(key).lower(): value for key, value in person.items()}
        namespace = next(filter(None, map(by_name.get, _NAMESPACES)), namespace)
        clean: dict[Any, Any] = {}
        for key, value in person.items():
            name = str(key).lower()
            if name in _PERSON_NAMES and value is not None:
                clean[key] = self._person(str(namespace), str(value))
            elif name == "metadata" and isinstance(value, Mapping):
                clean[key] = self._anonymous(value, namespace)
            elif name not in _PERSON_TITLES:
                clean[key] = value
        return clean

    def _person(self, namespace: str, name: str) -> str:
        """Name a person by what the parameters of a route say, which may still be percent-encoded."""
        return name if is_pseudonym(name) else self._treatments.user(readable(f"user:{namespace}/{name}")[0])


def _is_user_kind(kind: str) -> bool:
    return kind.lower() == "user" or ("%" in kind and readable(kind)[0].lower() == "user")


def _hide_link_text(clean: dict[str, Any], event: Mapping[str, Any]) -> None:
    """The text of a link to a person is the person's name, and nothing in the text would tell."""
    if event.get("action") not in ("click", "discover") or not isinstance(clean.get("subject"), str):
        return
    target = clean.get("target")
    person = _PERSON.search(target) if isinstance(target, str) else None
    if person:
        clean["subject"] = person[1]
    elif _is_addressed(event) and not LABEL.fullmatch(clean["subject"]):
        clean["subject"] = "[username]"


def _is_addressed(event: Mapping[str, Any]) -> bool:
    """Tell whether a link leads to a mail or a telephone number, and so perhaps to a person."""
    attributes = event.get("attributes")
    to = attributes.get("to") if isinstance(attributes, Mapping) else None
    return isinstance(to, str) and to.lower().startswith(_ADDRESS_SCHEMES)


def _fill(clean: dict[str, Any], event: Mapping[str, Any]) -> None:
    """Put nothing where a stored field was dropped."""
    for field in STORED_FIELDS:
        if field in event and field not in clean:
            clean[field] = _nothing(field)


def _nothing(field: str) -> Any:
    if field in {"attributes", "context", "userMetadata", "entityMetadata"}:
        return {}
    return [] if field in {"groups", "notes"} else None

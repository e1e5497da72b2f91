"""Takes personal data and secrets out of a stored event, field by field, and fails closed.

Whatever cannot be cleaned is dropped; cleaning twice is cleaning once.
"""

import logging
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import lru_cache
from typing import Any

from insights_backend.enrichment.detectors import Found, find, is_plain
from insights_backend.enrichment.policy import STORED_FIELDS, Path, Policy, Rule, last_name
from insights_backend.enrichment.pseudonyms import Pseudonyms, is_pseudonym
from insights_backend.errors import InvalidEntityRefError
from insights_backend.model.entity_ref import EntityRef
from insights_backend.settings.values import Identities

REDACTION_FAILED = "redaction_failed"
"""The note on an event of which a field could not be cleaned and was dropped."""

_log = logging.getLogger(__name__)

_MAX_DEPTH = 16
_MAX_ROUNDS = 5
_MAX_DECODINGS = 3
_MAX_PIECES = 64
_REDACTED = "[redacted]"
_MEMO_SIZE = 8192
_MEMO_TEXT = 256
_PLACES = 2048
_SMALLEST_PERSONAL_NUMBER = 1_000_000
_DROPPED = object()

_ESCAPES = re.compile(r"(?:%[0-9A-Fa-f]{2})+")
_INVISIBLE = frozenset("\u00ad\u200b\u200c\u200d\u2060\ufeff")
_LOOKALIKES = {
    **{code: chr(code - 0xFEE0) for code in range(0xFF01, 0xFF5F)},  # full-width forms of ASCII
    **dict.fromkeys(range(0x2010, 0x2016), "-"),
    **dict.fromkeys([0x00A0, 0x2007, 0x2009, 0x202F, 0x3000], " "),
    **dict.fromkeys([0x3002, 0xFF61], "."),
    0x2212: "-",
    0xFE6B: "@",
}
_USER_REF = re.compile(r"user:[\w-]{1,63}/[\w.@+-]{1,253}", re.IGNORECASE)
_PERSON = re.compile(r"(?:\A|/user/)(u_[a-z2-7]{4}_[a-z2-7]{32})(?=\Z|[/?#])")
_PERSON_NAMES = ("name", "metadata.name")
_PERSON_TITLES = ("title", "metadata.title")
_USER_FIELDS = frozenset({"user", "username", "name"})


class Scanner:
    """Replaces what the detectors find by its type, also behind percent-encoding and look-alike letters.

    Args:
        name_user: gives the pseudonym of a user's entity reference; None leaves references as they are.
    """

    def __init__(self, name_user: Callable[[str], str] | None) -> None:
        self._name_user = name_user
        self._clean: set[str] = set()

    def clean(self, text: str) -> str:
        """Return the text without personal data and secrets; cleaning the result changes nothing.

        A text that holds very much of it, or that does not settle because each replacement uncovers something
        else, is replaced as a whole.
        """
        if text in self._clean or is_plain(text):
            return text
        for _ in range(_MAX_ROUNDS):
            cleaned = self._replace(text)
            if cleaned == text:
                self._remember(text)
                return text
            text = cleaned
        return _REDACTED

    def _remember(self, text: str) -> None:
        if len(text) <= _MEMO_TEXT:
            if len(self._clean) >= _MEMO_SIZE:
                self._clean.clear()
            self._clean.add(text)

    def _replace(self, text: str) -> str:
        parts, position = [], 0
        pieces = _merged(_find_everywhere(text))
        if len(pieces) > _MAX_PIECES:
            return _REDACTED
        for start, end, found in pieces:
            parts += [text[position:start], self._replacement(found, text[start:end])]
            position = end
        return "".join([*parts, text[position:]])

    def _replacement(self, found: Found, original: str) -> str:
        if found.ref is None:
            return f"[{found.label}]"
        name = found.ref.rpartition("/")[2]
        if is_pseudonym(name):
            return name
        return original if self._name_user is None else self._name_user(found.ref)


def _find_everywhere(text: str) -> list[Found]:
    """Find in the text as it is read by people and as it is written: an escaped `&` ends no secret."""
    if text.isascii() and "%" not in text:
        return find(text)
    plain, starts = _readable(text)
    decoded = [Found(f.label, starts[f.start], starts[f.end], f.ref) for f in find(plain)]
    return [*decoded, *find(text)]


def _readable(text: str) -> tuple[str, Sequence[int]]:
    """Undo percent-encoding (RFC 3986) and look-alikes; also say where each character began, and the end."""
    starts: Sequence[int] = range(len(text) + 1)
    for _ in range(_MAX_DECODINGS):
        if not _ESCAPES.search(text):
            break
        text, places = _decoded(text)
        starts = [starts[place] for place in places]
    if text.isascii():
        return text, starts
    visible = [index for index, char in enumerate(text) if char not in _INVISIBLE]
    plain = "".join(text[index] for index in visible).translate(_LOOKALIKES)
    return plain, [*(starts[index] for index in visible), starts[-1]]


def _decoded(text: str) -> tuple[str, list[int]]:
    chars: list[str] = []
    places: list[int] = []
    position = 0
    for match in _ESCAPES.finditer(text):
        chars += text[position : match.start()]
        places += range(position, match.start())
        position = match.start()
        octets = bytes.fromhex(match[0].replace("%", ""))
        for char in octets.decode("utf-8", "surrogateescape"):
            chars.append(char)
            places.append(position)
            position += 3 * len(char.encode("utf-8", "surrogateescape"))
    return "".join([*chars, text[position:]]), [*places, *range(position, len(text) + 1)]


def _merged(found: Iterable[Found]) -> list[tuple[int, int, Found]]:
    """Join what overlaps; the longest of what was joined, or the first of equals, gives it its name."""
    merged: list[tuple[int, int, Found]] = []
    for item in sorted(found, key=lambda f: f.start):
        if merged and item.start < merged[-1][1]:
            start, end, best = merged[-1]
            longer = item.end - item.start > best.end - best.start
            merged[-1] = (start, max(end, item.end), item if longer else best)
        else:
            merged.append((item.start, item.end, item))
    return merged


class Redactor:
    """Makes of a stored event one that may reach disk, log and network.

    Args:
        policy: what happens to each field.
        pseudonyms: names people and sessions.
        identities: `clear` leaves references to users as they are; everything else is treated as usual.
        enabled: False treats the identities only, and scans nothing.
    """

    def __init__(self, policy: Policy, pseudonyms: Pseudonyms, identities: Identities, *, enabled: bool) -> None:
        self._policy = policy
        self._pseudonyms = pseudonyms
        self._clear = identities == "clear"
        self._enabled = enabled
        self._scan = Scanner(None if self._clear else pseudonyms.user).clean
        self._place = lru_cache(maxsize=_PLACES)(self._placed)

    def redact(self, event: Mapping[str, Any]) -> dict[str, Any]:
        """Return a clean copy of an event; never raises for anything that JSON can say.

        A field whose cleaning fails is dropped, and the event says so with the note `redaction_failed`.
        """
        failures: list[str] = []
        clean = self._mapping((), event, failures)
        for field in STORED_FIELDS:
            if field in event and field not in clean:
                clean[field] = _nothing(field)
        if self._enabled and not self._clear:
            _hide_link_text(clean)
        if failures:
            notes = clean.get("notes")
            clean["notes"] = [*(notes if isinstance(notes, list) else []), REDACTION_FAILED]
            clean["notes"] = list(dict.fromkeys(map(str, clean["notes"])))
        return clean

    def _mapping(self, path: Path, mapping: Mapping[Any, Any], failures: list[str]) -> dict[str, Any]:
        """Clean keys and values; of keys that become equal, the first one stays."""
        clean: dict[str, Any] = {}
        for key, value in self._without_person(path, mapping).items():
            try:
                name, place, rule = self._place(path, str(key))
                treated = self._value(rule, place, value, failures, depth=0)
            except Exception as error:  # noqa: BLE001 - fails closed: whatever went wrong, the field is dropped
                failures.append(type(error).__name__)
                _log.warning("a field was dropped, since cleaning it raised %s", type(error).__name__)
            else:
                if treated is not _DROPPED:
                    clean.setdefault(name, treated)
        return clean

    def _placed(self, path: Path, key: str) -> tuple[str, Path, Rule]:
        """Return what a key becomes, where it then stands, and what happens to the value there."""
        is_known = not self._enabled or (not path and key in STORED_FIELDS)
        name = key if is_known else self._scan(key)
        place = (*path, name)
        return name, place, self._policy.rule(place) if self._enabled else _identity_rule(place)

    def _value(self, rule: Rule, path: Path, value: Any, failures: list[str], depth: int) -> Any:
        if rule.treatment == "drop":
            return _DROPPED
        if isinstance(value, str):
            return self._text(rule, path, value)
        if value is None or isinstance(value, bool):
            return value
        if isinstance(value, int | float):
            return self._number(rule, path, value)
        if len(path) + depth > _MAX_DEPTH:
            raise ValueError("nested too deeply")
        if isinstance(value, Mapping):
            return self._mapping(path, value, failures)
        if isinstance(value, list | tuple):
            return [self._value(rule, path, item, failures, depth + 1) for item in value]
        raise TypeError("not a JSON value")

    def _number(self, rule: Rule, path: Path, value: float) -> Any:
        if rule.treatment == "pseudonymise":
            return self._pseudonym(path, str(value))
        if rule.treatment == "keep" or not self._enabled or abs(value) < _SMALLEST_PERSONAL_NUMBER:
            return value
        text = str(value)
        cleaned = self._scan(text)
        return value if cleaned == text else cleaned

    def _text(self, rule: Rule, path: Path, text: str) -> str:
        if rule.treatment == "pseudonymise":
            return self._pseudonym(path, text)
        if rule.treatment == "keep":
            return text if rule.shape is None or rule.shape.fullmatch(text) else self._misfit(path, text)
        return self._scan(text) if self._enabled else text

    def _misfit(self, path: Path, text: str) -> str:
        """Clean a text that does not look like what its field keeps, such as an owner that is a user."""
        if not self._clear and _is_user(text):
            return self._pseudonyms.user(text)
        cleaned = self._scan(text) if self._enabled else text
        return self._pseudonyms.opaque(text) if path == ("id",) and cleaned != text else cleaned

    def _pseudonym(self, path: Path, text: str) -> str:
        name = last_name(path)
        if name == "sessionid":
            return self._pseudonyms.session(text)
        if name not in _USER_FIELDS and not _is_user(text):
            return self._pseudonyms.opaque(text)
        if not self._clear:
            return self._pseudonyms.user(text)
        return text if _USER_REF.fullmatch(text) or not self._enabled else self._scan(text)

    def _without_person(self, path: Path, mapping: Mapping[Any, Any]) -> Mapping[Any, Any]:
        """Where route parameters or metadata describe a user, name and title are the person's."""
        kind = "user" if path == ("userMetadata",) else mapping.get("kind")
        if self._clear or not path or not isinstance(kind, str) or kind.lower() != "user":
            return mapping
        namespace = mapping.get("metadata.namespace", mapping.get("namespace"))
        person = {key: value for key, value in mapping.items() if key not in _PERSON_TITLES}
        for key in _PERSON_NAMES:
            if person.get(key) is not None:
                person[key] = self._person(str(namespace or "default"), str(person[key]))
        return person

    def _person(self, namespace: str, name: str) -> str:
        return name if is_pseudonym(name) else self._pseudonyms.user(f"user:{namespace}/{name}")


def _identity_rule(path: Path) -> Rule:
    """Return what happens to a field when nothing is scanned."""
    if path in {("user",), ("sessionId",)}:
        return Rule("pseudonymise")
    is_ref = path in {("entity",), ("target",), ("entityMetadata", "spec.owner")}
    return Rule("keep", STORED_FIELDS["entity"].shape) if is_ref else Rule("keep")


def _is_user(text: str) -> bool:
    if text[:5].lower() != "user:":
        return False
    try:
        return EntityRef.parse(text).kind == "user"
    except InvalidEntityRefError:
        return False


def _hide_link_text(event: dict[str, Any]) -> None:
    """The text of a link to a person's page is the person's name, and nothing in the text would tell."""
    target = event.get("target")
    person = _PERSON.search(target) if isinstance(target, str) else None
    if person and event.get("action") in ("click", "discover") and isinstance(event.get("subject"), str):
        event["subject"] = person[1]


def _nothing(field: str) -> Any:
    if field in {"attributes", "context", "userMetadata", "entityMetadata"}:
        return {}
    return [] if field in {"groups", "notes"} else None

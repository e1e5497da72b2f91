"""One person in stored events: whose events they are, and where those of others name the person.

Others name a person by looking at the person's page, at what the person owns, or at a link that leads there. In what is
stored a name is a pseudonym or, where `identities` is `clear`, an entity reference or the path of the person's page.
Source of the paths: the routes of Backstage's catalog and TechDocs. Source of the characters: "Descriptor Format".
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from hashlib import blake2b
from typing import Any
from urllib.parse import unquote, unquote_to_bytes

import orjson

from insights_backend.model.entity_ref import DEFAULT_NAMESPACE, EntityRef

ERASED = "[erased]"
"""What stands where a person was named."""

_PSEUDONYM = "u_[a-z2-7]{4}_[a-z2-7]{32}"
_SPACE, _NAME = r"[\w-]{1,63}", r"[\w.-]{0,62}\w"
# Percent-encoded once or twice, as queries hold them; the letters of an encoded character before it are not of it.
_COLON, _SLASH, _BEGIN = "(?::|%(?:25)?3a)", "(?:/|%(?:25)?2f)", r"(?:\b|%(?:25)?[0-9a-f]{2})"
_REFERENCE = (
    rf"(?i){_BEGIN}(?:user{_COLON}(?:{_SPACE}{_SLASH})?{_NAME}"
    rf"|by-name{_SLASH}user{_SLASH}{_SPACE}{_SLASH}{_NAME}|{_SPACE}{_SLASH}user{_SLASH}{_NAME})"
)
_BEFORE = re.compile(r"\A\W+")
_DIGEST_BYTES = 16


@dataclass(frozen=True, slots=True)
class Erased:
    """What was taken out.

    Args:
        events: how many events of the person.
        mentions: how many events of others named the person, and do so no more.
    """

    events: int = 0
    mentions: int = 0

    def __add__(self, other: "Erased") -> "Erased":
        return Erased(self.events + other.events, self.mentions + other.mentions)


@dataclass(frozen=True)
class Person:
    """Everything that one person is called in stored events.

    Args:
        pseudonym: the name where identities are pseudonyms.
        ref: the name where they are clear; None where only the pseudonym is known.
        former: the pseudonyms under previous salts.
    """

    pseudonym: str
    ref: EntityRef | None = None
    former: frozenset[str] = frozenset()

    @cached_property
    def names(self) -> frozenset[str]:
        """Every text that names the person, in lower case."""
        if self.ref is None:
            return self.former | {self.pseudonym}
        namespace, name = self.ref.namespace, self.ref.name
        short = {f"user:{name}"} if namespace == DEFAULT_NAMESPACE else set()
        paths = {f"{namespace}/user/{name}", f"by-name/user/{namespace}/{name}"}
        return self.former | {self.pseudonym, str(self.ref), *short, *paths}

    @property
    def patterns(self) -> tuple[str, ...]:
        """What finds such names in a text, or others like it; read alike by Python for bytes and by RE2."""
        return (_PSEUDONYM, _REFERENCE) if self.ref else (_PSEUDONYM,)

    @cached_property
    def digest(self) -> str:
        """What the person can be found by in a log, by whoever knows the pseudonym and by nobody else."""
        return blake2b(self.pseudonym.encode(), digest_size=_DIGEST_BYTES).hexdigest()

    def taken_out_of(self, lines: bytes) -> tuple[bytes, Erased]:
        """Take the person's events out of others', and the person's names out of those.

        Of a line that a disk has damaged nobody can tell whose it was: it counts as the person's if it names them.

        Args:
            lines: stored events as newline-delimited JSON, each line ended.

        Returns:
            The lines that stay, and what was taken out of them.
        """
        if not self._may_be_in(lines):
            return lines, Erased()
        kept, events, mentions = [], 0, 0
        for line in lines.splitlines(keepends=True):
            event, blanked = _read(line), self._blanked(line)
            names_them = blanked != line
            if names_them if event is None else event.get("user") in self.names:
                events += 1
            else:
                kept.append(blanked)
                mentions += names_them
        return b"".join(kept), Erased(events, mentions)

    def found_in(self, lines: bytes) -> Iterator[dict[str, Any]]:
        """Yield the stored events that are the person's or name the person, but for those that a disk has damaged.

        Args:
            lines: stored events as newline-delimited JSON.
        """
        for line in lines.splitlines() if self._may_be_in(lines) else ():
            event = _read(line)
            if event and (event.get("user") in self.names or self._blanked(line) != line):
                yield event

    def _may_be_in(self, lines: bytes) -> bool:
        """Look quickly, since a long backlog holds little of one person."""
        lowered = lines.lower()
        if self.ref and b"%" in lowered:
            lowered = unquote_to_bytes(unquote_to_bytes(lowered))
        return any(name.encode() in lowered for name in self.names)

    def _blanked(self, line: bytes) -> bytes:
        for pattern in self.patterns:
            line = re.sub(pattern.encode(), self._erased, line)
        return line

    def _erased(self, found: re.Match[bytes]) -> bytes:
        name = _BEFORE.sub("", unquote(unquote(found[0].decode().lower())))
        return ERASED.encode() if name in self.names else found[0]


def _read(line: bytes) -> dict[str, Any] | None:
    """Read a stored event; None where a disk has damaged it."""
    try:
        event: dict[str, Any] = orjson.loads(line)
    except orjson.JSONDecodeError:
        return None
    return event

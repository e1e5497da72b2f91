"""Keyed names for people, sessions and ids: stable under one salt, and not to be undone without it.

A pseudonym is an HMAC-SHA256 (RFC 2104, FIPS 180-4) in base32 (RFC 4648). A short id of the salt stands in
it, so that a change of salt shows instead of silently doubling every person.

A salt that replaces another one names the pseudonyms of the other: what is stored can so be carried over without
knowing who anybody is, and is told by a salt that has leaked no more.
"""

import base64
import hashlib
import hmac
import re
from collections.abc import Sequence
from functools import lru_cache

from insights_backend.errors import ConfigError, InvalidEntityRefError
from insights_backend.model.entity_ref import EntityRef

SALT_BYTES = 32

_KEY_ID_LENGTH = 4
_DIGEST_BYTES = 20  # 160 bits: 32 characters of base32 without padding
_MEMO_SIZE = 4096
_PSEUDONYM = re.compile(r"[usx]_([a-z2-7]{4})_[a-z2-7]{32}")


def is_pseudonym(text: str) -> bool:
    """Tell whether a text has the form of a pseudonym, under whatever salt it was made."""
    return _PSEUDONYM.fullmatch(text) is not None


class Pseudonyms:
    """Names people, sessions and other things by a keyed digest.

    A pseudonym that is given comes back as it is; one of a previous salt as it is called now.

    Args:
        salt: the key, 32 bytes or more.
        previous: the keys before it, oldest first.

    Raises:
        ConfigError: a salt is shorter than 32 bytes, or two cannot be told apart in a pseudonym.
    """

    def __init__(self, salt: bytes, previous: Sequence[bytes] = ()) -> None:
        self._keys = [_Key(one) for one in (*previous, salt)]
        self._place = {key.id: place for place, key in enumerate(self._keys)}
        if len(self._place) < len(self._keys):
            raise ConfigError(
                "backstageInsights.salt: two salts, previous ones included, have one key id; make another"
            )
        self._named = lru_cache(maxsize=_MEMO_SIZE)(self._name)

    @property
    def previous_pattern(self) -> str | None:
        """What finds the names of people and things under previous salts in a text, as Python and RE2 read it.

        Not those of sessions, which nobody can guess, so that they need no other name. None without previous salts.
        """
        ids = "|".join(key.id for key in self._keys[:-1])
        return f"[ux]_(?:{ids})_[a-z2-7]{{32}}" if ids else None

    def user(self, ref: str) -> str:
        """Return the pseudonym of a user, the same for every way of writing the reference.

        Args:
            ref: an entity reference; `jane` is `user:default/jane`. What is none is named by its lower case.
        """
        return self._named("u", ref)

    def session(self, session_id: str) -> str:
        """Return the pseudonym of a session; never that of a user, whatever the id."""
        return self._named("s", session_id)

    def opaque(self, text: str) -> str:
        """Return the pseudonym of anything else, such as a client-made id that holds personal data."""
        return self._named("x", text)

    def all_of_user(self, ref: str) -> tuple[str, ...]:
        """Return every name that a user has had, the one of now last.

        Args:
            ref: an entity reference, or a pseudonym; of the names before a given pseudonym nothing can be known.
        """
        return tuple(self._names("u", ref))

    def _name(self, kind: str, text: str) -> str:
        return self._names(kind, text)[-1]

    def _names(self, kind: str, text: str) -> list[str]:
        """Name a text by the first key and each name by the next one."""
        given = _PSEUDONYM.fullmatch(text)
        place = self._place.get(given[1], len(self._keys)) if given else 0
        names = [text] if given else [self._keys[0].name(kind, _canonical(text) if kind == "u" else text)]
        for key in self._keys[place + 1 :]:
            names.append(key.name(names[-1][0], names[-1]))
        return names


class _Key:
    def __init__(self, salt: bytes) -> None:
        if len(salt) < SALT_BYTES:
            raise ConfigError(f"backstageInsights.salt is too short; give {SALT_BYTES} bytes or more")
        self._salt = salt
        self.id = self._digest("key id", "")[:_KEY_ID_LENGTH]

    def name(self, kind: str, text: str) -> str:
        return f"{kind}_{self.id}_{self._digest(kind, text)}"

    def _digest(self, context: str, text: str) -> str:
        message = f"{context}\0{text}".encode("utf-8", "surrogatepass")
        digest = hmac.new(self._salt, message, hashlib.sha256).digest()[:_DIGEST_BYTES]
        return base64.b32encode(digest).decode("ascii").lower()


def _canonical(ref: str) -> str:
    try:
        return str(EntityRef.parse(ref, default_kind="user"))
    except InvalidEntityRefError:
        return ref.strip().lower()

"""Keyed names for people, sessions and ids: stable under one salt, and not to be undone without it.

A pseudonym is an HMAC-SHA256 (RFC 2104, FIPS 180-4) in base32 (RFC 4648). A short id of the salt stands in
it, so that a change of salt shows instead of silently doubling every person.
"""

import base64
import hashlib
import hmac
import os
import re
from collections.abc import Callable
from contextlib import suppress
from functools import lru_cache
from pathlib import Path

from insights_backend.errors import ConfigError, InvalidEntityRefError
from insights_backend.model.entity_ref import EntityRef

SALT_BYTES = 32

_KEY_ID_LENGTH = 4
_DIGEST_BYTES = 20  # 160 bits: 32 characters of base32 without padding
_DRAFT_BYTES = 8
_MEMO_SIZE = 4096
_PSEUDONYM = re.compile(r"[usx]_[a-z2-7]{4}_[a-z2-7]{32}")


def is_pseudonym(text: str) -> bool:
    """Tell whether a text has the form of a pseudonym, under whatever salt it was made."""
    return _PSEUDONYM.fullmatch(text) is not None


class Pseudonyms:
    """Names people, sessions and other things by a keyed digest; a given pseudonym comes back as it is.

    Args:
        salt: the key, 32 bytes or more.

    Raises:
        ConfigError: the salt is shorter than 32 bytes.
    """

    def __init__(self, salt: bytes) -> None:
        if len(salt) < SALT_BYTES:
            raise ConfigError(f"backstageInsights.salt is too short; give {SALT_BYTES} bytes or more")
        self._salt = salt
        self.key_id = self._digest("key id", "")[:_KEY_ID_LENGTH]
        self._named = lru_cache(maxsize=_MEMO_SIZE)(self._name)

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

    def _name(self, kind: str, text: str) -> str:
        if is_pseudonym(text):
            return text
        return f"{kind}_{self.key_id}_{self._digest(kind, _canonical(text) if kind == 'u' else text)}"

    def _digest(self, context: str, text: str) -> str:
        message = f"{context}\0{text}".encode("utf-8", "surrogatepass")
        digest = hmac.new(self._salt, message, hashlib.sha256).digest()[:_DIGEST_BYTES]
        return base64.b32encode(digest).decode("ascii").lower()


def load_or_create_salt(path: Path, randomness: Callable[[int], bytes]) -> bytes:
    """Read an installation's salt, or make it at first start; processes that start at once agree on one.

    The file appears whole and on disk or not at all, readable by its owner only.

    Args:
        path: the file, in a directory that exists.
        randomness: gives that many unpredictable bytes, such as `os.urandom`.

    Raises:
        ConfigError: the file is damaged, cannot be read, or cannot be made.
    """
    try:
        if not path.exists():
            _create(path, randomness(SALT_BYTES), randomness(_DRAFT_BYTES).hex())
        salt = path.read_bytes()
    except OSError as error:
        raise ConfigError(f"the salt {path} cannot be read or made: {error.strerror}") from error
    if len(salt) != SALT_BYTES:
        raise ConfigError(
            f"the salt {path} is damaged: {len(salt)} bytes, not {SALT_BYTES}; restore it from a backup, "
            "or remove it and accept that every person gets a new pseudonym"
        )
    return salt


def _create(path: Path, salt: bytes, suffix: str) -> None:
    """Write beside the path, then link: of several writers the first one wins, and no reader sees a part."""
    draft = path.with_name(f"{path.name}.{suffix}")
    try:
        _write_durably(draft, salt)
        with suppress(FileExistsError):
            os.link(draft, path)
    finally:
        draft.unlink(missing_ok=True)
    _sync_directory(path.parent)


def _write_durably(path: Path, content: bytes) -> None:
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())


def _sync_directory(path: Path) -> None:
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _canonical(ref: str) -> str:
    try:
        return str(EntityRef.parse(ref, default_kind="user"))
    except InvalidEntityRefError:
        return ref.strip().lower()

"""What the policy's treatments do to a text, where identities are pseudonyms and where they are clear."""

import re
from collections.abc import Callable
from functools import lru_cache, partial

from insights_backend.enrichment.detectors.people import names_nobody
from insights_backend.enrichment.policy import STORED_FIELDS, Path, Policy, Rule, last_name
from insights_backend.enrichment.pseudonyms import Pseudonyms
from insights_backend.enrichment.scanner import NEVER_HASHED, Scanner
from insights_backend.errors import InvalidEntityRefError
from insights_backend.model.entity_ref import EntityRef

_USER_REF = re.compile(r"user:[\w-]{1,63}/[\w.@+-]{1,253}", re.IGNORECASE)
_LABELS = tuple(f"[{label}]" for label in (*NEVER_HASHED, "redacted"))
_MEMO_SIZE = 4096
_USER_FIELDS = frozenset({"user", "username", "name"})


class Treatments:
    """Gives the rule of each path, and the function that cleans a text by it.

    Args:
        policy: what happens to each field.
        pseudonyms: names people and sessions.
        clear: leaves references to users as they are.
        enabled: False treats the identities only, and scans nothing.
    """

    def __init__(self, policy: Policy, pseudonyms: Pseudonyms, *, clear: bool, enabled: bool) -> None:
        self._policy = policy
        self._pseudonyms = pseudonyms
        self._clear = clear
        self._enabled = enabled
        self.scan = Scanner(None if clear else pseudonyms.user).clean
        self.user = lru_cache(maxsize=_MEMO_SIZE)(self._user)

    def rule(self, path: Path) -> Rule:
        """Return what happens to a field; when nothing is scanned, all but the identities is kept."""
        return self._policy.rule(path) if self._enabled else _identity_rule(path)

    def cleaner(self, path: Path, rule: Rule) -> Callable[[str], str]:
        """Return what cleans a text at a path by a rule; a rule that drops needs none, and is scanned."""
        if rule.treatment == "pseudonymise":
            return partial(self._pseudonym, last_name(path))
        if rule.treatment == "keep":
            return partial(self._kept, rule.shape, path)
        return self.scan

    def is_hashable(self, text: str) -> bool:
        """Tell whether a text holds nothing that must not even be hashed, so that its digest is its own."""
        return self._hashable(text) == text

    def _kept(self, shape: re.Pattern[str] | None, path: Path, text: str) -> str:
        """Clean a text only if it does not look like what its field keeps, such as an owner that is a user."""
        if shape is None or shape.fullmatch(text):
            return text
        cleaned = self.scan(text) if self._enabled else text
        if path == ("id",) and cleaned != text:
            return self._pseudonyms.opaque(self._hashable(text))  # of the text as it is: two ids stay two
        return self.user(text) if not self._clear and _is_user(text) else cleaned

    def _pseudonym(self, name: str, text: str) -> str:
        if name == "sessionid":
            return self._pseudonyms.session(self._hashable(text))
        if name not in _USER_FIELDS and not _is_user(text):
            return self._pseudonyms.opaque(self._hashable(text))
        if not self._clear:
            return self.user(text)
        return text if _USER_REF.fullmatch(text) or not self._enabled else self.scan(text)

    def _user(self, ref: str) -> str:
        """Return the pseudonym of a user; `user` remembers it, since one user makes many events."""
        return self._pseudonyms.user(self._hashable(ref))

    def _hashable(self, text: str) -> str:
        """Take out what must not even be hashed: of a card's number there are too few not to be tried."""
        cleaned = self.scan(text) if self._enabled else text
        return cleaned if any(label in cleaned for label in _LABELS) else text


def _identity_rule(path: Path) -> Rule:
    if path in {("user",), ("sessionId",)}:
        return Rule("pseudonymise")
    is_ref = path in {("entity",), ("target",), ("entityMetadata", "spec.owner")}
    return Rule("keep", STORED_FIELDS["entity"].shape) if is_ref else Rule("keep")


def _is_user(text: str) -> bool:
    if text[:5].lower() != "user:" or names_nobody(text[5:]):
        return False
    try:
        return EntityRef.parse(text).kind == "user"
    except InvalidEntityRefError:
        return False

"""Why redaction changed what it changed, for people who try it out."""

from collections.abc import Iterator, Mapping
from itertools import zip_longest
from typing import Any, NamedTuple

from insights_backend.enrichment.policy import Path, Policy
from insights_backend.enrichment.pseudonyms import is_pseudonym
from insights_backend.enrichment.scanner import Scanner


class Change(NamedTuple):
    """One change.

    Args:
        at: the dot path of the field; empty where a text stands by itself.
        reason: what was found, such as `email`, or what the field's policy is.
        rule: which rule did it: a detector, such as `email/plain`, or `policy/drop`.
    """

    at: str
    reason: str
    rule: str


class Explanation:
    """Says of a value and what became of it why that differs.

    Args:
        policy: what happened to each field.
        scanner: what looked at texts.
    """

    def __init__(self, policy: Policy, scanner: Scanner) -> None:
        self._policy = policy
        self._scanner = scanner

    def of_text(self, text: str, at: str = "") -> list[Change]:
        """Say what was found in a text."""
        return [Change(at, found.label, found.rule) for found in self._scanner.findings(text)]

    def of_event(self, event: Mapping[str, Any], clean: Mapping[str, Any]) -> list[Change]:
        """Say why an event differs from what the redactor made of it."""
        return list(self._of_mapping((), event, clean))

    def _of_mapping(self, path: Path, given: Mapping[str, Any], clean: Mapping[str, Any]) -> Iterator[Change]:
        for key, value in given.items():
            inner = (*path, key)
            if key in clean:
                yield from self._of_value(inner, value, clean[key])
            elif in_key := self.of_text(key, ".".join(path)):
                yield from in_key
            else:
                yield Change(".".join(inner), "dropped", "policy/drop")

    def _of_value(self, path: Path, value: Any, clean: Any) -> Iterator[Change]:
        if isinstance(value, Mapping) and isinstance(clean, Mapping):
            yield from self._of_mapping(path, value, clean)
        elif isinstance(value, list) and isinstance(clean, list):
            for item, clean_item in zip_longest(value, clean):
                yield from self._of_value(path, item, clean_item)
        elif value != clean:
            yield from self._of_leaf(path, value, clean)

    def _of_leaf(self, path: Path, value: Any, clean: Any) -> list[Change]:
        at, treatment = ".".join(path), self._policy.treatment(path)
        if treatment in {"pseudonymise", "drop"}:
            return [Change(at, "dropped" if treatment == "drop" else "pseudonym", f"policy/{treatment}")]
        if found := self.of_text(str(value), at):
            return found
        is_named = isinstance(clean, str) and is_pseudonym(clean)
        return [Change(at, "pseudonym" if is_named else "changed", f"policy/{treatment}")]

"""Entity references, Backstage's names for things: `[kind:][namespace/]name`.

Source: Backstage, "Descriptor Format" and "References". References are compared without regard to case; the
canonical text is complete and in lower case.
"""

import re
from typing import NamedTuple

from insights_backend.errors import InvalidEntityRefError

DEFAULT_NAMESPACE = "default"

_MAX_LENGTH = 512
_REF = re.compile(r"(?:(?P<kind>[^:/\s]+):)?(?:(?P<namespace>[^:/\s]+)/)?(?P<name>[^:/\s]+)")


class EntityRef(NamedTuple):
    """The name of an entity in its canonical, lower-case form.

    Build one with `parse` or `of`, which lower the case; equality and hashing then follow Backstage's comparison.
    """

    kind: str
    namespace: str
    name: str

    @classmethod
    def of(cls, kind: str, name: str, namespace: str | None = None) -> "EntityRef":
        """Build a reference from its parts; a missing namespace is `default`.

        Raises:
            InvalidEntityRefError: a part is empty or holds `:`, `/` or white space.
        """
        return cls.parse(f"{kind}:{namespace or DEFAULT_NAMESPACE}/{name}")

    @classmethod
    def parse(
        cls, text: str, *, default_kind: str | None = None, default_namespace: str = DEFAULT_NAMESPACE
    ) -> "EntityRef":
        """Read a full or short reference.

        Args:
            text: the reference, such as `user:default/jane` or, with a `default_kind`, `jane`.
            default_kind: the kind of a short reference; without it the kind must be written.
            default_namespace: the namespace of a reference that names none.

        Raises:
            InvalidEntityRefError: the text is no reference; the message does not repeat it, since it may be anything.
        """
        match = _REF.fullmatch(text) if len(text) <= _MAX_LENGTH else None
        if match is None:
            raise InvalidEntityRefError("not an entity reference; expected [kind:][namespace/]name")
        kind = match["kind"] or default_kind
        if kind is None:
            raise InvalidEntityRefError("the entity reference names no kind; expected kind:[namespace/]name")
        return cls(kind.lower(), (match["namespace"] or default_namespace).lower(), match["name"].lower())

    def __str__(self) -> str:
        return f"{self.kind}:{self.namespace}/{self.name}"

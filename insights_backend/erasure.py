"""What is kept about a person: it is shown, or the person is taken out of all of it."""

from collections.abc import Iterator, Sequence
from functools import partial
from typing import Any, Protocol

from insights_backend.audit import AuditLog
from insights_backend.enrichment.pseudonyms import Pseudonyms, is_pseudonym
from insights_backend.errors import InvalidEntityRefError
from insights_backend.model.entity_ref import EntityRef
from insights_backend.model.person import Erased, Person

_USER = "user"
_NOBODY: dict[str, Any] = {"user": None, "sessionId": None, "userMetadata": {}, "groups": []}


class Place(Protocol):
    """Where events of people are kept."""

    def erase(self, person: Person) -> Erased:
        """Take a person out; finds nothing where it was done before.

        Raises:
            UnavailableError: it was not all done; to be done again.
        """
        ...

    def about(self, person: Person) -> Iterator[dict[str, Any]]:
        """Yield the stored events that are a person's or name the person, each with the place as `storedIn`.

        Raises:
            UnavailableError: they cannot be read now.
        """
        ...


class Erasure:
    """Finds people in every place, and takes them out.

    Args:
        places: where events are kept, in the order in which they go there.
        pseudonyms: names people; None in a process that does not know the portal's salt.
        audit: keeps that it was done.
    """

    def __init__(self, places: Sequence[Place], pseudonyms: Pseudonyms | None, audit: AuditLog) -> None:
        self._places = places
        self._pseudonyms = pseudonyms
        self._audit = audit

    def erase(self, ref: str, by: str | None) -> tuple[Person, Erased]:
        """Erase the events of a person, and the person's name in the events of others.

        All that was accepted before is gone when this returns, what waited for delivery included. What arrives later
        is new data and is kept: who shall not come back must not be sent any more.

        Args:
            ref: an entity reference of a user, `jane` being `user:default/jane`, or a pseudonym.
            by: the name of the token that asks for it; None where none is needed.

        Returns:
            Who that was, and what was taken out; nothing the second time.

        Raises:
            InvalidEntityRefError: the reference is none of a user, or cannot be turned into a pseudonym here.
            UnavailableError: it was not all done; to be done again.
        """
        person, erased, outcome = self._person(ref), Erased(), "failed"
        entry = partial(self._audit.write, action="erase-user", by=by, person=person.digest)
        # Before anything is done: nothing is erased that cannot be accounted for.
        entry(outcome="begun")
        try:
            for place in self._places:
                erased += place.erase(person)
            outcome = "done"
        finally:
            entry(outcome=outcome, erased=erased.events, mentions=erased.mentions)
        return person, erased

    def export(self, ref: str, by: str | None) -> Iterator[dict[str, Any]]:
        """Yield what is kept about a person: the person's events, and those of others that name the person.

        Of others nothing is told: neither who they are nor where they belong. An event that is delivered meanwhile may
        come twice.

        Args:
            ref: as for `erase`.
            by: the name of the token that asks for it; None where none is needed.

        Raises:
            InvalidEntityRefError: as for `erase`.
            UnavailableError: it cannot be read, or accounted for, now.
        """
        person = self._person(ref)
        self._audit.write(action="export-user", by=by, person=person.digest)
        for place in self._places:
            for event in place.about(person):
                is_theirs = event["user"] in person.names
                yield {**event, "isMention": not is_theirs} | ({} if is_theirs else _NOBODY)

    def _person(self, text: str) -> Person:
        if is_pseudonym(text) and text.startswith("u"):
            *former, name = self._pseudonyms.all_of_user(text) if self._pseudonyms else (text,)
            return Person(name, former=frozenset(former))
        ref = EntityRef.parse(text, default_kind=_USER)
        if ref.kind != _USER or is_pseudonym(text):
            raise InvalidEntityRefError("not a user; give a reference such as user:default/jane, or a user's pseudonym")
        if self._pseudonyms is None:
            raise InvalidEntityRefError(
                "people are known by their pseudonyms here; ask the portal's own service to erase the person, "
                "and give the pseudonym that it answers with"
            )
        *former, name = self._pseudonyms.all_of_user(str(ref))
        return Person(name, ref, frozenset(former))

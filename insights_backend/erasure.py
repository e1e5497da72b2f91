"""Erasure: a person is taken out of everything that is kept here."""

from collections.abc import Sequence
from functools import partial
from typing import Protocol

from insights_backend.audit import AuditLog
from insights_backend.enrichment.pseudonyms import Pseudonyms, is_pseudonym
from insights_backend.errors import InvalidEntityRefError
from insights_backend.model.entity_ref import EntityRef
from insights_backend.model.person import Erased, Person

_USER = "user"


class Place(Protocol):
    """Where events of people are kept."""

    def erase(self, person: Person) -> Erased:
        """Take a person out; finds nothing where it was done before.

        Raises:
            UnavailableError: it was not all done; to be done again.
        """
        ...


class Erasure:
    """Takes people out of every place.

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

    def _person(self, text: str) -> Person:
        if is_pseudonym(text) and text.startswith("u"):
            return Person(text)
        ref = EntityRef.parse(text, default_kind=_USER)
        if ref.kind != _USER or is_pseudonym(text):
            raise InvalidEntityRefError("not a user; give a reference such as user:default/jane, or a user's pseudonym")
        if self._pseudonyms is None:
            raise InvalidEntityRefError(
                "people are known by their pseudonyms here; ask the portal's own service to erase the person, "
                "and give the pseudonym that it answers with"
            )
        return Person(self._pseudonyms.user(str(ref)), ref)

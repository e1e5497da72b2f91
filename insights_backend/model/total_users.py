"""How many people could use a portal."""

from dataclasses import dataclass

from insights_backend.model.event import Millis

MAX_TOTAL_USERS = 1_000_000_000
"""No number of people is taken for true beyond it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class TotalUsers:
    """How many people could use a portal, as its catalog said.

    Args:
        number: how many, from 0 to `MAX_TOTAL_USERS`.
        as_of: when the catalog said so.
        environment: the portal's label.
    """

    number: int
    as_of: Millis
    environment: str

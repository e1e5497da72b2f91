"""What a check found."""

from dataclasses import dataclass
from typing import Literal

State = Literal["ok", "warning", "failed"]


@dataclass(frozen=True, slots=True)
class Finding:
    """What was found of one part.

    Args:
        part: the part, as app-config calls it.
        state: `failed` is what has to be mended before the service can work.
        says: what it is, and what to do where it is not well; never a secret.
    """

    part: str
    state: State
    says: str

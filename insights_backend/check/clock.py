"""Whether the clock of this machine is right, as far as the other machines know."""

from collections.abc import Callable
from datetime import UTC
from email.utils import parsedate_to_datetime
from typing import Any

import requests

from insights_backend.check.finding import Finding

_UNNOTICED = 5.0  # a Date has whole seconds, and the answer takes its time
_HARMLESS = 60.0
_ADVICE = "let the machines keep time (chrony, systemd-timesyncd): tokens and the times of events depend on it"


class ClockSkew:
    """How far the clock is from those of the machines that answered, by their header Date (RFC 9110, section 6.6.1).

    Args:
        clock: now, in seconds since 1970.
    """

    def __init__(self, clock: Callable[[], float]) -> None:
        self._clock = clock
        self._skews: list[float] = []

    def note(self, answer: requests.Response, **_: Any) -> None:
        """Note when a machine says it is; a hook of an HTTP session."""
        try:
            said = parsedate_to_datetime(answer.headers["Date"])
        except (KeyError, ValueError):
            return
        # A Date without a zone is in UTC all the same.
        self._skews.append(said.replace(tzinfo=said.tzinfo or UTC).timestamp() - self._clock())

    def finding(self) -> Finding:
        """Say what was noted."""
        if not self._skews:
            return Finding("clock", "ok", "nothing to compare it with, since no other machine answered")
        skew = max(self._skews, key=abs)
        says = f"{abs(skew):.0f} s {'behind' if skew > 0 else 'ahead of'} another machine"
        if abs(skew) <= _UNNOTICED:
            return Finding("clock", "ok", "as elsewhere")
        return Finding("clock", "warning" if abs(skew) <= _HARMLESS else "failed", f"{says}; {_ADVICE}")

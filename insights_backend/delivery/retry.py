"""When to try again: what an answer means for a batch, how long to wait, and when to leave a collector alone.

Nothing here waits or reads a clock of its own, so each rule can be tried with plain numbers.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC
from email.utils import parsedate_to_datetime
from enum import Enum
from random import Random

MAX_RETRY_AFTER = 300.0
"""Seconds; a collector that asks for more is asked again after these."""

_LONGEST_DATE = 64
_FIRST_REST = 1.0
_LONGEST_REST = 30.0
_LARGEST_POWER = 30  # of two; any cap is reached long before


class Verdict(Enum):
    """What an answer means for the batch that it is about."""

    DELIVERED = "it is stored"
    TRANSIENT = "not now; the same may be sent again"
    UNAUTHORIZED = "not with this token"
    MISDIRECTED = "not at this address"
    DIVISIBLE = "not as a whole; it is too large, or an event in it is refused"
    PERMANENT = "never"


_BY_CLASS = {2: Verdict.DELIVERED, 4: Verdict.PERMANENT}


def verdict_of(status: int) -> Verdict:
    """Judge a status code (RFC 9110, section 15).

    A redirect is transient: it is never followed, since the token is meant for one host, and whoever corrects the
    address loses nothing. A collector has the route, and takes a POST there, so 404 and 405 come from somebody else.
    """
    match status:
        case 408 | 425 | 429:
            return Verdict.TRANSIENT
        case 401 | 403:
            return Verdict.UNAUTHORIZED
        case 404 | 405:
            return Verdict.MISDIRECTED
        case 400 | 413 | 422:
            return Verdict.DIVISIBLE
    return _BY_CLASS.get(status // 100, Verdict.TRANSIENT)


@dataclass(frozen=True, slots=True)
class RetryPolicy:
    """How hard to try.

    Args:
        retries: how often a request is repeated at most.
        deadline: seconds after which a delivery is over, whatever became of it.
        base: seconds within which the first retry comes; they double with each further one.
        cap: seconds that they do not grow beyond.
    """

    retries: int
    deadline: float
    base: float = 0.5
    cap: float = 10.0


def next_pause(
    attempt: int, elapsed: float, retry_after: float | None, policy: RetryPolicy, random: Random
) -> float | None:
    """Say how long to wait before the next attempt: full-jitter exponential backoff, but at least Retry-After.

    Args:
        attempt: how many attempts have been made, the first being 1.
        elapsed: seconds since the delivery began.
        retry_after: seconds that the collector asked for, if it did.
        policy: how hard to try.
        random: draws the jitter, so that many senders which an outage stopped do not come back in step.

    Returns:
        Seconds, or None to give up now: the retries are used up, or the wait would reach the deadline.
    """
    if attempt > policy.retries:
        return None
    backoff = random.uniform(0, min(policy.cap, policy.base * 2.0 ** min(attempt - 1, _LARGEST_POWER)))
    pause = max(backoff, retry_after or 0.0)
    return pause if elapsed + pause < policy.deadline else None


def read_retry_after(text: str | None, now: float) -> float | None:
    """Read a Retry-After header, a number of seconds or a date (RFC 9110, section 10.2.3).

    Args:
        text: the header, or None where there is none.
        now: seconds since 1970, for a date to be counted from.

    Returns:
        Seconds from 0 to `MAX_RETRY_AFTER`; None where nothing can be read.
    """
    if text is None or len(text) > _LONGEST_DATE:
        return None
    if text.isascii() and text.isdigit():
        return min(float(text), MAX_RETRY_AFTER)
    try:
        date = parsedate_to_datetime(text)
        # The asctime form names no zone, and means UTC.
        until = (date if date.tzinfo else date.replace(tzinfo=UTC)).timestamp()
    except (ValueError, OverflowError):
        return None
    return min(max(until - now, 0.0), MAX_RETRY_AFTER)


class Circuit:
    """Leaves a collector alone for a while after it failed for good: from a second to half a minute, with jitter.

    After the rest one attempt decides: the circuit closes, or it opens for longer.

    Args:
        monotonic: a clock that never goes back, in seconds.
        random: draws the jitter.
    """

    def __init__(self, monotonic: Callable[[], float], random: Random) -> None:
        self._monotonic = monotonic
        self._random = random
        self._failures = 0
        self._until = 0.0

    @property
    def rest(self) -> float:
        """Seconds for which nothing is to be tried."""
        return max(0.0, self._until - self._monotonic()) if self._failures else 0.0

    @property
    def on_probation(self) -> bool:
        """Whether the last attempt failed, so that the next is to be a single one."""
        return self._failures > 0

    def failed(self, at_least: float | None = None) -> None:
        """Open the circuit, for longer each time in a row.

        Args:
            at_least: seconds that the collector asked for, if it did.
        """
        longest = min(_LONGEST_REST, _FIRST_REST * 2.0 ** min(self._failures, _LARGEST_POWER))
        self._failures += 1
        self._until = self._monotonic() + max(self._random.uniform(longest / 2, longest), at_least or 0.0)

    def succeeded(self) -> None:
        """Close the circuit."""
        self._failures = 0

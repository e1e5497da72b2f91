"""Moments as the engine counts them where a second is enough: quarter hours above all."""

from insights_backend.model.event import Millis

_LAST = 2**32 - 1  # in the year 2106


def seconds(moment: Millis) -> int:
    """Return a moment in whole seconds since 1970; where it lies outside, the first or last that the engine knows."""
    return min(max(moment // 1000, 0), _LAST)

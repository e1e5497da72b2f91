"""Durations as Backstage's configuration writes them.

Source: `readDurationFromConfig` in the package `@backstage/config` and `HumanDuration` in `@backstage/types`.
A year counts as 365 days and a month as 30, as in `durationToMilliseconds`.
"""

import math
import re
from collections.abc import Iterable, Mapping

_SECONDS = {
    "years": 365 * 86400.0,
    "months": 30 * 86400.0,
    "weeks": 7 * 86400.0,
    "days": 86400.0,
    "hours": 3600.0,
    "minutes": 60.0,
    "seconds": 1.0,
    "milliseconds": 0.001,
}
# The spellings of the `ms` library; it has none for months.
_SPELLINGS = {
    "years": "years year yrs yr y",
    "weeks": "weeks week w",
    "days": "days day d",
    "hours": "hours hour hrs hr h",
    "minutes": "minutes minute mins min m",
    "seconds": "seconds second secs sec s",
    "milliseconds": "milliseconds millisecond msecs msec ms",
}
_UNIT = {spelling: unit for unit, text in _SPELLINGS.items() for spelling in text.split()}
_NUMBER_AND_UNIT = re.compile(r"([0-9]*\.?[0-9]+) *([a-z]+)", re.IGNORECASE)
_DECIMAL = r"([0-9]{1,20}(?:\.[0-9]{1,20})?)"
_ISO = re.compile(
    rf"P(?:{_DECIMAL}Y)?(?:{_DECIMAL}M)?(?:{_DECIMAL}W)?(?:{_DECIMAL}D)?"
    rf"(?:T(?:{_DECIMAL}H)?(?:{_DECIMAL}M)?(?:([0-9]{{1,20}}(?:[.,][0-9]{{1,20}})?)S)?)?"
)
_ISO_UNITS = ("years", "months", "weeks", "days", "hours", "minutes", "seconds")
_MAX_TEXT = 100
_NOT_A_DURATION = "must be a duration such as 10m, PT10M or {minutes: 10}"


def parse_duration(value: object) -> float:
    """Read a duration in any of the three notations that Backstage takes.

    Args:
        value: a number and a unit (`7d`, `1.5 hours`), an ISO 8601 one (`PT10M`, `P1DT2H`), or a mapping
            of units in the plural to numbers (`{days: 7, hours: 1}`).

    Returns:
        Seconds, finite and not negative.

    Raises:
        ValueError: the value is none of the three; the sentence does not repeat it.
    """
    if isinstance(value, Mapping):
        seconds = _total(_amounts(value))
    elif isinstance(value, str) and len(value) <= _MAX_TEXT:
        text = value.strip()
        seconds = _iso(text) if text.startswith("P") else _number_and_unit(text)
    else:
        raise ValueError(_NOT_A_DURATION)
    if not math.isfinite(seconds):
        raise ValueError("a duration must be finite")
    return seconds


def _number_and_unit(text: str) -> float:
    match = _NUMBER_AND_UNIT.fullmatch(text)
    unit = _UNIT.get(match[2].lower()) if match else None
    if match is None or unit is None:
        raise ValueError(_NOT_A_DURATION)
    return float(match[1]) * _SECONDS[unit]


def _iso(text: str) -> float:
    match = _ISO.fullmatch(text)
    if match is None or not any(match.groups()):
        raise ValueError(_NOT_A_DURATION)
    written = zip(_ISO_UNITS, match.groups(), strict=True)
    return _total((unit, float(number.replace(",", "."))) for unit, number in written if number)


def _amounts(value: Mapping[object, object]) -> list[tuple[str, float]]:
    amounts = [(_unit(key), _amount(number)) for key, number in value.items() if number is not None]
    if not amounts:
        raise ValueError(f"an empty duration; name one or more of {', '.join(_SECONDS)}")
    return amounts


def _unit(key: object) -> str:
    if not isinstance(key, str) or key not in _SECONDS:
        raise ValueError(f"a duration has an unknown unit; the units are {', '.join(_SECONDS)}")
    return key


def _amount(value: object) -> float:
    """Read a number, or the text of one, as Backstage's `getNumber` does."""
    if isinstance(value, bool) or not isinstance(value, int | float | str):
        raise ValueError("the units of a duration must have numbers")  # noqa: TRY004 - one kind of refusal
    try:
        number = float(value)
    except (ValueError, OverflowError):
        raise ValueError("the units of a duration must have numbers") from None
    if not (math.isfinite(number) and number >= 0):
        raise ValueError("a duration must be finite and not negative")
    return number


def _total(amounts: Iterable[tuple[str, float]]) -> float:
    return sum((number * _SECONDS[unit] for unit, number in amounts), 0.0)

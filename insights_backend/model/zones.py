"""Time zones by IANA's database as it is installed with the service, and not by the machine's.

The engine brings a table of its own, of about the same age. Governments change their clocks at short notice: by a table
that is a year older a day begins at another moment, and what happened in between would count for no day or for two.
"""

from functools import cache
from importlib.resources import files
from zoneinfo import ZoneInfo


@cache
def zone_names() -> frozenset[str]:
    """Name every time zone, such as Europe/Berlin."""
    return frozenset((files("tzdata") / "zones").read_text().split())


@cache
def zone(name: str) -> ZoneInfo:
    """Return a time zone.

    Args:
        name: one of `zone_names`.
    """
    if name not in zone_names():
        raise LookupError(name)
    with files("tzdata.zoneinfo").joinpath(*name.split("/")).open("rb") as table:
        return ZoneInfo.from_file(table, key=name)

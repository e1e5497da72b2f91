"""Time zones: what the service and the engine hold to be one day is one day."""

from datetime import date, timedelta

import pytest

from insights_backend.model.zones import zone, zone_names
from insights_backend.reports.query import midnight
from insights_backend.warehouse.engine import Engine

DAYS = [date(2026, 1, 1) + timedelta(number) for number in range(730)]
QUARTER_HOUR = 900


@pytest.mark.parametrize(
    "name",
    # The first four have changed their clocks in 2026.
    ["America/Vancouver", "America/Edmonton", "Africa/Casablanca", "Africa/El_Aaiun", "Europe/Berlin", "Asia/Kolkata"],
)
def test_a_day_begins_at_the_same_moment_for_the_engine(engine: Engine, name: str) -> None:
    begins = [midnight(day, name) // 1000 for day in DAYS]
    ask = """
        SELECT toDate(toDateTime(begin, 'UTC'), {zone:String}) AS day,
            toDate(toDateTime(begin - {quarter:UInt32}, 'UTC'), {zone:String}) AS before
        FROM (SELECT arrayJoin({begins:Array(UInt32)}) AS begin) ORDER BY begin
    """
    rows = engine.rows(ask, {"zone": name, "quarter": QUARTER_HOUR, "begins": begins})
    assert [(row["day"], row["before"]) for row in rows] == [(day, day - timedelta(1)) for day in DAYS]


def test_only_names_of_zones_are_zones() -> None:
    assert {"UTC", "Europe/Berlin", "America/Argentina/Ushuaia"} <= zone_names()
    for name in ("localtime", "../zones", "", "Europe"):
        with pytest.raises(LookupError):
            zone(name)

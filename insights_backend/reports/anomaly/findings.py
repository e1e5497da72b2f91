"""What is out of the ordinary in one series: unusual days and drifts."""

from collections.abc import Set

from insights_backend.reports.anomaly.drifts import drifts
from insights_backend.reports.anomaly.series import Series
from insights_backend.reports.anomaly.unusual import Finding, Past, unusual_days


def findings(series: Series, days: range, today: int, holidays: Set[int]) -> list[Finding]:
    """Find what is out of the ordinary, at most once a day.

    Args:
        series: what is counted.
        days: the days to judge, in the numbers of `date.toordinal`.
        today: the day that is not over; of it and later ones only rises are told.
        holidays: the days that are no drops and foretell nothing.
    """
    over = range(days.start, min(days.stop, today))
    past = Past(series, holidays)
    unusual = [day for day in unusual_days(past, days) if day.score > 0 or day.day in over]
    told = {finding.day for finding in unusual}
    return unusual + [drift for drift in drifts(past, over) if drift.day not in told]

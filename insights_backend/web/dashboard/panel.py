"""What a panel is, and a column of its table."""

from dataclasses import dataclass
from typing import Literal

from insights_backend.web.dashboard.contents import Ask
from insights_backend.web.dashboard.view import View

Kind = Literal["text", "ref", "date", "count", "share", "decimal"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Column:
    """A column of a panel's table.

    Args:
        key: which value of a row.
        title: the column's heading.
        kind: how the value is written; a `ref` is a reference to an entity.
        filter: a click on the value narrows the whole page by this filter.
        draw: how the chart shows it: `line`, `ghost` (what was before), `bar`, `below` (a bar downwards); None where it
            does not.
    """

    key: str
    title: str
    kind: Kind = "count"
    filter: str | None = None
    draw: Literal["line", "ghost", "bar", "below"] | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Panel:
    """A panel: a frame on the page whose content comes by itself.

    Args:
        title: its heading.
        about: what its numbers mean, in a sentence.
        report: the report whose rows can be had as CSV.
        shape: the template that shows it: `series`, `ranking`, `retention`, `anomalies` or `benchmark`.
        ask: finds its content.
        columns: of its table, where its template has no other.
        wide: whether it takes the whole width.
        least_days: how many days up to the last one it covers at least.
        by_week: whether days are too short for it.
        by_day: whether its report knows days only.
        empty: what it says where there is nothing to show.
    """

    title: str
    about: str
    report: str
    shape: str
    ask: Ask
    columns: tuple[Column, ...] = ()
    wide: bool = False
    least_days: int = 1
    by_week: bool = False
    by_day: bool = False
    empty: str = "Nothing in this period."

    def shown(self, view: View) -> View:
        """Return what the panel shows of a view."""
        view = view.at_least(self.least_days)
        if self.by_week:
            return view.by_week()
        return view.by_day() if self.by_day else view

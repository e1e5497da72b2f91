"""The portal whose rankings are asked for: names that are hard to write down, and the members of its groups."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import date
from typing import Any

from insights_backend.reports.answer import Sources
from insights_backend.reports.query import ReportQuery
from insights_backend.warehouse.engine import Engine
from tests.questions import asked

UUID = "7758b68b-f600-4253-8be3-7F15C9434f1a"
PERSON = "u_abcd_234567abcdefghijklmnopqrstuvwxyz"
WEIRD = "größe'\"`\\ %s {to:String} {} ?\n日本\t:id"
MEMBERS: Mapping[str, int | None] = {"group:default/x": 3, "group:default/y": 0}


def sources(engine: Engine) -> Sources:
    return replace(asked(engine), members=lambda refs: {ref: MEMBERS.get(ref) for ref in refs})


def in_november(**changes: Any) -> ReportQuery:
    return ReportQuery(**{"first": date(2026, 11, 1), "last": date(2026, 11, 30), "filters": {}, **changes})

"""How the time of a scan grows with hostile texts: of one unit over and over, and of several mixed."""

import re
from collections.abc import Iterator
from dataclasses import replace
from random import Random

from insights_backend.enrichment.detectors import DETECTORS, Detector
from insights_backend.enrichment.scanner import Scanner
from tests.bench.redaction.scoring import microseconds

UNITS = (
    "a", "1", "1 ", "a.", "a@", "a@a.", "a dot ", "token:", "token=", "DE89 ", "://a:b@", "::", "a'", "~a/", "&a=",
    "--a ",
    "&email=", "?login=a", "1.1.1.1 ", "x@1.1.1.1", "user:a ", "/catalog/a/user/b ", "%41", "%2541", "é", "1-1-",
    "+1 ", "0a:",
    "1:", "fe80:", "/home/", "bearer a", "4111 ", "(0", "key=a", "=a", "eyJ", "AAAA", "-----BEGIN PRIVATE KEY-----",
    "\\users\\",
    "Chrome/1.1.1.", "é1", "é@", "1234567890123", "/by-name/user/a/", "-u ", "[at]", '"a', "ssn ", "phone 1",
    "tel:12345678 ", '"a":"', "cookie:a=", ";a=b", "secret_access_key a", "postgres://a:", "jdbc:oracle:a:a/",
    'token:\\"a', '\\"a\\":\\"a',
)  # fmt: skip
"""Pieces of which hostile texts are made: each is the begin of something that a detector looks for."""

SIZES = (1024, 2048, 4096, 8192)
_MIXES, _UNITS_A_MIX = 100, 6


def hostile(size: int, seed: int) -> Iterator[tuple[str, str]]:
    """Yield hostile texts of a size with what they are made of."""
    for unit in UNITS:
        yield unit, (unit * size)[:size]
    draw = Random(seed)  # noqa: S311 - no secret
    for _ in range(_MIXES):
        units = draw.sample(UNITS, _UNITS_A_MIX)
        yield " ".join(units), "".join(draw.choices(units, k=size))[:size]
    yield "all of them", "".join(draw.choices(UNITS, k=size))[:size]


def worst(size: int, seed: int) -> tuple[float, str]:
    """Return the microseconds of the text that takes longest, and what it is made of."""
    return max((microseconds(lambda text=text: _scan(text), 1), made_of) for made_of, text in hostile(size, seed))  # type: ignore[misc]


def work(detector: Detector, text: str) -> int:
    """Count the characters of all candidates when every one is refused: no text makes more work."""
    tried: list[int] = []

    def refuse(match: re.Match[str]) -> None:
        tried.append(len(match[0]))

    list(replace(detector, check=refuse).find(text))
    return sum(tried)


def steepest() -> tuple[float, str]:
    """Return by how much the work of any detector grows at most when a text doubles, and which detector and unit."""
    ratios = (
        (work(detector, unit * 2 * size) / max(size, work(detector, unit * size)), f"{detector.rule} on {unit!r}")
        for detector in DETECTORS
        for unit in UNITS
        for size in (512, 2048)
    )
    return max(ratios)


def _scan(text: str) -> str:
    return Scanner(lambda _: "u_abcd_" + "a" * 32).clean(text)

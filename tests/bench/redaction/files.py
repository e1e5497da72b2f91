"""Reading labelled samples from a file: JSON lines with `text` and `spans`, or plain lines that must stay."""

from pathlib import Path
from typing import Any

import orjson

from tests.bench.redaction.samples import Sample, Span

_OURS = {
    "secret": "credential",
    "url_auth": "credential",
    "credit_card": "card",
    "us_ssn": "ssn",
    "email_address": "email",
    "ip_address": "ip",
    "iban_code": "iban",
    "phone_number": "phone",
}
_BY_FIELD = {"person", "name"}  # found by the name of their field, so that a text alone cannot show them


def read(path: Path) -> list[Sample]:
    """Read a file; a line that is no JSON object with `text` is itself a text that must stay."""
    lines = path.read_text(encoding="utf-8").split("\n")
    return [_sample(line) for line in lines if line.strip()]


def _sample(line: str) -> Sample:
    try:
        given = orjson.loads(line)
    except orjson.JSONDecodeError:
        return Sample(line, ())
    if not isinstance(given, dict) or "text" not in given:
        return Sample(line, ())
    spans = (_span(span) for span in given.get("spans", ()))
    return Sample(given["text"], tuple(span for span in spans if span.label not in _BY_FIELD))


def _span(given: dict[str, Any]) -> Span:
    label = str(given["type"]).lower()
    return Span(_OURS.get(label, label), int(given["start"]), int(given["end"]))

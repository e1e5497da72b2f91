"""The command `insights redact`: what redaction makes of lines or JSON, and why."""

import os
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import click
import orjson

from insights_backend.commands import settings_of
from insights_backend.enrichment.explaining import Change, Explanation
from insights_backend.enrichment.policy import Policy
from insights_backend.enrichment.pseudonyms import SALT_BYTES, Pseudonyms
from insights_backend.enrichment.scanner import Scanner
from insights_backend.privacy import pseudonyms, redactor
from insights_backend.settings import Settings

_MAX_BYTES = 16 * 1024**2


@click.command("redact")
@click.option("--explain", is_flag=True, help="Say with each change which rule made it.")
@click.pass_obj
def redact(paths: tuple[Path, ...], *, explain: bool) -> None:
    """Show what redaction makes of standard input, and the reason of each change.

    Input is JSON, an event or several, or else lines, each an event as JSON or a text. Of a text comes the text that
    would be stored, and after a tab the reasons; of an event a line of JSON with `result` and `changes`. Nothing is
    stored or sent. Where there is no salt yet, pseudonyms are of this run alone.
    """
    settings = settings_of(paths)
    trial = _Trial(settings)
    for item in _items(_read()):
        click.echo(
            trial.of_event(item, explain=explain) if isinstance(item, dict) else trial.of_text(item, explain=explain)
        )


class _Trial:
    def __init__(self, settings: Settings) -> None:
        names = _names(settings)
        self._scanner = Scanner(None if settings.identities == "clear" else names.user)
        self._redactor = redactor(settings, names)
        self._explanation = Explanation(Policy(settings.redaction.fields), self._scanner)

    def of_text(self, text: str, *, explain: bool) -> str:
        clean = self._scanner.clean(text)
        changes = self._explanation.of_text(text) if clean != text else []
        reasons = ", ".join(_reason(change, explain=explain) for change in changes)
        return f"{clean}\t# {reasons}" if changes else clean

    def of_event(self, event: dict[str, Any], *, explain: bool) -> str:
        clean = self._redactor.redact(event)
        changes = [change._asdict() for change in self._explanation.of_event(event, clean)]
        shown = [{key: change[key] for key in change if explain or key != "rule"} for change in changes]
        return orjson.dumps({"result": clean, "changes": shown}).decode()


def _reason(change: Change, *, explain: bool) -> str:
    return f"{change.reason} ({change.rule})" if explain else change.reason


def _names(settings: Settings) -> Pseudonyms:
    has_salt = settings.salt or (settings.data_dir / "salt").exists()
    return pseudonyms(settings) if has_salt else Pseudonyms(os.urandom(SALT_BYTES))


def _read() -> bytes:
    given = sys.stdin.buffer.read(_MAX_BYTES + 1)
    if len(given) > _MAX_BYTES:
        raise click.ClickException(f"standard input has more than {_MAX_BYTES} bytes; give it in parts")
    return given


def _items(given: bytes) -> Iterator[dict[str, Any] | str]:
    """Take the input as one JSON document if it is one, else by lines."""
    try:
        yield from _events(orjson.loads(given))
    except orjson.JSONDecodeError:
        for line in given.decode("utf-8", "replace").splitlines():
            yield from _of_line(line)


def _of_line(line: str) -> Iterator[dict[str, Any] | str]:
    try:
        item = orjson.loads(line)
    except orjson.JSONDecodeError:
        item = line
    yield from _events(item) if isinstance(item, dict | list) else [line]


def _events(item: Any) -> Iterator[dict[str, Any] | str]:
    if isinstance(item, dict) and isinstance(item.get("events"), list):
        item = item["events"]
    for one in item if isinstance(item, list) else [item]:
        yield one if isinstance(one, dict) else str(one)

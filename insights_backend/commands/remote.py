"""The commands that ask a running service, since the embedded warehouse belongs to it."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import IO, Any, TypeVar
from urllib.parse import quote

import click
import requests
from requests.exceptions import InvalidSchema, InvalidURL, MissingSchema

from insights_backend.http_client import BearerAuth, DirectSession
from insights_backend.web.api import PREFIX

_CHUNK = 64 * 1024
_ANSWER_SECONDS = 60
_ERASE_SECONDS = 3600  # it takes about a minute for ten million events

_Command = TypeVar("_Command", bound=Callable[..., object])


def of_service(scope: str) -> Callable[[_Command], _Command]:
    """Give a command the options that say which service is asked, and by whom."""

    def add(command: _Command) -> _Command:
        token = click.option(
            "--token",
            "secret",
            envvar="INSIGHTS_TOKEN",
            help=f"A token of scope {scope}. Others on this machine see it here, and not in INSIGHTS_TOKEN.",
        )
        url = click.option("--url", default="http://127.0.0.1:7008", show_default=True, help="The running service.")
        return url(token(command))

    return add


@contextmanager
def _asked(
    method: str, url: str, path: str, secret: str | None, *, timeout: int, params: dict[str, Any] | None = None
) -> Iterator[requests.Response]:
    """Ask a service, and have its answer inside the `with`; what is no success is said in its own words."""
    address = f"{url.rstrip('/')}{path}"
    try:
        with (
            DirectSession() as session,
            session.request(
                method, address, params=params, auth=BearerAuth(secret, "--token"), stream=True, timeout=(10, timeout)
            ) as answer,
        ):
            if answer.status_code != requests.codes.ok:
                raise click.ClickException(f"the service answered {answer.status_code}: {_said(answer)}")
            yield answer
    except (MissingSchema, InvalidSchema, InvalidURL):
        raise click.BadParameter("expected an address such as http://127.0.0.1:7008", param_hint="--url") from None
    except requests.RequestException as error:
        raise click.ClickException(f"{url} cannot be reached ({type(error).__name__})") from None


def _save(answer: requests.Response, output: IO[bytes]) -> None:
    output.write(b"")  # the first one makes the file: also where nothing follows, nothing of before is left in it
    for chunk in answer.iter_content(_CHUNK):
        output.write(chunk)


def _said(answer: requests.Response) -> str:
    """Read why the service refused; what is no error of its own may be anything, such as a proxy's page."""
    try:
        return str(answer.json()["error"]["message"])[:500]
    except (ValueError, LookupError, TypeError):
        return answer.reason


@click.command()
@click.option(
    "--from", "first", metavar="DATE", help="First day, such as 2026-11-01. Default: 29 days before the last one."
)
@click.option("--to", "last", metavar="DATE", help="Last day. Default: today.")
@click.option("--format", "fmt", type=click.Choice(["ndjson", "csv", "parquet"]), default="ndjson")
@click.option("--output", type=click.File("wb"), default="-", help="Where to write. Default: standard output.")
@of_service("admin")
def export(*, first: str | None, last: str | None, fmt: str, output: IO[bytes], url: str, secret: str | None) -> None:
    """Save the stored events of a running service."""
    question = {"from": first, "to": last, "format": fmt}
    with _asked("GET", url, f"{PREFIX}/export", secret, timeout=_ANSWER_SECONDS, params=question) as answer:
        _save(answer, output)


@click.command()
@click.option("--weekly", is_flag=True, help="The summary of the last whole week.")
@click.option("--output", type=click.File("wb"), default="-", help="Where to write. Default: standard output.")
@of_service("view")
def report(*, weekly: bool, output: IO[bytes], url: str, secret: str | None) -> None:
    """Save a summary of a running service as HTML that needs no other file, such as for a mail."""
    if not weekly:
        raise click.UsageError("say which summary: --weekly")
    with _asked("GET", url, "/weekly", secret, timeout=_ANSWER_SECONDS) as answer:
        output.write(answer.content)


@click.command("export-user")
@click.argument("ref")
@click.option("--output", type=click.File("wb"), default="-", help="Where to write. Default: standard output.")
@of_service("admin")
def export_user(*, ref: str, output: IO[bytes], url: str, secret: str | None) -> None:
    """Save what a running service has stored about a person: a line of JSON an event.

    REF is an entity reference such as user:default/jane, or a pseudonym.
    """
    path = f"{PREFIX}/users/{quote(ref, safe='')}/export"
    with _asked("GET", url, path, secret, timeout=_ERASE_SECONDS) as answer:
        _save(answer, output)


@click.command("erase-user")
@click.argument("ref")
@of_service("admin")
def erase_user(*, ref: str, url: str, secret: str | None) -> None:
    """Erase a person from a running service.

    REF is an entity reference such as user:default/jane, or a pseudonym. What was accepted until now is erased; what
    arrives later is new. Where events are uploaded to a collector, erase the pseudonym there as well.
    """
    with _asked("DELETE", url, f"{PREFIX}/users/{quote(ref, safe='')}", secret, timeout=_ERASE_SECONDS) as answer:
        done = answer.json()
    click.echo(
        f"erased {done['erased']} events of {done['pseudonym']}, and the name in {done['mentions']} events of others"
    )

"""The commands that ask a running service, since the embedded warehouse belongs to it."""

import random
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import IO, Any, TypeVar
from urllib.parse import quote

import click
import requests

from insights_backend._version import __version__
from insights_backend.delivery.destination import DeliveryError
from insights_backend.delivery.exchange import CollectorClient
from insights_backend.delivery.formats import InsightsFormat
from insights_backend.delivery.retry import RetryPolicy
from insights_backend.delivery.uploader import Uploader, UploadMisdirectedError, UploadUnauthorizedError
from insights_backend.demo.history import Chapter, History
from insights_backend.demo.sending import send
from insights_backend.http_client import BearerAuth, DirectSession
from insights_backend.web.api import PREFIX

_CHUNK = 64 * 1024
_ANSWER_SECONDS = 60
_ERASE_SECONDS = 3600  # it takes about a minute for ten million events
_CONNECTIONS = 2
_UPLOAD_SECONDS, _UPLOAD_DEADLINE, _UPLOAD_RETRIES = 30, 120, 5

_Command = TypeVar("_Command", bound=Callable[..., object])


def _of_service(scope: str) -> Callable[[_Command], _Command]:
    """Give a command the options that say which service is asked, and by whom."""

    def add(command: _Command) -> _Command:
        token = click.option(
            "--token", "secret", envvar="INSIGHTS_TOKEN", help=f"A token of scope {scope}, or INSIGHTS_TOKEN."
        )
        url = click.option("--url", default="http://127.0.0.1:7008", show_default=True, help="The running service.")
        return url(token(command))

    return add


@contextmanager
def _asked(
    method: str, url: str, path: str, secret: str | None, *, timeout: int, params: dict[str, Any] | None = None
) -> Iterator[requests.Response]:
    """Ask a service, and have its answer inside the `with`; what is no success is said in its own words."""
    address = _address(url, path)
    try:
        with (
            DirectSession() as session,
            session.request(
                method, address, params=params, auth=BearerAuth(secret, "--token"), stream=True, timeout=(10, timeout)
            ) as answer,
        ):
            if answer.status_code != requests.codes.ok:
                said = answer.text[:500] if "json" in answer.headers.get("Content-Type", "") else answer.reason
                raise click.ClickException(f"the service answered {answer.status_code}: {said}")
            yield answer
    except requests.RequestException as error:
        raise click.ClickException(f"{url} cannot be reached ({type(error).__name__})") from None


def _address(url: str, path: str) -> str:
    return f"{url.rstrip('/')}{path}"


@click.command()
@click.option(
    "--from", "first", metavar="DATE", help="First day, such as 2026-11-01. Default: 29 days before the last one."
)
@click.option("--to", "last", metavar="DATE", help="Last day. Default: today.")
@click.option("--format", "fmt", type=click.Choice(["ndjson", "csv", "parquet"]), default="ndjson")
@click.option("--output", type=click.File("wb"), default="-", help="Where to write. Default: standard output.")
@_of_service("admin")
def export(*, first: str | None, last: str | None, fmt: str, output: IO[bytes], url: str, secret: str | None) -> None:
    """Save the stored events of a running service."""
    question = {"from": first, "to": last, "format": fmt}
    with _asked("GET", url, f"{PREFIX}/export", secret, timeout=_ANSWER_SECONDS, params=question) as answer:
        for chunk in answer.iter_content(_CHUNK):
            output.write(chunk)


@click.command()
@click.option("--weekly", is_flag=True, help="The summary of the last whole week.")
@click.option("--output", type=click.File("wb"), default="-", help="Where to write. Default: standard output.")
@_of_service("view")
def report(*, weekly: bool, output: IO[bytes], url: str, secret: str | None) -> None:
    """Save a summary of a running service as HTML that needs no other file, such as for a mail."""
    if not weekly:
        raise click.UsageError("say which summary: --weekly")
    with _asked("GET", url, "/weekly", secret, timeout=_ANSWER_SECONDS) as answer:
        output.write(answer.content)


@click.command("export-user")
@click.argument("ref")
@click.option("--output", type=click.File("wb"), default="-", help="Where to write. Default: standard output.")
@_of_service("admin")
def export_user(*, ref: str, output: IO[bytes], url: str, secret: str | None) -> None:
    """Save what a running service has stored about a person: a line of JSON an event.

    REF is an entity reference such as user:default/jane, or a pseudonym.
    """
    path = f"{PREFIX}/users/{quote(ref, safe='')}/export"
    with _asked("GET", url, path, secret, timeout=_ERASE_SECONDS) as answer:
        for chunk in answer.iter_content(_CHUNK):
            output.write(chunk)


@click.command("erase-user")
@click.argument("ref")
@_of_service("admin")
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


@click.command()
@click.option("--users", type=click.IntRange(1, 20_000), default=500, show_default=True, help="How many people.")
@click.option("--days", type=click.IntRange(1, 760), default=180, show_default=True, help="How many days, up to now.")
@click.option("--seed", type=int, default=1, show_default=True, help="The same seed tells the same history.")
@_of_service("upload")
def demo(*, users: int, days: int, seed: int, url: str, secret: str | None) -> None:
    """Fill a running service with a made-up history of a portal, to look at its reports.

    The events have the environment `demo` and the instance of the token, or `local` where none is needed. Told again
    within two weeks, the history is not stored twice: only what has happened since is added. Meant for a service of
    its own, since there is no command to take it out again.
    """
    history = History(seed, users, days, int(time.time() * 1000))
    events = 0
    with DirectSession() as session, click.progressbar(length=days, label="days") as bar:

        def count(chapter: Chapter) -> None:
            nonlocal events
            events += chapter.batch.events
            bar.update(chapter.days)

        try:
            uploaders = [_uploader(_address(url, PREFIX), secret, session) for _ in range(_CONNECTIONS)]
            send(history.chapters(), uploaders, count)
        except UploadUnauthorizedError:
            raise click.ClickException("the service wants a token: insights token create demo --scope upload") from None
        except UploadMisdirectedError:
            raise click.ClickException(f"nothing at {url} takes events; it must have the role collector") from None
        except DeliveryError as error:
            raise click.ClickException(str(error)) from None
    click.echo(f"{events} events of {days} days are stored")


def _uploader(url: str, secret: str | None, session: DirectSession) -> Uploader:
    collector = CollectorClient(
        url,
        secret,
        upload_format=InsightsFormat(),
        session=session,
        version=__version__,
        monotonic=time.monotonic,
        clock=time.time,
    )
    return Uploader(
        collector,
        policy=RetryPolicy(_UPLOAD_RETRIES, _UPLOAD_DEADLINE),
        timeout=_UPLOAD_SECONDS,
        monotonic=time.monotonic,
        sleep=time.sleep,
        random=random.Random(),  # noqa: S311 - spreads retries
    )

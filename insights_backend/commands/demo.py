"""The command `insights demo`: a made-up history for a running service."""

import random
import time

import click

from insights_backend._version import __version__
from insights_backend.commands.remote import of_service
from insights_backend.delivery.destination import DeliveryError
from insights_backend.delivery.exchange import CollectorClient
from insights_backend.delivery.formats import InsightsFormat
from insights_backend.delivery.retry import RetryPolicy
from insights_backend.delivery.uploader import Uploader, UploadMisdirectedError, UploadUnauthorizedError
from insights_backend.demo.history import Chapter, History
from insights_backend.demo.sending import send
from insights_backend.http_client import DirectSession
from insights_backend.web.api import PREFIX

_CONNECTIONS = 2
_UPLOAD_SECONDS, _UPLOAD_DEADLINE, _UPLOAD_RETRIES = 30, 120, 5


@click.command()
@click.option("--users", type=click.IntRange(1, 20_000), default=500, show_default=True, help="How many people.")
@click.option("--days", type=click.IntRange(1, 760), default=180, show_default=True, help="How many days, up to now.")
@click.option("--seed", type=int, default=1, show_default=True, help="The same seed tells the same history.")
@of_service("upload")
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
            uploaders = [_uploader(f"{url.rstrip('/')}{PREFIX}", secret, session) for _ in range(_CONNECTIONS)]
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

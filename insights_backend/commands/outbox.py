"""The commands `insights outbox`: what was accepted and has not arrived."""

import time
from contextlib import closing
from pathlib import Path

import click

from insights_backend.commands import minute_of, settings_of
from insights_backend.composition import assemble, make_data_dir
from insights_backend.delivery.destination import for_people
from insights_backend.delivery.outbox import DAMAGED, Outbox


@click.group()
def outbox() -> None:
    """Look at what was accepted and has not arrived."""


@outbox.command("status")
@click.pass_obj
def outbox_status(paths: tuple[Path, ...]) -> None:
    """Say how much waits, and for how long."""
    with _outbox(paths) as box:
        waiting = box.backlog()
    click.echo(f"requests: {waiting.requests}\nevents:   {waiting.events}\nbytes:    {waiting.bytes}")
    if waiting.oldest is not None:
        click.echo(f"oldest:   {int(time.time() - waiting.oldest / 1000)} s ago")


@outbox.command("dead")
@click.option("--show", is_flag=True, help="Print the events themselves, a line each; they are redacted.")
@click.pass_obj
def outbox_dead(paths: tuple[Path, ...], *, show: bool) -> None:
    """List what the destination refused for good, by reason."""
    with _outbox(paths) as box:
        for grave in box.graves():
            moment = minute_of(grave.last / 1000)
            click.echo(f"{grave.reason:<12} {grave.events} events in {grave.letters} letters, last {moment}", err=show)
        if show:
            for letter in box.dead_letters():
                if letter.reason != DAMAGED:
                    click.echo(for_people(letter.lines), nl=False)


@outbox.command("requeue")
@click.pass_obj
def outbox_requeue(paths: tuple[Path, ...]) -> None:
    """Let what was refused wait for delivery again, once its cause is mended."""
    with _outbox(paths) as box:
        click.echo(f"{box.requeue()} events wait again")


@outbox.command("drain")
@click.pass_obj
def outbox_drain(paths: tuple[Path, ...]) -> None:
    """Deliver what waits, such as after an outage; a running service does so by itself."""
    insights = assemble(settings_of(paths))
    try:
        if insights.backend is None:
            raise click.ClickException("a process of the role collector has no outbox")
        outbox, dispatcher = insights.backend.outbox, insights.backend.dispatcher
        left = outbox.backlog().events  # what a service beside it accepts meanwhile, that service delivers
        with click.progressbar(length=left, label="delivering") as bar:
            while left > 0 and (batch := dispatcher.deliver_batch()):
                left -= batch.events
                bar.update(batch.events)
        if left > 0 and (waiting := outbox.backlog().events):
            reason = dispatcher.last_failure or "another process is delivering them"
            raise click.ClickException(f"{waiting} events still wait: {reason}")
    finally:
        insights.close()


def _outbox(paths: tuple[Path, ...]) -> closing[Outbox]:
    settings = settings_of(paths)
    make_data_dir(settings.data_dir)
    return closing(Outbox(settings.data_dir, max_bytes=settings.outbox.max_bytes, clock=time.time))

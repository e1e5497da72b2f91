"""The `insights` command."""

import os
import sys
import time
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path
from typing import get_args

import click

from insights_backend import remote
from insights_backend._version import __version__
from insights_backend.access import Scope, TokenStore
from insights_backend.check.command import config_check
from insights_backend.composition import assemble, make_data_dir, tokens_of
from insights_backend.delivery.outbox import DAMAGED, Outbox
from insights_backend.demonstration import demo
from insights_backend.enrichment.policy import Policy
from insights_backend.errors import InsightsError
from insights_backend.redacting import redact
from insights_backend.rotation import rotate
from insights_backend.settings import Settings, load_settings
from insights_backend.settings.show import as_yaml


class _OneLineErrors(click.Group):
    """Ends with exit code 2 and one clear line where something that we know of is wrong."""

    def invoke(self, ctx: click.Context) -> object:
        try:
            return super().invoke(ctx)
        except InsightsError as error:
            click.echo(f"insights: {error}", err=True)
            sys.exit(2)


@click.group(cls=_OneLineErrors)
@click.version_option(__version__)
@click.option(
    "--config",
    "paths",
    multiple=True,
    type=click.Path(path_type=Path),
    help="An app-config file; repeat it, the last one wins. Default: INSIGHTS_CONFIG, else as Backstage looks for it.",
)
@click.pass_context
def main(context: click.Context, paths: tuple[Path, ...]) -> None:
    """Usage analytics for a Backstage developer portal."""
    context.obj = paths


def _settings(paths: tuple[Path, ...]) -> Settings:
    return load_settings(os.environ, Path.cwd(), paths)


@main.group()
def config() -> None:
    """Look at the configuration."""


config.add_command(config_check)


@config.command("print")
@click.pass_obj
def config_print(paths: tuple[Path, ...]) -> None:
    """Print what the configuration resolves to, defaults included and secrets masked, and the field policy."""
    settings = _settings(paths)
    click.echo(as_yaml(settings), nl=False)
    click.echo(
        "# What happens to each field of an event; redaction.fields says otherwise, and what is not named is scanned:"
    )
    for field, treatment in Policy(settings.redaction.fields).described().items():
        click.echo(f"#   {field}: {treatment}")


@main.group()
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
            moment = _date(grave.last / 1000)
            click.echo(f"{grave.reason:<12} {grave.events} events in {grave.letters} letters, last {moment}", err=show)
        if show:
            for letter in box.dead_letters():
                if letter.reason != DAMAGED:
                    click.echo(letter.lines, nl=False)


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
    insights = assemble(_settings(paths))
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


@main.group()
def token() -> None:
    """Make and revoke the API tokens of this service."""


@token.command("create")
@click.argument("name")
@click.option("--scope", required=True, type=click.Choice(get_args(Scope)), help="What its bearer may do.")
@click.pass_obj
def token_create(paths: tuple[Path, ...], name: str, scope: Scope) -> None:
    """Make a token and print it, this once."""
    click.echo(_tokens(paths).create(name, scope))
    click.echo("Keep it now: only its hash is stored, it cannot be shown again.", err=True)


@token.command("list")
@click.pass_obj
def token_list(paths: tuple[Path, ...]) -> None:
    """List the tokens: name, scope, when made, when revoked."""
    for info in _tokens(paths).list():
        revoked = f"revoked {_date(info.revoked_at)}" if info.revoked_at is not None else "live"
        click.echo(f"{info.name:<32} {info.scope:<8} {_date(info.created_at)}  {revoked}")


@token.command("revoke")
@click.argument("name")
@click.pass_obj
def token_revoke(paths: tuple[Path, ...], name: str) -> None:
    """Revoke a token; it is refused from now on, by a running service too."""
    if not _tokens(paths).revoke(name):
        raise click.ClickException(f"there is no live token named {name}")
    click.echo(f"revoked {name}")


def _outbox(paths: tuple[Path, ...]) -> closing[Outbox]:
    settings = _settings(paths)
    make_data_dir(settings.data_dir)
    return closing(Outbox(settings.data_dir, max_bytes=settings.outbox_max_bytes, clock=time.time))


def _tokens(paths: tuple[Path, ...]) -> TokenStore:
    settings = _settings(paths)
    make_data_dir(settings.data_dir)
    return tokens_of(settings)


def _date(moment: float) -> str:
    return f"{datetime.fromtimestamp(moment, UTC):%Y-%m-%d %H:%M}"


for _command in (remote.export, remote.report, remote.export_user, remote.erase_user, demo, redact, rotate):
    main.add_command(_command)

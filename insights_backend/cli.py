"""The `insights` command."""

import logging
import sys
from pathlib import Path

import click

from insights_backend._version import __version__
from insights_backend.commands.config import config
from insights_backend.commands.demo import demo
from insights_backend.commands.outbox import outbox
from insights_backend.commands.redact import redact
from insights_backend.commands.remote import erase_user, export, export_user, report
from insights_backend.commands.rotate_salt import rotate
from insights_backend.commands.token import token
from insights_backend.errors import InsightsError


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
    logging.getLogger("clickhouse_connect").addHandler(logging.NullHandler())  # its errors become ours, and say more
    context.obj = paths


for _command in (config, outbox, token, export, report, export_user, erase_user, demo, redact, rotate):
    main.add_command(_command)

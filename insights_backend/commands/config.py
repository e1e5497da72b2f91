"""The commands `insights config`: what a configuration resolves to, and whether it will do."""

import os
import sys
import time
from collections.abc import Sequence
from pathlib import Path

import click

from insights_backend.check import Finding, check
from insights_backend.check.keys import resolved
from insights_backend.commands import settings_of
from insights_backend.enrichment.policy import Policy
from insights_backend.settings import Settings
from insights_backend.settings.loader import find_files, load
from insights_backend.settings.schema import read_settings
from insights_backend.settings.show import as_yaml

_COLOURS = {"ok": "green", "warning": "yellow", "failed": "red"}


@click.group()
def config() -> None:
    """Look at the configuration."""


@config.command("check")
@click.pass_obj
def config_check(paths: tuple[Path, ...]) -> None:
    """Say what every key resolves to, whether all that it names can be reached, and what to do where not.

    Ends with 2 where the configuration cannot be used, and with 1 where something that it needs is not there.
    """
    settings = _show(find_files(os.environ, Path.cwd(), paths))
    click.echo("\nchecks")
    failed = sum(_tell(finding) for finding in check(settings, time.time))
    if failed:
        click.echo(f"\nTo be mended first: {failed}.")
        sys.exit(1)
    click.echo("\nThe configuration can be used.")


@config.command("print")
@click.pass_obj
def config_print(paths: tuple[Path, ...]) -> None:
    """Print what the configuration resolves to, defaults included and secrets masked, and the field policy."""
    settings = settings_of(paths)
    click.echo(as_yaml(settings), nl=False)
    click.echo(
        "# What happens to each field of an event; redaction.fields says otherwise, and what is not named is scanned:"
    )
    for field, treatment in Policy(settings.redaction.fields).described().items():
        click.echo(f"#   {field}: {treatment}")


def _show(files: Sequence[Path]) -> Settings:
    """Read the files, and list them and what every key resolves to."""
    tree = load(files, os.environ, Path.cwd())
    settings = read_settings(tree)
    click.echo("files, the last one on top")
    for file in files:
        click.echo(f"  {file}")
    click.echo("\nkeys")
    for key in resolved(tree, settings):
        click.echo(f"  {key.key:<48} {key.value:<40} {key.origin}")
    return settings


def _tell(finding: Finding) -> bool:
    state = click.style(f"{finding.state:<8}", fg=_COLOURS[finding.state])
    click.echo(f"  {state} {finding.part:<16} {finding.says}")
    return finding.state == "failed"

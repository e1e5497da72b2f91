"""The commands `insights token`: the API tokens of this service."""

from pathlib import Path
from typing import get_args

import click

from insights_backend.access import Scope, TokenStore
from insights_backend.commands import minute_of, settings_of
from insights_backend.composition import make_data_dir, tokens_of


@click.group()
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
        revoked = f"revoked {minute_of(info.revoked_at)}" if info.revoked_at is not None else "live"
        click.echo(f"{info.name:<32} {info.scope:<8} {minute_of(info.created_at)}  {revoked}")


@token.command("revoke")
@click.argument("name")
@click.pass_obj
def token_revoke(paths: tuple[Path, ...], name: str) -> None:
    """Revoke a token; it is refused from now on, by a running service too."""
    if not _tokens(paths).revoke(name):
        raise click.ClickException(f"there is no live token named {name}")
    click.echo(f"revoked {name}")


def _tokens(paths: tuple[Path, ...]) -> TokenStore:
    settings = settings_of(paths)
    make_data_dir(settings.data_dir)
    return tokens_of(settings)

"""The command `insights rotate-salt`: another salt, and what is stored carried over to it."""

import os
from contextlib import closing
from pathlib import Path

import click

from insights_backend.commands import settings_of
from insights_backend.composition import assemble
from insights_backend.delivery.dispatcher import Dispatcher
from insights_backend.delivery.outbox import Outbox
from insights_backend.enrichment.pseudonyms import Pseudonyms
from insights_backend.enrichment.salts import rotate_salt
from insights_backend.privacy import pseudonyms
from insights_backend.running import Insights, Warehouse
from insights_backend.settings import Settings
from insights_backend.warehouse.carrying import carry_over

_PEPPER_BYTES = 16


@click.command("rotate-salt")
@click.pass_obj
def rotate(paths: tuple[Path, ...]) -> None:
    """Replace the salt, and carry all that is stored over to the pseudonyms of the new one.

    Stop the service first. A salt that was made at the first start is replaced here. One that stands in the
    configuration you replace there, and put the one until now at the end of `previousSalts`; this carries over what is
    stored. The previous salts are needed from then on, beside the new one. Cut short, the command may be run again.
    """
    settings = settings_of(paths)
    _check(settings)
    insights = assemble(settings)
    try:
        people = _carry_over(insights, settings)
    finally:
        insights.close()
    carried = "what waits in the outbox was" if people is None else f"{people} people"
    click.echo(f"{carried} carried over to the salt of now")


def _check(settings: Settings) -> None:
    if settings.salt and not settings.previous_salts:
        raise click.ClickException(
            "the salt stands in the configuration: put a new one there, the one until now into previousSalts, "
            "and run this again"
        )
    if settings.warehouse.cluster and not settings.upload.url:
        raise click.ClickException("a warehouse on a cluster cannot be carried over; its people would be doubled")


def _carry_over(insights: Insights, settings: Settings) -> int | None:
    """Carry over what is stored here; returns the number of people, None in a process that only uploads."""
    if insights.warehouse:
        insights.warehouse.engine.open()  # says so if a service still runs, before anything is changed
        if insights.backend:
            _deliver_what_is_under_way(insights.backend.dispatcher)
    if not settings.salt:
        rotate_salt(settings.data_dir / "salt", os.urandom)
    names = pseudonyms(settings)
    pattern = names.previous_pattern
    if pattern is None:
        return 0
    if insights.backend:
        _rename_waiting(insights.backend.outbox, pattern, names)
    return _rename_stored(insights.warehouse, pattern, names) if insights.warehouse else None


def _deliver_what_is_under_way(dispatcher: Dispatcher) -> None:
    """Have a batch arrive that the warehouse may have taken half of: when its tables are replaced, it forgets that."""
    dispatcher.deliver_batch()
    if dispatcher.failures:
        raise click.ClickException(
            f"what waits in the outbox must arrive first, and cannot: {dispatcher.last_failure}; mend that, and run "
            "this again"
        )


def _rename_waiting(outbox: Outbox, pattern: str, names: Pseudonyms) -> None:
    with outbox.right_to_deliver() as mine:
        if not mine:
            raise click.ClickException("a service still delivers events; stop it, and run this again")
        outbox.rename(pattern, names.user)


def _rename_stored(warehouse: Warehouse, pattern: str, names: Pseudonyms) -> int:
    with closing(warehouse.engine.unhurried()) as engine:
        people = carry_over(engine, pattern, names.user, os.urandom(_PEPPER_BYTES).hex())
        engine.clean_up()
        return people

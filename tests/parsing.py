"""Command lines that are understood, and not run."""

from __future__ import annotations

from pathlib import Path

import click

from driftguard.cli import cli

HERE = Path(__file__).parent


def parse(arguments: list[str]) -> None:
    """Read what is typed behind ``driftguard``; raises what click says of commands and options that do not exist."""
    name, *rest = arguments
    group = click.Context(cli, info_name="driftguard", obj=HERE, **cli.context_settings)
    cli.commands[name].make_context(name, rest, parent=group)

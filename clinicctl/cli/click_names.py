"""Import the names of Click that Typer keeps inside.

No other module imports them.

Typer 0.28 has no public names for these, so pyproject limits the version of Typer.
"""

from typer._click.core import Command, Context, Parameter
from typer._click.exceptions import ClickException, MissingParameter, NoArgsIsHelpError, NoSuchOption, UsageError
from typer._click.globals import get_current_context
from typer._click.shell_completion import ShellComplete
from typer._click.types import FuncParamType, IntParamType, StringParamType

__all__ = [
    "ClickException",
    "Command",
    "Context",
    "FuncParamType",
    "IntParamType",
    "MissingParameter",
    "NoArgsIsHelpError",
    "NoSuchOption",
    "Parameter",
    "ShellComplete",
    "StringParamType",
    "UsageError",
    "get_current_context",
]

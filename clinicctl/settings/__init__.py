"""Define, document and check the settings of commands and of the clinic.

A command's settings come from flags, environment and config.toml; `config` sets those of the clinic. The page
`clinicctl help settings` and `--help` are generated from the two tables, COMMAND here and CLINIC in `clinic`.
"""

import os
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, NamedTuple

from clinicctl.errors import BadValue
from clinicctl.settings import checks
from clinicctl.settings.checks import DATE_ORDERS, SettingSpec, stored_timezone
from clinicctl.settings.clinic import CLINIC, ClinicSettings

__all__ = [
    "ACTOR",
    "CLINIC",
    "CLOCK_SHIFT",
    "COMMAND",
    "DATE_ORDERS",
    "FORMATS",
    "SAVED_COLUMNS",
    "TEMPLATES",
    "ClinicSettings",
    "Configuration",
    "Configured",
    "SettingSpec",
    "Settings",
    "actor",
    "clock_shift",
    "database",
    "is_login",
    "load",
    "login",
    "output",
    "region",
    "stored_timezone",
    "timezone",
]

FORMATS = ("table", "json", "jsonl", "csv", "tsv")
ACTOR = 64
SAVED_COLUMNS = "columns."
"""The beginning of the names under which the clinic stores the headers of imported files."""
TEMPLATES = "template."
"""The beginning of the names under which the clinic stores the texts of messages."""
CLOCK_SHIFT = "CLINICCTL_TEST_CLOCK_SHIFT"
"""Seconds by which the test suite moves the clock of a process that it starts. Refused outside pytest."""
_FARTHEST = 100 * 366 * 86_400


def output(text: str) -> str:
    """Return the name of an output format."""
    return checks.named("--output", checks.one_of(FORMATS), text)


def actor(text: str) -> str:
    """Return the name of the actor."""
    return checks.named("--actor", checks.line(ACTOR), text)


def timezone(text: str) -> str:
    """Return an IANA time zone, in IANA's spelling."""
    return checks.named("timezone", checks.timezone, text)


def region(text: str) -> str:
    """Return a phone region: two capital letters, or an empty text."""
    return checks.named("region", checks.region, text)


COMMAND = (
    SettingSpec("db", "", "the database: a path (default: clinic.db in the user data folder)", checks.database),
    SettingSpec(
        "output", "", "table, json, jsonl, csv or tsv (default: table on a terminal, else tsv)", checks.one_of(FORMATS)
    ),
    SettingSpec("wait", "20", "seconds to wait for the writer's lock", checks.seconds),
    SettingSpec(
        "actor", "", "the name in the journal (default: the login, or on a server the role)", checks.line(ACTOR)
    ),
    SettingSpec("print_command", "", "the command that prints on this machine (default: the clinic's)", checks.command),
    SettingSpec("log", "", "a file that gets one JSON line per command: ids and codes, nothing personal", str),
)
"""Settings of a command: `--name`, `CLINICCTL_NAME`, `name` in config.toml, default, in this order."""


@dataclass(frozen=True, slots=True, eq=False, repr=False)
class Settings:
    """The settings of one command: flags, environment, config.toml, defaults."""

    db: str | None
    output: str | None
    wait: float
    actor: str | None
    log: str | None
    print_command: str | None = None
    header: bool | None = None
    excel_safe: bool = False
    quiet: bool = False
    key: str | None = None
    dry_run: bool = False
    yes: bool = False
    no_input: bool = False


class Configured(NamedTuple):
    """A value from the configuration file, and its origin: file, line and name."""

    text: str
    origin: str


Configuration = Mapping[str, Configured]


def load(flags: Mapping[str, Any], environ: Mapping[str, str], config: Configuration) -> Settings:
    """Return the settings of a command. Refuses an invalid value, with its origin."""
    found = {each.name: _found(each, flags, environ, config) for each in COMMAND}
    return Settings(
        db=found["db"],
        output=found["output"],
        wait=found["wait"],
        actor=found["actor"],
        log=found["log"],
        print_command=found["print_command"],
        no_input=bool(flags.get("no_input") or environ.get("CLINICCTL_NO_INPUT")),
        **{name: flags[name] for name in ("header", "excel_safe", "quiet", "key", "dry_run", "yes") if name in flags},
    )


def database(flags: Mapping[str, Any], environ: Mapping[str, str], config: Configuration) -> str | None:
    """Return the database of a command, even if its other settings are invalid."""
    found: str | None = _found(COMMAND[0], flags, environ, config)
    return found


def _found(spec: SettingSpec, flags: Mapping[str, Any], environ: Mapping[str, str], config: Configuration) -> Any:
    text, origin = flags.get(spec.name), f"--{spec.name}"
    if text is None:
        text, origin = environ.get(f"CLINICCTL_{spec.name.upper()}"), f"CLINICCTL_{spec.name.upper()}"
        text = text or (text if spec.name == "db" else None)
    if text is None and spec.name in config:
        text, origin = config[spec.name]
    if text is None:
        text = spec.default or None
    return spec.take(text, origin=origin) if text is not None else None


def clock_shift(environ: Mapping[str, str]) -> float:
    """Return the seconds by which the test suite moves the clock; 0 outside tests.

    Refuses the variable in a process that pytest did not start: a clinic's clock cannot be moved.
    """
    text = environ.get(CLOCK_SHIFT)
    if text is None:
        return 0.0
    if "PYTEST_CURRENT_TEST" not in environ:
        raise BadValue(problem=f"{CLOCK_SHIFT} is for the test suite only.", hint=f"Unset {CLOCK_SHIFT}.")
    try:
        seconds = float(text)
    except ValueError:
        seconds = float("nan")
    if not abs(seconds) <= _FARTHEST:
        raise BadValue(problem=f"{CLOCK_SHIFT}: a number of seconds, up to a hundred years.")
    return seconds


def login() -> str:
    """Return the login for the user id: names in the environment cannot be trusted."""
    import pwd

    try:
        return pwd.getpwuid(os.getuid()).pw_name[:ACTOR]
    except KeyError:
        return f"uid-{os.getuid()}"


def is_login(name: str) -> bool:
    """Return whether this machine has a user with a name."""
    import pwd

    try:
        pwd.getpwnam(name)
    except KeyError:
        return False
    return True

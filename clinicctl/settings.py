"""Define, document and check the settings of commands and of the clinic.

A command's settings come from flags, environment and config.toml; `config` sets those of the clinic. The page
`clinicctl help settings` and `--help` are generated from the two tables here.
"""

import os
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any, NamedTuple, TypeVar

from clinicctl.errors import BadValue, typed

T = TypeVar("T")

FORMATS = ("table", "json", "jsonl", "csv", "tsv")
ACTOR = 64
SAVED_COLUMNS = "columns."
"""The beginning of the names under which the clinic stores the headers of imported files."""
DATE_ORDERS = ("dmy", "mdy", "ymd")
CLOCK_SHIFT = "CLINICCTL_TEST_CLOCK_SHIFT"
"""Seconds by which the test suite moves the clock of a process that it starts. Refused outside pytest."""
_FARTHEST = 100 * 366 * 86_400
_TIME_OF_DAY = re.compile(r"([01][0-9]|2[0-3]):[0-5][0-9]")
_URL = re.compile(r"https?://[A-Za-z0-9.:\[\]-]+(/[A-Za-z0-9._~%-]+)*")
_LONGEST_URL = 200


@dataclass(frozen=True, slots=True, eq=False, repr=False)
class SettingSpec:
    """One setting: its name, its default as text, its meaning, and its check."""

    name: str
    default: str
    meaning: str
    read: Callable[[str], Any]
    stored: Callable[[str], Any] | None = None
    """Reads a value from the database, if that is less strict than reading a new value."""

    def take(self, text: str, *, origin: str | None = None) -> Any:
        """Return the value of a text; a refusal names the setting or the origin."""
        return _named(origin or self.name, self.read, text)


def _named(name: str, read: Callable[[str], T], text: str) -> T:
    try:
        return read(text)
    except BadValue as refused:
        raise BadValue(problem=f"{name}: {refused}") from None


def _wrong(text: str, wanted: str) -> BadValue:
    """Return the refusal of a value, without the value if it may be about a person."""
    named = typed(text, option=True)
    return BadValue(problem=f"{named} is not {wanted}." if named else f"{wanted}.")


def _whole(least: int, most: int) -> Callable[[str], int]:
    def read(text: str) -> int:
        if not (text.isascii() and text.isdigit() and least <= int(text[:9]) <= most):
            raise _wrong(text, f"a whole number from {least} to {most}")
        return int(text)

    return read


def _one_of(values: tuple[str, ...]) -> Callable[[str], str]:
    def read(text: str) -> str:
        if text not in values:
            raise _wrong(text, f"one of {', '.join(values)}")
        return text

    return read


_YES_OR_NO = _one_of(("yes", "no"))


def _seconds(text: str) -> float:
    try:
        seconds = float(text)
    except ValueError:
        seconds = -1.0
    if not 0 <= seconds <= 3600:
        raise _wrong(text, "a number of seconds from 0 to 3600")
    return seconds


def _line(longest: int) -> Callable[[str], str]:
    def read(text: str) -> str:
        if not text.isprintable() or not 1 <= len(text) <= longest or text.isspace():
            raise BadValue(problem=f"1 to {longest} printable characters.")
        return text

    return read


def _command(text: str) -> str:
    """Return a command line of shell words, or an empty text."""
    import shlex  # Deferred: only a command that is set needs it.

    if not text:
        return text
    try:
        words = shlex.split(text)
    except ValueError:
        words = []
    if not (words and text.isprintable() and len(text) <= 500):
        raise BadValue(problem="a command such as `lp -d front`, with matching quotes, of at most 500 characters.")
    return text


def _database(text: str) -> str:
    if not text:
        raise BadValue(problem="empty: name a database, or omit the option for the default one.")
    return text


def _timezone(text: str) -> str:
    zones = _zones()
    if text in zones:
        return text
    near = next((each for each in sorted(zones) if each.casefold() == text.casefold()), None)
    raise _wrong(
        text, "an IANA name, " + (f"did you mean {near}?" if near else "for example Asia/Kolkata or Europe/Berlin")
    )


def stored_timezone(text: str) -> str:
    """Read a stored time zone.

    Every transaction does this, so that only the zone's own file is opened. An old name that `timezone` no longer
    accepts must not lock the clinic out of its database; `health` reports it.
    """
    from zoneinfo import ZoneInfo

    try:
        ZoneInfo(text)
    except (KeyError, ValueError, OSError):
        raise BadValue(problem="timezone: not known on this machine.") from None
    return text


@cache
def _zones() -> frozenset[str]:
    """Return the names of the IANA time zones, from the tzdata package.

    Python's own list opens every file in the zoneinfo folders, and the environment can name any folder.
    """
    from importlib import resources

    return frozenset((resources.files("tzdata") / "zones").read_text(encoding="utf-8").split()) - {"Factory"}


def _region(text: str) -> str:
    code = text.upper()
    if code and not (len(code) == 2 and code.isascii() and code.isalpha()):
        raise _wrong(text, "two letters, for example IN or DE; its rules apply to phones without +")
    return code


def _time_of_day(text: str) -> str:
    if not _TIME_OF_DAY.fullmatch(text):
        raise _wrong(text, "a time such as 09:00")
    return text


def _base_url(text: str) -> str:
    if len(text) > _LONGEST_URL or not _URL.fullmatch(text):
        raise _wrong(text, "a URL such as https://clinic.example.org/fhir, without a slash at its end")
    return text


def _date_order(text: str) -> str:
    if text and text not in DATE_ORDERS:
        raise _wrong(text, f"one of {', '.join(DATE_ORDERS)}, or empty")
    return text


def output(text: str) -> str:
    """Return the name of an output format."""
    return _named("--output", _one_of(FORMATS), text)


def actor(text: str) -> str:
    """Return the name of the actor."""
    return _named("--actor", _line(ACTOR), text)


def timezone(text: str) -> str:
    """Return an IANA time zone, in IANA's spelling."""
    return _named("timezone", _timezone, text)


def region(text: str) -> str:
    """Return a phone region: two capital letters, or an empty text."""
    return _named("region", _region, text)


COMMAND = (
    SettingSpec("db", "", "the database: a path (default: clinic.db in the user data folder)", _database),
    SettingSpec(
        "output", "", "table, json, jsonl, csv or tsv (default: table on a terminal, else tsv)", _one_of(FORMATS)
    ),
    SettingSpec("wait", "20", "seconds to wait for the writer's lock", _seconds),
    SettingSpec("actor", "", "the name in the journal (default: the login, or on a server the role)", _line(ACTOR)),
    SettingSpec("print_command", "", "the command that prints on this machine (default: the clinic's)", _command),
    SettingSpec("log", "", "a file that gets one JSON line per command: ids and codes, nothing personal", str),
)
"""Settings of a command: `--name`, `CLINICCTL_NAME`, `name` in config.toml, default, in this order."""

CLINIC = (
    SettingSpec("name", "Clinic", "the clinic's name", _line(200)),
    SettingSpec("timezone", "UTC", "the IANA time zone that determines the date", _timezone, stored_timezone),
    SettingSpec("region", "", "the region for phones without +, two letters", _region),
    SettingSpec(
        "date_order",
        "",
        "the order of day, month and year in dates such as 3/4/2026: dmy, mdy or ymd; empty refuses ambiguous dates",
        _date_order,
    ),
    SettingSpec("capacity", "10", "the capacity of a day if the doctor has none of their own", _whole(1, 500)),
    SettingSpec(
        "day_start",
        "09:00",
        "the time at which a day without hours begins for other programs (FHIR)",
        _time_of_day,
    ),
    SettingSpec(
        "fhir_base",
        "https://clinic.invalid/fhir",
        "the URL under which exported FHIR resources and numbers are known",
        _base_url,
    ),
    SettingSpec("wait_threshold", "30", "minutes of waiting after which a patient is marked", _whole(1, 1440)),
    SettingSpec(
        "late_threshold",
        "30",
        "minutes by which a doctor runs late when `status` shows it; 0 for never",
        _whole(0, 1440),
    ),
    SettingSpec(
        "no_show_after",
        "0",
        "minutes after the agreed time when `status` suggests to mark a no-show; 0 for never",
        _whole(0, 1440),
    ),
    SettingSpec(
        "bulk_threshold", "10", "the number of cancellations at once above which a command asks first", _whole(0, 1000)
    ),
    SettingSpec(
        "overbook_limit",
        "2",
        "the number of bookings above the capacity that --overbook allows on a day",
        _whole(0, 100),
    ),
    SettingSpec("mask_phones", "no", "yes: tables show only the last three digits of a phone", _YES_OR_NO),
    SettingSpec("mask_names", "no", "yes: the shell prompt and the preview of a merge show no names", _YES_OR_NO),
    SettingSpec("shared_terminals", "no", "yes: whoever knows the PIN of a user may act as --actor", _YES_OR_NO),
    SettingSpec(
        "print_command",
        "",
        "the command that prints its standard input; {kind} is ticket or day (default: lp)",
        _command,
    ),
    SettingSpec(
        "ticket_width",
        "",
        "the paper of `ticket --print`: 58mm or 80mm for plain text, empty for a PDF",
        _one_of(("", "58mm", "80mm")),
    ),
)
"""Settings of the clinic, stored in its database: `clinicctl config NAME VALUE`."""


@dataclass(frozen=True, slots=True, eq=False, repr=False)
class ClinicSettings:
    """The clinic's settings from the database."""

    name: str
    timezone: str
    region: str
    date_order: str
    capacity: int
    day_start: str
    fhir_base: str
    wait_threshold: int
    late_threshold: int
    no_show_after: int
    bulk_threshold: int
    overbook_limit: int
    mask_phones: str
    mask_names: str
    shared_terminals: str
    print_command: str
    ticket_width: str

    @classmethod
    def read(cls, stored: Mapping[str, str]) -> "ClinicSettings":
        """Return the stored settings, with defaults for missing ones."""
        return cls(**{each.name: (each.stored or each.read)(stored.get(each.name, each.default)) for each in CLINIC})


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

"""What can be set: by flag, environment or config.toml for one command, and by `config` for the clinic.

The two tables here define, document and check every setting; `clinicctl help settings` is made from them.
"""

import os
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any, NamedTuple, TypeVar

from clinicctl.errors import BadValue, typed

T = TypeVar("T")

FORMATS = ("table", "json", "jsonl", "csv", "tsv")
ACTOR = 64
CLOCK_SHIFT = "CLINICCTL_TEST_CLOCK_SHIFT"
"""Seconds by which the test suite moves the clock of a process that it starts. Refused outside pytest."""
_FARTHEST = 100 * 366 * 86_400
LARGEST_CONFIG = 64 << 10
"""Bytes of a configuration file."""
_AT_LINE = re.compile(r"at line ([0-9]+)")


@dataclass(frozen=True, slots=True, eq=False, repr=False)
class Known:
    """One setting: its name, the text of its default, what it means, and the check that reads it."""

    name: str
    default: str
    meaning: str
    read: Callable[[str], Any]
    stored: Callable[[str], Any] | None = None
    """Reads the value that stands in the database, where that needs less than a new value."""

    def take(self, said: str, *, origin: str | None = None) -> Any:
        """Return the value of what was said. A refusal names the setting, or where the value came from."""
        return _named(origin or self.name, self.read, said)


def _named(name: str, read: Callable[[str], T], said: str) -> T:
    try:
        return read(said)
    except BadValue as refused:
        raise BadValue(problem=f"{name}: {refused}") from None


def _is_not(said: str, wanted: str) -> BadValue:
    """Say what a value is not; without the value where it may be about a person."""
    named = typed(said, option=True)
    return BadValue(problem=f"{named} is not {wanted}." if named else f"{wanted}.")


def _whole(least: int, most: int) -> Callable[[str], int]:
    def read(said: str) -> int:
        if not (said.isascii() and said.isdigit() and least <= int(said[:9]) <= most):
            raise _is_not(said, f"a whole number from {least} to {most}")
        return int(said)

    return read


def _one_of(values: tuple[str, ...]) -> Callable[[str], str]:
    def read(said: str) -> str:
        if said not in values:
            raise _is_not(said, f"one of {', '.join(values)}")
        return said

    return read


def _seconds(said: str) -> float:
    try:
        seconds = float(said)
    except ValueError:
        seconds = -1.0
    if not 0 <= seconds <= 3600:
        raise _is_not(said, "a number of seconds from 0 to 3600")
    return seconds


def _line(longest: int) -> Callable[[str], str]:
    def read(said: str) -> str:
        if not said.isprintable() or not 1 <= len(said) <= longest or said.isspace():
            raise BadValue(problem=f"1 to {longest} printable characters.")
        return said

    return read


def _database(said: str) -> str:
    if not said:
        raise BadValue(problem="empty; name a database, or leave it out for the default one.")
    return said


def _timezone(said: str) -> str:
    known = _zones()
    if said in known:
        return said
    near = next((each for each in sorted(known) if each.casefold() == said.casefold()), None)
    raise _is_not(
        said, "an IANA name, " + (f"did you mean {near}?" if near else "for example Asia/Kolkata or Europe/Berlin")
    )


def stored_timezone(said: str) -> str:
    """Read the time zone that stands in a database: every transaction does, so that only this one file is looked at.

    A name that is accepted no longer must not lock the clinic out of its database; `health` reports it.
    """
    from zoneinfo import ZoneInfo

    try:
        ZoneInfo(said)
    except (KeyError, ValueError, OSError):
        raise BadValue(problem="timezone: not known on this machine.") from None
    return said


@cache
def _zones() -> frozenset[str]:
    """The names of the IANA time zones that are places, as the tzdata package lists them.

    Python's own list opens each file in the zoneinfo folders, and the environment can name any folder.
    """
    from importlib import resources

    return frozenset((resources.files("tzdata") / "zones").read_text(encoding="utf-8").split()) - {"Factory"}


def _region(said: str) -> str:
    code = said.upper()
    if code and not (len(code) == 2 and code.isascii() and code.isalpha()):
        raise _is_not(said, "two letters, for example IN or DE; phones without + are read by its rules")
    return code


def output(said: str) -> str:
    """Read the name of a format."""
    return _named("--output", _one_of(FORMATS), said)


def actor(said: str) -> str:
    """Read the name of who does it."""
    return _named("--actor", _line(ACTOR), said)


def timezone(said: str) -> str:
    """Read an IANA time zone, spelled as IANA spells it."""
    return _named("timezone", _timezone, said)


def region(said: str) -> str:
    """Read a phone region: two letters, or none."""
    return _named("region", _region, said)


COMMAND = (
    Known("db", "", "the database: a path (default: clinic.db in the user data folder)", _database),
    Known(
        "output",
        "",
        "table, json, jsonl, csv or tsv (default: table on a terminal, else tsv)",
        _one_of(FORMATS),
    ),
    Known("wait", "20", "seconds to wait for the writer's lock", _seconds),
    Known("actor", "", "who does it, for the journal (default: the login)", _line(ACTOR)),
    Known("log", "", "a file for one JSON line a command: ids and codes, nothing personal", str),
)
"""Settings of a command: `--name`, `CLINICCTL_NAME`, `name` in config.toml, default, in this order."""

CLINIC = (
    Known("name", "Clinic", "the clinic's name", _line(200)),
    Known("timezone", "UTC", "the IANA time zone that decides what today is", _timezone, stored_timezone),
    Known("region", "", "the region whose rules phones without + follow, two letters", _region),
    Known("capacity", "10", "the capacity of a day where the doctor has none of their own", _whole(1, 500)),
    Known("wait_threshold", "30", "minutes of waiting from which a patient is marked", _whole(1, 1440)),
    Known("bulk_threshold", "10", "cancellations at once above which it asks first", _whole(0, 1000)),
    Known("overbook_limit", "2", "how far above its capacity --overbook may fill a day", _whole(0, 100)),
    Known(
        "mask_phones",
        "no",
        "yes: tables show only a phone's last three digits, for screens that others see",
        _one_of(("yes", "no")),
    ),
    Known(
        "mask_names",
        "no",
        "yes: the prompt of the shell shows only the patient's number",
        _one_of(("yes", "no")),
    ),
)
"""Settings of the clinic, kept in its database: `clinicctl config NAME VALUE`."""


@dataclass(frozen=True, slots=True, eq=False, repr=False)
class ClinicSettings:
    """The clinic's settings as the database holds them."""

    name: str
    timezone: str
    region: str
    capacity: int
    wait_threshold: int
    bulk_threshold: int
    overbook_limit: int
    mask_phones: str
    mask_names: str

    @classmethod
    def read(cls, stored: Mapping[str, str]) -> "ClinicSettings":
        """Return the settings stored, the default where none is."""
        return cls(**{each.name: (each.stored or each.read)(stored.get(each.name, each.default)) for each in CLINIC})


@dataclass(frozen=True, slots=True, eq=False, repr=False)
class Settings:
    """What one command was told, flags before environment before config.toml before defaults."""

    db: str | None
    output: str | None
    wait: float
    actor: str
    log: str | None
    header: bool | None = None
    excel_safe: bool = False
    quiet: bool = False
    key: str | None = None
    dry_run: bool = False
    yes: bool = False


class Configured(NamedTuple):
    """A value from the configuration file, and where it stands there."""

    said: str
    origin: str


Configuration = Mapping[str, Configured]


def read_config(path: str, content: bytes) -> Configuration:
    """Read the settings of a command from a TOML file. Refuses what is not one, naming the line."""
    import tomllib

    text = content.decode("utf-8", "replace")
    try:
        found = tomllib.loads(content.decode("utf-8"))
    except UnicodeDecodeError as error:
        raise _bad_line(path, content.count(b"\n", 0, error.start) + 1, "not UTF-8") from None
    except RecursionError:
        raise _bad_line(path, _deepest(text), "nested too deeply") from None
    except tomllib.TOMLDecodeError as error:
        line = _AT_LINE.search(str(error))
        raise _bad_line(path, int(line[1]) if line else text.count("\n") + 1, "not TOML") from None
    known = [each.name for each in COMMAND if each.name in found]
    return {name: _configured(path, name, found[name], _line_of(text, name)) for name in known}


def _configured(path: str, name: str, value: Any, line: int) -> Configured:
    is_number = name == "wait" and isinstance(value, int | float) and not isinstance(value, bool)
    if not (is_number or isinstance(value, str)):
        raise _bad_line(path, line, f"{name} has to be {'a number' if name == 'wait' else 'a text in quotes'}")
    if "\0" in str(value):
        raise _bad_line(path, line, f"{name} has a NUL character")
    return Configured(str(value), f"{path}, line {line}: {name}")


def _bad_line(path: str, line: int, problem: str) -> BadValue:
    return BadValue(problem=f"{path}, line {line}: {problem}.")


def _line_of(text: str, name: str) -> int:
    """The line on which a key stands, for a message: as it is usually written, else the first."""
    found = re.search(rf"^[ \t]*\[*[ \t]*[\"']?{name}[\"']?[ \t]*[=.\]]", text, re.MULTILINE)
    return text.count("\n", 0, found.start()) + 1 if found else 1


def _deepest(text: str) -> int:
    """The line with the most brackets."""
    depths = [line.count("[") + line.count("{") for line in text.split("\n")]
    return depths.index(max(depths)) + 1


def load(flags: Mapping[str, Any], environ: Mapping[str, str], config: Configuration) -> Settings:
    """Return the settings of a command. Refuses a value that its check refuses, naming where it came from."""
    found = {each.name: _found(each, flags, environ, config) for each in COMMAND}
    return Settings(
        db=found["db"],
        output=found["output"],
        wait=found["wait"],
        actor=found["actor"] or _login(),
        log=found["log"],
        **{name: flags[name] for name in ("header", "excel_safe", "quiet", "key", "dry_run", "yes") if name in flags},
    )


def database(flags: Mapping[str, Any], environ: Mapping[str, str], config: Configuration) -> str | None:
    """Return the database that a command names, also where the rest of its command line cannot be read."""
    found: str | None = _found(COMMAND[0], flags, environ, config)
    return found


def _found(known: Known, flags: Mapping[str, Any], environ: Mapping[str, str], config: Configuration) -> Any:
    said, origin = flags.get(known.name), f"--{known.name}"
    if said is None:
        said, origin = environ.get(f"CLINICCTL_{known.name.upper()}"), f"CLINICCTL_{known.name.upper()}"
        said = said or (said if known.name == "db" else None)
    if said is None and known.name in config:
        said, origin = config[known.name]
    if said is None:
        said = known.default or None
    return known.take(said, origin=origin) if said is not None else None


def clock_shift(environ: Mapping[str, str]) -> float:
    """Return by how many seconds the test suite moves the clock: 0 elsewhere.

    Refuses the variable in a process that pytest did not start: a clinic's clock cannot be moved.
    """
    said = environ.get(CLOCK_SHIFT)
    if said is None:
        return 0.0
    if "PYTEST_CURRENT_TEST" not in environ:
        raise BadValue(problem=f"{CLOCK_SHIFT} is for the test suite only.", hint=f"Unset {CLOCK_SHIFT}.")
    try:
        seconds = float(said)
    except ValueError:
        seconds = float("nan")
    if not abs(seconds) <= _FARTHEST:
        raise BadValue(problem=f"{CLOCK_SHIFT}: a number of seconds, up to a hundred years.")
    return seconds


def machine_timezone(environ: Mapping[str, str]) -> str:
    """Return the machine's IANA time zone, UTC when it does not say."""
    candidates = [environ.get("TZ", "").lstrip(":")]
    try:
        with open("/etc/timezone", encoding="ascii", errors="replace") as file:
            candidates.append(file.readline().strip())
    except OSError:
        pass
    candidates.append(os.path.realpath("/etc/localtime").rpartition("zoneinfo/")[2])
    for name in candidates:
        try:
            return timezone(name) if name and not name.startswith("/") else timezone("")
        except BadValue:
            continue
    return "UTC"


def machine_region(environ: Mapping[str, str], zone: str) -> str:
    """Return the phone region: the time zone's country, else the locale's, else none (phones then need their +)."""
    for line in _zone_table():
        country, _, rest = line.partition("\t")
        if rest.split("\t")[1:2] == [zone]:
            return country
    locale = environ.get("LC_ALL") or environ.get("LC_TELEPHONE") or environ.get("LANG") or ""
    country = locale.partition(".")[0].partition("_")[2]
    return country if len(country) == 2 and country.isalpha() else ""


def _zone_table() -> list[str]:
    """The lines of zone.tab: country, coordinates, time zone; of the system, else of the tzdata package."""
    from importlib import resources

    system = Path("/usr/share/zoneinfo/zone.tab")
    try:
        table = system if system.exists() else resources.files("tzdata.zoneinfo") / "zone.tab"
        return table.read_text(encoding="utf-8").splitlines()
    except (OSError, ModuleNotFoundError):
        return []


def _login() -> str:
    """The login by user id: the environment's names could be anybody's."""
    import pwd

    try:
        return pwd.getpwuid(os.getuid()).pw_name[:ACTOR]
    except KeyError:
        return f"uid-{os.getuid()}"

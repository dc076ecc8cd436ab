"""Find the configuration, the database and the output format, also of a command line that was not parsed."""

import os
from collections.abc import Mapping, Sequence
from contextlib import suppress

from clinicctl import errors, settings
from clinicctl.store import paths

APPLICATION = "clinicctl"
LARGEST = 64 << 10
"""The most bytes of a file of settings."""


def read() -> Mapping[str, settings.Configured]:
    """Return the settings in config.toml of the user's configuration folder.

    Return an empty value if there is none.
    """
    from platformdirs import user_config_path

    try:
        path = str(user_config_path(APPLICATION) / "config.toml")
    except RuntimeError:
        return {}  # A user without a home folder has no configuration there.
    try:
        with paths.open_to_read(path, most=LARGEST) as file:
            from clinicctl.cli.toml_settings import parse  # Deferred: most machines have no such file.

            return parse(path, file.read())
    except (FileNotFoundError, NotADirectoryError):
        return {}
    except OSError as error:
        raise errors.IOFailed(path=path, reason=error.strerror or "cannot be read") from None


def database_path(given: str | None) -> str:
    """Return the absolute path of the database, or the URL of one on a server.

    A URL may also name SQLite's file: `sqlite:///clinic.db`.

    Links are followed, so that the database has one lock whatever its name.
    """
    if not given:
        from platformdirs import user_data_path

        try:
            return _real(str(user_data_path(APPLICATION) / "clinic.db"))
        except RuntimeError:
            raise errors.BadValue(problem="db: there is no home folder. Set --db or CLINICCTL_DB.") from None
    if "://" in given:
        if given.startswith(paths.SERVER):
            return given
        if not given.startswith("sqlite:///"):
            raise errors.BadValue(problem="db: a path, or a URL that begins with sqlite:/// or postgresql://.")
        given = given.removeprefix("sqlite:///")
    if "\0" in given:
        raise errors.BadValue(problem="db: not a path.")
    return _real(os.path.expanduser(given))


def _real(path: str) -> str:
    """Return an absolute path, without links if the file exists."""
    try:
        path = os.path.abspath(path)
        return os.path.realpath(path) if os.path.exists(path) else path
    except OSError as error:
        # The working folder was deleted.
        raise errors.IOFailed(path=path, reason=error.strerror) from None


# Command lines that were not fully parsed


def named_database(args: Sequence[str]) -> str:
    """Return the path of the database that arguments name, or an empty string."""
    named = {"db": named} if (named := _option(args, "--db")) is not None else {}
    try:
        return database_path(settings.database(named, os.environ, read()))
    except errors.Refusal:
        return ""


def asks_for_json(args: Sequence[str]) -> bool:
    """Return whether arguments, the environment or the configuration ask for JSON."""
    if "--json" in args:
        return True
    asked = _option(args, "--output", "-o") or os.environ.get("CLINICCTL_OUTPUT") or _configured_output()
    return asked in ("json", "jsonl")


def _option(args: Sequence[str], *names: str) -> str | None:
    """Return the last value of an option."""
    found = None
    for at, each in enumerate(args):
        for name in names:
            if each == name:
                found = "".join(args[at + 1 : at + 2])
            elif each.startswith(f"{name}=" if name.startswith("--") else name):
                found = each.removeprefix(name).removeprefix("=")
    return found


def _configured_output() -> str:
    with suppress(errors.Refusal, KeyError):
        return read()["output"].text
    return ""

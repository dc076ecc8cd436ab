"""Keep notes about clinics on servers in the user's state folder: the last head of the journal, the last backup.

A server cannot tell that an older copy was put in its place: it still looks sound. The note can tell. It is written
after the commit, so that it is never ahead of the server. A missing or unreadable note is ignored.
"""

import hashlib
import json
import os
from contextlib import suppress
from datetime import datetime
from typing import Any

from clinicctl import errors
from clinicctl.store import paths
from clinicctl.store.heads import Head, LastBackup

_LONGEST = 16_384
_WHERE = ("PGSERVICE", "PGSERVICEFILE", "PGHOST", "PGHOSTADDR", "PGPORT", "PGDATABASE")
"""The variables by which libpq finds a server and a database."""


def head(place: str) -> tuple[Head, datetime] | None:
    """Return the head that was noted for a place, and when."""
    with suppress(ValueError, KeyError, TypeError):
        stored = _read(place)["head"]
        return Head(int(stored["number"]), str(stored["hash"])), datetime.fromisoformat(stored["at"])
    return None


def note_head(place: str, found: Head, at: datetime) -> None:
    """Note the head of the last write. If that fails, the older note stays."""
    _write(place, "head", {"number": found.number, "hash": found.hash, "at": at.isoformat()})


def last_backup(place: str) -> LastBackup | None:
    """Return the note about the last backup that this user has made of a clinic."""
    with suppress(ValueError, KeyError, TypeError):
        stored = _read(place)["backup"]
        noted = Head(int(stored["number"]), str(stored["hash"]))
        return LastBackup(datetime.fromisoformat(stored["at"]), str(stored["path"]), noted)
    return None


def note_backup(place: str, made: LastBackup) -> None:
    """Note a backup."""
    stored = {"at": made.at.isoformat(), "path": made.path, "number": made.head.number, "hash": made.head.hash}
    _write(place, "backup", stored)


def _file(place: str) -> str:
    """Return the path of the notes on a place.

    The environment may name the server, so that a place means another one.
    """
    known = "\n".join([place, *(os.environ.get(each, "") for each in _WHERE)])
    state = os.environ.get("XDG_STATE_HOME") or os.path.join(os.path.expanduser("~"), ".local", "state")
    return os.path.join(state, "clinicctl", f"{hashlib.sha256(known.encode()).hexdigest()[:32]}.json")


def _read(place: str) -> dict[str, Any]:
    try:
        with paths.open_to_read(_file(place), most=_LONGEST) as file:
            found = json.loads(file.read())
    except (OSError, ValueError, errors.Refusal):
        return {}
    return found if isinstance(found, dict) else {}


def _write(place: str, name: str, value: dict[str, Any]) -> None:
    """Replace one note.

    Of two commands at once one may lose its note, but no note is half written.
    """
    path = _file(place)
    stored = {**_read(place), "place": place, name: value}
    with suppress(OSError, errors.Refusal):
        os.makedirs(os.path.dirname(path), mode=0o700, exist_ok=True)
        with paths.replacing(path, begins=(b"{",), mode=0o600) as file:
            file.write(json.dumps(stored).encode())

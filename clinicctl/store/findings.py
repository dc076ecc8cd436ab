"""Findings of `health` that every engine makes in the same way."""

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

from clinicctl import clock, errors, settings
from clinicctl.store.reports import Found, Head, LastBackup

CLOCKS_DIFFER = timedelta(seconds=2)
"""The accepted difference between the clocks of two desks."""

BACKUP_OVERDUE = timedelta(days=7)
"""The age from which `health` asks for a new backup."""


def checked(name: str, value: str, ok: bool, problem: str) -> Found:
    """Return a finding whose problem counts only if it is not right."""
    return Found(name, value, ok, None if ok else problem)


def head(found: Head, noted: Head | None) -> Found:
    """Compare the journal's last row with the note that was read before it."""
    number, hash_ = found.number, found.hash or "0" * 64
    behind = noted is not None and (noted.number > number or (noted.number == number and noted.hash != hash_))
    problem = f"write {noted.number} was committed and is missing" if noted and behind else None
    return Found("journal head", f"{number} {hash_}", not behind, problem, behind)


def clocks(last: str | None) -> Found:
    """Compare the clock with the stored instant of the last write."""
    now = clock.now()
    try:
        since = datetime.fromisoformat(last).replace(tzinfo=UTC) if last else now
    except (TypeError, ValueError):
        return Found("clock", f"{now:%Y-%m-%d %H:%M} UTC", False, "the time of the last write cannot be read")
    late = now + CLOCKS_DIFFER < since
    problem = f"the last write was at {since:%Y-%m-%d %H:%M} UTC, in the future" if late else None
    return Found("clock", f"{now:%Y-%m-%d %H:%M} UTC", not late, problem)


def zone(name: str) -> Found:
    """Check whether the clinic's time zone is known."""
    try:
        ZoneInfo(name)
    except (KeyError, ValueError, OSError):
        return Found("time zone", name, False, "not known on this machine", True)
    try:
        settings.timezone(name)
    except errors.BadValue:
        return Found("time zone", name, False, "not an IANA time zone: set one with `clinicctl config timezone NAME`")
    return Found("time zone", name)


def moved(to: str) -> Found:
    """Return the finding on a clinic that has moved to another place."""
    return Found("moved to", to, False, "use the database there: choose it with --db", True)


def backup(last: LastBackup | None, *, exists: bool) -> Found:
    """Check the note about the last backup. `exists` says whether its file does."""
    if last is None:
        return Found("last backup", "none", False, "create one with `clinicctl db backup FILE`")
    age = clock.now() - last.at
    problem = f"older than {BACKUP_OVERDUE.days} days" if age > BACKUP_OVERDUE else None
    if not exists:
        problem = "the file no longer exists"
    value = f"{age.days} days ago, {last.at:%Y-%m-%d %H:%M}: {last.path}, write {last.head.number}"
    return Found("last backup", value, problem is None, problem)

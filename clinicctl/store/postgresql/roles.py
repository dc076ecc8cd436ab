"""The rights of the people of a clinic on a server, as SQL. Nothing here grants anything.

They are derived from the compiled queries: what no query of the desk does, the desk has no right to do. No query
changes or deletes a row of the journal.
"""

import re
from collections.abc import Callable, Collection, Iterable, Iterator
from importlib import import_module
from pkgutil import iter_modules
from typing import NamedTuple

from clinicctl.store import compiled
from clinicctl.store.compiled.schema import COLUMNS
from clinicctl.store.postgresql import attempts

_REPAIR = "integrity"
"""The module whose queries the owner alone runs: those of `db check --repair`."""
_USERS = "users"
"""The module, and the table, of the users, whom managers change."""
_PERSON = ("name", "role", "doctor_id")
"""The columns of a user that every command reads. The others have the PIN."""
_EVERY_WRITE = ("journal", "counters", "outbox")
"""The modules that every accepted write uses: its row, numbers, and messages to patients."""
_DESK = (*_EVERY_WRITE, "appointments", "days", "patients", "queue", "undo", "waitlist")
"""The modules of the operations of a desk."""
_OF_MANAGERS = ("doctor_weekly_patterns", "holidays")
"""The tables of these modules that only operations of managers change."""
_DAYS = ("doctor_daily_availabilities", "doctor_daily_capacities")
"""The tables that an import of days changes."""
_READER = ("appointments", "clinic", "daybook", "days", "doctors", "queue", "waitlist")
"""The modules whose tables `day`, `free`, `status`, `queue show` and the lists read."""
_AUDITOR = ("audit", "reports")
"""The modules whose queries look up the numbers of what a write is about, and count visits."""
_DAYS_OF_DOCTORS = ("doctors", "visit_types", *_DAYS, *_OF_MANAGERS)
"""The tables that reports compute the capacity of a day from. They have nothing about patients."""

_WRITTEN = re.compile(r"\s*(INSERT) INTO (\w+)|\s*(UPDATE) (\w+)|\s*(DELETE) FROM (\w+)")
_SET = re.compile(r'"?(\w+)"?=')
_COLUMN = re.compile(r"\b(\w+)\.\"?(\w+)")


class Right(NamedTuple):
    """A right on a table, or on some of its columns."""

    right: str
    table: str
    columns: tuple[str, ...] = ()


def manager() -> Iterator[Right]:
    """Yield what a manager may do: all but what rewrites the database as a whole."""
    return _writer({right for noun in _nouns() if noun != _REPAIR for right in _written(noun)})


def desk() -> Iterator[Right]:
    """Yield what the desk may do.

    It reads everything, writes what its commands write, and moves the journal's head.
    """
    written = {right for noun in _DESK for right in _written(noun) if right[1] not in _OF_MANAGERS}
    yield from _writer(written)
    yield Right("UPDATE", _USERS, ("wrong_pins", "wrong_at"))


def clinician() -> Iterator[Right]:
    """Yield what a clinician may do: steps in queues, and to undo them.

    A right on a table does not depend on whose queue it is.
    """
    yield from _writer({right for noun in _EVERY_WRITE for right in _written(noun)} | {("UPDATE", "queue_entries")})
    yield Right("UPDATE", "appointments", _set_with("status", "undo"))
    yield Right("UPDATE", _USERS, ("wrong_pins", "wrong_at"))


def importer() -> Iterator[Right]:
    """Yield what an import of days needs, which books and cancels nothing.

    New hours give what is booked another slot.
    """
    written = {right for noun in _EVERY_WRITE for right in _written(noun)}
    written |= {right for right in _written("days") if right[1] in _DAYS}
    yield from _writer(written | {("INSERT", "held_slots"), ("DELETE", "held_slots")})
    yield Right("UPDATE", "appointments", _set_with("slot", "appointments"))


def reader() -> Iterator[Right]:
    """Yield what a screen needs that shows days and queues, with names."""
    texts = [text for noun in _READER for text in _statements(noun)]
    read = [table for table in COLUMNS if any(_names(text, table) for text in texts)]
    yield from (Right("SELECT", table) for table in dict.fromkeys([*read, "settings", "head"]))
    yield Right("SELECT", _USERS, _PERSON)


def auditor() -> Iterator[Right]:
    """Yield what `audit log`, `audit verify` and the reports need.

    That is the journal, the numbers of what it is about, and times and statuses of visits.
    """
    used = {found for noun in _AUDITOR for text in _statements(noun) for found in _COLUMN.findall(text)}
    for table, known in COLUMNS.items():
        if table.startswith("journal") or table in _DAYS_OF_DOCTORS:
            yield Right("SELECT", table)
        elif columns := tuple(name for name in known if (table, name) in used):
            yield Right("SELECT", table, columns)
    yield from (Right("SELECT", table) for table in ("settings", "head"))
    yield Right("SELECT", _USERS, _PERSON)


def _writer(written: Collection[tuple[str, str]]) -> Iterator[Right]:
    """Yield the rights of somebody who reads everything and writes these tables."""
    for table in COLUMNS:
        yield Right("SELECT", table)
        yield from (Right(word, table) for word in ("INSERT", "UPDATE", "DELETE") if (word, table) in written)
    yield Right("SELECT", "head")
    yield Right("UPDATE", "head", ("number", "hash"))


_RIGHTS: dict[str, Callable[[], Iterator[Right]]] = {
    "manager": manager,
    "desk": desk,
    "clinician": clinician,
    "reader": reader,
    "auditor": auditor,
    "importer": importer,
}


def script(*, database: str, schema: str, prefix: str) -> list[str]:
    """Return the statements for one clinic, with comments."""
    owner, rights = f"{prefix}_owner", {name: each() for name, each in _RIGHTS.items()}
    names = [owner, *(f"{prefix}_{each}" for each in rights)]
    lines = [
        f'-- The roles of the clinic in schema "{schema}" of database "{database}". Each person gets one of them:',
        f"--   GRANT {prefix}_desk TO asha;",
        *map(_made, names),
        "",
        "-- The owner makes, migrates, repairs and restores clinics.",
        f'GRANT CONNECT, CREATE ON DATABASE "{database}" TO {owner};',
        f'ALTER SCHEMA "{schema}" OWNER TO {owner};',
        *(f'ALTER TABLE "{schema}"."{table}" OWNER TO {owner};' for table in (*COLUMNS, "head")),
    ]
    for each, granted in rights.items():
        name = f"{prefix}_{each}"
        lines += ["", f"-- {_MEANINGS[each]}"]
        lines += [f'GRANT CONNECT ON DATABASE "{database}" TO {name};', f'GRANT USAGE ON SCHEMA "{schema}" TO {name};']
        lines += list(_grants(granted, schema=schema, role=name))
    lines += ["", "-- Who may not write the journal adds refused attempts of their own to it, by this function only."]
    lines += attempts.definition(schema, owner=owner, granted=[f"{prefix}_{each}" for each in ("auditor", "reader")])
    return lines


_MEANINGS = {
    "manager": "A manager changes everything but the journal. To restore, migrate or repair takes the owner, too.",
    "desk": "The desk adds to the journal, and can neither change nor delete a row of it.",
    "clinician": "A clinician takes steps in queues. The server does not know whose queue it is.",
    "reader": "A reader sees the day, the free times and the queue, with names, and changes nothing.",
    "auditor": "An auditor sees the journal and the numbers of what it is about, counts visits, and sees no names.",
    "importer": "An importer sets the days of doctors, and books and cancels nothing. New hours change slots.",
}


def _made(role: str) -> str:
    exists = f"SELECT FROM pg_roles WHERE rolname = '{role}'"
    return f"DO $$ BEGIN IF NOT EXISTS ({exists}) THEN CREATE ROLE {role}; END IF; END $$;"


def _grants(rights: Iterable[Right], *, schema: str, role: str) -> Iterator[str]:
    of_tables = dict[str, list[str]]()
    for each in rights:
        columns = f" ({', '.join(each.columns)})" if each.columns else ""
        of_tables.setdefault(each.table, []).append(f"{each.right}{columns}")
    for table, words in of_tables.items():
        yield f'GRANT {", ".join(words)} ON "{schema}"."{table}" TO {role};'


def _nouns() -> list[str]:
    return sorted(each.name for each in iter_modules(compiled.__path__))


def _statements(noun: str) -> list[str]:
    """Return the SQL of a module of compiled queries."""
    found = vars(import_module(f"{compiled.__name__}.{noun}"))
    return [text for name, text in found.items() if name.startswith("_") and name.isupper() and isinstance(text, str)]


def _written(noun: str) -> Iterator[tuple[str, str]]:
    for text in _statements(noun):
        if found := _WRITTEN.match(text):
            word, table = (each for each in found.groups() if each)
            yield word, table


def _set_with(column: str, noun: str) -> tuple[str, ...]:
    """Return the columns of an appointment that a module changes with this one."""
    changed = (text for text in _statements(noun) if _WRITTEN.match(text) and "UPDATE appointments" in text)
    columns = (tuple(_SET.findall(text.partition(" WHERE ")[0])) for text in changed)
    return next(each for each in columns if column in each)


def _names(text: str, table: str) -> bool:
    return re.search(rf"\b{table}\b", text) is not None

"""The rights of the people of a clinic on a server, as SQL. Nothing here grants anything.

They are derived from the compiled queries: what no query of the desk does, the desk has no right to do. No query
changes or deletes a row of the journal.
"""

import re
from collections.abc import Iterable, Iterator
from importlib import import_module
from pkgutil import iter_modules
from typing import NamedTuple

from clinicctl.store import compiled
from clinicctl.store.compiled.schema import COLUMNS

_REPAIR = "integrity"
"""The module whose queries the owner alone runs: those of `db check --repair`."""
_USERS = "users"
"""The module, and the table, of the users, whom the owner alone changes."""
_PERSON = ("name", "role", "doctor_id")
"""The columns of a user that every command reads. The others have the PIN."""
_READER = ("appointments", "clinic", "daybook", "days", "doctors", "queue", "waitlist")
"""The modules whose tables `day`, `free`, `status`, `queue show` and the lists read."""
_AUDITOR = "audit"
"""The module whose queries look up the numbers of what a write is about."""

_WRITTEN = re.compile(r"\s*(INSERT) INTO (\w+)|\s*(UPDATE) (\w+)|\s*(DELETE) FROM (\w+)")
_COLUMN = re.compile(r"\b(\w+)\.\"?(\w+)")


class Right(NamedTuple):
    """A right on a table, or on some of its columns."""

    right: str
    table: str
    columns: tuple[str, ...] = ()


def desk() -> Iterator[Right]:
    """Yield what the desk may do.

    It reads everything, writes what its commands write, and moves the journal's head.
    """
    written = {right for noun in _nouns() if noun not in (_REPAIR, _USERS) for right in _written(noun)}
    for table in COLUMNS:
        yield Right("SELECT", table)
        yield from (Right(word, table) for word in ("INSERT", "UPDATE", "DELETE") if (word, table) in written)
    yield Right("UPDATE", _USERS, ("wrong_pins", "wrong_at"))
    yield Right("SELECT", "head")
    yield Right("UPDATE", "head", ("number", "hash"))


def reader() -> Iterator[Right]:
    """Yield what a screen needs that shows days and queues, with names."""
    texts = [text for noun in _READER for text in _statements(noun)]
    read = [table for table in COLUMNS if any(_names(text, table) for text in texts)]
    yield from (Right("SELECT", table) for table in dict.fromkeys([*read, "settings", "head"]))
    yield Right("SELECT", _USERS, _PERSON)


def auditor() -> Iterator[Right]:
    """Yield what `audit log` and `audit verify` need.

    That is the journal, and the numbers of what it is about.
    """
    used = {found for text in _statements(_AUDITOR) for found in _COLUMN.findall(text)}
    for table, known in COLUMNS.items():
        if table.startswith("journal"):
            yield Right("SELECT", table)
        elif columns := tuple(name for name in known if (table, name) in used):
            yield Right("SELECT", table, columns)
    yield from (Right("SELECT", table) for table in ("settings", "head"))
    yield Right("SELECT", _USERS, _PERSON)


def script(*, database: str, schema: str, prefix: str) -> list[str]:
    """Return the statements for one clinic, with comments."""
    owner, rights = f"{prefix}_owner", {"desk": desk(), "reader": reader(), "auditor": auditor()}
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
    return lines


_MEANINGS = {
    "desk": "The desk adds to the journal, and can neither change nor delete a row of it.",
    "reader": "A reader sees the day, the free times and the queue, with names, and changes nothing.",
    "auditor": "An auditor sees the journal and the numbers of what it is about, and no names.",
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


def _names(text: str, table: str) -> bool:
    return re.search(rf"\b{table}\b", text) is not None

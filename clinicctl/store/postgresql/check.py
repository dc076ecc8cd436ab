"""Check the schema, the values and the invariants of a clinic on a server.

Reads only, and needs no more rights than to read the tables. It reports numbers, codes and dates, never names or
phones. `desk.integrity` checks the other invariants. The pages of the server are checked by the server's own tools,
such as `pg_amcheck` and data checksums; the queries here read tables rather than their indexes, so that a damaged index
hides nothing.
"""

import json
from collections.abc import Iterator
from datetime import date
from uuid import UUID

from clinicctl.store.compiled.schema import COLUMNS
from clinicctl.store.postgresql import invariants
from clinicctl.store.postgresql.db_errors import reason_of
from clinicctl.store.postgresql.driver import psycopg
from clinicctl.store.postgresql.expected import Unique, expected, found, is_extra
from clinicctl.store.postgresql.session import Session
from clinicctl.store.reports import CONSTRAINTS, INTACT, MOST, REFERENCES, SCHEMA, SETTINGS, VALID_VALUES, Violation
from clinicctl.store.tx import bad_settings
from clinicctl.store.values import UNREADABLE, Unreadable, to_date, to_uuid

_FROM_TABLES = (
    "SET LOCAL enable_indexscan = off",
    "SET LOCAL enable_indexonlyscan = off",
    "SET LOCAL enable_bitmapscan = off",
)
_AS_USUAL = (
    "SET LOCAL enable_indexscan = on",
    "SET LOCAL enable_indexonlyscan = on",
    "SET LOCAL enable_bitmapscan = on",
)
_INVALID = {
    "date": "{0} NOT BETWEEN '0001-01-01' AND '9999-12-31'",
    "instant": "{0} NOT BETWEEN '0001-01-01 00:00:00+00' AND '9999-12-31 23:59:59.999999+00'",
    "time": "{0} = '24:00:00'",
}
"""The condition on values that the server accepts and this program cannot read, by the form of the column."""
_JSON_COLUMNS = {"journal": "outcome", "journal_steps": "before", "journal_days": "before", "journal_merges": "before"}
_LABELS = {"patients": "P", "appointments": "A", "waitlist_entries": "W", "journal": "write "}

_NUMBERS = {"journal": "number"}
_HEAD = (
    "SELECT h.number, h.hash, j.number, j.hash FROM head AS h"
    " FULL JOIN (SELECT number, hash FROM journal ORDER BY number DESC LIMIT 1) AS j ON true"
)
_WRITES = """SELECT min(number), max(number)
    FROM (SELECT number FROM journal UNION ALL SELECT journal_number FROM journal_steps) AS writes"""
_READ = """SELECT (SELECT count(CAST(outcome AS jsonb)) FROM journal WHERE number BETWEEN %s AND %s),
    (SELECT count(CAST(before AS jsonb)) FROM journal_steps WHERE journal_number BETWEEN %s AND %s)"""
_SETTINGS = "SELECT row_number() OVER (ORDER BY name), name, value FROM settings"


def violations(session: Session) -> Iterator[Violation]:
    """Yield the violations in a clinic: head, schema, values, then invariants.

    After a missing table or column, nothing further is checked.
    """
    session.take_time()
    yield from _violations(session, SCHEMA, differences(session))
    if _is_incomplete(session):
        return
    yield from _violations(session, INTACT, _torn_head(session))
    session.script(_FROM_TABLES)
    yield from _violations(session, VALID_VALUES, _bad_values(session))
    yield from _violations(session, CONSTRAINTS, _broken_constraints(session))
    yield from _violations(session, REFERENCES, _orphans(session))
    session.script(_AS_USUAL)
    yield from broken_invariants(session)
    yield from _violations(session, SETTINGS, bad_settings(session.run(_SETTINGS, None).fetchall()))


def broken_invariants(session: Session) -> Iterator[Violation]:
    """Yield the violations of the invariants, as far as the journal can be read."""
    unreadable = _unreadable_writes(session)
    for each in invariants.INVARIANTS:
        found = _first_column(session, invariants.without(each.query, unreadable))
        yield from _violations(session, each.name, found, each.derived)


def last_given(session: Session) -> dict[UUID, dict[date, int]]:
    """Return the last position ever given, by doctor id and date."""
    given: dict[UUID, dict[date, int]] = {}
    query = invariants.without(invariants.LAST_GIVEN, _unreadable_writes(session))
    try:
        for doctor, on, position in session.run(query, None).fetchall():
            given.setdefault(to_uuid(doctor), {})[to_date(on)] = position
    except UNREADABLE:
        raise Unreadable from None
    return given


def _unreadable_writes(session: Session) -> str:
    """Return the numbers of the writes with unreadable JSON, as a multirange.

    The server does not say which write that is, so the journal is halved until one is left. If there are many, some
    readable writes are left out, too.
    """
    ((first_write, last_write),) = session.run(_WRITES, None).fetchall()
    left, found = [] if first_write is None else [(first_write, last_write)], list[tuple[int, int]]()
    while left:
        low, high = left.pop()
        if _is_readable(session, low, high):
            continue
        if low == high or len(found) >= MOST:
            found.append((low, high))
        else:
            middle = (low + high) // 2
            left += [(middle + 1, high), (low, middle)]
    return f"{{{','.join(f'[{low},{high}]' for low, high in found)}}}"


def _is_readable(session: Session, low: int, high: int) -> bool:
    session.later("SAVEPOINT reading", None)
    try:
        session.run(_READ, (low, high, low, high))
    except psycopg.Error as error:
        session.roll_back_to("reading")
        # Not JSON, or too deep or too large.
        if (error.sqlstate or "")[:2] not in ("22", "54"):
            raise
        return False
    session.later("RELEASE reading", None)
    return True


def differences(session: Session) -> Iterator[str]:
    """Yield the differences from this program's schema.

    Indexes that only make reading faster are accepted.
    """
    own, actual = expected().objects, found(session)
    for kind, name in sorted(own.keys() | actual.keys()):
        if (kind, name) not in own:
            if not is_extra(kind, actual[kind, name]):
                yield f"it has an unknown {kind} {name}"
        elif (kind, name) not in actual:
            yield f"the {kind} {name} is missing"
        elif own[kind, name] != actual[kind, name]:
            yield f"the {kind} {name} differs from the one of this program"


def _is_incomplete(session: Session) -> bool:
    columns = {each for each in expected().objects if each[0] == "column"}
    return not columns <= found(session).keys()


def _violations(
    session: Session, invariant: str, where: Iterator[str], derived: str | None = None
) -> Iterator[Violation]:
    """Yield at most MOST violations of an invariant.

    If the data cannot be read, yield the reason. Then the transaction goes on: each check is a savepoint.
    """
    session.later("SAVEPOINT checking", None)
    try:
        for nth, each in enumerate(where, start=1):
            if nth > MOST:
                yield Violation(invariant, f"more than {MOST} in all", derived)
                break
            yield Violation(invariant, each, derived)
        session.later("RELEASE checking", None)
    except psycopg.Error as error:
        session.roll_back_to("checking")
        if not session.is_open:
            raise
        yield Violation(invariant, f"cannot be read: {reason_of(error)}")


def _first_column(session: Session, query: str) -> Iterator[str]:
    for where, *_ in session.stream(query, None):
        yield str(where)


def _torn_head(session: Session) -> Iterator[str]:
    """Yield whether the row of `head` is not the last row of the journal."""
    heads = session.run(_HEAD, None).fetchall()
    if len(heads) > 1 or heads[0][0] is None:
        yield "there is not one head of the journal"
    elif heads[0][:2] != (heads[0][2] or 0, heads[0][3] or ""):
        yield f"the head is write {heads[0][0]}, but the journal ends with {heads[0][2] or 'none'}"


def _bad_values(session: Session) -> Iterator[str]:
    for table, columns in COLUMNS.items():
        for column, kind in columns.items():
            if kind in _INVALID:
                condition = _INVALID[kind].format(f'"{column}"')
                for label in _first_column(session, f'SELECT {_label(table)} FROM "{table}" WHERE {condition}'):  # noqa: S608 - our own
                    yield f"{table}.{column} of {label}"
    for table, column in _JSON_COLUMNS.items():
        number = "number" if table == "journal" else "journal_number"
        for write, text in session.stream(f'SELECT {number}, {column} FROM "{table}" ORDER BY 1', None):  # noqa: S608 - our own
            if not _is_object(text):
                yield f"{table}.{column} of write {write}"


def _label(table: str) -> str:
    return f"'{_LABELS[table]}' || number" if table in _LABELS else "'a row'"


def _is_object(text: str) -> bool:
    try:
        return isinstance(json.loads(text), dict)
    except (ValueError, RecursionError):
        return False


def _broken_constraints(session: Session) -> Iterator[str]:
    """Yield the violated CHECK and UNIQUE constraints.

    A constraint may be missing, or its index damaged.
    """
    for name, table, condition in expected().checks:
        (count,) = session.run(f'SELECT count(*) FROM "{table}" WHERE NOT ({condition})', None).fetchall()[0]  # noqa: S608 - our own
        if count:
            yield f"{name} in {count} rows"
    for each in expected().unique:
        (count,) = session.run(_repeated(each), None).fetchall()[0]
        if count:
            yield f"{each.name} in {count} rows"


def _repeated(each: Unique) -> str:
    """Return the query for the number of rows that are too many."""
    names = [f'"{name}"' for name in each.columns.split(", ")]
    conditions = [f"{name} IS NOT NULL" for name in names] + ([f"({each.where})"] if each.where else [])
    listed = ", ".join(names)
    return (
        f"SELECT coalesce(sum(rows - 1), 0) FROM (SELECT count(*) AS rows FROM {each.table}"  # noqa: S608 - our own
        f" WHERE {' AND '.join(conditions)} GROUP BY {listed} HAVING count(*) > 1) AS repeated"
    )


def _orphans(session: Session) -> Iterator[str]:
    for table, column, parent, key in expected().references:
        query = (
            f'SELECT count(*) FROM "{table}" AS c LEFT JOIN "{parent}" AS p ON p."{key}" = c."{column}"'  # noqa: S608 - our own
            f' WHERE c."{column}" IS NOT NULL AND p."{key}" IS NULL'
        )
        (count,) = session.run(query, None).fetchall()[0]
        if count:
            yield f"{'a row' if count == 1 else f'{count} rows'} of {table} to {parent}"

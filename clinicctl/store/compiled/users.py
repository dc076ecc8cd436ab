"""Generated from queries/users.py by `python -m clinicctl.store.compile`. Do not edit."""

from datetime import datetime
from uuid import UUID

from clinicctl.statuses import Role
from clinicctl.store.compiled import rows
from clinicctl.store.tx import Tx
from clinicctl.store.values import from_instant, from_uuid

_KNOWN = """
SELECT users.name, users.role, users.doctor_id
FROM users
WHERE users.name = ? OR users.name = ? OR users.name = (SELECT min(users.name) AS min_1
FROM users)
"""


def known(tx: Tx, *, login: str, actor: str) -> list[rows.PersonRow]:
    return tx.fetch_all(_KNOWN, (login, actor), rows.person_row)


_EVERYBODY = """
SELECT users.name, users.role, users.doctor_id, users.pin, users.wrong_pins, users.wrong_at, users.created_at,
users.updated_at, doctors.code AS doctor
FROM users LEFT OUTER JOIN doctors ON doctors.id = users.doctor_id ORDER BY users.name
"""


def everybody(tx: Tx) -> list[rows.UserRow]:
    return tx.fetch_all(_EVERYBODY, (), rows.user_row)


_BY_NAME = """
SELECT users.name, users.role, users.doctor_id, users.pin, users.wrong_pins, users.wrong_at, users.created_at,
users.updated_at, doctors.code AS doctor
FROM users LEFT OUTER JOIN doctors ON doctors.id = users.doctor_id
WHERE users.name = ?
"""


def by_name(tx: Tx, *, name: str) -> rows.UserRow | None:
    return tx.fetch_one(_BY_NAME, (name,), rows.user_row)


_MANAGERS = """
SELECT users.name
FROM users
WHERE users.role = ? ORDER BY users.name
"""


def managers(tx: Tx, *, role: Role) -> list[str]:
    return tx.fetch_all(_MANAGERS, (role.value,), lambda row: row[0])


_INSERT = """
INSERT INTO users (name, role, doctor_id, pin, wrong_pins, wrong_at, created_at, updated_at) VALUES (?, ?, ?,
?, ?, ?, ?, ?)
"""


def insert(
    tx: Tx,
    *,
    name: str,
    role: Role,
    doctor_id: UUID | None,
    pin: str | None,
    wrong_pins: int,
    wrong_at: datetime | None,
    created_at: datetime,
    updated_at: datetime,
) -> int:
    return tx.execute(
        _INSERT,
        (
            name,
            role.value,
            None if doctor_id is None else from_uuid(doctor_id),
            pin,
            wrong_pins,
            None if wrong_at is None else from_instant(wrong_at),
            from_instant(created_at),
            from_instant(updated_at),
        ),
    )


_UPDATE = """
UPDATE users SET role=?, doctor_id=?, pin=?, wrong_pins=?, wrong_at=?, updated_at=? WHERE users.name = ?
"""


def update(
    tx: Tx,
    *,
    role: Role,
    doctor_id: UUID | None,
    pin: str | None,
    wrong_pins: int,
    wrong_at: datetime | None,
    updated_at: datetime,
    user: str,
) -> int:
    return tx.execute(
        _UPDATE,
        (
            role.value,
            None if doctor_id is None else from_uuid(doctor_id),
            pin,
            wrong_pins,
            None if wrong_at is None else from_instant(wrong_at),
            from_instant(updated_at),
            user,
        ),
    )


_DELETE = """
DELETE FROM users WHERE users.name = ?
"""


def delete(tx: Tx, *, user: str) -> int:
    return tx.execute(_DELETE, (user,))


_COUNT_WRONG_PIN = """
UPDATE users SET wrong_pins=CASE WHEN (users.wrong_at > ?) THEN users.wrong_pins + 1 ELSE 1 END, wrong_at=?
WHERE users.name = ?
"""


def count_wrong_pin(tx: Tx, *, since: datetime, now: datetime, user: str) -> int:
    return tx.execute(_COUNT_WRONG_PIN, (from_instant(since), from_instant(now), user))


_FORGET_WRONG_PINS = """
UPDATE users SET wrong_pins=0, wrong_at=NULL WHERE users.name = ?
"""


def forget_wrong_pins(tx: Tx, *, user: str) -> int:
    return tx.execute(_FORGET_WRONG_PINS, (user,))


_REFUSED_SINCE = """
SELECT count(*) AS count_1
FROM journal
WHERE journal.at >= ? AND coalesce(journal.command, '') = 'refused' AND coalesce(journal.actor, '') = ?
"""


def refused_since(tx: Tx, *, since: datetime, actor: str) -> int | None:
    return tx.fetch_one(_REFUSED_SINCE, (from_instant(since), actor), lambda row: row[0])

"""Generated from queries/days.py by `python -m clinicctl.store.compile`. Do not edit."""

from collections.abc import Iterable
from datetime import date as Date
from uuid import UUID

from clinicctl.store.compiled import rows
from clinicctl.store.tx import Tx
from clinicctl.store.values import from_bool, from_date, from_instant, from_list, from_uuid, to_uuid

_SETTINGS = """
SELECT doctor_daily_availabilities.id, doctor_daily_availabilities.doctor_id,
doctor_daily_availabilities.date, doctor_daily_availabilities.present, doctor_daily_availabilities.capacity,
doctor_daily_availabilities.note, doctor_daily_availabilities.updated_by,
doctor_daily_availabilities.updated_at, doctor_daily_availabilities.sessions,
doctor_daily_availabilities.every
FROM doctor_daily_availabilities
WHERE doctor_daily_availabilities.date BETWEEN ? AND ? AND doctor_daily_availabilities.doctor_id = ?
"""


def settings(tx: Tx, *, first: Date, last: Date, doctor: UUID) -> list[rows.DaySettingRow]:
    return tx.fetch_all(_SETTINGS, (from_date(first), from_date(last), from_uuid(doctor)), rows.day_setting_row)


_SETTINGS_WITH_LEDGER = """
SELECT doctor_daily_availabilities.id, doctor_daily_availabilities.doctor_id,
doctor_daily_availabilities.date, doctor_daily_availabilities.present, doctor_daily_availabilities.capacity,
doctor_daily_availabilities.note, doctor_daily_availabilities.updated_by,
doctor_daily_availabilities.updated_at, doctor_daily_availabilities.sessions,
doctor_daily_availabilities.every
FROM doctor_daily_availabilities JOIN doctor_daily_capacities ON doctor_daily_capacities.doctor_id =
doctor_daily_availabilities.doctor_id AND doctor_daily_capacities.date = doctor_daily_availabilities.date
WHERE doctor_daily_availabilities.date BETWEEN ? AND ? AND doctor_daily_availabilities.doctor_id = ?
"""


def settings_with_ledger(tx: Tx, *, first: Date, last: Date, doctor: UUID) -> list[rows.DaySettingRow]:
    return tx.fetch_all(
        _SETTINGS_WITH_LEDGER,
        (from_date(first), from_date(last), from_uuid(doctor)),
        rows.day_setting_row,
    )


_SETTINGS_OF_DOCTORS = """
SELECT doctor_daily_availabilities.id, doctor_daily_availabilities.doctor_id,
doctor_daily_availabilities.date, doctor_daily_availabilities.present, doctor_daily_availabilities.capacity,
doctor_daily_availabilities.note, doctor_daily_availabilities.updated_by,
doctor_daily_availabilities.updated_at, doctor_daily_availabilities.sessions,
doctor_daily_availabilities.every
FROM doctor_daily_availabilities
WHERE doctor_daily_availabilities.date BETWEEN ? AND ? AND doctor_daily_availabilities.doctor_id IN (SELECT
doctors_listed.value
FROM json_each(?) AS doctors_listed)
"""


def settings_of_doctors(tx: Tx, *, first: Date, last: Date, doctors: Iterable[UUID]) -> list[rows.DaySettingRow]:
    return tx.fetch_all(
        _SETTINGS_OF_DOCTORS,
        (from_date(first), from_date(last), from_list(doctors, from_uuid)),
        rows.day_setting_row,
    )


_LEDGERS = """
SELECT doctor_daily_capacities.id, doctor_daily_capacities.doctor_id, doctor_daily_capacities.date,
doctor_daily_capacities.capacity, doctor_daily_capacities.booked, doctor_daily_capacities.remaining,
doctor_daily_capacities.last_position, doctor_daily_capacities.last_recall
FROM doctor_daily_capacities
WHERE doctor_daily_capacities.date BETWEEN ? AND ? AND doctor_daily_capacities.doctor_id = ? ORDER BY
doctor_daily_capacities.date
"""


def ledgers(tx: Tx, *, first: Date, last: Date, doctor: UUID) -> list[rows.LedgerRow]:
    return tx.fetch_all(_LEDGERS, (from_date(first), from_date(last), from_uuid(doctor)), rows.ledger_row)


_LEDGERS_OF_DOCTORS = """
SELECT doctor_daily_capacities.id, doctor_daily_capacities.doctor_id, doctor_daily_capacities.date,
doctor_daily_capacities.capacity, doctor_daily_capacities.booked, doctor_daily_capacities.remaining,
doctor_daily_capacities.last_position, doctor_daily_capacities.last_recall
FROM doctor_daily_capacities
WHERE doctor_daily_capacities.date BETWEEN ? AND ? AND doctor_daily_capacities.doctor_id IN (SELECT
doctors_listed.value
FROM json_each(?) AS doctors_listed)
"""


def ledgers_of_doctors(tx: Tx, *, first: Date, last: Date, doctors: Iterable[UUID]) -> list[rows.LedgerRow]:
    return tx.fetch_all(
        _LEDGERS_OF_DOCTORS,
        (from_date(first), from_date(last), from_list(doctors, from_uuid)),
        rows.ledger_row,
    )


_DOCTORS_WITH_LEDGER = """
SELECT DISTINCT doctor_daily_capacities.doctor_id
FROM doctor_daily_capacities
WHERE doctor_daily_capacities.date BETWEEN ? AND ?
"""


def doctors_with_ledger(tx: Tx, *, first: Date, last: Date) -> list[UUID]:
    return tx.fetch_all(_DOCTORS_WITH_LEDGER, (from_date(first), from_date(last)), lambda row: to_uuid(row[0]))


_BOUNDS = """
SELECT min(stored_dates.date) AS first, max(stored_dates.date) AS last
FROM (SELECT min(doctor_daily_availabilities.date) AS date
FROM doctor_daily_availabilities UNION ALL SELECT max(doctor_daily_availabilities.date) AS date
FROM doctor_daily_availabilities UNION ALL SELECT min(doctor_daily_capacities.date) AS date
FROM doctor_daily_capacities UNION ALL SELECT max(doctor_daily_capacities.date) AS date
FROM doctor_daily_capacities) AS stored_dates
"""


def bounds(tx: Tx) -> rows.BoundsRow | None:
    return tx.fetch_one(_BOUNDS, (), rows.bounds_row)


_WEEKDAYS = """
SELECT doctor_weekly_patterns.doctor_id, doctor_weekly_patterns.weekday, doctor_weekly_patterns.present,
doctor_weekly_patterns.capacity, doctor_weekly_patterns.sessions, doctor_weekly_patterns.every
FROM doctor_weekly_patterns
WHERE doctor_weekly_patterns.doctor_id = ?
"""


def weekdays(tx: Tx, *, doctor: UUID) -> list[rows.WeekdayRow]:
    return tx.fetch_all(_WEEKDAYS, (from_uuid(doctor),), rows.weekday_row)


_WEEKDAYS_OF_DOCTORS = """
SELECT doctor_weekly_patterns.doctor_id, doctor_weekly_patterns.weekday, doctor_weekly_patterns.present,
doctor_weekly_patterns.capacity, doctor_weekly_patterns.sessions, doctor_weekly_patterns.every
FROM doctor_weekly_patterns
WHERE doctor_weekly_patterns.doctor_id IN (SELECT doctors_listed.value
FROM json_each(?) AS doctors_listed)
"""


def weekdays_of_doctors(tx: Tx, *, doctors: Iterable[UUID]) -> list[rows.WeekdayRow]:
    return tx.fetch_all(_WEEKDAYS_OF_DOCTORS, (from_list(doctors, from_uuid),), rows.weekday_row)


_HOLIDAYS = """
SELECT holidays.date, holidays.name
FROM holidays
WHERE holidays.date BETWEEN ? AND ? ORDER BY holidays.date
"""


def holidays(tx: Tx, *, first: Date, last: Date) -> list[rows.HolidayRow]:
    return tx.fetch_all(_HOLIDAYS, (from_date(first), from_date(last)), rows.holiday_row)


_INSERT_HOLIDAYS = """
INSERT INTO holidays (date, name) VALUES (?, ?)
"""


def insert_holidays(tx: Tx, every: Iterable[rows.HolidayRow]) -> int:
    return tx.execute_many(
        _INSERT_HOLIDAYS,
        ((from_date(each.date), each.name) for each in every),
    )


_DELETE_HOLIDAYS = """
DELETE FROM holidays WHERE holidays.date IN (SELECT dates_listed.value
FROM json_each(?) AS dates_listed)
"""


def delete_holidays(tx: Tx, *, dates: Iterable[Date]) -> int:
    return tx.execute(_DELETE_HOLIDAYS, (from_list(dates, from_date),))


_INSERT_SETTINGS = """
INSERT INTO doctor_daily_availabilities (id, doctor_id, date, present, capacity, note, updated_by, updated_at,
sessions, every) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
"""


def insert_settings(tx: Tx, every: Iterable[rows.DaySettingRow]) -> int:
    return tx.execute_many(
        _INSERT_SETTINGS,
        (
            (
                from_uuid(each.id),
                from_uuid(each.doctor_id),
                from_date(each.date),
                from_bool(each.present),
                each.capacity,
                each.note,
                each.updated_by,
                from_instant(each.updated_at),
                each.sessions,
                each.every,
            )
            for each in every
        ),
    )


_UPDATE_SETTINGS = """
UPDATE doctor_daily_availabilities SET present=?, capacity=?, note=?, updated_by=?, updated_at=?, sessions=?,
every=? WHERE doctor_daily_availabilities.doctor_id = ? AND doctor_daily_availabilities.date = ?
"""


def update_settings(tx: Tx, every: Iterable[rows.DayWriteRow]) -> int:
    return tx.execute_many(
        _UPDATE_SETTINGS,
        (
            (
                from_bool(each.present),
                each.capacity,
                each.note,
                each.updated_by,
                from_instant(each.updated_at),
                each.sessions,
                each.every,
                from_uuid(each.doctor_id),
                from_date(each.date),
            )
            for each in every
        ),
    )


_DELETE_SETTINGS = """
DELETE FROM doctor_daily_availabilities WHERE doctor_daily_availabilities.doctor_id = ? AND
doctor_daily_availabilities.date = ?
"""


def delete_settings(tx: Tx, every: Iterable[rows.DayKeyRow]) -> int:
    return tx.execute_many(
        _DELETE_SETTINGS,
        ((from_uuid(each.doctor_id), from_date(each.date)) for each in every),
    )


_INSERT_WEEKDAYS = """
INSERT INTO doctor_weekly_patterns (doctor_id, weekday, present, capacity, sessions, every) VALUES (?, ?, ?,
?, ?, ?)
"""


def insert_weekdays(tx: Tx, every: Iterable[rows.WeekdayRow]) -> int:
    return tx.execute_many(
        _INSERT_WEEKDAYS,
        (
            (from_uuid(each.doctor_id), each.weekday, from_bool(each.present), each.capacity, each.sessions, each.every)
            for each in every
        ),
    )


_DELETE_WEEKDAYS = """
DELETE FROM doctor_weekly_patterns WHERE doctor_weekly_patterns.doctor_id = ? AND
doctor_weekly_patterns.weekday IN (SELECT weekdays_listed.value
FROM json_each(?) AS weekdays_listed)
"""


def delete_weekdays(tx: Tx, *, doctor: UUID, weekdays: Iterable[int]) -> int:
    return tx.execute(_DELETE_WEEKDAYS, (from_uuid(doctor), from_list(weekdays)))


_OPEN_LEDGER = """
INSERT INTO doctor_daily_capacities (id, doctor_id, date, capacity, booked, remaining, last_position,
last_recall) VALUES (?, ?, ?, ?, ?, ?, ?, ?)
"""


def open_ledger(
    tx: Tx,
    *,
    id: UUID,
    doctor_id: UUID,
    date: Date,
    capacity: int,
    booked: int,
    remaining: int,
    last_position: int,
    last_recall: int,
) -> int:
    return tx.execute(
        _OPEN_LEDGER,
        (from_uuid(id), from_uuid(doctor_id), from_date(date), capacity, booked, remaining, last_position, last_recall),
    )


_SET_CAPACITIES = """
UPDATE doctor_daily_capacities SET capacity=?, remaining=CASE WHEN (doctor_daily_capacities.booked < ?) THEN ?
- doctor_daily_capacities.booked ELSE 0 END WHERE doctor_daily_capacities.doctor_id = ? AND
doctor_daily_capacities.date = ?
"""


def set_capacities(tx: Tx, every: Iterable[rows.CapacityRow]) -> int:
    return tx.execute_many(
        _SET_CAPACITIES,
        (
            (each.new_capacity, each.new_capacity, each.new_capacity, from_uuid(each.doctor_id), from_date(each.date))
            for each in every
        ),
    )


_TAKE_SLOT = """
UPDATE doctor_daily_capacities SET booked=(doctor_daily_capacities.booked + ?),
remaining=(doctor_daily_capacities.remaining - ?) WHERE doctor_daily_capacities.doctor_id = ? AND
doctor_daily_capacities.date = ? AND doctor_daily_capacities.remaining >= ?
"""


def take_slot(tx: Tx, *, count: int, doctor: UUID, on: Date) -> int:
    return tx.execute(_TAKE_SLOT, (count, count, from_uuid(doctor), from_date(on), count))


_TAKE_SLOT_ABOVE = """
UPDATE doctor_daily_capacities SET booked=(doctor_daily_capacities.booked + 1) WHERE
doctor_daily_capacities.doctor_id = ? AND doctor_daily_capacities.date = ? AND
doctor_daily_capacities.remaining = 0 AND doctor_daily_capacities.booked < doctor_daily_capacities.capacity +
?
"""


def take_slot_above(tx: Tx, *, doctor: UUID, on: Date, limit: int) -> int:
    return tx.execute(_TAKE_SLOT_ABOVE, (from_uuid(doctor), from_date(on), limit))


_RETAKE_SLOT = """
UPDATE doctor_daily_capacities SET booked=(doctor_daily_capacities.booked + ?), remaining=CASE WHEN
(doctor_daily_capacities.booked + ? < doctor_daily_capacities.capacity) THEN (doctor_daily_capacities.capacity
- doctor_daily_capacities.booked) - ? ELSE 0 END WHERE doctor_daily_capacities.doctor_id = ? AND
doctor_daily_capacities.date = ?
"""


def retake_slot(tx: Tx, *, count: int, doctor: UUID, on: Date) -> int:
    return tx.execute(_RETAKE_SLOT, (count, count, count, from_uuid(doctor), from_date(on)))


_RELEASE_SLOT = """
UPDATE doctor_daily_capacities SET booked=(doctor_daily_capacities.booked - ?), remaining=CASE WHEN
(doctor_daily_capacities.booked - ? < doctor_daily_capacities.capacity) THEN (doctor_daily_capacities.capacity
- doctor_daily_capacities.booked) + ? ELSE 0 END WHERE doctor_daily_capacities.doctor_id = ? AND
doctor_daily_capacities.date = ? AND doctor_daily_capacities.booked >= ?
"""


def release_slot(tx: Tx, *, count: int, doctor: UUID, on: Date) -> int:
    return tx.execute(_RELEASE_SLOT, (count, count, count, from_uuid(doctor), from_date(on), count))


_NEXT_RECALL = """
UPDATE doctor_daily_capacities SET last_recall=(doctor_daily_capacities.last_recall + 1) WHERE
doctor_daily_capacities.doctor_id = ? AND doctor_daily_capacities.date = ? RETURNING last_recall
"""


def next_recall(tx: Tx, *, doctor: UUID, on: Date) -> int | None:
    return tx.fetch_one(_NEXT_RECALL, (from_uuid(doctor), from_date(on)), lambda row: row[0])


_NEXT_POSITION = """
UPDATE doctor_daily_capacities SET last_position=(doctor_daily_capacities.last_position + 1) WHERE
doctor_daily_capacities.doctor_id = ? AND doctor_daily_capacities.date = ? RETURNING last_position
"""


def next_position(tx: Tx, *, doctor: UUID, on: Date) -> int | None:
    return tx.fetch_one(_NEXT_POSITION, (from_uuid(doctor), from_date(on)), lambda row: row[0])

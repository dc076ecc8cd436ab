"""Generated from queries/waitlist.py by `python -m clinicctl.store.compile`. Do not edit."""

from collections.abc import Iterable, Iterator, Sequence
from datetime import date as Date
from datetime import datetime
from uuid import UUID

from clinicctl.statuses import WaitlistStatus
from clinicctl.store.compiled import rows
from clinicctl.store.tx import Condition, Tx
from clinicctl.store.values import from_date, from_instant, from_list, from_uuid, to_date

_BY_NUMBER = """
SELECT waitlist_entries.id, waitlist_entries.number, waitlist_entries.patient_id, waitlist_entries.doctor_id,
waitlist_entries.first_date, waitlist_entries.last_date, waitlist_entries.status,
waitlist_entries.appointment_id, waitlist_entries.created_at, waitlist_entries.updated_at, patients.number AS
patient_number, patients.name AS patient_name, doctors.code AS doctor_code, doctors.name AS doctor_name,
appointments.number AS appointment_number
FROM waitlist_entries JOIN patients ON patients.id = waitlist_entries.patient_id JOIN doctors ON doctors.id =
waitlist_entries.doctor_id LEFT OUTER JOIN appointments ON appointments.id = waitlist_entries.appointment_id
WHERE waitlist_entries.number = ? ORDER BY waitlist_entries.number
"""


def by_number(tx: Tx, *, number: int) -> rows.WaitlistRow | None:
    return tx.fetch_one(_BY_NUMBER, (number,), rows.waitlist_row)


_LISTED = """
SELECT waitlist_entries.id, waitlist_entries.number, waitlist_entries.patient_id, waitlist_entries.doctor_id,
waitlist_entries.first_date, waitlist_entries.last_date, waitlist_entries.status,
waitlist_entries.appointment_id, waitlist_entries.created_at, waitlist_entries.updated_at, patients.number AS
patient_number, patients.name AS patient_name, doctors.code AS doctor_code, doctors.name AS doctor_name,
appointments.number AS appointment_number
FROM waitlist_entries JOIN patients ON patients.id = waitlist_entries.patient_id JOIN doctors ON doctors.id =
waitlist_entries.doctor_id LEFT OUTER JOIN appointments ON appointments.id = waitlist_entries.appointment_id
WHERE {conditions} ORDER BY waitlist_entries.number
"""


def listed(tx: Tx, conditions: Sequence[Condition]) -> Iterator[rows.WaitlistRow]:
    sql, values = tx.filtered(_LISTED, conditions)
    return tx.iterate(sql, values, rows.waitlist_row)


_DAYS_OF_ENTRIES = """
SELECT waitlist_days.entry_id, waitlist_days.date
FROM waitlist_days
WHERE waitlist_days.entry_id IN (SELECT entries_listed.value
FROM json_each(?) AS entries_listed) ORDER BY waitlist_days.entry_id, waitlist_days.date
"""


def days_of_entries(tx: Tx, *, entries: Iterable[UUID]) -> list[rows.WaitlistDayRow]:
    return tx.fetch_all(_DAYS_OF_ENTRIES, (from_list(entries, from_uuid),), rows.waitlist_day_row)


_WAITING = """
waitlist_entries.status = 'waiting'
"""


def waiting() -> Condition:
    return Condition(_WAITING, ())


_OF_DOCTOR = """
waitlist_entries.doctor_id = ?
"""


def of_doctor(*, doctor: UUID) -> Condition:
    return Condition(_OF_DOCTOR, (from_uuid(doctor),))


_OF_PATIENT = """
waitlist_entries.patient_id = ?
"""


def of_patient(*, patient: UUID) -> Condition:
    return Condition(_OF_PATIENT, (from_uuid(patient),))


_FOR_SPAN = """
EXISTS (SELECT waitlist_days.date
FROM waitlist_days
WHERE waitlist_days.entry_id = waitlist_entries.id AND waitlist_days.date BETWEEN ? AND ?)
"""


def for_span(*, first: Date, last: Date) -> Condition:
    return Condition(_FOR_SPAN, (from_date(first), from_date(last)))


_NUMBERS_OF_PATIENT = """
SELECT waitlist_entries.number
FROM waitlist_entries
WHERE waitlist_entries.status = 'waiting' AND waitlist_entries.patient_id = ? ORDER BY waitlist_entries.number
"""


def numbers_of_patient(tx: Tx, *, patient: UUID) -> list[int]:
    return tx.fetch_all(_NUMBERS_OF_PATIENT, (from_uuid(patient),), lambda row: row[0])


_NUMBERS_OF_DOCTOR = """
SELECT waitlist_entries.number
FROM waitlist_entries
WHERE waitlist_entries.status = 'waiting' AND waitlist_entries.doctor_id = ? ORDER BY waitlist_entries.number
"""


def numbers_of_doctor(tx: Tx, *, doctor: UUID) -> list[int]:
    return tx.fetch_all(_NUMBERS_OF_DOCTOR, (from_uuid(doctor),), lambda row: row[0])


_NUMBERS_CLOSED_BY = """
SELECT waitlist_entries.number
FROM waitlist_entries
WHERE waitlist_entries.appointment_id = ?
"""


def numbers_closed_by(tx: Tx, *, appointment: UUID) -> list[int]:
    return tx.fetch_all(_NUMBERS_CLOSED_BY, (from_uuid(appointment),), lambda row: row[0])


_DAYS_OF_ENTRY = """
SELECT waitlist_days.date
FROM waitlist_days
WHERE waitlist_days.entry_id = ? ORDER BY waitlist_days.date
"""


def days_of_entry(tx: Tx, *, entry: UUID) -> list[Date]:
    return tx.fetch_all(_DAYS_OF_ENTRY, (from_uuid(entry),), lambda row: to_date(row[0]))


_WISHES_OF_PATIENT = """
SELECT waitlist_entries.id, waitlist_entries.number, waitlist_entries.patient_id, waitlist_entries.doctor_id,
waitlist_days.date
FROM waitlist_entries JOIN waitlist_days ON waitlist_days.entry_id = waitlist_entries.id
WHERE waitlist_entries.patient_id = ? AND waitlist_entries.status = 'waiting'
"""


def wishes_of_patient(tx: Tx, *, patient: UUID) -> list[rows.WishRow]:
    return tx.fetch_all(_WISHES_OF_PATIENT, (from_uuid(patient),), rows.wish_row)


_WISHES_WITH_DOCTOR = """
SELECT waitlist_entries.id, waitlist_entries.number, waitlist_entries.patient_id, waitlist_entries.doctor_id,
waitlist_days.date
FROM waitlist_entries JOIN waitlist_days ON waitlist_days.entry_id = waitlist_entries.id
WHERE waitlist_entries.patient_id = ? AND status = 'waiting' AND waitlist_entries.doctor_id = ? AND
waitlist_entries.first_date <= ?
"""


def wishes_with_doctor(tx: Tx, *, patient: UUID, doctor: UUID, last: Date) -> list[rows.WishRow]:
    return tx.fetch_all(_WISHES_WITH_DOCTOR, (from_uuid(patient), from_uuid(doctor), from_date(last)), rows.wish_row)


_WISHES_FOR_DAY = """
SELECT waitlist_entries.id, waitlist_entries.number
FROM waitlist_entries JOIN waitlist_days ON waitlist_days.entry_id = waitlist_entries.id
WHERE waitlist_entries.patient_id = ? AND waitlist_entries.doctor_id = ? AND status = 'waiting' AND
waitlist_entries.first_date <= ? AND waitlist_days.date = ?
"""


def wishes_for_day(tx: Tx, *, patient: UUID, doctor: UUID, on: Date) -> list[rows.WaitingRow]:
    return tx.fetch_all(
        _WISHES_FOR_DAY,
        (from_uuid(patient), from_uuid(doctor), from_date(on), from_date(on)),
        rows.waiting_row,
    )


_WISHED_DAYS = """
SELECT DISTINCT waitlist_entries.doctor_id, waitlist_days.date
FROM waitlist_entries JOIN waitlist_days ON waitlist_days.entry_id = waitlist_entries.id
WHERE waitlist_entries.status = 'waiting' AND waitlist_days.date >= ?
"""


def wished_days(tx: Tx, *, first: Date) -> list[rows.DayKeyRow]:
    return tx.fetch_all(_WISHED_DAYS, (from_date(first),), rows.day_key_row)


_WISHED_DAYS_OF_DOCTOR = """
SELECT DISTINCT waitlist_entries.doctor_id, waitlist_days.date
FROM waitlist_entries JOIN waitlist_days ON waitlist_days.entry_id = waitlist_entries.id
WHERE waitlist_entries.status = 'waiting' AND waitlist_days.date >= ? AND waitlist_entries.doctor_id = ?
"""


def wished_days_of_doctor(tx: Tx, *, first: Date, doctor: UUID) -> list[rows.DayKeyRow]:
    return tx.fetch_all(_WISHED_DAYS_OF_DOCTOR, (from_date(first), from_uuid(doctor)), rows.day_key_row)


_FIRST_BOOKABLE = """
SELECT waitlist_entries.id, waitlist_entries.patient_id
FROM waitlist_entries JOIN patients ON patients.id = waitlist_entries.patient_id
WHERE waitlist_entries.doctor_id = ? AND waitlist_entries.status = 'waiting' AND patients.archived_at IS NULL
AND (EXISTS (SELECT waitlist_days.date
FROM waitlist_days
WHERE waitlist_days.entry_id = waitlist_entries.id AND waitlist_days.date IN (SELECT dates_listed.value
FROM json_each(?) AS dates_listed) AND NOT (EXISTS (SELECT appointments.id
FROM appointments
WHERE appointments.patient_id = waitlist_entries.patient_id AND appointments.doctor_id =
waitlist_entries.doctor_id AND appointments.date = waitlist_days.date AND status IN ('booked', 'checked_in',
'in_consultation'))))) ORDER BY waitlist_entries.number + 0
LIMIT 1 OFFSET ?
"""


def first_bookable(tx: Tx, *, doctor: UUID, dates: Iterable[Date]) -> rows.BookableRow | None:
    return tx.fetch_one(_FIRST_BOOKABLE, (from_uuid(doctor), from_list(dates, from_date), 0), rows.bookable_row)


_BOOKABLE_DAYS = """
SELECT waitlist_days.date
FROM waitlist_days JOIN waitlist_entries ON waitlist_entries.id = waitlist_days.entry_id
WHERE waitlist_entries.id = ? AND waitlist_days.date IN (SELECT dates_listed.value
FROM json_each(?) AS dates_listed) AND NOT (EXISTS (SELECT appointments.id
FROM appointments
WHERE appointments.patient_id = waitlist_entries.patient_id AND appointments.doctor_id =
waitlist_entries.doctor_id AND appointments.date = waitlist_days.date AND status IN ('booked', 'checked_in',
'in_consultation'))) ORDER BY waitlist_days.date
"""


def bookable_days(tx: Tx, *, entry: UUID, dates: Iterable[Date]) -> list[Date]:
    return tx.fetch_all(_BOOKABLE_DAYS, (from_uuid(entry), from_list(dates, from_date)), lambda row: to_date(row[0]))


_DOCTORS = """
SELECT doctors.id, doctors.code, doctors.name, doctors.specialty, doctors.capacity, doctors.created_at,
doctors.updated_at, doctors.archived_at
FROM doctors
WHERE doctors.archived_at IS NULL AND doctors.id IN (SELECT waitlist_entries.doctor_id
FROM waitlist_entries
WHERE waitlist_entries.status = 'waiting') ORDER BY doctors.code
"""


def doctors(tx: Tx) -> list[rows.DoctorRow]:
    return tx.fetch_all(_DOCTORS, (), rows.doctor_row)


_INSERT = """
INSERT INTO waitlist_entries (id, number, patient_id, doctor_id, first_date, last_date, status,
appointment_id, created_at, updated_at) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
"""


def insert(
    tx: Tx,
    *,
    id: UUID,
    number: int,
    patient_id: UUID,
    doctor_id: UUID,
    first_date: Date,
    last_date: Date,
    status: WaitlistStatus,
    appointment_id: UUID | None,
    created_at: datetime,
    updated_at: datetime,
) -> int:
    return tx.execute(
        _INSERT,
        (
            from_uuid(id),
            number,
            from_uuid(patient_id),
            from_uuid(doctor_id),
            from_date(first_date),
            from_date(last_date),
            status.value,
            None if appointment_id is None else from_uuid(appointment_id),
            from_instant(created_at),
            from_instant(updated_at),
        ),
    )


_INSERT_DAYS = """
INSERT INTO waitlist_days (entry_id, date) VALUES (?, ?)
"""


def insert_days(tx: Tx, every: Iterable[rows.WaitlistDayRow]) -> int:
    return tx.execute_many(
        _INSERT_DAYS,
        ((from_uuid(each.entry_id), from_date(each.date)) for each in every),
    )


_PROMOTE = """
UPDATE waitlist_entries SET status='promoted', appointment_id=?, updated_at=? WHERE waitlist_entries.id = ?
"""


def promote(tx: Tx, *, appointment_id: UUID | None, updated_at: datetime, row: UUID) -> int:
    return tx.execute(
        _PROMOTE,
        (None if appointment_id is None else from_uuid(appointment_id), from_instant(updated_at), from_uuid(row)),
    )


_REMOVE = """
UPDATE waitlist_entries SET status='removed', updated_at=? WHERE waitlist_entries.id = ? AND
waitlist_entries.status = 'waiting'
"""


def remove(tx: Tx, *, updated_at: datetime, row: UUID) -> int:
    return tx.execute(_REMOVE, (from_instant(updated_at), from_uuid(row)))


_REOPEN = """
UPDATE waitlist_entries SET status='waiting', appointment_id=NULL, updated_at=? WHERE
waitlist_entries.appointment_id = ?
"""


def reopen(tx: Tx, *, updated_at: datetime, appointment: UUID) -> int:
    return tx.execute(_REOPEN, (from_instant(updated_at), from_uuid(appointment)))


_GIVE_TO = """
UPDATE waitlist_entries SET patient_id=? WHERE waitlist_entries.patient_id = ?
"""


def give_to(tx: Tx, *, patient_id: UUID, old: UUID) -> int:
    return tx.execute(_GIVE_TO, (from_uuid(patient_id), from_uuid(old)))


_REMOVE_ENTRIES = """
UPDATE waitlist_entries SET status='removed', updated_at=? WHERE waitlist_entries.number IN (SELECT
numbers_listed.value
FROM json_each(?) AS numbers_listed) AND waitlist_entries.status = 'waiting'
"""


def remove_entries(tx: Tx, *, updated_at: datetime, numbers: Iterable[int]) -> int:
    return tx.execute(_REMOVE_ENTRIES, (from_instant(updated_at), from_list(numbers)))


_WAIT_AGAIN = """
UPDATE waitlist_entries SET status='waiting', updated_at=? WHERE waitlist_entries.number IN (SELECT
numbers_listed.value
FROM json_each(?) AS numbers_listed) AND waitlist_entries.status = 'removed'
"""


def wait_again(tx: Tx, *, updated_at: datetime, numbers: Iterable[int]) -> int:
    return tx.execute(_WAIT_AGAIN, (from_instant(updated_at), from_list(numbers)))


_WITH_NUMBERS = """
SELECT waitlist_entries.id, waitlist_entries.number
FROM waitlist_entries
WHERE waitlist_entries.number IN (SELECT numbers_listed.value
FROM json_each(?) AS numbers_listed)
"""


def with_numbers(tx: Tx, *, numbers: Iterable[int]) -> list[rows.WaitingRow]:
    return tx.fetch_all(_WITH_NUMBERS, (from_list(numbers),), rows.waiting_row)


_SET_RANGES = """
UPDATE waitlist_entries SET first_date=(SELECT min(waitlist_days.date) AS min_1
FROM waitlist_days
WHERE waitlist_days.entry_id = waitlist_entries.id), last_date=(SELECT max(waitlist_days.date) AS max_1
FROM waitlist_days
WHERE waitlist_days.entry_id = waitlist_entries.id), updated_at=? WHERE waitlist_entries.number IN (SELECT
numbers_listed.value
FROM json_each(?) AS numbers_listed)
"""


def set_ranges(tx: Tx, *, updated_at: datetime, numbers: Iterable[int]) -> int:
    return tx.execute(_SET_RANGES, (from_instant(updated_at), from_list(numbers)))


_DELETE_DAYS = """
DELETE FROM waitlist_days WHERE waitlist_days.entry_id = ? AND waitlist_days.date = ?
"""


def delete_days(tx: Tx, every: Iterable[rows.WaitlistDayRow]) -> int:
    return tx.execute_many(
        _DELETE_DAYS,
        ((from_uuid(each.entry_id), from_date(each.date)) for each in every),
    )

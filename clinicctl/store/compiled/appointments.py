"""Generated from queries/appointments.py by `python -m clinicctl.store.compile`. Do not edit."""

from collections.abc import Iterable, Iterator, Sequence
from datetime import date as Date
from datetime import datetime
from datetime import time as Time
from uuid import UUID

from clinicctl.statuses import AppointmentStatus, CancelledBy
from clinicctl.store.compiled import rows
from clinicctl.store.tx import Condition, Tx
from clinicctl.store.values import from_bool, from_date, from_instant, from_list, from_time, from_uuid

_BY_ID = """
SELECT appointments.id, appointments.number, appointments.patient_id, appointments.doctor_id,
appointments.date, appointments.slot, appointments.visit, appointments.time, appointments.status,
appointments.reason, appointments.overbooked, appointments.cancelled_by, appointments.cancel_reason,
appointments.moved_to, appointments.moved_from, appointments."key", appointments.created_at,
appointments.updated_at, appointments.note, appointments.slots, appointments.minutes,
appointments.after_midnight, appointments.visit_type, appointments.series, patients.number AS patient_number,
patients.name AS patient_name, patients.phone AS patient_phone, patients.born AS patient_born,
patients.born_year AS patient_born_year, patients.sex AS patient_sex, patients.archived_at AS
patient_archived_at, doctors.code AS doctor_code, doctors.name AS doctor_name, doctors.archived_at AS
doctor_archived_at, queue_entries.position AS position, queue_doctors.code AS queue_doctor_code
FROM appointments JOIN patients ON patients.id = appointments.patient_id JOIN doctors ON doctors.id =
appointments.doctor_id LEFT OUTER JOIN queue_entries ON queue_entries.appointment_id = appointments.id LEFT
OUTER JOIN doctors AS queue_doctors ON queue_doctors.id = queue_entries.doctor_id
WHERE appointments.id = ?
"""


def by_id(tx: Tx, *, id: UUID) -> rows.AppointmentRow | None:
    return tx.fetch_one(_BY_ID, (from_uuid(id),), rows.appointment_row)


_BY_NUMBER = """
SELECT appointments.id, appointments.number, appointments.patient_id, appointments.doctor_id,
appointments.date, appointments.slot, appointments.visit, appointments.time, appointments.status,
appointments.reason, appointments.overbooked, appointments.cancelled_by, appointments.cancel_reason,
appointments.moved_to, appointments.moved_from, appointments."key", appointments.created_at,
appointments.updated_at, appointments.note, appointments.slots, appointments.minutes,
appointments.after_midnight, appointments.visit_type, appointments.series, patients.number AS patient_number,
patients.name AS patient_name, patients.phone AS patient_phone, patients.born AS patient_born,
patients.born_year AS patient_born_year, patients.sex AS patient_sex, patients.archived_at AS
patient_archived_at, doctors.code AS doctor_code, doctors.name AS doctor_name, doctors.archived_at AS
doctor_archived_at, queue_entries.position AS position, queue_doctors.code AS queue_doctor_code
FROM appointments JOIN patients ON patients.id = appointments.patient_id JOIN doctors ON doctors.id =
appointments.doctor_id LEFT OUTER JOIN queue_entries ON queue_entries.appointment_id = appointments.id LEFT
OUTER JOIN doctors AS queue_doctors ON queue_doctors.id = queue_entries.doctor_id
WHERE appointments.number = ?
"""


def by_number(tx: Tx, *, number: int) -> rows.AppointmentRow | None:
    return tx.fetch_one(_BY_NUMBER, (number,), rows.appointment_row)


_AMONG = """
SELECT appointments.id, appointments.number, appointments.patient_id, appointments.doctor_id,
appointments.date, appointments.slot, appointments.visit, appointments.time, appointments.status,
appointments.reason, appointments.overbooked, appointments.cancelled_by, appointments.cancel_reason,
appointments.moved_to, appointments.moved_from, appointments."key", appointments.created_at,
appointments.updated_at, appointments.note, appointments.slots, appointments.minutes,
appointments.after_midnight, appointments.visit_type, appointments.series, patients.number AS patient_number,
patients.name AS patient_name, patients.phone AS patient_phone, patients.born AS patient_born,
patients.born_year AS patient_born_year, patients.sex AS patient_sex, patients.archived_at AS
patient_archived_at, doctors.code AS doctor_code, doctors.name AS doctor_name, doctors.archived_at AS
doctor_archived_at, queue_entries.position AS position, queue_doctors.code AS queue_doctor_code
FROM appointments JOIN patients ON patients.id = appointments.patient_id JOIN doctors ON doctors.id =
appointments.doctor_id LEFT OUTER JOIN queue_entries ON queue_entries.appointment_id = appointments.id LEFT
OUTER JOIN doctors AS queue_doctors ON queue_doctors.id = queue_entries.doctor_id
WHERE appointments.id IN (SELECT ids_listed.value
FROM json_each(?) AS ids_listed)
"""


def among(tx: Tx, *, ids: Iterable[UUID]) -> list[rows.AppointmentRow]:
    return tx.fetch_all(_AMONG, (from_list(ids, from_uuid),), rows.appointment_row)


_BOOKED = """
SELECT appointments.id, appointments.number, appointments.patient_id, appointments.doctor_id,
appointments.date, appointments.slot, appointments.visit, appointments.time, appointments.status,
appointments.reason, appointments.overbooked, appointments.cancelled_by, appointments.cancel_reason,
appointments.moved_to, appointments.moved_from, appointments."key", appointments.created_at,
appointments.updated_at, appointments.note, appointments.slots, appointments.minutes,
appointments.after_midnight, appointments.visit_type, appointments.series, patients.number AS patient_number,
patients.name AS patient_name, patients.phone AS patient_phone, patients.born AS patient_born,
patients.born_year AS patient_born_year, patients.sex AS patient_sex, patients.archived_at AS
patient_archived_at, doctors.code AS doctor_code, doctors.name AS doctor_name, doctors.archived_at AS
doctor_archived_at, queue_entries.position AS position, queue_doctors.code AS queue_doctor_code
FROM appointments JOIN patients ON patients.id = appointments.patient_id JOIN doctors ON doctors.id =
appointments.doctor_id LEFT OUTER JOIN queue_entries ON queue_entries.appointment_id = appointments.id LEFT
OUTER JOIN doctors AS queue_doctors ON queue_doctors.id = queue_entries.doctor_id
WHERE appointments.doctor_id = ? AND appointments.date = ? AND appointments.status = 'booked' ORDER BY
appointments.slot
"""


def booked(tx: Tx, *, doctor: UUID, on: Date) -> list[rows.AppointmentRow]:
    return tx.fetch_all(_BOOKED, (from_uuid(doctor), from_date(on)), rows.appointment_row)


_OF_PATIENT_ON = """
SELECT appointments.id, appointments.number, appointments.patient_id, appointments.doctor_id,
appointments.date, appointments.slot, appointments.visit, appointments.time, appointments.status,
appointments.reason, appointments.overbooked, appointments.cancelled_by, appointments.cancel_reason,
appointments.moved_to, appointments.moved_from, appointments."key", appointments.created_at,
appointments.updated_at, appointments.note, appointments.slots, appointments.minutes,
appointments.after_midnight, appointments.visit_type, appointments.series, patients.number AS patient_number,
patients.name AS patient_name, patients.phone AS patient_phone, patients.born AS patient_born,
patients.born_year AS patient_born_year, patients.sex AS patient_sex, patients.archived_at AS
patient_archived_at, doctors.code AS doctor_code, doctors.name AS doctor_name, doctors.archived_at AS
doctor_archived_at, queue_entries.position AS position, queue_doctors.code AS queue_doctor_code
FROM appointments JOIN patients ON patients.id = appointments.patient_id JOIN doctors ON doctors.id =
appointments.doctor_id LEFT OUTER JOIN queue_entries ON queue_entries.appointment_id = appointments.id LEFT
OUTER JOIN doctors AS queue_doctors ON queue_doctors.id = queue_entries.doctor_id
WHERE appointments.patient_id = ? AND appointments.date = ? ORDER BY appointments.number
"""


def of_patient_on(tx: Tx, *, patient: UUID, on: Date) -> list[rows.AppointmentRow]:
    return tx.fetch_all(_OF_PATIENT_ON, (from_uuid(patient), from_date(on)), rows.appointment_row)


_COMING_OF_PATIENT = """
SELECT appointments.id, appointments.number, appointments.patient_id, appointments.doctor_id,
appointments.date, appointments.slot, appointments.visit, appointments.time, appointments.status,
appointments.reason, appointments.overbooked, appointments.cancelled_by, appointments.cancel_reason,
appointments.moved_to, appointments.moved_from, appointments."key", appointments.created_at,
appointments.updated_at, appointments.note, appointments.slots, appointments.minutes,
appointments.after_midnight, appointments.visit_type, appointments.series, patients.number AS patient_number,
patients.name AS patient_name, patients.phone AS patient_phone, patients.born AS patient_born,
patients.born_year AS patient_born_year, patients.sex AS patient_sex, patients.archived_at AS
patient_archived_at, doctors.code AS doctor_code, doctors.name AS doctor_name, doctors.archived_at AS
doctor_archived_at, queue_entries.position AS position, queue_doctors.code AS queue_doctor_code
FROM appointments JOIN patients ON patients.id = appointments.patient_id JOIN doctors ON doctors.id =
appointments.doctor_id LEFT OUTER JOIN queue_entries ON queue_entries.appointment_id = appointments.id LEFT
OUTER JOIN doctors AS queue_doctors ON queue_doctors.id = queue_entries.doctor_id
WHERE appointments.id IN (SELECT coming.id
FROM (SELECT appointments.id AS id, row_number() OVER (PARTITION BY coalesce(appointments.series,
-appointments.number) ORDER BY appointments.date, appointments.number) AS nth
FROM appointments
WHERE appointments.patient_id = ? AND appointments.date >= ? AND appointments.status IN ('booked',
'checked_in', 'in_consultation')) AS coming
WHERE coming.nth = 1) ORDER BY appointments.date, appointments.number
LIMIT ? OFFSET ?
"""


def coming_of_patient(tx: Tx, *, patient: UUID, today: Date, limit: int) -> list[rows.AppointmentRow]:
    return tx.fetch_all(_COMING_OF_PATIENT, (from_uuid(patient), from_date(today), limit, 0), rows.appointment_row)


_COMING_SERIES = """
SELECT appointments.series, count(*) AS visits, max(appointments.date) AS last_date
FROM appointments
WHERE appointments.patient_id = ? AND appointments.date >= ? AND appointments.status IN ('booked',
'checked_in', 'in_consultation') AND appointments.series IS NOT NULL GROUP BY appointments.series ORDER BY
min(appointments.date), appointments.series
LIMIT ? OFFSET ?
"""


def coming_series(tx: Tx, *, patient: UUID, today: Date, limit: int) -> list[rows.ComingSeriesRow]:
    return tx.fetch_all(_COMING_SERIES, (from_uuid(patient), from_date(today), limit, 0), rows.coming_series_row)


_PAST_OF_PATIENT = """
SELECT appointments.id, appointments.number, appointments.patient_id, appointments.doctor_id,
appointments.date, appointments.slot, appointments.visit, appointments.time, appointments.status,
appointments.reason, appointments.overbooked, appointments.cancelled_by, appointments.cancel_reason,
appointments.moved_to, appointments.moved_from, appointments."key", appointments.created_at,
appointments.updated_at, appointments.note, appointments.slots, appointments.minutes,
appointments.after_midnight, appointments.visit_type, appointments.series, patients.number AS patient_number,
patients.name AS patient_name, patients.phone AS patient_phone, patients.born AS patient_born,
patients.born_year AS patient_born_year, patients.sex AS patient_sex, patients.archived_at AS
patient_archived_at, doctors.code AS doctor_code, doctors.name AS doctor_name, doctors.archived_at AS
doctor_archived_at, queue_entries.position AS position, queue_doctors.code AS queue_doctor_code
FROM appointments JOIN patients ON patients.id = appointments.patient_id JOIN doctors ON doctors.id =
appointments.doctor_id LEFT OUTER JOIN queue_entries ON queue_entries.appointment_id = appointments.id LEFT
OUTER JOIN doctors AS queue_doctors ON queue_doctors.id = queue_entries.doctor_id
WHERE appointments.patient_id = ? AND appointments.status != 'cancelled' AND (appointments.date < ? OR
appointments.status IN ('completed', 'left', 'no_show')) ORDER BY appointments.date DESC, appointments.number
DESC
LIMIT ? OFFSET ?
"""


def past_of_patient(tx: Tx, *, patient: UUID, today: Date, limit: int) -> list[rows.AppointmentRow]:
    return tx.fetch_all(_PAST_OF_PATIENT, (from_uuid(patient), from_date(today), limit, 0), rows.appointment_row)


_COUNT_NO_SHOWS = """
SELECT count(*) AS count_1
FROM appointments
WHERE appointments.patient_id = ? AND appointments.status = 'no_show'
"""


def count_no_shows(tx: Tx, *, patient: UUID) -> int | None:
    return tx.fetch_one(_COUNT_NO_SHOWS, (from_uuid(patient),), lambda row: row[0])


_OF_DAY = """
SELECT appointments.id, appointments.number, appointments.patient_id, appointments.doctor_id,
appointments.date, appointments.slot, appointments.visit, appointments.time, appointments.status,
appointments.reason, appointments.overbooked, appointments.cancelled_by, appointments.cancel_reason,
appointments.moved_to, appointments.moved_from, appointments."key", appointments.created_at,
appointments.updated_at, appointments.note, appointments.slots, appointments.minutes,
appointments.after_midnight, appointments.visit_type, appointments.series, patients.number AS patient_number,
patients.name AS patient_name, patients.phone AS patient_phone, patients.born AS patient_born,
patients.born_year AS patient_born_year, patients.sex AS patient_sex, patients.archived_at AS
patient_archived_at, doctors.code AS doctor_code, doctors.name AS doctor_name, doctors.archived_at AS
doctor_archived_at, queue_entries.position AS position, queue_doctors.code AS queue_doctor_code
FROM appointments JOIN patients ON patients.id = appointments.patient_id JOIN doctors ON doctors.id =
appointments.doctor_id LEFT OUTER JOIN queue_entries ON queue_entries.appointment_id = appointments.id LEFT
OUTER JOIN doctors AS queue_doctors ON queue_doctors.id = queue_entries.doctor_id
WHERE appointments.date = ? AND appointments.status != 'cancelled' ORDER BY doctors.code, appointments.slot
"""


def of_day(tx: Tx, *, on: Date) -> list[rows.AppointmentRow]:
    return tx.fetch_all(_OF_DAY, (from_date(on),), rows.appointment_row)


_OF_PATIENTS_ON = """
SELECT appointments.id, appointments.number, appointments.patient_id, appointments.doctor_id,
appointments.date, appointments.slot, appointments.visit, appointments.time, appointments.status,
appointments.reason, appointments.overbooked, appointments.cancelled_by, appointments.cancel_reason,
appointments.moved_to, appointments.moved_from, appointments."key", appointments.created_at,
appointments.updated_at, appointments.note, appointments.slots, appointments.minutes,
appointments.after_midnight, appointments.visit_type, appointments.series, patients.number AS patient_number,
patients.name AS patient_name, patients.phone AS patient_phone, patients.born AS patient_born,
patients.born_year AS patient_born_year, patients.sex AS patient_sex, patients.archived_at AS
patient_archived_at, doctors.code AS doctor_code, doctors.name AS doctor_name, doctors.archived_at AS
doctor_archived_at, queue_entries.position AS position, queue_doctors.code AS queue_doctor_code
FROM appointments JOIN patients ON patients.id = appointments.patient_id JOIN doctors ON doctors.id =
appointments.doctor_id LEFT OUTER JOIN queue_entries ON queue_entries.appointment_id = appointments.id LEFT
OUTER JOIN doctors AS queue_doctors ON queue_doctors.id = queue_entries.doctor_id
WHERE appointments.date = ? AND appointments.status != 'cancelled' AND appointments.patient_id IN (SELECT
patients_listed.value
FROM json_each(?) AS patients_listed) ORDER BY doctors.code, appointments.slot
"""


def of_patients_on(tx: Tx, *, on: Date, patients: Iterable[UUID]) -> list[rows.AppointmentRow]:
    return tx.fetch_all(_OF_PATIENTS_ON, (from_date(on), from_list(patients, from_uuid)), rows.appointment_row)


_OF_DOCTORS_DAY = """
SELECT appointments.id, appointments.number, appointments.patient_id, appointments.doctor_id,
appointments.date, appointments.slot, appointments.visit, appointments.time, appointments.status,
appointments.reason, appointments.overbooked, appointments.cancelled_by, appointments.cancel_reason,
appointments.moved_to, appointments.moved_from, appointments."key", appointments.created_at,
appointments.updated_at, appointments.note, appointments.slots, appointments.minutes,
appointments.after_midnight, appointments.visit_type, appointments.series, patients.number AS patient_number,
patients.name AS patient_name, patients.phone AS patient_phone, patients.born AS patient_born,
patients.born_year AS patient_born_year, patients.sex AS patient_sex, patients.archived_at AS
patient_archived_at, doctors.code AS doctor_code, doctors.name AS doctor_name, doctors.archived_at AS
doctor_archived_at, queue_entries.position AS position, queue_doctors.code AS queue_doctor_code
FROM appointments JOIN patients ON patients.id = appointments.patient_id JOIN doctors ON doctors.id =
appointments.doctor_id LEFT OUTER JOIN queue_entries ON queue_entries.appointment_id = appointments.id LEFT
OUTER JOIN doctors AS queue_doctors ON queue_doctors.id = queue_entries.doctor_id
WHERE appointments.date = ? AND appointments.status != 'cancelled' AND appointments.doctor_id = ? ORDER BY
appointments.slot
"""


def of_doctors_day(tx: Tx, *, on: Date, doctor: UUID) -> list[rows.AppointmentRow]:
    return tx.fetch_all(_OF_DOCTORS_DAY, (from_date(on), from_uuid(doctor)), rows.appointment_row)


_ACTIVE_OF_PATIENT = """
SELECT appointments.id, appointments.number, appointments.patient_id, appointments.doctor_id,
appointments.date, appointments.slot, appointments.visit, appointments.time, appointments.status,
appointments.reason, appointments.overbooked, appointments.cancelled_by, appointments.cancel_reason,
appointments.moved_to, appointments.moved_from, appointments."key", appointments.created_at,
appointments.updated_at, appointments.note, appointments.slots, appointments.minutes,
appointments.after_midnight, appointments.visit_type, appointments.series, patients.number AS patient_number,
patients.name AS patient_name, patients.phone AS patient_phone, patients.born AS patient_born,
patients.born_year AS patient_born_year, patients.sex AS patient_sex, patients.archived_at AS
patient_archived_at, doctors.code AS doctor_code, doctors.name AS doctor_name, doctors.archived_at AS
doctor_archived_at, queue_entries.position AS position, queue_doctors.code AS queue_doctor_code
FROM appointments JOIN patients ON patients.id = appointments.patient_id JOIN doctors ON doctors.id =
appointments.doctor_id LEFT OUTER JOIN queue_entries ON queue_entries.appointment_id = appointments.id LEFT
OUTER JOIN doctors AS queue_doctors ON queue_doctors.id = queue_entries.doctor_id
WHERE appointments.id IN (SELECT appointments.id
FROM appointments
WHERE status IN ('booked', 'checked_in', 'in_consultation') AND appointments.patient_id = ?)
"""


def active_of_patient(tx: Tx, *, patient: UUID) -> list[rows.AppointmentRow]:
    return tx.fetch_all(_ACTIVE_OF_PATIENT, (from_uuid(patient),), rows.appointment_row)


_BOOKED_OF_PATIENTS = """
SELECT appointments.id, appointments.number, appointments.patient_id, appointments.doctor_id,
appointments.date, appointments.slot, appointments.visit, appointments.time, appointments.status,
appointments.reason, appointments.overbooked, appointments.cancelled_by, appointments.cancel_reason,
appointments.moved_to, appointments.moved_from, appointments."key", appointments.created_at,
appointments.updated_at, appointments.note, appointments.slots, appointments.minutes,
appointments.after_midnight, appointments.visit_type, appointments.series, patients.number AS patient_number,
patients.name AS patient_name, patients.phone AS patient_phone, patients.born AS patient_born,
patients.born_year AS patient_born_year, patients.sex AS patient_sex, patients.archived_at AS
patient_archived_at, doctors.code AS doctor_code, doctors.name AS doctor_name, doctors.archived_at AS
doctor_archived_at, queue_entries.position AS position, queue_doctors.code AS queue_doctor_code
FROM appointments JOIN patients ON patients.id = appointments.patient_id JOIN doctors ON doctors.id =
appointments.doctor_id LEFT OUTER JOIN queue_entries ON queue_entries.appointment_id = appointments.id LEFT
OUTER JOIN doctors AS queue_doctors ON queue_doctors.id = queue_entries.doctor_id
WHERE appointments.id IN (SELECT appointments.id
FROM appointments
WHERE status IN ('booked', 'checked_in', 'in_consultation') AND appointments.patient_id IN (SELECT
patients_listed.value
FROM json_each(?) AS patients_listed)) AND appointments.status = 'booked'
"""


def booked_of_patients(tx: Tx, *, patients: Iterable[UUID]) -> list[rows.AppointmentRow]:
    return tx.fetch_all(_BOOKED_OF_PATIENTS, (from_list(patients, from_uuid),), rows.appointment_row)


_ACTIVE_OF_DOCTOR = """
SELECT appointments.id, appointments.number, appointments.patient_id, appointments.doctor_id,
appointments.date, appointments.slot, appointments.visit, appointments.time, appointments.status,
appointments.reason, appointments.overbooked, appointments.cancelled_by, appointments.cancel_reason,
appointments.moved_to, appointments.moved_from, appointments."key", appointments.created_at,
appointments.updated_at, appointments.note, appointments.slots, appointments.minutes,
appointments.after_midnight, appointments.visit_type, appointments.series, patients.number AS patient_number,
patients.name AS patient_name, patients.phone AS patient_phone, patients.born AS patient_born,
patients.born_year AS patient_born_year, patients.sex AS patient_sex, patients.archived_at AS
patient_archived_at, doctors.code AS doctor_code, doctors.name AS doctor_name, doctors.archived_at AS
doctor_archived_at, queue_entries.position AS position, queue_doctors.code AS queue_doctor_code
FROM appointments JOIN patients ON patients.id = appointments.patient_id JOIN doctors ON doctors.id =
appointments.doctor_id LEFT OUTER JOIN queue_entries ON queue_entries.appointment_id = appointments.id LEFT
OUTER JOIN doctors AS queue_doctors ON queue_doctors.id = queue_entries.doctor_id
WHERE appointments.id IN (SELECT appointments.id
FROM appointments
WHERE status IN ('booked', 'checked_in', 'in_consultation') AND appointments.doctor_id = ?)
"""


def active_of_doctor(tx: Tx, *, doctor: UUID) -> list[rows.AppointmentRow]:
    return tx.fetch_all(_ACTIVE_OF_DOCTOR, (from_uuid(doctor),), rows.appointment_row)


_ACTIVE_IN_QUEUE = """
SELECT appointments.id, appointments.number, appointments.patient_id, appointments.doctor_id,
appointments.date, appointments.slot, appointments.visit, appointments.time, appointments.status,
appointments.reason, appointments.overbooked, appointments.cancelled_by, appointments.cancel_reason,
appointments.moved_to, appointments.moved_from, appointments."key", appointments.created_at,
appointments.updated_at, appointments.note, appointments.slots, appointments.minutes,
appointments.after_midnight, appointments.visit_type, appointments.series, patients.number AS patient_number,
patients.name AS patient_name, patients.phone AS patient_phone, patients.born AS patient_born,
patients.born_year AS patient_born_year, patients.sex AS patient_sex, patients.archived_at AS
patient_archived_at, doctors.code AS doctor_code, doctors.name AS doctor_name, doctors.archived_at AS
doctor_archived_at, queue_entries.position AS position, queue_doctors.code AS queue_doctor_code
FROM appointments JOIN patients ON patients.id = appointments.patient_id JOIN doctors ON doctors.id =
appointments.doctor_id LEFT OUTER JOIN queue_entries ON queue_entries.appointment_id = appointments.id LEFT
OUTER JOIN doctors AS queue_doctors ON queue_doctors.id = queue_entries.doctor_id
WHERE queue_entries.doctor_id = ? AND queue_entries.status IN ('waiting', 'called', 'serving', 'skipped',
'held') AND appointments.status IN ('booked', 'checked_in', 'in_consultation')
"""


def active_in_queue(tx: Tx, *, doctor: UUID) -> list[rows.AppointmentRow]:
    return tx.fetch_all(_ACTIVE_IN_QUEUE, (from_uuid(doctor),), rows.appointment_row)


_ARRIVED = """
SELECT appointments.id, appointments.number, appointments.patient_id, appointments.doctor_id,
appointments.date, appointments.slot, appointments.visit, appointments.time, appointments.status,
appointments.reason, appointments.overbooked, appointments.cancelled_by, appointments.cancel_reason,
appointments.moved_to, appointments.moved_from, appointments."key", appointments.created_at,
appointments.updated_at, appointments.note, appointments.slots, appointments.minutes,
appointments.after_midnight, appointments.visit_type, appointments.series, patients.number AS patient_number,
patients.name AS patient_name, patients.phone AS patient_phone, patients.born AS patient_born,
patients.born_year AS patient_born_year, patients.sex AS patient_sex, doctors.code AS doctor_code,
queue_entries.position AS position, queue_entries.status AS queue_status
FROM appointments JOIN patients ON patients.id = appointments.patient_id JOIN queue_entries ON
queue_entries.appointment_id = appointments.id JOIN doctors ON doctors.id = queue_entries.doctor_id
WHERE queue_entries.doctor_id = ? AND queue_entries.date = ? AND queue_entries.status IN ('waiting', 'called',
'serving', 'skipped', 'held') ORDER BY queue_entries.position
"""


def arrived(tx: Tx, *, doctor: UUID, on: Date) -> list[rows.ArrivedRow]:
    return tx.fetch_all(_ARRIVED, (from_uuid(doctor), from_date(on)), rows.arrived_row)


_MATCHING = """
SELECT appointments.id, appointments.number, appointments.patient_id, appointments.doctor_id,
appointments.date, appointments.slot, appointments.visit, appointments.time, appointments.status,
appointments.reason, appointments.overbooked, appointments.cancelled_by, appointments.cancel_reason,
appointments.moved_to, appointments.moved_from, appointments."key", appointments.created_at,
appointments.updated_at, appointments.note, appointments.slots, appointments.minutes,
appointments.after_midnight, appointments.visit_type, appointments.series, patients.number AS patient_number,
patients.name AS patient_name, patients.phone AS patient_phone, patients.born AS patient_born,
patients.born_year AS patient_born_year, patients.sex AS patient_sex, patients.archived_at AS
patient_archived_at, doctors.code AS doctor_code, doctors.name AS doctor_name, doctors.archived_at AS
doctor_archived_at, queue_entries.position AS position, queue_doctors.code AS queue_doctor_code
FROM appointments JOIN patients ON patients.id = appointments.patient_id JOIN doctors ON doctors.id =
appointments.doctor_id LEFT OUTER JOIN queue_entries ON queue_entries.appointment_id = appointments.id LEFT
OUTER JOIN doctors AS queue_doctors ON queue_doctors.id = queue_entries.doctor_id
WHERE {conditions} ORDER BY appointments.date, doctors.code, appointments.slot, appointments.number
LIMIT ? OFFSET ?
"""


def matching(tx: Tx, conditions: Sequence[Condition], *, limit: int) -> Iterator[rows.AppointmentRow]:
    sql, values = tx.filtered(_MATCHING, conditions)
    return tx.iterate(sql, (*values, limit, 0), rows.appointment_row)


_WITH_DOCTOR = """
appointments.doctor_id = ?
"""


def with_doctor(*, doctor: UUID) -> Condition:
    return Condition(_WITH_DOCTOR, (from_uuid(doctor),))


_WITH_PATIENT = """
appointments.patient_id = ?
"""


def with_patient(*, patient: UUID) -> Condition:
    return Condition(_WITH_PATIENT, (from_uuid(patient),))


_ON_DATES = """
appointments.date IN (SELECT dates_listed.value
FROM json_each(?) AS dates_listed)
"""


def on_dates(*, dates: Iterable[Date]) -> Condition:
    return Condition(_ON_DATES, (from_list(dates, from_date),))


_IN_SPAN = """
appointments.date BETWEEN ? AND ?
"""


def in_span(*, first: Date, last: Date) -> Condition:
    return Condition(_IN_SPAN, (from_date(first), from_date(last)))


_IN_STATUSES = """
appointments.status IN (SELECT statuses_listed.value
FROM json_each(?) AS statuses_listed)
"""


def in_statuses(*, statuses: Iterable[AppointmentStatus]) -> Condition:
    return Condition(_IN_STATUSES, (from_list(statuses),))


_CANCELLED_BY = """
appointments.cancelled_by = ?
"""


def cancelled_by(*, by: CancelledBy) -> Condition:
    return Condition(_CANCELLED_BY, (by.value,))


_IN_SERIES = """
appointments.series = ?
"""


def in_series(*, series: int) -> Condition:
    return Condition(_IN_SERIES, (series,))


_NOT_UNDONE = """
NOT (EXISTS (SELECT journal_steps.appointment_id
FROM journal_steps JOIN journal ON journal.number = journal_steps.journal_number
WHERE journal_steps.appointment_id = appointments.id AND journal_steps.to_status = 'cancelled' AND
journal.undoes IS NOT NULL))
"""


def not_undone() -> Condition:
    return Condition(_NOT_UNDONE, ())


_HELD_SLOTS = """
SELECT held_slots.slot
FROM held_slots
WHERE held_slots.doctor_id = ? AND held_slots.date = ?
"""


def held_slots(tx: Tx, *, doctor: UUID, on: Date) -> list[int]:
    return tx.fetch_all(_HELD_SLOTS, (from_uuid(doctor), from_date(on)), lambda row: row[0])


_HOLDER = """
SELECT held_slots.appointment
FROM held_slots
WHERE held_slots.doctor_id = ? AND held_slots.date = ? AND held_slots.slot BETWEEN ? AND ? ORDER BY
held_slots.slot
LIMIT 1 OFFSET ?
"""


def holder(tx: Tx, *, doctor: UUID, on: Date, first: int, last: int) -> int | None:
    return tx.fetch_one(_HOLDER, (from_uuid(doctor), from_date(on), first, last, 0), lambda row: row[0])


_HELD_OF_DOCTORS = """
SELECT held_slots.doctor_id, held_slots.date, group_concat(CAST(held_slots.slot AS VARCHAR), ',') AS slots
FROM held_slots
WHERE held_slots.doctor_id IN (SELECT doctors_listed.value
FROM json_each(?) AS doctors_listed) AND held_slots.date BETWEEN ? AND ? GROUP BY held_slots.doctor_id,
held_slots.date
"""


def held_of_doctors(tx: Tx, *, doctors: Iterable[UUID], first_date: Date, last_date: Date) -> list[rows.HeldSlotsRow]:
    return tx.fetch_all(
        _HELD_OF_DOCTORS,
        (from_list(doctors, from_uuid), from_date(first_date), from_date(last_date)),
        rows.held_slots_row,
    )


_HOLD = """
INSERT INTO held_slots (doctor_id, date, slot, appointment) VALUES (?, ?, ?, ?)
"""


def hold(tx: Tx, every: Iterable[rows.HeldSlotRow]) -> int:
    return tx.execute_many(
        _HOLD,
        ((from_uuid(each.doctor_id), from_date(each.date), each.slot, each.appointment) for each in every),
    )


_RELEASE = """
DELETE FROM held_slots WHERE held_slots.doctor_id = ? AND held_slots.date = ? AND held_slots.slot BETWEEN ?
AND ? AND held_slots.appointment = ?
"""


def release(tx: Tx, *, doctor: UUID, on: Date, first: int, last: int, appointment: int) -> int:
    return tx.execute(_RELEASE, (from_uuid(doctor), from_date(on), first, last, appointment))


_RELEASE_DAY = """
DELETE FROM held_slots WHERE held_slots.doctor_id = ? AND held_slots.date = ?
"""


def release_day(tx: Tx, *, doctor: UUID, on: Date) -> int:
    return tx.execute(_RELEASE_DAY, (from_uuid(doctor), from_date(on)))


_TIMES_OF_PATIENT = """
SELECT appointments.number, appointments.time, appointments.after_midnight, appointments.minutes
FROM appointments
WHERE appointments.patient_id = ? AND appointments.date = ? AND appointments.time IS NOT NULL AND status IN
('booked', 'checked_in', 'in_consultation')
"""


def times_of_patient(tx: Tx, *, patient: UUID, on: Date) -> list[rows.BusyRow]:
    return tx.fetch_all(_TIMES_OF_PATIENT, (from_uuid(patient), from_date(on)), rows.busy_row)


_OF_SERIES = """
SELECT appointments.id, appointments.number, appointments.patient_id, appointments.doctor_id,
appointments.date, appointments.slot, appointments.visit, appointments.time, appointments.status,
appointments.reason, appointments.overbooked, appointments.cancelled_by, appointments.cancel_reason,
appointments.moved_to, appointments.moved_from, appointments."key", appointments.created_at,
appointments.updated_at, appointments.note, appointments.slots, appointments.minutes,
appointments.after_midnight, appointments.visit_type, appointments.series, patients.number AS patient_number,
patients.name AS patient_name, patients.phone AS patient_phone, patients.born AS patient_born,
patients.born_year AS patient_born_year, patients.sex AS patient_sex, patients.archived_at AS
patient_archived_at, doctors.code AS doctor_code, doctors.name AS doctor_name, doctors.archived_at AS
doctor_archived_at, queue_entries.position AS position, queue_doctors.code AS queue_doctor_code
FROM appointments JOIN patients ON patients.id = appointments.patient_id JOIN doctors ON doctors.id =
appointments.doctor_id LEFT OUTER JOIN queue_entries ON queue_entries.appointment_id = appointments.id LEFT
OUTER JOIN doctors AS queue_doctors ON queue_doctors.id = queue_entries.doctor_id
WHERE appointments.series = ? ORDER BY appointments.date, appointments.number
"""


def of_series(tx: Tx, *, series: int) -> list[rows.AppointmentRow]:
    return tx.fetch_all(_OF_SERIES, (series,), rows.appointment_row)


_VISITS = """
SELECT appointments.visit, appointments.number
FROM appointments
WHERE appointments.patient_id = ? AND appointments.doctor_id = ? AND appointments.date = ? AND status IN
('booked', 'checked_in', 'in_consultation') ORDER BY appointments.visit
"""


def visits(tx: Tx, *, patient: UUID, doctor: UUID, on: Date) -> list[rows.VisitRow]:
    return tx.fetch_all(_VISITS, (from_uuid(patient), from_uuid(doctor), from_date(on)), rows.visit_row)


_AT_TIME = """
SELECT appointments.id, appointments.number, appointments.patient_id, appointments.doctor_id,
appointments.created_at
FROM appointments
WHERE (appointments.patient_id = ? AND appointments.date = ? OR appointments.doctor_id = ? AND
appointments.date = ?) AND appointments.time = ? AND status IN ('booked', 'checked_in', 'in_consultation')
ORDER BY appointments.number
"""


def at_time(tx: Tx, *, patient: UUID, on: Date, doctor: UUID, at: Time) -> list[rows.AtTimeRow]:
    return tx.fetch_all(
        _AT_TIME,
        (from_uuid(patient), from_date(on), from_uuid(doctor), from_date(on), from_time(at)),
        rows.at_time_row,
    )


_HISTORY = """
SELECT journal_steps.from_status, journal_steps.to_status, journal_steps.queue_from, journal_steps.queue_to,
journal_steps.slot, journal_steps.position, journal.number, journal.at, journal.actor, journal.command
FROM journal_steps JOIN journal ON journal.number = journal_steps.journal_number
WHERE journal_steps.appointment_id = ? ORDER BY journal_steps.journal_number, journal_steps.nth
"""


def history(tx: Tx, *, appointment: UUID) -> list[rows.HistoryRow]:
    return tx.fetch_all(_HISTORY, (from_uuid(appointment),), rows.history_row)


_PLACES = """
SELECT appointments.number, appointments.id, appointments.date
FROM appointments
WHERE appointments.number IN (SELECT numbers_listed.value
FROM json_each(?) AS numbers_listed)
"""


def places(tx: Tx, *, numbers: Iterable[int]) -> list[rows.PlaceRow]:
    return tx.fetch_all(_PLACES, (from_list(numbers),), rows.place_row)


_STEP_COUNTS = """
SELECT journal_steps.appointment_id, count(*) AS steps, max(journal.at) AS last_at
FROM journal_steps JOIN journal ON journal.number = journal_steps.journal_number
WHERE journal_steps.appointment_id IN (SELECT appointments_listed.value
FROM json_each(?) AS appointments_listed) GROUP BY journal_steps.appointment_id
"""


def step_counts(tx: Tx, *, appointments: Iterable[UUID]) -> list[rows.StepCountRow]:
    return tx.fetch_all(_STEP_COUNTS, (from_list(appointments, from_uuid),), rows.step_count_row)


_STATUS = """
SELECT appointments.status
FROM appointments
WHERE appointments.id = ?
"""


def status(tx: Tx, *, id: UUID) -> AppointmentStatus | None:
    return tx.fetch_one(_STATUS, (from_uuid(id),), lambda row: rows.APPOINTMENT_STATUS[row[0]])


_INSERT = """
INSERT INTO appointments (id, number, patient_id, doctor_id, date, slot, visit, time, status, reason,
overbooked, cancelled_by, cancel_reason, moved_to, moved_from, "key", created_at, updated_at, note, slots,
minutes, after_midnight, visit_type, series) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?,
?, ?, ?, ?, ?)
"""


def insert(
    tx: Tx,
    *,
    id: UUID,
    number: int,
    patient_id: UUID,
    doctor_id: UUID,
    date: Date,
    slot: int,
    visit: int,
    time: Time | None,
    status: AppointmentStatus,
    reason: str | None,
    overbooked: bool,
    cancelled_by: CancelledBy | None,
    cancel_reason: str | None,
    moved_to: int | None,
    moved_from: int | None,
    key: str | None,
    created_at: datetime,
    updated_at: datetime,
    note: str | None,
    slots: int,
    minutes: int | None,
    after_midnight: bool,
    visit_type: str | None,
    series: int | None,
) -> int:
    return tx.execute(
        _INSERT,
        (
            from_uuid(id),
            number,
            from_uuid(patient_id),
            from_uuid(doctor_id),
            from_date(date),
            slot,
            visit,
            None if time is None else from_time(time),
            status.value,
            reason,
            from_bool(overbooked),
            None if cancelled_by is None else cancelled_by.value,
            cancel_reason,
            moved_to,
            moved_from,
            key,
            from_instant(created_at),
            from_instant(updated_at),
            note,
            slots,
            minutes,
            from_bool(after_midnight),
            visit_type,
            series,
        ),
    )


_EDIT = """
UPDATE appointments SET time=?, reason=?, updated_at=?, note=? WHERE appointments.id = ? AND
appointments.status = ?
"""


def edit(
    tx: Tx,
    *,
    time: Time | None,
    reason: str | None,
    updated_at: datetime,
    note: str | None,
    row: UUID,
    leaving: AppointmentStatus,
) -> int:
    return tx.execute(
        _EDIT,
        (
            None if time is None else from_time(time),
            reason,
            from_instant(updated_at),
            note,
            from_uuid(row),
            leaving.value,
        ),
    )


_PLACE = """
UPDATE appointments SET slot=?, time=?, overbooked=?, updated_at=?, slots=?, minutes=?, after_midnight=? WHERE
appointments.id = ? AND appointments.status = ?
"""


def place(
    tx: Tx,
    *,
    slot: int,
    time: Time | None,
    overbooked: bool,
    updated_at: datetime,
    slots: int,
    minutes: int | None,
    after_midnight: bool,
    row: UUID,
    leaving: AppointmentStatus,
) -> int:
    return tx.execute(
        _PLACE,
        (
            slot,
            None if time is None else from_time(time),
            from_bool(overbooked),
            from_instant(updated_at),
            slots,
            minutes,
            from_bool(after_midnight),
            from_uuid(row),
            leaving.value,
        ),
    )


_ADVANCE = """
UPDATE appointments SET status=?, cancelled_by=?, cancel_reason=?, moved_to=?, updated_at=? WHERE
appointments.id = ? AND appointments.status = ?
"""


def advance(
    tx: Tx,
    *,
    status: AppointmentStatus,
    cancelled_by: CancelledBy | None,
    cancel_reason: str | None,
    moved_to: int | None,
    updated_at: datetime,
    row: UUID,
    leaving: AppointmentStatus,
) -> int:
    return tx.execute(
        _ADVANCE,
        (
            status.value,
            None if cancelled_by is None else cancelled_by.value,
            cancel_reason,
            moved_to,
            from_instant(updated_at),
            from_uuid(row),
            leaving.value,
        ),
    )

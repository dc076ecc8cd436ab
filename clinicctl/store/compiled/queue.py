"""Generated from queries/queue.py by `python -m clinicctl.store.compile`. Do not edit."""

from collections.abc import Iterable, Iterator, Sequence
from datetime import date as Date
from datetime import datetime
from uuid import UUID

from clinicctl.statuses import QueueStatus
from clinicctl.store.compiled import rows
from clinicctl.store.tx import Condition, Tx
from clinicctl.store.values import from_bool, from_date, from_instant, from_list, from_uuid

_OF_DAY = """
SELECT queue_entries.id, queue_entries.appointment_id, queue_entries.doctor_id, queue_entries.date,
queue_entries.position, queue_entries.status, queue_entries.priority, queue_entries.recalled,
queue_entries.checked_in_at, queue_entries.called_at, queue_entries.started_at, queue_entries.ended_at,
queue_entries.moved_up, doctors.code AS doctor_code, doctors.name AS doctor_name, doctors.archived_at AS
doctor_archived_at
FROM queue_entries JOIN doctors ON doctors.id = queue_entries.doctor_id
WHERE queue_entries.date = ?
"""


def of_day(tx: Tx, *, on: Date) -> list[rows.QueueRow]:
    return tx.fetch_all(_OF_DAY, (from_date(on),), rows.queue_row)


_OF_DOCTOR = """
SELECT queue_entries.id, queue_entries.appointment_id, queue_entries.doctor_id, queue_entries.date,
queue_entries.position, queue_entries.status, queue_entries.priority, queue_entries.recalled,
queue_entries.checked_in_at, queue_entries.called_at, queue_entries.started_at, queue_entries.ended_at,
queue_entries.moved_up, doctors.code AS doctor_code, doctors.name AS doctor_name, doctors.archived_at AS
doctor_archived_at
FROM queue_entries JOIN doctors ON doctors.id = queue_entries.doctor_id
WHERE queue_entries.doctor_id = ? AND queue_entries.date = ?
"""


def of_doctor(tx: Tx, *, doctor: UUID, on: Date) -> list[rows.QueueRow]:
    return tx.fetch_all(_OF_DOCTOR, (from_uuid(doctor), from_date(on)), rows.queue_row)


_OF_APPOINTMENT = """
SELECT queue_entries.id, queue_entries.appointment_id, queue_entries.doctor_id, queue_entries.date,
queue_entries.position, queue_entries.status, queue_entries.priority, queue_entries.recalled,
queue_entries.checked_in_at, queue_entries.called_at, queue_entries.started_at, queue_entries.ended_at,
queue_entries.moved_up, doctors.code AS doctor_code, doctors.name AS doctor_name, doctors.archived_at AS
doctor_archived_at
FROM queue_entries JOIN doctors ON doctors.id = queue_entries.doctor_id
WHERE queue_entries.appointment_id = ?
"""


def of_appointment(tx: Tx, *, appointment: UUID) -> rows.QueueRow | None:
    return tx.fetch_one(_OF_APPOINTMENT, (from_uuid(appointment),), rows.queue_row)


_EARLIER = """
SELECT queue_entries.id, queue_entries.appointment_id, queue_entries.doctor_id, queue_entries.date,
queue_entries.position, queue_entries.status, queue_entries.priority, queue_entries.recalled,
queue_entries.checked_in_at, queue_entries.called_at, queue_entries.started_at, queue_entries.ended_at,
queue_entries.moved_up, doctors.code AS doctor_code, doctors.name AS doctor_name, doctors.archived_at AS
doctor_archived_at
FROM queue_entries JOIN doctors ON doctors.id = queue_entries.doctor_id
WHERE queue_entries.status IN ('waiting', 'called', 'serving', 'skipped', 'held') AND queue_entries.date < ?
"""


def earlier(tx: Tx, *, today: Date) -> list[rows.QueueRow]:
    return tx.fetch_all(_EARLIER, (from_date(today),), rows.queue_row)


_EARLIER_OF_DOCTOR = """
SELECT queue_entries.id, queue_entries.appointment_id, queue_entries.doctor_id, queue_entries.date,
queue_entries.position, queue_entries.status, queue_entries.priority, queue_entries.recalled,
queue_entries.checked_in_at, queue_entries.called_at, queue_entries.started_at, queue_entries.ended_at,
queue_entries.moved_up, doctors.code AS doctor_code, doctors.name AS doctor_name, doctors.archived_at AS
doctor_archived_at
FROM queue_entries JOIN doctors ON doctors.id = queue_entries.doctor_id
WHERE queue_entries.status IN ('waiting', 'called', 'serving', 'skipped', 'held') AND queue_entries.date < ?
AND queue_entries.doctor_id = ?
"""


def earlier_of_doctor(tx: Tx, *, today: Date, doctor: UUID) -> list[rows.QueueRow]:
    return tx.fetch_all(_EARLIER_OF_DOCTOR, (from_date(today), from_uuid(doctor)), rows.queue_row)


_AT = """
SELECT queue_entries.id, queue_entries.appointment_id, queue_entries.doctor_id, queue_entries.date,
queue_entries.position, queue_entries.status, queue_entries.priority, queue_entries.recalled,
queue_entries.checked_in_at, queue_entries.called_at, queue_entries.started_at, queue_entries.ended_at,
queue_entries.moved_up, doctors.code AS doctor_code, doctors.name AS doctor_name, doctors.archived_at AS
doctor_archived_at
FROM queue_entries JOIN doctors ON doctors.id = queue_entries.doctor_id
WHERE queue_entries.doctor_id = ? AND queue_entries.date = ? AND queue_entries.position = ?
"""


def at(tx: Tx, *, doctor: UUID, on: Date, position: int) -> rows.QueueRow | None:
    return tx.fetch_one(_AT, (from_uuid(doctor), from_date(on), position), rows.queue_row)


_EARLIER_AT = """
SELECT queue_entries.id, queue_entries.appointment_id, queue_entries.doctor_id, queue_entries.date,
queue_entries.position, queue_entries.status, queue_entries.priority, queue_entries.recalled,
queue_entries.checked_in_at, queue_entries.called_at, queue_entries.started_at, queue_entries.ended_at,
queue_entries.moved_up, doctors.code AS doctor_code, doctors.name AS doctor_name, doctors.archived_at AS
doctor_archived_at
FROM queue_entries JOIN doctors ON doctors.id = queue_entries.doctor_id
WHERE queue_entries.status IN ('waiting', 'called', 'serving', 'skipped', 'held') AND queue_entries.date < ?
AND queue_entries.doctor_id = ? AND queue_entries.position = ? ORDER BY queue_entries.date
"""


def earlier_at(tx: Tx, *, today: Date, doctor: UUID, position: int) -> list[rows.QueueRow]:
    return tx.fetch_all(_EARLIER_AT, (from_date(today), from_uuid(doctor), position), rows.queue_row)


_IN_STATUS = """
SELECT queue_entries.id, queue_entries.appointment_id, queue_entries.doctor_id, queue_entries.date,
queue_entries.position, queue_entries.status, queue_entries.priority, queue_entries.recalled,
queue_entries.checked_in_at, queue_entries.called_at, queue_entries.started_at, queue_entries.ended_at,
queue_entries.moved_up, doctors.code AS doctor_code, doctors.name AS doctor_name, doctors.archived_at AS
doctor_archived_at
FROM queue_entries JOIN doctors ON doctors.id = queue_entries.doctor_id
WHERE queue_entries.status IN ('waiting', 'called', 'serving', 'skipped', 'held') AND queue_entries.status = ?
AND queue_entries.doctor_id = ? AND queue_entries.date BETWEEN ? AND ? ORDER BY queue_entries.date,
queue_entries.priority DESC, queue_entries.moved_up DESC, queue_entries.recalled, queue_entries.position
"""


def in_status(tx: Tx, *, status: QueueStatus, doctor: UUID, first: Date, last: Date) -> Iterator[rows.QueueRow]:
    return tx.iterate(_IN_STATUS, (status.value, from_uuid(doctor), from_date(first), from_date(last)), rows.queue_row)


_PEOPLE_AHEAD = """
SELECT count(*) AS count_1
FROM queue_entries
WHERE queue_entries.status IN ('waiting', 'called', 'serving', 'skipped', 'held') AND queue_entries.status =
'waiting' AND queue_entries.doctor_id = ? AND queue_entries.date <= ? AND (queue_entries.date, ?, ?,
queue_entries.recalled, queue_entries.position) < (?, queue_entries.priority, queue_entries.moved_up, ?, ?)
"""


def people_ahead(
    tx: Tx,
    *,
    doctor: UUID,
    on: Date,
    priority: int,
    moved_up: bool,
    recalled: int,
    position: int,
) -> int | None:
    return tx.fetch_one(
        _PEOPLE_AHEAD,
        (from_uuid(doctor), from_date(on), priority, from_bool(moved_up), from_date(on), recalled, position),
        lambda row: row[0],
    )


_OF_EARLIER_QUEUES = """
SELECT queue_entries.id, queue_entries.appointment_id, queue_entries.doctor_id, queue_entries.date,
queue_entries.position, queue_entries.status, queue_entries.priority, queue_entries.recalled,
queue_entries.checked_in_at, queue_entries.called_at, queue_entries.started_at, queue_entries.ended_at,
queue_entries.moved_up, doctors.code AS doctor_code, doctors.name AS doctor_name, doctors.archived_at AS
doctor_archived_at
FROM queue_entries JOIN doctors ON doctors.id = queue_entries.doctor_id
WHERE (queue_entries.doctor_id, queue_entries.date) IN (SELECT queue_entries.doctor_id, queue_entries.date
FROM queue_entries
WHERE queue_entries.status IN ('waiting', 'called', 'serving', 'skipped', 'held') AND queue_entries.date < ?)
ORDER BY queue_entries.date, doctors.code, queue_entries.position
"""


def of_earlier_queues(tx: Tx, *, today: Date) -> list[rows.QueueRow]:
    return tx.fetch_all(_OF_EARLIER_QUEUES, (from_date(today),), rows.queue_row)


_OF_EARLIER_QUEUES_OF_DOCTOR = """
SELECT queue_entries.id, queue_entries.appointment_id, queue_entries.doctor_id, queue_entries.date,
queue_entries.position, queue_entries.status, queue_entries.priority, queue_entries.recalled,
queue_entries.checked_in_at, queue_entries.called_at, queue_entries.started_at, queue_entries.ended_at,
queue_entries.moved_up, doctors.code AS doctor_code, doctors.name AS doctor_name, doctors.archived_at AS
doctor_archived_at
FROM queue_entries JOIN doctors ON doctors.id = queue_entries.doctor_id
WHERE (queue_entries.doctor_id, queue_entries.date) IN (SELECT queue_entries.doctor_id, queue_entries.date
FROM queue_entries
WHERE queue_entries.status IN ('waiting', 'called', 'serving', 'skipped', 'held') AND queue_entries.date < ?)
AND queue_entries.doctor_id = ? ORDER BY queue_entries.date, doctors.code, queue_entries.position
"""


def of_earlier_queues_of_doctor(tx: Tx, *, today: Date, doctor: UUID) -> list[rows.QueueRow]:
    return tx.fetch_all(_OF_EARLIER_QUEUES_OF_DOCTOR, (from_date(today), from_uuid(doctor)), rows.queue_row)


_OF_PATIENT = """
SELECT queue_entries.id, queue_entries.appointment_id, queue_entries.doctor_id, queue_entries.date,
queue_entries.position, queue_entries.status, queue_entries.priority, queue_entries.recalled,
queue_entries.checked_in_at, queue_entries.called_at, queue_entries.started_at, queue_entries.ended_at,
queue_entries.moved_up, doctors.code AS doctor_code, doctors.name AS doctor_name, doctors.archived_at AS
doctor_archived_at
FROM queue_entries JOIN doctors ON doctors.id = queue_entries.doctor_id
WHERE queue_entries.appointment_id IN (SELECT appointments.id
FROM appointments
WHERE appointments.patient_id = ? AND status IN ('booked', 'checked_in', 'in_consultation')) ORDER BY
queue_entries.date, queue_entries.position, doctors.code
"""


def of_patient(tx: Tx, *, patient: UUID) -> list[rows.QueueRow]:
    return tx.fetch_all(_OF_PATIENT, (from_uuid(patient),), rows.queue_row)


_CONSULTATIONS = """
SELECT appointments.patient_id, queue_entries.doctor_id, queue_entries.date, queue_entries.position,
doctors.code AS doctor_code
FROM queue_entries JOIN appointments ON appointments.id = queue_entries.appointment_id JOIN doctors ON
doctors.id = queue_entries.doctor_id
WHERE queue_entries.status IN ('waiting', 'called', 'serving', 'skipped', 'held') AND queue_entries.status =
'serving' ORDER BY queue_entries.started_at NULLS FIRST, doctors.code, queue_entries.date,
queue_entries.position
"""


def consultations(tx: Tx) -> list[rows.ConsultationRow]:
    return tx.fetch_all(_CONSULTATIONS, (), rows.consultation_row)


_CONSULTATIONS_OF_PATIENT = """
SELECT appointments.patient_id, queue_entries.doctor_id, queue_entries.date, queue_entries.position,
doctors.code AS doctor_code
FROM queue_entries JOIN appointments ON appointments.id = queue_entries.appointment_id JOIN doctors ON
doctors.id = queue_entries.doctor_id
WHERE queue_entries.status IN ('waiting', 'called', 'serving', 'skipped', 'held') AND queue_entries.status =
'serving' AND queue_entries.appointment_id IN (SELECT appointments.id
FROM appointments
WHERE appointments.patient_id = ? AND status IN ('booked', 'checked_in', 'in_consultation')) ORDER BY
queue_entries.started_at NULLS FIRST, doctors.code, queue_entries.date, queue_entries.position
"""


def consultations_of_patient(tx: Tx, *, patient: UUID) -> list[rows.ConsultationRow]:
    return tx.fetch_all(_CONSULTATIONS_OF_PATIENT, (from_uuid(patient),), rows.consultation_row)


_OPEN_ENTRIES = """
SELECT queue_entries.position, appointments.number, patients.number AS patient_number
FROM queue_entries JOIN appointments ON appointments.id = queue_entries.appointment_id JOIN patients ON
patients.id = appointments.patient_id
WHERE appointments.patient_id = ? AND queue_entries.doctor_id = ? AND queue_entries.date = ? AND
queue_entries.status IN ('waiting', 'called', 'serving', 'skipped', 'held') ORDER BY queue_entries.position
"""


def open_entries(tx: Tx, *, patient: UUID, doctor: UUID, on: Date) -> list[rows.OpenEntryRow]:
    return tx.fetch_all(_OPEN_ENTRIES, (from_uuid(patient), from_uuid(doctor), from_date(on)), rows.open_entry_row)


_WITH_DOCTOR = """
SELECT queue_entries.status, queue_entries.started_at
FROM queue_entries
WHERE queue_entries.status IN ('waiting', 'called', 'serving', 'skipped', 'held') AND queue_entries.status IN
('called', 'serving') AND queue_entries.doctor_id = ?
"""


def with_doctor(tx: Tx, *, doctor: UUID) -> list[rows.WithDoctorRow]:
    return tx.fetch_all(_WITH_DOCTOR, (from_uuid(doctor),), rows.with_doctor_row)


_LAST_LENGTHS = """
SELECT CAST(round((julianday(substr(queue_entries.ended_at, 1, 19)) -
julianday(substr(queue_entries.started_at, 1, 19))) * 86400) AS INTEGER) AS seconds
FROM queue_entries
WHERE queue_entries.doctor_id = ? AND queue_entries.date BETWEEN ? AND ? AND queue_entries.status = 'done'
ORDER BY queue_entries.date DESC, queue_entries.position DESC
LIMIT ? OFFSET ?
"""


def last_lengths(tx: Tx, *, doctor: UUID, first: Date, last: Date, limit: int) -> list[int | None]:
    return tx.fetch_all(
        _LAST_LENGTHS,
        (from_uuid(doctor), from_date(first), from_date(last), limit, 0),
        lambda row: row[0],
    )


_LAST_LENGTHS_OF_DOCTORS = """
SELECT queue_entries.doctor_id, CAST(round((julianday(substr(queue_entries.ended_at, 1, 19)) -
julianday(substr(queue_entries.started_at, 1, 19))) * 86400) AS INTEGER) AS seconds
FROM json_each(?) AS doctors_listed JOIN queue_entries ON 1 = 1
WHERE queue_entries.id IN (SELECT last_entries.id
FROM queue_entries AS last_entries
WHERE last_entries.doctor_id = doctors_listed.value AND last_entries.date BETWEEN ? AND ? AND
last_entries.status = 'done' ORDER BY last_entries.date DESC, last_entries.position DESC
LIMIT ? OFFSET ?)
"""


def last_lengths_of_doctors(
    tx: Tx,
    *,
    doctors: Iterable[UUID],
    first: Date,
    last: Date,
    limit: int,
) -> list[rows.LengthRow]:
    return tx.fetch_all(
        _LAST_LENGTHS_OF_DOCTORS,
        (from_list(doctors, from_uuid), from_date(first), from_date(last), limit, 0),
        rows.length_row,
    )


_ENTRIES = """
SELECT queue_entries.id, queue_entries.appointment_id, queue_entries.doctor_id, queue_entries.date,
queue_entries.position, queue_entries.status, queue_entries.priority, queue_entries.recalled,
queue_entries.checked_in_at, queue_entries.called_at, queue_entries.started_at, queue_entries.ended_at,
queue_entries.moved_up, doctors.code AS doctor_code, appointments.number AS appointment_number,
appointments.patient_id, patients.number AS patient_number, patients.name AS patient_name
FROM queue_entries JOIN doctors ON doctors.id = queue_entries.doctor_id JOIN appointments ON appointments.id =
queue_entries.appointment_id JOIN patients ON patients.id = appointments.patient_id
WHERE {conditions} ORDER BY queue_entries.date, doctors.code, queue_entries.position
"""


def entries(tx: Tx, conditions: Sequence[Condition]) -> Iterator[rows.ArrivalRow]:
    sql, values = tx.filtered(_ENTRIES, conditions)
    return tx.iterate(sql, values, rows.arrival_row)


_WITH_QUEUE_OF = """
queue_entries.doctor_id = ?
"""


def with_queue_of(*, doctor: UUID) -> Condition:
    return Condition(_WITH_QUEUE_OF, (from_uuid(doctor),))


_IN_SPAN = """
queue_entries.date BETWEEN ? AND ?
"""


def in_span(*, first: Date, last: Date) -> Condition:
    return Condition(_IN_SPAN, (from_date(first), from_date(last)))


_STATUS = """
SELECT queue_entries.status
FROM queue_entries
WHERE queue_entries.id = ?
"""


def status(tx: Tx, *, id: UUID) -> QueueStatus | None:
    return tx.fetch_one(_STATUS, (from_uuid(id),), lambda row: rows.QUEUE_STATUS[row[0]])


_INSERT = """
INSERT INTO queue_entries (id, appointment_id, doctor_id, date, position, status, priority, recalled,
checked_in_at, called_at, started_at, ended_at, moved_up) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
"""


def insert(
    tx: Tx,
    *,
    id: UUID,
    appointment_id: UUID,
    doctor_id: UUID,
    date: Date,
    position: int,
    status: QueueStatus,
    priority: int,
    recalled: int,
    checked_in_at: datetime,
    called_at: datetime | None,
    started_at: datetime | None,
    ended_at: datetime | None,
    moved_up: bool,
) -> int:
    return tx.execute(
        _INSERT,
        (
            from_uuid(id),
            from_uuid(appointment_id),
            from_uuid(doctor_id),
            from_date(date),
            position,
            status.value,
            priority,
            recalled,
            from_instant(checked_in_at),
            None if called_at is None else from_instant(called_at),
            None if started_at is None else from_instant(started_at),
            None if ended_at is None else from_instant(ended_at),
            from_bool(moved_up),
        ),
    )


_ADVANCE = """
UPDATE queue_entries SET doctor_id=?, position=?, status=?, priority=?, recalled=?, checked_in_at=?,
called_at=?, started_at=?, ended_at=?, moved_up=? WHERE queue_entries.id = ? AND queue_entries.status = ?
"""


def advance(
    tx: Tx,
    *,
    doctor_id: UUID,
    position: int,
    status: QueueStatus,
    priority: int,
    recalled: int,
    checked_in_at: datetime,
    called_at: datetime | None,
    started_at: datetime | None,
    ended_at: datetime | None,
    moved_up: bool,
    row: UUID,
    leaving: QueueStatus,
) -> int:
    return tx.execute(
        _ADVANCE,
        (
            from_uuid(doctor_id),
            position,
            status.value,
            priority,
            recalled,
            from_instant(checked_in_at),
            None if called_at is None else from_instant(called_at),
            None if started_at is None else from_instant(started_at),
            None if ended_at is None else from_instant(ended_at),
            from_bool(moved_up),
            from_uuid(row),
            leaving.value,
        ),
    )

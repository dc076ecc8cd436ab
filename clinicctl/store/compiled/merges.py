"""Generated from queries/merges.py by `python -m clinicctl.store.compile`. Do not edit."""

from collections.abc import Iterable, Iterator
from datetime import datetime
from uuid import UUID

from clinicctl.store.compiled import rows
from clinicctl.store.tx import Tx
from clinicctl.store.values import from_instant, from_list, from_uuid

_SAVED = """
SELECT journal_merges."before"
FROM journal_merges
WHERE journal_merges.journal_number = ?
"""


def saved(tx: Tx, *, number: int) -> str | None:
    return tx.fetch_one(_SAVED, (number,), lambda row: row[0])


_APPOINTMENTS = """
SELECT appointments.number
FROM appointments
WHERE appointments.patient_id = ? ORDER BY appointments.number
"""


def appointments(tx: Tx, *, patient: UUID) -> list[int]:
    return tx.fetch_all(_APPOINTMENTS, (from_uuid(patient),), lambda row: row[0])


_ENTRIES = """
SELECT waitlist_entries.number
FROM waitlist_entries
WHERE waitlist_entries.patient_id = ? ORDER BY waitlist_entries.number
"""


def entries(tx: Tx, *, patient: UUID) -> list[int]:
    return tx.fetch_all(_ENTRIES, (from_uuid(patient),), lambda row: row[0])


_RECORDS = """
SELECT patients.number
FROM patients
WHERE patients.merged_into = ? ORDER BY patients.number
"""


def records(tx: Tx, *, patient: UUID) -> list[int]:
    return tx.fetch_all(_RECORDS, (from_uuid(patient),), lambda row: row[0])


_LAST_APPOINTMENT = """
SELECT max(appointments.number) AS max_1
FROM appointments
"""


def last_appointment(tx: Tx) -> int | None:
    return tx.fetch_one(_LAST_APPOINTMENT, (), lambda row: row[0])


_STATE_OF_PATIENTS = """
SELECT patients.id AS id, patients.number AS number, patients.name AS name, patients.phone AS phone,
patients.born AS born, patients.born_year AS born_year, patients.sex AS sex, patients.email AS email,
patients.note AS note, patients.created_at AS created_at, patients.archived_at AS archived_at,
patients.merged_into AS merged_into, patients.erased_at AS erased_at, patients.born_month AS born_month,
patients.notify AS notify, patients.language AS language
FROM patients
WHERE patients.id = ? OR patients.id = ? ORDER BY patients.number
"""


def state_of_patients(tx: Tx, *, one: UUID, other: UUID) -> Iterator[rows.PatientStateRow]:
    return tx.iterate(_STATE_OF_PATIENTS, (from_uuid(one), from_uuid(other)), rows.patient_state_row)


_STATE_OF_PHONES = """
SELECT patient_phones.ending AS ending, patient_phones.patient_id AS patient_id, patient_phones.position AS
position
FROM patient_phones
WHERE patient_phones.patient_id = ? OR patient_phones.patient_id = ? ORDER BY patient_phones.patient_id,
patient_phones.position
"""


def state_of_phones(tx: Tx, *, one: UUID, other: UUID) -> Iterator[rows.PhoneStateRow]:
    return tx.iterate(_STATE_OF_PHONES, (from_uuid(one), from_uuid(other)), rows.phone_state_row)


_STATE_OF_APPOINTMENTS = """
SELECT appointments.id AS id, appointments.number AS number, appointments.patient_id AS patient_id,
appointments.doctor_id AS doctor_id, appointments.date AS date, appointments.slot AS slot, appointments.visit
AS visit, appointments.time AS time, appointments.status AS status, appointments.reason AS reason,
appointments.overbooked AS overbooked, appointments.cancelled_by AS cancelled_by, appointments.cancel_reason
AS cancel_reason, appointments.moved_to AS moved_to, appointments.moved_from AS moved_from, appointments."key"
AS "key", appointments.created_at AS created_at, appointments.note AS note, appointments.slots AS slots,
appointments.minutes AS minutes, appointments.after_midnight AS after_midnight, appointments.visit_type AS
visit_type, appointments.series AS series
FROM appointments
WHERE appointments.patient_id = ? AND appointments.number <= ? ORDER BY appointments.number
"""


def state_of_appointments(tx: Tx, *, patient: UUID, last: int) -> Iterator[rows.AppointmentStateRow]:
    return tx.iterate(_STATE_OF_APPOINTMENTS, (from_uuid(patient), last), rows.appointment_state_row)


_STATE_OF_ENTRIES = """
SELECT waitlist_entries.id AS id, waitlist_entries.number AS number, waitlist_entries.patient_id AS
patient_id, waitlist_entries.doctor_id AS doctor_id, waitlist_entries.first_date AS first_date,
waitlist_entries.last_date AS last_date, waitlist_entries.status AS status, waitlist_entries.appointment_id AS
appointment_id, waitlist_entries.created_at AS created_at, waitlist_days.date AS date
FROM waitlist_entries JOIN waitlist_days ON waitlist_days.entry_id = waitlist_entries.id
WHERE waitlist_entries.patient_id = ? ORDER BY waitlist_entries.number, waitlist_days.date
"""


def state_of_entries(tx: Tx, *, patient: UUID) -> Iterator[rows.WaitlistStateRow]:
    return tx.iterate(_STATE_OF_ENTRIES, (from_uuid(patient),), rows.waitlist_state_row)


_LATER_STEP = """
SELECT journal_steps.journal_number, appointments.number
FROM journal_steps JOIN appointments ON appointments.id = journal_steps.appointment_id JOIN journal ON
journal.number = journal_steps.journal_number
WHERE appointments.patient_id = ? AND journal_steps.journal_number > ? AND journal.undoes IS NULL AND
(journal.number NOT IN (SELECT journal.undoes
FROM journal
WHERE journal.undoes IS NOT NULL)) ORDER BY journal_steps.journal_number, appointments.number
LIMIT 1 OFFSET ?
"""


def later_step(tx: Tx, *, patient: UUID, number: int) -> rows.LaterStepRow | None:
    return tx.fetch_one(_LATER_STEP, (from_uuid(patient), number, 0), rows.later_step_row)


_RETURN_APPOINTMENTS = """
UPDATE appointments SET patient_id=?, updated_at=? WHERE appointments.patient_id = ? AND appointments.number
IN (SELECT numbers_listed.value
FROM json_each(?) AS numbers_listed)
"""


def return_appointments(tx: Tx, *, patient_id: UUID, updated_at: datetime, old: UUID, numbers: Iterable[int]) -> int:
    return tx.execute(
        _RETURN_APPOINTMENTS,
        (from_uuid(patient_id), from_instant(updated_at), from_uuid(old), from_list(numbers)),
    )


_RETURN_ENTRIES = """
UPDATE waitlist_entries SET patient_id=? WHERE waitlist_entries.patient_id = ? AND waitlist_entries.number IN
(SELECT numbers_listed.value
FROM json_each(?) AS numbers_listed)
"""


def return_entries(tx: Tx, *, patient_id: UUID, old: UUID, numbers: Iterable[int]) -> int:
    return tx.execute(_RETURN_ENTRIES, (from_uuid(patient_id), from_uuid(old), from_list(numbers)))


_RETURN_RECORDS = """
UPDATE patients SET updated_at=?, merged_into=? WHERE patients.merged_into = ? AND patients.number IN (SELECT
numbers_listed.value
FROM json_each(?) AS numbers_listed)
"""


def return_records(tx: Tx, *, updated_at: datetime, merged_into: UUID | None, old: UUID, numbers: Iterable[int]) -> int:
    return tx.execute(
        _RETURN_RECORDS,
        (
            from_instant(updated_at),
            None if merged_into is None else from_uuid(merged_into),
            from_uuid(old),
            from_list(numbers),
        ),
    )

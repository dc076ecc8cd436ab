"""Generated from queries/audit.py by `python -m clinicctl.store.compile`. Do not edit."""

from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime
from uuid import UUID

from clinicctl.store.compiled import rows
from clinicctl.store.tx import Condition, Tx
from clinicctl.store.values import from_instant, from_list, from_uuid

_WRITES = """
SELECT journal.number, journal.at, journal.actor, journal.command, journal."key", journal.undoes,
journal.said, journal.fingerprint, journal.outcome, journal.previous, journal.hash
FROM journal
WHERE {conditions} ORDER BY journal.number
"""


def writes(tx: Tx, conditions: Sequence[Condition]) -> Iterator[rows.WriteRow]:
    sql, values = tx.filtered(_WRITES, conditions)
    return tx.iterate(sql, values, rows.write_row)


_WRITES_NEWEST_FIRST = """
SELECT journal.number, journal.at, journal.actor, journal.command, journal."key", journal.undoes,
journal.said, journal.fingerprint, journal.outcome, journal.previous, journal.hash
FROM journal
WHERE {conditions} ORDER BY journal.number DESC
"""


def writes_newest_first(tx: Tx, conditions: Sequence[Condition]) -> Iterator[rows.WriteRow]:
    sql, values = tx.filtered(_WRITES_NEWEST_FIRST, conditions)
    return tx.iterate(sql, values, rows.write_row)


_BY_ACTOR = """
journal.actor = ?
"""


def by_actor(*, actor: str) -> Condition:
    return Condition(_BY_ACTOR, (actor,))


_ACCEPTED = """
journal.command != 'refused'
"""


def accepted() -> Condition:
    return Condition(_ACCEPTED, ())


_REFUSALS = """
journal.command = 'refused'
"""


def refusals() -> Condition:
    return Condition(_REFUSALS, ())


_BY_KEY = """
journal."key" = ?
"""


def by_key(*, key: str) -> Condition:
    return Condition(_BY_KEY, (key,))


_BETWEEN = """
journal.at >= ? AND journal.at < ?
"""


def between(*, since: datetime, until: datetime) -> Condition:
    return Condition(_BETWEEN, (from_instant(since), from_instant(until)))


_OF_COMMAND = """
journal.number IN (SELECT journal.number
FROM journal
WHERE journal.command = ? OR journal.command > (? || ' ') AND journal.command < (? || '!') OR journal.command
= ? OR journal.command > (? || ' ') AND journal.command < (? || '!'))
"""


def of_command(*, words: str, spelling: str) -> Condition:
    return Condition(_OF_COMMAND, (words, words, words, spelling, spelling, spelling))


_OF_APPOINTMENT = """
journal.number IN (SELECT journal_steps.journal_number
FROM journal_steps
WHERE journal_steps.appointment_id = ?)
"""


def of_appointment(*, appointment: UUID) -> Condition:
    return Condition(_OF_APPOINTMENT, (from_uuid(appointment),))


_OF_PATIENTS = """
journal.number IN (SELECT journal_steps.journal_number
FROM journal_steps
WHERE journal_steps.appointment_id IN (SELECT appointments.id
FROM appointments
WHERE appointments.patient_id IN (SELECT patients_listed.value
FROM json_each(?) AS patients_listed)) UNION SELECT journal.number
FROM journal
WHERE (journal.command = 'patient' OR journal.command > ('patient' || ' ') AND journal.command < ('patient' ||
'!') OR journal.command = 'waitlist' OR journal.command > ('waitlist' || ' ') AND journal.command <
('waitlist' || '!') OR journal.command = 'appointment edit' OR journal.command > ('appointment edit' || ' ')
AND journal.command < ('appointment edit' || '!') OR journal.command = 'undo' OR journal.command > ('undo' ||
' ') AND journal.command < ('undo' || '!')) AND (CASE WHEN (json_valid(journal.outcome) = 1) THEN EXISTS
(SELECT outcome_values.atom
FROM json_tree(CASE WHEN (json_valid(journal.outcome) = 1) THEN journal.outcome ELSE '[]' END) AS
outcome_values
WHERE outcome_values.atom IN (SELECT numbers_listed.value
FROM json_each(?) AS numbers_listed)) ELSE EXISTS (SELECT numbers_listed.value
FROM json_each(?) AS numbers_listed
WHERE instr(journal.outcome, '"' || numbers_listed.value || '"') > 0) END OR journal.command =
'patient import'))
"""


def of_patients(*, patients: Iterable[UUID], numbers: Iterable[str]) -> Condition:
    return Condition(_OF_PATIENTS, (from_list(patients, from_uuid), from_list(numbers), from_list(numbers)))


_OF_DOCTOR = """
journal.number IN (SELECT journal_steps.journal_number
FROM journal_steps
WHERE journal_steps.appointment_id IN (SELECT appointments.id
FROM appointments
WHERE appointments.doctor_id = ? UNION SELECT queue_entries.appointment_id
FROM queue_entries
WHERE queue_entries.doctor_id = ?) UNION SELECT journal.number
FROM journal
WHERE (journal.command = 'doctor' OR journal.command > ('doctor' || ' ') AND journal.command < ('doctor' ||
'!') OR journal.command = 'waitlist' OR journal.command > ('waitlist' || ' ') AND journal.command <
('waitlist' || '!') OR journal.command = 'undo' OR journal.command > ('undo' || ' ') AND journal.command <
('undo' || '!')) AND (instr(journal.outcome, '"' || ? || '"') > 0 OR journal.command = 'doctor import'))
"""


def of_doctor(*, doctor: UUID, code: str) -> Condition:
    return Condition(_OF_DOCTOR, (from_uuid(doctor), from_uuid(doctor), code))


_STEPS = """
SELECT journal_steps.journal_number, journal_steps.from_status, journal_steps.to_status,
journal_steps.queue_from, journal_steps.queue_to, appointments.number AS appointment, patients.number AS
patient, doctors.code AS doctor
FROM journal_steps JOIN appointments ON appointments.id = journal_steps.appointment_id JOIN patients ON
patients.id = appointments.patient_id JOIN doctors ON doctors.id = appointments.doctor_id
WHERE journal_steps.journal_number IN (SELECT writes_listed.value
FROM json_each(?) AS writes_listed) ORDER BY journal_steps.journal_number, journal_steps.nth
"""


def steps(tx: Tx, *, writes: Iterable[int]) -> list[rows.TakenStepRow]:
    return tx.fetch_all(_STEPS, (from_list(writes),), rows.taken_step_row)

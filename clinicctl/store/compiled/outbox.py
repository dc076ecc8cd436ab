"""Generated from queries/outbox.py by `python -m clinicctl.store.compile`. Do not edit."""

from collections.abc import Iterable, Iterator, Sequence
from datetime import date as Date
from datetime import datetime
from uuid import UUID

from clinicctl.statuses import MessageKind, MessageState
from clinicctl.store.compiled import rows
from clinicctl.store.tx import Condition, Tx
from clinicctl.store.values import from_date, from_instant, from_list, from_uuid, to_instant

_BY_KEY = """
SELECT messages.appointment, messages.kind, messages.occasion, messages.due, messages.state,
messages.attempts, messages.channel, messages.ref, messages.failure, messages.created_at, messages.updated_at,
appointments.id AS visit, appointments.status, appointments.date, appointments.time,
appointments.after_midnight, appointments.moved_to, doctors.code AS doctor_code, doctors.name AS doctor_name,
patients.id AS patient_id, patients.number AS patient_number, patients.name AS patient_name, patients.phone,
patients.email, patients.notify, patients.language, patients.archived_at, patients.erased_at, entries.status
AS queue_status, queue_doctors.name AS queue_doctor_name, (SELECT max(later.occasion) AS max_1
FROM messages AS later
WHERE later.appointment = messages.appointment AND later.kind IN ('booked', 'moved', 'cancelled', 'promoted'))
AS last_news, CASE WHEN (messages.kind = 'near' AND entries.status = 'waiting') THEN (SELECT count(*) AS
count_1
FROM queue_entries
WHERE queue_entries.status IN ('waiting', 'called', 'serving', 'skipped', 'held') AND queue_entries.status =
'waiting' AND queue_entries.doctor_id = entries.doctor_id AND queue_entries.date <= entries.date AND
(queue_entries.date, entries.priority, entries.moved_up, queue_entries.recalled, queue_entries.position) <
(entries.date, queue_entries.priority, queue_entries.moved_up, entries.recalled, entries.position)) ELSE 0 END
AS ahead
FROM messages JOIN appointments ON appointments.number = messages.appointment JOIN patients ON patients.id =
appointments.patient_id JOIN doctors ON doctors.id = appointments.doctor_id LEFT OUTER JOIN queue_entries AS
entries ON entries.appointment_id = appointments.id LEFT OUTER JOIN doctors AS queue_doctors ON
queue_doctors.id = entries.doctor_id
WHERE messages.appointment = ? AND messages.kind = ? AND messages.occasion = ?
"""


def by_key(tx: Tx, *, of_appointment: int, of_kind: MessageKind, of_occasion: int) -> rows.MessageRow | None:
    return tx.fetch_one(_BY_KEY, (of_appointment, of_kind.value, of_occasion), rows.message_row)


_IS_DUE = """
SELECT messages.appointment
FROM messages
WHERE state IN ('pending', 'leased') AND messages.due <= ?
LIMIT 1 OFFSET ?
"""


def is_due(tx: Tx, *, now: datetime) -> int | None:
    return tx.fetch_one(_IS_DUE, (from_instant(now), 0), lambda row: row[0])


_OLDEST_DUE = """
SELECT messages.due
FROM messages JOIN appointments ON appointments.number = messages.appointment
WHERE state IN ('pending', 'leased') AND messages.due <= ? AND appointments.date >= ? ORDER BY messages.due
LIMIT 1 OFFSET ?
"""


def oldest_due(tx: Tx, *, now: datetime, first: Date) -> datetime | None:
    return tx.fetch_one(_OLDEST_DUE, (from_instant(now), from_date(first), 0), lambda row: to_instant(row[0]))


_DUE = """
SELECT messages.appointment, messages.kind, messages.occasion, messages.due, messages.state,
messages.attempts, messages.channel, messages.ref, messages.failure, messages.created_at, messages.updated_at,
appointments.id AS visit, appointments.status, appointments.date, appointments.time,
appointments.after_midnight, appointments.moved_to, doctors.code AS doctor_code, doctors.name AS doctor_name,
patients.id AS patient_id, patients.number AS patient_number, patients.name AS patient_name, patients.phone,
patients.email, patients.notify, patients.language, patients.archived_at, patients.erased_at, entries.status
AS queue_status, queue_doctors.name AS queue_doctor_name, (SELECT max(later.occasion) AS max_1
FROM messages AS later
WHERE later.appointment = messages.appointment AND later.kind IN ('booked', 'moved', 'cancelled', 'promoted'))
AS last_news, CASE WHEN (messages.kind = 'near' AND entries.status = 'waiting') THEN (SELECT count(*) AS
count_1
FROM queue_entries
WHERE queue_entries.status IN ('waiting', 'called', 'serving', 'skipped', 'held') AND queue_entries.status =
'waiting' AND queue_entries.doctor_id = entries.doctor_id AND queue_entries.date <= entries.date AND
(queue_entries.date, entries.priority, entries.moved_up, queue_entries.recalled, queue_entries.position) <
(entries.date, queue_entries.priority, queue_entries.moved_up, entries.recalled, entries.position)) ELSE 0 END
AS ahead
FROM messages JOIN appointments ON appointments.number = messages.appointment JOIN patients ON patients.id =
appointments.patient_id JOIN doctors ON doctors.id = appointments.doctor_id LEFT OUTER JOIN queue_entries AS
entries ON entries.appointment_id = appointments.id LEFT OUTER JOIN doctors AS queue_doctors ON
queue_doctors.id = entries.doctor_id
WHERE {conditions} AND state IN ('pending', 'leased') AND messages.due <= ? ORDER BY messages.due,
messages.appointment, messages.kind, messages.occasion
"""


def due(tx: Tx, conditions: Sequence[Condition], *, now: datetime) -> Iterator[rows.MessageRow]:
    sql, values = tx.filtered(_DUE, conditions)
    return tx.iterate(sql, (*values, from_instant(now)), rows.message_row)


_ON_CHANNEL = """
coalesce(patients.notify, CASE WHEN (patients.phone IS NOT NULL) THEN 'sms' ELSE 'email' END) = ? OR
patients.notify = 'none' OR CASE WHEN (coalesce(patients.notify, CASE WHEN (patients.phone IS NOT NULL) THEN
'sms' ELSE 'email' END) = 'email') THEN patients.email ELSE patients.phone END IS NULL
"""


def on_channel(*, channel: str) -> Condition:
    return Condition(_ON_CHANNEL, (channel,))


_MATCHING = """
SELECT messages.appointment, messages.kind, messages.occasion, messages.due, messages.state,
messages.attempts, messages.channel, messages.ref, messages.failure, messages.created_at, messages.updated_at,
appointments.id AS visit, appointments.status, appointments.date, appointments.time,
appointments.after_midnight, appointments.moved_to, doctors.code AS doctor_code, doctors.name AS doctor_name,
patients.id AS patient_id, patients.number AS patient_number, patients.name AS patient_name, patients.phone,
patients.email, patients.notify, patients.language, patients.archived_at, patients.erased_at, entries.status
AS queue_status, queue_doctors.name AS queue_doctor_name, (SELECT max(later.occasion) AS max_1
FROM messages AS later
WHERE later.appointment = messages.appointment AND later.kind IN ('booked', 'moved', 'cancelled', 'promoted'))
AS last_news, CASE WHEN (messages.kind = 'near' AND entries.status = 'waiting') THEN (SELECT count(*) AS
count_1
FROM queue_entries
WHERE queue_entries.status IN ('waiting', 'called', 'serving', 'skipped', 'held') AND queue_entries.status =
'waiting' AND queue_entries.doctor_id = entries.doctor_id AND queue_entries.date <= entries.date AND
(queue_entries.date, entries.priority, entries.moved_up, queue_entries.recalled, queue_entries.position) <
(entries.date, queue_entries.priority, queue_entries.moved_up, entries.recalled, entries.position)) ELSE 0 END
AS ahead
FROM messages JOIN appointments ON appointments.number = messages.appointment JOIN patients ON patients.id =
appointments.patient_id JOIN doctors ON doctors.id = appointments.doctor_id LEFT OUTER JOIN queue_entries AS
entries ON entries.appointment_id = appointments.id LEFT OUTER JOIN doctors AS queue_doctors ON
queue_doctors.id = entries.doctor_id
WHERE {conditions} ORDER BY messages.due, messages.appointment, messages.kind, messages.occasion
"""


def matching(tx: Tx, conditions: Sequence[Condition]) -> Iterator[rows.MessageRow]:
    sql, values = tx.filtered(_MATCHING, conditions)
    return tx.iterate(sql, values, rows.message_row)


_FAILED_AHEAD = """
SELECT messages.appointment, messages.kind, messages.occasion, messages.due, messages.state,
messages.attempts, messages.channel, messages.ref, messages.failure, messages.created_at, messages.updated_at,
appointments.id AS visit, appointments.status, appointments.date, appointments.time,
appointments.after_midnight, appointments.moved_to, doctors.code AS doctor_code, doctors.name AS doctor_name,
patients.id AS patient_id, patients.number AS patient_number, patients.name AS patient_name, patients.phone,
patients.email, patients.notify, patients.language, patients.archived_at, patients.erased_at, entries.status
AS queue_status, queue_doctors.name AS queue_doctor_name, (SELECT max(later.occasion) AS max_1
FROM messages AS later
WHERE later.appointment = messages.appointment AND later.kind IN ('booked', 'moved', 'cancelled', 'promoted'))
AS last_news, CASE WHEN (messages.kind = 'near' AND entries.status = 'waiting') THEN (SELECT count(*) AS
count_1
FROM queue_entries
WHERE queue_entries.status IN ('waiting', 'called', 'serving', 'skipped', 'held') AND queue_entries.status =
'waiting' AND queue_entries.doctor_id = entries.doctor_id AND queue_entries.date <= entries.date AND
(queue_entries.date, entries.priority, entries.moved_up, queue_entries.recalled, queue_entries.position) <
(entries.date, queue_entries.priority, queue_entries.moved_up, entries.recalled, entries.position)) ELSE 0 END
AS ahead
FROM messages JOIN appointments ON appointments.number = messages.appointment JOIN patients ON patients.id =
appointments.patient_id JOIN doctors ON doctors.id = appointments.doctor_id LEFT OUTER JOIN queue_entries AS
entries ON entries.appointment_id = appointments.id LEFT OUTER JOIN doctors AS queue_doctors ON
queue_doctors.id = entries.doctor_id
WHERE messages.state = 'failed' AND messages.appointment IN (SELECT visits.number
FROM appointments AS visits
WHERE visits.date >= ?) ORDER BY messages.due, messages.appointment, messages.kind, messages.occasion
"""


def failed_ahead(tx: Tx, *, first: Date) -> list[rows.MessageRow]:
    return tx.fetch_all(_FAILED_AHEAD, (from_date(first),), rows.message_row)


_IN_STATES = """
messages.state IN (SELECT states_listed.value
FROM json_each(?) AS states_listed)
"""


def in_states(*, states: Iterable[MessageState]) -> Condition:
    return Condition(_IN_STATES, (from_list(states),))


_ARE_OPEN = """
state IN ('pending', 'leased')
"""


def are_open() -> Condition:
    return Condition(_ARE_OPEN, ())


_DUE_FROM = """
messages.due >= ?
"""


def due_from(*, since: datetime) -> Condition:
    return Condition(_DUE_FROM, (from_instant(since),))


_INSERT = """
INSERT INTO messages (appointment, kind, occasion, due, state, attempts, channel, ref, failure, created_at,
updated_at) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT (appointment, kind, occasion) DO UPDATE SET
due = excluded.due, state = 'pending', updated_at = excluded.updated_at WHERE messages.state = 'pending' OR
messages.state = 'dropped'
"""


def insert(tx: Tx, every: Iterable[rows.NewMessageRow]) -> int:
    return tx.execute_many(
        _INSERT,
        (
            (
                each.appointment,
                each.kind.value,
                each.occasion,
                from_instant(each.due),
                each.state.value,
                each.attempts,
                None if each.channel is None else each.channel.value,
                each.ref,
                each.failure,
                from_instant(each.created_at),
                from_instant(each.updated_at),
            )
            for each in every
        ),
    )


_INSERT_NEAR = """
INSERT INTO messages (appointment, kind, occasion, due, state, attempts, created_at, updated_at) SELECT
appointments.number, 'near' AS kind, 0 AS occasion, ? AS due, 'pending' AS state, 0 AS attempts, ? AS
created_at, ? AS updated_at
FROM queue_entries JOIN appointments ON appointments.id = queue_entries.appointment_id
WHERE queue_entries.status IN ('waiting', 'called', 'serving', 'skipped', 'held') AND queue_entries.status =
'waiting' AND queue_entries.doctor_id = ? AND queue_entries.date = ? ORDER BY queue_entries.priority DESC,
queue_entries.moved_up DESC, queue_entries.recalled, queue_entries.position
LIMIT ? OFFSET ? ON CONFLICT (appointment, kind, occasion) DO UPDATE SET due = excluded.due, state =
'pending', updated_at = excluded.updated_at WHERE messages.state = 'dropped'
"""


def insert_near(tx: Tx, every: Iterable[rows.NearRow]) -> int:
    return tx.execute_many(
        _INSERT_NEAR,
        (
            (
                from_instant(each.now),
                from_instant(each.now),
                from_instant(each.now),
                from_uuid(each.doctor),
                from_date(each.on),
                each.most,
                0,
            )
            for each in every
        ),
    )


_LEASE = """
UPDATE messages SET due=?, state='leased', attempts=?, channel=?, updated_at=? WHERE messages.appointment = ?
AND messages.kind = ? AND messages.occasion = ? AND state IN ('pending', 'leased')
"""


def lease(tx: Tx, every: Iterable[rows.LeaseRow]) -> int:
    return tx.execute_many(
        _LEASE,
        (
            (
                from_instant(each.due),
                each.attempts,
                None if each.channel is None else each.channel.value,
                from_instant(each.updated_at),
                each.of_appointment,
                each.of_kind.value,
                each.of_occasion,
            )
            for each in every
        ),
    )


_END = """
UPDATE messages SET state=?, failure=?, updated_at=? WHERE messages.appointment = ? AND messages.kind = ? AND
messages.occasion = ? AND state IN ('pending', 'leased')
"""


def end(tx: Tx, every: Iterable[rows.EndedRow]) -> int:
    return tx.execute_many(
        _END,
        (
            (
                each.state.value,
                each.failure,
                from_instant(each.updated_at),
                each.of_appointment,
                each.of_kind.value,
                each.of_occasion,
            )
            for each in every
        ),
    )


_REPORT = """
UPDATE messages SET due=?, state=?, ref=?, failure=?, updated_at=? WHERE messages.appointment = ? AND
messages.kind = ? AND messages.occasion = ? AND messages.state = ? AND messages.attempts = ?
"""


def report(
    tx: Tx,
    *,
    due: datetime,
    state: MessageState,
    ref: str | None,
    failure: str | None,
    updated_at: datetime,
    of_appointment: int,
    of_kind: MessageKind,
    of_occasion: int,
    leaving: MessageState,
    of_attempts: int,
) -> int:
    return tx.execute(
        _REPORT,
        (
            from_instant(due),
            state.value,
            ref,
            failure,
            from_instant(updated_at),
            of_appointment,
            of_kind.value,
            of_occasion,
            leaving.value,
            of_attempts,
        ),
    )


_GIVE_BACK = """
UPDATE messages SET due=?, state='pending', attempts=(messages.attempts - 1), updated_at=? WHERE
messages.appointment = ? AND messages.kind = ? AND messages.occasion = ? AND messages.state = 'leased' AND
messages.attempts = ?
"""


def give_back(tx: Tx, every: Iterable[rows.GivenBackRow]) -> int:
    return tx.execute_many(
        _GIVE_BACK,
        (
            (
                from_instant(each.due),
                from_instant(each.updated_at),
                each.of_appointment,
                each.of_kind.value,
                each.of_occasion,
                each.of_attempts,
            )
            for each in every
        ),
    )


_DROP_PENDING = """
UPDATE messages SET state='dropped', failure=?, updated_at=? WHERE state IN ('pending', 'leased') AND
messages.state = 'pending'
"""


def drop_pending(tx: Tx, *, failure: str | None, updated_at: datetime) -> int:
    return tx.execute(_DROP_PENDING, (failure, from_instant(updated_at)))


_DROP_REMINDERS = """
UPDATE messages SET state='dropped', failure=?, updated_at=? WHERE state IN ('pending', 'leased') AND
messages.state = 'pending' AND messages.kind = 'reminder' AND NOT messages.occasion IN (SELECT
leads_listed.value
FROM json_each(?) AS leads_listed)
"""


def drop_reminders(tx: Tx, *, failure: str | None, updated_at: datetime, leads: Iterable[int]) -> int:
    return tx.execute(_DROP_REMINDERS, (failure, from_instant(updated_at), from_list(leads)))


_REVIVE = """
UPDATE messages SET state='pending', failure=?, updated_at=? WHERE messages.appointment IN (SELECT
appointments_listed.value
FROM json_each(?) AS appointments_listed) AND messages.kind = 'reminder' AND messages.state = 'dropped'
"""


def revive(tx: Tx, *, failure: str | None, updated_at: datetime, appointments: Iterable[int]) -> int:
    return tx.execute(_REVIVE, (failure, from_instant(updated_at), from_list(appointments)))


_HANDED_OUT = """
SELECT messages.appointment, messages.kind
FROM messages
WHERE messages.appointment IN (SELECT appointments_listed.value
FROM json_each(?) AS appointments_listed) AND (messages.state = 'leased' OR messages.state = 'sent')
"""


def handed_out(tx: Tx, *, appointments: Iterable[int]) -> list[rows.HandedOutRow]:
    return tx.fetch_all(_HANDED_OUT, (from_list(appointments),), rows.handed_out_row)


_COMING = """
SELECT appointments.number, appointments.date, appointments.time, appointments.after_midnight
FROM appointments
WHERE status IN ('booked', 'checked_in', 'in_consultation') AND appointments.status = 'booked' AND
appointments.date >= ?
"""


def coming(tx: Tx, *, first: Date) -> Iterator[rows.ComingVisitRow]:
    return tx.iterate(_COMING, (from_date(first),), rows.coming_visit_row)


_FORGET = """
UPDATE messages SET ref=NULL, failure=NULL, updated_at=? WHERE messages.appointment IN (SELECT
appointments.number
FROM appointments
WHERE appointments.patient_id = ?)
"""


def forget(tx: Tx, *, updated_at: datetime, patient: UUID) -> int:
    return tx.execute(_FORGET, (from_instant(updated_at), from_uuid(patient)))

"""Generated from queries/reports.py by `python -m clinicctl.store.compile`. Do not edit."""

from collections.abc import Iterable
from datetime import date as Date
from datetime import datetime
from uuid import UUID

from clinicctl.store.compiled import rows
from clinicctl.store.tx import Tx
from clinicctl.store.values import from_date, from_instant, from_list, from_uuid

_OUTCOMES = """
SELECT appointments.doctor_id, appointments.date, count(*) AS number, count(*) FILTER (WHERE
appointments.status = 'completed') AS completed, count(*) FILTER (WHERE appointments.status = 'no_show') AS
no_shows, count(*) FILTER (WHERE appointments.status = 'left') AS left_unseen, count(*) FILTER (WHERE
appointments.cancelled_by = 'patient' AND appointments.moved_to IS NULL) AS by_patient, count(*) FILTER (WHERE
appointments.cancelled_by = 'clinic' AND appointments.moved_to IS NULL) AS by_clinic, count(*) FILTER (WHERE
appointments.cancelled_by = 'patient' AND appointments.moved_to IS NOT NULL) AS moved_by_patient, count(*)
FILTER (WHERE appointments.cancelled_by = 'clinic' AND appointments.moved_to IS NOT NULL) AS moved_by_clinic,
sum(CASE WHEN (appointments.status != 'cancelled') THEN appointments.slots ELSE 0 END) AS booked, sum(CASE
WHEN (appointments.status = 'completed') THEN appointments.slots ELSE 0 END) AS used
FROM appointments
WHERE appointments.date BETWEEN ? AND ? AND appointments.doctor_id IN (SELECT doctors.id
FROM doctors) GROUP BY appointments.doctor_id, appointments.date
"""


def outcomes(tx: Tx, *, first: Date, last: Date) -> list[rows.DayOutcomesRow]:
    return tx.fetch_all(_OUTCOMES, (from_date(first), from_date(last)), rows.day_outcomes_row)


_SLOTS = """
SELECT appointments.doctor_id, appointments.date, sum(appointments.slots) AS booked, sum(CASE WHEN
(appointments.status = 'completed') THEN appointments.slots ELSE 0 END) AS used
FROM appointments
WHERE appointments.date BETWEEN ? AND ? AND appointments.doctor_id IN (SELECT doctors.id
FROM doctors) AND appointments.status != 'cancelled' GROUP BY appointments.doctor_id, appointments.date
"""


def slots(tx: Tx, *, first: Date, last: Date) -> list[rows.DaySlotsRow]:
    return tx.fetch_all(_SLOTS, (from_date(first), from_date(last)), rows.day_slots_row)


_CAPACITIES = """
SELECT doctor_daily_capacities.doctor_id, doctor_daily_capacities.date, doctor_daily_capacities.capacity
FROM doctor_daily_capacities
WHERE doctor_daily_capacities.doctor_id IN (SELECT doctors_listed.value
FROM json_each(?) AS doctors_listed) AND doctor_daily_capacities.date BETWEEN ? AND ?
"""


def capacities(tx: Tx, *, doctors: Iterable[UUID], first: Date, last: Date) -> list[rows.DayCapacityRow]:
    return tx.fetch_all(
        _CAPACITIES,
        (from_list(doctors, from_uuid), from_date(first), from_date(last)),
        rows.day_capacity_row,
    )


_UNDONE = """
SELECT appointments.doctor_id, appointments.date, count(*) AS number
FROM appointments
WHERE appointments.date BETWEEN ? AND ? AND appointments.status = 'cancelled' AND appointments.id IN (SELECT
journal_steps.appointment_id
FROM journal_steps
WHERE journal_steps.to_status = 'cancelled' AND journal_steps.journal_number IN (SELECT journal.number
FROM journal
WHERE journal.undoes IS NOT NULL)) GROUP BY appointments.doctor_id, appointments.date
"""


def undone(tx: Tx, *, first: Date, last: Date) -> list[rows.DoctorDayCountRow]:
    return tx.fetch_all(_UNDONE, (from_date(first), from_date(last)), rows.doctor_day_count_row)


_NO_SHOWS_OF_DOCTORS = """
SELECT appointments.doctor_id, count(*) AS number, count(*) FILTER (WHERE appointments.status = 'no_show') AS
no_shows, count(*) FILTER (WHERE appointments.status = 'left') AS left_unseen
FROM appointments
WHERE appointments.date BETWEEN ? AND ? AND appointments.doctor_id IN (SELECT doctors.id
FROM doctors) AND appointments.status != 'cancelled' GROUP BY appointments.doctor_id
"""


def no_shows_of_doctors(tx: Tx, *, first: Date, last: Date) -> list[rows.DoctorNoShowsRow]:
    return tx.fetch_all(_NO_SHOWS_OF_DOCTORS, (from_date(first), from_date(last)), rows.doctor_no_shows_row)


_NO_SHOWS_OF_DATES = """
SELECT appointments.date, count(*) AS number, count(*) FILTER (WHERE appointments.status = 'no_show') AS
no_shows, count(*) FILTER (WHERE appointments.status = 'left') AS left_unseen
FROM appointments
WHERE appointments.date BETWEEN ? AND ? AND appointments.status != 'cancelled' GROUP BY appointments.date
"""


def no_shows_of_dates(tx: Tx, *, first: Date, last: Date) -> list[rows.DateNoShowsRow]:
    return tx.fetch_all(_NO_SHOWS_OF_DATES, (from_date(first), from_date(last)), rows.date_no_shows_row)


_CHANGES_OF_DOCTORS = """
SELECT appointments.doctor_id, count(*) AS number, count(*) FILTER (WHERE appointments.cancelled_by =
'patient' AND appointments.moved_to IS NULL) AS by_patient, count(*) FILTER (WHERE appointments.cancelled_by =
'clinic' AND appointments.moved_to IS NULL) AS by_clinic, count(*) FILTER (WHERE appointments.cancelled_by =
'patient' AND appointments.moved_to IS NOT NULL) AS moved_by_patient, count(*) FILTER (WHERE
appointments.cancelled_by = 'clinic' AND appointments.moved_to IS NOT NULL) AS moved_by_clinic
FROM appointments
WHERE appointments.date BETWEEN ? AND ? AND appointments.doctor_id IN (SELECT doctors.id
FROM doctors) GROUP BY appointments.doctor_id
"""


def changes_of_doctors(tx: Tx, *, first: Date, last: Date) -> list[rows.DoctorChangesRow]:
    return tx.fetch_all(_CHANGES_OF_DOCTORS, (from_date(first), from_date(last)), rows.doctor_changes_row)


_CHANGES_OF_DATES = """
SELECT appointments.date, count(*) AS number, count(*) FILTER (WHERE appointments.cancelled_by = 'patient' AND
appointments.moved_to IS NULL) AS by_patient, count(*) FILTER (WHERE appointments.cancelled_by = 'clinic' AND
appointments.moved_to IS NULL) AS by_clinic, count(*) FILTER (WHERE appointments.cancelled_by = 'patient' AND
appointments.moved_to IS NOT NULL) AS moved_by_patient, count(*) FILTER (WHERE appointments.cancelled_by =
'clinic' AND appointments.moved_to IS NOT NULL) AS moved_by_clinic
FROM appointments
WHERE appointments.date BETWEEN ? AND ? GROUP BY appointments.date
"""


def changes_of_dates(tx: Tx, *, first: Date, last: Date) -> list[rows.DateChangesRow]:
    return tx.fetch_all(_CHANGES_OF_DATES, (from_date(first), from_date(last)), rows.date_changes_row)


_WAITS_OF_DOCTORS = """
SELECT listed.doctor_id, listed.minutes, count(*) AS number
FROM (SELECT queue_entries.doctor_id AS doctor_id, CAST((julianday(substr(coalesce(queue_entries.called_at,
queue_entries.started_at), 1, 19)) - julianday(substr(queue_entries.checked_in_at, 1, 19))) * 1440 + 0.0001 AS
INTEGER) AS minutes
FROM queue_entries
WHERE queue_entries.date BETWEEN ? AND ? AND coalesce(queue_entries.called_at, queue_entries.started_at) IS
NOT NULL
LIMIT 4611686018427387904 OFFSET ?) AS listed GROUP BY listed.doctor_id, listed.minutes
"""


def waits_of_doctors(tx: Tx, *, first: Date, last: Date) -> list[rows.DoctorMinutesRow]:
    return tx.fetch_all(_WAITS_OF_DOCTORS, (from_date(first), from_date(last), 0), rows.doctor_minutes_row)


_WAITS_OF_DATES = """
SELECT listed.date, listed.minutes, count(*) AS number
FROM (SELECT queue_entries.date AS date, CAST((julianday(substr(coalesce(queue_entries.called_at,
queue_entries.started_at), 1, 19)) - julianday(substr(queue_entries.checked_in_at, 1, 19))) * 1440 + 0.0001 AS
INTEGER) AS minutes
FROM queue_entries
WHERE queue_entries.date BETWEEN ? AND ? AND coalesce(queue_entries.called_at, queue_entries.started_at) IS
NOT NULL
LIMIT 4611686018427387904 OFFSET ?) AS listed GROUP BY listed.date, listed.minutes
"""


def waits_of_dates(tx: Tx, *, first: Date, last: Date) -> list[rows.DateMinutesRow]:
    return tx.fetch_all(_WAITS_OF_DATES, (from_date(first), from_date(last), 0), rows.date_minutes_row)


_CONSULTATIONS_OF_DOCTORS = """
SELECT listed.doctor_id, listed.minutes, count(*) AS number
FROM (SELECT queue_entries.doctor_id AS doctor_id, CAST((julianday(substr(queue_entries.ended_at, 1, 19)) -
julianday(substr(queue_entries.started_at, 1, 19))) * 1440 + 0.0001 AS INTEGER) AS minutes
FROM queue_entries
WHERE queue_entries.date BETWEEN ? AND ? AND queue_entries.status = 'done' AND queue_entries.started_at IS NOT
NULL AND queue_entries.ended_at IS NOT NULL
LIMIT 4611686018427387904 OFFSET ?) AS listed GROUP BY listed.doctor_id, listed.minutes
"""


def consultations_of_doctors(tx: Tx, *, first: Date, last: Date) -> list[rows.DoctorMinutesRow]:
    return tx.fetch_all(_CONSULTATIONS_OF_DOCTORS, (from_date(first), from_date(last), 0), rows.doctor_minutes_row)


_CONSULTATIONS_OF_DATES = """
SELECT listed.date, listed.minutes, count(*) AS number
FROM (SELECT queue_entries.date AS date, CAST((julianday(substr(queue_entries.ended_at, 1, 19)) -
julianday(substr(queue_entries.started_at, 1, 19))) * 1440 + 0.0001 AS INTEGER) AS minutes
FROM queue_entries
WHERE queue_entries.date BETWEEN ? AND ? AND queue_entries.status = 'done' AND queue_entries.started_at IS NOT
NULL AND queue_entries.ended_at IS NOT NULL
LIMIT 4611686018427387904 OFFSET ?) AS listed GROUP BY listed.date, listed.minutes
"""


def consultations_of_dates(tx: Tx, *, first: Date, last: Date) -> list[rows.DateMinutesRow]:
    return tx.fetch_all(_CONSULTATIONS_OF_DATES, (from_date(first), from_date(last), 0), rows.date_minutes_row)


_LEADS_OF_DOCTORS = """
SELECT listed.doctor_id, listed.days, listed.minute, count(*) AS number
FROM (SELECT appointments.doctor_id AS doctor_id, CAST(julianday(appointments.date) - 2440587.5 + 0.0001 AS
INTEGER) - CAST(julianday(substr(appointments.created_at, 1, 19)) - 2440587.5 + ? * 1.1574074074074073e-05 +
1.1574074074074074e-09 AS INTEGER) AS days, CASE WHEN (CASE WHEN (substr(appointments.created_at, 12, 8) >= ?)
THEN 1 ELSE 0 END + CASE WHEN (substr(appointments.created_at, 12, 8) < ?) THEN 1 ELSE 0 END + ? = 2) THEN
substr(appointments.created_at, 1, 16) END AS minute
FROM appointments
WHERE appointments.date BETWEEN ? AND ? AND appointments.status != 'cancelled'
LIMIT 4611686018427387904 OFFSET ?) AS listed GROUP BY listed.doctor_id, listed.days, listed.minute
"""


def leads_of_doctors(
    tx: Tx,
    *,
    offset: int,
    late: str,
    night: str,
    wraps: int,
    first: Date,
    last: Date,
) -> list[rows.DoctorLeadRow]:
    return tx.fetch_all(
        _LEADS_OF_DOCTORS,
        (offset, late, night, wraps, from_date(first), from_date(last), 0),
        rows.doctor_lead_row,
    )


_LEADS_OF_DATES = """
SELECT listed.date, listed.days, listed.minute, count(*) AS number
FROM (SELECT appointments.date AS date, CAST(julianday(appointments.date) - 2440587.5 + 0.0001 AS INTEGER) -
CAST(julianday(substr(appointments.created_at, 1, 19)) - 2440587.5 + ? * 1.1574074074074073e-05 +
1.1574074074074074e-09 AS INTEGER) AS days, CASE WHEN (CASE WHEN (substr(appointments.created_at, 12, 8) >= ?)
THEN 1 ELSE 0 END + CASE WHEN (substr(appointments.created_at, 12, 8) < ?) THEN 1 ELSE 0 END + ? = 2) THEN
substr(appointments.created_at, 1, 16) END AS minute
FROM appointments
WHERE appointments.date BETWEEN ? AND ? AND appointments.status != 'cancelled'
LIMIT 4611686018427387904 OFFSET ?) AS listed GROUP BY listed.date, listed.days, listed.minute
"""


def leads_of_dates(
    tx: Tx,
    *,
    offset: int,
    late: str,
    night: str,
    wraps: int,
    first: Date,
    last: Date,
) -> list[rows.DateLeadRow]:
    return tx.fetch_all(
        _LEADS_OF_DATES,
        (offset, late, night, wraps, from_date(first), from_date(last), 0),
        rows.date_lead_row,
    )


_ARRIVALS = """
SELECT listed.hour, count(*) AS number
FROM (SELECT CAST((julianday(substr(queue_entries.checked_in_at, 1, 19)) - 2440587.5 + ? *
1.1574074074074073e-05) * 24 + 0.0001 AS INTEGER) AS hour
FROM queue_entries
WHERE queue_entries.date BETWEEN ? AND ? AND queue_entries.checked_in_at >= ? AND queue_entries.checked_in_at
< ?
LIMIT 4611686018427387904 OFFSET ?) AS listed GROUP BY listed.hour
"""


def arrivals(tx: Tx, *, offset: int, first: Date, last: Date, start: datetime, end: datetime) -> list[rows.HourRow]:
    return tx.fetch_all(
        _ARRIVALS,
        (offset, from_date(first), from_date(last), from_instant(start), from_instant(end), 0),
        rows.hour_row,
    )


_ARRIVALS_OF_DOCTORS = """
SELECT listed.doctor_id, listed.hour, count(*) AS number
FROM (SELECT queue_entries.doctor_id AS doctor_id, CAST((julianday(substr(queue_entries.checked_in_at, 1, 19))
- 2440587.5 + ? * 1.1574074074074073e-05) * 24 + 0.0001 AS INTEGER) -
CAST(CAST((julianday(substr(queue_entries.checked_in_at, 1, 19)) - 2440587.5 + ? * 1.1574074074074073e-05) *
24 + 0.0001 AS INTEGER) * 0.005952380952380952 + 0.0001 AS INTEGER) * 168 AS hour
FROM queue_entries
WHERE queue_entries.date BETWEEN ? AND ? AND queue_entries.checked_in_at >= ? AND queue_entries.checked_in_at
< ?
LIMIT 4611686018427387904 OFFSET ?) AS listed GROUP BY listed.doctor_id, listed.hour
"""


def arrivals_of_doctors(
    tx: Tx,
    *,
    offset: int,
    first: Date,
    last: Date,
    start: datetime,
    end: datetime,
) -> list[rows.DoctorHourRow]:
    return tx.fetch_all(
        _ARRIVALS_OF_DOCTORS,
        (offset, offset, from_date(first), from_date(last), from_instant(start), from_instant(end), 0),
        rows.doctor_hour_row,
    )


_ARRIVALS_OF_DATES = """
SELECT listed.date, listed.hour, count(*) AS number
FROM (SELECT queue_entries.date AS date, CAST((julianday(substr(queue_entries.checked_in_at, 1, 19)) -
2440587.5 + ? * 1.1574074074074073e-05) * 24 + 0.0001 AS INTEGER) AS hour
FROM queue_entries
WHERE queue_entries.date BETWEEN ? AND ? AND queue_entries.checked_in_at >= ? AND queue_entries.checked_in_at
< ?
LIMIT 4611686018427387904 OFFSET ?) AS listed GROUP BY listed.date, listed.hour
"""


def arrivals_of_dates(
    tx: Tx,
    *,
    offset: int,
    first: Date,
    last: Date,
    start: datetime,
    end: datetime,
) -> list[rows.DateHourRow]:
    return tx.fetch_all(
        _ARRIVALS_OF_DATES,
        (offset, from_date(first), from_date(last), from_instant(start), from_instant(end), 0),
        rows.date_hour_row,
    )


_MESSAGES_OF_DOCTORS = """
SELECT appointments.doctor_id, messages.kind, messages.channel, messages.state, count(*) AS number
FROM appointments JOIN messages ON messages.appointment = appointments.number
WHERE appointments.date BETWEEN ? AND ? GROUP BY appointments.doctor_id, messages.kind, messages.channel,
messages.state
"""


def messages_of_doctors(tx: Tx, *, first: Date, last: Date) -> list[rows.DoctorMessagesRow]:
    return tx.fetch_all(_MESSAGES_OF_DOCTORS, (from_date(first), from_date(last)), rows.doctor_messages_row)


_MESSAGES_OF_DATES = """
SELECT appointments.date, messages.kind, messages.channel, messages.state, count(*) AS number
FROM appointments JOIN messages ON messages.appointment = appointments.number
WHERE appointments.date BETWEEN ? AND ? GROUP BY appointments.date, messages.kind, messages.channel,
messages.state
"""


def messages_of_dates(tx: Tx, *, first: Date, last: Date) -> list[rows.DateMessagesRow]:
    return tx.fetch_all(_MESSAGES_OF_DATES, (from_date(first), from_date(last)), rows.date_messages_row)


_REMINDED_OF_DOCTORS = """
SELECT appointments.doctor_id, count(*) AS number, count(*) FILTER (WHERE appointments.status = 'no_show') AS
no_shows
FROM appointments
WHERE appointments.date BETWEEN ? AND ? AND appointments.status != 'cancelled' AND (EXISTS (SELECT *
FROM messages
WHERE messages.appointment = appointments.number AND messages.kind = 'reminder' AND messages.state = 'sent'))
GROUP BY appointments.doctor_id
"""


def reminded_of_doctors(tx: Tx, *, first: Date, last: Date) -> list[rows.DoctorRemindedRow]:
    return tx.fetch_all(_REMINDED_OF_DOCTORS, (from_date(first), from_date(last)), rows.doctor_reminded_row)


_REMINDED_OF_DATES = """
SELECT appointments.date, count(*) AS number, count(*) FILTER (WHERE appointments.status = 'no_show') AS
no_shows
FROM appointments
WHERE appointments.date BETWEEN ? AND ? AND appointments.status != 'cancelled' AND (EXISTS (SELECT *
FROM messages
WHERE messages.appointment = appointments.number AND messages.kind = 'reminder' AND messages.state = 'sent'))
GROUP BY appointments.date
"""


def reminded_of_dates(tx: Tx, *, first: Date, last: Date) -> list[rows.DateRemindedRow]:
    return tx.fetch_all(_REMINDED_OF_DATES, (from_date(first), from_date(last)), rows.date_reminded_row)


_REACHED_BY_KIND = """
SELECT messages.kind, count(DISTINCT appointments.number) AS number, count(DISTINCT appointments.number)
FILTER (WHERE appointments.status = 'no_show') AS no_shows
FROM appointments JOIN messages ON messages.appointment = appointments.number
WHERE appointments.date BETWEEN ? AND ? AND appointments.status != 'cancelled' AND messages.state = 'sent'
GROUP BY messages.kind
"""


def reached_by_kind(tx: Tx, *, first: Date, last: Date) -> list[rows.KindReachedRow]:
    return tx.fetch_all(_REACHED_BY_KIND, (from_date(first), from_date(last)), rows.kind_reached_row)


_REMINDED_BY_CHANNEL = """
SELECT messages.channel, count(DISTINCT appointments.number) AS number, count(DISTINCT appointments.number)
FILTER (WHERE appointments.status = 'no_show') AS no_shows
FROM appointments JOIN messages ON messages.appointment = appointments.number
WHERE appointments.date BETWEEN ? AND ? AND appointments.status != 'cancelled' AND messages.state = 'sent' AND
messages.kind = 'reminder' GROUP BY messages.channel
"""


def reminded_by_channel(tx: Tx, *, first: Date, last: Date) -> list[rows.ChannelReachedRow]:
    return tx.fetch_all(_REMINDED_BY_CHANNEL, (from_date(first), from_date(last)), rows.channel_reached_row)

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
WHERE appointments.date BETWEEN ? AND ? GROUP BY appointments.doctor_id, appointments.date
"""


def outcomes(tx: Tx, *, first: Date, last: Date) -> list[rows.DayOutcomesRow]:
    return tx.fetch_all(_OUTCOMES, (from_date(first), from_date(last)), rows.day_outcomes_row)


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


_WAITS = """
SELECT waited."key", waited.seconds / 60 AS minutes, count(*) AS number, sum(waited.seconds) AS seconds
FROM (SELECT CASE WHEN (? = 'doctor') THEN queue_entries.doctor_id WHEN (? = 'month') THEN
substr(queue_entries.date, 1, 7) WHEN (? = 'weekday') THEN CAST(CAST(julianday(queue_entries.date) + 0.5 AS
INTEGER) - (CAST(julianday(queue_entries.date) + 0.5 AS INTEGER) / 7) * 7 AS VARCHAR) ELSE '' END AS "key",
(CAST(round((julianday(substr(coalesce(queue_entries.called_at, queue_entries.started_at), 1, 19)) -
2440587.5) * 86400) AS INTEGER) - CAST(round((julianday(substr(queue_entries.checked_in_at, 1, 19)) -
2440587.5) * 86400) AS INTEGER)) - CASE WHEN (substr(coalesce(queue_entries.called_at,
queue_entries.started_at), 20) < substr(queue_entries.checked_in_at, 20)) THEN 1 ELSE 0 END AS seconds
FROM queue_entries
WHERE queue_entries.date BETWEEN ? AND ? AND coalesce(queue_entries.called_at, queue_entries.started_at) IS
NOT NULL) AS waited GROUP BY waited."key", waited.seconds / 60
"""


def waits(tx: Tx, *, by: str, first: Date, last: Date) -> list[rows.MinutesRow]:
    return tx.fetch_all(_WAITS, (by, by, by, from_date(first), from_date(last)), rows.minutes_row)


_CONSULTATIONS = """
SELECT lasted."key", lasted.seconds / 60 AS minutes, count(*) AS number, sum(lasted.seconds) AS seconds
FROM (SELECT CASE WHEN (? = 'doctor') THEN queue_entries.doctor_id WHEN (? = 'month') THEN
substr(queue_entries.date, 1, 7) WHEN (? = 'weekday') THEN CAST(CAST(julianday(queue_entries.date) + 0.5 AS
INTEGER) - (CAST(julianday(queue_entries.date) + 0.5 AS INTEGER) / 7) * 7 AS VARCHAR) ELSE '' END AS "key",
(CAST(round((julianday(substr(queue_entries.ended_at, 1, 19)) - 2440587.5) * 86400) AS INTEGER) -
CAST(round((julianday(substr(queue_entries.started_at, 1, 19)) - 2440587.5) * 86400) AS INTEGER)) - CASE WHEN
(substr(queue_entries.ended_at, 20) < substr(queue_entries.started_at, 20)) THEN 1 ELSE 0 END AS seconds
FROM queue_entries
WHERE queue_entries.date BETWEEN ? AND ? AND queue_entries.status = 'done' AND queue_entries.started_at IS NOT
NULL AND queue_entries.ended_at IS NOT NULL) AS lasted GROUP BY lasted."key", lasted.seconds / 60
"""


def consultations(tx: Tx, *, by: str, first: Date, last: Date) -> list[rows.MinutesRow]:
    return tx.fetch_all(_CONSULTATIONS, (by, by, by, from_date(first), from_date(last)), rows.minutes_row)


_LEADS = """
SELECT made."key", made.days, made.late, count(*) AS number
FROM (SELECT CASE WHEN (? = 'doctor') THEN appointments.doctor_id WHEN (? = 'month') THEN
substr(appointments.date, 1, 7) WHEN (? = 'weekday') THEN CAST(CAST(julianday(appointments.date) + 0.5 AS
INTEGER) - (CAST(julianday(appointments.date) + 0.5 AS INTEGER) / 7) * 7 AS VARCHAR) ELSE '' END AS "key",
CAST(julianday(appointments.date) - 2440587.5 AS INTEGER) -
(CAST(round((julianday(substr(appointments.created_at, 1, 19)) - 2440587.5) * 86400) AS INTEGER) + ?) / 86400
AS days, CASE WHEN (86400 - ? <= (CAST(round((julianday(substr(appointments.created_at, 1, 19)) - 2440587.5) *
86400) AS INTEGER) + ?) - ((CAST(round((julianday(substr(appointments.created_at, 1, 19)) - 2440587.5) *
86400) AS INTEGER) + ?) / 86400) * 86400) THEN ((CAST(round((julianday(substr(appointments.created_at, 1, 19))
- 2440587.5) * 86400) AS INTEGER) + ?) - ?) / 900 END AS late
FROM appointments
WHERE appointments.date BETWEEN ? AND ? AND appointments.status != 'cancelled') AS made GROUP BY made."key",
made.days, made.late
"""


def leads(tx: Tx, *, by: str, offset: int, window: int, first: Date, last: Date) -> list[rows.LeadRow]:
    return tx.fetch_all(
        _LEADS,
        (by, by, by, offset, window, offset, offset, offset, offset, from_date(first), from_date(last)),
        rows.lead_row,
    )


_ARRIVALS = """
SELECT arrived."key", arrived.hours - (arrived.hours / 168) * 168 AS hour, count(*) AS number
FROM (SELECT CASE WHEN (? = 'doctor') THEN queue_entries.doctor_id WHEN (? = 'month') THEN
substr(queue_entries.date, 1, 7) WHEN (? = 'weekday') THEN CAST(CAST(julianday(queue_entries.date) + 0.5 AS
INTEGER) - (CAST(julianday(queue_entries.date) + 0.5 AS INTEGER) / 7) * 7 AS VARCHAR) ELSE '' END AS "key",
(CAST(round((julianday(substr(queue_entries.checked_in_at, 1, 19)) - 2440587.5) * 86400) AS INTEGER) + ?) /
3600 AS hours
FROM queue_entries
WHERE queue_entries.date BETWEEN ? AND ? AND queue_entries.checked_in_at >= ? AND queue_entries.checked_in_at
< ?) AS arrived GROUP BY arrived."key", arrived.hours - (arrived.hours / 168) * 168
"""


def arrivals(
    tx: Tx,
    *,
    by: str,
    offset: int,
    first: Date,
    last: Date,
    start: datetime,
    end: datetime,
) -> list[rows.ArrivalRow]:
    return tx.fetch_all(
        _ARRIVALS,
        (by, by, by, offset, from_date(first), from_date(last), from_instant(start), from_instant(end)),
        rows.arrival_row,
    )

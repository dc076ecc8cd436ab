"""Queries for appointments, with their patients, doctors and queue entries."""

from sqlalchemy import Date, String, and_, bindparam, cast, delete, func, insert, literal_column, or_, select, update

from clinicctl.statuses import AppointmentStatus
from clinicctl.store.models import (
    IN_QUEUE,
    IS_ACTIVE,
    appointments,
    doctors,
    held_slots,
    journal,
    journal_steps,
    patients,
    queue_entries,
)
from clinicctl.store.queries import FILTERS, LIMIT, among, change, change_each, condition, every, filtered, one

_ACTIVE_STATUSES = (AppointmentStatus.BOOKED, AppointmentStatus.CHECKED_IN, AppointmentStatus.IN_CONSULTATION)
_queue_doctors = doctors.alias("queue_doctors")

_PATIENT = (
    patients.c.number.label("patient_number"),
    patients.c.name.label("patient_name"),
    patients.c.phone.label("patient_phone"),
    patients.c.born.label("patient_born"),
    patients.c.born_year.label("patient_born_year"),
    patients.c.sex.label("patient_sex"),
)
_ALL = (
    select(
        appointments,
        *_PATIENT,
        patients.c.archived_at.label("patient_archived_at"),
        doctors.c.code.label("doctor_code"),
        doctors.c.name.label("doctor_name"),
        doctors.c.archived_at.label("doctor_archived_at"),
        queue_entries.c.position.label("position"),
        _queue_doctors.c.code.label("queue_doctor_code"),
    )
    .join(patients, patients.c.id == appointments.c.patient_id)
    .join(doctors, doctors.c.id == appointments.c.doctor_id)
    .outerjoin(queue_entries, queue_entries.c.appointment_id == appointments.c.id)
    .outerjoin(_queue_doctors, _queue_doctors.c.id == queue_entries.c.doctor_id)
)
_WITH_DOCTOR = appointments.c.doctor_id == bindparam("doctor")
_WITH_PATIENT = appointments.c.patient_id == bindparam("patient")
_ON = appointments.c.date == bindparam("on")

BY_ID = one(_ALL.where(appointments.c.id == bindparam("id")), "AppointmentRow")
BY_NUMBER = one(_ALL.where(appointments.c.number == bindparam("number")), "AppointmentRow")
AMONG = every(_ALL.where(among(appointments.c.id, "ids")), "AppointmentRow")

BOOKED = every(
    _ALL.where(_WITH_DOCTOR, _ON, appointments.c.status == AppointmentStatus.BOOKED).order_by(appointments.c.slot),
    "AppointmentRow",
)
OF_PATIENT_ON = every(_ALL.where(_WITH_PATIENT, _ON).order_by(appointments.c.number), "AppointmentRow")
_NOT_CANCELLED = _ALL.where(_ON, appointments.c.status != AppointmentStatus.CANCELLED)
_ENDED = (AppointmentStatus.COMPLETED, AppointmentStatus.LEFT, AppointmentStatus.NO_SHOW)
_TODAY = bindparam("today", type_=Date)
_IS_COMING = and_(_WITH_PATIENT, appointments.c.date >= _TODAY, appointments.c.status.in_(_ACTIVE_STATUSES))
_coming = (
    select(
        appointments.c.id,
        # Of a series only the next one counts.
        func.row_number()
        .over(
            partition_by=func.coalesce(appointments.c.series, -appointments.c.number),
            order_by=(appointments.c.date, appointments.c.number),
        )
        .label("nth"),
    )
    .where(_IS_COMING)
    .subquery("coming")
)
COMING_OF_PATIENT = every(
    _ALL.where(appointments.c.id.in_(select(_coming.c.id).where(_coming.c.nth == 1)))
    .order_by(appointments.c.date, appointments.c.number)
    .limit(LIMIT),
    "AppointmentRow",
)
COMING_SERIES = every(
    select(
        appointments.c.series,
        func.count().label("visits"),
        func.max(appointments.c.date).label("last_date"),
    )
    .where(_IS_COMING, appointments.c.series.is_not(None))
    .group_by(appointments.c.series)
    .order_by(func.min(appointments.c.date), appointments.c.series)
    .limit(LIMIT),
    "ComingSeriesRow",
)
PAST_OF_PATIENT = every(
    _ALL.where(
        _WITH_PATIENT,
        appointments.c.status != AppointmentStatus.CANCELLED,
        or_(appointments.c.date < _TODAY, appointments.c.status.in_(_ENDED)),
    )
    .order_by(appointments.c.date.desc(), appointments.c.number.desc())
    .limit(LIMIT),
    "AppointmentRow",
)
COUNT_NO_SHOWS = one(select(func.count()).where(_WITH_PATIENT, appointments.c.status == AppointmentStatus.NO_SHOW))
OF_DAY = every(_NOT_CANCELLED.order_by(doctors.c.code, appointments.c.slot), "AppointmentRow")
OF_PATIENTS_ON = every(
    _NOT_CANCELLED.where(among(appointments.c.patient_id, "patients")).order_by(doctors.c.code, appointments.c.slot),
    "AppointmentRow",
)
OF_DOCTORS_DAY = every(_NOT_CANCELLED.where(_WITH_DOCTOR).order_by(appointments.c.slot), "AppointmentRow")

# A subquery, because the index needs the exact condition, and `status` is also a column of the queue.
_ACTIVE = select(appointments.c.id).where(IS_ACTIVE).correlate(None)
ACTIVE_OF_PATIENT = every(_ALL.where(appointments.c.id.in_(_ACTIVE.where(_WITH_PATIENT))), "AppointmentRow")
BOOKED_OF_PATIENTS = every(
    _ALL.where(
        appointments.c.id.in_(_ACTIVE.where(among(appointments.c.patient_id, "patients"))),
        appointments.c.status == AppointmentStatus.BOOKED,
    ),
    "AppointmentRow",
)
ACTIVE_OF_DOCTOR = every(_ALL.where(appointments.c.id.in_(_ACTIVE.where(_WITH_DOCTOR))), "AppointmentRow")
ACTIVE_IN_QUEUE = every(
    _ALL.where(
        queue_entries.c.doctor_id == bindparam("doctor"),
        IN_QUEUE,
        appointments.c.status.in_(_ACTIVE_STATUSES),
    ),
    "AppointmentRow",
)
ARRIVED = every(
    select(
        appointments,
        *_PATIENT,
        doctors.c.code.label("doctor_code"),
        queue_entries.c.position.label("position"),
        queue_entries.c.status.label("queue_status"),
    )
    .join(patients, patients.c.id == appointments.c.patient_id)
    .join(queue_entries, queue_entries.c.appointment_id == appointments.c.id)
    .join(doctors, doctors.c.id == queue_entries.c.doctor_id)
    .where(queue_entries.c.doctor_id == bindparam("doctor"), queue_entries.c.date == bindparam("on"), IN_QUEUE)
    .order_by(queue_entries.c.position),
    "ArrivedRow",
)

MATCHING = filtered(
    _ALL.where(FILTERS)
    .order_by(appointments.c.date, doctors.c.code, appointments.c.slot, appointments.c.number)
    .limit(LIMIT),
    "AppointmentRow",
    streamed=True,
)
WITH_DOCTOR = condition(_WITH_DOCTOR)
WITH_PATIENT = condition(_WITH_PATIENT)
ON_DATES = condition(among(appointments.c.date, "dates"))
IN_SPAN = condition(appointments.c.date.between(bindparam("first"), bindparam("last")))
IN_STATUSES = condition(among(appointments.c.status, "statuses"))
CANCELLED_BY = condition(appointments.c.cancelled_by == bindparam("by"))
IN_SERIES = condition(appointments.c.series == bindparam("series"))
NOT_UNDONE = condition(
    ~select(journal_steps.c.appointment_id)
    .join(journal, journal.c.number == journal_steps.c.journal_number)
    .where(
        journal_steps.c.appointment_id == literal_column("appointments.id"),
        journal_steps.c.to_status == AppointmentStatus.CANCELLED.value,
        journal.c.undoes.is_not(None),
    )
    .exists()
)

_HELD_ON = and_(held_slots.c.doctor_id == bindparam("doctor"), held_slots.c.date == bindparam("on"))
_BETWEEN = held_slots.c.slot.between(bindparam("first"), bindparam("last"))
HELD_SLOTS = every(select(held_slots.c.slot).where(_HELD_ON))
HOLDER = one(select(held_slots.c.appointment).where(_HELD_ON, _BETWEEN).order_by(held_slots.c.slot).limit(1))
HELD_OF_DOCTORS = every(
    select(
        held_slots.c.doctor_id,
        held_slots.c.date,
        func.aggregate_strings(cast(held_slots.c.slot, String), ",").label("slots"),
    )
    .where(
        among(held_slots.c.doctor_id, "doctors"),
        held_slots.c.date.between(bindparam("first_date"), bindparam("last_date")),
    )
    .group_by(held_slots.c.doctor_id, held_slots.c.date),
    "HeldSlotsRow",
)
HOLD = change_each(insert(held_slots), row="HeldSlotRow")
RELEASE = change(delete(held_slots).where(_HELD_ON, _BETWEEN, held_slots.c.appointment == bindparam("appointment")))
RELEASE_DAY = change(delete(held_slots).where(_HELD_ON))
TIMES_OF_PATIENT = every(
    select(appointments.c.number, appointments.c.time, appointments.c.after_midnight, appointments.c.minutes).where(
        _WITH_PATIENT, _ON, appointments.c.time.is_not(None), IS_ACTIVE
    ),
    "BusyRow",
)
OF_SERIES = every(
    _ALL.where(appointments.c.series == bindparam("series")).order_by(appointments.c.date, appointments.c.number),
    "AppointmentRow",
)
VISITS = every(
    select(appointments.c.visit, appointments.c.number)
    .where(_WITH_PATIENT, _WITH_DOCTOR, _ON, IS_ACTIVE)
    .order_by(appointments.c.visit),
    "VisitRow",
)
AT_TIME = every(
    select(
        appointments.c.id,
        appointments.c.number,
        appointments.c.patient_id,
        appointments.c.doctor_id,
        appointments.c.created_at,
    )
    .where(or_(and_(_WITH_PATIENT, _ON), and_(_WITH_DOCTOR, _ON)), appointments.c.time == bindparam("at"), IS_ACTIVE)
    .order_by(appointments.c.number),
    "AtTimeRow",
)
HISTORY = every(
    select(
        journal_steps.c.from_status,
        journal_steps.c.to_status,
        journal_steps.c.queue_from,
        journal_steps.c.queue_to,
        journal_steps.c.slot,
        journal_steps.c.position,
        journal.c.number,
        journal.c.at,
        journal.c.actor,
        journal.c.command,
    )
    .join(journal, journal.c.number == journal_steps.c.journal_number)
    .where(journal_steps.c.appointment_id == bindparam("appointment"))
    .order_by(journal_steps.c.journal_number, journal_steps.c.nth),
    "HistoryRow",
)
PLACES = every(
    select(appointments.c.number, appointments.c.id, appointments.c.date).where(
        among(appointments.c.number, "numbers")
    ),
    "PlaceRow",
)
STEP_COUNTS = every(
    select(journal_steps.c.appointment_id, func.count().label("steps"), func.max(journal.c.at).label("last_at"))
    .join(journal, journal.c.number == journal_steps.c.journal_number)
    .where(among(journal_steps.c.appointment_id, "appointments"))
    .group_by(journal_steps.c.appointment_id),
    "StepCountRow",
)
STATUS = one(select(appointments.c.status).where(appointments.c.id == bindparam("id")))

INSERT = change(insert(appointments))
EDIT = change(
    update(appointments).where(appointments.c.id == bindparam("row"), appointments.c.status == bindparam("leaving")),
    *("time", "reason", "note", "updated_at"),
)
PLACE = change(
    update(appointments).where(appointments.c.id == bindparam("row"), appointments.c.status == bindparam("leaving")),
    *("slot", "slots", "time", "minutes", "after_midnight", "overbooked", "updated_at"),
)
ADVANCE = change(
    update(appointments).where(appointments.c.id == bindparam("row"), appointments.c.status == bindparam("leaving")),
    *("status", "cancelled_by", "cancel_reason", "moved_to", "updated_at"),
)

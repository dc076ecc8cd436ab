"""Queries for the entries in doctors' queues."""

from datetime import date
from uuid import UUID

from sqlalchemy import (
    Boolean,
    ColumnElement,
    Date,
    Integer,
    Select,
    String,
    Uuid,
    bindparam,
    cast,
    extract,
    func,
    insert,
    select,
    true,
    tuple_,
    type_coerce,
    update,
)
from sqlalchemy.sql.selectable import NamedFromClause

from clinicctl.statuses import QueueStatus
from clinicctl.store.models import IN_QUEUE, IS_ACTIVE, appointments, doctors, patients, queue_entries
from clinicctl.store.queries import FILTERS, LIMIT, change, condition, either, every, filtered, listed, one, stream

_ALL = select(
    queue_entries,
    doctors.c.code.label("doctor_code"),
    doctors.c.name.label("doctor_name"),
    doctors.c.archived_at.label("doctor_archived_at"),
).join(doctors, doctors.c.id == queue_entries.c.doctor_id)
_OF_DOCTOR = queue_entries.c.doctor_id == bindparam("doctor")
_ON = queue_entries.c.date == bindparam("on")
_EARLIER = queue_entries.c.date < bindparam("today")
_AT = queue_entries.c.position == bindparam("position")
_IN_STATUS = queue_entries.c.status == bindparam("status")


def _seconds(entries: NamedFromClause) -> ColumnElement[int]:
    """Return how long a consultation took, from whole second to whole second.

    The database subtracts the instants, because to read them as values takes longer than the rest of an estimate.
    """
    to_the_second = len("2026-01-31 23:59:59")
    start, end = (
        func.julianday(func.substr(each, 1, to_the_second)) for each in (entries.c.started_at, entries.c.ended_at)
    )
    began, ended = (func.date_trunc("second", each) for each in (entries.c.started_at, entries.c.ended_at))
    return either(cast(func.round((end - start) * 86_400), Integer), cast(extract("epoch", ended - began), Integer))


def _consultations(entries: NamedFromClause, doctor: ColumnElement[bool]) -> list[ColumnElement[bool]]:
    """Return the conditions for the ended consultations of a doctor in a span."""
    span = entries.c.date.between(bindparam("first"), bindparam("last"))
    return [doctor, span, entries.c.status == QueueStatus.DONE]


OF_DAY = every(_ALL.where(_ON), "QueueRow")
OF_DOCTOR = every(_ALL.where(_OF_DOCTOR, _ON), "QueueRow")
OF_APPOINTMENT = one(_ALL.where(queue_entries.c.appointment_id == bindparam("appointment")), "QueueRow")
EARLIER = every(_ALL.where(IN_QUEUE, _EARLIER), "QueueRow")
EARLIER_OF_DOCTOR = every(_ALL.where(IN_QUEUE, _EARLIER, _OF_DOCTOR), "QueueRow")
AT = one(_ALL.where(_OF_DOCTOR, _ON, _AT), "QueueRow")
EARLIER_AT = every(_ALL.where(IN_QUEUE, _EARLIER, _OF_DOCTOR, _AT).order_by(queue_entries.c.date), "QueueRow")
# In the calling order.
IN_STATUS = stream(
    _ALL.where(
        IN_QUEUE,
        _IN_STATUS,
        _OF_DOCTOR,
        queue_entries.c.date.between(bindparam("first"), bindparam("last")),
    ).order_by(
        queue_entries.c.date,
        queue_entries.c.priority.desc(),
        queue_entries.c.moved_up.desc(),
        queue_entries.c.recalled,
        queue_entries.c.position,
    ),
    "QueueRow",
)


def count_ahead(
    *,
    doctor: ColumnElement[UUID],
    on: ColumnElement[date],
    priority: ColumnElement[int],
    moved_up: ColumnElement[bool],
    recalled: ColumnElement[int],
    position: ColumnElement[int],
) -> Select[int]:
    """Return how many wait ahead of a place in the calling order.

    The two columns that run down change sides.
    """
    return select(func.count()).where(
        IN_QUEUE,
        queue_entries.c.status == QueueStatus.WAITING,
        queue_entries.c.doctor_id == doctor,
        queue_entries.c.date <= on,
        tuple_(queue_entries.c.date, priority, moved_up, queue_entries.c.recalled, queue_entries.c.position)
        < tuple_(on, queue_entries.c.priority, queue_entries.c.moved_up, recalled, position),
    )


PEOPLE_AHEAD = one(
    count_ahead(
        doctor=bindparam("doctor", type_=Uuid()),
        on=bindparam("on", type_=Date()),
        priority=bindparam("priority", type_=Integer()),
        moved_up=bindparam("moved_up", type_=Boolean()),
        recalled=bindparam("recalled", type_=Integer()),
        position=bindparam("position", type_=Integer()),
    )
)
_OF_EARLIER_QUEUES = _ALL.where(
    tuple_(queue_entries.c.doctor_id, queue_entries.c.date).in_(
        select(queue_entries.c.doctor_id, queue_entries.c.date).where(IN_QUEUE, _EARLIER).correlate(None)
    )
).order_by(queue_entries.c.date, doctors.c.code, queue_entries.c.position)
OF_EARLIER_QUEUES = every(_OF_EARLIER_QUEUES, "QueueRow")
OF_EARLIER_QUEUES_OF_DOCTOR = every(_OF_EARLIER_QUEUES.where(_OF_DOCTOR), "QueueRow")
# A subquery, because the index needs the exact condition, and `status` is a column of both tables.
OF_PATIENT = every(
    _ALL.where(
        queue_entries.c.appointment_id.in_(
            select(appointments.c.id).where(appointments.c.patient_id == bindparam("patient"), IS_ACTIVE)
        )
    ).order_by(queue_entries.c.date, queue_entries.c.position, doctors.c.code),
    "QueueRow",
)
_CONSULTATIONS = (
    select(
        appointments.c.patient_id,
        queue_entries.c.doctor_id,
        queue_entries.c.date,
        queue_entries.c.position,
        doctors.c.code.label("doctor_code"),
    )
    .join(appointments, appointments.c.id == queue_entries.c.appointment_id)
    .join(doctors, doctors.c.id == queue_entries.c.doctor_id)
    .where(IN_QUEUE, queue_entries.c.status == QueueStatus.SERVING)
    .order_by(queue_entries.c.started_at.nulls_first(), doctors.c.code, queue_entries.c.date, queue_entries.c.position)
)
CONSULTATIONS = every(_CONSULTATIONS, "ConsultationRow")
CONSULTATIONS_OF_PATIENT = every(
    _CONSULTATIONS.where(
        queue_entries.c.appointment_id.in_(
            select(appointments.c.id)
            .where(appointments.c.patient_id == bindparam("patient"), IS_ACTIVE)
            .correlate(None)
        )
    ),
    "ConsultationRow",
)
OPEN_ENTRIES = every(
    select(queue_entries.c.position, appointments.c.number, patients.c.number.label("patient_number"))
    .join(appointments, appointments.c.id == queue_entries.c.appointment_id)
    .join(patients, patients.c.id == appointments.c.patient_id)
    .where(appointments.c.patient_id == bindparam("patient"), _OF_DOCTOR, _ON, IN_QUEUE)
    .order_by(queue_entries.c.position),
    "OpenEntryRow",
)
# A called patient, or one in consultation, on whatever day.
WITH_DOCTOR = every(
    select(queue_entries.c.status, queue_entries.c.started_at).where(
        IN_QUEUE, queue_entries.c.status.in_([QueueStatus.CALLED, QueueStatus.SERVING]), _OF_DOCTOR
    ),
    "WithDoctorRow",
)
# How long the last consultations of a doctor took, in seconds.
LAST_LENGTHS = every(
    select(_seconds(queue_entries).label("seconds"))
    .where(*_consultations(queue_entries, _OF_DOCTOR))
    .order_by(queue_entries.c.date.desc(), queue_entries.c.position.desc())
    .limit(LIMIT)
)
_LISTED, _LAST = listed(queue_entries.c.doctor_id, "doctors"), queue_entries.alias("last_entries")
# The same for several doctors. A subquery, because each of them has a limit.
LAST_LENGTHS_OF_DOCTORS = every(
    select(queue_entries.c.doctor_id, _seconds(queue_entries).label("seconds"))
    .select_from(_LISTED.join(queue_entries, true()))
    .where(
        queue_entries.c.id.in_(
            select(_LAST.c.id)
            .where(*_consultations(_LAST, type_coerce(_LAST.c.doctor_id, String) == _LISTED.c.value))
            .order_by(_LAST.c.date.desc(), _LAST.c.position.desc())
            .limit(LIMIT)
            .correlate(_LISTED)
        )
    ),
    "LengthRow",
)
ENTRIES = filtered(
    select(
        queue_entries,
        doctors.c.code.label("doctor_code"),
        appointments.c.number.label("appointment_number"),
        appointments.c.patient_id,
        patients.c.number.label("patient_number"),
        patients.c.name.label("patient_name"),
    )
    .join(doctors, doctors.c.id == queue_entries.c.doctor_id)
    .join(appointments, appointments.c.id == queue_entries.c.appointment_id)
    .join(patients, patients.c.id == appointments.c.patient_id)
    .where(FILTERS)
    .order_by(queue_entries.c.date, doctors.c.code, queue_entries.c.position),
    "ArrivalRow",
    streamed=True,
)
WITH_QUEUE_OF = condition(_OF_DOCTOR)
IN_SPAN = condition(queue_entries.c.date.between(bindparam("first"), bindparam("last")))
STATUS = one(select(queue_entries.c.status).where(queue_entries.c.id == bindparam("id")))

INSERT = change(insert(queue_entries))
ADVANCE = change(
    update(queue_entries).where(queue_entries.c.id == bindparam("row"), queue_entries.c.status == bindparam("leaving")),
    *("doctor_id", "position", "status", "priority", "recalled", "moved_up"),
    *("checked_in_at", "called_at", "started_at", "ended_at"),
)

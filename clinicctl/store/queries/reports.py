"""Queries for reports. They count in the database, and return few rows however many appointments there are.

`by` is `doctor`, `month` or `weekday` (0 is Monday), and decides what a row is about; any other text counts everything
together.
"""

from sqlalchemy import (
    BigInteger,
    ColumnElement,
    Integer,
    String,
    and_,
    bindparam,
    case,
    cast,
    extract,
    func,
    select,
    type_coerce,
)
from sqlalchemy.sql.selectable import NamedFromClause

from clinicctl.statuses import AppointmentStatus, CancelledBy, QueueStatus
from clinicctl.store.models import appointments, capacities, journal, journal_steps, queue_entries
from clinicctl.store.queries import among, either, every

_MINUTE, _QUARTER_HOUR, _HOUR, _DAY = 60, 900, 3_600, 86_400
_WEEK_DAYS, _WEEK_HOURS = 7, 168
_JULIAN_1970 = 2440587.5
_TO_THE_SECOND = len("2026-01-31 23:59:59")
_OFFSET = bindparam("offset", type_=Integer)


def _in_span(table: NamedFromClause) -> ColumnElement[bool]:
    return table.c.date.between(bindparam("first"), bindparam("last"))


def _key(table: NamedFromClause) -> ColumnElement[str]:
    """Return what the rows of a table are grouped by."""
    by = bindparam("by", type_=String)
    on, doctor = table.c.date, table.c.doctor_id
    month = either(func.substr(on, 1, 7), func.to_char(on, "YYYY-MM"))
    weekday = either(
        cast(_rest(cast(func.julianday(on) + 0.5, Integer), _WEEK_DAYS), String),
        cast(extract("isodow", on) - 1, String),
    )
    own = either(type_coerce(doctor, String), cast(doctor, String))
    return case((by == "doctor", own), (by == "month", month), (by == "weekday", weekday), else_="")


def _rest(value: ColumnElement[int], divisor: int) -> ColumnElement[int]:
    """Return the remainder of a division.

    The driver of PostgreSQL takes a percent sign for a parameter.
    """
    return value - value // divisor * divisor


def _seconds(instant: ColumnElement[object]) -> ColumnElement[int]:
    """Return the whole seconds since 1970."""
    return either(
        cast(func.round((func.julianday(func.substr(instant, 1, _TO_THE_SECOND)) - _JULIAN_1970) * _DAY), Integer),
        cast(func.floor(extract("epoch", instant)), BigInteger),
    )


def _between(start: ColumnElement[object], end: ColumnElement[object]) -> ColumnElement[int]:
    """Return the whole seconds from one instant to another."""
    fractions = (func.substr(each, _TO_THE_SECOND + 1) for each in (end, start))
    early = case((next(fractions) < next(fractions), 1), else_=0)
    return either(_seconds(end) - _seconds(start) - early, cast(func.floor(extract("epoch", end - start)), BigInteger))


def _sum(value: ColumnElement[int]) -> ColumnElement[int]:
    """Return a sum as an integer.

    For PostgreSQL the sum of large ones is a decimal number.
    """
    return either(func.sum(value), cast(func.sum(value), BigInteger))


def _slots(status: ColumnElement[bool]) -> ColumnElement[int]:
    return _sum(case((status, appointments.c.slots), else_=0))


def _has(status: AppointmentStatus) -> ColumnElement[int]:
    return func.count().filter(appointments.c.status == status)


def _cancelled(by: CancelledBy, *, moved: bool) -> ColumnElement[int]:
    target = appointments.c.moved_to
    return func.count().filter(appointments.c.cancelled_by == by, target.is_not(None) if moved else target.is_(None))


# What became of the appointments of each doctor's day. `booked` and `used` are slots.
OUTCOMES = every(
    select(
        appointments.c.doctor_id,
        appointments.c.date,
        func.count().label("number"),
        _has(AppointmentStatus.COMPLETED).label("completed"),
        _has(AppointmentStatus.NO_SHOW).label("no_shows"),
        _has(AppointmentStatus.LEFT).label("left_unseen"),
        _cancelled(CancelledBy.PATIENT, moved=False).label("by_patient"),
        _cancelled(CancelledBy.CLINIC, moved=False).label("by_clinic"),
        _cancelled(CancelledBy.PATIENT, moved=True).label("moved_by_patient"),
        _cancelled(CancelledBy.CLINIC, moved=True).label("moved_by_clinic"),
        _slots(appointments.c.status != AppointmentStatus.CANCELLED).label("booked"),
        _slots(appointments.c.status == AppointmentStatus.COMPLETED).label("used"),
    )
    .where(_in_span(appointments))
    .group_by(appointments.c.doctor_id, appointments.c.date),
    "DayOutcomesRow",
)
CAPACITIES = every(
    select(capacities.c.doctor_id, capacities.c.date, capacities.c.capacity).where(
        among(capacities.c.doctor_id, "doctors"), _in_span(capacities)
    ),
    "DayCapacityRow",
)
# Bookings that were undone. They are cancelled by the clinic, but nobody has cancelled a visit.
UNDONE = every(
    select(appointments.c.doctor_id, appointments.c.date, func.count().label("number"))
    .where(
        _in_span(appointments),
        appointments.c.status == AppointmentStatus.CANCELLED,
        appointments.c.id.in_(
            select(journal_steps.c.appointment_id).where(
                journal_steps.c.to_status == AppointmentStatus.CANCELLED.value,
                journal_steps.c.journal_number.in_(select(journal.c.number).where(journal.c.undoes.is_not(None))),
            )
        ),
    )
    .group_by(appointments.c.doctor_id, appointments.c.date),
    "DoctorDayCountRow",
)

_CALLED = func.coalesce(queue_entries.c.called_at, queue_entries.c.started_at)
_WAITED = (
    select(_key(queue_entries).label("key"), _between(queue_entries.c.checked_in_at, _CALLED).label("seconds"))
    .where(_in_span(queue_entries), _CALLED.is_not(None))
    .subquery("waited")
)
# How many waited each whole minute, and their seconds together.
WAITS = every(
    select(
        _WAITED.c.key,
        (_WAITED.c.seconds // _MINUTE).label("minutes"),
        func.count().label("number"),
        _sum(_WAITED.c.seconds).label("seconds"),
    ).group_by(_WAITED.c.key, _WAITED.c.seconds // _MINUTE),
    "MinutesRow",
)
_LASTED = (
    select(
        _key(queue_entries).label("key"),
        _between(queue_entries.c.started_at, queue_entries.c.ended_at).label("seconds"),
    )
    .where(
        _in_span(queue_entries),
        queue_entries.c.status == QueueStatus.DONE,
        queue_entries.c.started_at.is_not(None),
        queue_entries.c.ended_at.is_not(None),
    )
    .subquery("lasted")
)
CONSULTATIONS = every(
    select(
        _LASTED.c.key,
        (_LASTED.c.seconds // _MINUTE).label("minutes"),
        func.count().label("number"),
        _sum(_LASTED.c.seconds).label("seconds"),
    ).group_by(_LASTED.c.key, _LASTED.c.seconds // _MINUTE),
    "MinutesRow",
)

_LOCAL = _seconds(appointments.c.created_at) + _OFFSET
_EPOCH_DAY = either(
    cast(func.julianday(appointments.c.date) - _JULIAN_1970, Integer),
    cast(extract("epoch", appointments.c.date) / _DAY, BigInteger),
)
_BOOKED = (
    select(
        _key(appointments).label("key"),
        (_EPOCH_DAY - _LOCAL // _DAY).label("days"),
        case(
            (_DAY - bindparam("window", type_=Integer) <= _rest(_LOCAL, _DAY), (_LOCAL - _OFFSET) // _QUARTER_HOUR)
        ).label("late"),
    )
    .where(_in_span(appointments), appointments.c.status != AppointmentStatus.CANCELLED)
    .subquery("made")
)
# How many days ahead the appointments were booked, by the local date at an offset. `late` is the quarter of an hour of
# a booking so late in the day that at another offset, up to `window` seconds more, it was made on the next date.
LEADS = every(
    select(_BOOKED.c.key, _BOOKED.c.days, _BOOKED.c.late, func.count().label("number")).group_by(
        _BOOKED.c.key, _BOOKED.c.days, _BOOKED.c.late
    ),
    "LeadRow",
)

_ARRIVED = (
    select(
        _key(queue_entries).label("key"),
        ((_seconds(queue_entries.c.checked_in_at) + _OFFSET) // _HOUR).label("hours"),
    )
    .where(
        _in_span(queue_entries),
        and_(queue_entries.c.checked_in_at >= bindparam("start"), queue_entries.c.checked_in_at < bindparam("end")),
    )
    .subquery("arrived")
)
# How many arrived in each hour of the week. The week begins on Thursday, as 1970 did.
ARRIVALS = every(
    select(_ARRIVED.c.key, _rest(_ARRIVED.c.hours, _WEEK_HOURS).label("hour"), func.count().label("number")).group_by(
        _ARRIVED.c.key, _rest(_ARRIVED.c.hours, _WEEK_HOURS)
    ),
    "ArrivalRow",
)

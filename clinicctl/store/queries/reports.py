"""Queries for reports. They count in the database, and return few rows however many appointments there are."""

from collections.abc import Sequence
from typing import Any

from sqlalchemy import (
    BigInteger,
    ColumnElement,
    Integer,
    Select,
    String,
    and_,
    bindparam,
    case,
    cast,
    exists,
    extract,
    func,
    literal_column,
    select,
)
from sqlalchemy.sql.selectable import NamedFromClause

from clinicctl.statuses import AppointmentStatus, CancelledBy, MessageKind, MessageState, QueueStatus
from clinicctl.store.models import appointments, capacities, doctors, journal, journal_steps, messages, queue_entries
from clinicctl.store.queries import among, either, every

_DAY_MINUTES, _DAY_HOURS, _WEEK_HOURS = 1_440, 24, 168
_PER_SECOND = 1 / 86_400
"""A second in days. Nothing is divided, because each engine divides in its own way."""
_JULIAN_1970 = 2440587.5
_ROUNDING = 0.0001
"""Less than a second in any unit, and more than what a product lacks: instants are taken to the second."""
_TO_THE_SECOND = len("2026-01-31 23:59:59")
_UNLIMITED = str(2**62)
_OFFSET = bindparam("offset", type_=Integer)


def _in_span(table: NamedFromClause, *, by_doctor: bool = False) -> ColumnElement[bool]:
    """Return the condition for the days of a report.

    With `by_doctor` it says that each row has a doctor. Then SQLite reads them doctor by doctor from an index, and need
    not sort them to group them.
    """
    in_span = table.c.date.between(bindparam("first"), bindparam("last"))
    return and_(in_span, table.c.doctor_id.in_(select(doctors.c.id))) if by_doctor else in_span


def _floor(value: ColumnElement[Any]) -> ColumnElement[int]:
    """Return the whole part of a number."""
    return either(cast(value, Integer), cast(func.trunc(value), BigInteger))


def _days(instant: ColumnElement[Any]) -> ColumnElement[float]:
    """Return an instant in days, without the fraction of its second.

    Each engine counts from another day.
    """
    return either(
        func.julianday(func.substr(instant, 1, _TO_THE_SECOND)),
        extract("epoch", func.date_trunc("second", instant)) * _PER_SECOND,
    )


def _since_1970(days: ColumnElement[float]) -> ColumnElement[float]:
    """Return days since 1970.

    It has no brackets: other terms are added behind it.
    """
    return either(days - _JULIAN_1970, days + 0)


def _minutes(start: ColumnElement[Any], end: ColumnElement[Any]) -> ColumnElement[int]:
    """Return the whole minutes between two instants, by their whole seconds."""
    return _floor((_days(end) - _days(start)) * _DAY_MINUTES + _ROUNDING)


def _local_hours(instant: ColumnElement[Any]) -> ColumnElement[int]:
    """Return the hours since 1970 at an offset."""
    return _floor((_since_1970(_days(instant)) + _OFFSET * _PER_SECOND) * _DAY_HOURS + _ROUNDING)


def _hour_of_week(instant: ColumnElement[Any]) -> ColumnElement[int]:
    """Return the hour of a week that begins on Thursday, as 1970 did."""
    hours = _local_hours(instant)
    return hours - _floor(hours * (1 / _WEEK_HOURS) + _ROUNDING) * _WEEK_HOURS


def _days_ahead() -> ColumnElement[int]:
    """Return the days from the date of booking at an offset to that of the visit."""
    on = appointments.c.date
    day = _since_1970(either(func.julianday(on), extract("epoch", on) * _PER_SECOND))
    made = _since_1970(_days(appointments.c.created_at)) + _OFFSET * _PER_SECOND
    return _floor(day + _ROUNDING) - _floor(made + _ROUNDING * _PER_SECOND)


def _late() -> ColumnElement[str]:
    """Return the minute of a booking whose time in UTC is in a part of the day.

    The part is from `late` to before `night`. If it contains midnight, `wraps` is 1.
    """
    made = appointments.c.created_at
    in_utc = func.timezone("UTC", made)
    time = either(func.substr(made, 12, 8), func.to_char(in_utc, "HH24:MI:SS"))
    minute = either(func.substr(made, 1, 16, type_=String), func.to_char(in_utc, "YYYY-MM-DD HH24:MI"))
    late, night = bindparam("late", type_=String), bindparam("night", type_=String)
    met = case((time >= late, 1), else_=0) + case((time < night, 1), else_=0)
    return case((met + bindparam("wraps", type_=Integer) == 2, minute))


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


_BOOKED = appointments.c.status != AppointmentStatus.CANCELLED

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
    .where(_in_span(appointments, by_doctor=True))
    .group_by(appointments.c.doctor_id, appointments.c.date),
    "DayOutcomesRow",
)
# The slots that were booked and used on each doctor's day.
SLOTS = every(
    select(
        appointments.c.doctor_id,
        appointments.c.date,
        _sum(appointments.c.slots).label("booked"),
        _slots(appointments.c.status == AppointmentStatus.COMPLETED).label("used"),
    )
    .where(_in_span(appointments, by_doctor=True), _BOOKED)
    .group_by(appointments.c.doctor_id, appointments.c.date),
    "DaySlotsRow",
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


def _counted(
    table: NamedFromClause, values: Sequence[ColumnElement[Any]], *conditions: ColumnElement[bool]
) -> Select[Any]:
    """Return the query that counts the rows of a span by values.

    The limit is above every number of rows. With it SQLite sorts the values to group them, and not the columns that
    they are made from.
    """
    found = select(*values).where(_in_span(table), *conditions).limit(literal_column(_UNLIMITED)).subquery("listed")
    return select(*found.c, func.count().label("number")).group_by(*found.c)


def _within(key: str) -> ColumnElement[bool]:
    return _in_span(appointments, by_doctor=key == "doctor_id")


def _no_shows(key: str) -> Select[Any]:
    found = [_has(AppointmentStatus.NO_SHOW).label("no_shows"), _has(AppointmentStatus.LEFT).label("left_unseen")]
    column = appointments.c[key]
    return select(column, func.count().label("number"), *found).where(_within(key), _BOOKED).group_by(column)


def _changes(key: str) -> Select[Any]:
    column = appointments.c[key]
    found = [
        _cancelled(CancelledBy.PATIENT, moved=False).label("by_patient"),
        _cancelled(CancelledBy.CLINIC, moved=False).label("by_clinic"),
        _cancelled(CancelledBy.PATIENT, moved=True).label("moved_by_patient"),
        _cancelled(CancelledBy.CLINIC, moved=True).label("moved_by_clinic"),
    ]
    return select(column, func.count().label("number"), *found).where(_within(key)).group_by(column)


def _waits(key: str) -> Select[Any]:
    waited = _minutes(queue_entries.c.checked_in_at, _CALLED).label("minutes")
    return _counted(queue_entries, [queue_entries.c[key], waited], _CALLED.is_not(None))


def _consultations(key: str) -> Select[Any]:
    started, ended = queue_entries.c.started_at, queue_entries.c.ended_at
    return _counted(
        queue_entries,
        [queue_entries.c[key], _minutes(started, ended).label("minutes")],
        queue_entries.c.status == QueueStatus.DONE,
        started.is_not(None),
        ended.is_not(None),
    )


def _leads(key: str) -> Select[Any]:
    return _counted(appointments, [appointments.c[key], _days_ahead().label("days"), _late().label("minute")], _BOOKED)


def _arrivals(*values: ColumnElement[Any]) -> Select[Any]:
    arrived = queue_entries.c.checked_in_at
    return _counted(queue_entries, values, arrived >= bindparam("start"), arrived < bindparam("end"))


_SENT = messages.c.state == MessageState.SENT
_IS_REMINDER = messages.c.kind == MessageKind.REMINDER
_OF_VISIT = messages.c.appointment == appointments.c.number


def _messages(key: str) -> Select[Any]:
    columns = (appointments.c[key], messages.c.kind, messages.c.channel, messages.c.state)
    return (
        select(*columns, func.count().label("number"))
        .join_from(appointments, messages, _OF_VISIT)
        .where(_in_span(appointments))
        .group_by(*columns)
    )


def _reminded(key: str) -> Select[Any]:
    column = appointments.c[key]
    was_reminded = exists().where(_OF_VISIT, _IS_REMINDER, _SENT)
    found = [func.count().label("number"), _has(AppointmentStatus.NO_SHOW).label("no_shows")]
    return select(column, *found).where(_in_span(appointments), _BOOKED, was_reminded).group_by(column)


def _reached(column: ColumnElement[Any], *conditions: ColumnElement[bool]) -> Select[Any]:
    """Return the query for the visits with a message.

    Each visit counts once for each value of the column.
    """
    visits = func.count(appointments.c.number.distinct())
    no_shows = visits.filter(appointments.c.status == AppointmentStatus.NO_SHOW)
    return (
        select(column, visits.label("number"), no_shows.label("no_shows"))
        .join_from(appointments, messages, _OF_VISIT)
        .where(_in_span(appointments), _BOOKED, _SENT, *conditions)
        .group_by(column)
    )


# Each by doctor, and by date, of which weekdays and months are made.
NO_SHOWS_OF_DOCTORS = every(_no_shows("doctor_id"), "DoctorNoShowsRow")
NO_SHOWS_OF_DATES = every(_no_shows("date"), "DateNoShowsRow")
CHANGES_OF_DOCTORS = every(_changes("doctor_id"), "DoctorChangesRow")
CHANGES_OF_DATES = every(_changes("date"), "DateChangesRow")
# How many waited, or were with the doctor, for each number of whole minutes.
WAITS_OF_DOCTORS = every(_waits("doctor_id"), "DoctorMinutesRow")
WAITS_OF_DATES = every(_waits("date"), "DateMinutesRow")
CONSULTATIONS_OF_DOCTORS = every(_consultations("doctor_id"), "DoctorMinutesRow")
CONSULTATIONS_OF_DATES = every(_consultations("date"), "DateMinutesRow")
# How many days ahead visits were booked. `minute` is that of a booking so late in the day that the date may be another.
LEADS_OF_DOCTORS = every(_leads("doctor_id"), "DoctorLeadRow")
LEADS_OF_DATES = every(_leads("date"), "DateLeadRow")
# How many arrived in each hour since 1970, or in each hour of a week that begins on Thursday, as 1970 did.
_HOUR = _local_hours(queue_entries.c.checked_in_at).label("hour")
_HOUR_OF_WEEK = _hour_of_week(queue_entries.c.checked_in_at).label("hour")
ARRIVALS = every(_arrivals(_HOUR), "HourRow")
ARRIVALS_OF_DOCTORS = every(_arrivals(queue_entries.c.doctor_id, _HOUR_OF_WEEK), "DoctorHourRow")
ARRIVALS_OF_DATES = every(_arrivals(queue_entries.c.date, _HOUR), "DateHourRow")
# The messages of the visits of a span, and the visits that were reached by them.
MESSAGES_OF_DOCTORS = every(_messages("doctor_id"), "DoctorMessagesRow")
MESSAGES_OF_DATES = every(_messages("date"), "DateMessagesRow")
REMINDED_OF_DOCTORS = every(_reminded("doctor_id"), "DoctorRemindedRow")
REMINDED_OF_DATES = every(_reminded("date"), "DateRemindedRow")
REACHED_BY_KIND = every(_reached(messages.c.kind), "KindReachedRow")
REMINDED_BY_CHANNEL = every(_reached(messages.c.channel, _IS_REMINDER), "ChannelReachedRow")

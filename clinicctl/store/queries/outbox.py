"""Queries for the messages to patients."""

from sqlalchemy import (
    Integer,
    String,
    and_,
    bindparam,
    case,
    func,
    literal,
    literal_column,
    not_,
    or_,
    select,
    update,
)
from sqlalchemy.dialects import postgresql
from sqlmodel import UTCDateTime

from clinicctl.statuses import AppointmentStatus, MessageKind, MessageState, QueueStatus
from clinicctl.store.models import (
    IN_QUEUE,
    IS_ACTIVE,
    IS_OPEN,
    appointments,
    doctors,
    messages,
    patients,
    queue_entries,
)
from clinicctl.store.queries import FILTERS, among, change, change_each, condition, every, filtered, one, stream
from clinicctl.store.queries.queue import count_ahead

_NEWS = (MessageKind.BOOKED, MessageKind.MOVED, MessageKind.CANCELLED, MessageKind.PROMOTED)
_KEY = (messages.c.appointment, messages.c.kind, messages.c.occasion)
_THIS = and_(*(each == bindparam(f"of_{each.name}") for each in _KEY))
_NOW = bindparam("now", type_=UTCDateTime())
_later, _queue_doctors = messages.alias("later"), doctors.alias("queue_doctors")
_visits = appointments.alias("visits")
# The others ahead are counted under the table's own name, which the index of open queues needs.
_entries = queue_entries.alias("entries")

_ALL = (
    select(
        messages,
        appointments.c.id.label("visit"),
        appointments.c.status,
        appointments.c.date,
        appointments.c.time,
        appointments.c.after_midnight,
        appointments.c.moved_to,
        doctors.c.code.label("doctor_code"),
        doctors.c.name.label("doctor_name"),
        patients.c.id.label("patient_id"),
        patients.c.number.label("patient_number"),
        patients.c.name.label("patient_name"),
        patients.c.phone,
        patients.c.email,
        patients.c.notify,
        patients.c.language,
        patients.c.archived_at,
        patients.c.erased_at,
        _entries.c.status.label("queue_status"),
        _queue_doctors.c.name.label("queue_doctor_name"),
        # Of several news about a visit only the last counts.
        select(func.max(_later.c.occasion))
        .where(_later.c.appointment == messages.c.appointment, _later.c.kind.in_(_NEWS))
        .scalar_subquery()
        .label("last_news"),
        case(
            (
                and_(messages.c.kind == MessageKind.NEAR, _entries.c.status == QueueStatus.WAITING),
                count_ahead(
                    doctor=_entries.c.doctor_id,
                    on=_entries.c.date,
                    priority=_entries.c.priority,
                    moved_up=_entries.c.moved_up,
                    recalled=_entries.c.recalled,
                    position=_entries.c.position,
                )
                .correlate(_entries)
                .scalar_subquery(),
            ),
            else_=0,
        ).label("ahead"),
    )
    .join(appointments, appointments.c.number == messages.c.appointment)
    .join(patients, patients.c.id == appointments.c.patient_id)
    .join(doctors, doctors.c.id == appointments.c.doctor_id)
    .outerjoin(_entries, _entries.c.appointment_id == appointments.c.id)
    .outerjoin(_queue_doctors, _queue_doctors.c.id == _entries.c.doctor_id)
)
_channel = func.coalesce(patients.c.notify, case((patients.c.phone.is_not(None), "sms"), else_="email"))
_IN_ORDER = (messages.c.due, messages.c.appointment, messages.c.kind, messages.c.occasion)

BY_KEY = one(_ALL.where(_THIS), "MessageRow")
IS_DUE = one(select(messages.c.appointment).where(IS_OPEN, messages.c.due <= _NOW).limit(1))
# Messages about past visits stay open if no sender has asked for their channel; they are not overdue.
OLDEST_DUE = one(
    select(messages.c.due)
    .join(appointments, appointments.c.number == messages.c.appointment)
    .where(IS_OPEN, messages.c.due <= _NOW, appointments.c.date >= bindparam("first"))
    .order_by(messages.c.due)
    .limit(1)
)
DUE = filtered(_ALL.where(FILTERS, IS_OPEN, messages.c.due <= _NOW).order_by(*_IN_ORDER), "MessageRow", streamed=True)
# A message without an address is dropped at the request of any sender.
ON_CHANNEL = condition(
    or_(
        _channel == bindparam("channel", type_=String),
        patients.c.notify == "none",
        case((_channel == "email", patients.c.email), else_=patients.c.phone).is_(None),
    )
)
MATCHING = filtered(_ALL.where(FILTERS).order_by(*_IN_ORDER), "MessageRow", streamed=True)
# A subquery, so that the visits to come are looked up, and not all messages.
_COMING = select(_visits.c.number).where(_visits.c.date >= bindparam("first")).correlate(None)
FAILED_AHEAD = every(
    _ALL.where(messages.c.state == MessageState.FAILED, messages.c.appointment.in_(_COMING)).order_by(*_IN_ORDER),
    "MessageRow",
)
IN_STATES = condition(among(messages.c.state, "states"))
ARE_OPEN = condition(literal_column(IS_OPEN.text))
DUE_FROM = condition(messages.c.due >= bindparam("since", type_=UTCDateTime()))

_new = postgresql.insert(messages)
_AGAIN = {"due": _new.excluded.due, "state": MessageState.PENDING, "updated_at": _new.excluded.updated_at}
INSERT = change_each(
    _new.on_conflict_do_update(
        index_elements=[each.name for each in _KEY],
        set_=_AGAIN,
        where=or_(messages.c.state == MessageState.PENDING, messages.c.state == MessageState.DROPPED),
    ),
    row="NewMessageRow",
)
# Those who wait and are near, in the calling order. Who has had the message does not get it again.
_near = (
    select(
        appointments.c.number,
        literal(MessageKind.NEAR.value).label("kind"),
        literal(0).label("occasion"),
        _NOW.label("due"),
        literal(MessageState.PENDING.value).label("state"),
        literal(0).label("attempts"),
        _NOW.label("created_at"),
        _NOW.label("updated_at"),
    )
    .select_from(queue_entries)
    .join(appointments, appointments.c.id == queue_entries.c.appointment_id)
    .where(
        IN_QUEUE,
        queue_entries.c.status == QueueStatus.WAITING,
        queue_entries.c.doctor_id == bindparam("doctor"),
        queue_entries.c.date == bindparam("on"),
    )
    .order_by(
        queue_entries.c.priority.desc(),
        queue_entries.c.moved_up.desc(),
        queue_entries.c.recalled,
        queue_entries.c.position,
    )
    .limit(bindparam("most", type_=Integer))
)
INSERT_NEAR = change_each(
    postgresql.insert(messages)
    .from_select(["appointment", "kind", "occasion", "due", "state", "attempts", "created_at", "updated_at"], _near)
    .on_conflict_do_update(
        index_elements=[each.name for each in _KEY],
        set_=_AGAIN,
        where=messages.c.state == MessageState.DROPPED,
    ),
    row="NearRow",
)
LEASE = change_each(
    update(messages).where(_THIS, IS_OPEN).values(state=MessageState.LEASED),
    *("due", "attempts", "channel", "updated_at"),
    row="LeaseRow",
)
END = change_each(
    update(messages).where(_THIS, IS_OPEN),
    *("state", "failure", "updated_at"),
    row="EndedRow",
)
REPORT = change(
    update(messages).where(
        _THIS, messages.c.state == bindparam("leaving"), messages.c.attempts == bindparam("of_attempts")
    ),
    *("state", "due", "ref", "failure", "updated_at"),
)
# What a sender has not tried counts as no attempt.
GIVE_BACK = change_each(
    update(messages)
    .where(_THIS, messages.c.state == MessageState.LEASED, messages.c.attempts == bindparam("of_attempts"))
    .values(state=MessageState.PENDING, attempts=messages.c.attempts - 1),
    *("due", "updated_at"),
    row="GivenBackRow",
)
DROP_PENDING = change(
    update(messages).where(IS_OPEN, messages.c.state == MessageState.PENDING).values(state=MessageState.DROPPED),
    *("failure", "updated_at"),
)
DROP_REMINDERS = change(
    update(messages)
    .where(
        IS_OPEN,
        messages.c.state == MessageState.PENDING,
        messages.c.kind == MessageKind.REMINDER,
        not_(among(messages.c.occasion, "leads")),
    )
    .values(state=MessageState.DROPPED),
    *("failure", "updated_at"),
)
# The messages that came due while a visit was cancelled.
REVIVE = change(
    update(messages)
    .where(
        among(messages.c.appointment, "appointments"),
        messages.c.kind == MessageKind.REMINDER,
        messages.c.state == MessageState.DROPPED,
    )
    .values(state=MessageState.PENDING),
    *("failure", "updated_at"),
)
HANDED_OUT = every(
    select(messages.c.appointment, messages.c.kind).where(
        among(messages.c.appointment, "appointments"),
        or_(messages.c.state == MessageState.LEASED, messages.c.state == MessageState.SENT),
    ),
    "HandedOutRow",
)
COMING = stream(
    select(appointments.c.number, appointments.c.date, appointments.c.time, appointments.c.after_midnight).where(
        IS_ACTIVE, appointments.c.status == AppointmentStatus.BOOKED, appointments.c.date >= bindparam("first")
    ),
    "ComingVisitRow",
)
_OF_PATIENT = select(appointments.c.number).where(appointments.c.patient_id == bindparam("patient"))
FORGET = change(
    update(messages).where(messages.c.appointment.in_(_OF_PATIENT)).values(ref=None, failure=None),
    "updated_at",
)

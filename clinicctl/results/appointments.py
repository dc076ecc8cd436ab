"""Appointments and the places in the queue, as results."""

from dataclasses import field
from datetime import date, datetime, time
from uuid import UUID

from clinicctl.results.base import PERSONAL, result, stored
from clinicctl.results.journal import JournalStep
from clinicctl.results.people import DoctorBrief, PatientBrief
from clinicctl.statuses import AppointmentStatus, CancelledBy, QueueStatus, WaitlistStatus


@stored("Appointment")
@result
class Appointment:
    """A patient's place on a doctor's day."""

    id: UUID
    number: str
    patient: PatientBrief
    doctor: DoctorBrief
    date: date
    slot: int
    time: time | None
    status: AppointmentStatus
    reason: str | None = field(metadata=PERSONAL)
    position: int | None
    moved_to: str | None
    moved_from: str | None
    key: str | None
    overbooked: bool
    cancelled_by: CancelledBy | None
    cancel_reason: str | None = field(metadata=PERSONAL)
    created_at: datetime
    updated_at: datetime
    queue_doctor: str | None = None
    """The doctor in whose queue the patient is, where that is another one."""


@stored("Booked")
@result
class Booked(Appointment):
    """An appointment just made, and the waitlist entries that it closed."""

    waitlist_closed: tuple[str, ...] = ()


@stored("CancelledAppointment")
@result
class CancelledAppointment(Appointment):
    """A cancelled appointment in a list of whom to call, with the patient's whole phone."""

    phone: str | None = field(default=None, kw_only=True, metadata=PERSONAL)


@stored("Cancelled")
@result
class Cancelled(Appointment):
    """A cancelled appointment, and the one that the freed place went to, with `--promote`."""

    promoted: Booked | None = None


@result
class StepTaken:
    """One step in an appointment's history."""

    at: datetime
    actor: str
    command: str
    journal: int
    from_status: str | None
    to_status: str
    queue_from: str | None
    queue_to: str | None
    slot: int
    position: int | None
    reason: str | None = field(metadata=PERSONAL)


@stored("CheckedIn")
@result
class CheckedIn:
    """An arrival: the place in the queue that was given, and the waitlist entries that a walk-in closed."""

    position: int
    people_ahead: int
    checked_in_at: datetime
    appointment: Appointment
    waitlist_closed: tuple[str, ...] = ()


@stored("QueueEntry")
@result
class QueueEntry:
    """A place in a doctor's queue. `waited_minutes` runs until the call, `people_ahead` counts those waiting before.

    `with_doctor` is another doctor with whom the patient is in consultation now. `earlier` says that the queue began
    on an earlier day.
    """

    doctor: str
    date: date
    position: int
    status: QueueStatus
    priority: int
    appointment: Appointment
    patient: PatientBrief
    checked_in_at: datetime
    called_at: datetime | None
    started_at: datetime | None
    ended_at: datetime | None
    waited_minutes: int
    people_ahead: int
    long_wait: bool
    with_doctor: str | None = None
    earlier: bool = False


@result
class PassedOver:
    """Somebody who waits and was not called, because they are in consultation with another doctor."""

    position: int
    date: date
    appointment: str
    patient: str
    with_doctor: str


@stored("Called")
@result
class Called(QueueEntry):
    """The one who was called, and those who were passed over."""

    passed_over: tuple[PassedOver, ...] = ()


@stored("WaitlistEntry")
@result
class WaitlistEntry:
    """Somebody who waits for a place with a doctor on one of several days, the first and the last of them named."""

    id: UUID
    number: str
    patient: PatientBrief
    doctor: DoctorBrief
    first_date: date
    last_date: date
    status: WaitlistStatus
    appointment: str | None
    created_at: datetime
    days: tuple[date, ...] = ()


@stored("Waiting")
@result
class Waiting(WaitlistEntry):
    """A waitlist entry just made, and those of its days on which a place is free now."""

    free_now: tuple[date, ...] = ()


@stored("Undone")
@result
class Undone:
    """A write taken back, and the appointments as they stand again.

    `steps` says what became of each appointment and of its place in the queue. `days` counts the days, or weekdays,
    that were put back, and `doctors` names whose they are.
    """

    undoes: int
    command: str
    actor: str
    at: datetime
    appointments: tuple[Appointment, ...]
    steps: tuple[JournalStep, ...] = ()
    days: int = 0
    doctors: tuple[str, ...] = ()


@result
class Undoing(Undone):
    """What an undo would do. `ask` says why somebody has to be asked before it, if so."""

    ask: str | None = None

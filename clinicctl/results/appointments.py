"""Results about appointments, queue entries, the waitlist and undo."""

from dataclasses import field
from datetime import date, datetime, time
from datetime import time as Time
from uuid import UUID

from clinicctl.results.base import ESTIMATE, PERSONAL, result, stored
from clinicctl.results.journal import JournalStep
from clinicctl.results.people import DoctorBrief, Patient, PatientBrief, Registered
from clinicctl.statuses import AppointmentStatus, CancelledBy, QueueStatus, WaitlistStatus


@stored("Appointment")
@result
class Appointment:
    """A patient's place on a doctor's day.

    `end`, `starts_at` and `ends_at` are those of a slot with hours. A long visit holds several `slots`. `series` is the
    number of the first appointment of a series.
    """

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
    """The doctor of the queue, if it is not the booked doctor."""
    note: str | None = field(default=None, kw_only=True, metadata=PERSONAL)
    end: Time | None = field(default=None, kw_only=True)
    starts_at: datetime | None = field(default=None, kw_only=True)
    ends_at: datetime | None = field(default=None, kw_only=True)
    slots: int = field(default=1, kw_only=True)
    visit_type: str | None = field(default=None, kw_only=True)
    series: str | None = field(default=None, kw_only=True)


@stored("Booked")
@result
class Booked(Appointment):
    """A new appointment, and the waitlist entries that it closed."""

    waitlist_closed: tuple[str, ...] = ()


@stored("CancelledAppointment")
@result
class CancelledAppointment(Appointment):
    """A cancelled appointment in a list of patients to call, with the whole phone."""

    phone: str | None = field(default=None, kw_only=True, metadata=PERSONAL)


@stored("Cancelled")
@result
class Cancelled(Appointment):
    """A cancelled appointment, and with `--promote` the appointment that got the free slot."""

    promoted: Booked | None = None


@result
class Skipped:
    """A date of a series that could not be booked. The reason never has the note of a day, which may be personal."""

    date: date
    code: str
    reason: str


@stored("Series")
@result
class Series:
    """Appointments of one patient that were booked as one. `number` is that of the first one.

    `doctor` is the one with whom the first was booked. `skipped` has the dates that were left out. A moved appointment
    is among `appointments` twice, with its old and its new number.
    """

    number: str
    patient: PatientBrief
    doctor: DoctorBrief
    appointments: tuple[Appointment, ...]
    skipped: tuple[Skipped, ...] = ()
    waitlist_closed: tuple[str, ...] = ()


@stored("CancelledSeries")
@result
class CancelledSeries(Series):
    """The appointments of a series that were cancelled, and the numbers of those that stay as they are."""

    unchanged: tuple[str, ...] = ()


@result
class ComingSeries:
    """How many appointments of a series are still to come, and the date of the last one."""

    series: str
    count: int
    last_date: date


@result
class StepTaken:
    """One step in the history of an appointment."""

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


@result
class PatientCard(Patient):
    """A patient with their coming and last appointments, and those who share a phone.

    `no_shows` is how often the patient did not come. Of a series, only the next one is in `coming`, and `coming_series`
    has how many there are.
    """

    coming: tuple[Appointment, ...] = field(kw_only=True)
    past: tuple[Appointment, ...] = field(kw_only=True)
    no_shows: int = field(kw_only=True)
    shares_phone_with: tuple[PatientBrief, ...] = field(kw_only=True)
    shares_phone_with_count: int = field(kw_only=True)
    coming_series: tuple[ComingSeries, ...] = field(default=(), kw_only=True)


@stored("CheckedIn")
@result
class CheckedIn:
    """A check-in: the position in the queue, and the waitlist entries that a walk-in closed.

    `expected_start` is an estimate; `expected_basis` says from what.
    """

    position: int
    people_ahead: int
    checked_in_at: datetime
    appointment: Appointment
    waitlist_closed: tuple[str, ...] = ()
    expected_start: datetime | None = field(default=None, kw_only=True, metadata=ESTIMATE)
    expected_basis: str | None = field(default=None, kw_only=True, metadata=ESTIMATE)


@stored("WalkedIn")
@result
class WalkedIn(CheckedIn):
    """The check-in of a walk-in, with the registration of the patient."""

    registered: Registered = field(kw_only=True)


@stored("QueueEntry")
@result
class QueueEntry:
    """An entry in a doctor's queue. `waited_minutes` ends with the call; `people_ahead` counts waiting patients.

    `with_doctor` is another doctor with whom the patient is in consultation now. `earlier` marks the queue of an
    earlier day, and `moved_up` a recalled patient who waits before the others. `expected_start` is an estimate for a
    waiting patient; `expected_basis` says from what.
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
    moved_up: bool = field(default=False, kw_only=True)
    expected_start: datetime | None = field(default=None, kw_only=True, metadata=ESTIMATE)
    expected_basis: str | None = field(default=None, kw_only=True, metadata=ESTIMATE)


@result
class PassedOver:
    """A waiting patient who was not called, because they are in consultation with another doctor."""

    position: int
    date: date
    appointment: str
    patient: str
    with_doctor: str


@stored("Called")
@result
class Called(QueueEntry):
    """A called patient, and those who were passed over.

    `also_called` has the positions of others who were called before and have not started: the first of them, and their
    number.
    """

    passed_over: tuple[PassedOver, ...] = ()
    also_called: tuple[int, ...] = ()
    passed_over_count: int = field(default=0, kw_only=True)
    also_called_count: int = field(default=0, kw_only=True)


@stored("NextPatient")
@result
class NextPatient:
    """The patient who was finished, and the one who was called or started; None if nobody waits."""

    finished: QueueEntry | None
    next: QueueEntry | None
    passed_over: tuple[PassedOver, ...] = ()
    passed_over_count: int = field(default=0, kw_only=True)


@stored("WaitlistEntry")
@result
class WaitlistEntry:
    """A patient who waits for a slot with a doctor on one of several days."""

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
    """A new waitlist entry, and its days with a free slot now."""

    free_now: tuple[date, ...] = ()


@stored("Undone")
@result
class Undone:
    """An undone write, and its appointments after the undo.

    `steps` has the change of each appointment and of its queue entry. `days` is the number of restored days or
    weekdays, and `doctors` has the codes of their doctors. `patients` has the numbers of two patients who may be one
    person again, or who were merged and are two again. Then `separated` has these two, and `moved_back` and
    `waitlist_entries` are the numbers of their appointments and waitlist entries that moved back.
    """

    undoes: int
    command: str
    actor: str
    at: datetime
    appointments: tuple[Appointment, ...]
    steps: tuple[JournalStep, ...] = ()
    days: int = 0
    doctors: tuple[str, ...] = ()
    patients: tuple[str, ...] = field(default=(), kw_only=True)
    separated: tuple[PatientBrief, ...] = field(default=(), kw_only=True)
    moved_back: int = field(default=0, kw_only=True)
    waitlist_entries: int = field(default=0, kw_only=True)


@result
class Undoing(Undone):
    """A preview of an undo. `ask` is the reason for a confirmation, if it needs one."""

    ask: str | None = None

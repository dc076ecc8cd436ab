"""Choose what is exported: spans of days, a doctor, a patient."""

from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date

from clinicctl.desk import lookup
from clinicctl.rules import spans
from clinicctl.rules.references import DoctorRef, PatientRef
from clinicctl.rules.spans import EVER, Span, SpansWord
from clinicctl.store.compiled import appointments as stored_appointments
from clinicctl.store.compiled import queue as stored_queue
from clinicctl.store.compiled import rows
from clinicctl.store.compiled import waitlist as stored_waitlist
from clinicctl.store.engine import Condition, Tx


@dataclass(frozen=True, slots=True, eq=False)
class Chosen:
    """What a user has chosen. Without a choice, the spans are every day."""

    spans: Sequence[Span] = (EVER,)
    doctor: rows.DoctorRow | None = None
    patient: rows.PatientRow | None = None
    archived: bool = False

    @property
    def is_limited(self) -> bool:
        """Whether days were chosen."""
        return self.spans != (EVER,)

    @property
    def doctor_ref(self) -> DoctorRef | None:
        """The doctor as a reference."""
        return DoctorRef(str(self.doctor.id)) if self.doctor is not None else None

    @property
    def patient_ref(self) -> PatientRef | None:
        """The patient as a reference."""
        return PatientRef(str(self.patient.id)) if self.patient is not None else None


def choose(
    tx: Tx,
    *,
    on: SpansWord | None = None,
    doctor: DoctorRef | None = None,
    patient: PatientRef | None = None,
    archived: bool = False,
) -> Chosen:
    """Return what a user has chosen.

    Refuses an unknown doctor or patient, and days that are none."""
    return Chosen(
        spans=spans.spans(on, today=tx.today, order=tx.clinic.date_order) if on else (EVER,),
        doctor=lookup.find_doctor(tx, doctor) if doctor else None,
        patient=lookup.find_patient(tx, patient) if patient else None,
        archived=archived,
    )


def within(chosen: Iterable[Span], first: date, last: date) -> Iterator[Span]:
    """Yield spans with the first and the last date in place of open ends."""
    for each in chosen:
        begin = first if each.first == EVER.first else each.first
        end = last if each.last == EVER.last else each.last
        if begin <= end:
            yield Span(begin, end)


def appointments(tx: Tx, chosen: Chosen) -> Iterator[rows.AppointmentRow]:
    """Yield the chosen appointments by date, doctor and slot."""
    conditions = list[Condition]()
    if chosen.doctor is not None:
        conditions.append(stored_appointments.with_doctor(doctor=chosen.doctor.id))
    if chosen.patient is not None:
        conditions.append(stored_appointments.with_patient(patient=chosen.patient.id))
    for each in chosen.spans:
        days = [stored_appointments.in_span(first=each.first, last=each.last)] if chosen.is_limited else []
        yield from stored_appointments.matching(tx, [*conditions, *days], limit=-1)


def arrivals(tx: Tx, chosen: Chosen) -> Iterator[rows.ArrivalRow]:
    """Yield the chosen entries of queues by date, doctor and position."""
    conditions = list[Condition]()
    if chosen.doctor is not None:
        conditions.append(stored_queue.with_queue_of(doctor=chosen.doctor.id))
    if chosen.patient is not None:
        # The query has the table of appointments, too.
        conditions.append(stored_appointments.with_patient(patient=chosen.patient.id))
    for each in chosen.spans:
        days = [stored_queue.in_span(first=each.first, last=each.last)] if chosen.is_limited else []
        yield from stored_queue.entries(tx, [*conditions, *days])


def of_waitlist(chosen: Chosen) -> list[Condition]:
    """Return the conditions for the chosen entries of the waitlist.

    Days between two spans are among them: `is_wished` decides."""
    conditions = list[Condition]()
    if chosen.doctor is not None:
        conditions.append(stored_waitlist.of_doctor(doctor=chosen.doctor.id))
    if chosen.patient is not None:
        conditions.append(stored_waitlist.of_patient(patient=chosen.patient.id))
    if chosen.is_limited:
        conditions.append(stored_waitlist.for_span(first=chosen.spans[0].first, last=chosen.spans[-1].last))
    return conditions


def is_wished(chosen: Chosen, dates: Collection[date]) -> bool:
    """Return whether one of an entry's days is in a chosen span."""
    return not chosen.is_limited or any(each.first <= on <= each.last for each in chosen.spans for on in dates)

"""The records of a clinic for FHIR: each once, and everything that a record refers to, before it.

Ids are those of the database. What has none there (a slot, a role) gets one that follows from the ids of others, so
that it is the same in every export.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import date, datetime, timedelta
from itertools import islice
from uuid import NAMESPACE_URL, uuid5

from clinicctl.desk import patient_phones, waitlist
from clinicctl.desk.exports import selection
from clinicctl.desk.exports.day_slots import extent_of, iter_slots, schedule_id, slot_id, whole_day
from clinicctl.desk.exports.selection import Chosen
from clinicctl.results.health_records import (
    AppointmentRecord,
    ClinicRecord,
    DoctorRecord,
    MovedAppointment,
    PatientRecord,
    Record,
    Records,
    VisitRecord,
    WaitingRecord,
)
from clinicctl.rules.dates import estimate
from clinicctl.rules.spans import SpansWord
from clinicctl.statuses import AppointmentStatus, CancelledBy, QueueStatus
from clinicctl.store.compiled import appointments as stored_appointments
from clinicctl.store.compiled import audit, rows
from clinicctl.store.compiled import days as stored_days
from clinicctl.store.compiled import doctors as stored_doctors
from clinicctl.store.compiled import journal as stored_journal
from clinicctl.store.compiled import patients as stored_patients
from clinicctl.store.compiled import waitlist as stored_waitlist
from clinicctl.store.engine import Tx

_AT_ONCE = 500


def read(tx: Tx, *, on: SpansWord | None = None, no_personal: bool = False) -> Records:
    """Return the records of the clinic: all, or those of some days.

    With days, the patients are those of the days. Refuses days that are none.
    """
    tx.take_time()
    base = tx.clinic.fhir_base
    first = stored_journal.by_number(tx, number=1)
    # The first row of the journal never changes, and no other clinic has the same.
    id_ = uuid5(NAMESPACE_URL, first.hash if first is not None else base)
    begun = first.at if first is not None else tx.now
    configured = _last_write(tx, "config") or begun
    clinic = ClinicRecord(id_, uuid5(id_, "location"), tx.clinic.name, tx.local(configured))
    planned = max(configured, _last_write(tx, "doctor avail weekly") or begun)
    reader = _Reader(tx, selection.choose(tx, on=on), planned=planned, no_personal=no_personal)
    return Records(base, clinic, tx.local(tx.now), reader.records(clinic))


def _last_write(tx: Tx, command: str) -> datetime | None:
    """Return the instant of the last write of a command, or None."""
    found = audit.writes_newest_first(tx, [audit.of_command(words=command, spelling=command)])
    return next((row.at for row in found), None)


class _Reader:
    """Reads the records, and remembers which patients it has given.

    `planned` is the instant at which the clinic's rules for days last changed. The weekdays have none of their own.
    """

    def __init__(self, tx: Tx, chosen: Chosen, *, planned: datetime, no_personal: bool) -> None:
        self.tx = tx
        self.chosen = chosen
        self.planned = planned
        self.no_personal = no_personal
        self._given = set[int]()
        self._phones: patient_phones.PhonesOf = {}

    def records(self, clinic: ClinicRecord) -> Iterator[Record]:
        """Yield every record."""
        tx = self.tx
        self._phones = {} if self.no_personal else patient_phones.further(tx)
        stored = stored_days.bounds(tx)
        bounds = (stored.first, stored.last) if stored is not None else (None, None)
        spans = list(selection.within(self.chosen.spans, bounds[0] or tx.today, bounds[1] or tx.today))
        doctors = stored_doctors.everybody(tx)
        yield clinic
        for doctor in doctors:
            yield self._doctor(doctor, (spans[0].first, spans[-1].last) if spans else None)
        if not self.chosen.is_limited:
            for row in stored_patients.after(tx, number=0):
                yield from self._patient(row)
        for doctor in doctors:
            yield from iter_slots(tx, doctor, spans, planned=self.planned)
        yield from self._appointments()
        yield from self._visits()
        yield from self._waiting()

    def _doctor(self, row: rows.DoctorRow, horizon: tuple[date, date] | None) -> DoctorRecord:
        return DoctorRecord(
            id=row.id,
            role=uuid5(row.id, "role"),
            schedule=schedule_id(row.id),
            code=row.code,
            name=None if self.no_personal else row.name,
            specialty=row.specialty,
            is_active=row.archived_at is None,
            horizon=horizon,
            updated_at=self.tx.local(row.updated_at),
        )

    def _patients(self, numbers: Iterable[int]) -> Iterator[PatientRecord]:
        """Yield those patients that were not given before."""
        new = sorted(set(numbers) - self._given)
        if new:
            # None of them is merged: a merge moves what refers to a patient.
            for row in stored_patients.with_numbers(self.tx, numbers=new):
                yield from self._patient(row)

    def _patient(self, row: rows.PatientRow) -> Iterator[PatientRecord]:
        if row.number in self._given:
            return
        self._given.add(row.number)
        hidden = self.no_personal or row.erased_at is not None
        born = row.born.isoformat() if row.born else estimate(row.born_year, row.born_month)
        yield PatientRecord(
            id=row.id,
            number=f"P{row.number}",
            name=None if hidden else row.name,
            phones=() if hidden or row.phone is None else (row.phone, *self._phones.get(row.id, ())),
            email=None if hidden else row.email,
            sex=None if hidden else row.sex,
            born=None if hidden else born,
            is_active=row.archived_at is None and row.erased_at is None,
            replaced_by=row.merged_into,
            updated_at=self.tx.local(row.updated_at),
        )

    def _appointments(self) -> Iterator[Record]:
        tx, found = self.tx, selection.appointments(self.tx, self.chosen)
        while some := list(islice(found, _AT_ONCE)):
            yield from self._patients(row.patient_number for row in some)
            numbers = [row.moved_to for row in some if row.moved_to is not None]
            places = {each.number: each for each in stored_appointments.places(tx, numbers=numbers)} if numbers else {}
            for row in some:
                yield self._appointment(row, places)

    def _appointment(self, row: rows.AppointmentRow, places: Mapping[int, rows.PlaceRow]) -> AppointmentRecord:
        tx, moved_to = self.tx, None
        if row.moved_to is not None:
            place = places.get(row.moved_to)
            is_here = place is not None and selection.is_wished(self.chosen, [place.date])
            moved_to = MovedAppointment(f"A{row.moved_to}", place.id if place is not None and is_here else None)
        held = range(row.slot, row.slot + row.slots) if row.status != AppointmentStatus.CANCELLED else ()
        return AppointmentRecord(
            id=row.id,
            number=f"A{row.number}",
            patient=row.patient_id,
            doctor=row.doctor_id,
            slots=tuple(slot_id(row.doctor_id, row.date, each) for each in held),
            extent=extent_of(tx, row),
            day=whole_day(tx, row.date),
            status=AppointmentStatus(row.status),
            cancelled_by=CancelledBy(row.cancelled_by) if row.cancelled_by else None,
            moved_to=moved_to,
            reason=None if self.no_personal else row.reason,
            note=None if self.no_personal else row.note,
            visit_type=row.visit_type,
            created_at=tx.local(row.created_at),
            updated_at=tx.local(row.updated_at),
        )

    def _visits(self) -> Iterator[VisitRecord]:
        tx, found = self.tx, selection.arrivals(self.tx, self.chosen)
        while some := list(islice(found, _AT_ONCE)):
            steps = stored_appointments.step_counts(tx, appointments=[row.appointment_id for row in some])
            last = {each.appointment_id: each.last_at for each in steps}
            for row in some:
                times = (row.checked_in_at, row.called_at, row.started_at, row.ended_at, last.get(row.appointment_id))
                yield VisitRecord(
                    id=row.id,
                    appointment=row.appointment_id,
                    patient=row.patient_id,
                    doctor=row.doctor_id,
                    status=QueueStatus(row.status),
                    position=row.position,
                    priority=row.priority,
                    checked_in_at=tx.local(row.checked_in_at),
                    ended_at=tx.local(row.ended_at),
                    updated_at=tx.local(max(at for at in times if at is not None)),
                )

    def _waiting(self) -> Iterator[Record]:
        tx = self.tx
        for row, dates in waitlist.iter_rows(tx, [stored_waitlist.waiting(), *selection.of_waitlist(self.chosen)]):
            if not selection.is_wished(self.chosen, dates):
                continue
            yield from self._patients([row.patient_number])
            yield WaitingRecord(
                id=row.id,
                number=f"W{row.number}",
                patient=row.patient_id,
                doctor=row.doctor_id,
                periods=tuple(_periods(tx, dates)),
                created_at=tx.local(row.created_at),
                updated_at=tx.local(row.updated_at),
            )


def _periods(tx: Tx, dates: Sequence[date]) -> Iterator[tuple[datetime, datetime]]:
    """Yield the periods of consecutive days."""
    ordered = sorted(dates)
    for nth, on in enumerate(ordered):
        if not nth or ordered[nth - 1] != on - timedelta(days=1):
            first = on
        if nth == len(ordered) - 1 or ordered[nth + 1] != on + timedelta(days=1):
            yield whole_day(tx, first)[0], whole_day(tx, on)[1]

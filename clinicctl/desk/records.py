"""Archive, restore, merge and erase patients and doctors. One rule holds for all: nothing may be open."""

from collections.abc import Mapping, Sequence
from uuid import UUID

from clinicctl import errors
from clinicctl.desk import (
    bookings,
    candidates,
    doctors,
    lookup,
    merge_conflicts,
    merge_history,
    operations,
    patient_keys,
    patient_phones,
    patients,
    queue_lookup,
    waitlist,
)
from clinicctl.results.base import fields_of
from clinicctl.results.people import Compared, Doctor, Edited, Erased, Merged, MergePlan, Patient, PatientBrief
from clinicctl.rules import merges
from clinicctl.rules.references import DoctorRef, PatientRef
from clinicctl.statuses import QueueStatus, Sex
from clinicctl.store.compiled import outbox as stored_outbox
from clinicctl.store.compiled import patients as stored_patients
from clinicctl.store.compiled import records as stored_records
from clinicctl.store.compiled import rows
from clinicctl.store.engine import Tx

ERASED = "erased"
"""The name of an erased patient."""

LISTED = 20
"""How many waitlist entries a refusal lists at most. Their count is beside them."""


@operations.ARCHIVE_PATIENT
def archive_patient(tx: Tx, *, patient: PatientRef) -> Patient:
    """Archive a patient. Refuses an archived one, and one with anything open."""
    row = lookup.find_active_patient(tx, patient)
    _refuse_open_patient(tx, row)
    return patients.describe(tx, patients.save(tx, row._replace(archived_at=tx.now)))


@operations.RESTORE_PATIENT
def restore_patient(tx: Tx, *, patient: PatientRef) -> Edited:
    """Take a patient out of the archive.

    Refuses one who is not archived, and an erased one. The answer lists those on file who may be the same person: they
    may have been registered again meanwhile.
    """
    row = lookup.not_erased(lookup.find_patient(tx, patient))
    if row.archived_at is None:
        raise _not_archived(f"P{row.number}")
    # Deferred: no other command here compares names.
    from clinicctl.desk import registration

    return registration.describe_edited(tx, patients.save(tx, row._replace(archived_at=None)))


@operations.ARCHIVE_DOCTOR
def archive_doctor(tx: Tx, *, doctor: DoctorRef) -> Doctor:
    """Archive a doctor. Refuses an archived one, and one with anything open."""
    row = lookup.find_active_doctor(tx, doctor)
    _refuse_open_doctor(tx, row)
    return doctors.describe(tx, doctors.save(tx, row._replace(archived_at=tx.now)))


@operations.RESTORE_DOCTOR
def restore_doctor(tx: Tx, *, doctor: DoctorRef) -> Doctor:
    """Take a doctor out of the archive. Refuses one who is not archived."""
    row = lookup.find_doctor(tx, doctor)
    if row.archived_at is None:
        raise _not_archived(row.code)
    return doctors.describe(tx, doctors.save(tx, row._replace(archived_at=None)))


@operations.MERGE_PATIENTS
def merge(tx: Tx, *, patient: PatientRef, into: PatientRef) -> Merged:
    """Merge a patient into another one, the survivor.

    The survivor gets everything, and is found by both numbers, names and phones. Empty fields of the survivor are
    filled; different values stay with the merged record. Refuses the same patient twice, erased or archived patients,
    and, with `MergeConflict`, two who both have what a patient may have once.
    """
    gone, survivor = _both(tx, patient, into)
    resolved = merges.plan_details(gone, survivor)
    moved = merge_history.look(tx, gone, survivor, resolved)
    appointments = stored_records.move_appointments(tx, patient=gone.id, patient_id=survivor.id, updated_at=tx.now)
    entries, doubled = waitlist.move(tx, old=gone.id, new=survivor.id)
    # Records merged into `gone` before now point to the survivor, as every merged record does.
    stored_records.move_merged(tx, old=gone.id, merged_into=survivor.id, updated_at=tx.now)
    stored = patient_keys.of_patient(tx, survivor)
    survivor = survivor._replace(**resolved.changes)
    if "phone" in resolved.changes:
        patient_phones.replace(tx, survivor, patient_phones.of_patient(tx, gone))
    survivor = patients.save(tx, survivor)
    patient_keys.change(tx, survivor, stored)
    gone = patients.save(tx, gone._replace(archived_at=tx.now, merged_into=survivor.id))
    merge_history.record(tx, moved, doubled, gone=gone, survivor=survivor)
    return Merged(
        patient=patients.describe(tx, survivor),
        merged=f"P{gone.number}",
        appointments=appointments,
        waitlist_entries=entries,
        waitlist_removed=tuple(f"W{each}" for each in doubled.removed),
        taken_over=resolved.taken_over,
        kept=resolved.differing,
    )


def preview_merge(tx: Tx, *, patient: PatientRef, into: PatientRef) -> MergePlan:
    """Return what `merge` would do, without a change. Refuses what `merge` refuses."""
    gone, survivor = _both(tx, patient, into)
    resolved = merges.plan_details(gone, survivor)
    doubled = waitlist.find_doubled(tx, old=gone.id, new=survivor.id)
    one, other = _compared(tx, gone), _compared(tx, survivor)
    taken_phones = "phone" in resolved.changes
    after = patients.describe(
        tx,
        survivor._replace(**resolved.changes),
        {survivor.id: [*lookup.with_merged(tx, survivor)[1:], *lookup.with_merged(tx, gone)]},
        one.phones if taken_phones else other.phones,
    )
    return MergePlan(
        patient=lookup.patient_brief(gone),
        into=lookup.patient_brief(survivor),
        appointments=one.appointments,
        waitlist_entries=one.waitlist_entries,
        taken_over=resolved.taken_over,
        kept=resolved.differing,
        waitlist_removed=tuple(f"W{each}" for each in doubled.removed),
        merged_record=one,
        into_record=other,
        record_after=Compared(
            **fields_of(after),
            appointments=one.appointments + other.appointments,
            waitlist_entries=one.waitlist_entries + other.waitlist_entries - len(doubled.removed),
            last_visit=max(filter(None, (one.last_visit, other.last_visit)), default=None),
        ),
    )


def _compared(tx: Tx, row: rows.PatientRow) -> Compared:
    return Compared(
        **fields_of(patients.describe(tx, row)),
        appointments=stored_records.count_appointments(tx, patient=row.id) or 0,
        waitlist_entries=len(waitlist.list_of_patient(tx, patient_id=row.id)),
        last_visit=candidates.last_visits(tx, [row.id]).get(row.id),
    )


@operations.ERASE_PATIENT
def erase(tx: Tx, *, patient: PatientRef) -> Erased:
    """Erase the personal data of a patient, and of the records merged into theirs.

    It may be repeated. Numbers, appointments without their reasons and the journal, which has nothing personal, stay.
    Refuses a patient with anything open.
    """
    row = lookup.find_patient(tx, patient)
    _refuse_open_patient(tx, row)
    records = lookup.with_merged(tx, row)
    for each in records:
        stored_outbox.forget(tx, patient=each.id, updated_at=tx.now)
    erased = [_erase_row(tx, each) for each in records]
    return Erased(
        patient=patients.describe(tx, erased[0]),
        numbers=tuple(f"P{each.number}" for each in records),
        appointments=sum(stored_records.clear_reasons(tx, patient=each.id) for each in records),
    )


def preview_erasure(tx: Tx, *, patient: PatientRef) -> list[PatientBrief]:
    """Return the records that `erase` would erase, without a change."""
    return list(map(lookup.patient_brief, lookup.with_merged(tx, lookup.find_patient(tx, patient))))


def _refuse_open_patient(tx: Tx, row: rows.PatientRow) -> None:
    """Refuse a patient with an open appointment or a waitlist entry, on any day."""
    subject = f"P{row.number}"
    _refuse_appointments(tx, subject, bookings.list_active(tx, patient_id=row.id))
    if waits := waitlist.list_of_patient(tx, patient_id=row.id):
        raise errors.OnWaitlist(subject=subject, entries=_some(waits), count=len(waits))


def _refuse_open_doctor(tx: Tx, row: rows.DoctorRow) -> None:
    """Refuse a doctor with open appointments, a queue, or waitlist entries."""
    _refuse_appointments(tx, row.code, bookings.list_active(tx, doctor_id=row.id), may_transfer=True)
    if waits := waitlist.list_of_doctor(tx, doctor_id=row.id):
        raise errors.WaitedFor(doctor=row.code, entries=_some(waits), count=len(waits))


def refuse_archived(tx: Tx, row: rows.AppointmentRow, *, queue_doctor_id: UUID | None = None) -> None:
    """Refuse to reopen an appointment whose patient or doctor is archived.

    `queue_doctor_id` is the doctor in whose queue the patient would wait.
    """
    if row.patient_archived_at is not None:
        raise lookup.patient_archived(row.patient_number)
    if row.doctor_archived_at is not None:
        raise lookup.doctor_archived(row.doctor_code)
    if queue_doctor_id is not None:
        lookup.active_doctor(lookup.doctor_by_id(tx, queue_doctor_id))


def _not_archived(subject: str) -> errors.IllegalStep:
    return errors.IllegalStep(subject=subject, status="on file", step="restore", needs="archived")


def _refuse_appointments(
    tx: Tx, subject: str, found: Sequence[rows.AppointmentRow], *, may_transfer: bool = False
) -> None:
    if not found:
        return
    entries = {row.id: queue_lookup.get_entry(tx, row.id) for row in found if row.position is not None}
    affected = [
        each | ({"queue": entry.doctor_code} if (entry := entries.get(row.id)) is not None else {})
        for each, row in zip(candidates.of_appointments(tx, found), found, strict=True)
    ]
    raise errors.HasAppointments(
        subject=subject,
        count=len(found),
        affected=affected,
        hint=_how_to_close(tx, found, entries, may_transfer=may_transfer),
    )


def _how_to_close(
    tx: Tx,
    found: Sequence[rows.AppointmentRow],
    entries: Mapping[UUID, rows.QueueRow | None],
    *,
    may_transfer: bool,
) -> str:
    """Return the commands that close open appointments, one example of each kind."""
    advice = []
    if past := sorted({row.date for row in found if row.date < tx.today}):
        advice.append(f"Close past days: `clinicctl close {past[0].isoformat()}`.")
    queued = [entry for row in found if row.date >= tx.today and (entry := entries.get(row.id)) is not None]
    if queued:
        first = queued[0]
        commands = [queue_lookup.how_to_leave(first)]
        if may_transfer and first.status != QueueStatus.SERVING:
            commands.insert(0, f"clinicctl queue transfer {first.doctor_code} {first.position} --to CODE")
        advice.append(f"Take patients out of the queue: {' or '.join(f'`{each}`' for each in commands)}.")
    if any(row.date >= tx.today and row.position is None for row in found):
        advice.append("Cancel or move booked appointments.")
    return " ".join(advice)


def _some(entries: Sequence[str]) -> str:
    more = f" and {len(entries) - LISTED} more" if len(entries) > LISTED else ""
    return f"{', '.join(entries[:LISTED])}{more}"


def _erase_row(tx: Tx, row: rows.PatientRow) -> rows.PatientRow:
    """Remove everything personal from a patient's row, and the words that find it.

    The number stays.
    """
    stored_patients.delete_keys(tx, keys=patient_keys.of_patient(tx, row), patient=row.number)
    stored_patients.delete_words(tx, patient=row.id)
    stored_patients.delete_phones(tx, patient=row.id)
    return patients.save(
        tx,
        row._replace(
            name=ERASED,
            name_key="",
            phone=None,
            born=None,
            born_year=None,
            born_month=None,
            sex=Sex.UNKNOWN,
            email=None,
            note=None,
            notify=None,
            language=None,
            archived_at=row.archived_at or tx.now,
            erased_at=row.erased_at or tx.now,
        ),
    )


def _both(tx: Tx, patient: PatientRef, into: PatientRef) -> tuple[rows.PatientRow, rows.PatientRow]:
    """Return the rows of the patient to merge and of the survivor.

    Refuses what `merge` refuses.
    """
    gone, survivor = lookup.find_patient(tx, patient), lookup.find_active_patient(tx, into)
    if gone.id == survivor.id:
        raise errors.SamePatient(subject=f"P{survivor.number}", what="merge")
    lookup.not_erased(gone)
    merge_conflicts.refuse(tx, gone, survivor)
    return gone, survivor

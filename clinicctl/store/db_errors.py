"""The refusal for each constraint. The operations check first, for a better sentence; races end here."""

from clinicctl import errors

REFUSALS: dict[str, type[errors.Refusal]] = {
    "uq_doctors_code": errors.CodeTaken,
    "pk_held_slots": errors.SlotTaken,
    "uq_appointments_visit": errors.VisitTaken,
    "uq_queue_entries_appointment_id": errors.QueuedTwice,
    "uq_waitlist_entries_waiting": errors.WaitsAlready,
    "uq_journal_key": errors.KeyTaken,
    "uq_journal_undoes": errors.UndoneAlready,
}

"""Errors about appointments and the waitlist."""

from typing import Any

from clinicctl.errors.base import AgainstRule, Conflict, NotFound
from clinicctl.errors.wording import status_label


class NoSuchAppointment(NotFound):
    code, sentence = "appointment_not_found", "No such appointment."
    advice = "See `clinicctl appointment list`."


class NoAppointmentToday(NotFound):
    code, sentence = "appointment_not_found", "{patient} has no appointment on {date}."
    advice = "Book and check in with one command: `clinicctl walkin {patient} DOCTOR`."


class NoSuchVisitType(NotFound):
    code, sentence = "visit_type_not_found", "No such kind of visit{problem}."
    advice = "See `clinicctl config visit-type list`."


class VisitTypeExists(Conflict):
    code, sentence = "exists", "The kind of visit {name} already exists, with {minutes} minutes."
    advice = "To change its length: `clinicctl config visit-type edit NAME --minutes N`."


class NothingBooked(NotFound):
    code, sentence = "appointment_not_found", "{patient} has no booked appointment{until}."
    advice = "See `clinicctl appointment list --patient {patient}`."


class DayFull(Conflict):
    code, sentence = "capacity_full", "{doctor} has no free slot on {date} ({booked} of {capacity})."


class OverbookingLimit(Conflict):
    code = "capacity_full"
    sentence = "{doctor} has reached the overbooking limit on {date} ({booked} of {capacity} + {limit})."


class SlotTaken(Conflict):
    """The database found the conflict. It knows the constraint, but not the doctor."""

    code, sentence = "capacity_full", "The slot has just been taken."


class AlreadyBooked(Conflict):
    code, sentence = "already_booked", "{patient} already has appointment {appointment} with {doctor} on {date}."
    advice = "Add --again for a second appointment on the same day."


class VisitTaken(Conflict):
    """The database found the second appointment.

    It knows the constraint, but not the numbers.
    """

    code, sentence = "already_booked", "The patient already has an active appointment with this doctor on that day."


class TimeTaken(Conflict):
    code, sentence = "time_taken", "{subject} already has {appointment} on {date} at {time}."
    advice = "Choose another time, or add {flag}."


class SlotTimeTaken(Conflict):
    """The slot at a time is taken, or the slots after it that a long visit needs."""

    code, sentence = "time_taken", "{doctor} has no free slot{problem} at {time} on {date}."


class NoFreeTime(Conflict):
    """The day has free slots, but none where it was asked for."""

    code, sentence = "capacity_full", "{doctor} has no free time{problem} on {date}."


class NoSuchTime(AgainstRule):
    code, sentence = "no_such_time", "{doctor} has no slot at {time} on {date}."


class NoHours(AgainstRule):
    code, sentence = "no_such_time", "{doctor} has no hours on {date}, so a part of the day cannot be chosen."
    advice = "Set them with `clinicctl doctor avail set {doctor} {date} --session 09:00-13:00 --every 10m`."


class SeriesUnavailable(Conflict):
    """Some dates of a series cannot be booked. `unavailable` has each of them, with the code and the sentence."""

    code = "series_unavailable"
    sentence = "{count} of {times} dates with {doctor} cannot be had, so nothing was booked: {problem}."
    advice = "Choose another day or time, or add --skip-full to book the others."


class NoSeries(NotFound):
    code, sentence = "series_not_found", "{appointment} belongs to no series."
    advice = "See it with `clinicctl appointment show {appointment}`."


class SeriesEnded(AgainstRule):
    code, sentence = "illegal_step", "Series {series} has no booked appointment left, so there is nothing to cancel."
    advice = "See it with `clinicctl appointment show {series} --series`."


class TimeOfSlot(AgainstRule):
    code, sentence = "illegal_step", "The time of {appointment} is that of its slot, so it cannot be cleared."
    advice = "Choose another time: `clinicctl appointment edit {appointment} --time HH:MM`."


class PastTime(AgainstRule):
    code, sentence = "past_time", "{time} is past; it is {now} on {date}."
    advice = "Choose a later time, or add --past to record a past time."


class WrongDay(AgainstRule):
    code, sentence = "wrong_day", "{appointment} is for {date}; today is {today}."


class SamePlace(AgainstRule):
    code, sentence = "illegal_step", "{subject} is already with {doctor} on {date}."


class IllegalStep(AgainstRule):
    """A step that the present status does not allow."""

    code = "illegal_step"

    def compose(self, details: dict[str, Any]) -> str:
        subject, status = details["subject"], status_label(details["status"])
        action = _ACTIONS.get(details["step"], f"{details['step']} {{}}")
        marked = f"marked as {status}" if status in ("left", "no-show") else status
        if status == _REACHED.get(details["step"]):
            return f"{subject} is already {marked}."
        *others, last = map(status_label, details["needs"].split(" or "))
        needs = f"{', '.join(others)} or {last}" if others else last
        within = subject[0].lower() + subject[1:] if " " in subject else subject
        return f"Cannot {action.format(within)}: it is {marked}, not {needs}."


_ACTIONS = {
    "check-in": "check in {}",
    "return": "check in {} again",
    "no-show": "mark {} as no-show",
    "done": "finish {}",
    "left": "mark {} as left",
    "priority": "change the priority of {}",
    "next": "call {}",
    "sent": "mark {} as sent",
    "failed": "mark {} as failed",
}
_REACHED = {
    "check-in": "checked in",
    "cancel": "cancelled",
    "no-show": "no-show",
    "call": "called",
    "start": "in consultation",
    "done": "completed",
    "skip": "skipped",
    "recall": "waiting",
    "hold": "held",
    "resume": "waiting",
    "left": "left",
    "restore": "on file",
    "remove": "removed",
    "sent": "sent",
    "failed": "failed",
}


# The waitlist


class NobodyFits(NotFound):
    code, sentence = "waitlist_entry_not_found", "Nobody on the waitlist of {doctor} fits a free slot."


class NoSuchWaitlistEntry(NotFound):
    code, sentence = "waitlist_entry_not_found", "No such waitlist entry."
    advice = "See `clinicctl waitlist list`."


class OnWaitlist(Conflict):
    code, sentence = "has_bookings", "{subject} is on the waitlist ({entries})."
    advice = "Remove the entry first: `clinicctl waitlist remove REF`."


class AlreadyWaiting(Conflict):
    code, sentence = "already_waiting", "{patient} is already waiting for {doctor} on {problem}, with {entry}."
    advice = "Name only other days, or remove the entry first: `clinicctl waitlist remove {entry}`."


class WaitsAlready(Conflict):
    """The database found the second entry.

    It knows the constraint, but not the number.
    """

    code, sentence = "already_waiting", "The patient is already waiting for this doctor on these days."

"""Sentences about appointments, the waitlist and the queue."""

from collections import Counter
from collections.abc import Callable, Iterable
from typing import Any

from clinicctl import errors
from clinicctl.render.messages.base import Report
from clinicctl.render.phrases import closed_entries, count, day, days, patient
from clinicctl.results.appointments import (
    Appointment,
    Booked,
    Called,
    Cancelled,
    CancelledSeries,
    CheckedIn,
    ComingSeries,
    NextPatient,
    QueueEntry,
    Series,
    Waiting,
    WaitlistEntry,
    WalkedIn,
)
from clinicctl.results.days import Closed

MOST_VISITS = 12
"""The most visits of a series that a sentence names."""

_APPOINTMENT_VERBS = {"cancelled": ("Cancelled", "cancel"), "no_show": ("Marked as no-show:", "mark as no-show:")}


def _appointment(each: Appointment, command: str) -> Report:
    line = _appointment_line(each)
    if command == "appointment edit" or (command == "appointment move" and not each.moved_from):
        return Report("Changed", "change", line)
    if each.status == "booked" and each.moved_from:
        return Report("Moved", "move", f"{each.moved_from} to {line}")
    done, dry = _APPOINTMENT_VERBS.get(each.status, ("Booked", "book"))
    return Report(done, dry, line)


def _appointment_line(each: Appointment) -> str:
    at = f" at {each.time:%H:%M}" if each.time else ""
    if each.starts_at is not None and each.starts_at.date() != each.date:
        at += f" after midnight, on {day(each.starts_at.date())}"
    slots = f"slot {each.slot}"
    if each.slots > 1:
        at += f" to {each.end:%H:%M}" if each.end else ""
        slots = f"slots {each.slot} to {each.slot + each.slots - 1}"
    kind = f" ({each.visit_type})" if each.visit_type else ""
    over = ", above the capacity" if each.overbooked else ""
    where = f"with {each.doctor.code} on {day(each.date)}{at}, {slots}{kind}{over}"
    return f"{each.number}: {patient(each.patient)} {where}."


def _booked(each: Booked, command: str) -> Report:
    found = _appointment(each, command)
    return found._replace(rest=found.rest + closed_entries(each.waitlist_closed))


def _cancelled(each: Cancelled, command: str) -> Report:
    found = _appointment(each, command)
    if each.promoted is None:
        return found._replace(rest=f"{found.rest} Nobody on the waitlist fits the free slot.")
    return found._replace(rest=f"{found.rest} Booked {_booked(each.promoted, command).rest}")


def cancel_question(each: Appointment | CancelledSeries) -> str:
    """Return the question before a patient's appointment or series is cancelled."""
    if isinstance(each, CancelledSeries):
        return f"Cancel series {_series_line(each)}?"
    time = f" {each.time:%H:%M}" if each.time else ""
    return f"Cancel {each.number}: {day(each.date)}{time} with {each.doctor.code}, {patient(each.patient)}?"


# Series


def _series(each: Series, _command: str) -> Report:
    skipped = f" {count(len(each.skipped), 'date')} skipped." if each.skipped else ""
    return Report(
        "Booked series", "book series", f"{_series_line(each)}.{skipped}{closed_entries(each.waitlist_closed)}"
    )


def _cancelled_series(each: CancelledSeries, _command: str) -> Report:
    stay = {0: "", 1: " 1 other stays as it is."}.get(
        len(each.unchanged), f" {len(each.unchanged)} others stay as they are."
    )
    return Report("Cancelled series", "cancel series", f"{_series_line(each)}.{stay}")


def _series_line(each: Series) -> str:
    """Return a series with its dates.

    A time that is the same on every date is named once.
    """
    visits = each.appointments
    times = {one.time for one in visits}
    doctors = {one.doctor.code for one in visits}
    same = next(iter(times)) if len(times) == 1 else None
    at = f" at {same:%H:%M}" if same else ""
    where = f" with {each.doctor.code}" if doctors == {each.doctor.code} else ""
    named = [_visit(one, is_same_time=len(times) == 1, is_same_doctor=bool(where)) for one in visits[:MOST_VISITS]]
    more = len(visits) - len(named)
    end = f" and {more} more until {day(visits[-1].date)}" if more > 0 else ""
    return f"{each.number}: {patient(each.patient)}{where}{at}, {count(len(visits), 'time')}: {', '.join(named)}{end}"


def series_title(each: Series) -> str:
    """Return whose series it is, and how many of its appointments have each status."""
    found = Counter(one.status for one in each.appointments if one.moved_to is None)
    states = ", ".join(f"{number} {errors.status_label(status)}" for status, number in found.items())
    return f"Series {each.number}: {patient(each.patient)} with {each.doctor.code}, {states}"


def coming_series(each: ComingSeries) -> str:
    """Return how many appointments of a series are still to come."""
    return f"Series {each.series}: {each.count} to come, until {day(each.last_date)}."


def _visit(each: Appointment, *, is_same_time: bool, is_same_doctor: bool) -> str:
    at = f" {each.time:%H:%M}" if each.time and not is_same_time else ""
    return f"{day(each.date)}{at}{'' if is_same_doctor else f' with {each.doctor.code}'}"


def _waitlist_entry(each: WaitlistEntry, _command: str) -> Report:
    line = f"{patient(each.patient)} for {each.doctor.code}, {days(each.days)}."
    if each.status == "removed":
        return Report(f"Removed {each.number} from the waitlist:", f"remove {each.number} from the waitlist:", line)
    return Report(f"Added {each.number} to the waitlist:", f"add {each.number} to the waitlist:", line)


def _waiting(each: Waiting, command: str) -> Report:
    found = _waitlist_entry(each, command)
    if not each.free_now:
        return found
    book = f"clinicctl book {each.patient.number} {each.doctor.code} {each.free_now[0]}"
    return found._replace(rest=f"{found.rest} A slot is free now on {days(each.free_now)}: `{book}`.")


# The queue


def _checked_in(each: CheckedIn, _command: str) -> Report:
    booked = each.appointment
    code = booked.queue_doctor or booked.doctor.code
    ahead = {0: "nobody is", 1: "1 person is"}.get(each.people_ahead, f"{each.people_ahead} people are")
    expected = f", expected about {each.expected_start:%H:%M} (estimate)" if each.expected_start else ""
    place = f"position {each.position}, {ahead} ahead ({booked.number}){expected}."
    line = f"{patient(booked.patient)} with {code}: {place}"
    return Report("Checked in", "check in", f"{line}{closed_entries(each.waitlist_closed)}")


def _walked_in(each: WalkedIn, command: str) -> Report:
    found = _checked_in(each, command)
    noun = "Registered" if each.registered.created else "Already on file"
    return found._replace(rest=f"{found.rest} {noun}: {each.registered.number}.")


_QUEUE_VERBS = {
    "called": ("Called:", "call:"),
    "serving": ("Started:", "start:"),
    "done": ("Finished:", "finish:"),
    "skipped": ("Skipped:", "skip:"),
    "held": ("On hold:", "hold:"),
    "left": ("Marked as left:", "mark as left:"),
    "waiting": ("Waiting:", "queue:"),
}


def _queued(each: QueueEntry, command: str) -> Report:
    who = patient(each.patient)
    on = f" on {day(each.date)}" if each.earlier else ""
    place = f"({each.doctor}{on}, position {each.position}, {each.appointment.number})"
    done, dry = _QUEUE_VERBS[each.status]
    line = f"{who} {place}."
    if each.status == "serving":
        line = f"{who} is with {each.doctor} (position {each.position}{on}, {each.appointment.number})."
    elif command == "queue transfer":
        done, dry = f"Transferred to {each.doctor}:", f"transfer to {each.doctor}:"
        line = f"{who}, position {each.position}{on} ({each.appointment.number})."
    elif command == "queue priority":
        done, dry = f"Priority {each.priority}:", f"set priority {each.priority}:"
        wait = "waits for" if each.status == "waiting" else "is in the queue of"
        line = f"{who} {wait} {each.doctor} at position {each.position}{on}."
    elif command == "queue recall":
        done, dry = "Waiting again:", "let wait again:"
        where = "before the others of the same priority" if each.moved_up else "behind everyone now waiting"
        line = f"{who} {place}, {where}."
    elif command == "queue resume":
        done, dry = "Waiting again:", "let wait again:"
    return Report(done, dry, line + _passed_over(each))


def _passed_over(each: QueueEntry | NextPatient) -> str:
    if not isinstance(each, Called | NextPatient):
        return ""
    others = (f"position {one.position} (in consultation with {one.with_doctor})" for one in each.passed_over)
    passed_over = f" Passed over: {_listed(others, each.passed_over_count)}." if each.passed_over else ""
    also = each.also_called if isinstance(each, Called) else ()
    if not also:
        return passed_over
    noun = "position" if len(also) == 1 else "positions"
    count = each.also_called_count if isinstance(each, Called) else 0
    return f"{passed_over} Also called: {noun} {_listed(map(str, also), count)}."


def _listed(named: Iterable[str], count: int) -> str:
    """Return the first of `count` things, and how many more there are.

    The answers of older versions list all of them, without a count.
    """
    listed = list(named)
    more = count - len(listed)
    return f"{', '.join(listed)} and {more} more" if more > 0 else ", ".join(listed)


def _next(each: NextPatient, command: str) -> Report:
    finished = _queued(each.finished, command) if each.finished is not None else None
    following = _queued(each.next, command) if each.next is not None else None
    first = finished or following
    assert first is not None, "a next patient, or one who was finished"
    if finished is None:
        return first._replace(rest=first.rest + _passed_over(each))
    then = f"{following.done} {following.rest}{_passed_over(each)}" if following else "Nobody else waits."
    return first._replace(rest=f"{first.rest} {then}")


def _closed(each: Closed, _command: str) -> Report:
    parts = ((each.no_show, "no-show"), (each.left, "left"), (each.completed, "completed"))
    changes = "; ".join(f"{len(numbers)} {word} ({', '.join(numbers)})" for numbers, word in parts if numbers)
    return Report("Closed", "close", f"{day(each.date)}: {changes or 'nothing was open'}.")


REPORTS: dict[type, Callable[[Any, str], Report]] = {
    Appointment: _appointment,
    Booked: _booked,
    Cancelled: _cancelled,
    Series: _series,
    CancelledSeries: _cancelled_series,
    Closed: _closed,
    WaitlistEntry: _waitlist_entry,
    Waiting: _waiting,
    CheckedIn: _checked_in,
    WalkedIn: _walked_in,
    QueueEntry: _queued,
    Called: _queued,
    NextPatient: _next,
}

"""Series of appointments: book several dates at once, show them, and cancel the rest of them."""

from collections.abc import Sequence
from datetime import date, time
from typing import Any, NamedTuple

from clinicctl import errors
from clinicctl.desk import bookings, lookup, operations, visit_lookup, visit_types
from clinicctl.desk.bookings import NEW_SERIES, Details
from clinicctl.desk.dates import date_of
from clinicctl.desk.slot_choice import Asked, Visitor
from clinicctl.results.appointments import Appointment, Booked, CancelledSeries, Series, Skipped
from clinicctl.results.base import fields_of
from clinicctl.results.people import ToCall
from clinicctl.rules import references, series
from clinicctl.rules.days import DayWord
from clinicctl.rules.hours import Within
from clinicctl.rules.references import AppointmentRef, BookedRef, DoctorRef, PatientRef
from clinicctl.statuses import AppointmentStatus, CancelledBy
from clinicctl.store.compiled import appointments, rows
from clinicctl.store.compiled import journal as stored_journal
from clinicctl.store.engine import Tx

_NAMED = 6
"""How many dates the sentence of a refusal names. Its details have all of them."""

_DETAILS = ("nearest_free", "next_free")
"""What the refusal of a date may offer instead."""


@operations.BOOK_SERIES
def book(
    tx: Tx,
    *,
    patient: PatientRef,
    doctor: DoctorRef,
    on: DayWord,
    every: int,
    times: int,
    skip_full: bool = False,
    at: time | None = None,
    within: Within | None = None,
    reason: str | None = None,
    note: str | None = None,
    visit_type: str | None = None,
    again: bool = False,
    overbook: bool = False,
    past: bool | None = None,
) -> Series:
    """Book several dates of a doctor: all of them, or none.

    They are `times` dates, `every` days apart, from a day on. Refuses with `SeriesUnavailable` if any of them cannot be
    booked; it names each of these. With `skip_full` the others are booked, if there are any. The other arguments are
    those of `bookings.book`.
    """
    patient_row, doctor_row = lookup.find_active_patient(tx, patient), lookup.find_active_doctor(tx, doctor)
    kind = visit_types.find(tx, visit_type) if visit_type is not None else None
    asked = Asked(at, within, kind.minutes if kind else None, again=again, overbook=overbook, past=bool(past))
    dates = series.dates(date_of(tx, on), every=every, times=times, today=tx.today)
    booked, refused = _book_each(tx, Visitor(patient_row, doctor_row), asked, Details(reason, note, kind), dates)
    if not booked or (refused and not skip_full):
        raise _unavailable(doctor_row.code, refused, times)
    return Series(
        number=booked[0].number,
        patient=lookup.patient_brief(patient_row),
        doctor=lookup.doctor_brief(doctor_row),
        appointments=tuple(_as_appointment(each) for each in booked),
        skipped=tuple(Skipped(on, each.code, _reason(each)) for on, each in refused.items()),
        waitlist_closed=tuple(number for each in booked for number in each.waitlist_closed),
    )


def _book_each(
    tx: Tx, visitor: Visitor, asked: Asked, details: Details, dates: Sequence[date]
) -> tuple[list[Booked], dict[date, errors.Refusal]]:
    """Book each date by itself.

    Return what was booked, and why the others were refused.
    """
    booked, refused = list[Booked](), dict[date, errors.Refusal]()
    number = NEW_SERIES
    for on in dates:
        taken, changed = len(tx.steps), len(tx.changes)
        try:
            with tx.savepoint("visit"):
                booked.append(bookings.place(tx, visitor, asked, details._replace(series=number), on=on))
        except (errors.Conflict, errors.AgainstRule) as refusal:
            del tx.steps[taken:], tx.changes[changed:]
            refused[on] = refusal
        else:
            number = references.appointment_number(booked[0].number) or NEW_SERIES
    return booked, refused


def _unavailable(doctor: str, refused: dict[date, errors.Refusal], times: int) -> errors.SeriesUnavailable:
    more = f" and {len(refused) - _NAMED} more" if len(refused) > _NAMED else ""
    return errors.SeriesUnavailable(
        problem=", ".join(map(str, list(refused)[:_NAMED])) + more,
        doctor=doctor,
        count=len(refused),
        times=times,
        unavailable=[
            {"date": on.isoformat(), "code": each.code, "message": str(each)}
            | {name: each.details[name] for name in _DETAILS if name in each.details}
            for on, each in refused.items()
        ],
        hint=None if len(refused) < times else "Choose another day or time.",
    )


def _reason(refused: errors.Refusal) -> str:
    """Return the sentence of a refusal for the journal, which has no notes of days."""
    if isinstance(refused, errors.DoctorAbsent):
        return refused.compose(refused.details | {"note": None})
    return str(refused)


def _as_appointment(each: Booked) -> Appointment:
    """Return a booking as a member of a series.

    The series has the waitlist entries that it closed.
    """
    return Appointment(**{name: value for name, value in fields_of(each).items() if name != "waitlist_closed"})


def show(tx: Tx, *, appointment: AppointmentRef) -> Series:
    """Return the whole series of an appointment, by date.

    Refuses an appointment that belongs to none.
    """
    row = lookup.find_appointment(tx, appointment)
    return Series(**_described(tx, number_of(row), appointments.of_series(tx, series=number_of(row))))


def number_of(row: rows.AppointmentRow) -> int:
    """Return the number of an appointment's series.

    Refuses an appointment that belongs to none.
    """
    if row.series is None:
        raise errors.NoSeries(appointment=f"A{row.number}")
    return row.series


def _described(tx: Tx, number: int, members: Sequence[rows.AppointmentRow]) -> dict[str, Any]:
    """Return the fields of a series with these members."""
    first = appointments.by_number(tx, number=number)
    assert first is not None, "a series without its first appointment"
    patient, doctor = lookup.booked_briefs(first)
    return {
        "number": f"A{number}",
        "patient": patient,
        "doctor": doctor,
        "appointments": tuple(bookings.describe(tx, each) for each in members),
    }


@operations.CANCEL_SERIES
def cancel(
    tx: Tx, *, appointment: BookedRef, by: CancelledBy = CancelledBy.PATIENT, reason: str | None = None
) -> CancelledSeries:
    """Cancel the appointments of a series that are booked from today on.

    The others stay as they are. Of a patient, it is the series that the patient has booked. Refuses an appointment that
    belongs to no series, and a series without such an appointment.
    """
    number = number_of(visit_lookup.find_booked(tx, appointment, by_series=True))
    open_ = _list_open(tx, number)
    for row in open_:
        bookings.cancel_row(tx, row, by=by, reason=reason)
    ended = {row.number for row in open_}
    members = appointments.of_series(tx, series=number)
    others = [row for row in members if row.number not in ended and row.status != AppointmentStatus.CANCELLED]
    return CancelledSeries(
        **_described(tx, number, [row for row in members if row.number in ended]),
        unchanged=tuple(f"A{row.number}" for row in others),
    )


class Preview(NamedTuple):
    """What `cancel` would cancel: the appointments of a series, and the patient once for each of them.

    `is_named` says that an appointment was given, not its patient.
    """

    series: CancelledSeries
    affected: list[ToCall]
    is_named: bool


def preview_cancel(tx: Tx, *, appointment: BookedRef, key: str | None = None) -> Preview | None:
    """Return what `cancel` would cancel; None if the key already belongs to a write.

    Refuses what `cancel` refuses.
    """
    if key is not None and stored_journal.by_key(tx, key=key) is not None:
        return None
    number = number_of(visit_lookup.find_booked(tx, appointment, by_series=True))
    open_ = _list_open(tx, number)
    return Preview(
        CancelledSeries(**_described(tx, number, open_)),
        [bookings.to_call(row) for row in open_],
        visit_lookup.get_named(tx, appointment) is not None,
    )


def _list_open(tx: Tx, number: int) -> list[rows.AppointmentRow]:
    """Return the appointments of a series that are booked from today on.

    Refuses a series without any.
    """
    members = appointments.of_series(tx, series=number)
    found = [row for row in members if row.status == AppointmentStatus.BOOKED and row.date >= tx.today]
    if not found:
        raise errors.SeriesEnded(series=f"A{number}")
    return found

"""Errors about doctors and their days."""

from clinicctl.errors.base import AgainstRule, AnswerAboutPeople, Conflict, NotFound


class NoSuchDoctor(NotFound):
    code, sentence = "doctor_not_found", "No such doctor."
    advice = "See `clinicctl doctor list`."


class NoSuchHoliday(NotFound):
    code, sentence = "holiday_not_found", "{date} is no holiday."
    advice = "See `clinicctl config holiday list`."


class DuplicateCode(Conflict):
    code, sentence = "duplicate_code", "A doctor with the code {doctor} already exists."


class CodeTaken(Conflict):
    """The database found the duplicate. It knows the constraint, but not the code."""

    code, sentence = "duplicate_code", "A doctor with this code already exists."


class HasBookings(Conflict, AnswerAboutPeople):
    code = "has_bookings"
    advice = "Move them first, or use --on-conflict keep, cancel or move."

    def compose(self, details: dict[str, object]) -> str:
        patients = "patient" if details["count"] == 1 else "patients"
        return "{count} booked {patients} would lose their place with {doctor}.".format(patients=patients, **details)


class PatientsHere(Conflict, AnswerAboutPeople):
    """Patients have arrived and wait for the doctor.

    Their appointments cannot be cancelled.
    """

    code = "has_bookings"

    def compose(self, details: dict[str, object]) -> str:
        patients = "patient" if details["count"] == 1 else "patients"
        return "{count} {patients} of {doctor} would lose their doctor; {here} already here.".format(
            patients=patients, **details | {"here": f"{details['here']} {'is' if details['here'] == 1 else 'are'}"}
        )


class WaitedFor(Conflict):
    code, sentence = "has_bookings", "Patients are on the waitlist of {doctor} ({entries})."
    advice = "Remove the entries first: `clinicctl waitlist remove REF`."


class DoctorAbsent(AgainstRule):
    """The doctor is absent. The note of the day is the clinic's own, about the doctor."""

    code = "doctor_absent"

    def compose(self, details: dict[str, object]) -> str:
        note = f": {details['note']}" if details["note"] else ""
        return f"{details['doctor']} is absent on {details['date']}{note}."


class PastDay(AgainstRule):
    code, sentence = "past_day", "{date} is past; today is {today}."

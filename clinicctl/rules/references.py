"""Parse references to patients, doctors, appointments and waitlist entries."""

import re
from uuid import UUID

from clinicctl.errors import BadValue, typed

_PATIENT = re.compile(r"[Pp]([1-9][0-9]{0,8})")
_APPOINTMENT = re.compile(r"[Aa]([1-9][0-9]{0,8})")
_WAITLIST = re.compile(r"[Ww]([1-9][0-9]{0,8})")
_CODE = re.compile(r"[A-Z0-9][A-Z0-9._-]{0,31}")
_UUID = re.compile(r"[0-9a-fA-F]{8}(-?[0-9a-fA-F]{4}){3}-?[0-9a-fA-F]{12}")
_LEAST_DIGITS = 5

ALL = "all"
"""The word for all doctors. No doctor gets it as a code."""


class PatientRef(str):
    """`P17`, a UUID, a phone in any form, or words that each begin one of the names."""

    __slots__ = ()


class DoctorRef(str):
    """A code, compared without case, or a UUID."""

    __slots__ = ()


class WaitlistRef(str):
    """`W3`."""

    __slots__ = ()


class AppointmentRef(str):
    """`A42` or a UUID."""

    __slots__ = ()


class ArrivalRef(str):
    """An appointment, or a patient with an appointment today."""

    __slots__ = ()


def patient_number(text: str) -> int | None:
    """Return 17 for `P17`, None for anything else."""
    found = _PATIENT.fullmatch(text.strip())
    return int(found[1]) if found else None


def appointment_number(text: str) -> int | None:
    """Return 42 for `A42`, None for anything else."""
    found = _APPOINTMENT.fullmatch(text.strip())
    return int(found[1]) if found else None


def waitlist_number(text: str) -> int | None:
    """Return 3 for `W3`, None for anything else."""
    found = _WAITLIST.fullmatch(text.strip())
    return int(found[1]) if found else None


def uuid(text: str) -> UUID | None:
    """Return a UUID, with or without hyphens; None for anything else."""
    return UUID(text.strip()) if _UUID.fullmatch(text.strip()) else None


def looks_like_a_phone(text: str) -> bool:
    """Return whether a text has enough digits for a phone, and no letter."""
    return sum(each.isdigit() for each in text) >= _LEAST_DIGITS and not any(each.isalpha() for each in text)


def doctor_code(text: str) -> str:
    """Return a doctor's code in capitals.

    Refuses anything but 1 to 32 of A-Z, 0-9, `.`, `_`, `-`, and UUIDs.
    """
    code = text.strip().upper()
    if code.lower() == ALL:
        raise BadValue(problem="The code ALL means all doctors: choose another.")
    if not _CODE.fullmatch(code) or uuid(code):
        named = typed(text)
        raise BadValue(
            problem=f"Not a doctor's code: {f'{named}; a code has ' if named else ''}"
            "1 to 32 letters A-Z, digits, dots, hyphens, like MEHTA."
        )
    return code

"""Parse references to patients, doctors, appointments and waitlist entries."""

import re
from collections.abc import Iterable
from typing import Protocol, TypeVar
from uuid import UUID

from clinicctl.errors import BadValue, typed
from clinicctl.rules.text import fold, search_words, without_marks

_PATIENT = re.compile(r"[Pp]([1-9][0-9]{0,8})")
_APPOINTMENT = re.compile(r"[Aa]([1-9][0-9]{0,8})")
_WAITLIST = re.compile(r"[Ww]([1-9][0-9]{0,8})")
_NUMBER = re.compile(r"[1-9][0-9]{0,8}")
_CODE = re.compile(r"[A-Z0-9][A-Z0-9._-]{0,31}")
_UUID = re.compile(r"[0-9a-fA-F]{8}(-?[0-9a-fA-F]{4}){3}-?[0-9a-fA-F]{12}")
_LEAST_DIGITS = 5
_BETWEEN_DIGITS = str.maketrans("", "", " -\u2010\u2011\u2012\u2013\u2212")

ENDING = range(4, 10)
"""The numbers of last digits that find a phone."""

ALL = "all"
"""The word for all doctors. No doctor gets it as a code."""


class PatientRef(str):
    """`P17`, `17`, a UUID, a phone or its last digits, or words that each begin one of the names."""

    __slots__ = ()


class DoctorRef(str):
    """A code, compared without case, a UUID, or the beginning of a code or of words of the name."""

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


class BookedRef(str):
    """An appointment, or a patient with one booked appointment."""

    __slots__ = ()


class Doctor(Protocol):
    """The code and the name of a doctor."""

    @property
    def code(self) -> str: ...
    @property
    def name(self) -> str: ...


D = TypeVar("D", bound=Doctor)


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


def plain_number(text: str) -> int | None:
    """Return 17 for `17`, None for anything else."""
    return int(text) if _NUMBER.fullmatch(text := text.strip()) else None


def digits(text: str) -> str:
    """Return the digits of a text that has only digits, spaces and hyphens.

    Return an empty text for any other. Digits of every script become 0-9.
    """
    bare = text.translate(_BETWEEN_DIGITS)
    return "".join(str(int(each)) for each in bare) if bare.isdecimal() else ""


def uuid(text: str) -> UUID | None:
    """Return a UUID, with or without hyphens; None for anything else."""
    return UUID(text.strip()) if _UUID.fullmatch(text.strip()) else None


def is_name(text: str) -> bool:
    """Return whether a reference to a patient can only be a name."""
    has_letter = any(each.isalpha() for each in text)
    return has_letter and uuid(text) is None and not any(each.isdigit() for each in text)


def looks_like_a_phone(text: str) -> bool:
    """Return whether a text has enough digits for a phone, and no letter."""
    return sum(each.isdigit() for each in text) >= _LEAST_DIGITS and not any(each.isalpha() for each in text)


def doctors_named(text: str, doctors: Iterable[D]) -> list[D]:
    """Return the doctors whose code begins with a text, or whose name has its words.

    A word may be the beginning of one in the name. If only one name has all of them as whole words, it is that doctor.
    """
    code, words = text.strip().upper(), fold(text).split()
    found, whole = list[D](), list[D]()
    for each in doctors:
        own = search_words(each.name)
        named = bool(words) and all(any(one.startswith(word) for one in own) for word in words)
        if named or each.code.startswith(code):
            found.append(each)
        if named and own.issuperset(words):
            whole.append(each)
    return whole if len(whole) == 1 else found


def doctor_code(text: str) -> str:
    """Return a doctor's code in capitals.

    Refuses anything but 1 to 32 of A-Z, 0-9, `.`, `_`, `-`, and UUIDs.
    """
    code = without_marks(text).upper()
    if code.lower() == ALL:
        raise BadValue(problem="The code ALL means all doctors: choose another.")
    if not _CODE.fullmatch(code) or uuid(code):
        named = typed(text)
        raise BadValue(
            problem=f"Not a doctor's code: {f'{named}; a code has ' if named else ''}"
            "1 to 32 letters A-Z, digits, dots, hyphens, like MEHTA."
        )
    return code

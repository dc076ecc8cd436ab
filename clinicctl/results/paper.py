"""Results that are printed on paper: slips and day sheets."""

from datetime import date, datetime, time

from clinicctl.results.base import result
from clinicctl.results.days import Slot
from clinicctl.results.people import DoctorBrief
from clinicctl.statuses import AppointmentStatus


@result
class Ticket:
    """A patient's slip, without anything about the patient. `at` is when it was made.

    `expected_start` is an estimate for a waiting patient; `expected_basis` says from what.
    """

    appointment: str
    clinic: str
    doctor: DoctorBrief
    date: date
    time: time | None
    status: AppointmentStatus
    position: int | None
    people_ahead: int | None
    expected_start: datetime | None
    expected_basis: str | None
    at: datetime


@result
class DoctorSheet:
    """The slots of a doctor's day."""

    doctor: DoctorBrief
    date: date
    slots: tuple[Slot, ...]


@result
class DaySheet:
    """The sheets of days, with the clinic and the time of printing."""

    clinic: str
    at: datetime
    sheets: tuple[DoctorSheet, ...]


@result
class PrintSettings:
    """How the clinic prints. `command` is empty for the default one."""

    command: str
    ticket_width: str

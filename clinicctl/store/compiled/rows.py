"""Generated from the queries by `python -m clinicctl.store.compile`. Do not edit."""

from datetime import date as Date
from datetime import datetime
from datetime import time as Time
from typing import Any, NamedTuple
from uuid import UUID

from clinicctl.statuses import AppointmentStatus, CancelledBy, QueueStatus, Sex, WaitlistStatus
from clinicctl.store.values import to_bool, to_date, to_instant, to_time, to_uuid

_APPOINTMENT_STATUS = {each.value: each for each in AppointmentStatus}
_CANCELLED_BY = {each.value: each for each in CancelledBy}
_QUEUE_STATUS = {each.value: each for each in QueueStatus}
_SEX = {each.value: each for each in Sex}
_WAITLIST_STATUS = {each.value: each for each in WaitlistStatus}


class ActiveVisitRow(NamedTuple):
    number: int
    visit: int
    created_at: datetime


def active_visit_row(stored: Any) -> ActiveVisitRow:
    return ActiveVisitRow(stored[0], stored[1], to_instant(stored[2]))


class AppointmentRow(NamedTuple):
    id: UUID
    number: int
    patient_id: UUID
    doctor_id: UUID
    date: Date
    slot: int
    visit: int
    time: Time | None
    status: AppointmentStatus
    reason: str | None
    overbooked: bool
    cancelled_by: CancelledBy | None
    cancel_reason: str | None
    moved_to: int | None
    moved_from: int | None
    key: str | None
    created_at: datetime
    updated_at: datetime
    patient_number: int
    patient_name: str
    patient_phone: str | None
    patient_born: Date | None
    patient_born_year: int | None
    patient_sex: Sex
    patient_archived_at: datetime | None
    doctor_code: str
    doctor_name: str
    doctor_archived_at: datetime | None
    position: int | None
    queue_doctor_code: str | None


def appointment_row(stored: Any) -> AppointmentRow:
    return AppointmentRow(
        to_uuid(stored[0]),
        stored[1],
        to_uuid(stored[2]),
        to_uuid(stored[3]),
        to_date(stored[4]),
        stored[5],
        stored[6],
        None if stored[7] is None else to_time(stored[7]),
        _APPOINTMENT_STATUS[stored[8]],
        stored[9],
        to_bool(stored[10]),
        None if stored[11] is None else _CANCELLED_BY[stored[11]],
        stored[12],
        stored[13],
        stored[14],
        stored[15],
        to_instant(stored[16]),
        to_instant(stored[17]),
        stored[18],
        stored[19],
        stored[20],
        None if stored[21] is None else to_date(stored[21]),
        stored[22],
        _SEX[stored[23]],
        None if stored[24] is None else to_instant(stored[24]),
        stored[25],
        stored[26],
        None if stored[27] is None else to_instant(stored[27]),
        stored[28],
        stored[29],
    )


class ArrivedRow(NamedTuple):
    id: UUID
    number: int
    patient_id: UUID
    doctor_id: UUID
    date: Date
    slot: int
    visit: int
    time: Time | None
    status: AppointmentStatus
    reason: str | None
    overbooked: bool
    cancelled_by: CancelledBy | None
    cancel_reason: str | None
    moved_to: int | None
    moved_from: int | None
    key: str | None
    created_at: datetime
    updated_at: datetime
    patient_number: int
    patient_name: str
    patient_phone: str | None
    patient_born: Date | None
    patient_born_year: int | None
    patient_sex: Sex
    doctor_code: str
    position: int
    queue_status: QueueStatus


def arrived_row(stored: Any) -> ArrivedRow:
    return ArrivedRow(
        to_uuid(stored[0]),
        stored[1],
        to_uuid(stored[2]),
        to_uuid(stored[3]),
        to_date(stored[4]),
        stored[5],
        stored[6],
        None if stored[7] is None else to_time(stored[7]),
        _APPOINTMENT_STATUS[stored[8]],
        stored[9],
        to_bool(stored[10]),
        None if stored[11] is None else _CANCELLED_BY[stored[11]],
        stored[12],
        stored[13],
        stored[14],
        stored[15],
        to_instant(stored[16]),
        to_instant(stored[17]),
        stored[18],
        stored[19],
        stored[20],
        None if stored[21] is None else to_date(stored[21]),
        stored[22],
        _SEX[stored[23]],
        stored[24],
        stored[25],
        _QUEUE_STATUS[stored[26]],
    )


class DayKeyRow(NamedTuple):
    doctor_id: UUID
    date: Date


class DaySettingRow(NamedTuple):
    id: UUID
    doctor_id: UUID
    date: Date
    present: bool
    capacity: int | None
    note: str | None
    updated_by: str
    updated_at: datetime


def day_setting_row(stored: Any) -> DaySettingRow:
    return DaySettingRow(
        to_uuid(stored[0]),
        to_uuid(stored[1]),
        to_date(stored[2]),
        to_bool(stored[3]),
        stored[4],
        stored[5],
        stored[6],
        to_instant(stored[7]),
    )


class DayUpdateRow(NamedTuple):
    present: bool
    capacity: int | None
    note: str | None
    updated_by: str
    updated_at: datetime
    doctor_id: UUID
    date: Date


class DaysBeforeRow(NamedTuple):
    journal_number: int
    before: str


def days_before_row(stored: Any) -> DaysBeforeRow:
    return DaysBeforeRow(stored[0], stored[1])


class DoctorRow(NamedTuple):
    id: UUID
    code: str
    name: str
    specialty: str | None
    capacity: int | None
    created_at: datetime
    updated_at: datetime
    archived_at: datetime | None


def doctor_row(stored: Any) -> DoctorRow:
    return DoctorRow(
        to_uuid(stored[0]),
        stored[1],
        stored[2],
        stored[3],
        stored[4],
        to_instant(stored[5]),
        to_instant(stored[6]),
        None if stored[7] is None else to_instant(stored[7]),
    )


class LedgerRow(NamedTuple):
    id: UUID
    doctor_id: UUID
    date: Date
    capacity: int
    booked: int
    remaining: int
    last_position: int
    last_recall: int


def ledger_row(stored: Any) -> LedgerRow:
    return LedgerRow(
        to_uuid(stored[0]),
        to_uuid(stored[1]),
        to_date(stored[2]),
        stored[3],
        stored[4],
        stored[5],
        stored[6],
        stored[7],
    )


class OpenDayRow(NamedTuple):
    date: Date
    open: int


def open_day_row(stored: Any) -> OpenDayRow:
    return OpenDayRow(to_date(stored[0]), stored[1])


class PatientRow(NamedTuple):
    id: UUID
    number: int
    name: str
    name_key: str
    sound_key: str
    phone: str | None
    born: Date | None
    born_year: int | None
    sex: Sex
    email: str | None
    note: str | None
    created_at: datetime
    updated_at: datetime
    archived_at: datetime | None
    merged_into: UUID | None
    erased_at: datetime | None


def patient_row(stored: Any) -> PatientRow:
    return PatientRow(
        to_uuid(stored[0]),
        stored[1],
        stored[2],
        stored[3],
        stored[4],
        stored[5],
        None if stored[6] is None else to_date(stored[6]),
        stored[7],
        _SEX[stored[8]],
        stored[9],
        stored[10],
        to_instant(stored[11]),
        to_instant(stored[12]),
        None if stored[13] is None else to_instant(stored[13]),
        None if stored[14] is None else to_uuid(stored[14]),
        None if stored[15] is None else to_instant(stored[15]),
    )


class PlacesRow(NamedTuple):
    places: int
    doctor_id: UUID
    date: Date


class QueueRow(NamedTuple):
    id: UUID
    appointment_id: UUID
    doctor_id: UUID
    date: Date
    position: int
    status: QueueStatus
    priority: int
    recalled: int
    checked_in_at: datetime
    called_at: datetime | None
    started_at: datetime | None
    ended_at: datetime | None
    doctor_code: str
    doctor_name: str
    doctor_archived_at: datetime | None


def queue_row(stored: Any) -> QueueRow:
    return QueueRow(
        to_uuid(stored[0]),
        to_uuid(stored[1]),
        to_uuid(stored[2]),
        to_date(stored[3]),
        stored[4],
        _QUEUE_STATUS[stored[5]],
        stored[6],
        stored[7],
        to_instant(stored[8]),
        None if stored[9] is None else to_instant(stored[9]),
        None if stored[10] is None else to_instant(stored[10]),
        None if stored[11] is None else to_instant(stored[11]),
        stored[12],
        stored[13],
        None if stored[14] is None else to_instant(stored[14]),
    )


class StepRow(NamedTuple):
    journal_number: int
    nth: int
    appointment_id: UUID
    from_status: str | None
    to_status: str
    queue_from: str | None
    queue_to: str | None
    slot: int
    position: int | None
    before: str


class WaitlistRow(NamedTuple):
    id: UUID
    number: int
    patient_id: UUID
    doctor_id: UUID
    first_date: Date
    last_date: Date
    status: WaitlistStatus
    appointment_id: UUID | None
    created_at: datetime
    updated_at: datetime
    patient_number: int
    patient_name: str
    doctor_code: str
    doctor_name: str
    appointment_number: int | None


def waitlist_row(stored: Any) -> WaitlistRow:
    return WaitlistRow(
        to_uuid(stored[0]),
        stored[1],
        to_uuid(stored[2]),
        to_uuid(stored[3]),
        to_date(stored[4]),
        to_date(stored[5]),
        _WAITLIST_STATUS[stored[6]],
        None if stored[7] is None else to_uuid(stored[7]),
        to_instant(stored[8]),
        to_instant(stored[9]),
        stored[10],
        stored[11],
        stored[12],
        stored[13],
        stored[14],
    )


class WeekdayRow(NamedTuple):
    doctor_id: UUID
    weekday: int
    present: bool
    capacity: int | None


def weekday_row(stored: Any) -> WeekdayRow:
    return WeekdayRow(to_uuid(stored[0]), stored[1], to_bool(stored[2]), stored[3])


class WriteRow(NamedTuple):
    number: int
    at: datetime
    actor: str
    command: str
    key: str
    undoes: int | None
    said: str
    fingerprint: str
    outcome: str
    previous: str
    hash: str


def write_row(stored: Any) -> WriteRow:
    return WriteRow(
        stored[0],
        to_instant(stored[1]),
        stored[2],
        stored[3],
        stored[4],
        stored[5],
        stored[6],
        stored[7],
        stored[8],
        stored[9],
        stored[10],
    )

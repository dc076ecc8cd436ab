"""Generated from the queries by `python -m clinicctl.store.compile`. Do not edit."""

from datetime import date as Date
from datetime import datetime
from datetime import time as Time
from typing import Any, NamedTuple
from uuid import UUID

from clinicctl.statuses import (
    AppointmentStatus,
    CancelledBy,
    Channel,
    MessageKind,
    MessageState,
    Notify,
    QueueStatus,
    Role,
    Sex,
    WaitlistStatus,
)
from clinicctl.store.values import to_bool, to_date, to_instant, to_time, to_uuid

APPOINTMENT_STATUS = {each.value: each for each in AppointmentStatus}
CANCELLED_BY = {each.value: each for each in CancelledBy}
CHANNEL = {each.value: each for each in Channel}
MESSAGE_KIND = {each.value: each for each in MessageKind}
MESSAGE_STATE = {each.value: each for each in MessageState}
NOTIFY = {each.value: each for each in Notify}
QUEUE_STATUS = {each.value: each for each in QueueStatus}
ROLE = {each.value: each for each in Role}
SEX = {each.value: each for each in Sex}
WAITLIST_STATUS = {each.value: each for each in WaitlistStatus}


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
    note: str | None
    slots: int
    minutes: int | None
    after_midnight: bool
    visit_type: str | None
    series: int | None
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
        APPOINTMENT_STATUS[stored[8]],
        stored[9],
        to_bool(stored[10]),
        None if stored[11] is None else CANCELLED_BY[stored[11]],
        stored[12],
        stored[13],
        stored[14],
        stored[15],
        to_instant(stored[16]),
        to_instant(stored[17]),
        stored[18],
        stored[19],
        stored[20],
        to_bool(stored[21]),
        stored[22],
        stored[23],
        stored[24],
        stored[25],
        stored[26],
        None if stored[27] is None else to_date(stored[27]),
        stored[28],
        SEX[stored[29]],
        None if stored[30] is None else to_instant(stored[30]),
        stored[31],
        stored[32],
        None if stored[33] is None else to_instant(stored[33]),
        stored[34],
        stored[35],
    )


class AppointmentStateRow(NamedTuple):
    id: Any
    number: Any
    patient_id: Any
    doctor_id: Any
    date: Any
    slot: Any
    visit: Any
    time: Any
    status: Any
    reason: Any
    overbooked: Any
    cancelled_by: Any
    cancel_reason: Any
    moved_to: Any
    moved_from: Any
    key: Any
    created_at: Any
    note: Any
    slots: Any
    minutes: Any
    after_midnight: Any
    visit_type: Any
    series: Any


def appointment_state_row(stored: Any) -> AppointmentStateRow:
    return AppointmentStateRow(
        stored[0],
        stored[1],
        stored[2],
        stored[3],
        stored[4],
        stored[5],
        stored[6],
        stored[7],
        stored[8],
        stored[9],
        stored[10],
        stored[11],
        stored[12],
        stored[13],
        stored[14],
        stored[15],
        stored[16],
        stored[17],
        stored[18],
        stored[19],
        stored[20],
        stored[21],
        stored[22],
    )


class ArrivalRow(NamedTuple):
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
    moved_up: bool
    doctor_code: str
    appointment_number: int
    patient_id: UUID
    patient_number: int
    patient_name: str


def arrival_row(stored: Any) -> ArrivalRow:
    return ArrivalRow(
        to_uuid(stored[0]),
        to_uuid(stored[1]),
        to_uuid(stored[2]),
        to_date(stored[3]),
        stored[4],
        QUEUE_STATUS[stored[5]],
        stored[6],
        stored[7],
        to_instant(stored[8]),
        None if stored[9] is None else to_instant(stored[9]),
        None if stored[10] is None else to_instant(stored[10]),
        None if stored[11] is None else to_instant(stored[11]),
        to_bool(stored[12]),
        stored[13],
        stored[14],
        to_uuid(stored[15]),
        stored[16],
        stored[17],
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
    note: str | None
    slots: int
    minutes: int | None
    after_midnight: bool
    visit_type: str | None
    series: int | None
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
        APPOINTMENT_STATUS[stored[8]],
        stored[9],
        to_bool(stored[10]),
        None if stored[11] is None else CANCELLED_BY[stored[11]],
        stored[12],
        stored[13],
        stored[14],
        stored[15],
        to_instant(stored[16]),
        to_instant(stored[17]),
        stored[18],
        stored[19],
        stored[20],
        to_bool(stored[21]),
        stored[22],
        stored[23],
        stored[24],
        stored[25],
        stored[26],
        None if stored[27] is None else to_date(stored[27]),
        stored[28],
        SEX[stored[29]],
        stored[30],
        stored[31],
        QUEUE_STATUS[stored[32]],
    )


class AtTimeRow(NamedTuple):
    id: UUID
    number: int
    patient_id: UUID
    doctor_id: UUID
    created_at: datetime


def at_time_row(stored: Any) -> AtTimeRow:
    return AtTimeRow(to_uuid(stored[0]), stored[1], to_uuid(stored[2]), to_uuid(stored[3]), to_instant(stored[4]))


class BeforeRow(NamedTuple):
    journal_number: int
    before: str


def before_row(stored: Any) -> BeforeRow:
    return BeforeRow(stored[0], stored[1])


class BookableRow(NamedTuple):
    id: UUID
    patient_id: UUID


def bookable_row(stored: Any) -> BookableRow:
    return BookableRow(to_uuid(stored[0]), to_uuid(stored[1]))


class BoundsRow(NamedTuple):
    first: Date | None
    last: Date | None


def bounds_row(stored: Any) -> BoundsRow:
    return BoundsRow(
        None if stored[0] is None else to_date(stored[0]),
        None if stored[1] is None else to_date(stored[1]),
    )


class BusyRow(NamedTuple):
    number: int
    time: Time | None
    after_midnight: bool
    minutes: int | None


def busy_row(stored: Any) -> BusyRow:
    return BusyRow(stored[0], None if stored[1] is None else to_time(stored[1]), to_bool(stored[2]), stored[3])


class CapacityRow(NamedTuple):
    new_capacity: int
    doctor_id: UUID
    date: Date


class ChannelReachedRow(NamedTuple):
    channel: Channel | None
    number: int
    no_shows: int


def channel_reached_row(stored: Any) -> ChannelReachedRow:
    return ChannelReachedRow(None if stored[0] is None else CHANNEL[stored[0]], stored[1], stored[2])


class ComingSeriesRow(NamedTuple):
    series: int | None
    visits: int
    last_date: Date | None


def coming_series_row(stored: Any) -> ComingSeriesRow:
    return ComingSeriesRow(stored[0], stored[1], None if stored[2] is None else to_date(stored[2]))


class ComingVisitRow(NamedTuple):
    number: int
    date: Date
    time: Time | None
    after_midnight: bool


def coming_visit_row(stored: Any) -> ComingVisitRow:
    return ComingVisitRow(
        stored[0],
        to_date(stored[1]),
        None if stored[2] is None else to_time(stored[2]),
        to_bool(stored[3]),
    )


class ComparedRow(NamedTuple):
    number: int
    name: str
    phone: str | None
    born: Date | None
    born_year: int | None
    sex: Sex
    created_at: datetime


def compared_row(stored: Any) -> ComparedRow:
    return ComparedRow(
        stored[0],
        stored[1],
        stored[2],
        None if stored[3] is None else to_date(stored[3]),
        stored[4],
        SEX[stored[5]],
        to_instant(stored[6]),
    )


class ConsultationRow(NamedTuple):
    patient_id: UUID
    doctor_id: UUID
    date: Date
    position: int
    doctor_code: str


def consultation_row(stored: Any) -> ConsultationRow:
    return ConsultationRow(to_uuid(stored[0]), to_uuid(stored[1]), to_date(stored[2]), stored[3], stored[4])


class CounterRow(NamedTuple):
    name: str
    value: int


def counter_row(stored: Any) -> CounterRow:
    return CounterRow(stored[0], stored[1])


class DateChangesRow(NamedTuple):
    date: Date
    number: int
    by_patient: int
    by_clinic: int
    moved_by_patient: int
    moved_by_clinic: int


def date_changes_row(stored: Any) -> DateChangesRow:
    return DateChangesRow(to_date(stored[0]), stored[1], stored[2], stored[3], stored[4], stored[5])


class DateHourRow(NamedTuple):
    date: Date
    hour: int | None
    number: int


def date_hour_row(stored: Any) -> DateHourRow:
    return DateHourRow(to_date(stored[0]), stored[1], stored[2])


class DateLeadRow(NamedTuple):
    date: Date
    days: int | None
    minute: str | None
    number: int


def date_lead_row(stored: Any) -> DateLeadRow:
    return DateLeadRow(to_date(stored[0]), stored[1], stored[2], stored[3])


class DateMessagesRow(NamedTuple):
    date: Date
    kind: MessageKind
    channel: Channel | None
    state: MessageState
    number: int


def date_messages_row(stored: Any) -> DateMessagesRow:
    return DateMessagesRow(
        to_date(stored[0]),
        MESSAGE_KIND[stored[1]],
        None if stored[2] is None else CHANNEL[stored[2]],
        MESSAGE_STATE[stored[3]],
        stored[4],
    )


class DateMinutesRow(NamedTuple):
    date: Date
    minutes: int | None
    number: int


def date_minutes_row(stored: Any) -> DateMinutesRow:
    return DateMinutesRow(to_date(stored[0]), stored[1], stored[2])


class DateNoShowsRow(NamedTuple):
    date: Date
    number: int
    no_shows: int
    left_unseen: int


def date_no_shows_row(stored: Any) -> DateNoShowsRow:
    return DateNoShowsRow(to_date(stored[0]), stored[1], stored[2], stored[3])


class DateRemindedRow(NamedTuple):
    date: Date
    number: int
    no_shows: int


def date_reminded_row(stored: Any) -> DateRemindedRow:
    return DateRemindedRow(to_date(stored[0]), stored[1], stored[2])


class DayCapacityRow(NamedTuple):
    doctor_id: UUID
    date: Date
    capacity: int


def day_capacity_row(stored: Any) -> DayCapacityRow:
    return DayCapacityRow(to_uuid(stored[0]), to_date(stored[1]), stored[2])


class DayKeyRow(NamedTuple):
    doctor_id: UUID
    date: Date


def day_key_row(stored: Any) -> DayKeyRow:
    return DayKeyRow(to_uuid(stored[0]), to_date(stored[1]))


class DayOutcomesRow(NamedTuple):
    doctor_id: UUID
    date: Date
    number: int
    completed: int
    no_shows: int
    left_unseen: int
    by_patient: int
    by_clinic: int
    moved_by_patient: int
    moved_by_clinic: int
    booked: int | None
    used: int | None


def day_outcomes_row(stored: Any) -> DayOutcomesRow:
    return DayOutcomesRow(
        to_uuid(stored[0]),
        to_date(stored[1]),
        stored[2],
        stored[3],
        stored[4],
        stored[5],
        stored[6],
        stored[7],
        stored[8],
        stored[9],
        stored[10],
        stored[11],
    )


class DaySettingRow(NamedTuple):
    id: UUID
    doctor_id: UUID
    date: Date
    present: bool
    capacity: int | None
    note: str | None
    updated_by: str
    updated_at: datetime
    sessions: str | None
    every: int | None


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
        stored[8],
        stored[9],
    )


class DaySlotsRow(NamedTuple):
    doctor_id: UUID
    date: Date
    booked: int | None
    used: int | None


def day_slots_row(stored: Any) -> DaySlotsRow:
    return DaySlotsRow(to_uuid(stored[0]), to_date(stored[1]), stored[2], stored[3])


class DayWriteRow(NamedTuple):
    present: bool
    capacity: int | None
    note: str | None
    updated_by: str
    updated_at: datetime
    sessions: str | None
    every: int | None
    doctor_id: UUID
    date: Date


class DistinctNumbersRow(NamedTuple):
    one: int
    other: int


def distinct_numbers_row(stored: Any) -> DistinctNumbersRow:
    return DistinctNumbersRow(stored[0], stored[1])


class DistinctRow(NamedTuple):
    one_id: UUID
    other_id: UUID


def distinct_row(stored: Any) -> DistinctRow:
    return DistinctRow(to_uuid(stored[0]), to_uuid(stored[1]))


class DoctorChangesRow(NamedTuple):
    doctor_id: UUID
    number: int
    by_patient: int
    by_clinic: int
    moved_by_patient: int
    moved_by_clinic: int


def doctor_changes_row(stored: Any) -> DoctorChangesRow:
    return DoctorChangesRow(to_uuid(stored[0]), stored[1], stored[2], stored[3], stored[4], stored[5])


class DoctorCountRow(NamedTuple):
    code: str
    number: int


def doctor_count_row(stored: Any) -> DoctorCountRow:
    return DoctorCountRow(stored[0], stored[1])


class DoctorDayCountRow(NamedTuple):
    doctor_id: UUID
    date: Date
    number: int


def doctor_day_count_row(stored: Any) -> DoctorDayCountRow:
    return DoctorDayCountRow(to_uuid(stored[0]), to_date(stored[1]), stored[2])


class DoctorHourRow(NamedTuple):
    doctor_id: UUID
    hour: int | None
    number: int


def doctor_hour_row(stored: Any) -> DoctorHourRow:
    return DoctorHourRow(to_uuid(stored[0]), stored[1], stored[2])


class DoctorLeadRow(NamedTuple):
    doctor_id: UUID
    days: int | None
    minute: str | None
    number: int


def doctor_lead_row(stored: Any) -> DoctorLeadRow:
    return DoctorLeadRow(to_uuid(stored[0]), stored[1], stored[2], stored[3])


class DoctorMessagesRow(NamedTuple):
    doctor_id: UUID
    kind: MessageKind
    channel: Channel | None
    state: MessageState
    number: int


def doctor_messages_row(stored: Any) -> DoctorMessagesRow:
    return DoctorMessagesRow(
        to_uuid(stored[0]),
        MESSAGE_KIND[stored[1]],
        None if stored[2] is None else CHANNEL[stored[2]],
        MESSAGE_STATE[stored[3]],
        stored[4],
    )


class DoctorMinutesRow(NamedTuple):
    doctor_id: UUID
    minutes: int | None
    number: int


def doctor_minutes_row(stored: Any) -> DoctorMinutesRow:
    return DoctorMinutesRow(to_uuid(stored[0]), stored[1], stored[2])


class DoctorNoShowsRow(NamedTuple):
    doctor_id: UUID
    number: int
    no_shows: int
    left_unseen: int


def doctor_no_shows_row(stored: Any) -> DoctorNoShowsRow:
    return DoctorNoShowsRow(to_uuid(stored[0]), stored[1], stored[2], stored[3])


class DoctorRemindedRow(NamedTuple):
    doctor_id: UUID
    number: int
    no_shows: int


def doctor_reminded_row(stored: Any) -> DoctorRemindedRow:
    return DoctorRemindedRow(to_uuid(stored[0]), stored[1], stored[2])


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


class EndedRow(NamedTuple):
    state: MessageState
    failure: str | None
    updated_at: datetime
    of_appointment: int
    of_kind: MessageKind
    of_occasion: int


class GivenBackRow(NamedTuple):
    due: datetime
    updated_at: datetime
    of_appointment: int
    of_kind: MessageKind
    of_occasion: int
    of_attempts: int


class HandedOutRow(NamedTuple):
    appointment: int
    kind: MessageKind


def handed_out_row(stored: Any) -> HandedOutRow:
    return HandedOutRow(stored[0], MESSAGE_KIND[stored[1]])


class HeldRow(NamedTuple):
    date: Date
    slots: int | None


def held_row(stored: Any) -> HeldRow:
    return HeldRow(to_date(stored[0]), stored[1])


class HeldSlotRow(NamedTuple):
    doctor_id: UUID
    date: Date
    slot: int
    appointment: int


class HeldSlotsRow(NamedTuple):
    doctor_id: UUID
    date: Date
    slots: str | None


def held_slots_row(stored: Any) -> HeldSlotsRow:
    return HeldSlotsRow(to_uuid(stored[0]), to_date(stored[1]), stored[2])


class HistoryRow(NamedTuple):
    from_status: str | None
    to_status: str
    queue_from: str | None
    queue_to: str | None
    slot: int
    position: int | None
    number: int
    at: datetime
    actor: str
    command: str


def history_row(stored: Any) -> HistoryRow:
    return HistoryRow(
        stored[0],
        stored[1],
        stored[2],
        stored[3],
        stored[4],
        stored[5],
        stored[6],
        to_instant(stored[7]),
        stored[8],
        stored[9],
    )


class HolderRow(NamedTuple):
    doctor_id: UUID
    date: Date
    number: int
    slot: int
    slots: int


def holder_row(stored: Any) -> HolderRow:
    return HolderRow(to_uuid(stored[0]), to_date(stored[1]), stored[2], stored[3], stored[4])


class HolidayRow(NamedTuple):
    date: Date
    name: str


def holiday_row(stored: Any) -> HolidayRow:
    return HolidayRow(to_date(stored[0]), stored[1])


class HourRow(NamedTuple):
    hour: int | None
    number: int


def hour_row(stored: Any) -> HourRow:
    return HourRow(stored[0], stored[1])


class KindReachedRow(NamedTuple):
    kind: MessageKind
    number: int
    no_shows: int


def kind_reached_row(stored: Any) -> KindReachedRow:
    return KindReachedRow(MESSAGE_KIND[stored[0]], stored[1], stored[2])


class KnownRow(NamedTuple):
    id: UUID
    number: int
    name: str
    name_key: str
    phone: str | None
    born: Date | None
    born_year: int | None
    sex: Sex
    created_at: datetime
    archived_at: datetime | None


def known_row(stored: Any) -> KnownRow:
    return KnownRow(
        to_uuid(stored[0]),
        stored[1],
        stored[2],
        stored[3],
        stored[4],
        None if stored[5] is None else to_date(stored[5]),
        stored[6],
        SEX[stored[7]],
        to_instant(stored[8]),
        None if stored[9] is None else to_instant(stored[9]),
    )


class LastVisitRow(NamedTuple):
    patient_id: UUID
    came: Date | None
    booked: Date | None


def last_visit_row(stored: Any) -> LastVisitRow:
    return LastVisitRow(
        to_uuid(stored[0]),
        None if stored[1] is None else to_date(stored[1]),
        None if stored[2] is None else to_date(stored[2]),
    )


class LaterStepRow(NamedTuple):
    journal_number: int
    number: int


def later_step_row(stored: Any) -> LaterStepRow:
    return LaterStepRow(stored[0], stored[1])


class LeaseRow(NamedTuple):
    due: datetime
    attempts: int
    channel: Channel | None
    updated_at: datetime
    of_appointment: int
    of_kind: MessageKind
    of_occasion: int


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


class LengthRow(NamedTuple):
    doctor_id: UUID
    seconds: int | None


def length_row(stored: Any) -> LengthRow:
    return LengthRow(to_uuid(stored[0]), stored[1])


class MessageRow(NamedTuple):
    appointment: int
    kind: MessageKind
    occasion: int
    due: datetime
    state: MessageState
    attempts: int
    channel: Channel | None
    ref: str | None
    failure: str | None
    created_at: datetime
    updated_at: datetime
    visit: UUID
    status: AppointmentStatus
    date: Date
    time: Time | None
    after_midnight: bool
    moved_to: int | None
    doctor_code: str
    doctor_name: str
    patient_id: UUID
    patient_number: int
    patient_name: str
    phone: str | None
    email: str | None
    notify: Notify | None
    language: str | None
    archived_at: datetime | None
    erased_at: datetime | None
    queue_status: QueueStatus | None
    queue_doctor_name: str | None
    last_news: int | None
    ahead: int | None


def message_row(stored: Any) -> MessageRow:
    return MessageRow(
        stored[0],
        MESSAGE_KIND[stored[1]],
        stored[2],
        to_instant(stored[3]),
        MESSAGE_STATE[stored[4]],
        stored[5],
        None if stored[6] is None else CHANNEL[stored[6]],
        stored[7],
        stored[8],
        to_instant(stored[9]),
        to_instant(stored[10]),
        to_uuid(stored[11]),
        APPOINTMENT_STATUS[stored[12]],
        to_date(stored[13]),
        None if stored[14] is None else to_time(stored[14]),
        to_bool(stored[15]),
        stored[16],
        stored[17],
        stored[18],
        to_uuid(stored[19]),
        stored[20],
        stored[21],
        stored[22],
        stored[23],
        None if stored[24] is None else NOTIFY[stored[24]],
        stored[25],
        None if stored[26] is None else to_instant(stored[26]),
        None if stored[27] is None else to_instant(stored[27]),
        None if stored[28] is None else QUEUE_STATUS[stored[28]],
        stored[29],
        stored[30],
        stored[31],
    )


class NamedRow(NamedTuple):
    name_key: str
    number: int


def named_row(stored: Any) -> NamedRow:
    return NamedRow(stored[0], stored[1])


class NearRow(NamedTuple):
    now: datetime
    doctor: UUID
    on: Date
    most: int


class NewMessageRow(NamedTuple):
    appointment: int
    kind: MessageKind
    occasion: int
    due: datetime
    state: MessageState
    attempts: int
    channel: Channel | None
    ref: str | None
    failure: str | None
    created_at: datetime
    updated_at: datetime


class NumberedPhoneRow(NamedTuple):
    number: int
    ending: str


def numbered_phone_row(stored: Any) -> NumberedPhoneRow:
    return NumberedPhoneRow(stored[0], stored[1])


class OpenDayRow(NamedTuple):
    date: Date
    open: int


def open_day_row(stored: Any) -> OpenDayRow:
    return OpenDayRow(to_date(stored[0]), stored[1])


class OpenEntryRow(NamedTuple):
    position: int
    number: int
    patient_number: int


def open_entry_row(stored: Any) -> OpenEntryRow:
    return OpenEntryRow(stored[0], stored[1], stored[2])


class OutcomeRow(NamedTuple):
    number: int
    hash: str
    outcome: str


def outcome_row(stored: Any) -> OutcomeRow:
    return OutcomeRow(stored[0], stored[1], stored[2])


class PatientDetailsRow(NamedTuple):
    born: Date | None
    born_year: int | None
    sex: Sex
    email: str | None
    note: str | None
    updated_at: datetime
    born_month: int | None
    notify: Notify | None
    language: str | None
    id: UUID


class PatientKeyRow(NamedTuple):
    key: int
    patient: int


def patient_key_row(stored: Any) -> PatientKeyRow:
    return PatientKeyRow(stored[0], stored[1])


class PatientOnPhoneRow(NamedTuple):
    id: UUID
    number: int
    name: str
    name_key: str
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
    born_month: int | None
    notify: Notify | None
    language: str | None
    ending: str


def patient_on_phone_row(stored: Any) -> PatientOnPhoneRow:
    return PatientOnPhoneRow(
        to_uuid(stored[0]),
        stored[1],
        stored[2],
        stored[3],
        stored[4],
        None if stored[5] is None else to_date(stored[5]),
        stored[6],
        SEX[stored[7]],
        stored[8],
        stored[9],
        to_instant(stored[10]),
        to_instant(stored[11]),
        None if stored[12] is None else to_instant(stored[12]),
        None if stored[13] is None else to_uuid(stored[13]),
        None if stored[14] is None else to_instant(stored[14]),
        stored[15],
        None if stored[16] is None else NOTIFY[stored[16]],
        stored[17],
        stored[18],
    )


class PatientPhoneRow(NamedTuple):
    ending: str
    patient_id: UUID
    position: int


def patient_phone_row(stored: Any) -> PatientPhoneRow:
    return PatientPhoneRow(stored[0], to_uuid(stored[1]), stored[2])


class PatientRow(NamedTuple):
    id: UUID
    number: int
    name: str
    name_key: str
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
    born_month: int | None
    notify: Notify | None
    language: str | None


def patient_row(stored: Any) -> PatientRow:
    return PatientRow(
        to_uuid(stored[0]),
        stored[1],
        stored[2],
        stored[3],
        stored[4],
        None if stored[5] is None else to_date(stored[5]),
        stored[6],
        SEX[stored[7]],
        stored[8],
        stored[9],
        to_instant(stored[10]),
        to_instant(stored[11]),
        None if stored[12] is None else to_instant(stored[12]),
        None if stored[13] is None else to_uuid(stored[13]),
        None if stored[14] is None else to_instant(stored[14]),
        stored[15],
        None if stored[16] is None else NOTIFY[stored[16]],
        stored[17],
    )


class PatientStateRow(NamedTuple):
    id: Any
    number: Any
    name: Any
    phone: Any
    born: Any
    born_year: Any
    sex: Any
    email: Any
    note: Any
    created_at: Any
    archived_at: Any
    merged_into: Any
    erased_at: Any
    born_month: Any
    notify: Any
    language: Any


def patient_state_row(stored: Any) -> PatientStateRow:
    return PatientStateRow(
        stored[0],
        stored[1],
        stored[2],
        stored[3],
        stored[4],
        stored[5],
        stored[6],
        stored[7],
        stored[8],
        stored[9],
        stored[10],
        stored[11],
        stored[12],
        stored[13],
        stored[14],
        stored[15],
    )


class PatientWordRow(NamedTuple):
    word: str
    patient_id: UUID


def patient_word_row(stored: Any) -> PatientWordRow:
    return PatientWordRow(stored[0], to_uuid(stored[1]))


class PersonRow(NamedTuple):
    name: str
    role: Role
    doctor_id: UUID | None


def person_row(stored: Any) -> PersonRow:
    return PersonRow(stored[0], ROLE[stored[1]], None if stored[2] is None else to_uuid(stored[2]))


class PhoneStateRow(NamedTuple):
    ending: Any
    patient_id: Any
    position: Any


def phone_state_row(stored: Any) -> PhoneStateRow:
    return PhoneStateRow(stored[0], stored[1], stored[2])


class PlaceRow(NamedTuple):
    number: int
    id: UUID
    date: Date


def place_row(stored: Any) -> PlaceRow:
    return PlaceRow(stored[0], to_uuid(stored[1]), to_date(stored[2]))


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
    moved_up: bool
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
        QUEUE_STATUS[stored[5]],
        stored[6],
        stored[7],
        to_instant(stored[8]),
        None if stored[9] is None else to_instant(stored[9]),
        None if stored[10] is None else to_instant(stored[10]),
        None if stored[11] is None else to_instant(stored[11]),
        to_bool(stored[12]),
        stored[13],
        stored[14],
        None if stored[15] is None else to_instant(stored[15]),
    )


class SettingRow(NamedTuple):
    name: str
    value: str


def setting_row(stored: Any) -> SettingRow:
    return SettingRow(stored[0], stored[1])


class SharedKeyRow(NamedTuple):
    key: int
    patients: str | None


def shared_key_row(stored: Any) -> SharedKeyRow:
    return SharedKeyRow(stored[0], stored[1])


class StatusCountRow(NamedTuple):
    status: AppointmentStatus
    number: int


def status_count_row(stored: Any) -> StatusCountRow:
    return StatusCountRow(APPOINTMENT_STATUS[stored[0]], stored[1])


class StepCountRow(NamedTuple):
    appointment_id: UUID
    steps: int
    last_at: datetime | None


def step_count_row(stored: Any) -> StepCountRow:
    return StepCountRow(to_uuid(stored[0]), stored[1], None if stored[2] is None else to_instant(stored[2]))


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


def step_row(stored: Any) -> StepRow:
    return StepRow(
        stored[0],
        stored[1],
        to_uuid(stored[2]),
        stored[3],
        stored[4],
        stored[5],
        stored[6],
        stored[7],
        stored[8],
        stored[9],
    )


class StoredStepRow(NamedTuple):
    journal_number: Any
    nth: Any
    appointment_id: Any
    from_status: Any
    to_status: Any
    queue_from: Any
    queue_to: Any
    slot: Any
    position: Any
    before: Any


def stored_step_row(stored: Any) -> StoredStepRow:
    return StoredStepRow(
        stored[0],
        stored[1],
        stored[2],
        stored[3],
        stored[4],
        stored[5],
        stored[6],
        stored[7],
        stored[8],
        stored[9],
    )


class StoredWriteRow(NamedTuple):
    number: Any
    at: Any
    actor: Any
    command: Any
    key: Any
    undoes: Any
    said: Any
    fingerprint: Any
    outcome: Any
    previous: Any
    hash: Any


def stored_write_row(stored: Any) -> StoredWriteRow:
    return StoredWriteRow(
        stored[0],
        stored[1],
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


class TakenStepRow(NamedTuple):
    journal_number: int
    from_status: str | None
    to_status: str
    queue_from: str | None
    queue_to: str | None
    appointment: int
    patient: int
    doctor: str


def taken_step_row(stored: Any) -> TakenStepRow:
    return TakenStepRow(stored[0], stored[1], stored[2], stored[3], stored[4], stored[5], stored[6], stored[7])


class UserRow(NamedTuple):
    name: str
    role: Role
    doctor_id: UUID | None
    pin: str | None
    wrong_pins: int
    wrong_at: datetime | None
    created_at: datetime
    updated_at: datetime
    doctor: str | None


def user_row(stored: Any) -> UserRow:
    return UserRow(
        stored[0],
        ROLE[stored[1]],
        None if stored[2] is None else to_uuid(stored[2]),
        stored[3],
        stored[4],
        None if stored[5] is None else to_instant(stored[5]),
        to_instant(stored[6]),
        to_instant(stored[7]),
        stored[8],
    )


class VisitRow(NamedTuple):
    visit: int
    number: int


def visit_row(stored: Any) -> VisitRow:
    return VisitRow(stored[0], stored[1])


class VisitTypeRow(NamedTuple):
    name: str
    minutes: int


def visit_type_row(stored: Any) -> VisitTypeRow:
    return VisitTypeRow(stored[0], stored[1])


class WaitingRow(NamedTuple):
    id: UUID
    number: int


def waiting_row(stored: Any) -> WaitingRow:
    return WaitingRow(to_uuid(stored[0]), stored[1])


class WaitlistDayRow(NamedTuple):
    entry_id: UUID
    date: Date


def waitlist_day_row(stored: Any) -> WaitlistDayRow:
    return WaitlistDayRow(to_uuid(stored[0]), to_date(stored[1]))


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
        WAITLIST_STATUS[stored[6]],
        None if stored[7] is None else to_uuid(stored[7]),
        to_instant(stored[8]),
        to_instant(stored[9]),
        stored[10],
        stored[11],
        stored[12],
        stored[13],
        stored[14],
    )


class WaitlistStateRow(NamedTuple):
    id: Any
    number: Any
    patient_id: Any
    doctor_id: Any
    first_date: Any
    last_date: Any
    status: Any
    appointment_id: Any
    created_at: Any
    date: Any


def waitlist_state_row(stored: Any) -> WaitlistStateRow:
    return WaitlistStateRow(
        stored[0],
        stored[1],
        stored[2],
        stored[3],
        stored[4],
        stored[5],
        stored[6],
        stored[7],
        stored[8],
        stored[9],
    )


class WeekdayRow(NamedTuple):
    doctor_id: UUID
    weekday: int
    present: bool
    capacity: int | None
    sessions: str | None
    every: int | None


def weekday_row(stored: Any) -> WeekdayRow:
    return WeekdayRow(to_uuid(stored[0]), stored[1], to_bool(stored[2]), stored[3], stored[4], stored[5])


class WishRow(NamedTuple):
    id: UUID
    number: int
    patient_id: UUID
    doctor_id: UUID
    date: Date


def wish_row(stored: Any) -> WishRow:
    return WishRow(to_uuid(stored[0]), stored[1], to_uuid(stored[2]), to_uuid(stored[3]), to_date(stored[4]))


class WithDoctorRow(NamedTuple):
    status: QueueStatus
    started_at: datetime | None


def with_doctor_row(stored: Any) -> WithDoctorRow:
    return WithDoctorRow(QUEUE_STATUS[stored[0]], None if stored[1] is None else to_instant(stored[1]))


class WordCountRow(NamedTuple):
    word: str
    patients: int


def word_count_row(stored: Any) -> WordCountRow:
    return WordCountRow(stored[0], stored[1])


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

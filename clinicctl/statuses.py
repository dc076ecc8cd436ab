"""Enumerations of statuses and choices.

The CHECK constraints of the tables have the same values.
"""

from enum import StrEnum


class AppointmentStatus(StrEnum):
    BOOKED = "booked"
    CHECKED_IN = "checked_in"
    IN_CONSULTATION = "in_consultation"
    COMPLETED = "completed"
    CANCELLED = "cancelled"
    NO_SHOW = "no_show"
    LEFT = "left"


class QueueStatus(StrEnum):
    WAITING = "waiting"
    CALLED = "called"
    SERVING = "serving"
    DONE = "done"
    SKIPPED = "skipped"
    HELD = "held"
    LEFT = "left"


class Sex(StrEnum):
    FEMALE = "female"
    MALE = "male"
    OTHER = "other"
    UNKNOWN = "unknown"


SEX_WORDS = {word: each for each in Sex for word in (each.value, each.value[0])}
"""The accepted words for a sex, in lower case: the value, or its first letter."""


class WaitlistStatus(StrEnum):
    WAITING = "waiting"
    PROMOTED = "promoted"
    REMOVED = "removed"


class DaySource(StrEnum):
    DAY = "day"
    WEEKLY = "weekly"
    DEFAULT = "default"
    HOLIDAY = "holiday"


class CancelledBy(StrEnum):
    PATIENT = "patient"
    CLINIC = "clinic"


class OnConflict(StrEnum):
    REFUSE = "refuse"
    KEEP = "keep"
    CANCEL = "cancel"
    MOVE = "move"


class OnError(StrEnum):
    STOP = "stop"
    SKIP = "skip"


class RowOutcome(StrEnum):
    ADDED = "added"
    CHANGED = "changed"
    UNCHANGED = "unchanged"
    REFUSED = "refused"
    REMOVED = "removed"


class SheetFormat(StrEnum):
    CSV = "csv"
    JSONL = "jsonl"


class TableFormat(StrEnum):
    """The formats of an exported table, by the ends of their files' names."""

    CSV = "csv"
    JSONL = "jsonl"
    XLSX = "xlsx"
    PARQUET = "parquet"

    @property
    def is_text(self) -> bool:
        """Whether a terminal can show it."""
        return self in (TableFormat.CSV, TableFormat.JSONL)


class Encoding(StrEnum):
    """The encodings of imported text files, by the names of their codecs."""

    UTF_8 = "utf-8"
    UTF_16 = "utf-16"
    WINDOWS_1250 = "windows-1250"
    WINDOWS_1251 = "windows-1251"
    WINDOWS_1252 = "windows-1252"
    WINDOWS_1253 = "windows-1253"
    WINDOWS_1254 = "windows-1254"
    WINDOWS_1256 = "windows-1256"
    LATIN_1 = "iso-8859-1"
    LATIN_9 = "iso-8859-15"
    SHIFT_JIS = "shift_jis"
    GB18030 = "gb18030"
    BIG5 = "big5"
    EUC_KR = "euc_kr"


class ImportMode(StrEnum):
    UPDATE = "update"
    REPLACE = "replace"


class ReportBy(StrEnum):
    DOCTOR = "doctor"
    SPECIALTY = "specialty"
    WEEKDAY = "weekday"
    MONTH = "month"


class ReportFormat(StrEnum):
    TABLE = "table"
    JSON = "json"
    JSONL = "jsonl"
    CSV = "csv"
    TSV = "tsv"
    XLSX = "xlsx"


class Theme(StrEnum):
    """The colours of a page: those that the viewer's machine prefers, or always the same."""

    AUTO = "auto"
    DARK = "dark"
    LIGHT = "light"


class PaperWidth(StrEnum):
    """The paper of receipt printers."""

    MM58 = "58mm"
    MM80 = "80mm"


class Channel(StrEnum):
    """The ways in which a message goes to a patient."""

    SMS = "sms"
    EMAIL = "email"
    WHATSAPP = "whatsapp"


class Notify(StrEnum):
    """How a patient wants messages: on a channel, or not at all."""

    SMS = "sms"
    EMAIL = "email"
    WHATSAPP = "whatsapp"
    NONE = "none"


class MessageKind(StrEnum):
    """What a message is about."""

    BOOKED = "booked"
    MOVED = "moved"
    CANCELLED = "cancelled"
    PROMOTED = "promoted"
    REMINDER = "reminder"
    NEAR = "near"


class MessageState(StrEnum):
    PENDING = "pending"
    LEASED = "leased"
    SENT = "sent"
    FAILED = "failed"
    DROPPED = "dropped"


class Role(StrEnum):
    """What a user of the clinic may do. Each user has one role."""

    DESK = "desk"
    CLINICIAN = "clinician"
    MANAGER = "manager"
    AUDITOR = "auditor"
    READER = "reader"
    IMPORTER = "importer"

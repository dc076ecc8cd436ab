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


class CancelledBy(StrEnum):
    PATIENT = "patient"
    CLINIC = "clinic"


class OnConflict(StrEnum):
    REFUSE = "refuse"
    KEEP = "keep"
    CANCEL = "cancel"


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


class ImportMode(StrEnum):
    UPDATE = "update"
    REPLACE = "replace"

"""The tables, as mapped SQLModel classes.

Their constraints refuse what the program must never do. Each constraint has a name, and `db_errors` has a refusal for
each name that a user can meet. Personal data is only in `patients`, `patient_phones`, `patient_words`, and the free
texts of `appointments` and `doctor_daily_availabilities`. `journal_days` has copies of the notes on days, which are
about doctors. Instants are in UTC; dates are local to the clinic.
"""

from clinicctl.store.models.base import IN_QUEUE, IS_ACTIVE, IS_OPEN, IS_WAITING, Word
from clinicctl.store.models.clinic import Counter, Setting, counters, settings
from clinicctl.store.models.days import (
    DoctorDailyAvailability,
    DoctorDailyCapacity,
    DoctorWeeklyPattern,
    Holiday,
    availabilities,
    capacities,
    holidays,
    weekly_patterns,
)
from clinicctl.store.models.journals import (
    Journal,
    JournalDays,
    JournalMerges,
    JournalStep,
    journal,
    journal_days,
    journal_merges,
    journal_steps,
)
from clinicctl.store.models.messages import Message, messages
from clinicctl.store.models.people import (
    DistinctPatients,
    Doctor,
    Patient,
    PatientKey,
    PatientPhone,
    PatientWord,
    distinct_patients,
    doctors,
    patient_keys,
    patient_phones,
    patient_words,
    patients,
)
from clinicctl.store.models.users import User, users
from clinicctl.store.models.visits import (
    Appointment,
    HeldSlot,
    QueueEntry,
    VisitType,
    WaitlistDay,
    WaitlistEntry,
    appointments,
    held_slots,
    queue_entries,
    visit_types,
    waitlist_days,
    waitlist_entries,
)

__all__ = [
    "IN_QUEUE",
    "IS_ACTIVE",
    "IS_OPEN",
    "IS_WAITING",
    "Appointment",
    "Counter",
    "DistinctPatients",
    "Doctor",
    "DoctorDailyAvailability",
    "DoctorDailyCapacity",
    "DoctorWeeklyPattern",
    "HeldSlot",
    "Holiday",
    "Journal",
    "JournalDays",
    "JournalMerges",
    "JournalStep",
    "Message",
    "Patient",
    "PatientKey",
    "PatientPhone",
    "PatientWord",
    "QueueEntry",
    "Setting",
    "User",
    "VisitType",
    "WaitlistDay",
    "WaitlistEntry",
    "Word",
    "appointments",
    "availabilities",
    "capacities",
    "counters",
    "distinct_patients",
    "doctors",
    "held_slots",
    "holidays",
    "journal",
    "journal_days",
    "journal_merges",
    "journal_steps",
    "messages",
    "patient_keys",
    "patient_phones",
    "patient_words",
    "patients",
    "queue_entries",
    "settings",
    "users",
    "visit_types",
    "waitlist_days",
    "waitlist_entries",
    "weekly_patterns",
]

"""The schema version, and the numbered migration steps to it.

A new database is created from `models` at version CURRENT. An older one is migrated by the missing steps, in one
transaction together with its journal row. Each step is literal SQL, so that later changes of `models` do not change it.
A test migrates an old database and compares its schema with a new one. Each engine has a module `migration` that runs
the steps.

Alembic is not used. A step here is a few statements, selected by one number in the database, and importing Alembic
would cost a command 100 to 170 ms. Its branches and generated drafts are not needed, and SQLite's rules for rebuilding
tables (https://sqlite.org/lang_altertable.html, 7) would still apply.
"""

from collections.abc import Sequence
from typing import NamedTuple

CURRENT = 8
FIRST_ON_SERVER = 6
"""The first version on a server: the statements of older steps are for files."""
APPLICATION_ID = 0x434C4E43
"""`CLNC` at offset 68 of the file's header identifies a clinic database."""

_HAS_OLDER_ENTRY = (
    "EXISTS (SELECT 1 FROM waitlist_entries AS o JOIN waitlist_days AS x ON x.entry_id = o.id"
    " WHERE o.patient_id = e.patient_id AND o.doctor_id = e.doctor_id AND o.status = 'waiting'"
    " AND o.number < e.number AND x.date = d.date)"
)

_REVERSED = " || ".join(f"substr(phone, {place}, 1)" for place in range(32, 1, -1))
"""The digits of a phone in reverse order. A place beyond the end gives an empty text."""

_MESSAGES = (
    " CONSTRAINT pk_messages PRIMARY KEY (appointment, kind, occasion),"
    " CONSTRAINT ck_messages_kind"
    " CHECK (kind IN ('booked', 'moved', 'cancelled', 'promoted', 'reminder', 'near')),"
    " CONSTRAINT ck_messages_occasion CHECK (occasion >= 0),"
    " CONSTRAINT ck_messages_state CHECK (state IN ('pending', 'leased', 'sent', 'failed', 'dropped')),"
    " CONSTRAINT ck_messages_attempts CHECK (attempts >= 0),"
    " CONSTRAINT ck_messages_channel"
    " CHECK (CASE WHEN channel IS NULL THEN state <> 'leased' ELSE channel IN ('sms', 'email', 'whatsapp') END),"
    " CONSTRAINT fk_messages_appointment FOREIGN KEY(appointment) REFERENCES appointments (number) ON DELETE RESTRICT)"
)
"""The constraints of the table of messages."""

_USERS = (
    " CONSTRAINT pk_users PRIMARY KEY (name),"
    " CONSTRAINT ck_users_name CHECK (length(name) BETWEEN 1 AND 64),"
    " CONSTRAINT ck_users_role CHECK (role IN ('desk', 'clinician', 'manager', 'auditor', 'reader', 'importer')),"
    " CONSTRAINT ck_users_doctor CHECK ((role = 'clinician') = (doctor_id IS NOT NULL)),"
    " CONSTRAINT ck_users_wrong_pins CHECK (wrong_pins >= 0 AND (wrong_pins = 0) = (wrong_at IS NULL)),"
    " CONSTRAINT fk_users_doctor_id FOREIGN KEY(doctor_id) REFERENCES doctors (id) ON DELETE RESTRICT)"
)


class Each(NamedTuple):
    """A statement of a step that is not the same on both engines."""

    sqlite: str
    postgresql: str


STEPS: dict[int, Sequence[str | Each]] = {
    2: (
        "ALTER TABLE patients ADD COLUMN erased_at DATETIME",
        "CREATE INDEX ix_appointments_active_date ON appointments (date)"
        " WHERE status IN ('booked', 'checked_in', 'in_consultation')",
        "CREATE INDEX ix_waitlist_entries_patient_id ON waitlist_entries (patient_id)",
        "CREATE INDEX ix_waitlist_entries_status_number ON waitlist_entries (status, number)",
        "CREATE INDEX ix_journal_command_number ON journal (command, number)",
        "CREATE INDEX ix_journal_at ON journal (at)",
    ),
    3: (
        "CREATE TABLE waitlist_days (entry_id CHAR(32) NOT NULL, date DATE NOT NULL,"
        " CONSTRAINT pk_waitlist_days PRIMARY KEY (entry_id, date),"
        " CONSTRAINT fk_waitlist_days_entry_id FOREIGN KEY(entry_id)"
        " REFERENCES waitlist_entries (id) ON DELETE RESTRICT)",
        # Archived people have nothing open, and a merged record points to its survivor directly.
        "UPDATE waitlist_entries SET status = 'removed' WHERE status = 'waiting'"
        " AND (patient_id IN (SELECT id FROM patients WHERE archived_at IS NOT NULL)"
        " OR doctor_id IN (SELECT id FROM doctors WHERE archived_at IS NOT NULL))",
        "WITH RECURSIVE survivors(id, last) AS (SELECT id, id FROM patients WHERE merged_into IS NULL"
        " UNION ALL SELECT p.id, s.last FROM patients AS p JOIN survivors AS s ON s.id = p.merged_into)"
        " UPDATE patients SET merged_into ="
        " coalesce((SELECT last FROM survivors AS s WHERE s.id = patients.id), merged_into)"
        " WHERE merged_into IS NOT NULL",
        # An old entry has no list of days, so it gets every day of its range.
        "WITH RECURSIVE ranges(id, date, last_date) AS ("
        "SELECT id, first_date, last_date FROM waitlist_entries"
        " UNION ALL SELECT id, date(date, '+1 day'), last_date FROM ranges"
        " WHERE date < last_date AND date(date, '+1 day') IS NOT NULL)"
        " INSERT INTO waitlist_days (entry_id, date) SELECT id, date FROM ranges",
        # Of several entries for one patient, doctor and day, the oldest stays.
        "UPDATE waitlist_entries AS e SET status = 'removed' WHERE e.status = 'waiting' AND NOT EXISTS ("  # noqa: S608 - our own
        f"SELECT 1 FROM waitlist_days AS d WHERE d.entry_id = e.id AND NOT {_HAS_OLDER_ENTRY})",
        "DELETE FROM waitlist_days AS d WHERE EXISTS (SELECT 1 FROM waitlist_entries AS e"  # noqa: S608 - our own
        f" WHERE e.id = d.entry_id AND e.status = 'waiting' AND {_HAS_OLDER_ENTRY})",
        "UPDATE waitlist_entries AS e SET first_date = (SELECT min(date) FROM waitlist_days WHERE entry_id = e.id),"
        " last_date = (SELECT max(date) FROM waitlist_days WHERE entry_id = e.id) WHERE e.status = 'waiting'",
        "CREATE INDEX ix_queue_entries_open ON queue_entries (status, doctor_id, date)"
        " WHERE status IN ('waiting', 'called', 'serving', 'skipped', 'held')",
        "CREATE TABLE journal_days (journal_number INTEGER NOT NULL, before VARCHAR NOT NULL,"
        " CONSTRAINT pk_journal_days PRIMARY KEY (journal_number),"
        " CONSTRAINT fk_journal_days_journal_number FOREIGN KEY(journal_number)"
        " REFERENCES journal (number) ON DELETE RESTRICT)",
    ),
    4: (
        "ALTER TABLE patients ADD COLUMN born_month INTEGER CONSTRAINT ck_patients_born_month"
        " CHECK (born_month IS NULL OR (born_year IS NOT NULL AND born_month BETWEEN 1 AND 12))",
        "ALTER TABLE appointments ADD COLUMN note VARCHAR",
        "ALTER TABLE queue_entries ADD COLUMN moved_up BOOLEAN DEFAULT 0 NOT NULL"
        " CONSTRAINT ck_queue_entries_moved_up CHECK (moved_up IN (0, 1))",
        "CREATE TABLE patient_phones (ending VARCHAR NOT NULL, patient_id CHAR(32) NOT NULL, position INTEGER NOT NULL,"
        " CONSTRAINT pk_patient_phones PRIMARY KEY (ending, patient_id),"
        " CONSTRAINT uq_patient_phones_position UNIQUE (patient_id, position),"
        " CONSTRAINT ck_patient_phones_position CHECK (position >= 1),"
        " CONSTRAINT fk_patient_phones_patient_id FOREIGN KEY(patient_id) REFERENCES patients (id) ON DELETE RESTRICT)",
        "INSERT INTO patient_phones (ending, patient_id, position)"  # noqa: S608 - our own
        f" SELECT {_REVERSED}, id, 1 FROM patients WHERE phone IS NOT NULL",
    ),
    5: (
        "CREATE TABLE distinct_patients (one_id CHAR(32) NOT NULL, other_id CHAR(32) NOT NULL,"
        " CONSTRAINT pk_distinct_patients PRIMARY KEY (one_id, other_id),"
        " CONSTRAINT ck_distinct_patients_order CHECK (one_id < other_id),"
        " CONSTRAINT fk_distinct_patients_one_id FOREIGN KEY(one_id) REFERENCES patients (id) ON DELETE RESTRICT,"
        " CONSTRAINT fk_distinct_patients_other_id FOREIGN KEY(other_id) REFERENCES patients (id) ON DELETE RESTRICT)",
        "CREATE INDEX ix_distinct_patients_other_id ON distinct_patients (other_id)",
        "CREATE TABLE journal_merges (journal_number INTEGER NOT NULL, before VARCHAR NOT NULL,"
        " CONSTRAINT pk_journal_merges PRIMARY KEY (journal_number),"
        " CONSTRAINT fk_journal_merges_journal_number FOREIGN KEY(journal_number)"
        " REFERENCES journal (number) ON DELETE RESTRICT)",
        # The program fills this table after the migration, because SQL cannot make the keys.
        'CREATE TABLE patient_keys ("key" INTEGER NOT NULL, patient INTEGER NOT NULL,'
        ' CONSTRAINT pk_patient_keys PRIMARY KEY ("key", patient),'
        " CONSTRAINT fk_patient_keys_patient FOREIGN KEY(patient) REFERENCES patients (number) ON DELETE RESTRICT)"
        " WITHOUT ROWID",
        "DROP INDEX ix_patients_name_key",
        "CREATE INDEX ix_patients_name_key_born ON patients (name_key, born)",
        "DROP INDEX ix_patients_sound_key",
        "ALTER TABLE patients DROP COLUMN sound_key",
    ),
    6: (
        "ALTER TABLE doctor_daily_availabilities ADD COLUMN sessions VARCHAR",
        "ALTER TABLE doctor_daily_availabilities ADD COLUMN every INTEGER"
        " CONSTRAINT ck_doctor_daily_availabilities_every"
        " CHECK ((every IS NULL) = (sessions IS NULL OR sessions = '') AND (every IS NULL OR every BETWEEN 1 AND 480))",
        "ALTER TABLE doctor_weekly_patterns ADD COLUMN sessions VARCHAR",
        "ALTER TABLE doctor_weekly_patterns ADD COLUMN every INTEGER CONSTRAINT ck_doctor_weekly_patterns_every"
        " CHECK ((every IS NULL) = (sessions IS NULL) AND (every IS NULL OR every BETWEEN 1 AND 480))",
        "CREATE TABLE holidays (date DATE NOT NULL, name VARCHAR NOT NULL,"
        " CONSTRAINT pk_holidays PRIMARY KEY (date),"
        " CONSTRAINT ck_holidays_name CHECK (length(name) BETWEEN 1 AND 200))",
        "CREATE TABLE visit_types (name VARCHAR NOT NULL, minutes INTEGER NOT NULL,"
        " CONSTRAINT pk_visit_types PRIMARY KEY (name),"
        " CONSTRAINT ck_visit_types_name CHECK (length(name) BETWEEN 1 AND 60),"
        " CONSTRAINT ck_visit_types_minutes CHECK (minutes BETWEEN 1 AND 480))",
        "ALTER TABLE appointments ADD COLUMN slots INTEGER DEFAULT 1 NOT NULL"
        " CONSTRAINT ck_appointments_slots CHECK (slots BETWEEN 1 AND 500)",
        "ALTER TABLE appointments ADD COLUMN minutes INTEGER CONSTRAINT ck_appointments_minutes"
        " CHECK (minutes IS NULL OR (time IS NOT NULL AND minutes BETWEEN 1 AND 1440))",
        "ALTER TABLE appointments ADD COLUMN after_midnight BOOLEAN DEFAULT 0 NOT NULL"
        " CONSTRAINT ck_appointments_after_midnight CHECK (after_midnight IN (0, 1))",
        "ALTER TABLE appointments ADD COLUMN visit_type VARCHAR",
        "ALTER TABLE appointments ADD COLUMN series INTEGER",
        "CREATE INDEX ix_appointments_series ON appointments (series) WHERE series IS NOT NULL",
        "CREATE TABLE held_slots (doctor_id CHAR(32) NOT NULL, date DATE NOT NULL, slot INTEGER NOT NULL,"
        " appointment INTEGER NOT NULL, CONSTRAINT pk_held_slots PRIMARY KEY (doctor_id, date, slot),"
        " CONSTRAINT fk_held_slots_doctor_id FOREIGN KEY(doctor_id) REFERENCES doctors (id) ON DELETE RESTRICT,"
        " CONSTRAINT fk_held_slots_appointment FOREIGN KEY(appointment) REFERENCES appointments (number)"
        " ON DELETE RESTRICT) WITHOUT ROWID",
        # In the order of the key, so that the table is written from its beginning to its end.
        "INSERT INTO held_slots (doctor_id, date, slot, appointment) SELECT doctor_id, date, slot, number"
        " FROM appointments WHERE status <> 'cancelled' ORDER BY doctor_id, date, slot",
        "DROP INDEX uq_appointments_slot",
    ),
    7: (
        Each(
            sqlite="ALTER TABLE patients ADD COLUMN notify VARCHAR"
            " CONSTRAINT ck_patients_notify CHECK (notify IN ('sms', 'email', 'whatsapp', 'none'))",
            postgresql='ALTER TABLE patients ADD COLUMN notify TEXT COLLATE "C"'
            " CONSTRAINT ck_patients_notify CHECK (notify IN ('sms', 'email', 'whatsapp', 'none'))",
        ),
        Each(
            sqlite="ALTER TABLE patients ADD COLUMN language VARCHAR"
            " CONSTRAINT ck_patients_language CHECK (length(language) BETWEEN 2 AND 8)",
            postgresql='ALTER TABLE patients ADD COLUMN language TEXT COLLATE "C"'
            " CONSTRAINT ck_patients_language CHECK (length(language) BETWEEN 2 AND 8)",
        ),
        Each(
            sqlite="CREATE TABLE messages (appointment INTEGER NOT NULL, kind VARCHAR NOT NULL,"
            " occasion INTEGER NOT NULL, due DATETIME NOT NULL, state VARCHAR NOT NULL, attempts INTEGER NOT NULL,"
            " channel VARCHAR, ref VARCHAR, failure VARCHAR, created_at DATETIME NOT NULL,"
            " updated_at DATETIME NOT NULL,"
            f"{_MESSAGES}",
            postgresql='CREATE TABLE messages (appointment BIGINT NOT NULL, kind TEXT COLLATE "C" NOT NULL,'
            ' occasion BIGINT NOT NULL, due TIMESTAMP WITH TIME ZONE NOT NULL, state TEXT COLLATE "C" NOT NULL,'
            ' attempts BIGINT NOT NULL, channel TEXT COLLATE "C", ref TEXT COLLATE "C", failure TEXT COLLATE "C",'
            " created_at TIMESTAMP WITH TIME ZONE NOT NULL, updated_at TIMESTAMP WITH TIME ZONE NOT NULL,"
            f"{_MESSAGES}",
        ),
        "CREATE INDEX ix_messages_open_due ON messages (due, appointment, kind, occasion) "
        "WHERE state IN ('pending', 'leased')",
    ),
    8: (
        Each(
            sqlite="CREATE TABLE users (name VARCHAR NOT NULL, role VARCHAR NOT NULL, doctor_id CHAR(32), pin VARCHAR,"
            " wrong_pins INTEGER NOT NULL, wrong_at DATETIME, created_at DATETIME NOT NULL,"
            " updated_at DATETIME NOT NULL,"
            f"{_USERS}",
            postgresql='CREATE TABLE users (name TEXT COLLATE "C" NOT NULL, role TEXT COLLATE "C" NOT NULL,'
            ' doctor_id UUID, pin TEXT COLLATE "C", wrong_pins BIGINT NOT NULL,'
            " wrong_at TIMESTAMP WITH TIME ZONE, created_at TIMESTAMP WITH TIME ZONE NOT NULL,"
            " updated_at TIMESTAMP WITH TIME ZONE NOT NULL,"
            f"{_USERS}",
        ),
    ),
}
"""The statements of each step, by the version that it leads to. A text is for both engines.

2: Patients can be erased; new indexes. 3: A waitlist entry has a list of days, an index finds open queues, changes of
doctors' days can be undone, and archived patients are not on the waitlist. 4: A patient has several phones, and the
month of an estimated birth date; an appointment has a note; a recalled patient may be ahead of others. 5: Keys find
records of one person; two patients can be judged to be two people; a merge can be undone. 6: Days have hours; a visit
may hold several slots, which are in a table of their own; visits have kinds and series; the clinic has holidays. 7:
Messages to patients, who say how and in which language they want them. 8: The clinic has users.
"""


def statements(version: int, engine: str) -> list[str]:
    """Return the statements for one engine of the step that leads to a version."""
    return [each if isinstance(each, str) else getattr(each, engine) for each in STEPS[version]]

-- Version 7 of the schema, as a database made by it holds it.
CREATE TABLE counters (
    name VARCHAR NOT NULL,
    value INTEGER NOT NULL,
    CONSTRAINT pk_counters PRIMARY KEY (name),
    CONSTRAINT ck_counters_value CHECK (value >= 0)
);
CREATE TABLE doctors (
    id CHAR(32) NOT NULL,
    code VARCHAR NOT NULL,
    name VARCHAR NOT NULL,
    specialty VARCHAR,
    capacity INTEGER,
    created_at DATETIME NOT NULL,
    updated_at DATETIME NOT NULL,
    archived_at DATETIME,
    CONSTRAINT pk_doctors PRIMARY KEY (id),
    CONSTRAINT uq_doctors_code UNIQUE (code),
    CONSTRAINT ck_doctors_code CHECK (code = upper(code) AND length(code) BETWEEN 1 AND 32),
    CONSTRAINT ck_doctors_capacity CHECK (capacity IS NULL OR capacity BETWEEN 1 AND 500)
);
CREATE TABLE holidays (
    date DATE NOT NULL,
    name VARCHAR NOT NULL,
    CONSTRAINT pk_holidays PRIMARY KEY (date),
    CONSTRAINT ck_holidays_name CHECK (length(name) BETWEEN 1 AND 200)
);
CREATE TABLE journal (
    number INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT,
    at DATETIME NOT NULL,
    actor VARCHAR NOT NULL,
    command VARCHAR NOT NULL,
    "key" VARCHAR NOT NULL,
    undoes INTEGER,
    said VARCHAR NOT NULL,
    fingerprint VARCHAR NOT NULL,
    outcome VARCHAR NOT NULL,
    previous VARCHAR NOT NULL,
    hash VARCHAR NOT NULL,
    CONSTRAINT uq_journal_key UNIQUE ("key"),
    CONSTRAINT uq_journal_undoes UNIQUE (undoes),
    CONSTRAINT ck_journal_key CHECK (length(key) BETWEEN 1 AND 255),
    CONSTRAINT fk_journal_undoes FOREIGN KEY(undoes) REFERENCES journal (number) ON DELETE RESTRICT
);
CREATE INDEX ix_journal_actor_number ON journal (actor, number);
CREATE INDEX ix_journal_at ON journal (at);
CREATE INDEX ix_journal_command_number ON journal (command, number);
CREATE TABLE patients (
    id CHAR(32) NOT NULL,
    number INTEGER NOT NULL,
    name VARCHAR NOT NULL,
    name_key VARCHAR NOT NULL,
    phone VARCHAR,
    born DATE,
    born_year INTEGER,
    sex VARCHAR NOT NULL,
    email VARCHAR,
    note VARCHAR,
    created_at DATETIME NOT NULL,
    updated_at DATETIME NOT NULL,
    archived_at DATETIME,
    merged_into CHAR(32),
    erased_at DATETIME,
    born_month INTEGER CONSTRAINT ck_patients_born_month CHECK (born_month IS NULL OR (born_year IS NOT NULL AND born_month BETWEEN 1 AND 12)),
    notify VARCHAR CONSTRAINT ck_patients_notify CHECK (notify IN ('sms', 'email', 'whatsapp', 'none')),
    language VARCHAR CONSTRAINT ck_patients_language CHECK (length(language) BETWEEN 2 AND 8),
    CONSTRAINT pk_patients PRIMARY KEY (id),
    CONSTRAINT uq_patients_number UNIQUE (number),
    CONSTRAINT ck_patients_number CHECK (number >= 1),
    CONSTRAINT ck_patients_name CHECK (length(name) BETWEEN 1 AND 200),
    CONSTRAINT ck_patients_phone CHECK (phone IS NULL OR phone LIKE '+%'),
    CONSTRAINT ck_patients_sex CHECK (sex IN ('female', 'male', 'other', 'unknown')),
    CONSTRAINT ck_patients_born CHECK (born IS NULL OR born_year IS NULL),
    CONSTRAINT ck_patients_merged_into CHECK (merged_into IS NULL OR archived_at IS NOT NULL),
    CONSTRAINT fk_patients_merged_into FOREIGN KEY(merged_into) REFERENCES patients (id) ON DELETE RESTRICT
);
CREATE INDEX ix_patients_merged_into ON patients (merged_into);
CREATE INDEX ix_patients_name_key_born ON patients (name_key, born);
CREATE INDEX ix_patients_phone ON patients (phone);
CREATE TABLE settings (
    name VARCHAR NOT NULL,
    value VARCHAR NOT NULL,
    CONSTRAINT pk_settings PRIMARY KEY (name)
);
CREATE TABLE visit_types (
    name VARCHAR NOT NULL,
    minutes INTEGER NOT NULL,
    CONSTRAINT pk_visit_types PRIMARY KEY (name),
    CONSTRAINT ck_visit_types_name CHECK (length(name) BETWEEN 1 AND 60),
    CONSTRAINT ck_visit_types_minutes CHECK (minutes BETWEEN 1 AND 480)
);
CREATE TABLE appointments (
    id CHAR(32) NOT NULL,
    number INTEGER NOT NULL,
    patient_id CHAR(32) NOT NULL,
    doctor_id CHAR(32) NOT NULL,
    date DATE NOT NULL,
    slot INTEGER NOT NULL,
    visit INTEGER NOT NULL,
    time TIME,
    status VARCHAR NOT NULL,
    reason VARCHAR,
    overbooked BOOLEAN NOT NULL,
    cancelled_by VARCHAR,
    cancel_reason VARCHAR,
    moved_to INTEGER,
    moved_from INTEGER,
    "key" VARCHAR,
    created_at DATETIME NOT NULL,
    updated_at DATETIME NOT NULL,
    note VARCHAR,
    slots INTEGER DEFAULT 1 NOT NULL CONSTRAINT ck_appointments_slots CHECK (slots BETWEEN 1 AND 500),
    minutes INTEGER CONSTRAINT ck_appointments_minutes CHECK (minutes IS NULL OR (time IS NOT NULL AND minutes BETWEEN 1 AND 1440)),
    after_midnight BOOLEAN DEFAULT 0 NOT NULL CONSTRAINT ck_appointments_after_midnight CHECK (after_midnight IN (0, 1)),
    visit_type VARCHAR,
    series INTEGER,
    CONSTRAINT pk_appointments PRIMARY KEY (id),
    CONSTRAINT uq_appointments_number UNIQUE (number),
    CONSTRAINT ck_appointments_status CHECK (status IN ('booked', 'checked_in', 'in_consultation', 'completed', 'cancelled', 'no_show', 'left')),
    CONSTRAINT ck_appointments_slot CHECK (slot >= 1),
    CONSTRAINT ck_appointments_visit CHECK (visit >= 1),
    CONSTRAINT ck_appointments_overbooked CHECK (overbooked IN (0, 1)),
    CONSTRAINT ck_appointments_cancelled_by CHECK ((status = 'cancelled') = (cancelled_by IS NOT NULL) AND (cancelled_by IS NULL OR cancelled_by IN ('patient', 'clinic'))),
    CONSTRAINT fk_appointments_patient_id FOREIGN KEY(patient_id) REFERENCES patients (id) ON DELETE RESTRICT,
    CONSTRAINT fk_appointments_doctor_id FOREIGN KEY(doctor_id) REFERENCES doctors (id) ON DELETE RESTRICT
);
CREATE INDEX ix_appointments_active_date ON appointments (date) WHERE status IN ('booked', 'checked_in', 'in_consultation');
CREATE INDEX ix_appointments_date ON appointments (date);
CREATE INDEX ix_appointments_doctor_id_date ON appointments (doctor_id, date);
CREATE INDEX ix_appointments_patient_id_date ON appointments (patient_id, date);
CREATE INDEX ix_appointments_series ON appointments (series) WHERE series IS NOT NULL;
CREATE UNIQUE INDEX uq_appointments_visit ON appointments (patient_id, doctor_id, date, visit) WHERE status IN ('booked', 'checked_in', 'in_consultation');
CREATE TABLE distinct_patients (
    one_id CHAR(32) NOT NULL,
    other_id CHAR(32) NOT NULL,
    CONSTRAINT pk_distinct_patients PRIMARY KEY (one_id, other_id),
    CONSTRAINT ck_distinct_patients_order CHECK (one_id < other_id),
    CONSTRAINT fk_distinct_patients_one_id FOREIGN KEY(one_id) REFERENCES patients (id) ON DELETE RESTRICT,
    CONSTRAINT fk_distinct_patients_other_id FOREIGN KEY(other_id) REFERENCES patients (id) ON DELETE RESTRICT
);
CREATE INDEX ix_distinct_patients_other_id ON distinct_patients (other_id);
CREATE TABLE doctor_daily_availabilities (
    id CHAR(32) NOT NULL,
    doctor_id CHAR(32) NOT NULL,
    date DATE NOT NULL,
    present BOOLEAN NOT NULL,
    capacity INTEGER,
    note VARCHAR,
    updated_by VARCHAR NOT NULL,
    updated_at DATETIME NOT NULL,
    sessions VARCHAR,
    every INTEGER CONSTRAINT ck_doctor_daily_availabilities_every CHECK ((every IS NULL) = (sessions IS NULL OR sessions = '') AND (every IS NULL OR every BETWEEN 1 AND 480)),
    CONSTRAINT pk_doctor_daily_availabilities PRIMARY KEY (id),
    CONSTRAINT uq_doctor_daily_availabilities_doctor_id_date UNIQUE (doctor_id, date),
    CONSTRAINT ck_doctor_daily_availabilities_capacity CHECK (capacity IS NULL OR capacity BETWEEN 0 AND 500),
    CONSTRAINT ck_doctor_daily_availabilities_present CHECK (present IN (0, 1)),
    CONSTRAINT fk_doctor_daily_availabilities_doctor_id FOREIGN KEY(doctor_id) REFERENCES doctors (id) ON DELETE RESTRICT
);
CREATE TABLE doctor_daily_capacities (
    id CHAR(32) NOT NULL,
    doctor_id CHAR(32) NOT NULL,
    date DATE NOT NULL,
    capacity INTEGER NOT NULL,
    booked INTEGER NOT NULL,
    remaining INTEGER NOT NULL,
    last_position INTEGER NOT NULL,
    last_recall INTEGER NOT NULL,
    CONSTRAINT pk_doctor_daily_capacities PRIMARY KEY (id),
    CONSTRAINT uq_doctor_daily_capacities_doctor_id_date UNIQUE (doctor_id, date),
    CONSTRAINT ck_doctor_daily_capacities_capacity CHECK (capacity BETWEEN 0 AND 500),
    CONSTRAINT ck_doctor_daily_capacities_booked CHECK (booked >= 0),
    CONSTRAINT ck_doctor_daily_capacities_remaining CHECK (remaining >= 0 AND remaining <= capacity),
    CONSTRAINT ck_doctor_daily_capacities_sum CHECK (remaining = CASE WHEN booked < capacity THEN capacity - booked ELSE 0 END),
    CONSTRAINT ck_doctor_daily_capacities_last_position CHECK (last_position >= 0),
    CONSTRAINT ck_doctor_daily_capacities_last_recall CHECK (last_recall >= 0),
    CONSTRAINT fk_doctor_daily_capacities_doctor_id FOREIGN KEY(doctor_id) REFERENCES doctors (id) ON DELETE RESTRICT
);
CREATE TABLE doctor_weekly_patterns (
    doctor_id CHAR(32) NOT NULL,
    weekday INTEGER NOT NULL,
    present BOOLEAN NOT NULL,
    capacity INTEGER,
    sessions VARCHAR,
    every INTEGER CONSTRAINT ck_doctor_weekly_patterns_every CHECK ((every IS NULL) = (sessions IS NULL) AND (every IS NULL OR every BETWEEN 1 AND 480)),
    CONSTRAINT pk_doctor_weekly_patterns PRIMARY KEY (doctor_id, weekday),
    CONSTRAINT ck_doctor_weekly_patterns_weekday CHECK (weekday BETWEEN 0 AND 6),
    CONSTRAINT ck_doctor_weekly_patterns_capacity CHECK (capacity IS NULL OR capacity BETWEEN 0 AND 500),
    CONSTRAINT ck_doctor_weekly_patterns_present CHECK (present IN (0, 1)),
    CONSTRAINT fk_doctor_weekly_patterns_doctor_id FOREIGN KEY(doctor_id) REFERENCES doctors (id) ON DELETE RESTRICT
);
CREATE TABLE journal_days (
    journal_number INTEGER NOT NULL,
    "before" VARCHAR NOT NULL,
    CONSTRAINT pk_journal_days PRIMARY KEY (journal_number),
    CONSTRAINT fk_journal_days_journal_number FOREIGN KEY(journal_number) REFERENCES journal (number) ON DELETE RESTRICT
);
CREATE TABLE journal_merges (
    journal_number INTEGER NOT NULL,
    "before" VARCHAR NOT NULL,
    CONSTRAINT pk_journal_merges PRIMARY KEY (journal_number),
    CONSTRAINT fk_journal_merges_journal_number FOREIGN KEY(journal_number) REFERENCES journal (number) ON DELETE RESTRICT
);
CREATE TABLE patient_keys (
    "key" INTEGER NOT NULL,
    patient INTEGER NOT NULL,
    CONSTRAINT pk_patient_keys PRIMARY KEY ("key", patient),
    CONSTRAINT fk_patient_keys_patient FOREIGN KEY(patient) REFERENCES patients (number) ON DELETE RESTRICT
)
 WITHOUT ROWID;
CREATE TABLE patient_phones (
    ending VARCHAR NOT NULL,
    patient_id CHAR(32) NOT NULL,
    position INTEGER NOT NULL,
    CONSTRAINT pk_patient_phones PRIMARY KEY (ending, patient_id),
    CONSTRAINT uq_patient_phones_position UNIQUE (patient_id, position),
    CONSTRAINT ck_patient_phones_position CHECK (position >= 1),
    CONSTRAINT fk_patient_phones_patient_id FOREIGN KEY(patient_id) REFERENCES patients (id) ON DELETE RESTRICT
);
CREATE TABLE patient_words (
    word VARCHAR NOT NULL,
    patient_id CHAR(32) NOT NULL,
    CONSTRAINT pk_patient_words PRIMARY KEY (word, patient_id),
    CONSTRAINT fk_patient_words_patient_id FOREIGN KEY(patient_id) REFERENCES patients (id) ON DELETE RESTRICT
);
CREATE INDEX ix_patient_words_patient_id ON patient_words (patient_id);
CREATE TABLE held_slots (
    doctor_id CHAR(32) NOT NULL,
    date DATE NOT NULL,
    slot INTEGER NOT NULL,
    appointment INTEGER NOT NULL,
    CONSTRAINT pk_held_slots PRIMARY KEY (doctor_id, date, slot),
    CONSTRAINT fk_held_slots_doctor_id FOREIGN KEY(doctor_id) REFERENCES doctors (id) ON DELETE RESTRICT,
    CONSTRAINT fk_held_slots_appointment FOREIGN KEY(appointment) REFERENCES appointments (number) ON DELETE RESTRICT
)
 WITHOUT ROWID;
CREATE TABLE journal_steps (
    journal_number INTEGER NOT NULL,
    nth INTEGER NOT NULL,
    appointment_id CHAR(32) NOT NULL,
    from_status VARCHAR,
    to_status VARCHAR NOT NULL,
    queue_from VARCHAR,
    queue_to VARCHAR,
    slot INTEGER NOT NULL,
    position INTEGER,
    "before" VARCHAR NOT NULL,
    CONSTRAINT pk_journal_steps PRIMARY KEY (journal_number, nth),
    CONSTRAINT ck_journal_steps_nth CHECK (nth >= 1),
    CONSTRAINT fk_journal_steps_journal_number FOREIGN KEY(journal_number) REFERENCES journal (number) ON DELETE RESTRICT,
    CONSTRAINT fk_journal_steps_appointment_id FOREIGN KEY(appointment_id) REFERENCES appointments (id) ON DELETE RESTRICT
);
CREATE INDEX ix_journal_steps_appointment_id ON journal_steps (appointment_id);
CREATE TABLE messages (
    appointment INTEGER NOT NULL,
    kind VARCHAR NOT NULL,
    occasion INTEGER NOT NULL,
    due DATETIME NOT NULL,
    state VARCHAR NOT NULL,
    attempts INTEGER NOT NULL,
    channel VARCHAR,
    ref VARCHAR,
    failure VARCHAR,
    created_at DATETIME NOT NULL,
    updated_at DATETIME NOT NULL,
    CONSTRAINT pk_messages PRIMARY KEY (appointment, kind, occasion),
    CONSTRAINT ck_messages_kind CHECK (kind IN ('booked', 'moved', 'cancelled', 'promoted', 'reminder', 'near')),
    CONSTRAINT ck_messages_occasion CHECK (occasion >= 0),
    CONSTRAINT ck_messages_state CHECK (state IN ('pending', 'leased', 'sent', 'failed', 'dropped')),
    CONSTRAINT ck_messages_attempts CHECK (attempts >= 0),
    CONSTRAINT ck_messages_channel CHECK (CASE WHEN channel IS NULL THEN state <> 'leased' ELSE channel IN ('sms', 'email', 'whatsapp') END),
    CONSTRAINT fk_messages_appointment FOREIGN KEY(appointment) REFERENCES appointments (number) ON DELETE RESTRICT
);
CREATE INDEX ix_messages_open_due ON messages (due, appointment, kind, occasion) WHERE state IN ('pending', 'leased');
CREATE TABLE queue_entries (
    id CHAR(32) NOT NULL,
    appointment_id CHAR(32) NOT NULL,
    doctor_id CHAR(32) NOT NULL,
    date DATE NOT NULL,
    position INTEGER NOT NULL,
    status VARCHAR NOT NULL,
    priority INTEGER NOT NULL,
    recalled INTEGER NOT NULL,
    checked_in_at DATETIME NOT NULL,
    called_at DATETIME,
    started_at DATETIME,
    ended_at DATETIME,
    moved_up BOOLEAN DEFAULT 0 NOT NULL CONSTRAINT ck_queue_entries_moved_up CHECK (moved_up IN (0, 1)),
    CONSTRAINT pk_queue_entries PRIMARY KEY (id),
    CONSTRAINT uq_queue_entries_appointment_id UNIQUE (appointment_id),
    CONSTRAINT uq_queue_entries_position UNIQUE (doctor_id, date, position),
    CONSTRAINT ck_queue_entries_position CHECK (position >= 1),
    CONSTRAINT ck_queue_entries_recalled CHECK (recalled >= 0),
    CONSTRAINT ck_queue_entries_priority CHECK (priority BETWEEN 0 AND 9),
    CONSTRAINT ck_queue_entries_status CHECK (status IN ('waiting', 'called', 'serving', 'done', 'skipped', 'held', 'left')),
    CONSTRAINT fk_queue_entries_appointment_id FOREIGN KEY(appointment_id) REFERENCES appointments (id) ON DELETE RESTRICT,
    CONSTRAINT fk_queue_entries_doctor_id FOREIGN KEY(doctor_id) REFERENCES doctors (id) ON DELETE RESTRICT
);
CREATE INDEX ix_queue_entries_date ON queue_entries (date);
CREATE INDEX ix_queue_entries_open ON queue_entries (status, doctor_id, date) WHERE status IN ('waiting', 'called', 'serving', 'skipped', 'held');
CREATE TABLE waitlist_entries (
    id CHAR(32) NOT NULL,
    number INTEGER NOT NULL,
    patient_id CHAR(32) NOT NULL,
    doctor_id CHAR(32) NOT NULL,
    first_date DATE NOT NULL,
    last_date DATE NOT NULL,
    status VARCHAR NOT NULL,
    appointment_id CHAR(32),
    created_at DATETIME NOT NULL,
    updated_at DATETIME NOT NULL,
    CONSTRAINT pk_waitlist_entries PRIMARY KEY (id),
    CONSTRAINT uq_waitlist_entries_number UNIQUE (number),
    CONSTRAINT ck_waitlist_entries_dates CHECK (first_date <= last_date),
    CONSTRAINT ck_waitlist_entries_status CHECK (status IN ('waiting', 'promoted', 'removed')),
    CONSTRAINT ck_waitlist_entries_appointment_id CHECK ((status = 'promoted') = (appointment_id IS NOT NULL)),
    CONSTRAINT fk_waitlist_entries_patient_id FOREIGN KEY(patient_id) REFERENCES patients (id) ON DELETE RESTRICT,
    CONSTRAINT fk_waitlist_entries_doctor_id FOREIGN KEY(doctor_id) REFERENCES doctors (id) ON DELETE RESTRICT,
    CONSTRAINT fk_waitlist_entries_appointment_id FOREIGN KEY(appointment_id) REFERENCES appointments (id) ON DELETE RESTRICT
);
CREATE INDEX ix_waitlist_entries_appointment_id ON waitlist_entries (appointment_id);
CREATE INDEX ix_waitlist_entries_doctor_id_status ON waitlist_entries (doctor_id, status);
CREATE INDEX ix_waitlist_entries_patient_id ON waitlist_entries (patient_id);
CREATE INDEX ix_waitlist_entries_status_number ON waitlist_entries (status, number);
CREATE UNIQUE INDEX uq_waitlist_entries_waiting ON waitlist_entries (patient_id, doctor_id, first_date, last_date) WHERE status = 'waiting';
CREATE TABLE waitlist_days (
    entry_id CHAR(32) NOT NULL,
    date DATE NOT NULL,
    CONSTRAINT pk_waitlist_days PRIMARY KEY (entry_id, date),
    CONSTRAINT fk_waitlist_days_entry_id FOREIGN KEY(entry_id) REFERENCES waitlist_entries (id) ON DELETE RESTRICT
);

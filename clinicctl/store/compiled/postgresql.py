"""Generated from the queries by `python -m clinicctl.store.compile`. Do not edit."""

STATEMENTS = {
    """
SELECT appointments.id, appointments.number, appointments.patient_id, appointments.doctor_id,
appointments.date, appointments.slot, appointments.visit, appointments.time, appointments.status,
appointments.reason, appointments.overbooked, appointments.cancelled_by, appointments.cancel_reason,
appointments.moved_to, appointments.moved_from, appointments."key", appointments.created_at,
appointments.updated_at, appointments.note, appointments.slots, appointments.minutes,
appointments.after_midnight, appointments.visit_type, appointments.series, patients.number AS patient_number,
patients.name AS patient_name, patients.phone AS patient_phone, patients.born AS patient_born,
patients.born_year AS patient_born_year, patients.sex AS patient_sex, patients.archived_at AS
patient_archived_at, doctors.code AS doctor_code, doctors.name AS doctor_name, doctors.archived_at AS
doctor_archived_at, queue_entries.position AS position, queue_doctors.code AS queue_doctor_code
FROM appointments JOIN patients ON patients.id = appointments.patient_id JOIN doctors ON doctors.id =
appointments.doctor_id LEFT OUTER JOIN queue_entries ON queue_entries.appointment_id = appointments.id LEFT
OUTER JOIN doctors AS queue_doctors ON queue_doctors.id = queue_entries.doctor_id
WHERE appointments.id IN (SELECT ids_listed.value
FROM json_each(?) AS ids_listed)
""": """
SELECT appointments.id, appointments.number, appointments.patient_id, appointments.doctor_id,
appointments.date, appointments.slot, appointments.visit, appointments.time, appointments.status,
appointments.reason, appointments.overbooked, appointments.cancelled_by, appointments.cancel_reason,
appointments.moved_to, appointments.moved_from, appointments.key, appointments.created_at,
appointments.updated_at, appointments.note, appointments.slots, appointments.minutes,
appointments.after_midnight, appointments.visit_type, appointments.series, patients.number AS patient_number,
patients.name AS patient_name, patients.phone AS patient_phone, patients.born AS patient_born,
patients.born_year AS patient_born_year, patients.sex AS patient_sex, patients.archived_at AS
patient_archived_at, doctors.code AS doctor_code, doctors.name AS doctor_name, doctors.archived_at AS
doctor_archived_at, queue_entries.position AS position, queue_doctors.code AS queue_doctor_code
FROM appointments JOIN patients ON patients.id = appointments.patient_id JOIN doctors ON doctors.id =
appointments.doctor_id LEFT OUTER JOIN queue_entries ON queue_entries.appointment_id = appointments.id LEFT
OUTER JOIN doctors AS queue_doctors ON queue_doctors.id = queue_entries.doctor_id
WHERE appointments.id = ANY (ARRAY(SELECT CAST(each AS UUID) AS value FROM jsonb_array_elements_text(CAST(? AS
JSONB)) AS each))
""",
    """
SELECT appointments.id, appointments.number, appointments.patient_id, appointments.doctor_id,
appointments.date, appointments.slot, appointments.visit, appointments.time, appointments.status,
appointments.reason, appointments.overbooked, appointments.cancelled_by, appointments.cancel_reason,
appointments.moved_to, appointments.moved_from, appointments."key", appointments.created_at,
appointments.updated_at, appointments.note, appointments.slots, appointments.minutes,
appointments.after_midnight, appointments.visit_type, appointments.series, patients.number AS patient_number,
patients.name AS patient_name, patients.phone AS patient_phone, patients.born AS patient_born,
patients.born_year AS patient_born_year, patients.sex AS patient_sex, patients.archived_at AS
patient_archived_at, doctors.code AS doctor_code, doctors.name AS doctor_name, doctors.archived_at AS
doctor_archived_at, queue_entries.position AS position, queue_doctors.code AS queue_doctor_code
FROM appointments JOIN patients ON patients.id = appointments.patient_id JOIN doctors ON doctors.id =
appointments.doctor_id LEFT OUTER JOIN queue_entries ON queue_entries.appointment_id = appointments.id LEFT
OUTER JOIN doctors AS queue_doctors ON queue_doctors.id = queue_entries.doctor_id
WHERE appointments.id IN (SELECT coming.id
FROM (SELECT appointments.id AS id, row_number() OVER (PARTITION BY coalesce(appointments.series,
-appointments.number) ORDER BY appointments.date, appointments.number) AS nth
FROM appointments
WHERE appointments.patient_id = ? AND appointments.date >= ? AND appointments.status IN ('booked',
'checked_in', 'in_consultation')) AS coming
WHERE coming.nth = 1) ORDER BY appointments.date, appointments.number
LIMIT ? OFFSET ?
""": """
SELECT appointments.id, appointments.number, appointments.patient_id, appointments.doctor_id,
appointments.date, appointments.slot, appointments.visit, appointments.time, appointments.status,
appointments.reason, appointments.overbooked, appointments.cancelled_by, appointments.cancel_reason,
appointments.moved_to, appointments.moved_from, appointments.key, appointments.created_at,
appointments.updated_at, appointments.note, appointments.slots, appointments.minutes,
appointments.after_midnight, appointments.visit_type, appointments.series, patients.number AS patient_number,
patients.name AS patient_name, patients.phone AS patient_phone, patients.born AS patient_born,
patients.born_year AS patient_born_year, patients.sex AS patient_sex, patients.archived_at AS
patient_archived_at, doctors.code AS doctor_code, doctors.name AS doctor_name, doctors.archived_at AS
doctor_archived_at, queue_entries.position AS position, queue_doctors.code AS queue_doctor_code
FROM appointments JOIN patients ON patients.id = appointments.patient_id JOIN doctors ON doctors.id =
appointments.doctor_id LEFT OUTER JOIN queue_entries ON queue_entries.appointment_id = appointments.id LEFT
OUTER JOIN doctors AS queue_doctors ON queue_doctors.id = queue_entries.doctor_id
WHERE appointments.id IN (SELECT coming.id
FROM (SELECT appointments.id AS id, row_number() OVER (PARTITION BY coalesce(appointments.series,
-appointments.number) ORDER BY appointments.date, appointments.number) AS nth
FROM appointments
WHERE appointments.patient_id = ? AND appointments.date >= ? AND appointments.status IN ('booked',
'checked_in', 'in_consultation')) AS coming
WHERE coming.nth = 1) ORDER BY appointments.date, appointments.number
LIMIT NULLIF(?, -1) OFFSET ?
""",
    """
SELECT appointments.series, count(*) AS visits, max(appointments.date) AS last_date
FROM appointments
WHERE appointments.patient_id = ? AND appointments.date >= ? AND appointments.status IN ('booked',
'checked_in', 'in_consultation') AND appointments.series IS NOT NULL GROUP BY appointments.series ORDER BY
min(appointments.date), appointments.series
LIMIT ? OFFSET ?
""": """
SELECT appointments.series, count(*) AS visits, max(appointments.date) AS last_date
FROM appointments
WHERE appointments.patient_id = ? AND appointments.date >= ? AND appointments.status IN ('booked',
'checked_in', 'in_consultation') AND appointments.series IS NOT NULL GROUP BY appointments.series ORDER BY
min(appointments.date), appointments.series
LIMIT NULLIF(?, -1) OFFSET ?
""",
    """
SELECT appointments.id, appointments.number, appointments.patient_id, appointments.doctor_id,
appointments.date, appointments.slot, appointments.visit, appointments.time, appointments.status,
appointments.reason, appointments.overbooked, appointments.cancelled_by, appointments.cancel_reason,
appointments.moved_to, appointments.moved_from, appointments."key", appointments.created_at,
appointments.updated_at, appointments.note, appointments.slots, appointments.minutes,
appointments.after_midnight, appointments.visit_type, appointments.series, patients.number AS patient_number,
patients.name AS patient_name, patients.phone AS patient_phone, patients.born AS patient_born,
patients.born_year AS patient_born_year, patients.sex AS patient_sex, patients.archived_at AS
patient_archived_at, doctors.code AS doctor_code, doctors.name AS doctor_name, doctors.archived_at AS
doctor_archived_at, queue_entries.position AS position, queue_doctors.code AS queue_doctor_code
FROM appointments JOIN patients ON patients.id = appointments.patient_id JOIN doctors ON doctors.id =
appointments.doctor_id LEFT OUTER JOIN queue_entries ON queue_entries.appointment_id = appointments.id LEFT
OUTER JOIN doctors AS queue_doctors ON queue_doctors.id = queue_entries.doctor_id
WHERE appointments.patient_id = ? AND appointments.status != 'cancelled' AND (appointments.date < ? OR
appointments.status IN ('completed', 'left', 'no_show')) ORDER BY appointments.date DESC, appointments.number
DESC
LIMIT ? OFFSET ?
""": """
SELECT appointments.id, appointments.number, appointments.patient_id, appointments.doctor_id,
appointments.date, appointments.slot, appointments.visit, appointments.time, appointments.status,
appointments.reason, appointments.overbooked, appointments.cancelled_by, appointments.cancel_reason,
appointments.moved_to, appointments.moved_from, appointments.key, appointments.created_at,
appointments.updated_at, appointments.note, appointments.slots, appointments.minutes,
appointments.after_midnight, appointments.visit_type, appointments.series, patients.number AS patient_number,
patients.name AS patient_name, patients.phone AS patient_phone, patients.born AS patient_born,
patients.born_year AS patient_born_year, patients.sex AS patient_sex, patients.archived_at AS
patient_archived_at, doctors.code AS doctor_code, doctors.name AS doctor_name, doctors.archived_at AS
doctor_archived_at, queue_entries.position AS position, queue_doctors.code AS queue_doctor_code
FROM appointments JOIN patients ON patients.id = appointments.patient_id JOIN doctors ON doctors.id =
appointments.doctor_id LEFT OUTER JOIN queue_entries ON queue_entries.appointment_id = appointments.id LEFT
OUTER JOIN doctors AS queue_doctors ON queue_doctors.id = queue_entries.doctor_id
WHERE appointments.patient_id = ? AND appointments.status != 'cancelled' AND (appointments.date < ? OR
appointments.status IN ('completed', 'left', 'no_show')) ORDER BY appointments.date DESC, appointments.number
DESC
LIMIT NULLIF(?, -1) OFFSET ?
""",
    """
SELECT appointments.id, appointments.number, appointments.patient_id, appointments.doctor_id,
appointments.date, appointments.slot, appointments.visit, appointments.time, appointments.status,
appointments.reason, appointments.overbooked, appointments.cancelled_by, appointments.cancel_reason,
appointments.moved_to, appointments.moved_from, appointments."key", appointments.created_at,
appointments.updated_at, appointments.note, appointments.slots, appointments.minutes,
appointments.after_midnight, appointments.visit_type, appointments.series, patients.number AS patient_number,
patients.name AS patient_name, patients.phone AS patient_phone, patients.born AS patient_born,
patients.born_year AS patient_born_year, patients.sex AS patient_sex, patients.archived_at AS
patient_archived_at, doctors.code AS doctor_code, doctors.name AS doctor_name, doctors.archived_at AS
doctor_archived_at, queue_entries.position AS position, queue_doctors.code AS queue_doctor_code
FROM appointments JOIN patients ON patients.id = appointments.patient_id JOIN doctors ON doctors.id =
appointments.doctor_id LEFT OUTER JOIN queue_entries ON queue_entries.appointment_id = appointments.id LEFT
OUTER JOIN doctors AS queue_doctors ON queue_doctors.id = queue_entries.doctor_id
WHERE appointments.date = ? AND appointments.status != 'cancelled' AND appointments.patient_id IN (SELECT
patients_listed.value
FROM json_each(?) AS patients_listed) ORDER BY doctors.code, appointments.slot
""": """
SELECT appointments.id, appointments.number, appointments.patient_id, appointments.doctor_id,
appointments.date, appointments.slot, appointments.visit, appointments.time, appointments.status,
appointments.reason, appointments.overbooked, appointments.cancelled_by, appointments.cancel_reason,
appointments.moved_to, appointments.moved_from, appointments.key, appointments.created_at,
appointments.updated_at, appointments.note, appointments.slots, appointments.minutes,
appointments.after_midnight, appointments.visit_type, appointments.series, patients.number AS patient_number,
patients.name AS patient_name, patients.phone AS patient_phone, patients.born AS patient_born,
patients.born_year AS patient_born_year, patients.sex AS patient_sex, patients.archived_at AS
patient_archived_at, doctors.code AS doctor_code, doctors.name AS doctor_name, doctors.archived_at AS
doctor_archived_at, queue_entries.position AS position, queue_doctors.code AS queue_doctor_code
FROM appointments JOIN patients ON patients.id = appointments.patient_id JOIN doctors ON doctors.id =
appointments.doctor_id LEFT OUTER JOIN queue_entries ON queue_entries.appointment_id = appointments.id LEFT
OUTER JOIN doctors AS queue_doctors ON queue_doctors.id = queue_entries.doctor_id
WHERE appointments.date = ? AND appointments.status != 'cancelled' AND appointments.patient_id = ANY
(ARRAY(SELECT CAST(each AS UUID) AS value FROM jsonb_array_elements_text(CAST(? AS JSONB)) AS each)) ORDER BY
doctors.code, appointments.slot
""",
    """
SELECT appointments.id, appointments.number, appointments.patient_id, appointments.doctor_id,
appointments.date, appointments.slot, appointments.visit, appointments.time, appointments.status,
appointments.reason, appointments.overbooked, appointments.cancelled_by, appointments.cancel_reason,
appointments.moved_to, appointments.moved_from, appointments."key", appointments.created_at,
appointments.updated_at, appointments.note, appointments.slots, appointments.minutes,
appointments.after_midnight, appointments.visit_type, appointments.series, patients.number AS patient_number,
patients.name AS patient_name, patients.phone AS patient_phone, patients.born AS patient_born,
patients.born_year AS patient_born_year, patients.sex AS patient_sex, patients.archived_at AS
patient_archived_at, doctors.code AS doctor_code, doctors.name AS doctor_name, doctors.archived_at AS
doctor_archived_at, queue_entries.position AS position, queue_doctors.code AS queue_doctor_code
FROM appointments JOIN patients ON patients.id = appointments.patient_id JOIN doctors ON doctors.id =
appointments.doctor_id LEFT OUTER JOIN queue_entries ON queue_entries.appointment_id = appointments.id LEFT
OUTER JOIN doctors AS queue_doctors ON queue_doctors.id = queue_entries.doctor_id
WHERE appointments.id IN (SELECT appointments.id
FROM appointments
WHERE status IN ('booked', 'checked_in', 'in_consultation') AND appointments.patient_id IN (SELECT
patients_listed.value
FROM json_each(?) AS patients_listed)) AND appointments.status = 'booked'
""": """
SELECT appointments.id, appointments.number, appointments.patient_id, appointments.doctor_id,
appointments.date, appointments.slot, appointments.visit, appointments.time, appointments.status,
appointments.reason, appointments.overbooked, appointments.cancelled_by, appointments.cancel_reason,
appointments.moved_to, appointments.moved_from, appointments.key, appointments.created_at,
appointments.updated_at, appointments.note, appointments.slots, appointments.minutes,
appointments.after_midnight, appointments.visit_type, appointments.series, patients.number AS patient_number,
patients.name AS patient_name, patients.phone AS patient_phone, patients.born AS patient_born,
patients.born_year AS patient_born_year, patients.sex AS patient_sex, patients.archived_at AS
patient_archived_at, doctors.code AS doctor_code, doctors.name AS doctor_name, doctors.archived_at AS
doctor_archived_at, queue_entries.position AS position, queue_doctors.code AS queue_doctor_code
FROM appointments JOIN patients ON patients.id = appointments.patient_id JOIN doctors ON doctors.id =
appointments.doctor_id LEFT OUTER JOIN queue_entries ON queue_entries.appointment_id = appointments.id LEFT
OUTER JOIN doctors AS queue_doctors ON queue_doctors.id = queue_entries.doctor_id
WHERE appointments.id IN (SELECT appointments.id
FROM appointments
WHERE status IN ('booked', 'checked_in', 'in_consultation') AND appointments.patient_id = ANY (ARRAY(SELECT
CAST(each AS UUID) AS value FROM jsonb_array_elements_text(CAST(? AS JSONB)) AS each))) AND
appointments.status = 'booked'
""",
    """
SELECT appointments.id, appointments.number, appointments.patient_id, appointments.doctor_id,
appointments.date, appointments.slot, appointments.visit, appointments.time, appointments.status,
appointments.reason, appointments.overbooked, appointments.cancelled_by, appointments.cancel_reason,
appointments.moved_to, appointments.moved_from, appointments."key", appointments.created_at,
appointments.updated_at, appointments.note, appointments.slots, appointments.minutes,
appointments.after_midnight, appointments.visit_type, appointments.series, patients.number AS patient_number,
patients.name AS patient_name, patients.phone AS patient_phone, patients.born AS patient_born,
patients.born_year AS patient_born_year, patients.sex AS patient_sex, patients.archived_at AS
patient_archived_at, doctors.code AS doctor_code, doctors.name AS doctor_name, doctors.archived_at AS
doctor_archived_at, queue_entries.position AS position, queue_doctors.code AS queue_doctor_code
FROM appointments JOIN patients ON patients.id = appointments.patient_id JOIN doctors ON doctors.id =
appointments.doctor_id LEFT OUTER JOIN queue_entries ON queue_entries.appointment_id = appointments.id LEFT
OUTER JOIN doctors AS queue_doctors ON queue_doctors.id = queue_entries.doctor_id
WHERE {conditions} ORDER BY appointments.date, doctors.code, appointments.slot, appointments.number
LIMIT ? OFFSET ?
""": """
SELECT appointments.id, appointments.number, appointments.patient_id, appointments.doctor_id,
appointments.date, appointments.slot, appointments.visit, appointments.time, appointments.status,
appointments.reason, appointments.overbooked, appointments.cancelled_by, appointments.cancel_reason,
appointments.moved_to, appointments.moved_from, appointments.key, appointments.created_at,
appointments.updated_at, appointments.note, appointments.slots, appointments.minutes,
appointments.after_midnight, appointments.visit_type, appointments.series, patients.number AS patient_number,
patients.name AS patient_name, patients.phone AS patient_phone, patients.born AS patient_born,
patients.born_year AS patient_born_year, patients.sex AS patient_sex, patients.archived_at AS
patient_archived_at, doctors.code AS doctor_code, doctors.name AS doctor_name, doctors.archived_at AS
doctor_archived_at, queue_entries.position AS position, queue_doctors.code AS queue_doctor_code
FROM appointments JOIN patients ON patients.id = appointments.patient_id JOIN doctors ON doctors.id =
appointments.doctor_id LEFT OUTER JOIN queue_entries ON queue_entries.appointment_id = appointments.id LEFT
OUTER JOIN doctors AS queue_doctors ON queue_doctors.id = queue_entries.doctor_id
WHERE {conditions} ORDER BY appointments.date, doctors.code, appointments.slot, appointments.number
LIMIT NULLIF(?, -1) OFFSET ?
""",
    """
appointments.date IN (SELECT dates_listed.value
FROM json_each(?) AS dates_listed)
""": """
appointments.date = ANY (ARRAY(SELECT CAST(each AS DATE) AS value FROM jsonb_array_elements_text(CAST(? AS
JSONB)) AS each))
""",
    """
appointments.status IN (SELECT statuses_listed.value
FROM json_each(?) AS statuses_listed)
""": """
appointments.status = ANY (ARRAY(SELECT CAST(each AS VARCHAR) AS value FROM jsonb_array_elements_text(CAST(?
AS JSONB)) AS each))
""",
    """
SELECT held_slots.doctor_id, held_slots.date, group_concat(CAST(held_slots.slot AS VARCHAR), ',') AS slots
FROM held_slots
WHERE held_slots.doctor_id IN (SELECT doctors_listed.value
FROM json_each(?) AS doctors_listed) AND held_slots.date BETWEEN ? AND ? GROUP BY held_slots.doctor_id,
held_slots.date
""": """
SELECT held_slots.doctor_id, held_slots.date, string_agg(CAST(held_slots.slot AS VARCHAR), ',') AS slots
FROM held_slots
WHERE held_slots.doctor_id = ANY (ARRAY(SELECT CAST(each AS UUID) AS value FROM
jsonb_array_elements_text(CAST(? AS JSONB)) AS each)) AND held_slots.date BETWEEN ? AND ? GROUP BY
held_slots.doctor_id, held_slots.date
""",
    """
SELECT appointments.number, appointments.id, appointments.date
FROM appointments
WHERE appointments.number IN (SELECT numbers_listed.value
FROM json_each(?) AS numbers_listed)
""": """
SELECT appointments.number, appointments.id, appointments.date
FROM appointments
WHERE appointments.number = ANY (ARRAY(SELECT CAST(each AS BIGINT) AS value FROM
jsonb_array_elements_text(CAST(? AS JSONB)) AS each))
""",
    """
SELECT journal_steps.appointment_id, count(*) AS steps, max(journal.at) AS last_at
FROM journal_steps JOIN journal ON journal.number = journal_steps.journal_number
WHERE journal_steps.appointment_id IN (SELECT appointments_listed.value
FROM json_each(?) AS appointments_listed) GROUP BY journal_steps.appointment_id
""": """
SELECT journal_steps.appointment_id, count(*) AS steps, max(journal.at) AS last_at
FROM journal_steps JOIN journal ON journal.number = journal_steps.journal_number
WHERE journal_steps.appointment_id = ANY (ARRAY(SELECT CAST(each AS UUID) AS value FROM
jsonb_array_elements_text(CAST(? AS JSONB)) AS each)) GROUP BY journal_steps.appointment_id
""",
    """
journal.number IN (SELECT journal_steps.journal_number
FROM journal_steps
WHERE journal_steps.appointment_id IN (SELECT appointments.id
FROM appointments
WHERE appointments.patient_id IN (SELECT patients_listed.value
FROM json_each(?) AS patients_listed)) UNION SELECT journal.number
FROM journal
WHERE (journal.command = 'patient' OR journal.command > ('patient' || ' ') AND journal.command < ('patient' ||
'!') OR journal.command = 'waitlist' OR journal.command > ('waitlist' || ' ') AND journal.command <
('waitlist' || '!') OR journal.command = 'appointment edit' OR journal.command > ('appointment edit' || ' ')
AND journal.command < ('appointment edit' || '!') OR journal.command = 'undo' OR journal.command > ('undo' ||
' ') AND journal.command < ('undo' || '!')) AND (CASE WHEN (json_valid(journal.outcome) = 1) THEN EXISTS
(SELECT outcome_values.atom
FROM json_tree(CASE WHEN (json_valid(journal.outcome) = 1) THEN journal.outcome ELSE '[]' END) AS
outcome_values
WHERE outcome_values.atom IN (SELECT numbers_listed.value
FROM json_each(?) AS numbers_listed)) ELSE EXISTS (SELECT numbers_listed.value
FROM json_each(?) AS numbers_listed
WHERE instr(journal.outcome, '"' || numbers_listed.value || '"') > 0) END OR journal.command =
'patient import'))
""": """
journal.number IN (SELECT journal_steps.journal_number
FROM journal_steps
WHERE journal_steps.appointment_id IN (SELECT appointments.id
FROM appointments
WHERE appointments.patient_id = ANY (ARRAY(SELECT CAST(each AS UUID) AS value FROM
jsonb_array_elements_text(CAST(? AS JSONB)) AS each))) UNION SELECT journal.number
FROM journal
WHERE (journal.command = 'patient' OR journal.command > ('patient' || ' ') AND journal.command < ('patient' ||
'!') OR journal.command = 'waitlist' OR journal.command > ('waitlist' || ' ') AND journal.command <
('waitlist' || '!') OR journal.command = 'appointment edit' OR journal.command > ('appointment edit' || ' ')
AND journal.command < ('appointment edit' || '!') OR journal.command = 'undo' OR journal.command > ('undo' ||
' ') AND journal.command < ('undo' || '!')) AND ((EXISTS (SELECT numbers_listed.value
FROM (SELECT CAST(each AS VARCHAR) AS value FROM jsonb_array_elements_text(CAST(? AS JSONB)) AS each) AS
numbers_listed)) AND (EXISTS (SELECT numbers_listed.value
FROM (SELECT CAST(each AS VARCHAR) AS value FROM jsonb_array_elements_text(CAST(? AS JSONB)) AS each) AS
numbers_listed
WHERE strpos(journal.outcome, '"' || numbers_listed.value || '"') > 0)) OR journal.command =
'patient import'))
""",
    """
journal.number IN (SELECT journal_steps.journal_number
FROM journal_steps
WHERE journal_steps.appointment_id IN (SELECT appointments.id
FROM appointments
WHERE appointments.doctor_id = ? UNION SELECT queue_entries.appointment_id
FROM queue_entries
WHERE queue_entries.doctor_id = ?) UNION SELECT journal.number
FROM journal
WHERE (journal.command = 'doctor' OR journal.command > ('doctor' || ' ') AND journal.command < ('doctor' ||
'!') OR journal.command = 'waitlist' OR journal.command > ('waitlist' || ' ') AND journal.command <
('waitlist' || '!') OR journal.command = 'undo' OR journal.command > ('undo' || ' ') AND journal.command <
('undo' || '!')) AND (instr(journal.outcome, '"' || ? || '"') > 0 OR journal.command = 'doctor import'))
""": """
journal.number IN (SELECT journal_steps.journal_number
FROM journal_steps
WHERE journal_steps.appointment_id IN (SELECT appointments.id
FROM appointments
WHERE appointments.doctor_id = ? UNION SELECT queue_entries.appointment_id
FROM queue_entries
WHERE queue_entries.doctor_id = ?) UNION SELECT journal.number
FROM journal
WHERE (journal.command = 'doctor' OR journal.command > ('doctor' || ' ') AND journal.command < ('doctor' ||
'!') OR journal.command = 'waitlist' OR journal.command > ('waitlist' || ' ') AND journal.command <
('waitlist' || '!') OR journal.command = 'undo' OR journal.command > ('undo' || ' ') AND journal.command <
('undo' || '!')) AND (strpos(journal.outcome, '"' || ? || '"') > 0 OR journal.command = 'doctor import'))
""",
    """
SELECT journal_steps.journal_number, journal_steps.from_status, journal_steps.to_status,
journal_steps.queue_from, journal_steps.queue_to, appointments.number AS appointment, patients.number AS
patient, doctors.code AS doctor
FROM journal_steps JOIN appointments ON appointments.id = journal_steps.appointment_id JOIN patients ON
patients.id = appointments.patient_id JOIN doctors ON doctors.id = appointments.doctor_id
WHERE journal_steps.journal_number IN (SELECT writes_listed.value
FROM json_each(?) AS writes_listed) ORDER BY journal_steps.journal_number, journal_steps.nth
""": """
SELECT journal_steps.journal_number, journal_steps.from_status, journal_steps.to_status,
journal_steps.queue_from, journal_steps.queue_to, appointments.number AS appointment, patients.number AS
patient, doctors.code AS doctor
FROM journal_steps JOIN appointments ON appointments.id = journal_steps.appointment_id JOIN patients ON
patients.id = appointments.patient_id JOIN doctors ON doctors.id = appointments.doctor_id
WHERE journal_steps.journal_number = ANY (ARRAY(SELECT CAST(each AS BIGINT) AS value FROM
jsonb_array_elements_text(CAST(? AS JSONB)) AS each)) ORDER BY journal_steps.journal_number, journal_steps.nth
""",
    """
UPDATE counters SET value=(counters.value + ?) WHERE counters.name = ? RETURNING value
""": """
UPDATE counters SET value=(counters.value + ?) WHERE counters.name = ? RETURNING counters.value
""",
    """
SELECT doctor_daily_availabilities.id, doctor_daily_availabilities.doctor_id,
doctor_daily_availabilities.date, doctor_daily_availabilities.present, doctor_daily_availabilities.capacity,
doctor_daily_availabilities.note, doctor_daily_availabilities.updated_by,
doctor_daily_availabilities.updated_at, doctor_daily_availabilities.sessions,
doctor_daily_availabilities.every
FROM doctor_daily_availabilities
WHERE doctor_daily_availabilities.date BETWEEN ? AND ? AND doctor_daily_availabilities.doctor_id IN (SELECT
doctors_listed.value
FROM json_each(?) AS doctors_listed)
""": """
SELECT doctor_daily_availabilities.id, doctor_daily_availabilities.doctor_id,
doctor_daily_availabilities.date, doctor_daily_availabilities.present, doctor_daily_availabilities.capacity,
doctor_daily_availabilities.note, doctor_daily_availabilities.updated_by,
doctor_daily_availabilities.updated_at, doctor_daily_availabilities.sessions,
doctor_daily_availabilities.every
FROM doctor_daily_availabilities
WHERE doctor_daily_availabilities.date BETWEEN ? AND ? AND doctor_daily_availabilities.doctor_id = ANY
(ARRAY(SELECT CAST(each AS UUID) AS value FROM jsonb_array_elements_text(CAST(? AS JSONB)) AS each))
""",
    """
SELECT doctor_daily_capacities.id, doctor_daily_capacities.doctor_id, doctor_daily_capacities.date,
doctor_daily_capacities.capacity, doctor_daily_capacities.booked, doctor_daily_capacities.remaining,
doctor_daily_capacities.last_position, doctor_daily_capacities.last_recall
FROM doctor_daily_capacities
WHERE doctor_daily_capacities.date BETWEEN ? AND ? AND doctor_daily_capacities.doctor_id IN (SELECT
doctors_listed.value
FROM json_each(?) AS doctors_listed)
""": """
SELECT doctor_daily_capacities.id, doctor_daily_capacities.doctor_id, doctor_daily_capacities.date,
doctor_daily_capacities.capacity, doctor_daily_capacities.booked, doctor_daily_capacities.remaining,
doctor_daily_capacities.last_position, doctor_daily_capacities.last_recall
FROM doctor_daily_capacities
WHERE doctor_daily_capacities.date BETWEEN ? AND ? AND doctor_daily_capacities.doctor_id = ANY (ARRAY(SELECT
CAST(each AS UUID) AS value FROM jsonb_array_elements_text(CAST(? AS JSONB)) AS each))
""",
    """
SELECT doctor_weekly_patterns.doctor_id, doctor_weekly_patterns.weekday, doctor_weekly_patterns.present,
doctor_weekly_patterns.capacity, doctor_weekly_patterns.sessions, doctor_weekly_patterns.every
FROM doctor_weekly_patterns
WHERE doctor_weekly_patterns.doctor_id IN (SELECT doctors_listed.value
FROM json_each(?) AS doctors_listed)
""": """
SELECT doctor_weekly_patterns.doctor_id, doctor_weekly_patterns.weekday, doctor_weekly_patterns.present,
doctor_weekly_patterns.capacity, doctor_weekly_patterns.sessions, doctor_weekly_patterns.every
FROM doctor_weekly_patterns
WHERE doctor_weekly_patterns.doctor_id = ANY (ARRAY(SELECT CAST(each AS UUID) AS value FROM
jsonb_array_elements_text(CAST(? AS JSONB)) AS each))
""",
    """
DELETE FROM holidays WHERE holidays.date IN (SELECT dates_listed.value
FROM json_each(?) AS dates_listed)
""": """
DELETE FROM holidays WHERE holidays.date = ANY (ARRAY(SELECT CAST(each AS DATE) AS value FROM
jsonb_array_elements_text(CAST(? AS JSONB)) AS each))
""",
    """
DELETE FROM doctor_weekly_patterns WHERE doctor_weekly_patterns.doctor_id = ? AND
doctor_weekly_patterns.weekday IN (SELECT weekdays_listed.value
FROM json_each(?) AS weekdays_listed)
""": """
DELETE FROM doctor_weekly_patterns WHERE doctor_weekly_patterns.doctor_id = ? AND
doctor_weekly_patterns.weekday = ANY (ARRAY(SELECT CAST(each AS BIGINT) AS value FROM
jsonb_array_elements_text(CAST(? AS JSONB)) AS each))
""",
    """
UPDATE doctor_daily_capacities SET last_recall=(doctor_daily_capacities.last_recall + 1) WHERE
doctor_daily_capacities.doctor_id = ? AND doctor_daily_capacities.date = ? RETURNING last_recall
""": """
UPDATE doctor_daily_capacities SET last_recall=(doctor_daily_capacities.last_recall + 1) WHERE
doctor_daily_capacities.doctor_id = ? AND doctor_daily_capacities.date = ? RETURNING
doctor_daily_capacities.last_recall
""",
    """
UPDATE doctor_daily_capacities SET last_position=(doctor_daily_capacities.last_position + 1) WHERE
doctor_daily_capacities.doctor_id = ? AND doctor_daily_capacities.date = ? RETURNING last_position
""": """
UPDATE doctor_daily_capacities SET last_position=(doctor_daily_capacities.last_position + 1) WHERE
doctor_daily_capacities.doctor_id = ? AND doctor_daily_capacities.date = ? RETURNING
doctor_daily_capacities.last_position
""",
    """
SELECT doctors.id, doctors.code, doctors.name, doctors.specialty, doctors.capacity, doctors.created_at,
doctors.updated_at, doctors.archived_at
FROM doctors
WHERE doctors.archived_at IS NULL OR doctors.id IN (SELECT doctors_listed.value
FROM json_each(?) AS doctors_listed) ORDER BY doctors.code
""": """
SELECT doctors.id, doctors.code, doctors.name, doctors.specialty, doctors.capacity, doctors.created_at,
doctors.updated_at, doctors.archived_at
FROM doctors
WHERE doctors.archived_at IS NULL OR doctors.id = ANY (ARRAY(SELECT CAST(each AS UUID) AS value FROM
jsonb_array_elements_text(CAST(? AS JSONB)) AS each)) ORDER BY doctors.code
""",
    """
SELECT journal.number, journal.hash, journal.outcome
FROM journal
WHERE journal.said IN (SELECT requests_listed.value
FROM json_each(?) AS requests_listed) ORDER BY journal.number DESC
LIMIT 1 OFFSET ?
""": """
SELECT journal.number, journal.hash, journal.outcome
FROM journal
WHERE journal.said = ANY (ARRAY(SELECT CAST(each AS VARCHAR) AS value FROM jsonb_array_elements_text(CAST(? AS
JSONB)) AS each)) ORDER BY journal.number DESC
LIMIT 1 OFFSET ?
""",
    """
UPDATE appointments SET patient_id=?, updated_at=? WHERE appointments.patient_id = ? AND appointments.number
IN (SELECT numbers_listed.value
FROM json_each(?) AS numbers_listed)
""": """
UPDATE appointments SET patient_id=?, updated_at=? WHERE appointments.patient_id = ? AND
appointments.number = ANY (ARRAY(SELECT CAST(each AS BIGINT) AS value FROM jsonb_array_elements_text(CAST(? AS
JSONB)) AS each))
""",
    """
UPDATE waitlist_entries SET patient_id=? WHERE waitlist_entries.patient_id = ? AND waitlist_entries.number IN
(SELECT numbers_listed.value
FROM json_each(?) AS numbers_listed)
""": """
UPDATE waitlist_entries SET patient_id=? WHERE waitlist_entries.patient_id = ? AND
waitlist_entries.number = ANY (ARRAY(SELECT CAST(each AS BIGINT) AS value FROM
jsonb_array_elements_text(CAST(? AS JSONB)) AS each))
""",
    """
UPDATE patients SET updated_at=?, merged_into=? WHERE patients.merged_into = ? AND patients.number IN (SELECT
numbers_listed.value
FROM json_each(?) AS numbers_listed)
""": """
UPDATE patients SET updated_at=?, merged_into=? WHERE patients.merged_into = ? AND patients.number
= ANY (ARRAY(SELECT CAST(each AS BIGINT) AS value FROM jsonb_array_elements_text(CAST(? AS JSONB)) AS each))
""",
    """
messages.state IN (SELECT states_listed.value
FROM json_each(?) AS states_listed)
""": """
messages.state = ANY (ARRAY(SELECT CAST(each AS VARCHAR) AS value FROM jsonb_array_elements_text(CAST(? AS
JSONB)) AS each))
""",
    """
INSERT INTO messages (appointment, kind, occasion, due, state, attempts, created_at, updated_at) SELECT
appointments.number, 'near' AS kind, 0 AS occasion, ? AS due, 'pending' AS state, 0 AS attempts, ? AS
created_at, ? AS updated_at
FROM queue_entries JOIN appointments ON appointments.id = queue_entries.appointment_id
WHERE queue_entries.status IN ('waiting', 'called', 'serving', 'skipped', 'held') AND queue_entries.status =
'waiting' AND queue_entries.doctor_id = ? AND queue_entries.date = ? ORDER BY queue_entries.priority DESC,
queue_entries.moved_up DESC, queue_entries.recalled, queue_entries.position
LIMIT ? OFFSET ? ON CONFLICT (appointment, kind, occasion) DO UPDATE SET due = excluded.due, state =
'pending', updated_at = excluded.updated_at WHERE messages.state = 'dropped'
""": """
INSERT INTO messages (appointment, kind, occasion, due, state, attempts, created_at, updated_at) SELECT
appointments.number, 'near' AS kind, 0 AS occasion, ? AS due, 'pending' AS state, 0 AS attempts, ? AS
created_at, ? AS updated_at
FROM queue_entries JOIN appointments ON appointments.id = queue_entries.appointment_id
WHERE queue_entries.status IN ('waiting', 'called', 'serving', 'skipped', 'held') AND queue_entries.status =
'waiting' AND queue_entries.doctor_id = ? AND queue_entries.date = ? ORDER BY queue_entries.priority
DESC, queue_entries.moved_up DESC, queue_entries.recalled, queue_entries.position
LIMIT NULLIF(?, -1) OFFSET ? ON CONFLICT (appointment, kind, occasion) DO UPDATE SET due = excluded.due, state = 'pending',
updated_at = excluded.updated_at WHERE messages.state = 'dropped'
""",
    """
UPDATE messages SET state='dropped', failure=?, updated_at=? WHERE state IN ('pending', 'leased') AND
messages.state = 'pending' AND messages.kind = 'reminder' AND NOT messages.occasion IN (SELECT
leads_listed.value
FROM json_each(?) AS leads_listed)
""": """
UPDATE messages SET state='dropped', failure=?, updated_at=? WHERE state IN ('pending', 'leased') AND
messages.state = 'pending' AND messages.kind = 'reminder' AND NOT messages.occasion = ANY (ARRAY(SELECT
CAST(each AS BIGINT) AS value FROM jsonb_array_elements_text(CAST(? AS JSONB)) AS each))
""",
    """
UPDATE messages SET state='pending', failure=?, updated_at=? WHERE messages.appointment IN (SELECT
appointments_listed.value
FROM json_each(?) AS appointments_listed) AND messages.kind = 'reminder' AND messages.state = 'dropped'
""": """
UPDATE messages SET state='pending', failure=?, updated_at=? WHERE messages.appointment = ANY (ARRAY(SELECT
CAST(each AS BIGINT) AS value FROM jsonb_array_elements_text(CAST(? AS JSONB)) AS each)) AND messages.kind =
'reminder' AND messages.state = 'dropped'
""",
    """
SELECT messages.appointment, messages.kind
FROM messages
WHERE messages.appointment IN (SELECT appointments_listed.value
FROM json_each(?) AS appointments_listed) AND (messages.state = 'leased' OR messages.state = 'sent')
""": """
SELECT messages.appointment, messages.kind
FROM messages
WHERE messages.appointment = ANY (ARRAY(SELECT CAST(each AS BIGINT) AS value FROM
jsonb_array_elements_text(CAST(? AS JSONB)) AS each)) AND (messages.state = 'leased' OR messages.state =
'sent')
""",
    """
SELECT patients.id, patients.number, patients.name, patients.name_key, patients.phone, patients.born,
patients.born_year, patients.sex, patients.email, patients.note, patients.created_at, patients.updated_at,
patients.archived_at, patients.merged_into, patients.erased_at, patients.born_month, patients.notify,
patients.language
FROM patients
WHERE patients.archived_at IS NULL ORDER BY patients.number
LIMIT ? OFFSET ?
""": """
SELECT patients.id, patients.number, patients.name, patients.name_key, patients.phone, patients.born,
patients.born_year, patients.sex, patients.email, patients.note, patients.created_at, patients.updated_at,
patients.archived_at, patients.merged_into, patients.erased_at, patients.born_month, patients.notify,
patients.language
FROM patients
WHERE patients.archived_at IS NULL ORDER BY patients.number
LIMIT NULLIF(?, -1) OFFSET ?
""",
    """
SELECT patients.id, patients.number, patients.name, patients.name_key, patients.phone, patients.born,
patients.born_year, patients.sex, patients.email, patients.note, patients.created_at, patients.updated_at,
patients.archived_at, patients.merged_into, patients.erased_at, patients.born_month, patients.notify,
patients.language
FROM patients
WHERE patients.erased_at IS NULL ORDER BY patients.number
LIMIT ? OFFSET ?
""": """
SELECT patients.id, patients.number, patients.name, patients.name_key, patients.phone, patients.born,
patients.born_year, patients.sex, patients.email, patients.note, patients.created_at, patients.updated_at,
patients.archived_at, patients.merged_into, patients.erased_at, patients.born_month, patients.notify,
patients.language
FROM patients
WHERE patients.erased_at IS NULL ORDER BY patients.number
LIMIT NULLIF(?, -1) OFFSET ?
""",
    """
SELECT patients.id, patients.number, patients.name, patients.name_key, patients.phone, patients.born,
patients.born_year, patients.sex, patients.email, patients.note, patients.created_at, patients.updated_at,
patients.archived_at, patients.merged_into, patients.erased_at, patients.born_month, patients.notify,
patients.language
FROM patients
WHERE (patients.archived_at IS NULL OR patients.merged_into IS NOT NULL) AND {conditions} ORDER BY
patients.number
LIMIT ? OFFSET ?
""": """
SELECT patients.id, patients.number, patients.name, patients.name_key, patients.phone, patients.born,
patients.born_year, patients.sex, patients.email, patients.note, patients.created_at, patients.updated_at,
patients.archived_at, patients.merged_into, patients.erased_at, patients.born_month, patients.notify,
patients.language
FROM patients
WHERE (patients.archived_at IS NULL OR patients.merged_into IS NOT NULL) AND {conditions} ORDER BY
patients.number
LIMIT NULLIF(?, -1) OFFSET ?
""",
    """
patients.id IN (SELECT patient_words.patient_id
FROM patient_words
WHERE patient_words.word IN (SELECT words_listed.value
FROM json_each(?) AS words_listed))
""": """
patients.id IN (SELECT patient_words.patient_id
FROM patient_words
WHERE patient_words.word = ANY (ARRAY(SELECT CAST(each AS VARCHAR) AS value FROM
jsonb_array_elements_text(CAST(? AS JSONB)) AS each)))
""",
    """
WITH RECURSIVE found(word) AS
(SELECT min(patient_words.word) AS word
FROM patient_words
WHERE patient_words.word BETWEEN ? AND ? UNION ALL SELECT (SELECT min(patient_words.word) AS min_1
FROM patient_words
WHERE patient_words.word > found.word AND patient_words.word <= ?) AS anon_1
FROM found
WHERE found.word IS NOT NULL)
SELECT found.word
FROM found
WHERE found.word IS NOT NULL
LIMIT ? OFFSET ?
""": """
WITH RECURSIVE found(word) AS
(SELECT min(patient_words.word) AS word
FROM patient_words
WHERE patient_words.word BETWEEN ? AND ? UNION ALL SELECT (SELECT min(patient_words.word) AS min_1
FROM patient_words
WHERE patient_words.word > found.word AND patient_words.word <= ?) AS anon_1
FROM found
WHERE found.word IS NOT NULL)
SELECT found.word
FROM found
WHERE found.word IS NOT NULL
LIMIT NULLIF(?, -1) OFFSET ?
""",
    """
SELECT patients.id, patients.number, patients.name, patients.name_key, patients.phone, patients.born,
patients.born_year, patients.sex, patients.email, patients.note, patients.created_at, patients.updated_at,
patients.archived_at, patients.merged_into, patients.erased_at, patients.born_month, patients.notify,
patients.language
FROM patients
WHERE patients.id IN (SELECT patient_phones.patient_id
FROM patient_phones
WHERE patient_phones.ending = ?) ORDER BY patients.number
LIMIT ? OFFSET ?
""": """
SELECT patients.id, patients.number, patients.name, patients.name_key, patients.phone, patients.born,
patients.born_year, patients.sex, patients.email, patients.note, patients.created_at, patients.updated_at,
patients.archived_at, patients.merged_into, patients.erased_at, patients.born_month, patients.notify,
patients.language
FROM patients
WHERE patients.id IN (SELECT patient_phones.patient_id
FROM patient_phones
WHERE patient_phones.ending = ?) ORDER BY patients.number
LIMIT NULLIF(?, -1) OFFSET ?
""",
    """
SELECT patients.id, patients.number, patients.name, patients.name_key, patients.phone, patients.born,
patients.born_year, patients.sex, patients.email, patients.note, patients.created_at, patients.updated_at,
patients.archived_at, patients.merged_into, patients.erased_at, patients.born_month, patients.notify,
patients.language, patient_phones.ending
FROM patients JOIN patient_phones ON patient_phones.patient_id = patients.id
WHERE patient_phones.ending IN (SELECT endings_listed.value
FROM json_each(?) AS endings_listed) ORDER BY patients.number
""": """
SELECT patients.id, patients.number, patients.name, patients.name_key, patients.phone, patients.born,
patients.born_year, patients.sex, patients.email, patients.note, patients.created_at, patients.updated_at,
patients.archived_at, patients.merged_into, patients.erased_at, patients.born_month, patients.notify,
patients.language, patient_phones.ending
FROM patients JOIN patient_phones ON patient_phones.patient_id = patients.id
WHERE patient_phones.ending = ANY (ARRAY(SELECT CAST(each AS VARCHAR) AS value FROM
jsonb_array_elements_text(CAST(? AS JSONB)) AS each)) ORDER BY patients.number
""",
    """
SELECT patients.id, patients.number, patients.name, patients.name_key, patients.phone, patients.born,
patients.born_year, patients.sex, patients.email, patients.note, patients.created_at, patients.updated_at,
patients.archived_at, patients.merged_into, patients.erased_at, patients.born_month, patients.notify,
patients.language
FROM patients
WHERE patients.id IN (SELECT patient_phones.patient_id
FROM patient_phones
WHERE patient_phones.ending = ?) AND patients.archived_at IS NULL ORDER BY patients.number
LIMIT ? OFFSET ?
""": """
SELECT patients.id, patients.number, patients.name, patients.name_key, patients.phone, patients.born,
patients.born_year, patients.sex, patients.email, patients.note, patients.created_at, patients.updated_at,
patients.archived_at, patients.merged_into, patients.erased_at, patients.born_month, patients.notify,
patients.language
FROM patients
WHERE patients.id IN (SELECT patient_phones.patient_id
FROM patient_phones
WHERE patient_phones.ending = ?) AND patients.archived_at IS NULL ORDER BY patients.number
LIMIT NULLIF(?, -1) OFFSET ?
""",
    """
SELECT count(*) AS count_1
FROM patients
WHERE patients.id IN (SELECT patient_phones.patient_id
FROM patient_phones
WHERE patient_phones.ending IN (SELECT endings_listed.value
FROM json_each(?) AS endings_listed)) AND patients.id != ? AND patients.archived_at IS NULL
""": """
SELECT count(*) AS count_1
FROM patients
WHERE patients.id IN (SELECT patient_phones.patient_id
FROM patient_phones
WHERE patient_phones.ending = ANY (ARRAY(SELECT CAST(each AS VARCHAR) AS value FROM
jsonb_array_elements_text(CAST(? AS JSONB)) AS each))) AND patients.id != ? AND patients.archived_at IS
NULL
""",
    """
SELECT patients.id, patients.number, patients.name, patients.name_key, patients.phone, patients.born,
patients.born_year, patients.sex, patients.email, patients.note, patients.created_at, patients.updated_at,
patients.archived_at, patients.merged_into, patients.erased_at, patients.born_month, patients.notify,
patients.language
FROM patients
WHERE patients.name_key = ? AND (patients.archived_at IS NULL OR patients.merged_into IS NOT NULL)
LIMIT ? OFFSET ?
""": """
SELECT patients.id, patients.number, patients.name, patients.name_key, patients.phone, patients.born,
patients.born_year, patients.sex, patients.email, patients.note, patients.created_at, patients.updated_at,
patients.archived_at, patients.merged_into, patients.erased_at, patients.born_month, patients.notify,
patients.language
FROM patients
WHERE patients.name_key = ? AND (patients.archived_at IS NULL OR patients.merged_into IS NOT NULL)
LIMIT NULLIF(?, -1) OFFSET ?
""",
    """
SELECT patients.id, patients.number, patients.name, patients.name_key, patients.phone, patients.born,
patients.born_year, patients.sex, patients.email, patients.note, patients.created_at, patients.updated_at,
patients.archived_at, patients.merged_into, patients.erased_at, patients.born_month, patients.notify,
patients.language
FROM patients
WHERE patients.name_key = ? AND (patients.archived_at IS NULL OR patients.merged_into IS NOT NULL) AND
patients.born = ?
LIMIT ? OFFSET ?
""": """
SELECT patients.id, patients.number, patients.name, patients.name_key, patients.phone, patients.born,
patients.born_year, patients.sex, patients.email, patients.note, patients.created_at, patients.updated_at,
patients.archived_at, patients.merged_into, patients.erased_at, patients.born_month, patients.notify,
patients.language
FROM patients
WHERE patients.name_key = ? AND (patients.archived_at IS NULL OR patients.merged_into IS NOT NULL) AND
patients.born = ?
LIMIT NULLIF(?, -1) OFFSET ?
""",
    """
SELECT patients.id, patients.number, patients.name, patients.name_key, patients.phone, patients.born,
patients.born_year, patients.sex, patients.email, patients.note, patients.created_at, patients.updated_at,
patients.archived_at, patients.merged_into, patients.erased_at, patients.born_month, patients.notify,
patients.language
FROM patients
WHERE patients.name_key IN (SELECT name_keys_listed.value
FROM json_each(?) AS name_keys_listed) ORDER BY patients.number
""": """
SELECT patients.id, patients.number, patients.name, patients.name_key, patients.phone, patients.born,
patients.born_year, patients.sex, patients.email, patients.note, patients.created_at, patients.updated_at,
patients.archived_at, patients.merged_into, patients.erased_at, patients.born_month, patients.notify,
patients.language
FROM patients
WHERE patients.name_key = ANY (ARRAY(SELECT CAST(each AS VARCHAR) AS value FROM
jsonb_array_elements_text(CAST(? AS JSONB)) AS each)) ORDER BY patients.number
""",
    """
SELECT patients.id, patients.number, patients.name, patients.name_key, patients.phone, patients.born,
patients.born_year, patients.sex, patients.email, patients.note, patients.created_at, patients.updated_at,
patients.archived_at, patients.merged_into, patients.erased_at, patients.born_month, patients.notify,
patients.language
FROM patients
WHERE patients.number IN (SELECT numbers_listed.value
FROM json_each(?) AS numbers_listed) ORDER BY patients.number
""": """
SELECT patients.id, patients.number, patients.name, patients.name_key, patients.phone, patients.born,
patients.born_year, patients.sex, patients.email, patients.note, patients.created_at, patients.updated_at,
patients.archived_at, patients.merged_into, patients.erased_at, patients.born_month, patients.notify,
patients.language
FROM patients
WHERE patients.number = ANY (ARRAY(SELECT CAST(each AS BIGINT) AS value FROM jsonb_array_elements_text(CAST(?
AS JSONB)) AS each)) ORDER BY patients.number
""",
    """
SELECT patients.id, patients.number, patients.name, patients.name_key, patients.phone, patients.born,
patients.born_year, patients.sex, patients.email, patients.note, patients.created_at, patients.updated_at,
patients.archived_at, patients.merged_into, patients.erased_at, patients.born_month, patients.notify,
patients.language
FROM patients
WHERE patients.number IN (SELECT numbers_listed.value
FROM json_each(?) AS numbers_listed) AND patients.merged_into IS NOT NULL ORDER BY patients.number
""": """
SELECT patients.id, patients.number, patients.name, patients.name_key, patients.phone, patients.born,
patients.born_year, patients.sex, patients.email, patients.note, patients.created_at, patients.updated_at,
patients.archived_at, patients.merged_into, patients.erased_at, patients.born_month, patients.notify,
patients.language
FROM patients
WHERE patients.number = ANY (ARRAY(SELECT CAST(each AS BIGINT) AS value FROM jsonb_array_elements_text(CAST(?
AS JSONB)) AS each)) AND patients.merged_into IS NOT NULL ORDER BY patients.number
""",
    """
SELECT patients.id, patients.number, patients.name, patients.name_key, patients.phone, patients.born,
patients.born_year, patients.sex, patients.created_at, patients.archived_at
FROM patients
WHERE patients.number IN (SELECT numbers_listed.value
FROM json_each(?) AS numbers_listed) AND patients.archived_at IS NULL
""": """
SELECT patients.id, patients.number, patients.name, patients.name_key, patients.phone, patients.born,
patients.born_year, patients.sex, patients.created_at, patients.archived_at
FROM patients
WHERE patients.number = ANY (ARRAY(SELECT CAST(each AS BIGINT) AS value FROM jsonb_array_elements_text(CAST(?
AS JSONB)) AS each)) AND patients.archived_at IS NULL
""",
    """
SELECT patient_keys."key", patient_keys.patient
FROM json_each(?) AS keys_listed JOIN patient_keys ON patient_keys."key" = keys_listed.value
WHERE (SELECT other."key"
FROM patient_keys AS other
WHERE other."key" = keys_listed.value
LIMIT 1 OFFSET ?) IS NULL
""": """
SELECT patient_keys.key, patient_keys.patient
FROM (SELECT CAST(each AS BIGINT) AS value FROM jsonb_array_elements_text(CAST(? AS JSONB)) AS each) AS
keys_listed JOIN patient_keys ON patient_keys.key = keys_listed.value
WHERE (SELECT other.key
FROM patient_keys AS other
WHERE other.key = keys_listed.value
LIMIT 1 OFFSET ?) IS NULL
""",
    """
DELETE FROM patient_keys WHERE patient_keys."key" IN (SELECT keys_listed.value
FROM json_each(?) AS keys_listed) AND patient_keys.patient = ?
""": """
DELETE FROM patient_keys WHERE patient_keys.key = ANY (ARRAY(SELECT CAST(each AS BIGINT) AS value FROM
jsonb_array_elements_text(CAST(? AS JSONB)) AS each)) AND patient_keys.patient = ?
""",
    """
SELECT count(*) AS count_1
FROM (SELECT patient_words.word AS word
FROM patient_words
WHERE patient_words.word = ?
LIMIT ? OFFSET ?) AS anon_1
""": """
SELECT count(*) AS count_1
FROM (SELECT patient_words.word AS word
FROM patient_words
WHERE patient_words.word = ?
LIMIT NULLIF(?, -1) OFFSET ?) AS anon_1
""",
    """
SELECT CAST(round((julianday(substr(queue_entries.ended_at, 1, 19)) -
julianday(substr(queue_entries.started_at, 1, 19))) * 86400) AS INTEGER) AS seconds
FROM queue_entries
WHERE queue_entries.doctor_id = ? AND queue_entries.date BETWEEN ? AND ? AND queue_entries.status = 'done'
ORDER BY queue_entries.date DESC, queue_entries.position DESC
LIMIT ? OFFSET ?
""": """
SELECT CAST(EXTRACT(epoch FROM date_trunc('second', queue_entries.ended_at) - date_trunc('second',
queue_entries.started_at)) AS INTEGER) AS seconds
FROM queue_entries
WHERE queue_entries.doctor_id = ? AND queue_entries.date BETWEEN ? AND ? AND queue_entries.status =
'done' ORDER BY queue_entries.date DESC, queue_entries.position DESC
LIMIT NULLIF(?, -1) OFFSET ?
""",
    """
SELECT queue_entries.doctor_id, CAST(round((julianday(substr(queue_entries.ended_at, 1, 19)) -
julianday(substr(queue_entries.started_at, 1, 19))) * 86400) AS INTEGER) AS seconds
FROM json_each(?) AS doctors_listed JOIN queue_entries ON 1 = 1
WHERE queue_entries.id IN (SELECT last_entries.id
FROM queue_entries AS last_entries
WHERE last_entries.doctor_id = doctors_listed.value AND last_entries.date BETWEEN ? AND ? AND
last_entries.status = 'done' ORDER BY last_entries.date DESC, last_entries.position DESC
LIMIT ? OFFSET ?)
""": """
SELECT queue_entries.doctor_id, CAST(EXTRACT(epoch FROM date_trunc('second', queue_entries.ended_at) -
date_trunc('second', queue_entries.started_at)) AS INTEGER) AS seconds
FROM (SELECT CAST(each AS UUID) AS value FROM jsonb_array_elements_text(CAST(? AS JSONB)) AS each) AS
doctors_listed JOIN queue_entries ON true
WHERE queue_entries.id IN (SELECT last_entries.id
FROM queue_entries AS last_entries
WHERE last_entries.doctor_id = doctors_listed.value AND last_entries.date BETWEEN ? AND ? AND
last_entries.status = 'done' ORDER BY last_entries.date DESC, last_entries.position DESC
LIMIT NULLIF(?, -1) OFFSET ?)
""",
    """
SELECT patient_keys."key", group_concat(CAST(patient_keys.patient AS VARCHAR), ',') AS patients
FROM patient_keys GROUP BY patient_keys."key"
HAVING count(*) BETWEEN 2 AND ? ORDER BY patient_keys."key"
""": """
SELECT patient_keys.key, string_agg(CAST(patient_keys.patient AS VARCHAR), ',') AS patients
FROM patient_keys GROUP BY patient_keys.key
HAVING count(*) BETWEEN 2 AND ? ORDER BY patient_keys.key
""",
    """
SELECT appointments.patient_id, max(CASE WHEN (appointments.status IN ('checked_in', 'in_consultation',
'completed', 'left')) THEN appointments.date END) AS came, max(CASE WHEN (appointments.status = 'booked' AND
appointments.date < ?) THEN appointments.date END) AS booked
FROM appointments
WHERE appointments.patient_id IN (SELECT patients_listed.value
FROM json_each(?) AS patients_listed) AND appointments.date <= ? GROUP BY appointments.patient_id
""": """
SELECT appointments.patient_id, max(CASE WHEN (appointments.status IN ('checked_in', 'in_consultation',
'completed', 'left')) THEN appointments.date END) AS came, max(CASE WHEN (appointments.status = 'booked' AND
appointments.date < ?) THEN appointments.date END) AS booked
FROM appointments
WHERE appointments.patient_id = ANY (ARRAY(SELECT CAST(each AS UUID) AS value FROM
jsonb_array_elements_text(CAST(? AS JSONB)) AS each)) AND appointments.date <= ? GROUP BY
appointments.patient_id
""",
    """
SELECT appointments.doctor_id, appointments.date, count(*) AS number, count(*) FILTER (WHERE
appointments.status = 'completed') AS completed, count(*) FILTER (WHERE appointments.status = 'no_show') AS
no_shows, count(*) FILTER (WHERE appointments.status = 'left') AS left_unseen, count(*) FILTER (WHERE
appointments.cancelled_by = 'patient' AND appointments.moved_to IS NULL) AS by_patient, count(*) FILTER (WHERE
appointments.cancelled_by = 'clinic' AND appointments.moved_to IS NULL) AS by_clinic, count(*) FILTER (WHERE
appointments.cancelled_by = 'patient' AND appointments.moved_to IS NOT NULL) AS moved_by_patient, count(*)
FILTER (WHERE appointments.cancelled_by = 'clinic' AND appointments.moved_to IS NOT NULL) AS moved_by_clinic,
sum(CASE WHEN (appointments.status != 'cancelled') THEN appointments.slots ELSE 0 END) AS booked, sum(CASE
WHEN (appointments.status = 'completed') THEN appointments.slots ELSE 0 END) AS used
FROM appointments
WHERE appointments.date BETWEEN ? AND ? AND appointments.doctor_id IN (SELECT doctors.id
FROM doctors) GROUP BY appointments.doctor_id, appointments.date
""": """
SELECT appointments.doctor_id, appointments.date, count(*) AS number, count(*) FILTER (WHERE
appointments.status = 'completed') AS completed, count(*) FILTER (WHERE appointments.status = 'no_show') AS
no_shows, count(*) FILTER (WHERE appointments.status = 'left') AS left_unseen, count(*) FILTER (WHERE
appointments.cancelled_by = 'patient' AND appointments.moved_to IS NULL) AS by_patient, count(*) FILTER (WHERE
appointments.cancelled_by = 'clinic' AND appointments.moved_to IS NULL) AS by_clinic, count(*) FILTER (WHERE
appointments.cancelled_by = 'patient' AND appointments.moved_to IS NOT NULL) AS moved_by_patient, count(*)
FILTER (WHERE appointments.cancelled_by = 'clinic' AND appointments.moved_to IS NOT NULL) AS moved_by_clinic,
CAST(sum(CASE WHEN (appointments.status != 'cancelled') THEN appointments.slots ELSE 0 END) AS BIGINT) AS
booked, CAST(sum(CASE WHEN (appointments.status = 'completed') THEN appointments.slots ELSE 0 END) AS BIGINT)
AS used
FROM appointments
WHERE appointments.date BETWEEN ? AND ? AND appointments.doctor_id IN (SELECT doctors.id
FROM doctors) GROUP BY appointments.doctor_id, appointments.date
""",
    """
SELECT appointments.doctor_id, appointments.date, sum(appointments.slots) AS booked, sum(CASE WHEN
(appointments.status = 'completed') THEN appointments.slots ELSE 0 END) AS used
FROM appointments
WHERE appointments.date BETWEEN ? AND ? AND appointments.doctor_id IN (SELECT doctors.id
FROM doctors) AND appointments.status != 'cancelled' GROUP BY appointments.doctor_id, appointments.date
""": """
SELECT appointments.doctor_id, appointments.date, CAST(sum(appointments.slots) AS BIGINT) AS booked,
CAST(sum(CASE WHEN (appointments.status = 'completed') THEN appointments.slots ELSE 0 END) AS BIGINT) AS used
FROM appointments
WHERE appointments.date BETWEEN ? AND ? AND appointments.doctor_id IN (SELECT doctors.id
FROM doctors) AND appointments.status != 'cancelled' GROUP BY appointments.doctor_id, appointments.date
""",
    """
SELECT doctor_daily_capacities.doctor_id, doctor_daily_capacities.date, doctor_daily_capacities.capacity
FROM doctor_daily_capacities
WHERE doctor_daily_capacities.doctor_id IN (SELECT doctors_listed.value
FROM json_each(?) AS doctors_listed) AND doctor_daily_capacities.date BETWEEN ? AND ?
""": """
SELECT doctor_daily_capacities.doctor_id, doctor_daily_capacities.date, doctor_daily_capacities.capacity
FROM doctor_daily_capacities
WHERE doctor_daily_capacities.doctor_id = ANY (ARRAY(SELECT CAST(each AS UUID) AS value FROM
jsonb_array_elements_text(CAST(? AS JSONB)) AS each)) AND doctor_daily_capacities.date BETWEEN ? AND ?
""",
    """
SELECT listed.doctor_id, listed.minutes, count(*) AS number
FROM (SELECT queue_entries.doctor_id AS doctor_id, CAST((julianday(substr(coalesce(queue_entries.called_at,
queue_entries.started_at), 1, 19)) - julianday(substr(queue_entries.checked_in_at, 1, 19))) * 1440 + 0.0001 AS
INTEGER) AS minutes
FROM queue_entries
WHERE queue_entries.date BETWEEN ? AND ? AND coalesce(queue_entries.called_at, queue_entries.started_at) IS
NOT NULL
LIMIT 4611686018427387904 OFFSET ?) AS listed GROUP BY listed.doctor_id, listed.minutes
""": """
SELECT listed.doctor_id, listed.minutes, count(*) AS number
FROM (SELECT queue_entries.doctor_id AS doctor_id, CAST(trunc((EXTRACT(epoch FROM date_trunc('second',
coalesce(queue_entries.called_at, queue_entries.started_at))) * 1.1574074074074073e-05 - EXTRACT(epoch FROM
date_trunc('second', queue_entries.checked_in_at)) * 1.1574074074074073e-05) * 1440 + 0.0001) AS BIGINT) AS
minutes
FROM queue_entries
WHERE queue_entries.date BETWEEN ? AND ? AND coalesce(queue_entries.called_at, queue_entries.started_at) IS
NOT NULL
LIMIT 4611686018427387904 OFFSET ?) AS listed GROUP BY listed.doctor_id, listed.minutes
""",
    """
SELECT listed.date, listed.minutes, count(*) AS number
FROM (SELECT queue_entries.date AS date, CAST((julianday(substr(coalesce(queue_entries.called_at,
queue_entries.started_at), 1, 19)) - julianday(substr(queue_entries.checked_in_at, 1, 19))) * 1440 + 0.0001 AS
INTEGER) AS minutes
FROM queue_entries
WHERE queue_entries.date BETWEEN ? AND ? AND coalesce(queue_entries.called_at, queue_entries.started_at) IS
NOT NULL
LIMIT 4611686018427387904 OFFSET ?) AS listed GROUP BY listed.date, listed.minutes
""": """
SELECT listed.date, listed.minutes, count(*) AS number
FROM (SELECT queue_entries.date AS date, CAST(trunc((EXTRACT(epoch FROM date_trunc('second',
coalesce(queue_entries.called_at, queue_entries.started_at))) * 1.1574074074074073e-05 - EXTRACT(epoch FROM
date_trunc('second', queue_entries.checked_in_at)) * 1.1574074074074073e-05) * 1440 + 0.0001) AS BIGINT) AS
minutes
FROM queue_entries
WHERE queue_entries.date BETWEEN ? AND ? AND coalesce(queue_entries.called_at, queue_entries.started_at) IS
NOT NULL
LIMIT 4611686018427387904 OFFSET ?) AS listed GROUP BY listed.date, listed.minutes
""",
    """
SELECT listed.doctor_id, listed.minutes, count(*) AS number
FROM (SELECT queue_entries.doctor_id AS doctor_id, CAST((julianday(substr(queue_entries.ended_at, 1, 19)) -
julianday(substr(queue_entries.started_at, 1, 19))) * 1440 + 0.0001 AS INTEGER) AS minutes
FROM queue_entries
WHERE queue_entries.date BETWEEN ? AND ? AND queue_entries.status = 'done' AND queue_entries.started_at IS NOT
NULL AND queue_entries.ended_at IS NOT NULL
LIMIT 4611686018427387904 OFFSET ?) AS listed GROUP BY listed.doctor_id, listed.minutes
""": """
SELECT listed.doctor_id, listed.minutes, count(*) AS number
FROM (SELECT queue_entries.doctor_id AS doctor_id, CAST(trunc((EXTRACT(epoch FROM date_trunc('second',
queue_entries.ended_at)) * 1.1574074074074073e-05 - EXTRACT(epoch FROM date_trunc('second',
queue_entries.started_at)) * 1.1574074074074073e-05) * 1440 + 0.0001) AS BIGINT) AS minutes
FROM queue_entries
WHERE queue_entries.date BETWEEN ? AND ? AND queue_entries.status = 'done' AND queue_entries.started_at IS NOT
NULL AND queue_entries.ended_at IS NOT NULL
LIMIT 4611686018427387904 OFFSET ?) AS listed GROUP BY listed.doctor_id, listed.minutes
""",
    """
SELECT listed.date, listed.minutes, count(*) AS number
FROM (SELECT queue_entries.date AS date, CAST((julianday(substr(queue_entries.ended_at, 1, 19)) -
julianday(substr(queue_entries.started_at, 1, 19))) * 1440 + 0.0001 AS INTEGER) AS minutes
FROM queue_entries
WHERE queue_entries.date BETWEEN ? AND ? AND queue_entries.status = 'done' AND queue_entries.started_at IS NOT
NULL AND queue_entries.ended_at IS NOT NULL
LIMIT 4611686018427387904 OFFSET ?) AS listed GROUP BY listed.date, listed.minutes
""": """
SELECT listed.date, listed.minutes, count(*) AS number
FROM (SELECT queue_entries.date AS date, CAST(trunc((EXTRACT(epoch FROM date_trunc('second',
queue_entries.ended_at)) * 1.1574074074074073e-05 - EXTRACT(epoch FROM date_trunc('second',
queue_entries.started_at)) * 1.1574074074074073e-05) * 1440 + 0.0001) AS BIGINT) AS minutes
FROM queue_entries
WHERE queue_entries.date BETWEEN ? AND ? AND queue_entries.status = 'done' AND queue_entries.started_at IS NOT
NULL AND queue_entries.ended_at IS NOT NULL
LIMIT 4611686018427387904 OFFSET ?) AS listed GROUP BY listed.date, listed.minutes
""",
    """
SELECT listed.doctor_id, listed.days, listed.minute, count(*) AS number
FROM (SELECT appointments.doctor_id AS doctor_id, CAST(julianday(appointments.date) - 2440587.5 + 0.0001 AS
INTEGER) - CAST(julianday(substr(appointments.created_at, 1, 19)) - 2440587.5 + ? * 1.1574074074074073e-05 +
1.1574074074074074e-09 AS INTEGER) AS days, CASE WHEN (CASE WHEN (substr(appointments.created_at, 12, 8) >= ?)
THEN 1 ELSE 0 END + CASE WHEN (substr(appointments.created_at, 12, 8) < ?) THEN 1 ELSE 0 END + ? = 2) THEN
substr(appointments.created_at, 1, 16) END AS minute
FROM appointments
WHERE appointments.date BETWEEN ? AND ? AND appointments.status != 'cancelled'
LIMIT 4611686018427387904 OFFSET ?) AS listed GROUP BY listed.doctor_id, listed.days, listed.minute
""": """
SELECT listed.doctor_id, listed.days, listed.minute, count(*) AS number
FROM (SELECT appointments.doctor_id AS doctor_id, CAST(trunc(EXTRACT(epoch FROM appointments.date) *
1.1574074074074073e-05 + 0 + 0.0001) AS BIGINT) - CAST(trunc(EXTRACT(epoch FROM date_trunc('second',
appointments.created_at)) * 1.1574074074074073e-05 + 0 + ? * 1.1574074074074073e-05 + 1.1574074074074074e-09)
AS BIGINT) AS days, CASE WHEN (CASE WHEN (to_char(timezone('UTC', appointments.created_at), 'HH24:MI:SS') >=
?) THEN 1 ELSE 0 END + CASE WHEN (to_char(timezone('UTC', appointments.created_at), 'HH24:MI:SS') < ?) THEN 1
ELSE 0 END + ? = 2) THEN to_char(timezone('UTC', appointments.created_at), 'YYYY-MM-DD HH24:MI') END AS minute
FROM appointments
WHERE appointments.date BETWEEN ? AND ? AND appointments.status != 'cancelled'
LIMIT 4611686018427387904 OFFSET ?) AS listed GROUP BY listed.doctor_id, listed.days, listed.minute
""",
    """
SELECT listed.date, listed.days, listed.minute, count(*) AS number
FROM (SELECT appointments.date AS date, CAST(julianday(appointments.date) - 2440587.5 + 0.0001 AS INTEGER) -
CAST(julianday(substr(appointments.created_at, 1, 19)) - 2440587.5 + ? * 1.1574074074074073e-05 +
1.1574074074074074e-09 AS INTEGER) AS days, CASE WHEN (CASE WHEN (substr(appointments.created_at, 12, 8) >= ?)
THEN 1 ELSE 0 END + CASE WHEN (substr(appointments.created_at, 12, 8) < ?) THEN 1 ELSE 0 END + ? = 2) THEN
substr(appointments.created_at, 1, 16) END AS minute
FROM appointments
WHERE appointments.date BETWEEN ? AND ? AND appointments.status != 'cancelled'
LIMIT 4611686018427387904 OFFSET ?) AS listed GROUP BY listed.date, listed.days, listed.minute
""": """
SELECT listed.date, listed.days, listed.minute, count(*) AS number
FROM (SELECT appointments.date AS date, CAST(trunc(EXTRACT(epoch FROM appointments.date) *
1.1574074074074073e-05 + 0 + 0.0001) AS BIGINT) - CAST(trunc(EXTRACT(epoch FROM date_trunc('second',
appointments.created_at)) * 1.1574074074074073e-05 + 0 + ? * 1.1574074074074073e-05 + 1.1574074074074074e-09)
AS BIGINT) AS days, CASE WHEN (CASE WHEN (to_char(timezone('UTC', appointments.created_at), 'HH24:MI:SS') >=
?) THEN 1 ELSE 0 END + CASE WHEN (to_char(timezone('UTC', appointments.created_at), 'HH24:MI:SS') < ?) THEN 1
ELSE 0 END + ? = 2) THEN to_char(timezone('UTC', appointments.created_at), 'YYYY-MM-DD HH24:MI') END AS minute
FROM appointments
WHERE appointments.date BETWEEN ? AND ? AND appointments.status != 'cancelled'
LIMIT 4611686018427387904 OFFSET ?) AS listed GROUP BY listed.date, listed.days, listed.minute
""",
    """
SELECT listed.hour, count(*) AS number
FROM (SELECT CAST((julianday(substr(queue_entries.checked_in_at, 1, 19)) - 2440587.5 + ? *
1.1574074074074073e-05) * 24 + 0.0001 AS INTEGER) AS hour
FROM queue_entries
WHERE queue_entries.date BETWEEN ? AND ? AND queue_entries.checked_in_at >= ? AND queue_entries.checked_in_at
< ?
LIMIT 4611686018427387904 OFFSET ?) AS listed GROUP BY listed.hour
""": """
SELECT listed.hour, count(*) AS number
FROM (SELECT CAST(trunc((EXTRACT(epoch FROM date_trunc('second', queue_entries.checked_in_at)) *
1.1574074074074073e-05 + 0 + ? * 1.1574074074074073e-05) * 24 + 0.0001) AS BIGINT) AS hour
FROM queue_entries
WHERE queue_entries.date BETWEEN ? AND ? AND queue_entries.checked_in_at >= ? AND queue_entries.checked_in_at
< ?
LIMIT 4611686018427387904 OFFSET ?) AS listed GROUP BY listed.hour
""",
    """
SELECT listed.doctor_id, listed.hour, count(*) AS number
FROM (SELECT queue_entries.doctor_id AS doctor_id, CAST((julianday(substr(queue_entries.checked_in_at, 1, 19))
- 2440587.5 + ? * 1.1574074074074073e-05) * 24 + 0.0001 AS INTEGER) -
CAST(CAST((julianday(substr(queue_entries.checked_in_at, 1, 19)) - 2440587.5 + ? * 1.1574074074074073e-05) *
24 + 0.0001 AS INTEGER) * 0.005952380952380952 + 0.0001 AS INTEGER) * 168 AS hour
FROM queue_entries
WHERE queue_entries.date BETWEEN ? AND ? AND queue_entries.checked_in_at >= ? AND queue_entries.checked_in_at
< ?
LIMIT 4611686018427387904 OFFSET ?) AS listed GROUP BY listed.doctor_id, listed.hour
""": """
SELECT listed.doctor_id, listed.hour, count(*) AS number
FROM (SELECT queue_entries.doctor_id AS doctor_id, CAST(trunc((EXTRACT(epoch FROM date_trunc('second',
queue_entries.checked_in_at)) * 1.1574074074074073e-05 + 0 + ? * 1.1574074074074073e-05) * 24 + 0.0001) AS
BIGINT) - CAST(trunc(CAST(trunc((EXTRACT(epoch FROM date_trunc('second', queue_entries.checked_in_at)) *
1.1574074074074073e-05 + 0 + ? * 1.1574074074074073e-05) * 24 + 0.0001) AS BIGINT) * 0.005952380952380952 +
0.0001) AS BIGINT) * 168 AS hour
FROM queue_entries
WHERE queue_entries.date BETWEEN ? AND ? AND queue_entries.checked_in_at >= ? AND queue_entries.checked_in_at
< ?
LIMIT 4611686018427387904 OFFSET ?) AS listed GROUP BY listed.doctor_id, listed.hour
""",
    """
SELECT listed.date, listed.hour, count(*) AS number
FROM (SELECT queue_entries.date AS date, CAST((julianday(substr(queue_entries.checked_in_at, 1, 19)) -
2440587.5 + ? * 1.1574074074074073e-05) * 24 + 0.0001 AS INTEGER) AS hour
FROM queue_entries
WHERE queue_entries.date BETWEEN ? AND ? AND queue_entries.checked_in_at >= ? AND queue_entries.checked_in_at
< ?
LIMIT 4611686018427387904 OFFSET ?) AS listed GROUP BY listed.date, listed.hour
""": """
SELECT listed.date, listed.hour, count(*) AS number
FROM (SELECT queue_entries.date AS date, CAST(trunc((EXTRACT(epoch FROM date_trunc('second',
queue_entries.checked_in_at)) * 1.1574074074074073e-05 + 0 + ? * 1.1574074074074073e-05) * 24 + 0.0001) AS
BIGINT) AS hour
FROM queue_entries
WHERE queue_entries.date BETWEEN ? AND ? AND queue_entries.checked_in_at >= ? AND queue_entries.checked_in_at
< ?
LIMIT 4611686018427387904 OFFSET ?) AS listed GROUP BY listed.date, listed.hour
""",
    """
SELECT users.name, users.role, users.doctor_id
FROM users
WHERE users.name = ? OR users.name = ? OR users.name = (SELECT min(users.name) AS min_1
FROM users)
""": """
SELECT users.name, users.role, users.doctor_id
FROM users
WHERE users.name = coalesce(nullif(?, ''), CAST(session_user AS VARCHAR)) OR users.name = ? OR users.name =
(SELECT min(users.name) AS min_1
FROM users)
""",
    """
SELECT waitlist_days.entry_id, waitlist_days.date
FROM waitlist_days
WHERE waitlist_days.entry_id IN (SELECT entries_listed.value
FROM json_each(?) AS entries_listed) ORDER BY waitlist_days.entry_id, waitlist_days.date
""": """
SELECT waitlist_days.entry_id, waitlist_days.date
FROM waitlist_days
WHERE waitlist_days.entry_id = ANY (ARRAY(SELECT CAST(each AS UUID) AS value FROM
jsonb_array_elements_text(CAST(? AS JSONB)) AS each)) ORDER BY waitlist_days.entry_id, waitlist_days.date
""",
    """
SELECT waitlist_entries.id, waitlist_entries.patient_id
FROM waitlist_entries JOIN patients ON patients.id = waitlist_entries.patient_id
WHERE waitlist_entries.doctor_id = ? AND waitlist_entries.status = 'waiting' AND patients.archived_at IS NULL
AND (EXISTS (SELECT waitlist_days.date
FROM waitlist_days
WHERE waitlist_days.entry_id = waitlist_entries.id AND waitlist_days.date IN (SELECT dates_listed.value
FROM json_each(?) AS dates_listed) AND NOT (EXISTS (SELECT appointments.id
FROM appointments
WHERE appointments.patient_id = waitlist_entries.patient_id AND appointments.doctor_id =
waitlist_entries.doctor_id AND appointments.date = waitlist_days.date AND status IN ('booked', 'checked_in',
'in_consultation'))))) ORDER BY waitlist_entries.number + 0
LIMIT 1 OFFSET ?
""": """
SELECT waitlist_entries.id, waitlist_entries.patient_id
FROM waitlist_entries JOIN patients ON patients.id = waitlist_entries.patient_id
WHERE waitlist_entries.doctor_id = ? AND waitlist_entries.status = 'waiting' AND patients.archived_at IS
NULL AND (EXISTS (SELECT waitlist_days.date
FROM waitlist_days
WHERE waitlist_days.entry_id = waitlist_entries.id AND waitlist_days.date = ANY (ARRAY(SELECT CAST(each AS
DATE) AS value FROM jsonb_array_elements_text(CAST(? AS JSONB)) AS each)) AND NOT (EXISTS (SELECT
appointments.id
FROM appointments
WHERE appointments.patient_id = waitlist_entries.patient_id AND appointments.doctor_id =
waitlist_entries.doctor_id AND appointments.date = waitlist_days.date AND status IN ('booked', 'checked_in',
'in_consultation'))))) ORDER BY waitlist_entries.number + 0
LIMIT 1 OFFSET ?
""",
    """
SELECT waitlist_days.date
FROM waitlist_days JOIN waitlist_entries ON waitlist_entries.id = waitlist_days.entry_id
WHERE waitlist_entries.id = ? AND waitlist_days.date IN (SELECT dates_listed.value
FROM json_each(?) AS dates_listed) AND NOT (EXISTS (SELECT appointments.id
FROM appointments
WHERE appointments.patient_id = waitlist_entries.patient_id AND appointments.doctor_id =
waitlist_entries.doctor_id AND appointments.date = waitlist_days.date AND status IN ('booked', 'checked_in',
'in_consultation'))) ORDER BY waitlist_days.date
""": """
SELECT waitlist_days.date
FROM waitlist_days JOIN waitlist_entries ON waitlist_entries.id = waitlist_days.entry_id
WHERE waitlist_entries.id = ? AND waitlist_days.date = ANY (ARRAY(SELECT CAST(each AS DATE) AS value
FROM jsonb_array_elements_text(CAST(? AS JSONB)) AS each)) AND NOT (EXISTS (SELECT appointments.id
FROM appointments
WHERE appointments.patient_id = waitlist_entries.patient_id AND appointments.doctor_id =
waitlist_entries.doctor_id AND appointments.date = waitlist_days.date AND status IN ('booked', 'checked_in',
'in_consultation'))) ORDER BY waitlist_days.date
""",
    """
UPDATE waitlist_entries SET status='removed', updated_at=? WHERE waitlist_entries.number IN (SELECT
numbers_listed.value
FROM json_each(?) AS numbers_listed) AND waitlist_entries.status = 'waiting'
""": """
UPDATE waitlist_entries SET status='removed', updated_at=? WHERE waitlist_entries.number = ANY (ARRAY(SELECT
CAST(each AS BIGINT) AS value FROM jsonb_array_elements_text(CAST(? AS JSONB)) AS each)) AND
waitlist_entries.status = 'waiting'
""",
    """
UPDATE waitlist_entries SET status='waiting', updated_at=? WHERE waitlist_entries.number IN (SELECT
numbers_listed.value
FROM json_each(?) AS numbers_listed) AND waitlist_entries.status = 'removed'
""": """
UPDATE waitlist_entries SET status='waiting', updated_at=? WHERE waitlist_entries.number = ANY (ARRAY(SELECT
CAST(each AS BIGINT) AS value FROM jsonb_array_elements_text(CAST(? AS JSONB)) AS each)) AND
waitlist_entries.status = 'removed'
""",
    """
SELECT waitlist_entries.id, waitlist_entries.number
FROM waitlist_entries
WHERE waitlist_entries.number IN (SELECT numbers_listed.value
FROM json_each(?) AS numbers_listed)
""": """
SELECT waitlist_entries.id, waitlist_entries.number
FROM waitlist_entries
WHERE waitlist_entries.number = ANY (ARRAY(SELECT CAST(each AS BIGINT) AS value FROM
jsonb_array_elements_text(CAST(? AS JSONB)) AS each))
""",
    """
UPDATE waitlist_entries SET first_date=(SELECT min(waitlist_days.date) AS min_1
FROM waitlist_days
WHERE waitlist_days.entry_id = waitlist_entries.id), last_date=(SELECT max(waitlist_days.date) AS max_1
FROM waitlist_days
WHERE waitlist_days.entry_id = waitlist_entries.id), updated_at=? WHERE waitlist_entries.number IN (SELECT
numbers_listed.value
FROM json_each(?) AS numbers_listed)
""": """
UPDATE waitlist_entries SET first_date=(SELECT min(waitlist_days.date) AS min_1
FROM waitlist_days
WHERE waitlist_days.entry_id = waitlist_entries.id), last_date=(SELECT max(waitlist_days.date) AS max_1
FROM waitlist_days
WHERE waitlist_days.entry_id = waitlist_entries.id), updated_at=? WHERE waitlist_entries.number = ANY
(ARRAY(SELECT CAST(each AS BIGINT) AS value FROM jsonb_array_elements_text(CAST(? AS JSONB)) AS each))
""",
}

DDL = (
    """CREATE TABLE counters (
    name TEXT COLLATE "C" NOT NULL,
    value BIGINT NOT NULL,
    CONSTRAINT pk_counters PRIMARY KEY (name),
    CONSTRAINT ck_counters_value CHECK (value >= 0)
)""",
    """CREATE TABLE doctors (
    id UUID NOT NULL,
    code TEXT COLLATE "C" NOT NULL,
    name TEXT COLLATE "C" NOT NULL,
    specialty TEXT COLLATE "C",
    capacity BIGINT,
    created_at TIMESTAMP WITH TIME ZONE NOT NULL,
    updated_at TIMESTAMP WITH TIME ZONE NOT NULL,
    archived_at TIMESTAMP WITH TIME ZONE,
    CONSTRAINT pk_doctors PRIMARY KEY (id),
    CONSTRAINT uq_doctors_code UNIQUE (code),
    CONSTRAINT ck_doctors_code CHECK (code = upper(code) AND length(code) BETWEEN 1 AND 32),
    CONSTRAINT ck_doctors_capacity CHECK (capacity IS NULL OR capacity BETWEEN 1 AND 500)
)""",
    """CREATE TABLE holidays (
    date DATE NOT NULL,
    name TEXT COLLATE "C" NOT NULL,
    CONSTRAINT pk_holidays PRIMARY KEY (date),
    CONSTRAINT ck_holidays_name CHECK (length(name) BETWEEN 1 AND 200)
)""",
    """CREATE TABLE journal (
    number BIGINT NOT NULL,
    at TIMESTAMP WITH TIME ZONE NOT NULL,
    actor TEXT COLLATE "C" NOT NULL,
    command TEXT COLLATE "C" NOT NULL,
    key TEXT COLLATE "C" NOT NULL,
    undoes BIGINT,
    said TEXT COLLATE "C" NOT NULL,
    fingerprint TEXT COLLATE "C" NOT NULL,
    outcome TEXT COLLATE "C" NOT NULL,
    previous TEXT COLLATE "C" NOT NULL,
    hash TEXT COLLATE "C" NOT NULL,
    CONSTRAINT pk_journal PRIMARY KEY (number),
    CONSTRAINT uq_journal_key UNIQUE (key),
    CONSTRAINT uq_journal_undoes UNIQUE (undoes),
    CONSTRAINT ck_journal_key CHECK (length(key) BETWEEN 1 AND 255),
    CONSTRAINT fk_journal_undoes FOREIGN KEY(undoes) REFERENCES journal (number) ON DELETE RESTRICT
)""",
    """CREATE INDEX ix_journal_actor_number ON journal (actor, number)""",
    """CREATE INDEX ix_journal_at ON journal (at)""",
    """CREATE INDEX ix_journal_command_number ON journal (command, number)""",
    """CREATE TABLE patients (
    id UUID NOT NULL,
    number BIGINT NOT NULL,
    name TEXT COLLATE "C" NOT NULL,
    name_key TEXT COLLATE "C" NOT NULL,
    phone TEXT COLLATE "C",
    born DATE,
    born_year BIGINT,
    sex TEXT COLLATE "C" NOT NULL,
    email TEXT COLLATE "C",
    note TEXT COLLATE "C",
    created_at TIMESTAMP WITH TIME ZONE NOT NULL,
    updated_at TIMESTAMP WITH TIME ZONE NOT NULL,
    archived_at TIMESTAMP WITH TIME ZONE,
    merged_into UUID,
    erased_at TIMESTAMP WITH TIME ZONE,
    born_month BIGINT CONSTRAINT ck_patients_born_month CHECK (born_month IS NULL OR (born_year IS NOT NULL AND born_month BETWEEN 1 AND 12)),
    notify TEXT COLLATE "C" CONSTRAINT ck_patients_notify CHECK (notify IN ('sms', 'email', 'whatsapp', 'none')),
    language TEXT COLLATE "C" CONSTRAINT ck_patients_language CHECK (length(language) BETWEEN 2 AND 8),
    CONSTRAINT pk_patients PRIMARY KEY (id),
    CONSTRAINT uq_patients_number UNIQUE (number),
    CONSTRAINT ck_patients_number CHECK (number >= 1),
    CONSTRAINT ck_patients_name CHECK (length(name) BETWEEN 1 AND 200),
    CONSTRAINT ck_patients_phone CHECK (phone IS NULL OR phone LIKE '+%'),
    CONSTRAINT ck_patients_sex CHECK (sex IN ('female', 'male', 'other', 'unknown')),
    CONSTRAINT ck_patients_born CHECK (born IS NULL OR born_year IS NULL),
    CONSTRAINT ck_patients_merged_into CHECK (merged_into IS NULL OR archived_at IS NOT NULL),
    CONSTRAINT fk_patients_merged_into FOREIGN KEY(merged_into) REFERENCES patients (id) ON DELETE RESTRICT
)""",
    """CREATE INDEX ix_patients_merged_into ON patients (merged_into)""",
    """CREATE INDEX ix_patients_name_key_born ON patients (name_key, born)""",
    """CREATE INDEX ix_patients_phone ON patients (phone)""",
    """CREATE TABLE settings (
    name TEXT COLLATE "C" NOT NULL,
    value TEXT COLLATE "C" NOT NULL,
    CONSTRAINT pk_settings PRIMARY KEY (name)
)""",
    """CREATE TABLE visit_types (
    name TEXT COLLATE "C" NOT NULL,
    minutes BIGINT NOT NULL,
    CONSTRAINT pk_visit_types PRIMARY KEY (name),
    CONSTRAINT ck_visit_types_name CHECK (length(name) BETWEEN 1 AND 60),
    CONSTRAINT ck_visit_types_minutes CHECK (minutes BETWEEN 1 AND 480)
)""",
    """CREATE TABLE appointments (
    id UUID NOT NULL,
    number BIGINT NOT NULL,
    patient_id UUID NOT NULL,
    doctor_id UUID NOT NULL,
    date DATE NOT NULL,
    slot BIGINT NOT NULL,
    visit BIGINT NOT NULL,
    time TIME WITHOUT TIME ZONE,
    status TEXT COLLATE "C" NOT NULL,
    reason TEXT COLLATE "C",
    overbooked BOOLEAN NOT NULL,
    cancelled_by TEXT COLLATE "C",
    cancel_reason TEXT COLLATE "C",
    moved_to BIGINT,
    moved_from BIGINT,
    key TEXT COLLATE "C",
    created_at TIMESTAMP WITH TIME ZONE NOT NULL,
    updated_at TIMESTAMP WITH TIME ZONE NOT NULL,
    note TEXT COLLATE "C",
    slots BIGINT DEFAULT 1 NOT NULL CONSTRAINT ck_appointments_slots CHECK (slots BETWEEN 1 AND 500),
    minutes BIGINT CONSTRAINT ck_appointments_minutes CHECK (minutes IS NULL OR (time IS NOT NULL AND minutes BETWEEN 1 AND 1440)),
    after_midnight BOOLEAN DEFAULT false NOT NULL,
    visit_type TEXT COLLATE "C",
    series BIGINT,
    CONSTRAINT pk_appointments PRIMARY KEY (id),
    CONSTRAINT uq_appointments_number UNIQUE (number),
    CONSTRAINT ck_appointments_status CHECK (status IN ('booked', 'checked_in', 'in_consultation', 'completed', 'cancelled', 'no_show', 'left')),
    CONSTRAINT ck_appointments_slot CHECK (slot >= 1),
    CONSTRAINT ck_appointments_visit CHECK (visit >= 1),
    CONSTRAINT ck_appointments_cancelled_by CHECK ((status = 'cancelled') = (cancelled_by IS NOT NULL) AND (cancelled_by IS NULL OR cancelled_by IN ('patient', 'clinic'))),
    CONSTRAINT fk_appointments_patient_id FOREIGN KEY(patient_id) REFERENCES patients (id) ON DELETE RESTRICT,
    CONSTRAINT fk_appointments_doctor_id FOREIGN KEY(doctor_id) REFERENCES doctors (id) ON DELETE RESTRICT
)""",
    """CREATE INDEX ix_appointments_active_date ON appointments (date) WHERE status IN ('booked', 'checked_in', 'in_consultation')""",
    """CREATE INDEX ix_appointments_date ON appointments (date)""",
    """CREATE INDEX ix_appointments_doctor_id_date ON appointments (doctor_id, date)""",
    """CREATE INDEX ix_appointments_patient_id_date ON appointments (patient_id, date)""",
    """CREATE INDEX ix_appointments_series ON appointments (series) WHERE series IS NOT NULL""",
    """CREATE UNIQUE INDEX uq_appointments_visit ON appointments (patient_id, doctor_id, date, visit) WHERE status IN ('booked', 'checked_in', 'in_consultation')""",
    """CREATE TABLE distinct_patients (
    one_id UUID NOT NULL,
    other_id UUID NOT NULL,
    CONSTRAINT pk_distinct_patients PRIMARY KEY (one_id, other_id),
    CONSTRAINT ck_distinct_patients_order CHECK (one_id < other_id),
    CONSTRAINT fk_distinct_patients_one_id FOREIGN KEY(one_id) REFERENCES patients (id) ON DELETE RESTRICT,
    CONSTRAINT fk_distinct_patients_other_id FOREIGN KEY(other_id) REFERENCES patients (id) ON DELETE RESTRICT
)""",
    """CREATE INDEX ix_distinct_patients_other_id ON distinct_patients (other_id)""",
    """CREATE TABLE doctor_daily_availabilities (
    id UUID NOT NULL,
    doctor_id UUID NOT NULL,
    date DATE NOT NULL,
    present BOOLEAN NOT NULL,
    capacity BIGINT,
    note TEXT COLLATE "C",
    updated_by TEXT COLLATE "C" NOT NULL,
    updated_at TIMESTAMP WITH TIME ZONE NOT NULL,
    sessions TEXT COLLATE "C",
    every BIGINT CONSTRAINT ck_doctor_daily_availabilities_every CHECK ((every IS NULL) = (sessions IS NULL OR sessions = '') AND (every IS NULL OR every BETWEEN 1 AND 480)),
    CONSTRAINT pk_doctor_daily_availabilities PRIMARY KEY (id),
    CONSTRAINT uq_doctor_daily_availabilities_doctor_id_date UNIQUE (doctor_id, date),
    CONSTRAINT ck_doctor_daily_availabilities_capacity CHECK (capacity IS NULL OR capacity BETWEEN 0 AND 500),
    CONSTRAINT fk_doctor_daily_availabilities_doctor_id FOREIGN KEY(doctor_id) REFERENCES doctors (id) ON DELETE RESTRICT
)""",
    """CREATE TABLE doctor_daily_capacities (
    id UUID NOT NULL,
    doctor_id UUID NOT NULL,
    date DATE NOT NULL,
    capacity BIGINT NOT NULL,
    booked BIGINT NOT NULL,
    remaining BIGINT NOT NULL,
    last_position BIGINT NOT NULL,
    last_recall BIGINT NOT NULL,
    CONSTRAINT pk_doctor_daily_capacities PRIMARY KEY (id),
    CONSTRAINT uq_doctor_daily_capacities_doctor_id_date UNIQUE (doctor_id, date),
    CONSTRAINT ck_doctor_daily_capacities_capacity CHECK (capacity BETWEEN 0 AND 500),
    CONSTRAINT ck_doctor_daily_capacities_booked CHECK (booked >= 0),
    CONSTRAINT ck_doctor_daily_capacities_remaining CHECK (remaining >= 0 AND remaining <= capacity),
    CONSTRAINT ck_doctor_daily_capacities_sum CHECK (remaining = CASE WHEN booked < capacity THEN capacity - booked ELSE 0 END),
    CONSTRAINT ck_doctor_daily_capacities_last_position CHECK (last_position >= 0),
    CONSTRAINT ck_doctor_daily_capacities_last_recall CHECK (last_recall >= 0),
    CONSTRAINT fk_doctor_daily_capacities_doctor_id FOREIGN KEY(doctor_id) REFERENCES doctors (id) ON DELETE RESTRICT
)""",
    """CREATE TABLE doctor_weekly_patterns (
    doctor_id UUID NOT NULL,
    weekday BIGINT NOT NULL,
    present BOOLEAN NOT NULL,
    capacity BIGINT,
    sessions TEXT COLLATE "C",
    every BIGINT CONSTRAINT ck_doctor_weekly_patterns_every CHECK ((every IS NULL) = (sessions IS NULL) AND (every IS NULL OR every BETWEEN 1 AND 480)),
    CONSTRAINT pk_doctor_weekly_patterns PRIMARY KEY (doctor_id, weekday),
    CONSTRAINT ck_doctor_weekly_patterns_weekday CHECK (weekday BETWEEN 0 AND 6),
    CONSTRAINT ck_doctor_weekly_patterns_capacity CHECK (capacity IS NULL OR capacity BETWEEN 0 AND 500),
    CONSTRAINT fk_doctor_weekly_patterns_doctor_id FOREIGN KEY(doctor_id) REFERENCES doctors (id) ON DELETE RESTRICT
)""",
    """CREATE TABLE journal_days (
    journal_number BIGINT NOT NULL,
    before TEXT COLLATE "C" NOT NULL,
    CONSTRAINT pk_journal_days PRIMARY KEY (journal_number),
    CONSTRAINT fk_journal_days_journal_number FOREIGN KEY(journal_number) REFERENCES journal (number) ON DELETE RESTRICT
)""",
    """CREATE TABLE journal_merges (
    journal_number BIGINT NOT NULL,
    before TEXT COLLATE "C" NOT NULL,
    CONSTRAINT pk_journal_merges PRIMARY KEY (journal_number),
    CONSTRAINT fk_journal_merges_journal_number FOREIGN KEY(journal_number) REFERENCES journal (number) ON DELETE RESTRICT
)""",
    """CREATE TABLE patient_keys (
    key BIGINT NOT NULL,
    patient BIGINT NOT NULL,
    CONSTRAINT pk_patient_keys PRIMARY KEY (key, patient),
    CONSTRAINT fk_patient_keys_patient FOREIGN KEY(patient) REFERENCES patients (number) ON DELETE RESTRICT
)""",
    """CREATE TABLE patient_phones (
    ending TEXT COLLATE "C" NOT NULL,
    patient_id UUID NOT NULL,
    position BIGINT NOT NULL,
    CONSTRAINT pk_patient_phones PRIMARY KEY (ending, patient_id),
    CONSTRAINT uq_patient_phones_position UNIQUE (patient_id, position),
    CONSTRAINT ck_patient_phones_position CHECK (position >= 1),
    CONSTRAINT fk_patient_phones_patient_id FOREIGN KEY(patient_id) REFERENCES patients (id) ON DELETE RESTRICT
)""",
    """CREATE TABLE patient_words (
    word TEXT COLLATE "C" NOT NULL,
    patient_id UUID NOT NULL,
    CONSTRAINT pk_patient_words PRIMARY KEY (word, patient_id),
    CONSTRAINT fk_patient_words_patient_id FOREIGN KEY(patient_id) REFERENCES patients (id) ON DELETE RESTRICT
)""",
    """CREATE INDEX ix_patient_words_patient_id ON patient_words (patient_id)""",
    """CREATE TABLE users (
    name TEXT COLLATE "C" NOT NULL,
    role TEXT COLLATE "C" NOT NULL,
    doctor_id UUID,
    pin TEXT COLLATE "C",
    wrong_pins BIGINT NOT NULL,
    wrong_at TIMESTAMP WITH TIME ZONE,
    created_at TIMESTAMP WITH TIME ZONE NOT NULL,
    updated_at TIMESTAMP WITH TIME ZONE NOT NULL,
    CONSTRAINT pk_users PRIMARY KEY (name),
    CONSTRAINT ck_users_name CHECK (length(name) BETWEEN 1 AND 64),
    CONSTRAINT ck_users_role CHECK (role IN ('desk', 'clinician', 'manager', 'auditor', 'reader', 'importer')),
    CONSTRAINT ck_users_doctor CHECK ((role = 'clinician') = (doctor_id IS NOT NULL)),
    CONSTRAINT ck_users_wrong_pins CHECK (wrong_pins >= 0 AND (wrong_pins = 0) = (wrong_at IS NULL)),
    CONSTRAINT fk_users_doctor_id FOREIGN KEY(doctor_id) REFERENCES doctors (id) ON DELETE RESTRICT
)""",
    """CREATE TABLE held_slots (
    doctor_id UUID NOT NULL,
    date DATE NOT NULL,
    slot BIGINT NOT NULL,
    appointment BIGINT NOT NULL,
    CONSTRAINT pk_held_slots PRIMARY KEY (doctor_id, date, slot),
    CONSTRAINT fk_held_slots_doctor_id FOREIGN KEY(doctor_id) REFERENCES doctors (id) ON DELETE RESTRICT,
    CONSTRAINT fk_held_slots_appointment FOREIGN KEY(appointment) REFERENCES appointments (number) ON DELETE RESTRICT
)""",
    """CREATE TABLE journal_steps (
    journal_number BIGINT NOT NULL,
    nth BIGINT NOT NULL,
    appointment_id UUID NOT NULL,
    from_status TEXT COLLATE "C",
    to_status TEXT COLLATE "C" NOT NULL,
    queue_from TEXT COLLATE "C",
    queue_to TEXT COLLATE "C",
    slot BIGINT NOT NULL,
    position BIGINT,
    before TEXT COLLATE "C" NOT NULL,
    CONSTRAINT pk_journal_steps PRIMARY KEY (journal_number, nth),
    CONSTRAINT ck_journal_steps_nth CHECK (nth >= 1),
    CONSTRAINT fk_journal_steps_journal_number FOREIGN KEY(journal_number) REFERENCES journal (number) ON DELETE RESTRICT,
    CONSTRAINT fk_journal_steps_appointment_id FOREIGN KEY(appointment_id) REFERENCES appointments (id) ON DELETE RESTRICT
)""",
    """CREATE INDEX ix_journal_steps_appointment_id ON journal_steps (appointment_id)""",
    """CREATE TABLE messages (
    appointment BIGINT NOT NULL,
    kind TEXT COLLATE "C" NOT NULL,
    occasion BIGINT NOT NULL,
    due TIMESTAMP WITH TIME ZONE NOT NULL,
    state TEXT COLLATE "C" NOT NULL,
    attempts BIGINT NOT NULL,
    channel TEXT COLLATE "C",
    ref TEXT COLLATE "C",
    failure TEXT COLLATE "C",
    created_at TIMESTAMP WITH TIME ZONE NOT NULL,
    updated_at TIMESTAMP WITH TIME ZONE NOT NULL,
    CONSTRAINT pk_messages PRIMARY KEY (appointment, kind, occasion),
    CONSTRAINT ck_messages_kind CHECK (kind IN ('booked', 'moved', 'cancelled', 'promoted', 'reminder', 'near')),
    CONSTRAINT ck_messages_occasion CHECK (occasion >= 0),
    CONSTRAINT ck_messages_state CHECK (state IN ('pending', 'leased', 'sent', 'failed', 'dropped')),
    CONSTRAINT ck_messages_attempts CHECK (attempts >= 0),
    CONSTRAINT ck_messages_channel CHECK (CASE WHEN channel IS NULL THEN state <> 'leased' ELSE channel IN ('sms', 'email', 'whatsapp') END),
    CONSTRAINT fk_messages_appointment FOREIGN KEY(appointment) REFERENCES appointments (number) ON DELETE RESTRICT
)""",
    """CREATE INDEX ix_messages_open_due ON messages (due, appointment, kind, occasion) WHERE state IN ('pending', 'leased')""",
    """CREATE TABLE queue_entries (
    id UUID NOT NULL,
    appointment_id UUID NOT NULL,
    doctor_id UUID NOT NULL,
    date DATE NOT NULL,
    position BIGINT NOT NULL,
    status TEXT COLLATE "C" NOT NULL,
    priority BIGINT NOT NULL,
    recalled BIGINT NOT NULL,
    checked_in_at TIMESTAMP WITH TIME ZONE NOT NULL,
    called_at TIMESTAMP WITH TIME ZONE,
    started_at TIMESTAMP WITH TIME ZONE,
    ended_at TIMESTAMP WITH TIME ZONE,
    moved_up BOOLEAN DEFAULT false NOT NULL,
    CONSTRAINT pk_queue_entries PRIMARY KEY (id),
    CONSTRAINT uq_queue_entries_appointment_id UNIQUE (appointment_id),
    CONSTRAINT uq_queue_entries_position UNIQUE (doctor_id, date, position),
    CONSTRAINT ck_queue_entries_position CHECK (position >= 1),
    CONSTRAINT ck_queue_entries_recalled CHECK (recalled >= 0),
    CONSTRAINT ck_queue_entries_priority CHECK (priority BETWEEN 0 AND 9),
    CONSTRAINT ck_queue_entries_status CHECK (status IN ('waiting', 'called', 'serving', 'done', 'skipped', 'held', 'left')),
    CONSTRAINT fk_queue_entries_appointment_id FOREIGN KEY(appointment_id) REFERENCES appointments (id) ON DELETE RESTRICT,
    CONSTRAINT fk_queue_entries_doctor_id FOREIGN KEY(doctor_id) REFERENCES doctors (id) ON DELETE RESTRICT
)""",
    """CREATE INDEX ix_queue_entries_date ON queue_entries (date)""",
    """CREATE INDEX ix_queue_entries_open ON queue_entries (status, doctor_id, date) WHERE status IN ('waiting', 'called', 'serving', 'skipped', 'held')""",
    """CREATE TABLE waitlist_entries (
    id UUID NOT NULL,
    number BIGINT NOT NULL,
    patient_id UUID NOT NULL,
    doctor_id UUID NOT NULL,
    first_date DATE NOT NULL,
    last_date DATE NOT NULL,
    status TEXT COLLATE "C" NOT NULL,
    appointment_id UUID,
    created_at TIMESTAMP WITH TIME ZONE NOT NULL,
    updated_at TIMESTAMP WITH TIME ZONE NOT NULL,
    CONSTRAINT pk_waitlist_entries PRIMARY KEY (id),
    CONSTRAINT uq_waitlist_entries_number UNIQUE (number),
    CONSTRAINT ck_waitlist_entries_dates CHECK (first_date <= last_date),
    CONSTRAINT ck_waitlist_entries_status CHECK (status IN ('waiting', 'promoted', 'removed')),
    CONSTRAINT ck_waitlist_entries_appointment_id CHECK ((status = 'promoted') = (appointment_id IS NOT NULL)),
    CONSTRAINT fk_waitlist_entries_patient_id FOREIGN KEY(patient_id) REFERENCES patients (id) ON DELETE RESTRICT,
    CONSTRAINT fk_waitlist_entries_doctor_id FOREIGN KEY(doctor_id) REFERENCES doctors (id) ON DELETE RESTRICT,
    CONSTRAINT fk_waitlist_entries_appointment_id FOREIGN KEY(appointment_id) REFERENCES appointments (id) ON DELETE RESTRICT
)""",
    """CREATE INDEX ix_waitlist_entries_appointment_id ON waitlist_entries (appointment_id)""",
    """CREATE INDEX ix_waitlist_entries_doctor_id_status ON waitlist_entries (doctor_id, status)""",
    """CREATE INDEX ix_waitlist_entries_patient_id ON waitlist_entries (patient_id)""",
    """CREATE INDEX ix_waitlist_entries_status_number ON waitlist_entries (status, number)""",
    """CREATE UNIQUE INDEX uq_waitlist_entries_waiting ON waitlist_entries (patient_id, doctor_id, first_date, last_date) WHERE status = 'waiting'""",
    """CREATE TABLE waitlist_days (
    entry_id UUID NOT NULL,
    date DATE NOT NULL,
    CONSTRAINT pk_waitlist_days PRIMARY KEY (entry_id, date),
    CONSTRAINT fk_waitlist_days_entry_id FOREIGN KEY(entry_id) REFERENCES waitlist_entries (id) ON DELETE RESTRICT
)""",
    """CREATE TABLE head (
    one BOOLEAN NOT NULL,
    number BIGINT NOT NULL,
    hash TEXT COLLATE "C" NOT NULL,
    schema BIGINT NOT NULL,
    application TEXT COLLATE "C" NOT NULL,
    CONSTRAINT pk_head PRIMARY KEY (one),
    CONSTRAINT ck_head_one CHECK (one)
)""",
)

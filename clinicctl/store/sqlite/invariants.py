"""The invariants of a clinic that one query can check.

Each row of a query is a text that locates a violation. No query returns names or phones.
"""

from typing import NamedTuple

from clinicctl.store.reports import COUNTERS, HELD, LEDGER

LAST_GIVEN = """SELECT doctor_id, date, max(position) AS position FROM (
        SELECT doctor_id, date, position FROM queue_entries
        UNION ALL
        SELECT a.doctor_id, a.date, s.position
        FROM journal_steps AS s JOIN appointments AS a ON a.id = s.appointment_id
        WHERE s.queue_from IS NULL AND s.queue_to IS NOT NULL
        UNION ALL
        SELECT replace(t.doctor, '-', ''), a.date, t.position
        FROM (
            SELECT appointment_id, position,
                CASE WHEN json_valid(before) THEN json_extract(before, '$.queue.doctor_id') END AS doctor
            FROM journal_steps WHERE queue_from = 'left' AND queue_to = 'waiting'
        ) AS t JOIN appointments AS a ON a.id = t.appointment_id WHERE t.doctor IS NOT NULL
        UNION ALL
        SELECT d.id, t.date, t.position
        FROM (
            SELECT CASE WHEN json_valid(outcome) THEN json_extract(outcome, '$.result.doctor') END AS doctor,
                CASE WHEN json_valid(outcome) THEN json_extract(outcome, '$.result.date') END AS date,
                CASE WHEN json_valid(outcome) THEN json_extract(outcome, '$.result.position') END AS position
            FROM journal WHERE command = 'queue transfer'
        ) AS t JOIN doctors AS d ON d.code = t.doctor
    ) WHERE typeof(position) = 'integer' GROUP BY doctor_id, date"""
"""The last position ever given on each doctor's day, including positions that were transferred or undone."""


_REVERSED = "(" + " || ".join(f"substr(p.phone, {place}, 1)" for place in range(32, 1, -1)) + ")"
"""The digits of a phone in reverse order. A place beyond the end gives an empty text."""


class Invariant(NamedTuple):
    """An invariant: its name, its query, and the data that a repair recomputes."""

    name: str
    query: str
    derived: str | None = None


INVARIANTS = (
    Invariant(
        "a patient's phone is the first of their phones",
        f"""SELECT 'P' || p.number FROM patients AS p
        LEFT JOIN patient_phones AS f ON f.patient_id = p.id AND f.position = 1
        WHERE f.ending IS NOT {_REVERSED}""",  # noqa: S608 - our own
    ),
    Invariant(
        "each slot is given once and is at least 1",
        """SELECT d.code || ' on ' || a.date || ', slot ' || a.slot
        FROM appointments AS a JOIN doctors AS d ON d.id = a.doctor_id
        WHERE a.status <> 'cancelled'
        GROUP BY a.doctor_id, a.date, a.slot HAVING count(*) > 1 OR a.slot < 1""",
    ),
    Invariant(
        "an appointment holds its slots, and a cancelled one holds none",
        """WITH held AS (
            SELECT appointment, doctor_id, date, min(slot) AS first, max(slot) AS last, count(*) AS slots
            FROM held_slots GROUP BY appointment, doctor_id, date
        )
        SELECT 'A' || a.number || ': slots ' || a.slot || ' to ' || (a.slot + a.slots - 1) || ', holds '
            || coalesce(h.first || ' to ' || h.last, 'none')
        FROM appointments AS a LEFT JOIN held AS h ON h.appointment = a.number
        WHERE (a.status = 'cancelled' AND h.appointment IS NOT NULL) OR (a.status <> 'cancelled'
            AND (h.doctor_id, h.date, h.first, h.last, h.slots)
                IS NOT (a.doctor_id, a.date, a.slot, a.slot + a.slots - 1, a.slots))""",
        HELD,
    ),
    Invariant(
        "a message names its occasion",
        """SELECT 'A' || m.appointment || '-' || m.kind || '-' || m.occasion
        FROM messages AS m LEFT JOIN journal AS j ON j.number = m.occasion
        WHERE CASE m.kind WHEN 'near' THEN m.occasion <> 0 WHEN 'reminder' THEN m.occasion < 1
            ELSE j.number IS NULL END""",
    ),
    Invariant(
        "each day with appointments has a ledger",
        """SELECT DISTINCT d.code || ' on ' || a.date
        FROM appointments AS a JOIN doctors AS d ON d.id = a.doctor_id
        LEFT JOIN doctor_daily_capacities AS l ON l.doctor_id = a.doctor_id AND l.date = a.date
        WHERE l.id IS NULL""",
        LEDGER,
    ),
    Invariant(
        "the booked count of a day is the number of its held slots",
        """WITH held AS (
            SELECT doctor_id, date, sum(slots) AS slots FROM appointments WHERE status <> 'cancelled' GROUP BY 1, 2
        )
        SELECT d.code || ' on ' || l.date || ': ' || l.booked || ' booked, ' || coalesce(h.slots, 0) || ' counted'
        FROM doctor_daily_capacities AS l JOIN doctors AS d ON d.id = l.doctor_id
        LEFT JOIN held AS h ON h.doctor_id = l.doctor_id AND h.date = l.date
        WHERE l.booked <> coalesce(h.slots, 0)""",
        LEDGER,
    ),
    Invariant(
        "the remaining slots of a day are its capacity minus the booked",
        """SELECT d.code || ' on ' || l.date || ': ' || l.remaining || ' of ' || l.capacity
        FROM doctor_daily_capacities AS l JOIN doctors AS d ON d.id = l.doctor_id
        WHERE l.remaining <> CASE WHEN l.booked < l.capacity THEN l.capacity - l.booked ELSE 0 END""",
        LEDGER,
    ),
    Invariant(
        "no position is above the last one given",
        f"""WITH given AS ({LAST_GIVEN})
        SELECT d.code || ' on ' || g.date || ': position ' || g.position || ', last given '
            || coalesce(l.last_position, 'unknown')
        FROM given AS g JOIN doctors AS d ON d.id = g.doctor_id
        LEFT JOIN doctor_daily_capacities AS l ON l.doctor_id = g.doctor_id AND l.date = g.date
        WHERE g.position > coalesce(l.last_position, 0)""",  # noqa: S608 - a query of our own
        LEDGER,
    ),
    Invariant(
        "each position is given once and is at least 1",
        """SELECT d.code || ' on ' || q.date || ', position ' || q.position
        FROM queue_entries AS q JOIN doctors AS d ON d.id = q.doctor_id
        GROUP BY q.doctor_id, q.date, q.position HAVING count(*) > 1 OR q.position < 1""",
    ),
    Invariant(
        "the status of a queue entry fits its appointment",
        """SELECT 'A' || a.number || ' is ' || a.status || ', in the queue ' || q.status
        FROM queue_entries AS q JOIN appointments AS a ON a.id = q.appointment_id
        WHERE a.status <> CASE q.status WHEN 'serving' THEN 'in_consultation' WHEN 'done' THEN 'completed'
            WHEN 'left' THEN 'left' ELSE 'checked_in' END""",
    ),
    Invariant(
        "a queue entry has the doctor and the date of its appointment, unless it was transferred",
        """SELECT 'A' || a.number
        FROM queue_entries AS q JOIN appointments AS a ON a.id = q.appointment_id
        WHERE a.date <> q.date OR (a.doctor_id <> q.doctor_id AND NOT EXISTS (
            SELECT 1 FROM journal_steps AS s
            WHERE s.appointment_id = a.id AND s.queue_from <> 'left' AND s.before LIKE '%"doctor_id"%'))""",
    ),
    Invariant(
        "a patient has at most one open entry in a doctor's queue of a day",
        """SELECT 'P' || p.number || ' in the queue of ' || d.code || ' on ' || q.date || ', positions '
            || min(q.position) || ' and ' || max(q.position)
        FROM queue_entries AS q JOIN appointments AS a ON a.id = q.appointment_id
        JOIN patients AS p ON p.id = a.patient_id JOIN doctors AS d ON d.id = q.doctor_id
        WHERE q.status NOT IN ('done', 'left')
        GROUP BY a.patient_id, q.doctor_id, q.date HAVING count(*) > 1""",
    ),
    Invariant(
        "archived patients and doctors have nothing open",
        """WITH open AS (
            SELECT 'A' || a.number AS what, a.patient_id, a.doctor_id, q.doctor_id AS queue_doctor_id
            FROM appointments AS a LEFT JOIN queue_entries AS q ON q.appointment_id = a.id
            WHERE a.status IN ('booked', 'checked_in', 'in_consultation')
            UNION ALL
            SELECT 'W' || number, patient_id, doctor_id, NULL FROM waitlist_entries WHERE status = 'waiting'
        )
        SELECT 'P' || p.number || ': ' || o.what
        FROM open AS o JOIN patients AS p ON p.id = o.patient_id WHERE p.archived_at IS NOT NULL
        UNION ALL
        SELECT d.code || ': ' || o.what
        FROM open AS o JOIN doctors AS d ON d.id IN (o.doctor_id, o.queue_doctor_id) WHERE d.archived_at IS NOT NULL""",
    ),
    Invariant(
        "an arrived patient has a queue entry",
        """SELECT 'A' || a.number || ' is ' || a.status
        FROM appointments AS a LEFT JOIN queue_entries AS q ON q.appointment_id = a.id
        WHERE q.id IS NULL AND a.status IN ('checked_in', 'in_consultation', 'completed', 'left')""",
    ),
    Invariant(
        "an appointment matches its last step in the journal",
        """SELECT 'A' || a.number || ' is ' || a.status || ' in slot ' || a.slot
            || coalesce(', ' || q.status || ' at position ' || q.position, '')
            || '; by the journal ' || coalesce(s.to_status || ' in slot ' || s.slot, 'nothing')
            || coalesce(', ' || s.queue_to || ' at position ' || s.position, '')
        FROM appointments AS a LEFT JOIN queue_entries AS q ON q.appointment_id = a.id
        LEFT JOIN journal_steps AS s ON s.appointment_id = a.id
        AND (s.journal_number, s.nth) = (
            SELECT t.journal_number, t.nth FROM journal_steps AS t
            WHERE t.appointment_id = a.id ORDER BY t.journal_number DESC, t.nth DESC LIMIT 1)
        WHERE (s.to_status, s.slot, s.queue_to, s.position) IS NOT (a.status, a.slot, q.status, q.position)""",
    ),
    Invariant(
        "an appointment has the patient, the doctor and the date of its journal rows",
        # A merge moves appointments to the survivor, so that the journal's patient is followed through the merges. What
        # was written between a merge and its undo has the survivor also for appointments that moved back.
        """WITH RECURSIVE survivors AS (
            SELECT id, id AS last FROM patients WHERE merged_into IS NULL
            UNION ALL SELECT p.id, s.last FROM patients AS p JOIN survivors AS s ON s.id = p.merged_into
        ),
        readable AS (
            SELECT number, outcome FROM journal WHERE outcome LIKE '%"patient":{%' AND json_valid(outcome)
        ),
        undone AS (
            SELECT m.number AS first, u.number AS last, json_extract(m.outcome, '$.result.patient.id') AS survivor
            FROM journal AS u JOIN journal AS m ON m.number = u.undoes
            WHERE m.outcome LIKE '%"operation":"duplicates.merge"%' AND json_valid(m.outcome)
        ),
        recorded AS (
            -- From the object itself: to look into the whole outcome for each would cost the square of its size.
            SELECT j.number, json_extract(t.value, '$.number') AS appointment,
                json_extract(t.value, '$.patient.id') AS patient, json_extract(t.value, '$.doctor.id') AS doctor,
                json_extract(t.value, '$.date') AS date
            FROM readable AS j, json_tree(j.outcome) AS t
            WHERE t.type = 'object' AND t.value LIKE '%"patient":{%' AND json_type(t.value, '$.patient') = 'object'
            -- A series has the number of its first appointment, but no date of its own.
            AND json_type(t.value, '$.appointments') IS NULL
        )
        SELECT 'A' || a.number || ', by write ' || min(t.number)
        FROM recorded AS t JOIN appointments AS a ON a.number = CAST(substr(t.appointment, 2) AS INTEGER)
        LEFT JOIN survivors AS s ON s.id = replace(t.patient, '-', '')
        WHERE t.appointment LIKE 'A%'
        AND ((a.doctor_id, a.date) IS NOT (replace(t.doctor, '-', ''), t.date) OR (a.patient_id IS NOT s.last
            AND NOT EXISTS (
                SELECT 1 FROM undone AS u WHERE u.survivor = t.patient AND t.number BETWEEN u.first AND u.last)))
        GROUP BY a.number""",
    ),
    Invariant(
        "a move links a cancelled appointment to another one, both ways",
        """SELECT 'A' || a.number FROM appointments AS a
        LEFT JOIN appointments AS t ON t.number = a.moved_to
        LEFT JOIN appointments AS f ON f.number = a.moved_from
        WHERE (a.moved_to IS NOT NULL AND (t.moved_from, a.status) IS NOT (a.number, 'cancelled'))
        OR (a.moved_from IS NOT NULL AND f.moved_to IS NOT a.number)
        OR a.moved_to = a.number""",
    ),
    Invariant(
        "an appointment of a series leads to the first of it",
        """SELECT 'A' || a.number || ' of the series A' || a.series
        FROM appointments AS a LEFT JOIN appointments AS f ON f.number = a.series
        WHERE a.series IS NOT NULL AND f.series IS NOT a.series""",
    ),
    Invariant(
        "a waitlist entry has days, from its first date to its last",
        """SELECT 'W' || e.number FROM waitlist_entries AS e
        LEFT JOIN (
            SELECT entry_id, min(date) AS first, max(date) AS last FROM waitlist_days GROUP BY entry_id
        ) AS d ON d.entry_id = e.id
        WHERE (d.first, d.last) IS NOT (e.first_date, e.last_date)""",
    ),
    Invariant(
        "a patient is on the waitlist once for a doctor and a day",
        """SELECT 'W' || o.number || ' and W' || e.number || ' on ' || d.date
        FROM waitlist_entries AS e JOIN waitlist_days AS d ON d.entry_id = e.id
        JOIN waitlist_entries AS o ON o.patient_id = e.patient_id AND o.doctor_id = e.doctor_id
            AND o.number < e.number AND o.status = 'waiting'
        JOIN waitlist_days AS x ON x.entry_id = o.id AND x.date = d.date
        WHERE e.status = 'waiting'""",
    ),
    Invariant(
        "every given number is on file",
        """WITH given AS (
            SELECT 'patients' AS name, count(*) AS rows FROM patients
            UNION ALL SELECT 'appointments', count(*) FROM appointments
            UNION ALL SELECT 'waitlist', count(*) FROM waitlist_entries
        )
        SELECT g.name || ': ' || g.rows || ' on file, ' || c.value || ' given'
        FROM given AS g JOIN counters AS c ON c.name = g.name WHERE g.rows < c.value""",
    ),
    Invariant(
        "no number is above its counter",
        """WITH given AS (
            SELECT 'patients' AS name, max(number) AS highest FROM patients
            UNION ALL SELECT 'appointments', max(number) FROM appointments
            UNION ALL SELECT 'waitlist', max(number) FROM waitlist_entries
        )
        SELECT g.name || ': highest ' || coalesce(g.highest, 0) || ', counter ' || coalesce(c.value, 'missing')
        FROM given AS g LEFT JOIN counters AS c ON c.name = g.name
        WHERE c.value IS NULL OR c.value < coalesce(g.highest, 0)""",
        COUNTERS,
    ),
    Invariant(
        "every counter is known",
        """SELECT 'row ' || rowid || ' of counters' FROM counters
        WHERE name NOT IN ('patients', 'appointments', 'waitlist')""",
    ),
    Invariant(
        "the clinic has a time zone",
        """SELECT 'settings' WHERE NOT EXISTS (SELECT 1 FROM settings WHERE name = 'timezone')""",
    ),
    Invariant(
        "the clinic has a secret for its digests",
        """SELECT 'settings' WHERE NOT EXISTS (
            SELECT 1 FROM settings WHERE name = 'secret' AND value NOT GLOB '*[^0-9a-f]*' AND length(value) = 64)""",
    ),
)

"""The invariants of `clinicctl.store.sqlite.invariants`, as queries for PostgreSQL.

A query that both engines accept is taken as it is. Text that is not an id is ignored, and dates from JSON are compared
as text. The server refuses a whole query because of one text that is not JSON, so `without` leaves such writes out.
"""

import re

from clinicctl.store.sqlite import invariants
from clinicctl.store.sqlite.invariants import Invariant

_IS_NOT = re.compile(r"\bIS NOT (?!NULL\b)")
"""SQLite's comparison in which NULL is a value."""
_ID = "CASE WHEN replace({0}, '-', '') ~ '^[0-9a-f]{{32}}$' THEN CAST(replace({0}, '-', '') AS uuid) END"
_NONE = "'{}'::int8multirange"
"""The numbers of the writes that are left out."""
_OUTCOME, _BEFORE = (
    f"CASE WHEN NOT {number} <@ {_NONE} THEN CAST({column} AS jsonb) END"
    for number, column in (("number", "outcome"), ("journal_number", "before"))
)

LAST_GIVEN = f"""SELECT doctor_id, date, max(position) AS position FROM (
        SELECT doctor_id, CAST(date AS text) AS date, position FROM queue_entries
        UNION ALL
        SELECT a.doctor_id, CAST(a.date AS text), s.position
        FROM journal_steps AS s JOIN appointments AS a ON a.id = s.appointment_id
        WHERE s.queue_from IS NULL AND s.queue_to IS NOT NULL
        UNION ALL
        SELECT {_ID.format("t.doctor")}, CAST(a.date AS text), t.position
        FROM (
            SELECT appointment_id, position, ({_BEFORE}) #>> '{{queue,doctor_id}}' AS doctor
            FROM journal_steps WHERE queue_from = 'left' AND queue_to = 'waiting'
        ) AS t JOIN appointments AS a ON a.id = t.appointment_id WHERE t.doctor IS NOT NULL
        UNION ALL
        SELECT d.id, t.outcome #>> '{{result,date}}', CASE jsonb_typeof(t.outcome #> '{{result,position}}')
            WHEN 'number' THEN CAST(substring(t.outcome #>> '{{result,position}}' FROM '^[0-9]{{1,18}}$') AS bigint) END
        FROM (SELECT {_OUTCOME} AS outcome FROM journal WHERE command = 'queue transfer') AS t
        JOIN doctors AS d ON d.code = t.outcome #>> '{{result,doctor}}'
    ) AS given WHERE position IS NOT NULL GROUP BY doctor_id, date"""  # noqa: S608 - our own
"""The last position ever given on each doctor's day, as in a file. The dates are text, which may be no date."""

_OTHER = {
    "a patient's phone is the first of their phones": """SELECT 'P' || p.number FROM patients AS p
        LEFT JOIN patient_phones AS f ON f.patient_id = p.id AND f.position = 1
        WHERE f.ending IS DISTINCT FROM reverse(substr(p.phone, 2))""",
    "each slot is given once and is at least 1": """SELECT min(d.code) || ' on ' || a.date || ', slot ' || a.slot
        FROM appointments AS a JOIN doctors AS d ON d.id = a.doctor_id
        WHERE a.status <> 'cancelled'
        GROUP BY a.doctor_id, a.date, a.slot HAVING count(*) > 1 OR a.slot < 1""",
    "no position is above the last one given": f"""WITH given AS ({LAST_GIVEN})
        SELECT d.code || ' on ' || g.date || ': position ' || g.position || ', last given '
            || coalesce(CAST(l.last_position AS text), 'unknown')
        FROM given AS g JOIN doctors AS d ON d.id = g.doctor_id
        LEFT JOIN doctor_daily_capacities AS l ON l.doctor_id = g.doctor_id AND CAST(l.date AS text) = g.date
        WHERE g.position > coalesce(l.last_position, 0)""",  # noqa: S608 - a query of our own
    "each position is given once and is at least 1": """SELECT min(d.code) || ' on ' || q.date || ', position '
            || q.position
        FROM queue_entries AS q JOIN doctors AS d ON d.id = q.doctor_id
        GROUP BY q.doctor_id, q.date, q.position HAVING count(*) > 1 OR q.position < 1""",
    "a patient has at most one open entry in a doctor's queue of a day": """SELECT 'P' || min(p.number)
            || ' in the queue of ' || min(d.code) || ' on ' || q.date || ', positions '
            || min(q.position) || ' and ' || max(q.position)
        FROM queue_entries AS q JOIN appointments AS a ON a.id = q.appointment_id
        JOIN patients AS p ON p.id = a.patient_id JOIN doctors AS d ON d.id = q.doctor_id
        WHERE q.status NOT IN ('done', 'left')
        GROUP BY a.patient_id, q.doctor_id, q.date HAVING count(*) > 1""",
    "an appointment has the patient, the doctor and the date of its journal rows": f"""WITH RECURSIVE survivors AS (
            SELECT id, id AS last FROM patients WHERE merged_into IS NULL
            UNION ALL SELECT p.id, s.last FROM patients AS p JOIN survivors AS s ON s.id = p.merged_into
        ),
        readable AS (
            SELECT number, {_OUTCOME} AS outcome FROM journal WHERE outcome LIKE '%"patient":{{%'
        ),
        undone AS (
            SELECT m.number AS first, u.number AS last, r.outcome #>> '{{result,patient,id}}' AS survivor
            FROM journal AS u JOIN journal AS m ON m.number = u.undoes JOIN readable AS r ON r.number = m.number
            WHERE r.outcome ->> 'operation' = 'duplicates.merge'
        ),
        recorded AS (
            SELECT j.number, t.value ->> 'number' AS appointment, t.value #>> '{{patient,id}}' AS patient,
                t.value #>> '{{doctor,id}}' AS doctor, t.value ->> 'date' AS date
            FROM readable AS j, jsonb_path_query(j.outcome, 'strict $.**') AS t(value)
            WHERE jsonb_typeof(t.value) = 'object' AND jsonb_typeof(t.value -> 'patient') = 'object'
            -- A series has the number of its first appointment, but no date of its own.
            AND NOT t.value ? 'appointments'
        )
        SELECT 'A' || a.number || ', by write ' || min(t.number)
        FROM recorded AS t JOIN appointments AS a ON t.appointment = 'A' || a.number
        LEFT JOIN survivors AS s ON s.id = {_ID.format("t.patient")}
        WHERE (a.doctor_id, CAST(a.date AS text)) IS DISTINCT FROM ({_ID.format("t.doctor")}, t.date)
        OR (a.patient_id IS DISTINCT FROM s.last AND NOT EXISTS (
            SELECT 1 FROM undone AS u WHERE u.survivor = t.patient AND t.number BETWEEN u.first AND u.last))
        GROUP BY a.number""",  # noqa: S608 - our own
    "no number is above its counter": """WITH given AS (
            SELECT 'patients' AS name, max(number) AS highest FROM patients
            UNION ALL SELECT 'appointments', max(number) FROM appointments
            UNION ALL SELECT 'waitlist', max(number) FROM waitlist_entries
        )
        SELECT g.name || ': highest ' || coalesce(g.highest, 0) || ', counter '
            || coalesce(CAST(c.value AS text), 'missing')
        FROM given AS g LEFT JOIN counters AS c ON c.name = g.name
        WHERE c.value IS NULL OR c.value < coalesce(g.highest, 0)""",
    "every counter is known": """SELECT 'row ' || nth || ' of counters'
        FROM (SELECT name, row_number() OVER (ORDER BY name) AS nth FROM counters) AS c
        WHERE name NOT IN ('patients', 'appointments', 'waitlist')""",
    "the clinic has a secret for its digests": """SELECT 'settings' WHERE NOT EXISTS (
            SELECT 1 FROM settings WHERE name = 'secret' AND value ~ '^[0-9a-f]{64}$')""",
}
"""The queries that PostgreSQL writes in another way, by the names of their invariants."""

INVARIANTS = tuple(
    Invariant(each.name, _OTHER.get(each.name) or _IS_NOT.sub("IS DISTINCT FROM ", each.query), each.derived)
    for each in invariants.INVARIANTS
)


def without(query: str, writes: str) -> str:
    """Return a query without the JSON of some writes, whose numbers are a multirange."""
    return query.replace(_NONE, f"'{writes}'::int8multirange")

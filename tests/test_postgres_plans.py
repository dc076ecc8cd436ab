"""No command of the desk reads through a table that grows on a server, in a clinic of 50,000 appointments."""

import re
import secrets
import shlex
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from typing import Any

import pytest

from clinicctl import desk
from clinicctl.store.compiled.schema import COLUMNS
from clinicctl.store.engine import open_store
from clinicctl.store.postgresql.address import read
from clinicctl.store.postgresql.driver import Connection, connect
from clinicctl.store.postgresql.session import Session
from tests import postgres
from tests.test_plans import GROWING

pytestmark = pytest.mark.machine_clock  # The server fills the clinic, by its own clock.

Run = Callable[..., Any]

PATIENTS, DOCTORS, APPOINTMENTS, WRITES, DAYS_AHEAD = 20_000, 10, 50_000, 40_000, 20
_A_DAY = 10
"""Appointments of a doctor on each day."""
_PATIENT, _DOCTOR, _APPOINTMENT = "md5('p' || {})::uuid", "md5('d' || {})::uuid", "md5('a' || {})::uuid"
_DATE = f"current_date + {DAYS_AHEAD} - {APPOINTMENTS // DOCTORS // _A_DAY} + n / {DOCTORS * _A_DAY}"
_OF = f"n % {DOCTORS}"
_SLOT = f"n / {DOCTORS} % {_A_DAY} + 1"
_IS_PAST = f"({_DATE}) < current_date"

FILL = {
    "doctors": (
        f"generate_series(0, {DOCTORS - 1}) AS n",
        {"id": _DOCTOR.format("n"), "code": "'D' || n", "name": "'Dr. ' || n", "capacity": "20"},
    ),
    "patients": (
        f"generate_series(1, {PATIENTS}) AS n",
        {
            "id": _PATIENT.format("n"),
            "number": "n",
            "name": "'First' || n % 97 || ' Last' || n % 10007",
            "name_key": "'first' || n % 97 || ' last' || n % 10007",
            "phone": "'+9198' || lpad(n::text, 8, '0')",
            "sex": "'unknown'",
        },
    ),
    "patient_phones": (
        f"generate_series(1, {PATIENTS}) AS n",
        {"ending": "reverse('9198' || lpad(n::text, 8, '0'))", "patient_id": _PATIENT.format("n"), "position": "1"},
    ),
    "patient_words": (
        f"generate_series(1, {PATIENTS}) AS n, unnest(ARRAY['first' || n % 97, 'last' || n % 10007]) AS each",
        {"word": "each", "patient_id": _PATIENT.format("n")},
    ),
    "patient_keys": (
        f"generate_series(1, {PATIENTS}) AS n, generate_series(1, 4) AS k",
        {"key": "n::bigint * 7919 + k * 1000003", "patient": "n"},
    ),
    "appointments": (
        f"generate_series(0, {APPOINTMENTS - 1}) AS n",
        {
            "id": _APPOINTMENT.format("n"),
            "number": "n + 1",
            "patient_id": _PATIENT.format(f"(n::bigint * 7919 % {PATIENTS} + 1)"),
            "doctor_id": _DOCTOR.format(f"({_OF})"),
            "date": _DATE,
            "slot": _SLOT,
            "visit": "1",
            "status": f"CASE WHEN {_IS_PAST} THEN 'completed' ELSE 'booked' END",
            "overbooked": "false",
        },
    ),
    "held_slots": (
        f"generate_series(0, {APPOINTMENTS - 1}) AS n",
        {"doctor_id": _DOCTOR.format(f"({_OF})"), "date": _DATE, "slot": _SLOT, "appointment": "n + 1"},
    ),
    "queue_entries": (
        f"generate_series(0, {APPOINTMENTS - 1}) AS n WHERE {_IS_PAST}",
        {
            "id": "gen_random_uuid()",
            "appointment_id": _APPOINTMENT.format("n"),
            "doctor_id": _DOCTOR.format(f"({_OF})"),
            "date": _DATE,
            "position": _SLOT,
            "status": "'done'",
            "priority": "0",
            "recalled": "0",
            "checked_in_at": "now()",
        },
    ),
    "doctor_daily_capacities": (
        f"generate_series(0, {APPOINTMENTS - 1}) AS n WHERE {_SLOT} = 1",
        {
            "id": "gen_random_uuid()",
            "doctor_id": _DOCTOR.format(f"({_OF})"),
            "date": _DATE,
            "capacity": "20",
            "booked": str(_A_DAY),
            "remaining": str(20 - _A_DAY),
            "last_position": f"CASE WHEN {_IS_PAST} THEN {_A_DAY} ELSE 0 END",
            "last_recall": "0",
        },
    ),
    "doctor_daily_availabilities": (
        f"generate_series(0, {APPOINTMENTS - 1}) AS n WHERE {_SLOT} = 1 AND {_IS_PAST}",
        {
            "id": "gen_random_uuid()",
            "doctor_id": _DOCTOR.format(f"({_OF})"),
            "date": _DATE,
            "present": "true",
            "capacity": "20",
            "updated_by": "'desk'",
        },
    ),
    "waitlist_entries": (
        "generate_series(1, 5000) AS n",
        {
            "id": "md5('w' || n)::uuid",
            "number": "n",
            "patient_id": _PATIENT.format("n"),
            "doctor_id": _DOCTOR.format(f"({_OF})"),
            "first_date": "current_date - 10",
            "last_date": "current_date - 10",
            "status": "'removed'",
        },
    ),
    "waitlist_days": (
        "generate_series(1, 5000) AS n",
        {"entry_id": "md5('w' || n)::uuid", "date": "current_date - 10"},
    ),
    "journal": (
        f"generate_series(2, {WRITES}) AS n",
        {
            "number": "n",
            "at": f"now() - ({WRITES} - n) * interval '1 minute'",
            "actor": "'desk' || n % 5",
            "command": "(ARRAY['book', 'checkin', 'patient add', 'queue done'])[n % 4 + 1]",
            "key": "'key ' || n",
            "said": "md5(n::text)",
            "fingerprint": "md5(n::text)",
            "outcome": "'{}'",
            "previous": "md5((n - 1)::text)",
            "hash": "md5(n::text)",
        },
    ),
    "journal_steps": (
        f"generate_series(2, {WRITES}) AS n",
        {
            "journal_number": "n",
            "nth": "1",
            "appointment_id": _APPOINTMENT.format("n"),
            "to_status": "'booked'",
            "slot": _SLOT,
            "before": "'{}'",
        },
    ),
    "journal_days": ("generate_series(2, 3000) AS n", {"journal_number": "n", "before": "'{}'"}),
    "journal_merges": ("generate_series(2, 3000) AS n", {"journal_number": "n", "before": "'{}'"}),
}
"""Where the rows of each table come from, and its columns. Instants that are not named are of now."""


def filling() -> Iterator[str]:
    """The statements that fill a new clinic."""
    # The references are right, and to check each takes half of the time.
    superuser = "SELECT 1 FROM pg_roles WHERE rolname = current_user AND rolsuper"
    yield f"SELECT set_config('session_replication_role', 'replica', true) WHERE EXISTS ({superuser})"
    for table, (source, values) in FILL.items():
        instants = {each: "now()" for each in ("created_at", "updated_at") if each in COLUMNS[table]}
        columns = instants | values
        yield f"INSERT INTO {table} ({', '.join(columns)}) SELECT {', '.join(columns.values())} FROM {source}"
    for counter, value in (("patients", PATIENTS), ("appointments", APPOINTMENTS), ("waitlist", 5000)):
        yield f"UPDATE counters SET value = {value} WHERE name = '{counter}'"
    yield f"UPDATE head SET (number, hash) = (SELECT number, hash FROM journal WHERE number = {WRITES})"


@pytest.fixture(scope="module")
def clinic(postgres_server: postgres.Server) -> Iterator[str]:
    """The URL of a clinic with many appointments, whose server has made its statistics."""
    schema = f"large_{secrets.token_hex(8)}"
    url = postgres_server.url(schema=schema)
    request = {"name": "Large", "timezone": "UTC", "region": "IN", "capacity": 20}
    with open_store(url, wait=5).create(actor="desk", key="init") as tx:
        desk.journal.once(tx, desk.clinic.init, command="init", key="init", own_key=True, request=request)
    postgres_server.psql("; ".join([f"SET search_path = {schema}", *filling(), "ANALYZE"]))
    yield url
    postgres_server.psql(f"SET lock_timeout = '20s'; DROP SCHEMA {schema} CASCADE")


@pytest.fixture
def connection(clinic: str) -> Iterator[Connection]:
    """A connection that sends values as the program does."""
    address = read(clinic)
    with closing(connect(address, wait=5)) as connection:
        connection.execute(f"SET search_path = {address.schema}")
        yield connection


Statement = tuple[str, Any]
GROW = GROWING | {"patient_phones", "patient_keys"}
READING = re.compile(r"\s*(SELECT|WITH|INSERT|UPDATE|DELETE|DECLARE)\b")


@contextmanager
def heard() -> Iterator[dict[Statement, None]]:
    """Note the statements that commands send, with their values."""
    sent = dict[Statement, None]()
    run_all, later = Session.run_all, Session.later

    def run_all_heard(self: Session, statements: Any, *, ahead: Any = (), **named: Any) -> Any:
        asked = list(statements)
        sent.update(dict.fromkeys([*asked, *ahead]))
        return run_all(self, asked, ahead=ahead, **named)

    def later_heard(self: Session, sql: str, values: Any = ()) -> None:
        sent[sql, values] = None
        later(self, sql, values)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Session, "run_all", run_all_heard)
        patch.setattr(Session, "later", later_heard)
        yield sent


def scans(plan: dict[str, Any], *, limited: bool = False) -> Iterator[str]:
    """The steps of a plan that read a growing table, or an index of it, from end to end."""
    kind, table = plan["Node Type"], plan.get("Relation Name")
    limited = limited or kind == "Limit"
    if table in GROW and kind.endswith("Scan") and kind != "Bitmap Heap Scan" and not limited:
        if "Index Cond" not in plan:
            yield f"{kind} on {table}"
    elif table in GROW and kind == "Seq Scan":
        yield f"{kind} on {table}"
    for each in plan.get("Plans", ()):
        yield from scans(each, limited=limited)


def explained(connection: Connection, sql: str, values: Any) -> list[str]:
    """The scans of a statement's plan, with values of no type, as the program sends them."""
    (row,) = connection.execute(f"EXPLAIN (FORMAT JSON) {sql}", values, prepare=False).fetchall()
    return list(scans(row[0][0]["Plan"]))


COMMANDS = """
patient add 'Zoë Quinn' --phone '91234 56789' --born 1990-01-01
patient add 'Zoe Quin' --phone '91234 56789' --new
patient find last9876
patient find 'first5 last9899'
patient find last9876x
patient find 9800009876
patient find 09876
patient show P17
patient edit P17 --note x
book P1 D1 --reason x --key k
book P1 D1 --reason x --key k
book 'first79 last9876' D1 tomorrow
book P2 D1
book P3 D2 +3d --time 10:00
book P5 D2 --every 1w --times 3
walkin P4 D2 --overbook
waitlist add P4 D2 +40d..+42d
waitlist list D2
waitlist promote D2 +40d
appointment show A49000
appointment history A7
appointment list --day today
appointment list --doctor D1 --day today..+1w
appointment list --patient P1
appointment move A50001 +2d
appointment cancel A50002
checkin A48001
checkin P19920
checkin A48012
queue show
queue show D0
queue board --once
queue call D0
queue start D0
queue done D0
queue call D1
queue skip D1
queue recall D1 1
queue transfer D2 1 --to D0
undo
day
day today --doctor D1
day tomorrow
free
free D1 --days 5
status
doctor avail set D3 +5d..+9d --capacity 4 --on-conflict cancel --yes
undo --yes
doctor avail weekly D5 sat,sun --off --on-conflict keep
doctor avail show D3
doctor edit D4 --capacity 25
appointment no-show A48011
patient merge P14 --into P13 --yes
undo --yes
patient archive P20001
audit log --key k
"""


def test_no_command_of_the_desk_reads_a_table_from_end_to_end_on_a_server(
    clinic: str, connection: Connection, run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CLINICCTL_DB", clinic)
    found = list[str]()
    asked = set[str]()
    for line in COMMANDS.strip().splitlines():
        with heard() as sent:
            answer = run(*shlex.split(line))
        assert answer.status == 0, (line, answer)
        for sql, values in sent:
            if READING.match(sql) and "set_config" not in sql:
                asked.add(sql)
                found += [f"{line}: {scan}\n{sql}" for scan in explained(connection, sql, values)]
    assert len(asked) > 100
    assert not found, "\n\n".join(found)


@pytest.mark.parametrize(
    ("sql", "found"),
    [
        ("SELECT * FROM patients WHERE note = %s", ["Seq Scan on patients"]),
        ("SELECT * FROM patients WHERE number = %s", []),
        ("SELECT number FROM journal ORDER BY number", ["Index Only Scan on journal"]),
        ("SELECT number FROM journal ORDER BY number DESC LIMIT 1", []),
        ("DELETE FROM journal_steps WHERE before = %s", ["Seq Scan on journal_steps"]),
        ("DECLARE these CURSOR FOR SELECT * FROM appointments ORDER BY date", ["Index Scan on appointments"]),
        ("SELECT * FROM settings WHERE value = %s", []),
    ],
)
def test_a_scan_on_a_server_would_be_seen(sql: str, found: list[str], connection: Connection) -> None:
    assert explained(connection, sql, ("1",) * sql.count("%s")) == found

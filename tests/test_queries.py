"""The compiled queries: made from the queries, accepted by SQLite, used, and giving what SQLAlchemy gives."""

import ast
import io
import re
import shlex
import shutil
import sqlite3
from collections.abc import Callable, Iterable, Iterator
from contextlib import closing
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import StaticPool, bindparam, create_engine, select
from sqlalchemy.dialects import sqlite
from sqlmodel import SQLModel

from clinicctl import clock, desk, errors
from clinicctl.desk import transitions as desk_transitions
from clinicctl.desk.imports import patient_plan
from clinicctl.rules import import_rows, transitions
from clinicctl.rules.messages import parse_key
from clinicctl.rules.references import AppointmentRef, PatientRef
from clinicctl.statuses import MessageState, Role
from clinicctl.store import compile as compiler
from clinicctl.store import db_errors, models
from clinicctl.store.compiled import queue as stored_queue
from clinicctl.store.compiled import schema
from clinicctl.store.engine import Store, open_store
from clinicctl.store.queries import Gives, doctors, one
from clinicctl.store.sqlite.tx import FileTx
from tests import every_write, queries, test_plans
from tests.beside import Beside

Ask = Callable[..., Any]
Run = Callable[..., Any]


# What is checked in


def standing(folder: Path) -> dict[str, str]:
    return {each.name: each.read_text("utf-8") for each in folder.glob("*.py")}


def test_what_is_checked_in_is_what_the_compiler_makes() -> None:
    made, found = compiler.modules(sqlite.dialect()), standing(compiler.FOLDER)
    different = sorted(name for name in made.keys() | found if made.get(name) != found.get(name))
    assert not different, f"{', '.join(different)} of {compiler.FOLDER}: mended by `python -m clinicctl.store.compile`"


def test_a_query_that_was_changed_and_not_compiled_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    assert compiler.main(["--check"]) is None
    changed = one(select(models.doctors).where(models.doctors.c.name == bindparam("code")), "DoctorRow")
    monkeypatch.setattr(doctors, "BY_CODE", changed)
    assert compiler.main(["--check"]) == "Out of date: doctors.py. Run `python -m clinicctl.store.compile`."


def test_a_compiled_module_that_was_edited_is_named_and_mended(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = tmp_path / "compiled"
    shutil.copytree(compiler.FOLDER, folder, ignore=shutil.ignore_patterns("__pycache__"))
    monkeypatch.setattr(compiler, "FOLDER", folder)
    edited = folder / "doctors.py"
    edited.write_text(edited.read_text("utf-8").replace("doctors.code = ?", "doctors.name = ?"), "utf-8")
    (folder / "queue.py").unlink()
    (folder / "more.py").touch()
    said = "Out of date: doctors.py, more.py, queue.py. Run `python -m clinicctl.store.compile`."
    assert compiler.main(["--check"]) == said
    assert compiler.main([]) is None
    assert standing(folder) == compiler.modules(sqlite.dialect())


# The schema


@pytest.fixture
def tables() -> Iterator[sqlite3.Connection]:
    with closing(sqlite3.connect(":memory:")) as connection:
        for each in schema.DDL:
            connection.execute(each)
        yield connection


def described(standing: Iterable[Any]) -> dict[str, str]:
    return {name: " ".join(sql.split()) for name, sql in standing if sql is not None}


def test_the_compiled_schema_is_the_one_that_sqlmodel_makes(tables: sqlite3.Connection) -> None:
    everything = "SELECT name, sql FROM sqlite_master"
    engine = create_engine("sqlite://", poolclass=StaticPool)
    SQLModel.metadata.create_all(engine)
    with engine.connect() as connection:
        made = described(connection.exec_driver_sql(everything))
    engine.dispose()
    assert described(tables.execute(everything)) == made
    assert {*schema.COLUMNS} < {*made}


def test_every_refusal_of_a_constraint_names_one_that_the_schema_has() -> None:
    assert db_errors.REFUSALS.keys() <= {*schema.UNIQUE.values(), *schema.CHECKS}


def test_what_sqlite_says_of_a_broken_unique_leads_to_its_name(tables: sqlite3.Connection) -> None:
    said = dict[str, str]()
    for (table,) in tables.execute("SELECT name FROM sqlite_master WHERE type = 'table'").fetchall():
        for _, index, unique, origin, _ in tables.execute(f"PRAGMA index_list({table})").fetchall():
            if unique and origin != "pk":
                columns = [name for _, _, name in tables.execute(f"PRAGMA index_info({index})")]
                said[", ".join(f"{table}.{each}" for each in columns)] = index
        key = {each[5]: f"{table}.{each[1]}" for each in tables.execute(f"PRAGMA table_info({table})") if each[5]}
        if key:
            said[", ".join(key[nth] for nth in sorted(key))] = f"pk_{table}"
    assert said.keys() == schema.UNIQUE.keys()
    assert {index for index in said.values() if not index.startswith("sqlite_")} <= set(schema.UNIQUE.values())


# The statements


@pytest.mark.parametrize(("name", "sql"), [pytest.param(*each, id=each[0]) for each in queries.statements()])
def test_sqlite_prepares_every_statement_on_the_schema(name: str, sql: str, tables: sqlite3.Connection) -> None:
    assert tables.execute(f"EXPLAIN {sql}", [None] * sql.count("?")).fetchall()


def test_a_statement_that_the_schema_does_not_have_would_not_be_prepared(tables: sqlite3.Connection) -> None:
    with pytest.raises(sqlite3.OperationalError, match=r"no such column: doctors\.room"):
        tables.execute("EXPLAIN SELECT doctors.room FROM doctors WHERE doctors.id = ?", [None])


def test_every_query_is_used() -> None:
    assert {name for name, _ in queries.queries()} - queries.used() == set()


def test_only_what_is_taken_from_a_compiled_module_counts_as_used() -> None:
    module = """
from clinicctl.desk import doctors
from clinicctl.store.compiled import patients as stored
doctors.by_id(1), stored.by_id(tx, id=1), [stored.insert], other.update(tx)
"""
    assert set(queries.asked_for(ast.parse(module))) == {"patients.BY_ID", "patients.INSERT"}


def test_no_two_queries_say_the_same() -> None:
    said: dict[tuple[Gives, str], list[str]] = {}
    for name, query in queries.queries():
        said.setdefault((query.gives, " ".join(queries.text(name).split())), []).append(name)
    assert [names for names in said.values() if len(names) > 1] == []


# Beside SQLAlchemy

PEOPLE = """
init --timezone Asia/Kolkata --region IN
patient add 'Anita Sharma' --phone '98765 43210' --born 1980-02-01
patient add 'Mumtaz Anwar' --phone '91234 56789' --phone '91234 56780'
doctor add MEHTA 'Dr. Asha Mehta'
doctor add RAO 'Dr. Vikram Rao' --capacity 3
"""
LISTS = """
patient show P1
patient list --all
patient list
doctor list
doctor list --all
doctor show RAO
metrics
audit verify
waitlist list --all
audit log
audit log --limit 3 --patient P1
audit log --doctor MEHTA --actor asha
audit log --appointment A1 --command book --key k --day today
appointment list --status no_show
export appointments --day ..+9d
export queue --day ..+9d
export queue --doctor MEHTA --patient P1
export waitlist --day ..+9d --patient P4
export days
export fhir
export fhir --day ..+9d --ndjson
export ics --patient P1 --names
"""
MORE = """
doctor avail set MEHTA +5d --capacity 0 --note congress --key n
doctor avail set MEHTA +5d --capacity 0 --note congress --key n
doctor avail weekly RAO sat --capacity 2
doctor add LIM 'Dr. Mei Lim' --capacity 1
patient add 'Zoë Quinn Mora' --phone none --new
patient add 'Ravi Gupta' --phone '98111 11111'
book P5 LIM +1d --time 09:00
book P6 LIM +1d --overbook
appointment list --day +1d --doctor LIM
appointment cancel A11
appointment list --cancelled-by patient --day +1d
book P1 LIM +1d --time 09:00 --overbook
undo 49 --yes
doctor avail set LIM +1d --absent --on-conflict cancel
undo
doctor avail set LIM +8d --capacity 2
doctor avail set LIM +8d --capacity 3
undo 53 --yes
undo 29 --yes
undo 9 --yes
walkin P5 LIM
doctor avail set LIM today --absent
undo
waitlist add P6 LIM +6d
waitlist promote LIM
undo
waitlist add P5 LIM +6d..+8d
waitlist add P6 LIM +7d
patient merge P6 --into P5 --yes
appointment cancel A12
book P5 LIM +12d
undo 62 --yes
patient merge P5 --into P1 --yes
undo
patient merge P5 --into P1 --yes
waitlist add P2 LIM today
waitlist list
doctor add CHEN 'Dr. Li Chen'
waitlist add P2 CHEN +2d
doctor archive CHEN
config capacity 2
walkin P2 CHEN
book P2 CHEN --again
checkin A17
checkin 2
patient find anitta
patient find 'anitta sharmma'
patient find 43210
appointment cancel anita -n
doctor avail set CHEN today --capacity 1 --on-conflict cancel
undo
"""
IMPORTS: tuple[every_write.Line, ...] = (
    (["doctor", "avail", "import", "-"], "doctor,date,capacity\nLIM,+1d,5\n"),
    *[(["patient", "import", "-"], "name,phone,email\nAnita Sharma,98765 43210,anita@mark.example\nLi Na,,\n")] * 2,
    (["patient", "add", "Visitor Ax", "--phone", "95555 55555", "--new"], None),
)
"""After test_plans.DAY: what else there is to read, to write and to undo."""

CROWD: tuple[every_write.Line, ...] = (
    (["patient", "import", "-"], "name,phone\n" + "".join(f"Mohammed Khan,97{n * 7919:08}\n" for n in range(51))),
    *[
        (["patient", "add", "Mohammed Khan", "--phone", phone, "--born", "1980-02-01", "--new"], None)
        for phone in ("96666 55555", "95555 44444")
    ],
)
"""A name that many patients share."""

NEXT_DAY = """
status
queue show
queue show CHEN
queue priority CHEN 1 2
queue call CHEN --day yesterday
close yesterday --yes
day
patient distinct P1 P2
undo
patient add 'Ravi Gupta Rao' --phone '98111 11112' --new
patient add 'Ravi Gupta' --phone '98111 11113' --new
book P7 CHEN +3d
waitlist add P7 CHEN +4d..+5d
waitlist add P7 CHEN +6d
waitlist add P8 CHEN +5d..+6d
waitlist add P8 CHEN +4d
patient merge P8 --into P7 --yes
undo
patient distinct P2 P1
patient distinct P1 P2
patient edit P2 --note tall
book P2 CHEN +30d --every 1w --times 3
appointment list --patient P2 --series A20
patient show P2
cancel P2 --series --reason better
walkin P7 MEHTA
queue call MEHTA
walkin P1 MEHTA
queue show
doctor avail weekly RAO mon-sun --session 09:00-12:00 --every 20m
book P2 RAO +9d --time 09:20
book P1 RAO +9d --time 09:00
doctor avail set RAO +9d --session 08:00-09:20 --on-conflict move
undo
report utilisation --from -1d --to +12d
report doctors --from -1d
report doctors --from -1d --by month
report no-shows --from -1d
report no-shows --from -1d --by month
report changes --from -1d
report changes --from -1d --by month
report lead-time --from -1d --to +12d
report lead-time --from -1d --to +12d --by month
report load --from -1d
report load --from -1d --by weekday
report load --from -1d --by doctor
appointment move A25 --time 09:40
free --days 10
user add vera --role manager
user edit vera --role reader
user list
audit log --refused
"""
OUTBOX = """
config quiet_hours ''
config notify on
config template set de reminder '{clinic}: {when}'
book P8 CHEN +40d --time 10:00
book P8 CHEN +41d
outbox list --state pending --doctor CHEN --patient P8 --day +40d
outbox list --due --limit 1
outbox preview +39d
outbox next --limit 5 --channel sms
config reminders 2h
cancel A26 --by clinic
undo
config notify off
"""
"""Messages, handed out and dropped."""
REMINDED = """
metrics
outbox run --exec true
report reminders --from -1d
report reminders --from -1d --by doctor
report reminders --from -1d --by channel
config notify off
"""
"""A reminder that is sent on the day of the visit."""
DAMAGE = (
    "INSERT INTO patients WITH RECURSIVE n(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM n WHERE n < 51)"
    " SELECT printf('%032x', n), (SELECT max(number) FROM patients) + n, 'Visitor', 'x', '+919000000000', NULL,"
    " 1980, 'other', NULL, NULL, created_at, updated_at, NULL, NULL, NULL, NULL, NULL, NULL FROM n, patients"
    " WHERE number = 1",
    "INSERT INTO patient_phones SELECT '000000000919', id, 1 FROM patients WHERE phone = '+919000000000'",
    "UPDATE counters SET value = 1 WHERE name = 'patients'",
    "DELETE FROM counters WHERE name = 'waitlist'",
    "UPDATE patients SET name_key = 'x' WHERE number = 1",
    "UPDATE doctor_daily_capacities SET booked = booked + 1, capacity = capacity + 1",
    "DELETE FROM held_slots WHERE slot = 1",
)
"""What `db check --repair` works out anew."""


OPENING = datetime(2026, 11, 23, 4, tzinfo=UTC)


@pytest.fixture
def moment(monkeypatch: pytest.MonkeyPatch) -> list[datetime]:
    """The instant of the clock, which goes on by a second whenever it is read; a test may set another."""
    at = [OPENING]

    def now() -> datetime:
        at[0] += timedelta(seconds=1)
        return at[0]

    monkeypatch.setattr(clock, "now", now)
    return at


def do(run: Run, lines: Iterable[every_write.Line], *, refusing: bool = False) -> None:
    for line, stdin in lines:
        answer = run(*line, stdin=stdin)
        assert answer.status == 0 or (refusing and answer.status in (4, 5, 6, 7)), (line, answer)


def typed(text: str) -> list[every_write.Line]:
    return [(shlex.split(line), None) for line in text.strip().splitlines()]


_ID = re.compile(r"[0-9a-f]{64}|[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}")
Told = tuple[tuple[str, ...], int, str, str]
Live = Callable[..., list[Told]]


@pytest.fixture
def live(run: Run, moment: list[datetime], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Live:
    """Two days of two clinics, in which every compiled query gives or changes a row."""
    monkeypatch.setenv("CLINICCTL_ACTOR", "asha")

    def live(name: str = "clinics") -> list[Told]:
        """Return each command and its answer."""
        folder, told = tmp_path / name, list[Told]()
        folder.mkdir()

        def telling(*args: str, **kwargs: Any) -> Any:
            answer = run(*args, **kwargs)
            told.append((args, answer.status, answer.stdout, answer.stderr))
            return answer

        def ask(*args: str, **kwargs: Any) -> Any:
            return telling(*args, json=True, status=0, **kwargs).json

        moment[0] = OPENING
        monkeypatch.setenv("CLINICCTL_DB", str(folder / "first.db"))
        every_write.begin(ask)
        do(telling, every_write.DAY)
        second = str(folder / "second.db")
        monkeypatch.setenv("CLINICCTL_DB", second)
        do(telling, typed(PEOPLE))
        do(telling, [(line, None) for line in test_plans.DAY], refusing=True)
        do(telling, typed(LISTS))
        do(telling, typed(MORE), refusing=True)
        do(telling, IMPORTS)
        between_others(open_store(second, wait=5))
        moment[0] += timedelta(days=1)
        do(telling, typed(NEXT_DAY))
        do(telling, typed(OUTBOX))
        give_back(open_store(second, wait=5))
        do(telling, typed("config notify on\nstatus"))
        do(telling, typed("config notify on\nconfig reminders 6h\nbook P8 CHEN today --time 17:00"))
        moment[0] += timedelta(hours=3)
        do(telling, typed(REMINDED))
        do(telling, CROWD)
        keep(ask, second, str(folder / "copy.db"))
        return told

    return live


def test_every_query_gives_and_leaves_what_sqlalchemy_does(live: Live) -> None:
    """Values, their types and their order, and the whole table after each change."""
    beside = Beside()
    with beside.compared():
        live()
    assert beside.differences == []
    assert {name for name, _ in queries.queries()} - beside.met == set(), "the day has to be longer"


def test_no_answer_depends_on_an_order_that_a_query_leaves_open(live: Live) -> None:
    """Each engine gives the rows of such a query as it likes: here in its own order, then the other way round."""
    as_given = live("given")
    fetch_all, iterate = FileTx.fetch_all, FileTx.iterate

    def fetch_all_reversed(tx: FileTx, sql: str, values: tuple[Any, ...], read: Callable[[Any], Any]) -> list[Any]:
        found = fetch_all(tx, sql, values, read)
        return found if queries.is_ordered(sql) else found[::-1]

    def iterate_reversed(tx: FileTx, sql: str, values: tuple[Any, ...], read: Callable[[Any], Any]) -> Iterator[Any]:
        found = list(iterate(tx, sql, values, read))
        return iter(found if queries.is_ordered(sql) else found[::-1])

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(FileTx, "fetch_all", fetch_all_reversed)
        patch.setattr(FileTx, "iterate", iterate_reversed)
        reversed_ = live("other")
    assert without_ids(as_given, "given") == without_ids(reversed_, "other")


def without_ids(told: list[Told], folder: str) -> list[str]:
    """Return answers without what differs from run to run: the folder, the ids and the hashes."""
    known = dict[str, str]()

    def name(found: re.Match[str]) -> str:
        return known.setdefault(found[0], f"id {len(known)}")

    return [_ID.sub(name, str(each).replace(f"/{folder}/", "/folder/")) for each in told]


def give_back(store: Store) -> None:
    """What a run of a sender does that was stopped: it marks what has failed, and gives back what it has leased."""
    with store.write(actor="desk", key="given back") as tx:
        failed, *leased = desk.outbox.iter_matching(tx, state=[MessageState.LEASED])
        desk.outbox.mark_failed(tx, message=parse_key(failed.id), reason="unknown number", give_up=True)
        desk.sending.give_back(tx, messages=[each.id for each in leased], attempts=[each.attempts for each in leased])


def between_others(store: Store) -> None:
    """What a command does only on a terminal, or when another desk comes between its look and its write."""
    with store.read(actor="desk") as tx:
        desk.records.preview_merge(tx, patient=PatientRef("P3"), into=PatientRef("P2"))
        sheet = import_rows.read_patients(io.StringIO("name,phone\nNoor Khan,98222 22222\n"))
        plan = patient_plan.plan_patients(tx, sheet=sheet)
    with store.write(actor="desk", key="added") as tx:
        request = {"name": "Tara Bose", "phone": "98333 33333"}
        desk.journal.once(tx, desk.registration.add, command="patient add", key="added", own_key=True, request=request)
    with store.write(actor="desk", key="refused", dry_run=True) as tx:
        desk.users.add(tx, name="noor", role=Role.DESK, pin=desk.pins.NewPin("none"))
        assert desk.pins.begin_try(tx, name="noor") == "none"
        desk.pins.accept(tx, name="noor")
        refusal = errors.NotAllowed(command="patient erase", role="desk", needed=["manager"])
        desk.permissions.record(tx, refusal, command="patient erase")
        assert len(list(desk.audit.refused(tx))) == 1
    with store.write(actor="desk", key="imported", dry_run=True) as tx:
        assert desk.imports.patients.add_patients(tx, plan=plan).added == 1
        booked, here = (desk.lookup.find_appointment(tx, AppointmentRef(each)) for each in ("A17", "A16"))
        entry = stored_queue.of_appointment(tx, appointment=here.id)
        desk_transitions.take(tx, transitions.NO_SHOW, booked)
        desk_transitions.take(tx, transitions.CALL, here, entry=entry)
        with pytest.raises(errors.IllegalStep):
            desk_transitions.take(tx, transitions.NO_SHOW, booked)
        with pytest.raises(errors.IllegalStep):
            desk_transitions.take(tx, transitions.CALL, here, entry=entry)


def keep(ask: Ask, path: str, copy: str) -> None:
    with closing(sqlite3.connect(path)) as connection, connection:
        connection.execute("PRAGMA ignore_check_constraints=ON")
        for each in DAMAGE:
            connection.execute(each)
    ask("db", "check", "--repair")
    ask("patient", "duplicates")
    ask("db", "backup", copy)
    ask("db", "restore", copy, "--yes")


MUTANTS: dict[str, tuple[str, str, Any, str]] = {
    "a bool read as a number": ("rows", "to_bool", lambda _: int, "days.SETTINGS: rows"),
    "a word read as text": ("rows", "SEX", lambda known: {each: each for each in known}, "patients.ON_FILE: rows"),
    "an instant read without its zone": (
        "rows",
        "to_instant",
        lambda _: datetime.fromisoformat,
        "doctors.ON_STAFF: rows",
    ),
    "another date read": ("rows", "to_date", lambda _: lambda _: date(2026, 1, 1), "days.SETTINGS: rows"),
    "an instant written to the second": (
        *("doctors", "from_instant", lambda _: lambda each: each.isoformat(" ", "seconds")),
        "doctors.UPDATE: left in doctors",
    ),
    "another order": (
        *("doctors", "_ON_STAFF", lambda sql: sql.replace("BY doctors.code", "BY doctors.code DESC")),
        "doctors.ON_STAFF: rows",
    ),
    "two columns that changed places": (
        *("doctors", "_BY_CODE", lambda sql: sql.replace("doctors.code, doctors.name", "doctors.name, doctors.code")),
        "doctors.BY_CODE: rows",
    ),
    "another column read under the name of one": (
        *("rows", "DoctorRow", lambda row: type("Other", (row,), {"_fields": ("key", *row._fields[1:])})),
        "doctors.BY_CODE: names of columns",
    ),
    "a change of more rows": (
        *("doctors", "_UPDATE", lambda sql: sql.replace("doctors.id = ?", "doctors.id IN (?, doctors.id)")),
        "doctors.UPDATE: number of rows",
    ),
    "a condition that lets the others through": (
        *("patients", "_HAS_WORD", lambda sql: sql.replace(" IN (", " NOT IN (", 1)),
        "patients.FIND: rows",
    ),
    "a number that is taken twice": (
        *("counters", "_NEXT", lambda sql: sql.replace("counters.value + ?", "counters.value + 2 * ?")),
        "counters.NEXT: rows",
    ),
    "ids of many rows written with dashes": (
        *("patients", "from_uuid", lambda _: str),
        "patients.INSERT: left in patients",
    ),
    "a change that is against a rule": (
        *("doctors", "_UPDATE", lambda sql: sql.replace("capacity=?", "capacity=0 * ?")),
        "doctors.UPDATE: refused",
    ),
}


@pytest.mark.parametrize("mutant", MUTANTS)
def test_a_compiled_query_that_does_otherwise_is_noticed(
    mutant: str, clinic: Ask, run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    lines = """
doctor avail show MEHTA
patient list
doctor list
doctor edit MEHTA --capacity 8
patient find anita
patient add 'Noor Khan' --phone none --new
"""
    clinic("doctor", "avail", "set", "MEHTA", "+1d", "--capacity", "4")
    beside = Beside()
    with beside.compared():
        do(run, typed(lines))
    assert beside.differences == []
    noun, name, change, said = MUTANTS[mutant]
    monkeypatch.setattr(queries.module(noun), name, change(getattr(queries.module(noun), name)))
    with beside.compared():
        assert [run(*line).status for line, _ in typed(lines)]
    assert any(each.startswith(said) for each in beside.differences), beside.differences

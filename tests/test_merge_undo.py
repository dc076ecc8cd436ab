"""A merge that is undone leaves everything where it was, unless something was written on the patient since."""

import json
import random
import re
from collections.abc import Callable
from datetime import date, timedelta
from itertools import count
from types import SimpleNamespace
from typing import Any

import pytest
from freezegun import freeze_time
from hypothesis import given
from hypothesis import strategies as st

from clinicctl import clock, desk, errors
from clinicctl.desk import operations
from clinicctl.rules import merges
from clinicctl.rules.days import parse_day, parse_days
from clinicctl.rules.references import BookedRef, DoctorRef, PatientRef
from clinicctl.rules.text import NOTE
from clinicctl.statuses import Notify
from clinicctl.store.engine import open_store
from tests import stored
from tests.statements import Statements

Ask = Callable[..., Any]
Run = Callable[..., Any]
Refused = Callable[..., dict[str, Any]]

MERGE = ("patient", "merge", "P3", "--into", "P1", "--yes")


@pytest.fixture
def db(database: str) -> str:
    return database


@pytest.fixture
def two(clinic: Ask) -> Ask:
    """The clinic with P3, who is P1 once more, and knows more. Both have appointments and wait."""
    clinic("config", "timezone", "UTC")
    clinic(
        *("patient", "add", "Anitha Sharma", "--phone", "90000 00003", "--phone", "90000 00004"),
        *("--born", "1980-02-01", "--sex", "female", "--email", "anitha@example.org", "--note", "deaf", "--new"),
    )
    clinic("patient", "edit", "P1", "--note", "comes by bus", "--age", str(clock.now().year - 1980))
    for command in (
        *("book P1 MEHTA tomorrow", "book P3 MEHTA +2d", "walkin P3 RAO", "book P3 RAO +3d", "appointment cancel A4"),
        *("waitlist add P1 RAO +5d..+6d", "waitlist add P3 RAO +6d..+7d", "waitlist add P3 RAO +5d"),
        "waitlist add P3 MEHTA +9d",
    ):
        clinic(*command.split())
    return clinic


def card(clinic: Ask, patient: str) -> str:
    """Return what is shown of a patient, without the instants of the last change."""
    return re.sub(r'"updated_at": "[^"]*"', "", json.dumps(clinic("patient", "show", patient)))


def content(db: str, *, without: tuple[str, ...] = ("journal", "journal_merges", "counters")) -> dict[str, list[Any]]:
    """The rows of every table, without the instants of the last change."""
    found = {}
    for table in stored.tables(db):
        if table not in (*without, "head", "sqlite_sequence"):
            kept = ", ".join(f'"{each}"' for each in stored.columns(db, table) if each != "updated_at")
            found[table] = sorted(stored.rows(db, f"SELECT {kept} FROM {table}"), key=repr)
    return found


# What comes back


def test_everything_is_where_it_was_after_the_undo_of_a_merge(two: Ask, db: str) -> None:
    before, shown = content(db), [card(two, each) for each in ("P1", "P3")]
    merged = two(*MERGE)
    assert (merged["taken_over"], merged["waitlist_removed"]) == (["email", "sex", "born", "note"], ["W3"])
    assert content(db) != before
    undone = two("undo")
    assert content(db) == before
    assert [card(two, each) for each in ("P1", "P3")] == shown
    assert undone["command"] == "patient merge"
    assert [(each["number"], each["name"]) for each in undone["separated"]] == [
        ("P3", "Anitha Sharma"),
        ("P1", "Anita Sharma"),
    ]
    assert (undone["patients"], undone["moved_back"], undone["waitlist_entries"]) == (["P3", "P1"], 3, 3)
    assert two("db", "check")["sound"]
    assert two("audit", "verify")["broken"] == 0


def test_the_undo_of_a_merge_is_told_in_words_before_and_after(two: Ask, run: Run, db: str) -> None:
    two(*MERGE)
    number = two("db", "info")["number"]
    pair = f'"patient merge" (write {number}): P3 Anitha Sharma and P1 Anita Sharma are two patients again'
    moved = "3 appointments and 3 waitlist entries moved back."
    before = content(db)
    said = run("undo", "--dry-run", "-o", "table", status=0).stdout
    assert said == f"Would undo {pair}: {moved} (Dry run: nothing was written.)\n"
    assert content(db) == before
    assert run("undo", "-o", "table", status=0).stdout == f"Undid {pair}: {moved}\n"


def test_a_replayed_undo_of_a_merge_gives_the_first_answer(two: Ask, refused: Refused) -> None:
    two(*MERGE)
    first = two("undo", "--key", "k")
    assert two("undo", "--key", "k") == first | {"replayed": True}
    number = first["undoes"]
    assert refused(6, "already_undone", "undo", str(number), "--yes")


def test_a_phone_that_was_taken_over_is_gone_after_the_undo(clinic: Ask, db: str) -> None:
    clinic("patient", "add", "Ravi Gupta", "--phone", "none")
    clinic("patient", "add", "Ravi K Gupta", "--phone", "90000 00009", "--phone", "90000 00008", "--new")
    before = content(db)
    assert clinic("patient", "merge", "P4", "--into", "P3", "--yes")["taken_over"] == ["phone"]
    assert clinic("patient", "show", "P3")["phones"] == ["+919000000009", "+919000000008"]
    clinic("undo")
    assert content(db) == before


def test_an_archived_record_is_archived_again_after_the_undo(two: Ask, db: str) -> None:
    two("patient", "archive", "P2")
    before = content(db)
    two("patient", "merge", "P2", "--into", "P1", "--yes")
    two("undo")
    assert content(db) == before


def test_merges_are_undone_one_after_the_other(two: Ask, db: str, refused: Refused) -> None:
    first = content(db)
    two("patient", "merge", "P3", "--into", "P2", "--yes")
    number, second = two("db", "info")["number"], content(db)
    two("patient", "merge", "P2", "--into", "P1", "--yes")
    error = refused(7, "illegal_step", "undo", str(number), "--yes")
    assert error["message"] == f"Cannot undo write {number} (patient merge): write {number + 1} has changed P2 since."
    two("undo")
    assert content(db) == second
    two("undo", "--yes")
    assert content(db) == first
    assert two("db", "check")["sound"]


def test_an_undone_merge_can_be_made_again_and_undone_again(two: Ask, db: str) -> None:
    before = content(db)
    for _ in range(2):
        two(*MERGE)
        two("undo")
    assert content(db) == before
    assert two("db", "check")["sound"]


# What was written since

LATER = {
    "details of the survivor": ("patient edit P1 --note x", "P1"),
    "a phone of the survivor": ("patient edit P1 --add-phone 9000000077", "P1"),
    "a booking": ("book P1 MEHTA +8d", "A5"),
    "a booking by the old number": ("book P3 MEHTA +8d", "A5"),
    "a moved appointment": ("appointment cancel A2", "A2"),
    "a moved place in a queue": ("queue call RAO", "A3"),
    "an appointment of the survivor": ("appointment cancel A1", "A1"),
    "a note of a moved appointment": ("appointment edit A2 --note x", "P1"),
    "a new wait": ("waitlist add P1 MEHTA +12d", "P1"),
    "the end of a moved wait": ("waitlist remove W4", "P1"),
    "another merge": ("patient merge P2 --into P1 --yes", "P1"),
    "a merge into another": ("patient merge P1 --into P2 --yes", "P1"),
}


@pytest.mark.parametrize("what", LATER)
def test_a_merge_is_not_undone_once_something_was_written_on_it(what: str, two: Ask, db: str, refused: Refused) -> None:
    command, subject = LATER[what]
    two(*MERGE)
    number = two("db", "info")["number"]
    two(*command.split())
    before = content(db, without=())
    error = refused(7, "illegal_step", "undo", str(number), "--yes")
    later = number + 1
    assert error["message"] == f"Cannot undo write {number} (patient merge): write {later} has changed {subject} since."
    assert content(db, without=()) == before


@pytest.mark.parametrize(
    "what", ["a moved appointment", "a moved place in a queue", "an appointment of the survivor", "a booking"]
)
def test_a_later_write_that_was_undone_does_not_count(what: str, two: Ask, db: str) -> None:
    two(*MERGE)
    two(*LATER[what][0].split())
    two("undo")
    two("undo", "--yes")
    patients = {each["number"]: each["patient"]["number"] for each in two("appointment", "list")}
    assert {each: patients[each] for each in ("A1", "A2", "A3")} == {"A1": "P1", "A2": "P3", "A3": "P3"}
    assert two("db", "check")["sound"]


def test_writes_on_others_do_not_keep_a_merge(two: Ask, db: str) -> None:
    before = content(db)["appointments"]
    two(*MERGE)
    number = two("db", "info")["number"]
    two("patient", "edit", "P2", "--note", "tall")
    two("patient", "distinct", "P1", "P2")
    two("doctor", "edit", "MEHTA", "--capacity", "12")
    two("undo", str(number), "--yes")
    assert content(db)["appointments"] == before


def test_an_erased_patient_is_not_brought_back_by_an_undo(two: Ask, refused: Refused) -> None:
    for command in ("queue left RAO 1", "appointment cancel A1", "appointment cancel A2"):
        two(*command.split())
    for entry in ("W1", "W2", "W3", "W4"):
        two("waitlist", "remove", entry)
    two(*MERGE)
    number = two("db", "info")["number"]
    two("patient", "erase", "P1", "--yes")
    error = refused(7, "illegal_step", "undo", str(number), "--yes")
    assert error["message"].endswith(f"write {number + 1} has changed P1 since.")


def test_what_another_program_changed_since_is_not_undone(two: Ask, db: str, refused: Refused) -> None:
    two(*MERGE)
    stored.change(db, "UPDATE appointments SET note = 'x' WHERE number = 2")
    error = refused(7, "illegal_step", "undo")
    assert error["message"] == "Cannot undo P1: it is changed, not unchanged."


def test_a_merge_by_an_older_version_is_not_undone(two: Ask, db: str, refused: Refused) -> None:
    two(*MERGE)
    stored.change(db, "DELETE FROM journal_merges")
    assert "patient merge does not support undo" in refused(7, "illegal_step", "undo")["message"]


Change = Callable[[dict[str, Any]], dict[str, Any]]


def replace_record(db: str, change: Change) -> None:
    """Put something else for what a merge has moved."""
    before = json.loads(stored.value(db, "SELECT before FROM journal_merges"))
    stored.change(db, "UPDATE journal_merges SET before = ?", values=(json.dumps(change(before)),))


@pytest.mark.parametrize(
    "change",
    [
        lambda _: {},
        lambda before: {**before, "appointments": "x"},
        lambda before: {**before, "former": {**before["former"], "taken_over": ["name", "sex", "born", "note"]}},
        lambda before: {**before, "archived_at": "x"},
    ],
    ids=["nothing", "appointments", "a field", "an instant"],
)
def test_an_unreadable_record_of_a_merge_is_damage(change: Change, two: Ask, db: str, refused: Refused) -> None:
    two(*MERGE)
    replace_record(db, change)
    assert "before write" in refused(10, "damaged_database", "undo")["message"]


def test_a_record_that_names_what_others_have_changes_nothing(two: Ask, db: str, refused: Refused) -> None:
    two("book", "P2", "MEHTA", "+4d")
    two(*MERGE)
    others = desk.replay.pack([(5,)])
    replace_record(db, lambda before: {**before, "appointments": others})
    before = content(db, without=())
    refused(10, "damaged_database", "undo")
    assert content(db, without=()) == before


# Who is asked


def test_the_undo_of_an_older_merge_asks_and_says_what_comes_back(
    two: Ask, run: Run, refused: Refused, monkeypatch: pytest.MonkeyPatch
) -> None:
    two(*MERGE)
    number = two("db", "info")["number"]
    two("patient", "edit", "P2", "--note", "tall")
    error = refused(2, "usage", "undo", str(number))
    assert "P3 and P1 are two patients again: 3 appointments and 3 waitlist entries moved back" in error["hint"]
    assert "Sharma" not in error["hint"]
    monkeypatch.setattr("clinicctl.render.can_ask", lambda: True)
    said = run("undo", str(number), stdin="n\n", status=1).stderr
    assert f"Write {number} (patient merge by " in said
    assert "P3 Anitha Sharma and P1 Anita Sharma are two patients again" in said


def test_a_merge_of_more_than_five_minutes_ago_asks(two: Ask, refused: Refused) -> None:
    two(*MERGE)
    info = two("audit", "log")[-1]
    with freeze_time(info["at"]) as moment:
        moment.tick(timedelta(minutes=6))
        assert "older than 5 minutes" in refused(2, "usage", "undo")["hint"]
        assert two("undo", "--yes")["moved_back"] == 3


def test_imports_plan_anew_after_an_undo() -> None:
    assert operations.Part.PATIENTS in operations.UNDO.changes


# What the journal keeps


def test_the_record_of_a_merge_has_nothing_personal(two: Ask, db: str) -> None:
    two(*MERGE)
    record = stored.value(db, "SELECT before FROM journal_merges")
    before = json.loads(record)
    taken_over = ["email", "sex", "born", "note"]
    former = {"joined": True, "born_year": 0, "born_month": None, "notify": None}
    assert before["former"] == {"taken_over": taken_over, **former}
    for word in ("Anit", "Sharma", "9000000003", "1980", "female", "deaf", "bus", "example"):
        assert word not in record, word


def test_the_log_of_a_patient_has_the_undo_of_the_merge(two: Ask) -> None:
    two(*MERGE)
    two("undo")
    for number in ("P1", "P3"):
        assert [each["command"] for each in two("audit", "log", "--patient", number)][-2:] == ["patient merge", "undo"]


# Many


@pytest.mark.file  # The statements are those of every engine.
def test_a_merge_takes_as_many_statements_for_many_as_for_a_few(clinic: Ask, db: str, run: Run) -> None:
    """Also its undo; and the record of what moved stays small."""
    counts = []
    for many in (20, 400):
        gone = clinic("patient", "add", f"Many {'abc'[len(counts)]}x", "--phone", "none", "--new")["number"]
        into = clinic("patient", "add", f"Same {'abc'[len(counts)]}x", "--phone", "none", "--new")["number"]
        fill(db, gone, into, many)
        before = content(db)
        statements = Statements()
        with statements.heard():
            merged = run("patient", "merge", gone, "--into", into, "--yes", json=True, status=0).json
            run("undo", json=True, status=0)
        assert (merged["appointments"], len(merged["waitlist_removed"])) == (many, many // 4)
        assert content(db) == before
        counts.append(len(statements.all))
        assert stored.value(db, "SELECT max(length(before)) FROM journal_merges") < 2_000
    # A day that is left out, or comes back, is one statement.
    assert counts[1] <= counts[0] + 2 * (400 - 20) // 4 + 10, counts
    assert clinic("db", "check")["sound"]


def fill(db: str, gone: str, into: str, many: int) -> None:
    """Give two patients appointments and waits.

    Of every four waits of the one, the other has one as well, and the days of another one in part.
    """
    patient, other, doctor = PatientRef(gone), PatientRef(into), DoctorRef("MEHTA")
    with open_store(db, wait=5).write(actor="desk", key="fill") as tx:

        def do(operation: Callable[..., Any], **request: Any) -> None:
            key = f"{gone} {next(numbers)}"
            desk.journal.once(tx, operation, command="test", key=key, own_key=False, request=request)

        numbers = count(1)
        for nth in range(many):
            do(desk.bookings.book, patient=patient, doctor=doctor, on=parse_day(f"+{nth + 1}d"))
            on = 1_000 + nth * 2
            if nth % 4 < 2:
                do(desk.waitlist.add, patient=other, doctor=doctor, on=parse_days(f"+{on}d"))
            days = f"+{on}d" if nth % 4 != 1 else f"+{on}d..+{on + 1}d"
            do(desk.waitlist.add, patient=patient, doctor=doctor, on=parse_days(days))


# Any merges

details = st.builds(
    SimpleNamespace,
    name=st.just("A B"),
    phone=st.sampled_from([None, "+911", "+912"]),
    email=st.sampled_from([None, "a@b.c", "d@e.f"]),
    sex=st.sampled_from(["unknown", "male", "female"]),
    note=st.sampled_from([None, "x", "x; y", "y", "y; x", "z" * (NOTE - 1)]),
    born=st.sampled_from([None, date(1980, 1, 31), date(1981, 12, 1)]),
    born_year=st.none(),
    born_month=st.none(),
    notify=st.sampled_from([None, *Notify]),
    language=st.sampled_from([None, "de", "en"]),
) | st.builds(
    SimpleNamespace,
    name=st.just("A B"),
    phone=st.none(),
    email=st.none(),
    sex=st.just("unknown"),
    note=st.sampled_from([None, "x"]),
    born=st.none(),
    born_year=st.sampled_from([1979, 1980, 1981, 1982]),
    born_month=st.sampled_from([None, 1, 12]),
    notify=st.none(),
    language=st.none(),
)


@given(details, details)
def test_the_details_before_any_merge_are_found_again(gone: Any, stays: Any) -> None:
    plan = merges.plan_details(gone, stays)
    former = merges.former_details(plan, gone, stays)
    merged = SimpleNamespace(**{**vars(stays), **plan.changes})
    assert {**vars(merged), **merges.restored(former, gone, merged)} == vars(stays)


@pytest.mark.parametrize("seed", range(6))
def test_any_merges_and_undos_leave_what_was_before(seed: int, clinic: Ask, db: str) -> None:
    seed = random.randrange(2**32) if seed else 0
    print(f"seed {seed}")
    Clinic(db, random.Random(seed)).run()
    assert clinic("db", "check")["sound"]


class Clinic:
    """A clinic in which patients are merged at random, and the merges undone, the newest first."""

    def __init__(self, db: str, chance: random.Random) -> None:
        self.db, self.chance = db, chance
        self.store = open_store(db, wait=5)
        self.numbers = count(1)
        self.done: list[tuple[int, dict[str, list[Any]]]] = []
        self.patients, self.merged = 2, 0

    def run(self) -> None:
        for _ in range(7):
            self.register()
        for _ in range(40):
            self.visit()
        for _ in range(12):
            self.merge()
            if self.done and self.chance.random() < 0.4:
                self.undo()
        assert self.merged > 1
        while self.done:
            self.undo()

    def write(self, operation: Callable[..., Any], **request: Any) -> int | None:
        """Do an operation; return the number of its write, or None if it was refused."""
        key = f"key {next(self.numbers)}"
        try:
            with self.store.write(actor="desk", key=key) as tx:
                desk.journal.once(tx, operation, command="test", key=key, own_key=False, request=request)
                return desk.journal.head(tx)[0]
        except errors.Refusal:
            return None

    def register(self) -> None:
        self.patients += 1
        pick = self.chance.choice
        phone = pick(["", f"9000000{self.patients:03}"])
        assert self.write(
            desk.registration.add,
            name=pick(["Anna Roy", "Ana Roy", "Anna Royce"]),
            phone=phone,
            more_phones=[f"9100000{self.patients:03}"] if phone and pick([True, False]) else None,
            age=pick([None, 40]),
            sex=pick([None, *desk.records.Sex]),
            email=pick([None, f"p{self.patients}@example.org"]),
            note=pick([None, "tall", "deaf", f"note {self.patients}"]),
            new=True,
        )

    def visit(self) -> None:
        patient = PatientRef(f"P{self.chance.randint(1, self.patients)}")
        doctor = DoctorRef(self.chance.choice(["MEHTA", "RAO"]))
        first = self.chance.randint(1, 6)
        if self.chance.random() < 0.5:
            days = parse_days(f"+{first}d..+{first + self.chance.randint(0, 3)}d")
            self.write(desk.waitlist.add, patient=patient, doctor=doctor, on=days)
        elif self.write(desk.bookings.book, patient=patient, doctor=doctor, on=parse_day(f"+{first}d")):
            number = stored.value(self.db, "SELECT max(number) FROM appointments")
            if self.chance.random() < 0.5:
                assert self.write(desk.bookings.cancel, appointment=BookedRef(f"A{number}"))

    def merge(self) -> None:
        before = content(self.db)
        one, other = (PatientRef(f"P{self.chance.randint(1, self.patients)}") for _ in range(2))
        number = self.write(desk.records.merge, patient=one, into=other)
        if number is not None:
            assert content(self.db) != before
            self.done.append((number, before))
            self.merged += 1

    def undo(self) -> None:
        number, before = self.done.pop()
        assert self.write(desk.undo.undo, number=number) is not None
        assert content(self.db) == before

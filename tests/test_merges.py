"""Merges that lose nothing and double nothing, and what is archived having nothing open."""

import sqlite3
from collections.abc import Callable
from contextlib import closing
from datetime import date
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from clinicctl.rules import merges
from clinicctl.rules.text import NOTE
from clinicctl.statuses import Notify
from clinicctl.store.engine import open_store
from tests import stored
from tests.test_keeping import older

Ask = Callable[..., Any]
Run = Callable[..., Any]
Refused = Callable[..., dict[str, Any]]

OPEN = "archived patients and doctors have nothing open"
ONE_PLACE = "a patient has at most one open entry in a doctor's queue of a day"


@pytest.fixture
def db(database: str) -> str:
    return database


@pytest.fixture
def noon(clinic: Ask) -> Ask:
    """The clinic in its own time zone, with a third patient who is the first one once more: P3."""
    clinic("config", "timezone", "UTC")
    clinic("patient", "add", "Anitha Sharma-Verma", "--phone", "90000 00003", "--new")
    return clinic


def merge(ask: Ask, *, gone: str = "P3", into: str = "P1") -> Any:
    return ask("patient", "merge", gone, "--into", into, "--yes")


def broken(db: str) -> dict[str, list[str]]:
    """What is wrong by the laws, by law."""
    found: dict[str, list[str]] = {}
    with open_store(db, wait=5).read(actor="test") as tx:
        for each in tx.violations():
            found.setdefault(each.invariant, []).append(each.where)
    return found


# What the merged record knew


def test_a_merge_fills_the_survivor_and_names_what_differs(noon: Ask, run: Run) -> None:
    noon(
        "patient", "edit", "P3", "--sex", "female", "--email", "a@example.org", "--note", "deaf", "--born", "1980-02-01"
    )
    noon("patient", "edit", "P1", "--note", "comes by bus")
    merged = merge(noon)
    stays = merged["patient"]
    assert (stays["sex"], stays["email"], stays["note"]) == ("female", "a@example.org", "comes by bus; deaf")
    assert merged["taken_over"] == ["email", "sex", "note"]
    assert merged["kept"] == ["name", "phone"]
    assert stays["former_names"] == ["Anitha Sharma-Verma"]
    assert stays["former_phones"] == ["+919000000003"]
    assert (stays["former_names_count"], stays["former_phones_count"]) == (1, 1)
    shown_now = noon("patient", "show", "P3")
    assert {name: shown_now[name] for name in stays} == stays
    (gone,) = (each for each in noon("patient", "list", "--all") if each["merged_into"])
    assert (gone["name"], gone["phone"], gone["note"]) == ("Anitha Sharma-Verma", "+919000000003", "deaf")
    shown = run("patient", "show", "P1", "-o", "table", status=0).stdout
    assert "Anitha Sharma-Verma" in shown
    assert "count" not in shown


def test_a_phone_and_a_birth_date_are_taken_over_where_there_is_none(noon: Ask) -> None:
    born = f"{int(noon('patient', 'show', 'P1')['created_at'][:4]) - 40}-01-02"
    noon("patient", "add", "Ravi Gupta", "--phone", "none", "--age", "40")
    noon("patient", "add", "Ravi K Gupta", "--phone", "90000 00009", "--born", born, "--new")
    merged = merge(noon, gone="P5", into="P4")
    assert merged["taken_over"] == ["phone", "born"]
    assert merged["patient"]["phone"] == "+919000000009"
    assert merged["patient"]["born"] == born
    assert merged["patient"]["former_phones"] == []


def test_two_notes_that_do_not_fit_into_one_are_both_kept(noon: Ask) -> None:
    noon("patient", "edit", "P1", "--note", "a" * 1_500)
    noon("patient", "edit", "P3", "--note", "b" * 1_500)
    merged = merge(noon)
    assert "note" in merged["kept"]
    assert merged["patient"]["note"] == "a" * 1_500
    assert {each["number"]: each["note"] for each in noon("patient", "list", "--all")}["P3"] == "b" * 1_500


def test_a_merge_answers_in_words_what_moved_and_what_was_kept(noon: Ask, run: Run) -> None:
    noon("patient", "edit", "P3", "--note", "deaf")
    said = run("patient", "merge", "P3", "--into", "P1", "--yes", "-o", "table", status=0).stdout
    assert "Copied: note." in said
    assert "Left with P3, because different: name, phone." in said


def test_a_replayed_merge_reads_former_names_from_the_records(noon: Ask, db: str) -> None:
    args = ("patient", "merge", "P3", "--into", "P1", "--yes", "--key", "k")
    first = noon(*args)
    assert noon(*args) == first | {"replayed": True}
    kept = repr(stored.rows(db, "SELECT * FROM journal"))
    assert "Verma" not in kept
    assert "9000000003" not in kept


details = st.builds(
    SimpleNamespace,
    name=st.sampled_from(["A B", "A C"]),
    phone=st.sampled_from([None, "+911", "+912"]),
    email=st.sampled_from([None, "a@b.c", "d@e.f"]),
    sex=st.sampled_from(["unknown", "male", "female"]),
    note=st.sampled_from([None, "x", "x; y", "y", "z" * NOTE]),
    born=st.sampled_from([None, date(1980, 1, 1), date(1990, 1, 1)]),
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
    note=st.none(),
    born=st.none(),
    born_year=st.sampled_from([None, 1980, 1981, 1990]),
    born_month=st.none(),
    notify=st.none(),
    language=st.none(),
)


@given(details, details)
def test_nothing_that_a_record_says_is_lost_by_a_merge(gone: Any, stays: Any) -> None:
    settled = merges.plan_details(gone, stays)
    after = SimpleNamespace(**{**vars(stays), **settled.changes})
    for field in ("name", "phone", "email", "sex", "note"):
        theirs, ours = getattr(gone, field), getattr(stays, field)
        empty = (None, "unknown")
        assert ours in empty or str(ours) in str(getattr(after, field)), field
        assert theirs in empty or str(theirs) in str(getattr(after, field)) or field in settled.differing, field
        assert (field in settled.taken_over) == (getattr(after, field) != ours), field
    # An opt-out wins; else the survivor's own stays.
    opted_out = Notify.NONE in (gone.notify, stays.notify)
    assert after.notify == (Notify.NONE if opted_out else stays.notify or gone.notify)
    assert after.language == (stays.language or gone.language)
    former = merges.restored(merges.former_details(settled, gone, stays), gone, after)
    assert former.get("notify", after.notify) == stays.notify
    assert after.born is None or after.born_year is None
    assert stays.born in (None, after.born)
    if gone.born and "born" not in settled.differing:
        assert after.born == gone.born
    if gone.born_year and "born" not in settled.differing:
        assert after.born or after.born_year


# Former names and phones


@pytest.mark.parametrize("said", ["anitha", "sharma verma", "90000 00003", "+91 90000 00003", "P3"])
def test_a_former_name_phone_or_number_means_the_survivor(said: str, noon: Ask) -> None:
    merge(noon)
    assert [each["number"] for each in noon("patient", "find", said)] == ["P1"]
    assert noon("patient", "show", said)["number"] == "P1"
    assert noon("book", said, "MEHTA")["patient"]["number"] == "P1"


def test_a_name_that_both_records_have_is_no_ambiguity(noon: Ask) -> None:
    merge(noon)
    assert noon("patient", "show", "sharma")["number"] == "P1"
    noon("patient", "archive", "P1")
    assert noon("patient", "find", "anitha") == []


@pytest.mark.parametrize("name", ["Anitha Sharma-Verma", "Anita Sharma"])
@pytest.mark.parametrize("phone", ["90000 00003", "98765 43210"])
def test_a_registration_under_a_former_name_or_phone_finds_the_survivor(name: str, phone: str, noon: Ask) -> None:
    merge(noon)
    found = noon("patient", "add", name, "--phone", phone)
    assert (found["number"], found["created"], found["name"]) == ("P1", False, "Anita Sharma")
    imported = noon("patient", "import", "-", stdin=f"name,phone\n{name},{phone}\n")
    assert [(each["patient"], each["outcome"]) for each in imported["rows"]] == [("P1", "unchanged")]


def test_a_similar_name_on_a_former_phone_names_the_survivor_once(noon: Ask, refused: Refused) -> None:
    merge(noon)
    error = refused(6, "possible_duplicate", "patient", "add", "Anitha Sharma", "--phone", "90000 00003")
    assert [each["number"] for each in error["details"]["candidates"]] == ["P1"]


def test_every_merged_record_points_to_its_survivor(noon: Ask, db: str) -> None:
    merge(noon, gone="P3", into="P2")
    merge(noon, gone="P2", into="P1")
    pairs = stored.rows(
        db, "SELECT p.number, s.number FROM patients p JOIN patients s ON s.id = p.merged_into ORDER BY p.number"
    )
    assert pairs == [(2, 1), (3, 1)]
    assert noon("patient", "show", "P1")["former_names"] == ["Mumtaz Anwar", "Anitha Sharma-Verma"]
    assert noon("patient", "show", "anitha")["number"] == "P1"
    assert noon("db", "check")["sound"]


def test_records_that_reach_the_survivor_through_others_are_read(noon: Ask, db: str) -> None:
    merge(noon, gone="P3", into="P2")
    merge(noon, gone="P2", into="P1")
    stored.change(db, "UPDATE patients SET merged_into = (SELECT id FROM patients WHERE number = 2) WHERE number = 3")
    assert noon("patient", "show", "P1")["former_names"] == ["Mumtaz Anwar", "Anitha Sharma-Verma"]
    assert noon("patient", "list")[0]["former_names_count"] == 2
    assert noon("patient", "add", "Anitha Sharma-Verma", "--phone", "98765 43210")["number"] == "P1"
    assert noon("db", "check")["sound"]
    assert noon("patient", "erase", "P3", "--yes")["numbers"] == ["P1", "P2", "P3"]


CIRCLE = (
    "UPDATE patients SET archived_at = updated_at, merged_into = (SELECT id FROM patients WHERE number = 3)"
    " WHERE number = 1"
)


def test_merges_that_lead_in_a_circle_are_damage_and_end(noon: Ask, db: str, refused: Refused) -> None:
    merge(noon)
    stored.change(db, CIRCLE)
    refused(10, "damaged_database", "patient", "show", "P3")


def test_an_erasure_takes_the_former_names_with_it(noon: Ask, db: str) -> None:
    merge(noon)
    erased = noon("patient", "erase", "P1", "--yes")["patient"]
    assert (erased["former_names"], erased["former_phones"]) == ([], [])
    assert noon("patient", "find", "anitha") == noon("patient", "find", "90000 00003") == []


def test_former_phones_are_masked_on_tables(noon: Ask, run: Run) -> None:
    merge(noon)
    noon("config", "mask_phones", "yes")
    shown = run("patient", "show", "P1", "-o", "table", status=0).stdout
    assert "…003" in shown
    assert "0000003" not in shown


# What one patient may hold once


def test_two_places_in_one_queue_are_refused_by_name_with_what_to_do(noon: Ask, refused: Refused, db: str) -> None:
    noon("walkin", "P1", "MEHTA")
    noon("walkin", "P3", "MEHTA")
    error = refused(6, "merge_conflict", "patient", "merge", "P3", "--into", "P1", "--yes")
    assert error["details"]["appointments"] == ["A2", "A1"]
    assert "position 2 of MEHTA" in error["message"]
    assert "position 1 of MEHTA" in error["message"]
    assert error["hint"] == "End one of them first: `clinicctl queue left MEHTA 2`."
    noon("queue", "left", "MEHTA", "2")
    assert merge(noon)["appointments"] == 1
    assert broken(db) == {}


def test_two_places_in_one_queue_after_a_transfer_are_refused(noon: Ask, refused: Refused) -> None:
    noon("walkin", "P1", "MEHTA")
    noon("walkin", "P3", "RAO")
    noon("queue", "transfer", "RAO", "1", "--to", "MEHTA")
    error = refused(6, "merge_conflict", "patient", "merge", "P3", "--into", "P1", "--yes")
    assert "in the same queue" in error["message"]


def test_two_bookings_with_one_doctor_on_one_day_are_refused(noon: Ask, refused: Refused) -> None:
    noon("walkin", "P1", "MEHTA")
    noon("book", "P3", "MEHTA")
    error = refused(6, "merge_conflict", "patient", "merge", "P3", "--into", "P1", "--yes")
    assert error["details"]["appointments"] == ["A2", "A1"]
    assert "clinicctl appointment cancel A2" in error["hint"]
    noon("appointment", "cancel", "A2")
    merge(noon)


def test_two_bookings_at_one_time_are_refused(noon: Ask, refused: Refused) -> None:
    noon("book", "P1", "MEHTA", "tomorrow", "--time", "10:00")
    noon("book", "P3", "RAO", "tomorrow", "--time", "10:00")
    assert (
        "at the same time" in refused(6, "merge_conflict", "patient", "merge", "P3", "--into", "P1", "--yes")["message"]
    )
    noon("appointment", "cancel", "A2")
    noon("book", "P3", "RAO", "tomorrow", "--time", "11:00")
    assert merge(noon)["appointments"] == 2


def test_of_several_conflicts_the_first_one_of_the_worst_kind_is_named(noon: Ask, refused: Refused) -> None:
    for patient, doctor, day in (("P3", "RAO", "+2d"), ("P1", "MEHTA", "+1d"), ("P1", "RAO", "+2d")):
        noon("book", patient, doctor, day)
    noon("book", "P3", "MEHTA", "+1d", "--time", "10:00")
    noon("book", "P1", "RAO", "+1d", "--time", "10:00")
    error = refused(6, "merge_conflict", "patient", "merge", "P3", "--into", "P1", "--yes")
    assert error["details"]["appointments"] == ["A4", "A2"]
    noon("appointment", "cancel", "A2")
    error = refused(6, "merge_conflict", "patient", "merge", "P3", "--into", "P1", "--yes")
    assert error["details"]["appointments"] == ["A1", "A3"]
    noon("appointment", "cancel", "A3")
    error = refused(6, "merge_conflict", "patient", "merge", "P3", "--into", "P1", "--yes")
    assert error["details"]["appointments"] == ["A4", "A5"]


def test_two_consultations_are_refused(noon: Ask, refused: Refused) -> None:
    for patient, doctor in (("P1", "MEHTA"), ("P3", "RAO")):
        noon("walkin", patient, doctor)
        noon("queue", "call", doctor)
        noon("queue", "start", doctor)
    error = refused(6, "merge_conflict", "patient", "merge", "P3", "--into", "P1", "--yes")
    assert "in consultation" in error["message"]
    assert error["hint"] == "End one of them first: `clinicctl queue done RAO 1`."
    noon("queue", "done", "RAO")
    merge(noon)


@pytest.mark.parametrize("first", ["P1", "P3"])
def test_of_two_places_on_the_waitlist_the_older_one_stays(first: str, noon: Ask) -> None:
    for patient in (first, "P3" if first == "P1" else "P1"):
        noon("waitlist", "add", patient, "RAO", "+5d")
    assert merge(noon)["waitlist_removed"] == ["W2"]
    assert [(each["number"], each["patient"]["number"]) for each in noon("waitlist", "list")] == [("W1", "P1")]


def test_nobody_gets_a_second_open_place_in_a_queue_by_any_way(noon: Ask, refused: Refused, db: str) -> None:
    noon("walkin", "P1", "MEHTA")
    noon("book", "P1", "MEHTA", "--again")
    for args in (("checkin", "A2"), ("walkin", "P1", "MEHTA", "--again")):
        assert refused(6, "already_checked_in", *args)["details"]["position"] == 1
    noon("walkin", "P1", "RAO")
    refused(6, "already_checked_in", "queue", "transfer", "RAO", "1", "--to", "MEHTA")
    noon("queue", "left", "MEHTA", "1")
    noon("checkin", "A2", "--actor", "other")
    refused(6, "already_checked_in", "undo")
    assert broken(db) == {}


def test_the_check_names_a_patient_at_two_places_of_a_queue(noon: Ask, db: str) -> None:
    noon("walkin", "P1", "MEHTA")
    noon("walkin", "P2", "MEHTA")
    stored.change(
        db,
        "UPDATE appointments SET visit = 2, patient_id = (SELECT id FROM patients WHERE number = 1) WHERE number = 2",
    )
    (where,) = broken(db)[ONE_PLACE]
    assert where.startswith("P1 in the queue of MEHTA on ")
    assert where.endswith("positions 1 and 2")


# Who is archived has nothing open


def test_a_patient_who_waits_on_the_waitlist_is_not_archived(noon: Ask, refused: Refused) -> None:
    noon("waitlist", "add", "P1", "RAO", "+5d")
    assert "W1" in refused(6, "has_bookings", "patient", "archive", "P1")["message"]
    noon("waitlist", "remove", "W1")
    assert noon("patient", "archive", "P1")["archived_at"]


def test_a_doctor_for_whom_somebody_waits_is_not_archived(noon: Ask, refused: Refused) -> None:
    noon("waitlist", "add", "P1", "RAO", "+5d")
    error = refused(6, "has_bookings", "doctor", "archive", "RAO")
    assert (error["details"]["entries"], error["details"]["count"]) == ("W1", 1)


@pytest.mark.parametrize("steps", [0, 1, 2])
def test_a_doctor_with_a_patient_in_the_queue_is_not_archived(steps: int, noon: Ask, refused: Refused) -> None:
    noon("walkin", "P1", "RAO")
    for step in ("call", "start")[:steps]:
        noon("queue", step, "RAO")
    error = refused(6, "has_bookings", "doctor", "archive", "RAO")
    (affected,) = error["details"]["affected"]
    assert (affected["queue"], affected["position"]) == ("RAO", 1)
    assert ("queue done RAO 1" if steps == 2 else "queue left RAO 1") in error["hint"]
    assert ("queue transfer RAO 1" in error["hint"]) is (steps < 2)


def test_a_transferred_patient_counts_for_the_doctor_of_the_queue(noon: Ask, refused: Refused) -> None:
    noon("walkin", "P1", "MEHTA")
    noon("queue", "transfer", "MEHTA", "1", "--to", "RAO")
    for code in ("RAO", "MEHTA"):
        (affected,) = refused(6, "has_bookings", "doctor", "archive", code)["details"]["affected"]
        assert (affected["appointment"], affected["queue"], affected["position"]) == ("A1", "RAO", 1)
    noon("queue", "left", "RAO", "1")
    noon("doctor", "archive", "RAO")


@pytest.mark.parametrize(
    "who", [("patient", "archive", "P1"), ("doctor", "archive", "MEHTA"), ("patient", "erase", "P1")]
)
def test_an_open_appointment_of_a_past_day_is_open(who: tuple[str, ...], noon: Ask, refused: Refused, db: str) -> None:
    noon("book", "P1", "MEHTA")
    for table in ("appointments", "doctor_daily_capacities"):
        stored.change(db, f"UPDATE {table} SET date = '2020-01-06'")
    error = refused(6, "has_bookings", *who, "--yes")
    assert error["hint"] == "Close past days: `clinicctl close 2020-01-06`."
    noon("close", "2020-01-06", "--yes")
    noon(*who, "--yes")


@pytest.mark.parametrize("who", [("patient", "P1"), ("doctor", "MEHTA")])
def test_an_undo_brings_nothing_back_of_whom_is_archived(who: tuple[str, str], noon: Ask, refused: Refused) -> None:
    noun, subject = who
    noon("book", "P1", "MEHTA")
    noon("appointment", "cancel", "A1")
    noon(noun, "archive", subject, "--actor", "other")
    error = refused(7, "archived", "undo")
    assert subject in error["message"]
    assert f"clinicctl {noun} restore {subject}" in error["hint"]
    noon(noun, "restore", subject, "--actor", "other")
    noon("undo")
    assert noon("appointment", "show", "A1")["status"] == "booked"


def test_an_undo_puts_nobody_back_into_the_queue_of_an_archived_doctor(noon: Ask, refused: Refused, db: str) -> None:
    noon("walkin", "P1", "MEHTA")
    noon("queue", "transfer", "MEHTA", "1", "--to", "RAO")
    noon("queue", "left", "RAO", "1")
    noon("doctor", "archive", "RAO", "--actor", "other")
    assert "RAO" in refused(7, "archived", "undo")["message"]
    assert broken(db) == {}


def test_a_no_show_does_not_check_in_with_an_archived_doctor(noon: Ask, refused: Refused) -> None:
    noon("book", "P1", "MEHTA")
    noon("appointment", "no-show", "A1")
    noon("doctor", "archive", "MEHTA")
    refused(7, "archived", "checkin", "A1")


def test_a_merged_record_has_nothing_open_whatever_it_had(noon: Ask, db: str) -> None:
    noon("book", "P3", "MEHTA", "tomorrow")
    noon("walkin", "P3", "RAO")
    noon("waitlist", "add", "P3", "MEHTA", "+5d")
    merged = merge(noon)
    assert (merged["appointments"], merged["waitlist_entries"]) == (2, 1)
    assert broken(db) == {}


OPENED = {
    "a booking": ("book P1 MEHTA tomorrow", ["P1: A1", "MEHTA: A1"]),
    "a place in a queue": ("walkin P1 MEHTA", ["P1: A1", "MEHTA: A1"]),
    "a place on the waitlist": ("waitlist add P1 MEHTA +5d", ["P1: W1", "MEHTA: W1"]),
}


@pytest.mark.parametrize("kind", OPENED)
def test_the_check_finds_what_is_open_of_whom_is_archived(kind: str, noon: Ask, db: str) -> None:
    command, found = OPENED[kind]
    noon(*command.split())
    assert broken(db) == {}
    stored.change(db, "UPDATE patients SET archived_at = created_at WHERE number = 1")
    assert broken(db) == {OPEN: found[:1]}
    stored.change(db, "UPDATE doctors SET archived_at = created_at WHERE code = 'MEHTA'")
    assert broken(db) == {OPEN: found}


def test_the_check_finds_a_place_in_the_queue_of_an_archived_doctor(noon: Ask, db: str) -> None:
    noon("walkin", "P1", "MEHTA")
    noon("queue", "transfer", "MEHTA", "1", "--to", "RAO")
    stored.change(db, "UPDATE doctors SET archived_at = created_at WHERE code = 'RAO'")
    assert broken(db) == {OPEN: ["RAO: A1"]}


# At a terminal


COMPARED = """\
              P3                   P1 (stays)     After the merge
number        P3                   P1             both find P1
name          Anitha Sharma-Verma  Anita Sharma   kept; the other stays with P3
phones        +919000000003        +919876543210  kept; others stay with P3
born                               1980-02-01     kept
sex           female                              taken over
email
note          deaf                 comes by bus   joined
registered    {today}           {today}     kept
appointments  2                    1              both: 3
waitlist      2                    1              both: 2; W3 removed
last visit    {today}                          {today}
"""


@pytest.fixture
def different(noon: Ask, monkeypatch: pytest.MonkeyPatch) -> Ask:
    """The clinic in which P1 and P3 differ in all kinds of ways."""
    monkeypatch.setenv("COLUMNS", "80")
    noon("patient", "edit", "P3", "--note", "deaf", "--sex", "female")
    noon("patient", "edit", "P1", "--note", "comes by bus")
    for command in ("book P3 MEHTA tomorrow", "walkin P3 RAO", "book P1 MEHTA +2d", "waitlist add P1 RAO +5d"):
        noon(*command.split())
    for command in ("waitlist add P3 RAO +6d", "waitlist add P3 RAO +5d"):
        noon(*command.split())
    return noon


def compared(ask: Ask) -> str:
    return COMPARED.format(today=ask("appointment", "list", "--doctor", "RAO")[0]["date"])


def test_a_merge_compares_the_records_before_it_asks(different: Ask, run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("clinicctl.render.can_ask", lambda: True)
    answer = run("patient", "merge", "P3", "--into", "P1", stdin="n\n", status=1)
    moving = "Appointments to move: 2; waitlist entries: 2."
    assert answer.stderr.startswith(
        f"clinicctl: Merge P3 Anitha Sharma-Verma into P1 Anita Sharma. {moving}\n{compared(different)}"
        "Merge the two? [y/N] "
    )
    assert different("patient", "show", "P3")["number"] == "P3"


def test_a_dry_run_of_a_merge_compares_the_records_too(different: Ask, run: Run) -> None:
    args = ("patient", "merge", "P3", "--into", "P1", "--dry-run")
    said = run(*args, "-o", "table", status=0).stdout
    assert said.startswith(f"{compared(different)}Would merge P3 into P1 Anita Sharma: 2 appointments and ")
    planned = different(*args)
    plan = planned.pop("plan")
    assert list(plan)[:6] == ["patient", "into", "appointments", "waitlist_entries", "taken_over", "kept"]
    assert (plan["patient"]["number"], plan["into"]["number"], plan["appointments"]) == ("P3", "P1", 2)
    after = plan["record_after"]
    assert (after["appointments"], after["waitlist_entries"], after["note"]) == (3, 2, "comes by bus; deaf")
    merged = merge(different)
    assert {name: after[name] for name in merged["patient"]} == merged["patient"]
    assert merged == {each: planned[each] for each in merged} | {"replayed": False}
    assert "plan" not in merged
    assert plan["waitlist_removed"] == merged["waitlist_removed"] == ["W3"]


@pytest.mark.parametrize("columns", [20, 40, 60, 80, 200])
def test_the_comparison_fits_any_terminal(
    columns: int, different: Ask, run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    different("patient", "edit", "P3", "--note", "not to be woken " * 100, "--name", "Wolfeschlegelsteinhausen " * 5)
    monkeypatch.setenv("COLUMNS", str(columns))
    lines = run("patient", "merge", "P3", "--into", "P1", "-n", "-o", "table", status=0).stdout.splitlines()
    (end,) = (nth for nth, line in enumerate(lines) if line.startswith("Would merge"))
    assert max(map(len, lines[:end])) <= columns
    titles = ["number", "name", "phones", "born", "sex", "email", "note", "registered", "appointments", "waitlist"]
    assert [each.split(" ")[0] for each in lines[:end] if each.split(" ")[0] in titles] == titles


def test_the_comparison_masks_names_and_phones_as_the_clinic_wants(
    different: Ask, run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    different("patient", "edit", "P3", "--email", "anitha@example.org")
    different("config", "mask_names", "yes")
    different("config", "mask_phones", "yes")
    monkeypatch.setattr("clinicctl.render.can_ask", lambda: True)
    said = run("patient", "merge", "P3", "--into", "P1", stdin="n\n", status=1).stderr
    assert said.startswith("clinicctl: Merge P3 into P1. Appointments to move: 2;")
    for personal in ("Anit", "Sharma", "anitha", "9876543210", "9000000003"):
        assert personal not in said, personal
    assert "…@example.org" in said
    assert "…003" in said


def test_a_quiet_merge_only_asks(different: Ask, run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("clinicctl.render.can_ask", lambda: True)
    said = run("patient", "merge", "P3", "--into", "P1", "-q", stdin="n\n", status=1).stderr
    assert said.startswith("Merge the two? [y/N] ")


@pytest.mark.file
def test_migration_flattens_merges_and_removes_entries_of_archived(clinic: Ask, tmp_path: Path, run: Any) -> None:
    clinic("patient", "add", "Ravi Kumar", "--phone", "98111 22333")
    clinic("patient", "add", "Neha Rao", "--phone", "98111 22334")
    old = older(str(tmp_path / "clinic.db"), str(tmp_path / "old.db"), 2)
    with closing(sqlite3.connect(old)) as connection, connection:
        ids = dict(connection.execute("SELECT 'P' || number, id FROM patients UNION SELECT code, id FROM doctors"))
        stamp = "2026-11-01 00:00:00.000000"
        for gone, into in (("P1", "P2"), ("P2", "P3")):
            connection.execute(
                "UPDATE patients SET archived_at = ?, merged_into = ? WHERE id = ?", (stamp, ids[into], ids[gone])
            )
        connection.execute("UPDATE patients SET archived_at = ? WHERE id = ?", (stamp, ids["P4"]))
        connection.execute(
            "INSERT INTO waitlist_entries VALUES (lower(hex(randomblob(16))), 1, ?, ?, '2027-01-04', '2027-01-05',"
            " 'waiting', NULL, ?, ?)",
            (ids["P4"], ids["RAO"], stamp, stamp),
        )
        connection.execute("UPDATE counters SET value = 1 WHERE name = 'waitlist'")
    clinic("db", "migrate", "--db", old)
    with closing(sqlite3.connect(old)) as connection:
        into = connection.execute("SELECT number, merged_into FROM patients WHERE merged_into IS NOT NULL ORDER BY 1")
        assert into.fetchall() == [(1, ids["P3"]), (2, ids["P3"])]
    assert [each["status"] for each in clinic("waitlist", "list", "--all", "--db", old)] == ["removed"]
    assert clinic("db", "check", "--db", old)["sound"]

"""Places and times: all that count places agree, a time is taken once, and what status shows has something to do."""

import random
import shlex
import shutil
from collections.abc import Callable
from contextlib import suppress
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pytest
from freezegun import freeze_time
from hypothesis import example, given, settings
from hypothesis import strategies as st

from clinicctl import desk, errors
from clinicctl.rules.days import DaysWord, DayWord
from clinicctl.rules.references import AppointmentRef, DoctorRef, PatientRef
from clinicctl.statuses import OnConflict
from clinicctl.store.engine import Store, Tx, open_store
from tests.test_properties import OPENING, beginning, clock_at, empty, once

__all__ = ["beginning", "empty"]

Ask = Callable[..., Any]
Run = Callable[..., Any]
Refused = Callable[..., dict[str, Any]]

MEHTA = DoctorRef("MEHTA")


# Places

_patient = st.sampled_from(["P1", "P2", "P3"])
_ahead = st.sampled_from([0, 0, 0, 1])
_ACTS = (
    st.tuples(st.just("overbook"), _patient, _ahead),
    st.tuples(st.just("cancel"), st.integers(1, 5)),
    st.tuples(st.just("capacity"), st.integers(0, 3), _ahead),
    st.tuples(st.just("book"), _patient, _ahead),
    st.tuples(st.just("absent"), st.booleans(), _ahead),
    st.tuples(st.just("archive"), st.just(0)),
)
_ACT = st.sampled_from([0] * 6 + [1] * 4 + [2] * 2 + [3, 4, 5]).flatmap(_ACTS.__getitem__)


def act(tx: Tx, kind: str, what: Any, ahead: int = 0) -> None:
    on, keep = DayWord(f"+{ahead}d"), OnConflict.KEEP
    if kind in ("book", "overbook"):
        over = kind == "overbook"
        once(tx, desk.bookings.book, patient=PatientRef(what), doctor=MEHTA, on=on, again=True, overbook=over)
    elif kind == "cancel":
        once(tx, desk.bookings.cancel, appointment=AppointmentRef(f"A{what}"))
    elif kind == "capacity":
        once(tx, desk.availability.set_days, doctor=MEHTA, on=DaysWord(on), capacity=what, on_conflict=keep)
    elif kind == "absent":
        once(tx, desk.availability.set_days, doctor=MEHTA, on=DaysWord(on), present=not what, on_conflict=keep)
    else:
        once(tx, desk.records.archive_doctor, doctor=MEHTA)


@pytest.mark.file
@settings(max_examples=100, deadline=None)
@given(acts=st.lists(_ACT, min_size=6, max_size=14))
@example(acts=[("capacity", 2, 0), *[("overbook", "P1", 0)] * 3, ("cancel", 1), ("cancel", 2)])
def test_day_sheet_days_free_and_booking_agree_on_free_slots(acts: list[tuple[Any, ...]], empty: Path) -> None:
    now = OPENING

    def clock() -> datetime:
        nonlocal now
        now += timedelta(seconds=1)
        return now

    with TemporaryDirectory() as folder, clock_at(clock):
        store = open_store(str(shutil.copy(empty, Path(folder) / "clinic.db")), wait=5)
        for each in acts:
            with suppress(errors.Refusal), store.write(actor="desk", key="act") as tx:
                act(tx, *each)
        for ahead in (0, 1):
            agree(store, ahead)


def agree(store: Store, ahead: int) -> None:
    """One count of places left, however it is asked for."""
    on = DayWord(f"+{ahead}d")
    with store.read(actor="desk") as tx:
        sheet = list(desk.daybook.sheet(tx, on=on, doctor=MEHTA))
        (day,) = desk.availability.show_days(tx, doctor=MEHTA, on=DaysWord(on))
        listed = list(desk.free_times.iter_days(tx, doctor=None, specialty=None, start=on, count=1))
        archived = desk.doctors.show(tx, doctor=MEHTA).archived_at is not None
    free = [each.slot for each in sheet if each.status == "free"]
    held = [each.slot for each in sheet if each.appointment is not None]
    assert len(held) == day.booked
    assert len(free) == (0 if archived else day.remaining)
    assert free == [slot for slot in range(1, len(held) + len(free) + 1) if slot not in held][: len(free)]
    assert [each.remaining for each in listed if each.doctor == "MEHTA"] == ([len(free)] if free else [])
    booked: int | None = None
    with suppress(errors.Refusal), store.write(actor="desk", key="try", dry_run=True) as tx:
        booked = once(tx, desk.bookings.book, patient=PatientRef("P1"), doctor=MEHTA, on=on, again=True).result.slot
    assert booked == (free[0] if free else None)


def test_a_cancelled_slot_of_an_overbooked_day_is_not_shown_as_free(clinic: Ask, run: Run, refused: Refused) -> None:
    clinic("doctor", "avail", "set", "RAO", "tomorrow", "--capacity", "2")
    for patient in ("P1", "P2"):
        clinic("book", patient, "RAO", "tomorrow")
    clinic("book", "P1", "RAO", "tomorrow", "--again", "--overbook")
    clinic("appointment", "cancel", "A1")
    assert [(each["slot"], each["status"]) for each in clinic("day", "tomorrow", "--doctor", "RAO")] == [
        (2, "booked"),
        (3, "booked"),
    ]
    assert "RAO: 2 taken, 0 free" in run("day", "tomorrow", "--doctor", "RAO", "-o", "table", status=0).stdout
    refused(6, "capacity_full", "book", "P1", "RAO", "tomorrow", "--again")


def test_an_archived_doctor_has_a_sheet_on_the_days_on_which_patients_came(clinic: Ask) -> None:
    clinic("walkin", "P1", "RAO")
    clinic("queue", "left", "RAO", "1")
    clinic("doctor", "archive", "RAO")
    alone = clinic("day", "today", "--doctor", "RAO")
    assert [each["status"] for each in alone] == ["left"]
    assert [each for each in clinic("day", "today") if each["doctor"] == "RAO"] == alone
    assert [each for each in clinic("day", "tomorrow") if each["doctor"] == "RAO"] == []


# Times


@pytest.fixture
def noon(clinic: Ask) -> Any:
    """The clinic at 12:00 of a Monday, with a third patient."""
    clinic("patient", "add", "Zoë Quinn", "--phone", "90000 00001")
    with freeze_time("2026-11-23T06:30:45+00:00"):
        yield clinic


def test_two_appointments_at_one_time_are_refused_in_every_way(noon: Ask, refused: Refused) -> None:
    noon("book", "P1", "RAO", "tomorrow", "--time", "09:30")
    noon("book", "P1", "MEHTA", "+2d", "--time", "09:30")
    noon("book", "P2", "RAO", "+2d", "--time", "9:30")
    for subject, flag, command in (
        ("P1", "--again", ("book", "P1", "MEHTA", "tomorrow", "--time", "09:30")),
        ("P1", "--again", ("appointment", "move", "A2", "tomorrow")),
        ("RAO", "--overbook", ("book", "P2", "RAO", "tomorrow", "--time", "09:30")),
        ("RAO", "--overbook", ("appointment", "move", "A3", "tomorrow")),
    ):
        error = refused(6, "time_taken", *command)
        assert error["details"] == {
            "subject": subject,
            "appointment": "A1",
            "date": "2026-11-24",
            "time": "09:30",
            "flag": flag,
        }
        assert flag in error["hint"]
        other = "--again" if flag == "--overbook" else "--overbook"
        refused(6, "time_taken", *command, other)
        assert noon(*command, flag, "--dry-run")["time"] == "09:30"
    noon("book", "P2", "RAO", "tomorrow", "--time", "09:45")
    noon("book", "P3", "RAO", "tomorrow")
    assert noon("appointment", "move", "A2", "tomorrow", "--time", "10:00")["time"] == "10:00"


def test_a_move_ignores_its_own_time_and_appointments_that_are_over(noon: Ask) -> None:
    noon("book", "P1", "RAO", "tomorrow", "--time", "09:30")
    noon("appointment", "move", "A1", "--doctor", "MEHTA")
    assert noon("book", "P2", "RAO", "tomorrow", "--time", "09:30")["number"] == "A3"


@pytest.mark.parametrize(
    ("lost", "again"),
    [
        (("appointment", "cancel", "A1"), ("book", "P1", "MEHTA", "--time", "15:00")),
        (("appointment", "cancel", "A1"), ("book", "P2", "RAO", "--time", "15:00")),
        (("appointment", "move", "A1", "tomorrow"), ("book", "P2", "RAO", "--time", "15:00")),
        (("appointment", "no-show", "A1"), ("book", "P2", "RAO", "--time", "15:00")),
        (("close", "--yes"), ("book", "P2", "RAO", "--time", "15:00")),
    ],
)
def test_undo_is_refused_when_the_time_went_to_another_appointment(
    lost: tuple[str, ...], again: tuple[str, ...], noon: Ask, refused: Refused
) -> None:
    noon("book", "P1", "RAO", "--time", "15:00")
    noon("book", "P3", "RAO")
    noon(*lost, "--actor", "asha")
    other = noon(*again)["number"]
    error = refused(6, "time_taken", "undo", "--actor", "asha")
    assert error["details"]["appointment"] == other
    assert error["hint"] == f"Cancel or move {other} first."
    noon("appointment", "move", other, "+3d")
    if lost[1] != "cancel" or again[2] == "MEHTA":
        noon("undo", "--actor", "asha")
        assert noon("appointment", "show", "A1")["status"] == "booked"


def test_a_cancellation_is_undone_beside_an_older_appointment(noon: Ask) -> None:
    noon("book", "P1", "RAO", "tomorrow", "--time", "15:00")
    noon("book", "P2", "RAO", "tomorrow", "--time", "15:00", "--overbook")
    noon("appointment", "cancel", "A1")
    noon("undo")
    assert noon("appointment", "show", "A1")["status"] == "booked"


def test_a_time_of_today_that_is_past_is_refused_unless_it_is_meant(noon: Ask, refused: Refused) -> None:
    noon("book", "P2", "RAO", "tomorrow", "--time", "09:00")
    for command in (
        ("book", "P1", "RAO", "--time", "11:59"),
        ("appointment", "move", "A1", "today"),
        ("appointment", "move", "A1", "today", "--time", "11:59"),
    ):
        error = refused(7, "past_time", *command)
        assert error["details"]["now"] == "12:00"
        assert "--past" in error["hint"]
        assert noon(*command, "--past", "--dry-run")["date"] == "2026-11-23"
    assert noon("book", "P1", "RAO", "--time", "12:00")["time"] == "12:00"
    assert noon("book", "P1", "RAO", "tomorrow", "--time", "00:01")["time"] == "00:01"


def test_a_past_time_is_one_by_the_clinics_clock(clinic: Ask, refused: Refused) -> None:
    with freeze_time("2026-11-22T18:45:00+00:00"):  # 00:15 of Monday in Kolkata
        refused(7, "past_time", "book", "P1", "RAO", "today", "--time", "00:14")
        assert clinic("book", "P1", "RAO", "today", "--time", "00:15")["date"] == "2026-11-23"


def test_a_key_from_before_there_was_the_option_still_answers(beginning: str) -> None:
    """An option that was not given is no part of the request."""
    store = open_store(beginning, wait=5)
    request: dict[str, Any] = {"patient": PatientRef("P1"), "doctor": MEHTA, "on": DayWord("tomorrow")}
    request |= {"at": None, "reason": None, "again": False, "overbook": False}
    with clock_at(lambda: OPENING):
        with store.write(actor="desk", key="k") as tx:
            once(tx, desk.bookings.book, key="k", **request)
        with store.write(actor="desk", key="k") as tx:
            assert once(tx, desk.bookings.book, key="k", **request, past=None).replayed


# Refused steps

ACTIONS = {"cancel": "cancel A1", "move": "move A1", "no-show": "mark A1 as no-show"}
MARKED = {
    "cancelled": "cancelled",
    "no_show": "marked as no-show",
    "completed": "completed",
    "left": "marked as left",
    "checked_in": "checked in",
}
SAME = {("cancelled", "cancel"), ("no_show", "no-show")}
"""The steps that reach the status which the appointment already has."""


@pytest.mark.parametrize("ended", ["cancelled", "no_show", "completed", "left", "checked_in"])
def test_a_refused_step_names_the_command_that_was_given(ended: str, noon: Ask, refused: Refused) -> None:
    noon("book", "P1", "RAO")
    for command in {
        "cancelled": ("appointment cancel A1",),
        "no_show": ("appointment no-show A1",),
        "completed": ("checkin A1", "queue call RAO", "queue start RAO", "queue done RAO"),
        "left": ("checkin A1", "queue left RAO 1"),
        "checked_in": ("checkin A1",),
    }[ended]:
        noon(*command.split())
    for step, words in (("cancel", ()), ("move", ("tomorrow",)), ("no-show", ())):
        error = refused(7, "illegal_step", "appointment", step, "A1", *words)
        assert error["details"]["step"] == step
        already = f"A1 is already {MARKED[ended]}."
        cannot = f"Cannot {ACTIONS[step]}: it is {MARKED[ended]}, not booked."
        assert error["message"] == (already if (ended, step) in SAME else cannot)


# What status shows


def test_status_hides_a_closed_day_until_it_is_booked_again(noon: Ask) -> None:
    noon("doctor", "avail", "set", "RAO", "today", "--capacity", "1")
    noon("doctor", "avail", "set", "MEHTA", "today", "--capacity", "1")
    noon("book", "P1", "RAO")
    noon("book", "P2", "RAO", "--overbook")
    noon("book", "P3", "MEHTA")
    noon("doctor", "add", "SEN", "Dr. Sen")
    noon("waitlist", "add", "P1", "SEN", "today,+3d")
    noon("waitlist", "add", "P2", "SEN", "today")
    before = {(each["what"], each["date"]) for each in noon("status")}
    assert before == {
        ("over capacity", "2026-11-23"),
        ("full day", "2026-11-23"),
        ("place for the waitlist", "2026-11-23"),
    }
    noon("close", "--yes")
    (left,) = noon("status")
    assert (left["what"], left["date"]) == ("place for the waitlist", "2026-11-26")
    assert noon("waitlist", "promote", "SEN", "-n")["date"] == "2026-11-26"
    assert noon("waitlist", "promote", "SEN", "today", "-n")["date"] == "2026-11-23"
    assert noon(*shlex.split(left["command"])[1:])["date"] == "2026-11-26"
    noon("walkin", "P3", "SEN")
    assert ("place for the waitlist", "2026-11-23") in {(each["what"], each["date"]) for each in noon("status")}
    noon("undo")
    noon("undo", str(noon("audit", "log", "--command", "close")[0]["number"]), "--yes")
    assert before <= {(each["what"], each["date"]) for each in noon("status")}


SEEDS = range(12)
FIRST = datetime(2026, 11, 23, 3, tzinfo=UTC)


@pytest.mark.parametrize("seed", SEEDS)
def test_every_command_that_status_shows_has_something_to_do(seed: int, clinic: Ask, run: Run, ask: Ask) -> None:
    luck, shown = random.Random(seed), set[str]()
    clinic("config", "wait_threshold", "30")
    clinic("doctor", "edit", "MEHTA", "--capacity", "2")
    for name in ("Zoë Quinn", "Ravi Iyer"):
        clinic("patient", "add", name, "--phone", "none", "--new")
    now = FIRST
    for _ in range(45):
        now += timedelta(minutes=luck.choice([1, 7, 20] * 8 + [60 * 11]))
        with freeze_time(now):
            assert run(*at_random(luck)).status in (0, 2, 4, 5, 6, 7)
            if luck.random() < 0.4:
                shown |= has_something_to_do(run, ask)
    assert shown


def at_random(luck: random.Random) -> list[str]:
    """A command of a busy day; many are refused."""
    patient, doctor = f"P{luck.randint(1, 4)}", luck.choice(["MEHTA", "RAO"])
    day, number = luck.choice(["today", "today", "+1d", "+2d"]), f"A{luck.randint(1, 20)}"
    return luck.choice(
        [
            ["book", patient, doctor, day, "--overbook"],
            ["book", patient, doctor, day, "--again"],
            ["walkin", patient, doctor, "--again", "--overbook"],
            ["checkin", patient],
            ["appointment", "cancel", number],
            ["appointment", "move", number, day],
            ["queue", "call", doctor],
            ["queue", "start", doctor],
            ["queue", "done", doctor],
            ["close", luck.choice(["today", "today", "yesterday"]), "--yes"],
            ["doctor", "avail", "set", doctor, day, "--capacity", luck.choice("012"), "--on-conflict", "keep"],
            ["doctor", "avail", "set", doctor, day, luck.choice(["--absent", "--present"]), "--on-conflict", "keep"],
            ["waitlist", "add", patient, doctor, f"{day},+3d"],
            ["waitlist", "add", patient, doctor, "today..+2d"],
            ["waitlist", "promote", doctor],
            ["patient", luck.choice(["archive", "restore"]), patient],
            ["doctor", luck.choice(["archive", "restore", "restore"]), doctor],
            ["undo"],
        ]
    )


def has_something_to_do(run: Run, ask: Ask) -> set[str]:
    """Try each command that status shows; return what it is about."""
    found = ask("status")
    for each in found:
        words = shlex.split(each["command"])[1:]
        writes = words[0] == "close" or words[:2] == ["waitlist", "promote"]
        writes = writes or (words[0] == "queue" and words[1] != "show")
        answer = run(*words, *(["--dry-run", "--yes"] if writes else []), json=True)
        assert answer.status == 0, (each, answer)
        done = answer.json
        assert done, each
        if words[0] == "close":
            assert done["no_show"] or done["left"] or done["completed"], each
        if words[:2] == ["waitlist", "promote"]:
            assert done["date"] == each["date"], each
    return {each["what"] for each in found}


def test_a_full_day_names_the_next_free_one_or_else_who_has_its_places(clinic: Ask, run: Run) -> None:
    clinic("doctor", "avail", "set", "RAO", "today..+64d", "--capacity", "0")
    clinic("doctor", "avail", "set", "RAO", "today", "--capacity", "1")
    clinic("book", "P1", "RAO")
    today = date.fromisoformat(clinic("doctor", "avail", "show", "RAO", "today")[0]["date"])
    (full,) = clinic("status")
    assert full["command"] == f"clinicctl day {today} --doctor RAO"
    clinic("doctor", "avail", "set", "RAO", "+30d", "--capacity", "1")
    (full,) = clinic("status")
    assert full["command"] == f"clinicctl free RAO --from {today + timedelta(days=30)}"
    assert clinic(*shlex.split(full["command"])[1:])

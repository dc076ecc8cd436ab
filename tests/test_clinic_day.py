"""The clinic's day from the command line: every case of the system that clinicctl replaces."""

from collections.abc import Callable
from typing import Any

import pytest

from tests import stored

Ask = Callable[..., Any]
Refused = Callable[..., dict[str, Any]]

PATIENT_FIELDS = {"id", "number", "name", "phone", "born", "age", "sex", "email", "note", "created_at", "archived_at"}
DOCTOR_FIELDS = {"id", "code", "name", "specialty", "capacity", "created_at", "archived_at"}
DAY_FIELDS = {
    *("doctor", "date", "present", "capacity", "booked", "remaining", "note", "source", "updated_by", "updated_at"),
}
APPOINTMENT_FIELDS = {
    *("id", "number", "patient", "doctor", "date", "slot", "time", "status", "reason", "position", "moved_to"),
    *("moved_from", "key", "created_at", "updated_at"),
}
ENTRY_FIELDS = {
    *("doctor", "date", "position", "status", "priority", "appointment", "patient", "checked_in_at", "called_at"),
    *("started_at", "ended_at", "waited_minutes", "people_ahead"),
}


def register(ask: Ask, count: int) -> list[str]:
    """Register strangers, and return their numbers."""
    names = ("Ada", "Bruno", "Chitra", "Dmitri", "Elif", "Farid", "Greta", "Hiro", "Ines", "Jomo", "Kavya", "Lars")
    return [
        ask("patient", "add", f"{name} Test", "--phone", f"98765 {at:05}")["number"]
        for at, name in enumerate(names[:count])
    ]


# Patients


def test_a_patient_is_added(clinic: Ask) -> None:
    added = clinic(
        "patient", "add", "Anna Schmidt", "--phone", "+49 151 23456789", "--born", "1980-02-01", "--sex", "female"
    )
    assert added.keys() >= PATIENT_FIELDS | {"created", "shares_phone_with", "replayed"}
    assert added["created"] is True
    assert (added["number"], added["phone"], added["sex"]) == ("P3", "+4915123456789", "female")


def test_the_same_registration_returns_the_same_patient(clinic: Ask) -> None:
    again = clinic("patient", "add", "ANITA  sharma", "--phone", "+91-98765-43210")
    assert (again["number"], again["created"]) == ("P1", False)
    assert len(clinic("patient", "list")) == 2


def test_a_patient_is_found_by_id_and_number(clinic: Ask) -> None:
    known = clinic("patient", "show", "P1")
    assert clinic("patient", "show", known["id"]) == known
    assert clinic("patient", "show", "p1") == known
    (found,) = clinic("patient", "find", "98765-43210")
    assert found == {name: known.get(name) for name in found}


def test_an_unknown_patient_is_not_found(clinic: Ask, refused: Refused) -> None:
    refused(4, "patient_not_found", "patient", "show", "P99")
    refused(4, "patient_not_found", "patient", "show", "00000000-0000-4000-8000-000000000000")
    assert clinic("patient", "find", "zz") == []


def test_a_patient_is_edited(clinic: Ask) -> None:
    edited = clinic("patient", "edit", "P1", "--name", "Anita Rao", "--note", "prefers mornings")
    assert (edited["name"], edited["note"]) == ("Anita Rao", "prefers mornings")
    assert clinic("patient", "find", "rao an")[0]["number"] == "P1"
    assert clinic("patient", "find", "sharma") == []
    assert clinic("patient", "edit", "P1", "--note", "")["note"] is None


# Doctors and their days


def test_a_doctor_is_added_listed_and_shown(clinic: Ask) -> None:
    added = clinic("doctor", "add", "okafor", "Dr. Okafor", "--specialty", "paediatrics", "--capacity", "12")
    assert added.keys() >= DOCTOR_FIELDS
    assert (added["code"], added["capacity"]) == ("OKAFOR", 12)
    assert [each["code"] for each in clinic("doctor", "list")] == ["MEHTA", "OKAFOR", "RAO"]
    assert clinic("doctor", "show", "Okafor")["id"] == added["id"]
    assert clinic("doctor", "show", added["id"])["code"] == "OKAFOR"


def test_a_duplicate_code_is_refused_without_regard_to_case(clinic: Ask, refused: Refused) -> None:
    assert refused(6, "duplicate_code", "doctor", "add", "Mehta", "Somebody else")["details"] == {"doctor": "MEHTA"}


def test_availability_is_set_read_and_updated_as_the_same_row(clinic: Ask, database: str) -> None:
    (day,) = clinic(
        "doctor", "avail", "set", "MEHTA", "tomorrow", "--capacity", "4", "--note", "late start", "--actor", "asha"
    )
    assert day.keys() >= DAY_FIELDS
    assert (day["capacity"], day["remaining"], day["source"], day["updated_by"]) == (4, 4, "day", "asha")
    (changed,) = clinic("doctor", "avail", "set", "MEHTA", "tomorrow", "--absent", "--actor", "ravi")
    assert (changed["present"], changed["remaining"], changed["capacity"], changed["note"]) == (
        False,
        0,
        4,
        "late start",
    )
    assert changed["updated_by"] == "ravi"
    assert stored.rows(database, "SELECT count(*) FROM doctor_daily_availabilities") == [(1,)]
    (read,) = clinic("doctor", "avail", "show", "MEHTA", "tomorrow")
    assert {name: read[name] for name in DAY_FIELDS} == {name: changed[name] for name in DAY_FIELDS}


def test_a_day_without_a_row_has_the_default_capacity(clinic: Ask) -> None:
    (day,) = clinic("doctor", "avail", "show", "MEHTA", "tomorrow")
    assert (day["present"], day["capacity"], day["source"], day["updated_by"]) == (True, 10, "default", None)
    assert clinic("doctor", "avail", "show", "RAO", "tomorrow")[0]["capacity"] == 3


def test_days_are_set_as_ranges_and_lists(clinic: Ask) -> None:
    assert len(clinic("doctor", "avail", "set", "MEHTA", "tomorrow..+3d,+9d", "--capacity", "2")) == 4


def test_a_change_that_would_strand_patients_is_refused_with_their_names(clinic: Ask, refused: Refused) -> None:
    clinic("patient", "add", "Nobody Reachable", "--phone", "none")
    for patient in ("P1", "P2", "P3"):
        clinic("book", patient, "RAO", "tomorrow")
    error = refused(6, "has_bookings", "doctor", "avail", "set", "RAO", "tomorrow", "--absent")
    assert [each["number"] for each in error["details"]["affected"]] == ["P1", "P2", "P3"]
    assert error["details"]["affected"][0]["phone_last3"] == "210"
    assert error["details"]["without_phone"] == ["P3"]
    assert "+919876543210" not in str(error)
    (day,) = clinic("doctor", "avail", "show", "RAO", "tomorrow")
    assert (day["present"], day["booked"]) == (True, 3)
    kept = clinic("doctor", "avail", "set", "RAO", "tomorrow", "--capacity", "1", "--on-conflict", "keep")
    assert (kept[0]["capacity"], kept[0]["booked"], kept[0]["remaining"]) == (1, 3, 0)
    (cancelled,) = clinic("doctor", "avail", "set", "RAO", "tomorrow", "--absent", "--on-conflict", "cancel", "--yes")
    assert cancelled["booked"] == 0
    assert [(each["number"], each["phone"]) for each in cancelled["cancelled"]] == [
        ("P1", "+919876543210"),
        ("P2", "+919123456789"),
        ("P3", None),
    ]
    assert {each["cancelled_by"] for each in clinic("appointment", "list", "--status", "cancelled")} == {"clinic"}


def test_a_lower_capacity_strands_only_those_in_the_highest_slots(clinic: Ask, refused: Refused) -> None:
    for patient in ("P1", "P2"):
        clinic("book", patient, "MEHTA", "tomorrow")
    error = refused(6, "has_bookings", "doctor", "avail", "set", "MEHTA", "tomorrow", "--capacity", "1")
    assert [each["number"] for each in error["details"]["affected"]] == ["P2"]
    error = refused(6, "has_bookings", "doctor", "edit", "MEHTA", "--capacity", "1")
    assert [each["number"] for each in error["details"]["affected"]] == ["P2"]
    error = refused(6, "has_bookings", "config", "capacity", "1")
    assert [each["number"] for each in error["details"]["affected"]] == ["P2"]


def test_another_default_capacity_holds_for_days_that_are_booked_already(clinic: Ask) -> None:
    clinic("book", "P1", "MEHTA", "tomorrow")
    clinic("config", "capacity", "5")
    (day,) = clinic("doctor", "avail", "show", "MEHTA", "tomorrow")
    assert (day["capacity"], day["remaining"]) == (5, 4)
    clinic("doctor", "edit", "MEHTA", "--capacity", "2")
    (day,) = clinic("doctor", "avail", "show", "MEHTA", "tomorrow")
    assert (day["capacity"], day["remaining"]) == (2, 1)


# Booking


def test_the_first_booking_takes_slot_1(clinic: Ask) -> None:
    booked = clinic("book", "P1", "MEHTA", "tomorrow", "--reason", "blood pressure")
    assert booked.keys() >= APPOINTMENT_FIELDS | {"replayed"}
    assert (booked["number"], booked["slot"], booked["status"], booked["replayed"]) == ("A1", 1, "booked", False)
    assert booked["patient"].keys() == {"id", "number", "name"}
    assert booked["doctor"].keys() == {"id", "code", "name"}
    shown = {name: booked[name] for name in booked if name not in ("replayed", "waitlist_closed")}
    assert clinic("appointment", "show", "A1") == shown


def test_the_day_is_today_where_none_is_said(clinic: Ask) -> None:
    assert clinic("book", "P1", "MEHTA")["date"] == clinic("doctor", "avail", "show", "MEHTA", "today")[0]["date"]


def test_the_same_key_is_the_same_appointment(clinic: Ask) -> None:
    first = clinic("book", "P1", "MEHTA", "tomorrow", "--reason", "knee", "--key", "k-1")
    again = clinic("book", "P1", "MEHTA", "tomorrow", "--reason", "knee", "--key", "k-1")
    assert first["key"] == "k-1"
    assert again == first | {"replayed": True}
    assert len(clinic("appointment", "list")) == 1


def test_a_replay_answers_as_the_first_time_whatever_has_come_since(clinic: Ask) -> None:
    first = clinic("book", "P1", "MEHTA", "--key", "k-1")
    clinic("checkin", "A1")
    assert clinic("book", "P1", "MEHTA", "--key", "k-1") == first | {"replayed": True}


def test_a_key_is_bound_to_what_was_meant_not_to_how_it_was_said(clinic: Ask) -> None:
    first = clinic("book", "P1", "MEHTA", "today", "--key", "k-1")
    for patient, doctor, day in (("anita sh", "mehta", first["date"]), (first["patient"]["id"], "Mehta", "+0d")):
        assert clinic("book", patient, doctor, day, "--key", "k-1") == first | {"replayed": True}


def test_a_key_used_for_another_request_is_refused_whatever_the_command(clinic: Ask, refused: Refused) -> None:
    clinic("book", "P1", "MEHTA", "tomorrow", "--key", "k-1")
    assert refused(6, "key_reused", "book", "P2", "MEHTA", "tomorrow", "--key", "k-1")["details"]["command"] == "book"
    refused(6, "key_reused", "appointment", "cancel", "A1", "--key", "k-1")
    assert len(clinic("appointment", "list", "--status", "booked")) == 1


def test_a_refused_write_does_not_use_its_key_up(clinic: Ask, refused: Refused) -> None:
    refused(4, "doctor_not_found", "book", "P1", "NOBODY", "--key", "k-1")
    refused(2, "invalid_value", "patient", "add", "X1", "--phone", "12", "--key", "k-1")
    assert clinic("book", "P1", "MEHTA", "--key", "k-1")["replayed"] is False


@pytest.mark.parametrize(
    "write",
    [
        ("patient", "add", "Zoë Quinn", "--phone", "+44 7400 123456", "--note", "deaf in one ear"),
        ("patient", "edit", "P2", "--note", "came by bus"),
        ("doctor", "add", "NEW", "Dr. New"),
        ("doctor", "edit", "RAO", "--specialty", "ears"),
        ("doctor", "avail", "set", "RAO", "tomorrow..+3d", "--capacity", "2", "--note", "short day"),
        ("book", "P2", "RAO", "--time", "09:30", "--past", "--reason", "cough"),
        ("appointment", "cancel", "A1", "--reason", "feels better"),
        ("checkin", "A1"),
        ("walkin", "P2", "MEHTA", "--again"),
        ("queue", "call", "RAO"),
        ("config", "overbook-limit", "5"),
    ],
    ids=lambda write: " ".join(write[:2]),
)
def test_every_write_replays_by_its_key_and_dry_runs_without_a_trace(
    clinic: Ask, database: str, write: tuple[str, ...]
) -> None:
    clinic("book", "P1", "MEHTA")
    clinic("walkin", "P1", "RAO")
    before = stored.dump(database)
    dry = clinic(*write, "--key", "k", "--dry-run")
    assert all(each["dry_run"] is True for each in (dry if isinstance(dry, list) else [dry]))
    assert stored.dump(database) == before
    first = clinic(*write, "--key", "k")
    after = stored.dump(database)
    assert after != before
    again = clinic(*write, "--key", "k")
    mark = {"replayed": True}
    assert again == ([each | mark for each in first] if isinstance(first, list) else first | mark)
    assert stored.dump(database) == after


def test_an_absent_doctor_is_not_booked(clinic: Ask, refused: Refused) -> None:
    clinic("doctor", "avail", "set", "MEHTA", "tomorrow", "--absent")
    error = refused(7, "doctor_absent", "book", "P1", "MEHTA", "tomorrow")
    assert len(error["details"]["next_free"]) == 3


def test_an_unknown_doctor_and_a_past_day_are_refused(clinic: Ask, refused: Refused) -> None:
    refused(4, "doctor_not_found", "book", "P1", "NOBODY")
    refused(7, "past_day", "book", "P1", "MEHTA", "yesterday")
    refused(7, "past_day", "book", "P1", "MEHTA", "-1d")
    refused(7, "past_day", "doctor", "avail", "set", "MEHTA", "yesterday", "--absent")


def test_appointments_are_listed_by_doctor_patient_day_and_status(clinic: Ask) -> None:
    for patient, doctor, day in (("P1", "MEHTA", "today"), ("P2", "MEHTA", "tomorrow"), ("P1", "RAO", "tomorrow")):
        clinic("book", patient, doctor, day)
    clinic("appointment", "cancel", "A2")

    def listed(*filters: str) -> list[str]:
        return [each["number"] for each in clinic("appointment", "list", *filters)]

    assert listed() == ["A1", "A2", "A3"]
    assert listed("--doctor", "mehta") == ["A1", "A2"]
    assert listed("--day", "tomorrow") == ["A2", "A3"]
    assert listed("--day", "today..+2d", "--doctor", "RAO") == ["A3"]
    assert listed("--patient", "anita") == ["A1", "A3"]
    assert listed("--status", "cancelled") == ["A2"]
    assert listed("--status", "cancelled", "--status", "booked", "--limit", "2") == ["A1", "A2"]
    assert listed("--day", "+30d") == []


def test_ten_bookings_take_slots_1_to_10_and_the_eleventh_is_refused(clinic: Ask, refused: Refused) -> None:
    numbers = register(clinic, 11)
    assert [clinic("book", each, "MEHTA", "tomorrow")["slot"] for each in numbers[:10]] == list(range(1, 11))
    error = refused(6, "capacity_full", "book", numbers[10], "MEHTA", "tomorrow")
    (tomorrow,) = clinic("doctor", "avail", "show", "MEHTA", "tomorrow")
    free = [each["date"] for each in clinic("doctor", "avail", "show", "MEHTA", "+2d..+4d")]
    assert error["details"] == {
        "doctor": "MEHTA",
        "date": tomorrow["date"],
        "booked": 10,
        "capacity": 10,
        "next_free": free,
    }
    assert all(each in error["hint"] for each in free)


def test_a_cancelled_slot_comes_back_once_and_is_the_next_one_given(clinic: Ask, refused: Refused) -> None:
    first, second, third, fourth = register(clinic, 4)
    for each in (first, second, third):
        clinic("book", each, "RAO", "tomorrow")
    cancelled = clinic("appointment", "cancel", "A2", "--by", "clinic", "--reason", "doctor ill")
    assert (cancelled["status"], cancelled["cancelled_by"], cancelled["cancel_reason"]) == (
        "cancelled",
        "clinic",
        "doctor ill",
    )
    refused(7, "illegal_step", "appointment", "cancel", "A2")
    assert clinic("doctor", "avail", "show", "RAO", "tomorrow")[0]["remaining"] == 1
    assert clinic("book", fourth, "RAO", "tomorrow")["slot"] == 2
    assert clinic("doctor", "avail", "show", "RAO", "tomorrow")[0]["remaining"] == 0


def test_a_second_active_appointment_that_day_needs_again(clinic: Ask, refused: Refused) -> None:
    clinic("book", "P1", "MEHTA")
    assert refused(6, "already_booked", "book", "P1", "MEHTA")["details"]["appointment"] == "A1"
    assert clinic("book", "P1", "MEHTA", "--again")["slot"] == 2
    assert clinic("book", "P1", "MEHTA", "--again")["slot"] == 3
    assert clinic("book", "P1", "RAO")["slot"] == 1


def test_overbooking_passes_the_capacity_up_to_the_clinics_limit(clinic: Ask, refused: Refused) -> None:
    numbers = register(clinic, 6)
    for each in numbers[:3]:
        assert clinic("book", each, "RAO", "--overbook")["overbooked"] is False
    refused(6, "capacity_full", "book", numbers[3], "RAO")
    assert [clinic("book", each, "RAO", "--overbook")["overbooked"] for each in numbers[3:5]] == [True, True]
    refused(6, "capacity_full", "book", numbers[5], "RAO", "--overbook")
    assert clinic("doctor", "avail", "show", "RAO", "today")[0]["remaining"] == 0
    clinic("appointment", "cancel", "A1")
    refused(6, "capacity_full", "book", numbers[5], "RAO")


def test_the_history_tells_every_step(clinic: Ask) -> None:
    clinic("book", "P1", "MEHTA", "--reason", "knee", "--actor", "asha")
    clinic("checkin", "A1", "--actor", "ravi")
    clinic("queue", "call", "MEHTA")
    clinic("queue", "start", "MEHTA")
    clinic("queue", "done", "MEHTA")
    steps = clinic("appointment", "history", "A1")
    assert [each["to_status"] for each in steps] == [
        "booked",
        "checked_in",
        "checked_in",
        "in_consultation",
        "completed",
    ]
    assert [each["queue_to"] for each in steps] == [None, "waiting", "called", "serving", "done"]
    assert [each["command"] for each in steps] == ["book", "checkin", "queue call", "queue start", "queue done"]
    assert (steps[0]["actor"], steps[1]["actor"], steps[0]["reason"]) == ("asha", "ravi", "knee")


# Arriving


def test_a_check_in_gives_the_next_position(clinic: Ask) -> None:
    clinic("book", "P1", "MEHTA")
    clinic("book", "P2", "MEHTA")
    second = clinic("checkin", "A2")
    assert second.keys() >= {"position", "people_ahead", "checked_in_at", "appointment", "replayed"}
    assert (second["position"], second["people_ahead"], second["appointment"]["status"]) == (1, 0, "checked_in")
    first = clinic("checkin", "anita")
    assert (first["position"], first["people_ahead"], first["appointment"]["position"]) == (2, 1, 2)


def test_a_second_check_in_is_refused_with_the_position(clinic: Ask, refused: Refused) -> None:
    clinic("book", "P1", "MEHTA")
    clinic("checkin", "A1")
    for reference in ("A1", "P1", "anita"):
        assert refused(6, "already_checked_in", "checkin", reference)["details"]["position"] == 1


def test_the_wrong_patient_is_refused(clinic: Ask, refused: Refused) -> None:
    clinic("book", "P1", "MEHTA")
    error = refused(7, "wrong_patient", "checkin", "A1", "--patient", "P2")
    assert error["details"] == {"appointment": "A1", "patient": "P1", "given": "P2"}
    assert clinic("checkin", "A1", "--patient", "anita")["position"] == 1


def test_an_unknown_appointment_is_not_found(clinic: Ask, refused: Refused) -> None:
    refused(4, "appointment_not_found", "checkin", "A99")
    refused(4, "appointment_not_found", "checkin", "00000000-0000-4000-8000-000000000000")
    refused(4, "appointment_not_found", "checkin", "P1")
    refused(4, "patient_not_found", "checkin", "nobody")
    refused(4, "appointment_not_found", "appointment", "show", "A99")


def test_a_patient_with_several_appointments_today_has_to_say_which(clinic: Ask, refused: Refused) -> None:
    clinic("book", "P1", "MEHTA")
    clinic("book", "P1", "RAO")
    error = refused(5, "ambiguous", "checkin", "P1")
    assert [each["appointment"] for each in error["details"]["candidates"]] == ["A1", "A2"]


def test_a_future_day_is_refused(clinic: Ask, refused: Refused) -> None:
    clinic("book", "P1", "MEHTA", "tomorrow")
    refused(7, "wrong_day", "checkin", "A1")


def test_a_cancelled_appointment_does_not_check_in(clinic: Ask, refused: Refused) -> None:
    clinic("book", "P1", "MEHTA")
    clinic("appointment", "cancel", "A1")
    refused(7, "illegal_step", "checkin", "A1")
    refused(4, "appointment_not_found", "checkin", "P1")


def test_a_walk_in_books_and_checks_in_or_does_neither(clinic: Ask, refused: Refused, database: str) -> None:
    arrived = clinic("walkin", "P1", "MEHTA", "--reason", "cut finger")
    assert (arrived["position"], arrived["appointment"]["slot"]) == (1, 1)
    clinic("doctor", "avail", "set", "RAO", "today", "--absent")
    before = stored.dump(database)
    refused(7, "doctor_absent", "walkin", "P2", "RAO")
    assert stored.dump(database) == before


# The queue


def test_the_queue_stands_in_calling_order(clinic: Ask) -> None:
    for patient in ("P2", "P1"):
        clinic("walkin", patient, "MEHTA")
    clinic("walkin", "P1", "RAO")
    queue = clinic("queue", "show", "MEHTA")
    assert queue[0].keys() >= ENTRY_FIELDS
    assert [(each["position"], each["patient"]["number"], each["people_ahead"]) for each in queue] == [
        (1, "P2", 0),
        (2, "P1", 1),
    ]
    assert [each["doctor"] for each in clinic("queue", "show")] == ["MEHTA", "MEHTA", "RAO"]
    assert clinic("queue", "show", "MEHTA", "yesterday") == []


def test_a_consultation_goes_through_call_start_and_done(clinic: Ask, refused: Refused) -> None:
    for patient in ("P1", "P2"):
        clinic("walkin", patient, "MEHTA")
    refused(4, "queue_entry_not_found", "queue", "start", "MEHTA")
    called = clinic("queue", "call", "MEHTA")
    assert (called["position"], called["status"], called["people_ahead"]) == (1, "called", 0)
    assert clinic("queue", "show", "MEHTA")[1]["people_ahead"] == 0
    refused(7, "illegal_step", "queue", "call", "MEHTA", "1")
    refused(7, "illegal_step", "queue", "done", "MEHTA", "1")
    started = clinic("queue", "start", "MEHTA")
    assert (started["status"], started["appointment"]["status"]) == ("serving", "in_consultation")
    done = clinic("queue", "done", "MEHTA")
    assert (done["status"], done["appointment"]["status"]) == ("done", "completed")
    assert [each is not None for each in (done["called_at"], done["started_at"], done["ended_at"])] == [True] * 3


def test_the_one_at_a_position_is_called_out_of_turn(clinic: Ask, refused: Refused) -> None:
    for patient in ("P1", "P2"):
        clinic("walkin", patient, "MEHTA")
    assert clinic("queue", "call", "MEHTA", "2")["patient"]["number"] == "P2"
    assert clinic("queue", "call", "MEHTA")["patient"]["number"] == "P1"
    refused(4, "queue_entry_not_found", "queue", "call", "MEHTA")
    refused(4, "queue_entry_not_found", "queue", "call", "MEHTA", "7")
    refused(5, "ambiguous", "queue", "start", "MEHTA")
    assert clinic("queue", "start", "MEHTA", "2")["position"] == 2


def test_a_slot_of_a_done_patient_is_not_given_again(clinic: Ask) -> None:
    clinic("walkin", "P1", "RAO")
    for step in ("call", "start", "done"):
        clinic("queue", step, "RAO")
    assert clinic("book", "P2", "RAO")["slot"] == 2

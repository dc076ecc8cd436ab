"""Messages that are handed out: to one sender at a time, at the right hour, to the right phone, in the right words."""

import json
import shlex
import tracemalloc
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from freezegun import freeze_time

from clinicctl import desk, errors
from clinicctl.rules import messages
from clinicctl.statuses import MessageKind
from clinicctl.store.engine import open_store
from tests import stored
from tests.conftest import Start

Ask = Callable[..., Any]
Run = Callable[..., Any]
Refused = Callable[..., dict[str, Any]]

BERLIN = ZoneInfo("Europe/Berlin")
KOLKATA = ZoneInfo("Asia/Kolkata")
NOW = datetime(2026, 11, 23, 10, 0, tzinfo=KOLKATA)
NIGHT = (21 * 60, 8 * 60)


@pytest.fixture
def at_ten(clinic: Ask) -> Iterator[Any]:
    """A clinic that sends messages, on a Monday at ten in its zone."""
    with freeze_time(NOW) as clock:
        clinic("config", "notify", "on")
        yield clock


@pytest.fixture
def booked(clinic: Ask, at_ten: Any) -> Any:
    """A visit in three days, whose patient has not heard of it."""
    clinic("book", "P1", "MEHTA", "+3d", "--time", "10:00", "--reason", "zyxwin-reason", "--note", "zyxwin-note")
    return at_ten


def take(ask: Ask, *options: str) -> dict[str, Any]:
    (given,) = ask("outbox", "next", *options)
    return dict(given)


# Leases


def test_a_message_is_handed_out_to_one_sender_until_its_lease_ends(clinic: Ask, booked: Any) -> None:
    given = take(clinic, "--lease", "2m")
    assert (given["attempt"], given["kind"], given["channel"]) == (1, "booked", "sms")
    assert given["leased_until"] == "2026-11-23T10:02:00+05:30"
    assert clinic("outbox", "next") == []
    booked.tick(119)
    assert clinic("outbox", "next") == []
    booked.tick(1)
    again = take(clinic)
    assert (again["id"], again["attempt"]) == (given["id"], 2)
    assert again["deduplication_id"] == given["deduplication_id"]


def test_a_sent_message_is_never_handed_out_again(clinic: Ask, refused: Refused, booked: Any) -> None:
    given = take(clinic)
    booked.tick(timedelta(hours=1))  # The lease is over, and nobody else has it.
    sent = clinic("outbox", "sent", given["id"], "--ref", "SM1", "--key", "k")
    assert (sent["state"], sent["ref"], sent["attempts"]) == ("sent", "SM1", 1)
    assert clinic("outbox", "sent", given["id"], "--ref", "SM1", "--key", "k")["replayed"]
    assert refused(7, "illegal_step", "outbox", "sent", given["id"])["message"] == f"{given['id']} is already sent."
    refused(7, "illegal_step", "outbox", "failed", given["id"], "--reason", "x")
    booked.tick(timedelta(hours=1))
    assert clinic("outbox", "next") == []


def test_a_sender_that_was_overtaken_cannot_answer_for_the_other(clinic: Ask, refused: Refused, booked: Any) -> None:
    given = take(clinic, "--lease", "1m")
    booked.tick(61)
    take(clinic)
    refused(6, "leased_again", "outbox", "failed", given["id"], "--reason", "timeout", "--attempt", "1")
    assert clinic("outbox", "show", given["id"])["state"] == "leased"
    clinic("outbox", "sent", given["id"], "--attempt", "2")


def test_a_failed_attempt_is_repeated_later_and_later_then_it_ends(clinic: Ask, booked: Any) -> None:
    clinic("config", "reminders", "")
    waits = list[timedelta]()
    for attempt in range(1, messages.MOST_ATTEMPTS + 1):
        given = take(clinic)
        assert given["attempt"] == attempt
        failed = clinic("outbox", "failed", given["id"], "--reason", "busy")
        if failed["state"] == "pending":
            due = datetime.fromisoformat(failed["due"])
            waits.append(due - datetime.now(UTC))
            booked.move_to(due - timedelta(seconds=1))
            assert clinic("outbox", "next") == []
            booked.move_to(due)
    assert waits == [timedelta(minutes=each) for each in (1, 4, 16, 64)]
    shown = clinic("outbox", "show", given["id"])
    assert (shown["state"], shown["failure"], shown["attempts"], shown["due"]) == ("failed", "busy", 5, None)
    booked.tick(timedelta(hours=2))
    assert clinic("outbox", "next") == []


def test_a_sender_chooses_when_it_tries_again_or_gives_up(clinic: Ask, booked: Any) -> None:
    given = take(clinic)
    again = clinic("outbox", "failed", given["id"], "--reason", "busy", "--retry-in", "30m")
    assert again["due"] == "2026-11-23T10:30:00+05:30"
    booked.tick(timedelta(minutes=30))
    take(clinic)
    over = clinic("outbox", "failed", given["id"], "--reason", "unknown number", "--give-up")
    assert (over["state"], over["failure"]) == ("failed", "unknown number")


def test_senders_that_never_answer_end_a_message(clinic: Ask, booked: Any) -> None:
    for _ in range(messages.MOST_ATTEMPTS):
        given = take(clinic, "--lease", "1m")
        booked.tick(60)
    assert clinic("outbox", "next") == []
    assert clinic("outbox", "show", given["id"])["failure"] == "no sender has answered in 5 attempts"


def test_nothing_is_written_when_nothing_is_due(clinic: Ask, at_ten: Any) -> None:
    clinic("book", "P1", "MEHTA", "+3d")
    take(clinic)
    before = clinic("audit", "log", "--limit", "1")
    assert clinic("outbox", "next") == []
    assert clinic("audit", "log", "--limit", "1") == before


def test_a_repeated_key_gets_the_same_messages(clinic: Ask, booked: Any) -> None:
    first = take(clinic, "--key", "cron-1")
    again = take(clinic, "--key", "cron-1")
    assert first | {"replayed": True} == again


def test_a_dry_run_leases_nothing(clinic: Ask, booked: Any) -> None:
    assert take(clinic, "-n")["attempt"] == 1
    assert take(clinic)["attempt"] == 1


@pytest.mark.parametrize("message", ["A1", "A1-", "A1-booked-x", "x-booked-1", "A1-visit-3", "A0-near"])
def test_what_is_no_id_of_a_message_is_refused(message: str, clinic: Ask, refused: Refused) -> None:
    refused(2, "invalid_value", "outbox", "show", message)


def test_an_unknown_message_is_not_found(clinic: Ask, refused: Refused) -> None:
    for command in (("show",), ("sent",), ("failed", "--reason", "x")):
        refused(4, "message_not_found", "outbox", command[0], "A1-near", *command[1:])


# Two senders at once

SENDERS = 4


def test_no_two_senders_at_once_get_the_same_message(clinic: Ask, run: Run, fork: Start) -> None:
    clinic("config", "notify", "on")
    clinic("config", "quiet_hours", "")
    clinic("doctor", "edit", "MEHTA", "--capacity", "50")
    names = "".join(f"{first}ya {last}ara,none\n" for first in "ABCDEFG" for last in "KLMNP")
    clinic("patient", "import", "-", stdin=f"name,phone\n{names}")
    people = [each["number"] for each in clinic("patient", "list")]
    for each in people:
        clinic("patient", "edit", each, "--phone", "98111 11111")
    lines = "\n".join(f"book {each} MEHTA +3d" for each in people)
    assert run("batch", "-", stdin=lines).status == 0
    given: list[str] = []
    while True:
        senders = [fork("outbox", "next", "--limit", "3", "--json") for _ in range(SENDERS)]
        answers = [each.communicate(timeout=60)[0] for each in senders]
        assert [each.returncode for each in senders] == [0] * SENDERS
        found = [message["id"] for each in answers for message in json.loads(each)]
        given += found
        if not found:
            break
    assert len(given) == len(set(given)) == len(people)


# When


def test_a_visit_cancelled_between_lease_and_send_is_seen_by_the_sender(clinic: Ask, booked: Any) -> None:
    given = take(clinic)
    assert clinic("outbox", "show", given["id"])["gone"] is None
    clinic("cancel", "A1", "--by", "clinic")
    assert clinic("outbox", "show", given["id"])["gone"] == "the visit is cancelled"
    # Either way its lease ends: it is marked as sent, or is dropped when it would be handed out again.
    booked.tick(timedelta(minutes=5))
    assert [each["kind"] for each in clinic("outbox", "next")] == ["cancelled"]
    assert clinic("outbox", "show", given["id"])["state"] == "dropped"


def test_nothing_is_handed_out_in_quiet_hours(clinic: Ask, run: Run, booked: Any) -> None:
    booked.move_to(datetime(2026, 11, 23, 21, 0, tzinfo=KOLKATA))
    assert clinic("outbox", "next") == []
    said = "Quiet hours: nothing is handed out before 08:00."
    assert said in run("outbox", "next", status=0).stderr
    booked.move_to(datetime(2026, 11, 24, 7, 59, 59, tzinfo=KOLKATA))
    assert clinic("outbox", "next") == []
    booked.move_to(datetime(2026, 11, 24, 8, 0, tzinfo=KOLKATA))
    assert take(clinic)["kind"] == "booked"


@pytest.mark.parametrize(
    ("due", "out"),
    [
        # The clock is put forward on 29 March at 2, and back on 25 October at 3.
        ("2026-03-28 20:59", "2026-03-28 20:59"),
        ("2026-03-28 21:00", "2026-03-29 08:00"),
        ("2026-03-29 01:30", "2026-03-29 08:00"),
        ("2026-10-24 23:00", "2026-10-25 08:00"),
        ("2026-10-25 02:30", "2026-10-25 08:00"),
        ("2026-10-25 08:00", "2026-10-25 08:00"),
    ],
)
def test_quiet_hours_end_by_the_clock_of_the_clinic(due: str, out: str) -> None:
    at, wanted = (datetime.fromisoformat(each).replace(tzinfo=BERLIN).astimezone(UTC) for each in (due, out))
    assert messages.goes_out(at, BERLIN, NIGHT) == wanted
    assert messages.is_quiet(at, BERLIN, NIGHT) == (at != wanted)


def test_quiet_hours_that_end_in_a_repeated_hour_end_at_its_second_time() -> None:
    """At 3 the clock is put back to 2: from half past two it is quiet no more, then it is again, and then no more."""
    quiet = (22 * 60, 2 * 60 + 30)
    at = datetime(2026, 10, 24, 22, 0, tzinfo=UTC)
    while at < datetime(2026, 10, 25, 4, 0, tzinfo=UTC):
        out = messages.goes_out(at, BERLIN, quiet)
        assert at <= out
        assert not messages.is_quiet(out, BERLIN, quiet)
        at += timedelta(minutes=10)


@pytest.mark.parametrize(
    ("on", "due"),
    [("2026-03-29", "2026-03-28T09:00:00+01:00"), ("2026-10-25", "2026-10-24T11:00:00+02:00")],
)
def test_a_reminder_counts_hours_also_when_the_clock_changes(on: str, due: str, clinic: Ask) -> None:
    with freeze_time(datetime.fromisoformat(f"{on} 10:00").replace(tzinfo=BERLIN) - timedelta(days=5)):
        clinic("config", "timezone", "Europe/Berlin")
        clinic("config", "notify", "on")
        clinic("book", "P1", "MEHTA", on, "--time", "10:00")
        listed = {each["id"]: each["due"] for each in clinic("outbox", "list")}
        assert listed["A1-reminder-1440"] == due
        assert listed["A1-reminder-120"] == f"{on}T08:00:00{'+02:00' if on < '2026-06' else '+01:00'}"


def test_of_two_reminders_that_are_due_only_the_last_goes_out(clinic: Ask, booked: Any) -> None:
    clinic("outbox", "sent", take(clinic)["id"])
    booked.move_to(datetime(2026, 11, 26, 8, 30, tzinfo=KOLKATA))
    assert take(clinic)["id"] == "A1-reminder-120"
    assert clinic("outbox", "show", "A1-reminder-1440")["failure"] == "a reminder closer to the visit is due"


def test_no_reminder_goes_out_after_the_visit_has_begun(clinic: Ask, booked: Any) -> None:
    booked.move_to(datetime(2026, 11, 26, 10, 0, tzinfo=KOLKATA))
    assert clinic("outbox", "next") == []
    dropped = clinic("outbox", "list", "--state", "dropped")
    assert {each["failure"] for each in dropped} == {"the visit has begun"}


def test_only_the_last_news_of_a_visit_go_out(clinic: Ask, booked: Any) -> None:
    for time in ("11:00", "12:00"):
        clinic("move", "A1", "--time", time)
    given = take(clinic)
    assert (given["kind"], given["text"][-17:]) == ("moved", "26/11/2026 12:00.")
    assert [each["failure"] for each in clinic("outbox", "list", "--state", "dropped")] == [
        "there is later news of the visit",
        "there is later news of the visit",
    ]


# To whom


@pytest.mark.parametrize(
    ("options", "expected"),
    [
        ("", ("sms", "+919876543210")),
        ("--email a@mark.example --notify email", ("email", "a@mark.example")),
        ("--email a@mark.example --notify whatsapp", ("whatsapp", "+919876543210")),
        ("--email a@mark.example --phone none", ("email", "a@mark.example")),
        ("--notify none", "the patient wants no messages"),
        ("--phone none", "the patient has no address for it"),
        ("--notify email", "the patient has no address for it"),
    ],
)
def test_a_message_goes_the_way_that_the_patient_wants(options: str, expected: Any, clinic: Ask, booked: Any) -> None:
    if options:
        clinic("patient", "edit", "P1", *shlex.split(options))
    found = clinic("outbox", "next")
    if isinstance(expected, tuple):
        assert [(each["channel"], each["to"]) for each in found] == [expected]
        assert (found[0]["subject"] is not None) == (expected[0] == "email")
        assert found[0]["phone"] == (None if expected[0] == "email" else expected[1])
    else:
        assert found == []
        (dropped,) = clinic("outbox", "list", "--state", "dropped")
        assert dropped["failure"] == expected


def test_a_sender_gets_only_the_messages_of_its_channel(clinic: Ask, booked: Any) -> None:
    clinic("patient", "edit", "P2", "--email", "m@mark.example", "--notify", "email")
    clinic("book", "P2", "MEHTA", "+3d")
    assert clinic("outbox", "next", "--channel", "whatsapp") == []
    assert take(clinic, "--channel", "email")["patient"] == "P2"
    assert take(clinic, "--channel", "sms")["patient"] == "P1"


def test_a_family_on_one_phone_gets_one_message_for_each_of_them(clinic: Ask, booked: Any) -> None:
    clinic("patient", "add", "Kiran Sharma", "--phone", "98765 43210", "--new")
    clinic("book", "P3", "MEHTA", "+3d")
    given = clinic("outbox", "next")
    assert [each["to"] for each in given] == ["+919876543210"] * 2
    texts = [each["text"] for each in given]
    assert [("Anita" in each, "Kiran" in each) for each in texts] == [(True, False), (False, True)]


# In which words


def test_no_text_has_the_reason_or_the_note_of_a_visit(clinic: Ask, booked: Any) -> None:
    clinic("patient", "edit", "P1", "--email", "a@mark.example", "--notify", "email", "--note", "zyxwin-allergy")
    found = [*clinic("outbox", "preview", "today"), *clinic("outbox", "preview", "+2d"), *clinic("outbox", "next")]
    assert len(found) == 3
    assert "zyxwin" not in json.dumps(found)


@pytest.mark.parametrize(
    ("kind", "text", "problem"),
    [
        ("reminder", "{clinic}: {reason}", "{reason}: a message never has the reason of a visit"),
        ("reminder", "{diagnosis}", "{diagnosis}: a message never has"),
        ("reminder", "{ahead}", "Those of `reminder` are {clinic}, {patient}"),
        ("near", "{when", "a brace without its other one"),
        ("near", "{}", "A placeholder of the template is unknown"),
        ("near", "{patient!r}", "A placeholder of the template is unknown"),
        ("near", " ", "A template has 1 to 1,000 printable characters"),
        ("near", "x" * 1001, "A template has 1 to 1,000 printable characters"),
    ],
)
def test_a_template_with_a_wrong_placeholder_is_refused(
    kind: str, text: str, problem: str, clinic: Ask, refused: Refused
) -> None:
    assert problem in refused(2, "invalid_value", "config", "template", "set", "de", kind, text)["message"]
    assert not any(each["own"] for each in clinic("config", "template", "list", "de"))


@pytest.mark.parametrize(
    "text",
    [
        "{patient}\n{when}",
        "{patient} \U0001f468\u200d\U0001f469\u200d\U0001f467 \u2764\ufe0f",
        "\u0645\u06cc\u200c\u062e\u0648\u0627\u0647\u0645 {when}",
        "\u200f{when} \u05d1\u05e9\u05e2\u05d4 {time}\u200e",
        "Rendez-vous\u00a0: {when}, 10\u202fh",
        "x" * 1000,
    ],
)
def test_a_template_in_any_script_is_taken(text: str, clinic: Ask, booked: Any) -> None:
    clinic("config", "template", "set", "en", "booked", text)
    found = take(clinic)["text"]
    assert found == text.replace("{patient}", "Anita Sharma").replace("{when}", "26/11/2026 10:00").replace(
        "{time}", "10:00"
    )


@pytest.mark.parametrize("mark", ["\u202e", "\x1b", "\r", "\t", "\ufeff", "\ud800"])
def test_a_template_has_no_hidden_letters(mark: str) -> None:
    with pytest.raises(errors.BadValue):
        messages.check_template(f"{{when}}{mark}{{time}}", MessageKind.BOOKED)


def test_each_patient_is_written_to_in_their_language(clinic: Ask, booked: Any) -> None:
    clinic("config", "template", "set", "de", "booked", "{clinic}: {patient}, Termin am {date} um {time}, {number}.")
    clinic("config", "template", "set", "de", "booked", "--subject", "Ihr Termin am {date}")
    clinic("patient", "edit", "P1", "--language", "de-at", "--email", "a@mark.example", "--notify", "email")
    given = take(clinic)
    assert given["text"] == "Test Clinic: Anita Sharma, Termin am 26/11/2026 um 10:00, A1."
    assert (given["subject"], given["language"]) == ("Ihr Termin am 26/11/2026", "de")
    clinic("config", "template", "remove", "de", "booked")
    shown = clinic("outbox", "show", given["id"])
    assert (shown["language"], shown["text"][:40]) == ("en", "Test Clinic: Anita Sharma has a visit wi")


def test_the_clinics_language_is_that_of_patients_without_one(clinic: Ask, booked: Any) -> None:
    clinic("config", "template", "set", "hi", "booked", "{patient}: {when}")
    assert take(clinic, "-n")["language"] == "en"
    clinic("config", "language", "HI")
    assert take(clinic)["text"] == "Anita Sharma: 26/11/2026 10:00"


def test_every_kind_has_a_text_that_passes_its_own_check() -> None:
    for kind in MessageKind:
        assert messages.check_template(messages.TEXTS[kind], kind) == messages.TEXTS[kind]
        subject = messages.check_template(messages.SUBJECTS[kind], kind, most=messages.SUBJECT)
        assert subject == messages.SUBJECTS[kind]
    with pytest.raises(errors.BadValue, match="one line"):
        messages.check_template("a\nb", MessageKind.NEAR, most=messages.SUBJECT)


# Lists


def test_the_preview_shows_what_goes_out_tomorrow(clinic: Ask, booked: Any) -> None:
    booked.move_to(datetime(2026, 11, 24, 18, 0, tzinfo=KOLKATA))
    clinic("book", "P2", "MEHTA", "+2d", "--time", "06:00")
    shown = clinic("outbox", "preview")
    # The reminder of half past five in the morning waits for the end of the quiet hours.
    assert [(each["id"], each["due"]) for each in shown] == [
        ("A2-reminder-1440", "2026-11-25T08:00:00+05:30"),
        ("A1-reminder-1440", "2026-11-25T10:00:00+05:30"),
    ]
    assert shown[1]["text"].startswith("Test Clinic: Reminder of the visit of Anita Sharma")
    assert [each["kind"] for each in clinic("outbox", "preview", "today")] == ["booked", "booked"]
    assert {each["attempts"] for each in clinic("outbox", "list")} == {0}


def test_the_preview_has_what_waits_for_the_morning(clinic: Ask, booked: Any) -> None:
    booked.move_to(datetime(2026, 11, 24, 22, 0, tzinfo=KOLKATA))
    expected = [("A1-booked", "2026-11-25T08:00:00+05:30"), ("A1-reminder", "2026-11-25T10:00:00+05:30")]
    assert [(each["id"].rpartition("-")[0], each["due"]) for each in clinic("outbox", "preview")] == expected
    assert clinic("outbox", "preview", "today") == []


def test_messages_are_listed_by_state_day_doctor_and_patient(clinic: Ask, booked: Any) -> None:
    clinic("book", "P2", "RAO", "+4d")
    take(clinic, "--limit", "1")

    def listed(*options: str) -> int:
        return len(clinic("outbox", "list", *options))

    assert listed() == 6
    assert [listed("--state", each) for each in ("leased", "pending", "sent")] == [1, 5, 0]
    assert listed("--state", "leased", "--state", "pending") == 6
    assert [listed("--due"), listed("--due", "--patient", "P1")] == [1, 0]
    assert [listed("--doctor", "RAO"), listed("--patient", "P1"), listed("--day", "+4d")] == [3, 3, 3]
    assert listed("--limit", "2") == 2


# Very many

MANY = 100_000


@pytest.mark.file
def test_very_many_messages_are_handed_out_in_bounded_memory(clinic: Ask, database: str) -> None:
    with freeze_time(NOW):
        clinic("config", "notify", "on")
        clinic("book", "P1", "MEHTA", "+3d")
        fill(database)
        counted, peaks = 0, list[int]()
        store = open_store(database, wait=5)
        tracemalloc.start()
        for nth in range(4):
            tracemalloc.reset_peak()
            with store.write(actor="sender", key=f"k{nth}") as tx:
                counted += len(desk.outbox.hand_out(tx, limit=1000, lease=300))
            peaks.append(tracemalloc.get_traced_memory()[1])
        tracemalloc.stop()
        assert counted == 4_000
        assert max(peaks) < 30_000_000
        assert stored.value(database, "SELECT count(*) FROM messages WHERE state = 'leased'") == 4_000


@pytest.mark.file
def test_very_many_messages_are_all_handed_out_once(clinic: Ask, database: str) -> None:
    with freeze_time(NOW):
        clinic("config", "notify", "on")
        clinic("book", "P1", "MEHTA", "+3d")
        fill(database)
        given = set[str]()
        store = open_store(database, wait=5)
        while True:
            with store.write(actor="sender", key=f"k{len(given)}") as tx:
                found = desk.outbox.hand_out(tx, limit=5_000, lease=300)
            assert given.isdisjoint(each.id for each in found)
            given |= {each.id for each in found}
            if not found:
                break
        assert len(given) == MANY + 1


def fill(database: str) -> None:
    """Add visits of one patient in a year, each with news of its booking."""
    numbers = f"WITH RECURSIVE n(n) AS (SELECT 2 UNION ALL SELECT n + 1 FROM n WHERE n <= {MANY})"
    stored.change(
        database,
        f"INSERT INTO appointments {numbers} SELECT printf('%032x', n), n, patient_id, doctor_id, '2027-11-26', n, n,"
        " NULL, status, NULL, overbooked, NULL, NULL, NULL, NULL, NULL, created_at, updated_at, NULL, slots, NULL,"
        " after_midnight, NULL, NULL FROM n, appointments WHERE number = 1",
        f"INSERT INTO messages {numbers} SELECT n, kind, occasion, due, state, attempts, channel, ref, failure,"
        " created_at, updated_at FROM n, messages WHERE kind = 'booked'",
    )


def test_masked_phones_are_masked_in_every_table(clinic: Ask, run: Run, booked: Any) -> None:
    clinic("config", "mask_phones", "yes")
    name = clinic("outbox", "list")[0]["id"]
    for line in (f"outbox show {name}", "outbox preview today", "outbox next -n"):
        shown = run(*shlex.split(line), "-o", "table", status=0).stdout
        assert ("9876543210" in shown, "\u2026210" in shown) == (False, True), shown
    assert take(clinic)["to"] == "+919876543210"


# What needs somebody


def problems(ask: Ask) -> list[tuple[str, str, str, str]]:
    found = [each for each in ask("status") if "messages" in each["what"]]
    return [(each["what"], each["date"], each["subject"], each["command"]) for each in found]


def test_status_has_the_messages_that_failed_and_still_matter(clinic: Ask, booked: Any) -> None:
    clinic("book", "P1", "RAO", "+3d")
    clinic("book", "P2", "MEHTA", "+5d")
    clinic("book", "P2", "RAO", "+6d")
    for each in clinic("outbox", "next"):
        clinic("outbox", "failed", each["id"], "--reason", "unknown number", "--give-up")
    clinic("cancel", "A4")
    command = "clinicctl outbox list --state failed --day 2026-11-26..2026-11-28"
    assert problems(clinic) == [("failed messages", "2026-11-26", "3 not sent", command)]
    assert len(clinic(*shlex.split(command)[1:])) == 3
    # Somebody has called two of the patients.
    for each in clinic("outbox", "list", "--state", "failed", "--day", "2026-11-26"):
        clinic("outbox", "sent", each["id"], "--ref", "called")
    command = "clinicctl outbox list --state failed --day 2026-11-28"
    assert problems(clinic) == [("failed messages", "2026-11-28", "1 not sent", command)]
    booked.move_to(datetime(2026, 11, 29, 10, 0, tzinfo=KOLKATA))
    assert [each[0] for each in problems(clinic)] == ["overdue messages"]


def test_status_has_the_messages_that_no_sender_fetches(clinic: Ask, booked: Any) -> None:
    booked.tick(timedelta(minutes=30))
    assert problems(clinic) == []
    booked.tick(timedelta(minutes=12))
    late = ("overdue messages", "2026-11-23", "the oldest for 42 min", "clinicctl outbox list --due")
    assert problems(clinic) == [late]
    booked.tick(timedelta(hours=2))
    assert [each[2] for each in problems(clinic)] == ["the oldest for 2 h"]
    clinic("config", "notify", "off")
    assert problems(clinic) == []


def test_a_visit_that_is_over_makes_no_alarm(clinic: Ask, booked: Any) -> None:
    """No sender serves the channel of this patient, so that nobody drops the message."""
    clinic("patient", "edit", "P1", "--notify", "whatsapp")
    booked.move_to(datetime(2026, 11, 25, 10, 0, tzinfo=KOLKATA))
    assert clinic("outbox", "next", "--channel", "sms") == []
    assert [each[0] for each in problems(clinic)] == ["overdue messages"]
    booked.move_to(datetime(2026, 11, 28, 10, 0, tzinfo=KOLKATA))
    assert problems(clinic) == []


@pytest.mark.parametrize("notify", ["sms", "email", "whatsapp"])
def test_a_message_without_an_address_is_dropped_whoever_asks(notify: str, clinic: Ask, booked: Any) -> None:
    clinic("patient", "edit", "P1", "--phone", "none", "--notify", notify)
    clinic("book", "P2", "MEHTA", "+3d")
    assert take(clinic, "--channel", "sms")["patient"] == "P2"
    (dropped,) = clinic("outbox", "list", "--state", "dropped")
    assert dropped["failure"] == "the patient has no address for it"


# How patients want messages


def test_a_registration_keeps_how_a_patient_wants_messages(clinic: Ask, refused: Refused) -> None:
    options = ("Tara Bose", "--phone", "98111 11111", "--notify", "none", "--language", "PT_br")
    added = clinic("patient", "add", *options)
    assert (added["notify"], added["language"]) == ("none", "pt-br")
    again = clinic("patient", "add", "Tara Bose", "--phone", "98111 11111", "--notify", "sms")
    assert (again["created"], again["notify"], again["not_taken"]) == (False, "none", ["notify"])
    assert clinic("patient", "edit", "P3", "--language", "")["language"] is None
    refused(2, "usage", "patient", "edit", "P3", "--notify", "pigeon")
    refused(2, "invalid_value", "patient", "edit", "P3", "--language", "english")


def test_an_import_of_patients_has_how_they_want_messages(clinic: Ask, run: Run) -> None:
    rows = "name,phone,notify,language\nTara Bose,98111 11111,None,DE\nAnita Sharma,98765 43210,whatsapp,\n"
    imported = clinic("patient", "import", "-", stdin=rows)
    assert [each["outcome"] for each in imported["rows"]] == ["added", "changed"]
    found = [clinic("patient", "show", each) for each in ("P3", "P1")]
    assert [(each["notify"], each["language"]) for each in found] == [("none", "de"), ("whatsapp", None)]
    bad = run("patient", "import", "-", stdin="name,phone,notify\nLi Na,98111 11112,pigeon\n")
    assert (bad.status, "notify is sms, email, whatsapp, none" in bad.stderr) == (65, True)
    header, first, *_ = run("export", "patients", "-o", "csv", status=0).stdout.splitlines()
    assert dict(zip(header.split(","), first.split(","), strict=False))["number"] == "P1"
    assert header.endswith("notify,language")

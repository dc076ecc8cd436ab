"""One clinic's day in which every command that writes has its turn, on people whose data can be found again."""

from collections.abc import Callable, Iterator
from typing import Any

from clinicctl.cli.commands import Writing
from tests.docs import tree

NAME, PHONE, BORN, EMAIL, NOTE = "Zyxwin Quvmark", "98765 14703", "1971-03-17", "zyxwin@mark.example", "zyxwin-note"
OTHER = "Quormak Zélthu"
MARKS = (
    *("zyxwin", "quvmark", "quormak", "imogen", "zélthu", "zelthu"),
    *("9876514703", "98765 14703", "9876514704", "98765 14704", "9876514705", "98765 14705"),
    *("1971-03-17", "1972-04-18", "mark.example"),
)
"""What must be found nowhere but in the tables of people, lower-case."""

KEEPING = {"db", "init", "demo"}
"""Commands about the database as a whole have tests of their own."""

Line = tuple[list[str], str | None]

CALENDAR = """BEGIN:VCALENDAR
VERSION:2.0
BEGIN:VEVENT
DTSTART;VALUE=DATE:20991225
SUMMARY:Christmas
END:VEVENT
END:VCALENDAR
"""

DAY: tuple[Line, ...] = (
    (["config", "overbook_limit", "3"], None),
    (["config", "notify", "on"], None),
    (["config", "near", "5"], None),
    (["config", "quiet_hours", ""], None),
    (["config", "template", "set", "de", "reminder", "{clinic}: {patient}, {when}"], None),
    (["config", "template", "set", "de", "near", "{clinic}: {ahead}"], None),
    (["config", "template", "remove", "de", "near"], None),
    (["doctor", "add", "MEHTA", "Dr. Asha Mehta"], None),
    (["doctor", "add", "RAO", "Dr. Vikram Rao", "--capacity", "3"], None),
    (["doctor", "add", "TEMP", "Dr. Tempa"], None),
    (["doctor", "edit", "MEHTA", "--specialty", "cardiology"], None),
    (["doctor", "archive", "TEMP"], None),
    (["doctor", "restore", "TEMP"], None),
    (["doctor", "import", "-"], "code,name,specialty,capacity\nNEW,Dr. New,,\n"),
    (["doctor", "avail", "set", "MEHTA", "+3d", "--capacity", "4", "--note", "congress"], None),
    (["doctor", "avail", "weekly", "RAO", "mon-sun", "--capacity", "4"], None),
    (["away", "all", "+20d", "--note", "holiday"], None),
    (["config", "holiday", "add", "+21d", "Founders' Day"], None),
    (["config", "holiday", "add", "+21d", "Founding Day"], None),
    (["config", "holiday", "import", "-"], CALENDAR),
    (["config", "holiday", "remove", "+21d"], None),
    (["config", "visit-type", "add", "new", "--minutes", "20"], None),
    (["config", "visit-type", "edit", "new", "--minutes", "30"], None),
    (["config", "visit-type", "remove", "new"], None),
    (["doctor", "avail", "import", "-"], "doctor,date,present\nRAO,+9d,no\n"),
    (["patient", "add", NAME, "--phone", PHONE, "--born", BORN, "--email", EMAIL, "--note", NOTE, "--key", "k1"], None),
    (["patient", "add", OTHER, "--phone", "98765 14704", "--born", "1972-04-18"], None),
    (["patient", "add", f"{NAME} Junior", "--phone", PHONE, "--new"], None),
    (["patient", "import", "-"], "name,phone,born\nImogen Zélthu,98765 14705,1972-04-18\n"),
    (["patient", "edit", "zyxwin quvmark junior", "--email", EMAIL, "--note", NOTE], None),
    (["patient", "archive", "P4"], None),
    (["patient", "restore", "P4"], None),
    (["book", "P1", "MEHTA", "--reason", "zyxwin-reason"], None),
    (["book", "quormak", "MEHTA", "--key", "k2"], None),
    (["book", "P3", "MEHTA"], None),
    (["book", "P4", "RAO", "+1d"], None),
    (["appointment", "cancel", "A3", "--reason", "zyxwin-why"], None),
    (["undo"], None),
    (["appointment", "move", "A4", "+2d"], None),
    (["appointment", "edit", "A1", "--reason", "zyxwin-reason", "--note", "zyxwin-note"], None),
    (["appointment", "cancel", "A5"], None),
    (["checkin", "A1"], None),
    (["checkin", "zyxwin junior", "--patient", "P3"], None),
    (["checkin", "98765 14704"], None),
    (["walkin", "P1", "RAO", "--reason", "zyxwin-reason"], None),
    (["walkin", "RAO", "--new", "Quormak Zyxwin", "--phone", "98765 14705", "--another"], None),
    (["undo"], None),
    (["queue", "call", "MEHTA"], None),
    (["outbox", "next", "--limit", "100"], None),
    (["outbox", "failed", "A3-near", "--reason", "zyxwin-why"], None),
    (["outbox", "sent", "A2-near", "--ref", "SM123"], None),
    (["queue", "skip", "MEHTA"], None),
    (["queue", "recall", "MEHTA", "1", "--next"], None),
    (["queue", "hold", "MEHTA", "1"], None),
    (["queue", "resume", "MEHTA", "1"], None),
    (["queue", "priority", "MEHTA", "1", "5"], None),
    (["queue", "call", "MEHTA"], None),
    (["queue", "start", "MEHTA"], None),
    (["queue", "done", "MEHTA"], None),
    (["queue", "next", "MEHTA"], None),
    (["queue", "transfer", "MEHTA", "2", "--to", "RAO"], None),
    (["queue", "left", "RAO", "1"], None),
    (["book", "P4", "TEMP"], None),
    (["appointment", "no-show", "A8"], None),
    (["waitlist", "add", "P1", "NEW", "tomorrow"], None),
    (["waitlist", "remove", "W1"], None),
    (["waitlist", "add", "imogen", "NEW", "tomorrow"], None),
    (["waitlist", "promote", "NEW"], None),
    (["book", "P1", "MEHTA", "+30d", "--every", "2w", "--times", "3", "--reason", "zyxwin-reason"], None),
    (["appointment", "cancel", "A11", "--series", "--reason", "zyxwin-why"], None),
    (["close", "--yes"], None),
    (["patient", "distinct", "P2", "P4"], None),
    (["patient", "merge", "P3", "--into", "P1", "--yes"], None),
    (["patient", "erase", "zyxwin quvmark", "--yes"], None),
    (["user", "add", "ravi", "--role", "desk"], None),
    (["user", "edit", "ravi", "--role", "clinician", "--doctor", "MEHTA"], None),
    (["user", "remove", "ravi"], None),
)

REFUSED: tuple[Line, ...] = (
    (["patient", "add", OTHER, "--phone", "98765 14799", "--born", "1972-04-18"], None),
    (["patient", "add", NAME, "--phone", PHONE, "--born", "1971-03-17x"], None),
    (["patient", "add", f"{NAME}\x1b", "--phone", PHONE], None),
    (["patient", "add", "x" * 201 + NAME, "--phone", PHONE], None),
    (["patient", "add", NAME, "--phone", f"{PHONE} 1234567890"], None),
    (["patient", "add", NAME, "--phone", PHONE, "--email", "mark.example"], None),
    (["patient", "add", NAME, "--phone", PHONE, "--note", f"{NOTE}\x00"], None),
    (["patient", "add", NAME], None),
    (["patient", "add", NAME, OTHER, "--phone", PHONE], None),
    (["patient", "add", NAME, "--phone", PHONE, f"--{OTHER}"], None),
    (["patient", "add", NAME, "--phone", PHONE, "--age", NAME], None),
    (["patient", "add", NAME, "--phone", PHONE, "--sex", NAME], None),
    (["patient", NAME], None),
    ([NAME], None),
    (["patient", "edit", "zyxwin nobody", "--name", OTHER], None),
    (["patient", "erase", "zyxwin nobody"], None),
    (["patient", "erase", "zyxwin nobody", "--yes"], None),
    (["patient", "merge", "zyxwin nobody", "--into", NAME, "--yes"], None),
    (["patient", "import", "-"], f"name,phone\n{NAME},{PHONE} 999999999\n"),
    (["patient", "import", "-"], f"{NAME},phone\n{NAME},1\n"),
    (["db", "roles"], None),
    (["book", "zyxwin nobody", "MEHTA"], None),
    (["book", "P1", NAME], None),
    (["book", "P1", "MEHTA", NAME], None),
    (["book", "P1", "MEHTA", "--time", NAME], None),
    (["walkin", "zyxwin nobody", "MEHTA", "--reason", "zyxwin-reason\x07"], None),
    (["checkin", PHONE, "--patient", "zyxwin nobody"], None),
    (["appointment", "cancel", NAME], None),
    (["appointment", "cancel", "A999", "--reason", "zyxwin-why"], None),
    (["waitlist", "add", "zyxwin nobody", "MEHTA", "today"], None),
    (["waitlist", "remove", NAME], None),
    (["undo", NAME], None),
    (["close", NAME], None),
    (["audit", "log", "--patient", "zyxwin nobody"], None),
    (["audit", "log", "--appointment", NAME], None),
    (["audit", "verify", "--anchor", NAME], None),
    (["outbox", "sent", NAME], None),
    (["outbox", "failed", "A999-near", "--reason", "zyxwin-why"], None),
    (["config", "template", "set", "de", "near", NAME + " {reason}"], None),
)


def commands() -> Iterator[tuple[str, Any]]:
    """Every command that does something, by its words."""
    for words, command, _ in tree():
        if not hasattr(command, "list_commands") and not words.startswith("appt "):
            yield words, command


def begin(ask: Callable[..., Any]) -> None:
    """Make the clinic of the day."""
    ask("init", "--timezone", "Asia/Kolkata", "--region", "IN")


def test_every_command_that_writes_has_its_turn() -> None:
    done = {" ".join(line[:length]) for line, _ in DAY for length in (1, 2, 3)}
    writing = {name for name, command in commands() if isinstance(command, Writing)}
    missing = {name for name in writing - done if name.split()[0] not in KEEPING}
    assert not missing

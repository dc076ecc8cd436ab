"""Runs of senders over the outbox: what is due is sent and marked, whoever else is at work and whatever fails."""

import json
import os
import signal
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from clinicctl import desk, settings
from tests import peaks, receivers, stored
from tests.conftest import Start
from tests.receivers import Mail, Web

Ask = Callable[..., Any]
Run = Callable[..., Any]
Refused = Callable[..., dict[str, Any]]

MANY = 100_000


class Program:
    """A program that notes each message that it gets."""

    def __init__(self, folder: Path) -> None:
        self.folder, self.path, self.notes = folder, folder / "send", folder / "notes"
        self.notes.write_text("")
        self.does("")

    def does(self, script: str) -> None:
        """Let it do something more before it notes a message."""
        note = f"read -r line; {script}\nprintf '%s\\n' \"$line\" >> {self.notes}\necho SM-$$"
        self.path.write_text(f"#!/bin/sh\n{note}\n")
        self.path.chmod(0o700)

    @property
    def got(self) -> list[dict[str, Any]]:
        return [json.loads(line) for line in self.notes.read_text().splitlines()]

    @property
    def counts(self) -> Counter[str]:
        return Counter(each["deduplication_id"] for each in self.got)


@pytest.fixture
def program(tmp_path: Path) -> Program:
    folder = tmp_path / "program"
    folder.mkdir()
    return Program(folder)


@pytest.fixture
def sends(clinic: Ask) -> Ask:
    """A clinic that sends messages at any hour, but no reminders."""
    clinic("config", "notify", "on")
    clinic("config", "quiet_hours", "")
    clinic("config", "reminders", "")
    return clinic


def book(clinic: Ask, count: int) -> None:
    """Book visits, each of which has a message."""
    for nth in range(count):
        clinic("book", "P1", "MEHTA", f"+{nth + 3}d")


def states(clinic: Ask) -> Counter[str]:
    return Counter(each["state"] for each in clinic("outbox", "list"))


def marks(clinic: Ask) -> Counter[str]:
    """Count the writes of a run that marked a message as sent, by their keys without the attempt."""
    keys = [each["key"] or "" for each in clinic("audit", "log")]
    return Counter(each.rpartition("-")[0] for each in keys if each.startswith("outbox-sent-"))


@pytest.fixture
def later(monkeypatch: pytest.MonkeyPatch) -> Callable[[float], None]:
    """Move the clock of the commands that begin from now on."""
    already = float(os.environ.get(settings.CLOCK_SHIFT, 0))

    def later(seconds: float) -> None:
        monkeypatch.setenv(settings.CLOCK_SHIFT, str(already + seconds))

    return later


# What a run does


def test_a_run_sends_what_is_due_and_marks_it(sends: Ask, program: Program, run: Run) -> None:
    book(sends, 12)
    answer = run("outbox", "run", "--exec", str(program.path), json=True, status=0)
    assert answer.json == {"sent": 12, "retried": 0, "failed": 0, "given_back": 0}
    assert sorted(program.counts.values()) == [1] * 12
    assert sorted(marks(sends).values()) == [1] * 12
    listed = sends("outbox", "list")
    assert {(each["state"], each["attempts"]) for each in listed} == {("sent", 1)}
    assert all(each["ref"].startswith("SM-") for each in listed)
    first = program.got[0]
    assert first["to"] == "+919876543210"
    assert "Anita Sharma" in first["text"]


def test_a_run_without_anything_due_writes_nothing(sends: Ask, program: Program, run: Run) -> None:
    book(sends, 2)
    before = len(sends("audit", "log"))
    assert run("outbox", "run", "-q", "--exec", str(program.path), "--channel", "email", status=0).stdout == ""
    now, hour = datetime.now(ZoneInfo("Asia/Kolkata")), timedelta(hours=1)
    sends("config", "quiet_hours", f"{now - hour:%H:%M}-{now + hour:%H:%M}")
    answer = run("outbox", "run", "--exec", str(program.path), "-o", "table", status=0)
    assert "Quiet hours" in answer.stderr
    assert program.got == []
    assert len(sends("audit", "log")) == before + 1


def test_a_limit_ends_a_run(sends: Ask, program: Program) -> None:
    book(sends, 14)
    assert sends("outbox", "run", "--exec", str(program.path), "--limit", "11")["sent"] == 11
    assert states(sends) == {"sent": 11, "pending": 3}


def test_a_failure_is_tried_again_later_and_later(sends: Ask, later: Callable[[float], None]) -> None:
    book(sends, 1)
    waited = []
    for at in (0, 70, 400, 1_500, 6_000):
        later(at)
        counted = run_json(["--exec", "sh -c 'exit 75'"], status=3)
        (message,) = sends("outbox", "list")
        waited.append((counted["retried"], message["state"], message["attempts"], message["failure"]))
        assert run_json(["--exec", "true"], status=0)["sent"] == 0
    assert waited == [(1, "pending", nth, "exit status 75") for nth in (1, 2, 3, 4)] + [
        (0, "failed", 5, "exit status 75")
    ]


def test_a_refused_message_has_failed_at_once(sends: Ask, run: Run) -> None:
    book(sends, 1)
    assert run("outbox", "run", "--exec", "sh -c 'exit 67'", json=True, status=3).json["failed"] == 1
    (message,) = sends("outbox", "list")
    assert (message["state"], message["failure"]) == ("failed", "exit status 67")


def test_an_outage_costs_no_attempt(sends: Ask, refused: Refused, program: Program) -> None:
    book(sends, 3)
    for _ in range(7):
        error = refused(74, "sender_unavailable", "outbox", "run", "--exec", str(program.folder / "none"))
        assert error["message"] == (
            "Nothing more can be sent: the program cannot be started: No such file or directory."
        )
        assert error["details"]["given_back"] == 3
    assert {(each["state"], each["attempts"]) for each in sends("outbox", "list")} == {("pending", 0)}
    assert sends("outbox", "run", "--exec", str(program.path))["sent"] == 3


def test_failures_in_a_row_end_a_run(sends: Ask, refused: Refused) -> None:
    book(sends, 12)
    error = refused(74, "sender_unavailable", "outbox", "run", "--exec", "false")
    assert error["details"]["retried"] == 5
    assert error["details"]["reason"] == "5 messages in a row failed, the last one because exit status 1"
    assert Counter(each["attempts"] for each in sends("outbox", "list")) == {1: 5, 0: 7}


def test_a_visit_cancelled_between_lease_and_send_is_not_sent(sends: Ask, program: Program, database: str) -> None:
    book(sends, 4)
    # The first message is sent while another desk cancels one visit, and moves another.
    command = f"{sys.executable} -m clinicctl"
    program.does(
        f"if [ ! -s {program.notes} ]; then {command} cancel A2 -q; {command} move A3 +30d -q;"
        f" {command} patient edit P1 --name 'Anita Roy' -q; fi"
    )
    assert sends("outbox", "run", "--exec", str(program.path))["sent"] == 3
    assert Counter(each["appointment"] for each in program.got) == {"A1": 1, "A4": 1, "A5": 1}
    assert [("Anita Roy" in each["text"]) for each in program.got] == [False, True, True]
    dropped = {each["appointment"]: each["attempts"] for each in sends("outbox", "list", "--state", "dropped")}
    assert dropped == {"A2": 0, "A3": 0}


def test_nothing_is_locked_while_a_message_is_sent(sends: Ask, program: Program) -> None:
    """Another desk writes while the program runs, and the whole log of a file is written back."""
    book(sends, 1)
    command = f"{sys.executable} -m clinicctl"
    others = [f"{command} book P2 MEHTA +3d -q --wait 0"]
    if not stored.is_on_server(os.environ["CLINICCTL_DB"]):
        others.append(f"{command} db compact -q --wait 0")
    program.does(" && ".join([*others, f"touch {program.folder}/did"]))
    sends("outbox", "run", "--exec", str(program.path), "--limit", "1")
    assert (program.folder / "did").exists()


def test_the_log_has_the_counts_and_nothing_personal(
    sends: Ask, program: Program, run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    book(sends, 2)
    monkeypatch.setenv("CLINICCTL_LOG", str(tmp_path / "log"))
    assert run("outbox", "run", "-q", "--exec", str(program.path), status=0).stdout == ""
    (line,) = (tmp_path / "log").read_text().splitlines()
    found = json.loads(line)
    assert {name: found[name] for name in ("command", "exit_code", "sent", "failed")} == {
        "command": "outbox run",
        "exit_code": 0,
        "sent": 2,
        "failed": 0,
    }
    assert not [word for word in ("Anita", "98765", "MEHTA") if word in line]
    outcomes = str(stored.rows(os.environ["CLINICCTL_DB"], "SELECT outcome FROM journal"))
    assert "9876543210" not in outcomes
    assert "SM-" not in outcomes


@pytest.mark.parametrize(
    ("line", "problem"),
    [
        ("", "One of --exec, --smtp and --webhook is needed."),
        ("--exec a --webhook https://a.example", "One of --exec, --smtp and --webhook is needed."),
        ("--exec a --secret-file b", "--secret-file and --ca are for --smtp and --webhook."),
        ("--exec a --from b@c.example", "--from is for --smtp only."),
        ("--smtp smtp://a.example", "--smtp needs --from."),
        ("--smtp smtp://a.example --from b@c.example --channel sms", "--smtp sends e-mail"),
        ("--smtp smtp://b@a.example --from b@c.example", "--smtp: the URL has a user, but there is no password."),
        ("--smtp smtp://b:secret@a.example --from b@c.example", "--smtp: a password must not be in the URL"),
        ("--smtp smtp://a.example --from nobody", "--from: an address such as"),
        ("--webhook https://a.example", "--webhook: a secret of at least 16 bytes signs the messages."),
        ("--exec 'a", "--exec: a command such as"),
        ("--exec ''", "--exec: a command such as"),
        ("--exec true --timeout 0", "--timeout"),
    ],
)
def test_options_that_do_not_go_together_are_refused(
    line: str, problem: str, sends: Ask, run: Run, program: Program
) -> None:
    book(sends, 1)
    words = [each.strip("'") if each != "'a" else each for each in line.split(" ")] if line else []
    answer = run("outbox", "run", *words, status=2)
    assert problem in answer.stderr
    assert "secret@" not in answer.stderr
    assert states(sends) == {"pending": 1}


def test_a_secret_that_others_can_read_is_refused(sends: Ask, run: Run, tmp_path: Path) -> None:
    secret = tmp_path / "secret"
    secret.write_text("x" * 32)
    secret.chmod(0o644)
    line = ["outbox", "run", "--webhook", "https://a.example", "--secret-file", str(secret)]
    answer = run(*line, status=2)
    assert "every user of this machine can read it" in answer.stderr
    assert run(*line[:-1], str(tmp_path / "none"), status=4).stdout == ""


@pytest.mark.file
def test_the_database_is_no_secret(sends: Ask, run: Run, database: str) -> None:
    answer = run("outbox", "run", "--webhook", "https://a.example", "--secret-file", database, status=2)
    assert "is part of the clinic's database" in answer.stderr


def test_a_run_needs_a_process_of_its_own(sends: Ask, run: Run) -> None:
    (answer,) = run("batch", "-", stdin="outbox run --exec true\n", status=3).lines
    assert answer["exit_code"] == 2


# Over the network


@pytest.fixture
def service(tmp_path: Path) -> Iterator[tuple[Web, list[str]]]:
    """A web service, and the options of a run to it."""
    tls, certificate = receivers.context(tmp_path)
    secret = tmp_path / "secret"
    secret.write_text("a secret of the clinic\n")
    secret.chmod(0o600)
    with receivers.web(tls) as found:
        url = f"https://localhost:{found.port}/in"
        yield found, ["--webhook", url, "--secret-file", str(secret), "--ca", str(certificate)]


@pytest.fixture
def server(tmp_path: Path) -> Iterator[tuple[Mail, list[str]]]:
    """A mail server, and the options of a run to it."""
    tls, certificate = receivers.context(tmp_path)
    with receivers.mail(tls) as found:
        url = f"smtp://desk@localhost:{found.port}"
        yield found, ["--smtp", url, "--from", "Clinic <desk@mark.example>", "--ca", str(certificate)]


def test_a_run_posts_to_a_service(sends: Ask, service: tuple[Web, list[str]]) -> None:
    web, options = service
    book(sends, 3)
    web.answers = [(200, {}, b'{"ref": "W1"}'), (500, {}, b""), (422, {}, b"")]
    counted = {"sent": 1, "retried": 1, "failed": 1, "given_back": 0}
    (done,) = [run_json(options, status=3)]
    assert done == counted
    assert (len(web.got), web.connections) == (3, 1)
    listed = {each["state"]: each for each in sends("outbox", "list")}
    assert (listed["sent"]["ref"], listed["failed"]["failure"]) == ("W1", "the service answers 422")
    assert json.loads(web.got[0].body)["deduplication_id"] == web.got[0].headers["Idempotency-Key"]


def run_json(options: list[str], *, status: int) -> Any:
    """Run a sender in a process of its own, and return its answer."""
    command = [sys.executable, "-m", "clinicctl", "outbox", "run", *options, "--json"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == status, done
    return json.loads(done.stdout or done.stderr)


def test_a_service_that_asks_to_wait_gets_the_message_then(
    sends: Ask, service: tuple[Web, list[str]], later: Callable[[float], None]
) -> None:
    web, options = service
    book(sends, 2)
    web.answers = [(429, {"Retry-After": "120"}, b"")]
    assert run_json(options, status=74)["error"]["details"]["given_back"] == 2
    assert run_json(options, status=0)["sent"] == 1
    later(130)
    assert run_json(options, status=0)["sent"] == 1
    assert {each["attempts"] for each in sends("outbox", "list")} == {1}


def test_a_run_mails_only_to_those_who_want_mail(
    sends: Ask, server: tuple[Mail, list[str]], monkeypatch: pytest.MonkeyPatch
) -> None:
    mail, options = server
    monkeypatch.setenv("CLINICCTL_OUTBOX_SECRET", "right-password")
    sends("patient", "edit", "P2", "--email", "mumtaz@mark.example", "--notify", "email")
    sends("book", "P1", "MEHTA", "+3d")
    sends("book", "P2", "MEHTA", "+3d")
    sends("book", "P2", "RAO", "+4d")
    assert run_json(options, status=0)["sent"] == 2
    assert ([to for to, _ in mail.got], mail.connections) == (["mumtaz@mark.example"] * 2, 1)
    subjects = [found["Subject"] for _, found in mail.got]
    assert all(each.startswith("Test Clinic: your visit on ") for each in subjects)
    assert states(sends) == {"sent": 2, "pending": 1}
    assert {each["ref"] for each in sends("outbox", "list", "--state", "sent")} == {
        found["Message-ID"] for _, found in mail.got
    }


def test_a_wrong_password_loses_no_message(
    sends: Ask, server: tuple[Mail, list[str]], monkeypatch: pytest.MonkeyPatch
) -> None:
    mail, options = server
    monkeypatch.setenv("CLINICCTL_OUTBOX_SECRET", "wrong-password")
    sends("patient", "edit", "P2", "--email", "mumtaz@mark.example", "--notify", "email")
    sends("book", "P2", "MEHTA", "+3d")
    error = run_json(options, status=74)["error"]
    assert error["details"]["reason"] == "the server refuses the login (535)"
    assert "wrong-password" not in str(error)
    assert mail.got == []
    assert [(each["state"], each["attempts"]) for each in sends("outbox", "list")] == [("pending", 0)]


def test_a_run_goes_on_after_it_has_dropped_many(sends: Ask, program: Program, monkeypatch: pytest.MonkeyPatch) -> None:
    """One lease drops a bounded number, and may find nothing to hand out."""
    sends("book", "P1", "MEHTA", "+3d")
    for _ in range(3):
        sends("move", "A1", "--time", "11:00")
        sends("move", "A1", "--time", "12:00")
    monkeypatch.setattr(desk.outbox, "MOST_DROPPED", 2)
    assert sends("outbox", "run", "--exec", str(program.path))["sent"] == 1
    assert states(sends) == {"sent": 1, "dropped": 6}


# Others at work


def test_two_runs_at_once_send_each_message_once(sends: Ask, program: Program, start: Start) -> None:
    book(sends, 40)
    program.does("sleep 0.02")
    runs = [start("outbox", "run", "--exec", str(program.path), "--json") for _ in range(2)]
    answers = [json.loads(each.communicate(timeout=120)[0])["sent"] for each in runs]
    assert sum(answers) == 40
    assert min(answers) > 0
    assert sorted(program.counts.values()) == [1] * 40
    assert sorted(marks(sends).values()) == [1] * 40


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT, signal.SIGHUP], ids=lambda each: each.name)
def test_a_signal_finishes_the_message_in_hand(
    number: signal.Signals, sends: Ask, program: Program, start: Start
) -> None:
    book(sends, 5)
    program.does("sleep 1")
    process = start("outbox", "run", "--exec", str(program.path))
    end = time.monotonic() + 30
    while states(sends)["leased"] == 0 and time.monotonic() < end:
        time.sleep(0.05)
    time.sleep(0.3)
    process.send_signal(number)
    _, stderr = process.communicate(timeout=30)
    assert process.returncode == 128 + number, stderr
    assert len(program.got) >= 1
    assert states(sends) == {"sent": len(program.got), "pending": 5 - len(program.got)}
    assert {each["attempts"] for each in sends("outbox", "list", "--state", "pending")} == {0}
    program.does("")
    sends("outbox", "run", "--exec", str(program.path))
    assert sorted(program.counts.values()) == [1] * 5


@pytest.mark.file
def test_a_mark_waits_for_a_busy_database(sends: Ask, program: Program, start: Start, database: str) -> None:
    """The message is sent already: the run does not give up when the lock is not had in time."""
    book(sends, 1)
    program.does(f"flock {database}.lock sleep 4 > /dev/null 2>&1 & sleep 0.5")
    process = start("outbox", "run", "--exec", str(program.path), "--wait", "1", "--json")
    stdout, stderr = process.communicate(timeout=60)
    assert json.loads(stdout)["sent"] == 1, stderr
    assert states(sends) == {"sent": 1}


# Very many


def fill(clinic: Ask, database: str, count: int) -> None:
    """Make messages about many visits of one patient."""
    clinic("book", "P1", "MEHTA", "+3d")
    long_ago = (datetime.now(UTC) - timedelta(days=2)).strftime("%Y-%m-%d %H:%M:%S")
    due = f"strftime('%Y-%m-%d %H:%M:%S', '{long_ago}', '+' || (n % 3) || ' seconds') || '.000000'"
    numbers = f"WITH RECURSIVE n(n) AS (SELECT 2 UNION ALL SELECT n + 1 FROM n WHERE n < {count})"
    stored.change(
        database,
        f"INSERT INTO appointments (id, number, patient_id, doctor_id, date, slot, visit, status, overbooked,"
        f" created_at, updated_at, slots) {numbers} SELECT printf('%032x', n), n, patient_id, doctor_id, date, n, n,"
        " 'booked', 1, created_at, updated_at, 1 FROM n, appointments WHERE number = 1",
    )
    stored.change(
        database,
        f"INSERT INTO messages (appointment, kind, occasion, due, state, attempts, created_at, updated_at) {numbers}"
        f" SELECT n, 'booked', 1, {due}, 'pending', 0, {due}, {due} FROM n",
    )


def drain(service: tuple[Web, list[str]], count: int) -> float:
    """Drain messages through the service; return the most megabytes that the run had."""
    web, options = service
    web.got.clear()
    python = sys.executable
    _, peak = peaks.spent([python, "-m", "clinicctl", "outbox", "run", *options, "--limit", str(count)])
    assert len(web.got) == count
    return peak


@pytest.mark.file
def test_the_memory_of_a_run_does_not_grow_with_what_is_due(
    sends: Ask, database: str, service: tuple[Web, list[str]]
) -> None:
    fill(sends, database, MANY)
    few = drain(service, 20)
    many = drain(service, 1_500)
    assert many < few * 1.15 + 5, (few, many)


@pytest.mark.file
@pytest.mark.storm
def test_very_many_messages_are_drained(sends: Ask, database: str, service: tuple[Web, list[str]]) -> None:
    fill(sends, database, MANY)
    few = drain(service, 1_000)
    many = drain(service, MANY - 1_000)
    print(f"{few:.0f} and {many:.0f} MB")
    assert many < few * 1.15 + 5, (few, many)
    assert stored.rows(database, "SELECT state, attempts, count(*) FROM messages GROUP BY 1, 2") == [("sent", 1, MANY)]

"""What scripts rely on: options, formats, exit statuses, errors as objects, output that cannot be given."""

import csv
import io
import json
import os
import stat
import subprocess
import sys
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from clinicctl import errors
from clinicctl.cli import TREE
from tests import stored

Ask = Callable[..., Any]
Run = Callable[..., Any]
Refused = Callable[..., dict[str, Any]]

CONTRACT = {
    0: set(),
    1: {"cancelled"},
    2: {"usage", "invalid_value"},
    4: {
        *("patient_not_found", "doctor_not_found", "appointment_not_found", "queue_entry_not_found"),
        *("file_not_found", "setting_not_found", "journal_entry_not_found", "waitlist_entry_not_found"),
        *("series_not_found", "holiday_not_found", "visit_type_not_found"),
        *("message_not_found", "template_not_found"),
    },
    5: {"ambiguous"},
    6: {
        *("capacity_full", "already_booked", "duplicate_code", "possible_duplicate", "merge_conflict", "key_reused"),
        *("already_checked_in", "has_bookings", "exists", "already_waiting", "already_undone", "time_taken"),
        *("series_unavailable", "leased_again"),
    },
    7: {
        *("doctor_absent", "past_day", "past_time", "wrong_day", "wrong_patient", "illegal_step", "archived"),
        *("taken_back", "with_another_doctor", "no_such_time", "no_roles"),
    },
    10: {
        *("no_database", "not_a_clinic_database", "newer_database", "needs_migration", "damaged_database"),
        *("broken_journal", "network_filesystem", "open_to_others", "other_names", "replaced_database"),
        *("moved", "cannot_connect", "no_driver", "no_library"),
    },
    11: {"busy"},
    12: {"outcome_unknown"},
    65: {"bad_file"},
    70: {"internal"},
    74: {
        "disk_full",
        "read_only",
        "io_error",
        "out_of_memory",
        "no_right",
        "no_font",
        "not_sent",
        "sender_unavailable",
    },
    129: {"interrupted"},
    130: {"interrupted"},
    143: {"interrupted"},
}


@pytest.mark.file
def test_every_code_stands_under_its_exit_status_and_none_is_missing() -> None:
    found: dict[int, set[str]] = {status: set() for status in CONTRACT}
    for each in errors.family():
        found[each.status].add(each.code)
    assert found == CONTRACT


# Setting up


def test_init_is_harmless_to_repeat(ask: Ask) -> None:
    first = ask("init", "--name", "One", "--timezone", "Europe/Berlin", "--region", "DE", "--capacity", "7")
    assert first["created"] is True
    again = ask("init", "--name", "Two", "--timezone", "Asia/Tokyo")
    stands = {name: value for name, value in first.items() if name != "replayed"}
    assert again == stands | {"created": False, "not_applied": ["name", "timezone"]}
    assert ask("config", "name")["value"] == "One"


@pytest.mark.file
def test_the_database_and_its_folder_are_private_under_any_umask(start: Any, finish: Any, tmp_path: Path) -> None:
    path = tmp_path / "deep" / "er" / "clinic.db"
    before = os.umask(0)
    try:
        assert finish(start("init", "--db", str(path))).status == 0
        assert finish(start("doctor", "add", "M", "Dr M", "--db", str(path))).status == 0
        assert finish(start("doctor", "list", "--db", str(path))).status == 0
    finally:
        os.umask(before)
    assert {stat.S_IMODE(each.stat().st_mode) for each in path.parent.iterdir()} == {0o600}
    assert [stat.S_IMODE(each.stat().st_mode) for each in (path.parent, path.parent.parent)] == [0o700] * 2


def test_a_mistyped_place_is_no_database_and_creates_none(refused: Refused, database: str, tmp_path: Path) -> None:
    for command in (["patient", "list"], ["doctor", "add", "M", "Dr M"], ["config"]):
        refused(10, "no_database", *command, "--db", stored.beside(database, "none"))
    assert list(tmp_path.iterdir()) == []


def test_the_region_and_the_time_zone_are_the_machines(ask: Ask, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TZ", "Asia/Kolkata")
    made = ask("init")
    assert (made["timezone"], made["region"]) == ("Asia/Kolkata", "IN")


def test_settings_are_shown_set_and_checked(clinic: Ask, refused: Refused) -> None:
    assert clinic("config", "region")["value"] == "IN"
    assert clinic("config", "region", "de")["value"] == "DE"
    assert {each["name"] for each in clinic("config")} >= {"name", "timezone", "region", "capacity", "overbook_limit"}
    refused(4, "setting_not_found", "config", "colour")
    for name, value in (
        ("timezone", "Nowhere"),
        ("timezone", "../x"),
        ("region", "ZZ"),
        ("region", "India"),
        ("capacity", "0"),
    ):
        refused(2, "invalid_value", "config", name, value)


def test_health_says_whether_the_database_can_be_used(clinic: Ask, run: Run, database: str) -> None:
    found = clinic("health")
    assert found["usable"] is True
    looked = {each["name"]: each for each in found["findings"]}
    assert looked.keys() >= {"schema", "journal head", "last backup"}
    if not stored.is_on_server(database):
        assert looked.keys() >= {"sqlite", "durability", "mode of file", "free disk"}
        assert looked["journal mode"]["value"] == "wal"
    answer = run("health", "--db", stored.beside(database, "none"), json=True, status=10)
    assert answer.json["usable"] is False


def test_demo_fills_a_new_database_and_its_next_commands_work(ask: Ask, run: Run, refused: Refused) -> None:
    import shlex

    made = ask("demo")
    assert made["patients"] == len(ask("patient", "list")) >= 10
    assert made["doctors"] == len(ask("doctor", "list")) >= 3
    assert made["checked_in"] == len(ask("queue", "show")) >= 5
    assert {each["status"] for each in ask("queue", "show")} >= {"waiting", "serving", "done"}
    for line in made["try_next"]:
        program, *args = shlex.split(line)
        assert program == "clinicctl"
        run(*args, status=0)
    refused(6, "exists", "demo")


# Formats


def test_a_pipe_gets_tsv_with_full_values_and_no_header(clinic: Ask, run: Run) -> None:
    piped = run("doctor", "list", status=0).stdout
    full = clinic("doctor", "list")
    assert [line.split("\t")[1:3] for line in piped.splitlines()] == [[each["code"], each["name"]] for each in full]
    assert run("doctor", "list", "--header", status=0).stdout.splitlines()[0].split("\t") == list(full[0])


def test_csv_is_rfc_4180_with_dotted_names(clinic: Ask, start: Any, finish: Any) -> None:
    clinic("patient", "add", 'Quote "Q", Comma', "--phone", "99999 00000")
    clinic("book", "P3", "MEHTA")
    text = start("appointment", "list", "-o", "csv", text=False).communicate()[0].decode()
    assert text.endswith("\r\n")
    (row,) = csv.DictReader(io.StringIO(text, newline=""))
    assert (row["patient.number"], row["patient.name"], row["doctor.code"]) == ("P3", 'Quote "Q", Comma', "MEHTA")


def test_jsonl_is_one_object_a_line_and_json_an_array(clinic: Ask, run: Run) -> None:
    answer = run("doctor", "list", "-o", "jsonl", status=0)
    assert answer.lines == clinic("doctor", "list")
    assert len(answer.stdout.splitlines()) == 2


@pytest.mark.parametrize("output", ["table", "json", "jsonl", "csv", "tsv"])
def test_a_list_that_finds_nothing_is_empty_and_no_error(clinic: Ask, run: Run, output: str) -> None:
    answer = run("appointment", "list", "-o", output, status=0)
    if output == "csv":
        assert answer.stdout.startswith("id,number,patient.id,")
        assert answer.stdout.count("\n") == 1
    else:
        table = "No appointments.\nBook one: clinicctl book PATIENT DOCTOR DAY\n"
        assert answer.stdout == {"table": table, "json": "[]\n"}.get(output, "")


def test_options_stand_before_the_command_and_after_it(clinic: Ask, run: Run, database: str) -> None:
    for args in (
        ["--json", "doctor", "list"],
        ["doctor", "--json", "list"],
        ["doctor", "list", "--json"],
        ["doctor", "list", "-ojson"],
    ):
        assert len(run(*args, status=0).json) == 2
    other = stored.beside(database, "other")
    assert run("--db", other, "doctor", "list", status=10)
    assert run("--db", other, "doctor", "list", "--db", database, status=0)
    run("doctor", "list", "--db", "postgresql://asha:secret@somewhere/clinics", status=2)


@pytest.mark.file
def test_a_file_can_be_named_by_a_url(clinic: Ask, run: Run, database: str) -> None:
    assert len(run("doctor", "list", "--db", f"sqlite:///{database}", json=True, status=0).json) == 2


def test_settings_come_from_flag_then_environment_then_file_then_default(
    clinic: Ask, run: Run, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    def by(*args: str) -> str:
        return str(clinic("doctor", "avail", "set", "MEHTA", "+9d", "--note", str(len(args)), *args)[0]["updated_by"])

    folder = tmp_path / "config" / "clinicctl"
    folder.mkdir(parents=True)
    (folder / "config.toml").write_text('actor = "file"\n')
    assert by() == "file"
    monkeypatch.setenv("CLINICCTL_ACTOR", "environment")
    assert by("--quiet") == "environment"
    assert by("--actor", "flag") == "flag"
    (folder / "config.toml").write_text("actor = \n")
    run("doctor", "list", status=2)


def test_the_output_can_be_set_by_environment(clinic: Ask, run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CLINICCTL_OUTPUT", "json")
    assert run("doctor", "show", "MEHTA", status=0).json["code"] == "MEHTA"
    assert run("doctor", "show", "NOBODY", status=4).error["code"] == "doctor_not_found"
    monkeypatch.setenv("CLINICCTL_OUTPUT", "xml")
    run("doctor", "show", "MEHTA", status=2)


def test_quiet_says_nothing_of_a_write_that_went_well(clinic: Ask, run: Run) -> None:
    answer = run("book", "P1", "MEHTA", "-q")
    assert (answer.status, answer.stdout, answer.stderr) == (0, "", "")
    assert run("book", "P2", "MEHTA", "-q", "--json", status=0).json["slot"] == 2
    assert run("book", "P2", "MEHTA", "-q", status=6).stderr
    assert run("appointment", "list", "-q", status=0).stdout


def test_a_table_is_plain_where_nobody_can_see_colours(clinic: Ask, run: Run) -> None:
    assert "\x1b" not in run("doctor", "list", "-o", "table", status=0).stdout


# Errors


def test_an_error_is_an_object_under_json_and_two_lines_otherwise(clinic: Ask, run: Run) -> None:
    said = json.loads(run("doctor", "show", "NOBODY", json=True, status=4).stderr)
    assert said == {
        "error": {
            "code": "doctor_not_found",
            "message": "No such doctor.",
            "hint": "See `clinicctl doctor list`.",
            "details": {},
        },
        "exit_code": 4,
    }
    assert (
        run("doctor", "show", "NOBODY", status=4).stderr
        == "clinicctl: No such doctor.\n  See `clinicctl doctor list`.\n"
    )


@pytest.mark.parametrize(
    "args",
    [
        ["book"],
        ["book", "P1"],
        ["book", "P1", "MEHTA", "today", "extra"],
        ["book", "P1", "MEHTA", "--colour"],
        ["book", "P1", "MEHTA", "someday"],
        ["book", "P1", "MEHTA", "--time", "25:00"],
        ["book", "P1", "MEHTA", "--key", ""],
        ["book", "P1", "MEHTA", "--key", "k" * 256],
        ["book", "P1", "MEHTA", "--key", "a\nb"],
        ["book", "P1", "MEHTA", "--wait", "soon"],
        ["book", "P1", "MEHTA", "--wait", "nan"],
        ["appointment", "cancel", "A1", "--by", "nobody"],
        ["doctor", "add", "N'", "Name"],
        ["doctor", "add", "N", "Name", "--capacity", "0"],
        ["doctor", "avail", "set", "MEHTA", "tomorrow", "--capacity", "501"],
        ["patient", "add", "Somebody", "--phone", "98765 43211", "--age", "34", "--born", "1990-01-01"],
        ["patient", "add", "Somebody", "--phone", "98765 43211", "--born", "2999-01-01"],
        ["patient", "add", "Somebody"],
        ["patient", "edit", "P1"],
        ["queue", "call", "MEHTA", "0"],
        ["nothing"],
        ["patient", "nothing"],
    ],
    ids=" ".join,
)
def test_a_usage_error_is_one_line_exit_2_and_changes_nothing(
    clinic: Ask, run: Run, args: list[str], database: str
) -> None:
    before = stored.dump(database)
    answer = run(*args, json=True, status=2)
    assert answer.error["code"] in ("usage", "invalid_value")
    assert answer.stderr.count("\n") == 1
    assert answer.stdout == ""
    assert stored.dump(database) == before


@pytest.mark.file
def test_a_command_without_arguments_shows_its_help(run: Run) -> None:
    for args in ([], ["patient"], ["doctor", "avail"]):
        answer = run(*args, status=0)
        assert "Commands:" in answer.stdout
        assert answer.stderr == ""


@pytest.mark.file
@pytest.mark.parametrize("name", TREE)
def test_the_tree_knows_each_commands_own_help(run: Run, name: str) -> None:
    said = run(name, "--help", status=0).stdout
    if name != "appt":
        assert " ".join(TREE[name][1].split()) in " ".join(said.split())
    assert "Examples:" in said


def test_an_option_without_its_value_is_refused(clinic: Ask, run: Run) -> None:
    assert run("--json", "book", "P1", "MEHTA", "--key", status=2).error["message"] == "--key needs a value."


# Output that cannot be given, input that is not there


def test_a_booking_stands_though_its_answer_could_not_be_given(clinic: Ask, start: Any, finish: Any) -> None:
    with open("/dev/full", "w", encoding="utf-8") as full:
        answer = finish(start("book", "P1", "MEHTA", "--key", "k", "--json", stdout=full))
    assert answer.status == 74
    assert json.loads(answer.stderr)["error"]["code"] == "io_error"
    again = clinic("book", "P1", "MEHTA", "--key", "k")
    assert (again["replayed"], again["number"]) == (True, "A1")


def test_a_closed_stdout_is_no_success(clinic: Ask) -> None:
    command = f"{sys.executable} -m clinicctl book P1 MEHTA --json >&-"
    done = subprocess.run(["bash", "-c", command], check=False, capture_output=True, text=True)
    assert done.returncode == 74
    assert json.loads(done.stderr)["error"]["code"] == "io_error"
    assert len(clinic("appointment", "list")) == 1


def test_a_pipe_that_has_ended_is_no_success(clinic: Ask, start: Any) -> None:
    reader, writer = os.pipe()
    os.close(reader)
    process = start("book", "P1", "MEHTA", "--json", stdout=writer)
    os.close(writer)
    _, stderr = process.communicate(timeout=60)
    assert process.returncode == 74, stderr
    assert len(clinic("appointment", "list")) == 1


@pytest.mark.file
def test_a_bare_environment_is_enough(tmp_path: Path) -> None:
    path = str(tmp_path / "bare.db")
    for args in (
        ["init", "--db", path],
        ["doctor", "add", "M", "Dr M", "--db", path],
        ["doctor", "list", "--db", path],
    ):
        done = subprocess.run(
            [sys.executable, "-m", "clinicctl", *args],
            env={},
            capture_output=True,
            text=True,
            check=False,
            stdin=subprocess.DEVNULL,
        )
        assert done.returncode == 0, done
    assert "Dr M" in done.stdout


@pytest.mark.parametrize(
    ("environment", "status"),
    [
        ({"CLINICCTL_DB": "/etc/passwd"}, 10),
        ({"CLINICCTL_DB": "/etc"}, 10),
        ({"CLINICCTL_DB": "/dev/null"}, 10),
        ({"COLUMNS": "1"}, 0),
        ({"LANG": "C", "LC_ALL": "C", "PYTHONCOERCECLOCALE": "0", "PYTHONUTF8": "0"}, 0),
        ({"CLINICCTL_WAIT": "long"}, 2),
    ],
    ids=str,
)
def test_a_hostile_environment_ends_in_a_clear_exit(
    clinic: Ask, start: Any, finish: Any, environment: dict[str, str], status: int
) -> None:
    clinic("patient", "add", "मीना कुमारी", "--phone", "98765 00001")
    for args in (["patient", "show", "P3", "-o", "table"], ["doctor", "edit", "MEHTA", "--name", "Dr. Ä"]):
        answer = finish(start(*args, env=os.environ | environment))
        assert answer.status == status, answer
        assert "Traceback" not in answer.stderr
    assert not Path("/etc/passwd.lock").exists()
    if not status:
        answer = finish(start("patient", "show", "P3", env=os.environ | environment, text=True, encoding="utf-8"))
        assert "मीना कुमारी" in answer.stdout


# Files of other kinds


@pytest.mark.file
@pytest.mark.parametrize("kind", ["text", "empty", "foreign", "newer", "truncated"])
def test_a_file_that_is_not_ours_is_refused_and_left_as_it_is(
    clinic: Ask, refused: Refused, kind: str, tmp_path: Path
) -> None:
    import sqlite3

    path = tmp_path / "other.db"
    if kind == "text":
        path.write_text("name,phone\n" * 500)
    elif kind == "empty":
        path.touch()
    elif kind == "foreign":
        with closing(sqlite3.connect(path)) as connection, connection:
            connection.execute("CREATE TABLE patients (id)")
    else:
        whole = (tmp_path / "clinic.db").read_bytes()
        path.write_bytes(whole if kind == "newer" else whole[: len(whole) // 2])
    if kind == "newer":
        with closing(sqlite3.connect(path)) as connection, connection:
            connection.execute("PRAGMA journal_mode=DELETE")
            connection.execute("PRAGMA user_version=99")
    before = path.read_bytes()
    code = {"newer": "newer_database", "truncated": "damaged_database"}.get(kind, "not_a_clinic_database")
    for args in (["patient", "list"], ["doctor", "add", "N", "Dr N"], ["init"], ["config", "name", "X"]):
        refused(10, code, *args, "--db", str(path))
    assert path.read_bytes() == before


# The log


def test_the_log_has_one_line_a_command_with_codes_only(
    clinic: Ask, run: Run, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    log = tmp_path / "desk.log"
    monkeypatch.setenv("CLINICCTL_LOG", str(log))
    run("book", "anita", "MEHTA", status=0)
    run("book", "anita", "MEHTA", status=6)
    run("patient", "add", "Secret Person", status=2)
    lines = [json.loads(line) for line in log.read_text().splitlines()]
    assert [(each["command"], each["exit_code"], each.get("code")) for each in lines] == [
        ("book", 0, None),
        ("book", 6, "already_booked"),
        ("patient add", 2, "usage"),
    ]
    assert not {"anita", "Anita", "Secret"} & set(log.read_text().replace('"', " ").split())
    assert stat.S_IMODE(log.stat().st_mode) == 0o600


# What can be typed


@pytest.mark.parametrize(
    "line",
    [
        *("patient list --limit {}", "appointment list --limit {}", "audit log --limit {}", "undo {}"),
        *("queue call MEHTA {}", "queue left MEHTA {}", "audit log --day 9999-12-31", "audit log --day 0001-01-01"),
        *("free MEHTA --from 9999-12-31", "book P1 MEHTA 9999-12-31", "doctor avail set MEHTA 9999-12-31 --absent"),
    ],
)
def test_an_absurd_number_or_day_is_an_invalid_value(line: str, clinic: Ask, run: Run) -> None:
    for number in ("9223372036854775808", "99999999999999999999"):
        answer = run(*line.format(number).split(), json=True, status=2)
        assert answer.error["code"] in ("usage", "invalid_value")


def test_the_last_day_that_can_be_meant_is_a_day_as_any(clinic: Ask, refused: Refused) -> None:
    clinic("doctor", "avail", "set", "MEHTA", "9000-12-31", "--absent")
    refused(7, "doctor_absent", "book", "P1", "MEHTA", "9000-12-31")
    clinic("book", "P1", "RAO", "9000-12-31")
    clinic("free", "RAO", "--from", "9000-12-31", "--days", "366")
    assert clinic("audit", "log", "--day", "9000-12-31") == clinic("audit", "log", "--day", "1000-01-01") == []


def test_a_configured_format_is_that_of_usage_errors_too(clinic: Ask, run: Run, tmp_path: Path) -> None:
    config = tmp_path / "config" / "clinicctl" / "config.toml"
    config.parent.mkdir(parents=True)
    config.write_text('output = "json"\n')
    for line in ("book P1 MEHTA --nosuch", "book P1 MEHTA nosuchday", "doctor show Q"):
        assert run(*line.split()).error["code"] in ("usage", "invalid_value", "doctor_not_found")


@pytest.mark.file
def test_a_database_in_a_folder_that_is_gone_is_an_io_error(tmp_path: Path) -> None:
    gone = tmp_path / "gone"
    gone.mkdir()
    script = f'cd {gone}; rmdir {gone}; exec "$@"'
    done = subprocess.run(
        ["sh", "-c", script, "sh", sys.executable, "-m", "clinicctl", "patient", "list", "--db", "c.db", "--json"],
        capture_output=True,
        text=True,
        check=False,
        env={**os.environ, "PYTHONPATH": str(Path(__file__).parents[1])},
    )
    assert (done.returncode, json.loads(done.stderr)["error"]["code"]) == (74, "io_error")


def test_a_repeated_init_says_nothing_that_is_not_so(clinic: Ask, run: Run) -> None:
    assert run("init", "--json", status=0).stderr == ""

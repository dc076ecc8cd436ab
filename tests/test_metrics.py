"""For those who watch the machine: the numbers for Prometheus, and whether the database can be used."""

import json
import os
import re
import stat
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from freezegun import freeze_time

from clinicctl.render.metrics import exposition
from clinicctl.results.clinic import Metric, Metrics, Sample
from clinicctl.store.sqlite import health
from tests import stored
from tests.every_write import MARKS, NAME, PHONE

Ask = Callable[..., Any]
Run = Callable[..., Any]
Numbers = dict[tuple[str, tuple[tuple[str, str], ...]], float]

_NAME = re.compile(r"[a-zA-Z_:][a-zA-Z0-9_:]*")
_SAMPLE = re.compile(
    r"([a-zA-Z_:][a-zA-Z0-9_:]*)(?:\{((?:[a-zA-Z_][a-zA-Z0-9_]*=\"(?:[^\"\\\n]|\\[\\n\"])*\",?)+)\})? (\S+)"
)
_LABEL = re.compile(r"([a-zA-Z_][a-zA-Z0-9_]*)=\"((?:[^\"\\\n]|\\[\\n\"])*)\"(?:,|$)")
_ESCAPES = {"\\\\": "\\", "\\n": "\n", '\\"': '"'}


def parsed(text: str) -> Numbers:
    """Read the text format, version 0.0.4, as strictly as it is written down: HELP, TYPE, then the samples."""
    assert text.endswith("\n")
    numbers: Numbers = {}
    current, seen = "", set[str]()
    lines = text.split("\n")[:-1]
    for line, following in zip(lines, [*lines[1:], ""], strict=True):
        if line.startswith("# HELP "):
            current = line.split(" ", 3)[2]
            assert _NAME.fullmatch(current)
            assert current not in seen, "the samples of a metric stand together"
            assert following == f"# TYPE {current} gauge"
            seen.add(current)
        elif not line.startswith("# TYPE "):
            found = _SAMPLE.fullmatch(line)
            assert found, line
            assert found[1] == current
            labels = tuple(
                (name, re.sub(r"\\.", lambda each: _ESCAPES[each[0]], value))
                for name, value in _LABEL.findall(found[2] or "")
            )
            assert (current, labels) not in numbers
            numbers[current, labels] = float(found[3])
    return numbers


@pytest.mark.file
def test_the_text_format_is_escaped_as_it_is_written_down() -> None:
    odd = 'a "b" \\ c\nd, e={f}'
    text = exposition(Metrics((Metric("odd", "Back\\slash,\nline.", (Sample({"x": odd, "y": ""}, 1e300),)),)))
    assert parsed(text) == {("clinicctl_odd", (("x", odd), ("y", ""))): 1e300}
    assert text.startswith("# HELP clinicctl_odd Back\\\\slash,\\nline.\n")


def test_the_numbers_are_those_of_the_desks_of_today(clinic: Ask, run: Run) -> None:
    clinic("patient", "add", "Third Person", "--phone", "98765 00003")
    clinic("book", "P3", "MEHTA")
    clinic("appointment", "no-show", "A1")
    clinic("book", "P1", "RAO", "tomorrow")
    clinic("walkin", "P1", "MEHTA")
    clinic("walkin", "P2", "MEHTA")
    clinic("queue", "call", "MEHTA")
    clinic("doctor", "avail", "set", "RAO", "today", "--absent")
    clinic("doctor", "add", "GONE", "Dr. Gone")
    clinic("doctor", "archive", "GONE")
    numbers = parsed(run("metrics", status=0).stdout)

    def of(name: str, **labels: str) -> float:
        return numbers[f"clinicctl_{name}", tuple(labels.items())]

    mehta, rao = {"doctor": "MEHTA"}, {"doctor": "RAO"}
    assert [of(f"day_{each}", **mehta) for each in ("capacity", "booked", "remaining")] == [10, 3, 7]
    assert [of(f"day_{each}", **rao) for each in ("capacity", "booked", "remaining")] == [0, 0, 0]
    assert [of("queue", **mehta, status=each) for each in ("waiting", "called", "serving")] == [1, 1, 0]
    assert 0 <= of("longest_wait_seconds", **mehta) < 60
    assert of("longest_wait_seconds", **rao) == 0
    assert [of("no_shows_today", **mehta), of("no_shows_30_days", **mehta), of("no_shows_30_days", **rao)] == [1, 1, 0]
    assert [of("appointments", status=each) for each in ("no_show", "checked_in", "booked")] == [1, 2, 0]
    assert of("patients") == 3
    assert of("journal_rows") == len(clinic("audit", "log"))
    assert of("database_bytes") > 0
    assert not [key for key in numbers if "GONE" in str(key)]
    assert [key for key in numbers if key[0] == "clinicctl_build_info"]
    assert not [key for key in numbers if "lock_wait" in key[0]]


def test_the_age_of_the_oldest_due_message_leaves_out_quiet_hours(clinic: Ask, run: Run) -> None:
    def age() -> float | None:
        return parsed(run("metrics", status=0).stdout).get(("clinicctl_outbox_oldest_due_seconds", ()))

    with freeze_time("2026-11-23T10:00:00+05:30") as clock:
        assert age() is None
        clinic("config", "notify", "on")
        clinic("config", "quiet_hours", "21:00-08:00")
        assert age() == 0
        clinic("book", "P1", "MEHTA", "+9d")
        clock.tick(90)
        clinic("book", "P2", "MEHTA", "+9d")
        clock.tick(30)
        assert age() == 120
        for each in clinic("outbox", "next"):
            clinic("outbox", "sent", each["id"])
        assert age() == 0
        clock.move_to("2026-11-23T23:00:00+05:30")
        clinic("book", "P1", "RAO", "+9d")
        clock.move_to("2026-11-24T07:59:00+05:30")
        assert age() == 0
        clock.move_to("2026-11-24T08:05:00+05:30")
        assert age() == 300


def test_waits_for_the_lock_are_those_of_the_last_hour_in_the_log(
    clinic: Ask, run: Run, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    now = datetime.now(UTC)
    waits = ((-7200, 9.0), (-1800, 0.25), (-60, 0.5), (-30, 0.0))
    lines = [json.dumps({"at": (now + timedelta(seconds=ago)).isoformat(), "lock_waited": w}) for ago, w in waits]
    log = tmp_path / "desk.log"
    log.write_text("x" * (1 << 20) + "\nnot json\n[]\n{}\n" + "\n".join(lines) + "\n")
    monkeypatch.setenv("CLINICCTL_LOG", str(log))
    numbers = parsed(run("metrics", status=0).stdout)
    assert numbers["clinicctl_lock_waits", ()] == 2
    assert numbers["clinicctl_lock_wait_max_seconds", ()] == 0.5
    monkeypatch.setenv("CLINICCTL_LOG", str(tmp_path))
    assert not [key for key in parsed(run("metrics", status=0).stdout) if "lock" in key[0]]


def test_the_textfile_is_put_in_its_place_whole_and_for_others_to_read(
    clinic: Ask, run: Run, refused: Any, tmp_path: Path
) -> None:
    folder = tmp_path / "collector"
    folder.mkdir()
    target = folder / "clinicctl.prom"
    target.write_text("# HELP clinicctl_patients old\n")
    target.chmod(0o600)
    clinic("patient", "add", NAME, "--phone", PHONE, "--note", "zyxwin-note")
    before = os.umask(0o077)
    try:
        assert run("metrics", "--textfile", str(target), status=0).stdout == ""
    finally:
        os.umask(before)
    assert parsed(target.read_text())["clinicctl_patients", ()] == 3
    assert stat.S_IMODE(target.stat().st_mode) == 0o644
    assert [each.name for each in folder.iterdir()] == ["clinicctl.prom"]
    assert not [mark for mark in MARKS if mark in target.read_text().lower()]
    refused(74, "io_error", "metrics", "--textfile", str(tmp_path / "none" / "x.prom"))
    refused(74, "io_error", "metrics", "--textfile", str(folder))
    assert [each.name for each in folder.iterdir()] == ["clinicctl.prom"]


def test_the_numbers_are_objects_under_json(clinic: Ask) -> None:
    names = [each["name"] for each in clinic("metrics")["metrics"]]
    assert len(names) == len(set(names)) > 10


# Health


def looked(answer: Any) -> dict[str, Any]:
    return {each["name"]: each for each in answer["findings"]}


def test_health_tells_where_the_journal_ends_and_the_time_zone(clinic: Ask) -> None:
    found = looked(clinic("health"))
    assert found["journal head"]["value"] == f"5 {clinic('audit', 'verify')['head']}"
    assert found["time zone"]["value"] == "Asia/Kolkata"


@pytest.mark.file
def test_health_tells_what_is_in_force_and_how_the_files_are(clinic: Ask) -> None:
    found = looked(clinic("health"))
    assert found["durability"]["value"] == "journal_mode=wal, synchronous=FULL, wal_autocheckpoint=0, foreign_keys=ON"
    assert all(found[f"mode of {each}"]["ok"] for each in ("file", "lock", "folder"))
    assert {"size", "size of -wal", "clock", "patients", "free disk", "last backup"} <= found.keys()


def test_health_is_a_table_for_people(clinic: Ask, run: Run) -> None:
    shown = run("health", "-o", "table", status=0).stdout
    assert "Database OK." in shown
    assert "NOT OK" in shown, "there is no backup yet"


def names_what_is_wrong(run: Run, name: str, *, usable: bool) -> None:
    answer = run("health", json=True, status=0 if usable else 10)
    finding = looked(answer.json)[name]
    assert not finding["ok"]
    assert finding["problem"]
    assert answer.json["usable"] is usable


@pytest.mark.parametrize(
    ("statement", "name", "usable"),
    [
        ("UPDATE journal SET at = '2999-01-01 00:00:00.000000' WHERE number = 5", "clock", True),
        ("UPDATE settings SET value = 'Mars/Olympus' WHERE name = 'timezone'", "time zone", False),
        ("ALTER TABLE patients RENAME TO others", "content", False),
    ],
    ids=["a clock set back", "no time zone", "no patients"],
)
def test_health_names_what_is_wrong(
    clinic: Ask, run: Run, statement: str, name: str, usable: bool, database: str
) -> None:
    stored.change(database, statement)
    names_what_is_wrong(run, name, usable=usable)


@pytest.mark.parametrize("how", ["a row", "every trace"])
def test_health_notices_that_the_last_write_is_gone(how: str, clinic: Ask, run: Run, database: str) -> None:
    if how == "a row":
        stored.change(database, "DELETE FROM journal WHERE number = 5")
    else:
        stored.forget_writes(database, after=4)
    names_what_is_wrong(run, "journal head", usable=False)


@pytest.mark.file
@pytest.mark.parametrize(
    ("statement", "name", "usable"),
    [
        ("UPDATE journal SET at = 'once' WHERE number = 5", "clock", True),
        ("PRAGMA user_version=1", "schema", False),
    ],
    ids=["no instant", "an old schema"],
)
def test_health_names_what_is_wrong_with_a_file(
    clinic: Ask, run: Run, statement: str, name: str, usable: bool, database: str
) -> None:
    stored.change(database, statement)
    names_what_is_wrong(run, name, usable=usable)


@pytest.mark.file
def test_health_finds_files_and_folders_open_to_others(clinic: Ask, tmp_path: Path) -> None:
    (tmp_path / "clinic.db").chmod(0o644)
    before = stat.S_IMODE(tmp_path.stat().st_mode)
    tmp_path.chmod(0o777)
    try:
        found = looked(clinic("health"))
    finally:
        tmp_path.chmod(before)
    assert not found["mode of file"]["ok"]
    assert not found["mode of folder"]["ok"]


@pytest.mark.file
def test_the_versions_of_sqlite_with_the_wal_reset_bug_are_known() -> None:
    faulty = {(3, 7, 0), (3, 40, 1), (3, 44, 5), (3, 50, 6), (3, 51, 2)}
    sound = {(3, 6, 9), (3, 44, 6), (3, 50, 7), (3, 51, 3), (3, 53, 4)}
    assert {each for each in faulty | sound if health.wal_reset_bug(each)} == faulty

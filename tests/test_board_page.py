"""The page for the waiting room in a file: what it shows, how it is replaced, and what ends it."""

import os
import re
import signal
import stat
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from freezegun import freeze_time

from tests.conftest import clock_variables
from tests.pages import Page

Ask = Callable[..., Any]
Run = Callable[..., Any]
Refused = Callable[..., dict[str, Any]]
Start = Callable[..., "subprocess.Popen[str]"]

HOURS = ("--session", "09:00-12:00", "--every", "10m")
PERSONAL = ("Anita", "Sharma", "Mumtaz", "Anwar", "98765", "P1", "P2", "A1", "A2", "cut finger")


@pytest.fixture
def page(tmp_path: Path, run: Run) -> Callable[..., Page]:
    """Write the page once, and read it."""

    def page(*options: str) -> Page:
        answer = run("queue", "board", "--html", str(tmp_path / "board.html"), "--once", *options, status=0)
        assert (answer.stdout, answer.stderr) == ("", "")
        return Page((tmp_path / "board.html").read_text("utf-8"))

    return page


def called(path: Path) -> list[str]:
    return Page(path.read_text("utf-8")).cells.get("MEHTA", {}).get("called", [])


def wait_until(holds: Callable[[], object], process: "subprocess.Popen[str]", within: float = 60) -> None:
    deadline = time.monotonic() + within
    while not holds():
        assert process.poll() is None, process.communicate()
        assert time.monotonic() < deadline
        time.sleep(0.05)


def test_a_patient_who_is_called_again_is_a_new_call(clinic: Ask, page: Callable[..., Page], tmp_path: Path) -> None:
    """However much happens between two looks at the page: the chime is for each call, and for nothing else."""
    clinic("walkin", "P1", "MEHTA")
    clinic("walkin", "P2", "MEHTA")

    def calls() -> list[str]:
        page()
        return re.findall('data-call="(.*?)"', (tmp_path / "board.html").read_text("utf-8"))

    clinic("queue", "call", "MEHTA")
    (first,) = calls()
    clinic("queue", "priority", "MEHTA", "2", "1")
    assert calls() == [first]
    for command in ("skip", "recall", "call"):
        clinic("queue", command, "MEHTA", "1")
    (second,) = calls()
    assert second != first
    assert [len(each["called_at"]) for each in clinic("queue", "board")] == [1]


def test_the_page_shows_who_is_called_and_who_is_next(clinic: Ask, page: Callable[..., Page]) -> None:
    for patient in ("P1", "P2"):
        clinic("walkin", patient, "MEHTA", "--reason", "cut finger")
    clinic("walkin", "P1", "RAO")
    clinic("queue", "call", "MEHTA")
    shown = page()
    assert shown.cells == {"MEHTA": {"called": ["1"], "next": ["2"]}, "RAO": {"next": ["1"]}}
    assert {"Test Clinic", "Dr. Asha Mehta", "Dr. Vikram Rao", "Please come in", "Next"} <= {*shown.texts}


def test_the_page_has_the_expected_time_of_each_waiting(clinic: Ask, page: Callable[..., Page]) -> None:
    with freeze_time("2026-11-23T03:30:00+00:00"):
        clinic("doctor", "avail", "weekly", "MEHTA", "mon-sun", *HOURS)
        for patient in ("P1", "P2"):
            clinic("walkin", patient, "MEHTA")
        shown = page()
    assert shown.cells["MEHTA"]["next"] == ["1", "~09:00", "2", "~09:10"]
    assert "09:00" in shown.texts


def test_nothing_personal_is_in_the_page(clinic: Ask, page: Callable[..., Page]) -> None:
    for patient in ("P1", "P2"):
        clinic("walkin", patient, "MEHTA", "--reason", "cut finger")
    clinic("queue", "call", "MEHTA")
    shown = page()
    values = [*shown.texts, *(value for _, found in shown.tags for value in found.values())]
    assert [each for each in PERSONAL if each in " ".join(values).split()] == []
    assert [each for each in PERSONAL[:5] if each in shown.source] == []


def test_names_are_text_and_not_markup(clinic: Ask, run: Run, page: Callable[..., Page]) -> None:
    clinic("config", "name", "<b>Clinic</b> & $board {0}")
    clinic("doctor", "add", "TAG", "</main><script>alert(1)</script>")
    clinic("walkin", "P1", "TAG")
    shown = page()
    assert {"<b>Clinic</b> & $board {0}", "</main><script>alert(1)</script>"} <= {*shown.texts}
    assert [name for name, _ in shown.tags].count("script") == 1
    assert list(shown.cells) == ["TAG"]


def test_the_page_needs_nothing_from_elsewhere(clinic: Ask, page: Callable[..., Page]) -> None:
    source = page().source
    assert "http:" not in source
    assert "https:" not in source
    assert [found for _, found in page().tags if "src" in found] == []


def test_without_a_queue_the_page_says_that_nobody_waits(clinic: Ask, page: Callable[..., Page]) -> None:
    shown = page()
    assert "Nobody is waiting." in shown.texts
    assert shown.cells == {}


def test_some_doctors_alone_can_be_shown(clinic: Ask, page: Callable[..., Page], refused: Refused) -> None:
    clinic("walkin", "P1", "MEHTA")
    clinic("walkin", "P2", "RAO")
    assert list(page("--doctor", "rao").cells) == ["RAO"]
    assert list(page("--doctor", "rao", "--doctor", "mehta").cells) == ["MEHTA", "RAO"]
    assert [each["doctor"] for each in clinic("queue", "board", "--once", "--doctor", "MEHTA")] == ["MEHTA"]
    refused(4, "doctor_not_found", "queue", "board", "--html", "-", "--doctor", "NOBODY")


def test_an_earlier_open_queue_has_its_day(clinic: Ask, page: Callable[..., Page]) -> None:
    with freeze_time("2026-11-23T05:00:00+00:00"):
        clinic("walkin", "P1", "MEHTA")
    with freeze_time("2026-11-24T05:00:00+00:00"):
        clinic("walkin", "P2", "RAO")
        shown = page()
    assert "Mon 2026-11-23" in shown.texts
    assert "Tue 2026-11-24" not in shown.texts


ARABIC = """
language = "ar"
called = "تفضلوا بالدخول"
next = "التالي"
"""


def test_words_of_another_language_turn_the_page(clinic: Ask, page: Callable[..., Page], tmp_path: Path) -> None:
    clinic("walkin", "P1", "MEHTA")
    clinic("queue", "call", "MEHTA")
    assert page().attributes("html")["dir"] == "ltr"
    (tmp_path / "words.toml").write_text(ARABIC, "utf-8")
    shown = page("--words", str(tmp_path / "words.toml"))
    assert (shown.attributes("html")["lang"], shown.attributes("html")["dir"]) == ("ar", "rtl")
    assert "تفضلوا بالدخول" in shown.texts
    assert "Please come in" not in shown.texts


@pytest.mark.parametrize(
    ("content", "named"),
    [
        ("calld = 'x'", "The names are language, called"),
        ("called = 7", "called: a text of 1 to 120 characters"),
        ("called = ''", "called: a text of 1 to 120 characters"),
        ('next = """a\nb"""', "next: a text of 1 to 120 characters"),
        ("language = 'en\" onload='", "language: a tag such as en"),
        ("language = 'e n'", "language: a tag such as en"),
        ("called", "not a TOML file"),
    ],
)
def test_wrong_words_are_one_line(clinic: Ask, run: Run, tmp_path: Path, content: str, named: str) -> None:
    (tmp_path / "words.toml").write_text(content)
    answer = run("queue", "board", "--html", "-", "--words", str(tmp_path / "words.toml"), status=2)
    assert named in answer.stderr.splitlines()[0]
    assert answer.stdout == ""


def test_a_missing_file_of_words_is_named(clinic: Ask, refused: Refused, tmp_path: Path) -> None:
    error = refused(4, "file_not_found", "queue", "board", "--html", "-", "--words", str(tmp_path / "none.toml"))
    assert "none.toml" in error["message"]


def test_colours_and_chime_are_chosen(clinic: Ask, page: Callable[..., Page], refused: Refused) -> None:
    plain, chosen = page().attributes("html"), page("--theme", "dark", "--chime").attributes("html")
    assert (plain["data-theme"], plain["data-sound"]) == ("auto", "no")
    assert (chosen["data-theme"], chosen["data-sound"]) == ("dark", "yes")
    refused(2, "usage", "queue", "board", "--chime")
    refused(2, "usage", "queue", "board", "--html", "-", "--theme", "pink")


def test_a_page_on_show_loads_anew_when_its_frame_changes(clinic: Ask, page: Callable[..., Page]) -> None:
    first = page().attributes("main")["data-version"]
    clinic("walkin", "P1", "MEHTA")
    assert page().attributes("main")["data-version"] == first
    assert page("--theme", "dark").attributes("main")["data-version"] != first


def test_the_page_can_go_to_stdout(clinic: Ask, run: Run) -> None:
    clinic("walkin", "P1", "MEHTA")
    assert Page(run("queue", "board", "--html", "-", status=0).stdout).cells == {"MEHTA": {"next": ["1"]}}


# The file


def test_a_web_server_can_read_the_page(clinic: Ask, page: Callable[..., Page], tmp_path: Path) -> None:
    before = os.umask(0o077)
    try:
        page()
    finally:
        os.umask(before)
    assert stat.S_IMODE((tmp_path / "board.html").stat().st_mode) == 0o644


def test_only_a_page_of_the_board_is_replaced(clinic: Ask, run: Run, refused: Refused, tmp_path: Path) -> None:
    own = tmp_path / "index.html"
    own.write_text("<!DOCTYPE html>\n<title>mine</title>\n")
    error = refused(6, "exists", "queue", "board", "--html", str(own), "--once")
    assert "index.html" in error["message"]
    assert "mine" in own.read_text()
    (tmp_path / "link.html").symlink_to(own)
    refused(6, "exists", "queue", "board", "--html", str(tmp_path / "link.html"), "--once")


def test_the_page_never_replaces_a_file_of_the_database(clinic: Ask, refused: Refused, tmp_path: Path) -> None:
    for end in ("", ".lock", "-wal"):
        refused(2, "invalid_value", "queue", "board", "--html", f"{tmp_path}/clinic.db{end}", "--once")
    assert clinic("patient", "list")


def test_a_missing_folder_is_named(clinic: Ask, refused: Refused, tmp_path: Path) -> None:
    error = refused(74, "io_error", "queue", "board", "--html", str(tmp_path / "none" / "board.html"), "--once")
    assert "No such file or directory" in error["message"]


def test_cron_writes_the_page_without_a_word(clinic: Ask, tmp_path: Path) -> None:
    clinic("walkin", "P1", "MEHTA")
    target = tmp_path / "board.html"
    environment = {each: os.environ[each] for each in ("HOME", "CLINICCTL_DB")} | {"PATH": "/usr/bin:/bin"}
    environment |= clock_variables()
    for _ in range(2):
        done = subprocess.run(
            [sys.executable, "-m", "clinicctl", "queue", "board", "--html", str(target), "--once"],
            env=environment,
            cwd="/",
            stdin=subprocess.DEVNULL,
            capture_output=True,
            check=False,
        )
        assert (done.returncode, done.stdout, done.stderr) == (0, b"", b"")
    assert Page(target.read_text("utf-8")).cells == {"MEHTA": {"next": ["1"]}}
    assert sorted(each.name for each in tmp_path.iterdir() if "board" in each.name) == ["board.html"]


def test_a_reader_sees_the_old_page_or_the_new_one(clinic: Ask, start: Start, tmp_path: Path) -> None:
    target = tmp_path / "board.html"
    clinic("walkin", "P1", "MEHTA")
    process = start("queue", "board", "--html", str(target), "--every", "0.2")
    wait_until(target.exists, process)
    seen = set()
    until = time.monotonic() + 3
    clinic("queue", "call", "MEHTA")
    while time.monotonic() < until or called(target) != ["1"]:
        with open(target, encoding="utf-8") as file:
            seen.add(os.fstat(file.fileno()).st_ino)
            source = file.read()
        assert source.endswith("</html>\n")
        assert Page(source).cells["MEHTA"]
        assert time.monotonic() < until + 60
    assert len(seen) > 1


def test_the_page_keeps_its_state_while_the_database_is_away(clinic: Ask, start: Start, tmp_path: Path) -> None:
    target, database = tmp_path / "board.html", tmp_path / "clinic.db"
    clinic("walkin", "P1", "MEHTA")
    clinic("queue", "call", "MEHTA")
    process = start("queue", "board", "--html", str(target), "--every", "0.2")
    wait_until(target.exists, process)
    assert process.stderr.readline().startswith("clinicctl: Writing ")
    database.rename(tmp_path / "away.db")
    lines = [process.stderr.readline()]
    before = target.stat().st_mtime_ns
    time.sleep(0.7)
    assert (called(target), target.stat().st_mtime_ns) == (["1"], before)
    (tmp_path / "away.db").rename(database)
    lines.append(process.stderr.readline())
    wait_until(lambda: target.stat().st_mtime_ns > before, process)
    process.send_signal(signal.SIGTERM)
    assert process.wait(60) == 143
    assert lines == [
        f"clinicctl: No clinic database at {database}. The page keeps its last state.\n",
        "clinicctl: The page is up to date again.\n",
    ]


@pytest.mark.parametrize(("number", "status"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_a_signal_ends_the_writer_with_its_status(
    clinic: Ask, start: Start, tmp_path: Path, number: int, status: int
) -> None:
    target = tmp_path / "board.html"
    process = start("queue", "board", "--html", str(target), "--every", "30")
    wait_until(target.exists, process)
    process.send_signal(number)
    stdout, stderr = process.communicate(timeout=60)
    assert process.returncode == status
    assert stdout == ""
    assert stderr.splitlines()[0] == f"clinicctl: Writing {target} every 30 s. Press Ctrl-C to end."
    assert len(stderr.splitlines()) == 2
    assert sorted(each.name for each in tmp_path.iterdir() if "board" in each.name) == ["board.html"]


def test_a_batch_writes_no_page_without_end(clinic: Ask, run: Run, tmp_path: Path) -> None:
    line = f"queue board --html {tmp_path}/board.html\n"
    (answer,) = run("batch", "-", stdin=line, status=3).lines
    assert answer["error"]["code"] == "usage"
    assert not (tmp_path / "board.html").exists()


def test_the_terminal_board_loads_no_page(clinic: Ask) -> None:
    code = """
import sys
from clinicctl.cli import run
status = run(["queue", "board", "--once"])
pages = {"clinicctl.cli.boards", "clinicctl.render.board_page", "http.server", "html", "string", "tomllib"}
loaded = pages & set(sys.modules)
sys.exit(f"{status} {loaded}" if status or loaded else 0)
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr

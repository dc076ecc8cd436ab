"""Slips, day sheets and printing: what stands on the paper, and what a printer that fails does."""

import os
import shutil
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
from wcwidth import wcswidth

from clinicctl import errors
from clinicctl.render import fonts, pdf, printing, slips
from clinicctl.statuses import PaperWidth
from tests.pdfs import read_code, text_of

Ask = Callable[..., Any]
Run = Callable[..., Any]
Refused = Callable[..., dict[str, Any]]
Start = Callable[..., "subprocess.Popen[str]"]

PERSONAL = ("Anita", "Sharma", "98765", "P1", "cut finger")
PRINTER = """#!/bin/sh
cat > "$0.paper"
echo "$@" > "$0.words"
"""


@pytest.fixture
def visits(clinic: Ask) -> Ask:
    """Two patients in a queue, and a third appointment tomorrow."""
    clinic("walkin", "P1", "MEHTA", "--reason", "cut finger")
    clinic("walkin", "P2", "MEHTA")
    clinic("book", "P1", "RAO", "tomorrow")
    return clinic


@pytest.fixture
def printer(visits: Ask, tmp_path: Path) -> Path:
    """A program that prints into a file beside it, which the clinic's settings name."""
    program = tmp_path / "my printer"
    program.write_text(PRINTER)
    program.chmod(0o700)
    visits("config", "print_command", f"'{program}' -d {{kind}} '$HOME; ls'")
    return program


def paper(printer: Path) -> bytes:
    return Path(f"{printer}.paper").read_bytes()


# The slip


def test_a_slip_has_position_doctor_clinic_and_no_name(visits: Ask, run: Run) -> None:
    text = run("ticket", "A2", "--width", "80mm", status=0).stdout
    for each in ("Test Clinic", "A2", "Position 2", "Dr. Asha Mehta (MEHTA)", "1 person ahead"):
        assert each in [line.strip() for line in text.splitlines()]
    assert [each for each in (*PERSONAL, "Mumtaz", "Anwar", "P2") if each in text] == []


def test_a_slip_has_the_expected_time(clinic: Ask, run: Run) -> None:
    with freeze_time("2026-11-23T03:30:00+00:00"):
        clinic("doctor", "avail", "weekly", "MEHTA", "mon-sun", "--session", "09:00-12:00", "--every", "10m")
        clinic("walkin", "P1", "MEHTA")
        clinic("walkin", "P2", "MEHTA")
        found = clinic("ticket", "A2")
        text = run("ticket", "A2", "-o", "table", status=0).stdout
    assert (found["position"], found["people_ahead"], found["expected_basis"]) == (2, 1, "slot")
    assert found["expected_start"] == "2026-11-23T09:10:00+05:30"
    assert "Expected about 09:10" in text
    assert "Mon 2026-11-23 09:10" in text
    assert "Printed 2026-11-23 09:00" in text


def test_a_slip_before_the_arrival_has_the_day(visits: Ask, run: Run) -> None:
    found = visits("ticket", "A3")
    assert (found["status"], found["position"], found["people_ahead"]) == ("booked", None, None)
    assert "Position" not in run("ticket", "A3", "--width", "58mm", status=0).stdout


def test_a_transferred_patient_gets_the_doctor_of_the_queue(visits: Ask) -> None:
    visits("queue", "transfer", "MEHTA", "2", "--to", "RAO")
    found = visits("ticket", "A2")
    assert (found["doctor"]["code"], found["position"]) == ("RAO", 1)


def test_what_is_over_has_no_slip(visits: Ask, refused: Refused) -> None:
    visits("appointment", "cancel", "A3")
    error = refused(7, "illegal_step", "ticket", "A3")
    assert error["message"] == "A3 is cancelled: there is no slip for it."
    visits("queue", "left", "MEHTA", "1")
    refused(7, "illegal_step", "ticket", "A1")
    refused(4, "appointment_not_found", "ticket", "A99")


def test_nothing_personal_is_in_the_json_of_a_slip(visits: Ask, run: Run) -> None:
    text = run("ticket", "A1", json=True, status=0).stdout
    assert [each for each in PERSONAL if each in text] == []
    assert run("ticket", "A1", status=0).stdout.startswith("A1\tTest Clinic\t")


@pytest.mark.parametrize(("width", "columns"), [("58mm", 32), ("80mm", 48)])
def test_text_fits_the_paper_in_every_script(clinic: Ask, run: Run, width: str, columns: int) -> None:
    clinic("config", "name", "北京协和医院门诊部预约挂号中心与急诊科 and one more long name")
    clinic("doctor", "edit", "MEHTA", "--name", "Dr. Maria-Luisa Fernández de la Reguera y Montenegro")
    clinic("patient", "add", "佐藤 花子 " * 6, "--phone", "none")
    clinic("walkin", "P3", "MEHTA")
    for line in (("ticket", "A1"), ("day",)):
        lines = run(*line, "--width", width, status=0).stdout.splitlines()
        assert max(map(wcswidth, lines)) <= columns
        assert not [each for each in lines if each != each.rstrip()]


@pytest.mark.parametrize("number", ["A1", "A42", "A999999999"])
def test_the_code_in_text_is_the_number(number: str) -> None:
    lines = list(slips.blocks(slips.code(number)))
    assert len(lines[0]) <= slips.COLUMNS["58mm"]
    rows = [[each in above for each in line] for line in lines for above in ("▀█", "▄█")]
    assert read_code(rows) == number


def test_a_slip_can_lack_the_code(visits: Ask, run: Run) -> None:
    with_code, without = (
        run("ticket", "A1", "--width", "58mm", *each, status=0).stdout for each in ((), ("--no-code",))
    )
    assert "█" in with_code
    assert not {"█", "▀", "▄"} & {*without}


# The day sheet


def test_the_day_sheet_as_text_has_the_patients_and_what_is_free(visits: Ask, run: Run) -> None:
    lines = run("day", "MEHTA", "--width", "58mm", status=0).stdout.splitlines()
    assert lines[0] == "Test Clinic"
    assert "MEHTA Dr. Asha Mehta" in lines
    assert "1 A1 checked in, pos. 1" in lines
    assert "  P1 Anita Sharma" in lines
    assert lines[-1] == "3-10 free"
    assert not [each for each in lines if "RAO" in each]


def test_the_pdf_of_a_day_has_every_slot_and_is_private(visits: Ask, run: Run, tmp_path: Path) -> None:
    target = tmp_path / "day.pdf"
    answer = run("day", "today..tomorrow", "--pdf", str(target), status=0)
    assert answer.stdout == ""
    assert stat.S_IMODE(target.stat().st_mode) == 0o600
    text = text_of(target.read_bytes())
    for each in ("Test Clinic", "MEHTA Dr. Asha Mehta", "RAO Dr. Vikram Rao", "P1 Anita Sharma", "P2 Mumtaz Anwar"):
        assert each in text
    assert text.count("free") >= 2 * (10 + 3) - 3
    assert sorted(each.name for each in tmp_path.iterdir() if "pdf" in each.name) == ["day.pdf"]


def test_a_pdf_replaces_a_file_only_by_force(visits: Ask, run: Run, refused: Refused, tmp_path: Path) -> None:
    target = tmp_path / "day.pdf"
    target.write_text("mine")
    refused(6, "exists", "day", "--pdf", str(target))
    assert target.read_text() == "mine"
    run("day", "--pdf", str(target), "--force", status=0)
    assert target.read_bytes().startswith(b"%PDF-")
    for end in ("", ".lock", "-wal"):
        refused(2, "invalid_value", "day", "--pdf", f"{tmp_path}/clinic.db{end}", "--force")
    refused(74, "io_error", "day", "--pdf", str(tmp_path / "none" / "day.pdf"))


def test_a_pdf_can_go_to_stdout(visits: Ask, tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "clinicctl", "ticket", "A1", "--pdf", "-"], capture_output=True, check=True
    )
    assert done.stdout.startswith(b"%PDF-")
    assert done.stdout.rstrip().endswith(b"%%EOF")


@pytest.mark.parametrize("width", ["58mm", "80mm"])
def test_the_pdf_of_a_slip_is_as_wide_as_the_paper(visits: Ask, run: Run, tmp_path: Path, width: str) -> None:
    run("ticket", "A2", "--width", width, "--pdf", str(tmp_path / "slip.pdf"), status=0)
    content = (tmp_path / "slip.pdf").read_bytes()
    assert b"/MediaBox [0 0 %.2f" % (float(width[:2]) / 25.4 * 72) in content
    text = text_of(content)
    assert {"Test Clinic", "Position", "2", "A2", "Dr. Asha Mehta (MEHTA)"} <= {*text.splitlines()}
    assert [each for each in PERSONAL if each in text] == []
    assert content.count(b"/Type /Page\n") == 1


def test_a_script_without_a_font_is_named(
    visits: Ask, refused: Refused, run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(fonts, "FOLDERS", (str(tmp_path / "fonts"),))
    visits("patient", "add", "मीना 佐藤", "--phone", "none")
    visits("walkin", "P3", "MEHTA")
    error = refused(74, "no_font", "day", "--pdf", str(tmp_path / "day.pdf"))
    assert "the characters of CJK, Devanagari, so" in error["message"]
    assert "मीना" not in str(error)
    assert not (tmp_path / "day.pdf").exists()
    assert "मीना" in run("day", "--width", "58mm", status=0).stdout


def test_an_emoji_without_a_font_is_said_to_be_one(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    known = fonts.Font("known.ttf"), {*map(chr, range(32, 127))}
    monkeypatch.setattr(fonts, "_files", lambda: ["known.ttf"])
    monkeypatch.setattr(fonts, "_fonts", lambda path: iter([known]))
    with pytest.raises(errors.NoFont, match="the characters of emoji or signs"):
        fonts.choose(["Anita \N{GRINNING FACE}"])


def test_fonts_of_the_system_give_the_letters_of_names(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    source = next((each for each in system_fonts() if "DejaVuSans.ttf" in each or "NotoSans-Regular" in each), None)
    if source is None:
        pytest.skip("no font with Cyrillic letters on this machine")
    shutil.copy(source, tmp_path)
    (tmp_path / "broken.ttf").write_bytes(b"no font")
    monkeypatch.setattr(fonts, "FOLDERS", (str(tmp_path),))
    assert [os.path.basename(each.path) for each in fonts.choose(["Амина"])] == [os.path.basename(source)]
    assert fonts.choose(["José Álvarez"]) == []


def system_fonts() -> list[str]:
    return [
        os.path.join(folder, each)
        for start in fonts.FOLDERS
        for folder, _, names in os.walk(os.path.expanduser(start))
        for each in names
    ]


def test_a_long_day_goes_on_over_pages(clinic: Ask, run: Run, tmp_path: Path) -> None:
    clinic("doctor", "avail", "set", "MEHTA", "today", "--capacity", "120")
    run("day", "--pdf", str(tmp_path / "day.pdf"), status=0)
    content = (tmp_path / "day.pdf").read_bytes()
    assert content.count(b"/Type /Page\n") >= 4
    assert text_of(content).count("Patient") >= 4


def test_without_the_library_the_answer_names_the_extra(visits: Ask) -> None:
    code = """
import sys
sys.modules["fpdf"] = None
from clinicctl.cli import run
sys.exit(run(["ticket", "A1", "--pdf", "-"]))
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout) == (10, "")
    assert done.stderr == (
        "clinicctl: clinicctl cannot write a PDF, because fpdf2 is not installed.\n"
        "  Install it with `pip install 'clinicctl[print]'`.\n"
    )


def test_a_slip_as_text_and_the_sheet_load_no_pdf(visits: Ask) -> None:
    for line in (["ticket", "A1", "--width", "58mm"], ["day"], ["day", "--width", "58mm"], ["ticket", "A1", "--json"]):
        code = f"""
import sys
from clinicctl.cli import run
status = run({line!r})
loaded = {{"fpdf", "fontTools", "PIL", "uharfbuzz", "clinicctl.render.printing"}} & set(sys.modules)
sys.exit(f"{{status}} {{loaded}}" if status or loaded else 0)
"""
        done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
        assert done.returncode == 0, (line, done.stderr)


# Printing


def test_printing_pipes_a_pdf_to_the_command_without_a_shell(printer: Path, run: Run) -> None:
    answer = run("ticket", "A1", "--print", status=0)
    assert (answer.stdout, answer.stderr) == ("", f"clinicctl: Sent to {printer}.\n")
    assert paper(printer).startswith(b"%PDF-")
    assert Path(f"{printer}.words").read_text() == "-d ticket $HOME; ls\n"
    run("day", "--print", "-q", status=0)
    assert Path(f"{printer}.words").read_text() == "-d day $HOME; ls\n"


def test_plain_text_is_printed_with_a_width(printer: Path, visits: Ask, run: Run) -> None:
    shown = run("ticket", "A1", "--width", "58mm", "--no-code", status=0).stdout
    run("ticket", "A1", "--print", "--width", "58mm", "--no-code", status=0)
    assert paper(printer).decode().splitlines()[:-1] == shown.splitlines()[:-1]
    visits("config", "ticket_width", "80mm")
    run("ticket", "A1", "--print", status=0)
    assert "Position 1" in paper(printer).decode()
    run("day", "--print", status=0)
    assert paper(printer).startswith(b"%PDF-")


def test_the_machine_can_have_its_own_command(
    printer: Path, run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    other = tmp_path / "other"
    shutil.copy(printer, other)
    monkeypatch.setenv("CLINICCTL_PRINT_COMMAND", str(other))
    run("ticket", "A1", "--print", status=0)
    assert Path(f"{other}.paper").exists()
    assert not Path(f"{printer}.paper").exists()


def test_without_a_setting_lp_prints(
    visits: Ask, run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, refused: Refused
) -> None:
    monkeypatch.setenv("PATH", f"{tmp_path}:/usr/bin:/bin")
    if shutil.which("lp") is None:
        error = refused(74, "not_sent", "ticket", "A1", "--print")
        assert error["message"] == "lp: No such file or directory."
        assert "config print_command" in error["hint"]
    (tmp_path / "lp").write_text(PRINTER)
    (tmp_path / "lp").chmod(0o700)
    run("ticket", "A1", "--print", status=0)
    assert (tmp_path / "lp.paper").read_bytes().startswith(b"%PDF-")


@pytest.mark.parametrize(
    ("script", "reason"),
    [
        ("cat > /dev/null; echo 'lp: no default destination' >&2; exit 1", "exit status 1: lp: no default destination"),
        ("exit 3", "exit status 3"),
        ("kill -9 $$", "signal 9"),
        (r"printf '\033[31mred' >&2; exit 1", "exit status 1: <U+001B>[31mred"),
    ],
)
def test_a_printer_that_fails_is_one_line(visits: Ask, run: Run, script: str, reason: str) -> None:
    visits("config", "print_command", f"sh -c {script!r}" if "'" not in script else f'sh -c "{script}"')
    answer = run("day", "--print", status=74)
    assert answer.stdout == ""
    assert answer.stderr.splitlines()[0] == f"clinicctl: sh: {reason}."


def test_a_printer_that_hangs_is_stopped(
    visits: Ask, run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(printing, "PATIENCE", 0.5)
    visits("config", "print_command", f"sh -c 'sleep 600 & echo $! > {tmp_path}/child; wait'")
    began = time.monotonic()
    answer = run("ticket", "A1", "--print", status=74)
    assert answer.stderr.splitlines()[0] == "clinicctl: sh: no answer within 0.5 s; it was stopped."
    assert time.monotonic() - began < 60
    child = int((tmp_path / "child").read_text())
    until = time.monotonic() + 30
    while os.path.exists(f"/proc/{child}") and "Z" not in Path(f"/proc/{child}/stat").read_text().split()[2]:
        assert time.monotonic() < until
        time.sleep(0.05)


def test_a_command_in_the_background_is_not_waited_for(visits: Ask, run: Run) -> None:
    visits("config", "print_command", "sh -c 'sleep 20 &'")
    began = time.monotonic()
    run("ticket", "A1", "--print", status=0)
    assert time.monotonic() - began < 15


def test_others_write_while_a_printer_hangs(visits: Ask, start: Start, run: Run, tmp_path: Path) -> None:
    visits("config", "print_command", f"sh -c 'touch {tmp_path}/begun; sleep 600'")
    process = start("day", "--print")
    until = time.monotonic() + 60
    while not (tmp_path / "begun").exists():
        assert process.poll() is None, process.communicate()
        assert time.monotonic() < until
        time.sleep(0.05)
    run("book", "P2", "RAO", "--wait", "1", status=0)
    process.send_signal(signal.SIGINT)
    _, stderr = process.communicate(timeout=60)
    assert (process.returncode, stderr) == (130, "clinicctl: Interrupted.\n")


def test_a_wrong_print_command_is_refused(visits: Ask, refused: Refused) -> None:
    for wrong in ("lp 'front", "   ", "x" * 501):
        assert "print_command" in refused(2, "invalid_value", "config", "print_command", wrong)["message"]
    visits("config", "print_command", "lp -d front")
    assert visits("config", "print_command", "")["value"] == ""
    refused(2, "invalid_value", "config", "ticket_width", "70mm")


def test_options_that_do_not_go_together_are_refused(visits: Ask, refused: Refused) -> None:
    refused(2, "usage", "day", "--week", "--print")
    refused(2, "usage", "day", "--pdf", "day.pdf", "--width", "58mm")
    refused(2, "usage", "ticket", "A1", "--width", "70mm")


def test_the_widths_of_text_and_pdf_are_the_same() -> None:
    assert {*slips.COLUMNS} == {*PaperWidth}
    assert pdf.ticket is not None

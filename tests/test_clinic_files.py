"""Files as clinics have them: workbooks, encodings, other headers, and the lists that the program writes itself.

The files of `tests/files` are exports of LibreOffice:
`soffice --headless --convert-to xlsx days.csv`, and from it
`soffice --headless --convert-to 'csv:Text - txt - csv (StarCalc):59,34,ANSI,1' days.xlsx`.
"""

import datetime
import io
import json
import sqlite3
import zipfile
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
import xlsxwriter
from hypothesis import given
from hypothesis import strategies as st

from clinicctl.errors import BadValue
from clinicctl.rules import encodings, text, workbooks

Ask = Callable[..., Any]
Run = Callable[..., Any]
Refused = Callable[..., dict[str, Any]]

FILES = Path(__file__).parent / "files"
MIDNIGHT, MORNING = (datetime.datetime.fromisoformat(f"2060-11-23T{each}:00") for each in ("00", "09"))
DAYS = [
    {"doctor": "MEHTA", "date": "2060-11-23", "present": False, "capacity": 10},
    {"doctor": "RAO", "date": "2060-11-24", "present": True, "capacity": 6},
    {"doctor": "MEHTA", "date": "2060-11-25", "present": True, "capacity": 4},
]


def workbook(path: Path, *sheets: tuple[str, list[list[Any]]]) -> str:
    """Write a workbook as Excel does: dates are numbers with a format, and whole numbers are floats."""
    book = xlsxwriter.Workbook(str(path), {"default_date_format": "dd/mm/yyyy"})
    for name, rows in sheets:
        sheet = book.add_worksheet(name)
        for at, row in enumerate(rows):
            for column, cell in enumerate(row):
                sheet.write(at, column, cell)
    book.close()
    return str(path)


def shown(ask: Ask, day: dict[str, Any]) -> dict[str, Any]:
    (found,) = ask("doctor", "avail", "show", day["doctor"], day["date"])
    return {name: found[name] for name in day}


@pytest.fixture
def file(tmp_path: Path) -> Callable[..., str]:
    def write(content: str | bytes, name: str = "days.csv") -> str:
        path = tmp_path / name
        path.write_bytes(content.encode() if isinstance(content, str) else content)
        return str(path)

    return write


# Workbooks


@pytest.mark.parametrize("name", ["libreoffice-days.xlsx", "libreoffice-days-windows-1252.csv"])
def test_an_export_of_libreoffice_is_read_and_repeats_as_unchanged(name: str, clinic: Ask) -> None:
    assert clinic("doctor", "avail", "import", str(FILES / name))["added"] == 3
    assert [shown(clinic, each) for each in DAYS] == DAYS
    assert clinic("doctor", "avail", "show", "MEHTA", "2060-11-23")[0]["note"] == "Kongreß in Köln"
    again = clinic("doctor", "avail", "import", str(FILES / name))
    assert (again["added"], again["changed"], again["unchanged"]) == (0, 0, 3)


def test_patients_of_libreoffice_are_registered_once(clinic: Ask) -> None:
    path = str(FILES / "libreoffice-patients.xlsx")
    assert clinic("patient", "import", path)["added"] == 2
    assert clinic("patient", "import", path)["unchanged"] == 2
    assert clinic("patient", "find", "Jürgen")[0]["born"] == "1980-02-01"


def test_a_workbook_of_excel_has_typed_cells(clinic: Ask, tmp_path: Path) -> None:
    rows = [
        ["doctor", "date", "present", "capacity"],
        ["MEHTA", MIDNIGHT, False, None],
        ["rao", datetime.date(2060, 11, 24), True, 6.0],
        [],
        ["Asha Mehta", datetime.date(2060, 11, 25), 1, 4],
    ]
    path = workbook(tmp_path / "days.xlsx", ("Plan", rows))
    first = clinic("doctor", "avail", "import", path, "--key", "k")
    assert [(row["line"], row["doctor"], row["outcome"]) for row in first["rows"]] == [
        *((2, "MEHTA", "added"), (3, "RAO", "added"), (5, "MEHTA", "added"))
    ]
    assert [shown(clinic, each) for each in DAYS] == DAYS
    assert clinic("doctor", "avail", "import", "-", "--key", "k", stdin=Path(path).read_bytes())["replayed"]


STYLES = {
    "Google Sheets": (
        "doctor,date,present,capacity\r\nMEHTA,11/23/2060,FALSE,\r\nRAO,11/24/2060,TRUE,6\r\nMEHTA,11/25/2060,TRUE,4"
    ),
    "Numbers": (
        "doctor;date;present;capacity\nMEHTA;11/23/2060 00:00;FALSE;\nRAO;11/24/2060 00:00;TRUE;6,0\n"
        "MEHTA;11/25/2060;1;4\n"
    ),
    "Excel": (
        "sep=;\r\nDoctor;Day;Available;Slots\r\nmehta;11/23/2060;No;\r\nrao;11/24/2060;Yes;6\r\n"
        "mehta;11/25/2060;Yes;4\r\n"
    ),
}


@pytest.mark.parametrize("style", STYLES)
def test_a_csv_file_of_a_spreadsheet_program_goes_in_and_comes_back(
    style: str, clinic: Ask, run: Run, file: Any
) -> None:
    clinic("config", "date_order", "mdy")
    path = file("\ufeff" * (style == "Numbers") + STYLES[style])
    assert clinic("doctor", "avail", "import", path)["added"] == 3
    assert [shown(clinic, each) for each in DAYS] == DAYS
    assert clinic("doctor", "avail", "import", path)["unchanged"] == 3
    listed = run("doctor", "avail", "show", "MEHTA", "11/23/2060-11/25/2060", "-o", "csv", status=0).stdout
    assert clinic("doctor", "avail", "import", file(listed))["unchanged"] == 3


def test_a_sheet_is_chosen_by_its_name(clinic: Ask, refused: Refused, tmp_path: Path) -> None:
    header = ["doctor", "date", "present"]
    path = workbook(tmp_path / "days.xlsx", ("Notes", [["nothing"]]), ("Plan", [header, ["RAO", "+1d", "no"]]))
    refused(65, "bad_file", "doctor", "avail", "import", path)
    assert clinic("doctor", "avail", "import", path, "--sheet", "plan")["added"] == 1
    assert "Notes, Plan" in refused(2, "invalid_value", "doctor", "avail", "import", path, "--sheet", "x")["message"]
    refused(2, "usage", "doctor", "avail", "import", "-", "--sheet", "x", stdin="doctor,date\n")


@pytest.mark.parametrize(
    ("cell", "reason"),
    [
        ("#N/A", "column 3 has the error #N/A"),
        (MORNING, "present is yes or no"),
        (2.5, "present"),
    ],
)
def test_a_bad_cell_of_a_workbook_is_named(cell: Any, reason: str, clinic: Ask, run: Run, tmp_path: Path) -> None:
    rows = [["doctor", "date", "present"], ["MEHTA", "+1d", cell], ["RAO", "+1d", "no"]]
    path = workbook(tmp_path / "days.xlsx", ("Plan", rows))
    answer = run("doctor", "avail", "import", path, "--on-error", "skip", json=True, status=3).json
    assert [row["outcome"] for row in answer["rows"]] == ["refused", "added"]
    assert reason in answer["rows"][0]["reason"]


def test_what_is_no_workbook_is_a_bad_file(clinic: Ask, refused: Refused, file: Any) -> None:
    archive = io.BytesIO()
    with zipfile.ZipFile(archive, "w", zipfile.ZIP_DEFLATED) as made:
        made.writestr("xl/workbook.xml", "<workbook/>")
    large = io.BytesIO()
    with zipfile.ZipFile(large, "w", zipfile.ZIP_DEFLATED) as made:
        made.writestr("xl/worksheets/sheet1.xml", b" " * (workbooks.MOST_BYTES + 1))
    for content, reason in (
        (b"PK\x03\x04 nothing", "not a workbook"),
        (archive.getvalue(), "not a workbook"),
        (large.getvalue(), "when unpacked"),
    ):
        error = refused(65, "bad_file", "doctor", "avail", "import", file(content, "days.xlsx"))
        assert reason in error["hint"]


def test_a_sheet_with_a_cell_far_away_is_read_in_bounded_time(clinic: Ask, tmp_path: Path) -> None:
    book = xlsxwriter.Workbook(str(tmp_path / "days.xlsx"))
    sheet = book.add_worksheet()
    for at, row in enumerate((["doctor", "date", "present"], ["MEHTA", "2060-11-23", "no"])):
        sheet.write_row(at, 0, row)
    sheet.write(200_000, 16_000, "x")
    book.close()
    assert clinic("doctor", "avail", "import", str(tmp_path / "days.xlsx"))["added"] == 1


# Encodings


@pytest.mark.parametrize(
    ("encoding", "notice"),
    [
        *(("utf-8", ""), ("utf-8-sig", ""), ("utf-16", ""), ("utf-16-le", "utf-16"), ("utf-16-be", "utf-16")),
        ("cp1252", "windows-1252"),
    ],
)
def test_the_encoding_of_a_text_is_recognised(encoding: str, notice: str, clinic: Ask, run: Run, file: Any) -> None:
    content = "sep=;\r\nname;phone;note\r\nJürgen Müller;98111 22333;Größe\r\n".encode(encoding)
    answer = run("patient", "import", file(content), json=True, status=0)
    assert answer.json["added"] == 1
    assert (f"Read as {notice}. Choose another encoding with --encoding." in answer.stderr) == bool(notice)
    assert clinic("patient", "show", "P3")["name"] == "Jürgen Müller"


def test_the_encoding_can_be_chosen(clinic: Ask, refused: Refused, file: Any) -> None:
    path = file("name,phone\nНаталья Жукова,98111 22333\n".encode("cp1251"))
    clinic("patient", "import", path, "--encoding", "windows-1251")
    assert clinic("patient", "show", "P3")["name"] == "Наталья Жукова"
    refused(2, "usage", "patient", "import", path, "--encoding", "rot13")


@given(st.text(st.characters(exclude_categories=["Cs", "Cc"]), min_size=1, max_size=60))
def test_any_text_in_utf_8_is_recognised_as_such(content: str) -> None:
    found = encodings.recognise(f"name,note\n{content}\n".encode())
    assert (found.encoding, found.assumed) == ("utf-8", False)
    assert "".join(encodings.lines(content.encode(), found, longest=1000)) == content.removeprefix("\ufeff")


def test_a_replacement_character_in_a_name_is_refused(clinic: Ask, refused: Refused, file: Any) -> None:
    error = refused(65, "bad_file", "patient", "import", file("name,phone\nJ\ufffdrgen,98111 22333\n"))
    assert "replacement character" in error["hint"]
    refused(2, "invalid_value", "patient", "add", "J\ufffdrgen", "--phone", "none")


# Cells


@pytest.mark.parametrize(
    "row",
    [
        *(
            "RAO,2060-11-24 00:00:00,TRUE,6.0",
            "\u200bRAO\ufeff,2060-11-24T00:00,yes,\u00a06",
            "Dr. Rao,24/11/2060 00:00,1,6.00",
        ),
        *("Vikram Rao,24.11.2060,True,6", "rao,2060-11-24,present,6"),
    ],
)
def test_cells_of_spreadsheets_are_understood(row: str, clinic: Ask, file: Any) -> None:
    clinic("doctor", "edit", "RAO", "--name", "Dr. Vikram Rao")
    answer = clinic("doctor", "avail", "import", file(f"doctor,date,present,capacity\n{row}\n"))
    assert [(each["doctor"], each["outcome"]) for each in answer["rows"]] == [("RAO", "added")]
    assert shown(clinic, DAYS[1]) == DAYS[1]


def test_marks_around_phones_and_codes_are_removed(clinic: Ask, file: Any) -> None:
    content = "name,phone,born,age\nZoë Quux,\u200e98111 22333\u202c,\ufeff27/11/1980,\nBaby Quux,none,,6m\n"
    clinic("patient", "import", file(content))
    assert clinic("patient", "show", "P3")["born"] == "1980-11-27"
    assert clinic("patient", "show", "P4")["age_months"] == 6
    assert clinic("patient", "add", "Ann Lee", "--phone", "\u200e98111 44555\u202c")["phone"] == "+919811144555"
    assert text.without_marks(" \u200e\u00a098\u00a076 ") == "98\u00a076"


def test_two_doctors_of_one_name_are_not_guessed(clinic: Ask, refused: Refused, file: Any) -> None:
    clinic("doctor", "add", "MEHTA2", "Dr. Ravi Mehta")
    error = refused(65, "bad_file", "doctor", "avail", "import", file("doctor,date,present\nDr. Mehta,+1d,no\n"))
    assert "several doctors have this name" in error["hint"]
    assert clinic("doctor", "avail", "import", file("doctor,date,present\nRavi Mehta,+1d,no\n"))["added"] == 1


def test_a_refused_cell_is_named_with_its_column(clinic: Ask, run: Run, file: Any) -> None:
    path = file("doctor,date,present,capacity\nMEHTA,+1d,maybe,4\nMEHTA,+2d,yes,1000\nNOBODY,+3d,yes,\nRAO,never,,\n")
    rows = run("doctor", "avail", "import", path, "--on-error", "skip", json=True, status=3).json["rows"]
    assert [row["column"] for row in rows] == ["present", "capacity", "doctor", "date"]
    assert 'not "maybe"' in rows[0]["reason"]
    assert 'from 0 to 500, not "1000"' in rows[1]["reason"]
    people = file("name,phone,born\nSecret Person,12,\nSecret Person,none,31.2.1980\n")
    rows = run("patient", "import", people, "--on-error", "skip", json=True, status=3).json["rows"]
    assert rows[1]["column"] == "born"
    assert "31.2.1980" not in str(rows)


# Columns


def test_other_headers_are_mapped_and_stored_for_the_next_file(clinic: Ask, refused: Refused, file: Any) -> None:
    path = file("Arzt,Datum,Anwesend\nMEHTA,+1d,no\n")
    refused(65, "bad_file", "doctor", "avail", "import", path)
    mapping = ("--columns", "Arzt=doctor, datum=date,Anwesend=present")
    assert clinic("doctor", "avail", "import", path, *mapping)["added"] == 1
    refused(65, "bad_file", "doctor", "avail", "import", path)
    clinic("doctor", "avail", "import", path, *mapping, "--save-columns")
    assert clinic("doctor", "avail", "import", path)["unchanged"] == 1
    assert clinic("db", "check")["sound"]
    assert "columns" not in str(clinic("config"))
    clinic("doctor", "avail", "import", file("doctor,date\nMEHTA,+1d\n", "b.csv"), "--columns", "", "--save-columns")
    refused(65, "bad_file", "doctor", "avail", "import", path)
    for wrong in ("Arzt", "Arzt=nobody", "=doctor"):
        refused(2, "invalid_value", "doctor", "avail", "import", path, "--columns", wrong)
    refused(2, "usage", "doctor", "avail", "import", path, "--save-columns")


def test_unknown_columns_are_named_and_can_be_passed_over(clinic: Ask, refused: Refused, file: Any) -> None:
    path = file("doctor,date,present,Ward,Shift\nMEHTA,+1d,no,7,night\n")
    hint = refused(65, "bad_file", "doctor", "avail", "import", path)["hint"]
    assert 'unknown columns "Ward", "Shift"' in hint
    assert "known are doctor, date, present, capacity, note" in hint
    assert clinic("doctor", "avail", "import", path, "--ignore-columns")["added"] == 1
    line = json.dumps({"doctor": "RAO", "date": "+1d", "present": False, "ward": [7]})
    assert clinic("doctor", "avail", "import", "-", "--ignore-columns", stdin=line)["added"] == 1


def test_a_first_line_that_is_no_header_is_not_repeated(clinic: Ask, refused: Refused, file: Any) -> None:
    error = refused(65, "bad_file", "patient", "import", file("Secret Person,98111 22333\n"))
    assert "a header is needed" in error["hint"]
    assert "Secret" not in str(error)


# The lists of the program


@pytest.mark.parametrize("output", [("-o", "csv"), ("-o", "tsv", "--header"), ("-o", "jsonl")], ids=" ".join)
def test_the_lists_of_the_program_come_back_unchanged(
    output: tuple[str, ...], clinic: Ask, run: Run, file: Any, tmp_path: Path
) -> None:
    clinic(
        "patient", "add", "Zoë Quux", "--phone", "98111 22333", "--phone", "98111 44555", "--age", "6m", "--note", "x,y"
    )
    clinic("patient", "add", "Year Only", "--phone", "98111 66777", "--born", "1980", "--email", "a@b.example")
    clinic("patient", "add", "Odd Phone", "--phone", "98765 432100", "--unverified-phone", "--sex", "male")
    clinic("doctor", "edit", "RAO", "--specialty", "cardiology")
    clinic("doctor", "avail", "weekly", "MEHTA", "mon-fri", "--capacity", "8")
    clinic("away", "MEHTA", "+2d", "--note", "Kongreß")
    clinic("doctor", "avail", "set", "MEHTA", "+3d", "--capacity", "4")
    clinic("doctor", "avail", "set", "MEHTA", "+4d", "--note", "late")

    def stored() -> list[Any]:
        with closing(sqlite3.connect(tmp_path / "clinic.db")) as connection:
            tables = ("patients", "patient_phones", "doctors", "doctor_daily_availabilities")
            return [sorted(connection.execute(f"SELECT * FROM {each}"), key=repr) for each in tables]

    before = stored()
    for command, into in (
        ("patient list", "patient import"),
        ("doctor list", "doctor import"),
        ("doctor avail show MEHTA today..+7d", "doctor avail import"),
    ):
        listed = run(*command.split(), *output, status=0).stdout
        answer = clinic(*into.split(), file(listed, "list"))
        assert (answer["added"], answer["changed"], answer["refused"]) == (0, 0, 0), command
        assert answer["unchanged"] == len(answer["rows"]) > 0
    assert stored() == before


def test_a_changed_day_of_a_list_is_taken(clinic: Ask, run: Run, file: Any) -> None:
    listed = run("doctor", "avail", "show", "MEHTA", "+1d..+2d", "-o", "csv", status=0).stdout
    answer = clinic("doctor", "avail", "import", file(listed.replace(",true,10,", ",true,7,", 1)))
    assert [row["outcome"] for row in answer["rows"]] == ["added", "unchanged"]
    assert clinic("doctor", "avail", "show", "MEHTA", "+1d")[0]["capacity"] == 7


def test_a_list_without_a_header_is_refused_with_the_reason(clinic: Ask, run: Run, refused: Refused, file: Any) -> None:
    listed = run("patient", "list", "-o", "tsv", status=0).stdout
    error = refused(65, "bad_file", "patient", "import", file(listed))
    assert "--header" in error["hint"]
    assert "Anita" not in str(error)


def test_a_birth_date_and_an_age_of_a_file_have_to_agree(clinic: Ask, refused: Refused, file: Any) -> None:
    clinic("patient", "import", file("name,phone,born,age\nZoë Quux,98111 22333,1980-02-01,46\n"))
    assert clinic("patient", "show", "P3")["born"] == "1980-02-01"
    error = refused(
        65, "bad_file", "patient", "import", file("name,phone,born,age\nAnn Lee,98111 44555,1980-02-01,20\n")
    )
    assert "do not agree" in error["hint"]


def test_a_name_with_a_replacement_character_is_no_name() -> None:
    with pytest.raises(BadValue, match="replacement"):
        text.name("J\ufffdrgen")

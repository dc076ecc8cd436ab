"""Reports as pages, pictures, workbooks, and drawn in a terminal."""

import os
import re
import stat
import struct
import subprocess
import sys
from base64 import b64encode
from collections.abc import Callable
from datetime import date
from hashlib import sha256
from html.parser import HTMLParser
from io import BytesIO
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import openpyxl
import pytest
from matplotlib import font_manager

from clinicctl.render import report_charts, report_pictures, report_plot, reports
from clinicctl.rules import report_words
from tests.test_reports import AGAIN

Ask = Callable[..., Any]
Run = Callable[..., Any]
Refused = Callable[..., dict[str, Any]]

FORMULA = '=HYPERLINK("x","y")'
MARKUP = "<b>&हृदय"


@pytest.fixture
def odd(clinic: Ask) -> Ask:
    """A clinic with names that mean something to a spreadsheet or a browser."""
    clinic("config", "name", "<script>alert(1)</script>")
    clinic("doctor", "edit", "MEHTA", "--specialty", FORMULA)
    clinic("doctor", "edit", "RAO", "--specialty", MARKUP)
    clinic("book", "P1", "MEHTA")
    clinic("book", "P2", "RAO")
    clinic("checkin", "A1")
    clinic("queue", "call", "MEHTA")
    return clinic


class Page(HTMLParser):
    """The elements of a page: what they refer to, and the texts of its table."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.attributes: list[tuple[str, str, str | None]] = []
        self.rows: list[list[str]] = []
        self.in_row = False
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self.attributes += [(tag, name, value) for name, value in attrs]
        if tag == "tr":
            self.rows.append([])
            self.in_row = True
        elif tag in ("td", "th"):
            self.rows[-1].append("")

    def handle_endtag(self, tag: str) -> None:
        self.in_row = self.in_row and tag != "tr"

    def handle_data(self, data: str) -> None:
        if self.in_row and self.rows[-1]:
            self.rows[-1][-1] += data.strip()


@pytest.mark.parametrize("name", AGAIN)
def test_a_page_has_every_figure_and_its_definitions(name: str, filled: str, ask: Ask, run: Run) -> None:
    text = run("report", name, "--html", "-", status=0).stdout
    found, page = ask("report", name), Page(text)
    fields = [each for each in found["total"] if each != "group" or found["by"]]
    for row, shown in zip(found["rows"], page.rows[1:-1], strict=True):
        assert shown == [reports.cell(each, row[each]) for each in fields]
    assert page.rows[-1][1:] == [reports.cell(each, found["total"][each]) for each in fields[1:]]
    for each in report_words.REPORTS[name].definitions:
        assert each in re.sub("</?code>", "`", text.replace("&#x27;", "'"))
    assert page.tags.count("svg") == (2 if name in ("day", "doctors", "reminders") else 1)


def test_a_page_needs_nothing_from_elsewhere(odd: Ask, run: Run) -> None:
    text = run("report", "doctors", "--by", "specialty", "--html", "-", status=0).stdout
    page = Page(text)
    assert {name for _, name, _ in page.attributes} & {"src", "srcset", "action", "onclick", "onload"} == set()
    links = [value for _, name, value in page.attributes if name.endswith("href")]
    assert all(value and value.startswith("#") for value in links)
    assert "url(http" not in text
    assert "@import" not in text
    (script,) = re.findall("<script>(.*?)</script>", text, re.DOTALL)
    digest = b64encode(sha256(script.encode()).digest()).decode()
    (policy,) = [value for _, name, value in page.attributes if name == "content" and "default-src" in (value or "")]
    assert policy == f"default-src 'none'; style-src 'unsafe-inline'; script-src 'sha256-{digest}'"


def test_names_are_texts_of_a_page_and_no_markup(odd: Ask, run: Run) -> None:
    text = run("report", "doctors", "--by", "specialty", "--html", "-", status=0).stdout
    assert text.count("<script") == 1
    assert "b" not in Page(text).tags
    assert "&lt;script&gt;alert(1)&lt;/script&gt;" in text
    assert Page(text).rows[1][0] == MARKUP
    assert Page(text).rows[2][0] == FORMULA


def test_the_charts_of_a_page_have_their_names_as_texts(odd: Ask, run: Run) -> None:
    text = run("report", "utilisation", "--by", "specialty", "--html", "-", status=0).stdout
    (svg,) = re.findall("<svg .*?</svg>", text, re.DOTALL)
    texts = [each.text for each in ElementTree.fromstring(svg).iter("{http://www.w3.org/2000/svg}text")]
    assert {"Utilisation", "Attended", FORMULA, MARKUP} <= {*texts}


def test_the_name_of_the_clinic_does_not_turn_the_line_around(odd: Ask, run: Run) -> None:
    odd("config", "name", "عيادة النهر")
    assert "<bdi>عيادة النهر</bdi>, made 2" in run("report", "waits", "--html", "-", status=0).stdout


def test_a_figure_in_a_bar_has_contrast_to_the_bar() -> None:
    series = [report_charts.Series("seen", name, [5]) for name in "abcd"]
    text = report_pictures.svg(report_charts.Chart("All", ["one"], series, stacked=True))
    fills = re.findall(r"fill: (#\w{6})", text)
    bars = list(dict.fromkeys(each for each in fills if each != "#ffffff"))
    inks = [re.search(r"fill: (#\w{6})", style) for style in re.findall(r'<text style="([^"]*)"[^>]*>5</text>', text)]
    assert len(bars) == len(inks) == len(series)
    for bar, ink in zip(bars, inks, strict=True):
        assert contrast(bar, ink[1] if ink else "#000000") >= 4.5, bar


def contrast(one: str, other: str) -> float:
    """Return the contrast of two colours, as WCAG 2 defines it."""
    lights = []
    for each in (one, other):
        parts = [int(each[at : at + 2], 16) / 255 for at in (1, 3, 5)]
        linear = [value / 12.92 if value <= 0.04045 else ((value + 0.055) / 1.055) ** 2.4 for value in parts]
        lights.append(0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2])
    return (max(lights) + 0.05) / (min(lights) + 0.05)


def test_a_font_that_was_installed_since_is_found(
    odd: Ask, run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Matplotlib keeps its list of fonts in a file, from before somebody followed the advice to install one."""
    odd("config", "name", "नदी 诊所")
    run("report", "waits", "--png", str(tmp_path / "now.png"), status=0)
    known = font_manager.fontManager.ttflist
    monkeypatch.setattr(font_manager.fontManager, "ttflist", [each for each in known if "DejaVu" in each.name])
    run("report", "waits", "--png", str(tmp_path / "since.png"), status=0)
    assert (tmp_path / "since.png").read_bytes() == (tmp_path / "now.png").read_bytes()


def test_a_page_is_the_same_each_time(odd: Ask, run: Run) -> None:
    pages = {re.sub(r", made [-0-9 :]+", "", run("report", "waits", "--html", "-", status=0).stdout) for _ in range(2)}
    assert len(pages) == 1


@pytest.mark.parametrize("name", AGAIN)
def test_a_workbook_has_typed_cells_and_no_formula(name: str, odd: Ask, run: Run, tmp_path: Path) -> None:
    by = ["--by", "specialty"]
    run("report", name, *by, "--xlsx", str(tmp_path / "report.xlsx"), status=0)
    found = odd("report", name, *by)
    workbook = openpyxl.load_workbook(tmp_path / "report.xlsx")
    sheet = workbook.worksheets[0]
    header, *rows, total = sheet.iter_rows(values_only=True)
    assert [list(row) for row in rows] == [list(row.values()) for row in found["rows"]]
    assert list(total) == ["Total", *list(found["total"].values())[1:]]
    assert sheet.freeze_panes == "B2"
    assert len(header) == len(found["total"])
    cells = [cell for each in workbook.worksheets for row in each.iter_rows() for cell in row]
    assert {cell.data_type for cell in cells} <= {"s", "n"}
    about = [row[0] for row in workbook.worksheets[1].iter_rows(values_only=True)]
    assert about[0] == "<script>alert(1)</script>"
    assert set(report_words.REPORTS[name].definitions) <= {*about}


def test_a_workbook_goes_to_stdout_as_an_output(odd: Ask, start: Any) -> None:
    process = start("report", "doctors", "-o", "xlsx", text=False)
    stdout, stderr = process.communicate(timeout=60)
    assert (process.returncode, stderr) == (0, b"")
    assert openpyxl.load_workbook(BytesIO(stdout)).sheetnames == ["Doctors", "About"]


@pytest.mark.parametrize("name", AGAIN)
def test_a_picture_is_a_png_of_a_readable_size(name: str, filled: str, run: Run, tmp_path: Path) -> None:
    run("report", name, "--png", str(tmp_path / "report.png"), status=0)
    data = (tmp_path / "report.png").read_bytes()
    assert data[:8] == b"\x89PNG\r\n\x1a\n"
    width, height = struct.unpack(">II", data[16:24])
    assert width == 1350
    assert 200 < height < 4_000


@pytest.mark.parametrize("kind", ["html", "png", "xlsx"])
def test_a_report_without_figures_is_written_too(kind: str, ask: Ask, run: Run, tmp_path: Path) -> None:
    ask("init", "--timezone", "UTC", "--region", "IN")
    for name in AGAIN:
        run("report", name, f"--{kind}", str(tmp_path / f"{name}.{kind}"), status=0)
        assert (tmp_path / f"{name}.{kind}").stat().st_size > 1_000


# The files


@pytest.mark.parametrize("kind", ["html", "png", "xlsx"])
def test_a_file_is_private_and_only_replaced_by_force(
    kind: str, odd: Ask, run: Run, refused: Refused, tmp_path: Path
) -> None:
    target = tmp_path / "report"
    args = ("report", "waits", f"--{kind}", str(target))
    answer = run(*args, status=0)
    assert (answer.stdout, answer.stderr) == ("", f"clinicctl: Wrote {target}.\n")
    assert stat.S_IMODE(target.stat().st_mode) == 0o600
    target.write_text("mine")
    refused(6, "exists", *args)
    assert target.read_text() == "mine"
    run(*args, "--force", status=0)
    assert target.stat().st_size > 1_000
    assert [each.name for each in tmp_path.iterdir() if each.name.endswith(".part")] == []


@pytest.mark.file
@pytest.mark.parametrize("end", ["", "-wal", ".lock"])
def test_a_report_is_never_written_over_the_database(
    end: str, odd: Ask, refused: Refused, database: str, tmp_path: Path
) -> None:
    before = Path(database).read_bytes()
    refused(2, "invalid_value", "report", "waits", "--html", f"{database}{end}", "--force")
    os.link(database, tmp_path / "second.html")
    refused(2, "invalid_value", "report", "waits", "--html", str(tmp_path / "second.html"), "--force")
    assert Path(database).read_bytes() == before


def test_a_file_in_a_missing_folder_is_refused_by_its_name(odd: Ask, refused: Refused, tmp_path: Path) -> None:
    error = refused(4, "file_not_found", "report", "waits", "--html", str(tmp_path / "none" / "x.html"))
    assert error["details"]["path"] == str(tmp_path / "none")


def test_a_link_is_not_followed_even_by_force(odd: Ask, refused: Refused, tmp_path: Path) -> None:
    (tmp_path / "other").write_text("mine")
    (tmp_path / "link.html").symlink_to(tmp_path / "other")
    refused(6, "exists", "report", "waits", "--html", str(tmp_path / "link.html"), "--force")
    assert (tmp_path / "other").read_text() == "mine"


@pytest.mark.parametrize(
    ("options", "problem"),
    [
        ("--force", "--force needs --html, --png or --xlsx with a file."),
        ("--html x --png ./x", "Two files have the same name."),
        ("--html - --png -", "Two files have the same name."),
        ("-o xlsx --xlsx x", "-o xlsx and --xlsx FILE cannot be combined."),
        ("--plot -o csv", "--plot draws below a table."),
        ("--plot --html x", "--plot draws below a table."),
        ("-o pdf", '--output: "pdf" is not one of table, json, jsonl, csv, tsv, xlsx.'),
    ],
)
def test_outputs_that_do_not_go_together_are_refused(
    options: str, problem: str, odd: Ask, run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    answer = run("report", "waits", *options.split(), status=2)
    assert answer.stderr.startswith(f"clinicctl: {problem}")
    assert [each.name for each in tmp_path.iterdir() if each.name.startswith("x")] == []


def test_a_batch_reports_in_json_and_writes_no_file(odd: Ask, run: Run, tmp_path: Path) -> None:
    lines = f"report waits --html {tmp_path / 'x.html'}\nreport waits --by weekday\n"
    refused_, done = run("batch", "-", stdin=lines, status=3).lines
    assert refused_["error"]["code"] == "usage"
    assert done["result"]["by"] == "weekday"
    assert not (tmp_path / "x.html").exists()


def test_without_matplotlib_a_picture_is_refused_in_one_line(odd: Ask, tmp_path: Path) -> None:
    code = f"""
import sys
sys.modules["matplotlib"] = None
from clinicctl.cli import run
sys.exit(run(["report", "waits", "--png", {str(tmp_path / "x.png")!r}]))
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.returncode == 10
    assert done.stderr.splitlines() == [
        "clinicctl: clinicctl cannot write pictures, because matplotlib is not installed.",
        "  Install it with `pip install 'clinicctl[reports]'`.",
    ]
    assert not (tmp_path / "x.png").exists()


@pytest.mark.parametrize("name", AGAIN)
def test_a_report_loads_no_library_for_files(name: str, odd: Ask) -> None:
    code = f"""
import sys
from clinicctl.cli import run
status = run(["report", {name!r}, "--json"])
loaded = {{"matplotlib", "xlsxwriter", "numpy", "rich", "sqlalchemy"}} & set(sys.modules)
sys.exit(f"{{status}} {{loaded}}" if status or loaded else 0)
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


# In a terminal


def drawn(run: Run, *args: str) -> list[str]:
    """The lines below the table."""
    lines: list[str] = run("report", *args, "--plot", status=0).stdout.splitlines()
    return lines[lines.index("") :]


@pytest.mark.parametrize("name", AGAIN)
@pytest.mark.parametrize("width", [40, 80])
def test_a_plot_is_plain_text_and_fits(
    name: str,
    width: int,
    filled: str,
    run: Run,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("COLUMNS", str(width))
    text = run("report", name, "--plot", status=0).stdout
    lines = [line for line in text.splitlines() if not line.startswith("Journal: ")]
    if name != "load" or width == 80:
        assert max(map(len, lines[1:])) <= width
    assert "\x1b" not in text
    assert any("█" in line for line in lines) or name == "day"


def test_a_bar_is_as_long_as_its_figure_and_beside_it(
    filled: str,
    ask: Ask,
    run: Run,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("COLUMNS", "80")
    rows = ask("report", "no-shows", "--from", "-290d")["rows"]
    lines = drawn(run, "no-shows", "--from", "-290d")[2:]
    values = [value for row in rows for value in (row["no_show_rate"], row["left_rate"])]
    assert len(lines) == len(values)
    longest = max(line.count("█") for line in lines)
    for line, value in zip(lines, values, strict=True):
        assert line.endswith(reports.cell("left_rate", value))
        assert abs(line.count("█") - (value or 0) / max(filter(None, values)) * longest) <= 1


def test_a_grid_has_a_darker_shade_for_more() -> None:
    series = [report_charts.Series(day, day, values) for day, values in (("mon", [0, 10]), ("tue", [5, 40]))]
    chart = report_charts.Chart("Arrivals", ["08:00", "09:00"], series, is_grid=True)
    shades = [report_plot.shaded(value, 40).plain for each in chart.series for value in each.values]
    assert shades == ["   0", "░░ 10", "░░ 5", "██ 40"]


def test_a_report_without_figures_draws_nothing(ask: Ask, run: Run) -> None:
    ask("init", "--timezone", "UTC", "--region", "IN")
    assert drawn(run, "waits") == ["", "Waits", "Nothing to draw."]


def test_a_year_is_named_in_the_title(odd: Ask, run: Run) -> None:
    first = run("report", "waits", "--period", "2026", "-o", "table", status=0).stdout.splitlines()[0]
    assert first == f"Waits, {date(2026, 1, 1)} to {date(2026, 12, 31)}, by doctor"

"""Tables and the prompt as a real terminal draws them, in tmux."""

import json
import os
import re
import shlex
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from clinicctl.render import layout

Ask = Callable[..., Any]

needs_tmux = pytest.mark.skipif(shutil.which("tmux") is None, reason="tmux is not installed")

NAMES = (
    "श्रीनिवास कृष्णमूर्ति",
    "मीना कुमारी",
    "স্নিগ্ধা চট্টোপাধ্যায়",
    "ஸ்ரீனிவாசன் முருகன்",
    "లక్ష్మి శ్రీనివాస",
    "ലക്ഷ്മി കൃഷ്ണൻ",
    "ශ්‍රී ලක්ෂ්මී",
    "น้ำผึ้ง เกียรติ์",
    "សុខា ក្រុម",
    "ဇော်ဇော် မြင့်",
    "محمد الأحمد",
    "שָׂרָה כהן",
    "王小明",
    "김철수",
    "Nguyễn Thị Hồng",
    "José Álvarez",
    "Anna \U0001f44d\U0001f3fd Smith",
    "Bob ❤️ Love",
    "Plain Person",
)


class Tmux:
    """A terminal of its own, of a width, in which programs run."""

    def __init__(self, width: int) -> None:
        self.folder = tempfile.mkdtemp(prefix="tm")
        inherited = {name: value for name, value in os.environ.items() if name not in ("COLUMNS", "LINES", "NO_COLOR")}
        self.environment = inherited | {"LC_ALL": "C.UTF-8"}
        self._tmux("-f", "/dev/null", "new-session", "-d", "-x", str(width), "-y", "200", "cat")

    def run(self, *args: str, **environment: str) -> list[str]:
        """Run the program to its end, and return the lines that stand on the screen."""
        said = [f"{name}={value}" for name, value in environment.items()]
        ended = Path(self.folder) / "ended"
        ended.unlink(missing_ok=True)
        command = shlex.join(["env", *said, sys.executable, "-m", "clinicctl", *args])
        self._tmux("respawn-pane", "-k", f"{command}; : > {ended}; exec sleep 1000")
        self._wait(ended.exists)
        return self.screen()

    def start(self, *args: str) -> None:
        """Start the program."""
        self._tmux("respawn-pane", "-k", shlex.join([sys.executable, "-m", "clinicctl", *args]))

    def type(self, *keys: str) -> None:
        """Press keys, by tmux's names for them."""
        self._tmux("send-keys", *keys)

    def wait_for(self, pattern: str) -> str:
        """Wait until the last line that is not empty matches, and return it."""
        self._wait(lambda: re.search(pattern, self.screen()[-1]))
        return self.screen()[-1]

    def ask(self, format_: str) -> str:
        """What tmux knows of the pane."""
        return self._tmux("display-message", "-p", format_).strip()

    def screen(self) -> list[str]:
        """The lines of the screen down to the last that is not empty."""
        return [line.rstrip() for line in self._tmux("capture-pane", "-p").rstrip("\n ").split("\n")]

    def cells(self, texts: list[str]) -> list[int]:
        """How many cells the terminal itself takes for each text."""
        asking, answers = Path(self.folder) / "asking.py", Path(self.folder) / "answers"
        asking.write_text(_ASKING.format(texts=texts, answers=str(answers)), "utf-8")
        self._tmux("respawn-pane", "-k", shlex.join([sys.executable, str(asking)]))
        self._wait(answers.exists)
        return list(json.loads(answers.read_text()))

    def close(self) -> None:
        """End everything."""
        subprocess.run(["tmux", "-S", f"{self.folder}/socket", "kill-server"], capture_output=True, check=False)
        shutil.rmtree(self.folder)

    def _wait(self, for_: Callable[[], Any]) -> None:
        end = time.monotonic() + 30
        while not for_():
            assert time.monotonic() < end, self.screen()
            time.sleep(0.05)

    def _tmux(self, *args: str) -> str:
        command = ["tmux", "-u", "-S", f"{self.folder}/socket", *args]
        done = subprocess.run(command, env=self.environment, capture_output=True, check=True, text=True)
        return done.stdout


_ASKING = r"""
import json, os, re, sys, tty
tty.setraw(0)
found = []
for text in {texts!r}:
    sys.stdout.write("\r\x1b[2K" + text + "\x1b[6n")
    sys.stdout.flush()
    answer = b""
    while not answer.endswith(b"R"):
        answer += os.read(0, 1)
    found.append(int(re.search(rb";(\d+)R", answer)[1]) - 1)
with open({answers!r} + ".part", "w") as file:
    json.dump(found, file)
os.rename({answers!r} + ".part", {answers!r})
"""


@pytest.fixture
def tmux(monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[..., Tmux]]:
    started: list[Tmux] = []

    def start(width: int) -> Tmux:
        started.append(Tmux(width))
        return started[-1]

    yield start
    for each in started:
        each.close()


@pytest.fixture
def named(clinic: Ask, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Ask:
    """Patients with names of many scripts, each with a phone, which stands in the column behind."""
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    for nth, name in enumerate(NAMES):
        clinic("patient", "add", name, "--phone", f"90000 {nth:05}", "--new")
    return clinic


@needs_tmux
@pytest.mark.parametrize("environment", [{}, {"NO_COLOR": "1"}, {"TERM": "dumb"}], ids=str)
def test_the_columns_of_a_table_stand_one_below_the_other(tmux: Any, named: Ask, environment: dict[str, str]) -> None:
    """With a terminal that obeys nothing (TERM=dumb) there are only spaces, and the widths have to be right."""
    terminal = tmux(80)
    lines = terminal.run("patient", "list", "-o", "table", **environment)
    rows = [line for line in lines if "+9190000" in line]
    assert len(rows) == len(NAMES)
    if "TERM" in environment:
        # tmux gives a joined letter of Sinhala, and an emoji with a colour of skin, another width than other terminals.
        rows = [row for row in rows if not set("\u200d\U0001f3fd\ufe0f") & set(row)]
    columns = terminal.cells([row[: row.index("+91")] for row in rows])
    assert len(set(columns)) == 1, list(zip(columns, rows, strict=True))


@needs_tmux
@pytest.mark.parametrize("width", [80, 62, 40])
@pytest.mark.parametrize("command", ["patient list", "appointment list", "queue show", "day", "queue board --once"])
def test_no_line_of_a_table_is_wrapped_by_the_terminal(tmux: Any, named: Ask, command: str, width: int) -> None:
    """What is too long is wrapped within its column: the screen has the lines that were printed, and no more."""
    named("patient", "edit", "P3", "--name", " ".join([NAMES[0]] * 4), "--note", "வணக்கம் " * 20)
    named("patient", "edit", "P4", "--name", "கி" * 70)
    named("doctor", "edit", "MEHTA", "--name", "डॉक्टर श्रीमती कृष्णमूर्ति श्रीनिवास")
    for patient in ("P3", "P4"):
        named("walkin", patient, "MEHTA")
    args = [*command.split(), "-o", "table"]
    printed = subprocess.run(
        [sys.executable, "-m", "clinicctl", *args],
        env=os.environ | {"COLUMNS": str(width)},
        capture_output=True,
        check=True,
        text=True,
        encoding="utf-8",
    ).stdout
    terminal = tmux(width)
    shown = terminal.run(*args)
    assert len(shown) == len(printed.rstrip().splitlines()), (shown, printed)
    assert [re.sub(r"\s+", " ", line).strip() for line in shown] == [
        re.sub(r"\s+", " ", line).strip() for line in printed.rstrip().splitlines()
    ]
    assert max(terminal.cells(printed.splitlines())) <= width


@needs_tmux
def test_the_widths_are_those_of_the_terminal(tmux: Any) -> None:
    words = [word for name in NAMES for word in name.split() if not set("\u200d\U0001f3fd\ufe0f") & set(word)]
    words += ["क्षितिज", "ज्ञानेश्वर", "কৃষ্ণ", "ਗੁਰਪ੍ਰੀਤ", "કૃષ્ણ", "ଲକ୍ଷ୍ମୀ", "ಕೃಷ್ಣ", "སྟན་འཛིན", "ລາວ", "ꦗꦮ", "e\u0301"]
    assert list(map(layout.cells, words)) == tmux(80).cells(words)


@needs_tmux
@pytest.mark.parametrize(
    "name", ["Plain Person", "मीना कुमारी", "श्रीनिवास", "王小明", "தமிழ்", "e\u0301le\u0300ve", "สมศรี"]
)
def test_the_cursor_of_the_prompt_stands_where_the_next_letter_is_drawn(tmux: Any, clinic: Ask, name: str) -> None:
    """The line editor counts the prompt as the terminal draws it; else editing a line would overwrite what stands."""
    number = clinic("patient", "add", name, "--phone", "none")["number"]
    shown = clinic("patient", "show", number)["name"]
    terminal = tmux(80)
    terminal.start("shell")
    terminal.wait_for("clinicctl>$")
    terminal.type("patient show ", "Space", number, "Enter")
    terminal.wait_for(f"clinicctl {number} {shown}>$")
    terminal.type("free", "Space", "MEHTA")
    terminal.wait_for("> free MEHTA$")
    end = int(terminal.ask("#{cursor_x}"))
    terminal.type("C-a")
    terminal._wait(lambda: terminal.ask("#{cursor_x}") == str(end - len("free MEHTA")))
    terminal.type("#", "C-e", "C-w", "RAO")
    assert terminal.wait_for("RAO$") == f"clinicctl {number} {shown}> #free RAO"
    assert int(terminal.ask("#{cursor_x}")) == end + 1 - 2
    terminal.type("C-u", "exit", "Enter")


@needs_tmux
def test_the_prompt_shows_the_current_patient_from_the_database(tmux: Any, clinic: Ask) -> None:
    terminal = tmux(100)
    terminal.start("shell")
    terminal.wait_for("^clinicctl>$")

    def enter(line: str, prompt: str) -> None:
        terminal.type("C-l")
        terminal.type("-l", line)
        terminal.type("Enter")
        terminal.wait_for(f"^{re.escape(prompt)}$")

    enter("patient show P1", "clinicctl P1 Anita Sharma>")
    enter("patient find zzzz", "clinicctl>")
    enter("book P2 RAO", "clinicctl P2 Mumtaz Anwar>")
    enter("patient edit . --name 'Mumtaz Begum'", "clinicctl P2 Mumtaz Begum>")
    clinic("patient", "edit", "P2", "--name", "Changed By Another Desk")
    enter("doctor list", "clinicctl P2 Changed By Another Desk>")
    enter(
        "patient edit . --name 'A Name Much Too Long For Any Prompt'",
        "clinicctl P2 A Name Much Too Long For Any…>",
    )
    enter("config mask_names yes", "clinicctl P2>")
    enter("config mask_names no", "clinicctl P2 A Name Much Too Long For Any…>")
    enter("patient list", "clinicctl>")


@needs_tmux
def test_in_a_locale_without_unicode_the_prompt_has_the_number_alone(tmux: Any, clinic: Ask) -> None:
    clinic("patient", "edit", "P2", "--name", "मीना कुमारी")
    terminal = tmux(100)
    terminal._tmux("respawn-pane", "-k", f"env LC_ALL=C {sys.executable} -m clinicctl shell")
    terminal.wait_for("^clinicctl>$")
    terminal.type("-l", "patient show P2")
    terminal.type("Enter")
    terminal.wait_for("^clinicctl P2>$")
    terminal.type("-l", "patient show P1")
    terminal.type("Enter")
    terminal.wait_for("^clinicctl P1 Anita Sharma>$")


WORDS = st.text(st.sampled_from("ab मीना्कुरिशலிழ்王 ก็é") | st.just(" "), max_size=60)


@example("aaaaaa aa", 2)
@given(WORDS, st.integers(2, 20))
def test_wrapped_text_keeps_every_word_and_fits(text: str, width: int) -> None:
    lines = layout.wrapped(text, width)
    assert "".join("".join(lines).split()) == "".join(text.split())
    assert all(layout.cells(line) <= width or len(list(layout.iter_graphemes(line))) == 1 for line in lines)


@given(WORDS, st.integers(3, 20))
def test_a_shortened_text_fits_and_begins_as_the_whole_does(text: str, width: int) -> None:
    shown = layout.shortened(text, width)
    assert layout.cells(shown) <= width or len(list(layout.iter_graphemes(shown))) <= 2
    assert text.startswith(shown.removesuffix("…").rstrip())


@given(st.lists(st.lists(WORDS, min_size=3, max_size=3), min_size=1, max_size=5), st.integers(30, 80))
def test_a_table_fits_and_its_columns_begin_at_the_same_cell(rows: list[list[str]], width: int) -> None:
    console = layout.Console(width=width)
    headings = [layout.Heading("One"), layout.Heading("Two", right=True), layout.Heading("Three")]
    console.table(headings, [[layout.Text(" ".join(cell.split())) for cell in row] for row in rows])
    assert all(layout.cells(line) <= width for line in console.lines())


def test_a_column_after_non_ascii_text_is_addressed_by_number() -> None:
    for positioned in (False, True):
        console = layout.Console(width=80, positioned=positioned)
        console.table([layout.Heading("A"), layout.Heading("B")], [[layout.Text("मीना"), layout.Text("b")]])
        assert ("\x1b[7G" in console.text()) is positioned
        console = layout.Console(width=80, positioned=positioned)
        console.table([layout.Heading("A"), layout.Heading("B")], [[layout.Text("Mina"), layout.Text("b")]])
        assert "\x1b" not in console.text()

"""The board's page in a real browser, run by `nox -s browser`: what it shows, what it keeps, and that it fits.

Chromium runs without a window, with a profile of its own, and asks nobody but the pages here.
"""

import os
import re
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Page, Playwright, expect, sync_playwright

from clinicctl.render import board_page
from clinicctl.results.days import Board, WaitingRoom
from clinicctl.rules.board_words import BoardWords

Ask = Callable[..., Any]
Start = Callable[..., "subprocess.Popen[str]"]

OPTIONS = (
    *("--no-sandbox", "--disable-gpu", "--no-first-run", "--disable-background-networking"),
    *("--disable-component-update", "--disable-sync", "--mute-audio"),
)
EVERY = 1
PERSONAL = ("Anita", "Sharma", "Mumtaz", "Anwar", "98765", "91234", "cut finger")

SIZES = {
    "hd": (1280, 720),
    "4k": (3840, 2160),
    "portrait": (1080, 1920),
    "phone": (390, 844),
    "small phone": (320, 568),
    "phone on its side": (844, 390),
}
NAMES = (
    *("Dr. Asha Mehta", "Dr. Åsa Lindqvist", "د. ليلى حدّاد", "डॉ. प्रिया शर्मा", "王秀英 医生", "ד״ר יעל כהן"),
    "Dr. Maria-Luisa Fernández de la Reguera y Montenegro",
)
ARABIC = BoardWords(language="ar", called="تفضلوا بالدخول", serving="مع الطبيب", next="التالي")


@pytest.fixture(scope="module")
def playwright() -> Iterator[Playwright]:
    with sync_playwright() as started:
        yield started


@pytest.fixture
def browse(playwright: Playwright) -> Iterator[Callable[..., Page]]:
    """Open a page of a size in a browser of its own, with more options of Chromium or of the page."""
    opened = []

    def browse(width: int = 1280, height: int = 720, *more: str, **options: Any) -> Page:
        found = shutil.which("chromium")
        assert found, "install chromium, as `nox -s browser` does"
        opened.append(playwright.chromium.launch(executable_path=found, args=[*OPTIONS, *more]))
        return opened[-1].new_page(viewport={"width": width, "height": height}, **options)

    yield browse
    for each in opened:
        each.close()


@pytest.fixture
def visits(clinic: Ask) -> Ask:
    for patient in ("P1", "P2"):
        clinic("walkin", patient, "MEHTA", "--reason", "cut finger")
    return clinic


@pytest.fixture(params=["file", "server"])
def shown(request: pytest.FixtureRequest, visits: Ask, start: Start, tmp_path: Path) -> tuple[str, Any]:
    """The address of a page that is kept up to date, from a file and from a server."""
    place = tmp_path / "board.html"
    own = ["--html", str(place)] if request.param == "file" else ["--serve", "0"]
    process = start("queue", "board", *own, "--every", str(EVERY), "--chime")
    line = process.stderr.readline()
    if request.param == "server":
        return next(each for each in line.split() if each.startswith("http://")), process
    return place.as_uri(), process


def wait_for(what: Callable[[], object], within: float) -> float:
    """Wait until something holds, and return the seconds it took."""
    began = time.monotonic()
    while not what():
        assert time.monotonic() - began < within
        time.sleep(0.05)
    return time.monotonic() - began


def numbers(page: Page, kind: str) -> list[str]:
    return page.locator(f"#board .{kind} b").all_text_contents()


def test_a_call_appears_within_two_refreshes(shown: Any, visits: Ask, browse: Any) -> None:
    browser, told = browse(), []
    browser.on("pageerror", lambda error: told.append(str(error)))
    browser.on("console", lambda message: told.append(message.text))
    browser.goto(shown[0])
    assert (numbers(browser, "called"), numbers(browser, "next")) == ([], ["1", "2"])
    visits("queue", "call", "MEHTA")
    took = wait_for(lambda: numbers(browser, "called") == ["1"], 2 * EVERY + 2)
    assert took < 2 * EVERY + 2
    assert numbers(browser, "next") == ["2"]
    assert browser.locator(".called.new").count()
    assert not browser.locator("#old").is_visible()
    assert told == []


def test_nothing_personal_is_in_the_document(shown: Any, visits: Ask, browse: Any) -> None:
    visits("queue", "call", "MEHTA")
    browser = browse()
    browser.goto(shown[0])
    wait_for(lambda: numbers(browser, "called") == ["1"], 30)
    document = browser.content()
    assert [each for each in PERSONAL if each in document] == []
    assert browser.title() == "Test Clinic"


def test_the_last_state_stays_and_is_marked_when_it_is_old(shown: Any, visits: Ask, browse: Any) -> None:
    address, process = shown
    visits("queue", "call", "MEHTA")
    browser = browse()
    browser.goto(address)
    wait_for(lambda: numbers(browser, "called") == ["1"], 30)
    since = browser.locator("header time").inner_text()
    process.send_signal(signal.SIGKILL)
    process.wait()
    if address.startswith("file:"):
        os.unlink(address.removeprefix("file://"))
    old = browser.locator("#old")
    wait_for(old.is_visible, 3 * EVERY + 5 + 30)
    assert old.inner_text().startswith("Not up to date since ")
    assert old.inner_text().removeprefix("Not up to date since ") >= since
    assert numbers(browser, "called") == ["1"]
    assert "old" in (browser.locator("body").get_attribute("class") or "")


def test_the_mark_goes_away_when_there_is_news(visits: Ask, start: Start, browse: Any, tmp_path: Path) -> None:
    place = tmp_path / "board.html"
    write = [sys.executable, "-m", "clinicctl", "queue", "board", "--html", str(place), "--once", "--every", str(EVERY)]
    subprocess.run(write, check=True)
    long_ago = (datetime.now(UTC) - timedelta(days=2)).timestamp() * 1000
    place.write_text(re.sub(r'data-at="\d+"', f'data-at="{long_ago:.0f}"', place.read_text("utf-8")), "utf-8")
    browser = browse()
    browser.goto(place.as_uri())
    time.sleep(3 * EVERY + 6)
    old = browser.locator("#old")
    assert old.is_visible(), "a page that nobody writes grows old"
    assert re.fullmatch(r"Not up to date since \d{4}-\d\d-\d\d \d\d:\d\d", old.inner_text())
    visits("queue", "call", "MEHTA")
    subprocess.run(write, check=True)
    wait_for(lambda: not old.is_visible(), 30)
    assert numbers(browser, "called") == ["1"]


def test_a_wrong_clock_of_the_television_is_no_reason_to_mark(shown: Any, browse: Any) -> None:
    browser = browse()
    wrong = "const now = Date.now; Date.now = () => now() + 86400000;"
    browser.add_init_script(wrong)
    browser.goto(shown[0])
    old = browser.locator("#old")
    wait_for(lambda: not old.is_visible(), 2 * EVERY + 10)


def test_a_chime_sounds_on_each_new_call_only(shown: Any, visits: Ask, browse: Any) -> None:
    browser = browse(1280, 720, "--autoplay-policy=no-user-gesture-required")
    browser.goto(shown[0])

    def chimed() -> int:
        return int(browser.locator("html").get_attribute("data-chimed") or 0)

    time.sleep(2 * EVERY)
    assert chimed() == 0
    assert not browser.locator("#sound").is_visible()
    visits("queue", "call", "MEHTA")
    wait_for(lambda: chimed() == 1, 30)
    time.sleep(3 * EVERY)
    visits("queue", "start", "MEHTA")
    wait_for(lambda: numbers(browser, "serving") == ["1"], 30)
    assert chimed() == 1


def test_without_a_touch_the_page_asks_for_one(shown: Any, visits: Ask, browse: Any) -> None:
    browser = browse()
    # Whether the browser holds back a sound depends on how it was led to the page, which a driver does both ways.
    held = "const Own = AudioContext; AudioContext = function () { const it = new Own(); it.suspend(); return it; };"
    browser.add_init_script(held)
    browser.goto(shown[0])
    button = browser.locator("#sound")
    wait_for(button.is_visible, 10)
    button.click()
    wait_for(lambda: not button.is_visible(), 10)


def test_the_page_reads_itself_without_scripts(shown: Any, visits: Ask, browse: Any) -> None:
    browser = browse(java_script_enabled=False)
    browser.goto(shown[0])
    called = browser.locator("#board .called b")
    expect(called).to_have_count(0)
    visits("queue", "call", "MEHTA")
    expect(called).to_have_text(["1"], timeout=30_000)


def test_a_page_in_the_frame_of_another_keeps_itself_up_to_date(
    shown: Any, visits: Ask, browse: Any, tmp_path: Path
) -> None:
    (tmp_path / "sign.html").write_text(f'<iframe id="sign" src="{shown[0]}" width=1200 height=600></iframe>')
    browser = browse()
    browser.goto((tmp_path / "sign.html").as_uri())
    visits("queue", "call", "MEHTA")
    called = browser.frame_locator("#sign").locator("#board .called b")
    wait_for(lambda: called.all_text_contents() == ["1"], 30)


# Sizes


def row(nth: int, at: datetime, *, called: tuple[int, ...], waiting: int) -> Board:
    positions = tuple(range(100, 100 + waiting))
    starts = tuple(at + timedelta(minutes=10 * each) for each, _ in enumerate(positions))
    return Board(
        doctor=f"D{nth}",
        name=NAMES[nth % len(NAMES)],
        serving=(nth + 1,),
        called=called,
        waiting=positions,
        date=at.date() - timedelta(days=nth % 5 == 4),
        expected_starts=starts if nth % 3 else (),
        called_at=(at,) * len(called),
    )


def room(count: int, at: datetime) -> WaitingRoom:
    """A waiting room with long names, several called at once, and long queues."""
    calls = ((112, 113), (101, 102, 103, 104, 105), (7,), (), (250,), (9, 10, 11), tuple(range(100, 110)))
    rows = [row(nth, at, called=calls[nth % len(calls)], waiting=(nth * 5) % 14) for nth in range(count)]
    return WaitingRoom(clinic="Riverside Clinic of the Northern District", at=at, queues=tuple(rows))


OVERFLOWING = """() => {
const wide = document.documentElement.scrollWidth > window.innerWidth;
const high = window.innerWidth > 700 && window.innerHeight > 480
  && document.documentElement.scrollHeight > window.innerHeight;
const texts = '.called h3, .called .numbers b, .serving .numbers b, h2, li:first-child b, header time';
const cut = [...document.querySelectorAll(texts)]
  .filter((each) => {
    const own = each.getBoundingClientRect();
    if (!own.width) return false;
    const cell = (each.closest('section > div') || document.body).getBoundingClientRect();
    const inside = own.left >= cell.left - 1 && own.right <= cell.right + 1 && own.top >= cell.top - 1
      && own.bottom <= cell.bottom + 1;
    return !inside;
  })
  .map((each) => `${each.tagName} ${each.textContent}`);
return [wide, high, cut];
}"""


@pytest.mark.parametrize("words", [BoardWords(), ARABIC], ids=["english", "arabic"])
@pytest.mark.parametrize("age", [timedelta(0), timedelta(days=1)], ids=["new", "old"])
def test_the_board_fits_every_screen(browse: Any, tmp_path: Path, age: timedelta, words: BoardWords) -> None:
    found = {}
    browser = browse()
    for count in (0, 1, 2, 6, 7, 12, 20, 36):
        page = board_page.page(room(count, datetime.now(UTC) - age), every=60, words=words, theme="dark", chime=False)
        (tmp_path / f"{count}.html").write_text(page, "utf-8")
        found |= {(count, size): each for size, each in misfits(browser, tmp_path / f"{count}.html").items()}
    assert found == {}


@pytest.mark.parametrize("size", SIZES)
def test_the_board_of_one_doctor_shows_who_is_inside(browse: Any, tmp_path: Path, size: str) -> None:
    alone = WaitingRoom("One", datetime.now(UTC), (row(1, datetime.now(UTC), called=(12,), waiting=9),))
    page = board_page.page(alone, every=60, words=BoardWords(), theme="light", chime=False)
    (tmp_path / "board.html").write_text(page, "utf-8")
    browser = browse(*SIZES[size])
    browser.goto((tmp_path / "board.html").as_uri())
    for kind in ("called", "serving", "next"):
        assert browser.locator(f".{kind} b").first.is_visible(), kind
    assert browser.evaluate(OVERFLOWING) == [False, False, []]


def misfits(browser: Page, page: Path) -> dict[str, Any]:
    """Return what does not fit, by the size of the screen."""
    found = {}
    for name, (width, height) in SIZES.items():
        browser.set_viewport_size({"width": width, "height": height})
        browser.goto(page.as_uri())
        found[name] = browser.evaluate(OVERFLOWING)
    return {name: each for name, each in found.items() if each != [False, False, []]}


@pytest.mark.parametrize("theme", ["dark", "light"])
def test_colours_have_contrast(browse: Any, tmp_path: Path, theme: str) -> None:
    page = board_page.page(room(3, datetime.now(UTC)), every=60, words=BoardWords(), theme=theme, chime=False)
    (tmp_path / "board.html").write_text(page, "utf-8")
    browser = browse()
    browser.goto((tmp_path / "board.html").as_uri())
    ground = luminance(style(browser, "section", "background-color"))
    assert (ground < 0.1) == (theme == "dark")
    for text, behind in (("h2", "section"), ("section .next h3", "section"), (".called b", ".calls .called")):
        colours = [
            luminance(style(browser, each, name)) for each, name in ((text, "color"), (behind, "background-color"))
        ]
        assert (max(colours) + 0.05) / (min(colours) + 0.05) >= 4.5, (text, colours)


def style(page: Page, element: str, name: str) -> str:
    """Return a computed property of the first such element."""
    found = page.locator(element).first.evaluate("(each, name) => getComputedStyle(each).getPropertyValue(name)", name)
    return str(found)


def luminance(colour: str) -> float:
    """Return the relative luminance of `rgb(…)`, as WCAG 2 defines it."""
    values = [int(each) / 255 for each in colour.partition("(")[2].rstrip(")").split(",")[:3]]
    linear = [each / 12.92 if each <= 0.04045 else ((each + 0.055) / 1.055) ** 2.4 for each in values]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]

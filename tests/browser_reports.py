"""The page of a report in Chromium: what is seen, sorted and printed. Run by `nox -s browser`."""

import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, Page, sync_playwright

from tests.test_reports import AGAIN

Ask = Callable[..., Any]
Run = Callable[..., Any]

SIZES = {"desk": (1280, 800), "phone": (412, 915)}
QUIET = ["--no-sandbox", "--disable-gpu", "--no-first-run", "--disable-background-networking", "--disable-sync"]
VISIBLE = """
() => [...document.querySelectorAll("h1, h2, p, td, th, svg text")].filter(each => {
  const box = each.getBoundingClientRect();
  return each.textContent.trim() && (box.width === 0 || box.height === 0);
}).map(each => each.textContent)
"""
"""The texts that take no room."""
OUTSIDE = """
() => [...document.querySelectorAll("svg text")].filter(each => {
  const own = each.getBoundingClientRect(), svg = each.closest("svg").getBoundingClientRect();
  return own.left < svg.left - 1 || own.right > svg.right + 1 || own.top < svg.top - 1 || own.bottom > svg.bottom + 1;
}).map(each => each.textContent)
"""
"""The texts of charts that leave their chart."""


@pytest.fixture(scope="module")
def chromium() -> Iterator[Browser]:
    found = shutil.which("chromium")
    assert found, "install chromium, as `nox -s browser` does"
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=found, args=QUIET)
        yield browser
        browser.close()


@pytest.fixture
def show(chromium: Browser, run: Run, tmp_path: Path) -> Iterator[Callable[..., Page]]:
    """Open the page of a report in a window of a size. Nothing may be fetched, and no error may be told."""
    contexts, told = [], []

    def show(*args: str, size: str = "desk") -> Page:
        target = tmp_path / f"{len(contexts)}.html"
        run("report", *args, "--html", str(target), status=0)
        width, height = SIZES[size]
        contexts.append(chromium.new_context(viewport={"width": width, "height": height}))
        page = contexts[-1].new_page()
        page.on("console", lambda message: told.append(message.text))
        page.on("pageerror", lambda error: told.append(str(error)))
        page.on("request", lambda request: told.append(request.url) if request.url != target.as_uri() else None)
        page.goto(target.as_uri())
        return page

    yield show
    for each in contexts:
        each.close()
    assert told == []


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("name", AGAIN)
def test_a_page_shows_all_of_its_texts_and_does_not_overflow(
    name: str, size: str, filled: str, show: Callable[..., Page]
) -> None:
    page = show(name, size=size)
    assert page.evaluate(VISIBLE) == []
    assert page.evaluate(OUTSIDE) == []
    # What is wider than the window has a bar of its own to move it.
    assert page.evaluate("document.documentElement.scrollWidth") <= SIZES[size][0]
    for each in page.locator("svg").all():
        box = each.bounding_box()
        assert box is not None
        assert box["width"] >= 380
        assert box["height"] >= 100


def column(page: Page, nth: int) -> list[str]:
    return page.locator(f"tbody tr td:nth-child({nth})").all_inner_texts()


def test_a_click_on_a_heading_sorts_and_a_second_one_turns(filled: str, show: Callable[..., Page]) -> None:
    page = show("no-shows", "--from", "-290d", "--by", "month")
    months = column(page, 1)
    assert months == sorted(months)
    counts = [int(each) for each in column(page, 2)]
    page.get_by_role("button", name="Appointments").click()
    assert [int(each) for each in column(page, 2)] == sorted(counts)
    assert page.locator("th").nth(1).get_attribute("aria-sort") == "ascending"
    page.get_by_role("button", name="Appointments").press("Enter")
    assert [int(each) for each in column(page, 2)] == sorted(counts, reverse=True)
    assert page.locator("th").nth(1).get_attribute("aria-sort") == "descending"
    page.get_by_role("button", name="Month").click()
    assert column(page, 1) == months
    assert page.locator("th[aria-sort]").count() == 1


def test_what_has_no_figure_is_last_in_either_order(filled: str, show: Callable[..., Page]) -> None:
    page = show("waits", "--from", "today", "--to", "+60d", "--by", "month")
    heading = page.get_by_role("button", name="Mean wait")
    for _ in range(2):
        heading.click()
        assert column(page, 3)[-1] == "–"


def test_rows_keep_their_cells_together_when_sorted(filled: str, show: Callable[..., Page]) -> None:
    page = show("doctors", "--from", "-290d")
    before = {tuple(each.locator("td").all_inner_texts()) for each in page.locator("tbody tr").all()}
    page.get_by_role("button", name="Booked").click()
    after = {tuple(each.locator("td").all_inner_texts()) for each in page.locator("tbody tr").all()}
    assert before == after
    assert page.locator("tfoot tr").inner_text().startswith("Total")


def test_names_of_any_script_are_read_and_no_markup(clinic: Ask, show: Callable[..., Page]) -> None:
    for code, specialty in (("MEHTA", "<i>हृदय रोग"), ("RAO", "طب الأطفال")):
        clinic("doctor", "edit", code, "--specialty", specialty)
    page = show("utilisation", "--by", "specialty")
    assert column(page, 1) == ["<i>हृदय रोग", "طب الأطفال"]
    assert {"<i>हृदय रोग", "طب الأطفال"} <= {*page.locator("svg text").all_text_contents()}


def test_on_paper_there_are_no_buttons_and_nothing_is_cut(filled: str, show: Callable[..., Page]) -> None:
    page = show("doctors", "--from", "-290d")
    arrow = "getComputedStyle(document.querySelector('th button'), '::after').content"
    assert page.evaluate(arrow) != '""'
    page.emulate_media(media="print")
    page.set_viewport_size({"width": 1032, "height": 700})  # A4 across, without its margins
    assert page.evaluate(arrow) == '""'
    # Repeated on each sheet, it would be taken for the total of the rows above it.
    assert page.evaluate("getComputedStyle(document.querySelector('tfoot')).display") == "table-row-group"
    assert page.evaluate("document.documentElement.scrollWidth") <= 1032
    assert page.pdf(prefer_css_page_size=True).startswith(b"%PDF")

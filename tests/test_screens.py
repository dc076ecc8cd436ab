"""Each screen as it is: golden files at 80 columns and at 40."""

import unicodedata

import pytest

from tests.docs import README, SCREENS, WIDTHS, screens

FOLDER = README.parent / "tests" / "screens"


@pytest.fixture(scope="module")
def shown() -> dict[str, str]:
    return dict(screens())


@pytest.mark.parametrize("name", [f"{name}-{width}.txt" for name in SCREENS for width in WIDTHS])
def test_a_screen_is_as_it_was(name: str, shown: dict[str, str]) -> None:
    assert shown[name] == (FOLDER / name).read_text("utf-8"), "if it is better now: python tests/docs.py"


@pytest.mark.parametrize("name", SCREENS)
def test_no_line_of_a_table_is_wider_than_the_terminal(name: str, shown: dict[str, str]) -> None:
    """Sentences are left to the terminal to wrap; nothing is cut from them."""
    if name not in ("refused", "import", "patient-merge"):
        for width in WIDTHS:
            assert all(cells(line) <= width for line in shown[f"{name}-{width}.txt"].splitlines()), shown


def cells(line: str) -> int:
    """The columns that a line takes on a terminal: wide characters two, marks none."""
    return sum(
        0 if unicodedata.category(each) in ("Mn", "Me") else 2 if unicodedata.east_asian_width(each) in "WF" else 1
        for each in line
    )


def test_there_is_no_golden_file_without_its_screen() -> None:
    assert {each.name for each in FOLDER.iterdir()} == {f"{name}-{width}.txt" for name in SCREENS for width in WIDTHS}

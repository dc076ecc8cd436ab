"""A file of patients that is too large for one transaction is imported in parts, each of them whole."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from clinicctl.rules import import_rows

Ask = Callable[..., Any]
Refused = Callable[..., dict[str, Any]]

NAMES = (
    *("Zoë Quux", "Oliver Novak", "Ravi Gupta", "Otto Weiß", "Leo Adler", "Sven Olsen", "Imogen Hart", "Bruno Díaz"),
    *("Chidi Okafor", "Yuki Tanaka", "Fatima Noor", "Jan Kowal"),
)
PEOPLE = "".join(f"{name},98111 {10_000 + nth * 397},\n" for nth, name in enumerate(NAMES))


@pytest.fixture(autouse=True)
def small_parts(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(import_rows, "AT_ONCE", 6)
    monkeypatch.setattr(import_rows, "PART", 5)


@pytest.fixture
def file(tmp_path: Path) -> Callable[[str], str]:
    def write(rows: str) -> str:
        path = tmp_path / "people.csv"
        path.write_text(f"name,phone,born\n{rows}", "utf-8")
        return str(path)

    return write


def writes(ask: Ask) -> int:
    return len(ask("audit", "log"))


def test_a_large_file_is_imported_in_parts_that_are_one_answer(clinic: Ask, file: Any) -> None:
    before = writes(clinic)
    imported = clinic("patient", "import", file(PEOPLE), "--key", "k")
    assert (imported["added"], imported["replayed"], len(imported["rows"])) == (12, False, 12)
    assert [row["line"] for row in imported["rows"]] == list(range(2, 14))
    assert [row["patient"] for row in imported["rows"]] == [f"P{nth}" for nth in range(3, 15)]
    assert writes(clinic) == before + 3
    assert clinic("patient", "import", file(PEOPLE), "--key", "k") == imported | {"replayed": True}
    assert clinic("patient", "import", file(PEOPLE))["unchanged"] == 12
    assert clinic("db", "check")["sound"]


def test_a_bad_line_of_any_part_refuses_the_whole_file(clinic: Ask, run: Any, refused: Refused, file: Any) -> None:
    before = writes(clinic)
    error = refused(65, "bad_file", "patient", "import", file(f"{PEOPLE}Ann Lee,98111 99999,2050-01-01\n"))
    assert [each["line"] for each in error["details"]["lines"]] == [14]
    assert writes(clinic) == before
    args = ("patient", "import", file(f"{PEOPLE}Ann Lee,98111 99999,2050-01-01\n"), "--on-error", "skip", "-n")
    skipped = run(*args, json=True, status=3).json
    assert (skipped["added"], skipped["refused"]) == (12, 1)
    assert writes(clinic) == before


def test_a_part_that_is_refused_leaves_those_before_it(clinic: Ask, refused: Refused, file: Any) -> None:
    similar = PEOPLE.replace("Fatima Noor,98111 13970,", "Anitha Sharma,98765 43210,")
    error = refused(6, "possible_duplicate", "patient", "import", file(similar), "--key", "k")
    assert error["hint"].startswith("The lines before 12 are imported, and the same command continues there.")
    assert len(clinic("patient", "list")) == 12
    clinic("patient", "add", "Anitha Sharma", "--phone", "98765 43210", "--new")
    done = clinic("patient", "import", file(similar), "--key", "k")
    assert (done["added"], done["unchanged"]) == (11, 1)
    assert len(clinic("patient", "list")) == 14

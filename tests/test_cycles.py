"""No command leaves reference cycles for each row: the collector is off while it runs."""

import gc
import os
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from typing import Any

import pytest

Ask = Callable[..., Any]
Run = Callable[..., Any]

FEW, MANY = 40, 160
"""Rows of each kind. One cycle for each row would be 120 objects more."""
MORE = 60
"""So many objects in cycles may differ by chance."""

READS = (
    *("patient list", "patient list -o table", "patient list -o csv", "patient find giv", "patient find givn"),
    *("patient duplicates", "patient show P5", "appointment list", "appointment list -o table", "audit log"),
    *("audit log -o csv", "audit verify", "waitlist list", "free --days 60", "day", "day -o table", "day --week"),
    *("doctor list", "doctor avail show D0 today..+60d", "queue show", "queue board", "status", "metrics"),
    *("db check", "db info", "health", "help", "config"),
)
WRITES = (
    ("doctor avail import -", "doctor,date,present\n" + "{days}"),
    ("doctor import -", "code,name\n{doctors}"),
    ("doctor avail set D0 +100d..+{n}d --absent", None),
    ("doctor avail set D0 +100d..+{n}d --present", None),
    ("undo --yes", None),
    ("batch -", "{books}"),
    ("batch --atomic -", "{more_books}"),
    ("patient import -", "name,phone,born\n{people}"),
    ("close --yes", None),
)


@contextmanager
def without_collector() -> Iterator[None]:
    gc.collect()
    gc.disable()
    try:
        yield
    finally:
        gc.enable()


def fill(ask: Ask, run: Run, count: int) -> None:
    ask("init", "--region", "IN", "--timezone", "UTC")
    lines = [f"doctor add D{n} 'Dr. Nr{n}' --capacity {count}" for n in range(3)]
    lines += [f"patient add 'Giv{letters(n)} Fam{letters(n)}' --phone '98{n:08}' --new" for n in range(count)]
    lines += [f"book P{n + 1} D{n % 2}" for n in range(count)]
    lines += [f"checkin A{n + 1}" for n in range(count // 2)]
    lines += [f"waitlist add P{n + 1} D2 +3d..+6d" for n in range(count // 2)]
    answers = run("batch", "-", stdin="\n".join(lines), status=0).lines
    assert len(answers) == len(lines)


def letters(n: int) -> str:
    return "".join(chr(ord("a") + int(digit)) for digit in f"{n:04}")


def counted(ask: Ask, run: Run, count: int, database: str) -> dict[str, int]:
    """Return how many objects in cycles each command leaves behind."""
    os.environ["CLINICCTL_DB"] = database
    fill(ask, run, count)
    texts = {
        "n": str(100 + count),
        "days": "".join(f"D1,+{n + 1}d,no\n" for n in range(count)),
        "doctors": "".join(f"X{n},Dr. X{n}\n" for n in range(count)),
        "books": "".join(f"book P{n + 1} D2 +{60 + count}d\n" for n in range(count // 2)),
        "more_books": "".join(f"book P{n + 1} D2 +{61 + count}d\n" for n in range(count // 2)),
        "people": "".join(f"Name{n} Other{n},97{n:08},1990-01-02\n" for n in range(count)),
    }
    found = {}
    for command, stdin in [*((each, None) for each in READS), *WRITES]:
        words = [each.format(**texts) for each in command.split()]
        given = stdin.format(**texts) if stdin else None
        for _ in range(2 if stdin is None and command in READS else 1):
            with without_collector():
                run(*words, stdin=given, status=0)
                found[command] = gc.collect()
    return found


def test_the_cycles_of_a_command_do_not_grow_with_the_rows(
    ask: Ask, run: Run, tmp_path: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CLINICCTL_DB", str(tmp_path / "few.db"))
    counted(ask, run, FEW, str(tmp_path / "first.db"))  # what is made once, such as parsers of arguments
    few = counted(ask, run, FEW, str(tmp_path / "few.db"))
    many = counted(ask, run, MANY, str(tmp_path / "many.db"))
    with closing(sqlite3.connect(tmp_path / "many.db")) as driver:
        assert driver.execute("SELECT count(*) FROM appointments").fetchone()[0] >= MANY
    grown = {each: (few[each], many[each]) for each in few if many[each] - few[each] > MORE}
    assert grown == {}

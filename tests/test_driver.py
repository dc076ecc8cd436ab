"""Which SQLite does the work: the newer one where it is installed, and one copy in a process."""

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any


def health(**environment: str) -> dict[str, Any]:
    done = subprocess.run(
        [sys.executable, "-m", "clinicctl", "health", "--json"],
        env={**os.environ, **environment},
        capture_output=True,
        text=True,
        check=False,
    )
    return {each["name"]: each["value"] for each in json.loads(done.stdout)["findings"]}


def test_pythons_own_sqlite_works_where_there_is_no_other(clinic: Any) -> None:
    assert "from Python" in health()["sqlite"]


def test_the_newer_one_is_used_where_it_is_installed_and_health_says_so(clinic: Any, tmp_path: Path) -> None:
    package = tmp_path / "newer" / "pysqlite3"
    package.mkdir(parents=True)
    (package / "__init__.py").write_text("")
    (package / "dbapi2.py").write_text("from sqlite3.dbapi2 import *\n")
    assert "from pysqlite3" in health(PYTHONPATH=str(package.parent))["sqlite"]


def test_nothing_opens_a_database_but_by_the_one_driver() -> None:
    package = Path(__file__).parent.parent / "clinicctl"
    naming = {
        str(each.relative_to(package))
        for each in package.rglob("*.py")
        if "import sqlite3\n" in each.read_text("utf-8")
    }
    assert {
        each for each in naming if "from clinicctl.store.sqlite.driver" not in (package / each).read_text("utf-8")
    } == {"store/sqlite/driver.py"}

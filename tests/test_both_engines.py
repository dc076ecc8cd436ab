"""One day at the desk, told to a file and to a server: each command answers the same, whatever the engine."""

import json
import re
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path
from typing import Any

from tests import every_write
from tests.test_properties import clock_at

Run = Callable[..., Any]
Said = tuple[tuple[str, ...], int, Any, Any]

MORNING = datetime(2026, 3, 2, 3, 30, 15, 250_000, tzinfo=UTC)
BEGIN: every_write.Line = (["init", "--timezone", "Asia/Kolkata", "--region", "IN"], None)
READING = """
patient show P2
patient find quormak
patient find 9876514704
patient list --all
patient duplicates
doctor show MEHTA
doctor list --all
doctor avail show RAO
doctor avail show MEHTA today..+30d
appointment show A1
appointment list --day today..+5w
appointment list --cancelled-by patient
appointment history A1
queue show
queue show RAO
queue board --once
day
day --week
day MEHTA tomorrow
free
waitlist list --all
config
config holiday list
config visit-type list
status
audit log
audit log --patient P2
audit verify
init
"""
MASKED = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}|\b[0-9a-f]{64}\b|\b[0-9a-f]{32}\b")
"""What each clinic draws for itself: ids, keys that were made up, and the hashes over them."""


OF_A_SERVER = re.compile(
    r'(?<="role": )"\w+"|(?<="made_manager": )"\w+"|(?<="touched": \["ravi", )"\w+"|(?<="overwritten": )\w+'
)
"""The login, and whether an erasure has overwritten everything, which nobody knows of a server."""

REFUSED = [each for each in every_write.REFUSED if each[0][0] != "db"]


def told(run: Run, place: str) -> list[Said]:
    """Tell a new clinic a day, a minute after the other; return what it said, with the same names for what it drew."""
    names: dict[str, str] = {}
    reading = [(line.split(), None) for line in READING.strip().splitlines()]

    def masked(text: str) -> Any:
        text = MASKED.sub(lambda found: names.setdefault(found[0], f"<{len(names)}>"), text).replace(place, "<db>")
        return json.loads(OF_A_SERVER.sub("null", text) or "null")

    said = []
    for nth, (args, stdin) in enumerate([BEGIN, *every_write.DAY, *reading, *REFUSED]):
        now = MORNING + nth * timedelta(minutes=1)
        with clock_at(partial(datetime.astimezone, now, UTC)):
            answer = run("--db", place, "--actor", "asha", *args, "--json", stdin=stdin)
        error = answer.stderr if answer.status else ""
        said.append((tuple(args), answer.status, masked(answer.stdout), masked(error)))
    return said


def test_a_day_has_the_same_answers_on_a_file_and_on_a_server(run: Run, postgres_clinic: str, tmp_path: Path) -> None:
    on_a_file, on_a_server = told(run, str(tmp_path / "clinic.db")), told(run, postgres_clinic)
    for left, right in zip(on_a_file, on_a_server, strict=True):
        assert left == right
    statuses = [status for _, status, *_ in on_a_file]
    assert set(statuses[: -len(REFUSED)]) == {0}
    assert 0 not in statuses[-len(REFUSED) :]

"""A database that an old version wrote, with its keys used: what stands on disk is read by every later version.

`kept/14fe28f.db.gz` was written by commit 14fe28f: one day with every command that writes, each with a key of its own.
`kept/14fe28f.json` has the commands, and how that version answered each of them again.
"""

import gzip
import json
import os
from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest
from freezegun import freeze_time

KEPT = Path(__file__).parent / "kept"
SAID = json.loads((KEPT / "14fe28f.json").read_text("utf-8"))
MOMENT = datetime.fromisoformat(SAID["moment"])

Ask = Callable[..., Any]
Run = Callable[..., Any]


@pytest.fixture
def kept(ask: Ask) -> Ask:
    """The kept database, brought up to the schema of now."""
    path = Path(os.environ["CLINICCTL_DB"])
    path.write_bytes(gzip.decompress((KEPT / "14fe28f.db.gz").read_bytes()))
    path.chmod(0o600)
    ask("db", "migrate")
    return ask


def holds(found: Any, before: Any) -> bool:
    """Whether an answer has everything that an older one had; fields are only ever added."""
    if isinstance(before, dict):
        return isinstance(found, dict) and all(name in found and holds(found[name], before[name]) for name in before)
    if isinstance(before, list):
        return len(found) == len(before) and all(map(holds, found, before))
    return bool(found == before)


def test_every_key_of_the_kept_database_is_answered_as_it_was(kept: Ask, run: Run) -> None:
    count = len(kept("audit", "log"))
    with freeze_time(MOMENT):
        for line in SAID["lines"]:
            answer = run(*line["args"], "--key", line["key"], json=True, stdin=line["stdin"], status=0).json
            assert holds(answer, line["answer"]), (line, answer)
    assert len(kept("audit", "log")) == count


def test_the_kept_database_is_sound_and_its_journal_verifies(kept: Ask) -> None:
    assert kept("db", "check")["sound"]
    assert kept("audit", "verify")["writes"] == len(SAID["lines"]) + 1


def test_a_write_of_the_kept_database_is_undone(kept: Ask) -> None:
    with freeze_time(MOMENT):
        kept("undo", "--actor", "asha", "--yes")
        assert [each["status"] for each in kept("appointment", "list", "--day", "+5d")] == ["cancelled"]
        assert kept("db", "check")["sound"]

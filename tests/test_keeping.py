"""The database as a file: what is wrong with it is found, a copy is whole, and what is put in its place is ours."""

import errno
import os
import shutil
import sqlite3
import stat
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

import pytest
from freezegun import freeze_time

from clinicctl import clock
from clinicctl.store import migrations, paths
from clinicctl.store.sqlite import check, drafts, head_file, location, replacement
from clinicctl.store.sqlite.invariants import INVARIANTS
from tests.conftest import Answer, Prefill, Start

Ask = Callable[..., Any]
Run = Callable[..., Any]
Refused = Callable[..., dict[str, Any]]
Finish = Callable[..., Answer]

SCHEMAS = {
    version: (Path(__file__).parent / "schemas" / f"{version}.sql").read_text("utf-8")
    for version in range(1, migrations.CURRENT)
}
BACKUP = r"clinic-[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{6}Z(-[0-9]+)?\.db"


@pytest.fixture
def db(tmp_path: Path) -> str:
    return str(tmp_path / "clinic.db")


@pytest.fixture
def day(clinic: Ask, prefill: Prefill) -> Ask:
    """A clinic with something in every table."""

    def fill() -> None:
        clinic("config", "timezone", "UTC")
        for command in (
            "book P1 MEHTA today",
            "book P2 MEHTA today",
            "book P1 RAO tomorrow",
            "book P2 RAO tomorrow",
            "appointment cancel A3",
            "appointment move A4 +2d",
            "checkin A1",
            "queue call MEHTA",
            "queue start MEHTA",
            "walkin P2 RAO",
            "doctor avail set MEHTA +3d --capacity 4",
            "doctor avail weekly RAO sun --capacity 4",
            "waitlist add P1 RAO tomorrow",
            "user add ravi --role desk",
        ):
            clinic(*command.split())
        clinic("patient", "add", "Anita Sharma", "--phone", "90000 00003", "--new")
        clinic("patient", "merge", "P3", "--into", "P1", "--yes")
        clinic("patient", "distinct", "P1", "P2")
        clinic("config", "holiday", "add", "+300d", "Founders' Day")
        clinic("config", "visit-type", "add", "new", "--minutes", "20")
        clinic("config", "notify", "on")

    # What is today's is filled anew once it is tomorrow.
    prefill(f"day-{clock.now():%Y-%m-%d}", fill)
    return clinic


def written(db: str, *statements: str) -> None:
    """Change a database behind the program's back."""
    with closing(sqlite3.connect(db)) as connection, connection:
        connection.execute("PRAGMA ignore_check_constraints=ON")
        for each in statements:
            connection.execute(each)


def rows(db: str, query: str) -> list[Any]:
    with closing(sqlite3.connect(f"file:{db}?mode=ro", uri=True)) as connection:
        return connection.execute(query).fetchall()


def schema(db: str) -> dict[tuple[str, str], str]:
    with closing(sqlite3.connect(f"file:{db}?mode=ro", uri=True)) as connection:
        return check.schema(connection)


def content(db: str) -> dict[str, list[Any]]:
    tables = [name for (name,) in rows(db, "SELECT name FROM sqlite_master WHERE type = 'table' ORDER BY name")]
    return {each: sorted(rows(db, f'SELECT * FROM "{each}"'), key=repr) for each in tables}


def older(db: str, path: str, version: int = 1) -> str:
    """Make a database of an older version with the rows of another."""
    with closing(sqlite3.connect(path)) as connection:
        connection.executescript(SCHEMAS[version])
        connection.execute("ATTACH ? AS new", (db,))
        tables = connection.execute("SELECT name FROM main.sqlite_master WHERE type = 'table'").fetchall()
        for (table,) in tables:
            names = [each[1] for each in connection.execute(f"PRAGMA main.table_info({table})")]
            kept = {each[1] for each in connection.execute(f"PRAGMA new.table_info({table})")}
            columns = ", ".join(f'"{each}"' for each in names)
            # A column that is gone since had a value everywhere.
            values = ", ".join(f'"{each}"' if each in kept else "'x'" for each in names)
            connection.execute(f'DELETE FROM main."{table}"')
            connection.execute(f'INSERT INTO main."{table}" ({columns}) SELECT {values} FROM new."{table}"')
        connection.execute(f"PRAGMA application_id={migrations.APPLICATION_ID}")
        connection.execute(f"PRAGMA user_version={version}")
        connection.commit()
        connection.execute("PRAGMA journal_mode=WAL")
    os.chmod(path, 0o600)
    return path


# What it is


def test_info_tells_the_files_own_facts(day: Ask, db: str) -> None:
    found = day("db", "info")
    assert (found["path"], found["application"], found["schema"]) == (db, "CLNC", migrations.CURRENT)
    assert found["tables"] == {
        name: rows(db, f"SELECT count(*) FROM {name}")[0][0] for name in content(db) if not name.startswith("sqlite_")
    }
    assert all(found["tables"].values()), "a table without a row"
    assert (found["number"], found["head"]) == rows(db, "SELECT number, hash FROM journal ORDER BY 1 DESC")[0]
    assert found["pages"] * found["page_size"] == os.path.getsize(db)
    assert found["last_backup"] is None
    made = day("db", "backup", f"{db}.copy")
    last = day("db", "info")["last_backup"]
    assert last == {"at": made["at"], "path": made["path"], "number": made["number"], "head": made["head"]}
    (said,) = (each for each in day("health")["findings"] if each["name"] == "last backup")
    assert said["ok"]
    assert made["path"] in said["value"]


# What is wrong with it

BREAKS = {
    "phone": (
        "UPDATE patient_phones SET ending = '1' || ending"
        " WHERE patient_id IN (SELECT id FROM patients WHERE number = 1)",
        "a patient's phone is the first of their phones",
        False,
    ),
    "held slot": (
        "DELETE FROM held_slots WHERE appointment = 1",
        "an appointment holds its slots",
        True,
    ),
    "message": ("UPDATE messages SET occasion = 0 WHERE occasion = 120", "a message names its occasion", False),
    "slot": ("UPDATE appointments SET slot = 0 WHERE number = 1", "each slot is given once", False),
    "no ledger": (
        "DELETE FROM doctor_daily_capacities WHERE id IN (SELECT c.id FROM doctor_daily_capacities AS c"
        " JOIN appointments AS a ON a.doctor_id = c.doctor_id AND a.date = c.date WHERE a.number = 4)",
        "each day with appointments has a ledger",
        True,
    ),
    "booked": (
        "UPDATE doctor_daily_capacities SET booked = booked + 1, remaining = remaining - 1 WHERE booked = 2",
        "the booked count of a day",
        True,
    ),
    "remaining": ("UPDATE doctor_daily_capacities SET remaining = 1", "the remaining slots of a day", True),
    "capacity": (
        "UPDATE doctor_daily_capacities SET capacity = capacity + 1, remaining = remaining + 1",
        "a day has its planned capacity",
        True,
    ),
    "last position": ("UPDATE doctor_daily_capacities SET last_position = 0", "no position is above the last", True),
    "position": ("UPDATE queue_entries SET position = 0", "each position is given once and is at least 1", False),
    "queue status": ("UPDATE queue_entries SET status = 'waiting'", "the status of a queue entry", False),
    "queue day": ("UPDATE queue_entries SET date = '2020-01-01'", "a queue entry has the doctor and", False),
    "second place": (
        "UPDATE appointments SET patient_id = (SELECT id FROM patients WHERE number = 1) WHERE number = 6;;"
        "UPDATE queue_entries SET doctor_id = (SELECT id FROM doctors WHERE code = 'MEHTA'), position = 2"
        " WHERE status = 'waiting'",
        "a patient has at most one open entry",
        False,
    ),
    "archived patient": (
        "UPDATE patients SET archived_at = created_at WHERE number = 1",
        "archived patients and doctors",
        False,
    ),
    "archived doctor": (
        "UPDATE doctors SET archived_at = created_at WHERE code = 'RAO'",
        "archived patients and doctors",
        False,
    ),
    "no queue": ("DELETE FROM queue_entries", "an arrived patient has", False),
    "status": ("UPDATE appointments SET status = 'no_show' WHERE number = 2", "an appointment matches its last", False),
    "no step": ("DELETE FROM journal_steps", "an appointment matches its last", False),
    "patient": (
        "UPDATE appointments SET patient_id = (SELECT id FROM patients WHERE number = 1) WHERE number = 5",
        "an appointment has the patient, the doctor and the date",
        False,
    ),
    "other counter": ("INSERT INTO counters VALUES ('doctors', 1)", "every counter is known", False),
    "move": ("UPDATE appointments SET moved_to = 99 WHERE number = 2", "a move links", False),
    "move to itself": ("UPDATE appointments SET moved_to = 2, moved_from = 2 WHERE number = 2", "a move links", False),
    "move without return": ("UPDATE appointments SET moved_from = 1 WHERE number = 2", "a move links", False),
    "series": ("UPDATE appointments SET series = 1 WHERE number = 2", "an appointment of a series leads", False),
    "gone": ("UPDATE counters SET value = value + 1 WHERE name = 'waitlist'", "every given number is on file", False),
    "waited days": ("DELETE FROM waitlist_days", "a waitlist entry has days", False),
    "waits twice": (
        "INSERT INTO waitlist_entries SELECT lower(hex(randomblob(16))), 2, patient_id, doctor_id, first_date,"
        " date(last_date, '+1 day'), status, NULL, created_at, updated_at FROM waitlist_entries;;"
        "INSERT INTO waitlist_days SELECT id, first_date FROM waitlist_entries WHERE number = 2;;"
        "INSERT INTO waitlist_days SELECT id, last_date FROM waitlist_entries WHERE number = 2",
        "a patient is on the waitlist once for a doctor and a day",
        False,
    ),
    "timezone": ("DELETE FROM settings WHERE name = 'timezone'", "the clinic has a time zone", False),
    "counter": ("UPDATE counters SET value = 1", "no number is above its counter", True),
    "no counter": ("DELETE FROM counters", "no number is above its counter", True),
    "secret": ("DELETE FROM settings WHERE name = 'secret'", "the clinic has a secret", False),
    "key": ("UPDATE patients SET name_key = 'x' WHERE number = 1", "the keys of a patient", True),
    "missing keys": ("DELETE FROM patient_keys WHERE patient = 2", "a patient is found by the right keys", True),
    "other keys": ("INSERT INTO patient_keys VALUES (1, 2)", "a patient is found by the right keys", True),
    "words": ("DELETE FROM patient_words WHERE word = 'anita'", "the words of a patient", True),
    "other words": (
        "INSERT INTO patient_words SELECT 'zz', id FROM patients WHERE number = 1",
        "the words of a patient",
        True,
    ),
    "merge": ("UPDATE patients SET merged_into = id WHERE number = 3", "a merged record leads", False),
    "orphan": ("DELETE FROM doctors WHERE code = 'RAO'", "every reference leads to a row", False),
    "journal": (
        "UPDATE journal SET actor = 'nobody' WHERE number = 2",
        "the journal is unchanged since it was written",
        False,
    ),
    "cut": ("DELETE FROM journal WHERE number = (SELECT max(number) FROM journal)", "no answered write", False),
    "nul": ("UPDATE patients SET note = 'x' || char(0) WHERE number = 1", "every value has the type", False),
    "index": ("DROP INDEX ix_patients_phone", "the schema is the one of this program", False),
    "trigger": (
        "CREATE TRIGGER t AFTER INSERT ON journal BEGIN DELETE FROM patients; END",
        "the schema is the one of this program",
        False,
    ),
    "check": ("UPDATE patients SET sex = 'x' WHERE number = 1", "every row meets the constraints", False),
}


def test_a_clinic_day_is_sound_and_a_check_changes_nothing(day: Ask, db: str, run: Run, tmp_path: Path) -> None:
    before = (Path(db).read_bytes(), Path(f"{db}.lock").read_bytes())
    found = day("db", "check")
    assert found == {"path": db, "sound": True, "problems": []}
    assert day("db", "check", "--repair") == found
    assert (Path(db).read_bytes(), Path(f"{db}.lock").read_bytes()) == before
    assert run("db", "check", "-o", "table", status=0).stdout == "No problems found.\n"
    assert run("db", "check", "-o", "tsv", status=0).stdout == ""


@pytest.mark.parametrize("kind", BREAKS)
def test_a_broken_law_is_found_and_mended_where_it_can_be(kind: str, day: Ask, db: str, run: Run) -> None:
    statement, law, mendable = BREAKS[kind]
    written(db, "PRAGMA foreign_keys=OFF", *statement.split(";;"))
    before = content(db)
    answer = run("db", "check", json=True, status=10)
    assert not answer.json["sound"]
    found = [each for each in answer.json["problems"] if each["law"].startswith(law)]
    assert found, answer.json
    assert {each["mendable"] for each in found} == {mendable}
    table = run("db", "check", "-o", "table", status=10).stdout
    for said in (answer.stdout, table):
        assert not any(each in said.casefold() for each in ("anita", "mumtaz", "sharma", "9876543210", "98765 43210"))
    assert content(db) == before
    if not mendable:
        return
    mended = day("db", "check", "--repair")
    assert mended["left"] == []
    assert {each["law"] for each in mended["mended"]} == {each["law"] for each in answer.json["problems"]}
    assert content(mended["copy"]) == before
    assert day("db", "check")["sound"]
    assert rows(db, "SELECT command FROM journal ORDER BY number DESC LIMIT 1") == [("db check",)]
    day("book", "P2", "MEHTA", "+3d")
    day("patient", "add", "Third Person", "--phone", "90000 00009")
    assert day("db", "check")["sound"]


def test_every_invariant_has_a_break() -> None:
    begins = tuple(begin for _, begin, _ in BREAKS.values())
    assert [each.name for each in INVARIANTS if not each.name.startswith(begins)] == []


def test_repair_says_first_what_it_would_do_and_does_it_once(day: Ask, db: str, run: Run) -> None:
    written(db, "UPDATE counters SET value = 1", "UPDATE appointments SET status = 'no_show' WHERE number = 2")
    beside = sorted(os.listdir(os.path.dirname(db)))
    tried = run("db", "check", "--repair", "-n", json=True, status=10).json
    assert (tried["dry_run"], tried["copy"]) == (True, None)
    assert sorted(os.listdir(os.path.dirname(db))) == beside
    done = run("db", "check", "--repair", "--key", "once", json=True, status=10).json
    assert [len(done[each]) for each in ("mended", "left")] == [len(tried[each]) for each in ("mended", "left")]
    again = run("db", "check", "--repair", "--key", "once", json=True, status=10).json
    assert again == done | {"replayed": True}
    assert len(os.listdir(os.path.dirname(db))) <= len(beside) + 3  # the copy; -wal and -shm


@pytest.mark.parametrize("page", [1, 4, *(pytest.param(n, marks=pytest.mark.storm) for n in (2, 3, 5, 6, 7))])
def test_a_page_of_zeros_is_found_and_no_copy_of_it_is_made(
    page: int, day: Ask, db: str, run: Run, tmp_path: Path
) -> None:
    copy, before = tmp_path / "copy.db", content(db)
    for number in range(page, os.path.getsize(db) // 4096, 7):
        whole = Path(db).read_bytes()
        Path(db).write_bytes(whole[: number * 4096] + bytes(4096) + whole[(number + 1) * 4096 :])
        damaged = Path(db).read_bytes()
        assert run("db", "check", status=10), number
        copied = run("db", "backup", str(copy), json=True)
        assert copied.status == (0 if copy.exists() else 10)
        if copy.exists():
            assert content(str(copy)) == before  # an index was hit, and a copy makes its own
            copy.unlink()
        assert Path(db).read_bytes() == damaged
        assert not [
            each for each in os.listdir(tmp_path) if "copy" in each and each not in ("copy.db-wal", "copy.db-shm")
        ]
        Path(db).write_bytes(whole)
    assert day("db", "check")["sound"]


# Copies


def test_a_backup_is_whole_private_and_tells_its_head(day: Ask, db: str, run: Run, tmp_path: Path) -> None:
    before = os.umask(0)
    try:
        made = day("db", "backup", str(tmp_path / "copy.db"))
    finally:
        os.umask(before)
    assert stat.S_IMODE(os.stat(made["path"]).st_mode) == 0o600
    assert made["bytes"] == os.path.getsize(made["path"])
    assert (made["number"], made["head"]) == rows(db, "SELECT number, hash FROM journal ORDER BY 1 DESC")[0]
    assert content(made["path"]) == content(db)
    assert day("db", "check", "--db", made["path"])["sound"]
    assert {each for each in os.listdir(tmp_path) if "copy" in each} <= {
        f"copy.db{end}" for end in ("", "-wal", "-shm")
    }
    assert made["head"] in run("db", "backup", str(tmp_path / "other.db"), "-o", "table", status=0).stdout


@pytest.mark.parametrize("there", ["file", "link", "dangling link", "the database"])
def test_a_backup_never_overwrites_and_never_follows_a_link(
    there: str, day: Ask, db: str, refused: Refused, tmp_path: Path
) -> None:
    target, other = tmp_path / "copy.db", tmp_path / "other"
    if there == "file":
        target.write_text("mine")
    elif there == "link":
        other.write_text("mine")
        target.symlink_to(other)
    elif there == "dangling link":
        target.symlink_to(other)
    else:
        target = Path(db)
    before = sorted(os.listdir(tmp_path))
    refused(6, "exists", "db", "backup", str(target))
    assert sorted(each for each in os.listdir(tmp_path) if not each.endswith(("-wal", "-shm"))) == [
        each for each in before if not each.endswith(("-wal", "-shm"))
    ]
    assert not (there == "dangling link" and other.exists())
    if there in ("file", "link"):
        assert (target.read_text(), other.exists()) == ("mine", there == "link")


def test_rotation_removes_only_older_backups_of_this_clinic(
    day: Ask, db: str, ask: Ask, refused: Refused, tmp_path: Path
) -> None:
    folder = tmp_path / "copies"
    folder.mkdir()
    other = str(tmp_path / "clinic" / "clinic.db")
    ask("init", "--db", other)
    theirs = ask("db", "backup", str(folder), "--db", other)["path"]
    named = folder / "clinic-2020-01-01T000000Z.db"
    named.write_text("not a database")
    link = folder / "clinic-2020-01-02T000000Z.db"
    link.symlink_to(db)
    mine = folder / "clinic-before.db"
    mine.write_bytes(Path(db).read_bytes())
    kept = [theirs, str(named), str(link), str(mine)]
    made = [day("db", "backup", str(folder))["path"] for _ in range(3)]
    assert sorted(map(str, folder.iterdir())) == sorted([*kept, *made])
    last = day("db", "backup", str(folder), "--keep", "2")
    assert last["removed"] == made[:2]
    assert sorted(map(str, folder.iterdir())) == sorted([*kept, made[2], last["path"]])
    (only,) = [day("db", "backup", str(folder), "--keep", "1")["path"]]
    assert sorted(map(str, folder.iterdir())) == sorted([*kept, only])
    refused(2, "usage", "db", "backup", str(tmp_path / "single.db"), "--keep", "2")
    refused(74, "io_error", "db", "backup", str(tmp_path / "nowhere" / "copy.db"))


def test_of_one_seconds_copies_the_newest_are_kept(day: Ask, tmp_path: Path) -> None:
    folder = tmp_path / "copies"
    folder.mkdir()
    with freeze_time("2026-11-23T04:00:00+00:00"):
        made = [day("db", "backup", str(folder))["path"] for _ in range(11)]
        last = day("db", "backup", str(folder), "--keep", "3")
    assert last["removed"] == made[:-2]


def test_where_there_are_no_links_a_backup_still_overwrites_nothing(
    day: Ask, refused: Refused, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    def link(*_: Any) -> None:
        raise PermissionError(1, "Operation not permitted")

    monkeypatch.setattr(os, "link", link)
    made = day("db", "backup", str(tmp_path / "copy.db"))
    assert day("db", "check", "--db", made["path"])["sound"]
    refused(6, "exists", "db", "backup", made["path"])


# What is put in its place


def test_a_restore_brings_back_what_was_and_keeps_what_is_replaced(day: Ask, db: str, tmp_path: Path) -> None:
    copy = day("db", "backup", str(tmp_path / "copy.db"))
    before = content(db)
    day("book", "P2", "MEHTA", "+4d")
    lost = content(db)
    tried = day("db", "restore", copy["path"], "-n")
    assert (tried["replaced"], content(db)) == (None, lost)
    done = day("db", "restore", copy["path"], "--yes", "--key", "back")
    assert (done["number"], done["head"]) == (copy["number"], copy["head"])
    assert content(done["replaced"]) == lost
    after = content(db)
    assert {name: each for name, each in after.items() if name not in ("journal", "sqlite_sequence")} == {
        name: each for name, each in before.items() if name not in ("journal", "sqlite_sequence")
    }
    assert len(after["journal"]) == len(before["journal"]) + 1
    assert day("db", "check")["sound"]
    day("book", "P2", "MEHTA", "+5d")
    assert day("db", "restore", copy["path"], "--yes", "--key", "back") == done | {"replayed": True}
    assert len(day("appointment", "list", "--day", "+5d")) == 1


def test_a_restore_asks_first(day: Ask, refused: Refused, tmp_path: Path) -> None:
    copy = day("db", "backup", str(tmp_path / "copy.db"))["path"]
    assert "--yes required" in refused(2, "usage", "db", "restore", copy)["message"]


def test_a_restore_whose_note_cannot_be_taken_back_changes_nothing(
    day: Ask, refused: Refused, db: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    copy = day("db", "backup", str(tmp_path / "copy.db"))["path"]
    day("book", "P1", "MEHTA", "+9d")
    before = content(db)

    def full(lock: int) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(head_file, "clear_head", full)
    assert "No space left" in refused(74, "io_error", "db", "restore", copy, "--yes")["message"]
    assert content(db) == before


@pytest.mark.parametrize("live", ["missing", "missing beside its log", "without its log", "damaged", "truncated"])
def test_a_database_that_is_gone_or_damaged_can_be_restored(
    live: str, day: Ask, run: Run, db: str, tmp_path: Path
) -> None:
    copy = day("db", "backup", str(tmp_path / "copy.db"))["path"]
    before = content(db)["patients"]
    if live == "missing beside its log":
        with closing(sqlite3.connect(db)) as view:
            view.execute("SELECT count(*) FROM patients").fetchone()
            day("patient", "edit", "P1", "--name", "Old Name")
            log = Path(f"{db}-wal").read_bytes()
        assert log
        os.unlink(db)
        Path(f"{db}-wal").write_bytes(log)
    elif live == "missing":
        os.unlink(db)
    else:
        whole = Path(db).read_bytes()
        Path(db).write_bytes(
            whole[:8192] + bytes(4096) + whole[12288 : len(whole) // 2 if live == "truncated" else None]
        )
    run("db", "restore", copy, "--yes", status=0)
    assert content(db)["patients"] == before
    assert day("db", "check")["sound"]
    day("book", "P2", "MEHTA", "+5d")


FOREIGN = {
    "text": "not_a_clinic_database",
    "another program's": "not_a_clinic_database",
    "newer": "newer_database",
    "with a trigger": "not_a_clinic_database",
    "with a view": "not_a_clinic_database",
    "with a table": "not_a_clinic_database",
    "with an index": "not_a_clinic_database",
    "without an index": "not_a_clinic_database",
    "with a changed check": "not_a_clinic_database",
    "with other pages": "not_a_clinic_database",
    "damaged": "damaged_database",
    "with an orphan": "damaged_database",
    "older, with a trigger": "not_a_clinic_database",
    "older, with a table": "not_a_clinic_database",
    "missing": "file_not_found",
}
_SPOILED = {
    "another program's": "PRAGMA application_id=1",
    "newer": "PRAGMA user_version=99",
    "with a trigger": "CREATE TRIGGER t AFTER INSERT ON journal BEGIN DELETE FROM patients; END",
    "with a view": "CREATE VIEW v AS SELECT * FROM patients",
    "with a table": "CREATE TABLE more (id)",
    "with an index": "CREATE INDEX more ON patients (note)",
    "without an index": "DROP INDEX ix_patients_phone",
    "with an orphan": "DELETE FROM doctors WHERE code = 'RAO'",
    "older, with a trigger": "CREATE TRIGGER t AFTER UPDATE ON patients BEGIN DELETE FROM journal; END",
    "older, with a table": "CREATE TABLE more (id)",
}


@pytest.mark.parametrize("kind", FOREIGN)
def test_what_is_not_ours_is_not_restored_and_nothing_changes(
    kind: str, day: Ask, db: str, refused: Refused, tmp_path: Path
) -> None:
    file = tmp_path / "file.db"
    file.write_bytes(Path(day("db", "backup", str(tmp_path / "copy.db"))["path"]).read_bytes())
    if kind.startswith("older"):
        file.unlink()
        older(db, str(file))
    if kind == "missing":
        file.unlink()
    elif kind == "text":
        file.write_text("name,phone\n" * 500)
    elif kind == "damaged":
        whole = file.read_bytes()
        file.write_bytes(whole[:8192] + bytes(4096) + whole[12288:])
    elif kind == "with a changed check":
        with closing(sqlite3.connect(file)) as connection, connection:
            connection.execute("PRAGMA writable_schema=ON")
            connection.execute("UPDATE sqlite_master SET sql = replace(sql, 'number >= 1', 'number >= 0')")
    elif kind == "with other pages":
        with closing(sqlite3.connect(file, isolation_level=None)) as connection:
            connection.execute("PRAGMA page_size=8192")
            connection.execute("VACUUM")
    else:
        written(str(file), "PRAGMA foreign_keys=OFF", _SPOILED[kind])
    before = (Path(db).read_bytes(), Path(f"{db}.lock").read_bytes())
    said = refused(4 if kind == "missing" else 10, FOREIGN[kind], "db", "restore", str(file), "--yes")
    assert str(file) in said["message"]
    assert (Path(db).read_bytes(), Path(f"{db}.lock").read_bytes()) == before
    assert not [each for each in os.listdir(tmp_path) if ".new" in each or "replaced" in each]


def test_a_restore_never_replaces_what_is_not_ours(day: Ask, refused: Refused, tmp_path: Path) -> None:
    copy = day("db", "backup", str(tmp_path / "copy.db"))["path"]
    letter = tmp_path / "letter.txt"
    letter.write_text("Dear Sir or Madam")
    refused(10, "not_a_clinic_database", "db", "restore", copy, "--yes", "--db", str(letter))
    assert letter.read_text() == "Dear Sir or Madam"


# A newer schema


@pytest.mark.parametrize("version", SCHEMAS)
def test_a_migrated_database_equals_a_new_one(
    version: int, day: Ask, db: str, ask: Ask, refused: Refused, tmp_path: Path
) -> None:
    old = older(db, str(tmp_path / "old.db"), version)
    before = content(old)
    assert all(before.values()), "a table without a row"
    for command in (["patient", "list"], ["book", "P2", "MEHTA", "+5d"], ["init"], ["db", "check"]):
        assert "db migrate" in refused(10, "needs_migration", *command, "--db", old)["hint"]
    assert content(old) == before
    assert ask("db", "info", "--db", old)["schema"] == version
    tried = ask("db", "migrate", "-n", "--db", old)
    assert (tried["found"], tried["copy"], content(old)) == (version, None, before)
    done = ask("db", "migrate", "--db", old)
    assert (done["found"], done["schema"]) == (version, migrations.CURRENT)
    assert content(done["copy"]) == before
    assert schema(old) == schema(db)
    assert {name: len(each) for name, each in content(old).items() if name in before} == {
        name: len(each) + (name == "journal") for name, each in before.items()
    }
    assert ask("db", "check", "--db", old)["sound"]
    assert ask("patient", "list", "--db", old) == day("patient", "list")
    again = ask("db", "migrate", "--db", old)
    assert (again["found"], again["copy"]) == (migrations.CURRENT, None)


def test_an_old_backup_is_brought_up_as_it_is_restored(day: Ask, db: str, tmp_path: Path) -> None:
    old = older(db, str(tmp_path / "old.db"))
    assert day("db", "restore", old, "--yes")["found"] == 1
    assert day("db", "check")["sound"]


@pytest.mark.parametrize(
    ("step", "reason"),
    [
        ("DELETE FROM journal_steps", "would lose rows"),
        ("UPDATE appointments SET doctor_id = 'nobody' WHERE number = 1", "a reference leads nowhere"),
    ],
)
def test_a_step_that_loses_something_is_taken_back(
    step: str, reason: str, day: Ask, db: str, refused: Refused, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    old = older(db, str(tmp_path / "old.db"))
    before = content(old)
    monkeypatch.setitem(migrations.STEPS, 2, (*migrations.STEPS[2], step))
    assert reason in refused(10, "damaged_database", "db", "migrate", "--db", old)["message"]
    assert content(old) == before
    assert rows(old, "PRAGMA user_version") == [(1,)]


def test_there_is_a_step_to_every_version() -> None:
    assert sorted(migrations.STEPS) == list(range(2, migrations.CURRENT + 1))


# Less room


def test_compacting_gives_back_the_room_of_what_was_deleted(day: Ask, db: str) -> None:
    written(db, "CREATE TABLE x AS SELECT randomblob(4000) FROM journal AS a, journal AS b", "DROP TABLE x")
    before = content(db)
    found = day("db", "compact")
    assert (found["after"], found["before"] > 2 * found["after"]) == (os.path.getsize(db), True)
    assert content(db) == before
    assert day("db", "check")["sound"]
    day("book", "P2", "MEHTA", "+5d")


# What was answered is not forgotten


@pytest.mark.parametrize("how", ["a lost log", "an old copy", "another clinic's"])
def test_a_database_behind_its_answers_is_refused_until_accepted(
    how: str, day: Ask, ask: Ask, run: Run, refused: Refused, db: str, tmp_path: Path
) -> None:
    path = str(tmp_path / "later" / "clinic.db")
    os.mkdir(os.path.dirname(path), 0o700)
    old = day("db", "backup", path)["path"]
    day("book", "P2", "MEHTA", "+5d")
    if how == "a lost log":
        with closing(sqlite3.connect(db)) as view:
            view.execute("SELECT count(*) FROM patients").fetchone()
            day("book", "P2", "MEHTA", "+6d")
            os.unlink(old)
            shutil.copy(db, old)
    elif how == "another clinic's":
        os.unlink(old)
        ask("init", "--db", old)
        for n in range(40):
            ask("config", "name", f"Clinic {n}", "--db", old)
    shutil.copy(f"{db}.lock", f"{old}.lock")
    run("patient", "list", "--db", old, status=0)
    said = refused(10, "damaged_database", "doctor", "add", "N", "Dr. N", "--db", old)
    assert "clinicctl db restore FILE" in said["hint"]
    assert run("batch", "-", "--db", old, stdin="doctor add N 'Dr. N'\n", status=3).lines[0]["exit_code"] == 10
    found = run("db", "check", "--db", old, json=True, status=10).json["problems"]
    assert [each["law"] for each in found] == ["no answered write is lost"]
    ask("db", "restore", old, "--yes", "--db", old)
    assert ask("db", "check", "--db", old)["sound"]
    ask("doctor", "add", "N", "Dr. N", "--db", old)


def test_a_new_log_with_the_inode_noted_for_another_database_is_no_damage(
    day: Ask, run: Run, db: str, tmp_path: Path
) -> None:
    old = day("db", "backup", str(tmp_path / "old.db"))["path"]
    day("book", "P2", "MEHTA", "+5d")
    shutil.copy(f"{db}.lock", f"{old}.lock")
    Path(f"{old}-wal").touch()
    note = head_file.describe_file(db, schema=0)._replace(log=os.stat(f"{old}-wal").st_ino, log_size=4152)
    with open(f"{old}.lock", "r+b") as lock:
        head_file.note_file(lock.fileno(), note)
    found = run("db", "check", "--db", old, json=True, status=10).json["problems"]
    assert [each["law"] for each in found] == ["no answered write is lost"]


def test_the_note_follows_every_write_and_none_that_was_taken_back(
    day: Ask, run: Run, db: str, refused: Refused
) -> None:
    def noted() -> Any:
        return head_file.known_head(db)

    def head() -> Any:
        return rows(db, "SELECT number, hash FROM journal ORDER BY 1 DESC LIMIT 1")[0]

    assert noted() == head()
    before = head()
    day("book", "P2", "MEHTA", "+5d", "-n")
    refused(7, "past_day", "book", "P2", "MEHTA", "-5d")
    assert noted() == head() == before
    run("batch", "-", stdin="book P2 MEHTA +5d\nbook P2 MEHTA +6d\nbook P2 MEHTA +6d\n", status=3)
    assert noted() == head() != before


@pytest.mark.parametrize("note", ["none", "empty", "garbage", "behind"])
def test_a_note_that_says_nothing_or_is_behind_refuses_nothing(note: str, day: Ask, db: str) -> None:
    before = Path(f"{db}.lock").read_bytes()
    day("book", "P2", "MEHTA", "+5d")
    if note == "none":
        os.unlink(f"{db}.lock")
    else:
        Path(f"{db}.lock").write_bytes({"empty": b"", "garbage": os.urandom(300), "behind": before}[note])
    day("book", "P2", "MEHTA", "+6d")
    assert day("db", "check")["sound"]
    assert head_file.known_head(db) == rows(db, "SELECT number, hash FROM journal ORDER BY 1 DESC LIMIT 1")[0]


def test_a_new_database_does_not_answer_for_the_one_before(day: Ask, ask: Ask, db: str) -> None:
    day("db", "backup", f"{db}.copy")
    for end in ("", "-wal", "-shm"):
        Path(f"{db}{end}").unlink(missing_ok=True)
    ask("init")
    ask("doctor", "add", "N", "Dr. N")
    assert ask("db", "info")["last_backup"] is None


# Where it may stand

MOUNTS = """\
22 1 254:0 / / rw,relatime shared:1 - ext4 /dev/vda rw
30 22 0:40 / {}/a\\040b rw - nfs4 server:/x rw
31 22 0:41 / {}/disk rw master:1 - xfs /dev/vdb rw
32 31 0:42 / {}/disk/home rw - fuse.sshfs me@there: rw
33 31 0:43 / {}/disk/home rw - btrfs /dev/vdc rw
34 22 0:44 / {}/données rw - nfs4 server:/y rw
35 22 0:45 / {}/m\udce9 rw - cifs //server/z rw
36 22 0:46 / {}/back\\134slash rw - smb3 //server/y rw
"""


def test_the_file_system_is_that_of_the_nearest_mount(tmp_path: Path) -> None:
    mounts = MOUNTS.replace("{}", str(tmp_path))
    for folder, kind in {
        "": "ext4",
        "a b/c": "nfs4",
        "a b": "nfs4",
        "a bc": "ext4",
        "disk": "xfs",
        "disk/home": "btrfs",
        "données": "nfs4",
        "m\udce9": "cifs",
        "back\\slash": "smb3",
    }.items():
        (tmp_path / folder).mkdir(parents=True, exist_ok=True)
        assert location.filesystem(str(tmp_path / folder), mounts=mounts) == kind


@pytest.mark.parametrize("kind", ["nfs", "nfs4", "cifs", "smb3", "9p", "fuse.sshfs"])
def test_a_network_file_system_is_refused_for_writes_only(
    kind: str, clinic: Ask, refused: Refused, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    copy = clinic("db", "backup", str(tmp_path / "copy.db"))["path"]
    monkeypatch.setattr(location, "_on_a_disk", lambda found: False)
    monkeypatch.setattr(location, "_mounts", lambda: f"1 0 0:1 / / rw - {kind} there rw\n")
    new = str(tmp_path / "new" / "clinic.db")
    for args in (
        ["doctor", "add", "N", "Dr. N"],
        ["init", "--db", new],
        ["demo", "--db", new],
        ["db", "restore", copy, "--yes"],
        ["db", "migrate"],
    ):
        assert "do not work on a network file system" in refused(10, "network_filesystem", *args)["message"]
    assert not os.path.exists(new)
    clinic("doctor", "list")


@pytest.mark.parametrize(
    ("which", "mode", "chmod"),
    [
        ("file", 0o602, "o-w"),
        ("file", 0o666, "go-w"),
        (".lock", 0o602, "o-w"),
        ("-wal", 0o602, "o-w"),
        ("folder", 0o777, "go-w"),
        ("folder", 0o722, "go-w"),
    ],
)
def test_what_others_may_write_to_is_refused_with_the_way_to_close_it(
    which: str, mode: int, chmod: str, ask: Ask, refused: Refused, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    path = tmp_path / "own" / "clinic.db"
    monkeypatch.setenv("CLINICCTL_DB", str(path))
    ask("init")
    where = path.parent if which == "folder" else Path(f"{path}{which.removeprefix('file')}")
    if which == "-wal":
        where.touch()
    os.chmod(where, mode)
    found = os.stat(where)
    own = found.st_uid == found.st_gid
    said = refused(10, "open_to_others", "doctor", "add", "N", "Dr. N")
    assert said["hint"].startswith(f"Run `chmod {'o-w' if own else chmod} {where}`. To share")
    ask("doctor", "list")
    for each in path.parent.iterdir():
        os.chmod(each, 0o600)
    os.chmod(where, mode & 0o755)
    ask("doctor", "add", "N", "Dr. N")


def test_a_sticky_folder_and_ones_own_group_are_good_enough(
    ask: Ask, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    path = tmp_path / "own" / "clinic.db"
    monkeypatch.setenv("CLINICCTL_DB", str(path))
    ask("init")
    os.chmod(path.parent, 0o1777)
    ask("doctor", "add", "N", "Dr. N")
    found = os.stat(path.parent)
    if found.st_uid == found.st_gid:
        os.chmod(path.parent, 0o775)
        ask("doctor", "add", "M", "Dr. M")


# Among other commands


def test_the_files_keeping_stands_alone(day: Ask, run: Run, tmp_path: Path) -> None:
    copy = day("db", "backup", str(tmp_path / "copy.db"))["path"]
    lines = [
        "db compact",
        "db migrate",
        f"db restore {copy} --yes",
        f"db backup {tmp_path}/other.db",
        "db info",
        "db check",
    ]
    answers = run("batch", "-", stdin="".join(f"{each}\n" for each in lines), status=3).lines
    assert [each["exit_code"] for each in answers] == [2, 2, 2, 2, 0, 0]
    assert answers[-1]["result"]["sound"]


# What others can do meanwhile


def test_a_restore_copies_and_checks_without_the_lock(
    day: Ask, start: Start, finish: Finish, db: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Another desk books while the file is checked, and while the database is saved."""
    copy = day("db", "backup", str(tmp_path / "copy.db"))["path"]
    checked, saved, copied = check.refuse_unsound, replacement.copying, list[str]()

    def check_slowly(*args: Any, **named: Any) -> None:
        assert finish(start("book", "P2", "MEHTA", "+4d", "--wait", "0")).status == 0
        checked(*args, **named)

    @contextmanager
    def save_slowly(*args: Any) -> Iterator[paths.Draft]:
        with saved(*args) as draft:
            copied.append(draft.path)
            if len(copied) == 1:
                assert finish(start("book", "P2", "MEHTA", "+5d", "--wait", "0")).status == 0
            yield draft

    monkeypatch.setattr(check, "refuse_unsound", check_slowly)
    monkeypatch.setattr(replacement, "copying", save_slowly)
    done = day("db", "restore", copy, "--yes")
    assert len(copied) == 2
    assert len(day("appointment", "list", "--day", "+4d,+5d", "--db", done["replaced"])) == 2
    assert day("appointment", "list", "--day", "+4d,+5d") == []
    assert day("db", "check")["sound"]
    assert [each for each in os.listdir(tmp_path) if ".new" in each or ".part" in each] == []


def test_a_restore_saves_under_the_lock_when_others_write_without_end(
    day: Ask, start: Start, finish: Finish, db: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    copy = day("db", "backup", str(tmp_path / "copy.db"))["path"]
    saved, copied = replacement.copying, list[str]()

    @contextmanager
    def save_slowly(*args: Any) -> Iterator[paths.Draft]:
        with saved(*args) as draft:
            copied.append(draft.path)
            answer = finish(start("book", "P2", "MEHTA", f"+{len(copied) + 3}d", "--wait", "0"))
            assert answer.status == 0
            yield draft

    monkeypatch.setattr(replacement, "copying", save_slowly)
    done = day("db", "restore", copy, "--yes")
    assert len(copied) == 3
    assert len(day("appointment", "list", "--day", "+4d..+6d", "--db", done["replaced"])) == 3


def test_a_repeated_restore_finds_its_key_that_was_used_meanwhile(
    day: Ask, start: Start, finish: Finish, db: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    copy = day("db", "backup", str(tmp_path / "copy.db"))["path"]
    checked = check.refuse_unsound

    def check_slowly(*args: Any, **named: Any) -> None:
        assert finish(start("db", "restore", copy, "--yes", "--key", "back")).status == 0
        assert finish(start("book", "P2", "MEHTA", "+4d")).status == 0
        checked(*args, **named)

    monkeypatch.setattr(check, "refuse_unsound", check_slowly)
    assert day("db", "restore", copy, "--yes", "--key", "back")["replayed"]
    assert len(day("appointment", "list", "--day", "+4d")) == 1


def test_the_draft_of_a_running_command_is_not_removed(day: Ask, db: str) -> None:
    with drafts.making(db) as draft:
        drafts.clear(db)
        assert os.path.exists(draft)
    assert not os.path.exists(draft)
    killed = Path(f"{db}.{'0' * 12}.new")
    killed.touch()
    Path(f"{db}.{'1' * 12}.new-wal").touch()
    drafts.clear(db)
    assert [each for each in os.listdir(os.path.dirname(db)) if ".new" in each] == []

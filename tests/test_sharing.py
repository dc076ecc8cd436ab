"""A clinic of several OS users: a group shares the file, and everybody else stays out."""

import grp
import json
import os
import pwd
import secrets
import signal
import stat
import struct
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from tests.test_paths import AS_ANOTHER

Run = Callable[..., Any]
Refused = Callable[..., dict[str, Any]]

NEEDS_ROOT = pytest.mark.skipif(os.geteuid() != 0, reason="only root can become several users")

# Everything is imported before the user changes: the others may not be allowed to read the program.
AS_USER = (
    AS_ANOTHER.partition("if os.geteuid()")[0]
    + """
import json
json.loads("[]".encode("utf-32-be"))  # what a note looks like that is not there yet
user, groups, umask = json.loads(sys.argv.pop(1))
os.umask(umask)
if os.geteuid() == 0:
    os.setgroups(groups)
    os.setgid(groups[0])
    os.setuid(user)
status = run(sys.argv[1:])
sys.stdout.flush()
os._exit(status)
"""
)


class User(NamedTuple):
    """A user of this machine: the number, the own group, and the groups besides."""

    number: int
    groups: tuple[int, ...]


class Clinic(NamedTuple):
    """A clinic that a group shares: its members Anna and Bert, and Carla, who is not in it."""

    db: Path
    group: str
    number: int
    anna: User
    bert: User
    carla: User

    def begin(self, user: User, *args: str, umask: int = 0o077, **kwargs: Any) -> "subprocess.Popen[str]":
        """Start a command of a user."""
        how = json.dumps([user.number, user.groups, umask])
        return subprocess.Popen(
            [sys.executable, "-c", AS_USER, how, *args],
            env=os.environ | {"CLINICCTL_DB": str(self.db), "TZ": "UTC", "HOME": "/", "XDG_CONFIG_HOME": "/nowhere"},
            **{
                "stdin": subprocess.DEVNULL,
                "stdout": subprocess.PIPE,
                "stderr": subprocess.PIPE,
                "text": True,
                **kwargs,
            },
        )

    def run(self, user: User, *args: str, umask: int = 0o077, status: int = 0) -> Any:
        """Run a command of a user, and return its JSON: the answer, or the error."""
        process = self.begin(user, *args, "--json", umask=umask)
        stdout, stderr = process.communicate(timeout=120)
        assert process.returncode == status, (args, stdout, stderr)
        return json.loads(stdout) if status == 0 else json.loads(stderr)["error"]

    def files(self) -> dict[str, tuple[str, int]]:
        """Return the mode and the group of each file, and of the folder."""
        listed = [self.db.parent, *self.db.parent.iterdir()]
        return {each.name: (f"{stat.S_IMODE(each.lstat().st_mode):04o}", each.lstat().st_gid) for each in listed}

    def assert_shared(self) -> None:
        """Assert that each file belongs to the group, and is open to it alone."""
        found = self.files()
        folder = found.pop(self.db.parent.name)
        assert folder == ("2770", self.number)
        assert set(found.values()) == {("0660", self.number)}, found


def command(*args: str) -> None:
    subprocess.run(args, check=True, capture_output=True)


@pytest.fixture(scope="module")
def people() -> Iterator[dict[str, Any]]:
    """Three users and a group of two of them. Without root: this user alone, in the own group."""
    if os.geteuid():
        own = User(os.geteuid(), (os.getegid(),))
        yield {"group": str(os.getegid()), "number": os.getegid(), "anna": own, "bert": own, "carla": own}
        return
    word = secrets.token_hex(3)
    group = f"clinic-{word}"
    names = {each: f"{each}-{word}" for each in ("anna", "bert", "carla")}
    command("groupadd", group)
    try:
        for each, name in names.items():
            command("useradd", "-M", "-U", *(["-G", group] if each != "carla" else []), name)
        number = grp.getgrnam(group).gr_gid
        users = {}
        for each, name in names.items():
            found = pwd.getpwnam(name)
            users[each] = User(found.pw_uid, tuple(os.getgrouplist(name, found.pw_gid)))
        yield {"group": group, "number": number, **users}
    finally:
        for name in names.values():
            subprocess.run(["userdel", name], check=False, capture_output=True)
        command("groupdel", group)


@pytest.fixture
def place() -> Iterator[Path]:
    """A folder that everybody may reach, unlike those of pytest."""
    with tempfile.TemporaryDirectory(prefix="clinic-") as folder:
        os.chmod(folder, 0o755)
        yield Path(folder)


@pytest.fixture
def clinic(people: dict[str, Any], place: Path) -> Clinic:
    """A clinic that Anna has made for the group, with a patient and a doctor of 40 slots."""
    os.chown(place, people["anna"].number, -1)
    made = Clinic(place / "clinic" / "clinic.db", **people)
    made.run(made.anna, "init", "--group", made.group, "--timezone", "UTC", "--region", "IN")
    made.run(made.anna, "patient", "add", "Anita Sharma", "--phone", "98765 43210")
    made.run(made.anna, "doctor", "add", "MEHTA", "Dr. Asha Mehta", "--capacity", "40")
    return made


def book(clinic: Clinic, user: User, **kwargs: Any) -> Any:
    return clinic.run(user, "book", "P1", "MEHTA", "tomorrow", "--again", **kwargs)


def test_members_book_in_turns_whatever_their_umask(clinic: Clinic) -> None:
    clinic.assert_shared()
    slots = []
    for user, umask in ((clinic.bert, 0o077), (clinic.anna, 0o000), (clinic.bert, 0o000), (clinic.anna, 0o077)):
        assert not Path(f"{clinic.db}-wal").exists()
        slots.append(book(clinic, user, umask=umask)["slot"])
        clinic.assert_shared()
        # A reader makes a log and its index, and cannot remove them.
        clinic.run(user, "day", "tomorrow", umask=umask)
        clinic.assert_shared()
        for end in ("-wal", "-shm"):
            Path(f"{clinic.db}{end}").unlink(missing_ok=True)
    assert slots == [1, 2, 3, 4]
    assert clinic.run(clinic.bert, "db", "check")["sound"]


def test_a_reader_leaves_a_log_that_another_member_can_use(clinic: Clinic) -> None:
    clinic.run(clinic.bert, "patient", "list", umask=0o077)
    assert Path(f"{clinic.db}-shm").exists()
    assert book(clinic, clinic.anna)["slot"] == 1
    assert book(clinic, clinic.bert)["slot"] == 2


def test_members_book_at_the_same_time(clinic: Clinic) -> None:
    line = "book P1 MEHTA tomorrow --again\n"
    users = ((clinic.anna, 0o077), (clinic.bert, 0o000), (clinic.bert, 0o077), (clinic.anna, 0o000))
    started = [clinic.begin(user, "batch", "-", umask=umask, stdin=subprocess.PIPE) for user, umask in users]
    slots = []
    for process in started:
        assert process.stdin
        process.stdin.write(line * 8)
        process.stdin.flush()
    for process in started:
        stdout, stderr = process.communicate(timeout=120)
        assert process.returncode == 0, stderr
        slots += [json.loads(each)["result"]["slot"] for each in stdout.splitlines()]
    assert sorted(slots) == list(range(1, 33))
    clinic.assert_shared()
    assert clinic.run(clinic.bert, "db", "check")["sound"]


@NEEDS_ROOT
def test_a_user_outside_the_group_reads_nothing(clinic: Clinic) -> None:
    book(clinic, clinic.bert)
    clinic.run(clinic.bert, "db", "backup", str(clinic.db.parent))
    for args in (("patient", "list"), ("db", "info"), ("doctor", "add", "N", "Dr. N"), ("init",)):
        assert "permission denied" in clinic.run(clinic.carla, *args, status=74)["message"]
    script = f"""
import os, sys
os.setgroups({list(clinic.carla.groups)}); os.setgid({clinic.carla.groups[0]}); os.setuid({clinic.carla.number})
for each in sys.argv[1:]:
    try:
        os.listdir(each) if os.path.isdir(each) else open(each, "rb")
    except PermissionError:
        continue
    sys.exit(each)
"""
    listed = [str(clinic.db.parent), *map(str, clinic.db.parent.iterdir())]
    assert len(listed) >= 4
    assert subprocess.run([sys.executable, "-c", script, *listed], check=False).returncode == 0


def test_a_member_recovers_what_a_killed_one_has_left(clinic: Clinic) -> None:
    for killed, other in ((clinic.anna, clinic.bert), (clinic.bert, clinic.anna)):
        process = clinic.begin(killed, "batch", "-", stdin=subprocess.PIPE)
        assert process.stdin
        assert process.stdout
        process.stdin.write("book P1 MEHTA tomorrow --again\n" * 3)
        process.stdin.flush()
        slots = [json.loads(process.stdout.readline())["result"]["slot"] for _ in range(3)]
        process.send_signal(signal.SIGKILL)
        process.communicate()
        assert Path(f"{clinic.db}-wal").stat().st_size
        assert book(clinic, other)["slot"] == slots[-1] + 1
        clinic.assert_shared()
    assert clinic.run(clinic.bert, "db", "check")["sound"]


def test_one_backs_up_and_another_restores_compacts_and_erases(clinic: Clinic, place: Path) -> None:
    os.chmod(place, 0o777)
    outside, beside = place / "backup.db", str(clinic.db.parent)
    book(clinic, clinic.bert)
    clinic.run(clinic.anna, "db", "backup", str(outside))
    clinic.run(clinic.bert, "db", "backup", beside, "--keep", "1")
    found = outside.stat()
    assert (stat.S_IMODE(found.st_mode), found.st_gid) == (0o660, clinic.number)
    book(clinic, clinic.anna)
    clinic.run(clinic.bert, "db", "restore", str(outside), "--yes")
    clinic.run(clinic.anna, "db", "compact")
    clinic.run(clinic.bert, "db", "migrate")
    clinic.assert_shared()
    assert book(clinic, clinic.anna)["slot"] == 2
    clinic.run(clinic.anna, "db", "backup", beside, "--keep", "1")
    # The database is gone: the folder still says who may use the next one.
    clinic.db.unlink()
    clinic.run(clinic.bert, "db", "restore", str(outside), "--yes")
    clinic.run(clinic.anna, "patient", "add", "Mumtaz Anwar", "--phone", "91234 56789")
    assert clinic.run(clinic.bert, "patient", "erase", "P2", "--yes")["overwritten"]
    clinic.run(clinic.anna, "db", "check", "--repair", "--key", "k")
    clinic.assert_shared()
    copy = place / "new" / "clinic.db"
    clinic.run(clinic.bert, "db", "copy", "--to", str(copy))
    moved = clinic._replace(db=copy)
    moved.assert_shared()
    assert book(moved, clinic.anna)["slot"] == 2


def test_the_draft_of_a_killed_member_is_removed_by_another(clinic: Clinic) -> None:
    draft = clinic.db.with_name(f"clinic.db.{'0' * 12}.new")
    draft.write_bytes(b"names")
    os.chown(draft, clinic.anna.number, clinic.number)
    draft.chmod(0o660)
    backup = str(clinic.db.parent / "clinic-backup.db")
    clinic.run(clinic.bert, "db", "backup", backup)
    clinic.run(clinic.bert, "db", "restore", backup, "--yes")
    assert not draft.exists()


def test_the_log_in_the_folder_is_written_by_every_member(clinic: Clinic, monkeypatch: pytest.MonkeyPatch) -> None:
    log = clinic.db.parent / "clinic.log"
    monkeypatch.setenv("CLINICCTL_LOG", str(log))
    for user in (clinic.anna, clinic.bert):
        book(clinic, user)
    assert len(log.read_text().splitlines()) == 2
    clinic.assert_shared()


@NEEDS_ROOT
def test_the_login_decides_whatever_the_environment_says(clinic: Clinic, monkeypatch: pytest.MonkeyPatch) -> None:
    anna, bert = (pwd.getpwuid(each.number).pw_name for each in (clinic.anna, clinic.bert))
    assert clinic.run(clinic.anna, "user", "add", bert, "--role", "desk")["made_manager"] == anna
    for name in ("USER", "LOGNAME", "SUDO_USER", "LNAME", "USERNAME"):
        monkeypatch.setenv(name, anna)
    assert book(clinic, clinic.bert)["slot"] == 1
    monkeypatch.setenv("CLINICCTL_ACTOR", anna)
    assert clinic.run(clinic.bert, "book", "P1", "MEHTA", status=7)["code"] == "not_allowed"
    monkeypatch.setenv("CLINICCTL_ACTOR", bert)
    assert clinic.run(clinic.anna, "undo", "--yes")["actor"] == bert
    monkeypatch.delenv("CLINICCTL_ACTOR")
    attempts = clinic.run(clinic.anna, "audit", "log", "--refused")
    assert [(each["actor"], each["reason"]) for each in attempts] == [(bert, "name")]
    clinic.assert_shared()


# To share, and to take it back


@pytest.fixture
def private(people: dict[str, Any], place: Path) -> Clinic:
    """A clinic of Anna's alone."""
    os.chown(place, people["anna"].number, -1)
    made = Clinic(place / "clinic" / "clinic.db", **people)
    made.run(made.anna, "init", "--timezone", "UTC", "--region", "IN")
    made.run(made.anna, "patient", "add", "Anita Sharma", "--phone", "98765 43210")
    made.run(made.anna, "doctor", "add", "MEHTA", "Dr. Asha Mehta", "--capacity", "40")
    return made


def test_a_clinic_is_shared_and_made_private_again(private: Clinic) -> None:
    private.run(private.anna, "db", "backup", str(private.db.parent))
    private.run(private.anna, "day")
    before = private.files()
    assert {mode for mode, _ in before.values()} == {"0700", "0600"}
    shared = private.run(private.anna, "db", "share", "--group", private.group)
    assert shared == {"path": str(private.db), "group": private.group, "changed": len(before)}
    private.assert_shared()
    assert private.run(private.anna, "db", "share", "--group", private.group)["changed"] == 0
    assert book(private, private.bert)["slot"] == 1
    assert private.run(private.anna, "db", "share", "--private")["group"] is None
    assert {mode for mode, _ in private.files().values()} == {"0700", "0600"}
    assert book(private, private.anna)["slot"] == 2


@NEEDS_ROOT
def test_root_makes_the_files_of_all_members_private_to_the_owner(clinic: Clinic) -> None:
    clinic.run(clinic.bert, "db", "backup", str(clinic.db.parent))
    error = clinic.run(clinic.anna, "db", "share", "--private", status=7)
    assert (error["code"], "belongs to bert" in error["message"]) == ("not_shared", True)
    clinic.assert_shared()
    clinic.run(User(0, (0,)), "db", "share", "--private")
    assert {each.stat().st_uid for each in clinic.db.parent.iterdir()} == {clinic.anna.number}
    assert book(clinic, clinic.anna)["slot"] == 1
    assert "permission denied" in clinic.run(clinic.bert, "day", status=74)["message"]


@NEEDS_ROOT
def test_an_unknown_group_or_one_without_the_user_is_refused(private: Clinic) -> None:
    before = private.files()
    for group, said in (("nobody-knows-it", "no group"), (grp.getgrgid(private.carla.groups[0]).gr_name, "not in")):
        for args in (("db", "share"), ("init",)):
            error = private.run(private.anna, *args, "--group", group, status=2)
            assert (error["code"], said in error["message"]) == ("invalid_value", True)
    assert before.items() <= private.files().items()


def allow(path: Path, user: User, name: str) -> None:
    """Let a user read and write a file by an access control list, or the new files of a folder."""
    nobody = (1 << 32) - 1
    entries = ((0x01, 7, nobody), (0x02, 7, user.number), (0x04, 7, nobody), (0x10, 7, nobody), (0x20, 5, nobody))
    content = struct.pack("<I", 2) + b"".join(struct.pack("<HHI", *each) for each in entries)
    try:
        os.setxattr(path, f"system.posix_acl_{name}", content)
    except OSError:
        pytest.skip("this file system has no access control lists")


@NEEDS_ROOT
def test_a_list_of_the_folder_above_lets_nobody_in(people: dict[str, Any], place: Path) -> None:
    os.chown(place, people["anna"].number, -1)
    allow(place, people["carla"], "default")
    made = Clinic(place / "clinic" / "clinic.db", **people)
    made.run(made.anna, "init", "--group", made.group, "--timezone", "UTC")
    assert "permission denied" in made.run(made.carla, "doctor", "list", status=74)["message"]
    made.run(made.bert, "doctor", "list")
    made.assert_shared()


@NEEDS_ROOT
def test_health_names_a_list_that_lets_others_in(clinic: Clinic) -> None:
    folder = clinic.db.parent
    for path, name in ((clinic.db, "access"), (folder, "access"), (folder, "default")):
        allow(path, clinic.carla, name)
    clinic.db.chmod(0o660)
    folder.chmod(0o2770)
    found = findings(clinic, clinic.anna)
    for kind in ("file", "folder"):
        problem = found[f"mode of {kind}"]
        assert (problem["ok"], "no access control list" in problem["problem"]) == (False, True)
    assert clinic.run(clinic.anna, "db", "share", "--group", clinic.group)["changed"] >= 2
    assert [path for path in (clinic.db, folder) if os.listxattr(path)] == []
    clinic.assert_shared()


def test_to_share_needs_one_way_to_do_it(clinic: Clinic, refused: Refused) -> None:
    refused(2, "usage", "db", "share", "--db", str(clinic.db))
    refused(2, "usage", "db", "share", "--group", clinic.group, "--private", "--db", str(clinic.db))
    url = "postgresql://localhost/clinics?schema=north"
    refused(7, "not_a_file", "init", "--group", "x", "--db", url)


def test_an_existing_clinic_is_not_shared_by_init(private: Clinic, run: Run) -> None:
    answer = run("init", "--group", private.group, "--db", str(private.db), "--timezone", "UTC", status=0)
    assert f"clinicctl db share --group {private.group}" in answer.stderr
    assert "0660" not in {mode for mode, _ in private.files().values()}


def test_a_folder_that_the_group_cannot_reach_is_named(private: Clinic, place: Path) -> None:
    place.chmod(0o700)
    before = private.files()
    error = private.run(User(os.geteuid(), (os.getegid(),)), "db", "share", "--group", private.group, status=7)
    assert f"cannot enter {place}, mode 0700" in error["message"]
    assert before.items() <= private.files().items()


def test_a_folder_with_other_files_is_not_opened_to_a_group(private: Clinic, place: Path) -> None:
    (private.db.parent / "letters.txt").write_text("private")
    before = private.files()
    error = private.run(private.anna, "db", "share", "--group", private.group, status=7)
    assert "letters.txt" in error["message"]
    assert before.items() <= private.files().items()


@pytest.mark.parametrize("kind", ["symbolic", "hard"])
def test_a_link_beside_the_database_is_not_followed(kind: str, clinic: Clinic, place: Path) -> None:
    secret = place / "secret"
    secret.write_text("of somebody else")
    secret.chmod(0o600)
    lure = clinic.db.with_name("clinic-2026-11-28T093000Z.db")
    lure.unlink(missing_ok=True)
    lure.symlink_to(secret) if kind == "symbolic" else os.link(secret, lure)
    clinic.db.chmod(0o600)
    root = User(os.geteuid(), (os.getegid(),))
    assert clinic.run(root, "db", "share", "--group", clinic.group, status=7)["code"] == "not_shared"
    assert stat.S_IMODE(secret.stat().st_mode) == 0o600
    assert stat.S_IMODE(clinic.db.stat().st_mode) == 0o600


@pytest.mark.parametrize("kind", ["symbolic", "hard"])
def test_a_member_cannot_lead_another_to_a_second_name(kind: str, clinic: Clinic, place: Path) -> None:
    lock = clinic.db.with_name(f"{clinic.db.name}.lock")
    if kind == "hard":
        os.link(clinic.db, place / "other.db")
        assert book(clinic, clinic.bert, status=10)["code"] == "other_names"
        return
    lock.unlink()
    lock.symlink_to(place / "elsewhere")
    assert book(clinic, clinic.bert, status=74)["code"] == "read_only"
    assert not (place / "elsewhere").exists()


# What is shared by halves


def findings(clinic: Clinic, user: User) -> dict[str, Any]:
    found = clinic.run(user, "health")
    return {each["name"]: each for each in found["findings"]}


def test_health_names_the_group_of_a_shared_clinic(clinic: Clinic) -> None:
    found = findings(clinic, clinic.bert)
    assert found["shared with"]["value"] == f"the group {grp.getgrgid(clinic.number).gr_name}"
    modes = {name: each for name, each in found.items() if name.startswith("mode of")}
    assert modes.keys() >= {"mode of file", "mode of lock", "mode of folder"}
    assert all(each["ok"] for each in modes.values())


@pytest.mark.parametrize(
    ("kind", "end", "mode"),
    [
        ("file", "", 0o600),
        ("file", "", 0o664),
        ("lock", ".lock", 0o600),
        ("a copy", "", 0o600),
    ],
)
def test_health_names_a_file_with_another_mode(kind: str, end: str, mode: int, clinic: Clinic) -> None:
    path = clinic.db.with_name(f"{clinic.db.name}{end}")
    if kind == "a copy":
        path = Path(clinic.run(clinic.anna, "db", "backup", str(clinic.db.parent))["path"])
    path.touch()
    path.chmod(mode)
    if os.geteuid() == 0:
        os.chown(path, clinic.anna.number, clinic.number)
    found = findings(clinic, clinic.anna)[f"mode of {kind}"]
    assert not found["ok"]
    command = f"clinicctl db share --group {grp.getgrgid(clinic.number).gr_name}"
    assert (str(path) in found["problem"], command in found["problem"]) == (True, True)
    clinic.run(clinic.anna, *command.split()[1:])
    assert all(each["ok"] for name, each in findings(clinic, clinic.anna).items() if name.startswith("mode of"))
    clinic.assert_shared()


@NEEDS_ROOT
def test_a_file_of_another_group_is_named_and_mended(clinic: Clinic) -> None:
    os.chown(clinic.db, -1, 0)
    assert not findings(clinic, User(0, (0,)))["mode of file"]["ok"]
    assert book(clinic, User(0, (0,)), status=10)["code"] == "open_to_others"
    clinic.run(User(0, (0,)), "db", "share", "--group", clinic.group)
    assert book(clinic, clinic.bert)["slot"] == 1


@NEEDS_ROOT
def test_a_folder_that_is_open_in_another_way_is_refused(clinic: Clinic) -> None:
    for mode in (0o770, 0o2775, 0o2777, 0o2750, 0o3770):
        clinic.db.parent.chmod(mode)
        error = book(clinic, clinic.anna, status=10)
        assert (error["code"], "clinicctl db share --group" in error["hint"]) == ("open_to_others", True)
        found = findings(clinic, clinic.anna)
        assert any("clinicctl db share --private" in (each["problem"] or "") for each in found.values())
    clinic.run(clinic.anna, "db", "share", "--group", clinic.group)
    clinic.assert_shared()


@NEEDS_ROOT
def test_a_private_file_in_a_folder_of_a_group_is_refused(clinic: Clinic) -> None:
    clinic.db.chmod(0o600)
    error = book(clinic, clinic.anna, status=10)
    assert (error["code"], "clinicctl db share" in error["hint"]) == ("open_to_others", True)

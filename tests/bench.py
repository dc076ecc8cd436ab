"""The bars, each as a ratio taken in one run: against bare imports, and against bare sqlite3 doing the same statements.

Times are CPU time (user + system) of whole processes, of both sides in turn, medians; where a long run is meant, what
the same process costs with nothing to do is taken off. The statements of the bare side are those that the program has
sent: they are recorded at the driver, with their values, and sent again by a process that knows nothing but sqlite3.
"""

import compileall
import json
import os
import pickle
import pty
import resource
import shutil
import statistics
import subprocess
import sys
import sysconfig
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

import clinicctl
from tests import bench_exports, bench_reports, bench_server, people, skewed

ROUNDS = 21
PROGRAM = [str(Path(sysconfig.get_path("scripts")) / "clinicctl")]
TYPER = [sys.executable, "-c", "import typer"]
BOTH = [sys.executable, "-c", "import typer, sqlmodel"]
COMPLETION = {"_CLINICCTL_COMPLETE": "complete_bash"}
LINES = 5_000
EXCHANGES = 500
ROWS = 100_000
PROCESSES = 100


def cpu(command: Sequence[str], *, stdin: str | None = None, env: dict[str, str] | None = None) -> float:
    """Return the CPU milliseconds of one process."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    subprocess.run(
        command,
        input=stdin or "",
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        check=True,
        text=True,
        env={**os.environ, **(env or {})},
    )
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return (after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime) * 1000


def on_a_terminal(command: Sequence[str]) -> float:
    """Return the CPU milliseconds of one process that writes a short table to a terminal."""
    screen, terminal = pty.openpty()
    try:
        before = resource.getrusage(resource.RUSAGE_CHILDREN)
        subprocess.run(command, stdin=terminal, stdout=terminal, stderr=terminal, check=True)
        after = resource.getrusage(resource.RUSAGE_CHILDREN)
        assert os.read(screen, 65_536), "nothing on the screen"
    finally:
        os.close(screen)
        os.close(terminal)
    return (after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime) * 1000


def in_turn(one: Callable[[], float], other: Callable[[], float], rounds: int) -> tuple[float, float, float]:
    """Return the medians of both, and of the ratios pair by pair."""
    pairs = [(one(), other()) for _ in range(rounds)]
    first, second = (statistics.median(each) for each in zip(*pairs, strict=True))
    return first, second, statistics.median(a / b for a, b in pairs)


def ratio(
    command: list[str], against: list[str], env: dict[str, str] | None = None, *, rounds: int = ROUNDS
) -> tuple[float, float, float]:
    """As `in_turn`, of two commands."""
    return in_turn(lambda: cpu(command, env=env), lambda: cpu(against), rounds)


# The clinics that the benchmarks run on


@contextmanager
def clinic(*lines: str) -> Iterator[Path]:
    """A folder with a clinic in it, made by a batch; `CLINICCTL_DB` names it."""
    with TemporaryDirectory() as folder:
        os.environ["CLINICCTL_DB"] = f"{folder}/clinic.db"
        os.environ["XDG_CONFIG_HOME"] = folder
        batch(["init --region IN --timezone UTC", *lines])
        yield Path(folder)


def batch(lines: Sequence[str]) -> None:
    done = subprocess.run([*PROGRAM, "batch", "-"], input="\n".join(lines), capture_output=True, text=True, check=False)
    assert done.returncode == 0, [line for line in done.stdout.splitlines() if '"error"' in line][:3]


def doctors(count: int, *, capacity: int = 10) -> list[str]:
    return [f"doctor add D{n} 'Dr. Nr{n}' --capacity {capacity}" for n in range(count)]


def letters(n: int) -> str:
    return "".join(chr(ord("a") + int(digit)) for digit in f"{n:06}")


def patients(count: int) -> list[str]:
    return [f"patient add 'Fam{letters(n % 97)} Giv{letters(n)}' --phone none" for n in range(count)]


@contextmanager
def fresh(folder: Path) -> Iterator[None]:
    """Set the database aside, and put it back: each round begins with the same."""
    kept = folder / "kept.db"
    database = folder / "clinic.db"
    if not kept.exists():
        shutil.copy(database, kept)
    for suffix in ("", "-wal", "-shm", ".lock"):
        Path(f"{database}{suffix}").unlink(missing_ok=True)
    shutil.copy(kept, database)
    yield


RECORDER = """
import pickle, sqlite3, sys
log, real = [], sqlite3.connect
class Cursor(sqlite3.Cursor):
    def execute(self, sql, values=()):
        log.append((sql, tuple(str(each) if isinstance(each, str) else each for each in values)))
        return super().execute(sql, values)
    def executemany(self, sql, rows):
        for row in rows:
            self.execute(sql, row)
        return self
class Connection(sqlite3.Connection):
    def cursor(self, *_):
        return super().cursor(Cursor)
    def execute(self, sql, values=()):
        return self.cursor().execute(sql, values)
    def executemany(self, sql, rows):
        return self.cursor().executemany(sql, rows)
    def commit(self):
        self.in_transaction and self.execute("COMMIT")
    def rollback(self):
        self.in_transaction and self.execute("ROLLBACK")
def connect(path, **named):
    return real(path, **named) if path == ":memory:" else real(path, **named, factory=Connection)
sqlite3.connect = sqlite3.dbapi2.connect = connect
from clinicctl.cli import run
status = run(sys.argv[2:])
pickle.dump(log, open(sys.argv[1], "wb"))
sys.exit(status)
"""

BARE = """
import pickle, sqlite3, sys
log = pickle.load(open(sys.argv[1], "rb"))
connection = sqlite3.connect(sys.argv[2], isolation_level=None)
if len(sys.argv) == 3:
    for sql, values in log:
        connection.execute(sql, values).fetchall()
else:
    read, write = sys.stdin.readline, sys.stdout.write
    parts, part = [], []
    for sql, values in log:
        part.append((sql, values))
        if sql == "COMMIT":
            parts.append(part)
            part = []
    for part in parts:
        if not read():
            break
        for sql, values in part:
            connection.execute(sql, values).fetchall()
        write("done" + chr(10))
        sys.stdout.flush()
"""


def recorded(folder: Path, command: list[str], *, stdin: str = "") -> Path:
    """Run a command on a fresh clinic, and return the file with the statements that it sent."""
    log = folder / "log.pickle"
    with fresh(folder):
        record(log, command, stdin=stdin)
    return log


def record(log: Path, command: list[str], *, stdin: str = "") -> None:
    """Run a command, and write the statements that it sent to a file."""
    subprocess.run(
        [sys.executable, "-c", RECORDER, str(log), *command],
        input=stdin,
        stdout=subprocess.DEVNULL,
        check=True,
        text=True,
    )


def emptied(log: Path) -> Path:
    """The same file with nothing in it, for what a process costs that has nothing to do."""
    empty = log.with_suffix(".empty")
    empty.write_bytes(pickle.dumps([]))
    return empty


# The bars


def startup() -> Iterator[tuple[str, str, float, str]]:
    """One-shot commands against the imports that they stand on."""
    with clinic(
        "doctor add MEHTA 'Dr. Mehta' --capacity 500",
        "patient add 'Anita Sharma' --phone none",
        "book P1 MEHTA",
        "checkin A1",
    ):
        for args, against, name, most in (
            (["--version"], TYPER, "import typer", 1.3),
            (["--help"], TYPER, "import typer", 1.3),
            (["book", "P1", "MEHTA", "--again"], BOTH, "import typer, sqlmodel", 0.35),
            (["appointment", "show", "A1"], BOTH, "import typer, sqlmodel", 0.35),
            (["patient", "find", "ani"], BOTH, "import typer, sqlmodel", 0.35),
            (["queue", "show"], BOTH, "import typer, sqlmodel", 0.35),
        ):
            one, other, found = ratio([*PROGRAM, *args], against)
            yield f"`clinicctl {' '.join(args)}`, {one:.0f} ms", f"`{name}`, {other:.0f} ms", found, f"at most {most}"
        one, other, found = in_turn(lambda: on_a_terminal([*PROGRAM, "queue", "show"]), lambda: cpu(BOTH), ROUNDS)
        what = f"`clinicctl queue show` as a table on a terminal, {one:.0f} ms"
        yield what, f"`import typer, sqlmodel`, {other:.0f} ms", found, "at most 0.45"
        for words, what in (("clinicctl appo", "a command"), ("clinicctl book P1 ME", "a doctor's code")):
            env = {**COMPLETION, "COMP_WORDS": words, "COMP_CWORD": str(words.count(" "))}
            one, other, found = ratio(PROGRAM, TYPER, env)
            yield f"completion of {what}, {one:.0f} ms", f"`import typer`, {other:.0f} ms", found, "at most 2.0"


def batches() -> Iterator[tuple[str, str, float, str]]:
    """Lines through a batch, and one line at a time, against the same statements sent by bare sqlite3."""
    lines = [f"book P{n % 500 + 1} D{n // 10 % 50} +{n // 500 + 1}d" for n in range(LINES)]
    with clinic(*doctors(50), *patients(500)) as folder:
        file = folder / "lines.txt"
        file.write_text("".join(f"{line}\n" for line in lines))
        nothing = folder / "nothing.txt"
        nothing.write_text("")
        log = recorded(folder, ["batch", str(file)])
        one, other, found = in_turn(
            lambda: net(folder, [*PROGRAM, "batch", str(file)], [*PROGRAM, "batch", str(nothing)]),
            lambda: net(folder, bare(folder, log), bare(folder, emptied(log))),
            11,
        )
        yield (
            f"{LINES:,} `book` lines through `batch`, {LINES / one * 1000:,.0f} a second",
            f"the same statements, bare sqlite3, {LINES / other * 1000:,.0f} a second",
            1 / found,
            "at least 0.5",
        )
        ours, theirs, found = in_turn(lambda: exchange(folder, lines), lambda: exchange(folder, lines, log=log), 3)
        yield (
            f"one line in, one answer out, {ours:.2f} ms",
            f"the same statements, bare sqlite3 on a kept connection, {theirs:.2f} ms",
            found,
            "at most 4",
        )


def bare(folder: Path, log: Path, *more: str) -> list[str]:
    return [sys.executable, "-c", BARE, str(log), str(folder / "clinic.db"), *more]


def net(folder: Path, command: list[str], nothing: list[str]) -> float:
    """The CPU milliseconds of a command on a fresh clinic, without what it costs to do nothing."""
    with fresh(folder):
        spent = cpu(command)
    with fresh(folder):
        return spent - cpu(nothing)


def exchange(folder: Path, lines: list[str], *, log: Path | None = None) -> float:
    """The CPU milliseconds, both processes', of one line in and one answer out, without the start."""
    if log is not None:
        log = single(folder, lines)
    spent = []
    for count in (EXCHANGES, 0):
        with fresh(folder):
            command = bare(folder, log, "one by one") if log else [*PROGRAM, "batch", "-"]
            before = resource.getrusage(resource.RUSAGE_CHILDREN)
            process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
            assert process.stdin is not None
            assert process.stdout is not None
            for line in lines[:count]:
                process.stdin.write(f"{line}\n")
                process.stdin.flush()
                assert process.stdout.readline()
            process.communicate()
            after = resource.getrusage(resource.RUSAGE_CHILDREN)
            spent.append(after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime)
    return (spent[0] - spent[1]) / EXCHANGES * 1000


def single(folder: Path, lines: list[str]) -> Path:
    """The statements of lines that come one by one, each with a commit of its own."""
    log = folder / "single.pickle"
    if not log.exists():
        with fresh(folder):
            process = subprocess.Popen(
                [sys.executable, "-c", RECORDER, str(log), "batch", "-"],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                text=True,
            )
            assert process.stdin is not None
            assert process.stdout is not None
            for line in lines[:EXCHANGES]:
                process.stdin.write(f"{line}\n")
                process.stdin.flush()
                process.stdout.readline()
            process.communicate()
    return log


UPSERT = """
import csv, sqlite3, sys, uuid
with open(sys.argv[2], newline="") as file:
    rows = list(csv.reader(file))[1:]
connection = sqlite3.connect(sys.argv[1], isolation_level=None)
connection.execute("PRAGMA foreign_keys=ON")
connection.execute("PRAGMA synchronous=FULL")
ids = dict(connection.execute("SELECT code, id FROM doctors"))
connection.execute("BEGIN IMMEDIATE")
connection.executemany(
    "INSERT INTO doctor_daily_availabilities VALUES (?, ?, ?, ?, ?, ?, 'x', '2026-11-23 09:00:00.000000', NULL, NULL)"
    " ON CONFLICT (doctor_id, date) DO UPDATE SET present = excluded.present, capacity = excluded.capacity,"
    " note = excluded.note",
    [
        (uuid.uuid4().hex, ids[code], date, present == "yes", int(capacity), note or None)
        for code, date, present, capacity, note in rows
    ],
)
connection.execute("COMMIT")
"""


def imports() -> Iterator[tuple[str, str, float, str]]:
    """A file of doctors' days against a bare upsert of the same rows, and the second run against the first."""
    from datetime import date, timedelta

    first = date.today() + timedelta(days=1)  # noqa: DTZ011 - any day to come will do
    with clinic(*doctors(100)) as folder:
        file = folder / "days.csv"
        file.write_text(
            "doctor,date,present,capacity,note\n"
            + "".join(
                f"D{n % 100},{first + timedelta(days=n // 100)},{'yes' if n % 7 else 'no'},{n % 12 + 1},\n"
                for n in range(ROWS)
            )
        )
        command = [*PROGRAM, "doctor", "avail", "import", str(file), "-o", "json"]
        firsts, seconds, others, peaks = [], [], [], []
        for _ in range(3):
            with fresh(folder):
                firsts.append(cpu(command))
                seconds.append(cpu(command))
                peaks.append(resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss / 1024)
            with fresh(folder):
                others.append(cpu([sys.executable, "-c", UPSERT, str(folder / "clinic.db"), str(file)]))
        one, again, other = (statistics.median(each) for each in (firsts, seconds, others))
        what = f"{ROWS:,} availability rows, {one / 1000:.2f} s, at most {max(peaks):.0f} MB"
        yield what, f"bare `executemany` upsert, {other / 1000:.2f} s", one / other, "at most 4"
        yield f"the second run of the file, {again / 1000:.2f} s", "the first", again / one, "at most 1"


def crowd() -> Iterator[tuple[str, str, float, str]]:
    """A hundred whole processes at once against as many times one."""
    with clinic("doctor add MEHTA 'Dr. Mehta' --capacity 500", "patient add 'Anita Sharma' --phone none"):
        command = [*PROGRAM, "book", "P1", "MEHTA", "--again", "-q"]

        def wall(many: int) -> float:
            began = time.monotonic()
            started = [subprocess.Popen(command) for _ in range(many)]
            assert not any(each.wait() for each in started)
            return time.monotonic() - began

        alone = statistics.median(wall(1) for _ in range(ROUNDS)) * PROCESSES
        before = resource.getrusage(resource.RUSAGE_CHILDREN)
        found = wall(PROCESSES)
        after = resource.getrusage(resource.RUSAGE_CHILDREN)
        spent = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
        what = f"{PROCESSES} whole `book` processes at once, {found:.1f} s ({spent:.1f} s CPU)"
        yield what, f"{PROCESSES} times one, one after another, {alone:.1f} s", found / alone, "at most 1.4"


GROW = """
import itertools, sqlite3, sys, types, uuid
from clinicctl.rules import keys
from datetime import date, timedelta
path, appointments, patients = sys.argv[1], int(sys.argv[2]), int(sys.argv[3])
connection = sqlite3.connect(path, isolation_level=None)
connection.execute("PRAGMA synchronous=OFF")
doctors = [id for (id,) in connection.execute("SELECT id FROM doctors ORDER BY code")]
at, zeros = "2020-01-01 09:00:00.000000", "0" * 64
def insert(table, rows):
    rows = iter(rows)
    while part := list(itertools.islice(rows, 50_000)):
        connection.execute("BEGIN")
        connection.executemany(f"INSERT INTO {table} VALUES ({','.join('?' * len(part[0]))})", part)
        connection.execute("COMMIT")
def name(n):
    return "giv" + "".join(chr(97 + int(each)) for each in f"{n:06}")
people = [uuid.uuid4().hex for _ in range(patients)]
columns = [each for _, each, *_ in connection.execute("PRAGMA table_info(patients)")]
def person(n, id):
    known = dict(
        id=id, number=n + 1, name=f"Fam{n % 997} {name(n)}", name_key=f"fam{n % 997} {name(n)}",
        phone=f"+9198{n:08}", sex="unknown", created_at=at, updated_at=at,
    )
    return [known.get(each) for each in columns]
insert("patients", (person(n, id) for n, id in enumerate(people)))
insert("patient_words", ((word, id) for n, id in enumerate(people) for word in (f"fam{n % 997}", name(n))))
insert("patient_phones", ((f"9198{n:08}"[::-1], id, 1) for n, id in enumerate(people)))
insert("patient_keys", (
    (key, n + 1) for n in range(patients)
    for key in keys.keys(
        types.SimpleNamespace(name=f"Fam{n % 997} {name(n)}", born=None, born_year=None), [f"+9198{n:08}"]
    )
))
today = date.today()
placed = [
    (uuid.uuid4().hex, n, people[n % patients], doctors[n // 10 % len(doctors)],
     str(today - timedelta(days=1 + n // 10 // len(doctors))), n % 10 + 1)
    for n in range(appointments)
]
insert("appointments", (
    (id, n + 1, who, whom, on, slot, 1, None, "completed", None, 0, None, None, None, None, None, at, at, None)
    + (1, None, 0, None, None)
    for id, n, who, whom, on, slot in placed
))
insert("held_slots", ((whom, on, slot, n + 1) for id, n, who, whom, on, slot in placed))
insert("doctor_daily_capacities", (
    (uuid.uuid4().hex, whom, on, 10, 10, 0, 10, 0) for id, n, who, whom, on, slot in placed if slot == 10
))
first = connection.execute("SELECT max(number) + 1 FROM journal").fetchone()[0]
insert("journal", (
    (first + n, at, "asha", "book", f"auto-{id}", None, zeros, zeros, "{}", zeros, zeros) for id, n, *_ in placed
))
insert("journal_steps", (
    (first + n, 1, id, None, "booked", None, None, slot, None, "{}") for id, n, who, whom, on, slot in placed
))
connection.execute("UPDATE counters SET value = ? WHERE name = 'patients'", (patients,))
connection.execute("UPDATE counters SET value = ? WHERE name = 'appointments'", (appointments,))
connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
"""

BOOKED = 6_000
"""Appointments of today, for those who check in."""
SIZES = ((1_000_000, 100_000), (10_000, 1_000))
ACTS = {
    "book": "book P{n} D{d} +{days}d",
    "checkin": "checkin A{booked}",
    "find by words": "patient find giv{letters}",
    "find by phone": "patient find +9198{n:08}",
    "day": "day",
    "list": "appointment list --patient P{n} --day today..+1w",
}

LINES_OF = {"day": 10, "find by words": 1_000, "find by phone": 1_000, "list": 1_000}
"""Lines of a batch, so many that what a process costs that has nothing to do can be taken off."""


def growth() -> Iterator[tuple[str, str, float, str]]:
    """The daily commands on a large clinic against the same on a small one."""
    with clinic(*doctors(100, capacity=100)) as large, TemporaryDirectory() as other:
        small = Path(other)
        shutil.copy(large / "clinic.db", small / "clinic.db")
        for folder, (appointments, people) in zip((large, small), SIZES, strict=True):
            cpu([sys.executable, "-c", GROW, str(folder / "clinic.db"), str(appointments), str(people)])
            os.environ["CLINICCTL_DB"] = str(folder / "clinic.db")
            batch([f"book P{n % 1_000 + 1} D{(n + n // 1_000) % 100} today" for n in range(BOOKED)])
        for act, form in ACTS.items():
            for many, most in ((1, 1.2), (LINES_OF.get(act, 100), 2.0)):
                lines = {folder: _acts(form, many, size) for folder, size in zip((large, small), SIZES, strict=True)}
                one, other_, found = in_turn(
                    lambda lines=lines, many=many: _spent(large, lines[large], many),
                    lambda lines=lines, many=many: _spent(small, lines[small], many),
                    9 if many == 1 else 5,
                )
                what = "a process" if many == 1 else "an operation in `batch`"
                yield (
                    f"{act}, {what}, 1,000,000 appointments, {one:.2f} ms",
                    f"10,000, {other_:.2f} ms",
                    found,
                    (f"at most {most}"),
                )


_SAID = {"next": 0}


def _acts(form: str, many: int, size: tuple[int, int]) -> Callable[[], list[str]]:
    """Return what makes the next lines of an act, never the same ones."""
    before = size[0]

    def lines() -> list[str]:
        found = []
        for _ in range(many):
            n = _SAID["next"] = _SAID["next"] + 1
            found.append(
                form.format(
                    n=n % 900 + 1,
                    d=n % 100,
                    days=n // 900 + 2,
                    booked=before + n % BOOKED + 1,
                    letters=letters(n % 900),
                )
            )
        return found

    return lines


def _spent(folder: Path, lines: Callable[[], list[str]], many: int) -> float:
    """The CPU milliseconds of an act: of a whole process, or of one line of a batch."""
    os.environ["CLINICCTL_DB"] = str(folder / "clinic.db")
    said = lines()
    if many == 1:
        return cpu([*PROGRAM, *said[0].split()])
    return (cpu([*PROGRAM, "batch", "-"], stdin="\n".join(said)) - cpu([*PROGRAM, "batch", "-"])) / many


MANY, FEW = 67_000, 1_000
"""The patients of a large and of a small clinic at which registrations are measured."""
REGISTERED = 500


def identity() -> Iterator[tuple[str, str, float, str]]:
    """Registrations on a large clinic against a small one, and the search for duplicates against a list of patients."""
    maker = people.Maker(1, people.REPORT)
    humans = [maker.human(maker.parts(script=maker.random.random() < 0.1)) for _ in range(ROWS + REGISTERED)]
    with clinic() as large, TemporaryDirectory() as other, TemporaryDirectory() as every:
        folders = {MANY: large, FEW: Path(other), ROWS: Path(every)}
        for folder in folders.values():
            if folder is not large:
                shutil.copy(large / "clinic.db", folder / "clinic.db")
        for count, folder in folders.items():
            written = skewed.Clinic(str(folder / "clinic.db"))
            written.patients(
                count,
                name=lambda nth: humans[nth].name,
                phone=lambda nth: f"+9198{nth // 2 * 7919 % 10**8:08}",
                born=lambda nth: born.isoformat() if (born := humans[nth].born) else None,
            )
            written.close()
        lines = [
            json.dumps(["patient", "add", human.name, "--phone", f"+9197{nth:08}", "--born", str(human.born), "--new"])
            for nth, human in enumerate(humans[-REGISTERED:])
        ]
        one, other_, found = in_turn(lambda: _registered(large, lines), lambda: _registered(Path(other), lines), 5)
        yield (
            f"a registration in `batch` among {MANY:,} patients, {one:.2f} ms",
            f"among {FEW:,}, {other_:.2f} ms",
            found,
            "at most 4",
        )
        os.environ["CLINICCTL_DB"] = str(Path(every) / "clinic.db")
        one, other_, found = ratio([*PROGRAM, "patient", "duplicates"], [*PROGRAM, "patient", "list"], rounds=3)
        yield (
            f"`patient duplicates` of {ROWS:,} patients, {one / 1000:.1f} s",
            f"`patient list` of them, {other_ / 1000:.1f} s",
            found,
            "at most 4",
        )


def _registered(folder: Path, lines: Sequence[str]) -> float:
    """Return the CPU milliseconds of a registration."""
    with TemporaryDirectory() as copy:
        shutil.copy(folder / "clinic.db", copy)
        os.environ["CLINICCTL_DB"] = f"{copy}/clinic.db"
        spent = cpu([*PROGRAM, "batch", "-"], stdin="\n".join(lines))
        return (spent - cpu([*PROGRAM, "batch", "-"], stdin=lines[0])) / (len(lines) - 1)


HOURS = "--session 09:00-13:00 --session 17:00-20:00 --every 10m"
"""Hours with 42 slots a day."""


def hours() -> Iterator[tuple[str, str, float, str]]:
    """Bookings with hours against bookings without, and a month of free days of fifty doctors, with and without."""
    many = 50
    weekly = [f"doctor avail weekly D{n} mon-sun {HOURS}" for n in range(many)]
    with clinic(*doctors(2 * many, capacity=42), *weekly, *patients(800)) as folder:

        def book(first: int, *more: str) -> list[str]:
            return [
                f"book P{(n - first) * 40 + slot + 1} D{n} +{day}d{each}"
                for day in (1, 2)
                for n in range(first, first + 20)
                for slot in range(40)
                for each in more
            ]

        times = [f"{at // 60:02}:{at % 60:02}" for at in (*range(540, 780, 10), *range(1020, 1180, 10))]
        at_times = [f"{line} --time {times[nth % 40]}" for nth, line in enumerate(book(0, ""))]
        plain = book(many, "")
        for what, lines in (("", book(0, "")), (" at a time", at_times)):
            one, other, found = in_turn(lambda lines=lines: _each(folder, lines), lambda: _each(folder, plain), 9)
            against = f"on days without hours, {other:.2f} ms"
            yield f"a booking{what} on days with hours in `batch`, {one:.2f} ms", against, found, "at most 1.2"
        batch([line for line in book(0, "") if "+1d" in line])
        free = [*PROGRAM, "free", "--days", "30", "--json"]
        one, other, found = ratio(free, [*PROGRAM, "free", "--days", "30", "--specialty", "none", "--json"], rounds=5)
        yield f"`free --days 30` of 100 doctors, {one:.0f} ms", f"of none, {other:.0f} ms", found, "at most 2.5"


def messages() -> Iterator[tuple[str, str, float, str]]:
    """Bookings that make the news and two reminders, against bookings that make no message."""
    lines = [f"book P{n % 400 + 1} D{n % 20} +{n // 400 + 3}d" for n in range(2_000)]
    with clinic(*doctors(20, capacity=42), *patients(400)) as folder:
        one, other, found = in_turn(
            lambda: _each(folder, ["config notify on", *lines]), lambda: _each(folder, ["config notify off", *lines]), 9
        )
        against = f"without messages, {other:.2f} ms"
        yield f"a booking in `batch` with messages, {one:.2f} ms", against, found, "at most 1.4"


def _each(folder: Path, lines: Sequence[str]) -> float:
    """Return the CPU milliseconds of a line of a batch on a clinic as it was."""
    with fresh(folder):
        nothing = cpu([*PROGRAM, "batch", "-"], stdin="version")
        return (cpu([*PROGRAM, "batch", "-"], stdin="\n".join(lines)) - nothing) / len(lines)


BARS: dict[str, Callable[[], Iterator[tuple[str, str, float, str]]]] = {
    "startup": startup,
    "batches": batches,
    "imports": imports,
    "crowd": crowd,
    "growth": growth,
    "identity": identity,
    "hours": hours,
    "messages": messages,
    "exports": bench_exports.exports,
    "reports": bench_reports.reports,
    "throughput": bench_server.throughput,
    "chain": bench_server.chain,
    "desks": bench_server.desks,
}


def main(names: Sequence[str]) -> None:
    """Print the bars as a table."""
    # A checkout without bytecode would compile the program at each command.
    os.environ.pop("PYTHONDONTWRITEBYTECODE", None)
    compileall.compile_dir(Path(clinicctl.__file__).parent, quiet=1)
    print("| what | against | ratio | bar |\n|---|---|---|---|", flush=True)
    for name in names or BARS:
        for what, against, found, bar in BARS[name]():
            print(f"| {what} | {against} | {found:.2f} | {bar} |", flush=True)


if __name__ == "__main__":
    main(sys.argv[1:])

"""How the cost of a command grows: each row runs it as a whole process on a skewed clinic, at n and at 4 n.

For each row it prints the CPU seconds at both sizes, their ratio, the peak memory at 4 n, and the longest time for
which another desk could not have had the writer's lock meanwhile. What the same command costs at n = 1 is taken off
before the ratio is taken, and less than 50 ms counts as 50 ms. A ratio above 6 is a failure: the cost of a linear
command grows to 4 times, of a quadratic one to 16 times. `--n` sets another n, and names choose rows.

A row is a declaration in `ROWS`: its name, what n counts, the largest size 4 n, what writes the clinic, and the
command, or the lines of a batch.
"""

import argparse
import compileall
import fcntl
import itertools
import multiprocessing
import os
import shutil
import subprocess
import sys
import sysconfig
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from random import Random
from string import ascii_lowercase
from tempfile import TemporaryDirectory, TemporaryFile
from typing import Any, NamedTuple

import clinicctl
from clinicctl.settings import CLOCK_SHIFT
from tests.skewed import ACTOR, NOON, TODAY, Clinic, Patient, Visit, ahead, past, word

PROGRAM = str(Path(sysconfig.get_path("scripts")) / "clinicctl")
TIMES = 4
MOST = 6.0
LEAST = 0.05
"""Seconds of work that count at least, so that a ratio of two short times is not one of their noise."""
LOOK = 0.001
"""Seconds between two looks at the lock."""

Prepare = Callable[[Clinic, int], Any]
_FORK = multiprocessing.get_context("fork")


@dataclass(frozen=True)
class Row:
    """A command whose cost is measured.

    `most` is the size at 4 n. `command` has the words of a command. `lines` are its standard input: those of a batch
    or of a file. Each of `exits` is an expected exit status.
    """

    name: str
    what: str
    most: int
    prepare: Prepare
    command: str = "batch -"
    lines: Callable[[int], Iterable[str]] | None = None
    exits: tuple[int, ...] = (0,)


class Cost(NamedTuple):
    """What one process cost: CPU seconds, the peak of its memory in MB, and seconds for which the lock was not free."""

    cpu: float
    memory: float
    lock: float


class Growth(NamedTuple):
    """The costs of a row at n and at 4 n, and the ratio of the work in them."""

    n: int
    small: Cost
    large: Cost
    ratio: float


# The clinics


def queues(clinic: Clinic, n: int, *, waiting: int = 5) -> None:
    """Doctors with a patient in consultation, and some waiting."""
    each_has = waiting + 1
    people = clinic.patients(n * each_has)
    listed = clinic.doctors(n)
    clinic.visit(
        Visit(each, listed[nth // each_has], TODAY, "checked_in" if nth % each_has else "in_consultation")
        for nth, each in enumerate(people)
    )


def one_queue(clinic: Clinic, n: int) -> None:
    """One doctor with a long queue."""
    (doctor,) = clinic.doctors(1)
    clinic.visit(Visit(each, doctor, TODAY, "checked_in") for each in clinic.patients(n))


def waitlist(clinic: Clinic, n: int) -> None:
    """Patients who wait for any day of a year, with a doctor who is there on the last one only."""
    (doctor,) = clinic.doctors(1)
    year = ahead(366)
    clinic.wait(clinic.patients(n), doctor, year)
    clinic.absent(doctor, year[:-1])


def waitlist_without_a_day(clinic: Clinic, n: int) -> None:
    """As `waitlist`, with the doctor absent on every day."""
    (doctor,) = clinic.doctors(1)
    year = ahead(366)
    clinic.wait(clinic.patients(n), doctor, year)
    clinic.absent(doctor, year)


def waitlist_and_one(clinic: Clinic, n: int) -> None:
    """As `waitlist`, and a patient who waits for nothing yet."""
    waitlist(clinic, n)
    clinic.patients(1)


def waitlists(clinic: Clinic, n: int) -> None:
    """Doctors with one waiting each, each for another day."""
    for patient, doctor, on in zip(clinic.patients(n), clinic.doctors(n), ahead(n), strict=True):
        clinic.wait([patient], doctor, [on])


def busy_year(clinic: Clinic, n: int) -> None:
    """One doctor with ten booked appointments on each of many days ahead."""
    (doctor,) = clinic.doctors(1)
    people = clinic.patients(10)
    clinic.visit(Visit(each, doctor, on) for on in ahead(n) for each in people)


def one_patient(clinic: Clinic, n: int) -> None:
    """A patient with many completed visits."""
    doctors = clinic.doctors(1)
    (patient,) = clinic.patients(1)
    clinic.visit(Visit(patient, doctors[0], on, "completed") for on in past(n))


def bookings(clinic: Clinic, n: int) -> None:
    """Bookings, each a write of its own."""
    doctors = clinic.doctors(10)
    people = clinic.patients(100)
    dates = ahead(n // 100 + 1)
    visits = (Visit(people[nth % 100], doctors[nth % 10], dates[nth // 100]) for nth in range(n))
    clinic.visit(visits, at_once=1)


def two_records(clinic: Clinic, n: int) -> None:
    """Two records of one person, with active appointments that do not conflict."""
    one, other = clinic.patients(2)
    doctors = clinic.doctors(10)
    dates = ahead(n // 10 + 1)
    for nth, each in enumerate((one, other)):
        own = doctors[nth::2]
        clinic.visit(Visit(each, own[at % 5], dates[at // 5], time=_time(2 * (at % 5) + nth)) for at in range(n // 2))


def two_records_in_conflict(clinic: Clinic, n: int) -> None:
    """As `two_records`, with a conflict at the last of them."""
    one, other = clinic.patients(2)
    doctors = clinic.doctors(11)
    dates = ahead(n // 10 + 2)
    for nth, each in enumerate((one, other)):
        own = doctors[nth:10:2]
        clinic.visit(Visit(each, own[at % 5], dates[at // 5], time=_time(2 * (at % 5) + nth)) for at in range(n // 2))
        clinic.visit([Visit(each, doctors[10], dates[-1])])


def merged_into_one(clinic: Clinic, n: int) -> list[Patient]:
    """Records that were merged into one, each by a write."""
    *gone, survivor = clinic.patients(n + 1)
    for each in gone:
        clinic.merge(each, survivor)
    return [*gone, survivor]


def merged_in_a_chain(clinic: Clinic, n: int) -> list[Patient]:
    """Records that were merged into the next one in turn."""
    people = clinic.patients(n + 1)
    for each, following in itertools.pairwise(people):
        clinic.merge(each, following, survivor=people[-1])
    return people


def chain(clinic: Clinic, n: int) -> list[Patient]:
    """As `merged_in_a_chain`, in a database of an older version: each record points to the next one."""
    people = clinic.patients(n + 1)
    for each, following in itertools.pairwise(people):
        clinic.merge(each, following)
    return people


def open_days(clinic: Clinic, n: int) -> None:
    """Days that nobody has closed, up to yesterday, with five appointments each."""
    doctors = clinic.doctors(1)
    people = clinic.patients(5)
    clinic.visit(Visit(each, doctors[0], on) for on in past(n) for each in people)


def one_open_day(clinic: Clinic, n: int) -> None:
    """One past day with many open appointments, half of them in queues."""
    doctors = clinic.doctors(max(1, n // 50), capacity=50)
    (yesterday,) = past(1)
    clinic.visit(
        Visit(each, doctors[nth % len(doctors)], yesterday, ("booked", "checked_in")[nth % 2])
        for nth, each in enumerate(clinic.patients(n))
    )


def full_days(clinic: Clinic, n: int) -> None:
    """Five doctors with ten appointments on each of many days ahead."""
    doctors = clinic.doctors(5)
    people = clinic.patients(10)
    clinic.visit(Visit(each, doctor, on) for on in ahead(n) for doctor in doctors for each in people)


def full_doctors(clinic: Clinic, n: int) -> None:
    """Doctors with a full day today."""
    people = clinic.patients(10)
    clinic.visit(Visit(each, doctor, TODAY) for doctor in clinic.doctors(n) for each in people)


IMPORT = "patient import - --unverified-phone"


def nobody(clinic: Clinic, n: int) -> None:
    """Add nobody."""


def on_one_phone(clinic: Clinic, n: int) -> None:
    """Add patients with different names on one phone."""
    clinic.patients(n, phone=lambda _: "+919999999999")


def of_one_name(clinic: Clinic, n: int) -> None:
    """Add patients with one name on different phones."""
    clinic.patients(n, name=lambda _: "Mohammed Khan", phone=lambda nth: f"+9198{nth:08}")


def of_one_birth(clinic: Clinic, n: int) -> None:
    """Add patients with one name and birth date on different phones."""
    clinic.patients(n, name=lambda _: "Mohammed Khan", phone=lambda nth: f"+9198{nth:08}", born=lambda _: "1980-01-01")


def doctors_for_days(clinic: Clinic, n: int) -> None:
    """Add a doctor for each year of days."""
    clinic.doctors(n // 365 + 1)


def fifty_on_a_phone(clinic: Clinic, n: int) -> None:
    """Add patients with unlike names, of whom fifty share a phone, born on a few days."""
    clinic.patients(
        n,
        name=lambda nth: f"{_unlike(nth)} {_unlike(-nth)}",
        phone=lambda nth: f"+9198{nth // 50:08}",
        born=lambda nth: f"19{nth % 90 + 10}-01-01",
    )


def _unlike(seed: int) -> str:
    return "".join(Random(seed).choices(ascii_lowercase, k=8))


def people(n: int, **columns: Callable[[int], str]) -> list[str]:
    """Return the lines of a file of patients. A column that is not given is made up."""
    given = {"name": lambda nth: f"{word(nth)} {word(nth // 7)}", "phone": lambda nth: f"+9197{nth:08}"} | columns
    return [",".join(given), *(",".join(each(nth) for each in given.values()) for nth in range(n))]


def _time(nth: int) -> str:
    return f"{8 + nth:02}:00:00.000000"


def _last_day(n: int) -> str:
    return ahead(n)[-1].isoformat()


ROWS = (
    Row(
        "import-one-phone",
        "rows on one phone",
        4_000,
        nobody,
        IMPORT,
        lines=lambda n: people(n, phone=lambda _: "+919999999999"),
    ),
    Row(
        "import-one-phone-again",
        "rows on one phone, who are on file",
        4_000,
        on_one_phone,
        IMPORT,
        lines=lambda n: people(n, phone=lambda _: "+919999999999"),
        exits=(0, 6),
    ),
    Row(
        "import-one-name",
        "rows of one name, who have other phones on file",
        20_000,
        of_one_name,
        IMPORT,
        lines=lambda n: people(n, name=lambda _: "Mohammed Khan"),
    ),
    Row(
        "import-one-birth",
        "rows of one name and birth date, who have other phones on file",
        4_000,
        of_one_birth,
        IMPORT,
        lines=lambda n: people(n, name=lambda _: "Mohammed Khan", born=lambda _: "1980-01-01"),
        exits=(0, 6),
    ),
    Row("import-plain", "rows", 20_000, nobody, IMPORT, lines=people),
    Row(
        "import-days",
        "rows, a year for each doctor",
        40_000,
        doctors_for_days,
        "doctor avail import -",
        lines=lambda n: ["doctor,date,capacity", *(f"D{nth // 365},+{nth % 365 + 1}d,12" for nth in range(n))],
    ),
    Row(
        "batch-verify",
        "bookings, verified in a batch after a write",
        20_000,
        bookings,
        lines=lambda _: ["patient add Zoe --phone none", "audit verify"],
    ),
    Row("duplicates", "patients, fifty on a phone", 20_000, fifty_on_a_phone, "patient duplicates"),
    Row("duplicates-one-name", "patients of one name", 20_000, of_one_name, "patient duplicates"),
    Row(
        "add-one-name",
        "patients of one name",
        20_000,
        of_one_name,
        "patient add Mohammed-Khan --phone +919700000001 --new",
    ),
    Row(
        "add-one-phone",
        "patients on one phone",
        20_000,
        on_one_phone,
        "patient add Zoe --phone +919999999999",
    ),
    Row("find-one-name", "patients of one name", 20_000, of_one_name, "patient find mohammed"),
    Row("find-similar", "patients of one name", 20_000, of_one_name, "patient find mohamad"),
    Row("metrics", "doctors with 5 waiting each", 2_000, queues, "metrics"),
    Row("queue-board", "doctors with 5 waiting each", 2_000, queues, "queue board --once"),
    Row("queue-show", "doctors with 5 waiting each", 2_000, queues, "queue show"),
    Row("status", "doctors with 5 waiting each", 2_000, queues, "status"),
    Row("long-queue", "patients in one queue", 2_000, one_queue, "queue show D0"),
    Row("long-queue-board", "patients in one queue", 2_000, one_queue, "queue board --once"),
    Row(
        "queue-steps",
        "patients in one queue, 40 steps at its end",
        2_000,
        one_queue,
        lines=lambda n: [
            f"queue {step} D0{f' {n - nth}' if step == 'call' else ''}"
            for nth in range(min(n, 10))
            for step in ("call", "skip" if nth else "start", *(("done",) if not nth else ()))
        ],
    ),
    Row(
        "queue-next",
        "patients in one queue, 20 of them called in turn",
        2_000,
        one_queue,
        lines=lambda n: ["next D0 --start"] * min(n, 20),
    ),
    Row("waitlist-promote", "waiting for any day of a year", 2_000, waitlist, "waitlist promote D0"),
    Row(
        "waitlist-full",
        "waiting for any day of a year, none of them free",
        2_000,
        waitlist_without_a_day,
        "waitlist promote D0",
        exits=(4, 6, 7),
    ),
    Row(
        "waitlist-add",
        "waiting for any day of a year",
        2_000,
        waitlist_and_one,
        "waitlist add P{next} D0 today..{year}",
    ),
    Row("waitlist-list", "waiting for any day of a year", 500, waitlist, "waitlist list"),
    Row("undo", "bookings, each undone", 4_000, bookings, lines=lambda n: ["undo --yes"] * n),
    Row("merge", "active appointments of the two", 4_000, two_records, "patient merge P1 --into P2 --yes"),
    Row(
        "merge-conflict",
        "active appointments of the two, one in conflict",
        4_000,
        two_records_in_conflict,
        "patient merge P1 --into P2 --yes",
        exits=(6,),
    ),
    Row("erase-merged", "records merged into one", 2_000, merged_into_one, "patient erase P1 --yes"),
    Row("erase-chain", "records merged in a chain", 2_000, chain, "patient erase P1 --yes"),
    Row("audit-merged", "records merged into one", 2_000, merged_into_one, "audit log --patient P1"),
    Row("audit-chain", "records merged in a chain", 2_000, merged_in_a_chain, "audit log --patient P1"),
    Row("show-chain", "records merged in a chain", 2_000, chain, "patient show P1"),
    Row(
        "close-days",
        "open past days, all closed",
        2_000,
        open_days,
        lines=lambda n: [f"close {on} --yes" for on in past(n)],
    ),
    Row("status-open-days", "open past days", 2_000, open_days, "status"),
    Row("close-one-day", "open appointments of one day", 2_000, one_open_day, "close yesterday --yes"),
    Row("status-waitlist", "doctors with one waiting each", 2_000, waitlists, "status"),
    Row("free", "doctors with a full day", 2_000, full_doctors, "free --days 7"),
    Row("week", "doctors with a full day", 2_000, full_doctors, "day --week"),
    Row("archive-doctor", "patients in one queue", 2_000, one_queue, "doctor archive D0", exits=(6,)),
    Row(
        "absent",
        "days of ten bookings each, all cancelled",
        360,
        busy_year,
        "doctor avail set D0 today..{last} --absent --on-conflict cancel --yes",
    ),
    Row("visits", "visits of one patient", 4_000, one_patient, "appointment list --patient P1"),
    Row("show-visits", "visits of one patient", 4_000, one_patient, "patient show P1"),
    Row("audit-log", "bookings", 20_000, bookings, "audit log"),
    Row("audit-verify", "bookings", 20_000, bookings, "audit verify"),
    Row("status-full", "doctors with a full day", 2_000, full_doctors, "status"),
    Row(
        "checkin",
        "doctors with a full day, 20 check-ins by a plain number",
        2_000,
        full_doctors,
        lines=lambda n: [f"checkin {nth}" for nth in range(11, 31) if nth <= n * 10],
    ),
    Row("day", "doctors with a full day", 2_000, full_doctors, "day"),
    Row("day-span", "full days of 5 doctors", 360, full_days, "day today..{last}"),
    Row("appointment-list", "full days of 5 doctors", 360, full_days, "appointment list --day today..{last}"),
    Row("avail-show", "full days of 5 doctors", 360, full_days, "doctor avail show D0 today..{last}"),
)


# The measurement


def grown(row: Row, n: int, *, rounds: int) -> Growth:
    """Measure a row at n and at 4 n."""
    least, small, large = (measured(row, size, rounds=rounds) for size in (1, n, n * TIMES))
    return Growth(n, small, large, ratio_of(least.cpu, small.cpu, large.cpu))


def ratio_of(least: float, small: float, large: float) -> float:
    """Return the ratio of the work at 4 n to that at n, without what a command costs at n = 1."""
    return max(large - least, LEAST) / max(small - least, LEAST)


def measured(row: Row, n: int, *, rounds: int) -> Cost:
    """Return the cost of a row at a size: the least CPU, and the most memory and lock, of some rounds."""
    with TemporaryDirectory() as folder:
        made = f"{folder}/made.db"
        prepared(row, n, made)
        costs = []
        for nth in range(rounds):
            path = f"{folder}/{nth}/clinic.db"
            os.mkdir(os.path.dirname(path))
            shutil.copy(made, path)
            costs.append(spent(row, n, path))
    return Cost(min(each.cpu for each in costs), max(each.memory for each in costs), max(each.lock for each in costs))


def prepared(row: Row, n: int, path: str) -> None:
    """Write the clinic of a row, in a process of its own: a child begins with the memory of its parent as its peak."""
    environment = {**os.environ, "CLINICCTL_DB": path, "XDG_CONFIG_HOME": os.path.dirname(path)}
    init = [PROGRAM, "init", "--region", "IN", "--timezone", "UTC", "--quiet"]
    subprocess.run(init, env=environment, check=True, stdout=subprocess.DEVNULL)
    writer = _FORK.Process(target=_write, args=(row.prepare, n, path))
    writer.start()
    writer.join()
    if writer.exitcode:
        raise SystemExit(f"{row.name}: the clinic for n = {n} could not be written")


def _write(prepare: Prepare, n: int, path: str) -> None:
    clinic = Clinic(path)
    prepare(clinic, n)
    clinic.close()


def spent(row: Row, n: int, path: str) -> Cost:
    """Run the command of a row on a database, beside a process that looks at the lock."""
    environment = {
        **os.environ,
        "CLINICCTL_DB": path,
        "CLINICCTL_ACTOR": ACTOR,
        "XDG_CONFIG_HOME": os.path.dirname(path),
        # The clock of the command stands on the day of the clinics, also after midnight.
        "PYTEST_CURRENT_TEST": row.name,
        CLOCK_SHIFT: str((NOON - datetime.now(UTC)).total_seconds()),
    }
    words = row.command.format(next=n + 1, last=_last_day(n), year=_last_day(366)).split()
    with TemporaryFile() as lines, TemporaryFile() as errors, watched(path) as longest:
        if row.lines is not None:
            lines.write("\n".join(row.lines(n)).encode())
            lines.seek(0)
        process = subprocess.Popen(
            [PROGRAM, *words], stdin=lines, stdout=subprocess.DEVNULL, stderr=errors, env=environment
        )
        _, status, used = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
        if process.returncode not in row.exits:
            errors.seek(0)
            said = errors.read().decode()[-500:]
            raise SystemExit(f"{row.name}, n = {n}: exit {process.returncode}\n{said}")
    memory = used.ru_maxrss / (1_000_000 if sys.platform == "darwin" else 1_000)
    return Cost(used.ru_utime + used.ru_stime, memory, longest())


@contextmanager
def watched(path: str) -> Iterator[Callable[[], float]]:
    """Look at the writer's lock meanwhile; hand out the longest time for which it could not be had.

    Every write takes this lock before it begins, so that nobody waits for the database itself.
    """
    ours, theirs = _FORK.Pipe()
    watcher = _FORK.Process(target=_watch, args=(f"{path}.lock", theirs), daemon=True)
    watcher.start()
    ours.recv()
    found = [0.0]
    try:
        yield lambda: found[0]
    finally:
        ours.send(None)
        found[0] = ours.recv()
        watcher.join()


def _watch(lock: str, told: Any) -> None:
    descriptor = os.open(lock, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    longest, since = 0.0, None
    told.send(None)
    while not told.poll():
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            fcntl.flock(descriptor, fcntl.LOCK_UN)
            since = None
        except BlockingIOError:
            since = since or time.perf_counter()
            longest = max(longest, time.perf_counter() - since)
        time.sleep(LOOK)
    told.send(longest)


def main(args: Sequence[str]) -> int:
    """Print the table. Return 1 if a ratio is above the bar."""
    parser = argparse.ArgumentParser(
        prog="python -m tests.growth", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("names", nargs="*", metavar="ROW", help="rows to run; default: all")
    parser.add_argument("--n", type=int, help="the smaller size; default: a quarter of the largest of each row")
    parser.add_argument("--rounds", type=int, default=3, help="runs of each size; the quickest counts (default: 3)")
    parser.add_argument("--list", action="store_true", help="list the rows, and measure nothing")
    given = parser.parse_args(args)
    known = {each.name: each for each in ROWS}
    if unknown := [each for each in given.names if each not in known]:
        parser.error(f"unknown rows: {', '.join(unknown)}; --list shows the rows")
    chosen = [known[each] for each in given.names] or list(ROWS)
    if given.list:
        for row in chosen:
            print(f"{row.name}: {row.command if row.lines is None else 'a batch'}; n {row.what}, up to {row.most}")
        return 0
    # A checkout without bytecode would compile the program at each command.
    os.environ.pop("PYTHONDONTWRITEBYTECODE", None)
    compileall.compile_dir(Path(clinicctl.__file__).parent, quiet=1)
    print("| row | n | s at n | s at 4 n | ratio | MB at 4 n | s without the lock |", flush=True)
    print("|---|---|---|---|---|---|---|", flush=True)
    failed = False
    for row in chosen:
        found = grown(row, given.n or row.most // TIMES, rounds=given.rounds)
        failed = failed or found.ratio > MOST
        print(line(row, found), flush=True)
    return int(failed)


def line(row: Row, found: Growth) -> str:
    """Return the line of the table for a row."""
    ratio = f"{found.ratio:.1f}" if found.ratio <= MOST else f"**{found.ratio:.1f}**"
    return (
        f"| {row.name}: {row.what} | {found.n:,} | {found.small.cpu:.2f} | {found.large.cpu:.2f} | {ratio}"
        f" | {found.large.memory:.0f} | {found.large.lock:.2f} |"
    )


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))

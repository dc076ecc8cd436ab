"""The bars on a PostgreSQL server: throughput of one clinic and of many, and the cost beside a large clinic.

The bare side of a throughput sends the statements that the program has sent, with the same values in the same round
trips, by psycopg alone. Each bare client writes to tables of its own, but all lock the head of one clinic, as the
desks do.
"""

import math
import os
import shutil
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

from clinicctl.store.postgresql import copies
from clinicctl.store.postgresql.address import read as read_address
from clinicctl.store.postgresql.driver import connect, search_path
from clinicctl.store.postgresql.session import Session
from tests import postgres
from tests.proxy import Proxy

Row = tuple[str, str, float, str]

CLIENTS = (1, 8, 32)
BOOKINGS = 256
"""Bookings of all clients together."""
FIRST = "book P1 D0 +1d --dry-run\n"
"""The first line of a client, with which it loads what it needs and connects. It is not measured."""
ROUNDS = 3
LARGE = 1_000_000
CLINICS = 50
DELAY = 0.003
"""Seconds of a round trip on a slow line."""

RECORDER = """
import pickle, sys
from clinicctl.store.postgresql.exchange import Exchange
trips, run = [], Exchange.run

def recording(self, statements):
    # As texts without a type, as the program sends them.
    texts = [(sql, values and [each if each is None else str(each) for each in values]) for sql, values in statements]
    trips.append(texts)
    return run(self, statements)

Exchange.run = recording
from clinicctl.cli import run as program
status = program(sys.argv[2:])
pickle.dump(trips, open(sys.argv[1], "wb"))
raise SystemExit(status)
"""
"""A run of the program that notes each of its round trips."""
BARE = """
import os, pickle, sys
os.environ["PSYCOPG_WAIT_FUNC"] = "wait_select"
import psycopg
url, recorded, own, shared, log = sys.argv[1:]

def mine(sql, values):
    sql = sql.replace("FROM head", f"FROM {shared}.head").replace("UPDATE head", f"UPDATE {shared}.head")
    return sql, values and [each and each.replace(recorded, own) for each in values]

trips = [[mine(*each) for each in trip] for trip in pickle.load(open(log, "rb"))]
connection = psycopg.connect(url, autocommit=True, prepare_threshold=None)
print("ready", flush=True)
sys.stdin.readline()
for trip in trips:
    if len(trip) == 1:
        found = [connection.execute(*trip[0], prepare=False)]
    else:
        with connection.pipeline():
            found = [connection.execute(*each, prepare=False) for each in trip]
    for cursor in found:
        cursor.description and cursor.fetchall()
print("done", flush=True)
connection.close()
"""


@contextmanager
def server() -> Iterator[postgres.OwnServer]:
    """A server that keeps what it answers, and the folder of the notes."""
    with postgres.made() as made, TemporaryDirectory() as folder:
        os.environ["XDG_STATE_HOME"] = f"{folder}/state"
        yield made


def program(*args: str) -> list[str]:
    return [sys.executable, "-m", "clinicctl", *args]


def batch(url: str, lines: Sequence[str]) -> None:
    """Run lines, each of which must succeed."""
    done = subprocess.run(
        program("batch", "-", "--db", url), input="\n".join(lines), capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, [line for line in done.stdout.splitlines() if '"error"' in line][:3]


def fill(url: str) -> None:
    """Make the clinic that the clients write to: a doctor for each of them, and patients for a day of one."""
    batch(
        url,
        [
            "init --timezone UTC --region IN",
            *(f"doctor add D{n} 'Dr. Nr{n}' --capacity 500" for n in range(max(CLIENTS))),
            *(f"patient add 'Patient Nr{n}' --phone none --new" for n in range(BOOKINGS)),
        ],
    )


def bookings(client: int, count: int) -> str:
    return "".join(f"book P{n + 1} D{client} +1d\n" for n in range(count))


def clone(made: postgres.Server, schema: str) -> str:
    """Copy the clinic of the benchmark into a schema; return the URL. Nobody remembers an earlier one there."""
    shutil.rmtree(os.environ["XDG_STATE_HOME"], ignore_errors=True)
    made.psql(f"DROP SCHEMA IF EXISTS {schema} CASCADE")
    session = Session(connect(read_address(made.url(schema="base")), wait=5), patience=60)
    session.script(["BEGIN", search_path("base")])
    copies.clone(session, "base", schema)
    session.script(["COMMIT"])
    session.close()
    return made.url(schema=schema)


def together(commands: Sequence[tuple[list[str], str, int]]) -> float:
    """Return the seconds that processes take once all are ready: commands, their input, and the answers to it."""
    with ExitStack() as started:
        running = [
            started.enter_context(subprocess.Popen(each, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True))
            for each, _, _ in commands
        ]
        for process in running:
            assert process.stdin
            assert process.stdout
            process.stdin.write(FIRST if "batch" in process.args else "")  # type: ignore[operator]
            process.stdin.flush()
            process.stdout.readline()
        began = time.perf_counter()
        for process, (_, text, _) in zip(running, commands, strict=True):
            assert process.stdin
            process.stdin.write(text)
            process.stdin.close()
        for process, (_, _, answers) in zip(running, commands, strict=True):
            assert process.stdout
            found = [process.stdout.readline() for _ in range(answers)]
            assert not [each for each in found if '"error"' in each or not each], found[:2]
        return time.perf_counter() - began


def throughput() -> Iterator[Row]:
    """Bookings of many clients, in one clinic and in a clinic of each, against the same round trips by psycopg."""
    with server() as made:
        fill(made.url(schema="base"))
        for delay in (0.0, DELAY):
            for clients in CLIENTS:
                what = f"{clients} client{'s' * (clients > 1)} of one clinic"
                yield _row(made, ["clinic_of_bench"] * clients, delay, what)
        clients = max(CLIENTS)
        yield _row(
            made, [f"clinic_of_bench_{n}_" for n in range(clients)], 0.0, f"{clients} clinics with a client each"
        )


def _row(made: postgres.OwnServer, schemas: Sequence[str], delay: float, what: str) -> Row:
    """Measure clients, each in a schema, which some or all of them may share.

    What the bare clients send is recorded in a run of all of them, because a group of bookings lasts a certain time.
    """
    pairs = list[tuple[float, float]]()
    count, each = len(schemas), BOOKINGS // len(schemas)
    with ExitStack() as line:
        way = line.enter_context(Proxy(made, rtt=delay)) if delay else made
        logs = [Path(line.enter_context(TemporaryDirectory())) / "log" for _ in schemas]

        def program_of(schema: str, client: int, *runs: str) -> tuple[list[str], str, int]:
            command = [*runs, "batch", "-", "--wait", "60", "--db", way.url(schema=schema)]
            return command, bookings(client, each), each

        def bare_of(schema: str, client: int, log: Path) -> tuple[list[str], str, int]:
            head = f"bare_{schemas.index(schema)}"
            return [sys.executable, "-c", BARE, way.url(), schema, f"bare_{client}", head, str(log)], "go\n", 1

        def fresh(names: Iterable[str]) -> None:
            for name in dict.fromkeys(names):
                clone(made, name)

        fresh(schemas)
        recorder = (sys.executable, "-c", RECORDER)
        together([program_of(schema, n, *recorder, str(logs[n])) for n, schema in enumerate(schemas)])
        for _ in range(ROUNDS):
            fresh(schemas)
            ours = together([program_of(schema, n, *program()) for n, schema in enumerate(schemas)])
            fresh(f"bare_{n}" for n in range(count))
            pairs.append((ours, together([bare_of(schema, n, logs[n]) for n, schema in enumerate(schemas)])))
    first, second = (count * each / statistics.median(seconds) for seconds in zip(*pairs, strict=True))
    found = statistics.median(b / a for a, b in pairs)
    slow = f", {delay * 1000:.0f} ms a round trip" if delay else ""
    return (
        f"bookings by `batch`, {what}{slow}, {first:,.0f} a second",
        f"the same round trips, bare psycopg, {second:,.0f} a second",
        found,
        "at least 0.6",
    )


# A large clinic among many

_FILL = f"""
INSERT INTO {{0}}.doctors SELECT gen_random_uuid(), 'L' || n, 'Dr. Large ' || n, NULL, 10, now(), now(), NULL
    FROM generate_series(1, 40) AS n;
INSERT INTO {{0}}.patients (id, number, name, name_key, sex, created_at, updated_at)
    SELECT gen_random_uuid(), 1000 + n, 'Large Zz' || n, 'large zz' || n, 'unknown', now(), now()
    FROM generate_series(1, 50000) AS n;
INSERT INTO {{0}}.patient_words SELECT word, id FROM {{0}}.patients, unnest(string_to_array(name_key, ' ')) AS word
    WHERE number > 1000;
INSERT INTO {{0}}.appointments (id, number, patient_id, doctor_id, date, slot, visit, status, overbooked, created_at,
        updated_at)
    SELECT gen_random_uuid(), 1000 + row_number() OVER (), p.id, d.id, current_date - 1 - n / 10, n % 10 + 1, 1,
        'completed', false, now(), now()
    FROM generate_series(0, {LARGE // 40} - 1) AS n
    CROSS JOIN (SELECT id, row_number() OVER () AS nth FROM {{0}}.doctors WHERE code LIKE 'L%') AS d
    JOIN {{0}}.patients AS p ON p.number = 1001 + (n * 40 + d.nth) % 50000;
INSERT INTO {{0}}.held_slots SELECT doctor_id, date, slot, number FROM {{0}}.appointments WHERE number > 1000;
INSERT INTO {{0}}.doctor_daily_capacities SELECT gen_random_uuid(), doctor_id, date, 10, 10, 0, 10, 0
    FROM {{0}}.appointments WHERE number > 1000 GROUP BY doctor_id, date;
UPDATE {{0}}.counters SET value = (SELECT max(number) FROM {{0}}.appointments) WHERE name = 'appointments';
UPDATE {{0}}.counters SET value = (SELECT max(number) FROM {{0}}.patients) WHERE name = 'patients';
"""


def chain() -> Iterator[Row]:
    """Commands in a large clinic among fifty, against the same in a small one."""
    with server() as made:
        fill(made.url(schema="base"))
        urls = [clone(made, f"clinic_{n}") for n in range(CLINICS)]
        large, small = urls[0], urls[1]
        made.psql(_FILL.format("clinic_0"))
        made.psql("VACUUM ANALYZE")
        acts: dict[str, Callable[[int], list[str]]] = {
            "book": lambda n: ["book", f"P{n + 1}", f"D{n % 32}", "today"],
            "checkin": lambda n: ["checkin", f"P{n + 1}"],
            "patient find": lambda n: ["patient", "find", f"nr{n + 1}"],
            "day": lambda _: ["day", "--doctor", "D1"],
        }
        for name, act in acts.items():
            pairs = [(_seconds(large, act(n)), _seconds(small, act(n))) for n in range(21)]
            first, second = (statistics.median(each) * 1000 for each in zip(*pairs, strict=True))
            found = statistics.median(a / b for a, b in pairs)
            what = f"`{name}` in a clinic of 1,000,000 appointments among {CLINICS}, {first:.0f} ms"
            yield what, f"in a small one, {second:.0f} ms", found, "at most 1.2"


def _seconds(url: str, args: list[str]) -> float:
    began = time.perf_counter()
    subprocess.run(program(*args, "--db", url), stdout=subprocess.DEVNULL, check=True)
    return time.perf_counter() - began


# Many desks on a slow line

DESKS = 30
EVERY = 10.0
"""Seconds between two bookings of a desk."""
SLOW = 0.005
"""Seconds of a round trip to a server in another town."""


def desks() -> Iterator[Row]:
    """Thirty desks on a slow line, each with a booking every ten seconds, against a desk alone."""
    with server() as made, Proxy(made, rtt=SLOW) as line, ExitStack() as opened:
        fill(made.url(schema="base"))
        url = line.url(schema="base")
        shells = [
            opened.enter_context(
                subprocess.Popen(
                    program("batch", "-", "--db", url, "--wait", "60"),
                    stdin=subprocess.PIPE,
                    stdout=subprocess.PIPE,
                    text=True,
                )
            )
            for _ in range(DESKS)
        ]

        def book(number: int, text: str) -> float:
            began, shell = time.perf_counter(), shells[number]
            assert shell.stdin
            assert shell.stdout
            shell.stdin.write(text)
            shell.stdin.flush()
            assert '"exit_code": 0' in shell.stdout.readline()
            return time.perf_counter() - began

        def desk(number: int) -> list[float]:
            found = list[float]()
            for nth in range(8):
                time.sleep(max(0.0, began + (nth + number / DESKS) * EVERY - time.perf_counter()))
                found.append(book(number, f"book P{number * 8 + nth + 1} D{number} +1d\n"))
            return found

        for number in range(DESKS):
            book(number, FIRST)
        alone = statistics.median(book(0, f"book P{n + 1} D31 +2d\n") for n in range(20))
        began = time.perf_counter()
        with ThreadPoolExecutor(DESKS) as pool:
            slowest = sorted(each for found in pool.map(desk, range(DESKS)) for each in found)
        late = slowest[math.ceil(0.99 * len(slowest)) - 1]
        what = f"`book` of {DESKS} desks, each every {EVERY:.0f} s, {SLOW * 1000:.0f} ms a round trip"
        yield f"{what}: 99 % within {late * 1000:.0f} ms", f"of one desk, {alone * 1000:.0f} ms", late / alone, "-"

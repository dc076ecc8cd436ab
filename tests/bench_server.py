"""The bars on a PostgreSQL server: throughput of one clinic and of many, and the cost beside a large clinic.

The bare side of a throughput sends the statements that the program has sent, with the same values in the same round
trips, by psycopg alone. Each bare client writes to tables of its own, but all lock the head of one clinic, as the
desks do.
"""

import os
import shutil
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Sequence
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
EACH = 60
"""Bookings of a client."""
ROUNDS = 3
LARGE = 1_000_000
CLINICS = 50
DELAY = 0.003
"""Seconds of a round trip on a slow line."""

RECORDER = """
import pickle, sys
from clinicctl.store.postgresql import session
trips, run_all = [], session.Session.run_all

def recording(self, statements, *, ahead=(), seconds=None):
    asked = list(statements)
    sent = [*self._waiting, *asked, *ahead]
    # As texts without a type, as the program sends them.
    trips.append([(sql, values and tuple(v if v is None else str(v) for v in values)) for sql, values in sent])
    return run_all(self, asked, ahead=ahead, seconds=seconds)

session.Session.run_all = recording
from clinicctl.cli import run
status = run(sys.argv[2:])
pickle.dump(trips, open(sys.argv[1], "wb"))
sys.exit(status)
"""

BARE = """
import os, pickle, sys
os.environ["PSYCOPG_WAIT_FUNC"] = "wait_select"
import psycopg
url, own, shared, log = sys.argv[1:]
trips = pickle.load(open(log, "rb"))
recorded = os.path.basename(log)

def mine(sql, values):
    sql = sql.replace("FROM head", f"FROM {shared}.head").replace("UPDATE head", f"UPDATE {shared}.head")
    return sql, values and tuple(v and v.replace(recorded, own) for v in values)

trips = [[mine(*each) for each in trip] for trip in trips]
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
    """Make the clinic that the clients write to: a doctor for each of them, and patients for a day of each."""
    batch(
        url,
        [
            "init --timezone UTC --region IN",
            *(f"doctor add D{n} 'Dr. Nr{n}' --capacity 500" for n in range(max(CLIENTS))),
            *(f"patient add 'Patient Nr{n}' --phone none --new" for n in range(EACH)),
        ],
    )


def bookings(client: int) -> list[str]:
    return [f"book P{n + 1} D{client} +1d" for n in range(EACH)]


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
            process.stdin.write("version\n" if "batch" in process.args else "")  # type: ignore[operator]
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
    with server() as made, TemporaryDirectory() as folder:
        fill(made.url(schema="base"))
        logs = [_recorded(made, Path(folder), client) for client in range(max(CLIENTS))]
        for delay in (0.0, DELAY):
            for clients in CLIENTS:
                yield _row(made, logs[:clients], delay, f"{clients} client{'s' * (clients > 1)} of one clinic")
        yield _row(made, logs, 0.0, f"{len(logs)} clinics with a client each", alone=True)


def _row(made: postgres.OwnServer, logs: Sequence[Path], delay: float, what: str, *, alone: bool = False) -> Row:
    pairs = list[tuple[float, float]]()
    with ExitStack() as line:
        way = line.enter_context(Proxy(made, rtt=delay)) if delay else made
        for _ in range(ROUNDS):
            shared = ["one", *(f"one_{n}" for n in range(1, len(logs)))] if alone else ["one"] * len(logs)
            for schema in dict.fromkeys(shared):
                clone(made, schema)
            lines = ["\n".join(bookings(n)) + "\n" for n in range(len(logs))]
            ours = [
                (program("batch", "-", "--wait", "60", "--db", way.url(schema=schema)), text, EACH)
                for schema, text in zip(shared, lines, strict=True)
            ]
            own = [f"bare_{n}" for n in range(len(logs))]
            for schema in own:
                clone(made, schema)
            heads = own if alone else [own[0]] * len(own)
            bare = [
                ([sys.executable, "-c", BARE, way.url(), schema, head, str(log)], "go\n", 1)
                for schema, head, log in zip(own, heads, logs, strict=True)
            ]
            pairs.append((together(ours), together(bare)))
    count = len(logs) * EACH
    first, second = (count / statistics.median(each) for each in zip(*pairs, strict=True))
    found = statistics.median(b / a for a, b in pairs)
    slow = f", {delay * 1000:.0f} ms a round trip" if delay else ""
    return (
        f"bookings by `batch`, {what}{slow}, {first:,.0f} a second",
        f"the same round trips, bare psycopg, {second:,.0f} a second",
        found,
        "at least 0.6",
    )


def _recorded(made: postgres.Server, folder: Path, client: int) -> Path:
    """Run the bookings of a client alone, and record its round trips in a file named as the schema."""
    schema = f"recorded_{client}_of_a_client"
    log = folder / schema
    command = [sys.executable, "-c", RECORDER, str(log), "batch", "-", "--db", clone(made, schema)]
    text = "\n".join(bookings(client))
    subprocess.run(command, input=text, stdout=subprocess.DEVNULL, check=True, text=True)
    made.psql(f"DROP SCHEMA {schema} CASCADE")
    return log


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

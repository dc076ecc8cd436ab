"""PgBouncer in transaction mode before the server: a short day by many processes, which share a few connections."""

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from tests import pgbouncer, postgres
from tests.forking import Forked
from tests.served import Served

pytestmark = pytest.mark.file  # The server is its own, whatever the engine of the run.

Run = Callable[..., Any]
GUESTS = 12


@pytest.fixture
def pooled(own_server: postgres.OwnServer, monkeypatch: pytest.MonkeyPatch) -> Iterator[Served]:
    """A clinic that is not there yet; `CLINICCTL_DB` leads to it through a pool of three connections."""
    if pgbouncer.PROGRAM is None:
        pytest.skip("needs the package pgbouncer")
    with pgbouncer.pooled(own_server, connections=3) as pool:
        monkeypatch.setenv("CLINICCTL_DB", pool.url(schema="pooled"))
        yield Served(own_server, "pooled")
        own_server.psql("DROP SCHEMA pooled CASCADE")


def test_a_day_through_a_pool(pooled: Served, run: Run, fork: Callable[..., Forked], tmp_path: Path) -> None:
    def at_once(*requests: tuple[str, ...]) -> list[Any]:
        desks = [fork(*each, "--json", "--wait", "60") for each in requests]
        found = [each.communicate(timeout=120) for each in desks]
        assert [each.returncode for each in desks] == [0] * len(desks), found
        return [json.loads(stdout or "") for stdout, _ in found]

    at_once(*[("init", "--timezone", "Asia/Kolkata", "--region", "IN")] * 4)
    at_once(*[("doctor", "add", code, f"Dr. {code}", "--capacity", "20") for code in ("MEHTA", "RAO")])
    guests = range(1, GUESTS + 1)
    names = [f"Guest Nr{chr(96 + n)}" for n in guests]
    at_once(*[("patient", "add", name, "--phone", "none", "--new") for name in names])
    booked = at_once(*[("book", f"P{n}", "MEHTA" if n % 2 else "RAO", "--key", f"guest-{n}") for n in guests])
    assert sorted(each["slot"] for each in booked) == sorted([*range(1, 7)] * 2)
    arrived = at_once(*[("checkin", f"P{n}") for n in guests])
    assert sorted(each["position"] for each in arrived) == sorted([*range(1, 7)] * 2)
    called = at_once(*[("queue", "call", code) for code in ("MEHTA", "RAO")] * 2)
    assert sorted(each["position"] for each in called) == [1, 1, 2, 2]
    # As many rows as are sent by themselves, and not with another statement.
    days = "\n".join(f"MEHTA,{2030 + n // 336}-{n % 12 + 1:02}-{n // 12 % 28 + 1:02},yes" for n in range(700))
    (tmp_path / "days.csv").write_text(f"doctor,date,present\n{days}\n")
    imported = run("doctor", "avail", "import", str(tmp_path / "days.csv"), json=True, status=0).json
    assert imported["added"] == 700
    lines = (
        "queue start MEHTA 1\nqueue done MEHTA 1\npatient show P1\nbook P1 RAO tomorrow\nqueue show RAO\nundo --yes\n"
    )
    run("batch", "-", stdin=lines, status=0)
    run("batch", "-", "--atomic", stdin="book P1 RAO +2d\nbook P2 RAO +2d\n", status=0)
    for reads in (("day",), ("status",), ("free",), ("queue", "show"), ("appointment", "list"), ("audit", "log")):
        run(*reads, status=0)
    run("close", "today", "--yes", status=0)
    run("audit", "verify", status=0)
    run("db", "check", status=0)
    run("db", "backup", str(tmp_path / "backup.db"), status=0)
    assert pooled.count("journal") == pooled.rows("SELECT number FROM head")[0][0]


def test_a_desk_that_gets_no_connection_of_the_pool_is_busy(
    own_server: postgres.OwnServer, served: Served, run: Run
) -> None:
    if pgbouncer.PROGRAM is None:
        pytest.skip("needs the package pgbouncer")
    with pgbouncer.pooled(own_server, connections=1) as pool, pool.connect() as taken:
        taken.execute("SELECT 1")
        url = pool.url(schema=served.schema)
        assert run("book", "P1", "MEHTA", "--db", url, "--wait", "0", json=True, status=11).error["code"] == "busy"
        taken.commit()
        run("book", "P1", "MEHTA", "--db", url, "--wait", "0", status=0)

"""A server, or the way to it, that fails at any moment: the answer is true, and the repeat by key is written once."""

import json
import shlex
import signal
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from clinicctl.store.postgresql import beginning, transactions
from tests.daemons import free_port
from tests.postgres import OwnServer, Server
from tests.proxy import Proxy
from tests.served import PERSONAL, Served, bursts, wait_for

Run = Callable[..., Any]
Start = Callable[..., Any]

DEFINITE = {11}
UNKNOWN = {12}


def answers(text: str) -> list[dict[str, Any]]:
    return [json.loads(line) for line in text.splitlines()]


# The connection is cut.


@pytest.mark.parametrize("side", ["before", "after"])
def test_a_booking_cut_at_any_burst_is_written_once(served: Served, proxy: Proxy, run: Run, side: str) -> None:
    run("book", "P1", "MEHTA", "+1d", "--key", "whole", status=0)
    last = proxy.links[-1].trips
    assert bursts(proxy)[last].endswith("COMMIT")
    for burst in range(last + 1):
        key, day = f"cut-{burst}", f"+{burst + 2}d"
        fault = proxy.cut(**{side: burst})
        answer = run("book", "P1", "MEHTA", day, "--key", key, "--wait", "5", json=True)
        assert fault.met.is_set()
        assert answer.status == (0 if burst < 2 else 12 if burst == last else 11), (burst, answer)
        assert served.has(key) == (burst < 2 or (burst, side) == (last, "after")), burst
        if answer.status == 12:
            assert (answer.error["code"], answer.error["details"]["key"]) == ("outcome_unknown", key)
        repeated = run("book", "P1", "MEHTA", day, "--key", key, json=True, status=0).json
        assert repeated["replayed"] == (burst < 2 or (burst, side) == (last, "after")), burst
        assert served.count("appointments", '"key" = %s', key) == 1, burst
    run("audit", "verify", status=0)


def test_an_answer_of_commit_that_is_lost_is_outcome_unknown(served: Served, proxy: Proxy, run: Run) -> None:
    fault = proxy.cut(after="COMMIT")
    answer = run("book", "P1", "MEHTA", json=True, status=12)
    assert fault.met.is_set()
    key = answer.error["details"]["key"]
    assert key in answer.error["hint"]
    assert served.has(key)
    assert run("book", "P1", "MEHTA", "--key", key, json=True, status=0).json["replayed"]


@pytest.mark.parametrize("side", ["before", "after"])
def test_a_commit_without_an_answer_is_waited_for_and_not_cancelled(
    served: Served, proxy: Proxy, run: Run, side: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(transactions, "LEAST_WAIT", 1.0)
    fault, began = proxy.stall(**{side: "COMMIT"}), time.monotonic()
    answer = run("book", "P1", "MEHTA", "--key", "stalled", "--wait", "0.5", json=True, status=12)
    assert fault.met.is_set()
    assert 1 <= time.monotonic() - began < 5
    assert answer.error["details"] == {"reason": "no answer within 1 s", "key": "stalled"}
    assert len(proxy.links) == 1, "a request to cancel would be a connection of its own"
    assert served.has("stalled") == (side == "after")
    proxy.resume()
    wait_for(lambda: served.has("stalled"))
    assert run("book", "P1", "MEHTA", "--key", "stalled", json=True, status=0).json["replayed"]
    assert served.count("appointments") == 1


def test_a_commit_is_waited_for_longer_than_for_the_lock(served: Served, proxy: Proxy, run: Run) -> None:
    proxy.stall(after="COMMIT")
    began = time.monotonic()
    run("book", "P1", "MEHTA", "--key", "stalled", "--wait", "0", status=12)
    assert 10 <= time.monotonic() - began < 15


def test_a_desk_that_is_silent_before_the_commit_gives_up_the_lock(served: Served, proxy: Proxy, run: Run) -> None:
    run("book", "P1", "MEHTA", "+1d", "--key", "whole", status=0)
    proxy.stall(before=proxy.links[-1].trips)
    began = time.monotonic()
    run("book", "P1", "MEHTA", "--key", "silent", "--wait", "0", status=11)
    assert 5 <= time.monotonic() - began < 10
    assert run("book", "P1", "MEHTA", "--key", "silent", "--wait", "0", json=True, status=0).json["replayed"] is False


def test_a_desk_that_is_cut_off_within_a_burst_gives_up_the_lock(
    served: Served, proxy: Proxy, run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(transactions, "LEAST_WAIT", 0.5)
    with monkeypatch.context() as short:
        short.setattr(beginning, "LONGEST_WRITE", 2)
        # The server has the statements before COMMIT, and waits for the rest of the message.
        proxy.stall(before="COMMIT")
        run("book", "P1", "MEHTA", "--key", "stalled", "--wait", "0", status=12)
    run("book", "P2", "MEHTA", "--key", "other", "--wait", "0", status=11)
    run("book", "P2", "MEHTA", "--key", "other", "--wait", "20", status=0)
    assert not served.has("stalled")
    with served.server.connect() as connection:
        for sql, values in beginning.statements(beginning.WRITE, schema="x", wait=1, longest_write=600):
            connection.execute(sql, values)  # type: ignore[call-overload]
        shown = [connection.execute(f"SHOW {each}").fetchone() for each in ("tcp_keepalives_idle", "tcp_user_timeout")]
    assert shown == [("10",), ("25000",)]


@pytest.mark.parametrize("command", [("book", "P1", "MEHTA", "--key", "k"), ("day",)])
def test_a_server_that_stops_answering_is_not_waited_for_without_end(
    served: Served, proxy: Proxy, run: Run, command: tuple[str, ...], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(beginning, "LONGEST", 0.5)
    monkeypatch.setattr(transactions, "PATIENCE", 0.5)
    for burst in (1, 2):
        fault, began = proxy.stall(after=burst), time.monotonic()
        error = run(*command, "--wait", "0.5", json=True, status=11).error
        assert fault.met.is_set()
        assert time.monotonic() - began < 10
        assert error["details"]["reason"] == "the server did not answer in time"
    assert not served.has("k")


# Signals.


@pytest.mark.parametrize(("number", "status"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_a_signal_ends_the_wait_for_the_lock(
    served: Served, fork: Start, finish: Run, number: signal.Signals, status: int
) -> None:
    with served.locked():
        desk = fork("book", "P1", "MEHTA", "--key", "stopped")
        wait_for(served.waiting)
        began = time.monotonic()
        desk.send_signal(number)
        answer = finish(desk)
        assert time.monotonic() - began < 5
    assert (answer.status, answer.stdout) == (status, "")
    assert "Traceback" not in answer.stderr
    wait_for(lambda: not served.waiting())
    assert not served.has("stopped")


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_during_the_commit_is_outcome_unknown(
    served: Served, proxy: Proxy, fork: Start, finish: Run, number: signal.Signals
) -> None:
    fault = proxy.stall(after="COMMIT")
    desk = fork("book", "P1", "MEHTA", "--key", "stopped", "--json")
    wait_for(fault.met.is_set)
    desk.send_signal(number)
    answer = finish(desk)
    assert (answer.status, answer.error["details"]) == (12, {"reason": "interrupted", "key": "stopped"})
    assert len(proxy.links) == 1, "the commit is not cancelled"


def test_a_signal_during_the_commit_of_a_batch_answers_its_lines(
    served: Served, proxy: Proxy, fork: Start, finish: Run, tmp_path: Path
) -> None:
    lines = tmp_path / "lines"
    lines.write_text("book P1 MEHTA --key a\nbook P2 MEHTA --key b\nconfig name Other\nbook P1 RAO --key c\n")
    fault = proxy.stall(after="COMMIT")
    desk = fork("batch", str(lines))
    wait_for(fault.met.is_set)
    desk.send_signal(signal.SIGINT)
    answer = finish(desk)
    assert answer.status == 130
    assert [each["exit_code"] for each in answers(answer.stdout)] == [12, 12, 12]
    assert not served.has("c")


# The server is away, full, or refuses.


def unreachable(url: str, *, port: int) -> str:
    return Server({**Server.at(url.partition("?")[0]).parameters, "port": str(port)}).url(schema="north")


def test_a_server_that_is_down_is_busy_with_the_reason_after_the_wait(served: Served, run: Run) -> None:
    url = unreachable(served.server.url(), port=free_port())
    for wait in (0.0, 1.0):
        began = time.monotonic()
        error = run("book", "P1", "MEHTA", "--db", url, "--wait", str(wait), json=True, status=11).error
        assert wait - 0.3 <= time.monotonic() - began < wait + 3
        assert (error["code"], error["details"]["reason"].rpartition(": ")[2]) == ("busy", "Connection refused")
        assert error["message"].endswith("Nothing was written.")


def test_a_server_that_comes_back_within_the_wait_is_no_error(served: Served, fork: Start, finish: Run) -> None:
    served.server.stop()
    try:
        desk = fork("book", "P1", "MEHTA", "--key", "patient", "--wait", "60", "--json")
        time.sleep(1)
        assert desk.poll() is None
    finally:
        served.server.start()
    assert finish(desk).status == 0
    assert served.has("patient")


def test_a_server_killed_while_a_desk_waits_for_the_lock_is_no_error(served: Served, fork: Start, finish: Run) -> None:
    with served.locked():
        desk = fork("book", "P1", "MEHTA", "--key", "patient", "--wait", "60", "--json")
        wait_for(served.waiting)
        served.server.kill()
        served.server.start()
    assert finish(desk).status == 0
    assert served.count("appointments") == 1


@pytest.fixture
def role(served: Served) -> Iterator[Callable[..., str]]:
    """Make a role with rights on the clinic; the value is its URL."""
    made: list[str] = []

    def role(name: str, *statements: str) -> str:
        made.append(name)
        served.rows(";".join([f"CREATE ROLE {name} LOGIN", *(each.format(served.schema) for each in statements)]))
        return served.url(user=name)

    yield role
    for name in made:
        served.rows(f"DROP OWNED BY {name}; DROP ROLE {name}")


READS = ("GRANT USAGE ON SCHEMA {} TO reader", "GRANT SELECT ON ALL TABLES IN SCHEMA {} TO reader")


def test_too_many_connections_are_busy(served: Served, role: Callable[..., str], run: Run) -> None:
    url = role("crowded", "ALTER ROLE crowded CONNECTION LIMIT 1")
    with served.server.connect(user="crowded"):
        error = run("day", "--db", url, "--wait", "0.5", json=True, status=11).error
    assert (error["code"], "too many connections" in error["details"]["reason"]) == ("busy", True)


@pytest.mark.parametrize(
    ("parameters", "reason"),
    [
        ({"database": "nowhere"}, 'database "nowhere" does not exist'),
        ({"user": "nobody_here"}, 'role "nobody_here" does not exist'),
        ({"sslmode": "require"}, "server does not support SSL"),
        ({"sslmode": "sometimes"}, "invalid sslmode value"),
        ({"service": "none"}, 'definition of service "none" not found'),
    ],
)
def test_a_connection_that_is_refused_is_not_asked_for_again(
    served: Served, run: Run, parameters: dict[str, str], reason: str
) -> None:
    began = time.monotonic()
    error = run("day", "--db", served.url(**parameters), "--wait", "30", json=True, status=10).error
    assert time.monotonic() - began < 10
    assert (error["code"], reason in error["details"]["reason"]) == ("cannot_connect", True), error


def test_names_in_a_message_do_not_decide_whether_to_ask_again(served: Served, run: Run) -> None:
    url = served.url(host="/nowhere/password authentication does not exist")
    error = run("day", "--db", url, "--wait", "0", json=True, status=11).error
    assert "No such file" in error["details"]["reason"]


def test_a_schema_that_is_not_there_is_no_database(served: Served, run: Run, refused: Run) -> None:
    url = served.server.url(schema="nowhere")
    for command in (("day",), ("book", "P1", "MEHTA"), ("config",)):
        assert "clinicctl init" in refused(10, "no_database", *command, "--db", url)["hint"]


def test_a_schema_of_another_program_is_not_ours(served: Served, refused: Run) -> None:
    served.server.psql("CREATE SCHEMA other; CREATE TABLE other.things (number integer)")
    try:
        refused(10, "not_a_clinic_database", "day", "--db", served.server.url(schema="other"))
        refused(10, "not_a_clinic_database", "init", "--db", served.server.url(schema="other"))
    finally:
        served.server.psql("DROP SCHEMA other CASCADE")


def test_a_desk_that_is_not_listed_in_pg_hba_cannot_connect(served: Served, run: Run) -> None:
    listed = served.server.data / "pg_hba.conf"
    before = listed.read_text()
    try:
        listed.write_text("local all all trust\nhost all postgres 127.0.0.1/32 trust\n")
        served.server.psql("CREATE ROLE stranger LOGIN; SELECT pg_reload_conf()")
        wait_for(lambda: run("day", "--db", served.url(user="stranger"), "--wait", "0").status == 10)
        error = run("day", "--db", served.url(user="stranger"), "--wait", "0", json=True, status=10).error
        assert (error["code"], "no pg_hba.conf entry" in error["details"]["reason"]) == ("cannot_connect", True)
    finally:
        listed.write_text(before)
        served.server.psql("DROP ROLE IF EXISTS stranger; SELECT pg_reload_conf()")


def test_a_lock_that_is_not_had_in_time_is_busy(served: Served, run: Run) -> None:
    with served.locked():
        for wait in (0.0, 1.0):
            began = time.monotonic()
            error = run("book", "P1", "MEHTA", "--key", "k", "--wait", str(wait), json=True, status=11).error
            assert wait <= time.monotonic() - began < wait + 2
            assert error["code"] == "busy"
        run("day", status=0)
    assert not served.has("k")
    run("book", "P1", "MEHTA", "--key", "k", "--wait", "0", status=0)


def test_a_wait_longer_than_a_statement_may_take_is_waited(
    served: Served, run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(beginning, "LONGEST", 0.2)
    with served.locked():
        began = time.monotonic()
        run("book", "P1", "MEHTA", "--wait", "1.5", status=11)
        assert time.monotonic() - began >= 1.5
    run("book", "P1", "MEHTA", "--wait", "3600", status=0)


def test_a_server_that_only_reads_refuses_a_write(role: Callable[..., str], run: Run, refused: Run) -> None:
    url = role("cautious", *READS[:0], "ALTER ROLE cautious SUPERUSER")
    Server.at(url.partition("?")[0]).psql("ALTER ROLE cautious SET default_transaction_read_only = on")
    refused(74, "read_only", "book", "P1", "MEHTA", "--db", url)
    run("day", "--db", url, status=0)


def test_a_right_that_is_missing_is_no_right(served: Served, role: Callable[..., str], run: Run, refused: Run) -> None:
    reader = role("reader", *READS)
    run("day", "--db", reader, status=0)
    assert "db roles" in refused(74, "no_right", "book", "P1", "MEHTA", "--db", reader)["hint"]
    outside = role("outside")
    refused(74, "no_right", "day", "--db", outside)
    refused(74, "no_right", "init", "--db", served.server.url(schema="another", user="outside"))


# The server refuses a statement, or the commit.

BEFORE = {
    "40001": (11, "busy"),
    "40P01": (11, "busy"),
    "57014": (11, "busy"),
    "53100": (74, "disk_full"),
    "53200": (11, "busy"),
    "58030": (74, "io_error"),
    "XX001": (10, "damaged_database"),
    "42501": (74, "no_right"),
    "23514": (70, "internal"),
    "XX000": (70, "internal"),
    "P0001": (70, "internal"),
}
AT_COMMIT = {"40001": (11, "busy"), "40P01": (11, "busy"), "23514": (70, "internal"), "42501": (74, "no_right")}


@pytest.mark.parametrize("state", BEFORE)
def test_an_error_before_the_commit_writes_nothing(served: Served, run: Run, state: str) -> None:
    with served.fault(state):
        answer = run("book", "P1", "MEHTA", "--key", "k", "--wait", "0.3", json=True, status=BEFORE[state][0])
        assert answer.error["code"] == BEFORE[state][1]
        (line,) = answers(run("batch", "-", "--wait", "0.3", stdin="book P1 MEHTA --key k\n", status=3).stdout)
        assert (line["exit_code"], line["error"]["code"]) == BEFORE[state]
    assert not served.has("k")
    assert run("book", "P1", "MEHTA", "--key", "k", json=True, status=0).json["replayed"] is False


def test_an_error_leaves_no_name_in_the_log_of_the_server(served: Served, run: Run) -> None:
    names = ("Zoe Quux", "Yan Quux", "Xia Quux")
    # In a statement by itself, in one of several at once, at the commit, and in many rows.
    one, other, third = (f"patient add '{name}' --phone '98765 43210' --key {name[0]}" for name in names)
    for at_commit in (False, True):
        with served.fault("P0001", at_commit=at_commit):
            run(*shlex.split(one), status=(70, 12)[at_commit])
            run("batch", "-", stdin=f"{other}\n{third}\n", status=3)
            rows = "".join(f"{name},98765 4321{n}\n" for n, name in enumerate(names))
            run("patient", "import", "-", stdin=f"name,phone\n{rows}", status=(70, 12)[at_commit])
    # In the statement that has the name.
    served.rows(
        "CREATE FUNCTION nobody() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE EXCEPTION 'nobody'; END $$;"
        " CREATE TRIGGER nobody BEFORE INSERT ON patients FOR EACH ROW EXECUTE FUNCTION nobody()"
    )
    run(*shlex.split(one), status=70)
    served.rows("DROP FUNCTION nobody CASCADE")
    assert "INSERT INTO patients" in served.server.log
    with served.locked():
        run(*shlex.split(one), "--wait", "0", status=11)
        run("patient", "find", "Quux", status=0)
    assert "P0001" in served.server.log or "fault()" in served.server.log
    assert "INSERT INTO" in served.server.log
    assert "Quux" not in served.server.log
    written = served.server.log.replace(PERSONAL, "")
    assert "98765 4321" not in written
    assert "987654321" not in written


@pytest.mark.parametrize(
    ("setting", "value"), [("log_statement", "mod"), ("log_min_duration_statement", "0"), ("log_statement", "ddl")]
)
def test_health_tells_that_the_server_logs_names(served: Served, run: Run, setting: str, value: str) -> None:
    served.server.psql(f"ALTER DATABASE clinics SET {setting} = '{value}'")
    before = len(served.server.log)
    try:
        health = run("health", json=True)
        assert health.status in (0, 10)
        run("patient", "add", "Zoe Quux", "--phone", "none", status=0)
        logs_names = "Quux" in served.server.log[before:]
    finally:
        served.server.psql(f"ALTER DATABASE clinics RESET {setting}")
    (found,) = [each["value"] for each in health.json["findings"] if each["name"] == "values in the log"]
    assert found == (setting if value != "ddl" else "no")
    assert logs_names == (value != "ddl")


@pytest.mark.parametrize("state", BEFORE)
def test_an_error_of_the_commit_is_a_refusal_only_if_that_is_proven(served: Served, run: Run, state: str) -> None:
    expected = AT_COMMIT.get(state, (12, "outcome_unknown"))
    with served.fault(state, at_commit=True):
        answer = run("book", "P1", "MEHTA", "--key", "k", "--wait", "0.3", json=True, status=expected[0])
        assert answer.error["code"] == expected[1]
        lines = "book P1 MEHTA --key k\nbook P2 MEHTA --key l\n"
        done = run("batch", "-", "--wait", "0.3", stdin=lines)
        if expected[0] != 70:
            found = [(each["exit_code"], each["error"]["code"]) for each in answers(done.stdout)]
            assert (done.status, found) == (3, [expected] * 2)
        else:
            assert (done.status, done.stdout) == (70, "")
    assert not served.has("k")
    assert run("book", "P1", "MEHTA", "--key", "k", json=True, status=0).json["replayed"] is False


@pytest.mark.parametrize("state", ["40001", "40P01"])
@pytest.mark.parametrize("at_commit", [False, True])
def test_a_victim_of_another_transaction_is_repeated_within_the_wait(
    served: Served, run: Run, state: str, at_commit: bool
) -> None:
    for times in (1, 2):
        with served.fault(state, times=times, at_commit=at_commit):
            booked = run("book", "P1", "MEHTA", f"+{times}d", "--key", f"k{times}", json=True, status=0).json
        assert booked["replayed"] is False
        assert served.count("appointments", '"key" = %s', f"k{times}") == 1
    with served.fault(state, at_commit=at_commit):
        began = time.monotonic()
        error = run("book", "P1", "MEHTA", "+9d", "--key", "k9", "--wait", "1", json=True, status=11).error
        assert 0.8 <= time.monotonic() - began < 4
        assert error["message"].endswith("Nothing was written.")
    assert not served.has("k9")
    run("audit", "verify", status=0)


def test_a_warning_at_the_commit_is_outcome_unknown(served: Served, run: Run) -> None:
    with served.fault("01000", at_commit=True, level="WARNING"):
        run("book", "P1", "MEHTA", "--key", "k", status=12)
    assert served.has("k")
    assert run("book", "P1", "MEHTA", "--key", "k", json=True, status=0).json["replayed"]


def test_a_warning_in_one_group_of_a_batch_is_not_one_of_the_next(served: Served, run: Run) -> None:
    lines = "book P1 MEHTA --key a\nconfig name Other\nbook P2 MEHTA --key b\n"
    with served.fault("01000", at_commit=True, level="WARNING", times=1):
        found = answers(run("batch", "-", stdin=lines, status=3).stdout)
    assert [each["exit_code"] for each in found] == [12, 12, 0]
    assert found[0]["error"]["details"]["key"] == "a"


def test_a_warning_before_the_commit_is_none_of_it(served: Served, run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    from clinicctl import desk
    from clinicctl.desk.bookings import book

    def warned(tx: Any, **request: Any) -> Any:
        tx.session.script(["DO $$ BEGIN RAISE WARNING 'careful'; END $$"])
        return book(tx, **request)

    warned.__dict__.update(book.__dict__)
    monkeypatch.setattr(desk.bookings, "book", warned)
    run("book", "P1", "MEHTA", status=0)


def test_an_error_that_somebody_swallows_is_never_an_answer(
    served: Served, run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    import psycopg

    from clinicctl import desk
    from clinicctl.desk.bookings import book

    def careless(tx: Any, **request: Any) -> Any:
        booked = book(tx, **request)
        with pytest.raises(psycopg.Error):
            tx.session.run("SELECT 1 / 0", None)
        return booked

    careless.__dict__.update(book.__dict__)
    monkeypatch.setattr(desk.bookings, "book", careless)
    assert run("book", "P1", "MEHTA", "--key", "k", json=True).status == 70
    found = answers(run("batch", "-", stdin="book P1 MEHTA --key k\nday\n", status=3).stdout)
    assert [each["exit_code"] for each in found] == [70, 0]
    assert not served.has("k")


# What must not be read anywhere.


def everything_written(folder: Path) -> str:
    """Return the content of every file below a folder."""
    return "\n".join(each.read_text("utf-8", "replace") for each in folder.rglob("*") if each.is_file())


@pytest.mark.parametrize("state", [*BEFORE, "23505"])
@pytest.mark.parametrize("at_commit", [False, True])
def test_no_message_has_the_text_of_the_server(
    served: Served,
    run: Run,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capfd: pytest.CaptureFixture[str],
    state: str,
    at_commit: bool,
) -> None:
    log = tmp_path / "log.jsonl"
    monkeypatch.setenv("CLINICCTL_LOG", str(log))
    with served.fault(state, at_commit=at_commit):
        for form in ((), ("--json",)):
            answer = run("book", "P1", "MEHTA", "--key", "k", "--wait", "0", *form)
            assert answer.status != 0
            assert answer.stdout == ""
            for text in (answer.stderr, log.read_text(), everything_written(tmp_path), *capfd.readouterr()):
                assert not any(word in text for word in (*PERSONAL.split(), "DETAIL", "Key (phone)"))
        lines = run("batch", "-", "--wait", "0", stdin="book P1 MEHTA --key k\n")
        assert lines.status != 0
        assert not any(word in lines.stdout + lines.stderr + log.read_text() for word in PERSONAL.split())
    assert "k" in log.read_text()


PASSWORD = "correct-horse-battery"


@pytest.fixture
def guarded(served: Served) -> Iterator[OwnServer]:
    """That server, which asks the role `guarded` for a password."""
    listed = served.server.data / "pg_hba.conf"
    before = listed.read_text()
    listed.write_text(f"host all guarded 127.0.0.1/32 scram-sha-256\n{before}")
    served.server.psql(f"CREATE ROLE guarded SUPERUSER LOGIN PASSWORD '{PASSWORD}'; SELECT pg_reload_conf()")
    yield served.server
    listed.write_text(before)
    served.server.psql("DROP ROLE guarded; SELECT pg_reload_conf()")


@pytest.mark.parametrize("how", ["PGPASSFILE", "PGSERVICEFILE"])
def test_a_password_in_a_file_is_read_and_never_shown(
    served: Served, guarded: OwnServer, run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, how: str
) -> None:
    files = tmp_path / "files"
    files.mkdir()
    url = served.url(user="guarded")
    if how == "PGPASSFILE":
        (files / "pass").write_text(f"127.0.0.1:{guarded.port}:*:guarded:{PASSWORD}\n")
        (files / "wrong").write_text("127.0.0.1:*:*:guarded:wrong-horse\n")
    else:
        text = f"[clinics]\nhost=127.0.0.1\nport={guarded.port}\ndbname=clinics\nuser=guarded\npassword="
        (files / "pass").write_text(f"{text}{PASSWORD}\n")
        (files / "wrong").write_text(f"{text}wrong-horse\n")
        url = f"postgresql:///?service=clinics&schema={served.schema}"
    for each in files.iterdir():
        each.chmod(0o600)
    monkeypatch.setenv(how, str(files / "pass"))
    monkeypatch.setenv("CLINICCTL_DB", url)
    monkeypatch.setenv("CLINICCTL_LOG", str(tmp_path / "log.jsonl"))
    spoken = [
        run("book", "P1", "MEHTA", "--key", "k", status=0),
        run("batch", "-", stdin="book P1 MEHTA\nday\nnonsense\n", status=3),
        run("health", json=True, status=0),
        run("db", "info", json=True, status=0),
        run("audit", "log", json=True, status=0),
        run("book", "P9", "MEHTA", json=True, status=4),
    ]
    monkeypatch.setenv(how, str(files / "wrong"))
    spoken += [
        run("day", json=True, status=10),
        run("book", "P1", "MEHTA", status=10),
    ]
    assert spoken[-2].error["code"] == "cannot_connect"
    assert "password authentication failed" in spoken[-2].error["details"]["reason"]
    (files / "pass").unlink()
    (files / "wrong").unlink()
    journal = str(served.rows("SELECT * FROM journal"))
    for text in (everything_written(tmp_path), journal, *(f"{each.stdout}{each.stderr}" for each in spoken)):
        assert "horse" not in text


@pytest.mark.parametrize(
    "url",
    [
        "postgresql://desk:correct-horse@127.0.0.1/clinics?schema=north",
        "postgres://desk:correct-horse@127.0.0.1/clinics",
        "postgresql://:correct-horse@/clinics",
        "postgresql://127.0.0.1/clinics?password=correct-horse",
        "postgresql://127.0.0.1/clinics?PASSWORD=correct-horse",
        "postgresql://127.0.0.1/clinics?sslpassword=correct-horse&schema=north",
        "postgresql://desk:correct-horse/x@127.0.0.1/clinics",
        "postgresql://desk:correct-horse#x@127.0.0.1/clinics",
        "postgresql://desk:correct-horse?x@127.0.0.1/clinics",
        "postgresql://desk:correct-horse[x@127.0.0.1/clinics",
    ],
)
@pytest.mark.parametrize(
    "command",
    [("book", "P1", "MEHTA"), ("batch", "-"), ("health",), ("db", "info"), ("init",), ("db", "check"), ("nonsense",)],
)
def test_a_password_in_the_url_is_refused_and_not_repeated(
    run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, url: str, command: tuple[str, ...]
) -> None:
    monkeypatch.setenv("CLINICCTL_LOG", str(tmp_path / "log.jsonl"))
    for given in ("argument", "environment"):
        args = ("--db", url) if given == "argument" else ()
        monkeypatch.setenv("CLINICCTL_DB", "" if given == "argument" else url)
        for form in ((), ("--json",)):
            answer = run(*command, *args, *form, stdin="day\n")
            assert answer.status == 2, (given, answer)
            assert "horse" not in answer.stdout + answer.stderr + everything_written(tmp_path)


def test_a_password_in_the_url_of_a_copy_is_refused_and_not_repeated(
    served: Served, run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CLINICCTL_LOG", str(tmp_path / "log.jsonl"))
    to = "postgresql://desk:correct-horse@127.0.0.1/clinics?schema=south"
    answer = run("db", "copy", "--to", to, "--yes", json=True, status=2)
    assert "horse" not in answer.stderr + everything_written(tmp_path)


# What this machine has noted.


def test_a_server_without_the_last_write_is_refused_until_a_restore(
    served: Served, run: Run, refused: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    run("db", "backup", str(tmp_path / "backup.db"), status=0)
    (before,) = served.rows("SELECT number, hash FROM head")
    run("book", "P1", "MEHTA", "--key", "lost", status=0)
    # The server as an older copy of it would be.
    older = (
        "SET session_replication_role = replica; DELETE FROM journal WHERE number > {0};"
        "DELETE FROM journal_steps WHERE journal_number > {0}; DELETE FROM appointments; DELETE FROM held_slots;"
        "UPDATE head SET number = {0}, hash = '{1}'"
    )
    served.rows(older.format(*before))
    for _ in range(2):
        error = refused(10, "damaged_database", "book", "P2", "MEHTA")
        assert (error["details"]["found"], error["details"]["noted"]) == (before[0], before[0] + 1)
    (line,) = answers(run("batch", "-", stdin="book P2 MEHTA\n", status=3).stdout)
    assert (line["exit_code"], line["error"]["code"]) == (10, "damaged_database")
    # Another desk, which does not know better, writes something else at that number.
    with monkeypatch.context() as other:
        other.setenv("XDG_STATE_HOME", str(tmp_path / "other"))
        run("book", "P2", "MEHTA", "--key", "other", status=0)
    error = refused(10, "damaged_database", "book", "P2", "RAO")
    assert error["details"]["found"] == before[0] + 1
    # Whoever has decided what is to hold from now on restores it, here from another machine.
    with monkeypatch.context() as other:
        other.setenv("XDG_STATE_HOME", str(tmp_path / "other"))
        run("db", "restore", str(tmp_path / "backup.db"), "--yes", status=0)
    run("book", "P2", "RAO", "--key", "after", status=0)
    run("book", "P1", "RAO", status=0)


def test_what_is_on_a_server_that_fell_behind_can_be_accepted(served: Served, run: Run, tmp_path: Path) -> None:
    run("book", "P1", "MEHTA", status=0)
    (note,) = (tmp_path / "state" / "clinicctl").glob("*.json")
    noted = json.loads(note.read_text())
    noted["head"]["number"] += 5
    note.write_text(json.dumps(noted))
    hint = run("book", "P2", "MEHTA", json=True, status=10).error["hint"]
    assert "db backup" in hint
    run("day", status=0)
    run("db", "backup", str(tmp_path / "as-it-is.db"), status=0)
    run("db", "restore", str(tmp_path / "as-it-is.db"), "--yes", status=0)
    run("book", "P2", "MEHTA", status=0)


def test_a_note_that_cannot_be_read_or_written_is_no_error(served: Served, run: Run, tmp_path: Path) -> None:
    (note,) = (tmp_path / "state" / "clinicctl").glob("*.json")
    note.write_text("no JSON")
    run("book", "P1", "MEHTA", status=0)
    note.unlink()
    note.mkdir()
    run("book", "P2", "MEHTA", status=0)


def test_clinics_of_two_services_have_notes_of_their_own(
    served: Served, run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    base = f"host=127.0.0.1\nport={served.server.port}\nuser=postgres"
    services = tmp_path / "services"
    services.write_text(f"[north]\n{base}\ndbname=clinics\n[south]\n{base}\ndbname=postgres\n")
    monkeypatch.setenv("PGSERVICEFILE", str(services))
    north, south = (f"postgresql:///?service={each}&schema={served.schema}" for each in ("north", "south"))
    run("init", "--db", south, "--timezone", "UTC", "--region", "GB", status=0)
    try:
        run("doctor", "add", "A", "Dr. A", "--db", south, status=0)
        for _ in range(2):
            run("doctor", "edit", "MEHTA", "--capacity", "9", "--db", north, status=0)
            run("doctor", "edit", "A", "--capacity", "9", "--db", south, status=0)
        monkeypatch.setenv("CLINICCTL_DB", f"postgresql:///?schema={served.schema}")
        for service in ("north", "south", "north"):
            monkeypatch.setenv("PGSERVICE", service)
            run("config", "capacity", "12", status=0)
        assert "service=north" in run("day", "--db", f"{north}x", json=True, status=10).stderr
    finally:
        served.server.psql(f"DROP SCHEMA {served.schema} CASCADE", database="postgres")

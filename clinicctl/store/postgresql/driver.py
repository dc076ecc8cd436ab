"""Provide psycopg, and connections that speak the stored forms of `clinicctl.store.values`.

No other module imports psycopg.
"""

import os
from collections.abc import Iterator
from contextlib import closing, contextmanager
from typing import Any

from clinicctl import clock, errors, interrupts
from clinicctl.store.postgresql.address import Address, read

# The function in C notices a signal only when nothing interrupts its wait for a tenth of a second.
os.environ.setdefault("PSYCOPG_WAIT_FUNC", "wait_select")
try:
    import psycopg
except ImportError:
    raise errors.NoDriver from None
from psycopg import pq
from psycopg.abc import Buffer
from psycopg.adapt import Dumper, Loader

__all__ = ["Connection", "Cursor", "connect", "doctor_codes", "pq", "psycopg", "search_path"]

Connection = psycopg.Connection[tuple[Any, ...]]
Cursor = psycopg.Cursor[tuple[Any, ...]]

_ASK_AGAIN = 0.2
"""Seconds between two attempts to connect."""

_WRONG = (
    "password",
    "authentication",
    "no pg_hba.conf entry",
    "certificate",
    "does not support SSL",
    "does not exist",
    "definition of service",
    "service file",
)
"""What is in the messages of attempts to connect that would fail again. libpq gives no code for them."""


class _IdLoader(Loader):
    def load(self, data: Buffer) -> str:
        return bytes(data).replace(b"-", b"").decode()


class _InstantLoader(Loader):
    """Reads an instant in UTC, such as `2026-01-31 23:59:59.5+00`."""

    def load(self, data: Buffer) -> str:
        whole, _, part = bytes(data).decode().removesuffix("+00").partition(".")
        return f"{whole}.{part:0<6}"


class _TimeLoader(Loader):
    def load(self, data: Buffer) -> str:
        whole, _, part = bytes(data).decode().partition(".")
        return f"{whole}.{part:0<6}"


class _DateLoader(Loader):
    def load(self, data: Buffer) -> str:
        return bytes(data).decode()


class _BoolLoader(Loader):
    def load(self, data: Buffer) -> int:
        return int(bytes(data) == b"t")


class _IntDumper(Dumper):
    """Sends an integer without a type, so that the server takes that of the column: a truth value, for example."""

    def dump(self, obj: int) -> bytes:
        return str(obj).encode()


def connect(address: Address, *, wait: float) -> Connection:
    """Connect to the server; try again within `wait` seconds.

    Refuses with `Unreachable`, or with `NotConnected` when another attempt would fail in the same way.
    """
    end = clock.ticks() + wait
    while True:
        left = max(end - clock.ticks(), 0.0)
        try:
            with _verified_tls(address), interrupts.Waiting(max(left, 2.0)):
                connection = psycopg.connect(address.url, autocommit=True, prepare_threshold=None)
        except interrupts.Elapsed:
            raise errors.Unreachable(path=address.place, reason="the server did not answer in time") from None
        except psycopg.ProgrammingError as error:
            raise errors.BadValue(problem=f"db: {_sentence(error)}.") from None
        except (psycopg.Error, OSError) as error:
            reason = _sentence(error)
            if any(each in reason for each in _WRONG):
                raise errors.NotConnected(path=address.place, reason=reason) from None
            if clock.ticks() + _ASK_AGAIN > end:
                raise errors.Unreachable(path=address.place, reason=reason) from None
            with interrupts.Waiting():
                clock.pause(_ASK_AGAIN)
            continue
        return _adapted(connection)


@contextmanager
def _verified_tls(address: Address) -> Iterator[None]:
    """Let libpq verify the certificate of a server on another machine.

    The setting is in the environment, where it is weaker than one in the URL or in a service file.
    """
    if address.is_local or "PGSSLMODE" in os.environ:
        yield
        return
    os.environ["PGSSLMODE"] = "verify-full"
    try:
        yield
    finally:
        del os.environ["PGSSLMODE"]


def _adapted(connection: Connection) -> Connection:
    adapters = connection.adapters
    loaders: dict[str, type[Loader]] = {
        "uuid": _IdLoader,
        "timestamptz": _InstantLoader,
        "time": _TimeLoader,
        "date": _DateLoader,
        "bool": _BoolLoader,
    }
    for name, loader in loaders.items():
        adapters.register_loader(name, loader)
    adapters.register_dumper(int, _IntDumper)
    return connection


def _sentence(error: BaseException) -> str:
    """Return the first reason in a message of libpq."""
    lines = [line.strip("- ") for line in str(error).splitlines()]
    reasons = [
        line for line in lines if line and not line.startswith(("Multiple connection attempts", "Is the server"))
    ]
    return reasons[0].removeprefix("connection failed: ").rstrip("?.") if reasons else type(error).__name__


def search_path(schema: str) -> str:
    """Return the setting by which names mean those of the clinic's schema."""
    return f'SET LOCAL search_path = "{schema}", pg_catalog'


_CODES = "SELECT code FROM doctors WHERE archived_at IS NULL ORDER BY code"


def doctor_codes(place: str) -> list[str]:
    """Return the codes of the active doctors, for completion.

    The list is empty if the database cannot be read.
    """
    try:
        address = read(place)
        with closing(connect(address, wait=0.2)) as connection:
            cursor = connection.execute(f"BEGIN READ ONLY; {search_path(address.schema)}; {_CODES}")
            while cursor.nextset():
                pass
            return [code for (code,) in cursor.fetchall()]
    except (psycopg.Error, errors.Refusal):
        return []

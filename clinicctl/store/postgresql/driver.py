"""Provide psycopg, and connections that speak the stored forms of `clinicctl.store.values`.

No other module imports psycopg.
"""

import logging
import os
import re
from collections.abc import Iterator
from contextlib import closing, contextmanager
from typing import Any

from clinicctl import clock, errors, interrupts
from clinicctl.store.postgresql.address import Address, read

# The function in C notices a signal only when nothing interrupts its wait for a tenth of a second.
os.environ["PSYCOPG_WAIT_FUNC"] = "wait_poll"
try:
    import psycopg
except ImportError:
    raise errors.NoDriver from None
from psycopg import pq
from psycopg.abc import Buffer
from psycopg.adapt import Dumper, Loader, PyFormat, Transformer
from psycopg.conninfo import make_conninfo

__all__ = [
    "Connection",
    "PyFormat",
    "Transformer",
    "connect",
    "doctor_codes",
    "is_local",
    "pq",
    "psycopg",
    "search_path",
]

# What psycopg logs has the server's texts, and so values. Without a handler Python prints it.
logging.getLogger("psycopg").addHandler(logging.NullHandler())

Connection = psycopg.Connection[tuple[Any, ...]]

_ASK_AGAIN = 0.2
"""Seconds between two attempts to connect."""
_EACH, _LEAST = 5, 2
"""Seconds for the answer of one of the addresses of a server; the least number that libpq knows."""

_DEFAULTS = {
    # A network that is cut off, or a machine that is gone, is noticed within half a minute.
    "keepalives_idle": "10",
    "keepalives_interval": "5",
    "keepalives_count": "3",
    "tcp_user_timeout": "25000",
}
"""Parameters of libpq, unless the URL or a service gives others."""

_WRONG = (
    "password",
    "authentication",
    "channel binding",
    "no pg_hba.conf entry",
    "pg_hba.conf rejects",
    "certificate",
    "does not support ssl",
    "is not permitted to log in",
    "permission denied",
    "does not exist",
    "no such database",
    "no such user",
    "unrecognized configuration parameter",
    "unsupported startup parameter",
    "invalid ",
    "definition of service",
    "service file",
)
"""What is in the messages of attempts to connect that would fail again. libpq gives no code for them."""
_ATTEMPT = re.compile(r"- host: .*?, port: .*?, hostaddr: .*?: (?=connection )")
_BEFORE = re.compile(r"connection (?:failed|is bad): ")
_SERVER_SAYS = re.compile(r"connection to server (?:at|on socket) .*? failed: ")
_NAMES = re.compile(r"\"[^\"]*\"|'[^']*'")
_UNKNOWN = re.compile(r'invalid URI query parameter: "(\w+)"\s*')
_LOCAL = re.compile(r"localhost|127(\.[0-9]+){3}|::1|[/@].*|")
"""The loopback interface or a socket."""


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
    parameters = _parameters(address)
    while True:
        left = max(end - clock.ticks(), 0.0)
        try:
            return _adapted(_connected(address, parameters, left))
        except interrupts.Elapsed:
            raise errors.Unreachable(path=address.place, reason="the server did not answer in time") from None
        except (psycopg.Error, OSError) as error:
            reasons = _reasons(error)
            if all(map(_would_fail_again, reasons)):
                raise errors.NotConnected(path=address.place, reason=reasons[0]) from None
            if clock.ticks() + _ASK_AGAIN > end:
                reason = next(filter(_would_fail_again, reasons), reasons[0])
                raise errors.Unreachable(path=address.place, reason=reason) from None
            with interrupts.Waiting():
                clock.pause(_ASK_AGAIN)


@contextmanager
def _environment(name: str, value: str | None) -> Iterator[None]:
    """Set a variable of the environment meanwhile, unless the value is None."""
    before = os.environ.get(name)
    if value is not None:
        os.environ[name] = value
    try:
        yield
    finally:
        if value is not None:
            os.environ.pop(name)
            if before is not None:
                os.environ[name] = before


def _parameters(address: Address) -> dict[str, str]:
    """Return libpq's parameters.

    They are those of the URL, else of a service, else of the environment, else its own.
    """
    try:
        listed = pq.Conninfo.parse(address.url.encode())
    except psycopg.Error as error:
        found = _UNKNOWN.fullmatch(str(error))
        problem = f"unknown parameter {found[1]} in the URL" if found else "the URL cannot be read"
        raise errors.BadValue(problem=f"db: {problem}.") from None
    given = _with_values(listed)
    with _environment("PGSERVICE", given.get("service")):
        return _with_values(pq.Conninfo.get_defaults()) | given


def _with_values(options: list[pq.ConninfoOption]) -> dict[str, str]:
    return {each.keyword.decode(): os.fsdecode(each.val) for each in options if each.val}


def _connected(address: Address, parameters: dict[str, str], left: float) -> Connection:
    """Return a connection to the first of the hosts that has what is asked for.

    The hosts may come from a service, whose later ones psycopg would not try when an earlier one is silent. In the
    environment `verify-full` is weaker than in the URL and in a service file.
    """
    hosts = _hosts(parameters)
    each = _EACH if left >= _EACH * len(hosts) else _LEAST
    wanted: dict[str, Any] = {**_DEFAULTS, "connect_timeout": each}
    wanted = {name: value for name, value in wanted.items() if name not in parameters}
    wanted |= {name: parameters[name] for name in ("host", "hostaddr", "port") if name in parameters}
    url = make_conninfo(address.url, client_encoding="utf8", **wanted)
    verified = "verify-full" if not _are_local(hosts) and "PGSSLMODE" not in os.environ else None
    with _environment("PGSSLMODE", verified), interrupts.Waiting(max(left, float(_LEAST * len(hosts)))):
        return psycopg.connect(url, autocommit=True, prepare_threshold=None)


def is_local(address: Address) -> bool:
    """Return whether nothing of a connection crosses a network."""
    return _are_local(_hosts(_parameters(address)))


def _hosts(parameters: dict[str, str]) -> list[str]:
    return (parameters.get("hostaddr") or parameters.get("host", "")).split(",")


def _are_local(hosts: list[str]) -> bool:
    return all(map(_LOCAL.fullmatch, hosts))


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


def _reasons(error: BaseException) -> list[str]:
    """Return the reason of each attempt in a message of psycopg, the last one first."""
    lines = str(error).splitlines()
    attempts = [_ATTEMPT.sub("", line, count=1) for line in reversed(lines) if _ATTEMPT.match(line)] or lines[:1]
    return [_BEFORE.sub("", each, count=1).rstrip("?. ") for each in attempts] or [type(error).__name__]


def _would_fail_again(reason: str) -> bool:
    """Return whether another attempt would fail in the same way.

    Names in the message tell nothing about that.
    """
    message = _NAMES.sub("", _SERVER_SAYS.sub("", reason, count=1)).casefold()
    return any(each in message for each in _WRONG)


def search_path(schema: str) -> str:
    """Return the setting by which names mean those of the clinic's schema.

    Those of the server come first, so that nobody can put a function of another meaning before them.
    """
    return f'SET LOCAL search_path = "{schema}", pg_temp'


_CODES = (
    "SELECT code FROM doctors WHERE archived_at IS NULL"
    " AND (NOT EXISTS (SELECT 1 FROM users) OR EXISTS (SELECT 1 FROM users WHERE name = session_user)) ORDER BY code"
)


def doctor_codes(place: str) -> list[str]:
    """Return the codes of the active doctors, for completion.

    The list is empty if the database cannot be read, and for a role that is no user of a clinic with users.
    """
    try:
        address = read(place)
        with closing(connect(address, wait=_ASK_AGAIN)) as connection, interrupts.Waiting(float(_LEAST)):
            cursor = connection.execute(f"BEGIN READ ONLY; {search_path(address.schema)}; {_CODES}")
            while cursor.nextset():
                pass
            return [code for (code,) in cursor.fetchall()]
    except (psycopg.Error, errors.Refusal, interrupts.Elapsed):
        return []

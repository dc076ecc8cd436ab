"""Translate the server's errors into refusals.

Until COMMIT is sent, nothing of a transaction is written. From then on its outcome is unknown, unless the server says
that it has rolled it back. The server's texts are not shown: they contain values and are in its own language.
"""

from collections.abc import Iterator
from contextlib import contextmanager

from clinicctl import errors, interrupts
from clinicctl.store.db_errors import REFUSALS
from clinicctl.store.postgresql.address import Address
from clinicctl.store.postgresql.driver import psycopg
from clinicctl.store.values import Unreadable

OVERTAKEN = {
    "40001": "serialization failure",
    "40P01": "deadlock",
    "25P03": "idle for too long",
    "25P04": "it took too long",
}
_LOST = {
    "57P01": "the server is shutting down",
    "57P02": "the server has crashed",
    "57P03": "the server is starting",
    "57P04": "the database is gone",
    "57P05": "idle for too long",
    "53000": "the server has no resources left",
    "53200": "the server has no memory left",
    "53300": "the server has too many connections",
    "53400": "a limit of the server is reached",
}
_DAMAGED = {
    "42P01": "a table is missing",
    "3F000": "the schema is missing",
    "42703": "a column is missing",
    "XX001": "damaged data",
    "XX002": "a damaged index",
}
CUT = "the connection was lost"


@contextmanager
def translated(address: Address, wait: float) -> Iterator[None]:
    """Translate errors that a user can act on into refusals; let other errors pass."""
    try:
        yield
    except psycopg.Error as error:
        refused = refusal(first(error), address, wait)
        if refused is None:
            raise
        raise refused from None
    except interrupts.Elapsed:
        raise errors.Unreachable(path=address.place, reason="the server did not answer in time") from None
    except Unreadable as unreadable:
        raise errors.Damaged(path=address.place, reason=str(unreadable)) from None


def first(error: psycopg.Error) -> psycopg.Error:
    """Return the error that made the server skip the rest of a pipeline."""
    while isinstance(error, psycopg.errors.PipelineAborted) and isinstance(error.__context__, psycopg.Error):
        error = error.__context__
    return error


def is_passing(error: psycopg.Error) -> bool:
    """Return whether the first trip may succeed when it is tried again."""
    state = first(error).sqlstate
    if state is None:
        return isinstance(error, psycopg.OperationalError)
    return state in OVERTAKEN or state in _LOST or state.startswith("08")


def refusal(error: psycopg.Error, address: Address, wait: float) -> errors.Refusal | None:
    """Return the refusal for an error before COMMIT; None for a bug."""
    place, state = address.place, error.sqlstate
    if state is None:
        lost = isinstance(error, psycopg.OperationalError)
        return errors.Unreachable(path=place, reason=CUT) if lost else None
    if state.startswith("23"):
        refused = REFUSALS.get(error.diag.constraint_name or "")
        return refused() if refused else None
    return _of_state(state, place, wait)


def _of_state(state: str, place: str, wait: float) -> errors.Refusal | None:
    match state:
        case "55P03":
            return errors.Busy(wait=wait)
        case "57014":
            return errors.Ended(reason="a statement was cancelled, or took too long")
        case _ if state in OVERTAKEN:
            return errors.Overtaken(reason=OVERTAKEN[state])
        case _ if state in _LOST or state.startswith("08"):
            return errors.Unreachable(path=place, reason=_LOST.get(state, CUT))
        case "53100":
            return errors.DiskFull(path=place)
        case _ if state.startswith("58"):
            return errors.IOFailed(
                path=place, reason=f"the server cannot read or write its files ({state}). Nothing was written"
            )
        case "25006":
            return errors.ReadOnly(path=place, reason="the server is a standby, or read-only")
        case "42501":
            return errors.NoRight(path=place, reason="the role has no right to do this")
        case _ if state in _DAMAGED:
            return errors.Damaged(path=place, reason=f"{_DAMAGED[state]} ({state})")
    return None


def is_rolled_back(error: psycopg.Error) -> bool:
    """Return whether an error of the last trip proves that nothing was committed.

    The server has refused a statement before COMMIT, or it has chosen the transaction as a victim. That a transaction
    took too long, it may say after the commit.
    """
    state = error.sqlstate
    proves = OVERTAKEN.keys() - {"25P04"} | {"55P03"}
    return state is not None and (state in proves or state[:2] in ("22", "23", "42"))


def reason_of(error: Exception) -> str:
    """Return the kind of an error, without the server's text."""
    state = error.sqlstate if isinstance(error, psycopg.Error) else None
    if state is None:
        return CUT if isinstance(error, psycopg.OperationalError) else type(error).__name__
    return _LOST.get(state, f"SQLSTATE {state}")

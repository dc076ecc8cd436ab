"""PINs of users, kept as scrypt hashes with their parameters. They are checked outside of any transaction."""

import hashlib
import hmac
import re
import secrets
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

from clinicctl import errors
from clinicctl.rules.fingerprints import Digested
from clinicctl.store.compiled import users
from clinicctl.store.engine import Tx

COST, BLOCK, PARALLEL = 1 << 15, 8, 3
"""The parameters of scrypt: 32 MiB of memory, and about 0.2 s. Each hash has those with which it was made."""
MOST_WRONG = 5
LOCKED = timedelta(minutes=15)
"""After so many wrong PINs within this time, and no right one, none is accepted for this time."""

_PIN = re.compile(r"[0-9]{4,12}")
_STORED = re.compile(r"scrypt\$([0-9]{1,8})\$([0-9]{1,3})\$([0-9]{1,3})\$([0-9a-f]{32})\$([0-9a-f]{64})")


@dataclass(frozen=True, slots=True, repr=False)
class NewPin(Digested):
    """The hash of a new PIN. It is no part of the request, because each hash of a PIN is another one."""

    stored: str

    def digest_value(self, today: date, order: str) -> Any:  # noqa: ARG002 - the same on every day
        return "pin"


def new(pin: str) -> NewPin:
    """Return the hash of a PIN. Refuses all but 4 to 12 digits."""
    if not _PIN.fullmatch(pin):
        raise errors.BadValue(problem="A PIN has 4 to 12 digits.")
    salt = secrets.token_bytes(16)
    made = _hash(pin, salt, COST, BLOCK, PARALLEL)
    return NewPin(f"scrypt${COST}${BLOCK}${PARALLEL}${salt.hex()}${made.hex()}")


def matches(pin: str, stored: str) -> bool:
    """Return whether a PIN is that of a stored hash.

    A hash of another kind matches none.
    """
    found = _STORED.fullmatch(stored)
    if found is None or not _PIN.fullmatch(pin):
        return False
    cost, block, parallel = map(int, found.groups()[:3])
    try:
        made = _hash(pin, bytes.fromhex(found[4]), cost, block, parallel)
    except ValueError:
        return False
    return hmac.compare_digest(made, bytes.fromhex(found[5]))


def find(tx: Tx, *, name: str, typed: str | None = None) -> str | None:
    """Return the stored hash of a user, or None.

    Refuses while the user is locked, unless the PIN of this hash was `typed`: wrong PINs at another terminal do not end
    the work at this one.
    """
    row = users.by_name(tx, name=name)
    if row is None or row.pin is None or row.pin == typed:
        return row.pin if row is not None else None
    if row.wrong_at is not None and row.wrong_pins >= MOST_WRONG and (until := row.wrong_at + LOCKED) > tx.now:
        raise errors.PinLocked(command="--actor", role=row.role, needed=[row.role], until=f"{tx.local(until):%H:%M}")
    return row.pin


def begin_try(tx: Tx, *, name: str) -> str | None:
    """Count a try as wrong, and return the hash to check it by.

    It is counted first, because other terminals may try at the same time. Refuses while the user is locked.
    """
    stored = find(tx, name=name)
    users.count_wrong_pin(tx, since=tx.now - LOCKED, now=tx.now, user=name)
    return stored


def accept(tx: Tx, *, name: str) -> None:
    """Forget the tries of a user, because the last one was right."""
    users.forget_wrong_pins(tx, user=name)


def _hash(pin: str, salt: bytes, cost: int, block: int, parallel: int) -> bytes:
    memory = 128 * cost * block * parallel + (1 << 20)
    return hashlib.scrypt(pin.encode(), salt=salt, n=cost, r=block, p=parallel, maxmem=memory, dklen=32)

"""Store results in the journal, and rebuild them for a replay.

Personal fields are not stored. A replay reads them from their rows, so an erased name stays erased.
"""

import base64
import json
import zlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import MISSING, Field, fields, is_dataclass, replace
from datetime import date, time
from enum import StrEnum
from functools import cache
from itertools import accumulate, chain, starmap
from operator import sub
from types import NoneType, UnionType
from typing import Any, Union, get_args, get_origin, get_type_hints
from uuid import UUID

from clinicctl import errors
from clinicctl.desk import candidates, lookup, patients
from clinicctl.results.base import fields_of, plain, stored_class, stored_name
from clinicctl.rules.messages import parse_key
from clinicctl.rules.references import AppointmentRef, DoctorRef, PatientRef
from clinicctl.store.compiled import journal as stored_journal
from clinicctl.store.engine import Tx

_MANY = 10
"""The days of a list that are stored as they are. More are compressed: a leave of a year is one answer."""


def stored(result: Any) -> dict[str, Any]:
    """Return a result, or a list of results of one type, as the journal stores it."""
    listed = isinstance(result, list)
    each = result[0] if listed and result else result
    of_a_class = is_dataclass(each)
    packed = _packed(each) if of_a_class and not listed else {}
    short = replace(each, **dict.fromkeys(packed, ())) if packed else result
    outcome = plain(short, personal=False)
    found = {
        "type": stored_name(type(each)) if of_a_class else None,
        "listed": listed,
        "result": outcome | packed if packed else outcome,
    }
    if of_a_class and listed and len(result) > _MANY and hasattr(each, "doctor"):
        return found | {"result": _by_doctor(outcome), "packed": _pack(outcome)}
    return found


def _by_doctor(outcome: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """Return the doctors in a long list of days, and the cancelled patients.

    Others look for these.
    """
    found: dict[str, list[Any]] = {}
    for each in outcome:
        found.setdefault(each["doctor"], []).extend(each["cancelled"])
    return [{"doctor": code, "cancelled": people} for code, people in found.items()]


def read(tx: Tx, text: str, *, of: int) -> dict[str, Any]:
    """Return the stored outcome of a write. Refuses invalid JSON with `Damaged`."""
    try:
        outcome = json.loads(text)
    except ValueError:
        outcome = None
    if not isinstance(outcome, dict):
        raise errors.Damaged(path=tx.place, reason=f"the outcome of write {of} in the journal cannot be read")
    return outcome


def result(tx: Tx, outcome: Mapping[str, Any]) -> Any:
    """Return the result of a stored outcome, with current personal fields."""
    if outcome["type"] is None:
        return outcome["result"]
    kind = stored_class(outcome["type"])
    if outcome["listed"]:
        rows = _unpack(outcome["packed"]) if "packed" in outcome else outcome["result"]
        return [_rebuild(tx, kind, each) for each in rows]
    return _rebuild(tx, kind, outcome["result"])


def _rebuild(tx: Tx, kind: type, stored_fields: Mapping[str, Any]) -> Any:
    values = {
        name: _value(tx, hint, stored_fields[name]) for name, hint in _hints(kind).items() if name in stored_fields
    }
    missing = [each.name for each in fields(kind) if each.name not in stored_fields and _is_read_again(each)]
    if missing:
        personal = _PERSONAL[stored_name(kind)](tx, values)
        values |= {name: personal.get(name) for name in missing}
    return kind(**values)


def _is_read_again(field: Field[Any]) -> bool:
    """Return whether a missing field is read from its row.

    These are personal fields, and fields that older versions did not have.
    """
    return bool(field.metadata.get("personal")) or (field.default is MISSING and field.default_factory is MISSING)


def _value(tx: Tx, hint: Any, value: Any) -> Any:
    if get_origin(hint) in (Union, UnionType):
        if value is None:
            return None
        (hint,) = (each for each in get_args(hint) if each is not NoneType)
    if get_origin(hint) is tuple:
        if isinstance(value, str):
            return _unpacked(tx, get_args(hint)[0], value)
        return tuple(_value(tx, get_args(hint)[0], each) for each in value)
    if is_dataclass(hint):
        return _rebuild(tx, hint, value)  # type: ignore[arg-type]
    if isinstance(hint, type) and issubclass(hint, date | time):
        return hint.fromisoformat(value)
    if isinstance(hint, type) and issubclass(hint, UUID | StrEnum):
        return hint(value)
    return value


def _packed(result: Any) -> dict[str, str]:
    """Return the fields with named tuples, compressed by columns.

    There may be very many of them.
    """
    found = {name: getattr(result, name) for name in _tuples(type(result))}  # type: ignore[arg-type]
    return {name: pack(rows) for name, rows in found.items() if rows and hasattr(rows[0], "_fields")}


def pack(rows: Sequence[Sequence[Any]]) -> str:
    """Return rows of equal length as one compressed text."""
    return _pack([_column(each) for each in zip(*rows, strict=True)])


def unpack(text: str) -> list[tuple[Any, ...]]:
    """Return the rows that `pack` packed, with JSON values.

    Raises ValueError for any other text.
    """
    try:
        columns = _unpack(text)
    except zlib.error as error:
        raise ValueError("not packed rows") from error
    values = [
        accumulate(steps) if known is None else map(known.__getitem__, accumulate(steps)) for known, steps in columns
    ]
    return list(zip(*values, strict=True))


def _column(values: Sequence[Any]) -> tuple[list[Any] | None, list[int]]:
    """Return the distinct values of a column, and the steps between their indexes.

    Each row has the difference between its index and that of the row before. A column of whole numbers has no list of
    values, only the differences between the numbers.
    """
    known: dict[Any, int] = {}
    numbers = all(type(value) is int for value in values)
    places = values if numbers else [known.setdefault(value, len(known)) for value in values]
    return None if numbers else plain(list(known)), list(map(sub, places, chain((0,), places)))


def _pack(value: Any) -> str:
    text = json.dumps(value, ensure_ascii=False, separators=(",", ":"))
    return base64.b64encode(zlib.compress(text.encode(), 1)).decode("ascii")


def _unpack(text: str) -> Any:
    return json.loads(zlib.decompress(base64.b64decode(text)))


def _unpacked(tx: Tx, kind: Any, value: str) -> tuple[Any, ...]:
    columns = _unpack(value)
    hints = get_type_hints(kind).values()
    values = [
        accumulate(steps)
        if known is None
        else map([_value(tx, hint, each) for each in known].__getitem__, accumulate(steps))
        # Columns that older versions did not write get their defaults.
        for hint, (known, steps) in zip(hints, columns, strict=False)
    ]
    return tuple(starmap(kind, zip(*values, strict=True)))


@cache
def _hints(kind: type) -> dict[str, Any]:
    return get_type_hints(kind)


def _patient(tx: Tx, values: Mapping[str, Any]) -> dict[str, Any]:
    row = lookup.get_patient(tx, PatientRef(values["number"]))
    return fields_of(patients.describe(tx, row)) if row is not None else {}


def _registered(tx: Tx, values: Mapping[str, Any]) -> dict[str, Any]:
    return {"shares_phone_with_count": len(values["shares_phone_with"])} | _patient(tx, values)


def _candidate(tx: Tx, values: Mapping[str, Any]) -> dict[str, Any]:
    row = lookup.get_patient(tx, PatientRef(values["number"]))
    return candidates.of_patients(tx, [row])[0] if row is not None else {}


def _doctor(tx: Tx, values: Mapping[str, Any]) -> dict[str, Any]:
    return {"name": lookup.find_doctor(tx, DoctorRef(values["code"])).name}


def _appointment(tx: Tx, values: Mapping[str, Any]) -> dict[str, Any]:
    row = lookup.find_appointment(tx, AppointmentRef(values["number"]))
    return {"reason": row.reason, "cancel_reason": row.cancel_reason}


def _cancelled_appointment(tx: Tx, values: Mapping[str, Any]) -> dict[str, Any]:
    row = lookup.find_appointment(tx, AppointmentRef(values["number"]))
    return {"reason": row.reason, "cancel_reason": row.cancel_reason, "phone": row.patient_phone}


def _to_call(tx: Tx, values: Mapping[str, Any]) -> dict[str, Any]:
    row = lookup.find_appointment(tx, AppointmentRef(values["appointment"]))
    return {"name": row.patient_name, "phone": row.patient_phone}


def _outgoing(tx: Tx, values: Mapping[str, Any]) -> Mapping[str, Any]:
    from clinicctl.desk import outbox  # Deferred: it needs the journal, which needs this module.

    return outbox.texts_again(tx, parse_key(values["id"]))


def _message(tx: Tx, values: Mapping[str, Any]) -> Mapping[str, Any]:
    from clinicctl.desk import outbox  # Deferred, as above.

    return outbox.answers_again(tx, parse_key(values["id"]))


def _day(tx: Tx, values: Mapping[str, Any]) -> dict[str, Any]:
    return {"note": stored_journal.note(tx, doctor=values["doctor"], on=values["date"])}


@cache
def _tuples(kind: type) -> tuple[str, ...]:
    return tuple(each.name for each in fields(kind) if get_origin(each.type) is tuple)


_PERSONAL: dict[str, Callable[[Tx, Mapping[str, Any]], Mapping[str, Any]]] = {
    "Patient": _patient,
    "Registered": _registered,
    "Edited": _patient,
    "Candidate": _candidate,
    "PatientBrief": _patient,
    "Doctor": _doctor,
    "DoctorBrief": _doctor,
    "Appointment": _appointment,
    "Booked": _appointment,
    "Cancelled": _appointment,
    "CancelledAppointment": _cancelled_appointment,
    "ToCall": _to_call,
    "Moved": _to_call,
    "Day": _day,
    "OutgoingMessage": _outgoing,
    "OutboxMessage": _message,
}

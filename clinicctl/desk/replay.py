"""What the journal keeps of a result, and how it becomes the same result again.

Kept is what is not personal. What is, is read from the row it belongs to when the answer is given again; so an erased
name stays erased.
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
from clinicctl.results.base import plain, stored_class, stored_name
from clinicctl.rules.references import AppointmentRef, DoctorRef, PatientRef
from clinicctl.store.compiled import journal as stored_journal
from clinicctl.store.engine import Tx


def stored(result: Any) -> dict[str, Any]:
    """Return a result, or a list of results of one type, as the journal keeps it."""
    listed = isinstance(result, list)
    each = result[0] if listed and result else result
    of_a_class = is_dataclass(each)
    packed = _packed(each) if of_a_class and not listed else {}
    short = replace(each, **dict.fromkeys(packed, ())) if packed else result
    kept = plain(short, personal=False)
    return {
        "type": stored_name(type(each)) if of_a_class else None,
        "listed": listed,
        "result": kept | packed if packed else kept,
    }


def read(tx: Tx, text: str, *, of: int) -> dict[str, Any]:
    """Return what the journal keeps of a write as JSON. Refuses what is none with `Damaged`."""
    try:
        kept = json.loads(text)
    except ValueError:
        kept = None
    if not isinstance(kept, dict):
        raise errors.Damaged(path=tx.path, reason=f"what write {of} of the journal keeps cannot be read")
    return kept


def result(tx: Tx, kept: Mapping[str, Any]) -> Any:
    """Return the result that `stored` kept, its personal facts as they stand now."""
    if kept["type"] is None:
        return kept["result"]
    kind = stored_class(kept["type"])
    if kept["listed"]:
        return [_revived(tx, kind, each) for each in kept["result"]]
    return _revived(tx, kind, kept["result"])


def _revived(tx: Tx, kind: type, kept: Mapping[str, Any]) -> Any:
    values = {name: _value(tx, hint, kept[name]) for name, hint in _hints(kind).items() if name in kept}
    missing = [each.name for each in fields(kind) if each.name not in kept and _to_be_read(each)]
    if missing:
        personal = _PERSONAL[stored_name(kind)](tx, values)
        values |= {name: personal.get(name) for name in missing}
    return kind(**values)


def _to_be_read(field: Field[Any]) -> bool:
    """Whether a field that was not kept is read again: a personal one, or one that older versions did not have."""
    return bool(field.metadata.get("personal")) or (field.default is MISSING and field.default_factory is MISSING)


def _value(tx: Tx, hint: Any, kept: Any) -> Any:
    if get_origin(hint) in (Union, UnionType):
        if kept is None:
            return None
        (hint,) = (each for each in get_args(hint) if each is not NoneType)
    if get_origin(hint) is tuple:
        if isinstance(kept, str):
            return _unpacked(tx, get_args(hint)[0], kept)
        return tuple(_value(tx, get_args(hint)[0], each) for each in kept)
    if is_dataclass(hint):
        return _revived(tx, hint, kept)  # type: ignore[arg-type]
    if isinstance(hint, type) and issubclass(hint, date | time):
        return hint.fromisoformat(kept)
    if isinstance(hint, type) and issubclass(hint, UUID | StrEnum):
        return hint(kept)
    return kept


def _packed(result: Any) -> dict[str, str]:
    """The fields with rows of named tuples, of which there may be very many: compressed, column by column."""
    found = {name: getattr(result, name) for name in _tuples(type(result))}  # type: ignore[arg-type]
    return {name: pack(rows) for name, rows in found.items() if rows and hasattr(rows[0], "_fields")}


def pack(rows: Sequence[Sequence[Any]]) -> str:
    """Return rows of equal length as one compressed text."""
    return _pack([_column(each) for each in zip(*rows, strict=True)])


def unpack(text: str) -> list[tuple[Any, ...]]:
    """Return the rows that `pack` packed, with JSON values. Raises ValueError for any other text."""
    try:
        columns = json.loads(zlib.decompress(base64.b64decode(text)))
    except zlib.error as error:
        raise ValueError("not packed rows") from error
    values = [
        accumulate(steps) if known is None else map(known.__getitem__, accumulate(steps)) for known, steps in columns
    ]
    return list(zip(*values, strict=True))


def _column(values: Sequence[Any]) -> tuple[list[Any] | None, list[int]]:
    """What stands in a column, each once, and at each place how much further on in that list it is than before.

    Of a column of whole numbers, there is no list: each is told by how much it is more than the one before.
    """
    known: dict[Any, int] = {}
    numbers = all(type(value) is int for value in values)
    places = values if numbers else [known.setdefault(value, len(known)) for value in values]
    return None if numbers else plain(list(known)), list(map(sub, places, chain((0,), places)))


def _pack(columns: Any) -> str:
    text = json.dumps(columns, ensure_ascii=False, separators=(",", ":"))
    return base64.b64encode(zlib.compress(text.encode(), 1)).decode("ascii")


def _unpacked(tx: Tx, kind: Any, kept: str) -> tuple[Any, ...]:
    columns = json.loads(zlib.decompress(base64.b64decode(kept)))
    hints = get_type_hints(kind).values()
    values = [
        accumulate(steps)
        if known is None
        else map([_value(tx, hint, each) for each in known].__getitem__, accumulate(steps))
        # Columns that older versions did not write have their defaults.
        for hint, (known, steps) in zip(hints, columns, strict=False)
    ]
    return tuple(starmap(kind, zip(*values, strict=True)))


@cache
def _hints(kind: type) -> dict[str, Any]:
    return get_type_hints(kind)


def _patient(tx: Tx, values: Mapping[str, Any]) -> dict[str, Any]:
    row = lookup.get_patient(tx, PatientRef(values["number"]))
    return plain_fields(patients.describe(tx, row)) if row is not None else {}


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


def _day(tx: Tx, values: Mapping[str, Any]) -> dict[str, Any]:
    return {"note": stored_journal.note(tx, doctor=values["doctor"], on=values["date"])}


def plain_fields(value: Any) -> dict[str, Any]:
    """Return the fields of a result by name, as they are."""
    return {each.name: getattr(value, each.name) for each in fields(value)}


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
    "Day": _day,
}

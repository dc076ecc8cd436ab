"""Make text safe for a terminal: show forbidden characters, and mask phones."""

from collections.abc import Sequence
from dataclasses import fields, is_dataclass, replace
from typing import Any

from clinicctl.rules.text import forbidden


def visible(text: str) -> str:
    """Return a text with control and invisible characters written like `<U+001B>`."""
    if text.isascii() and text.isprintable():
        return text
    return "".join(f"<U+{ord(each):04X}>" if forbidden(text, at) else each for at, each in enumerate(text))


TO_CALL = ("cancelled", "moved")
"""The fields with the patients whose appointments were cancelled or moved."""


def masked(value: Any, *, to_call: bool = False) -> Any:
    """Return a result with every phone as `…123`.

    `to_call` leaves the lists of patients to call unmasked.
    """
    if isinstance(value, list | tuple) and not hasattr(value, "_fields"):
        return _listed(value, to_call=to_call)
    if not is_dataclass(value) or isinstance(value, type):
        return value
    found = {each.name: getattr(value, each.name) for each in fields(value)}
    changes = {
        name: _last_digits(name, each) or masked(each, to_call=to_call)
        for name, each in found.items()
        if _is_phone(name, each)
        or is_dataclass(each)
        or (isinstance(each, tuple) and not (to_call and name in TO_CALL))
    }
    return replace(value, **changes) if changes else value


def _is_phone(name: str, value: Any) -> bool:
    """Return whether a field is a phone.

    A message goes to a phone or to an e-mail address.
    """
    return name == "phone" or (name == "to" and isinstance(value, str) and value.startswith("+"))


def _last_digits(name: str, value: Any) -> Any:
    """Return the masked form of a phone or of several; None for other fields."""
    if value and _is_phone(name, value):
        return f"…{value[-3:]}"
    return tuple(f"…{each[-3:]}" for each in value) if name in ("phones", "former_phones") else None


def _listed(values: Sequence[Any], *, to_call: bool) -> Sequence[Any]:
    """Return masked values.

    Rows of a file are returned as they are, because they have no phones.
    """
    if values and hasattr(values[0], "_fields"):
        return values
    found = [masked(each, to_call=to_call) for each in values]
    return tuple(found) if isinstance(values, tuple) else found

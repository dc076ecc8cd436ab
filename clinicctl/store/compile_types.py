"""Describe Python types, fields and row types for the compiler of queries."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from sqlalchemy import Boolean, Date, Integer, String, Time, Uuid
from sqlalchemy.types import TypeEngine
from sqlmodel import AutoString, UTCDateTime

from clinicctl.store import models
from clinicctl.store.queries import AsStored, ListOf

_CLASHES = frozenset(dir(tuple))


class Kind(NamedTuple):
    """The Python type for a column type, with templates for its conversions."""

    name: str
    read: str | None = None
    write: str | None = None


_KINDS: Mapping[type[TypeEngine[Any]], Kind] = {
    Uuid: Kind("UUID", "to_uuid({})", "from_uuid({})"),
    UTCDateTime: Kind("datetime", "to_instant({})", "from_instant({})"),
    Date: Kind("Date", "to_date({})", "from_date({})"),
    Time: Kind("Time", "to_time({})", "from_time({})"),
    Boolean: Kind("bool", "to_bool({})", "from_bool({})"),
    Integer: Kind("int"),
    String: Kind("str"),
    AutoString: Kind("str"),
    AsStored: Kind("Any"),
}


def kind_of(type_: TypeEngine[Any]) -> Kind:
    """Return the kind of a column type. Refuses a type without a conversion."""
    if isinstance(type_, models.Word):
        words = type_.words.__name__
        return Kind(words, f"rows.{snake_case(words).upper()}[{{}}]", "{}.value")
    if isinstance(type_, ListOf):
        item = kind_of(type_.item)
        convert = f", {item.write.removesuffix('({})')}" if item.write and item.write.endswith("({})") else ""
        return Kind(f"Iterable[{item.name}]", None, f"from_list({{}}{convert})")
    found = _KINDS.get(type(type_))
    if found is None:
        raise TypeError(f"no conversion for {type_!r}: name the type, as in bindparam(..., type_=Integer)")
    return found


class Field(NamedTuple):
    """A column of a row, or a parameter."""

    name: str
    kind: Kind
    nullable: bool

    @property
    def annotation(self) -> str:
        return f"{self.kind.name} | None" if self.nullable else self.kind.name

    def read(self, value: str) -> str:
        """Return the expression that converts a stored value to Python."""
        return self._converted(self.kind.read, value)

    def write(self, value: str) -> str:
        """Return the expression that converts a Python value for storage."""
        return self._converted(self.kind.write, value)

    def _converted(self, template: str | None, value: str) -> str:
        if template is None:
            return value
        return f"None if {value} is None else {template.format(value)}" if self.nullable else template.format(value)


Shape = tuple[Field, ...]


@dataclass
class Shapes:
    """The row types by name.

    `are_read` has the types of results; the other types only hold parameters.
    """

    fields: dict[str, Shape] = field(default_factory=dict)
    are_read: set[str] = field(default_factory=set)

    def add(self, name: str, shape: Shape, *, is_read: bool) -> None:
        """Add a row type.

        Refuses a second shape for a name, and a second name for a shape.
        """
        if clash := sorted({each.name for each in shape} & _CLASHES):
            raise ValueError(f"{name}: tuples already have {', '.join(clash)}; label the column")
        if self.fields.setdefault(name, shape) != shape:
            raise ValueError(f"{name} is the name of two shapes: {self.fields[name]} and {shape}")
        if other := [each for each, known in self.fields.items() if known == shape and each != name]:
            raise ValueError(f"{name} has the shape of {other[0]}: use that name")
        if is_read:
            self.are_read.add(name)


def snake_case(name: str) -> str:
    """Return a class name as a variable name: `patient_row` for `PatientRow`."""
    return "".join(f"_{each.lower()}" if each.isupper() else each for each in name).lstrip("_")

"""Sentences about the clinic's holidays and kinds of visit."""

from collections.abc import Callable, Sequence
from typing import Any

from clinicctl.render.messages.base import Report
from clinicctl.render.phrases import count, day
from clinicctl.results.clinic import VisitType, VisitTypeAdded, VisitTypeRemoved
from clinicctl.results.days import Holiday, HolidayAdded, HolidayRemoved

FEW = 6
"""The most holidays that a sentence names."""


def holidays(found: Sequence[Holiday]) -> str:
    """Return the sentence on the holidays among days."""
    named = ", ".join(f"{day(each.date)} {each.name}" for each in found[:FEW])
    more = f" and {len(found) - FEW} more" if len(found) > FEW else ""
    return f"{'Holiday' if len(found) == 1 else 'Holidays'}: {named}{more}."


def _holiday(each: Holiday) -> str:
    return f"the holiday of {day(each.date)}: {each.name}."


def _added_holiday(each: HolidayAdded, _command: str) -> Report:
    if each.former_name is not None:
        return Report("Renamed", "rename", f"the holiday of {day(each.date)} from {each.former_name} to {each.name}.")
    return Report("Added", "add", _holiday(each)) if each.created else _unchanged(_holiday(each))


def _removed_holiday(each: HolidayRemoved, _command: str) -> Report:
    return Report("Removed", "remove", _holiday(each))


def _visit_type(each: VisitType) -> str:
    return f"the kind of visit {each.name}, {count(each.minutes, 'minute')}."


def _added_visit_type(each: VisitTypeAdded, _command: str) -> Report:
    return Report("Added", "add", _visit_type(each)) if each.created else _unchanged(_visit_type(each))


def _changed_visit_type(each: VisitType, _command: str) -> Report:
    return Report("Changed", "change", _visit_type(each))


def _removed_visit_type(each: VisitTypeRemoved, _command: str) -> Report:
    return Report("Removed", "remove", _visit_type(each))


def _unchanged(line: str) -> Report:
    return Report("Unchanged:", "not change", line)


REPORTS: dict[type, Callable[[Any, str], Report]] = {
    HolidayAdded: _added_holiday,
    HolidayRemoved: _removed_holiday,
    VisitTypeAdded: _added_visit_type,
    VisitType: _changed_visit_type,
    VisitTypeRemoved: _removed_visit_type,
}

"""Group the figures of a report by doctor, specialty, weekday or month."""

from collections.abc import Callable, Iterable, Mapping
from datetime import date
from typing import Generic, TypeVar
from uuid import UUID

from clinicctl.rules.days import WEEKDAYS
from clinicctl.statuses import ReportBy
from clinicctl.store.compiled import rows

T = TypeVar("T")

_NOBODY = UUID(int=0)


class Groups(Generic[T]):
    """The tally of each group and of everything.

    With `by_doctor` the store is asked for figures of doctors, of whom specialties are made. Otherwise it is asked for
    those of dates, of which weekdays, months and the total are made.
    """

    def __init__(
        self,
        make: Callable[[], T],
        kind: ReportBy | None,
        staff: Mapping[UUID, rows.DoctorRow],
        *,
        first: date,
        last: date,
    ) -> None:
        self.total = make()
        self.has_kind = kind is not None
        self.by_doctor = kind in (ReportBy.DOCTOR, ReportBy.SPECIALTY)
        self._make, self._kind, self._staff = make, kind, staff
        self._found: dict[str | None, T] = {each: make() for each in _expected(kind, first, last)}

    def of_day(self, doctor: UUID, on: date) -> T:
        """Return the tally of the group of a doctor's day."""
        if self._kind is ReportBy.MONTH:
            return self._of(f"{on.year:04}-{on.month:02}")
        return self._of(WEEKDAYS[on.weekday()] if self._kind is ReportBy.WEEKDAY else self._name(doctor))

    def of(self, key: UUID | date | None) -> T:
        """Return the tally of the group of a doctor, or of a date.

        Without a kind there is one group.
        """
        if key is None or self._kind is None:
            return self._of(None)
        return self._of(self._name(key)) if isinstance(key, UUID) else self.of_day(_NOBODY, key)

    def add_staff(self, doctors: Iterable[rows.DoctorRow]) -> None:
        """Add the groups of doctors, who may have no figures."""
        if self.by_doctor:
            for each in doctors:
                self._of(self._name(each.id))

    def each(self) -> list[tuple[str | None, T]]:
        """Return the groups in order, those without a name last."""
        found = list(self._found.items())
        if self.by_doctor:
            found.sort(key=lambda each: (each[0] is None, each[0] or ""))
        return found

    def _name(self, doctor: UUID) -> str | None:
        row = self._staff[doctor]
        return row.code if self._kind is ReportBy.DOCTOR else row.specialty

    def _of(self, group: str | None) -> T:
        found = self._found.get(group)
        if found is None:
            found = self._found[group] = self._make()
        return found


def _expected(kind: ReportBy | None, first: date, last: date) -> list[str | None]:
    """Return the groups that a span has, with figures or without."""
    if kind is ReportBy.WEEKDAY:
        return list(WEEKDAYS)
    if kind is ReportBy.MONTH:
        months = range(first.year * 12 + first.month - 1, last.year * 12 + last.month)
        return [f"{each // 12:04}-{each % 12 + 1:02}" for each in months]
    return []

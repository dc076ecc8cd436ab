"""Resolve days and birth dates that a user typed, by the clinic's date and its order of day, month and year."""

from datetime import date

from clinicctl import errors
from clinicctl.rules import dates, days
from clinicctl.rules.dates import AgeWord, Birth, BirthWord
from clinicctl.rules.days import DaysWord, DayWord
from clinicctl.store.engine import Tx

OLDEST = 150
"""The largest age in years."""


def date_of(tx: Tx, word: DayWord) -> date:
    """Return the date of a day. Refuses an ambiguous one."""
    return days.day(word, today=tx.today, order=tx.clinic.date_order)


def dates_of(tx: Tx, word: DaysWord) -> list[date]:
    """Return the dates of days. Refuses ambiguous ones, and a reversed range."""
    return days.days(word, today=tx.today, order=tx.clinic.date_order)


def birth_of(tx: Tx, born: BirthWord | None, age: int | AgeWord | None) -> Birth:
    """Return a birth date, or its estimate from a year or an age.

    Refuses an ambiguous date, one in the future, and one more than 150 years ago.
    """
    if born is None:
        return dates.born_before(age, today=tx.today) if age is not None else Birth()
    birth = dates.birth(born, order=tx.clinic.date_order)
    first = (birth.year or 1, birth.month or 1) if birth.born is None else (birth.born.year, birth.born.month)
    is_future = birth.born > tx.today if birth.born else first > (tx.today.year, tx.today.month if birth.month else 1)
    if is_future or (dates.approximate_age(tx.today, *birth) or 0) > OLDEST:
        raise errors.BadValue(problem="The birth date is in the future or more than 150 years ago.")
    return birth


def refuse_other_age(tx: Tx, birth: Birth, age: int | AgeWord) -> None:
    """Refuse an age that does not agree with a birth date within a year."""
    given = dates.approximate_age(tx.today, *dates.born_before(age, today=tx.today)) or 0
    if abs((dates.approximate_age(tx.today, *birth) or 0) - given) > 1:
        raise errors.BadValue(problem="born and age do not agree")

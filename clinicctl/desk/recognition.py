"""Recognition: which patient a registration means, and who on file is similar. It reads no database.

Those of one name may be thousands, and a file has thousands of rows: they are grouped by what decides, so that a row
is compared with groups and not with everybody.
"""

from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from itertools import islice
from typing import Any, NamedTuple

from clinicctl import desk
from clinicctl.errors import LISTED
from clinicctl.rules import names

Known = Any
"""A row of the patients, or a person in a file with the same columns."""

SAME_BIRTH = names.SAME - 10
"""The score of a patient with the same name and birth date, on another phone or on none."""


@dataclass(slots=True, eq=False)
class Person:
    """What a registration says about a patient."""

    name: str
    phone: str | None
    born: date | None
    born_year: int | None
    sex: str | None
    email: str | None
    note: str | None
    created_at: datetime


@dataclass(frozen=True, slots=True)
class Formerly:
    """A patient on file under the name of a record merged into theirs; everything else is as on file."""

    on_file: Known
    record: Known

    @property
    def name(self) -> str:
        return str(self.record.name)

    @property
    def name_key(self) -> str:
        return str(self.record.name_key)

    @property
    def phone(self) -> str | None:
        phone: str | None = self.record.phone
        return phone

    def __getattr__(self, column: str) -> Any:
        return getattr(self.on_file, column)


class Found(NamedTuple):
    """The likeliest with their scores, and how many there are."""

    members: Sequence[tuple[Known, int]] = ()
    total: int = 0


NOBODY = Found()


class Recognised(NamedTuple):
    """The patient that a registration means, or those it may mean."""

    same: Known | None = None
    near: Found = NOBODY


NOT_RECOGNISED = Recognised()


class _Group:
    """People who agree in every field that decides, in the order in which they were added."""

    __slots__ = ("phones", "rows")

    def __init__(self) -> None:
        self.rows: dict[int, Known] = {}
        self.phones: Counter[str | None] = Counter()

    def add(self, row: Known) -> None:
        self.rows[id(row)] = row
        self.phones[row.phone] += 1

    def discard(self, row: Known) -> None:
        if self.rows.pop(id(row), None) is not None:
            self.phones[row.phone] -= 1

    def found(self, score: int, *, but: str | None) -> Found:
        """Return the first of them and their number, without those on a phone, who are few."""
        others = (row for row in self.rows.values() if but is None or row.phone != but)
        count = len(self.rows) - (self.phones[but] if but is not None else 0)
        return Found([(row, score) for row in islice(others, LISTED)], count)


class Namesakes:
    """The people who share a folded name. They are grouped on first use, because most names are never looked up."""

    __slots__ = ("_by_birth", "_by_kind", "_crowded", "_waiting")

    def __init__(self, rows: Iterable[Known] = (), *, crowded: Collection[str] = ()) -> None:
        self._crowded = crowded
        self._waiting = list(rows)
        self._by_kind: dict[tuple[Any, ...], _Group] = {}
        self._by_birth: dict[date, dict[tuple[Any, ...], _Group]] = {}

    def add(self, row: Known) -> None:
        """Add a person."""
        self._waiting.append(row)

    def discard(self, row: Known) -> None:
        """Remove a person, before a field that decides changes."""
        self._group()
        for groups, key in self._places(row):
            if key in groups:
                groups[key].discard(row)

    def born_with(self, who: Known, *, but: str | None = None) -> Found:
        """Return those with the same birth date, whatever else is recorded, who are not on a phone."""
        groups = self._born_on(who.born)
        return joined(each.found(SAME_BIRTH, but=but) for each in groups.values())

    def agreeing(self, who: Known, *, but: str | None = None, bare: bool | None = None) -> Found:
        """Return the people without a contradiction, the likeliest first, who are not on a phone.

        With `bare`, only people whom no phone identifies.
        """
        return joined(
            group.found(_score(who, one), but=but)
            for group in self._groups(who)
            if (one := next(iter(group.rows.values()), None)) is not None
            and (bare is None or self._is_bare(one) is bare)
            and not names.contradictions(who, one)
        )

    def only_one_born_with(self, who: Known) -> Known | None:
        """Return the person without an identifying phone, with the same birth date and without a contradiction."""
        groups = self._born_on(who.born)
        found = [
            row
            for group in groups.values()
            for row in islice(group.rows.values(), 2)
            if self._is_bare(row) and not names.contradictions(who, row)
        ]
        people = each_once((row, names.SAME) for row in found)
        return people[0][0] if len(people) == 1 else None

    def _groups(self, who: Known) -> Iterator[_Group]:
        """Return the groups that may match. Two known birth dates have to be the same."""
        self._group()
        if who.born is None:
            yield from self._by_kind.values()
        else:
            yield from self._born_on(who.born).values()
            yield from (group for (dated, *_), group in self._by_kind.items() if not dated)

    def _born_on(self, born: date | None) -> dict[tuple[Any, ...], _Group]:
        self._group()
        return self._by_birth.get(born, {}) if born else {}

    def _group(self) -> None:
        for row in self._waiting:
            for groups, key in self._places(row):
                groups.setdefault(key, _Group()).add(row)
        self._waiting.clear()

    def _places(self, row: Known) -> Iterator[tuple[dict[tuple[Any, ...], _Group], tuple[Any, ...]]]:
        year = row.born.year if row.born else row.born_year
        kind = (
            row.born is not None,
            year,
            row.sex,
            self._is_bare(row),
            row.created_at.year,
            names.accented(row.name),
            names.marks(row.name),
        )
        yield self._by_kind, kind
        if row.born:
            yield self._by_birth.setdefault(row.born, {}), kind

    def _is_bare(self, row: Known) -> bool:
        return row.phone is None or row.phone in self._crowded


def _score(who: Known, row: Known) -> int:
    """Return the score of a person with the same name and no contradiction, on another phone."""
    if who.born and who.born == row.born:
        return SAME_BIRTH
    agrees = names.same_birth(who.born, who.born_year, row.born, row.born_year)
    scored = names.duplicate(names.SAME, same_phone=False, same_birth=agrees, against=())
    return scored[0] if scored else 0


def recognise(who: Known, *, sharing: Sequence[Known], namesakes: Namesakes) -> Recognised:
    """Return the patient that a registration means, or those it may mean, or neither.

    `sharing` are those whom the phone identifies, archived ones, too: nobody, if it is no phone or a placeholder.
    `namesakes` are those on file with the folded name.
    """
    same, near = on_the_phone(who, sharing)
    if len(same) == 1:
        return Recognised(same[0])
    found = [*((row, names.SAME) for row in same), *near]
    return Recognised(near=joined([Found(found, len(found)), namesakes.born_with(who, but=_phone(who, sharing))]))


def similar(who: Known, *, sharing: Sequence[Known], namesakes: Namesakes) -> Found:
    """Return the people with the same name and no contradiction, on other phones or on none, the likeliest first."""
    return namesakes.agreeing(who, but=_phone(who, sharing))


def on_the_phone(who: Known, sharing: Iterable[Known]) -> tuple[list[Known], list[tuple[Known, int]]]:
    """Return the person on the phone who is the same, and those who may be, with their scores."""
    same, near = list[Known](), list[tuple[Known, int]]()
    for row in sharing:
        score = names.likeness(who.name, row.name, ratio=desk.likeness.ratio)
        if score == names.SAME and not names.contradictions(who, row):
            same.append(row)
        elif score >= names.NEAR:
            near.append((row, names.SAME - 5 if score == names.SAME else score))
    same = [row for row, _ in each_once((row, names.SAME) for row in same)]
    known = {_identity(row) for row in same}
    return same, [each for each in each_once(near) if _identity(each[0]) not in known]


def each_once(scored: Iterable[tuple[Known, int]]) -> list[tuple[Known, int]]:
    """Return each person once, as on file, with their best score."""
    best: dict[Any, tuple[Known, int]] = {}
    for known, score in scored:
        person = known.on_file if isinstance(known, Formerly) else known
        who = _identity(person)
        if who not in best or best[who][1] < score:
            best[who] = (person, score)
    return list(best.values())


def _identity(row: Known) -> Any:
    """Return what tells people apart: the number on file, or the line of a file."""
    return row.number or ("line", row.line)


def _phone(who: Known, sharing: Sequence[Known]) -> str | None:
    """Return the phone if those who share it have been checked already."""
    return who.phone if sharing else None


def joined(several: Iterable[Found]) -> Found:
    """Return several findings as one: the likeliest of all, and their number."""
    found = list(several)
    listed = [each for one in found for each in one.members]
    members = sorted(each_once(listed), key=_likeliest_first)
    return Found(members[:LISTED], sum(one.total for one in found) - (len(listed) - len(members)))


def _likeliest_first(each: tuple[Known, int]) -> tuple[int, bool, int]:
    """The sort key: by score, then those on file by number, then those in a file, who have no number."""
    row, score = each
    return -score, not row.number, row.number

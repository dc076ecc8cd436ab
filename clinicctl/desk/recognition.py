"""Recognition: which patient a registration means, and who on file is similar. It reads no database.

Those of one name may be thousands, and a file has thousands of rows: they are grouped by what decides, so that a row
is compared with groups and not with everybody.
"""

from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from itertools import islice
from typing import Any, Generic, NamedTuple, Protocol, TypeVar
from uuid import UUID

from clinicctl.errors import LISTED
from clinicctl.rules import matching
from clinicctl.statuses import Sex
from clinicctl.store.compiled import rows


class Described(matching.Described, Protocol):
    """What recognition compares of a patient."""

    @property
    def phone(self) -> str | None: ...


class Known(Described, Protocol):
    """A patient on file, or a person in a file of patients, whose number is 0."""

    @property
    def id(self) -> UUID | None: ...
    @property
    def number(self) -> int: ...
    @property
    def sex(self) -> Sex | None: ...
    @property
    def archived_at(self) -> datetime | None: ...


K = TypeVar("K", bound=Known)

SAME_BIRTH = matching.SAME - 10
"""The score of a patient with the same name and birth date, on another phone or on none."""


@dataclass(slots=True, eq=False)
class Person:
    """What a registration says about a patient."""

    name: str
    phone: str | None
    born: date | None
    born_year: int | None
    sex: Sex | None
    email: str | None
    note: str | None
    created_at: datetime


class Formerly(rows.PatientRow):
    """A patient on file under the name and phone of a record merged into theirs; everything else is as on file."""

    on_file: rows.PatientRow


def formerly(on_file: rows.PatientRow, record: rows.PatientRow) -> Formerly:
    """Return a patient on file under the name and phone of a record merged into theirs."""
    known = Formerly(*on_file._replace(name=record.name, name_key=record.name_key, phone=record.phone))
    known.on_file = on_file
    return known


class Found(NamedTuple, Generic[K]):
    """The likeliest with their scores, and how many there are."""

    members: Sequence[tuple[K, int]] = ()
    total: int = 0


NOBODY: Found[Any] = Found()


class Recognised(NamedTuple, Generic[K]):
    """The patient that a registration means, or those it may mean."""

    same: K | None = None
    near: Found[K] = NOBODY


NOT_RECOGNISED: Recognised[Any] = Recognised()


class _Group(Generic[K]):
    """People who agree in every field that decides, in the order in which they were added."""

    __slots__ = ("phones", "rows")

    def __init__(self) -> None:
        self.rows: dict[int, K] = {}
        self.phones: Counter[str | None] = Counter()

    def add(self, row: K) -> None:
        self.rows[id(row)] = row
        self.phones[row.phone] += 1

    def discard(self, row: K) -> None:
        if self.rows.pop(id(row), None) is not None:
            self.phones[row.phone] -= 1

    def found(self, score: int, *, but: str | None) -> Found[K]:
        """Return the first of them and their number, without those on a phone, who are few."""
        others = (row for row in self.rows.values() if but is None or row.phone != but)
        count = len(self.rows) - (self.phones[but] if but is not None else 0)
        return Found([(row, score) for row in islice(others, LISTED)], count)


class Namesakes(Generic[K]):
    """The people who share a folded name. They are grouped on first use, because most names are never looked up."""

    __slots__ = ("_by_birth", "_by_kind", "_crowded", "_waiting")

    def __init__(self, rows: Iterable[K] = (), *, crowded: Collection[str] = ()) -> None:
        self._crowded = crowded
        self._waiting = list(rows)
        self._by_kind: dict[tuple[Any, ...], _Group[K]] = {}
        self._by_birth: dict[date, dict[tuple[Any, ...], _Group[K]]] = {}

    def add(self, row: K) -> None:
        """Add a person."""
        self._waiting.append(row)

    def discard(self, row: K) -> None:
        """Remove a person, before a field that decides changes."""
        self._group()
        for groups, key in self._places(row):
            if key in groups:
                groups[key].discard(row)

    def born_with(self, who: Described, *, but: str | None = None) -> Found[K]:
        """Return those with the same birth date, whatever else is recorded, who are not on a phone."""
        groups = self._born_on(who.born)
        return joined(each.found(SAME_BIRTH, but=but) for each in groups.values())

    def agreeing(self, who: Described, *, but: str | None = None, bare: bool | None = None) -> Found[K]:
        """Return the people without a contradiction, the likeliest first, who are not on a phone.

        With `bare`, only people whom no phone identifies.
        """
        return joined(
            group.found(_score(who, one), but=but)
            for group in self._groups(who)
            if (one := next(iter(group.rows.values()), None)) is not None
            and (bare is None or self._is_bare(one) is bare)
            and not matching.contradictions(who, one)
        )

    def only_one_born_with(self, who: Described) -> K | None:
        """Return the person without an identifying phone, with the same birth date and without a contradiction."""
        groups = self._born_on(who.born)
        found = [
            row
            for group in groups.values()
            for row in islice(group.rows.values(), 2)
            if self._is_bare(row) and not matching.contradictions(who, row)
        ]
        people = each_once((row, matching.SAME) for row in found)
        return people[0][0] if len(people) == 1 else None

    def _groups(self, who: Described) -> Iterator[_Group[K]]:
        """Return the groups that may match. Two known birth dates have to be the same."""
        self._group()
        if who.born is None:
            yield from self._by_kind.values()
        else:
            yield from self._born_on(who.born).values()
            yield from (group for (dated, *_), group in self._by_kind.items() if not dated)

    def _born_on(self, born: date | None) -> dict[tuple[Any, ...], _Group[K]]:
        self._group()
        return self._by_birth.get(born, {}) if born else {}

    def _group(self) -> None:
        for row in self._waiting:
            for groups, key in self._places(row):
                groups.setdefault(key, _Group()).add(row)
        self._waiting.clear()

    def _places(self, row: K) -> Iterator[tuple[dict[tuple[Any, ...], _Group[K]], tuple[Any, ...]]]:
        year = row.born.year if row.born else row.born_year
        kind = (
            row.born is not None,
            year,
            row.sex,
            self._is_bare(row),
            row.created_at.year,
            matching.accented(row.name),
            matching.marks(row.name),
        )
        yield self._by_kind, kind
        if row.born:
            yield self._by_birth.setdefault(row.born, {}), kind

    def _is_bare(self, row: K) -> bool:
        return row.phone is None or row.phone in self._crowded


def _score(who: Described, row: Described) -> int:
    """Return the score of a person with the same name and no contradiction, on another phone."""
    if who.born and who.born == row.born:
        return SAME_BIRTH
    agrees = matching.same_birth(who.born, who.born_year, row.born, row.born_year)
    scored = matching.duplicate(matching.SAME, same_phone=False, same_birth=agrees, against=())
    return scored[0] if scored else 0


def recognise(who: Described, *, sharing: Sequence[K], namesakes: Namesakes[K]) -> Recognised[K]:
    """Return the patient that a registration means, or those it may mean, or neither.

    `sharing` are those whom the phone identifies, archived ones, too: nobody, if it is no phone or a placeholder.
    `namesakes` are those on file with the folded name.
    """
    same, near = on_the_phone(who, sharing)
    if len(same) == 1:
        return Recognised(same[0])
    found = [*((row, matching.SAME) for row in same), *near]
    return Recognised(near=joined([Found(found, len(found)), namesakes.born_with(who, but=_phone(who, sharing))]))


def similar(who: Described, *, sharing: Sequence[K], namesakes: Namesakes[K]) -> Found[K]:
    """Return the people with the same name and no contradiction, on other phones or on none, the likeliest first."""
    return namesakes.agreeing(who, but=_phone(who, sharing))


def on_the_phone(who: Described, sharing: Iterable[K]) -> tuple[list[K], list[tuple[K, int]]]:
    """Return the person on the phone who is the same, and those who may be, with their scores."""
    same, near = list[K](), list[tuple[K, int]]()
    for row in sharing:
        score = matching.likeness(who.name, row.name)
        if score == matching.SAME and not matching.contradictions(who, row):
            same.append(row)
        elif score >= matching.NEAR:
            near.append((row, matching.SAME - 5 if score == matching.SAME else score))
    same = [row for row, _ in each_once((row, matching.SAME) for row in same)]
    known = {_identity(row) for row in same}
    return same, [each for each in each_once(near) if _identity(each[0]) not in known]


def each_once(scored: Iterable[tuple[K, int]]) -> list[tuple[K, int]]:
    """Return each person once, with their best score."""
    best: dict[int, tuple[K, int]] = {}
    for known, score in scored:
        who = _identity(known)
        if who not in best or best[who][1] < score:
            best[who] = (known, score)
    return list(best.values())


def _identity(row: Known) -> int:
    """Return what tells people apart: the number on file, or in a file, where each person is one object, its id."""
    return row.number or -id(row)


def _phone(who: Described, sharing: Sequence[Known]) -> str | None:
    """Return the phone if those who share it have been checked already."""
    return who.phone if sharing else None


def joined(several: Iterable[Found[K]]) -> Found[K]:
    """Return several findings as one: the likeliest of all, and their number."""
    found = list(several)
    listed = [each for one in found for each in one.members]
    members = sorted(each_once(listed), key=_likeliest_first)
    return Found(members[:LISTED], sum(one.total for one in found) - (len(listed) - len(members)))


def _likeliest_first(each: tuple[Known, int]) -> tuple[int, bool, int]:
    """The sort key: by score, then those on file by number, then those in a file, who have no number."""
    row, score = each
    return -score, not row.number, row.number

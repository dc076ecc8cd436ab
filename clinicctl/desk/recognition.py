"""Recognise the patient of a registration, and find similar ones. It reads no database.

A name may have thousands of patients, and a file thousands of rows. Patients are grouped by the fields that decide, so
a row is compared with groups and not with everybody.
"""

from collections import Counter
from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from itertools import islice
from typing import Any, Generic, NamedTuple, Protocol, TypeVar
from uuid import UUID

from clinicctl.errors import LISTED
from clinicctl.rules import likelihood, matching
from clinicctl.rules.comparisons import Phone, phones_compared
from clinicctl.rules.keys import MOST
from clinicctl.rules.likelihood import (
    Frequencies,
    Outcome,
    Score,
)
from clinicctl.rules.word_pairs import keys_alike
from clinicctl.statuses import Notify, Sex
from clinicctl.store.compiled import rows


class Described(matching.Described, Protocol):
    """The fields of a patient that recognition compares."""

    @property
    def phone(self) -> str | None: ...


class Known(Described, Protocol):
    """A patient on file, or a person in a file of patients, whose number is 0."""

    @property
    def id(self) -> UUID | None: ...
    @property
    def number(self) -> int: ...
    @property
    def name_key(self) -> str: ...
    @property
    def sex(self) -> Sex | None: ...
    @property
    def archived_at(self) -> datetime | None: ...


K = TypeVar("K", bound=Known)

SAME_BIRTH, SAME_AGE, SAME_NAME = 90, 70, 60
"""The order of people with the same name on another phone or on none."""


@dataclass(slots=True, eq=False)
class Person:
    """The patient of a registration."""

    name: str
    phone: str | None
    born: date | None
    born_year: int | None
    born_month: int | None
    sex: Sex | None
    email: str | None
    note: str | None
    created_at: datetime
    notify: Notify | None = None
    language: str | None = None


class Formerly(rows.PatientRow):
    """A patient on file under the name and phone of a record merged into theirs. Other fields are those on file."""

    on_file: rows.PatientRow


def formerly(on_file: rows.PatientRow, record: rows.PatientRow) -> Formerly:
    """Return a patient on file under the name and phone of a merged record."""
    known = Formerly(*on_file._replace(name=record.name, name_key=record.name_key, phone=record.phone))
    known.on_file = on_file
    return known


class Found(NamedTuple, Generic[K]):
    """The likeliest people with their scores, and the number of all."""

    members: Sequence[tuple[K, int]] = ()
    total: int = 0


NOBODY: Found[Any] = Found()


class Recognised(NamedTuple, Generic[K]):
    """The patient of a registration, or those who may be them. `similar` includes the possible duplicates."""

    same: K | None = None
    near: Found[K] = NOBODY
    similar: Found[K] = NOBODY


NOT_RECOGNISED: Recognised[Any] = Recognised()


def is_namesake(who: Described, name_key: str, row: Known) -> bool:
    """Return whether a person has the folded name and no contradiction."""
    same = row.name_key == name_key
    return same and (row.born == who.born or not matching.contradictions(who, row))


class Others(NamedTuple, Generic[K]):
    """People who share a key and are no namesakes, and how common words are.

    `counted` is 2 if the words of the person who is looked for are among the counted ones.
    """

    people: Sequence[K]
    frequencies: Frequencies
    counted: int = 1


class _Group(Generic[K]):
    """People with the same values in every field that decides, in the order of their addition."""

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
        """Return the first of them and their number, without those on a phone."""
        others = (row for row in self.rows.values() if but is None or row.phone != but)
        count = len(self.rows) - (self.phones[but] if but is not None else 0)
        return Found([(row, score) for row in islice(others, LISTED)], count)


class Namesakes(Generic[K]):
    """The people who share a folded name. They are grouped on first use, because most names are never looked up."""

    __slots__ = ("_by_birth", "_by_kind", "_crowded", "_number", "_waiting")

    def __init__(self, rows: Iterable[K] = (), *, crowded: Collection[str] = ()) -> None:
        self._crowded = crowded
        self._waiting = list(rows)
        self._number = len(self._waiting)
        self._by_kind: dict[tuple[Any, ...], _Group[K]] = {}
        self._by_birth: dict[date, dict[tuple[Any, ...], _Group[K]]] = {}

    def add(self, row: K) -> None:
        """Add a person."""
        self._waiting.append(row)
        self._number += 1

    def is_common(self) -> bool:
        """Return whether so many have the name that it says nothing."""
        return self._number > MOST

    def discard(self, row: K) -> None:
        """Remove a person before one of the fields that decide changes."""
        self._group()
        self._number -= 1
        for groups, key in self._places(row):
            if key in groups:
                groups[key].discard(row)

    def born_with(self, who: Described, *, but: str | None = None) -> Found[K]:
        """Return the people with the same birth date, without those on a phone.

        Other fields do not count.
        """
        found = joined(each.found(SAME_BIRTH, but=but) for each in self._born_on(who.born).values())
        return found if found.total <= MOST else NOBODY

    def agreeing(self, who: Described, *, but: str | None = None, bare: bool | None = None) -> Found[K]:
        """Return the people without a contradiction, the likeliest first.

        People on the phone `but` are left out. With `bare`, people with an identifying phone are left out, too.
        """
        return joined(
            group.found(_score(who, one), but=but)
            for group in self._groups(who)
            if (one := next(iter(group.rows.values()), None)) is not None
            and (bare is None or self._is_bare(one) is bare)
            and not matching.contradictions(who, one)
        )

    def only_one_born_with(self, who: Described) -> K | None:
        """Return the only person with the same birth date, or None.

        The person has no identifying phone, and no contradiction.
        """
        groups = self._born_on(who.born)
        found = [
            row
            for group in groups.values()
            for row in islice(group.rows.values(), 2)
            if self._is_bare(row) and not matching.contradictions(who, row)
        ]
        people = _each_once((row, matching.SAME) for row in found)
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
    """Return the score of a person with the same name on another phone."""
    if who.born and who.born == row.born:
        return SAME_BIRTH
    return SAME_AGE if matching.same_birth(who.born, who.born_year, row.born, row.born_year) else SAME_NAME


def recognise(
    who: Described,
    *,
    phones: Collection[str],
    sharing: Sequence[K],
    namesakes: Namesakes[K],
    others: Others[K],
) -> Recognised[K]:
    """Return the patient of a registration, or those who may be them.

    `phones` are the phones that identify somebody, without placeholders. `sharing` has the patients who share one of
    them, also archived ones. `namesakes` has the patients on file with the folded name.
    """
    here = _compare(who, ((row, Phone.SAME) for row in sharing), others)
    if len(here.same) == 1:
        return Recognised(here.same[0])
    elsewhere = _compare(who, ((row, _phone_of(row, phones)) for row in others.people), others)
    but = _phone(who, sharing)
    same = [*((row, matching.SAME) for row in here.same), *here.near]
    near = joined([_found(same), namesakes.born_with(who, but=but), _found(elsewhere.near)])
    named = namesakes.born_with(who, but=but) if namesakes.is_common() else namesakes.agreeing(who, but=but)
    similar = [named, _found(elsewhere.near), _found([*here.similar, *elsewhere.similar])]
    return Recognised(near=near, similar=joined(similar))


def explain(
    who: Described,
    found: Found[K],
    *,
    phones: Collection[str],
    phones_of: Callable[[K], Collection[str]],
    on: Others[K],
) -> list[tuple[K, Score]]:
    """Return the people found with their whole scores, the likeliest first."""
    scored = [(row, _scored(who, row, phones_compared(phones_of(row), phones), on)) for row, _ in found.members]
    return sorted(scored, key=lambda each: (-each[1].percent, -each[1].likeness, not each[0].number, each[0].number))


def is_similar(who: Described, row: Known, *, phones: Collection[str], on: Others[Any]) -> bool:
    """Return whether a person on another phone may be the patient of a registration."""
    return _scored(who, row, _phone_of(row, phones), on).outcome is not Outcome.NEW


class _Compared(NamedTuple, Generic[K]):
    """The people who are the same, possible duplicates, or similar; the last two with scores."""

    same: Sequence[K]
    near: Sequence[tuple[K, int]]
    similar: Sequence[tuple[K, int]]


def _compare(who: Described, listed: Iterable[tuple[K, Phone]], on: Others[K]) -> _Compared[K]:
    by_outcome: dict[Outcome, list[tuple[K, int]]] = {each: [] for each in Outcome}
    name_key = matching.name_key(who.name)
    for row, phone in listed:
        if phone is Phone.SAME or keys_alike(name_key, row.name_key):
            found = _scored(who, row, phone, on)
            if found.outcome is not Outcome.NEW:
                by_outcome[found.outcome].append((row, found.percent))
    same = [row for row, _ in _each_once(by_outcome[Outcome.SAME])]
    known = {_identity(row) for row in same}
    near = _but(known, by_outcome[Outcome.POSSIBLE])
    return _Compared(same, near, _but({*known, *(_identity(row) for row, _ in near)}, by_outcome[Outcome.SIMILAR]))


def _scored(who: Described, row: Described, phone: Phone, on: Others[Any]) -> Score:
    return likelihood.score(row, who, phone=phone, frequencies=on.frequencies, on_file=on.counted)


def _but(known: Collection[int], scored: list[tuple[K, int]]) -> list[tuple[K, int]]:
    return [each for each in _each_once(scored) if _identity(each[0]) not in known]


def _found(scored: Sequence[tuple[K, int]]) -> Found[K]:
    return Found(scored, len(scored))


def _phone_of(row: Known, phones: Collection[str]) -> Phone:
    return phones_compared([row.phone] if row.phone else (), phones)


def _each_once(scored: Iterable[tuple[K, int]]) -> list[tuple[K, int]]:
    """Return each person once, with their best score."""
    best: dict[int, tuple[K, int]] = {}
    for known, score in scored:
        who = _identity(known)
        if who not in best or best[who][1] < score:
            best[who] = (known, score)
    return list(best.values())


def _identity(row: Known) -> int:
    """Return an identity: the number on file, or the id of a person in a file."""
    return row.number or -id(row)


def _phone(who: Described, sharing: Sequence[Known]) -> str | None:
    """Return the phone if the people who share it have been compared already."""
    return who.phone if sharing else None


def joined(several: Iterable[Found[K]]) -> Found[K]:
    """Join several findings: the likeliest of all, and the number of all."""
    found = list(several)
    listed = [each for one in found for each in one.members]
    members = sorted(_each_once(listed), key=_likeliest_first)
    return Found(members[:LISTED], sum(one.total for one in found) - (len(listed) - len(members)))


def _likeliest_first(each: tuple[Known, int]) -> tuple[int, bool, int]:
    """Return the sort key: by score, then by number; people in a file come last."""
    row, score = each
    return -score, not row.number, row.number

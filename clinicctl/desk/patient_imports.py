"""Patients from a file: each row as at a registration, and whoever may be on file already reported, never guessed.

Without a phone that identifies, a registration at the desk makes a new patient unless a birth date speaks for somebody.
But a file comes again, and has grown: there such a row is about the one on file with the birth date, and where none is
known, it is reported.

As with doctors' days, a file is compared with what stands on a read view, before the lock is taken. Under the lock it
is looked whether anybody has come or changed since who shares a phone or a name with somebody in the file; then the
rows are inserted and the records filled, all in one transaction. So other desks wait for less than a second, and all or
nothing holds.
"""

from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from functools import lru_cache
from typing import Any, NamedTuple
from uuid import UUID

from clinicctl import desk, errors
from clinicctl.desk import imports, journal, numbers, operations, patients, recognition
from clinicctl.desk.imports import Outdated
from clinicctl.desk.recognition import Found, Namesakes, Person
from clinicctl.results import ImportedPatient, ImportedPatients
from clinicctl.rules import details, matching, phones, references
from clinicctl.rules.details import Changes
from clinicctl.rules.fingerprints import Digested
from clinicctl.rules.import_rows import MOST_PATIENTS
from clinicctl.rules.import_rows import PatientRow as SheetRow
from clinicctl.rules.tabular import Sheet
from clinicctl.statuses import OnError, RowOutcome, Sex
from clinicctl.store.compiled import patients as stored_patients
from clinicctl.store.compiled import rows
from clinicctl.store.engine import Tx
from clinicctl.store.ids import new_ids

UNVERIFIED = "the phone is not valid; taken unverified"
"""The note on a row whose phone has only a possible length."""

_UNCHANGED = Changes({})
_STANDS_ON = operations.Part.PATIENTS | operations.Part.SETTINGS
_REGISTERING = (operations.ADD_PATIENT, operations.IMPORT_PATIENTS)
_e164 = lru_cache(MOST_PATIENTS)(phones.e164)


@dataclass(slots=True, eq=False, kw_only=True)
class _Person(Person):
    """A patient on file, or one of an earlier row as if it were on file. Later lines may fill empty fields."""

    line: int = 0
    id: UUID | None = None
    number: int = 0
    name_key: str
    archived_at: datetime | None = None

    def details(self, tx: Tx) -> rows.PatientDetailsRow:
        """Return the row that fills the empty fields on file."""
        assert self.id is not None, "a person in the file is not on file yet"
        return rows.PatientDetailsRow(
            born=self.born,
            born_year=self.born_year,
            sex=self.sex or Sex.UNKNOWN,
            email=self.email,
            note=self.note,
            updated_at=tx.now,
            id=self.id,
        )


class _Similar(NamedTuple):
    """Patients with the same name on other phones: the likeliest, and how many there are."""

    people: Sequence[_Person] = ()
    total: int = 0


_NOBODY = _Similar()


@dataclass(frozen=True, slots=True)
class Plan(Digested):
    """What a file would register, when the last number given was `number` at the journal's `head`, on `today`.

    `same` has the number on file of the one whom a line is about, `again` the line in which the person came first.
    """

    sheet: Sheet
    on_error: OnError
    update: bool
    unverified_phone: bool
    head: tuple[int, str]
    today: date
    number: int
    refused: Mapping[int, str]
    near: Mapping[int, Found[_Person]]
    same: Mapping[int, int]
    again: Mapping[int, int]
    changes: Mapping[int, Changes]
    similar: Mapping[int, _Similar]
    inserted: Sequence[tuple[int, rows.PatientRow]]
    filled: Sequence[rows.PatientDetailsRow]
    words: Sequence[rows.PatientWordRow]
    phones: frozenset[str | None]
    name_keys: frozenset[str]
    unverified: frozenset[int]
    last: bool = False

    def digest_value(self, today: date) -> Any:
        return _request(self.sheet, self.on_error, today, update=self.update, unverified_phone=self.unverified_phone)


def plan_patients(
    tx: Tx,
    *,
    sheet: Sheet,
    on_error: OnError = OnError.STOP,
    update: bool = False,
    unverified_phone: bool = False,
) -> Plan:
    """Return what a file would register, and change of those on file. Refuses nothing: that is for the write to do."""
    refused: dict[int, str] = {}
    resolved = [
        each for row in sheet.rows if (each := _resolved(tx, row, refused, unverified=unverified_phone)) is not None
    ]
    known = _Known(tx, [who for _, who in resolved])
    before = _before(tx, sheet)
    decided = _Decided(refused)
    for row, who in resolved:
        decided.add(known, row, who, before=before.get(row.line), update=update)
    if sheet.unreadable:
        refused[sheet.unreadable.line] = sheet.unreadable.problem
    # The numbers are given under the lock.
    inserted = [
        (who.line, patients.new_row(tx, who, identity=identity, number=0))
        for who, identity in zip(decided.new, new_ids(len(decided.new)), strict=True)
    ]
    return Plan(
        sheet=sheet,
        on_error=on_error,
        update=update,
        unverified_phone=unverified_phone,
        head=journal.head(tx),
        today=tx.today,
        number=numbers.last(tx, "patients"),
        refused=refused,
        near=decided.near,
        same=decided.same,
        again=decided.again,
        changes=decided.changes,
        similar=decided.similar,
        inserted=inserted,
        filled=[each.details(tx) for each in known.changed.values()],
        words=[word for _, row in inserted for word in patients.word_rows(row)],
        phones=frozenset(who.phone for _, who in resolved if who.phone),
        name_keys=frozenset(who.name_key for _, who in resolved),
        unverified=frozenset(
            row.line for row, who in resolved if unverified_phone and who.phone and phones.is_unverified(who.phone)
        ),
    )


class _Known:
    """The patients that the rows of a file may mean: those on file with a phone or name of a row, and earlier rows."""

    def __init__(self, tx: Tx, who: Sequence[_Person]) -> None:
        sharing, namesakes = _on_file(tx, who)
        self.changed: dict[int, _Person] = {}
        self.by_number: dict[int, _Person] = {}
        self._people: dict[tuple[int, str], _Person] = {}
        self._sharing: dict[str, list[_Person]] = defaultdict(list)
        self._sharing |= {phone: [self._person(row) for row in found] for phone, found in sharing.items()}
        self._crowded = _crowded(who, sharing)
        self._namesakes = {
            key: Namesakes((self._person(row) for row in found), crowded=self._crowded)
            for key, found in namesakes.items()
        }

    def identified(self, who: _Person) -> bool:
        """Return whether the phone says who somebody is: there is one, and it is no placeholder."""
        return who.phone is not None and who.phone not in self._crowded

    def sharing(self, who: _Person) -> Sequence[_Person]:
        """Return those whom the phone identifies."""
        return self._sharing.get(who.phone, ()) if who.phone and self.identified(who) else ()

    def namesakes(self, who: _Person) -> Namesakes[_Person]:
        """Return those with the folded name."""
        if who.name_key not in self._namesakes:
            self._namesakes[who.name_key] = Namesakes(crowded=self._crowded)
        return self._namesakes[who.name_key]

    def add(self, who: _Person) -> None:
        """Add a patient who is new with the file."""
        if who.phone:
            self._sharing[who.phone].append(who)
        self.namesakes(who).add(who)

    def change(self, person: _Person, given: _Person, *, update: bool) -> Changes:
        """Change a person as a row has it, for the rows that follow, too; return what that was."""
        person = self.by_number.get(person.number, person)
        found = details.changes(person, given, update=update)
        if found.values:
            namesakes = self.namesakes(person)
            namesakes.discard(person)
            for name, value in found.values.items():
                setattr(person, name, value)
            namesakes.add(person)
            if person.number:
                self.changed[person.number] = person
        return found

    def _person(self, row: rows.PatientRow) -> _Person:
        """Return a patient on file: one object, however often a phone or a name leads to it."""
        place = (row.number, row.name)
        if place not in self._people:
            self._people[place] = _Person(
                id=row.id,
                number=row.number,
                name=row.name,
                name_key=row.name_key,
                phone=row.phone,
                born=row.born,
                born_year=row.born_year,
                sex=row.sex,
                email=row.email,
                note=row.note,
                created_at=row.created_at,
                archived_at=row.archived_at,
            )
            if isinstance(row, recognition.Formerly):
                self._person(row.on_file)
            else:
                self.by_number[row.number] = self._people[place]
        return self._people[place]


@dataclass(slots=True)
class _Decided:
    """What is decided about the rows of a file, by line; `first` has the person of each row without a phone."""

    refused: dict[int, str]
    near: dict[int, Found[_Person]] = field(default_factory=dict)
    same: dict[int, int] = field(default_factory=dict)
    again: dict[int, int] = field(default_factory=dict)
    changes: dict[int, Changes] = field(default_factory=dict)
    similar: dict[int, _Similar] = field(default_factory=dict)
    new: list[_Person] = field(default_factory=list)
    first: dict[tuple[Any, ...], _Person] = field(default_factory=dict)

    def add(self, known: _Known, row: SheetRow, who: _Person, *, before: int | None, update: bool) -> None:
        """Decide about one row. `before` is the patient whom the same row of the same file has registered before."""
        identified = known.identified(who)
        if before is not None and not identified:
            self.same[row.line] = before
            if (person := known.by_number.get(before)) is not None:
                self.changes[row.line] = known.change(person, who, update=update)
            return
        sharing, namesakes = known.sharing(who), known.namesakes(who)
        found = recognition.NOT_RECOGNISED if identified else _unidentified(who, self.first.get(row[1:]), namesakes)
        if found.same is None and not found.near.total:
            found = recognition.recognise(who, sharing=sharing, namesakes=namesakes)
        if found.near.total:
            self.near[row.line] = found.near
        elif found.same is not None:
            self._add_known(known, row.line, found.same, who, update=update)
        else:
            similar = recognition.similar(who, sharing=sharing, namesakes=namesakes)
            if similar.total:
                self.similar[row.line] = _Similar([each for each, _ in similar.members], similar.total)
            self.new.append(who)
            known.add(who)
            self.first.setdefault(row[1:], who)

    def _add_known(self, known: _Known, line: int, person: _Person, who: _Person, *, update: bool) -> None:
        try:
            patients.refuse_archived(person)
        except errors.Archived as archived:
            self.refused[line] = str(archived)
            return
        if person.line:
            self.again[line] = person.line
        else:
            self.same[line] = person.number
        self.changes[line] = known.change(person, who, update=update)


def _crowded(who: Sequence[_Person], sharing: Mapping[str, Sequence[rows.PatientRow]]) -> Collection[str]:
    """Return the phones that are shared by too many people, on file and in the file, to identify anybody."""
    keys: dict[str, set[str]] = defaultdict(set)
    for each in who:
        if each.phone:
            keys[each.phone].add(each.name_key)
    return {
        phone
        for phone, given in keys.items()
        if len(found := sharing.get(phone, ())) + len(given - {row.name_key for row in found}) > matching.MOST_SHARING
    }


@operations.IMPORT_PATIENTS
def add_patients(tx: Tx, *, plan: Plan) -> ImportedPatients:
    """Register the patients of a file as `patients.add` would, one row after the other, and fill those on file.

    With `update`, what differs on file is changed, too. All or nothing: refuses with `BadFile`, naming every bad line,
    and with `PossibleDuplicate`, naming whom rows may be about. `on_error` SKIP takes the others and answers these as
    refused. Raises `Outdated` as `imports.set_availability` does.
    """
    if not _stands(tx, plan):
        if not plan.last:
            raise Outdated
        plan = plan_patients(
            tx,
            sheet=plan.sheet,
            on_error=plan.on_error,
            update=plan.update,
            unverified_phone=plan.unverified_phone,
        )
    if plan.on_error is OnError.STOP or plan.sheet.unreadable:
        imports.refuse_bad_lines(plan.refused)
        _refuse_near(tx, plan.near)
    given: dict[int, int] = dict(plan.same)
    taken = numbers.next_many(tx, "patients", len(plan.inserted)) if plan.inserted else ()
    given |= {line: number for number, (line, _) in zip(taken, plan.inserted, strict=True)}
    stored_patients.insert(
        tx,
        (
            row._replace(number=number, created_at=tx.now, updated_at=tx.now)
            for number, (_, row) in zip(taken, plan.inserted, strict=True)
        ),
    )
    stored_patients.insert_words(tx, plan.words)
    stored_patients.fill(tx, (each._replace(updated_at=tx.now) for each in plan.filled))
    new = {line for line, _ in plan.inserted}
    answered = tuple(_answered(plan, row.line, given, new=row.line in new) for row in plan.sheet.rows)
    tally = [each.outcome for each in answered]
    return ImportedPatients(
        added=tally.count(RowOutcome.ADDED),
        changed=tally.count(RowOutcome.CHANGED),
        unchanged=tally.count(RowOutcome.UNCHANGED),
        refused=tally.count(RowOutcome.REFUSED),
        rows=answered,
    )


def _before(tx: Tx, sheet: Sheet) -> dict[int, int]:
    """Whom this very file has registered before, by line: without a phone, nothing else would tell that."""
    requests = [
        {"plan": _request(sheet, each, tx.today, update=update, unverified_phone=taken)}
        for each in OnError
        for update in (False, True)
        for taken in (False, True)
    ]
    done = journal.done_before(tx, operations.IMPORT_PATIENTS.name, requests)
    answered = done.rows if isinstance(done, ImportedPatients) else ()
    given = [references.patient_number(each.patient) if each.patient else None for each in answered]
    return {row.line: number for row, number in zip(sheet.rows, given, strict=False) if number is not None}


def _request(sheet: Sheet, on_error: OnError, today: date, *, update: bool, unverified_phone: bool) -> list[Any]:
    """Return the request as the journal compares it. An option that is off is left out, as in older versions."""
    options = {"update": update, "unverified phones": unverified_phone}
    return [sheet.digest_value(today), on_error, *(name for name, on in options.items() if on)]


def _unidentified(
    who: _Person, first: _Person | None, namesakes: Namesakes[_Person]
) -> recognition.Recognised[_Person]:
    """Identify a patient without an identifying phone, among those with the same name and no such phone.

    A row that is there twice is one person (`first`), and the birth date tells; where one of two is not known, it may
    be any of those against whom nothing speaks.
    """
    if same := first or namesakes.only_one_born_with(who):
        return recognition.Recognised(same)
    return recognition.Recognised(near=namesakes.agreeing(who, bare=True))


def _resolved(tx: Tx, row: SheetRow, refused: dict[int, str], *, unverified: bool) -> tuple[SheetRow, _Person] | None:
    """A row with the phone as E.164 and the year of the age; what is wrong with it goes into `refused`."""
    if row.problem is not None:
        refused[row.line] = row.problem
        return None
    try:
        phone = _e164(row.phone, region=tx.clinic.region, unverified=unverified) if row.phone else None
        year = patients.birth_year(tx, row.born, row.age)
    except errors.BadValue as wrong:
        refused[row.line] = str(wrong)
        return None
    return row, _Person(
        line=row.line,
        name=row.name,
        name_key=matching.name_key(row.name),
        phone=phone,
        born=row.born,
        born_year=year,
        sex=row.sex,
        email=row.email,
        note=row.note,
        created_at=tx.now,
    )


def _on_file(
    tx: Tx, who: Sequence[_Person]
) -> tuple[dict[str, list[rows.PatientRow]], dict[str, list[rows.PatientRow]]]:
    """Those on file who share a phone with somebody in the file, and those who share a folded name."""
    sharing = defaultdict[str, list[rows.PatientRow]](list)
    for row in stored_patients.with_phones(tx, phones={each.phone for each in who if each.phone}):
        sharing[row.phone or ""].append(row)
    namesakes = defaultdict[str, list[rows.PatientRow]](list)
    for row in stored_patients.with_name_keys(tx, name_keys={each.name_key for each in who}):
        namesakes[row.name_key].append(row)
    merged = patients.all_merged(tx)
    return (
        {phone: patients.sharing(tx, found, merged) for phone, found in sharing.items()},
        {key: patients.namesakes(tx, found) for key, found in namesakes.items()},
    )


def _stands(tx: Tx, plan: Plan) -> bool:
    """Whether nobody has come, gone or changed since a plan was made whom a row of it could be about."""
    since = journal.written_since(tx, plan.head)
    if since is None or plan.today != tx.today:
        return False
    done = [operations.named(each.get("operation")) for each in since]
    if any(each is None or (each not in _REGISTERING and each.changes & _STANDS_ON) for each in done):
        return False
    registered = [each["result"] for each, by in zip(since, done, strict=True) if by in _REGISTERING]
    if any(each.get("filled") or each.get("changed") for each in registered):
        return False
    come = stored_patients.after(tx, number=plan.number) if registered else ()
    return not any(each.phone in plan.phones or each.name_key in plan.name_keys for each in come)


def _refuse_near(tx: Tx, near: Mapping[int, Found[_Person]]) -> None:
    if near:
        found = [(line, who, score) for line in sorted(near) for who, score in near[line].members][: errors.LISTED]
        described = desk.candidates.of_patients(tx, [who for _, who, _ in found])
        raise errors.PossibleDuplicate(
            count=sum(each.total for each in near.values()),
            candidates=[
                each | {"number": _who(who), "score": score, "line": line}
                for each, (line, who, score) in zip(described, found, strict=True)
            ],
            lines=sorted(near),
            hint="Register these by `clinicctl patient add`, or leave them out with --on-error skip.",
        )


def _who(who: _Person) -> str:
    return f"line {who.line}" if who.line else _number(who.number)


@lru_cache(MOST_PATIENTS)
def _number(number: int) -> str:
    """Return a patient's number, which is in the rows of everybody with the same name."""
    return f"P{number}"


def _answered(plan: Plan, line: int, given: Mapping[int, int], *, new: bool) -> ImportedPatient:
    if line in plan.refused:
        return ImportedPatient(line, None, RowOutcome.REFUSED, plan.refused[line])
    if near := plan.near.get(line):
        return ImportedPatient(
            line,
            None,
            RowOutcome.REFUSED,
            "may be somebody on file or in the file",
            candidates=tuple(_who(who) for who, _ in near.members),
            candidates_count=near.total,
        )
    first = plan.again.get(line)
    changes = plan.changes.get(line, _UNCHANGED)
    similar = plan.similar.get(line, _NOBODY)
    changed = RowOutcome.CHANGED if changes.values else RowOutcome.UNCHANGED
    reason = f"the same as line {first}" if first is not None else UNVERIFIED if line in plan.unverified else None
    return ImportedPatient(
        line,
        f"P{given[line if first is None else first]}",
        RowOutcome.ADDED if new else changed,
        reason,
        filled=changes.filled,
        changed=changes.changed,
        not_taken=changes.not_taken,
        similar_on_file=tuple(_number(given[who.line] if who.line else who.number) for who in similar.people),
        similar_on_file_count=similar.total,
    )

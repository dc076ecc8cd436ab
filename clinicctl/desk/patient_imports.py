"""Patients from a file: each row as at a registration, and whoever may be on file already reported, never guessed.

Without a phone, who registers at the desk is a new patient unless a birth date speaks for somebody. But a file comes
again, and has grown: there he is the one on file whose birth date it is, and where none is known, he is reported.

As with doctors' days, a file is compared with what stands on a read view, before the lock is taken. Under the lock it
is looked whether anybody has come since who shares a phone or a name with somebody in the file; then the rows are
inserted, all in one transaction. So other desks wait for less than a second, and all or nothing holds.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from functools import lru_cache
from typing import Any

from clinicctl import errors
from clinicctl.desk import imports, journal, numbers, patients, phones
from clinicctl.desk.imports import Outdated
from clinicctl.results import ImportedPatient, ImportedPatients
from clinicctl.rules import names, references, rows
from clinicctl.rules.digests import Digested
from clinicctl.rules.rows import PatientRow
from clinicctl.rules.sheets import Sheet
from clinicctl.statuses import OnError, RowOutcome
from clinicctl.store import bulk
from clinicctl.store.engine import Row, Tx
from clinicctl.store.models import patient_words
from clinicctl.store.models import patients as people
from clinicctl.store.sql import bindparam, insert, select

OPERATION = "patient_imports.add_patients"
"""What the journal calls it."""

AT_ONCE = 500
"""So many phones or names are asked for by one statement."""

MOST_NAMED = 1_000
"""So many who may be somebody are listed by a refusal; how many they are is said."""

_ELSEWHERE = ("availability", "bookings", "daybook", "doctors", "queue", "undo", "waitlist", "weekly")
_REGISTERING = ("patients.add", OPERATION)
_SINCE = select(people.c.phone, people.c.name_key).where(people.c.number > bindparam("last"))
_INSERT = insert(people)
_INSERT_WORDS = insert(patient_words)
_e164 = lru_cache(rows.MOST_PATIENTS)(phones.e164)


@dataclass(frozen=True, slots=True)
class _InFile:
    """Somebody in the file who is not on file, as if the row stood there already."""

    line: int
    name: str
    name_key: str
    phone: str | None
    born: date | None
    born_year: int | None
    number: int = 0
    archived_at: None = None


@dataclass(frozen=True, slots=True)
class _Near:
    """A row of the file that may be somebody else's, with those whom it may be about."""

    line: int
    candidates: Sequence[tuple[Any, int]]
    described: Sequence[Mapping[str, Any]]


@dataclass(frozen=True, slots=True)
class Plan(Digested):
    """What a file would register, when the last number given was `number` at the journal's `head`, on `today`."""

    sheet: Sheet
    on_error: OnError
    head: tuple[int, str]
    today: date
    number: int
    refused: Mapping[int, str]
    near: Mapping[int, _Near]
    on_file: Mapping[int, int]
    again: Mapping[int, int]
    inserted: Sequence[tuple[int, tuple[Any, ...]]]
    words: Sequence[tuple[str, Any]]
    phones: frozenset[str | None]
    name_keys: frozenset[str]
    last: bool = False

    def said(self, today: date) -> Any:
        return [self.sheet.said(today), self.on_error]


def plan_patients(tx: Tx, *, sheet: Sheet, on_error: OnError = OnError.STOP) -> Plan:
    """Return what a file would register. Refuses nothing: that is for the write to do."""
    refused: dict[int, str] = {}
    resolved = [each for row in sheet.rows if (each := _resolved(tx, row, refused)) is not None]
    sharing, namesakes = _on_file(tx, [who for _, who in resolved])
    near: dict[int, _Near] = {}
    on_file: dict[int, int] = {}
    again: dict[int, int] = {}
    inserted, words = list[tuple[int, tuple[Any, ...]]](), list[tuple[str, Any]]()
    before = _before(tx, sheet)
    first: dict[tuple[Any, ...], int] = {}
    for row, who in resolved:
        if who.phone is None and (row.line in before or row[1:] in first):
            if row.line in before:
                on_file[row.line] = before[row.line]
            else:
                again[row.line] = first[row[1:]]
            continue
        try:
            found = _without_phone(who, namesakes.get(who.name_key, ())) or patients.recognised(
                sharing.get(who.phone, ()) if who.phone else (),
                namesakes.get(who.name_key, ()),
                name=who.name,
                phone=who.phone,
                born=who.born,
                year=who.born_year,
            )
        except errors.Archived as archived:
            refused[row.line] = str(archived)
            continue
        if isinstance(found, list):
            near[row.line] = _Near(row.line, found, [_described(tx, row.line, *each) for each in found])
        elif isinstance(found, _InFile):
            again[row.line] = found.line
        elif found is not None:
            on_file[row.line] = found.number
        else:
            values = patients.new_row(
                tx,
                name=who.name,
                phone=who.phone,
                born=who.born,
                year=who.born_year,
                sex=row.sex,
                email=row.email,
                note=row.note,
            )
            stored = tuple(bulk.stored(tx, people.c[name], value) for name, value in values.items())
            inserted.append((row.line, stored))
            words += [(word, stored[0]) for word in sorted(set(names.words(who.name)))]
            if who.phone:
                sharing.setdefault(who.phone, []).append(who)
            else:
                first[row[1:]] = row.line
            namesakes.setdefault(who.name_key, []).append(who)
    if sheet.unreadable:
        refused[sheet.unreadable.line] = sheet.unreadable.problem
    return Plan(
        sheet=sheet,
        on_error=on_error,
        head=journal.head(tx),
        today=tx.today,
        number=numbers.last(tx, "patients"),
        refused=refused,
        near=near,
        on_file=on_file,
        again=again,
        inserted=inserted,
        words=words,
        phones=frozenset(who.phone for _, who in resolved if who.phone),
        name_keys=frozenset(who.name_key for _, who in resolved),
    )


def add_patients(tx: Tx, *, plan: Plan) -> ImportedPatients:
    """Register the patients of a file as `patients.add` would, one row after the other.

    All or nothing: refuses with `BadFile`, naming every bad line, and with `PossibleDuplicate`, naming everybody whom a
    row may be about. `on_error` SKIP takes the others and answers these as refused. Raises `Outdated` as
    `imports.set_availability` does.
    """
    if not _stands(tx, plan):
        if not plan.last:
            raise Outdated
        plan = plan_patients(tx, sheet=plan.sheet, on_error=plan.on_error)
    if plan.on_error is OnError.STOP or plan.sheet.unreadable:
        imports.refuse_bad_lines(plan.refused)
        _refuse_near(plan.near)
    given: dict[int, int] = dict(plan.on_file)
    taken = numbers.next_many(tx, "patients", len(plan.inserted)) if plan.inserted else ()
    now = bulk.stored(tx, people.c.created_at, tx.now)
    inserted = list[tuple[Any, ...]]()
    for number, (line, values) in zip(taken, plan.inserted, strict=True):
        given[line] = number
        inserted.append((values[0], number, *values[2:11], now, now, *values[13:]))
    bulk.run(tx, _INSERT, people.c.keys(), inserted)
    bulk.run(tx, _INSERT_WORDS, patient_words.c.keys(), plan.words)
    new = {line for line, _ in plan.inserted}
    answered = tuple(_answered(plan, row.line, given, new=row.line in new) for row in plan.sheet.rows)
    tally = [each.outcome for each in answered]
    return ImportedPatients(
        added=tally.count(RowOutcome.ADDED),
        unchanged=tally.count(RowOutcome.UNCHANGED),
        refused=tally.count(RowOutcome.REFUSED),
        rows=answered,
    )


def _before(tx: Tx, sheet: Sheet) -> dict[int, int]:
    """Whom this very file has registered before, by line: without a phone, nothing else would tell that."""
    requests = [{"plan": [sheet.said(tx.today), each]} for each in OnError]
    done = journal.done_before(tx, OPERATION, requests)
    rows_ = done.rows if isinstance(done, ImportedPatients) else ()
    numbers_ = [references.patient_number(each.patient) if each.patient else None for each in rows_]
    return {row.line: number for row, number in zip(sheet.rows, numbers_, strict=False) if number is not None}


def _without_phone(who: _InFile, namesakes: Iterable[Any]) -> Any:
    """Who somebody without a phone is, among those of the name who have none either; as of `patients.recognised`.

    The birth date tells him; where one of two is not known, he may be anybody of them whose age does not speak against
    it.
    """
    if who.phone is not None:
        return None
    maybe = [
        each
        for each in namesakes
        if each.phone is None and names.same_birth(who.born, who.born_year, each.born, each.born_year) is not False
    ]
    same = [each for each in maybe if who.born and each.born == who.born]
    return same[0] if len(same) == 1 else [(each, names.SAME - 10) for each in maybe]


def _resolved(tx: Tx, row: PatientRow, refused: dict[int, str]) -> tuple[PatientRow, _InFile] | None:
    """A row with the phone as E.164 and the year of the age; what is wrong with it goes into `refused`."""
    if row.problem is not None:
        refused[row.line] = row.problem
        return None
    try:
        phone = _e164(row.phone, region=tx.clinic.region) if row.phone else None
        year = patients.birth_year(tx, row.born, row.age)
    except errors.BadValue as wrong:
        refused[row.line] = str(wrong)
        return None
    return row, _InFile(row.line, row.name, names.name_key(row.name), phone, row.born, year)


def _on_file(tx: Tx, who: Sequence[_InFile]) -> tuple[dict[str, list[Any]], dict[str, list[Any]]]:
    """Those on file who share a phone with somebody in the file, and those who share a folded name."""
    sharing: dict[str, list[Any]] = {}
    for row in _asked(tx, people.c.phone, {each.phone for each in who if each.phone}):
        if row.merged_into is None:
            sharing.setdefault(row.phone, []).append(row)
    namesakes: dict[str, list[Any]] = {}
    for row in _asked(tx, people.c.name_key, {each.name_key for each in who}):
        if row.archived_at is None:
            namesakes.setdefault(row.name_key, []).append(row)
    return sharing, namesakes


def _asked(tx: Tx, column: Any, values: set[str]) -> Iterable[Row[Any]]:
    wanted = sorted(values)
    for at in range(0, len(wanted), AT_ONCE):
        yield from tx.all(select(people).where(column.in_(wanted[at : at + AT_ONCE])).order_by(people.c.number))


def _described(tx: Tx, line: int, who: Any, score: int) -> dict[str, Any]:
    """What an answer tells of one whom a row may be about."""
    told = patients.person(tx, who) | {"score": score, "line": line}
    return told | {"number": f"line {who.line}"} if isinstance(who, _InFile) else told


def _stands(tx: Tx, plan: Plan) -> bool:
    """Whether nobody has come, gone or changed since a plan was made whom a row of it could be about."""
    since = journal.operations_since(tx, plan.head)
    if since is None or plan.today != tx.today:
        return False
    if not all(each in _REGISTERING or each.partition(".")[0] in _ELSEWHERE for each in since):
        return False
    come = tx.all(_SINCE, last=plan.number) if since & {*_REGISTERING} else ()
    return not any(each.phone in plan.phones or each.name_key in plan.name_keys for each in come)


def _refuse_near(near: Mapping[int, _Near]) -> None:
    if near:
        found = [each for line in sorted(near) for each in near[line].described]
        raise errors.PossibleDuplicate(
            count=len(found),
            candidates=found[:MOST_NAMED],
            hint="Register these by `clinicctl patient add`, or leave them out with --on-error skip.",
        )


def _answered(plan: Plan, line: int, given: Mapping[int, int], *, new: bool) -> ImportedPatient:
    if line in plan.refused:
        return ImportedPatient(line, None, RowOutcome.REFUSED, plan.refused[line])
    if line in plan.near:
        numbers_ = tuple(dict.fromkeys(str(each["number"]) for each in plan.near[line].described))
        return ImportedPatient(line, None, RowOutcome.REFUSED, "may be somebody on file or in the file", numbers_)
    first = plan.again.get(line)
    reason = f"the same as line {first}" if first is not None else None
    number = given[line if first is None else first]
    return ImportedPatient(line, f"P{number}", RowOutcome.ADDED if new else RowOutcome.UNCHANGED, reason)

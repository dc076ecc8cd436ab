"""Plan an import of patients: decide for each row whether it is a new patient, one on file, or unclear.

A row is matched as at a registration, with one difference. At the desk, a patient without a phone that identifies them
is new unless the birth date matches. A file is imported again when it has grown, so there such a row is the patient
with the same birth date; if a birth date is missing, the row is refused as a possible duplicate. A row of a list of the
program has the patient's id: with the same name it is that patient, whatever else identifies them.
"""

from array import array
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from functools import lru_cache
from typing import Any, NamedTuple

from clinicctl import errors
from clinicctl.desk import journal, operations, patient_phones, recognition, registration
from clinicctl.desk.dates import birth_of, refuse_other_age
from clinicctl.desk.imports.people import KnownPeople, PersonInFile
from clinicctl.desk.imports.plan import Stamp, refuse_bad_lines, stamp
from clinicctl.desk.recognition import Found, Namesakes
from clinicctl.results.imports import ImportedPatients
from clinicctl.rules import keys, matching, phones, references
from clinicctl.rules.dates import Birth
from clinicctl.rules.details import Changes
from clinicctl.rules.fingerprints import Digested
from clinicctl.rules.import_rows import AT_ONCE, PatientRow
from clinicctl.rules.tabular import Sheet
from clinicctl.statuses import OnError
from clinicctl.store import counters
from clinicctl.store.compiled import rows
from clinicctl.store.engine import Tx
from clinicctl.store.ids import new_ids

_PLACE = 20
"""The bits for the place of a patient among the inserted ones."""
_AT_ONCE = 500
"""For how many rows the patients with a common key are read at once. They are held in memory."""

_e164 = lru_cache(AT_ONCE)(phones.e164)


class Similar(NamedTuple):
    """Patients with the same name on other phones: the likeliest, and how many there are."""

    people: Sequence[PersonInFile] = ()
    total: int = 0


@dataclass(frozen=True, slots=True)
class Plan(Digested):
    """What a file registers and changes.

    `last_number` is the last patient number given before it. `near` has the possible duplicates of a line, `same` the
    number of its patient on file, and `again` the earlier line with the same patient. A plan marked as the `last` is
    made again under the lock if it is outdated. `keys` has the keys of the inserted patients in the order of the index,
    each with the patient's place; see `key_rows`.
    """

    sheet: Sheet
    on_error: OnError
    update: bool
    unverified_phone: bool
    stamp: Stamp
    last_number: int
    refused: Mapping[int, str]
    near: Mapping[int, Found[PersonInFile]]
    same: Mapping[int, int]
    again: Mapping[int, int]
    changes: Mapping[int, Changes]
    similar: Mapping[int, Similar]
    inserted: Sequence[tuple[int, rows.PatientRow]]
    filled: Sequence[rows.PatientDetailsRow]
    rekeyed: Sequence[tuple[int, Sequence[int], Sequence[int]]]
    people: Sequence[PersonInFile]
    keys: Sequence[int]
    words: Sequence[rows.PatientWordRow]
    phone_rows: Sequence[rows.PatientPhoneRow]
    phones: frozenset[str]
    name_keys: frozenset[str]
    unverified: frozenset[int]
    last: bool = False

    def key_rows(self, numbers: Sequence[int]) -> Iterator[rows.PatientKeyRow]:
        """Return the rows of the keys of the inserted patients, who have these numbers."""
        return (rows.PatientKeyRow(each >> _PLACE, numbers[each & ((1 << _PLACE) - 1)]) for each in self.keys)

    def digest_value(self, today: date, order: str) -> Any:
        sheet = self.sheet.digest_value(today, order)
        return _request(sheet, self.on_error, update=self.update, unverified_phone=self.unverified_phone)


def plan_patients(
    tx: Tx,
    *,
    sheet: Sheet,
    on_error: OnError = OnError.STOP,
    update: bool = False,
    unverified_phone: bool = False,
) -> Plan:
    """Return what a file would register and change.

    Refuses nothing: a repeated key is answered before any refusal.
    """
    refused: dict[int, str] = {}
    resolved = [
        each for row in sheet.rows if (each := _resolve(tx, row, refused, unverified=unverified_phone)) is not None
    ]
    known = KnownPeople(tx, [person for _, person in resolved])
    before = _registered_before(tx, sheet)
    decisions = _Decisions(refused)
    for first in range(0, len(resolved), _AT_ONCE):
        several = resolved[first : first + _AT_ONCE]
        known.look_up(tx, [person for _, person in several])
        for row, person in several:
            decisions.add(known, row, person, before=before.get(row.line), update=update)
    if sheet.unreadable:
        refused[sheet.unreadable.line] = sheet.unreadable.problem
    # The write gives the numbers.
    inserted = [
        (person.line, registration.new_row(tx, person, identity=identity, number=0))
        for person, identity in zip(decisions.new, new_ids(len(decisions.new)), strict=True)
    ]
    return Plan(
        sheet=sheet,
        on_error=on_error,
        update=update,
        unverified_phone=unverified_phone,
        stamp=stamp(tx),
        last_number=counters.last(tx, "patients"),
        refused=refused,
        near=decisions.near,
        same=decisions.same,
        again=decisions.again,
        changes=decisions.changes,
        similar=decisions.similar,
        inserted=inserted,
        filled=[each.details(tx) for each in known.changed.values()],
        rekeyed=known.rekeyed(),
        people=[person for _, person in resolved],
        keys=array("Q", sorted(key << _PLACE | nth for nth, each in enumerate(decisions.new) for key in each.keys)),
        words=[word for _, row in inserted for word in registration.word_rows(row)],
        phone_rows=[
            each
            for person, (_, row) in zip(decisions.new, inserted, strict=True)
            for each in patient_phones.stored_rows(row.id, person.phones)
        ],
        phones=frozenset(phone for _, person in resolved for phone in person.phones),
        name_keys=frozenset(person.name_key for _, person in resolved),
        unverified=frozenset(
            row.line
            for row, person in resolved
            if (unverified_phone or row.unverified) and any(map(phones.is_unverified, person.phones))
        ),
    )


def check_patients(
    tx: Tx, *, parts: Sequence[Sheet], on_error: OnError = OnError.STOP, unverified_phone: bool = False, **_: Any
) -> None:
    """Refuse a file with bad lines, unless they are skipped."""
    refused: dict[int, str] = {}
    for row in (row for each in parts for row in each.rows):
        _read_details(tx, row, refused, unverified=unverified_phone)
    unreadable = parts[-1].unreadable
    if unreadable:
        refused[unreadable.line] = unreadable.problem
    if on_error is OnError.STOP or unreadable:
        refuse_bad_lines(refused)


@dataclass(slots=True)
class _Decisions:
    """The decisions about the rows of a file, by line. `first` has the person of each row without a phone."""

    refused: dict[int, str]
    near: dict[int, Found[PersonInFile]] = field(default_factory=dict)
    same: dict[int, int] = field(default_factory=dict)
    again: dict[int, int] = field(default_factory=dict)
    changes: dict[int, Changes] = field(default_factory=dict)
    similar: dict[int, Similar] = field(default_factory=dict)
    new: list[PersonInFile] = field(default_factory=list)
    first: dict[tuple[Any, ...], PersonInFile] = field(default_factory=dict)

    def add(
        self, known: KnownPeople, row: PatientRow, given: PersonInFile, *, before: int | None, update: bool
    ) -> None:
        """Decide about one row.

        `before` is the patient from an earlier import of the same row of the same file.
        """
        if (listed := known.listed(given)) is not None:
            self._add_known(known, row.line, listed, given, update=update)
            return
        identified = known.identified(given)
        if before is not None and not identified:
            self.same[row.line] = before
            if (person := known.by_number.get(before)) is not None:
                self.changes[row.line] = known.change(person, given, update=update)
            return
        sharing, namesakes = known.sharing(given), known.namesakes(given)
        first = self.first.get(row[1:])
        found = recognition.NOT_RECOGNISED if identified else _match_unidentified(given, first, namesakes)
        if found.same is None and not found.near.total:
            found = recognition.recognise(
                given,
                phones=known.phones(given),
                sharing=sharing,
                namesakes=namesakes,
                others=known.others(given),
            )
        if found.near.total:
            self.near[row.line] = found.near
        elif found.same is not None:
            self._add_known(known, row.line, found.same, given, update=update)
        else:
            if found.similar.total:
                self.similar[row.line] = Similar([each for each, _ in found.similar.members], found.similar.total)
            self.new.append(given)
            known.add(given)
            self.first.setdefault(row[1:], given)

    def _add_known(
        self, known: KnownPeople, line: int, person: PersonInFile, given: PersonInFile, *, update: bool
    ) -> None:
        try:
            # A list of the program may have archived patients, too.
            if person.id is None or person.id != given.listed or not known.is_unchanged(person, given):
                registration.refuse_archived(person)
        except errors.Archived as archived:
            self.refused[line] = str(archived)
            return
        if person.line:
            self.again[line] = person.line
        else:
            self.same[line] = person.number
        self.changes[line] = known.change(person, given, update=update)


def _registered_before(tx: Tx, sheet: Sheet) -> dict[int, int]:
    """Return the patients whom an earlier import of this file registered, by line.

    Without a phone, nothing else identifies them.
    """
    digest = sheet.digest_value(tx.today, tx.clinic.date_order)
    requests = [
        {"plan": _request(digest, each, update=update, unverified_phone=unverified)}
        for each in OnError
        for update in (False, True)
        for unverified in (False, True)
    ]
    done = journal.done_before(tx, operations.IMPORT_PATIENTS.name, requests)
    answered = done.rows if isinstance(done, ImportedPatients) else ()
    numbers = [references.patient_number(each.patient) if each.patient else None for each in answered]
    return {row.line: number for row, number in zip(sheet.rows, numbers, strict=False) if number is not None}


def _request(sheet: Any, on_error: OnError, *, update: bool, unverified_phone: bool) -> list[Any]:
    """Return the request as the journal compares it.

    An option that is off is left out, as in older versions.
    """
    options = {"update": update, "unverified phones": unverified_phone}
    return [sheet, on_error, *(name for name, on in options.items() if on)]


def _phones(given: Sequence[str], *, region: str, unverified: bool) -> list[str]:
    """Return the phones of a row in E.164, each once."""
    found = [_e164(each, region=region, unverified=unverified) for each in given if each]
    return list(dict.fromkeys(each for each in found if each))


def _match_unidentified(
    given: PersonInFile, first: PersonInFile | None, namesakes: Namesakes[PersonInFile]
) -> recognition.Recognised[PersonInFile]:
    """Match a patient without an identifying phone by name and birth date.

    Only people with the same name and no such phone are compared. Identical rows are one person (`first`), and the
    birth date decides. If a birth date is missing, the patient may be any of those without a contradiction.
    """
    if same := first or namesakes.only_one_born_with(given):
        return recognition.Recognised(same)
    return recognition.Recognised(near=namesakes.agreeing(given, bare=True))


def _resolve(
    tx: Tx, row: PatientRow, refused: dict[int, str], *, unverified: bool
) -> tuple[PatientRow, PersonInFile] | None:
    """Return a row with its person: the phone in E.164, and a birth year for an age.

    Bad lines go into `refused`.
    """
    read = _read_details(tx, row, refused, unverified=unverified)
    if read is None:
        return None
    listed, birth = read
    person = PersonInFile(
        line=row.line,
        name=row.name,
        name_key=matching.name_key(row.name),
        phone=listed[0] if listed else None,
        phones=listed,
        born=birth.born,
        born_year=birth.year,
        born_month=birth.month,
        sex=row.sex,
        email=row.email,
        note=row.note,
        created_at=tx.now,
        notify=row.notify,
        language=row.language,
        listed=row.id,
    )
    # Many lists of integers need too much memory.
    person.keys, person.probes = (array("I", each) for each in keys.both(person, listed))
    return row, person


def _read_details(
    tx: Tx, row: PatientRow, refused: dict[int, str], *, unverified: bool
) -> tuple[list[str], Birth] | None:
    """Return the phones and the birth of a row. Bad lines go into `refused`."""
    if row.problem is not None:
        refused[row.line] = row.problem
        return None
    try:
        listed = _phones(
            (row.phone, *row.more_phones), region=tx.clinic.region, unverified=unverified or row.unverified
        )
        birth = birth_of(tx, row.born, row.age)
        if row.born is not None and row.age is not None:
            refuse_other_age(tx, birth, row.age)
    except errors.BadValue as wrong:
        refused[row.line] = str(wrong)
        return None
    return listed, birth

"""The people in a file of patients: those on file whom its rows may mean, and those of earlier rows."""

from collections import Counter, defaultdict
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from clinicctl.desk import identity, lookup, patient_phones, recognition
from clinicctl.desk.recognition import Namesakes, Others, Person
from clinicctl.rules import details, keys, matching, names
from clinicctl.rules.details import Changes
from clinicctl.statuses import Sex
from clinicctl.store.compiled import patients as stored_patients
from clinicctl.store.compiled import rows
from clinicctl.store.engine import Tx


@dataclass(slots=True, eq=False, kw_only=True)
class PersonInFile(Person):
    """A patient on file, or the person of an earlier row. Later rows may fill empty fields.

    `listed` is the id that a list of the program gives a row.
    """

    line: int = 0
    id: UUID | None = None
    listed: UUID | None = None
    phones: Sequence[str] = ()
    number: int = 0
    name_key: str
    keys: Sequence[int] = ()
    probes: Sequence[int] = ()
    archived_at: datetime | None = None
    merged_into: UUID | None = None

    def details(self, tx: Tx) -> rows.PatientDetailsRow:
        """Return the row that writes the fields on file."""
        assert self.id is not None, "a person who is not on file"
        return rows.PatientDetailsRow(
            born=self.born,
            born_year=self.born_year,
            born_month=self.born_month,
            sex=self.sex or Sex.UNKNOWN,
            email=self.email,
            note=self.note,
            updated_at=tx.now,
            notify=self.notify,
            language=self.language,
            id=self.id,
        )


class KnownPeople:
    """The patients that the rows of a file may mean: those on file with a phone or name of a row, and earlier rows."""

    def __init__(self, tx: Tx, people: Sequence[PersonInFile]) -> None:
        sharing, namesakes, listed, phones = _on_file(tx, people)
        self._phones = phones
        self.changed: dict[int, PersonInFile] = {}
        self.by_number: dict[int, PersonInFile] = {}
        self._people: dict[tuple[int, str], PersonInFile] = {}
        self._sharing: dict[str, list[PersonInFile]] = defaultdict(list)
        self._sharing |= {phone: [self._person(row) for row in found] for phone, found in sharing.items()}
        self._listed = {row.id: self._made(row) if row.merged_into else self._person(row) for row in listed}
        self._crowded = _crowded(people, sharing)
        self._namesakes = {
            key: Namesakes((self._person(row) for row in found), crowded=self._crowded)
            for key, found in namesakes.items()
        }
        words = Counter(each.folded for person in people for each in names.read(person.name).words)
        self._frequencies = identity.frequencies(tx, words, total=len(people))
        self._keys_before: dict[int, Sequence[int]] = {}
        self._by_key: dict[int, PersonInFile | list[PersonInFile]] = {}
        """Most keys have one person, without a list."""
        self._on_file: dict[int, list[PersonInFile]] = {}

    def listed(self, given: PersonInFile) -> PersonInFile | None:
        """Return the patient whom a row of a list of the program is about.

        The row has the patient's id and name. A merged record is returned only if the row says nothing else of it: what
        is new belongs to the patient into whom it was merged."""
        found = self._listed.get(given.listed) if given.listed else None
        if found is None or found.name_key != given.name_key:
            return None
        return found if found.merged_into is None or self.is_unchanged(found, given) else None

    def identified(self, given: PersonInFile) -> bool:
        """Return whether a person has a phone that identifies them, not a placeholder."""
        return any(each not in self._crowded for each in given.phones)

    def sharing(self, given: PersonInFile) -> Sequence[PersonInFile]:
        """Return the people with the same phone, if it identifies them."""
        found: dict[int, PersonInFile] = {}
        for phone in given.phones:
            if phone not in self._crowded:
                found |= {id(each): each for each in self._sharing.get(phone, ())}
        return list(found.values())

    def namesakes(self, given: PersonInFile) -> Namesakes[PersonInFile]:
        """Return the people with the same folded name."""
        if given.name_key not in self._namesakes:
            self._namesakes[given.name_key] = Namesakes(crowded=self._crowded)
        return self._namesakes[given.name_key]

    def phones(self, given: PersonInFile) -> list[str]:
        """Return the phones of a person that identify them."""
        return [each for each in given.phones if each not in self._crowded]

    def look_up(self, tx: Tx, people: Sequence[PersonInFile]) -> None:
        """Find the patients on file who share a key with the next people."""
        self._on_file = defaultdict(list)
        probes = {key for each in people for key in each.probes}
        pairs = stored_patients.with_keys(tx, keys=sorted(probes), most=keys.MOST)
        numbers = {each.patient for each in pairs}
        merged = stored_patients.merged_with_numbers(tx, numbers=numbers)
        people_of: dict[int, list[PersonInFile]] = defaultdict(list)
        # Who only resembles somebody in the file is not kept, because there may be many.
        for known in stored_patients.on_file_with_numbers(tx, numbers=numbers):
            people_of[known.number].append(self._people.get((known.number, known.name)) or _resembling(known))
        for record in merged:
            people_of[record.number] += [
                self._people.get((each.number, each.name)) or self._made(each)
                for each in identity.namesakes(tx, [record])
            ]
        for key, number in pairs:
            self._on_file[key] += people_of[number]

    def others(self, given: PersonInFile) -> Others[PersonInFile]:
        """Return the people on other phones who share a key, without namesakes."""
        found: dict[int, PersonInFile] = {}
        common = self.namesakes(given).is_common()
        for key in given.probes:
            earlier = self._by_key.get(key, [])
            listed = earlier if isinstance(earlier, list) else [earlier]
            for each in (*self._on_file.get(key, ()), *(listed if len(listed) <= keys.MOST else ())):
                if common or not recognition.is_namesake(given, given.name_key, each):
                    found[id(each)] = each
        for each in self.sharing(given):
            found.pop(id(each), None)
        return Others(list(found.values()), self._frequencies, 2)

    def add(self, given: PersonInFile) -> None:
        """Add a new patient."""
        for key in given.keys:
            known = self._by_key.setdefault(key, given)
            if isinstance(known, list):
                known.append(given)
            elif known is not given:
                self._by_key[key] = [known, given]
        for phone in given.phones:
            self._sharing[phone].append(given)
        self.namesakes(given).add(given)

    def change(self, person: PersonInFile, given: PersonInFile, *, update: bool) -> Changes:
        """Change a person as a row says, for later rows, too; return the changes."""
        person = self.by_number.get(person.number, person)
        found = self._changes(person, given, update=update)
        if found.values:
            namesakes = self.namesakes(person)
            namesakes.discard(person)
            if person.number:
                self._keys_before.setdefault(person.number, keys.keys(person, ()))
            for name, value in found.values.items():
                setattr(person, name, value)
            namesakes.add(person)
            if person.number:
                self.changed[person.number] = person
        return found

    def is_unchanged(self, person: PersonInFile, given: PersonInFile) -> bool:
        """Return whether a row says nothing else of a person than is known."""
        return self._changes(person, given, update=True) == Changes({})

    def _changes(self, person: PersonInFile, given: PersonInFile, *, update: bool) -> Changes:
        # A placeholder is not taken over.
        known = (*person.phones, *(each for each in given.phones if each in self._crowded))
        return details.changes(person, given, phones=known, update=update)

    def rekeyed(self) -> list[tuple[int, Sequence[int], Sequence[int]]]:
        """Return the changed patients with their keys before and after.

        The keys of phones are left out, because an import does not change them.
        """
        return [(number, before, keys.keys(self.changed[number], ())) for number, before in self._keys_before.items()]

    def _person(self, row: rows.PatientRow) -> PersonInFile:
        """Return a patient on file: always the same object."""
        key = (row.number, row.name)
        if key not in self._people:
            self._people[key] = self._made(row)
            if isinstance(row, recognition.Formerly):
                self._person(row.on_file)
            else:
                self.by_number[row.number] = self._people[key]
        return self._people[key]

    def _made(self, row: rows.PatientRow) -> PersonInFile:
        return PersonInFile(
            id=row.id,
            number=row.number,
            phones=self._phones.get(row.id, ()),
            name=row.name,
            name_key=row.name_key,
            phone=row.phone,
            born=row.born,
            born_year=row.born_year,
            born_month=row.born_month,
            sex=row.sex,
            email=row.email,
            note=row.note,
            created_at=row.created_at,
            notify=row.notify,
            language=row.language,
            archived_at=row.archived_at,
            merged_into=row.merged_into,
        )


def _resembling(row: rows.KnownRow) -> PersonInFile:
    """Return a patient on file who is compared only."""
    return PersonInFile(
        id=row.id,
        number=row.number,
        name=row.name,
        name_key=row.name_key,
        phone=row.phone,
        born=row.born,
        born_year=row.born_year,
        born_month=None,
        sex=row.sex,
        email=None,
        note=None,
        created_at=row.created_at,
    )


def _crowded(people: Sequence[PersonInFile], sharing: Mapping[str, Sequence[rows.PatientRow]]) -> Collection[str]:
    """Return the phones that too many people share to identify anybody.

    People on file and in the file count.
    """
    keys: dict[str, set[str]] = defaultdict(set)
    for each in people:
        for phone in each.phones:
            keys[phone].add(each.name_key)
    return {
        phone
        for phone, given in keys.items()
        if len(found := sharing.get(phone, ())) + len(given - {row.name_key for row in found}) > matching.MOST_SHARING
    }


def _on_file(
    tx: Tx, people: Sequence[PersonInFile]
) -> tuple[
    dict[str, list[rows.PatientRow]], dict[str, list[rows.PatientRow]], list[rows.PatientRow], dict[UUID, list[str]]
]:
    """Return the patients on file with a phone or a name in the file.

    The first result is by phone, the second by folded name. The third has those with a name and an id in the file, also
    archived and merged ones. The fourth has the phones that they share with the file.
    """
    phones = defaultdict[UUID, list[str]](list)
    sharing = defaultdict[str, list[rows.PatientRow]](list)
    endings = {patient_phones.ending(phone): phone for each in people for phone in each.phones}
    for each in stored_patients.with_phones(tx, endings=endings.keys()):
        sharing[endings[each.ending]].append(rows.PatientRow(*each[:-1]))
        phones[each.id].append(endings[each.ending])
    namesakes = defaultdict[str, list[rows.PatientRow]](list)
    ids = {each.listed for each in people}
    listed = list[rows.PatientRow]()
    for row in stored_patients.with_name_keys(tx, name_keys={each.name_key for each in people}):
        namesakes[row.name_key].append(row)
        if row.id in ids:
            listed.append(row)
    merged = lookup.all_merged(tx)
    return (
        {phone: identity.sharing(tx, found, merged) for phone, found in sharing.items()},
        {key: identity.namesakes(tx, found) for key, found in namesakes.items()},
        listed,
        phones,
    )

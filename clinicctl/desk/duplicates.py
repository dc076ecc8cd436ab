"""Find pairs of patients on file who may be the same person."""

from collections.abc import Callable, Iterable, Iterator, Mapping
from heapq import nsmallest
from itertools import combinations, groupby
from operator import attrgetter

from clinicctl.desk import distinct, lookup, patient_phones, patients
from clinicctl.desk.dates import date_of
from clinicctl.results.people import Duplicate, Patient
from clinicctl.rules import keys, likelihood, matching
from clinicctl.rules.days import DayWord
from clinicctl.rules.likelihood import Frequencies, Outcome, Phone, Score
from clinicctl.store.compiled import patients as stored_patients
from clinicctl.store.compiled import records as stored_records
from clinicctl.store.compiled import rows
from clinicctl.store.engine import Tx

Numbers = tuple[int, int]
"""The numbers of two patients, the lower one first."""
People = Mapping[int, rows.ComparedRow]
Report = Callable[[int, int], None]

LARGEST_GROUP = keys.MOST
"""The largest group to compare. A larger one says nothing, and its members are found by another key."""
_EVERY = 20_000
"""How many keys are read between two reports."""


def list_duplicates(
    tx: Tx, *, since: DayWord | None = None, limit: int | None = None, report: Report = lambda _done, _all: None
) -> list[Duplicate]:
    """Return the pairs on file who may be one person, the likeliest first.

    A pair shares a key, a phone or a folded name, and has the score of a registration. With `since`, one of the two was
    registered on that day or later. A pair that was judged to be two people is left out. `report` gets how much is
    done, and of how much.
    """
    people = {row.number: row for row in stored_records.compared(tx)}
    recent = _recent(tx, people, since)
    phones = _phones(tx, people)
    counts = {row.word: row.patients for row in stored_records.word_counts(tx)}
    frequencies = Frequencies(len(people), lambda word: counts.get(word, 0))
    seen, found = distinct.pairs(tx), list[tuple[Numbers, Score]]()
    for pair in _pairs(tx, people, phones, report):
        if pair not in seen and (recent is None or not recent.isdisjoint(pair)):
            seen.add(pair)
            one, other = pair
            phone = likelihood.phones_compared(phones[one], phones[other])
            score = _score(people[one], people[other], phone, frequencies)
            if score is not None and score.outcome is not Outcome.NEW:
                found.append((pair, score))
    listed = nsmallest(len(found) if limit is None else limit, found, key=lambda each: (-each[1].percent, each[0]))
    return [Duplicate(score.percent, score.why, *(_described(tx, each) for each in pair)) for pair, score in listed]


def _recent(tx: Tx, people: People, since: DayWord | None) -> set[int] | None:
    if since is None:
        return None
    earliest = date_of(tx, since)
    return {number for number, row in people.items() if tx.local(row.created_at).date() >= earliest}


def _phones(tx: Tx, people: People) -> dict[int, set[str]]:
    """Return the phones of each patient that identify somebody."""
    found = {number: {row.phone} if row.phone else set[str]() for number, row in people.items()}
    for number, ending in stored_records.further_phones(tx):
        found[number].add(patient_phones.phone(ending))
    crowded = {patient_phones.phone(each) for each in stored_records.crowded_phones(tx, most=matching.MOST_SHARING)}
    if crowded:
        for each in found.values():
            each -= crowded
    return found


def _pairs(tx: Tx, people: People, phones: Mapping[int, set[str]], report: Report) -> Iterator[Numbers]:
    """Yield the pairs who share a key, a phone or a folded name; some of them repeatedly."""
    for key, group in groupby(_reported(stored_patients.keys(tx), report), key=attrgetter("key")):
        members = [row.patient for row in group]
        for one, other in _in_group(each for each in members if each in people):
            # Two known birth dates need more in common than the year.
            if not (keys.is_of_year(key) and people[one].born and people[other].born):
                yield one, other
    by_phone: dict[str, list[int]] = {}
    for number, listed in phones.items():
        for phone in listed:
            by_phone.setdefault(phone, []).append(number)
    for members in by_phone.values():
        yield from _in_group(members)
    for _, named in groupby(stored_records.sharing_name_key(tx), key=attrgetter("name_key")):
        yield from _in_group(row.number for row in named)


def _reported(stored: Iterable[rows.PatientKeyRow], report: Report) -> Iterator[rows.PatientKeyRow]:
    """Report how far the keys are read. They are spread evenly."""
    for nth, row in enumerate(stored):
        if nth and not nth % _EVERY:
            report(row.key, keys.LARGEST)
        yield row


def _in_group(numbers: Iterable[int]) -> Iterator[Numbers]:
    members = sorted(numbers)
    if len(members) <= LARGEST_GROUP:
        yield from combinations(members, 2)


def _score(one: rows.ComparedRow, other: rows.ComparedRow, phone: Phone, frequencies: Frequencies) -> Score | None:
    """Return the score of two patients, or None if they are strangers whatever their names are."""
    if not likelihood.may_match(likelihood.births_compared(one, other), phone):
        return None
    return likelihood.score(one, other, phone=phone, frequencies=frequencies, on_file=2)


def _described(tx: Tx, number: int) -> Patient:
    return patients.describe(tx, lookup.patient_by_number(tx, number))

"""Find pairs of patients on file who may be the same person."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from heapq import nsmallest
from itertools import combinations, groupby
from operator import attrgetter

from clinicctl.desk import distinct, lookup, patient_phones, patients
from clinicctl.desk.dates import date_of
from clinicctl.results.people import Duplicate, Patient
from clinicctl.rules import comparisons, keys, likelihood, matching
from clinicctl.rules.days import DayWord
from clinicctl.rules.likelihood import Frequencies, Outcome, Score
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
    judged, found = distinct.pairs(tx), dict[Numbers, Score]()
    for pair in _pairs(tx, people, phones, report):
        if pair not in found and pair not in judged and (recent is None or not recent.isdisjoint(pair)):
            one, other = pair
            phone = comparisons.phones_compared(phones[one], phones[other])
            score = likelihood.score(people[one], people[other], phone=phone, frequencies=frequencies, on_file=2)
            if score.outcome is not Outcome.NEW:
                found[pair] = score
    listed = nsmallest(
        len(found) if limit is None else limit, found.items(), key=lambda each: (-each[1].percent, each[0])
    )
    return [Duplicate(score.percent, score.why, *(_described(tx, each) for each in pair)) for pair, score in listed]


def _recent(tx: Tx, people: People, since: DayWord | None) -> set[int] | None:
    if since is None:
        return None
    earliest = date_of(tx, since)
    return {number for number, row in people.items() if tx.local(row.created_at).date() >= earliest}


def _phones(tx: Tx, people: People) -> dict[int, tuple[str, ...]]:
    """Return the phones of each patient that identify somebody."""
    crowded = {patient_phones.phone(each) for each in stored_records.crowded_phones(tx, most=matching.MOST_SHARING)}
    found: dict[int, tuple[str, ...]] = {
        number: (row.phone,) if row.phone is not None and row.phone not in crowded else ()
        for number, row in people.items()
    }
    for number, ending in stored_records.further_phones(tx):
        if (phone := patient_phones.phone(ending)) not in crowded:
            found[number] = (*found[number], phone)
    return found


def _pairs(tx: Tx, people: People, phones: Mapping[int, Sequence[str]], report: Report) -> Iterator[Numbers]:
    """Yield the pairs who share a key, a phone or a folded name.

    A pair may be yielded repeatedly.
    """
    for key, shared in _reported(stored_records.sharing_key(tx, most=LARGEST_GROUP), report):
        members = [number for each in (shared or "").split(",") if (number := int(each)) in people]
        if not keys.is_of_year(key):
            yield from _in_group(members)
        elif any(people[each].born is None for each in members):
            # Two known birth dates need more in common than the year.
            yield from (each for each in _in_group(members) if not all(people[number].born for number in each))
    by_phone: dict[str, list[int]] = {}
    for number, listed in phones.items():
        for phone in listed:
            by_phone.setdefault(phone, []).append(number)
    for members in by_phone.values():
        yield from _in_group(members)
    for _, named in groupby(stored_records.sharing_name_key(tx), key=attrgetter("name_key")):
        yield from _in_group(row.number for row in named)


def _reported(stored: Iterable[rows.SharedKeyRow], report: Report) -> Iterator[rows.SharedKeyRow]:
    """Report how far the keys are read. They come in order and are spread evenly."""
    for nth, row in enumerate(stored):
        if nth and not nth % _EVERY:
            report(row.key, keys.LARGEST)
        yield row


def _in_group(numbers: Iterable[int]) -> Iterator[Numbers]:
    members = sorted(numbers)
    if 1 < len(members) <= LARGEST_GROUP:
        yield from combinations(members, 2)


def _described(tx: Tx, number: int) -> Patient:
    return patients.describe(tx, lookup.patient_by_number(tx, number))

"""The stored keys by which the records of one person find one another, and how common the words of names are."""

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence

from clinicctl.desk import patient_phones
from clinicctl.rules import keys
from clinicctl.rules.likelihood import Frequencies
from clinicctl.store import counters
from clinicctl.store.compiled import patients as stored_patients
from clinicctl.store.compiled import rows
from clinicctl.store.engine import Tx

MOST_COUNTED = 2_000
"""A word that more patients have is common, and is not counted further."""


def stored_rows(number: int, found: Iterable[int]) -> list[rows.PatientKeyRow]:
    """Return the rows of a record's keys."""
    return [rows.PatientKeyRow(each, number) for each in found]


def of_patient(tx: Tx, row: rows.PatientRow) -> list[int]:
    """Return the keys that a record should have. An erased one has none."""
    return keys.keys(row, patient_phones.of_patient(tx, row)) if row.erased_at is None else []


def change(tx: Tx, row: rows.PatientRow, before: Collection[int]) -> None:
    """Store the keys of a changed record instead of those `before`.

    Its phones are stored already.
    """
    after = of_patient(tx, row)
    if removed := sorted(set(before).difference(after)):
        stored_patients.delete_keys(tx, keys=removed, patient=row.number)
    stored_patients.insert_keys(tx, stored_rows(row.number, sorted(set(after).difference(before))))


def with_keys(tx: Tx, probes: Iterable[int]) -> tuple[list[rows.KnownRow], list[rows.PatientRow]]:
    """Return the patients on file and the merged records with one of the keys.

    A key that too many share says nothing.
    """
    numbers = {each.patient for each in stored_patients.with_keys(tx, keys=probes, most=keys.MOST)}
    if not numbers:
        return [], []
    on_file = list(stored_patients.on_file_with_numbers(tx, numbers=numbers))
    if len(on_file) == len(numbers):
        return on_file, []
    return on_file, stored_patients.merged_with_numbers(tx, numbers=numbers)


def frequencies(tx: Tx, further: Mapping[str, int] | None = None, *, total: int = 0) -> Frequencies:
    """Return how common words are on file.

    `further` has the counts in a file of `total` people.
    """
    return Frequencies(counters.last(tx, "patients") + total, _counting(tx, further or {}))


def _counting(tx: Tx, further: Mapping[str, int]) -> Callable[[str], int]:
    """Return the function that counts a word. It remembers what it has counted."""
    counted = dict[str, int]()

    def count(word: str) -> int:
        if word not in counted:
            on_file = stored_patients.count_word(tx, word=word, limit=MOST_COUNTED) or 0
            counted[word] = on_file + further.get(word, 0)
        return counted[word]

    return count


def repair(tx: Tx, wrong: Sequence[tuple[int, Collection[int], Collection[int]]]) -> None:
    """Store the right keys of records.

    Each has its number, its stored keys and the right ones.
    """
    for number, stored, right in wrong:
        if removed := sorted(set(stored).difference(right)):
            stored_patients.delete_keys(tx, keys=removed, patient=number)
    # In the order of the index, because the table may be large.
    added = sorted((key, number) for number, stored, right in wrong for key in set(right).difference(stored))
    stored_patients.insert_keys(tx, (rows.PatientKeyRow(*each) for each in added))

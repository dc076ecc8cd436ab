"""The stored keys by which the records of one person find one another."""

from collections.abc import Collection, Iterable, Sequence

from clinicctl.desk import patient_phones
from clinicctl.store.compiled import patients as stored_patients
from clinicctl.store.compiled import rows
from clinicctl.store.engine import Tx


def stored_rows(number: int, found: Iterable[int]) -> list[rows.PatientKeyRow]:
    """Return the rows of a record's keys."""
    return [rows.PatientKeyRow(each, number) for each in found]


def of_patient(tx: Tx, row: rows.PatientRow) -> list[int]:
    """Return the keys that a record should have. An erased one has none."""
    from clinicctl.rules.keys import keys  # Deferred: of the undos, only that of a merge makes keys.

    return keys(row, patient_phones.of_patient(tx, row)) if row.erased_at is None else []


def change(tx: Tx, row: rows.PatientRow, before: Collection[int]) -> None:
    """Store the keys of a changed record instead of those `before`.

    Its phones are stored already.
    """
    after = of_patient(tx, row)
    if removed := sorted(set(before).difference(after)):
        stored_patients.delete_keys(tx, keys=removed, patient=row.number)
    stored_patients.insert_keys(tx, stored_rows(row.number, sorted(set(after).difference(before))))


def with_keys(tx: Tx, probes: Iterable[int], *, most: int) -> tuple[list[rows.KnownRow], list[rows.PatientRow]]:
    """Return the patients on file and the merged records with one of the keys.

    A key that more than `most` share says nothing.
    """
    numbers = {each.patient for each in stored_patients.with_keys(tx, keys=probes, most=most)}
    if not numbers:
        return [], []
    on_file = list(stored_patients.on_file_with_numbers(tx, numbers=numbers))
    if len(on_file) == len(numbers):
        return on_file, []
    return on_file, stored_patients.merged_with_numbers(tx, numbers=numbers)


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

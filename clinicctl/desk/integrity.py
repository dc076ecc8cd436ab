"""Check the invariants of the clinic's database, and repair derived values."""

from collections.abc import Callable, Collection, Iterator
from itertools import groupby, islice
from typing import NamedTuple
from uuid import UUID

from clinicctl import errors
from clinicctl.desk import days, journal, operations, patient_keys, patient_phones, placement
from clinicctl.results.database import Checked, Problem, Repaired
from clinicctl.rules import keys, matching
from clinicctl.rules.text import search_words
from clinicctl.store import paths
from clinicctl.store.compiled import appointments, doctors, integrity, rows
from clinicctl.store.compiled import patients as stored_patients
from clinicctl.store.engine import Store, Tx
from clinicctl.store.reports import COUNTERS, HELD, INTACT, LEDGER, VALID_VALUES, Head, Violation

NAMES = "names"
_AT_ONCE = 20_000
"""How many patients get new keys at once. They are held in memory."""
_COMPLETE = "no answered write is lost"

_LAST_NUMBER = {
    "patients": integrity.last_patient,
    "appointments": integrity.last_appointment,
    "waitlist": integrity.last_waitlist_entry,
}


class _WrongName(NamedTuple):
    """A patient whose keys or words do not match the name, with the right ones."""

    row: rows.PatientRow
    name_key: str
    words: frozenset[str]


def look(store: Store, *, actor: str | None) -> Checked:
    """Return the problems, without names or phones. Reads one view and takes no lock."""
    # The head file is read before the view is taken, so the view has every write in it.
    noted = store.noted_head()
    try:
        with store.read(actor=actor) as tx:
            found = [*_violations(tx), *_behind(tx, noted)]
    except errors.FellBehind as refused:
        found = [
            *store.find_violations(),
            Violation(_COMPLETE, _ends(refused.details["found"], refused.details["noted"])),
        ]
    except (errors.Damaged, errors.BadValue) as refused:
        # The damage, or a bad setting, prevents every command, so the file itself is checked.
        found = store.find_violations() or [Violation(INTACT, str(refused))]
    return Checked(path=store.place, sound=not found, problems=_problems(found))


def first_violation(tx: Tx) -> Violation | None:
    """Return the first violation that a check would list, if there is any."""
    return next(_violations(tx), None)


@operations.REPAIR
def repair(tx: Tx) -> Repaired:
    """Repair derived values: days' ledgers, counters, the words and keys of names.

    Refuses a damaged file.
    """
    before = list(_violations(tx))
    if damage := next((each.where for each in before if each.invariant == INTACT), None):
        raise errors.Damaged(path=tx.place, reason=damage)
    repairs: dict[str, Callable[[Tx], None]] = {
        HELD: _repair_held_slots,
        LEDGER: _repair_ledgers,
        COUNTERS: _repair_counters,
        NAMES: repair_names,
    }
    for derived in sorted({each.derived for each in before if each.derived}):
        repairs[derived](tx)
    left = list(_violations(tx))
    return Repaired(
        path=paths.shown(tx.place),
        copy=paths.shown(tx.saved_copy) if tx.saved_copy else None,
        mended=_problems([each for each in before if each not in left]),
        left=_problems(left),
    )


def _problems(found: list[Violation]) -> tuple[Problem, ...]:
    return tuple(Problem(each.invariant, each.where, each.derived is not None) for each in found)


def _violations(tx: Tx) -> Iterator[Violation]:
    """Yield the violations that queries find.

    In a readable file, the journal, the days, the names and the merges are checked, too.
    """
    broken = set[str]()
    for each in tx.violations():
        broken.add(each.invariant)
        yield each
    if INTACT not in broken:
        yield from _journal(tx)
    checks: list[Callable[[Tx], Iterator[Violation]]] = [_capacities, _names, _merges]
    for find_violations in checks if not broken & {INTACT, VALID_VALUES} else ():
        yield from find_violations(tx)


def _behind(tx: Tx, noted: Head | None) -> Iterator[Violation]:
    """Yield a violation if the last write in the head file is not in the journal."""
    number, _ = journal.head(tx)
    if noted is not None and number < noted.number:
        yield Violation(_COMPLETE, _ends(number, noted.number))
    elif noted is not None and journal.written_since(tx, noted) is None:
        yield Violation(_COMPLETE, f"write {noted.number} differs from the answered one")


def _ends(number: int, noted: int) -> str:
    return f"the journal ends with write {number}, but {noted} was answered"


def _capacities(tx: Tx) -> Iterator[Violation]:
    for doctor in doctors.everybody(tx):
        for day in days.list_with_ledger(tx, doctor):
            if day.capacity != day.planned_capacity:
                where = f"{day.doctor} on {day.date}: {day.capacity} instead of {day.planned_capacity}"
                yield Violation("a day has its planned capacity", where, LEDGER)
            elif day.slots is not None:
                yield from (
                    Violation("an appointment with hours has the time of its slot", f"A{row.number}")
                    for row in placement.list_misplaced(tx, day)
                )


def _names(tx: Tx) -> Iterator[Violation]:
    for wrong in _wrong_names(tx):
        where = f"P{wrong.row.number}"
        if wrong.row.name_key != wrong.name_key:
            yield Violation("the keys of a patient match the name", where, NAMES)
        else:
            yield Violation("the words of a patient match the name", where, NAMES)
    for number, _, _ in _wrong_keys(tx):
        yield Violation("a patient is found by the right keys", f"P{number}", NAMES)


def _merges(tx: Tx) -> Iterator[Violation]:
    """Yield the merged records whose chain does not end with a patient on file."""
    into, numbers = dict[UUID, UUID | None](), dict[UUID, int]()
    for row in integrity.patients(tx):
        into[row.id] = row.merged_into
        if row.merged_into is not None:
            numbers[row.id] = row.number
    ends = {identity for identity, survivor in into.items() if survivor is None}
    for identity, number in numbers.items():
        way, at = {identity: None}, into[identity]
        while at is not None and at not in ends and at not in way:
            way[at] = None
            at = into.get(at)
        if at in ends:
            ends.update(way)
        else:
            yield Violation("a merged record leads to a patient on file", f"P{number}")


def _journal(tx: Tx) -> Iterator[Violation]:
    for each in journal.examine(tx).findings:
        yield Violation("the journal is unchanged since it was written", f"write {each.number} {each.problem}")


def _wrong_keys(tx: Tx, *, after: int = 0) -> Iterator[tuple[int, Collection[int], Collection[int]]]:
    """Yield patients with wrong keys: the number, the stored and the right keys."""
    further = patient_phones.further(tx)
    stored = groupby(integrity.keys(tx), key=lambda row: row.patient)
    owner, found = next(stored, (None, iter(())))
    for row in stored_patients.after(tx, number=after):
        while owner is not None and owner < row.number:
            owner, found = next(stored, (None, iter(())))
        current = [each.key for each in found] if owner == row.number else []
        phones = [row.phone, *further.get(row.id, ())] if row.phone else []
        right = keys.keys(row, phones) if row.erased_at is None else []
        if current != right:
            yield row.number, current, right


def _wrong_names(tx: Tx) -> Iterator[_WrongName]:
    """Yield the patients whose keys or words are wrong.

    Both tables are read in the same order, row by row.
    """
    spoken = groupby(integrity.words(tx), key=lambda row: row.patient_id)
    owner, words = next(spoken, (None, iter(())))
    for row in integrity.patients(tx):
        while owner is not None and owner.hex < row.id.hex:
            owner, words = next(spoken, (None, iter(())))
        found = frozenset(each.word for each in words) if owner == row.id else frozenset()
        name = "" if row.erased_at is not None else row.name
        right = _WrongName(row, matching.name_key(name), frozenset(search_words(name)))
        if (row.name_key, found) != right[1:]:
            yield right


def _repair_held_slots(tx: Tx) -> None:
    """Write the held slots again.

    Of two appointments with one slot the older gets it, which is a violation still.
    """
    integrity.release_all(tx)
    appointments.hold(tx, _held_slots(tx))


def _held_slots(tx: Tx) -> Iterator[rows.HeldSlotRow]:
    for (doctor, on), holders in groupby(integrity.holders(tx), key=lambda row: (row.doctor_id, row.date)):
        taken = dict[int, int]()
        for row in holders:
            for slot in range(row.slot, row.slot + row.slots):
                taken.setdefault(slot, row.number)
        yield from (rows.HeldSlotRow(doctor, on, slot, number) for slot, number in sorted(taken.items()))


def _repair_ledgers(tx: Tx) -> None:
    given = tx.last_given()
    for doctor in doctors.everybody(tx):
        held = {row.date: row.slots or 0 for row in integrity.held(tx, doctor=doctor.id)}
        last = given.get(doctor.id, {})
        current = {row.date for row in integrity.ledgers(tx, doctor=doctor.id)}
        if missing := sorted((held.keys() | last.keys()) - current):
            for day in days.list_states(tx, doctor, missing):
                days.open_ledger(tx, day)
        planned = {day.date: day.planned_capacity for day in days.list_with_ledger(tx, doctor)}
        for row in integrity.ledgers(tx, doctor=doctor.id):
            booked, capacity = held.get(row.date, 0), planned.get(row.date, row.capacity)
            right = row._replace(
                capacity=capacity,
                booked=booked,
                remaining=max(0, capacity - booked),
                last_position=max(row.last_position, last.get(row.date, 0)),
            )
            if right != row:
                integrity.set_ledger(
                    tx,
                    row=row.id,
                    capacity=right.capacity,
                    booked=right.booked,
                    remaining=right.remaining,
                    last_position=right.last_position,
                )


def _repair_counters(tx: Tx) -> None:
    current = {row.name: row.value for row in integrity.counters(tx)}
    for kind, last_number in _LAST_NUMBER.items():
        highest = last_number(tx) or 0
        if kind not in current:
            integrity.insert_counter(tx, name=kind, value=highest)
        elif current[kind] < highest:
            integrity.set_counter(tx, kind=kind, value=highest)


def repair_names(tx: Tx) -> None:
    """Write the keys and words of names again where they do not match the patient."""
    for wrong in list(_wrong_names(tx)):
        integrity.set_keys(tx, row=wrong.row.id, name_key=wrong.name_key)
        stored_patients.delete_words(tx, patient=wrong.row.id)
        stored_patients.insert_words(tx, [rows.PatientWordRow(word, wrong.row.id) for word in sorted(wrong.words)])
    last = 0
    while several := list(islice(_wrong_keys(tx, after=last), _AT_ONCE)):
        patient_keys.repair(tx, several)
        last = several[-1][0]

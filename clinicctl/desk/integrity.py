"""Whether the clinic's laws hold in its database, and what follows from the rest worked out anew where they do not."""

from collections.abc import Callable, Iterator
from itertools import groupby
from typing import NamedTuple
from uuid import UUID

from clinicctl import errors
from clinicctl.desk import days, journal, operations
from clinicctl.results import Checked, Problem, Repaired
from clinicctl.rules import matching
from clinicctl.store import paths
from clinicctl.store.compiled import integrity, rows
from clinicctl.store.engine import Store, Tx
from clinicctl.store.sqlite import check, head_file
from clinicctl.store.sqlite.check import Violation
from clinicctl.store.sqlite.invariants import COUNTERS, LEDGER

NAMES = "names"
_KEPT = "nothing that was answered is lost"

_LAST_NUMBER = {
    "patients": integrity.last_patient,
    "appointments": integrity.last_appointment,
    "waitlist": integrity.last_waitlist_entry,
}


class _Wrong(NamedTuple):
    """A patient whose keys or words are not those of the name, with those that are."""

    row: rows.PatientRow
    name_key: str
    sound_key: str
    words: frozenset[str]


def look(store: Store, *, actor: str) -> Checked:
    """Return what is wrong, told without names or phones. Reads one view, takes no lock, changes nothing."""
    # Noted before the view is taken: later writes are in the view, or in neither.
    noted = head_file.known_head(store.path)
    try:
        with store.read(actor=actor) as tx:
            found = [*_violations(tx), *_behind(tx, noted)]
    except (errors.Damaged, errors.BadValue) as refused:
        # So damaged, or so set, that no command can begin, or go on: the file tells where.
        found = check.find_violations(store.path, wait=store.wait) or [Violation(check.INTACT, str(refused))]
    return Checked(path=store.path, sound=not found, problems=_told(found))


@operations.REPAIR
def repair(tx: Tx) -> Repaired:
    """Work out anew what follows from the rest: days' ledgers, counters, the words and keys of names.

    Refuses a file that is not whole.
    """
    before = list(_violations(tx))
    if damage := next((each.where for each in before if each.invariant == check.INTACT), None):
        raise errors.Damaged(path=tx.path, reason=damage)
    mend: dict[str, Callable[[Tx], None]] = {LEDGER: _mend_ledgers, COUNTERS: _mend_counters, NAMES: _mend_names}
    for derived in sorted({each.derived for each in before if each.derived}):
        mend[derived](tx)
    left = list(_violations(tx))
    return Repaired(
        path=paths.shown(tx.path),
        copy=paths.shown(tx.saved_copy) if tx.saved_copy else None,
        mended=_told([each for each in before if each not in left]),
        left=_told(left),
    )


def _told(found: list[Violation]) -> tuple[Problem, ...]:
    return tuple(Problem(each.invariant, each.where, each.derived is not None) for each in found)


def _violations(tx: Tx) -> Iterator[Violation]:
    """What a query can tell, and then, of a file that can be read, what needs more."""
    broken = set[str]()
    for each in check.violations(tx.driver):
        broken.add(each.invariant)
        yield each
    if check.INTACT not in broken:
        yield from _journal(tx)
    laws: list[Callable[[Tx], Iterator[Violation]]] = [_capacities, _names, _merges]
    for law in laws if not broken & {check.INTACT, check.VALID_VALUES} else ():
        yield from law(tx)


def _behind(tx: Tx, noted: head_file.Head | None) -> Iterator[Violation]:
    """Whether the journal ends before the write that was noted last, or has another in its place."""
    number, _ = journal.head(tx)
    if noted is not None and number < noted.number:
        yield Violation(_KEPT, f"the journal ends with write {number}, but {noted.number} was answered")
    elif noted is not None and journal.written_since(tx, noted) is None:
        yield Violation(_KEPT, f"write {noted.number} is not the one that was answered")


def _capacities(tx: Tx) -> Iterator[Violation]:
    for doctor in integrity.doctors(tx):
        for day in days.with_ledger(tx, doctor):
            if day.capacity != day.meant:
                where = f"{day.doctor} on {day.date}: {day.capacity}, said {day.meant}"
                yield Violation("a day has the capacity that was said", where, LEDGER)


def _names(tx: Tx) -> Iterator[Violation]:
    for wrong in _wrong_names(tx):
        where = f"P{wrong.row.number}"
        if (wrong.row.name_key, wrong.row.sound_key) != (wrong.name_key, wrong.sound_key):
            yield Violation("a patient has the keys of the name", where, NAMES)
        else:
            yield Violation("a patient is found by the words of the name", where, NAMES)


def _merges(tx: Tx) -> Iterator[Violation]:
    """Whom a patient was merged into: at the end, somebody who was not."""
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
            yield Violation("a merge ends with a patient on file", f"P{number}")


def _journal(tx: Tx) -> Iterator[Violation]:
    for each in journal.examine(tx).findings:
        yield Violation("the journal is as it was written", f"write {each.number} {each.problem}")


def _wrong_names(tx: Tx) -> Iterator[_Wrong]:
    """Both lists in the order of the patients, side by side: however many there are."""
    spoken = groupby(integrity.words(tx), key=lambda row: row.patient_id)
    owner, words = next(spoken, (None, iter(())))
    for row in integrity.patients(tx):
        while owner is not None and owner.hex < row.id.hex:
            owner, words = next(spoken, (None, iter(())))
        found = frozenset(each.word for each in words) if owner == row.id else frozenset()
        name = "" if row.erased_at is not None else row.name
        right = _Wrong(row, matching.name_key(name), matching.sound_key(name), frozenset(matching.words(name)))
        if (row.name_key, row.sound_key, found) != right[1:]:
            yield right


def _mend_ledgers(tx: Tx) -> None:
    given = check.last_given(tx.driver)
    for doctor in integrity.doctors(tx):
        held = {row.date: row.slots for row in integrity.held(tx, doctor=doctor.id)}
        last = given.get(doctor.id, {})
        standing = {row.date for row in integrity.ledgers(tx, doctor=doctor.id)}
        if missing := sorted((held.keys() | last.keys()) - standing):
            for day in days.facts(tx, doctor, missing):
                days.open_ledger(tx, day)
        meant = {day.date: day.meant for day in days.with_ledger(tx, doctor)}
        for row in integrity.ledgers(tx, doctor=doctor.id):
            booked, capacity = held.get(row.date, 0), meant.get(row.date, row.capacity)
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


def _mend_counters(tx: Tx) -> None:
    standing = {row.name: row.value for row in integrity.counters(tx)}
    for kind, last_number in _LAST_NUMBER.items():
        highest = last_number(tx) or 0
        if kind not in standing:
            integrity.insert_counter(tx, name=kind, value=highest)
        elif standing[kind] < highest:
            integrity.set_counter(tx, kind=kind, value=highest)


def _mend_names(tx: Tx) -> None:
    for wrong in list(_wrong_names(tx)):
        integrity.set_keys(tx, row=wrong.row.id, name_key=wrong.name_key, sound_key=wrong.sound_key)
        integrity.delete_words(tx, patient=wrong.row.id)
        integrity.insert_words(tx, [rows.PatientWordRow(word, wrong.row.id) for word in sorted(wrong.words)])

"""Import patients: apply a plan in one short transaction, all or nothing. A file may be imported repeatedly."""

from collections import defaultdict
from collections.abc import Mapping
from functools import lru_cache

from clinicctl import errors
from clinicctl.desk import candidates, identity, operations, patient_keys, patient_phones, recognition
from clinicctl.desk.imports import headers, patient_plan
from clinicctl.desk.imports.patient_plan import Plan, Similar
from clinicctl.desk.imports.people import PersonInFile
from clinicctl.desk.imports.plan import Outdated, count, refuse_bad_lines, written_since
from clinicctl.desk.recognition import Found, Others
from clinicctl.results.imports import ImportedPatient, ImportedPatients
from clinicctl.rules.details import Changes
from clinicctl.rules.import_cells import column_of
from clinicctl.rules.import_rows import AT_ONCE
from clinicctl.statuses import OnError, RowOutcome
from clinicctl.store import counters
from clinicctl.store.compiled import patients as stored_patients
from clinicctl.store.engine import Tx

UNVERIFIED = "the phone is not valid; taken unverified"
"""The note on a row whose phone has only a possible length."""

_UNCHANGED = Changes({})
_NOBODY = Similar()
_DEPENDS_ON = operations.Part.PATIENTS | operations.Part.SETTINGS
_REGISTERING = (operations.ADD_PATIENT, operations.IMPORT_PATIENTS)


@operations.IMPORT_PATIENTS
def add_patients(tx: Tx, *, plan: Plan, columns: str | None = None) -> ImportedPatients:
    """Register the patients of a file, and fill empty fields of those on file.

    With `update`, different values on file are replaced, too. All or nothing: refuses with `BadFile`, which lists every
    bad line, and with `PossibleDuplicate`, which lists the possible matches. With `on_error` SKIP the other rows are
    imported and these are answered as refused. Raises `Outdated` as `days.set_availability` does.
    """
    if not _is_current(tx, plan):
        if not plan.last:
            raise Outdated
        plan = patient_plan.plan_patients(
            tx,
            sheet=plan.sheet,
            on_error=plan.on_error,
            update=plan.update,
            unverified_phone=plan.unverified_phone,
        )
    if plan.on_error is OnError.STOP or plan.sheet.unreadable:
        refuse_bad_lines(plan.refused)
        _refuse_near(tx, plan.near)
    headers.save(tx, "patients", columns)
    numbers: dict[int, int] = dict(plan.same)
    taken = counters.next_many(tx, "patients", len(plan.inserted)) if plan.inserted else ()
    numbers |= {line: number for number, (line, _) in zip(taken, plan.inserted, strict=True)}
    stored_patients.insert(
        tx,
        (
            row._replace(number=number, created_at=tx.now, updated_at=tx.now)
            for number, (_, row) in zip(taken, plan.inserted, strict=True)
        ),
    )
    stored_patients.insert_words(tx, plan.words)
    stored_patients.insert_keys(tx, plan.key_rows(taken))
    patient_keys.repair(tx, plan.rekeyed)
    stored_patients.insert_phones(tx, plan.phone_rows)
    stored_patients.fill(tx, (each._replace(updated_at=tx.now) for each in plan.filled))
    new = {line for line, _ in plan.inserted}
    answered = tuple(_answer(plan, row.line, numbers, new=row.line in new) for row in plan.sheet.rows)
    return ImportedPatients(rows=answered, **count(each.outcome for each in answered))


def _is_current(tx: Tx, plan: Plan) -> bool:
    """Return whether no write since the plan concerns a patient in the file."""
    since = written_since(tx, plan.stamp)
    if since is None:
        return False
    done = [operations.named(each.get("operation")) for each in since]
    if any(each is None or (each not in _REGISTERING and each.changes & _DEPENDS_ON) for each in done):
        return False
    registered = [each["result"] for each, by in zip(since, done, strict=True) if by in _REGISTERING]
    if any(each.get("filled") or each.get("changed") for each in registered):
        return False
    added = stored_patients.after(tx, number=plan.last_number) if registered else ()
    if any(each.name_key in plan.name_keys for each in added):
        return False
    endings = {patient_phones.ending(each) for each in plan.phones}
    new_phones = stored_patients.phones_since(tx, number=plan.last_number) if registered else ()
    if any(each.ending in endings for each in new_phones):
        return False
    return not registered or not _may_be_in_file(tx, plan)


def _may_be_in_file(tx: Tx, plan: Plan) -> bool:
    """Return whether a patient registered since is similar to one in the file."""
    by_key: dict[int, list[PersonInFile]] = defaultdict(list)
    for person in plan.people:
        for key in person.keys:
            by_key[key].append(person)
    frequencies = identity.frequencies(tx)
    for row in stored_patients.after(tx, number=plan.last_number):
        found = {id(person): person for key in patient_keys.of_patient(tx, row) for person in by_key.get(key, ())}
        on = Others([row], frequencies, 2)
        if any(recognition.is_similar(person, row, phones=person.phones, on=on) for person in found.values()):
            return True
    return False


def _refuse_near(tx: Tx, near: Mapping[int, Found[PersonInFile]]) -> None:
    if near:
        found = [(line, person, score) for line in sorted(near) for person, score in near[line].members]
        listed = found[: errors.LISTED]
        described = candidates.of_patients(tx, [person for _, person, _ in listed])
        raise errors.PossibleDuplicate(
            count=sum(each.total for each in near.values()),
            candidates=[
                each | {"number": _reference(person), "score": score, "line": line}
                for each, (line, person, score) in zip(described, listed, strict=True)
            ],
            lines=sorted(near),
            hint="Register them with `clinicctl patient add`, or leave them out with --on-error skip.",
        )


def _reference(person: PersonInFile) -> str:
    return f"line {person.line}" if person.line else _number(person.number)


@lru_cache(AT_ONCE)
def _number(number: int) -> str:
    """Return a patient's number as text.

    It is repeated in the rows of everybody with the same name.
    """
    return f"P{number}"


def _answer(plan: Plan, line: int, numbers: Mapping[int, int], *, new: bool) -> ImportedPatient:
    if line in plan.refused:
        why = plan.refused[line]
        return ImportedPatient(line, None, RowOutcome.REFUSED, why, column=column_of(why))
    if near := plan.near.get(line):
        return ImportedPatient(
            line,
            None,
            RowOutcome.REFUSED,
            "possible duplicate of somebody on file or in the file",
            candidates=tuple(_reference(person) for person, _ in near.members),
            candidates_count=near.total,
        )
    first = plan.again.get(line)
    changes = plan.changes.get(line, _UNCHANGED)
    similar = plan.similar.get(line, _NOBODY)
    changed = RowOutcome.CHANGED if changes.values else RowOutcome.UNCHANGED
    reason = f"the same as line {first}" if first is not None else UNVERIFIED if line in plan.unverified else None
    return ImportedPatient(
        line,
        f"P{numbers[line if first is None else first]}",
        RowOutcome.ADDED if new else changed,
        reason,
        filled=changes.filled,
        changed=changes.changed,
        not_taken=changes.not_taken,
        similar_on_file=tuple(_number(numbers[who.line] if who.line else who.number) for who in similar.people),
        similar_on_file_count=similar.total,
    )

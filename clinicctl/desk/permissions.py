"""Whether the role of a user allows a command, and what is noted if not.

On a file this is a guard against mistakes: everybody who can write to the file can change it. On a server the grants
of the roles decide, whatever this program says.
"""

import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from datetime import timedelta
from secrets import token_hex
from typing import Any, NamedTuple
from uuid import UUID

from clinicctl import errors
from clinicctl.desk import access, journal, lookup, operations, pins, replay, roles
from clinicctl.results.users import RefusedAttempt
from clinicctl.rules.references import DoctorRef, PatientRef
from clinicctl.statuses import OnConflict, Role
from clinicctl.store.compiled import rows, users
from clinicctl.store.engine import Tx

REFUSED = "refused"
"""The command in the journal's rows about refused attempts."""
MOST = 60
PERIOD = timedelta(hours=1)
"""So many refused attempts of a login in this time have a row each. Further ones have none, so that a program that
tries again and again cannot fill the disk."""
_NAMED = 3
"""The most managers that a hint names."""

_PATIENT = re.compile(r"[Pp][0-9]+|[0-9a-fA-F-]{32,36}")


class Person(NamedTuple):
    """The user who acts: the name and the role, and the login, which may be another one."""

    name: str
    role: Role
    doctor_id: UUID | None
    login: str


def permit(
    tx: Tx,
    found: Mapping[str, rows.PersonRow],
    command: str,
    request: Mapping[str, Any],
    *,
    operation: Callable[..., Any] | None,
    pins_typed: Mapping[str, str],
) -> tuple[Tx, Mapping[str, Any]]:
    """Return the transaction for the user who acts, and the request.

    `found` are the users by name; one of them may be the login or the actor. See `access.admit`.
    """
    person = _person(tx, found, command, pins_typed)
    rule = roles.COMMANDS[command]
    needed = rule.roles if operation is None else rule.writing & operations.of(operation).roles
    if person.role not in needed:
        raise errors.NotAllowed(**_about(tx, command, person.role, needed))
    if person.role is Role.CLINICIAN and not rule.any_doctor:
        request = _of_own_doctor(tx, person, command, request)
    if person.role is Role.AUDITOR:
        _refuse_names(request)
    if person.role is Role.IMPORTER:
        _refuse_bookings(tx, command, request)
    return replace(tx, person=person), request


def refuse_undo(tx: Tx, write: rows.WriteRow) -> None:
    """Refuse to undo a write that the role does not include.

    A clinician may undo only what they did themselves.
    """
    person: Person | None = tx.person
    if person is None:
        return
    done = operations.named(replay.read(tx, write.outcome, of=write.number).get("operation"))
    needed = done.roles if done is not None else operations.MANAGER
    if person.role is Role.CLINICIAN and write.actor != person.name:
        needed -= {Role.CLINICIAN}
    if person.role not in needed:
        about = _about(tx, "undo", person.role, needed)
        raise errors.NotYourWrite(**about, number=write.number, undone=write.command)


@operations.REFUSE
def refuse(
    tx: Tx,  # noqa: ARG001 - as every operation
    *,
    command: str,
    role: str | None,
    needed: tuple[str, ...],
    reason: str,
) -> RefusedAttempt:
    """Return what was refused, for the journal."""
    return RefusedAttempt(command, Role(role) if role else None, tuple(map(Role, needed)), reason)


def record(tx: Tx, refused: errors.NotAllowed, *, command: str) -> None:
    """Add a refused attempt to the journal. It has no arguments of the command."""
    if (users.refused_since(tx, since=tx.now - PERIOD, actor=tx.actor) or 0) >= MOST:
        return
    journal.once(
        tx,
        refuse,
        command=REFUSED,
        key=f"auto-{token_hex(16)}",
        own_key=False,
        request={
            "command": command,
            "role": refused.details["role"],
            "needed": tuple(refused.details["needed"]),
            "reason": refused.reason,
        },
    )


def _person(tx: Tx, found: Mapping[str, rows.PersonRow], command: str, pins_typed: Mapping[str, str]) -> Person:
    """Return who acts: the login, or another user whose name it may use."""
    own, actor = access.login(tx), tx.actor
    known = found.get(own)
    if actor == own:
        if known is None:
            raise errors.NotAllowed(**_about(tx, command, None, roles.COMMANDS[command].roles))
        return Person(own, known.role, known.doctor_id, own)
    if known is not None and known.role is Role.MANAGER:
        return Person(actor, known.role, known.doctor_id, own)
    role = known.role if known is not None else None
    if tx.clinic.shared_terminals != "yes":
        raise errors.NotYourName(**_about(tx, command, role, operations.MANAGER))
    typed = pins_typed.get(actor)
    stored = pins.find(tx, name=actor, typed=typed)
    if stored is None:
        raise errors.NoPin(
            command=command,
            role=role,
            needed=operations.MANAGER,
            hint="A manager gives a PIN: `clinicctl user edit NAME --pin`.",
        )
    if typed != stored:
        raise errors.PinNeeded(actor=actor, role=role)
    return Person(actor, found[actor].role, found[actor].doctor_id, own)


def _of_own_doctor(tx: Tx, person: Person, command: str, request: Mapping[str, Any]) -> Mapping[str, Any]:
    """Return a request about the clinician's own doctor. Refuses another one."""
    if "doctor" not in request:
        return request
    assert person.doctor_id is not None, "a clinician without a doctor"
    own, given = lookup.doctor_by_id(tx, person.doctor_id), request["doctor"]
    if given is None:
        return {**request, "doctor": DoctorRef(own.code)}
    if lookup.find_doctor(tx, given).id != own.id:
        needed = roles.COMMANDS[command].roles - {Role.CLINICIAN}
        raise errors.NotYourDoctor(**_about(tx, command, person.role, needed), doctor=own.code)
    return request


def _refuse_names(request: Mapping[str, Any]) -> None:
    """Refuse to look somebody up for an auditor, because an answer could list people."""
    if any(isinstance(each, PatientRef) and not _PATIENT.fullmatch(each) for each in request.values()):
        raise errors.BadValue(problem="An auditor names patients by their numbers, such as P17.")


def _refuse_bookings(tx: Tx, command: str, request: Mapping[str, Any]) -> None:
    """Refuse to cancel or move appointments for an importer."""
    on_conflict = getattr(request.get("plan"), "on_conflict", request.get("on_conflict"))
    if on_conflict in (OnConflict.CANCEL, OnConflict.MOVE):
        about = _about(tx, command, Role.IMPORTER, roles.COMMANDS[command].roles - {Role.IMPORTER})
        raise errors.NotYourBookings(**about, on_conflict=str(on_conflict))


def _about(tx: Tx, command: str, role: Role | None, needed: Iterable[Role]) -> dict[str, Any]:
    """Return the details of a refusal, with a hint about who can give the role."""
    listed = [each for each in Role if each in set(needed)]
    managers = users.managers(tx, role=Role.MANAGER)
    who = f"A manager ({', '.join(managers[:_NAMED])}{', …' if len(managers) > _NAMED else ''}) can give it"
    act = "edit" if role is not None else "add"
    how = f"`clinicctl user {act} {access.login(tx)} --role {listed[0] if listed else Role.MANAGER}`"
    return {"command": command, "role": role, "needed": listed, "hint": f"{who}: {how}."}

"""Hand out the messages of the outbox to senders, and take down what became of them.

The text is made here, from the state at that moment. A message whose reason is gone is dropped. Nothing here sends.
"""

from collections.abc import Iterable, Iterator, Sequence
from datetime import UTC, datetime, time, timedelta
from typing import Any

from clinicctl import errors
from clinicctl.desk import lookup, operations, outgoing, templates
from clinicctl.desk.dates import date_of, dates_of
from clinicctl.results.base import fields_of
from clinicctl.results.outbox import OutboxMessage, OutgoingMessage, ShownMessage
from clinicctl.results.people import PatientBrief
from clinicctl.rules import messages
from clinicctl.rules.days import DaysWord, DayWord
from clinicctl.rules.messages import MessageKey
from clinicctl.rules.references import DoctorRef, PatientRef
from clinicctl.settings import checks
from clinicctl.statuses import Channel, MessageKind, MessageState
from clinicctl.store.compiled import appointments, rows
from clinicctl.store.compiled import outbox as stored
from clinicctl.store.engine import Condition, Tx

MOST_DROPPED = 10_000
"""How many messages one write drops at most. The next one goes on."""
_A_DAY = timedelta(days=1)
_NO_ANSWER = f"no sender has answered in {messages.MOST_ATTEMPTS} attempts"

K, S = MessageKind, MessageState
_OPEN = (S.PENDING, S.LEASED)


def why_nothing(tx: Tx) -> str | None:
    """Return why nothing is handed out now, as a sentence.

    It is empty if nothing is due, and None if something is.
    """
    if off := why_off(tx):
        return off
    quiet = checks.span_of_day(tx.clinic.quiet_hours)
    if messages.is_quiet(tx.now, tx.zone, quiet):
        return f"Quiet hours: nothing is handed out before {tx.local(messages.goes_out(tx.now, tx.zone, quiet)):%H:%M}."
    return None if stored.is_due(tx, now=tx.now) is not None else ""


def why_off(tx: Tx) -> str | None:
    """Return a sentence if the clinic sends no messages."""
    return None if tx.clinic.notify == "on" else "Messages are off: `clinicctl config notify on`."


def nothing(tx: Tx) -> list[OutgoingMessage]:  # noqa: ARG001 - an operation gets a transaction
    """Return no message."""
    return []


@operations.HAND_OUT
def hand_out(tx: Tx, *, limit: int, lease: int, channel: Channel | None = None) -> list[OutgoingMessage]:
    """Lease the messages that are due to one sender, the oldest first.

    Nobody else gets them before the lease ends, after so many seconds. A message whose reason is gone is dropped, and
    one that was handed out too often without an answer has failed. In quiet hours, and without `config notify on`,
    nothing is handed out.
    """
    if why_nothing(tx) is not None:
        return []
    given, ended = _take_due(tx, limit, channel)
    until = tx.now + timedelta(seconds=lease)
    stored.end(tx, ended)
    stored.lease(
        tx, (rows.LeaseRow(until, row.attempts + 1, outgoing.channel(row), tx.now, *outgoing.key(row)) for row in given)
    )
    return _outgoing(tx, [row._replace(due=until, attempts=row.attempts + 1) for row in given])


@operations.MARK_SENT
def mark_sent(tx: Tx, *, message: MessageKey, ref: str | None = None, attempt: int | None = None) -> OutboxMessage:
    """Record that a message was sent. It is never handed out again.

    It does not matter whether the lease has ended, or who has sent it. Refuses a message that was sent or dropped
    before, and with `attempt` one that has been handed out again since.
    """
    row = _find(tx, message)
    if row.state in (S.SENT, S.DROPPED):
        raise _illegal(row, "sent", "pending or leased or failed")
    _report(tx, row, attempt, state=S.SENT, due=row.due, ref=ref, failure=None)
    return describe(tx, _find(tx, message))


@operations.MARK_FAILED
def mark_failed(
    tx: Tx,
    *,
    message: MessageKey,
    reason: str,
    retry_in: int | None = None,
    give_up: bool | None = None,
    attempt: int | None = None,
) -> OutboxMessage:
    """Record that an attempt has failed.

    The message is due again after a while, a longer one each time.

    After the last attempt, or with `give_up`, it has failed for good. Refuses a message that is not handed out, and
    with `attempt` one that has been handed out again since.
    """
    row = _find(tx, message)
    if row.state is not S.LEASED:
        raise _illegal(row, "failed", "leased")
    over = bool(give_up) or row.attempts >= messages.MOST_ATTEMPTS
    wait = timedelta(seconds=retry_in) if retry_in is not None else messages.retry_after(row.attempts)
    _report(tx, row, attempt, state=S.FAILED if over else S.PENDING, due=tx.now + wait, ref=row.ref, failure=reason)
    return describe(tx, _find(tx, message))


def iter_matching(
    tx: Tx,
    *,
    state: Sequence[MessageState] = (),
    due: bool = False,
    on: DaysWord | None = None,
    doctor: DoctorRef | None = None,
    patient: PatientRef | None = None,
    limit: int | None = None,
) -> Iterator[OutboxMessage]:
    """Yield messages, those that are due first come first.

    `on` are days of visits. `due` keeps those that a sender would get now. Refuses an unknown doctor or patient.
    """
    conditions = list[Condition]()
    if state:
        conditions.append(stored.in_states(states=state))
        if set(state) <= set(_OPEN):
            conditions.append(stored.are_open())
    if on is not None:
        conditions.append(appointments.on_dates(dates=dates_of(tx, on)))
    if doctor is not None:
        conditions.append(appointments.with_doctor(doctor=lookup.find_doctor(tx, doctor).id))
    if patient is not None:
        conditions.append(appointments.with_patient(patient=lookup.find_patient(tx, patient).id))
    count = 0
    for row in stored.due(tx, conditions, now=tx.now) if due else stored.matching(tx, conditions):
        if due and outgoing.why_gone(tx, row) is not None:
            continue
        yield describe(tx, row)
        count += 1
        if count == limit:
            return


def show(tx: Tx, *, message: MessageKey) -> ShownMessage:
    """Return one message with its text as it would be now. Refuses an unknown one.

    A sender that has leased it sees in `gone` whether it should still be sent.
    """
    return _shown(tx, _find(tx, message), templates.known(tx))


def preview(tx: Tx, *, on: DayWord) -> Iterator[ShownMessage]:
    """Yield the messages that go out on a day, with their texts.

    Nothing is leased. Later bookings and changes add to them.
    """
    day, quiet = date_of(tx, on), checks.span_of_day(tx.clinic.quiet_hours)
    known = templates.known(tx)
    since, until = (datetime.combine(day + timedelta(days=each), time(), tx.zone).astimezone(UTC) for each in (-1, 1))
    # What is due already goes out when the quiet hours of now are over, which may be on that day.
    waits = tx.local(messages.goes_out(tx.now, tx.zone, quiet)).date() >= day
    conditions = [] if waits else [stored.due_from(since=since)]
    # Read before the texts: some of these ask again.
    for row in list(stored.due(tx, conditions, now=until)) if tx.clinic.notify == "on" else ():
        at = messages.goes_out(max(row.due, tx.now), tx.zone, quiet)
        if tx.local(at).date() == day and outgoing.why_gone(tx, row, at=at) is None:
            shown = _shown(tx, row, known)
            yield ShownMessage(**fields_of(shown) | {"due": tx.local(at)})


def ask_about_problems(asked: Tx, *, tx: Tx) -> None:
    """Ask for what `list_failed` and `overdue` read, for `Tx.prefetch`."""
    stored.failed_ahead(asked, first=tx.today)
    stored.oldest_due(asked, now=tx.now, first=tx.today - _A_DAY)


def list_failed(tx: Tx) -> list[rows.MessageRow]:
    """Return the failed messages about visits from today on that still matter."""
    return [row for row in stored.failed_ahead(tx, first=tx.today) if outgoing.why_gone(tx, row) is None]


def overdue(tx: Tx) -> timedelta:
    """Return for how long a sender could have had the oldest due message."""
    # A visit after midnight has the date of the day before.
    due = stored.oldest_due(tx, now=tx.now, first=tx.today - _A_DAY)
    if due is None:
        return timedelta()
    since = messages.goes_out(due, tx.zone, checks.span_of_day(tx.clinic.quiet_hours))
    return max(tx.now - since, timedelta())


def describe(tx: Tx, row: rows.MessageRow) -> OutboxMessage:
    """Return a row as a result."""
    is_open, leased = row.state in _OPEN, row.state is S.LEASED
    return OutboxMessage(
        id=str(outgoing.key(row)),
        kind=row.kind,
        state=row.state,
        due=tx.local(row.due) if row.state is S.PENDING else None,
        channel=row.channel,
        attempts=row.attempts,
        leased_until=tx.local(row.due) if leased else None,
        appointment=f"A{row.appointment}",
        patient=PatientBrief(id=row.patient_id, number=f"P{row.patient_number}", name=row.patient_name),
        doctor=row.doctor_code,
        date=row.date,
        time=row.time,
        lead_minutes=row.occasion if row.kind is K.REMINDER else None,
        journal_number=row.occasion if row.kind in messages.NEWS else None,
        gone=outgoing.why_gone(tx, row) if is_open else None,
        ref=row.ref,
        failure=row.failure,
        created_at=tx.local(row.created_at),
        updated_at=tx.local(row.updated_at),
    )


def texts_again(tx: Tx, message: MessageKey) -> dict[str, Any]:
    """Return the personal fields of an outgoing message, for a replay."""
    row = stored.by_key(tx, of_appointment=message.appointment, of_kind=message.kind, of_occasion=message.occasion)
    if row is None:
        return {}
    written = outgoing.write(tx, row, templates.known(tx))
    return {name: value for name, value in written._asdict().items() if name != "channel"}


def answers_again(tx: Tx, message: MessageKey) -> dict[str, Any]:
    """Return what a sender has answered about a message, for a replay."""
    row = _find(tx, message)
    return {"ref": row.ref, "failure": row.failure}


def _outgoing(tx: Tx, given: Iterable[rows.MessageRow]) -> list[OutgoingMessage]:
    known = templates.known(tx)
    found = list[OutgoingMessage]()
    for row in given:
        written = outgoing.write(tx, row, known)
        assert written.channel is not None, "a message without a channel"
        found.append(
            OutgoingMessage(
                id=str(outgoing.key(row)),
                deduplication_id=outgoing.deduplication_id(tx, row),
                kind=row.kind,
                channel=written.channel,
                to=written.to,
                phone=written.phone,
                language=written.language,
                subject=written.subject,
                text=written.text,
                attempt=row.attempts,
                patient=f"P{row.patient_number}",
                appointment=f"A{row.appointment}",
                leased_until=tx.local(row.due),
            )
        )
    return found


def _shown(tx: Tx, row: rows.MessageRow, known: templates.Known) -> ShownMessage:
    written = outgoing.write(tx, row, known)
    return ShownMessage(
        **fields_of(describe(tx, row)) | {"channel": row.channel or written.channel},
        to=written.to,
        language=written.language,
        subject=written.subject,
        text=written.text,
        deduplication_id=outgoing.deduplication_id(tx, row),
    )


def _take_due(tx: Tx, limit: int, channel: Channel | None) -> tuple[Sequence[rows.MessageRow], Sequence[rows.EndedRow]]:
    """Return the messages to hand out, and those that end instead.

    It reads only as many as it needs.
    """
    given, ended = list[rows.MessageRow](), list[rows.EndedRow]()
    conditions = [stored.on_channel(channel=channel)] if channel is not None else []
    for row in stored.due(tx, conditions, now=tx.now):
        if (gone := outgoing.why_gone(tx, row)) is not None:
            ended.append(_ended(tx, row, S.DROPPED, gone))
        elif row.attempts >= messages.MOST_ATTEMPTS:
            ended.append(_ended(tx, row, S.FAILED, row.failure or _NO_ANSWER))
        else:
            given.append(row)
        if len(given) == limit or len(ended) == MOST_DROPPED:
            break
    return given, ended


def _ended(tx: Tx, row: rows.MessageRow, state: MessageState, why: str) -> rows.EndedRow:
    return rows.EndedRow(state, why, tx.now, *outgoing.key(row))


def _find(tx: Tx, message: MessageKey) -> rows.MessageRow:
    row = stored.by_key(tx, of_appointment=message.appointment, of_kind=message.kind, of_occasion=message.occasion)
    if row is None:
        raise errors.NoSuchMessage(message=str(message))
    return row


def _report(
    tx: Tx,
    row: rows.MessageRow,
    attempt: int | None,
    *,
    state: MessageState,
    due: datetime,
    ref: str | None,
    failure: str | None,
) -> None:
    if attempt is not None and attempt != row.attempts:
        raise errors.OtherAttempt(message=str(outgoing.key(row)), attempt=attempt, current=row.attempts)
    if row.erased_at is not None:
        # What a sender writes may have the phone.
        ref = failure = None
    appointment, kind, occasion = outgoing.key(row)
    changed = stored.report(
        tx,
        due=due,
        state=state,
        ref=ref,
        failure=failure,
        updated_at=tx.now,
        of_appointment=appointment,
        of_kind=kind,
        of_occasion=occasion,
        leaving=row.state,
        of_attempts=row.attempts,
    )
    assert changed == 1, "a message that changed within the transaction"


def _illegal(row: rows.MessageRow, step: str, needs: str) -> errors.IllegalStep:
    return errors.IllegalStep(subject=str(outgoing.key(row)), status=row.state, step=step, needs=needs)

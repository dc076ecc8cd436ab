"""Report what became of messages, and the no-shows of those reminded and of the others."""

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date

from clinicctl.desk.reports.groups import Groups
from clinicctl.desk.reports.make import about, span
from clinicctl.results.reports import RemindersReport, RemindersRow
from clinicctl.rules.days import DayWord
from clinicctl.rules.distributions import rate
from clinicctl.rules.periods import PeriodWord
from clinicctl.statuses import Channel, MessageKind, MessageState, RemindersBy, ReportBy
from clinicctl.store.compiled import doctors as stored_doctors
from clinicctl.store.compiled import reports as stored
from clinicctl.store.compiled import rows
from clinicctl.store.engine import Tx

S = MessageState


@dataclass(slots=True, eq=False, repr=False)
class _Tally:
    """The figures of a group. `due` are the appointments on days up to today that were not cancelled."""

    states: Counter[MessageState] = field(default_factory=Counter)
    due: int = 0
    no_shows: int = 0
    reminded: int = 0
    reminded_no_shows: int = 0

    def row(self, group: str | None) -> RemindersRow:
        others, other_no_shows = self.due - self.reminded, self.no_shows - self.reminded_no_shows
        return RemindersRow(
            group,
            self.states.total(),
            self.states[S.SENT],
            self.states[S.FAILED],
            self.states[S.DROPPED],
            self.states[S.PENDING] + self.states[S.LEASED],
            self.reminded,
            self.reminded_no_shows,
            rate(self.reminded_no_shows, self.reminded),
            others,
            other_no_shows,
            rate(other_no_shows, others),
        )


def reminders(
    tx: Tx,
    *,
    start: DayWord | None = None,
    end: DayWord | None = None,
    period: PeriodWord | None = None,
    by: RemindersBy = RemindersBy.KIND,
) -> RemindersReport:
    """Return what became of messages, and the no-shows with a reminder and without."""
    first, last = span(tx, start, end, period)
    own = ReportBy(by) if by not in (RemindersBy.KIND, RemindersBy.CHANNEL) else None
    staff = {row.id: row for row in stored_doctors.everybody(tx)}
    groups = Groups(_Tally, own, staff, first=first, last=last)
    groups.add_staff(row for row in staff.values() if row.archived_at is None)
    messages = _count(tx, groups, first=first, last=last)
    if own is not None:
        found = groups.each()
    else:
        found = list(_by_message(tx, by, messages, groups.total, first=first, last=min(last, tx.today)))
    total = groups.total.row(None)
    return RemindersReport(
        **about(tx, "reminders", own, first, last) | {"by": by.value},
        rows=tuple(tally.row(group) for group, tally in found),
        total=total._asdict(),
    )


_Messages = Iterable[rows.DoctorMessagesRow | rows.DateMessagesRow]


def _count(tx: Tx, groups: Groups[_Tally], *, first: date, last: date) -> _Messages:
    """Count for the total and for groups; return the counts of messages."""
    messages: _Messages
    if groups.by_doctor:
        messages = stored.messages_of_doctors(tx, first=first, last=last)
    else:
        messages = stored.messages_of_dates(tx, first=first, last=last)
    for row in messages:
        for tally in (groups.total, groups.of(row[0])):
            tally.states[row.state] += row.number
    until = min(last, tx.today)
    due = stored.no_shows_of_doctors if groups.by_doctor else stored.no_shows_of_dates
    for visits in due(tx, first=first, last=until):
        for tally in (groups.total, groups.of(visits[0])):
            tally.due += visits.number
            tally.no_shows += visits.no_shows
    reminded = stored.reminded_of_doctors if groups.by_doctor else stored.reminded_of_dates
    for those in reminded(tx, first=first, last=until):
        for tally in (groups.total, groups.of(those[0])):
            tally.reminded += those.number
            tally.reminded_no_shows += those.no_shows
    return messages


def _by_message(
    tx: Tx, by: RemindersBy, messages: _Messages, total: _Tally, *, first: date, last: date
) -> Iterable[tuple[str | None, _Tally]]:
    """Yield the figures of each kind or channel.

    A message without an address has no channel.
    """
    reached: Mapping[MessageKind | Channel | None, rows.KindReachedRow | rows.ChannelReachedRow]
    names: list[MessageKind | Channel | None]
    if by is RemindersBy.KIND:
        names = list(MessageKind)
        reached = {row.kind: row for row in stored.reached_by_kind(tx, first=first, last=last)}
    else:
        names = [*Channel, None]
        reached = {row.channel: row for row in stored.reminded_by_channel(tx, first=first, last=last)}
    found = {name: _Tally(due=total.due, no_shows=total.no_shows) for name in names}
    for row in messages:
        found[row.kind if by is RemindersBy.KIND else row.channel].states[row.state] += row.number
    for name, visits in reached.items():
        found[name].reminded, found[name].reminded_no_shows = visits.number, visits.no_shows
    for name, tally in found.items():
        if name is not None or tally.states:
            yield name, tally

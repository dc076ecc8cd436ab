"""Print results for people: sentences, tables, and single things line by line."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import fields
from datetime import date
from itertools import chain, groupby
from typing import Any

from clinicctl import statuses
from clinicctl.render import messages, overviews, phrases
from clinicctl.render.columns import COLUMNS, NUMBERS, instant, status, text
from clinicctl.render.layout import NARROW, Console, Heading, Text
from clinicctl.render.machine import TO_CALL, to_call
from clinicctl.render.safe_text import visible
from clinicctl.render.spool import Spool
from clinicctl.results.appointments import (
    Appointment,
    PatientCard,
    QueueEntry,
    Series,
    StepTaken,
    WaitlistEntry,
)
from clinicctl.results.base import Outcome
from clinicctl.results.clinic import Demo, Health, VisitType
from clinicctl.results.database import Checked, LastBackup, Problem, Repaired
from clinicctl.results.days import Board, Day, DoctorWeek, FreeTime, Holiday, HolidayAdded, Slot, ToDo, WeekDay
from clinicctl.results.imports import Imported, ImportedDoctors, ImportedHolidays, ImportedPatients, ImportedRow
from clinicctl.results.journal import JournalEntry
from clinicctl.results.outbox import OutboxMessage, OutgoingMessage
from clinicctl.results.people import Doctor, DoctorBrief, Duplicate, Patient, PatientBrief
from clinicctl.results.users import Refused, User

SHOWN = 60
"""The most rows of an imported file that a table shows."""

_NOTHING: dict[type, tuple[str, str]] = {
    Patient: ("No patients found", "Register one: clinicctl patient add NAME --phone PHONE"),
    Doctor: ("No doctors yet", "Add one: clinicctl doctor add CODE NAME"),
    Day: ("No free slots found", "See who waits: clinicctl waitlist list"),
    FreeTime: ("No free times found", "Days without hours have none. See the days: clinicctl free"),
    Appointment: ("No appointments", "Book one: clinicctl book PATIENT DOCTOR DAY"),
    QueueEntry: ("Nobody in the queue", "Check in a patient: clinicctl checkin PATIENT"),
    StepTaken: ("No steps", ""),
    Slot: ("No slots", "Add a doctor: clinicctl doctor add CODE NAME"),
    DoctorWeek: ("No doctors yet", "Add one: clinicctl doctor add CODE NAME"),
    Board: ("Nobody is waiting", ""),
    WaitlistEntry: ("Nobody on the waitlist", "Add a patient: clinicctl waitlist add PATIENT DOCTOR DAYS"),
    ToDo: ("No open problems", ""),
    JournalEntry: ("No writes found", "See all: clinicctl audit log"),
    Duplicate: ("No possible duplicates", ""),
    Holiday: ("No holidays", "Add one: clinicctl config holiday add DATE NAME"),
    User: ("No users: everybody may do everything", "Add one: clinicctl user add NAME --role ROLE"),
    Refused: ("No refused attempts", ""),
    OutboxMessage: ("No messages", ""),
    OutgoingMessage: ("No messages to send", ""),
    VisitType: ("No kinds of visit", "Add one: clinicctl config visit-type add NAME --minutes N"),
}
"""What an empty list of each kind says, and what to do next."""

_CANCELLING = (Day, WeekDay, Imported, ImportedHolidays, HolidayAdded)
"""The results that list the patients whom a change has cancelled."""


def render(
    result: Any,
    *,
    outcome: Outcome | None,
    width: int,
    coloured: bool = False,
    positioned: bool = False,
    command: str = "",
    kind: type | None = None,
    days: Sequence[date] = (),
    doctor: str = "",
    listed: Sequence[str] = (),
) -> str:
    """Return a single thing or an empty list for people: a sentence, or lines.

    `kind` is the class of an empty list; `days` and `doctor` are what the command asked for. `listed` are cancelled
    appointments that the user has already seen.
    """
    console = Console(width=width, coloured=coloured, positioned=positioned)
    if outcome is not None and messages.has(result):
        console.print(Text(visible(messages.report(result, outcome, command=command))), soft_wrap=True)
        _print_left_over(console, result)
        _print_to_call(console, [result], outcome, listed=listed)
    elif isinstance(result, Imported | ImportedPatients | ImportedDoctors | ImportedHolidays):
        _print_import(console, result, outcome)
    elif isinstance(result, Health | Checked):
        _print_verdict(console, result)
    elif isinstance(result, Demo):
        _print_demo(console, result)
    elif isinstance(result, list):
        nothing, hint = _nothing(kind)
        asked = f"{f' for {visible(doctor)}' if doctor else ''}{f' on {phrases.days(days)}' if days else ''}"
        console.print(f"{nothing}{asked}.", style="dim")
        if hint:
            console.print(hint, style="dim", soft_wrap=True)
    elif messages.has(result) and not isinstance(result, Patient | Doctor | Appointment | Series):
        console.print(Text(visible(messages.report(result, Outcome(result), command=command))), soft_wrap=True)
    elif isinstance(result, PatientCard | Series):
        _print_visits(console, result)
    else:
        _print_one(console, result)
    return console.text()


def _nothing(kind: type | None) -> tuple[str, str]:
    found = (words for each, words in _NOTHING.items() if kind is not None and issubclass(kind, each))
    return next(found, ("Nothing found", ""))


def prepare(
    rows: Iterator[Any],
    *,
    outcome: Outcome | None,
    width: int,
    coloured: bool = False,
    positioned: bool = False,
    listed: Sequence[str] = (),
) -> Iterator[str]:
    """Read a list that is not empty, and return the lines of its table.

    They are made when they are printed. `listed` are cancelled appointments that the user has already seen.
    """
    console = Console(width=width, coloured=coloured, positioned=positioned)
    first = next(rows)
    rows = chain([first], rows)
    if isinstance(first, Slot):
        return _sheets(console, rows)
    if isinstance(first, Board | DoctorWeek | QueueEntry) or outcome is not None:
        _print_list(console, list(rows), outcome, listed=listed)
        return iter(console.lines())
    return _Cells(rows).lines(console)


def _print_list(console: Console, rows: Sequence[Any], outcome: Outcome | None, *, listed: Sequence[str]) -> None:
    if isinstance(rows[0], Board):
        overviews.print_board(console, rows)
    elif isinstance(rows[0], DoctorWeek):
        overviews.print_week(console, rows)
    else:
        _print_rows(console, rows)
        if outcome is not None and isinstance(rows[0], Day | WeekDay):
            console.print(messages.availability(rows, outcome), style="dim")
            _print_to_call(console, rows, outcome, listed=listed)
        elif outcome is not None and (mark := messages.mark(outcome)):
            console.print(mark, style="dim")


# Tables


class _Cells(Iterable[Sequence[Text]]):
    """The cells of rows, without the columns that are empty, because a terminal has little room.

    CSV and TSV have every column.
    """

    def __init__(self, rows: Iterator[Any], *, without: Sequence[str] = ()) -> None:
        self._spool = Spool()
        first = next(rows)
        columns = next(columns for kind, columns in COLUMNS.items() if isinstance(first, kind))
        columns = [each for each in columns if each[0] not in without]
        used = set[int]()
        for row in chain([first], rows):
            cells = [text(value(row)) for _, value in columns]
            used.update(nth for nth, each in enumerate(cells) if each.plain)
            self._spool.add([(each.plain, each.style) for each in cells])
        self._used = sorted(used)
        self._titles = [columns[nth][0] for nth in self._used]

    def __iter__(self) -> Iterator[Sequence[Text]]:
        for row in self._spool:
            yield [Text(*row[nth]) for nth in self._used]

    def lines(self, console: Console) -> Iterator[str]:
        """Yield the lines of the table. Below a width, each row is a block."""
        if console.width >= NARROW:
            headings = [Heading(title, right=title in NUMBERS, wraps=title != "Day") for title in self._titles]
            yield from console.table_lines(headings, self)
            return
        for row in self:
            block = console.empty()
            block.block(list(zip(self._titles, row, strict=True)))
            yield from block.lines()


def _print_rows(console: Console, rows: Sequence[Any], *, without: Sequence[str] = ()) -> None:
    if isinstance(rows[0], QueueEntry) and not any(each.earlier for each in rows):
        without = ("Day",)
    console.add(_Cells(iter(rows), without=without).lines(console))


def _print_visits(console: Console, result: PatientCard | Series) -> None:
    if isinstance(result, Series):
        _print_series(console, result)
    else:
        _print_card(console, result)


def _print_card(console: Console, card: PatientCard) -> None:
    """Print a patient, then the coming and the past appointments."""
    hidden = ("coming", "past", "coming_series", *(() if card.no_shows else ("no_shows",)))
    _print_one(console, card, without=hidden)
    for title, listed in (("Coming", card.coming), ("Past", card.past)):
        if listed:
            console.print("")
            console.print(title, style="bold")
            _print_rows(console, listed, without=("Patient",))
        for each in card.coming_series if title == "Coming" else ():
            console.print(messages.coming_series(each), style="dim", soft_wrap=True)


def _print_series(console: Console, series: Series) -> None:
    """Print a series: what it is, then its appointments.

    Of a moved one only the new place is listed.
    """
    console.print(Text(visible(messages.series_title(series)), style="bold"), soft_wrap=True)
    _print_rows(console, [each for each in series.appointments if each.moved_to is None], without=("Patient", "Series"))


def _print_one(console: Console, result: Any, *, without: Sequence[str] = ()) -> None:
    # People use the number; the UUID is for programs. A valid phone needs no mark.
    found = [
        (each.name, value)
        for each in fields(result)
        if (value := getattr(result, each.name)) not in (None, "", ())
        and each.name not in ("id", *without)
        # The only phone is shown as the phone.
        and not (each.name == "phones" and len(value) == 1)
        and (value or each.name != "phone_unverified")
        # A count matters only where the list beside it is cut short.
        and not (each.name.endswith("_count") and value == len(getattr(result, each.name.removesuffix("_count"), ())))
    ]
    console.table(
        [Heading(style="bold", wraps=False), Heading()],
        [[Text(name.replace("_", " ")), _field(value)] for name, value in found],
    )


def _print_verdict(console: Console, result: Health | Checked) -> None:
    if isinstance(result, Health):
        good, verdict = result.usable, "Database OK." if result.usable else "The database cannot be used."
        _print_rows(console, result.findings)
    else:
        good, found = result.sound, len(result.problems)
        verdict = "No problems found." if good else f"{phrases.count(found, 'problem')} found."
        _print_problems(console, result.problems)
    console.print(verdict, style="green" if good else "bold red")


def _print_left_over(console: Console, result: Any) -> None:
    """Print what a write has not done."""
    if isinstance(result, Repaired):
        _print_problems(console, result.left)
    elif isinstance(result, Series) and result.skipped:
        _print_rows(console, result.skipped)


def _print_problems(console: Console, problems: Sequence[Problem]) -> None:
    if problems:
        _print_rows(console, problems)


def _print_import(console: Console, result: Any, outcome: Outcome | None) -> None:
    different = [row for row in result.rows if row.outcome != "unchanged" or getattr(row, "not_taken", ())]
    shown = different[:SHOWN]
    if isinstance(result, Imported):
        _print_days(console, result, shown)
    elif shown:
        _print_rows(console, shown)
    if len(different) > len(shown):
        console.print(f"… and {len(different) - len(shown)} more; -o csv shows them all.", style="dim")
    _print_to_call(console, [result], outcome)
    tally = messages.tally(outcome or Outcome(result))
    console.print(tally[0].upper() + tally[1:], soft_wrap=True)


def _print_days(console: Console, result: Imported, shown: Sequence[ImportedRow]) -> None:
    """Print the changed days of each doctor, then the refused rows."""
    for each in result.doctors:
        if own := [row for row in shown if row.doctor == each.doctor and row.outcome != "refused"]:
            console.print(Text(messages.doctor_summary(each), style="bold"))
            _print_rows(console, own, without=("Doctor",))
    if refused := [row for row in shown if row.outcome == "refused"]:
        console.print(Text("Refused", style="bold"))
        _print_rows(console, refused)


def _print_demo(console: Console, result: Demo) -> None:
    console.print(
        f"Created {visible(result.path)}: {result.doctors} doctors, {result.patients} patients, "
        f"{result.appointments} appointments, {result.checked_in} checked in. Try:",
        soft_wrap=True,
    )
    for each in result.try_next:
        console.print(Text(f"  {visible(each)}"), soft_wrap=True)


def _print_to_call(
    console: Console, rows: Sequence[Any], outcome: Outcome | None, *, listed: Sequence[str] = ()
) -> None:
    for name, (title, dry) in TO_CALL.items():
        people = [each for row in rows if isinstance(row, _CANCELLING) for each in getattr(row, name, ())]
        if people and [each.appointment for each in people] == list(listed):
            done = "Cancelled by the clinic" if name == "cancelled" else "Moved"
            console.print(f"{done}: the patients listed above. Please call them.", style="bold")
            continue
        if people:
            console.print(dry if outcome is not None and outcome.dry_run else title, style="bold")
        for each in people:
            console.print(Text(to_call(each).rstrip()), soft_wrap=True)


def _sheets(console: Console, rows: Iterator[Slot]) -> Iterator[str]:
    """Read the slots of days, and return the lines of the sheets."""
    spool = Spool()
    for nth, (on, slots) in enumerate(groupby(rows, key=lambda each: each.date)):
        sheet = console.empty()
        if nth:
            sheet.print("")
        _print_sheet(sheet, on, slots)
        for line in sheet.lines():
            spool.add(line)
    return iter(spool)


def _print_sheet(console: Console, on: date, slots: Iterator[Slot]) -> None:
    console.print(phrases.day(on), style="bold")
    for code, own in groupby(slots, key=lambda each: each.doctor):
        listed = list(own)
        taken = sum(each.appointment is not None for each in listed)
        console.print(Text(f"\n{code}: {taken} taken, {len(listed) - taken} free", style="bold"))
        _print_rows(console, listed, without=("Doctor",))


def _field(value: Any) -> Text:
    if isinstance(value, PatientBrief):
        return text(phrases.patient(value))
    if isinstance(value, DoctorBrief):
        return text(f"{value.code} {value.name}")
    if isinstance(value, LastBackup):
        return text(f"{instant(value.at)}, {value.path}, write {value.number}")
    if isinstance(value, dict):
        return text(", ".join(f"{name} {count}" for name, count in value.items()))
    if isinstance(value, tuple):
        return text(", ".join(_field(each).plain for each in value))
    if isinstance(value, bool):
        return text("yes" if value else "no")
    if isinstance(value, statuses.AppointmentStatus | statuses.QueueStatus):
        return status(value)
    return text(value)

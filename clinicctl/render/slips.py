"""Slips and day sheets as plain text for receipt printers, and the code of a number."""

from collections.abc import Iterable, Iterator
from itertools import groupby
from textwrap import indent

from wcwidth import center, wrap

from clinicctl import errors
from clinicctl.render import phrases
from clinicctl.render.safe_text import visible
from clinicctl.results.days import Slot
from clinicctl.results.paper import DaySheet, DoctorSheet, Ticket

COLUMNS = {"58mm": 32, "80mm": 48}
"""The characters of a line of each paper, in the usual font of 12 by 24 dots."""

Code = tuple[tuple[bool, ...], ...]
_HALVES = {(False, False): " ", (True, False): "▀", (False, True): "▄", (True, True): "█"}


def code(number: str) -> Code:
    """Return the QR code of a number as rows of dark and light, without the margin."""
    import segno  # Deferred: a slip without a code does not need it.

    return tuple(tuple(map(bool, row)) for row in segno.make_qr(number, error="m").matrix)


def lines_of(ticket: Ticket) -> list[str]:
    """Return the lines of a slip below the clinic and the number."""
    doctor = ticket.doctor
    day = phrases.day(ticket.date) + (f" {ticket.time:%H:%M}" if ticket.time else "")
    lines = [visible(f"{doctor.name} ({doctor.code})"), day]
    if ticket.expected_start is not None:
        lines.append(f"Expected about {ticket.expected_start:%H:%M}")
    if ticket.people_ahead is not None:
        ahead = phrases.count(ticket.people_ahead, "person", "people") if ticket.people_ahead else "nobody"
        lines.append(f"{ahead[0].upper()}{ahead[1:]} ahead")
    return lines


def printed_at(ticket: Ticket | DaySheet) -> str:
    """Return when a slip or a sheet was made."""
    return f"Printed {ticket.at:%Y-%m-%d %H:%M}"


def ticket(found: Ticket, *, width: str, with_code: bool = True) -> str:
    """Return a slip as plain text. It has no name of a patient."""
    columns = COLUMNS[width]
    lines = [visible(found.clinic), "", found.appointment]
    if found.position is not None:
        lines += [f"Position {found.position}"]
    lines += ["", *lines_of(found), ""]
    text = [each for line in lines for each in _centred(line, columns)]
    if with_code:
        text += [*(center(each, columns).rstrip() for each in blocks(code(found.appointment))), ""]
    return "".join(f"{each}\n" for each in [*text, *_centred(printed_at(found), columns)])


def day(found: DaySheet, *, width: str) -> str:
    """Return day sheets as plain text. Free slots in a row take one line."""
    columns = COLUMNS[width]
    lines = [*wrap(visible(found.clinic), columns), printed_at(found)]
    for each in found.sheets:
        lines += ["", *_sheet(each, columns)]
    return "".join(f"{each}\n" for each in lines)


def _sheet(sheet: DoctorSheet, columns: int) -> Iterator[str]:
    yield "=" * columns
    yield from wrap(visible(f"{sheet.doctor.code} {sheet.doctor.name}"), columns)
    yield f"{phrases.day(sheet.date)}: {taken(sheet)}"
    yield "-" * columns
    for is_free, slots in groupby(sheet.slots, key=lambda each: each.appointment is None):
        if is_free:
            yield _free(list(slots))
            continue
        for each in slots:
            yield from _taken(each, columns)


def taken(sheet: DoctorSheet) -> str:
    """Return how many slots of a sheet are taken and free."""
    count = sum(each.appointment is not None for each in sheet.slots)
    return f"{count} taken, {len(sheet.slots) - count} free"


def _free(slots: list[Slot]) -> str:
    first, last = slots[0].slot, slots[-1].slot
    return f"{f'{first}-{last}' if first != last else first} free"


def _taken(slot: Slot, columns: int) -> Iterator[str]:
    found = slot.appointment
    assert found is not None, "a taken slot"
    time = f" {slot.time:%H:%M}" if slot.time else ""
    position = f", pos. {found.position}" if found.position is not None else ""
    yield from wrap(f"{slot.slot}{time} {found.number} {errors.status_label(slot.status)}{position}", columns)
    for line in wrap(visible(phrases.patient(found.patient)), columns - 2):
        yield indent(line, "  ")
    for line in wrap(visible(found.note), columns - 2) if found.note else ():
        yield indent(line, "  ")


def _centred(line: str, columns: int) -> Iterable[str]:
    return (center(each, columns).rstrip() for each in wrap(line, columns)) if line else ("",)


def blocks(found: Code) -> Iterator[str]:
    """Yield the lines of a code as half blocks, with its margin of four."""
    margin = (False,) * 4
    size = len(found) + 8
    empty = (False,) * size
    rows = [empty] * 4 + [(*margin, *row, *margin) for row in found] + [empty] * 5
    for upper, lower in zip(rows[::2], rows[1::2], strict=False):
        yield "".join(_HALVES[pair] for pair in zip(upper, lower, strict=True))

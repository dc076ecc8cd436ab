"""Print overviews of doctors: the board of the waiting room, and the week."""

from collections.abc import Iterable, Sequence

from clinicctl.render import phrases
from clinicctl.render.layout import NARROW, NO_BREAK, Console, Heading, Text
from clinicctl.render.safe_text import visible
from clinicctl.results.days import Board, Day, DoctorWeek

NEXT = 8
"""The most waiting patients of a doctor that the board shows."""


def print_board(console: Console, rows: Sequence[Board]) -> None:
    """Print the waiting room's board: positions and doctors, no names of patients."""
    if not rows:
        console.print("Nobody is waiting.", style="dim")
        return
    several = len({row.date for row in rows}) > 1
    console.table(
        [
            Heading(title)
            for title in ("Doctor", *(("Day",) if several else ()), "Please come in", "With the doctor", "Next")
        ],
        [
            [
                Text(visible(row.name), "bold"),
                *([Text(phrases.day(row.date))] if several else []),
                Text(_positions(row.called), "bold green"),
                Text(_positions(row.serving)),
                Text(_next(row)),
            ]
            for row in rows
        ],
        below=1,
    )


def _positions(positions: Iterable[int | str]) -> str:
    return "  ".join(str(each) for each in positions)


def _next(row: Board) -> str:
    """Return the waiting positions, each with its expected time if there is one."""
    starts = [f"{NO_BREAK}{phrases.about(each)}" for each in row.expected_starts] or [""] * len(row.waiting)
    listed = [f"{position}{start}" for position, start in zip(row.waiting, starts, strict=True)]
    return _positions(listed[:NEXT]) + (" …" if len(listed) > NEXT else "")


def print_week(console: Console, rows: Sequence[DoctorWeek]) -> None:
    """Print the taken slots and the capacity of each doctor's days."""
    dates = [each.date for each in rows[0].days]
    if console.width < NARROW:
        for row in rows:
            console.block(
                [("Doctor", Text(row.doctor)), *((phrases.day(each.date), _taken(each)) for each in row.days)]
            )
        return
    console.print(f"{phrases.day(dates[0])} to {phrases.day(dates[-1])}: taken/slots, – absent", style="bold")
    console.table(
        [Heading("Doctor"), *(Heading(f"{phrases.day(each)[:3]} {each.day}", right=True) for each in dates)],
        [[Text(visible(row.doctor)), *(_taken(each) for each in row.days)] for row in rows],
    )


def _taken(each: Day) -> Text:
    if not each.present:
        return Text("–" if not each.booked else f"– ({each.booked})", "dim")
    if each.remaining:
        return Text(f"{each.booked}/{each.capacity}")
    return Text(f"{each.booked}/{each.capacity} full", "bold red")

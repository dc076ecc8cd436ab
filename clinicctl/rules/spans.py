"""Parse spans of days for exports: as days in `rules.days`, but of any length, and open at either end.

`2025-01-01..` begins on a day and has no end, `..today` ends on a day, and `..` is every day.
"""

from datetime import date, timedelta
from typing import NamedTuple

from clinicctl.errors import BadValue
from clinicctl.rules import days


class SpansWord(str):
    """Spans of days as text. They become dates only when today is known."""

    __slots__ = ()


class Span(NamedTuple):
    """Days from the first to the last one. An open end is the earliest or the latest day that is accepted."""

    first: date
    last: date


EVER = Span(days.FIRST, days.LAST)
"""Every day."""


def spans(text: str, *, today: date, order: str = "") -> list[Span]:
    """Return the spans of days in order. Those that overlap or touch become one.

    Refuses text outside the grammar, and a range that ends before it begins.
    """
    found = sorted(_span(part.strip(), today=today, order=order) for part in text.split(","))
    joined = [found[0]]
    for each in found[1:]:
        last = joined[-1]
        if each.first <= last.last + timedelta(days=1):
            joined[-1] = Span(last.first, max(last.last, each.last))
        else:
            joined.append(each)
    return joined


def _span(part: str, *, today: date, order: str) -> Span:
    first, dots, last = part.partition("..")
    if dots and not (first.strip() and last.strip()):
        return Span(
            days.day(first, today=today, order=order) if first.strip() else days.FIRST,
            days.day(last, today=today, order=order) if last.strip() else days.LAST,
        )
    ends = days.ends(part, today=today, order=order)
    if ends[-1] < ends[0]:
        raise BadValue(problem="Not days: the range ends before it begins.")
    return Span(ends[0], ends[-1])


def parse_spans(text: str) -> SpansWord:
    """Check spans without today's date and the clinic's order.

    A range that is reversed on some days only is refused later.
    """
    for part in text.split(","):
        first, dots, last = part.partition("..")
        if not dots:
            days.parse_days(part)
            continue
        for end in (first, last):
            if end.strip():
                days.parse_day(end)
    return SpansWord(text.strip().lower())

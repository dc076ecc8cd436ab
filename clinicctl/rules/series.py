"""Series of visits: how far apart they are, and their dates."""

import re
from datetime import date, timedelta

from clinicctl.errors import BadValue, typed
from clinicctl.rules.days import LAST

FEWEST, MOST = 2, 104
"""How many visits a series may have."""

MOST_WEEKS = 52
LONGEST = timedelta(days=1826)
"""How far ahead the last visit of a series may be: five years."""

_EVERY = re.compile("([0-9]{1,3})([dw])")


def parse_every(text: str) -> int:
    """Return the days between two visits, 1 to 364: `10d` or `2w`."""
    found = _EVERY.fullmatch(text.strip().lower())
    days = int(found[1]) * (7 if found[2] == "w" else 1) if found else 0
    if not 1 <= days <= MOST_WEEKS * 7:
        named = typed(text, option=True)
        raise BadValue(
            problem=f"Not a distance between visits: {f'{named}; ' if named else ''}"
            f"from 1d to {MOST_WEEKS}w, for example 2w."
        )
    return days


def dates(first: date, *, every: int, times: int, today: date) -> list[date]:
    """Return the dates of a series: `times` of them, `every` days apart.

    Refuses a last date that is more than five years ahead.
    """
    found = [first + timedelta(days=every * nth) for nth in range(times)]
    latest = min(today + LONGEST, LAST)
    if found[-1] > latest:
        raise BadValue(
            problem=f"The last date would be {found[-1]}. A series ends at most five years ahead, by {latest}.",
            hint="Give fewer --times, or a shorter --every.",
        )
    return found

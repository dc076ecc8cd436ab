"""Generated from queries/daybook.py by `python -m clinicctl.store.compile`. Do not edit."""

from datetime import date as Date

from clinicctl.store.compiled import rows
from clinicctl.store.tx import Tx
from clinicctl.store.values import from_date

_OPEN_DAYS = """
SELECT appointments.date, count(*) AS open
FROM appointments
WHERE appointments.date < ? AND status IN ('booked', 'checked_in', 'in_consultation') GROUP BY
appointments.date ORDER BY appointments.date
"""


def open_days(tx: Tx, *, today: Date) -> list[rows.OpenDayRow]:
    return tx.fetch_all(_OPEN_DAYS, (from_date(today),), rows.open_day_row)

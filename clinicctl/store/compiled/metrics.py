"""Generated from queries/metrics.py by `python -m clinicctl.store.compile`. Do not edit."""

from datetime import date as Date

from clinicctl.store.compiled import rows
from clinicctl.store.tx import Tx
from clinicctl.store.values import from_date

_APPOINTMENTS = """
SELECT count(*) AS number
FROM appointments
"""


def appointments(tx: Tx) -> int | None:
    return tx.fetch_one(_APPOINTMENTS, (), lambda row: row[0])


_BY_STATUS = """
SELECT appointments.status, count(*) AS number
FROM appointments
WHERE appointments.date = ? GROUP BY appointments.status
"""


def by_status(tx: Tx, *, on: Date) -> list[rows.StatusCountRow]:
    return tx.fetch_all(_BY_STATUS, (from_date(on),), rows.status_count_row)


_NO_SHOWS = """
SELECT doctors.code, count(*) AS number
FROM appointments JOIN doctors ON doctors.id = appointments.doctor_id
WHERE appointments.date BETWEEN ? AND ? AND appointments.status = 'no_show' GROUP BY doctors.code
"""


def no_shows(tx: Tx, *, first: Date, last: Date) -> list[rows.DoctorCountRow]:
    return tx.fetch_all(_NO_SHOWS, (from_date(first), from_date(last)), rows.doctor_count_row)

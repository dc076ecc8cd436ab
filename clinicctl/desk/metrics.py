"""Metrics for monitoring: today's queues, the journal and the file. Nothing about a person."""

from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from datetime import timedelta

from clinicctl.desk import days, journal, outbox, patients, queue_lookup
from clinicctl.results.clinic import Metric, Metrics, Sample
from clinicctl.statuses import AppointmentStatus, QueueStatus
from clinicctl.store.compiled import doctors, metrics, rows
from clinicctl.store.engine import Tx

NO_SHOW_DAYS = 30
"""How many days up to today the no-shows are counted."""

_IN_QUEUE = (QueueStatus.WAITING, QueueStatus.CALLED, QueueStatus.SERVING)


def measure(tx: Tx, *, waits: tuple[int, float] | None = None) -> Metrics:
    """Return the current metrics. Unknown ones are left out.

    `waits` has the number of recent commands that waited for the writer's lock, and the longest wait in seconds.
    """
    staff = {row.code: row for row in doctors.on_staff(tx)}
    return Metrics(tuple(each for each in (*_of_desks(tx, staff), *_of_store(tx, waits)) if each.samples))


def _of_desks(tx: Tx, staff: Mapping[str, rows.DoctorRow]) -> Iterable[Metric]:
    known = days.list_states_of_doctors(tx, list(staff.values()), [tx.today])
    states = {code: known[row.id][0] for code, row in staff.items()}
    entries = queue_lookup.list_current(tx)
    in_queue = Counter((each.doctor_code, each.status) for each in entries)
    longest: dict[str, float] = {}
    for each in entries:
        if each.status == QueueStatus.WAITING:
            waited = (tx.now - each.checked_in_at).total_seconds()
            longest[each.doctor_code] = max(waited, longest.get(each.doctor_code, 0.0))
    statuses = {row.status: row.number for row in metrics.by_status(tx, on=tx.today)}

    def of_doctors(name: str, help_: str, value: Callable[[str], float]) -> Metric:
        return Metric(name, help_, tuple(Sample({"doctor": code}, value(code)) for code in staff))

    def no_shows(length: int) -> Callable[[str], float]:
        found = metrics.no_shows(tx, first=tx.today - timedelta(days=length - 1), last=tx.today)
        counts = {row.code: row.number for row in found}
        return lambda code: counts.get(code, 0)

    yield of_doctors(
        "day_capacity",
        "Slots of the doctor today; 0 if absent.",
        lambda code: states[code].capacity if states[code].present else 0,
    )
    yield of_doctors("day_booked", "Slots taken today.", lambda code: states[code].booked)
    yield of_doctors("day_remaining", "Slots still free today.", lambda code: states[code].remaining)
    yield Metric(
        "queue",
        "Patients in the doctor's queue now, by status.",
        tuple(
            Sample({"doctor": code, "status": str(status)}, in_queue[code, status])
            for code in staff
            for status in _IN_QUEUE
        ),
    )
    yield of_doctors(
        "longest_wait_seconds",
        "Longest current wait; 0 if nobody is waiting.",
        lambda code: longest.get(code, 0.0),
    )
    yield of_doctors("no_shows_today", "No-shows today.", no_shows(1))
    yield of_doctors("no_shows_30_days", "No-shows in the last 30 days.", no_shows(NO_SHOW_DAYS))
    yield Metric(
        "appointments",
        "Appointments of today, by status.",
        tuple(Sample({"status": str(each)}, statuses.get(each, 0)) for each in AppointmentStatus),
    )


def _of_store(tx: Tx, waits: tuple[int, float] | None) -> Iterable[Metric]:
    found = tx.measures()
    yield _one("patients", "Patients on file.", patients.count(tx))
    if tx.clinic.notify == "on":
        yield _one(
            "outbox_oldest_due_seconds",
            "Age of the oldest message that should have gone out, without quiet hours; 0 if none is due.",
            outbox.overdue(tx).total_seconds(),
        )
    yield _one("journal_rows", "Writes in the journal.", journal.head(tx)[0])
    yield _one("database_bytes", "Size of the database.", found.bytes)
    if found.log_bytes is not None:
        yield _one("wal_bytes", "Size of the write-ahead log beside the file.", found.log_bytes)
    if found.last_backup is not None:
        yield _one("last_backup_timestamp_seconds", "When the last backup was made.", found.last_backup.at.timestamp())
    if waits is not None:
        yield _one("lock_waits", "Commands of the last hour that waited for the writer's lock.", waits[0])
        yield _one("lock_wait_max_seconds", "The longest of those waits.", waits[1])
    yield Metric("build_info", "Version of the program, and schema of the database.", (Sample(found.versions, 1),))


def _one(name: str, help_: str, value: float) -> Metric:
    return Metric(name, help_, (Sample({}, value),))

"""Values as they are stored: one form of each, written as SQLAlchemy writes it; no other is read."""

import sqlite3
from collections.abc import Callable
from contextlib import closing
from datetime import UTC, date, datetime, time, timedelta, timezone
from pathlib import Path
from typing import Any, NamedTuple
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sqlalchemy import Boolean, Date, Time, Uuid
from sqlalchemy.dialects import sqlite
from sqlalchemy.types import TypeEngine
from sqlmodel import UTCDateTime

from clinicctl.statuses import AppointmentStatus, CancelledBy, QueueStatus, Sex, WaitlistStatus
from clinicctl.store import values
from clinicctl.store.compiled import rows
from clinicctl.store.models import Word
from clinicctl.store.queries import ListOf
from tests.beside import kinds

Ask = Callable[..., Any]
Refused = Callable[..., dict[str, Any]]

BERLIN = ZoneInfo("Europe/Berlin")
TWICE = datetime(2026, 10, 25, 2, 30, tzinfo=BERLIN)
"""Half past two, which is twice on that day."""
NAIVE = TWICE.replace(tzinfo=None)
NOBODY, DASHED = "0123456789abcdef0123456789abcdef", "01234567-89ab-cdef-0123-456789abcdef"


class Form(NamedTuple):
    """A type of columns: how SQLAlchemy has it, how we write and read it, and the values it can have."""

    type: TypeEngine[Any]
    write: Callable[[Any], Any]
    read: Callable[[Any], Any]
    values: st.SearchStrategy[Any]


def instants() -> st.SearchStrategy[datetime]:
    offsets = st.integers(-1439, 1439).map(lambda each: timezone(timedelta(minutes=each)))
    some = st.datetimes(NAIVE.replace(year=2), NAIVE.replace(year=9998), timezones=st.timezones() | offsets)
    return st.builds(lambda at, fold: at.replace(fold=fold), some, st.integers(0, 1))


WORDS: dict[str, tuple[Any, Any]] = {
    "appointment status": (AppointmentStatus, rows.APPOINTMENT_STATUS),
    "queue status": (QueueStatus, rows.QUEUE_STATUS),
    "waitlist status": (WaitlistStatus, rows.WAITLIST_STATUS),
    "cancelled by": (CancelledBy, rows.CANCELLED_BY),
    "sex": (Sex, rows.SEX),
}
FORMS = {
    "uuid": Form(Uuid(), values.from_uuid, values.to_uuid, st.uuids()),
    "instant": Form(UTCDateTime(), values.from_instant, values.to_instant, instants()),
    "date": Form(Date(), values.from_date, values.to_date, st.dates()),
    "time": Form(Time(), values.from_time, values.to_time, st.times()),
    "bool": Form(Boolean(), values.from_bool, values.to_bool, st.booleans()),
} | {
    name: Form(Word(words), lambda each: each.value, known.__getitem__, st.sampled_from(list(words)))
    for name, (words, known) in WORDS.items()
}
DIALECT = sqlite.dialect()


def processed(type_: TypeEngine[Any], value: Any) -> Any:
    """Return a value as SQLAlchemy stores it."""
    process = type_.dialect_impl(DIALECT).bind_processor(DIALECT)
    return process(value) if process else value


@pytest.mark.parametrize("form", FORMS)
@settings(deadline=None, print_blob=True)
@given(data=st.data())
def test_a_value_is_stored_as_sqlalchemy_stores_it_and_read_as_what_it_was(form: str, data: st.DataObject) -> None:
    type_, write, read, those = FORMS[form]
    value = data.draw(those)
    stored, theirs = write(value), processed(type_, value)
    assert (stored, kinds(stored)) == (theirs, kinds(theirs))
    result = type_.dialect_impl(DIALECT).result_processor(DIALECT, None)
    meant = value.astimezone(UTC) if isinstance(value, datetime) else value
    for found in (read(stored), result(stored) if result else stored):
        assert (found, kinds(found)) == (meant, kinds(meant))


@pytest.mark.parametrize("first", [0, 1])
def test_the_hour_that_is_twice_is_two_instants(first: int) -> None:
    found = {fold: values.from_instant(TWICE.replace(fold=fold)) for fold in (first, 1 - first)}
    assert found == {0: "2026-10-25 00:30:00.000000", 1: "2026-10-25 01:30:00.000000"}


@pytest.mark.parametrize("form", FORMS)
@settings(deadline=None, print_blob=True)
@given(data=st.data())
def test_a_list_is_stored_as_sqlalchemy_stores_each_of_it(form: str, data: st.DataObject) -> None:
    type_, write, _, those = FORMS[form]
    some = data.draw(st.lists(those, max_size=5))
    assert values.from_list(some, write) == ListOf(type_).process_bind_param(some, DIALECT)


STRANGE = (
    st.text(max_size=40)
    | st.text("0123456789-:. TWZ+abcdefABCDEF{}urn", max_size=40)
    | st.from_regex(r"\A\d{4}-?\d\d-?\d\d[ T]?(\d\d:?\d\d:?(\d\d([.,]\d{1,6})?)?)?(Z|[+-]\d\d:?\d\d)?\Z")
    | st.from_regex(r"\AT?\d\d:?\d\d(:?\d\d)?([.,]\d{1,9})?(Z|[+-]\d\d:\d\d)?\Z")
    | st.from_regex(r"\A(urn:uuid:)?\{?[0-9a-fA-F]{8}-?([0-9a-fA-F]{4}-?){3}[0-9a-fA-F]{12}\}?\Z")
    | st.sampled_from([word for words, _ in WORDS.values() for each in words for word in (each, each.upper())]).map(str)
    | st.integers(-3, 30_000_000)
    | st.floats()
    | st.binary(max_size=40)
    | st.none()
)


@pytest.mark.parametrize("form", FORMS)
@settings(deadline=None, print_blob=True)
@given(stored=STRANGE)
def test_what_is_read_is_written_in_the_same_form_and_no_other(form: str, stored: Any) -> None:
    _, write, read, _ = FORMS[form]
    try:
        value = read(stored)
    except values.UNREADABLE:
        return
    again = write(value)
    assert (again, kinds(again)) == (stored, kinds(stored))


OTHERS: dict[str, list[Any]] = {
    "uuid": [
        *(DASHED, NOBODY.upper(), f"{{{NOBODY}}}", f"urn:uuid:{NOBODY}", NOBODY[:-1], NOBODY + "0", f" {NOBODY[1:]}"),
        *("x" * 32, "", 7, 1.5, None, b"a" * 32),
    ],
    "instant": [
        *("2026-01-31 23:59:59", "2026-01-31 23:59:59.123", "2026-01-31", "2026-01-31T23:59:59.000000"),
        *("2026-01-31 23:59:59.000000+00:00", "2026-01-31 23:59:59.000000Z", "2026-01-31 23:59:59.000000+05:30"),
        *("2026-01-31 24:00:00.000000", "2026-02-30 00:00:00.000000", "20260131 235959.000000", "now", "", 1.5, None),
    ],
    "date": [
        *("2026-W01-1", "2026W011", "20260101", "2026-1-1", "26-01-01", "2026-02-30", "0000-01-01", " 2026-01-01"),
        *("2026-01-01 00:00:00.000000", "2026-01-01T00:00", "today", "", 20260101, 2461042.5, None, b"2026-01-01"),
    ],
    "time": [
        *("10:00", "10:00:00", "10:00:00.000", "T10:00:00.000000", "100000.000000", "24:00:00.000000"),
        *("10:00:00.000000+00:00", "10:00:00,000000", "10:00:00.000000Z", "now", "", 10, 10.5, None),
    ],
    "bool": [2, -1, "x", "1", "true", "True", True, False, 1.0, 0.0, "", b"\x01", None],
    "sex": ["Male", "MALE", "martian", "male ", "", 1, None, b"male"],
}


@pytest.mark.parametrize(
    ("form", "stored"), [pytest.param(form, each, id=f"{form} {each!r}") for form in OTHERS for each in OTHERS[form]]
)
def test_another_spelling_is_not_read(form: str, stored: Any) -> None:
    with pytest.raises(values.UNREADABLE):
        FORMS[form].read(stored)


NOT_WRITTEN: dict[str, list[Any]] = {
    "uuid": [NOBODY, DASHED, 7, 1.5, b"a" * 16],
    "instant": [
        *(NAIVE, date(2026, 1, 31), time(10), "2026-01-31 23:59:59.000000", 1.5),
        time(10, tzinfo=UTC),
    ],
    "date": [NAIVE, TWICE, time(10), "2026-01-31", 20260131],
    "time": [time(10, tzinfo=UTC), NAIVE, date(2026, 1, 31), "10:00:00.000000", 10],
    "bool": [0, 1, 2, "x", "true", 1.0],
    "sex": ["male", 1],
}


@pytest.mark.parametrize(
    ("form", "value"),
    [pytest.param(form, each, id=f"{form} {each!r}") for form in NOT_WRITTEN for each in NOT_WRITTEN[form]],
)
def test_a_value_of_another_type_is_not_stored(form: str, value: Any) -> None:
    with closing(sqlite3.connect(":memory:")) as connection, pytest.raises((*values.UNREADABLE, sqlite3.Error)):
        connection.execute("SELECT ?", (FORMS[form].write(value),))


READ_BY: dict[str, tuple[str, str, str]] = {
    "uuid": ("patients", "id", "patient list"),
    "instant": ("patients", "created_at", "patient show P1"),
    "date": ("patients", "born", "patient show P1"),
    "time": ("appointments", "time", "appointment show A1"),
    "bool": ("doctor_daily_availabilities", "present", "doctor avail show MEHTA"),
    "sex": ("patients", "sex", "patient show P1"),
}


@pytest.mark.parametrize("form", READ_BY)
def test_a_stored_value_that_cannot_be_read_is_a_damaged_database(
    form: str, clinic: Ask, refused: Refused, tmp_path: Path
) -> None:
    table, column, command = READ_BY[form]
    clinic("book", "P1", "MEHTA", "+1d", "--time", "10:00")
    clinic("doctor", "avail", "set", "MEHTA", "+1d", "--capacity", "4")
    (right,) = stored(tmp_path, f"SELECT {column} FROM {table} WHERE rowid = 1")
    met = 0
    for value in (each for each in OTHERS[form] if each is not None):
        stored(tmp_path, f"UPDATE {table} SET {column} = ? WHERE rowid = 1", value)
        (kept,) = stored(tmp_path, f"SELECT {column} FROM {table} WHERE rowid = 1")
        # What a column turns into another form as it is stored, as it does with numbers, may be readable then.
        if (kept, type(kept)) == (value, type(value)):
            met += 1
            error = refused(10, "damaged_database", *command.split())
            assert "a stored value does not match its column type" in error["message"]
    stored(tmp_path, f"UPDATE {table} SET {column} = ? WHERE rowid = 1", right)
    clinic(*command.split())
    assert met >= 5


def stored(folder: Path, sql: str, *given: Any) -> Any:
    """Run a statement on the clinic's file, behind the program's back."""
    with closing(sqlite3.connect(folder / "clinic.db")) as connection, connection:
        connection.execute("PRAGMA ignore_check_constraints=ON")
        return connection.execute(sql, given).fetchone()


def test_a_setting_that_is_no_text_is_a_damaged_database(clinic: Ask, refused: Refused, tmp_path: Path) -> None:
    stored(tmp_path, "UPDATE settings SET value = x'0102' WHERE name = 'timezone'")
    refused(10, "damaged_database", "patient", "list")
    refused(10, "damaged_database", "patient", "archive", "P1")

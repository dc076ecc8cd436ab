"""Create a clinic, and show or change its settings."""

from collections.abc import Iterable
from dataclasses import replace
from zoneinfo import ZoneInfo

from clinicctl import errors, settings
from clinicctl.desk import availability, conflicts, days, messages, operations
from clinicctl.results.clinic import Clinic, Setting
from clinicctl.rules import phones, text
from clinicctl.rules.dates import order_in
from clinicctl.settings import CLINIC, SettingSpec
from clinicctl.statuses import OnConflict
from clinicctl.store import paths
from clinicctl.store.compiled import clinic, doctors, rows
from clinicctl.store.engine import Tx

_OF_MESSAGES = ("notify", "reminders", "day_start")
"""The settings that determine which reminders there are."""


@operations.INIT
def init(tx: Tx, *, name: str | None, timezone: str, region: str, capacity: int | None) -> Clinic:
    """Store the settings of a new database, or return those of an existing one."""
    if tx.fresh:
        given = {"name": name, "timezone": timezone, "region": region, "capacity": capacity}
        given |= {"date_order": order_in(settings.region(region))}
        for known in CLINIC:
            value = given.get(known.name)
            _store(tx, known, known.default if value is None else str(value))
    return Clinic(
        path=paths.shown(tx.place),
        name=_value(tx, "name"),
        timezone=_value(tx, "timezone"),
        region=_value(tx, "region"),
        date_order=_value(tx, "date_order"),
        capacity=int(_value(tx, "capacity")),
        created=tx.fresh,
    )


def list_settings(tx: Tx) -> list[Setting]:
    """Return every setting of the clinic."""
    return [_setting(tx, known) for known in CLINIC]


def show_setting(tx: Tx, *, name: str) -> Setting:
    """Return one setting. Refuses an unknown name."""
    return _setting(tx, _known(name))


@operations.SET_SETTING
def set_setting(tx: Tx, *, name: str, value: str) -> Setting:
    """Change one setting. Refuses an unknown name and an invalid value.

    A new default capacity applies from today where neither the doctor nor the day has one. In another time zone the
    clock changes on other dates, which changes the slots of their hours. Refuses with `HasBookings` if either would
    leave booked patients without a slot.
    """
    known = _known(name)
    _store(tx, known, value)
    if known.name == "capacity":
        within = replace(tx, clinic=replace(tx.clinic, capacity=int(value)))
        _reapply(tx, within, clinic.doctors_without_capacity(tx))
    if known.name == "timezone":
        zone = ZoneInfo(settings.timezone(value))
        messages.apply_settings(replace(tx, zone=zone))
        # Yesterday may be today again.
        first = min(tx.today, tx.now.astimezone(zone).date())
        _reapply(replace(tx, today=first), replace(tx, today=first, zone=zone), doctors.everybody(tx))
    if known.name in _OF_MESSAGES:
        messages.apply_settings(replace(tx, clinic=replace(tx.clinic, **{known.name: known.take(value)})))
    return _setting(tx, known)


def _reapply(tx: Tx, within: Tx, listed: Iterable[rows.DoctorRow]) -> None:
    """Apply changed settings to the days of doctors.

    `within` is the transaction with these settings.
    """
    for row in listed:
        availability.reapply(
            within,
            doctor=row,
            before=days.list_with_ledger(tx, row),
            on_conflict=OnConflict.REFUSE,
            hint=conflicts.OWN_CAPACITY,
        )


def _known(name: str) -> SettingSpec:
    for known in CLINIC:
        if known.name == name.replace("-", "_").lower():
            return known
    given = errors.typed(name, known={part for known in CLINIC for part in known.name.split("_")})
    near = errors.near(
        name.replace("-", "_").lower(), [*(known.name for known in CLINIC), "holiday", "template", "visit-type"]
    )
    raise errors.NoSuchSetting(
        problem=f"No such setting: {given}." if given else "No such setting.",
        hint=f"Did you mean {near}?" if near else f"The settings are {', '.join(known.name for known in CLINIC)}.",
    )


def _store(tx: Tx, known: SettingSpec, value: str) -> None:
    read = str(known.take(value))
    if known.name == "print_command" and read and tx.role is not None:
        raise errors.BadValue(
            problem="print_command: on a server each machine has its own, because a shared one would run on all.",
            hint="Put it into config.toml, or set CLINICCTL_PRINT_COMMAND.",
        )
    if known.name == "language":
        read = text.language(read)
    if known.name == "region" and read and not phones.known_region(read):
        raise errors.BadValue(problem=f'region: "{read}" is not a country with phone numbers; for example IN or DE.')
    clinic.delete(tx, name=known.name)
    clinic.insert(tx, name=known.name, value=read)


def _setting(tx: Tx, known: SettingSpec) -> Setting:
    return Setting(name=known.name, value=_value(tx, known.name), meaning=known.meaning)


def _value(tx: Tx, name: str) -> str:
    value = clinic.value(tx, name=name)
    return value if value is not None else next(known.default for known in CLINIC if known.name == name)

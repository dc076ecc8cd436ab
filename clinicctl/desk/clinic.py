"""The clinic itself: its database and its settings."""

from dataclasses import replace

from clinicctl import errors
from clinicctl.desk import availability, operations
from clinicctl.results import Clinic, Setting
from clinicctl.rules import phones
from clinicctl.settings import CLINIC, SettingSpec
from clinicctl.statuses import OnConflict
from clinicctl.store import paths
from clinicctl.store.compiled import clinic
from clinicctl.store.engine import Tx


@operations.INIT
def init(tx: Tx, *, name: str | None, timezone: str, region: str, capacity: int | None) -> Clinic:
    """Give a new database its settings; say of one that stands already what it has, and change nothing."""
    if tx.fresh:
        said = {"name": name, "timezone": timezone, "region": region, "capacity": capacity}
        for known in CLINIC:
            value = said.get(known.name)
            _store(tx, known, known.default if value is None else str(value))
    return Clinic(
        path=paths.shown(tx.path),
        name=_value(tx, "name"),
        timezone=_value(tx, "timezone"),
        region=_value(tx, "region"),
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
    """Change one setting. Refuses an unknown name, and a value that its check refuses.

    Another default capacity holds for today and later wherever neither the doctor nor the day has one; refuses with
    `HasBookings` when it would leave booked patients without a place.
    """
    known = _known(name)
    _store(tx, known, value)
    if known.name == "capacity":
        within = replace(tx, clinic=replace(tx.clinic, capacity=int(value)))
        for row in clinic.doctors_without_capacity(tx):
            availability.follow(within, doctor=row, on_conflict=OnConflict.REFUSE, hint=availability.OWN_CAPACITY)
    return _setting(tx, known)


def _known(name: str) -> SettingSpec:
    for known in CLINIC:
        if known.name == name.replace("-", "_").lower():
            return known
    said = errors.typed(name, known={part for known in CLINIC for part in known.name.split("_")})
    meant = errors.near(name.replace("-", "_").lower(), [known.name for known in CLINIC])
    raise errors.NoSuchSetting(
        problem=f"No such setting: {said}." if said else "No such setting.",
        hint=f"Did you mean {meant}?" if meant else f"The settings are {', '.join(known.name for known in CLINIC)}.",
    )


def _store(tx: Tx, known: SettingSpec, value: str) -> None:
    read = str(known.take(value))
    if known.name == "region" and read and not phones.known_region(read):
        raise errors.BadValue(problem=f'region: "{read}" is not a country with phone numbers; for example IN or DE.')
    clinic.delete(tx, name=known.name)
    clinic.insert(tx, name=known.name, value=read)


def _setting(tx: Tx, known: SettingSpec) -> Setting:
    return Setting(name=known.name, value=_value(tx, known.name), meaning=known.meaning)


def _value(tx: Tx, name: str) -> str:
    value = clinic.value(tx, name=name)
    return value if value is not None else next(known.default for known in CLINIC if known.name == name)

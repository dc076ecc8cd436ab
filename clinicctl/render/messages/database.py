"""Sentences about the clinic and the database."""

from collections.abc import Callable
from typing import Any

from clinicctl.render.messages.base import Report
from clinicctl.render.phrases import count
from clinicctl.results.clinic import Clinic, Setting
from clinicctl.results.database import BackedUp, Compacted, Copied, Migrated, Repaired, Restored, Shared


def _clinic(each: Clinic, _command: str) -> Report:
    region = f"phone region {each.region}" if each.region else "no phone region"
    dates = f", dates {each.date_order}" if each.date_order else ""
    line = f"{each.path}: {each.name}, {each.timezone}, {region}{dates}, {count(each.capacity, 'slot')} a day."
    return Report("Created", "create", line) if each.created else Report("Already exists:", "find", line)


def _repaired(each: Repaired, _command: str) -> Report:
    copy = f" Copy of the database before the repair: {each.copy}." if each.copy else ""
    total = count(len(each.mended) + len(each.left), "problem")
    return Report("Repaired", "repair", f"{len(each.mended)} of {total}.{copy}")


def _backed_up(each: BackedUp, _command: str) -> Report:
    removed = f" Removed {count(len(each.removed), 'older backup')}." if each.removed else ""
    size = f"{each.bytes} bytes, {count(each.number, 'write')}, journal head {each.head}"
    return Report("Backed up", "back up", f"to {each.path}: {size}.{removed}")


def _restored(each: Restored, _command: str) -> Report:
    previous = f" Previous database: {each.replaced}." if each.replaced else ""
    older = f", migrated from schema {each.found}" if each.found != each.schema else ""
    size = f"{count(each.patients, 'patient')}, {count(each.appointments, 'appointment')}, "
    size += f"{count(each.number, 'write')}{older}"
    return Report("Restored", "restore", f"{each.path} from {each.file}: {size}.{previous}{_manager(each)}")


def _migrated(each: Migrated, _command: str) -> Report:
    if each.found == each.schema:
        return Report("Nothing to migrate:", "change nothing:", f"{each.path} already has schema {each.schema}.")
    copy = f" Copy of the database before the migration: {each.copy}." if each.copy else ""
    return Report("Migrated", "migrate", f"{each.path} from schema {each.found} to {each.schema}.{copy}")


def _copied(each: Copied, _command: str) -> Report:
    size = f"{count(each.patients, 'patient')}, {count(each.appointments, 'appointment')}"
    rest = f"Every desk now needs --db with the new place.{_manager(each)}"
    return Report("Moved", "move", f"{each.path} to {each.to}: {size}. {rest}")


def _manager(each: Restored | Copied) -> str:
    return f" {each.made_manager} is a manager there now." if each.made_manager else ""


def _compacted(each: Compacted, _command: str) -> Report:
    return Report("Compacted", "compact", f"{each.path} from {each.before} to {each.after} bytes.")


def _shared(each: Shared, _command: str) -> Report:
    if each.group is None:
        return Report("Private:", "make private:", f"only the owner can use {each.path}.")
    return Report("Shared", "share", f"{each.path} with the group {each.group}.")


def _setting(each: Setting, _command: str) -> Report:
    return Report("Set", "set", f"{each.name} to {each.value}.")


REPORTS: dict[type, Callable[[Any, str], Report]] = {
    Clinic: _clinic,
    Repaired: _repaired,
    BackedUp: _backed_up,
    Restored: _restored,
    Migrated: _migrated,
    Copied: _copied,
    Compacted: _compacted,
    Shared: _shared,
    Setting: _setting,
}

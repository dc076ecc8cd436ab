"""What stands on disk: each operation that writes, and each result that is stored, declares its name."""

import inspect
from importlib import import_module
from pkgutil import walk_packages
from typing import Any, get_args, get_type_hints

from clinicctl import desk
from clinicctl.desk import operations
from clinicctl.desk.operations import Operation, Part
from clinicctl.results.base import stored_class, stored_name

NAMES = {
    *("bookings.book", "bookings.cancel", "bookings.move", "bookings.no_show", "daybook.close"),
    *("queue.check_in", "queue.walk_in", "queue.call", "queue.start", "queue.done", "queue.skip", "queue.recall"),
    *("queue.hold", "queue.resume", "queue.left", "queue.transfer", "queue.prioritise"),
    *("waitlist.add", "waitlist.remove", "waitlist.promote", "waitlist.cancel_and_promote"),
    *("doctors.add", "doctors.edit", "doctors.archive", "doctors.restore", "doctor_imports.add_doctors"),
    *("availability.set_days", "weekly.set_weekly", "imports.set_availability"),
    *("patients.add", "patients.edit", "patients.archive", "patients.restore", "patient_imports.add_patients"),
    *("duplicates.merge", "erasure.erase", "clinic.init", "clinic.set_setting", "undo.undo"),
    *("keeping.restore", "keeping.migrate", "soundness.repair", "series.book", "series.cancel"),
}
"""The names on disk. One may be added; none may ever be changed or removed."""

RESULTS = {
    *("Booked", "Appointment", "CheckedIn", "Called", "QueueEntry", "Waiting", "WaitlistEntry", "Cancelled", "Undone"),
    *("CancelledAppointment", "ToCall", "Closed", "Day", "WeekDay", "Doctor", "DoctorBrief", "Registered", "Edited"),
    *("Patient", "PatientBrief", "Candidate", "Erased", "Merged", "Imported", "ImportedDoctors", "ImportedPatients"),
    *("Clinic", "Setting", "Restored", "Migrated", "Repaired", "Series", "CancelledSeries"),
}
"""The names of results on disk, likewise."""


def declared() -> dict[str, Operation]:
    found = [each for each in vars(operations).values() if isinstance(each, Operation)]
    assert len({each.name for each in found}) == len(found)
    return {each.name: each for each in found}


def functions() -> dict[str, Any]:
    """The functions of the desk that do an operation, by its name on disk."""
    found: dict[str, Any] = {}
    for module in walk_packages(desk.__path__, "clinicctl.desk."):
        for function in vars(import_module(module.name)).values():
            if inspect.isfunction(function) and hasattr(function, "operation"):
                name = operations.of(function).name
                assert found.setdefault(name, function) is function, f"two functions do {name}"
    return found


def test_the_names_of_operations_on_disk_are_those_of_every_version() -> None:
    assert declared().keys() >= NAMES
    assert {name: operations.named(name) for name in NAMES} == {name: declared()[name] for name in NAMES}
    assert operations.named("bookings.nothing") is None


def test_every_operation_is_done_by_one_function_that_changes_something() -> None:
    assert functions().keys() == declared().keys()
    assert all(each.changes for each in declared().values())
    assert Part.SETTINGS in operations.REPAIR.changes


def test_the_names_of_results_on_disk_are_those_of_every_version() -> None:
    assert {stored_name(stored_class(name)) for name in RESULTS} == RESULTS


def test_every_result_of_an_operation_can_be_stored() -> None:
    for function in functions().values():
        hint = get_type_hints(function)["return"]
        kind = next(iter(get_args(hint)), hint)
        assert stored_class(stored_name(kind)) is kind

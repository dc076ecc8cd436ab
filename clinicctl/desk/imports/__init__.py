"""Import doctors' days, patients, doctors and holidays from files.

A large file is compared with the database on a read view (`day_plan`, `patient_plan`), which blocks nobody. The write
only checks that the plan is current, and applies it in one short transaction, all or nothing.
"""

from clinicctl.desk.imports import day_plan, days, doctors, headers, holidays, patient_plan, patients, plan, run

__all__ = ["day_plan", "days", "doctors", "headers", "holidays", "patient_plan", "patients", "plan", "run"]

"""What the exports contain: the tables of patients, doctors, days and visits, and the resources of other formats."""

from clinicctl.desk.exports import calendars, health_records, tables

__all__ = ["calendars", "health_records", "tables"]

"""The settings of the clinic, which are in its database."""

from collections.abc import Mapping
from dataclasses import dataclass

from clinicctl.settings import checks
from clinicctl.settings.checks import SettingSpec

CLINIC = (
    SettingSpec("name", "Clinic", "the clinic's name", checks.line(200)),
    SettingSpec(
        "timezone", "UTC", "the IANA time zone that determines the date", checks.timezone, checks.stored_timezone
    ),
    SettingSpec("region", "", "the region for phones without +, two letters", checks.region),
    SettingSpec(
        "date_order",
        "",
        "the order of day, month and year in dates such as 3/4/2026: dmy, mdy or ymd; empty refuses ambiguous dates",
        checks.date_order,
    ),
    SettingSpec("capacity", "10", "the capacity of a day if the doctor has none of their own", checks.whole(1, 500)),
    SettingSpec(
        "day_start",
        "09:00",
        "the time at which a day without hours begins for other programs (FHIR)",
        checks.time_of_day,
    ),
    SettingSpec(
        "fhir_base",
        "https://clinic.invalid/fhir",
        "the URL under which exported FHIR resources and numbers are known",
        checks.base_url,
    ),
    SettingSpec("wait_threshold", "30", "minutes of waiting after which a patient is marked", checks.whole(1, 1440)),
    SettingSpec(
        "late_threshold",
        "30",
        "minutes by which a doctor runs late when `status` shows it; 0 for never",
        checks.whole(0, 1440),
    ),
    SettingSpec(
        "no_show_after",
        "0",
        "minutes after the agreed time when `status` suggests to mark a no-show; 0 for never",
        checks.whole(0, 1440),
    ),
    SettingSpec(
        "bulk_threshold",
        "10",
        "the number of cancellations at once above which a command asks first",
        checks.whole(0, 1000),
    ),
    SettingSpec(
        "overbook_limit",
        "2",
        "the number of bookings above the capacity that --overbook allows on a day",
        checks.whole(0, 100),
    ),
    SettingSpec(
        "mask_phones",
        "no",
        "yes: tables show only the last three digits of a phone",
        checks.one_of(("yes", "no")),
    ),
    SettingSpec(
        "mask_names",
        "no",
        "yes: the shell prompt and the preview of a merge show no names",
        checks.one_of(("yes", "no")),
    ),
    SettingSpec(
        "shared_terminals",
        "no",
        "yes: somebody who knows the PIN of a user may act as --actor",
        checks.one_of(("yes", "no")),
    ),
    SettingSpec(
        "print_command",
        "",
        "the command that prints its standard input; {kind} is ticket or day (default: lp)",
        checks.command,
    ),
    SettingSpec(
        "ticket_width",
        "",
        "the paper of `ticket --print`: 58mm or 80mm for plain text, empty for a PDF",
        checks.one_of(("", "58mm", "80mm")),
    ),
    SettingSpec("notify", "off", "on: bookings and changes make messages to patients", checks.one_of(("on", "off"))),
    SettingSpec(
        "reminders", "24h,2h", "the times before a visit at which reminders are due; empty for none", checks.reminders
    ),
    SettingSpec(
        "quiet_hours",
        "21:00-08:00",
        "the hours in which no message is handed out; empty for none",
        checks.quiet_hours,
    ),
    SettingSpec(
        "near",
        "0",
        "the people ahead at which a waiting patient gets a message that the turn is near; 0 for never",
        checks.whole(0, 100),
    ),
    SettingSpec("language", "en", "the language of messages to patients without their own", checks.line(8)),
)
"""Settings of the clinic, stored in its database: `clinicctl config NAME VALUE`."""


@dataclass(frozen=True, slots=True, eq=False, repr=False)
class ClinicSettings:
    """The clinic's settings from the database."""

    name: str
    timezone: str
    region: str
    date_order: str
    capacity: int
    day_start: str
    fhir_base: str
    wait_threshold: int
    late_threshold: int
    no_show_after: int
    bulk_threshold: int
    overbook_limit: int
    mask_phones: str
    mask_names: str
    shared_terminals: str
    print_command: str
    ticket_width: str
    notify: str
    reminders: str
    quiet_hours: str
    near: int
    language: str

    @classmethod
    def read(cls, stored: Mapping[str, str]) -> "ClinicSettings":
        """Return the stored settings, with defaults for missing ones."""
        return cls(**{each.name: (each.stored or each.read)(stored.get(each.name, each.default)) for each in CLINIC})

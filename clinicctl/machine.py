"""Guess the time zone and the country of a new clinic from the machine."""

import os
from collections.abc import Mapping
from pathlib import Path

from clinicctl import settings
from clinicctl.errors import BadValue


def timezone(environ: Mapping[str, str]) -> str:
    """Return the machine's IANA time zone, or UTC if it has none."""
    candidates = [environ.get("TZ", "").lstrip(":")]
    try:
        with open("/etc/timezone", encoding="ascii", errors="replace") as file:
            candidates.append(file.readline().strip())
    except OSError:
        pass
    candidates.append(os.path.realpath("/etc/localtime").rpartition("zoneinfo/")[2])
    for name in candidates:
        try:
            return settings.timezone(name) if name and not name.startswith("/") else settings.timezone("")
        except BadValue:
            continue
    return "UTC"


def region(environ: Mapping[str, str], zone: str) -> str:
    """Return the country of the time zone, else of the locale, else empty text.

    Without a region, phones need their +.
    """
    for line in _zone_table():
        country, _, rest = line.partition("\t")
        if rest.split("\t")[1:2] == [zone]:
            return country
    locale = environ.get("LC_ALL") or environ.get("LC_TELEPHONE") or environ.get("LANG") or ""
    country = locale.partition(".")[0].partition("_")[2]
    return country if len(country) == 2 and country.isalpha() else ""


def _zone_table() -> list[str]:
    """Return the lines of zone.tab, of the system or of the tzdata package."""
    from importlib import resources

    system = Path("/usr/share/zoneinfo/zone.tab")
    try:
        table = system if system.exists() else resources.files("tzdata.zoneinfo") / "zone.tab"
        return table.read_text(encoding="utf-8").splitlines()
    except (OSError, ModuleNotFoundError):
        return []

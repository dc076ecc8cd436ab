"""Names that load as time zones and are none, and files with nothing in them."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from clinicctl import machine, settings
from clinicctl.errors import BadValue
from clinicctl.settings import checks
from clinicctl.store import tx
from tests import stored

Ask = Callable[..., Any]
Run = Callable[..., Any]
Refused = Callable[..., dict[str, Any]]

NO_ZONES = (
    *("localtime", "posixrules", "Factory", "leapseconds", "tzdata.zi", "zone.tab", "", "Nowhere", "Asia", "Asia/"),
    *("posix/Asia/Kolkata", "right/Asia/Kolkata", "/etc/localtime", "/usr/share/zoneinfo/Asia/Kolkata"),
    *("../zoneinfo/UTC", "asia/kolkata", "utc", "EUROPE/BERLIN", "Asia/Kolkata ", "Asia//Kolkata", "IST-5:30"),
)


@pytest.mark.parametrize("said", NO_ZONES)
def test_a_name_that_is_no_time_zone_is_refused_wherever_one_is_said(
    said: str, clinic: Ask, refused: Refused, tmp_path: Path
) -> None:
    error = refused(2, "invalid_value", "config", "timezone", said)
    assert "IANA" in error["message"]
    assert clinic("config", "timezone")["value"] == "Asia/Kolkata"
    if said:
        refused(2, "invalid_value", "init", "--timezone", said, "--db", str(tmp_path / "new.db"))
        assert not (tmp_path / "new.db").exists()


def test_a_zone_spelled_in_other_capitals_is_suggested(clinic: Ask, refused: Refused) -> None:
    assert "did you mean Asia/Kolkata?" in refused(2, "invalid_value", "config", "timezone", "asia/kolkata")["message"]


@pytest.mark.parametrize("said", ["UTC", "Asia/Kolkata", "Asia/Calcutta", "America/Lima", "Etc/GMT+5"])
def test_a_time_zone_is_taken_also_by_an_older_name(said: str, clinic: Ask) -> None:
    assert clinic("config", "timezone", said)["value"] == said


@pytest.mark.parametrize("said", ["localtime", ":localtime", "posixrules", "Factory", "utc"])
def test_the_machine_s_own_name_is_looked_for_further_when_it_is_none(said: str) -> None:
    assert machine.timezone({"TZ": said}) not in NO_ZONES


def test_a_clinic_with_an_old_zone_name_opens_and_health_reports_it(
    clinic: Ask, run: Run, tmp_path: Path, database: str
) -> None:
    stored.change(database, "UPDATE settings SET value = 'Factory' WHERE name = 'timezone'")
    assert len(clinic("patient", "list")) == 2
    clinic("book", "P1", "MEHTA")
    assert clinic("db", "info")["schema"]
    assert clinic("db", "check")["sound"]
    clinic("db", "backup", str(tmp_path / "copy.db"))
    clinic("db", "restore", str(tmp_path / "copy.db"), "--yes")
    (zone,) = [each for each in clinic("health")["findings"] if each["name"] == "time zone"]
    assert (zone["ok"], "config timezone" in zone["problem"]) == (False, True)
    clinic("config", "timezone", "Asia/Kolkata")
    (zone,) = [each for each in clinic("health")["findings"] if each["name"] == "time zone"]
    assert zone["ok"]


def test_no_command_scans_the_folders_of_time_zones(clinic: Ask, run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    def scanned() -> frozenset[str]:
        raise AssertionError("scanned")

    monkeypatch.setattr(checks, "zones", scanned)
    tx._checked_settings.cache_clear()
    run("patient", "list", status=0)
    run("book", "P1", "MEHTA", status=0)
    run("config", "capacity", "9", status=0)
    with pytest.raises(AssertionError):
        settings.timezone("UTC")


def test_zone_names_are_those_of_the_system_without_other_files() -> None:
    for name in checks.zones():
        settings.stored_timezone(name)
    for name in ("localtime", "posixrules", "Factory"):
        with pytest.raises(BadValue):
            settings.timezone(name)


@pytest.mark.parametrize("kind", ["patient", "doctor", "doctor avail"])
@pytest.mark.parametrize("format_", ["csv", "jsonl", None])
@pytest.mark.parametrize("content", ["", "\n", "\n\n  \n", "\ufeff", "\ufeff\n\n", " \t \r\n"])
def test_a_file_with_nothing_in_it_is_said_to_be_empty(
    content: str, format_: str | None, kind: str, clinic: Ask, refused: Refused
) -> None:
    said = ["--format", format_] if format_ else []
    error = refused(65, "bad_file", *kind.split(), "import", "-", *said, stdin=content)
    assert [each["reason"] for each in error["details"]["lines"]] == ["the file is empty"]


@pytest.mark.parametrize("content", ["sep=;\n", "\ufeffsep=,\r\n\r\n"])
def test_the_line_that_excel_adds_is_nothing_either(content: str, clinic: Ask, refused: Refused) -> None:
    error = refused(65, "bad_file", "doctor", "avail", "import", "-", stdin=content)
    assert error["details"]["lines"][0]["reason"] == "the file is empty"


@pytest.mark.parametrize("before", ["", "\n", "\n \n", "\ufeff\n", "sep=;\n\n"])
def test_blank_lines_before_the_header_are_none(before: str, clinic: Ask) -> None:
    content = f"{before}doctor;date\nMEHTA;+1d\n"
    imported = clinic("doctor", "avail", "import", "-", stdin=content)
    assert [row["line"] for row in imported["rows"]] == [before.count("\n") + 2]

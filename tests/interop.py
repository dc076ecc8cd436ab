"""What programs of others make of the exports, run by `nox -s interop` under Node.

The validators are first shown to refuse what is wrong: none of them alone refuses all of it.
"""

import json
import os
import subprocess
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import icalendar
import pytest

from tests import health
from tests.health import resources
from tests.test_fhir import numbered

Ask = Callable[..., Any]
Run = Callable[..., Any]
Resource = dict[str, Any]

NOT_LISTED = (
    'warning Appointment.cancelationReason: Code "pat-lwbs"'
    " (http://terminology.hl7.org/CodeSystem/appointment-cancellation-reason) not found in value set"
)
"""The value set of 4.0.1 is an example, as its binding says, and does not list who left without being seen."""

PROGRAM = Path(__file__).with_suffix(".mjs")


def answered(request: dict[str, Any]) -> Any:
    """Return what the program of Node answers."""
    done = subprocess.run(
        ["node", str(PROGRAM)], input=json.dumps(request), capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def refusals(judged: list[Resource]) -> dict[str, list[list[str]]]:
    """Return what each validator has against each resource."""
    return dict(answered({"resources": judged}))


def exported(run: Run, *args: str) -> dict[str, Any]:
    return dict(json.loads(run("export", "fhir", *args, status=0).stdout))


WRONG: dict[str, Callable[[Resource], Resource]] = {
    "a wrong status": lambda each: {**each, "status": "nonsense"},
    "a wrong status of a participant": lambda each: {
        **each,
        "participant": [{**each["participant"][0], "status": "nonsense"}],
    },
    "no participant": lambda each: {name: value for name, value in each.items() if name != "participant"},
    "an unknown property": lambda each: {**each, "nonsense": "x"},
    "a time that is none": lambda each: {**each, "start": "soon"},
    "a text instead of a list": lambda each: {**each, "identifier": "A1"},
}


def test_the_validators_together_refuse_what_is_wrong(ask: Ask, run: Run) -> None:
    health.fill(ask)
    good = numbered(exported(run), "A13")
    found = refusals([good, *(wrong(good) for wrong in WRONG.values())])
    assert {name: each[0] for name, each in found.items()} == {"fhir": [], "medplum": []}
    refused = {name: [by for by in found if found[by][nth]] for nth, name in enumerate(WRONG, start=1)}
    assert [name for name, by in refused.items() if not by] == []
    assert {by for each in refused.values() for by in each} == {"fhir", "medplum"}, "each refuses something"


@pytest.mark.parametrize("clinic", ["every status", "demo"])
def test_the_validators_accept_every_resource(clinic: str, ask: Ask, run: Run) -> None:
    if clinic == "demo":
        run("demo", status=0)
        found = [each["resource"] for each in exported(run)["entry"]]
    else:
        health.fill(ask)
        ask("queue", "left", "MEHTA", "7")
        ask("patient", "erase", "P5", "--yes")
        found = resources(exported(run))
    kinds = {each["resourceType"] for each in found}
    assert len(kinds) == len({*KINDS} & kinds) == len(KINDS)
    problems = {
        f"{by}: {each['resourceType']}: {problem}"
        for by, listed in refusals(found).items()
        for each, against in zip(found, listed, strict=True)
        for problem in against
    }
    assert problems == ({f"fhir: Appointment: {NOT_LISTED}"} if clinic == "every status" else set())


KINDS = (
    *("Organization", "Location", "Practitioner", "PractitionerRole", "Schedule"),
    *("Patient", "Slot", "Appointment", "Encounter"),
)


def test_the_validators_accept_the_bundle(ask: Ask, run: Run) -> None:
    health.fill(ask)
    found = refusals([exported(run, "--day", "today..+2d")])
    assert found == {"fhir": [[NOT_LISTED]], "medplum": [[]]}


def test_ical_js_reads_the_events_that_icalendar_reads(ask: Ask, run: Run) -> None:
    health.fill(ask)
    for days in (60, 150, 240, 330):
        ask("book", "P2", "RAO", f"+{days}d", "--time", "10:00")
    for code in ("MEHTA", "RAO", "LIM"):
        text = run("export", "ics", "--doctor", code, "--names", status=0).stdout
        ours = [described(each) for each in icalendar.Calendar.from_ical(text).walk("VEVENT")]
        assert ours
        assert answered({"calendar": text.replace("\n", "\r\n")}) == ours


def described(event: Any) -> dict[str, Any]:
    """Return an event as the program of Node describes it."""
    start = event.decoded("DTSTART")
    # Without an end, an event ends when it begins.
    end = event.decoded("DTEND") if "DTEND" in event else start
    return {
        "uid": str(event["UID"]),
        "sequence": int(event["SEQUENCE"]),
        "status": str(event["STATUS"]),
        "summary": str(event["SUMMARY"]),
        "start": instant(start),
        "end": instant(end),
    }


def instant(value: Any) -> str:
    if isinstance(value, datetime):
        return value.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.000Z")
    return str(value)


def test_the_packages_are_those_of_the_session() -> None:
    folder = Path(os.environ["NODE_PACKAGES"]) / "node_modules"
    versions = {
        name: json.loads((folder / name / "package.json").read_text())["version"] for name in ("fhir", "ical.js")
    }
    assert versions["fhir"].startswith("4.12.")
    assert versions["ical.js"].startswith("2.")

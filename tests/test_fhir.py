"""Exported FHIR resources: accepted by models of somebody else, complete, and with the day sheet of the desk."""

import json
from collections import Counter
from collections.abc import Callable
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from fhir.resources.R4B import get_fhir_model_class

from clinicctl.statuses import AppointmentStatus, QueueStatus
from tests import every_write, health
from tests.health import identifier, references, resources

Ask = Callable[..., Any]
Run = Callable[..., Any]
Refused = Callable[..., dict[str, Any]]

# They are imported here, because under a clock of the test they do not recognise dates.
MODELS = {
    each: get_fhir_model_class(each)
    for each in (
        *("Bundle", "Organization", "Location", "Practitioner", "PractitionerRole", "Schedule", "Slot"),
        *("Patient", "Appointment", "Encounter"),
    )
}


@pytest.fixture
def north(ask: Ask) -> Ask:
    """A clinic with every status; the value is `ask`."""
    health.fill(ask)
    return ask


def bundle(run: Run, *args: str) -> dict[str, Any]:
    return dict(json.loads(run("export", "fhir", *args, status=0).stdout))


def of_kind(found: dict[str, Any], kind: str) -> list[dict[str, Any]]:
    return [each for each in resources(found) if each["resourceType"] == kind]


def day(days: int) -> str:
    return (datetime.now(ZoneInfo("Europe/Berlin")).date() + timedelta(days=days)).isoformat()


def numbered(found: dict[str, Any], number: str) -> dict[str, Any]:
    kind = {"A": "appointment-number", "W": "waitlist-number"}[number[0]]
    named = [
        each
        for each in of_kind(found, "Appointment")
        for one in each["identifier"]
        if (one["system"], one["value"]) == (f"{health.BASE}/{kind}", number)
    ]
    (only,) = named
    return only


def test_the_clinic_of_the_tests_has_every_status(north: Ask, run: Run) -> None:
    statuses = {each["status"] for each in north("appointment", "list")}
    assert statuses == {*AppointmentStatus}
    queued = {each["status"] for each in run("export", "queue", "-o", "jsonl", status=0).lines}
    assert queued == {*QueueStatus}
    found = bundle(run)
    assert {each["status"] for each in of_kind(found, "Slot")} == {
        *("free", "busy", "busy-unavailable", "busy-tentative"),
    }


def test_other_models_accept_every_resource(north: Ask, run: Run) -> None:
    found = bundle(run)
    MODELS["Bundle"].model_validate(found)
    for each in resources(found):
        model = MODELS[each["resourceType"]]
        read = model.model_validate(each)
        assert json.loads(read.model_dump_json()).keys() == each.keys()


def test_other_models_accept_the_clinic_of_the_demonstration(run: Run) -> None:
    run("demo", status=0)
    found = json.loads(run("export", "fhir", status=0).stdout)
    MODELS["Bundle"].model_validate(found)
    assert len(found["entry"]) > 100


def test_other_models_refuse_what_is_no_resource(north: Ask, run: Run) -> None:
    (first, *_) = of_kind(bundle(run), "Appointment")
    model = MODELS["Appointment"]
    for wrong in ({"participant": 1}, {"start": "soon"}, {"unknown": 1}, {"status": ["booked"]}):
        with pytest.raises(ValueError, match=next(iter(wrong))):
            model.model_validate({**first, **wrong})


def test_every_reference_is_to_a_resource_that_is_there(north: Ask, run: Run) -> None:
    for line in ("", "--day today..+2d", "--day +2d", "--day ..+1d,+9d", "--no-personal"):
        found = resources(bundle(run, *line.split()))
        named = Counter(f"{each['resourceType']}/{each['id']}" for each in found)
        assert [name for name, count in named.items() if count > 1] == [], line
        assert {name for each in found for name in references(each)} - named.keys() == set(), line
        assert all(each["meta"]["lastUpdated"] for each in found), line


def test_a_reader_of_fhir_sees_the_day_sheet_of_the_desk(north: Ask, run: Run) -> None:
    whole = bundle(run)
    for on in map(day, (0, 1, 2, 3, 4, 7, 9, 10)):
        sheet = [
            {
                "doctor": each["doctor"],
                "slot": each["slot"],
                "status": each["status"],
                "patient": each["appointment"]["patient"]["name"] if each["appointment"] else None,
                "number": each["appointment"]["number"] if each["appointment"] else None,
                "start": each["time"],
            }
            for each in north("day", on)
        ]
        assert sheet
        assert health.day_sheet(whole, on) == sheet
        assert health.day_sheet(bundle(run, "--day", on), on) == sheet


APPOINTMENTS = {
    "A1": ("booked", None, None),
    "A2": ("fulfilled", "finished", None),
    "A3": ("fulfilled", "in-progress", None),
    "A4": ("checked-in", "arrived", None),
    "A5": ("checked-in", "arrived", None),
    "A6": ("checked-in", "arrived", None),
    "A7": ("cancelled", "cancelled", "pat-lwbs"),
    "A8": ("noshow", None, None),
    "A9": ("cancelled", None, "pat"),
    "A10": ("cancelled", None, "prov"),
    "A12": ("cancelled", None, "pat"),
    "W1": ("waitlist", None, None),
}


def test_each_status_has_its_word_in_fhir(north: Ask, run: Run) -> None:
    found = bundle(run)
    visits = {each["appointment"][0]["reference"]: each for each in of_kind(found, "Encounter")}
    for number, (status, visit, reason) in APPOINTMENTS.items():
        each = numbered(found, number)
        name = f"Appointment/{each['id']}"
        coded = each.get("cancelationReason", {}).get("coding", [{}])[0]
        assert (each["status"], visits.get(name, {}).get("status"), coded.get("code")) == (status, visit, reason), (
            number
        )


WHO_DECLINED = {"A1": (), "A7": ("Patient",), "A9": ("Patient",), "A10": ("Practitioner",), "A12": ("Patient",)}


def test_the_one_who_cancelled_has_declined(north: Ask, run: Run) -> None:
    found = bundle(run)
    for number, kinds in WHO_DECLINED.items():
        listed = {
            each["actor"]["reference"].partition("/")[0]: each["status"]
            for each in numbered(found, number)["participant"]
        }
        expected = dict.fromkeys(("Patient", "Practitioner", "Location"), "accepted") | dict.fromkeys(kinds, "declined")
        assert listed == expected, number


def test_only_waiting_entries_of_the_waitlist_are_there(north: Ask, run: Run) -> None:
    found = bundle(run)
    waiting = [each for each in of_kind(found, "Appointment") if each["status"] == "waitlist"]
    assert [identifier(each, "waitlist-number") for each in waiting] == ["W1"]
    periods = [
        tuple(each["requestedPeriod"][nth][end][:10] for end in ("start", "end")) for each in waiting for nth in (0, 1)
    ]
    assert periods == [(day(5), day(7)), (day(8), day(9))]
    assert "start" not in waiting[0]
    statuses = [each["status"] for each in waiting[0]["participant"]]
    assert statuses == ["accepted", "needs-action", "accepted"]


def test_the_resources_of_a_visit_are_complete(ask: Ask, run: Run) -> None:
    for line in VISIT.strip().splitlines():
        ask(*(each.replace("~", " ") for each in line.split()))
    text = run("export", "fhir", "--ndjson", status=0).stdout
    for each in map(json.loads, text.splitlines()):
        text = text.replace(each["id"], "1")
    found = {each["resourceType"]: each for each in map(json.loads, text.splitlines())}
    timed = {"meta", "created", "start", "end", "period", "planningHorizon"}
    assert timed & found["Appointment"].keys() == {"meta", "created", "start", "end"}
    assert found["Schedule"]["planningHorizon"] == {"start": day(0), "end": day(0)}
    for kind, expected in COMPLETE.items():
        left = found[kind].keys() - timed - {"resourceType", "id", "extension"}
        assert {name: found[kind][name] for name in left} == expected, kind
    bare = run("export", "fhir", "--no-personal", status=0).stdout
    assert [each for each in ("Anna", "Dr. Rao", "back pain", "call first") if each in bare or each not in text] == []


VISIT = f"""
init --name North --timezone Europe/Berlin --region DE
config fhir_base {health.BASE}
config visit-type add check-up --minutes 60
patient add Anna~Schmidt --phone none
doctor add RAO Dr.~Rao --specialty cardiology
doctor avail set RAO today --session 00:00-24:00 --every 30m
book P1 RAO today --time 00:00 --past --visit-type check-up --reason back~pain --note call~first
checkin A1
"""


def _to(kind: str) -> dict[str, str]:
    return {"reference": f"{kind}/1"}


def _identifier(kind: str, value: str) -> list[dict[str, str]]:
    return [{"system": f"{health.BASE}/{kind}", "value": value}]


COMPLETE: dict[str, dict[str, Any]] = {
    "Organization": {"active": True, "name": "North"},
    "Location": {
        "status": "active",
        "name": "North",
        "mode": "instance",
        "managingOrganization": _to("Organization"),
    },
    "Practitioner": {
        "identifier": _identifier("doctor-code", "RAO"),
        "active": True,
        "name": [{"use": "official", "text": "Dr. Rao"}],
    },
    "PractitionerRole": {
        "active": True,
        "practitioner": _to("Practitioner"),
        "organization": _to("Organization"),
        "specialty": [{"text": "cardiology"}],
        "location": [_to("Location")],
    },
    "Schedule": {"active": True, "actor": [_to("Practitioner"), _to("PractitionerRole"), _to("Location")]},
    "Patient": {
        "identifier": _identifier("patient-number", "P1"),
        "active": True,
        "name": [{"use": "official", "text": "Anna Schmidt"}],
        "gender": "unknown",
        "managingOrganization": _to("Organization"),
    },
    "Appointment": {
        "identifier": _identifier("appointment-number", "A1"),
        "status": "checked-in",
        "serviceType": [{"text": "check-up"}],
        "reasonCode": [{"text": "back pain"}],
        "comment": "call first",
        "slot": [_to("Slot"), _to("Slot")],
        "participant": [
            {"actor": _to("Patient"), "required": "required", "status": "accepted"},
            {"actor": _to("Practitioner"), "required": "required", "status": "accepted"},
            {"actor": _to("Location"), "required": "information-only", "status": "accepted"},
        ],
    },
    "Encounter": {
        "status": "arrived",
        "class": {
            "system": "http://terminology.hl7.org/CodeSystem/v3-ActCode",
            "code": "AMB",
            "display": "ambulatory",
        },
        "subject": _to("Patient"),
        "participant": [{"individual": _to("Practitioner")}],
        "appointment": [_to("Appointment")],
        "location": [{"location": _to("Location")}],
        "serviceProvider": _to("Organization"),
    },
}
"""What the resources of a visit have beside their instants and extensions, with 1 for each id."""


def test_a_moved_appointment_refers_to_the_new_one(north: Ask, run: Run) -> None:
    found = bundle(run)
    moved, new = numbered(found, "A12"), numbered(found, "A13")
    (extension,) = moved["extension"]
    assert extension == {
        "url": f"{health.BASE}/StructureDefinition/moved-to",
        "valueReference": {
            "reference": f"Appointment/{new['id']}",
            "identifier": {"system": f"{health.BASE}/appointment-number", "value": "A13"},
        },
    }
    (alone,) = numbered(bundle(run, "--day", "+1d"), "A12")["extension"]
    assert alone["valueReference"] == {"identifier": extension["valueReference"]["identifier"]}


def test_times_are_those_of_the_slots_or_marked_as_not_agreed(north: Ask, run: Run) -> None:
    found = bundle(run)
    timed, noted, untimed = (numbered(found, each) for each in ("A13", "A15", "A1"))
    assert timed["start"][:16] == f"{day(2)}T09:00"
    assert timed["end"][:16] == f"{day(2)}T10:00"
    assert len(timed["slot"]) == 2
    assert "extension" not in timed
    assert "requestedPeriod" not in timed
    assert noted["start"][:16] == f"{day(4)}T09:15"
    assert [each["valueCode"] for each in noted["extension"]] == ["end"]
    assert untimed["start"][:16] == f"{day(7)}T09:00"
    assert untimed["end"][:16] == f"{day(8)}T00:00"
    assert untimed["extension"] == [{"url": f"{health.BASE}/StructureDefinition/time-not-agreed", "valueCode": "time"}]
    assert [untimed["requestedPeriod"][0][each][:16] for each in ("start", "end")] == [
        f"{day(7)}T00:00",
        f"{day(8)}T00:00",
    ]
    north("config", "day_start", "07:30")
    assert numbered(bundle(run), "A1")["start"][:16] == f"{day(7)}T07:30"


def test_slots_say_what_can_be_had(north: Ask, run: Run) -> None:
    slots = {identifier(each, "slot"): each for each in of_kind(bundle(run), "Slot")}
    assert slots[f"MEHTA/{day(0)}/8"]["status"] == "free", "that of a cancelled appointment"
    assert "overbooked" not in slots[f"MEHTA/{day(0)}/1"]
    assert slots[f"MEHTA/{day(1)}/1"]["status"] == "busy-unavailable"
    assert slots[f"LIM/{day(3)}/1"]["status"] == "busy-tentative", "booked, and the doctor is away"
    assert slots[f"LIM/{day(4)}/2"]["overbooked"] is True
    north("doctor", "avail", "set", "LIM", "today", "--absent", "--on-conflict", "keep")
    later = {identifier(each, "slot"): each for each in of_kind(bundle(run, "--day", "today"), "Slot")}
    assert later[f"LIM/{day(0)}/1"]["status"] == "busy", "the patient is there"
    assert slots[f"RAO/{day(2)}/19"]["start"][:16] == f"{day(2)}T09:00"
    assert [slots[f"RAO/{day(2)}/{nth}"]["status"] for nth in (18, 19, 20, 21)] == ["free", "busy", "busy", "free"]


def test_patients_are_active_merged_archived_or_erased(north: Ask, run: Run) -> None:
    north("queue", "left", "MEHTA", "7")
    north("patient", "erase", "P5", "--yes")
    people = {identifier(each, "patient-number"): each for each in of_kind(bundle(run), "Patient")}
    assert {number: each["active"] for number, each in people.items()} == {
        **dict.fromkeys(("P1", "P2", "P3", "P7", "P8", "P9"), True),
        **dict.fromkeys(("P4", "P5", "P6"), False),
    }
    one = people["P1"]
    assert one["name"] == [{"use": "official", "text": "Anna Schmidt"}]
    assert [each["value"] for each in one["telecom"]] == ["+4915123456789", "+4915123456700", "a@example.org"]
    assert (one["gender"], one["birthDate"]) == ("female", "1980-02-01")
    assert people["P2"]["birthDate"] == "1975"
    assert len(people["P3"]["birthDate"]) == len("2026-05")
    assert people["P4"]["link"] == [{"other": {"reference": f"Patient/{one['id']}"}, "type": "replaced-by"}]
    assert people["P5"].keys() & {"name", "telecom", "gender", "birthDate"} == set()


def test_an_archived_doctor_is_not_active_and_has_no_free_slot(north: Ask, run: Run) -> None:
    north("doctor", "add", "GONE", "Dr. Gone")
    north("doctor", "archive", "GONE")
    found = bundle(run)
    (doctor,) = (each for each in of_kind(found, "Practitioner") if identifier(each, "doctor-code") == "GONE")
    (role,) = (each for each in of_kind(found, "PractitionerRole") if doctor["id"] in str(each["practitioner"]))
    (schedule,) = (each for each in of_kind(found, "Schedule") if doctor["id"] in str(each["actor"]))
    assert (doctor["active"], role["active"], schedule["active"]) == (False, False, False)
    assert [each for each in of_kind(found, "Slot") if schedule["id"] in str(each["schedule"])] == []


def test_an_encounter_tells_of_the_queue(north: Ask, run: Run) -> None:
    found = bundle(run)
    entry = next(each for each in north("queue", "show", "MEHTA") if each["position"] == 7)
    (visit,) = (each for each in of_kind(found, "Encounter") if value(each, "queue-position") == 7)
    assert (value(visit, "queue-priority"), value(visit, "queue-status")) == (5, entry["status"])
    assert visit["subject"]["reference"] == f"Patient/{entry['patient']['id']}"
    assert visit["period"].keys() == {"start"}
    assert visit["period"]["start"][:19] == entry["checked_in_at"][:19]
    (done,) = (each for each in of_kind(found, "Encounter") if each["status"] == "finished")
    assert value(done, "queue-position") == 1
    assert done["period"].keys() == {"start", "end"}


def value(resource: dict[str, Any], name: str) -> Any:
    """Return the value of an extension."""
    (found,) = (each for each in resource["extension"] if each["url"].endswith(f"/{name}"))
    (only,) = (each for key, each in found.items() if key != "url")
    return only


def test_ids_are_the_same_in_every_export(north: Ask, run: Run) -> None:
    def ids() -> list[str]:
        return [f"{each['resourceType']}/{each['id']}" for each in resources(bundle(run))]

    before = ids()
    north("config", "name", "Another Name")
    assert ids() == before
    found = {f"{each['resourceType']}/{each['id']}": each for each in resources(bundle(run))}
    for each in north("appointment", "list"):
        assert identifier(found[f"Appointment/{each['id']}"], "appointment-number") == each["number"]
    for each in north("patient", "list"):
        assert f"Patient/{each['id']}" in found


def test_what_a_write_changes_has_its_instant(ask: Ask, run: Run) -> None:
    # A clinic of its own: one that is kept for many tests may have been made later than this test begins.
    ask("init", "--timezone", "UTC", "--region", "IN")
    ask("config", "fhir_base", health.BASE)
    ask("doctor", "add", "MEHTA", "Dr. Asha Mehta")
    ask("patient", "add", "Anita Sharma", "--phone", "98765 43210")
    ask("book", "P1", "MEHTA", "today")

    def changed(kind: str, line: str) -> bool:
        """Return whether a write changes the instant of the first resource of a kind."""
        before = of_kind(bundle(run), kind)[0]["meta"]["lastUpdated"]
        ask(*line.split())
        after = of_kind(bundle(run), kind)[0]["meta"]["lastUpdated"]
        return datetime.fromisoformat(after) > datetime.fromisoformat(before)

    for kind, line in CHANGES:
        assert changed(kind, line), line


CHANGES = (
    ("Slot", "checkin A1"),
    ("Encounter", "queue hold MEHTA 1"),
    ("Encounter", "queue priority MEHTA 1 5"),
    ("Appointment", "queue resume MEHTA 1"),
    *(("Appointment", "undo --yes") for _ in range(4)),
    ("Slot", "cancel A1"),  # the slot is free
    ("Slot", "book P1 MEHTA today"),
    ("Slot", "doctor avail set MEHTA today --capacity 3"),
    ("Slot", "doctor avail weekly MEHTA mon-sun --capacity 4"),
    ("Slot", "doctor edit MEHTA --capacity 5"),
    ("Slot", "config capacity 6"),
    ("Organization", "config name North"),
    ("Location", "config name South"),
    ("Patient", "patient edit P1 --note x"),
    ("Practitioner", "doctor edit MEHTA --specialty x"),
)


def test_lines_have_the_resources_of_the_bundle(north: Ask, run: Run, tmp_path: Path) -> None:
    found = resources(bundle(run))
    assert run("export", "fhir", "--ndjson", status=0).lines == found
    target = tmp_path / "clinic.ndjson"
    answer = run("export", "fhir", "--to", str(target), status=0)
    assert answer.stderr == f"clinicctl: {target}: {len(found):,} records.\n"
    assert [json.loads(each) for each in target.read_text("utf-8").splitlines()] == found
    run("export", "fhir", "--to", str(target), "--bundle", "--force", status=0)
    assert resources(json.loads(target.read_text("utf-8"))) == found


def test_the_days_choose_what_happens_on_them(north: Ask, run: Run) -> None:
    found = bundle(run, "--day", "+2d")
    assert [identifier(each, "appointment-number") for each in of_kind(found, "Appointment")] == ["A13"]
    assert [identifier(each, "patient-number") for each in of_kind(found, "Patient")] == ["P1"]
    assert {identifier(each, "slot").split("/")[1] for each in of_kind(found, "Slot")} == {day(2)}
    assert len(of_kind(found, "Practitioner")) == len(of_kind(found, "Schedule")) == 3
    assert of_kind(found, "Encounter") == []
    waiting = bundle(run, "--day", "+6d")
    assert [identifier(each, "waitlist-number") for each in of_kind(waiting, "Appointment")] == ["W1"]
    assert [identifier(each, "patient-number") for each in of_kind(waiting, "Patient")] == ["P3"]


def test_nothing_personal_is_left_without_personal_data(ask: Ask, run: Run) -> None:
    every_write.begin(ask)
    for args, stdin in every_write.DAY[:-1]:
        run(*args, stdin=stdin, status=0)
    full, left = (run("export", "fhir", *args, status=0).stdout.lower() for args in ([], ["--no-personal"]))
    marks = [*every_write.MARKS, "zyxwin-reason", "zyxwin-note", "dr. "]
    assert any(each in full for each in marks)
    assert [each for each in marks if each in left] == []
    assert full.count("\n") == left.count("\n")


def test_a_clinic_without_anything_is_a_valid_bundle(ask: Ask, run: Run) -> None:
    ask("init", "--timezone", "UTC")
    found = json.loads(run("export", "fhir", status=0).stdout)
    MODELS["Bundle"].model_validate(found)
    assert [each["resource"]["resourceType"] for each in found["entry"]] == ["Organization", "Location"]


@pytest.mark.parametrize("value", ["", "ftp://x", "https://x/", "north", "https://x y", "https://" + "x" * 300])
def test_the_url_of_the_resources_is_checked(value: str, clinic: Ask, refused: Refused) -> None:
    error = refused(2, "invalid_value", "config", "fhir_base", value)
    assert "https://clinic.example.org/fhir" in error["message"]
    assert "09:00" in refused(2, "invalid_value", "config", "day_start", "9")["message"]

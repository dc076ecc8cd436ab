"""A clinic with every status, and a reader that knows only FHIR."""

from collections.abc import Callable, Iterator, Mapping
from datetime import datetime
from typing import Any

Ask = Callable[..., Any]
Resource = dict[str, Any]

BASE = "https://north.example.org/fhir"


def fill(ask: Ask) -> None:
    """Make a clinic in which each status of appointments, queues and slots is there, and each kind of patient."""
    for line in LINES.strip().splitlines():
        ask(*(each.replace("~", " ") for each in line.split()))


LINES = f"""
init --name North~Clinic --timezone Europe/Berlin --region DE
config fhir_base {BASE}
patient add Anna~Schmidt --phone 015123456789 --phone 015123456700 --born 1980-02-01 --sex female --email a@example.org
patient add Zoë~Ünal --phone none --born 1975
patient add Noah~Baum --phone 015123456780 --age 6m
patient add Ida~Merged --phone 015123456781
patient add Olaf~Erased --phone 015123456782 --note secret
patient add Emil~Archived --phone none
patient add Lea~Held --phone none
patient add Max~Left --phone none
patient add Eva~Skipped --phone none
doctor add MEHTA Dr.~Asha~Mehta --specialty cardiology --capacity 9
doctor add RAO Dr.~Vikram~Rao
doctor add LIM Dr.~Mei~Lim --capacity 1
doctor avail weekly RAO mon-sun --session 00:00-24:00 --every 30m
config visit-type add check-up --minutes 60
book P4 MEHTA +7d
patient merge P4 --into P1 --yes
patient archive P6
book P1 MEHTA today --reason back~pain --note call~first
book P2 MEHTA today
book P3 MEHTA today
book P1 MEHTA today --again
book P7 MEHTA today
book P8 MEHTA today
book P1 MEHTA today --again
book P2 MEHTA today --again
book P3 MEHTA today --again
book P5 MEHTA today --overbook
checkin A2
queue call MEHTA
queue start MEHTA
queue done MEHTA
checkin A3
queue call MEHTA
queue start MEHTA
checkin A4
queue call MEHTA
checkin A5
checkin A6
queue hold MEHTA 5
checkin A7
queue left MEHTA 6
no-show A8
cancel A9 --by patient --reason feels~better
cancel A10 --by clinic
checkin A11
queue priority MEHTA 7 5
book P1 RAO +1d --time 10:00 --visit-type check-up
move A12 --time 11:30
move A12 +2d --time 09:00
book P2 LIM +3d
doctor avail set LIM +3d --absent --on-conflict keep
book P3 LIM +4d --time 09:15
book P2 LIM +4d --overbook
waitlist add P3 LIM +5d,+6d,+8d
waitlist add P2 LIM +9d
waitlist remove W2
doctor avail set MEHTA +1d --absent
book P5 RAO +9d --time 08:00
move A17 +10d --time 08:00
cancel A18
book P9 LIM today
checkin A19
queue call LIM
queue skip LIM
"""


def resources(bundle: Mapping[str, Any]) -> list[Resource]:
    """Return the resources of a bundle, whose full URLs are those of their ids."""
    found = [each["resource"] for each in bundle["entry"]]
    names = [f"{BASE}/{each['resourceType']}/{each['id']}" for each in found]
    assert [each["fullUrl"] for each in bundle["entry"]] == names
    return found


def references(value: Any) -> Iterator[str]:
    """Yield every reference within a resource."""
    if isinstance(value, dict):
        for name, each in value.items():
            if name == "reference":
                yield each
            else:
                yield from references(each)
    elif isinstance(value, list):
        for each in value:
            yield from references(each)


def day_sheet(bundle: Mapping[str, Any], on: str) -> list[dict[str, Any]]:
    """Return the slots of a day with what is in them, from nothing but FHIR."""
    by_name = {f"{each['resourceType']}/{each['id']}": each for each in resources(bundle)}
    visits = {each["appointment"][0]["reference"]: each for each in by_name.values() if "class" in each}
    in_slot = {
        slot["reference"]: f"Appointment/{each['id']}" for each in by_name.values() for slot in each.get("slot", ())
    }
    rows = []
    for name, slot in by_name.items():
        if slot["resourceType"] != "Slot" or slot["status"] == "busy-unavailable":
            continue
        doctor, date, number = identifier(slot, "slot").split("/")
        if date != on:
            continue
        booked = in_slot.get(name)
        assert (slot["status"] == "free") == (booked is None)
        row = {"doctor": doctor, "slot": int(number), "status": "free", "patient": None, "number": None}
        if booked is not None:
            appointment = by_name[booked]
            patient = by_name[actor(appointment, "Patient")]
            assert identifier(by_name[actor(appointment, "Practitioner")], "doctor-code") == doctor
            row |= {
                "status": status(appointment, visits.get(booked)),
                "patient": patient["name"][0]["text"],
                "number": identifier(appointment, "appointment-number"),
            }
        rows.append({**row, "start": start(slot)})
    return sorted(rows, key=lambda each: (each["doctor"], each["slot"]))


def status(appointment: Resource, visit: Resource | None) -> str:
    """Return the status at the desk."""
    if appointment["status"] == "fulfilled":
        assert visit is not None
        return {"in-progress": "in_consultation", "finished": "completed"}[visit["status"]]
    if appointment["status"] == "cancelled":
        return {"pat-lwbs": "left"}[appointment["cancelationReason"]["coding"][0]["code"]]
    return {"booked": "booked", "checked-in": "checked_in", "noshow": "no_show"}[appointment["status"]]


def start(slot: Resource) -> str | None:
    """Return the agreed start of a slot as a time of day."""
    missing = {each["valueCode"] for each in slot.get("extension", ())}
    return None if "time" in missing else datetime.fromisoformat(slot["start"]).strftime("%H:%M")


def identifier(resource: Resource, kind: str) -> str:
    """Return the identifier of a kind."""
    (found,) = (each["value"] for each in resource["identifier"] if each["system"] == f"{BASE}/{kind}")
    return str(found)


def actor(appointment: Resource, kind: str) -> str:
    """Return the reference to the participant of a kind."""
    listed = [each["actor"]["reference"] for each in appointment["participant"]]
    (found,) = (each for each in listed if each.startswith(f"{kind}/"))
    return str(found)

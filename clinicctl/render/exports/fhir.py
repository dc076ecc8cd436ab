"""Write the records of a clinic as FHIR resources, release 4 (4.0.1).

What FHIR has no field for is in extensions under the clinic's own URL: `time-not-agreed`, `moved-to`, `queue-position`,
`queue-priority` and `queue-status`.
"""

from collections.abc import Callable, Iterable, Iterator
from datetime import datetime
from typing import Any, BinaryIO
from uuid import UUID

from clinicctl.render import machine
from clinicctl.render.safe_text import visible
from clinicctl.results.health_records import (
    AppointmentRecord,
    ClinicRecord,
    DoctorRecord,
    Extent,
    PatientRecord,
    Record,
    Records,
    SlotRecord,
    VisitRecord,
    WaitingRecord,
)
from clinicctl.statuses import AppointmentStatus, CancelledBy, QueueStatus

Resource = dict[str, Any]

_REASONS = "http://terminology.hl7.org/CodeSystem/appointment-cancellation-reason"
_ACT = "http://terminology.hl7.org/CodeSystem/v3-ActCode"

_APPOINTMENT = {
    AppointmentStatus.BOOKED: "booked",
    AppointmentStatus.CHECKED_IN: "checked-in",
    # For FHIR an appointment ends when the visit begins.
    AppointmentStatus.IN_CONSULTATION: "fulfilled",
    AppointmentStatus.COMPLETED: "fulfilled",
    AppointmentStatus.CANCELLED: "cancelled",
    AppointmentStatus.NO_SHOW: "noshow",
    AppointmentStatus.LEFT: "cancelled",
}
_ENCOUNTER = {
    QueueStatus.SERVING: "in-progress",
    QueueStatus.DONE: "finished",
    QueueStatus.LEFT: "cancelled",
}
_LEFT = ("pat-lwbs", "Patient: left without being seen")
_CANCELLED_BY = {
    CancelledBy.PATIENT: ("pat", "Patient"),
    CancelledBy.CLINIC: ("prov", "Provider"),
}

Follow = Callable[[Iterable[Any]], Iterator[Any]]


def write_bundle(records: Records, file: BinaryIO, follow: Follow) -> None:
    """Write a bundle (a collection) with every resource."""
    head = {
        "resourceType": "Bundle",
        "meta": {"lastUpdated": _instant(records.at)},
        "type": "collection",
        "timestamp": _instant(records.at),
    }
    file.write(machine.dumps(head).removesuffix("}").encode() + b', "entry": [')
    before = b"\n"
    for each in follow(_resources(records)):
        entry = {"fullUrl": f"{records.base}/{each['resourceType']}/{each['id']}", "resource": each}
        file.write(before + machine.dumps(entry).encode("utf-8", "backslashreplace"))
        before = b",\n"
    file.write(b"\n]}\n")


def write_ndjson(records: Records, file: BinaryIO, follow: Follow) -> None:
    """Write each resource on one line."""
    for each in follow(_resources(records)):
        file.write(machine.dumps(each).encode("utf-8", "backslashreplace") + b"\n")


def _resources(records: Records) -> Iterator[Resource]:
    made = _Resources(records.base, records.clinic)
    for each in records.records:
        yield from made.of(each)


class _Resources:
    """Makes the resources of records, under the URL of a clinic."""

    def __init__(self, base: str, clinic: ClinicRecord) -> None:
        self.base = base
        self.organization = _to("Organization", clinic.id)
        self.location = _to("Location", clinic.location)

    def of(self, each: Record) -> Iterator[Resource]:
        """Yield the resources of a record."""
        if isinstance(each, AppointmentRecord):
            yield self._appointment(each)
        elif isinstance(each, SlotRecord):
            yield self._slot(each)
        elif isinstance(each, VisitRecord):
            yield self._encounter(each)
        elif isinstance(each, PatientRecord):
            yield self._patient(each)
        elif isinstance(each, WaitingRecord):
            yield self._waiting(each)
        elif isinstance(each, DoctorRecord):
            yield from self._doctor(each)
        else:
            yield from self._clinic(each)

    def _clinic(self, each: ClinicRecord) -> Iterator[Resource]:
        name = visible(each.name)
        yield {**_head("Organization", each.id, each.updated_at), "active": True, "name": name}
        yield {
            **_head("Location", each.location, each.updated_at),
            "status": "active",
            "name": name,
            "mode": "instance",
            "managingOrganization": self.organization,
        }

    def _doctor(self, each: DoctorRecord) -> Iterator[Resource]:
        practitioner = _to("Practitioner", each.id)
        yield {
            **_head("Practitioner", each.id, each.updated_at),
            "identifier": [self._identifier("doctor-code", each.code)],
            "active": each.is_active,
            **_name(each.name),
        }
        yield {
            **_head("PractitionerRole", each.role, each.updated_at),
            "active": each.is_active,
            "practitioner": practitioner,
            "organization": self.organization,
            **({"specialty": [{"text": visible(each.specialty)}]} if each.specialty else {}),
            "location": [self.location],
        }
        horizon = {}
        if each.horizon is not None:
            first, last = each.horizon
            horizon = {"planningHorizon": {"start": first.isoformat(), "end": last.isoformat()}}
        yield {
            **_head("Schedule", each.schedule, each.updated_at),
            "active": each.is_active,
            "actor": [practitioner, _to("PractitionerRole", each.role), self.location],
            **horizon,
        }

    def _patient(self, each: PatientRecord) -> Resource:
        telecom = [{"system": "phone", "value": phone, "rank": nth} for nth, phone in enumerate(each.phones, start=1)]
        if each.email:
            telecom.append({"system": "email", "value": visible(each.email)})
        link = {"other": _to("Patient", each.replaced_by), "type": "replaced-by"} if each.replaced_by else None
        return {
            **_head("Patient", each.id, each.updated_at),
            "identifier": [self._identifier("patient-number", each.number)],
            "active": each.is_active,
            **_name(each.name),
            **({"telecom": telecom} if telecom else {}),
            **({"gender": each.sex} if each.sex else {}),
            **({"birthDate": each.born} if each.born else {}),
            "managingOrganization": self.organization,
            **({"link": [link]} if link else {}),
        }

    def _slot(self, each: SlotRecord) -> Resource:
        return {
            **_head("Slot", each.id, each.updated_at),
            **self._not_agreed(each.extent),
            "identifier": [self._identifier("slot", f"{each.doctor}/{each.date}/{each.number}")],
            "schedule": _to("Schedule", each.schedule),
            "status": str(each.status),
            "start": _instant(each.extent.start),
            "end": _instant(each.extent.end),
            **({"overbooked": True} if each.is_above else {}),
        }

    def _appointment(self, each: AppointmentRecord) -> Resource:
        reason = _LEFT if each.status is AppointmentStatus.LEFT else None
        if each.cancelled_by is not None:
            reason = _CANCELLED_BY[each.cancelled_by]
        by_clinic = each.cancelled_by is CancelledBy.CLINIC
        declined = {"patient": "declined" if reason and not by_clinic else "accepted"}
        declined |= {"doctor": "declined" if by_clinic else "accepted"}
        extensions = self._not_agreed(each.extent).get("extension", [])
        if each.moved_to is not None:
            reference = _to("Appointment", each.moved_to.id) if each.moved_to.id else {}
            identifier = self._identifier("appointment-number", each.moved_to.number)
            extensions = [
                *extensions,
                self._extension("moved-to", valueReference={**reference, "identifier": identifier}),
            ]
        return {
            **_head("Appointment", each.id, each.updated_at),
            **({"extension": extensions} if extensions else {}),
            "identifier": [self._identifier("appointment-number", each.number)],
            "status": _APPOINTMENT[each.status],
            **({"cancelationReason": _coded(_REASONS, *reason)} if reason else {}),
            **({"serviceType": [{"text": visible(each.visit_type)}]} if each.visit_type else {}),
            **({"reasonCode": [{"text": visible(each.reason)}]} if each.reason else {}),
            "start": _instant(each.extent.start),
            "end": _instant(each.extent.end),
            **({"slot": [_to("Slot", slot) for slot in each.slots]} if each.slots else {}),
            "created": _instant(each.created_at),
            **({"comment": visible(each.note)} if each.note else {}),
            "participant": self._participants(each.patient, each.doctor, **declined),
            **({"requestedPeriod": [_period(*each.day)]} if each.extent.missing else {}),
        }

    def _waiting(self, each: WaitingRecord) -> Resource:
        return {
            **_head("Appointment", each.id, each.updated_at),
            "identifier": [self._identifier("waitlist-number", each.number)],
            "status": "waitlist",
            "created": _instant(each.created_at),
            "participant": self._participants(each.patient, each.doctor, patient="accepted", doctor="needs-action"),
            "requestedPeriod": [_period(*period) for period in each.periods],
        }

    def _participants(self, patient_id: UUID, doctor_id: UUID, *, patient: str, doctor: str) -> list[Resource]:
        return [
            {"actor": _to("Patient", patient_id), "required": "required", "status": patient},
            {"actor": _to("Practitioner", doctor_id), "required": "required", "status": doctor},
            {"actor": self.location, "required": "information-only", "status": "accepted"},
        ]

    def _encounter(self, each: VisitRecord) -> Resource:
        ended = {"end": _instant(each.ended_at)} if each.ended_at is not None else {}
        return {
            **_head("Encounter", each.id, each.updated_at),
            "extension": [
                self._extension("queue-position", valuePositiveInt=each.position),
                self._extension("queue-priority", valueUnsignedInt=each.priority),
                self._extension("queue-status", valueCode=str(each.status)),
            ],
            "status": _ENCOUNTER.get(each.status, "arrived"),
            "class": {"system": _ACT, "code": "AMB", "display": "ambulatory"},
            "subject": _to("Patient", each.patient),
            "participant": [{"individual": _to("Practitioner", each.doctor)}],
            "appointment": [_to("Appointment", each.appointment)],
            "period": {"start": _instant(each.checked_in_at), **ended},
            "location": [{"location": self.location}],
            "serviceProvider": self.organization,
        }

    def _identifier(self, kind: str, value: str) -> Resource:
        return {"system": f"{self.base}/{kind}", "value": visible(value)}

    def _extension(self, name: str, **value: Any) -> Resource:
        return {"url": f"{self.base}/StructureDefinition/{name}", **value}

    def _not_agreed(self, extent: Extent) -> Resource:
        """Return the mark of a time that nobody has agreed on."""
        if extent.missing is None:
            return {}
        return {"extension": [self._extension("time-not-agreed", valueCode=extent.missing)]}


def _head(kind: str, id_: UUID, updated_at: datetime) -> Resource:
    return {"resourceType": kind, "id": str(id_), "meta": {"lastUpdated": _instant(updated_at)}}


def _to(kind: str, id_: UUID) -> Resource:
    return {"reference": f"{kind}/{id_}"}


def _name(name: str | None) -> Resource:
    return {"name": [{"use": "official", "text": visible(name)}]} if name else {}


def _coded(system: str, code: str, display: str) -> Resource:
    return {"coding": [{"system": system, "code": code, "display": display}]}


def _period(start: datetime, end: datetime) -> Resource:
    return {"start": _instant(start), "end": _instant(end)}


def _instant(at: datetime) -> str:
    return at.isoformat(timespec="milliseconds" if at.microsecond else "seconds")

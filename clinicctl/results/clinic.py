"""Results about the clinic, its settings and kinds of visit, its health and its metrics."""

from collections.abc import Mapping
from dataclasses import field

from clinicctl.results.base import result, stored


@stored("Clinic")
@result
class Clinic:
    """The answer of `init`. `not_applied` has the options that differ from the settings of an existing clinic."""

    path: str
    name: str
    timezone: str
    region: str
    capacity: int
    created: bool
    date_order: str = ""
    not_applied: tuple[str, ...] = ()


@stored("Setting")
@result
class Setting:
    """A setting of the clinic."""

    name: str
    value: str
    meaning: str


@stored("VisitType")
@result
class VisitType:
    """A kind of visit, with its length in minutes."""

    name: str
    minutes: int


@stored("VisitTypeAdded")
@result
class VisitTypeAdded(VisitType):
    """A kind of visit that was added, or that was there before."""

    created: bool = field(default=True, kw_only=True)


@stored("VisitTypeRemoved")
@result
class VisitTypeRemoved(VisitType):
    """A kind of visit that was removed."""


@result
class Demo:
    """A demonstration clinic, and commands to try."""

    path: str
    patients: int
    doctors: int
    appointments: int
    checked_in: int
    try_next: tuple[str, ...]


@result
class Finding:
    """One check of `health`."""

    name: str
    value: str
    ok: bool
    problem: str | None


@result
class Health:
    """Whether the database can be used, with every check."""

    usable: bool
    path: str
    findings: tuple[Finding, ...]


@result
class Sample:
    """One value of a metric, with its labels."""

    labels: Mapping[str, str]
    value: float


@result
class Metric:
    """A metric with its samples."""

    name: str
    help: str
    samples: tuple[Sample, ...]


@result
class Metrics:
    """All metrics."""

    metrics: tuple[Metric, ...]

"""Results about the clinic, its settings, its health and its metrics."""

from collections.abc import Mapping

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

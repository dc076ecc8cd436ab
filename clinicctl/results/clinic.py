"""The clinic itself, and how it is doing, as results."""

from collections.abc import Mapping

from clinicctl.results.base import result, stored


@stored("Clinic")
@result
class Clinic:
    """What `init` answers. `not_applied` names the options that differ from what stands, where it stood already."""

    path: str
    name: str
    timezone: str
    region: str
    capacity: int
    created: bool
    not_applied: tuple[str, ...] = ()


@stored("Setting")
@result
class Setting:
    """One of the clinic's settings."""

    name: str
    value: str
    meaning: str


@result
class Demo:
    """A demonstration clinic, and the commands to try on it."""

    path: str
    patients: int
    doctors: int
    appointments: int
    checked_in: int
    try_next: tuple[str, ...]


@result
class Finding:
    """One thing that `health` looked at."""

    name: str
    value: str
    ok: bool
    problem: str | None


@result
class Health:
    """Whether the database can be used, and what was looked at."""

    usable: bool
    path: str
    findings: tuple[Finding, ...]


@result
class Sample:
    """A number, and what tells it from others of its metric."""

    labels: Mapping[str, str]
    value: float


@result
class Metric:
    """A number that is measured, or several of a kind."""

    name: str
    help: str
    samples: tuple[Sample, ...]


@result
class Metrics:
    """What was measured."""

    metrics: tuple[Metric, ...]

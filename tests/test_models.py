"""The models are ordinary SQLModel classes: a notebook reads a clinic by them, as the README shows."""

import re
from collections.abc import Callable
from datetime import date, datetime
from pathlib import Path
from types import UnionType
from typing import Any, Union, get_args, get_origin, get_type_hints
from uuid import UUID, uuid4

import pytest
from sqlalchemy.exc import OperationalError, StatementError
from sqlmodel import Session, SQLModel, create_engine, select

from clinicctl import clock
from clinicctl.statuses import AppointmentStatus, Sex
from clinicctl.store import models
from clinicctl.store.models import Appointment, Doctor, Patient
from tests.docs import README

Ask = Callable[..., Any]
Run = Callable[..., Any]

MODELS = [each for each in vars(models).values() if isinstance(each, type) and issubclass(each, SQLModel)]
MODELS = [each for each in MODELS if each is not SQLModel]


@pytest.fixture
def demo(ask: Ask, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Ask:
    """The demonstration clinic as `clinic.db` of the working folder, with a row in every table."""
    monkeypatch.chdir(tmp_path)
    ask("demo")
    ask("doctor", "add", "NOVAK", "Dr. Petra Novak")
    ask("doctor", "avail", "weekly", "NOVAK", "sun", "--capacity", "5")
    ask("waitlist", "add", "P1", "NOVAK", "+1d..+2d")
    ask("book", "P2", "NOVAK", "+3d", "--time", "10:00")
    ask("appointment", "cancel", ask("book", "P3", "NOVAK", "+3d")["number"])
    ask("patient", "distinct", "P1", "P2")
    ask("config", "holiday", "add", "+300d", "Founders' Day")
    ask("config", "visit-type", "add", "new", "--minutes", "20")
    number = ask("patient", "add", "Vera Novak", "--phone", "none")["number"]
    ask("patient", "merge", number, "--into", "P1", "--yes")
    ask("user", "add", "petra", "--role", "clinician", "--doctor", "NOVAK")
    return ask


def test_the_lines_of_the_readme_show_every_appointment(demo: Ask, capsys: pytest.CaptureFixture[str]) -> None:
    found = re.search(r"<!-- notebook -->\n```python\n(.*?)```", README.read_text("utf-8"), re.DOTALL)
    assert found
    names: dict[str, Any] = {}
    exec(found[1], names)
    booked = demo("appointment", "list")
    shown = [line.split(" ", 3) for line in capsys.readouterr().out.splitlines()]
    told = sorted(booked, key=lambda each: int(each["number"][1:]))
    assert [line[:3] for line in shown] == [[each["date"], each["doctor"]["code"], each["status"]] for each in told]
    assert {line[3][-6:] for line in shown} == {"+00:00"}
    with Session(names["engine"]) as session:
        session.exec(select(Doctor).where(Doctor.code == "NOVAK")).one().name = "Dr. Nobody"
        with pytest.raises(OperationalError, match="readonly"):
            session.flush()
    names["engine"].dispose()


@pytest.mark.parametrize("model", MODELS, ids=lambda model: model.__name__)
def test_every_model_reads_its_rows_with_the_types_that_it_says(model: Any, demo: Ask) -> None:
    hints = get_type_hints(model)
    columns = [each.name for each in model.__table__.columns]
    engine = create_engine("sqlite:///file:clinic.db?mode=ro&uri=true")
    with Session(engine) as session:
        rows = session.exec(select(model)).all()
        assert rows
        for row in rows:
            assert type(row) is model
            assert [name for name in columns if not fits(getattr(row, name), hints[name])] == []
    engine.dispose()


def fits(value: Any, hint: Any) -> bool:
    """Whether a value is of a type: a word is of its enumeration, an instant is aware, a date is no instant."""
    if get_origin(hint) in (Union, UnionType):
        return any(fits(value, each) for each in get_args(hint))
    # By their names: freezegun puts classes of its own in their place.
    kind = hint.__name__.removeprefix("Fake")
    if kind == "datetime":
        return isinstance(value, datetime) and value.utcoffset() is not None
    if kind == "date":
        return isinstance(value, date) and not isinstance(value, datetime)
    return isinstance(value, hint) and (hint is not int or type(value) is int)


@pytest.mark.parametrize(
    ("value", "hint", "does"),
    [
        ("booked", AppointmentStatus, False),
        (AppointmentStatus.BOOKED, AppointmentStatus, True),
        (None, UUID | None, True),
        ("x", UUID | None, False),
        (True, int, False),
        (1, bool, False),
        (clock.now().replace(tzinfo=None), datetime, False),
        (clock.now(), date, False),
    ],
)
def test_a_value_of_another_type_would_be_seen(value: Any, hint: Any, does: bool) -> None:
    assert fits(value, hint) is does


def test_a_patient_is_added_and_rolled_back_like_any_object(demo: Ask, tmp_path: Path) -> None:
    engine = create_engine(f"sqlite:///{tmp_path / 'clinic.db'}")
    added = {
        "id": uuid4(),
        "number": 1_000,
        "name": "Zoë Quinn",
        "name_key": "zoe quinn",
        "sex": Sex.FEMALE,
        "born": date(1990, 1, 31),
        "created_at": clock.now(),
        "updated_at": clock.now(),
    }
    with Session(engine) as session:
        session.add(Patient(**added))
        session.flush()
        session.expire_all()
        found = session.exec(select(Patient).where(Patient.number == 1_000)).one()
        assert {name: getattr(found, name) for name in added} == added
        session.rollback()
        assert session.get(Patient, added["id"]) is None
    engine.dispose()
    assert demo("patient", "list")[-1]["number"] == "P14"


def test_a_word_that_is_none_is_refused_and_not_written(demo: Ask, tmp_path: Path) -> None:
    engine = create_engine(f"sqlite:///{tmp_path / 'clinic.db'}")
    with Session(engine) as session:
        appointment = session.exec(select(Appointment)).first()
        assert appointment
        appointment.status = "nonsense"  # type: ignore[assignment]
        with pytest.raises(StatementError, match="nonsense"):
            session.flush()
        session.rollback()
    engine.dispose()

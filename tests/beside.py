"""Each compiled query beside SQLAlchemy: the same statement, with the same values, on the same connection."""

from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from datetime import datetime
from typing import Any

import pytest
from sqlalchemy import BindParameter, ColumnClause, Connection, StaticPool, and_, bindparam, create_engine, true
from sqlalchemy.exc import DBAPIError
from sqlalchemy.sql import visitors
from sqlalchemy.sql.dml import UpdateBase

from clinicctl import desk
from clinicctl.store.compiled import rows
from clinicctl.store.engine import Condition, Tx
from clinicctl.store.queries import FILTERS, Gives, Query
from clinicctl.store.sqlite.driver import sqlite3
from tests import queries

Compiled = Callable[..., Any]


class Held:
    """The driver's connection for SQLAlchemy, which can neither end its transaction nor close it."""

    def __init__(self, driver: sqlite3.Connection) -> None:
        self._driver = driver

    def __getattr__(self, name: str) -> Any:
        return getattr(self._driver, name)

    def commit(self) -> None:
        """Leave the transaction as it is."""

    rollback = close = commit


class Beside:
    """What the compiled queries gave, compared with what SQLAlchemy gives for their statements."""

    def __init__(self) -> None:
        self.met = set[str]()
        """The queries that gave or changed a row at least once, and the conditions under which one was found."""
        self.differences = list[str]()
        self._clauses = dict[Condition, tuple[str, Any]]()
        self._connection: tuple[sqlite3.Connection, Connection] | None = None

    @contextmanager
    def compared(self) -> Iterator[None]:
        """Compare every compiled query that is called inside, wherever the desk has it from."""
        with pytest.MonkeyPatch.context() as patch:
            twins = dict[Compiled, Compiled]()
            for name, query in queries.queries():
                noun, _, constant = name.partition(".")
                function = queries.function(name)
                twins[function] = self._twin(name, query, function)
                patch.setattr(queries.module(noun), constant.lower(), twins[function])
            for room in (getattr(desk, name) for name in desk.__all__):
                for name, value in vars(room).items():
                    if isinstance(value, tuple | dict) and (changed := _replaced(value, twins)) != value:
                        patch.setattr(room, name, changed)
            yield

    def _twin(self, name: str, query: Query, function: Compiled) -> Compiled:
        if query.gives is Gives.CONDITION:

            def condition(**said: Any) -> Condition:
                values = _kept(said)
                made: Condition = function(**values)
                self._clauses[made] = name, bound(query.statement, values)
                return made

            return condition

        def twin(tx: Tx, several: Iterable[Any] = (), **said: Any) -> Any:
            several, values = list(several), _kept(said)
            given = (several,) if query.gives in (Gives.FILTERED, Gives.CHANGE_EACH) else ()
            if isinstance(query.statement, UpdateBase):
                return self._change(name, query, tx, function, given, values)
            found = function(tx, *given, **values)
            if is_lazy := isinstance(found, Iterator):
                found = list(found)
            with self._told(name):
                clauses = dict(self._clauses[each] for each in several)
                result = self._on(tx).execute(bound(query.statement, values, clauses.values()))
                if self._same_rows(name, query, found, result):
                    self.met.update((name, *clauses))
            return iter(found) if is_lazy else found

        return twin

    def _change(
        self, name: str, query: Query, tx: Tx, function: Compiled, given: tuple[Any, ...], values: Mapping[str, Any]
    ) -> Any:
        """Do a change by SQLAlchemy, take it back, and do it by the compiled query: both leave the same table."""
        table, theirs, refused = query.statement.table.name, list[Any](), None
        tx.driver.execute("SAVEPOINT beside")
        with self._told(name):
            try:
                for each in [row._asdict() for row in given[0]] if given else [values]:
                    theirs.append(self._set(query, tx, each))
            except DBAPIError as error:
                refused = str(error.orig)
        left = _dump(tx.driver, table)
        tx.driver.execute("ROLLBACK TO beside")
        tx.driver.execute("RELEASE beside")
        try:
            found = function(tx, *given, **values)
        except sqlite3.Error as error:
            self._same(name, "refused by SQLAlchemy with", refused, str(error))
            raise
        self._same(name, "refused by SQLAlchemy with", refused, None)
        self._same(name, f"left in {table} by SQLAlchemy", left, _dump(tx.driver, table))
        with self._told(name):
            if query.gives is Gives.ONE:
                changed = self._same_rows(name, query, found, theirs[0])
            else:
                changed = sum(each.rowcount for each in theirs)
                self._same(name, "number of rows", changed, found)
            if changed:
                self.met.add(name)
        return found

    def _set(self, query: Query, tx: Tx, values: Mapping[str, Any]) -> Any:
        """Run a change by SQLAlchemy; what it returns is fetched, for the change is about to be taken back."""
        statement, columns = query.statement, query.columns or ()
        if statement.is_insert and statement.select is not None:
            return self._on(tx).execute(bound(statement, values))
        if statement.is_insert:
            return self._on(tx).execute(statement.values(values))
        if columns:
            statement = statement.values({name: values[name] for name in columns})
        done = bound(statement, {name: each for name, each in values.items() if name not in columns})
        result = self._on(tx).execute(done)
        return result.freeze()() if result.returns_rows else result

    def _same_rows(self, name: str, query: Query, found: Any, result: Any) -> int:
        """Note where the rows differ; return how many there are."""
        names, theirs = tuple(map(str, result.keys())), [tuple(each) for each in result]
        mine = found if isinstance(found, list) else [found] if found is not None else []
        if query.gives is Gives.ONE:
            theirs = [each for each in theirs[:1] if each != (None,)]
        if query.row is None:
            mine = [(each,) for each in mine]
        else:
            for each in mine[:1]:
                self._same(name, "names of columns", names, each._fields)
                self._same(name, "type of a row", getattr(rows, query.row), type(each))
        self._same(name, "rows", theirs, [tuple(each) for each in mine])
        return len(mine)

    def _same(self, name: str, what: str, theirs: object, mine: object) -> None:
        if theirs != mine or kinds(theirs) != kinds(mine):
            self.differences.append(f"{name}: {what}: {theirs!r}\ncompiled: {mine!r}")

    @contextmanager
    def _told(self, name: str) -> Iterator[None]:
        """Note what fails on the side of SQLAlchemy. The command must not see it: it would call it a bug of its own."""
        try:
            yield
        except Exception as error:
            self.differences.append(f"{name}: SQLAlchemy's side failed: {error!r}")

    def _on(self, tx: Tx) -> Connection:
        if self._connection is None or self._connection[0] is not tx.driver:
            held = Held(tx.driver)
            engine = create_engine("sqlite://", creator=lambda: held, poolclass=StaticPool, module=sqlite3)
            self._connection = tx.driver, engine.connect()
        return self._connection[1]


def bound(statement: Any, values: Mapping[str, Any], clauses: Iterable[Any] = ()) -> Any:
    """Return a statement with values in place of its named parameters, and clauses in place of `FILTERS`."""
    missing = set(values)

    def replace(element: Any, **_: Any) -> Any:
        if isinstance(element, BindParameter) and not element.unique:
            missing.discard(element.key)
            return bindparam(None, values[element.key], type_=element.type, unique=True)
        if isinstance(element, ColumnClause) and element.is_literal and element.name == FILTERS.name:
            return and_(true(), *clauses)
        return None

    found = visitors.replacement_traverse(statement, {}, replace)
    assert not missing, missing
    return found


def _kept(values: Mapping[str, Any]) -> dict[str, Any]:
    """Return the values of parameters, each list as one that can be read twice."""
    return {
        name: list(each) if isinstance(each, Iterable) and not isinstance(each, str) else each
        for name, each in values.items()
    }


def _replaced(value: Any, twins: Mapping[Compiled, Compiled]) -> Any:
    """Return a table of the desk's with the twins of the functions that stand in it."""
    if type(value) is dict:
        return {key: _replaced(each, twins) for key, each in value.items()}
    if type(value) is tuple:
        return tuple(_replaced(each, twins) for each in value)
    return twins.get(value, value) if callable(value) and value.__hash__ else value


def _dump(driver: sqlite3.Connection, table: str) -> list[Any]:
    order = {"patient_keys": "key, patient", "held_slots": "doctor_id, date, slot"}.get(table, "rowid")
    return driver.execute(f"SELECT * FROM {table} ORDER BY {order}").fetchall()


def kinds(value: object) -> object:
    """Return the types in a value; one that freezegun has put in the place of a type counts as that type."""
    if isinstance(value, list | tuple):
        return [kinds(each) for each in value]
    zone = value.tzinfo if isinstance(value, datetime) else None
    return type(value).__name__.removeprefix("Fake").lower(), zone

"""A server orders and finds texts by their code points, whatever the order of its database is."""

import json
import secrets
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from clinicctl.store.compiled.postgresql import DDL
from clinicctl.store.postgresql import store
from tests import postgres
from tests.beside_server import connected
from tests.test_postgres_statements import described, statements

Run = Callable[..., Any]

NAMES = (
    *("Anita Sharma", "anita šarma", "Ánita Sharma-Rao", "ANIL O'Brien", "José Álvarez", "Jose Alvarez Núñez"),
    *("Łukasz Żółć", "Lukasz Zolc", "Zoë Quinn", "Åsa Öberg", "Aasa Oberg", "Straße Groß", "Strasse Gross"),
    *("Юрий Ёлкин", "Юлия Елкина", "Ωmega Ψαρρός", "李 娜", "王 芳", "王芳菲", "محمد علي", "אברהם כהן"),
    *("अनीता शर्मा", "अनिता शर्मा", "สมชาย ใจดี", "Đặng Văn Minh", "𝒵oe 𠮷野", "김 민수"),
)
CODES = ("AB", "A-C", "A_A", "A1", "Z", "B", "AA", "A-B")
KINDS = ("new", "New visit", "follow-up", "follow up", "éclair", "Zahn", "zahn", "ärztlich", "李")
WORDS = (
    *("an", "anita", "Anita", "ANI", "sha", "ša", "rao", "o", "ob", "jos", "álv", "nun", "łuk", "zol", "zo", "å", "aa"),
    *(
        "stra",
        "groß",
        "gross",
        "ю",
        "юл",
        "ёлк",
        "елк",
        "ω",
        "ψ",
        "李",
        "王",
        "王芳",
        "김 민",
        "محمد",
        "אבר",
        "अनीता",
        "अन",
    ),
    *("สม", "đ", "dang", "van", "김", "𠮷", "anitta sharmma", "alvares", "zzz"),
)


COMMANDS = ("patient", "patient add", "config", "book")


def answers(run: Run) -> dict[str, Any]:
    """Return what a clinic of many scripts lists and finds, in its order."""
    assert run("init", "--timezone", "UTC", "--region", "IN").status == 0
    filling = [
        *(["patient", "add", name, "--phone", f"98765 {nth:05}", "--new"] for nth, name in enumerate(NAMES)),
        *(["doctor", "add", code, f"Dr. {code}"] for code in CODES),
        *(["config", "visit-type", "add", kind, "--minutes", "10"] for kind in KINDS),
        *(["book", patient, doctor, "+1d"] for patient, doctor in (("P3", "Z"), ("P1", "A-C"), ("P2", "AB"))),
    ]
    asking = [
        *(["patient", "find", word] for word in WORDS),
        *(["audit", "log", "--command", each] for each in COMMANDS),
        *(["audit", "log", "--patient", "P1"], ["audit", "log", "--doctor", "A-C"]),
        *(["doctor", "list"], ["config", "visit-type", "list"], ["appointment", "list", "--day", "+1d"]),
    ]
    lines = "".join(f"{json.dumps(each)}\n" for each in [*filling, *asking])
    found = run("batch", "-", stdin=lines, status=0).lines[len(filling) :]
    shown = [[each.get("number", each.get("code", each.get("name"))) for each in line["result"]] for line in found]
    return {" ".join(each): numbers for each, numbers in zip(asking, shown, strict=True)}


IN_FILE: dict[str, Any] = {}
"""The answers of a clinic in a file, which are the same for every test here."""


@pytest.fixture
def in_file(run: Run) -> dict[str, Any]:
    if not IN_FILE:
        IN_FILE.update(answers(run))
        assert [asked for asked, found in IN_FILE.items() if not found] == ["patient find zzz"]
    return IN_FILE


@pytest.fixture
def on_server(ordering_server: postgres.Server, monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[[], None]]:
    """Let the commands that follow be about a new clinic on a server of each order."""
    schemas = list[str]()

    def on_server() -> None:
        schemas.append(f"ordered_{secrets.token_hex(8)}")
        monkeypatch.setenv("CLINICCTL_DB", ordering_server.url(schema=schemas[-1]))

    yield on_server
    for each in schemas:
        ordering_server.psql(f"DROP SCHEMA IF EXISTS {each} CASCADE")


def test_a_database_of_any_order_finds_and_lists_what_a_file_does(
    in_file: dict[str, Any], run: Run, on_server: Callable[[], None]
) -> None:
    on_server()
    assert answers(run) == in_file


def test_the_order_of_a_database_would_be_noticed(
    in_file: dict[str, Any],
    run: Run,
    on_server: Callable[[], None],
    ordering_server: postgres.Server,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Without the order of the columns, which is by code points, a language decides."""
    monkeypatch.setattr(store, "DDL", [each.replace(' COLLATE "C"', "") for each in DDL])
    on_server()
    (order,) = ordering_server.psql("SELECT 'a' < 'B'")
    assert (answers(run) != in_file) == (order == (True,))


def test_a_database_of_any_order_takes_every_statement(ordering_server: postgres.Server) -> None:
    with connected(ordering_server.url(schema=f"ordered_{secrets.token_hex(8)}")) as session:
        for _, sql in statements():
            described(session, sql)

"""The house: who may import whom, one clock, one printer, one committer, and a quick way to the help."""

import ast
import json
import os
import re
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

import clinicctl
from tests import every_write

PACKAGE = Path(clinicctl.__file__).parent
ROOT = PACKAGE.parent

BASE = {"errors", "clock", "settings", "results", "statuses", "rules", "log", "interrupts"}
MAY_IMPORT = {
    "errors": {"errors"},
    "clock": set(),
    "interrupts": set(),
    "statuses": set(),
    "settings": {"errors", "settings"},
    "machine": {"errors", "settings"},
    "results": {"statuses", "results"},
    "log": {"clock", "errors"},
    "rules": {"results", "errors", "statuses", "rules"},
    "store": {"errors", "clock", "interrupts", "settings", "statuses", "store"},
    "desk": {"store", "rules", "results", "errors", "statuses", "settings", "desk"},
    "render": {"results", "errors", "interrupts", "statuses", "rules", "render"},
    "senders": {"errors", "clock", "interrupts", "senders"},
    "cli": {
        "desk",
        "render",
        "settings",
        "machine",
        "errors",
        "rules",
        "results",
        "statuses",
        "clock",
        "interrupts",
        "log",
        "senders",
        "cli",
    },
    "__main__": {"cli"},
    "__init__": set(),
}
MAY_IMPORT_FROM_OUTSIDE = {
    "store": {"pysqlite3", "psycopg"},
    "rules": {"phonenumbers", "rapidfuzz", "openpyxl", "anyascii", "nicknames", "icalendar"},
    "desk": {"orjson"},
    "render": {"rich", "wcwidth", "xlsxwriter", "pyarrow", "icalendar", "matplotlib", "segno", "fpdf", "fontTools"},
    "cli": {"typer", "platformdirs"},
}

SQL = {"sqlmodel", "sqlalchemy"}
WRITTEN_IN_SQL = {
    "store.models",
    "store.queries",
    "store.compile",
    "store.compile_schema",
    "store.compile_server",
    "store.compile_sql",
    "store.compile_types",
}
"""Modules that only a developer runs: the tables, the queries over them, and what compiles these."""


def modules() -> list[Path]:
    return sorted(PACKAGE.rglob("*.py"))


def imported(tree: ast.AST) -> Iterator[str]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (each.name for each in node.names)
        elif isinstance(node, ast.ImportFrom):
            yield from (f"{node.module}.{each.name}" for each in node.names)


def room(module: Path) -> str:
    return module.relative_to(PACKAGE).with_suffix("").parts[0]


def is_for_developers(module: Path) -> bool:
    return ".".join(module.relative_to(PACKAGE).with_suffix("").parts[:2]) in WRITTEN_IN_SQL


@pytest.mark.parametrize("module", modules(), ids=lambda module: str(module.relative_to(PACKAGE)))
def test_nobody_imports_whom_he_must_not(module: Path) -> None:
    own = room(module)
    for name in imported(ast.parse(module.read_text("utf-8"))):
        top, _, rest = name.partition(".")
        if top == "clinicctl":
            neighbour = rest.partition(".")[0]
            if neighbour == "__version__":
                continue
            opens_the_store = neighbour == "store" and module == PACKAGE / "cli" / "context.py"
            opens_a_file = name == "clinicctl.store.paths" and own in ("cli", "render", "log")
            assert neighbour in MAY_IMPORT[own] or opens_the_store or opens_a_file, f"{own} imports {name}"
            assert is_for_developers(module) or ".".join(name.split(".")[1:3]) not in WRITTEN_IN_SQL, name
        elif top not in sys.stdlib_module_names:
            allowed = SQL if is_for_developers(module) else MAY_IMPORT_FROM_OUTSIDE.get(own, set())
            assert top in allowed, f"{own} imports {name}"


def test_the_rules_see_no_database_and_the_desk_no_terminal() -> None:
    assert "store" not in MAY_IMPORT["rules"]
    assert "render" not in MAY_IMPORT["desk"]
    assert all("cli" not in allowed for own, allowed in MAY_IMPORT.items() if own not in ("cli", "__main__"))


@pytest.mark.parametrize(
    "word",
    ["Row[Any]", "eval(", "exec(", "_bind_processors", "_result_columns", "co_stacksize", "_sa_decl_prepare"],
)
def test_nothing_is_taken_from_the_inside_of_a_library(word: str) -> None:
    found = re.compile(rf"(?<!\w){re.escape(word)}")
    assert [each.name for each in modules() if found.search(each.read_text("utf-8"))] == []


def calls(tree: ast.AST) -> Iterator[str]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Call):
            yield ast.unparse(node.func)


@pytest.mark.parametrize(
    ("forbidden", "allowed"),
    [
        ({"datetime.now", "date.today", "datetime.utcnow", "time.time", "time.monotonic"}, "clock.py"),
        ({"print", "typer.echo", "sys.stdout.write", "sys.stderr.write"}, "render/streams.py"),
        (
            {f"{each}.commit" for each in ("transaction", "connection", "session", "driver", "connection.driver")},
            "store/sqlite/transactions.py",
        ),
    ],
    ids=["one clock", "one printer", "one committer"],
)
def test_each_of_these_is_done_in_one_file(forbidden: set[str], allowed: str) -> None:
    for module in modules():
        if module != PACKAGE / allowed:
            assert not forbidden & set(calls(ast.parse(module.read_text("utf-8")))), module


OPENS_ITS_OWN = {
    *(
        "machine.py timezone",
        "machine.py _zone_table",
        "store/sqlite/location.py _mounts",
    ),  # files of the system
    "settings/checks.py zones",  # a file of the tzdata package
    *("cli/help.py _markdown", "render/board_page.py _part"),  # pages of the package
    *(
        "store/sqlite/head_file.py _opened",
        "store/sqlite/drafts.py clear",
        "store/sqlite/drafts.py _locked",
        "store/sqlite/sharing.py _set",
    ),  # the lock file, new names
    "store/compile.py main",  # the generated modules
    *("store/sqlite/health.py _durability", "render/streams.py _write"),  # a temporary file, and /dev/null
}
"""Functions that open files whose paths nobody can name."""

OPENS = ("open", "os.open", "io.open", "FileIO", "os.fdopen")
OPENS_PATHS = (".read_text", ".read_bytes", ".write_text", ".write_bytes", ".open", ".touch")
OPENS_BY_THE_DOOR = ("ctx.obj.open", "context.obj.open", "app.open")


def opening(module: Path) -> Iterator[str]:
    """The functions of a module that open files."""
    for function in ast.walk(ast.parse(module.read_text("utf-8"))):
        if isinstance(function, ast.FunctionDef):
            for name in calls(function):
                if name in OPENS or (name.endswith(OPENS_PATHS) and name not in OPENS_BY_THE_DOOR):
                    yield f"{module.relative_to(PACKAGE)} {function.name}"


def test_only_one_module_opens_a_file_that_a_user_names() -> None:
    found = {each for module in modules() for each in opening(module) if each.split()[0] != "store/paths.py"}
    assert found == OPENS_ITS_OWN


def test_only_the_store_opens_a_database() -> None:
    for module in modules():
        opened = {"sqlite3.connect", "create_engine"} & set(calls(ast.parse(module.read_text("utf-8"))))
        assert not opened or room(module) == "store", module


ENGINES = re.compile(r"sqlite|postgres|psycopg", re.IGNORECASE)
NAMES_OF_FIELDS = {
    "desk/database.py": {"sqlite", "postgresql"},
    "results/database.py": {"sqlite", "postgresql"},
}
"""The versions in the answer of `db info`."""


def asked_for(tree: ast.AST) -> Iterator[str]:
    """Yield the names of code that tell one engine from another, and the words that values are compared with."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Compare | ast.Match):
            yield from (each.value for each in ast.walk(node) if isinstance(each, ast.Constant) and each.value)
        elif isinstance(node, ast.Attribute):
            yield node.attr
        elif isinstance(node, ast.Name):
            yield node.id
        elif isinstance(node, ast.ImportFrom | ast.Import):
            yield from (each.name for each in node.names)
            yield getattr(node, "module", None) or ""


def test_nothing_outside_the_store_asks_which_engine_it_is_on() -> None:
    for module in modules():
        if room(module) == "store":
            continue
        found = {each for each in asked_for(ast.parse(module.read_text("utf-8"))) if ENGINES.search(str(each))}
        assert found <= NAMES_OF_FIELDS.get(str(module.relative_to(PACKAGE)), set()), module


@pytest.mark.parametrize(
    "code",
    ["store.engine == 'sqlite'", "'postgresql://' in place", "type(store).__name__ == 'SqliteStore'", "is_postgresql"],
)
def test_a_question_about_the_engine_is_found(code: str) -> None:
    assert any(ENGINES.search(str(each)) for each in asked_for(ast.parse(code)))


@pytest.mark.parametrize("line", ["--help", "db info", "book P1 MEHTA", "health", "db copy --to other.db"])
def test_without_a_server_no_command_loads_psycopg(line: str, clinic: object, tmp_path: Path) -> None:
    code = f"""
import sys
import clinicctl.__main__
from clinicctl.cli import run
status = run({line.split()!r})
loaded = {{each for each in sys.modules if each.startswith(("psycopg", "clinicctl.store.postgresql"))}}
sys.exit(f"{{status}} {{loaded}}" if status or loaded else 0)
"""
    done = subprocess.run([sys.executable, "-c", code], cwd=tmp_path, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


def test_without_psycopg_a_server_is_refused_and_a_file_works(clinic: object, tmp_path: Path) -> None:
    (tmp_path / "sitecustomize.py").write_text("import sys\nsys.modules['psycopg'] = None\n")
    env = {**os.environ, "PYTHONPATH": f"{tmp_path}{os.pathsep}{PACKAGE.parent}"}

    def run(*args: str) -> subprocess.CompletedProcess[str]:
        command = [sys.executable, "-m", "clinicctl", *args, "--json"]
        return subprocess.run(command, env=env, capture_output=True, text=True, check=False)

    done = run("book", "P1", "MEHTA")
    assert (done.returncode, done.stderr) == (0, "")
    for args in (["book", "P1", "MEHTA"], ["init"], ["db", "info"]):
        done = run(*args, "--db", "postgresql://nobody@localhost/clinics?schema=north")
        assert (done.returncode, done.stdout) == (10, ""), done.stderr
        error = json.loads(done.stderr)["error"]
        assert error["code"] == "no_driver"
        assert "pip install 'clinicctl[postgresql]'" in error["hint"]


@pytest.mark.parametrize(
    "args",
    [
        ["--version"],
        ["--help"],
        ["book", "--help"],
        ["doctor", "avail", "--help"],
        ["appt", "list", "--help"],
        ["export", "fhir", "--help"],
    ],
    ids=" ".join,
)
def test_help_and_version_load_no_database_layer_and_no_tables(args: list[str]) -> None:
    code = f"""
import sys
from clinicctl.cli import run
status = run({args!r})
names = {{"rapidfuzz", "anyascii", "nicknames", "icalendar", "xlsxwriter", "pyarrow"}}
loaded = ({{"sqlmodel", "sqlalchemy", "rich", "wcwidth", "pydantic", "phonenumbers"}} | names) & set(sys.modules)
sys.exit(f"{{status}} {{loaded}}" if status or loaded else 0)
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert "clinicctl" in done.stdout


def test_completion_loads_no_database_layer_and_knows_every_command() -> None:
    code = """
import sys, atexit
from clinicctl.cli import run
atexit.register(lambda: print("LOADED", sorted({"sqlmodel", "sqlalchemy", "rich", "wcwidth"} & set(sys.modules))))
run([])
"""
    done = subprocess.run(
        [sys.executable, "-c", code],
        env={"_CLINICCTL_COMPLETE": "complete_bash", "COMP_WORDS": "clinicctl pa", "COMP_CWORD": "1", "PATH": ""},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.stdout.split() == ["patient", "LOADED", "[]"], done


def test_a_booking_in_a_pipe_loads_nothing_that_it_does_not_use(clinic: object, tmp_path: Path) -> None:
    code = """
import sys
import clinicctl.__main__
from clinicctl.cli import run
status = run(["book", "P1", "MEHTA", "--json"])
loaded = {"rich", "wcwidth", "phonenumbers", "rapidfuzz", "anyascii", "nicknames", "tomllib", "email.message", "socket"}
loaded |= {"icalendar", "xlsxwriter", "pyarrow", "clinicctl.rules.tabular", "clinicctl.render.exports"}
loaded &= set(sys.modules)
sys.exit(f"{status} {loaded}" if status or loaded else 0)
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize(
    "line",
    [
        "queue show",
        "checkin A1",
        "appointment list",
        "patient list",
        "patient show P1",
        "status",
        "undo -n",
        "next MEHTA",
    ],
)
def test_a_command_that_compares_no_names_does_not_load_their_rules(clinic: Callable[..., Any], line: str) -> None:
    clinic("book", "P1", "MEHTA", "today")
    code = f"""
import sys
from clinicctl.cli import run
status = run({line.split()!r})
loaded = {{"clinicctl.rules." + each for each in ("names", "keys", "likelihood", "word_pairs")}} & set(sys.modules)
sys.exit(f"{{status}} {{loaded}}" if status in (2, 70) or loaded else 0)
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


def test_the_top_level_holds_nothing_else() -> None:
    listed = subprocess.run(["git", "ls-files"], cwd=ROOT, capture_output=True, text=True, check=True).stdout
    top = {line.partition("/")[0] for line in listed.splitlines()}
    assert {each for each in top if not each.startswith(".")} <= {
        *("clinicctl", "tests", "pyproject.toml", "README.md", "noxfile.py", "LICENSE"),
    }


@pytest.mark.parametrize(
    ("line", "completed"),
    [
        ("clinicctl book P1 m", ["mEHTA"]),
        ("clinicctl appt list --doctor RA", ["RAO"]),
        ("clinicctl doctor avail show ", ["MEHTA", "RAO"]),
        ("clinicctl book P1 MEHTA tom", ["tomorrow"]),
        ("clinicctl doctor avail set RAO mon..f", ["mon..fri"]),
        ("clinicctl doctor avail weekly RAO mon,sat-s", ["mon,sat-sat", "mon,sat-sun"]),
        ("clinicctl day -o js", ["json", "jsonl"]),
        ("clinicctl config time", ["timezone"]),
        ("clinicctl patient show an", []),
        ("clinicctl book an", []),
    ],
)
def test_completion_knows_codes_and_days_and_never_patients(clinic: object, line: str, completed: list[str]) -> None:
    code = """
import sys, atexit
from clinicctl.cli import run
atexit.register(lambda: print("LOADED", sorted({"sqlmodel", "sqlalchemy", "rich", "wcwidth"} & set(sys.modules))))
run([])
"""
    words = line.split(" ")
    done = subprocess.run(
        [sys.executable, "-c", code],
        env={
            **os.environ,
            "_CLINICCTL_COMPLETE": "complete_bash",
            "COMP_WORDS": line,
            "COMP_CWORD": str(len(words) - 1),
        },
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.stdout.split() == [*completed, "LOADED", "[]"], done


READING = """
health
patient show P2
patient find quormak
patient find 9876514704
patient list
patient duplicates
doctor show MEHTA
doctor list --all
doctor avail show RAO
appointment show A1
appointment list --day today..+1w
appointment list --cancelled-by patient
appointment history A1
queue show
queue show RAO
queue board --once
queue board --html board.html --once
ticket A9
day
day --week
day MEHTA tomorrow
day --pdf day.pdf
version
free
waitlist list --all
config holiday list
config visit-type list
status
audit log --patient P2
audit verify
report day
report utilisation
report waits
report no-shows
report lead-time
report load
report doctors
report changes
report reminders
outbox list
outbox show A2-near
outbox preview
outbox run --exec true
config template list
metrics
export patients --to patients.csv
export doctors
export days --day today..+9d
export appointments -o jsonl --no-personal
export queue --day today
export waitlist --day ..+1d
audit log --refused
user list
export journal
export fhir
export ics --doctor MEHTA
batch commands.txt
batch more.txt --atomic
shell
undo -n
db info
db check
db check --repair
db migrate
db backup copy.db
db restore copy.db --yes
db compact
db share --private
init --db second.db --timezone UTC
demo --db third.db
db copy --to fourth.db --db third.db
help steps
"""
MAY_LOAD_SQL = set[str]()
"""The commands that load SQLAlchemy: none."""


def lines() -> list[every_write.Line]:
    begin = (["init", "--timezone", "Asia/Kolkata", "--region", "IN"], None)
    typed = "patient show P2\nwalkin P2 TEMP --again\n"
    reading = [(line.split(), typed if line == "shell" else None) for line in READING.strip().splitlines()]
    return [begin, *every_write.DAY, *reading]


def test_no_command_loads_sqlalchemy(tmp_path: Path) -> None:
    """One process does every command there is, on the clinic that a day of writes leaves, and what is refused there."""
    done = {" ".join(line[:length]) for line, _ in [*lines(), *every_write.REFUSED] for length in (1, 2, 3)}
    assert {name for name, _ in every_write.commands()} - done - MAY_LOAD_SQL == set()
    (tmp_path / "commands.txt").write_text("book P2 TEMP +1d\nqueue show\n")
    (tmp_path / "more.txt").write_text("book P2 TEMP +2d\nday\n")
    (tmp_path / "lines.json").write_text(json.dumps([lines(), every_write.REFUSED]))
    code = """
import io, json, sys
import clinicctl.__main__
from clinicctl.cli import run
with open("lines.json") as file:
    good, refused = json.load(file)
for nth, (args, stdin) in enumerate([*good, *refused]):
    sys.stdin = io.TextIOWrapper(io.BytesIO((stdin or "").encode()))
    status = run(args)
    loaded = {"sqlalchemy", "sqlmodel", "pydantic"} & set(sys.modules)
    if loaded or bool(status) != (nth >= len(good)) or status == 70:
        sys.exit(f"{args}: {status} {loaded}")
"""
    done = subprocess.run([sys.executable, "-c", code], cwd=tmp_path, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


CLICK_NAMES = {
    *("ClickException", "Command", "Context", "FuncParamType", "IntParamType", "MissingParameter"),
    *("NoArgsIsHelpError", "NoSuchOption", "Parameter", "ShellComplete", "StringParamType", "UsageError"),
    "get_current_context",
}


def test_one_module_imports_the_names_of_click() -> None:
    module = PACKAGE / "cli" / "click_names.py"
    found = {each for path in modules() for each in imported(ast.parse(path.read_text("utf-8"))) if "._click" in each}
    assert {each.rpartition(".")[2] for each in found} == CLICK_NAMES
    assert [path for path in modules() if "._click" in path.read_text("utf-8")] == [module]


def functions(folder: Path) -> Iterator[tuple[Path, ast.FunctionDef]]:
    for path in sorted(folder.rglob("*.py")):
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            if isinstance(node, ast.FunctionDef):
                yield path.relative_to(folder), node


def test_test_names_have_at_most_70_characters() -> None:
    assert [
        node.name for _, node in functions(ROOT / "tests") if node.name.startswith("test_") and len(node.name) > 70
    ] == []


def test_docstrings_of_functions_begin_with_a_line_under_80_characters() -> None:
    found = [
        f"{path} {node.name}"
        for path, node in functions(PACKAGE)
        if len((ast.get_docstring(node) or "").partition("\n")[0]) >= 80
    ]
    assert found == []


BANNED = {"said", "told", "facts", "stands", "standing", "whom", "kept", "whoever"}
"""Words that name nothing a reader knows."""
ON_DISK = {"said", "kept"}
"""A column of the journal, and a JSON field of a merge: they keep their names."""
WITH_NAMES_ON_DISK = {
    *("desk/journal.py", "store/models/journals.py", "store/queries/journal.py"),
    "store/queries/undo.py",
    *("desk/records.py", "results/people.py", "render/comparison.py", "render/messages/people.py"),
}


def identifiers(tree: ast.AST) -> Iterator[str]:
    for node in ast.walk(tree):
        for field in ("id", "arg", "attr", "name"):
            if isinstance(name := getattr(node, field, None), str):
                yield name


def test_no_identifier_uses_a_banned_word() -> None:
    for module in modules():
        path = str(module.relative_to(PACKAGE))
        if path.startswith("store/compiled/"):
            continue
        used = {word for name in identifiers(ast.parse(module.read_text("utf-8"))) for word in name.lower().split("_")}
        assert not used & BANNED - (ON_DISK if path in WITH_NAMES_ON_DISK else set()), path


def test_no_module_has_more_than_400_lines() -> None:
    written = [module for module in modules() if module.parent.name != "compiled"]
    assert {str(each) for each in written if len(each.read_text("utf-8").splitlines()) > 400} == set()

"""Generate the parts of the README and the reference pages that follow from the code. A test compares them.

`python tests/docs.py` writes the parts again, and the screens in `tests/screens`. A part is between
`<!-- begin NAME -->` and `<!-- end NAME -->`. The output under each `$ clinicctl …` of a transcript is what the command
prints at 9:30 on 23 November 2026; each page has a clinic of its own.
"""

import os
import re
import shlex
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pytest

README = Path(__file__).parent.parent / "README.md"
PAGES = sorted((README.parent / "clinicctl" / "docs").glob("*.md"))
"""The reference pages, which `clinicctl help` shows."""
MOMENT = "2026-11-23T04:00:00+00:00"


def refreshed(text: str) -> str:
    """Return the README or a page with its generated parts as the code gives them now."""
    text = re.sub(
        r"(<!-- begin ([\w ]+) -->\n).*?(<!-- end \2 -->)",
        lambda found: f"{found[1]}{PARTS[found[2]]()}{found[3]}",
        text,
        flags=re.DOTALL,
    )
    return _transcripts(text) if "```console\n" in text else text


def example(name: str) -> str:
    """Return the example `name` of the README or a page: the code block after `<!-- name -->`."""
    texts = [page.read_text("utf-8") for page in (README, *PAGES)]
    found = [each for text in texts for each in re.findall(rf"<!-- {name} -->\n```\w+\n(.*?)```", text, re.DOTALL)]
    assert len(found) == 1, name
    return str(found[0])


def tree() -> Iterator[tuple[str, Any, Any]]:
    """Yield every command and group: its words, the command, and its context."""
    from typer.main import get_group

    from clinicctl.cli import app
    from clinicctl.cli.click_names import Context
    from clinicctl.cli.commands import SECOND_NAMES
    from clinicctl.cli.context import AppContext

    def walk(group: Any, ctx: Any, path: str) -> Iterator[tuple[str, Any, Any]]:
        for name in group.list_commands(ctx):
            if not path and name in SECOND_NAMES:
                continue
            command, words = group.get_command(ctx, name), f"{path} {name}".strip()
            inner = Context(command, info_name=name, parent=ctx, obj=AppContext())
            # A group may have a command of its own name.
            yield words, getattr(command, "itself", None) or command, inner
            if hasattr(command, "list_commands"):
                yield from walk(command, inner, words)

    root = get_group(app)
    yield from walk(root, Context(root, info_name="clinicctl", obj=AppContext()), "")


def command_list() -> str:
    """Make the table of commands and groups for the README: one row each, with the commands of a group."""
    inside: dict[str, list[str]] = {}
    for words, command, _ in tree():
        name, _, rest = words.partition(" ")
        if name != "appt" and not hasattr(command, "list_commands"):
            inside.setdefault(name, []).extend([rest] if rest else [])
    rows = ""
    for words, command, _ in tree():
        if words in inside:
            names = ": " + ", ".join(f"`{each}`" for each in inside[words]) if inside[words] else ""
            rows += f"| `{words}`{names} | {_first_line(command)} |\n"
    return f"| command | purpose |\n|---|---|\n{rows}"


def commands() -> str:
    """Make the table of every command with its arguments, its own options, and the first line of its help."""
    rows = ""
    for words, command, ctx in tree():
        if hasattr(command, "list_commands") or words.startswith("appt "):
            continue
        pieces = [each for each in command.collect_usage_pieces(ctx) if each != "[OPTIONS]"]
        own = [each for each in command.own if each.param_type_name == "option"]
        options = " ".join(f"[{each.opts[0]}]" if not each.required else each.opts[0] for each in own)
        usage = " ".join(each for each in (words, *pieces, options) if each).replace("{", "").replace("}", "")
        rows += f"| `{_escaped(usage)}` | {_first_line(command)} |\n"
    return f"| command | purpose |\n|---|---|\n{rows}"


def common_options() -> str:
    """Make the table of the options that every command takes, and those of every command that writes."""
    command, ctx = next((command, ctx) for words, command, ctx in tree() if words == "book")
    records = [each.get_help_record(ctx) for each in command.params if each not in command.own]
    rows = "".join(f"| `{_escaped(names)}` | {' '.join(text.split())} |\n" for names, text in filter(None, records))
    return f"| option | meaning |\n|---|---|\n{rows}"


def keystrokes() -> str:
    """Make the table of what the desk types for its most frequent acts."""
    from tests import keystrokes

    return keystrokes.table()


def exit_statuses() -> str:
    """Make the table of exit statuses with the error codes of each."""
    from clinicctl import errors

    meanings = {
        0: "done, or already done with the same key",
        1: "cancelled at a prompt",
        2: "wrong usage: the command line is not understood",
        3: "partly done: some rows of a file were refused",
        4: "not found",
        5: "ambiguous: more than one match",
        6: "conflict with existing data",
        7: "refused by a rule",
        10: "the database, or a format, cannot be used",
        11: "busy: nothing was written; try again",
        12: "outcome unknown: the commit failed; repeat with the same `--key`",
        65: "bad input file: nothing was written",
        70: "internal error: a bug in clinicctl",
        74: "input or output failed",
        129: "stopped because the terminal was closed",
        130: "interrupted",
        143: "terminated",
    }
    codes: dict[int, list[str]] = {status: [] for status in meanings}
    for each in errors.family():
        if each.code not in codes[each.status]:
            codes[each.status].append(each.code)
    rows = "".join(
        f"| {status} | {meanings[status]} | {', '.join(f'`{code}`' for code in codes[status])} |\n"
        for status in meanings
    )
    return f"| exit | meaning | codes |\n|---|---|---|\n{rows}"


def settings() -> str:
    """Make the tables of settings, of a command and of the clinic."""
    from clinicctl.settings import CLINIC, COMMAND

    command = "".join(
        f"| `--{each.name}` | `CLINICCTL_{each.name.upper()}` | `{each.name}` | {each.meaning} |\n" for each in COMMAND
    )
    clinic = "".join(f"| `{each.name}` | {each.default or '–'} | {each.meaning} |\n" for each in CLINIC)
    return (
        (
            f"| option | environment | config.toml | meaning |\n|---|---|---|---|\n{command}\n"
            f"| setting | default | meaning |\n|---|---|---|\n{clinic}"
        )
        .replace("| `--log` |", "| – |")
        .replace("| `--print_command` |", "| – |")
    )


def steps() -> str:
    """Make the table of steps: the statuses that each may leave and the one that it reaches."""
    from clinicctl.rules.transitions import STEPS

    def words(statuses: object) -> str:
        return ", ".join(sorted(str(each) for each in statuses)) or "–"  # type: ignore[attr-defined]

    rows = "".join(
        f"| {each.name} | {words(each.leaves)} | {each.reaches} "
        f"| {words(each.queue_leaves)} | {each.queue_reaches or '–'} |\n"
        for each in STEPS
    )
    return (
        "| step | appointment from | appointment to | queue from | queue to |\n|---|---|---|---|---|\n"
        f"| book | – | booked | – | – |\n{rows}"
    )


def tables() -> str:
    """Make the list of the database's tables with the purpose and the columns of each."""
    from sqlmodel import SQLModel

    from clinicctl.store import models

    rows = "".join(
        f"| `{each.__tablename__}` | {_first_line(each)} | {', '.join(each.__table__.columns.keys())} |\n"
        for each in vars(models).values()
        if isinstance(each, type) and issubclass(each, SQLModel) and hasattr(each, "__table__")
    )
    return f"| table | purpose | columns |\n|---|---|---|\n{rows}"


def _first_line(documented: Any) -> str:
    text = getattr(documented, "help", None) or documented.__doc__ or ""
    return str(text).partition("\n")[0]


def _escaped(cell: str) -> str:
    return cell.replace("|", "\\|")


def reports() -> str:
    """Make the list of reports with their definitions."""
    from textwrap import fill

    from clinicctl.rules.report_words import REPORTS

    def listed(name: str) -> str:
        words = REPORTS[name]
        lines = [fill(f"`report {name}`: {words.purpose}", 120, break_on_hyphens=False)]
        lines += [fill(f"* {each}", 120, subsequent_indent="  ", break_on_hyphens=False) for each in words.definitions]
        return "\n\n".join([lines[0], "\n".join(lines[1:])]) + "\n"

    return "\n".join(map(listed, REPORTS))


def role_meanings() -> str:
    """Make the table of what each role is for."""
    from clinicctl.desk.roles import MEANINGS

    rows = "".join(f"| `{role}` | {meaning} |\n" for role, meaning in MEANINGS.items())
    return f"| role | meaning |\n|---|---|\n{rows}"


def roles() -> str:
    """Make the table of commands and roles."""
    from clinicctl.desk.roles import COMMANDS
    from clinicctl.statuses import Role

    def cell(role: Role, access: Any) -> str:
        if role not in access.roles:
            return ""
        if role is Role.CLINICIAN and not access.any_doctor and words in OWN:
            return "own"
        return "read" if access.writing and role not in access.writing else "yes"

    rows = ""
    for words, access in COMMANDS.items():
        rows += f"| `{words}` | {' | '.join(cell(role, access) for role in Role)} |\n"
    return f"| command | {' | '.join(Role)} |\n|---|{'---|' * len(Role)}\n{rows}"


OWN = {"day", "status", "undo"} | {
    f"queue {each}" for each in ("show", "call", "next", "start", "done", "skip", "recall", "hold", "resume", "left")
}
"""The commands that a clinician runs about the own doctor."""

PARTS: dict[str, Callable[[], str]] = {
    "command list": command_list,
    "commands": commands,
    "keystrokes": keystrokes,
    "reports": reports,
    "common options": common_options,
    "exit statuses": exit_statuses,
    "role meanings": role_meanings,
    "roles": roles,
    "settings": settings,
    "steps": steps,
    "tables": tables,
}


def _transcripts(text: str) -> str:
    from freezegun import freeze_time

    with TemporaryDirectory() as folder, _environment(folder), freeze_time(MOMENT, tick=False):
        return re.sub(
            r"```console\n(.*?)```", lambda found: f"```console\n{_replayed(found[1])}```", text, flags=re.DOTALL
        )


def _replayed(block: str) -> str:
    """Return a transcript with the output that its commands give now."""
    from typer.testing import CliRunner

    from clinicctl.cli import app

    text = ""
    for line in block.splitlines():
        if not line.startswith("$ "):
            continue
        text += f"{line}\n"
        program, *args = shlex.split(line.removeprefix("$ "), comments=True)
        assert program == "clinicctl", line
        result = CliRunner().invoke(app, args)
        printed = (result.stdout + result.stderr).replace(os.path.dirname(os.environ["CLINICCTL_DB"]), "/srv/clinic")
        text += "".join(f"{each.rstrip()}\n" for each in printed.splitlines())
    return text


SCREENS = {
    "patient-list": "patient list",
    "patient-show": "patient show P1",
    "patient-find": "patient find sch",
    "patient-merge": "patient merge P15 --into P1 --dry-run",
    "doctor-list": "doctor list",
    "doctor-avail": "doctor avail show OKAFOR",
    "appointment-list": "appointment list --day today",
    "appointment-show": "appointment show A1",
    "appointment-history": "appointment history A1",
    "queue-show": "queue show",
    "queue-board": "queue board --once",
    "day": "day today --doctor MEHTA",
    "free": "free MEHTA --days 4",
    "status": "status",
    "waitlist": "waitlist list",
    "duplicates": "patient duplicates",
    "config": "config",
    "holiday-list": "config holiday list",
    "visit-type-list": "config visit-type list",
    "audit-log": "audit log --doctor MEHTA --limit 6",
    "import": "doctor avail import days.csv --dry-run",
    "refused": "patient show sch",
}
WIDTHS = (80, 40)


def screens() -> Iterator[tuple[str, str]]:
    """Yield every screen of the demonstration clinic: the name of its file, and what a terminal of each width shows."""
    from freezegun import freeze_time

    with TemporaryDirectory() as folder, _environment(folder), freeze_time(MOMENT, tick=False):
        _replayed("$ clinicctl demo\n$ clinicctl waitlist add P2 MEHTA tomorrow\n")
        _replayed("$ clinicctl patient add 'Anna Schmitt' --phone '+49 151 23456789' --new\n")
        _replayed("$ clinicctl config holiday add 2027-01-26 'Republic Day'\n")
        _replayed("$ clinicctl config visit-type add follow-up --minutes 10\n")
        days = Path(folder) / "days.csv"
        days.write_text("doctor,date,present,capacity,note\nMEHTA,+9d,no,,congress\nOKAFOR,+9d,yes,6,\n")
        for name, command in SCREENS.items():
            for width in WIDTHS:
                os.environ["COLUMNS"] = str(width)
                shown = _replayed(f"$ clinicctl {command.replace('days.csv', str(days))}\n").partition("\n")[2]
                yield f"{name}-{width}.txt", shown


@contextmanager
def _environment(folder: str) -> Iterator[None]:
    with pytest.MonkeyPatch.context() as patch:
        for name, value in {
            "CLINICCTL_DB": f"{folder}/clinic.db",
            "CLINICCTL_OUTPUT": "table",
            "CLINICCTL_ACTOR": "asha",
            "XDG_CONFIG_HOME": folder,
            "COLUMNS": "80",
            "TZ": "Asia/Kolkata",
        }.items():
            patch.setenv(name, value)
        yield


if __name__ == "__main__":
    sys.path.insert(0, str(README.parent))
    import tests.conftest  # noqa: F401 - imported before the clock is replaced

    for page in (README, *PAGES):
        page.write_text(refreshed(page.read_text("utf-8")), "utf-8")
    for name, shown in screens():
        (README.parent / "tests" / "screens" / name).write_text(shown, "utf-8")

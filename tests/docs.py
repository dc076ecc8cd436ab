"""What the README says that can drift: made from the code, and compared with it by a test.

`python tests/docs.py` writes the parts anew, and the screens in `tests/screens`. A part stands between
`<!-- begin NAME -->` and `<!-- end NAME -->`; the output under each `$ clinicctl …` of a transcript is what the command
prints at 9:30 on 23 November 2026.
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
MOMENT = "2026-11-23T04:00:00+00:00"


def refreshed(text: str) -> str:
    """Return the README with every part that is made from the code as the code makes it now."""
    for name, make in PARTS.items():
        begin, end = f"<!-- begin {name} -->\n", f"<!-- end {name} -->"
        before, found, rest = text.partition(begin)
        _, closed, after = rest.partition(end)
        assert all((found, closed)), f"the README has no part {name}"
        text = f"{before}{begin}{make()}{end}{after}"
    return _transcripts(text)


def tree() -> Iterator[tuple[str, Any, Any]]:
    """Every command and group, by its words, with its context."""
    from typer.main import get_group

    from clinicctl.cli import app
    from clinicctl.cli.click_names import Context
    from clinicctl.cli.context import AppContext

    def walk(group: Any, ctx: Context, path: str) -> Iterator[tuple[str, Any, Any]]:
        for name in group.list_commands(ctx):
            command, words = group.get_command(ctx, name), f"{path} {name}".strip()
            inner = Context(command, info_name=name, parent=ctx, obj=AppContext())
            yield words, command, inner
            if hasattr(command, "list_commands"):
                yield from walk(command, inner, words)

    root = get_group(app)
    yield from walk(root, Context(root, info_name="clinicctl", obj=AppContext()), "")


def commands() -> str:
    """The command reference: every command with the first line of its help."""
    table = ""
    for words, command, ctx in tree():
        if hasattr(command, "list_commands") or words.startswith("appt "):
            continue
        pieces = [each for each in command.collect_usage_pieces(ctx) if each != "[OPTIONS]"]
        own = [each for each in command.own if each.param_type_name == "option"]
        options = " ".join(f"[{each.opts[0]}]" if not each.required else each.opts[0] for each in own)
        usage = " ".join(each for each in (words, *pieces, options) if each).replace("{", "").replace("}", "")
        table += f"| `{usage.replace('|', chr(92) + '|')}` | {(command.help or '').partition(chr(10))[0]} |\n"
    return f"| command | |\n|---|---|\n{table}"


def statuses() -> str:
    """The exit statuses, and the codes under each."""
    from clinicctl import errors

    meanings = {
        0: "done, or done before by the same key",
        1: "cancelled at a prompt",
        2: "the command line is not understood",
        3: "partly done: some rows of a file were refused",
        4: "not found",
        5: "ambiguous: more than one matches",
        6: "conflict",
        7: "refused by a rule",
        10: "the database cannot be used",
        11: "busy: nothing was written; try again",
        12: "the commit failed, its outcome is unknown: repeat with the same `--key`",
        65: "the input file is bad; nothing was written",
        70: "a bug",
        74: "input or output failed",
        129: "the terminal was closed",
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
    """The settings of a command and of the clinic, from the one table that checks them."""
    from clinicctl.settings import CLINIC, COMMAND

    command = "".join(
        f"| `--{each.name}` | `CLINICCTL_{each.name.upper()}` | `{each.name}` | {each.meaning} |\n" for each in COMMAND
    )
    clinic = "".join(f"| `{each.name}` | {each.default or '–'} | {each.meaning} |\n" for each in CLINIC)
    return (
        f"| flag | environment | config.toml | meaning |\n|---|---|---|---|\n{command}\n"
        f"| `clinicctl config NAME` | default | meaning |\n|---|---|---|\n{clinic}"
    ).replace("| `--log` |", "| – |")


def steps() -> str:
    """The table of steps."""
    from clinicctl.rules.transitions import STEPS

    def words(statuses: object) -> str:
        return ", ".join(sorted(str(each) for each in statuses)) or "–"  # type: ignore[attr-defined]

    rows = "".join(
        f"| {each.name} | {words(each.leaves)} | {each.reaches} "
        f"| {words(each.queue_leaves)} | {each.queue_reaches or '–'} |\n"
        for each in STEPS
    )
    return (
        "| step | appointment: from | to | queue: from | to |\n|---|---|---|---|---|\n"
        f"| book | – | booked | – | – |\n{rows}"
    )


PARTS: dict[str, Callable[[], str]] = {
    "commands": commands,
    "exit statuses": statuses,
    "settings": settings,
    "steps": steps,
}


def _transcripts(text: str) -> str:
    from freezegun import freeze_time

    with TemporaryDirectory() as folder, _environment(folder), freeze_time(MOMENT, tick=False):
        return re.sub(
            r"```console\n(.*?)```", lambda found: f"```console\n{_replayed(found[1])}```", text, flags=re.DOTALL
        )


def _replayed(block: str) -> str:
    """A transcript with the output that its commands give now, in the one clinic of the whole page."""
    from typer.testing import CliRunner

    from clinicctl.cli import app

    said = ""
    for line in block.splitlines():
        if not line.startswith("$ "):
            continue
        said += f"{line}\n"
        program, *args = shlex.split(line.removeprefix("$ "), comments=True)
        assert program == "clinicctl", line
        result = CliRunner().invoke(app, args)
        printed = (result.stdout + result.stderr).replace(os.path.dirname(os.environ["CLINICCTL_DB"]), "/srv/clinic")
        said += "".join(f"{each.rstrip()}\n" for each in printed.splitlines())
    return said


SCREENS = {
    "patient-list": "patient list",
    "patient-show": "patient show P1",
    "patient-find": "patient find sch",
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
    "audit-log": "audit log --doctor MEHTA --limit 6",
    "import": "doctor avail import days.csv --dry-run",
    "refused": "patient show sch",
}
WIDTHS = (80, 40)


def screens() -> Iterator[tuple[str, str]]:
    """Every screen of the demonstration clinic, by the name of its file, as a terminal of each width shows it."""
    from freezegun import freeze_time

    with TemporaryDirectory() as folder, _environment(folder), freeze_time(MOMENT, tick=False):
        _replayed("$ clinicctl demo\n$ clinicctl waitlist add P2 MEHTA tomorrow\n")
        _replayed("$ clinicctl patient add 'Anna Schmitt' --phone '+49 151 23456789' --new\n")
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
    import tests.conftest  # noqa: F401 - what must be imported before the clock is replaced

    README.write_text(refreshed(README.read_text("utf-8")), "utf-8")
    for name, shown in screens():
        (README.parent / "tests" / "screens" / name).write_text(shown, "utf-8")
